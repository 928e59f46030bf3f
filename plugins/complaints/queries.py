"""Questions to the register, each one statement however many rows there are."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.complaints import rules
from plugins.complaints.models import Complaint, Incoming
from plugins.complaints.models_identity import Identity
from portal.database import db


def count(*conditions: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(Complaint).where(*conditions)) or 0


def figures(today: dt.date) -> dict[str, int]:
    """For the card of the dashboard: new, due this week, overdue, waiting for a decision."""
    return {
        "new": count(Complaint.state == "registered"),
        "week": count(Complaint.sort_due.between(today, today + dt.timedelta(days=7))),
        "overdue": count(Complaint.sort_due < today),
        "running": count(Complaint.sort_due < rules.FOREVER),
    }


def waiting_to_accept() -> int:
    return count(Complaint.state == "registered")


def waiting_to_assign() -> int:
    return count(Complaint.state == "accepted")


def mine() -> int:
    """Matters in the hands of the acting account."""
    return count(Complaint.handler_id == g.account.id, Complaint.state.in_(("assigned", "handling")))


def waiting_for_leader() -> tuple[int, int]:
    """Conclusions and extensions that wait for a decision."""
    return (
        count(Complaint.state == "concluded", Complaint.approved_on.is_(None)),
        count(Complaint.state.in_(("assigned", "handling", "suspended")), Complaint.extension_state == "asked"),
    )


def waiting_for_review() -> int:
    """Conclusions that nobody of the legal reviewers has looked at."""
    return count(Complaint.state == "concluded", Complaint.approved_on.is_(None), Complaint.reviewed_on.is_(None))


def waiting_to_reply() -> int:
    return count(Complaint.state == "concluded", Complaint.approved_on.is_not(None))


def overdue(today: dt.date) -> int:
    return count(Complaint.sort_due < today)


def incoming_waiting() -> int:
    return db.session.scalar(select(func.count()).select_from(Incoming).where(Incoming.state == "sent")) or 0


def same_telephone(session: Session, complaint: Complaint) -> list[Any]:
    """Other matters of the town from the same telephone, by the blind index; without showing the number."""
    index = session.scalar(select(Identity.phone_index).where(Identity.complaint_id == complaint.id))
    if index is None:
        return []
    others = select(Identity.complaint_id).where(Identity.org_id == complaint.org_id, Identity.phone_index == index, Identity.complaint_id != complaint.id)
    shown = select(Complaint.id, Complaint.number, Complaint.title, Complaint.state).where(Complaint.id.in_(others)).order_by(Complaint.id.desc()).limit(10)
    return list(session.execute(shown).all())
