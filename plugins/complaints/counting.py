"""Counting for the statistics: whole months from the roll-up, accusations and single days from the register itself.

The roll-up knows no accusation, so its figures are the same for everybody. Accusations are counted through the ORM, which
keeps them from those from whom they are kept: whoever is shut out reads the figures of a town in which it never was.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, or_, select

from plugins.complaints import rules, tally
from plugins.complaints.models import Complaint, Tally
from plugins.complaints.periods import Period, month
from portal.database import db

ACCUSATION: Any = literal_column(f"'{tally.APART}'")
"""Written out, so that the index of accusations is used."""
OUTCOME: Any = literal_column(tally.OUTCOME.format(row=tally.SOURCE))
OUTCOMES: Mapping[str, tuple[str, ...]] = {
    "open": rules.OPEN, "concluded": ("concluded", "replied"), "passed": ("passed",), "refused": ("refused",), "redirected": ("redirected",),
    "merged": ("merged",), "withdrawn": ("withdrawn",),
}  # fmt: skip
"""What became of a matter, as it is reported, and the states that mean it."""
TRUE = ("属实", "部分属实")


def outcome_condition(outcome: str) -> ColumnElement[bool]:
    """The matters of an outcome, for lists; archived ones by the state in which they were archived."""
    states = OUTCOMES[outcome]
    if outcome == "open":
        return Complaint.state.in_(states)
    closed = (*states, "") if outcome == "concluded" else states
    return or_(Complaint.state.in_(states), (Complaint.state == "archived") & Complaint.closed_as.in_(closed))


@dataclass
class Cells:
    """How many matters have which property: of all, by kind, and by town."""

    all: Counter[tuple[str, str]] = field(default_factory=Counter)
    kinds: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    towns: Counter[tuple[int, str, str]] = field(default_factory=Counter)

    def add(self, org_id: int, measure: str, kind: str, key: str, n: int) -> None:
        self.all[measure, key] += n
        self.kinds[kind, measure, key] += n
        self.towns[org_id, measure, key] += n

    def view(self, kind: str = "", town: int = 0) -> View:
        """The figures of a kind, of a town, or of all."""
        if kind:
            return View({(measure, key): n for (of, measure, key), n in self.kinds.items() if of == kind})
        if town:
            return View({(measure, key): n for (of, measure, key), n in self.towns.items() if of == town})
        return View(self.all)

    def by_kind(self) -> Counter[str]:
        """Matters received, of each kind."""
        found: Counter[str] = Counter()
        for (kind, measure, _key), n in self.kinds.items():
            if measure == "channel":
                found[kind] += n
        return found


@dataclass(frozen=True)
class View:
    """Figures by measure and key."""

    cells: Mapping[tuple[str, str], int]

    def of(self, measure: str) -> Counter[str]:
        return Counter({key: n for (name, key), n in self.cells.items() if name == measure and n})

    def sum(self, measure: str, keys: Iterable[str] | None = None) -> int:
        wanted = None if keys is None else set(keys)
        return sum(n for (name, key), n in self.cells.items() if name == measure and (wanted is None or key in wanted))

    @property
    def received(self) -> int:
        return self.sum("channel")

    @property
    def concluded(self) -> int:
        return self.sum("result")

    @property
    def on_time(self) -> int:
        return self.sum("late", ("0",))

    @property
    def late(self) -> int:
        return self.sum("late", ("1",))

    @property
    def found(self) -> int:
        return self.sum("result", rules.RESULTS)

    @property
    def true(self) -> int:
        return self.sum("result", TRUE)

    @property
    def repeated(self) -> int:
        return self.sum("repeat")

    def outcome(self, outcome: str) -> int:
        return self.sum("outcome", OUTCOMES[outcome])

    @property
    def median(self) -> float | None:
        """The median of the working days from receipt to conclusion."""
        return median({int(key): n for key, n in self.of("days").items()})


def median(histogram: Mapping[int, int]) -> float | None:
    """The median of values given with how often each occurs; None of nothing."""
    count = sum(histogram.values())
    if not count:
        return None
    middle = ((count - 1) // 2, count // 2)
    found: list[int] = []
    passed = 0
    for value in sorted(histogram):
        here = range(passed, passed + histogram[value])
        found.extend(value for place in middle if place in here)
        passed += histogram[value]
    return sum(found) / 2


def _in_town(column: Any, town: int) -> list[ColumnElement[bool]]:
    return [column == town] if town else []


def count(period: Period, town: int = 0) -> Cells:
    """Every figure of a period, of the acting role's towns or of one of them."""
    cells = Cells()
    months = period.whole_months()
    if months:
        columns = (Tally.org_id, Tally.measure, Tally.kind, Tally.key)
        kept = select(*columns, func.sum(Tally.n)).where(Tally.month.between(months[0], months[-1]), *_in_town(Tally.org_id, town)).group_by(*columns)
        for org_id, measure, kind, key, n in db.session.execute(kept):
            cells.add(org_id, measure, kind, key, n)
    _add_direct(cells, town, [(period.first, period.last)], Complaint.kind == ACCUSATION)
    ragged = period.ragged()
    if ragged:
        _add_direct(cells, town, ragged, Complaint.kind != ACCUSATION)
    return cells


