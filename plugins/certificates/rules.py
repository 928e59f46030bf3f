"""The law of enforcement certificates as pure functions. No database, no web; the day is passed in.

Source: the district's implementing opinion on enforcement in towns (2021-12-31), part V.1; figures that are office
practice come in as arguments.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

from flask_babel import gettext as _

ESTABLISHED = ("公务员", "参公", "事业编")
FORBIDDEN_EMPLOYMENT = ("合同工", "临时工", "工勤", "借用", "试用期")
GONE = ("离职", "退休", "调离")
EDUCATION_ORDER = ("高中及以下", "中专", "大专", "本科", "硕士", "博士")
NUMBER_LONGEST = 20
LONGEST_VALIDITY = 20
"""Years. No certificate is good for longer; what stands there is a slip of the pen."""
VALID_STATES = ("active", "suspended")
SOURCE = "《街镇综合行政执法实施意见》第五部分第一项"


@dataclass(frozen=True)
class Holder:
    """What decides whether somebody may hold a certificate. ``general`` and ``professional``: when the examinations were passed."""

    employment_type: str
    post_status: str = "在岗"
    probation_until: dt.date | None = None
    retired_on: dt.date | None = None
    left_on: dt.date | None = None
    education: str = ""
    legally_qualified: bool = False
    general: dt.date | None = None
    professional: dt.date | None = None


@dataclass(frozen=True)
class Reason:
    """Why something is refused: a code for programs, words for people."""

    code: str
    message: str = field(compare=False)


def employment_refusal(employment_type: str) -> Reason | None:
    """The refusal for staff outside the establishment, whatever else they have (V.1)."""
    if employment_type in FORBIDDEN_EMPLOYMENT:
        return Reason(
            "employment", _("用工性质为“%(kind)s”：合同工、临时工、工勤、借用、试用期人员不得持有行政执法证件（%(source)s）", kind=employment_type, source=SOURCE)
        )
    if employment_type not in ESTABLISHED:
        return Reason("employment_unknown", _("用工性质“%(kind)s”不在规定范围内，应为公务员、参公或事业编（%(source)s）", kind=employment_type, source=SOURCE))
    return None


def eligibility(holder: Holder, today: dt.date, minimum_education: str = "大专") -> list[Reason]:
    """Every reason why this person may not apply today; empty when they may (V.1)."""
    found: list[Reason] = []
    refusal = employment_refusal(holder.employment_type)
    if refusal is not None:
        found.append(refusal)
    if holder.probation_until is not None and today <= holder.probation_until and holder.employment_type != "试用期":
        found.append(Reason("probation", _("试用期至 %(day)s，试用期内不得申领（%(source)s）", day=holder.probation_until, source=SOURCE)))
    if holder.retired_on is not None and holder.retired_on <= today:
        found.append(Reason("retired", _("已于 %(day)s 退休，不得申领（%(source)s）", day=holder.retired_on, source=SOURCE)))
    elif holder.post_status != "在岗":
        found.append(Reason("post", _("在岗状态为“%(status)s”，须在编在岗方可申领（%(source)s）", status=holder.post_status, source=SOURCE)))
    if holder.education and _below(holder.education, minimum_education):
        found.append(Reason("education", _("学历为“%(has)s”，低于要求的“%(needs)s”", has=holder.education, needs=minimum_education)))
    if holder.general is None and not holder.legally_qualified:
        found.append(Reason("general_exam", _("未通过综合法律知识考试，且无国家统一法律职业资格（%(source)s）", source=SOURCE)))
    if holder.professional is None:
        found.append(Reason("professional_exam", _("未通过专业法律知识考试；法律职业资格只免综合法律知识考试（%(source)s）", source=SOURCE)))
    return found


def _below(education: str, minimum: str) -> bool:
    if education not in EDUCATION_ORDER or minimum not in EDUCATION_ORDER:
        return False
    return EDUCATION_ORDER.index(education) < EDUCATION_ORDER.index(minimum)


def normal_number(text: str) -> str:
    """A certificate number 证号 as it is kept: half width, capitals, no blanks."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()


def number_refusal(number: str, pattern: str) -> Reason | None:
    """Why a certificate number is refused. ``pattern`` is the town's; length is looked at first, so that it stays cheap."""
    if len(number) > NUMBER_LONGEST or not re.fullmatch(pattern, number):
        return Reason("number_form", _("证号“%(number)s”格式不符，应为 6 至 20 位字母和数字", number=number[:30]))
    return None


def dates_refusal(issued_on: dt.date | None, valid_until: dt.date | None, today: dt.date) -> Reason | None:
    """Why the dates of a certificate cannot be."""
    if valid_until is None:
        return Reason("no_expiry", _("没有有效期至"))
    if issued_on is not None and issued_on > today:
        return Reason("issued_future", _("发证日期 %(day)s 晚于今天", day=issued_on))
    if issued_on is not None and valid_until < issued_on:
        return Reason("dates_order", _("有效期至 %(until)s 早于发证日期 %(issued)s", until=valid_until, issued=issued_on))
    if valid_until > add_years(issued_on or today, LONGEST_VALIDITY):
        return Reason("too_long", _("有效期至 %(until)s 超过 %(n)s 年", until=valid_until, n=LONGEST_VALIDITY))
    return None


def is_good(state: str, state_on: dt.date | None, issued_on: dt.date | None, valid_until: dt.date, day: dt.date) -> bool:
    """Whether its holder may act on ``day``: through the last day of validity, and until the day on which it was suspended, lost or cancelled.

    What was done before stays good. A certificate that was suspended for a while and restored counts as good throughout.
    """
    if day > valid_until or (issued_on is not None and day < issued_on):
        return False
    return state in ("active", "expired") or (state_on is not None and day < state_on)


def is_expired(valid_until: dt.date, today: dt.date) -> bool:
    """A certificate is good through its last day."""
    return valid_until < today


def add_years(day: dt.date, years: int) -> dt.date:
    """The last day of a validity of ``years``: the day before the same date."""
    try:
        same = day.replace(year=day.year + years)
    except ValueError:
        same = dt.date(day.year + years, 3, 1)
    return same - dt.timedelta(days=1)


def due_warning(valid_until: dt.date, today: dt.date, thresholds: Sequence[int], warned: int | None) -> int | None:
    """The threshold (days) to warn for now, or None. Each is warned once; those that were missed collapse into the nearest."""
    left = (valid_until - today).days
    reached = [days for days in thresholds if 0 <= left <= days]
    if not reached:
        return None
    nearest = min(reached)
    return nearest if warned is None or nearest < warned else None


def warning_windows(today: dt.date, thresholds: Sequence[int]) -> list[tuple[int, dt.date, dt.date]]:
    """For each threshold the expiry dates (first, last) for which it is the nearest one reached today."""
    ordered = sorted(set(thresholds))
    windows = []
    first = today
    for days in ordered:
        last = today + dt.timedelta(days=days)
        windows.append((days, first, last))
        first = last + dt.timedelta(days=1)
    return windows
