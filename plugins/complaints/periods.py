"""Periods of the statistics as pure functions: a month, a quarter, half a year, a year, or any days; and the one to compare with."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass

KINDS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
"""Kinds of periods with their months; ``free`` beside them."""
EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
LONGEST = 3660
TREND = 12
"""Months that a trend shows at least."""
MOST = 36


@dataclass(frozen=True)
class Period:
    """Days from ``first`` to ``last``, both counted."""

    kind: str
    first: dt.date
    last: dt.date

    @property
    def code(self) -> str:
        """How it stands in an address: 2026-11, 2026-Q4, 2026-H2, 2026, 2026-10-26..2026-11-25."""
        year, part = self.first.year, (self.first.month - 1) // KINDS.get(self.kind, 1) + 1
        if self.kind == "free":
            return f"{self.first}..{self.last}"
        return {"month": f"{year}-{part:02d}", "quarter": f"{year}-Q{part}", "half": f"{year}-H{part}", "year": str(year)}[self.kind]

    def before(self) -> Period:
        """The period of the same length that ends on the day before."""
        last = self.first - dt.timedelta(days=1)
        if self.kind == "free":
            return Period("free", max(EARLIEST, last - (self.last - self.first)), last)
        return containing(self.kind, last)

    def after(self) -> Period:
        """The period that follows."""
        first = self.last + dt.timedelta(days=1)
        return Period("free", first, first + (self.last - self.first)) if self.kind == "free" else containing(self.kind, first)

    def year_before(self) -> Period:
        """The same period of the year before."""
        if self.kind == "free":
            return Period("free", _year_earlier(self.first), _year_earlier(self.last))
        return containing(self.kind, _year_earlier(self.first))

    def whole_months(self) -> list[str]:
        """The months that lie in it from their first day to their last, e.g. ``2026-11``."""
        found, day = [], self.first if self.first.day == 1 else _next_month(self.first)
        while _month_end(day) <= self.last:
            found.append(f"{day:%Y-%m}")
            day = _next_month(day)
        return found

    def ragged(self) -> list[tuple[dt.date, dt.date]]:
        """The days that belong to no whole month, at its beginning and at its end."""
        months = self.whole_months()
        if not months:
            return [(self.first, self.last)]
        start, end = _first(months[0]), _month_end(_first(months[-1]))
        one = dt.timedelta(days=1)
        return [part for part in ((self.first, start - one), (end + one, self.last)) if part[0] <= part[1]]

    def trend(self) -> list[str]:
        """Months to show one by one: those that it touches, at least the twelve up to its end, at most thirty-six."""
        last = self.last.replace(day=1)
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        months = [last]
        while len(months) < min(max(count, TREND), MOST):
            months.append((months[-1] - dt.timedelta(days=1)).replace(day=1))
        return [f"{month:%Y-%m}" for month in reversed(months)]


def containing(kind: str, day: dt.date) -> Period:
    """The month, quarter, half or year in which a day lies."""
    size = KINDS[kind]
    start = (day.month - 1) // size * size + 1
    return Period(kind, dt.date(day.year, start, 1), _month_end(dt.date(day.year, start + size - 1, 1)))


def read(code: str, today: dt.date) -> Period:
    """The period of an address; the present month for what is none."""
    if found := re.fullmatch(r"(20\d\d)(?:-(?:(0[1-9]|1[0-2])|Q([1-4])|H([12])))?", code):
        year = int(found[1])
        for kind, part in (("month", found[2]), ("quarter", found[3]), ("half", found[4])):
            if part:
                return containing(kind, dt.date(year, (int(part) - 1) * KINDS[kind] + 1, 1))
        return containing("year", dt.date(year, 1, 1))
    first, _dots, last = code.partition("..")
    return free(first, last) or containing("month", today)


def free(first: str, last: str) -> Period | None:
    """Days as they were typed; None where they are no period of at most ten years."""
    try:
        start, end = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
    except ValueError:
        return None
    if not EARLIEST <= start <= end <= LATEST or (end - start).days > LONGEST:
        return None
    return Period("free", start, end)


def month(code: str) -> Period:
    """A month as a period."""
    return containing("month", _first(code))


def on_offer(kind: str, today: dt.date) -> list[Period]:
    """Periods of a kind to choose from, the newest first, three years back (of years: six)."""
    found = [containing(kind, today)]
    while len(found) < (6 if kind == "year" else 36 // KINDS[kind]):
        found.append(found[-1].before())
    return found


def _first(code: str) -> dt.date:
    return dt.date.fromisoformat(f"{code}-01")


def _month_end(day: dt.date) -> dt.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _next_month(day: dt.date) -> dt.date:
    return _month_end(day) + dt.timedelta(days=1)


def _year_earlier(day: dt.date) -> dt.date:
    return day.replace(year=day.year - 1, day=28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
