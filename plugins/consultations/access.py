"""The access list of a consultation, and the events of looking at its file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations.models import Access, Consultation, Seat
from portal import audit
from portal.inbox.service import NewNotice, notify_many
from portal.work import unit_of_work

CASE = "consultations.consultation"


def give(session: Session, consultation: Consultation, account_id: int, org_id: int, part: str, name: str, today: dt.date) -> None:
    """Open a file to an account that acts in an organisation, once. The caller's scope reaches the file."""
    same = select(Access.id).where(
        Access.consultation_id == consultation.id, Access.account_id == account_id, Access.member_org_id == org_id, Access.part == part
    )  # fmt: skip
    if session.scalars(same).first() is not None:
        return
    with unit_of_work("consultations.access_given") as writer:
        writer.add(Access(org_id=consultation.org_id, consultation_id=consultation.id, account_id=account_id, member_org_id=org_id, part=part, name=name, since=today))


def take(session: Session, consultation_ids: Iterable[int], account_id: int, part: str) -> None:
    """Close files to an account again."""
    found = select(Access).where(Access.consultation_id.in_(list(consultation_ids)), Access.account_id == account_id, Access.part == part)
    with unit_of_work("consultations.access_taken") as writer:
        for row in session.scalars(found).all():
            writer.delete(row)


def holders(session: Session, consultation_id: int) -> list[Access]:
    """Who may read the file, handlers first."""
    return list(session.scalars(select(Access).where(Access.consultation_id == consultation_id).order_by(Access.part, Access.id)))


def viewed(consultation: Consultation, what: str) -> None:
    """Looking at a file is an event, whoever looks."""
    audit.note("consultations.viewed", record=consultation, detail={"page": what})


def downloaded(consultation: Consultation, what: str) -> None:
    """So is taking something along."""
    audit.note("consultations.downloaded", record=consultation, detail={"file": what})


def refused(consultation_id: int, org_id: int, way: str) -> None:
    """Somebody tried to read what is not yet theirs to read: an event of the asking town's chain says by which way."""
    audit.note("consultations.kept_from", record_type=CASE, record_id=consultation_id, chain_id=org_id, detail={"way": way}, result="denied")


def tell(session: Session, consultation: Consultation, title: str, key: str, accounts: Iterable[tuple[int, int]] = (), *, url: str = "", convener: bool = False,
         body: str = "", urgent: bool = False) -> None:  # fmt: skip
    """Notices to accounts in the organisation where they act, and to the convener. They name the number, never the case."""
    page = url or f"/consultations/{consultation.id}"
    name = f"consultations.{consultation.id}:{key}"
    urgent = urgent or consultation.urgency == "urgent"
    notices = [NewNotice(account_id=account, org_id=org, title=title, body=body, url=page, key=name, urgent=urgent) for account, org in accounts]
    if convener:
        notices.append(NewNotice(role="supervisor", title=title, body=body, url=page, key=name, urgent=urgent))
    notify_many(session, notices)


def town_side(session: Session, consultation_id: int) -> list[tuple[int, int]]:
    """Handlers and approver, for notices."""
    rows = session.execute(select(Access.account_id, Access.member_org_id).where(Access.consultation_id == consultation_id, Access.part != "panel"))
    return [(row.account_id, row.member_org_id) for row in rows]


def panel_side(session: Session, consultation_id: int, states: tuple[str, ...]) -> list[tuple[int, int]]:
    """Members in given states, for notices. ``consultation_id``: the one whose panel it is."""
    rows = session.execute(select(Seat.account_id, Seat.member_org_id).where(Seat.consultation_id == consultation_id, Seat.state.in_(states)))
    return [(row.account_id, row.member_org_id) for row in rows]
