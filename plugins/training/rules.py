"""The rules of training files as pure functions (domain rules §4; implementing opinion V.3). Hours are counted in halves.

One class hour 学时 is 45 minutes net of breaks. Whoever attends all of a session is credited what it was declared with;
whoever attends a part, the class hours that are complete. Days and moments are passed in, local and without a zone.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

CATEGORIES = ("general", "professional", "update", "department", "off_post", "induction", "political", "party", "other")
"""综合法律知识, 专业法律知识, 法律知识更新, 部门业务, 离岗, 岗前, 政治理论, 党性教育, 其他."""
NEVER = ("political", "party")
"""Recorded, but by no setting counted toward the yearly hours (seed V.3)."""
ALWAYS = ("general", "professional", "update")
ORGANISERS = ("own", "department", "entrusting", "municipal", "other")
"""本单位, 区级部门, 委托部门, 市级, 其他."""
MODES = ("定制式", "学分制", "情景化", "巡回式", "参与式", "沉浸式")
DELIVERIES = ("面授", "在线", "实操")
MINUTES = 45
UNIT = re.compile(r"\s*(?:学时|课时|class hours?|hours?)\s*$", re.IGNORECASE)
NEED = 120
"""60 class hours, in halves."""
GUIDES = (15, 30, 45)
"""Class hours that should be reached at the end of the first, second and third quarter."""
WARN_DAYS = 60
PASS_MARK = 60
MOST_HALVES_A_DAY = 24
SESSION_STATES = ("planned", "open", "finished", "certified", "archived", "cancelled")
LIVING = ("planned", "open", "finished")
ENROLMENT_STATES = ("enrolled", "waiting", "present", "attended", "credited", "refused", "absent", "cancelled")
SEATED = ("enrolled", "present", "attended", "credited", "refused", "absent")
INVITATION_STATES = ("invited", "declined", "certified", "cancelled")
EXTERNAL_STATES = ("draft", "submitted", "confirmed", "refused", "withdrawn")
EXEMPTION_STATES = ("asked", "granted", "refused", "revoked")
YEAR_STATES = ("open", "closed", "reopened")
PLAN_STATES = ("draft", "submitted", "approved")


class RuleError(ValueError):
    """A rule says no: ``code`` for programs, ``detail`` what the words need."""

    def __init__(self, code: str, **detail: object) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


# -- hours ------------------------------------------------------------------------------------------------------------


def parse_halves(value: object, most: int = 2 * 1000) -> int:
    """Class hours as typed or read, in halves; raises RuleError ``hours`` unless they are a positive whole or half number."""
    try:
        number = Decimal(UNIT.sub("", str(value)).strip())
    except InvalidOperation:
        raise RuleError("hours", text=str(value)[:20]) from None
    if not number.is_finite() or number <= 0 or number * 2 != int(number * 2) or number * 2 > most:
        raise RuleError("hours", text=str(value)[:20])
    return int(number * 2)


def hours(halves: int) -> str:
    """Halves as people write class hours: 7 is 3.5, 8 is 4."""
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def net_minutes(start: dt.datetime, end: dt.datetime, pause: int = 0) -> int:
    """Minutes of a session without its breaks; never below nought."""
    return max(0, int((end - start).total_seconds()) // 60 - max(0, pause))


def longest(net: int, minutes: int = MINUTES) -> int:
    """The most that a length allows, in halves: a session credits no more than that."""
    return net * 2 // minutes


def complete(net: int, minutes: int = MINUTES, step: int = 2) -> int:
    """What minutes come to, in halves: complete class hours (``step`` 2) or half ones (1)."""
    return net * 2 // minutes // step * step


def check_session(start: dt.datetime, end: dt.datetime, pause: int, halves: int, minutes: int = MINUTES) -> None:
    """Raise RuleError: the end before the start, longer than a day, breaks longer than it all, more hours than the length allows."""
    if end <= start:
        raise RuleError("no_time")
    if end - start > dt.timedelta(hours=24):
        raise RuleError("too_long")
    net = net_minutes(start, end, pause)
    if net <= 0:
        raise RuleError("pause")
    if halves <= 0:
        raise RuleError("hours", text="0")
    if halves > longest(net, minutes):
        raise RuleError("length", most=hours(longest(net, minutes)), net=net)


def presence(came: dt.datetime, left: dt.datetime, start: dt.datetime, end: dt.datetime, pause: int = 0) -> int:
    """Net minutes somebody was there: within the session's time, less the breaks' share of it, rounded against them."""
    there = (min(left, end) - max(came, start)).total_seconds() / 60
    whole = (end - start).total_seconds() / 60
    if there <= 0 or whole <= 0:
        return 0
    return max(0, int(there) - math.ceil(max(0, pause) * there / whole))


def credit(declared: int, there: int, net: int, minutes: int = MINUTES, step: int = 2) -> int:
    """Halves credited to somebody who was there for ``there`` of ``net`` minutes of a session with ``declared`` halves."""
    most = min(declared, longest(net, minutes))
    return most if there >= net else min(most, complete(there, minutes, step))


def check_external(first: dt.date, last: dt.date, halves: int, most_a_day: int) -> None:
    """Raise RuleError for an external training whose hours do not fit into its days."""
    if last < first:
        raise RuleError("order")
    days = (last - first).days + 1
    if halves > days * most_a_day:
        raise RuleError("day", most=hours(days * most_a_day), days=days)


def overlap(start: dt.datetime, end: dt.datetime, other_start: dt.datetime, other_end: dt.datetime) -> bool:
    """Whether two times share a minute; one may begin when the other ends."""
    return start < other_end and other_start < end


def year_of(start: dt.datetime) -> int:
    """The year that counts: of the day it was held, also across midnight and New Year."""
    return start.year


def counts(category: str, allowed: Iterable[str]) -> bool:
    """Whether a category counts toward the yearly hours."""
    return category not in NEVER and (category in ALWAYS or category in allowed)


def points(halves: int, rate: int) -> int:
    """学分 in hundredths for halves at a rate (hundredths a class hour); rounded down."""
    return halves * rate // 2


def parse_rate(text: str) -> int:
    """A rate such as 1 or 0.75 in hundredths."""
    return int(Decimal(text) * 100)


# -- the year ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """Where somebody stands in a year; all in halves."""

    need: int
    counted: int
    planned: int = 0
    updates: int = 0
    exempt: bool = False

    @property
    def short(self) -> int:
        """Still to be done."""
        return 0 if self.exempt else max(0, self.need - self.counted)

    @property
    def forecast(self) -> int:
        """Short at the end of the year if all that is planned is done."""
        return 0 if self.exempt else max(0, self.need - self.counted - self.planned)

    @property
    def hours_met(self) -> bool:
        return not self.exempt and self.counted >= self.need

    @property
    def update_met(self) -> bool:
        """At least one legal-update training of the own unit."""
        return not self.exempt and self.updates > 0

    @property
    def verdict(self) -> str:
        """``exempt`` (never "met"), ``met``, ``no_update`` (the hours alone) or ``short``."""
        if self.exempt:
            return "exempt"
        if not self.hours_met:
            return "short"
        return "met" if self.update_met else "no_update"


def guide(day: dt.date, year: int, guides: Sequence[int] = GUIDES) -> int:
    """The guide value (halves) of the last quarter that has ended in a year; nought before the first ends."""
    ends = (dt.date(year, 3, 31), dt.date(year, 6, 30), dt.date(year, 9, 30))
    passed = sum(day >= end for end in ends)
    return 2 * sorted(guides)[passed - 1] if passed else 0


def quarter_due(day: dt.date, within: int = 31) -> int | None:
    """The quarter (1 to 3) whose warning is due: ended at most ``within`` days ago."""
    for number, end in enumerate((dt.date(day.year, 3, 31), dt.date(day.year, 6, 30), dt.date(day.year, 9, 30)), 1):
        if end <= day <= end + dt.timedelta(days=within):
            return number
    return None


def warn_from(year: int, days: int = WARN_DAYS) -> dt.date:
    """The day from which whoever will fall short is warned: 60 days before the year's last."""
    return dt.date(year, 12, 31) - dt.timedelta(days=days)


