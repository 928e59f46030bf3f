"""Calendar files of sessions (RFC 5545): one UID a session, a higher SEQUENCE with every change, CANCELLED when it is."""

from __future__ import annotations

from collections.abc import Iterable

from icalendar import Calendar, Event

from plugins.training import rules
from plugins.training.models import Training
from portal.config import current_settings
from portal.database import utcnow


def calendar(trainings: Iterable[tuple[Training, str]], *, single: bool = False) -> bytes:
    """A calendar file of sessions with their places."""
    found = Calendar()
    found.add("prodid", "-//portal//training//ZH")
    found.add("version", "2.0")
    listed = list(trainings)
    if single:
        found.add("method", "CANCEL" if listed[0][0].state == "cancelled" else "PUBLISH")
    for training, place in listed:
        found.add_component(_event(training, place))
    found.add_missing_timezones()
    content: bytes = found.to_ical()
    return content


def _event(training: Training, place: str) -> Event:
    zone = current_settings().zone
    event = Event()
    event.add("uid", f"{training.uid}@training")
    event.add("sequence", training.sequence)
    event.add("dtstamp", utcnow())
    event.add("dtstart", training.starts_at.astimezone(zone))
    event.add("dtend", training.ends_at.astimezone(zone))
    event.add("summary", training.title)
    event.add("location", place)
    event.add("status", "CANCELLED" if training.state == "cancelled" else "CONFIRMED")
    event.add("description", f"{training.number} {training.organiser_name} {training.lecturer} {rules.hours(training.halves)}学时\n{training.content}".strip())
    return event
