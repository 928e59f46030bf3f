"""What happens to people: changes that take effect on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.auth.operations import close_access
from portal.database import utcnow
from portal.directory.models import Person, PersonChange, id_number_indexes
from portal.tenancy import crossing

STATUS = {"retire": "退休", "leave": "离职", "transfer": "调离", "off_post": "离岗", "on_post": "在岗"}
CARRIED = ("name", "gender", "position", "category", "has_legal_qualification", "legal_qualification_no", "education", "probation_until")
LEAVING = ("retire", "leave", "transfer", "move")
"""Changes with which access to the portal ends, the same day."""
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
        apply_change(session, change, person)
        session.flush()
    return change


def apply_change(session: Session, change: PersonChange, person: Person) -> None:
    """Let a change take effect on the person."""
    if change.kind == "employment":
        person.employment_type = change.new_value
    elif change.kind == "move" and change.to_org_id:
        person.post_status, person.post_status_on, person.left_on = "调离", change.effective_on, change.effective_on
        _arrive(session, person, change.to_org_id)
    elif change.kind in STATUS:
        person.post_status, person.post_status_on = STATUS[change.kind], change.effective_on
        if change.kind == "retire":
            person.retired_on = change.effective_on
        if change.kind in ("leave", "transfer"):
            person.left_on = change.effective_on
    if change.kind in LEAVING and person.account_id is not None:
        close_access(session, person.account_id, person.org_id, change.effective_on)
    change.applied_at = utcnow()


def _arrive(session: Session, person: Person, org_id: int) -> None:
    """The person begins anew in another town; what happened in the old one stays there with the old entry."""
    with crossing("directory.move", "a person moves to another town"):
        number = person.id_number()
        known = select(Person).where(Person.org_id == org_id, Person.id_number_index.in_(id_number_indexes(number)))
        arrived = session.scalars(known).first() if number else None
        if arrived is not None:
            arrived.post_status, arrived.post_status_on, arrived.left_on = "在岗", person.post_status_on, None
        else:
            arrived = Person(org_id=org_id, employment_type=person.employment_type, **{key: getattr(person, key) for key in CARRIED})
            if number:
                arrived.set_id_number(number)
            session.add(arrived)
        session.flush()


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
        apply_change(session, change, change.person)
    session.flush()
    return len(due)
