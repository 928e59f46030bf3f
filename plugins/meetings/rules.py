"""The rules of joint conferences as pure functions (implementing opinion II.3; domain rules §6). Every day is passed in."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from portal.calendar.rules import Calendar

KINDS = ("regular", "adhoc")
CATEGORIES = ("职责争议", "联合执法", "制度建设", "个案协调", "其他")
TOPIC_STATES = ("draft", "proposed", "accepted", "returned", "deferred", "scheduled", "discussed", "withdrawn")
MEETING_STATES = ("draft", "scheduled", "notified", "sitting", "held", "minuted", "issued", "closed", "cancelled")
TO_COME = ("scheduled", "notified")
"""Meetings that are planned and not yet begun."""
TOOK_PLACE = ("held", "minuted", "issued", "closed")
ANSWERS = ("invited", "attends", "substitute", "excused")
CAPACITIES = ("member", "observer")
SIGN_HOW = ("list", "qr", "hand")
MINUTES_STATES = ("draft", "circulating", "settled", "signed", "replaced")
RESOLUTION_STATES = ("recorded", "open", "in_progress", "review", "done", "replaced")
RUNNING = ("recorded", "open", "in_progress", "review")
OWED = ("recorded", "open", "in_progress")
"""Resolutions on which the lead unit still owes something."""
OPINIONS = ("agree", "amend", "disagree")
MOST_ITEMS = 200
LONGEST_ITEM = 480
FOREVER = dt.date(9999, 12, 31)

Half = tuple[int, int]


# -- half-years -------------------------------------------------------------------------------------------------------------


def half_of(day: dt.date) -> Half:
    """The half-year of a day: (2026, 1) from January to June, (2026, 2) from July to December."""
    return day.year, 1 if day.month <= 6 else 2


def half_begin(half: Half) -> dt.date:
    return dt.date(half[0], 1 if half[1] == 1 else 7, 1)


def half_end(half: Half) -> dt.date:
    return dt.date(half[0], 6, 30) if half[1] == 1 else dt.date(half[0], 12, 31)


def half_before(half: Half) -> Half:
    return (half[0], 1) if half[1] == 2 else (half[0] - 1, 2)


def halves_between(first: dt.date, last: dt.date) -> list[Half]:
    """The half-years from that of one day to that of another, oldest first."""
    found, half = [], half_of(first)
    while half_begin(half) <= last:
        found.append(half)
        half = (half[0], 2) if half[1] == 1 else (half[0] + 1, 1)
    return found


def moved_across(before: dt.date, after: dt.date) -> bool:
    """A meeting moved from one half-year into another no longer counts for the first, whatever its title says."""
    return half_of(before) != half_of(after)


def warn_from(half: Half, days: int) -> dt.date:
    """The first day on which a half-year without a planned regular meeting is warned of."""
    return half_end(half) - dt.timedelta(days=days)


def half_state(half: Half, today: dt.date, held: Sequence[dt.date], planned: Sequence[dt.date], warn_days: int) -> str:
    """``met``, ``planned``, ``warned``, ``open`` or ``missed``, from the days of regular meetings held with a quorum or planned.

    A half-year is over only after its last day; a meeting of the next one never makes up for it (acceptance A6.1).
    """
    if any(half_of(day) == half for day in held):
        return "met"
    if today > half_end(half):
        return "missed"
    if any(half_of(day) == half for day in planned):
        return "planned"
    return "warned" if today >= warn_from(half, warn_days) else "open"


# -- notice, quorum, times ----------------------------------------------------------------------------------------------------


def notice_in_time(calendar: Calendar, notice: dt.date, meeting: dt.date, days: int) -> bool:
    """Whether ``days`` whole working days lie between notice and meeting: the last of them comes before the meeting's day."""
    return calendar.add_working_days(notice, days).day < meeting


def latest_notice(calendar: Calendar, meeting: dt.date, days: int) -> dt.date:
    """The last day on which a notice is in time."""
    day = meeting - dt.timedelta(days=1)
    while not notice_in_time(calendar, day, meeting, days):
        day -= dt.timedelta(days=1)
    return day


