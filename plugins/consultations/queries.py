"""Questions to the tables, each one statement however many rows there are; who sees what is settled at the models."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

from flask import g
from sqlalchemy import ColumnElement, func, or_, select, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from plugins.consultations import rules
from plugins.consultations.models import Consultation, Expert, Inquiry, LibraryEntry, Opinion, Seat
from portal.audit.chain import record_key
from portal.audit.models import Event
from portal.database import db, read_beside
from portal.tenancy import crossing
from portal.web.history import changes as event_changes

MOST_LIVE = 500
SAME_STEP = dt.timedelta(seconds=3)
LOOKS = ("consultations.viewed", "consultations.downloaded", "consultations.kept_from", "consultations.exported")


def matching(query: str) -> ColumnElement[bool]:
    """By number, title, case number, and facts."""
    columns = (Consultation.number, Consultation.title, Consultation.case_no, Consultation.facts)
    return or_(*(column.contains(query, autoescape=True) for column in columns))


def in_field(name: str) -> ColumnElement[bool]:
    """Experts of a field; fields are kept as a list in JSON."""
    return type_coerce(Expert.fields, Text).contains(f'"{name}"', autoescape=True)


def states() -> Counter[tuple[str, str, bool]]:
    """How many consultations by state, by the state of the answer, and whether they wait for the acting account's approval."""
    if "consultation_states" not in g:
        columns = (Consultation.state, Consultation.answer_state, Consultation.approver_id, func.count())
        rows = db.session.execute(select(*columns).where(Consultation.sort_due < rules.FOREVER).group_by(*columns[:3])).all()
        quiet = select(*columns).where(Consultation.state.in_(("approving", "returned", "accepted", "summing", "answered"))).group_by(*columns[:3])
        found: Counter[tuple[str, str, bool]] = Counter()
        for state, answer, approver, count in [*rows, *db.session.execute(quiet)]:
            found[(state, answer, approver == g.account.id)] += count
        g.consultation_states = found
    counted: Counter[tuple[str, str, bool]] = g.consultation_states
    return counted


def in_state(state: str, answer: str | None = None, *, for_me: bool = False) -> int:
    return sum(count for (code, answered, mine), count in states().items() if code == state and answer in (None, answered) and (mine or not for_me))


def overdue(today: dt.date) -> int:
    return db.session.scalar(select(func.count()).select_from(Consultation).where(Consultation.sort_due < today)) or 0


def my_seats() -> Counter[str]:
    """Seats of the acting account, where it acts, by state; of consultations that are over, none."""
    if "consultation_seats" not in g:
        own = (Seat.account_id == g.account.id, Seat.member_org_id == g.grant.org_id, Seat.state.in_(rules.SEAT_OWING))
        rows = db.session.execute(select(Seat.state, func.count()).where(*own).group_by(Seat.state))
        g.consultation_seats = Counter({row[0]: row[1] for row in rows})
    counted: Counter[str] = g.consultation_seats
    return counted


def open_inquiries() -> int:
    live = select(Consultation.id).where(Consultation.state.in_(("collecting", "summing")))
    waiting = select(func.count()).select_from(Inquiry).where(Inquiry.replied_at.is_(None), Inquiry.consultation_id.in_(live))
    return db.session.scalar(waiting) or 0


def unchecked() -> int:
    return db.session.scalar(select(func.count()).select_from(LibraryEntry).where(LibraryEntry.state == "checking")) or 0


def owner_of(consultation_id: int) -> int | None:
    """The town of a consultation that is there, whoever asks: for the event that it was asked for in vain."""
    table: Any = Consultation.__table__
    rows = read_beside(select(table.c.org_id, table.c.state).where(table.c.id == consultation_id))
    return int(rows[0].org_id) if rows else None


def seat_owner(seat_id: int) -> tuple[int, int] | None:
    """The consultation of a seat that is there and its town, whoever asks."""
    table: Any = Seat.__table__
    rows = read_beside(select(table.c.consultation_id, table.c.org_id).where(table.c.id == seat_id))
    return (int(rows[0].consultation_id), int(rows[0].org_id)) if rows else None


def sealed_match(session: Session, query: str) -> tuple[int, int] | None:
    """A consultation that the acting account knows and where another's opinion, still hidden from it, holds these words."""
    if len(query) < 2:
        return None
    live = select(Consultation.id, Consultation.state).where(Consultation.state.in_(("collecting", "summing"))).limit(MOST_LIVE)
    known = {row.id: row.state for row in session.execute(live)}
    owing = select(Seat.consultation_id).where(Seat.account_id == g.account.id, Seat.state.in_(rules.SEAT_OWING))
    owed = select(Consultation.id).where(func.coalesce(Consultation.main_id, Consultation.id).in_(owing))
    hidden = [key for key, state in known.items() if state == "collecting"] + list(session.scalars(owed) if my_seats() else ())
    if not hidden:
        return None
    words = or_(type_coerce(Opinion.answers, Text).contains(query, autoescape=True), Opinion.remark.contains(query, autoescape=True))
    found = select(Opinion.consultation_id, Opinion.org_id).where(Opinion.consultation_id.in_(hidden), Opinion.account_id != g.account.id, words).limit(1)
    with crossing("consultations.sealed", "search", unguarded=True):
        row = session.execute(found).first()
    return (row.consultation_id, row.org_id) if row else None


def opinions(session: Session, consultation: Consultation) -> list[tuple[Seat, Opinion]]:
    """The opinions of its panel on a file, as far as whoever is acting may read them, in the order of the seats."""
    both = select(Seat, Opinion).join(Opinion, Opinion.seat_id == Seat.id).where(Seat.consultation_id == consultation.panel_of)
    found = both.where(Opinion.consultation_id == consultation.id, Seat.state == "submitted").order_by(Seat.id)
    return [(row.Seat, row.Opinion) for row in session.execute(found)]


def looks(consultation: Consultation, limit: int = 100) -> list[Event]:
    """Who looked at the file and who tried to, newest first.

    While opinions are hidden, searches for their words are left to the auditor: here they would tell that a word was found.
    """
    name = "consultations.consultation"
    found = select(Event).where(Event.record_key == record_key(name, consultation.id), Event.record_type == name, Event.action.in_(LOOKS))
    listed = db.session.scalars(found.order_by(Event.at.desc(), Event.seq.desc()).limit(limit))
    return [event for event in listed if consultation.state in rules.OPINIONS_SHOWN or '"search"' not in (event.after or "")]


def steps(consultation_id: int, limit: int = 40) -> list[Event]:
    """What was done with a consultation, without the looks at it."""
    name = "consultations.consultation"
    found = select(Event).where(Event.record_key == record_key(name, consultation_id), Event.record_type == name, Event.action.not_in(LOOKS))
    listed = list(db.session.scalars(found.order_by(Event.at.desc(), Event.seq.desc()).limit(limit)))
    return [event for place, event in enumerate(listed) if event_changes(event) or event.reason or not _told_beside(listed, place)]


def _told_beside(events: list[Event], place: int) -> bool:
    """Whether a neighbour tells the same step: one step writes several times, and only some of it is shown."""
    this = events[place]

    def same(other: Event) -> bool:
        return (other.action, other.actor_id) == (this.action, this.actor_id) and abs(other.moment - this.moment) < SAME_STEP

    later = place > 0 and same(events[place - 1])
    return later or (place + 1 < len(events) and same(events[place + 1]) and bool(event_changes(events[place + 1])))
