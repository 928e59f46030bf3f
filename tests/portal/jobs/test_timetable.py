"""Due times and schedules in words."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from portal.config import Settings
from portal.contract import Job
from portal.jobs import timetable

SETTINGS = Settings()
SHANGHAI = ZoneInfo("Asia/Shanghai")


def job(**schedule) -> Job:
    return Job("test.job", "测试", lambda context: {}, schedule or None)


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def test_weekdays_are_named_and_fall_on_that_day():
    monday = timetable.next_due(job(day_of_week="mon", hour=9), at("2026-11-24 08:00"), SETTINGS)
    assert monday == at("2026-11-30 09:00") and monday.strftime("%A") == "Monday"
    friday = timetable.last_due(job(day_of_week="mon-fri", hour=9), at("2026-11-22 08:00"), SETTINGS)
    assert friday == at("2026-11-20 09:00")


@pytest.mark.parametrize("number", [1, "1", "1-5", "mon,3"])
def test_weekdays_by_number_are_refused(number):
    with pytest.raises(ValueError, match="by name"):
        timetable.trigger(job(day_of_week=number, hour=9), SETTINGS)
    assert timetable.next_due(job(day_of_week=number), at("2026-11-24 08:00"), SETTINGS) is None


@pytest.mark.parametrize(
    ("schedule", "now", "due"),
    [
        ({"hour": 1, "minute": 30}, "2026-11-24 01:30", "2026-11-24 01:30"),
        ({"hour": 1, "minute": 30}, "2026-11-24 01:29", "2026-11-23 01:30"),
        ({"minute": "*/5"}, "2026-11-24 08:07", "2026-11-24 08:05"),
        ({"day_of_week": "sun", "hour": 3}, "2026-11-24 08:00", "2026-11-22 03:00"),
        ({"day": 1, "hour": 4}, "2026-11-24 08:00", "2026-11-01 04:00"),
        ({"month": 1, "day": 31, "hour": 4}, "2026-11-24 08:00", "2026-01-31 04:00"),
        ({"year": 2020, "hour": 4}, "2026-11-24 08:00", None),
    ],
)
def test_the_latest_due_time(schedule, now, due):
    assert timetable.last_due(job(**schedule), at(now), SETTINGS) == (at(due) if due else None)


def test_the_slot_is_the_same_for_everybody_and_in_the_order_of_time():
    assert timetable.slot_of(at("2026-11-24 01:30")) == timetable.slot_of(at("2026-11-24 01:30").astimezone(dt.UTC)) == "2026-11-23T17:30Z"
    assert timetable.slot_of(at("2026-11-24 01:30")) < timetable.slot_of(at("2026-11-24 01:31")) < timetable.slot_of(at("2027-01-01 00:00")) < "a"


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ({}, "仅手动"),
        ({"hour": 1, "minute": 30}, "每天 01:30"),
        ({"hour": 3}, "每天 03:00"),
        ({"day_of_week": "mon", "hour": 9, "minute": 5}, "每周一 09:05"),
        ({"day_of_week": "mon-fri", "hour": 9}, "周一至周五 09:00"),
        ({"day_of_week": "mon,thu", "hour": 9}, "每周一、每周四 09:00"),
        ({"day": 1, "hour": 4}, "每月1日 04:00"),
        ({"month": "1,7", "day": 31, "hour": 4}, "每年1、7月31日 04:00"),
        ({"minute": "*/5"}, "每天 每 5 分钟"),
        ({"minute": 20}, "每天 每小时第 20 分"),
        ({"day": "last", "hour": 4}, "day=last hour=4"),
        ({"hour": "9-17"}, "hour=9-17"),
        ({"second": 1}, "second=1"),
    ],
)
def test_schedules_in_words(app_sqlite, schedule, words):
    assert timetable.in_words(job(**schedule)) == words
