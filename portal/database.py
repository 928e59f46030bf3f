"""The database: the declarative base, conventions for names, column types, and the engines' settings."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, ClassVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, ForeignKey, MetaData, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from portal import sqlite
from portal.config import Settings

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


def utcnow() -> dt.datetime:
    """This moment, aware, in UTC."""
    return dt.datetime.now(dt.UTC)


class UTCDateTime(TypeDecorator[dt.datetime]):
    """A moment: aware in, aware (UTC) out, naive refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class JSONValue(TypeDecorator[Any]):
    """A JSON value kept as text, alike on both databases. Assign a new value to change it; it is not tracked inside."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class Base(DeclarativeBase):
    """The base of every table. ``__record__`` is the record's name in the trail and in references."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {dt.datetime: UTCDateTime()}

    __record__: ClassVar[str] = ""
    __audited__: ClassVar[bool] = True
    __plugin__: ClassVar[str | None] = None

    @classmethod
    def record_name(cls) -> str:
        """Name of this kind of record, e.g. ``certificates.certificate``."""
        return cls.__record__ or f"core.{cls.__tablename__}"


class OrgScoped:
    """A record of one town (or department). Tenancy filters every ORM statement on it; see :mod:`portal.tenancy`."""

    @declared_attr
    def org_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("directory_organisation.id"), index=False)


class Versioned:
    """A record with an optimistic lock: a stale version is refused when it is written."""

    @declared_attr
    def version(cls) -> Mapped[int]:
        return mapped_column(default=1, server_default="1")

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


db = SQLAlchemy(metadata=Base.metadata)

_writing: ContextVar[bool] = ContextVar("portal_writing", default=False)


def is_writing() -> bool:
    """Whether transactions that begin now are for writing."""
    return _writing.get()


@contextmanager
def writing() -> Iterator[None]:
    """Transactions that begin inside are for writing. Used by :mod:`portal.work` only."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def read_beside(asked: Any, values: Mapping[str, Any] | None = None) -> Sequence[Any]:
    """Rows of a statement (or one made :class:`Ready`) on which tenancy stands, read without disturbing whatever transaction is being opened.

    Inside a unit of work its own session is asked, so that it sees what it changed; while another session is about to
    write, a connection beside it, which must not queue for the writers' gate that the other needs.
    """
    session = db.session()
    if _writing.get() and not session.in_transaction():
        token = _writing.set(False)
        try:
            with db.engine.connect() as connection:
                return _rows(connection, asked, values or {})
        finally:
            _writing.reset(token)
    return _rows(session.connection(), asked, values or {})


def _rows(connection: Connection, asked: Any, values: Mapping[str, Any]) -> Sequence[Any]:
    return asked.rows(connection, **values) if isinstance(asked, Ready) else connection.execute(asked, values).all()


class Ready:
    """A statement that every request asks, made ready once: on SQLite it goes straight to the driver.

    For values that the driver gives as they are: numbers, texts, bytes; no dates and no JSON among what is read, and no lists
    among what is given.
    """

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._text = ""
        self._values: list[tuple[str, Any, Any]] = []

    def rows(self, connection: Connection, **values: Any) -> Sequence[Any]:
        """All rows, as tuples."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self.statement, values).all()
        if not self._text:
            self._compile(connection.dialect)
        given = [values.get(name, default) for name, default, _process in self._values]
        listed = [process(value) if process is not None else value for value, (_name, _default, process) in zip(given, self._values, strict=True)]
        return sqlite.straight(connection, self._text, listed).fetchall()

    def one(self, connection: Connection, **values: Any) -> Any:
        """The first column of the first row; None where there is none."""
        rows = self.rows(connection, **values)
        return rows[0][0] if rows else None

    def _compile(self, dialect: Dialect) -> None:
        compiled = self.statement.compile(dialect=dialect)
        defaults = compiled.params
        self._values = [(name, defaults[name], compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)) for name in compiled.positiontup]
        self._text = str(compiled)


def insert_into(table: Any, dialect: str) -> Any:
    """An INSERT that can say what is done where a row is there already, as both databases have it."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]
    return insert(table)


def init_app(app: Flask, settings: Settings) -> None:
    """Bind ``db`` to the application and set the engine up for its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(settings)
    db.init_app(app)
    with app.app_context():
        if settings.is_sqlite:
            own_file(settings)
            gate = sqlite.WriterGate(settings.instance / "portal.write.lock")
            sqlite.configure(db.engine, gate, is_writing)


def own_file(settings: Settings) -> None:
    """The database file belongs to the portal's own account alone, from its first byte on."""
    if not settings.database_url:
        with suppress(FileExistsError):
            os.close(os.open(settings.instance / "portal.db", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def engine_options(settings: Settings) -> dict[str, Any]:
    """Options of the engine: enough connections for the threads; PostgreSQL notices dead ones and waits 10 s at most."""
    if settings.is_sqlite:
        return {"connect_args": {"timeout": sqlite.BUSY_SECONDS, "check_same_thread": False}, "pool_size": settings.threads + 4}
    return {
        "connect_args": {"options": "-c timezone=UTC -c lock_timeout=10000"},
        "pool_pre_ping": True,
        "pool_size": settings.threads + 4,
        "max_overflow": 8,
    }
