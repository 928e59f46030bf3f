"""Figures of consultations: by town, by field, time taken, adopted share, and how the advice stood the test."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.consultations import words
from plugins.consultations.models import Consultation
from portal.directory.models import Organisation
from portal.web import charts
from portal.web.charts import Series


@dataclass
class Figures:
    """What a page of statistics shows."""

    total: int = 0
    answered: int = 0
    adopted: int = 0
    partly: int = 0
    median_days: int | None = None
    late_answers: int = 0
    rows: list[tuple[str, int, int, int, int | None]] = field(default_factory=list)
    charts: list[Any] = field(default_factory=list)

    @property
    def share(self) -> str:
        """Adopted wholly or in part, of those answered."""
        return f"{round(100 * (self.adopted + self.partly) / self.answered)}%" if self.answered else "—"


def years(session: Session, today: dt.date) -> list[int]:
    """Years in which something was taken, newest first."""
    first = session.scalar(select(func.min(Consultation.taken_on)))
    return list(range(today.year, (first.year if first else today.year) - 1, -1))


def median(days: list[int]) -> int | None:
    """The middle one; of two the lower."""
    return sorted(days)[(len(days) - 1) // 2] if days else None


def of_year(session: Session, year: int) -> Figures:
    """Consultations taken in a year: one statement."""
    c = Consultation
    columns = (c.org_id, c.field, c.state, c.form, c.answer, c.outcome, c.taken_on, c.paper_on, c.answered_on, c.answer_due)
    within = (c.taken_on >= dt.date(year, 1, 1), c.taken_on <= dt.date(year, 12, 31), c.state.not_in(("declined", "returned")))
    rows = session.execute(select(*columns).where(*within)).all()
    names = {row.id: row.name for row in session.execute(select(Organisation.id, Organisation.name).order_by(Organisation.weight))}
    found = Figures(total=len(rows))
    found.answered = sum(1 for row in rows if row.answered_on)
    found.adopted, found.partly = (sum(1 for row in rows if row.answered_on and row.answer == code) for code in ("adopted", "partly"))
    found.late_answers = sum(1 for row in rows if row.answered_on and row.answer_due and row.answered_on > row.answer_due)
    days = [(row.paper_on - row.taken_on).days for row in rows if row.paper_on]
    found.median_days = median(days)
    found.rows = _towns(rows, names)
    found.charts = _charts(rows, names)
    return found


def _towns(rows: Any, names: dict[int, str]) -> list[tuple[str, int, int, int, int | None]]:
    counted: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        counted[row.org_id].append(row)
    listed = []
    for org_id, name in names.items():
        mine = counted.get(org_id, [])
        if mine:
            took = median([(row.paper_on - row.taken_on).days for row in mine if row.paper_on])
            answered = [row for row in mine if row.answered_on]
            listed.append((name, len(mine), len(answered), sum(1 for row in answered if row.answer in ("adopted", "partly")), took))
    return listed


def _charts(rows: Any, names: dict[int, str]) -> list[Any]:
    fields = Counter(row.field for row in rows).most_common()
    towns = Counter(names.get(row.org_id, "") for row in rows).most_common()
    answers = Counter(row.answer for row in rows if row.answered_on)
    outcomes = Counter(row.outcome for row in rows if row.outcome)
    links = [url_for("consultations.index", field=name) for name, _count in fields]
    made = [
        charts.rows(_("各街镇提请会商"), [name for name, _count in towns], [Series(_("件数"), [count for _name, count in towns])], unit=_("件")),
        charts.rows(_("各领域会商"), [name or _("未填") for name, _count in fields], [Series(_("件数"), [count for _name, count in fields], links=links)], unit=_("件")),
    ]
    if answers:
        made.append(_ring(_("采纳情况"), words.ANSWERS, answers))
    if outcomes:
        made.append(_ring(_("案件后来的结果"), words.OUTCOMES, outcomes))
    return made


def _ring(title: Any, named: Mapping[str, Any], counted: Mapping[str, int]) -> Any:
    codes = [code for code in named if counted.get(code)]
    return charts.shares(title, [named[code] for code in codes], [counted[code] for code in codes], unit=_("件"))
