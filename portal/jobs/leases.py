"""Leases with a heartbeat: one process at a time works under a name."""

from __future__ import annotations

import datetime as dt
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flask import Flask, current_app
from sqlalchemy import update
from sqlalchemy.exc import SQLAlchemyError

from portal.database import db, utcnow
from portal.errors import DomainError
from portal.jobs.models import Lease
from portal.work import separate_write

SECONDS = 30
BEAT_SECONDS = 5


class LeaseLost(Exception):
    """Another process took the lease over, or the process is asked to stop: the work ends here and is completed later."""


def process_start(pid: int) -> str:
    """When a process began, as the system tells it; empty where that is not known. Tells a reused number apart."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def is_gone(lease: Lease) -> bool:
    """Whether the holder is a process of this machine that does not exist any more."""
    if lease.host != socket.gethostname():
        return False
    try:
        os.kill(lease.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return bool(lease.process_start) and process_start(lease.pid) != lease.process_start


def take(name: str) -> str | None:
    """Take the lease if it is free, overdue, or its holder is gone; returns its token, else None."""
    token = secrets.token_hex(16)
    with separate_write("jobs.lease") as session:
        lease = session.get(Lease, name, with_for_update=True)
        now = utcnow()
        if lease is None:
            lease = Lease(name=name, until=now)
            session.add(lease)
        elif lease.token and lease.until > now and not is_gone(lease):
            return None
        lease.token, lease.host, lease.pid, lease.process_start = token, socket.gethostname(), os.getpid(), process_start(os.getpid())
        lease.until = now + dt.timedelta(seconds=SECONDS)
    return token


def beat(name: str, token: str) -> bool:
    """Prolong the lease; False when it is no longer ours."""
    with separate_write("jobs.lease") as session:
        result = session.execute(
            update(Lease).where(Lease.name == name, Lease.token == token).values(until=utcnow() + dt.timedelta(seconds=SECONDS)),
            execution_options={"synchronize_session": False},
        )
        return result.rowcount == 1  # type: ignore[attr-defined]


def give_back(name: str, token: str) -> None:
    """Free the lease for the next."""
    with suppress(SQLAlchemyError, DomainError), separate_write("jobs.lease") as session:
        session.execute(
            update(Lease).where(Lease.name == name, Lease.token == token).values(token="", until=utcnow()),
            execution_options={"synchronize_session": False},
        )


def is_alive(name: str) -> bool:
    """Whether somebody works under this name now."""
    lease = db.session.get(Lease, name, populate_existing=True)
    return lease is not None and bool(lease.token) and lease.until > utcnow() and not is_gone(lease)


@contextmanager
def held(name: str, token: str) -> Iterator[threading.Event]:
    """Keep a lease alive from a thread of its own; the event is set when it was lost."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    lost, stop = threading.Event(), threading.Event()

    def keep() -> None:
        while not stop.wait(BEAT_SECONDS):
            with app.app_context():
                try:
                    if not beat(name, token):
                        lost.set()
                        return
                except (SQLAlchemyError, DomainError):
                    continue

    thread = threading.Thread(target=keep, name=f"lease-{name}", daemon=True)
    thread.start()
    try:
        yield lost
    finally:
        stop.set()
        thread.join(timeout=BEAT_SECONDS)
        give_back(name, token)
