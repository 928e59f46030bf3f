"""The consultation's meeting as a calendar file, where date and place are kept here (RFC 5545)."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext as _

from plugins.consultations.models import Consultation
from portal.config import current_settings
from portal.database import utcnow

LENGTH = dt.timedelta(hours=2)


def calendar(consultation: Consultation) -> bytes:
    """An appointment: the number stands for the case, which is not named."""
    from icalendar import Calendar, Event

    assert consultation.meeting_at is not None
    at = consultation.meeting_at.astimezone(current_settings().zone)
    event = Event()
    event.add("uid", f"consultation-{consultation.id}@portal")
    event.add("sequence", consultation.version)
    event.add("dtstamp", utcnow())
    event.add("dtstart", at)
    event.add("dtend", at + LENGTH)
    event.add("summary", _("案件联合会商 %(number)s", number=consultation.number))
    event.add("location", consultation.meeting_place)
    event.add("class", "CONFIDENTIAL")
    book = Calendar()
    book.add("prodid", "-//portal//consultations//")
    book.add("version", "2.0")
    book.add("method", "PUBLISH")
    book.add_component(event)
    book.add_missing_timezones()
    return bytes(book.to_ical())
