"""When jobs are due: the alarm of a schedule, the due times as they are claimed, and the schedule in words."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from apscheduler.triggers.cron import CronTrigger
from flask_babel import gettext as _

from portal.config import Settings
from portal.contract import Job

HORIZONS = (dt.timedelta(hours=2), dt.timedelta(days=2), dt.timedelta(days=35), dt.timedelta(days=400))


def trigger(job: Job, settings: Settings) -> CronTrigger:
    """The alarm of a job in the office's time zone. Weekdays are written by name: as numbers they count from Monday,
    unlike cron, and would ring a day late."""
    assert job.schedule is not None
    if re.search(r"\d", str(job.schedule.get("day_of_week", ""))):
        raise ValueError(f"{job.name}: write weekdays by name, e.g. mon-fri")
    return CronTrigger(timezone=settings.zone, **job.schedule)


def last_due(job: Job, now: dt.datetime, settings: Settings) -> dt.datetime | None:
    """The latest moment at which a job was due, not after ``now``."""
    alarm = trigger(job, settings)
    for back in HORIZONS:
        moment, found = alarm.get_next_fire_time(None, now - back), None
        while moment is not None and moment <= now:
            found, moment = moment, alarm.get_next_fire_time(moment, moment + dt.timedelta(seconds=1))
        if found is not None:
            return found
    return None


def next_due(job: Job, now: dt.datetime, settings: Settings) -> dt.datetime | None:
    """When the job is due next; None for one without a schedule or with one that cannot be read."""
    try:
        return trigger(job, settings).get_next_fire_time(None, now) if job.schedule else None
    except (ValueError, TypeError):
        return None


def slot_of(moment: dt.datetime) -> str:
    """A due time as it is claimed: the same text for every scheduler, in the order of time."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")


def in_words(job: Job) -> str:
    """The schedule as people say it; the bare fields where there is no short way to say it."""
    if not job.schedule:
        return _("仅手动")
    fields = {key: str(value).strip().lower() for key, value in job.schedule.items()}
    day, time = _day(fields), _time(fields)
    if day is None or time is None:
        return " ".join(f"{key}={value}" for key, value in fields.items())
    return f"{day} {time}".strip()


def _weekdays() -> dict[str, Any]:
    return {"mon": _("周一"), "tue": _("周二"), "wed": _("周三"), "thu": _("周四"), "fri": _("周五"), "sat": _("周六"), "sun": _("周日")}


def _day(fields: dict[str, str]) -> str | None:
    """The days of a schedule in words; None when they are too special for words."""
    if {"year", "week", "second", "start_date", "end_date", "jitter"} & fields.keys():
        return None
    week, day, month = (fields.get(key, "*") for key in ("day_of_week", "day", "month"))
    if (week, day, month) == ("*", "*", "*"):
        return _("每天")
    if day == month == "*":
        names = _weekdays()
        parts = [[names.get(name) for name in part.split("-")] for part in week.split(",")]
        if all(name is not None for part in parts for name in part):
            return "、".join(_("%(first)s至%(last)s", first=part[0], last=part[-1]) if len(part) > 1 else _("每%(day)s", day=part[0]) for part in parts)
    if week == "*" and day.isdigit():
        if month == "*":
            return _("每月%(day)s日", day=day)
        if all(part.isdigit() for part in month.split(",")):
            return _("每年%(months)s月%(day)s日", months="、".join(month.split(",")), day=day)
    return None


def _time(fields: dict[str, str]) -> str | None:
    hour, minute = fields.get("hour", "*"), fields.get("minute", "*" if "hour" not in fields else "0")
    if hour.isdigit() and minute.isdigit():
        return f"{int(hour):02d}:{int(minute):02d}"
    if hour == "*" and (every := re.fullmatch(r"\*(?:/(\d+))?", minute)):
        return _("每 %(n)s 分钟", n=every[1] or 1)
    if hour == "*" and minute.isdigit():
        return _("每小时第 %(n)s 分", n=minute)
    return None
