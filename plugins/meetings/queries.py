"""What lists, cards and reports ask: in statements whose number does not grow with the rows."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from plugins.meetings import rules
from plugins.meetings.models import Attendance, Invitation, Meeting, Topic
from plugins.meetings.models_results import CoUnit, Minutes, Resolution
from portal.directory.models import Organisation


def resolution_counts(session: Session, today: dt.date) -> dict[str, int]:
    """Resolutions of the acting role by what is the matter with them."""
    late = and_(Resolution.state.in_(rules.OWED), Resolution.sort_due < today)
    found = session.execute(
        select(
            func.count(case((Resolution.state.in_(rules.RUNNING), 1))).label("running"), func.count(case((late, 1))).label("overdue"),
            func.count(case((Resolution.state == "review", 1))).label("review"), func.count(case((Resolution.extension_asked.is_not(None), 1))).label("asked"),
            func.count(case((Resolution.state == "done", 1))).label("done"),
        ).where(Resolution.state != "replaced")
    ).one()  # fmt: skip
    return dict(found._mapping)


def led_by(unit_id: int) -> Any:
    return Resolution.lead_id == unit_id


def helped_by(unit_id: int) -> Any:
    return Resolution.id.in_(select(CoUnit.resolution_id).where(CoUnit.unit_id == unit_id))


def next_meetings(session: Session, today: dt.date, limit: int = 3) -> list[Meeting]:
    found = select(Meeting).where(Meeting.state.in_(("scheduled", "notified", "sitting")), Meeting.day >= today)
    return list(session.scalars(found.order_by(Meeting.day, Meeting.id).limit(limit)))


def unanswered(session: Session, unit_id: int, today: dt.date) -> list[Any]:
    """Invitations of a unit that wait for an answer: id, meeting, title, day."""
    found = (
        select(Invitation.id, Meeting.id.label("meeting_id"), Meeting.title, Meeting.day)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Invitation.unit_id == unit_id, Invitation.told, Invitation.state == "invited", Meeting.state == "notified", Meeting.day >= today)
        .order_by(Meeting.day)
    )
    return list(session.execute(found))


def word_by_unit(session: Session, today: dt.date, first: dt.date | None = None, last: dt.date | None = None, unit_id: int | None = None) -> dict[int, rules.Word]:
    """How each unit kept its word, by the resolutions that it leads and that were agreed in a span of days."""
    found = select(Resolution.lead_id, Resolution.state, Resolution.due_on, Resolution.done_on).where(Resolution.lead_id.is_not(None), Resolution.state != "recorded")
    if first is not None:
        found = found.where(Resolution.agreed_on >= first)
    if last is not None:
        found = found.where(Resolution.agreed_on <= last)
    if unit_id is not None:
        found = found.where(Resolution.lead_id == unit_id)
    rows: dict[int, list[tuple[str, dt.date, dt.date | None]]] = {}
    for row in session.execute(found):
        rows.setdefault(row.lead_id, []).append((row.state, row.due_on, row.done_on))
    return {unit: rules.word_of(items, today) for unit, items in rows.items()}


@dataclass(frozen=True)
class UnitRow:
    """A unit in the report: invited, came, came by substitute, excused, and its word."""

    unit_id: int
    name: str
    invited: int
    came: int
    substitutes: int
    excused: int
    word: rules.Word

    @property
    def rate(self) -> int | None:
        return round(100 * self.came / self.invited) if self.invited else None


@dataclass(frozen=True)
class Period:
    """Everything that a half-year or yearly report says."""

    first: dt.date
    last: dt.date
    meetings: list[Meeting]
    units: list[UnitRow]
    topics: dict[str, int]
    states: dict[str, int]
    late: int
    months: list[tuple[str, int, int]]
    minutes_late: int
    disputes: int

    @property
    def held(self) -> list[Meeting]:
        return [meeting for meeting in self.meetings if meeting.state in rules.TOOK_PLACE]

    @property
    def resolutions(self) -> int:
        return sum(count for state, count in self.states.items() if state != "replaced")


def period(session: Session, first: dt.date, last: dt.date, today: dt.date) -> Period:
    """The figures of a span of days; eight statements however much there is."""
    meetings = list(session.scalars(select(Meeting).where(Meeting.day >= first, Meeting.day <= last, Meeting.state != "draft").order_by(Meeting.day, Meeting.id)))
    span = (Resolution.agreed_on >= first, Resolution.agreed_on <= last, Resolution.state != "recorded")
    states = {row.state: row.n for row in session.execute(select(Resolution.state, func.count().label("n")).where(*span).group_by(Resolution.state))}
    owed = (Resolution.agreed_on <= last, Resolution.state.in_(rules.OWED), Resolution.state != "recorded", Resolution.sort_due < today)
    late = session.scalar(select(func.count()).select_from(Resolution).where(*owed)) or 0
    topics = {
        row.category: row.n
        for row in session.execute(
            select(Topic.category, func.count().label("n")).where(Topic.proposed_on >= first, Topic.proposed_on <= last, Topic.state != "draft").group_by(Topic.category)
        )
    }  # fmt: skip
    settled = (
        select(func.count()).select_from(Topic).where(Topic.category == "职责争议", Topic.state == "discussed", Topic.proposed_on >= first, Topic.proposed_on <= last)
    )
    signed = (
        select(Minutes.signed_on, Minutes.due_on).join(Meeting, Meeting.id == Minutes.meeting_id).where(Minutes.edition == 1, Meeting.day >= first, Meeting.day <= last)
    )
    slow = sum(1 for row in session.execute(signed) if (row.signed_on or today) > row.due_on)
    return Period(
        first, last, meetings, unit_rows(session, first, last, today), topics, states, late, months_of(session, first, last), slow, session.scalar(settled) or 0
    )


def unit_rows(session: Session, first: dt.date, last: dt.date, today: dt.date) -> list[UnitRow]:
    """Attendance and word of each unit, in the order of the directory."""
    came = select(Attendance.invitation_id, func.max(case((Attendance.substitute, 1), else_=0)).label("stood_in")).group_by(Attendance.invitation_id).subquery()
    found = (
        select(
            Invitation.unit_id, func.count().label("invited"), func.count(came.c.invitation_id).label("came"),
            func.coalesce(func.sum(came.c.stood_in), 0).label("substitutes"),
            func.count(case((and_(Invitation.state == "excused", came.c.invitation_id.is_(None)), 1))).label("excused"),
        )
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .outerjoin(came, came.c.invitation_id == Invitation.id)
        .where(Meeting.state.in_(rules.TOOK_PLACE), Meeting.day >= first, Meeting.day <= last)
        .group_by(Invitation.unit_id)
    )  # fmt: skip
    attended = {row.unit_id: row for row in session.execute(found)}
    kept = word_by_unit(session, today, first, last)
    every = sorted({*attended, *kept})
    names = session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(every or [0])).order_by(Organisation.weight, Organisation.id))
    nothing = rules.Word(0, 0, 0, 0, 0)
    shown = []
    for row in names:
        seen, word = attended.get(row.id), kept.get(row.id, nothing)
        shown.append(
            UnitRow(row.id, row.name, seen.invited, seen.came, int(seen.substitutes), seen.excused, word) if seen else UnitRow(row.id, row.name, 0, 0, 0, 0, word)
        )
    return shown


def months_of(session: Session, first: dt.date, last: dt.date) -> list[tuple[str, int, int]]:
    """For each month of a span: resolutions that were due in it, and those of them that were done in time."""
    found: dict[str, list[int]] = {}
    day = first.replace(day=1)
    while day <= last:
        found[f"{day:%Y-%m}"] = [0, 0]
        day = (day + dt.timedelta(days=32)).replace(day=1)
    rows = select(Resolution.due_on, Resolution.done_on).where(Resolution.due_on >= first, Resolution.due_on <= last, Resolution.state.not_in(("recorded", "replaced")))
    for row in session.execute(rows):
        place = found[f"{row.due_on:%Y-%m}"]
        place[0] += 1
        place[1] += row.done_on is not None and row.done_on <= row.due_on
    return [(month, due, done) for month, (due, done) in found.items()]
