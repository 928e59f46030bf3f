"""The traffic light of a deadline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

AMBER_WORKING_DAYS = 3


def light(
    due: dt.date | None,
    today: dt.date,
    working_days_between: Callable[[dt.date, dt.date], int],
    *,
    done: bool = False,
    suspended: bool = False,
    amber: int = AMBER_WORKING_DAYS,
) -> str:
    """``grey`` when done, suspended or without a date; ``red`` past it; ``amber`` from three working days before; else ``green``."""
    if done or suspended or due is None:
        return "grey"
    if today > due:
        return "red"
    return "amber" if working_days_between(today, due) <= amber else "green"
