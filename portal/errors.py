"""Errors of the domain. Raised in rules and operations, turned into words for the reader by the web layer and the CLI."""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """Something the user can understand and mend.

    ``message`` is what the user reads (a plain or lazily translated text), ``field`` names the form field it concerns,
    if there is one. ``status`` is the HTTP status with which the web layer answers.
    """

    status = 422

    def __init__(self, message: Any, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class Refused(DomainError):
    """A rule of the domain says no."""


class NotAllowed(DomainError):
    """The acting role lacks the right."""

    status = 403


class NotFound(DomainError):
    """Not there, or not for this account: the two answer alike."""

    status = 404


class Conflict(DomainError):
    """Somebody else changed the record in the meantime."""

    status = 409


class TooMany(DomainError):
    """Too many tries in too short a time; ``retry_after`` is in seconds."""

    status = 429

    def __init__(self, message: Any, retry_after: int = 60) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class OutsideScope(Exception):
    """A write touched a row outside the towns that the acting account may see. Always a defect or an attack."""


class WriteOutsideWork(Exception):
    """A change was flushed outside ``unit_of_work``; it would have had no name in the trail."""
