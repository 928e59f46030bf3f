"""日历文件 (RFC 5545): meetings for Outlook and telephones, and calendars of others read without trust.

One meeting is one event: the same UID for ever, a SEQUENCE that rises with each change or cancellation, times in the
office's time zone with its VTIMEZONE.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask_babel import gettext as _
from icalendar import Calendar, Event, vCalAddress, vText

from plugins.meetings import telling
from plugins.meetings.models import Meeting
from portal.config import current_settings
from portal.documents import in_chinese
from portal.errors import Refused
from portal.text import seen

PRODUCT = "-//town enforcement portal//meetings//ZH"
MOST_BYTES = 1_000_000
MOST_EVENTS = 500
LONGEST_EVENT = dt.timedelta(days=31)


@in_chinese
def calendar(meetings: Iterable[Meeting], *, method: str = "PUBLISH", name: str = "") -> bytes:
    """A calendar of meetings. ``method``: REQUEST for one invitation, CANCEL for a cancellation, PUBLISH for a subscription."""
    book = Calendar()
    book.add("prodid", PRODUCT)
    book.add("version", "2.0")
    book.add("calscale", "GREGORIAN")
    book.add("method", method)
    if name:
        book.add("x-wr-calname", name)
        book.add("x-wr-timezone", str(current_settings().zone))
    for meeting in meetings:
        book.add_component(_event(meeting))
    book.add_missing_timezones()
    return bytes(book.to_ical())


def one(meeting: Meeting) -> bytes:
    """The calendar file of a notice, of its change or of its cancellation."""
    return calendar([meeting], method="CANCEL" if meeting.state == "cancelled" else "REQUEST")


def _event(meeting: Meeting) -> Event:
    event = Event()
    event.add("uid", meeting.uid)
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.changed_at)
    event.add("last-modified", meeting.changed_at)
    event.add("dtstart", telling.local(meeting.starts_at))
    event.add("dtend", telling.local(meeting.ends_at))
    mark = _("【已取消】") if meeting.state == "cancelled" else ""
    event.add("summary", f"{mark}{meeting.title}")
    event.add("location", meeting.place)
    event.add("status", "CANCELLED" if meeting.state == "cancelled" else "CONFIRMED")
    address = telling.absolute(f"/meetings/{meeting.id}")
    if address:
        event.add("url", address)
    told = [_("通知编号：%(n)s", n=meeting.notice_number) if meeting.notice_number else "", meeting.note, meeting.state_reason, address]
    event.add("description", "\n".join(part for part in told if part))
    organizer = vCalAddress("mailto:noreply@portal.invalid")
    organizer.params["CN"] = vText(_("联席会议办公室"))
    event.add("organizer", organizer)
    return event


@dataclass(frozen=True)
class Taken:
    """A span of a calendar that was read, and the time zone that it named."""

    uid: str
    title: str
    start: dt.datetime
    end: dt.datetime
    zone: str


@dataclass(frozen=True)
class Reading:
    """What a calendar file held: spans, and in words what was assumed or left out."""

    taken: tuple[Taken, ...]
    remarks: tuple[str, ...]


def read(data: bytes) -> Reading:
    """The spans of a calendar file. Times with a zone are converted, times without one are those of the office, which is said.

    Raises Refused for what is no calendar or is too large.
    """
    if len(data) > MOST_BYTES:
        raise Refused(_("日历文件过大（最多 1 MB）。"), field="file")
    try:
        books = Calendar.from_ical(data.decode("utf-8-sig", "replace"), multiple=True)
        events = [event for book in books for event in book.walk("VEVENT")]
    except Exception:
        raise Refused(_("不是可读取的日历文件（.ics）。"), field="file") from None
    if not events:
        raise Refused(_("日历文件中没有日程。"), field="file")
    if len(events) > MOST_EVENTS:
        raise Refused(_("一次最多读取 %(n)s 条日程。", n=MOST_EVENTS), field="file")
    taken: dict[str, Taken] = {}
    remarks: list[str] = []
    for number, event in enumerate(events, 1):
        try:
            found = _taken(event, number, remarks)
        except Exception:
            remarks.append(_("第 %(n)s 条的时间无法识别，未读取。", n=number))
            continue
        if found is not None:
            taken[found.uid] = found
    return Reading(tuple(taken.values()), tuple(dict.fromkeys(remarks)))


def _taken(event: Any, number: int, remarks: list[str]) -> Taken | None:
    if str(event.get("status", "")).upper() == "CANCELLED" or str(event.get("transp", "")).upper() == "TRANSPARENT":
        return None
    start, zone = _moment(event["dtstart"], number, remarks)
    if event.get("dtend") is not None:
        end, _zone = _moment(event["dtend"], number, remarks)
    else:
        length = event.get("duration")
        whole_day = not isinstance(event["dtstart"].dt, dt.datetime)
        end = start + (length.dt if length is not None else dt.timedelta(days=1) if whole_day else dt.timedelta(hours=1))
    if not start < end <= start + LONGEST_EVENT or not 2000 <= start.year <= 2100:
        remarks.append(_("第 %(n)s 条的起止时间不合理，未读取。", n=number))
        return None
    if event.get("rrule") is not None:
        remarks.append(_("第 %(n)s 条是重复日程，只读取第一次。", n=number))
    title = " ".join(seen(str(event.get("summary", ""))).split())[:120] or _("（无标题）")
    uid = seen(str(event.get("uid", "")))[:160] or f"{start.isoformat()}/{title}"
    return Taken(uid[:200], title, start, end, zone)


def _moment(prop: Any, number: int, remarks: list[str]) -> tuple[dt.datetime, str]:
    """A time of a calendar as a moment, and the zone that it named."""
    office, value = current_settings().zone, prop.dt
    if not isinstance(value, dt.datetime):
        return dt.datetime.combine(value, dt.time(), tzinfo=office).astimezone(dt.UTC), ""
    named = str(prop.params.get("TZID", "")) if hasattr(prop, "params") else ""
    if value.tzinfo is None:
        if named:
            try:
                return value.replace(tzinfo=ZoneInfo(named)).astimezone(dt.UTC), named
            except (ZoneInfoNotFoundError, ValueError, OSError):
                remarks.append(_("第 %(n)s 条的时区“%(zone)s”不认识，按 %(office)s 处理。", n=number, zone=named[:40], office=str(office)))
        else:
            remarks.append(_("第 %(n)s 条没有时区，按 %(office)s 处理。", n=number, office=str(office)))
        return value.replace(tzinfo=office).astimezone(dt.UTC), ""
    if named and named != str(office):
        remarks.append(_("第 %(n)s 条按时区“%(zone)s”换算为 %(office)s。", n=number, zone=named[:40], office=str(office)))
    return value.astimezone(dt.UTC), named or "UTC"
