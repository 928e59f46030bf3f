"""Notices as calendar files read by another program, the private subscription, and calendars of others read without trust."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from plugins.meetings import ics, planning, subscribing
from plugins.meetings.models import Meeting
from portal.database import db
from portal.errors import Refused
from tests.plugins.meetings import calendars
from tests.plugins.meetings.helpers import TODAY, D, acting, do, fetch, found, meeting, notified

UTC = dt.UTC


def test_a_moved_and_a_cancelled_meeting_are_one_event_for_another_program(app, world, login):
    found(app, world)
    key = notified(app, world, D(2026, 12, 15), TODAY, title="岁末专项行动部署会，含逗号；分号")
    first, (event,) = calendars.read(login("jn_head").get(f"/meetings/{key}/event.ics").data)
    assert first["METHOD"] == "REQUEST" and first["VERSION"] == "2.0"
    assert (event["SEQUENCE"], event["STATUS"], event["ZONE"], event["SUMMARY"]) == ("0", "CONFIRMED", "Asia/Shanghai", "岁末专项行动部署会，含逗号；分号")
    assert event["DTSTART"] == dt.datetime(2026, 12, 15, 1, 30, tzinfo=UTC) and event["DTEND"] == dt.datetime(2026, 12, 15, 3, 30, tzinfo=UTC)
    do(app, world, key, "move", TODAY, day=D(2026, 12, 17), start=dt.time(14, 30), end=dt.time(16), place="区政府第二会议室", reason="会场冲突")
    second, (moved,) = calendars.read(login("jn_head").get(f"/meetings/{key}/event.ics").data)
    assert (second["METHOD"], moved["UID"], moved["SEQUENCE"], moved["LOCATION"]) == ("REQUEST", event["UID"], "1", "区政府第二会议室")
    assert moved["DTSTART"] == dt.datetime(2026, 12, 17, 6, 30, tzinfo=UTC) and moved["DTSTAMP"] >= event["DTSTAMP"]
    do(app, world, key, "cancel", TODAY, reason="并入其他会议")
    third, (gone,) = calendars.read(login("ga_liaison").get(f"/meetings/{key}/event.ics").data)
    assert (third["METHOD"], gone["UID"], gone["SEQUENCE"], gone["STATUS"]) == ("CANCEL", event["UID"], "2", "CANCELLED")
    assert "并入其他会议" in gone["DESCRIPTION"]


def test_who_is_not_invited_gets_no_file(app, world, login):
    found(app, world, units=("jiangnan",))
    key = notified(app, world, D(2026, 12, 15), TODAY, kind="adhoc")
    assert login("gl_head").get(f"/meetings/{key}/event.ics").status_code == 404
    planned = meeting(app, world, D(2026, 12, 16), TODAY, kind="adhoc")
    assert login("jn_head").get(f"/meetings/{planned}/event.ics").status_code == 404


def test_a_private_address_needs_no_session_and_dies_when_renewed(app, world, login, post):
    found(app, world, units=("jiangnan",))
    key = notified(app, world, D(2026, 12, 15), TODAY, kind="adhoc")
    meeting(app, world, D(2026, 12, 16), TODAY, kind="adhoc")
    client, stranger = login("jn_head"), app.test_client()

    def made(who):
        page = post(who, "/meetings/calendar/feed", page="/meetings/calendar").get_data(as_text=True)
        return re.search(r"/meetings/calendar/[\w-]+\.ics", page)[0]

    address = made(client)
    calendar, events = calendars.read(stranger.get(address).data)
    assert calendar["METHOD"] == "PUBLISH" and [event["UID"] for event in events] == [fetch(Meeting, key).uid]
    other = made(login("gl_head"))
    assert calendars.read(stranger.get(other).data)[1] == []
    fresh = made(client)
    assert stranger.get(address).status_code == 404 and stranger.get(fresh).status_code == 200
    assert address.split("/")[-1][:-4] not in client.get("/meetings/calendar").get_data(as_text=True)
    from portal.work import unit_of_work

    with unit_of_work("test.lock") as session:
        session.get(type(world.account("jn_head")), world.account("jn_head").id).active = False
    assert stranger.get(fresh).status_code == 404
    assert app.test_client().get("/meetings/calendar/" + "x" * 43 + ".ics").status_code == 404


def test_many_wrong_addresses_wait(app_sqlite, world):
    client = app_sqlite.test_client()
    states = [client.get(f"/meetings/calendar/{n:043d}.ics").status_code for n in range(22)]
    assert states[:20] == [404] * 20 and states[-1] == 429


CALENDAR = b"""BEGIN:VCALENDAR\r
VERSION:2.0\r
PRODID:-//x//y//EN\r
BEGIN:VEVENT\r
UID:a\r
SUMMARY:Berlin call\r
DTSTART;TZID=Europe/Berlin:20261215T090000\r
DTEND;TZID=Europe/Berlin:20261215T100000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:b\r
SUMMARY:\xe5\x85\x9a\xe5\xa7\x94\xe4\xbc\x9a\r
DTSTART:20261215T093000\r
DTEND:20261215T103000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:c\r
SUMMARY:UTC\r
DTSTART:20261215T013000Z\r
DURATION:PT1H\r
RRULE:FREQ=DAILY\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:d\r
SUMMARY:whole day\r
DTSTART;VALUE=DATE:20261216\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:e\r
SUMMARY:upside down\r
DTSTART:20261215T103000Z\r
DTEND:20261215T093000Z\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:f\r
SUMMARY:nowhere\r
DTSTART;TZID=Moon/Crater:20261215T100000\r
DTEND;TZID=Moon/Crater:20261215T110000\r
END:VEVENT\r
BEGIN:VEVENT\r
UID:g\r
STATUS:CANCELLED\r
SUMMARY:off\r
DTSTART:20261215T100000Z\r
DTEND:20261215T110000Z\r
END:VEVENT\r
END:VCALENDAR\r
"""


def test_time_zones_of_a_calendar_are_converted_and_what_was_assumed_is_said(app_sqlite):
    reading = ics.read(CALENDAR)
    taken = {item.uid: item for item in reading.taken}
    assert sorted(taken) == ["a", "b", "c", "d", "f"]
    assert taken["a"].start == dt.datetime(2026, 12, 15, 8, tzinfo=UTC) and taken["a"].zone == "Europe/Berlin"
    assert taken["b"].start == dt.datetime(2026, 12, 15, 1, 30, tzinfo=UTC) and taken["b"].title == "党委会"
    assert taken["c"].end - taken["c"].start == dt.timedelta(hours=1) and taken["c"].zone == "UTC"
    assert taken["d"].start == dt.datetime(2026, 12, 15, 16, tzinfo=UTC) and taken["d"].end - taken["d"].start == dt.timedelta(days=1)
    assert taken["f"].start == dt.datetime(2026, 12, 15, 2, tzinfo=UTC)
    said = "\n".join(reading.remarks)
    for word in ("Europe/Berlin", "没有时区，按 Asia/Shanghai", "重复日程，只读取第一次", "第 5 条的起止时间不合理", "Moon/Crater"):
        assert word in said


@pytest.mark.parametrize("data", [b"", b"hello", b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n", b"\xff\xfe\x00", b"A" * 1_000_001])
def test_what_is_no_calendar_is_refused(app_sqlite, data):
    with pytest.raises(Refused):
        ics.read(data)


def test_what_units_have_elsewhere_is_a_clash_when_planning(app, world, login, post):
    import io

    found(app, world)
    client = login("jn_head")
    answer = post(client, "/meetings/busy/import", {"file": (io.BytesIO(CALENDAR), "a.ics")}, page="/meetings/busy", content_type="multipart/form-data")
    assert answer.status_code == 200 and "没有时区" in answer.get_data(as_text=True) and "党委会" in answer.get_data(as_text=True)
    assert post(client, "/meetings/busy/import", {"file": (io.BytesIO(CALENDAR), "a.ics")}, page="/meetings/busy", content_type="multipart/form-data").status_code == 200
    with acting(app, world, "jn_head"):
        assert len(subscribing.busy_of(db.session(), world.jiangnan.id, TODAY)) == 5
    with acting(app, world, "gl_head"):
        assert subscribing.busy_of(db.session(), world.jiangnan.id, TODAY) == []
    page = post(login("meet"), "/meetings/clashes", {"day": "2026-12-15", "start": "09:00", "end": "10:00", "place": "x"}, page="/meetings/new").get_data(as_text=True)
    assert "党委会" in page and "江南街道" in page and "Berlin" not in page
    key = notified(app, world, D(2026, 12, 15), TODAY)
    page = post(login("meet"), "/meetings/clashes", {"day": "2026-12-15", "start": "10:00", "end": "12:00"}, page="/meetings/new").get_data(as_text=True)
    assert page.count("例会") == 3
    with acting(app, world, "meet"):
        start = dt.datetime(2026, 12, 15, 2, tzinfo=UTC)
        assert not [row for row in planning.clashes(db.session(), [world.gelan.id], start, start + dt.timedelta(hours=1), key) if row["unit"] == "葛兰镇"]
    assert post(client, "/meetings/busy", {"title": "党委会", "day": "2026-12-20", "start": "10:00", "end": "09:00"}, page="/meetings/busy").status_code == 422
