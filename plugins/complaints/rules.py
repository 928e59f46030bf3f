"""The law and practice of complaints as pure functions: kinds, limits, merging, masking (domain rules §5).

Time and the calendar are passed in. Sources: CQR art. 13 (15 working days), PET art. 21 to 34 (15, 60, 30 days),
APL art. 85 (working days), domain rules §2 and §5.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.calendar.rules import Calendar

FOREVER = dt.date(9999, 12, 31)
STATES = (
    "registered", "accepted", "refused", "passing", "passed", "assigned", "handling", "suspended", "concluded", "replied", "archived",
    "withdrawn", "merged", "redirected",
)  # fmt: skip
OPEN = ("registered", "accepted", "passing", "assigned", "handling", "suspended")
"""States in which a limit runs or stands still."""
RUNNING = tuple(state for state in OPEN if state != "suspended")
"""States in which the limit runs."""
BEFORE_CONCLUSION = ("registered", "accepted", "assigned", "handling")
TRANSFER_STATES = ("sent", "received", "objected", "done")
CHANNELS = ("电话", "信函", "来访", "网络", "12345热线转办", "上级交办", "其他")
PASSED_TO_US = ("12345热线转办", "上级交办")
RESULTS = ("属实", "部分属实", "不属实", "无法核实")
URGENCIES = ("normal", "urgent", "danger")
DANGER_HOURS = 24
MOST_ORDER_DAYS = 365
"""The longest limit in days that a hotline order may come with."""
OBJECT_DAYS = 5
"""A matter passed to us that is not ours is objected to within 5 working days (PET art. 23)."""
KINDS: Mapping[str, str] = {
    "report": "举报", "accusation": "检举控告", "petition": "信访", "hotline": "12345工单", "consumer": "消费投诉", "question": "咨询建议", "other": "其他",
}  # fmt: skip
NOT_WITHDRAWN = ("report", "accusation")
"""The public interest goes on when the complainant no longer wishes it to."""
MOST_REPRESENTATIVES = 5
"""Several people who come together choose at most five representatives (PET art. 20)."""
REVIEWS = ("agree", "amend")
REDIRECTS = ("information", "review", "danger")


@dataclass(frozen=True)
class Limit:
    """A limit of ``days`` in ``working`` or ``calendar`` days."""

    days: int
    unit: str = "working"


@dataclass(frozen=True)
class Path:
    """What a kind of matter is to meet: a first answer with its name, the conclusion, the longest extension in days."""

    limit: Limit | None
    first: Limit | None = None
    first_title: str = ""
    longest_extension: int = 15


PATHS: Mapping[str, Path] = {
    "report": Path(Limit(15)),
    "accusation": Path(Limit(15)),
    "petition": Path(Limit(60, "calendar"), Limit(15, "calendar"), "告知", 30),
    "hotline": Path(Limit(5), Limit(1), "签收"),
    "consumer": Path(Limit(60, "calendar"), Limit(7), "受理决定"),
    "question": Path(Limit(5)),
    "other": Path(None),
}


@dataclass(frozen=True)
class Deadline:
    """The legal end, the internal due date, and whether the calendar of its year is still unpublished 暂定."""

    legal: dt.date
    due: dt.date
    provisional: bool


def deadline(calendar: Calendar, start: dt.date, limit: Limit, suspended_days: int = 0) -> Deadline:
    """The end of a limit that begins on the day after ``start``; suspended days do not count."""
    if limit.unit == "working":
        end = calendar.add_working_days(start, limit.days + suspended_days)
        return Deadline(end.day, end.day, end.provisional)
    found = calendar.add_calendar_days(start, limit.days + suspended_days)
    return Deadline(found.legal_end, found.for_office, found.provisional)


def deadline_from(calendar: Calendar, given: dt.date, more: Limit, suspended_days: int = 0) -> Deadline:
    """The end of a limit of which the day was given: that day as it stands, and what was added to it later counted from there."""
    if more.days + suspended_days <= 0:
        return Deadline(given, given, False)
    return deadline(calendar, given, more, suspended_days)


def days_suspended(calendar: Calendar, since: dt.date, until: dt.date, unit: str) -> int:
    """Days of a limit that stood still from ``since`` until it was resumed on ``until``, in the limit's own unit."""
    return calendar.working_days_between(since, until) if unit == "working" else (until - since).days


