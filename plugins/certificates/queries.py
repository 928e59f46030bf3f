"""Questions to the register, each one statement however many rows there are."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import and_, case, func, select

from plugins.certificates import rules
from plugins.certificates.models import Application, Certificate
from portal.database import db

HORIZONS = (30, 60, 90)


def figures(today: dt.date) -> dict[str, int]:
    """The figures of the dashboard card: valid ones, expiring within 30/60/90 days, waiting for recovery, overdue."""
    living = Certificate.state.in_(rules.VALID_STATES)

    def count(condition: Any) -> Any:
        return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)

    columns = {f"within_{days}": count(and_(living, Certificate.valid_until.between(today, today + dt.timedelta(days=days)))) for days in HORIZONS}
    columns |= {
        "active": count(and_(Certificate.state == "active", Certificate.valid_until >= today)),
        "past": count(and_(living, Certificate.valid_until < today)),
        "due": count(Certificate.clearing == "due"),
        "overdue": count(and_(Certificate.clearing == "due", Certificate.clearing_due < today)),
        "recovered": count(Certificate.clearing == "recovered"),
    }
    row = db.session.execute(select(*(column.label(name) for name, column in columns.items())).select_from(Certificate)).one()
    return {name: int(value) for name, value in row._mapping.items()}


def is_certified(person_id: int, day: dt.date) -> bool:
    """Whether a person holds a certificate that is good on that day."""
    columns = (Certificate.state, Certificate.state_on, Certificate.issued_on, Certificate.valid_until)
    return any(rules.is_good(*row, day) for row in db.session.execute(select(*columns).where(Certificate.person_id == person_id)))


def clearing(today: dt.date) -> dict[str, int]:
    """What waits for recovery, how much of it is overdue, and what waits for destruction; by index, since every page asks."""
    late = func.coalesce(func.sum(case((Certificate.clearing_due < today, 1), else_=0)), 0)
    counted = select(Certificate.clearing, func.count(), late).where(Certificate.clearing.in_(("due", "recovered"))).group_by(Certificate.clearing)
    found = {"due": 0, "overdue": 0, "recovered": 0}
    for state, number, overdue in db.session.execute(counted):
        found[state] = number
        if state == "due":
            found["overdue"] = int(overdue)
    return found


def waiting_applications(state: str) -> int:
    """How many applications wait in a state."""
    return db.session.scalar(select(func.count()).select_from(Application).where(Application.state == state)) or 0


def returned_drafts() -> int:
    """Applications that came back to be mended."""
    return db.session.scalar(select(func.count()).select_from(Application).where(Application.state == "draft", Application.state_reason != "")) or 0