def quorum_needed(members: int, percent: int) -> int:
    """How many member units make a quorum: strictly more than ``percent`` of them."""
    return members * percent // 100 + 1


def quorate(members: int, present: int, percent: int) -> bool:
    return members > 0 and present >= quorum_needed(members, percent)


def agenda_times(start: dt.datetime, minutes: Iterable[int]) -> list[tuple[dt.datetime, dt.datetime]]:
    """Begin and end of each item, one after the other from the meeting's begin."""
    found, at = [], start
    for length in minutes:
        end = at + dt.timedelta(minutes=length)
        found.append((at, end))
        at = end
    return found


def moved(order: Sequence[int], key: int, to: int) -> list[int]:
    """The order with one entry at another place; places outside the list mean its ends."""
    rest = [item for item in order if item != key]
    place = min(max(to, 0), len(rest))
    return [*rest[:place], key, *rest[place:]]


# -- minutes and resolutions --------------------------------------------------------------------------------------------------

_AMOUNT = re.compile(r"(?:罚款|处罚款|处以罚款|没收)[^。；;\n]{0,12}?[0-9０-９一二三四五六七八九十百千万零〇两壹贰叁肆伍陆柒捌玖拾佰仟,，.]{1,15}\s*(?:万|千|百)?\s*元")
_PENALTY = re.compile(r"(?:对|给予|决定对|处以|作出)[^。；;\n]{0,30}?(?:罚款|警告|吊销|责令停产停业|没收违法所得|行政拘留|行政处罚决定)")
_GENERAL = ("依法", "研究", "办法", "标准", "裁量", "由有权机关", "程序", "不得", "防止", "规范")


def fixes_penalty(text: str) -> bool:
    """Whether a text decides a penalty of a single case, which belongs to the organ in charge and not to a conference.

    An amount always does; a kind of penalty does unless the sentence speaks of how such cases are handled in general.
    """
    if _AMOUNT.search(text[:20000]):
        return True
    sentences = re.split(r"[。；;\n]", text[:20000])
    return any(_PENALTY.search(sentence) and not any(word in sentence for word in _GENERAL) for sentence in sentences)


def overdue_days(due: dt.date, today: dt.date) -> int:
    """Calendar days past the due day; 0 when it is not past."""
    return max((today - due).days, 0)


def report_due(calendar: Calendar, last: dt.date, days: int) -> dt.date:
    """The day by which the next progress report is owed."""
    return calendar.add_working_days(last, days).day


@dataclass(frozen=True)
class Word:
    """How a unit kept its word: resolutions it leads."""

    total: int
    on_time: int
    late: int
    running: int
    overdue: int

    @property
    def rate(self) -> int | None:
        """Percent done in time of what is done or overdue; None where nothing was due yet."""
        due = self.on_time + self.late + self.overdue
        return round(100 * self.on_time / due) if due else None


def word_of(rows: Iterable[tuple[str, dt.date, dt.date | None]], today: dt.date) -> Word:
    """From (state, due day, day of completion). Replaced resolutions are left out."""
    on_time = late = running = overdue = 0
    for state, due, done in rows:
        if state == "replaced":
            continue
        if state == "done":
            on_time, late = (on_time + 1, late) if done is not None and done <= due else (on_time, late + 1)
        elif today > due:
            overdue += 1
        else:
            running += 1
    return Word(on_time + late + running + overdue, on_time, late, running, overdue)


def digest(content: Any) -> str:
    """The hash that a signed version of the minutes is bound by: over one canonical JSON text."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def same_person(name: str, phone: str, other_name: str, other_phone: str) -> bool:
    """Whether two entries mean one person: the same name, and telephones that do not tell them apart."""
    if "".join(name.split()) != "".join(other_name.split()) or not name.strip():
        return False
    return not (phone and other_phone) or phone == other_phone
