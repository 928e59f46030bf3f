"""Whether anything has changed that a process may have kept something of."""

from __future__ import annotations

from typing import Any

from portal.audit import heads_now
from portal.plugins import revision


def unchanged() -> tuple[Any, ...]:
    """A mark that stays the same while no audited record, switch, figure or calendar has changed."""
    return (heads_now(), revision("plugins"), revision("settings"), revision("calendar"))
