"""One thing a person does is one transaction: the unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy.orm import Session

from portal.context import use_action
from portal.database import db, writing

_working: ContextVar[bool] = ContextVar("portal_working", default=False)


def is_working() -> bool:
    """Whether a unit of work is open in this context."""
    return _working.get()


@contextmanager
def unit_of_work(action: str, *, reason: str = "") -> Iterator[Session]:
    """Do one named thing in one write transaction and commit it; any exception undoes all of it.

    What was read before is read again under the write lock, so that checks inside see the present state. Inside
    another unit of work it joins that one.
    """
    session = db.session()
    if _working.get():
        with use_action(action, reason):
            yield session
            session.flush()
        return
    session.rollback()
    token = _working.set(True)
    try:
        with writing(), use_action(action, reason):
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
    finally:
        _working.reset(token)


@contextmanager
def separate_write(action: str, *, reason: str = "") -> Iterator[Session]:
    """A short write transaction in a session of its own, e.g. for the event of a page that was only read.

    Never inside a unit of work: on SQLite there is one writer at a time.
    """
    if _working.get():
        raise RuntimeError("separate_write inside a unit of work would wait for itself")
    session = db.session.session_factory()
    token = _working.set(True)
    try:
        with writing(), use_action(action, reason):
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                session.close()
    finally:
        _working.reset(token)
