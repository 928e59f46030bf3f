"""Meetings that other modules ask for, e.g. of a consultation: they stand in the office's calendar and are nobody else's.

No unit is invited here: whoever asked tells those who come, so that a confidential matter is not seen by the colleagues of
its members. Whoever asks chooses a title that tells nothing of the matter.
"""

from __future__ import annotations

import datetime as dt

from flask import url_for
from sqlalchemy.orm import Session

from plugins.meetings import planning, telling
from plugins.meetings.models import Meeting
from portal.context import current_actor
from portal.contract import MeetingRequest, ScheduledMeeting
from portal.database import db
from portal.records.links import link, links_of

RECORD = "meetings.meeting"


def arrange(request: MeetingRequest) -> ScheduledMeeting | None:
    """Put a meeting into the office's calendar, or move the one that was put there before. None where there is no such office."""
    session = db.session()
    conference = telling.conference_of(session, needed=False)
    if conference is None or conference.org_id != current_actor().org_id:
        return None
    begin, end = request.starts_at, request.starts_at + dt.timedelta(minutes=request.minutes)
    meeting = _before(session, request)
    if meeting is None:
        meeting = planning.create(session, "adhoc", begin, end, request.place)
        link(session, (request.record_type, request.record_id), (RECORD, meeting.id), "meeting", request.org_id)
    elif (meeting.starts_at, meeting.place) != (begin, request.place):
        meeting.sequence += 1
    meeting.title, meeting.place = request.title[:120], request.place
    meeting.starts_at, meeting.ends_at, meeting.day = begin, end, telling.local(begin).date()
    session.flush()
    return ScheduledMeeting(f"{RECORD}:{meeting.id}", url_for("meetings.detail", meeting_id=meeting.id))


def _before(session: Session, request: MeetingRequest) -> Meeting | None:
    """The meeting that was arranged for the record and is still to be planned."""
    for item in links_of(session, (request.record_type, request.record_id)):
        if item.kind == "meeting" and item.to_type == RECORD:
            found = planning.find(session, item.to_id)
            if found.state in planning.EDITABLE:
                return found
    return None
