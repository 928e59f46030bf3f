"""A reader of calendar files that knows nothing of the library that writes them: RFC 5545, lines and time zones by hand."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo


def unfold(data: bytes) -> list[str]:
    """The lines of a calendar file; each ends with CRLF and none is longer than 75 octets."""
    text = data.decode("utf-8")
    assert all(len(line) <= 75 for line in data.split(b"\r\n")) and "\n" not in text.replace("\r\n", "")
    return re.sub(r"\r\n[ \t]", "", text).strip().split("\r\n")


def offset_in(lines: list[str], zone: str, moment: dt.datetime) -> dt.timedelta:
    """The offset that the file's own VTIMEZONE gives to a local time: that of the observance that began last."""
    inside, found, begins, offset = False, [], [], dt.timedelta()
    for line in lines:
        name, _colon, value = line.partition(":")
        name = name.split(";")[0]
        if name == "BEGIN" and value == "VTIMEZONE":
            inside = False
        elif name == "TZID" and value == zone:
            inside = True
        elif inside and name in ("DTSTART", "RDATE"):
            begins += [dt.datetime.strptime(part, "%Y%m%dT%H%M%S") for part in value.split(",")]
        elif inside and name == "TZOFFSETTO":
            offset = dt.timedelta(hours=int(value[1:3]), minutes=int(value[3:5])) * (-1 if value[0] == "-" else 1)
        elif inside and name == "END" and value in ("STANDARD", "DAYLIGHT"):
            found += [(begin, offset) for begin in begins]
            begins = []
        elif name == "END" and value == "VTIMEZONE":
            inside = False
    return max((begin, offset) for begin, offset in found if begin <= moment)[1]


def read(data: bytes) -> tuple[dict[str, str], list[dict[str, object]]]:
    """The properties of a calendar and its events; times as moments in UTC, by the zone that the file itself defines."""
    lines, calendar, events = unfold(data), {}, []
    assert lines[0] == "BEGIN:VCALENDAR" and lines[-1] == "END:VCALENDAR"
    stack: list[str] = []
    for line in lines:
        head, _colon, value = line.partition(":")
        name, *parameters = head.split(";")
        if name == "BEGIN":
            stack.append(value)
            if value == "VEVENT":
                events.append({})
        elif name == "END":
            assert stack.pop() == value
        elif stack == ["VCALENDAR"]:
            calendar[name] = value
        elif stack[-1:] == ["VEVENT"]:
            zone = dict(item.split("=", 1) for item in parameters).get("TZID")
            events[-1][name] = moment(lines, value, zone) if name.startswith("DT") else value.replace("\\n", "\n").replace("\\,", ",").replace("\\;", ";")
            if zone:
                events[-1]["ZONE"] = zone
                naive = dt.datetime.strptime(value, "%Y%m%dT%H%M%S")
                assert naive.replace(tzinfo=ZoneInfo(zone)).astimezone(dt.UTC) == events[-1][name]
    return calendar, events


def moment(lines: list[str], value: str, zone: str | None) -> dt.datetime:
    if value.endswith("Z"):
        return dt.datetime.strptime(value, "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
    assert zone, "a time without a zone floats"
    naive = dt.datetime.strptime(value, "%Y%m%dT%H%M%S")
    return (naive - offset_in(lines, zone, naive)).replace(tzinfo=dt.UTC)