def _add_direct(cells: Cells, town: int, days: Sequence[tuple[dt.date, dt.date]], which: ColumnElement[bool]) -> None:
    """Add matters of the register itself that were received, and those that were concluded, on these days."""
    where = (which, *_in_town(Complaint.org_id, town))
    keys: list[Any] = [Complaint.org_id, Complaint.kind, Complaint.channel, Complaint.category, OUTCOME, Complaint.repeats]
    received = or_(*(Complaint.received_on.between(*span) for span in days))
    statement: Any = select(*keys, func.count()).where(*where, received).group_by(*keys)
    for org_id, kind, channel, category, outcome, repeats, n in db.session.execute(statement):
        cells.add(org_id, "channel", kind, channel, n)
        cells.add(org_id, "category", kind, category, n)
        cells.add(org_id, "outcome", kind, outcome, n)
        if repeats:
            cells.add(org_id, "repeat", kind, "1", n)
    keys = [Complaint.org_id, Complaint.kind, Complaint.result, Complaint.late, Complaint.days_taken]
    concluded = or_(*(Complaint.concluded_on.between(*span) for span in days))
    statement = select(*keys, func.count()).where(*where, concluded).group_by(*keys)
    for org_id, kind, result, late, taken, n in db.session.execute(statement):
        cells.add(org_id, "result", kind, result, n)
        if late is not None:
            cells.add(org_id, "late", kind, str(int(late)), n)
        if taken is not None:
            cells.add(org_id, "days", kind, str(taken), n)


def by_month(months: Sequence[str], town: int = 0) -> list[tuple[str, int, int]]:
    """For each month how many were received and how many concluded."""
    received: Counter[str] = Counter()
    concluded: Counter[str] = Counter()
    kept = select(Tally.month, Tally.measure, func.sum(Tally.n)).where(Tally.month.between(months[0], months[-1]), Tally.measure.in_(("channel", "result")))
    for name, measure, n in db.session.execute(kept.where(*_in_town(Tally.org_id, town)).group_by(Tally.month, Tally.measure)):
        (received if measure == "channel" else concluded)[name] += n
    first, last = month(months[0]).first, month(months[-1]).last
    for column, found in ((Complaint.received_on, received), (Complaint.concluded_on, concluded)):
        apart = select(column, func.count()).where(Complaint.kind == ACCUSATION, column.between(first, last), *_in_town(Complaint.org_id, town)).group_by(column)
        for day, n in db.session.execute(apart):
            found[f"{day:%Y-%m}"] += n
    return [(name, received[name], concluded[name]) for name in months]


def standing(today: dt.date, town: int = 0) -> tuple[Counter[int], Counter[int]]:
    """By town: matters that are open now, and those that are overdue now."""
    counted = select(Complaint.org_id, func.count()).where(*_in_town(Complaint.org_id, town)).group_by(Complaint.org_id)
    opened = db.session.execute(counted.where(Complaint.state.in_(rules.OPEN)))
    overdue = db.session.execute(counted.where(Complaint.sort_due < today))
    return Counter({row[0]: row[1] for row in opened}), Counter({row[0]: row[1] for row in overdue})
