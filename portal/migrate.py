"""Migrations: plain Alembic, one chain and one version table for the core and for each plugin.

A plugin that is taken away leaves its tables and its version table alone and breaks nothing. On SQLite foreign keys are
off while tables are rebuilt (with them on, a rebuild deletes child rows) and checked before the commit; the file is
copied first. On PostgreSQL an advisory lock keeps two starting processes apart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.pool import NullPool

from portal.config import Settings

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / "migrations"
ADVISORY_LOCK = 7_215_001
KEPT_COPIES = 5


class MigrationError(Exception):
    """A migration could not be carried out; the database is as it was."""


@dataclass(frozen=True)
class Chain:
    """The migrations of one owner of tables: ``core`` or a plugin."""

    name: str
    versions: Path
    prefixes: tuple[str, ...]
    """Beginnings of the names of the tables that belong to it."""

    @property
    def version_table(self) -> str:
        return f"alembic_version_{self.name}"


CORE_PREFIXES = ("core_", "auth_", "audit_", "directory_", "calendar_", "records_", "jobs_", "inbox_", "import_")


def chains(plugins: Any) -> list[Chain]:
    """The core's chain, then the plugins' in the order of their needs."""
    found = [Chain("core", ENVIRONMENT / "versions", CORE_PREFIXES)]
    for name, folder in plugins.migration_folders():
        found.append(Chain(name, folder, (f"{name}_",)))
    return found


def make_engine(settings: Settings) -> sa.Engine:
    """An engine of its own for migrations: no pool, foreign keys off on SQLite, real transactions for DDL."""
    if not settings.is_sqlite:
        return sa.create_engine(settings.url, poolclass=NullPool)
    engine = sa.create_engine(settings.url, poolclass=NullPool, connect_args={"timeout": 30})

    @sa.event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=wal")
        connection.execute("PRAGMA synchronous=full")
        connection.execute("PRAGMA foreign_keys=off")

    @sa.event.listens_for(engine, "begin")
    def on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def alembic_config(chain: Chain, connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ENVIRONMENT))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", str(chain.versions))
    config.attributes["chain"] = chain
    config.attributes["connection"] = connection
    return config


@contextmanager
def transaction(settings: Settings) -> Iterator[sa.Connection]:
    """One transaction for migrations, alone on the database; foreign keys are checked before it is committed."""
    engine = make_engine(settings)
    try:
        with engine.begin() as connection:
            if not settings.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            yield connection
            if settings.is_sqlite:
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchmany(5)
                if broken:
                    raise MigrationError(f"foreign keys would be broken in: {sorted({row[0] for row in broken})}")
    finally:
        engine.dispose()


def _head(chain: Chain) -> str | None:
    return ScriptDirectory.from_config(alembic_config(chain)).get_current_head()


def current(settings: Settings, plugins: Any) -> dict[str, tuple[str | None, str | None]]:
    """For each chain its revision in the database and its newest revision."""
    engine = make_engine(settings)
    try:
        with engine.connect() as connection:
            tables = set(sa.inspect(connection).get_table_names())
            found = {}
            for chain in chains(plugins):
                at = None
                if chain.version_table in tables:
                    options = {"version_table": chain.version_table}
                    at = MigrationContext.configure(connection, opts=options).get_current_revision()
                found[chain.name] = (at, _head(chain))
            return found
    finally:
        engine.dispose()


def copy_first(settings: Settings) -> Path | None:
    """Copy the SQLite file to ``instance/backups`` before it is changed; the newest five copies are kept."""
    file = settings.instance / "portal.db"
    if not settings.is_sqlite or settings.database_url or not file.exists() or file.stat().st_size == 0:
        return None
    folder = settings.instance / "backups"
    folder.mkdir(mode=0o700, exist_ok=True)
    copy = folder / f"before-migration-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S-%f}.db"
    engine = make_engine(settings)
    try:
        with engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            if raw.in_transaction:
                raw.execute("ROLLBACK")
            raw.execute("VACUUM INTO ?", (str(copy),))
    finally:
        engine.dispose()
    copy.chmod(0o600)
    for old in sorted(folder.glob("before-migration-*.db"))[:-KEPT_COPIES]:
        old.unlink()
    return copy


def upgrade(settings: Settings, plugins: Any) -> list[str]:
    """Bring the core and every installed plugin to their newest revision; returns the names of those that moved.

    All of it is one transaction on either database: a failure leaves the database as it was.
    """
    pending = [name for name, (at, head) in current(settings, plugins).items() if at != head]
    if not pending:
        return []
    copy_first(settings)
    with transaction(settings) as connection:
        for chain in chains(plugins):
            if chain.name in pending:
                command.upgrade(alembic_config(chain, connection), "head")
    return pending


def downgrade(settings: Settings, plugins: Any, name: str, revision: str) -> None:
    """Take one chain down to ``revision`` (``base``: remove its tables)."""
    for chain in chains(plugins):
        if chain.name == name:
            copy_first(settings)
            with transaction(settings) as connection:
                command.downgrade(alembic_config(chain, connection), revision)
            return
    raise MigrationError(f"no plugin named {name!r} is installed")


def revision(settings: Settings, plugins: Any, name: str, message: str) -> Path:
    """Write a new revision of one chain from the difference between models and database."""
    for chain in chains(plugins):
        if chain.name == name:
            chain.versions.mkdir(parents=True, exist_ok=True)
            engine = make_engine(settings)
            try:
                with engine.begin() as connection:
                    config = alembic_config(chain, connection)
                    made = command.revision(
                        config, message, autogenerate=True, version_path=str(chain.versions), head="head"
                    )
            finally:
                engine.dispose()
            return Path(made.path)  # type: ignore[union-attr]
    raise MigrationError(f"no plugin named {name!r} is installed")
