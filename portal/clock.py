"""Today and now in the office's time zone. For views, jobs and commands; rules get the day passed in."""

from __future__ import annotations

import datetime as dt

from portal.config import current_settings
from portal.database import utcnow


def now_local() -> dt.datetime:
    """This moment, aware, in the office's time zone."""
    return utcnow().astimezone(current_settings().zone)


def today() -> dt.date:
    """The calendar day in the office's time zone."""
    return now_local().date()
