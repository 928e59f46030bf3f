"""Leases with a heartbeat: one process at a time works under a name."""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from portal.database import db, utcnow
from portal.errors import DomainError
from portal.jobs.models import Lease
from portal.work import separate_write

log = logging.getLogger(__name__)
SECONDS = 30
BEAT_SECONDS = 5


class LeaseLost(Exception):
    """Another process took the lease over, or the process is asked to stop: the work ends here and is completed later."""


@cache
def machine() -> str:
    """The machine and, in containers, the world of process numbers to which a holder's number belongs."""
    try:
        numbers = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        numbers = ""
    return f"{socket.gethostname()[:60]}/{numbers}"


def _stat(pid: int) -> list[str]:
    """State and further fields of a process as /proc tells them; empty where that is not known."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def process_start(pid: int) -> str:
    """When a process began, as the system tells it; empty where that is not known. Tells a reused number apart."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def is_gone(lease: Lease) -> bool:
    """Whether the holder is a process of this machine that does not exist any more."""
    if lease.host != machine() or os.name != "posix":
        return False
    try:
        os.kill(lease.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    fields = _stat(lease.pid)
    if fields and fields[0] in "ZX":
        return True
    return bool(lease.process_start) and process_start(lease.pid) != lease.process_start


def _is_free(lease: Lease) -> bool:
    return not lease.token or lease.until <= utcnow() or is_gone(lease)


def is_alive(name: str) -> bool:
    """Whether somebody works under this name now."""
    lease = db.session.get(Lease, name, populate_existing=True)
    return lease is not None and not _is_free(lease)


def silence(name: str) -> int | None:
    """Seconds since whoever works (or worked) under this name last gave a sign of life; None when nobody ever did."""
    lease = db.session.get(Lease, name, populate_existing=True)
    if lease is None:
        return None
    beaten = lease.until - dt.timedelta(seconds=SECONDS) if lease.token else lease.until
    return max(0, int((utcnow() - beaten).total_seconds()))


def take(name: str) -> str | None:
    """Take the lease if it is free, overdue, or its holder is gone; returns its token, else None."""
    lease = db.session.get(Lease, name, populate_existing=True)
    held = lease is not None and not _is_free(lease)
    db.session.rollback()
    if held:
        return None
    token = secrets.token_hex(16)
    try:
        with separate_write("jobs.lease") as session:
            lease = session.get(Lease, name, with_for_update=True)
            if lease is None:
                lease = Lease(name=name)
                session.add(lease)
            elif not _is_free(lease):
                return None
            lease.token, lease.host, lease.pid, lease.process_start = token, machine(), os.getpid(), process_start(os.getpid())
            lease.until = utcnow() + dt.timedelta(seconds=SECONDS)
    except IntegrityError:
        return None  # somebody else made the row in this moment
    return token


def beat(name: str, token: str) -> bool:
    """Prolong the lease; False when it is no longer ours."""
    with separate_write("jobs.lease") as session:
        result = session.execute(
            update(Lease).where(Lease.name == name, Lease.token == token).values(until=utcnow() + dt.timedelta(seconds=SECONDS)),
            execution_options={"synchronize_session": False},
        )
        return result.rowcount == 1  # type: ignore[attr-defined]


def is_ours(name: str, token: str) -> bool:
    """Whether the lease still carries this token. Asked beside whatever transaction is open."""
    with db.engine.connect() as connection:
        return connection.execute(select(Lease.token).where(Lease.name == name)).scalar() == token


def give_back(name: str, token: str) -> None:
    """Free the lease for the next."""
    with suppress(SQLAlchemyError, DomainError), separate_write("jobs.lease") as session:
        session.execute(
            update(Lease).where(Lease.name == name, Lease.token == token).values(token="", until=utcnow()),
            execution_options={"synchronize_session": False},
        )


@contextmanager
def held(name: str, token: str) -> Iterator[threading.Event]:
    """Keep a lease alive from a thread of its own, and give it back at the end; the event is set when it was lost."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    lost, stop = threading.Event(), threading.Event()

    def keep() -> None:
        last = time.monotonic()
        while not stop.wait(BEAT_SECONDS):
            try:
                with app.app_context():
                    ours = beat(name, token)
                last = time.monotonic()
            except Exception as error:
                log.warning("the lease %s could not be prolonged: %s", name, type(error).__name__)
                ours = time.monotonic() - last < SECONDS
            if not ours:
                lost.set()
                return

    thread = threading.Thread(target=keep, name=f"lease-{name}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join(timeout=BEAT_SECONDS)
        give_back(name, token)