def light(standing: Standing, day: dt.date, year: int, guides: Sequence[int] = GUIDES, warn_days: int = WARN_DAYS) -> str:
    """``grey`` exempt, ``green`` on pace or done, ``amber`` below the guide value, ``red`` short late in the year or after it."""
    if standing.exempt:
        return "grey"
    if standing.hours_met:
        return "green"
    if day.year > year or (day >= warn_from(year, warn_days) and standing.forecast):
        return "red"
    share = standing.need * guide(day, year, guides)
    return "amber" if standing.counted * NEED < share else "green"


def required(need: int, year: int, first: dt.date | None = None, last: dt.date | None = None, prorata: bool = False) -> int:
    """Halves owed by somebody there from ``first`` to ``last``. The law knows no relief: the full sum unless the policy is on.

    With the policy: the months (each begun one whole) over 12, rounded up to a class hour.
    """
    if not prorata:
        return need
    begin = first.month if first is not None and first.year == year else 1
    end = last.month if last is not None and last.year == year else 12
    if (first is not None and first.year > year) or (last is not None and last.year < year) or end < begin:
        return 0
    return 2 * math.ceil(need * (end - begin + 1) / 24)


def closes_on(year: int, month_day: str = "01-31") -> dt.date:
    """The last day on which evidence for a year is taken; it is closed on the next."""
    month, day = (int(part) for part in month_day.split("-"))
    return dt.date(year + 1, month, min(day, 28 if month == 2 else day))


def not_held(duties: Iterable[int], held: Iterable[int]) -> list[int]:
    """Departments with a duty that have held no training, in the order of their duties."""
    done = set(held)
    return [department for department in duties if department not in done]


# -- seats and waiting --------------------------------------------------------------------------------------------------


def seat(taken: int, limit: int | None) -> str:
    """What an enrolment becomes: a seat, or the waiting list."""
    return "enrolled" if limit is None or taken < limit else "waiting"


def weekly(start: dt.datetime, every_days: int, count: int) -> list[dt.datetime]:
    """The starts of a series."""
    if not 1 <= count <= 52 or not 1 <= every_days <= 92:
        raise RuleError("series")
    return [start + dt.timedelta(days=every_days * n) for n in range(count)]
