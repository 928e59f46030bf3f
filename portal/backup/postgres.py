"""Tables of a PostgreSQL as files of COPY, from one moment; and back into an empty database. Needs no program beside it."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from portal.backup import BackupError

TABLES = "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'r' AND n.nspname = current_schema()"
REFERENCES = "SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
COLUMNS = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position"
)


@contextmanager
def _cursor(url: str, *, reading: bool) -> Iterator[Any]:
    engine = sa.create_engine(url, poolclass=NullPool)
    try:
        with engine.begin() as connection:
            if reading:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor = connection.connection.cursor()
            yield cursor
            cursor.close()
    finally:
        engine.dispose()


def _quoted(*names: str) -> str:
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def _columns(cursor: Any, table: str) -> list[str]:
    return [row[0] for row in cursor.execute(COLUMNS, (table,)).fetchall()]


def dump(url: str, folder: Path) -> dict[str, list[str]]:
    """Write every table to ``folder`` as of one moment; returns the columns of each."""
    found: dict[str, list[str]] = {}
    with _cursor(url, reading=True) as cursor:
        for (table,) in cursor.execute(TABLES + " ORDER BY 1").fetchall():
            found[table] = _columns(cursor, table)
            with (folder / f"{table}.copy").open("wb") as file, cursor.copy(f"COPY {_quoted(table)} ({_quoted(*found[table])}) TO STDOUT") as rows:
                for block in rows:
                    file.write(block)
    return found


def is_empty(url: str) -> bool:
    """Whether a database has no table at all."""
    with _cursor(url, reading=True) as cursor:
        return cursor.execute(TABLES + " LIMIT 1").fetchone() is None


def load(url: str, folder: Path, tables: dict[str, list[str]]) -> None:
    """Fill the tables that the migrations have just made. All or nothing. Raises BackupError when the tables do not fit."""
    with _cursor(url, reading=False) as cursor:
        present = {row[0] for row in cursor.execute(TABLES).fetchall()}
        missing = sorted(set(tables) - present)
        if missing:
            raise BackupError(f"no installed module makes these tables of the backup: {', '.join(missing)}")
        for table in _in_order(cursor, set(tables)):
            if table.startswith("alembic_version"):
                continue  # the migrations have written it
            cursor.execute(f"SELECT 1 FROM {_quoted(table)} LIMIT 1")  # noqa: S608 - a quoted name out of the catalogue
            if cursor.fetchone() is not None:
                cursor.execute(f"DELETE FROM {_quoted(table)}")  # noqa: S608 - rows that a migration put there
            with (folder / f"{table}.copy").open("rb") as file, cursor.copy(f"COPY {_quoted(table)} ({_quoted(*tables[table])}) FROM STDIN") as rows:
                while block := file.read(1 << 20):
                    rows.write(block)
            _set_sequences(cursor, table, tables[table])


def _in_order(cursor: Any, tables: set[str]) -> list[str]:
    """Referred tables first; a table's references to itself hold at the end of its own copy."""
    order: graphlib.TopologicalSorter[str] = graphlib.TopologicalSorter({table: set() for table in sorted(tables)})
    for table, referred in cursor.execute(REFERENCES).fetchall():
        table, referred = table.strip('"'), referred.strip('"')
        if table != referred and table in tables:
            order.add(table, referred)
    return list(order.static_order())


def _set_sequences(cursor: Any, table: str, columns: list[str]) -> None:
    for column in columns:
        sequence = cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", (_quoted(table), column)).fetchone()[0]
        if sequence:
            cursor.execute(f"SELECT setval(%s, COALESCE((SELECT max({_quoted(column)}) FROM {_quoted(table)}), 1))", (sequence,))  # noqa: S608 - quoted names out of the catalogue
