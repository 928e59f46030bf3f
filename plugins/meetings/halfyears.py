"""半年例会: whether each half-year had its regular meeting; missed is missed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.meetings import figures, rules, telling, words
from plugins.meetings.models import Conference, Meeting
from plugins.meetings.models_results import HalfYear
from portal.errors import NotFound, Refused
from portal.work import unit_of_work

RECORDING = dt.timedelta(days=15)
"""How long after a half-year a meeting on its last days may still be written down as held."""


@dataclass(frozen=True)
class Verdict:
    """A half-year as it stands on a day."""

    half: rules.Half
    state: str
    meeting: Meeting | None
    warned_on: dt.date | None
    reason: str

    @property
    def title(self) -> str:
        return words.half(self.half)


def first_day(session: Session, conference: Conference) -> dt.date | None:
    """The day from which half-years are asked after: that of the first member's joining."""
    from plugins.meetings.models import Membership

    return session.scalar(select(func.min(Membership.since)).where(Membership.conference_id == conference.id))


def regular(session: Session, org_id: int, first: dt.date) -> list[Meeting]:
    found = select(Meeting).where(Meeting.org_id == org_id, Meeting.kind == "regular", Meeting.day >= first).order_by(Meeting.day, Meeting.id)
    return list(session.scalars(found))


def state_of(half: rules.Half, meetings: list[Meeting], today: dt.date, warn_days: int) -> tuple[str, Meeting | None]:
    """The state of a half-year, and the meeting that made it so."""
    held = [meeting for meeting in meetings if meeting.state in rules.TOOK_PLACE and meeting.quorate]
    planned = [meeting for meeting in meetings if meeting.state in (*rules.TO_COME, "sitting") and meeting.day >= today]
    state = rules.half_state(half, today, [meeting.day for meeting in held], [meeting.day for meeting in planned], warn_days)
    if state == "missed" and today <= rules.half_end(half) + RECORDING:
        late = [meeting for meeting in meetings if meeting.state in ("notified", "sitting") and rules.half_of(meeting.day) == half]
        if late:
            return "planned", late[-1]
    of_half = [meeting for meeting in (held if state == "met" else planned) if rules.half_of(meeting.day) == half]
    return state, of_half[0] if of_half and state in ("met", "planned") else None


def overview(session: Session, today: dt.date, count: int = 6) -> list[Verdict]:
    """The last half-years and the present one, newest first. What was judged as missed stays missed."""
    conference = telling.conference_of(session, needed=False)
    first = first_day(session, conference) if conference is not None else None
    if conference is None or first is None or first > today:
        return []
    halves = rules.halves_between(first, today)[-count:]
    meetings = regular(session, conference.org_id, rules.half_begin(halves[0]))
    known = {(row.year, row.half): row for row in session.scalars(select(HalfYear).where(HalfYear.org_id == conference.org_id))}
    warn_days = figures.figure(figures.WARN_DAYS, None, today)
    found = []
    for half in reversed(halves):
        state, meeting = state_of(half, meetings, today, warn_days)
        row = known.get(half)
        if row is not None and row.state == "missed":
            state, meeting = "missed", None
        found.append(Verdict(half, state, meeting, row.warned_on if row else None, row.reason if row else ""))
    return found


def judge(session: Session, today: dt.date) -> dict[str, int]:
    """What the job does: warn of the running half-year, record what became of those that are over. Twice does no more than once."""
    done = {"warned": 0, "missed": 0, "met": 0}
    conference = telling.conference_of(session, needed=False)
    first = first_day(session, conference) if conference is not None else None
    if conference is None or first is None or first > today:
        return done
    halves = rules.halves_between(first, today)
    meetings = regular(session, conference.org_id, rules.half_begin(halves[0]))
    known = {(row.year, row.half): row for row in session.scalars(select(HalfYear).where(HalfYear.org_id == conference.org_id))}
    warn_days = figures.figure(figures.WARN_DAYS, None, today)
    for half in halves:
        state, meeting = state_of(half, meetings, today, warn_days)
        row = known.get(half)
        if state in ("met", "missed", "warned") and (row is None or (row.state == "warned" and state != "warned")):
            if row is None:
                row = HalfYear(org_id=conference.org_id, year=half[0], half=half[1], state=state)
                session.add(row)
            row.state, row.meeting_id = state, meeting.id if meeting is not None else None
            if state == "warned":
                row.warned_on = today
            else:
                row.judged_on = today
            session.flush()
            done[state] += 1
            _tell(session, conference, half, state)
    return done


def _tell(session: Session, conference: Conference, half: rules.Half, state: str) -> None:
    name = words.half(half)
    roles = (*telling.OFFICE, "conference_chair")
    key = f"half:{half[0]}-{half[1]}:{state}"
    if state == "warned":
        text = _("%(half)s例会尚未安排，%(day)s 前须召开。", half=name, day=rules.half_end(half))
        telling.tell_office(session, conference.org_id, text, key, url="/meetings/new", roles=roles)
    elif state == "missed":
        telling.tell_office(session, conference.org_id, _("%(half)s 未召开例会。", half=name), key, url="/meetings/halves", roles=(*roles, "supervisor"))


def explain(year: int, half: int, reason: str) -> None:
    """What the office says about a half-year that was missed; the verdict stays."""
    with unit_of_work("meetings.half_year_explained", reason=reason) as session:
        conference = telling.conference_of(session)
        assert conference is not None
        row = session.scalars(select(HalfYear).where(HalfYear.org_id == conference.org_id, HalfYear.year == year, HalfYear.half == half)).one_or_none()
        if row is None:
            raise NotFound(_("没有找到这条记录。"))
        if row.state != "missed":
            raise Refused(_("只有未召开的半年需要说明。"))
        row.reason = reason.strip()[:1000]
