"""Short writes of one kind that wait at the same moment share a transaction: what is made durable once need not be made durable eight times.

On SQLite one writer works at a time, and of the time it takes to register a matter the commit is a good third. Whoever
comes first does what all who wait by then have prepared, each under its own name, in its own scope and with its own
events; nobody is answered before the commit. Should one of them fail, all of it is undone and each is done alone.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from portal.audit.capture import write_pending
from portal.config import current_settings
from portal.context import Actor, current_actor, use_actor
from portal.tenancy import Scope, current_scope, use_scope
from portal.work import unit_of_work

MOST = 8
"""How many share a transaction at most: others wait for it, a few milliseconds each."""
Result = TypeVar("Result")


@dataclass
class _Waiting:
    """What somebody has prepared, who they are, and what became of it."""

    work: Callable[[Session], Any]
    actor: Actor = field(default_factory=current_actor)
    scope: Scope = field(default_factory=current_scope)
    done: bool = False
    result: Any = None
    error: BaseException | None = None

    def run(self, session: Session) -> None:
        with use_actor(self.actor), use_scope(self.scope):
            self.result = self.work(session)
            write_pending(session)


class Together:
    """The writes of one action. One object for each, made with the module that uses it."""

    def __init__(self, action: str) -> None:
        self.action = action
        self._leading = threading.Lock()
        self._waiting: deque[_Waiting] = deque()

    def do(self, work: Callable[[Session], Result]) -> Result:
        """Have ``work`` done and committed; returns what it gives or raises what it raises.

        It may run in the thread of another request: it must look at nothing but what it was given, the session and the
        database, and ask the session's connection rather than its records. What it refuses is better told by its result
        than by an exception, which makes all others begin again.
        """
        if not current_settings().is_sqlite:
            with unit_of_work(self.action) as session:
                return work(session)
        mine = _Waiting(work)
        self._waiting.append(mine)
        with self._leading:
            while not mine.done:
                self._lead()
        if mine.error is not None:
            raise mine.error
        return mine.result  # type: ignore[no-any-return]

    def _lead(self) -> None:
        batch: list[_Waiting] = []
        try:
            with unit_of_work(self.action) as session:
                session.connection()  # the place is ours; whoever has come while we waited for it goes along
                batch += [self._waiting.popleft() for _number in range(min(len(self._waiting), MOST))]
                for one in batch:
                    one.run(session)
        except BaseException as error:
            alone = len(batch) == 1 or not isinstance(error, Exception)
            if not batch:  # the place was not to be had: all who wait are told now, not one after the other
                alone, batch = True, [self._waiting.popleft() for _number in range(len(self._waiting))]
            if alone:
                for one in batch:
                    one.error = error
            else:
                self._one_by_one(batch)
        for one in batch:
            one.done = True

    def _one_by_one(self, batch: list[_Waiting]) -> None:
        for one in batch:
            try:
                with unit_of_work(self.action) as session:
                    one.run(session)
            except Exception as error:
                one.error = error
