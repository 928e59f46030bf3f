"""How SQLite is opened: durable, strict about foreign keys, and one writer at a time in an orderly queue."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError

from portal.errors import DomainError

try:
    import fcntl
except ImportError:  # Windows: the lock of the thread and SQLite's own have to do
    fcntl = None  # type: ignore[assignment]

BUSY_SECONDS = 10
PRAGMAS = (
    ("journal_mode", "wal"),
    ("synchronous", "full"),  # an audit trail must not lose its last commits at a power cut
    ("foreign_keys", "on"),
    ("recursive_triggers", "on"),  # else REPLACE walks past the triggers of the trail
    ("trusted_schema", "off"),
    ("secure_delete", "on"),
    ("busy_timeout", str(BUSY_SECONDS * 1000)),
    ("temp_store", "memory"),
    ("cache_size", "-32768"),
    ("wal_autocheckpoint", "32000"),  # only if nobody gets round to it; see Checkpointer
    ("journal_size_limit", "1048576"),  # so that the size of the log tells what waits in it
)
LOG_BYTES = 24 * 1024 * 1024
"""Size of the write-ahead log from which on it is brought into the database file."""
CHECKPOINT_SECONDS = 0.5
"""Least time between two tries, in case readers keep the log from being finished."""


class DatabaseBusy(DomainError):
    """The single writer's place was not free within ten seconds. Nothing was written."""

    status = 503


def straight(connection: Connection, statement: str, values: Sequence[Any], *, many: bool = False) -> sqlite3.Cursor:
    """Have the driver itself run a statement in the transaction of a connection of SQLite: what is written while others wait.

    ``many``: once for each of the values. Errors are those of SQLAlchemy, as ever.
    """
    driver: Any = connection.connection.dbapi_connection
    try:
        return driver.executemany(statement, values) if many else driver.execute(statement, values)  # type: ignore[no-any-return]
    except sqlite3.Error as error:
        raise DBAPIError.instance(statement, values, error, sqlite3.Error, dialect=connection.dialect) from error  # type: ignore[arg-type]


class WriterGate:
    """Lets one writer at a time through, over the threads of this process and the processes of this machine.

    SQLite itself polls for its write lock, which starves some writers for hundreds of milliseconds. Among processes there are
    two locks: whoever waits for the place holds the turn, so that a process that comes back at once, as a job with its
    thousand transactions does, waits behind it.
    """

    PLACE_SECONDS, TURN_SECONDS = 0.0003, 0.001
    """How often is asked: by the one whose turn it is, and by those who wait for the turn."""

    def __init__(self, path: Path | None) -> None:
        self._threads = threading.Lock()
        self._path = path
        self._place: IO[bytes] | None = None
        self._turn: IO[bytes] | None = None

    def enter(self) -> None:
        """Wait for the place; raises DatabaseBusy after ten seconds."""
        until = time.monotonic() + BUSY_SECONDS
        if not self._threads.acquire(timeout=BUSY_SECONDS):
            raise DatabaseBusy("数据库正忙，请稍后再试。内容没有保存。")
        try:
            self._enter_file(until)
        except BaseException:
            self._threads.release()
            raise

    def _enter_file(self, until: float) -> None:
        if fcntl is None or self._path is None:
            return
        if self._place is None or self._turn is None:
            self._place, self._turn = _lock_file(self._path), _lock_file(self._path.with_suffix(".turn"))
        _lock(self._turn, until, self.TURN_SECONDS)
        try:
            _lock(self._place, until, self.PLACE_SECONDS)
        finally:
            fcntl.flock(self._turn, fcntl.LOCK_UN)

    def leave(self) -> None:
        if fcntl is not None and self._place is not None:
            fcntl.flock(self._place, fcntl.LOCK_UN)
        with contextlib.suppress(RuntimeError):
            self._threads.release()


def _lock_file(path: Path) -> IO[bytes]:
    return open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0)


def _lock(file: IO[bytes], until: float, pause: float) -> None:
    """Lock a file among processes; raises DatabaseBusy when it is not free by then."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise DatabaseBusy("数据库正忙，请稍后再试。内容没有保存。") from None
            time.sleep(pause)


class Checkpointer:
    """Brings the log into the database file after a write has left the gate, so that nobody waits at the gate for it."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._one = threading.Lock()
        self._last = float("-inf")

    def after_write(self, dbapi_connection: Any) -> None:
        if self._log is None or time.monotonic() - self._last < CHECKPOINT_SECONDS or not self._one.acquire(blocking=False):
            return
        try:
            if self._log.stat().st_size > LOG_BYTES:
                self._last = time.monotonic()
                dbapi_connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except (OSError, sqlite3.Error):
            pass  # the next write tries again
        finally:
            self._one.release()


def configure(engine: Engine, gate: WriterGate, is_writing: Any) -> None:
    """Install the settings and the transaction mode on ``engine``.

    ``is_writing()`` tells whether the transaction that begins is one for writing; those start with BEGIN IMMEDIATE
    behind the gate, so that read-then-write never fails half way.
    """
    file = engine.url.database
    checkpointer = Checkpointer(Path(f"{file}-wal") if file and file != ":memory:" else None)

    @event.listens_for(engine, "connect")
    def on_connect(dbapi_connection: Any, _record: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for name, value in PRAGMAS:
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        if is_writing():
            gate.enter()
            connection.info["gate"] = gate
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.exec_driver_sql("BEGIN")

    @event.listens_for(engine, "checkin")
    def on_checkin(dbapi_connection: Any, record: Any) -> None:
        held = record.info.pop("gate", None)
        if held is not None:
            held.leave()
            if dbapi_connection is not None:
                checkpointer.after_write(dbapi_connection)
