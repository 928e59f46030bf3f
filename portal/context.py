"""Who is acting: the account, the role it acts in, and where the request came from."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Actor:
    """Whoever is behind what is being done. ``role`` and ``org_id`` are those of the grant being acted in."""

    account_id: int | None
    name: str
    role: str = ""
    org_id: int | None = None
    session_ref: str = ""
    address: str = ""
    request_id: str = ""
    coarse: bool = False
    """Events of this actor tell the day, not the time: nobody can be found by when they came."""


NOBODY = Actor(None, "", "")
_actor: ContextVar[Actor] = ContextVar("portal_actor", default=NOBODY)


def current_actor() -> Actor:
    return _actor.get()


def set_actor(actor: Actor) -> None:
    """Name the actor for the rest of this context (a request); jobs and commands use :func:`use_actor`."""
    _actor.set(actor)


@contextmanager
def use_actor(actor: Actor) -> Iterator[Actor]:
    token = _actor.set(actor)
    try:
        yield actor
    finally:
        _actor.reset(token)


def system_actor(name: str) -> Actor:
    """An actor for work that no account started, e.g. ``job:certificates.sweep`` or ``cli:import``."""
    return Actor(None, name, "system")


@dataclass(frozen=True)
class Action:
    """What is being done, in the words of the trail, and why."""

    name: str
    reason: str = ""


_action: ContextVar[Action | None] = ContextVar("portal_action", default=None)


def current_action() -> Action | None:
    return _action.get()


@contextmanager
def use_action(name: str, reason: str = "") -> Iterator[Action]:
    """Name what is done inside; the innermost name counts, an empty reason keeps the outer one."""
    outer = _action.get()
    action = Action(name, reason or (outer.reason if outer else ""))
    token = _action.set(action)
    try:
        yield action
    finally:
        _action.reset(token)
