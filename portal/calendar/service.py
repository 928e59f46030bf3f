"""The calendar of the deployment: loaded years first, then the library's, then the weekday rule (provisional)."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.calendar.models import CalendarDay, CalendarYear
from portal.calendar.rules import Calendar
from portal.database import db, utcnow
from portal.errors import Refused
from portal.plugins import bump, revision


@cache
def seeded() -> tuple[dict[dt.date, bool], frozenset[int]]:
    """What the package ``chinesecalendar`` knows: the days that differ from their weekday, and its years."""
    from chinese_calendar import constants

    days = {day: False for day in constants.holidays if day.weekday() < 5}
    days.update({day: True for day in constants.workdays if day.weekday() >= 5})
    return days, frozenset(day.year for day in constants.holidays)


_cached: dict[int, tuple[int, Calendar]] = {}


def current_calendar() -> Calendar:
    """The calendar in force, read anew when a year was loaded."""
    now, key = revision("calendar"), id(current_app._get_current_object())  # type: ignore[attr-defined]
    if key not in _cached or _cached[key][0] != now:
        days, years = seeded()
        loaded = frozenset(db.session.scalars(select(CalendarYear.year)))
        merged = {day: working for day, working in days.items() if day.year not in loaded}
        merged.update({row.day: row.working for row in db.session.execute(select(CalendarDay.day, CalendarDay.working))})
        _cached[key] = (now, Calendar(merged, years | loaded))
    return _cached[key][1]


def read_days(text: str, year: int) -> list[dt.date]:
    """Dates of a text, one or more a line, single or as a range ``2027-02-05..2027-02-12``. Raises Refused with the line."""
    found: list[dt.date] = []
    for number, line in enumerate(text.splitlines(), 1):
        for part in re.split(r"[,，;；\s]+", line.strip()):
            if not part:
                continue
            ends = part.split("..")
            try:
                first, last = dt.date.fromisoformat(ends[0]), dt.date.fromisoformat(ends[-1])
            except ValueError:
                raise Refused(_("第 %(n)s 行的“%(text)s”不是日期，请写成 2027-02-05 或 2027-02-05..2027-02-12。", n=number, text=part[:40])) from None
            if len(ends) > 2 or last < first or first.year != year or last.year != year:
                raise Refused(_("第 %(n)s 行的“%(text)s”不在 %(year)s 年内或起止颠倒。", n=number, text=part[:40], year=year))
            found.extend(first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return found


def load_year(session: Session, year: int, off: list[dt.date], working: list[dt.date], source: str) -> None:
    """Replace the calendar of a year. Raises Refused when a day stands on both sides or nothing is given."""
    both = set(off) & set(working)
    if both:
        raise Refused(_("%(day)s 同时列为休息日和上班日。", day=min(both).isoformat()))
    if not off:
        raise Refused(_("没有填写休息日。"))
    for old in session.scalars(select(CalendarDay).where(CalendarDay.day >= dt.date(year, 1, 1), CalendarDay.day <= dt.date(year, 12, 31))):
        session.delete(old)
    session.flush()
    session.add_all(CalendarDay(day=day, working=False, name="") for day in sorted(set(off)))
    session.add_all(CalendarDay(day=day, working=True, name="") for day in sorted(set(working)))
    row = session.get(CalendarYear, year)
    if row is None:
        session.add(CalendarYear(year=year, source=source, loaded_at=utcnow()))
    else:
        row.source, row.loaded_at = source, utcnow()
    bump(session, "calendar")
    session.flush()
    _cached.clear()
    current_app.extensions["portal"].plugins.hooks.portal_calendar_changed(years=[year])
