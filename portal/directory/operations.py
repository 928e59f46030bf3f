"""What happens to people: changes that take effect on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import utcnow
from portal.directory.models import Person, PersonChange

STATUS = {"retire": "退休", "leave": "离职", "transfer": "调离", "off_post": "离岗", "on_post": "在岗"}
KINDS = {
    "retire": "退休",
    "leave": "离职",
    "transfer": "调离",
    "move": "调往其他街镇",
    "employment": "用工性质变更",
    "off_post": "离岗",
    "on_post": "返岗",
}


def record_change(session: Session, person: Person, kind: str, effective_on: dt.date, today: dt.date, **details: object) -> PersonChange:
    """Note a change; it is applied now when its day has come, else by the daily job."""
    change = PersonChange(org_id=person.org_id, person_id=person.id, kind=kind, effective_on=effective_on, recorded_at=utcnow(), **details)
    session.add(change)
    session.flush()
    if effective_on <= today:
        apply_change(change, person)
        session.flush()
    return change


def apply_change(change: PersonChange, person: Person) -> None:
    """Let a change take effect on the person."""
    if change.kind == "employment":
        person.employment_type = change.new_value
    elif change.kind == "move" and change.to_org_id:
        person.org_id = change.to_org_id
    elif change.kind in STATUS:
        person.post_status, person.post_status_on = STATUS[change.kind], change.effective_on
        if change.kind == "retire":
            person.retired_on = change.effective_on
        if change.kind in ("leave", "transfer"):
            person.left_on = change.effective_on
    change.applied_at = utcnow()


def due_changes(session: Session, today: dt.date, orgs: Collection[int] | None = None) -> list[PersonChange]:
    """Changes (of these organisations) whose day has come and that are not yet applied, oldest first."""
    found = select(PersonChange).where(PersonChange.applied_at.is_(None), PersonChange.effective_on <= today)
    if orgs is not None:
        found = found.where(PersonChange.org_id.in_(orgs))
    return list(session.scalars(found.order_by(PersonChange.effective_on, PersonChange.id)))


def apply_due_changes(session: Session, today: dt.date, orgs: Collection[int] | None = None) -> int:
    """Apply every change (of these organisations) whose day has come; returns how many."""
    due = due_changes(session, today, orgs)
    for change in due:
        apply_change(change, change.person)
    session.flush()
    return len(due)