def days_taken(calendar: Calendar, start: dt.date, end: dt.date) -> int:
    """Working days from the receipt to the conclusion."""
    return max(0, calendar.working_days_between(start, end))


PLATE = re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·.\-\s]?[A-Z0-9]{4,6}")
DIGITS_IN_WORDS = str.maketrans("〇零一二三四五六七八九幺", "0012345678" + "91")


def publication_refusal(text: str, names: Sequence[str]) -> str:
    """Why a sentence cannot stand on a public page; empty: it can. ``names``: of the matter's own people and firms."""
    plain = unicodedata.normalize("NFKC", text)
    joined = re.sub(r"[\s\-—_.·,，、()（）]", "", plain).upper()
    if re.search(r"\d{17}[\dX]", joined):
        return "含有证件号码，不能公示。"
    if re.search(r"\d{7,}", joined) or re.search(r"\d{7,}", joined.translate(DIGITS_IN_WORDS)):
        return "含有电话或其他号码，不能公示。"
    if PLATE.search(plain.upper()) or PLATE.search(joined):
        return "含有车牌号，不能公示。"
    if re.search(r"[\[〔(【]\d{4}[\]〕)】]\s*\d+\s*号", plain):
        return "含有文号或事项编号，不能公示。"
    if re.search(r"[\w.]+@[\w.]+", plain):
        return "含有电子邮箱，不能公示。"
    if re.search(r"\d+\s*(号楼|栋|幢|单元|室|号院)|\d+号(?!公告)", plain):
        return "地点只能写到村居街路，不能写门牌。"
    for name in names:
        own = re.sub(r"\s", "", unicodedata.normalize("NFKC", name)).upper()
        if len(own) >= 2 and own in joined:
            return f"含有“{name}”，不能公示人员或单位名称。"
    return ""


def years_later(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; 29 February becomes the 28th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def refuse_withdrawal(kind: str) -> str:
    """Why a matter goes on although its complainant withdraws; empty: it stops."""
    if kind in NOT_WITHDRAWN:
        return f"{KINDS[kind]}涉及公共利益，不因撤回而终止办理；请记录撤回意愿后继续办理。"
    return ""


def merges_in_circle(item: int, target: int, mains: Mapping[int, int]) -> bool:
    """Whether merging ``item`` into ``target`` would close a circle; ``mains`` tells where merged items point."""
    seen = {item}
    step: int | None = target
    while step is not None:
        if step in seen:
            return True
        seen.add(step)
        step = mains.get(step)
    return False


def mask_name(name: str) -> str:
    """张三丰 → 张**. A compound name shows its first character only."""
    name = name.strip()
    return f"{name[0]}**" if name else ""


def mask_phone(phone: str) -> str:
    """13812341234 → 138****1234; what is shorter shows its last two digits."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) >= 11:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"****{digits[-2:]}" if digits else ""


def normal_phone(phone: str) -> str:
    """Digits alone, without the prefix of the country, for finding the same telephone again."""
    digits = re.sub(r"\D", "", phone)
    return digits[2:] if len(digits) == 13 and digits.startswith("86") else digits


def phone_refusal(phone: str) -> str:
    """What is wrong with a telephone number; empty: nothing. Mobile, landline with or without its area, hotlines."""
    if re.fullmatch(r"(\+?86[- ]?)?1[3-9]\d{9}|(0\d{2,3}[- ]?)?[2-9]\d{6,7}(-\d{1,6})?|1\d{2,4}|[48]00[- ]?\d{3}[- ]?\d{4}", phone.strip()):
        return ""
    return "请填写手机号码或带区号的固定电话。"


def short_title(content: str, object_name: str) -> str:
    """A title from the first sentence, where none was given."""
    first = re.split(r"[。！？!?\n；;]", content.strip(), maxsplit=1)[0][:40].strip()
    return first or object_name[:40] or "（无标题）"
