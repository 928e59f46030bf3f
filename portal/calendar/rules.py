"""Working days and the counting of periods (APL art. 85; domain rules §2). Pure: the calendar is passed in.

The day of the event does not count. A result that depends on a year whose calendar is not yet published is provisional 暂定.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
"""Statutory holidays with a fixed date, for years without a notice."""
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Due:
    """The last day of a period counted in working days."""

    day: dt.date
    provisional: bool


@dataclass(frozen=True)
class CalendarDue:
    """The last day of a period counted in calendar days: the legal end, and what it means for a party and for the office."""

    legal_end: dt.date
    for_party: dt.date
    for_office: dt.date
    provisional: bool


@dataclass(frozen=True)
class Calendar:
    """Days that differ from their weekday's rule, and the years whose calendar is published."""

    days: Mapping[dt.date, bool]
    years: frozenset[int]

    def is_working_day(self, day: dt.date) -> bool:
        known = self.days.get(day)
        if known is not None:
            return known
        if day.weekday() >= 5:
            return False
        return day.year in self.years or (day.month, day.day) not in FIXED_HOLIDAYS

    def is_provisional(self, day: dt.date) -> bool:
        """Whether the answer for this day may change when the notice comes."""
        return day.year not in self.years

    def add_working_days(self, start: dt.date, count: int) -> Due:
        """The ``count``-th working day after ``start``; the start does not count. ``count`` is at least 0."""
        if count < 0:
            raise ValueError("count is at least 0")
        day, left, provisional = start, count, False
        while left:
            day += ONE_DAY
            provisional = provisional or self.is_provisional(day)
            left -= self.is_working_day(day)
        return Due(day, provisional)

    def next_working_day(self, day: dt.date) -> dt.date:
        """The day itself or the next working day."""
        while not self.is_working_day(day):
            day += ONE_DAY
        return day

    def previous_working_day(self, day: dt.date) -> dt.date:
        """The day itself or the last working day before it."""
        while not self.is_working_day(day):
            day -= ONE_DAY
        return day

    def add_calendar_days(self, start: dt.date, count: int) -> CalendarDue:
        """The end of ``count`` calendar days after ``start``: forward to a working day for a party, back for the office."""
        end = start + dt.timedelta(days=count)
        party = self.next_working_day(end)
        return CalendarDue(end, party, self.previous_working_day(end), self.is_provisional(end) or self.is_provisional(party))

    def working_days_between(self, start: dt.date, end: dt.date) -> int:
        """Working days after ``start`` up to and including ``end``; negative when ``end`` lies before."""
        if end < start:
            return -self.working_days_between(end, start)
        return sum(self.is_working_day(start + dt.timedelta(days=n)) for n in range(1, (end - start).days + 1))
