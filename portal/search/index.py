"""Writing the index, in the transaction of the change that it follows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, inspect, select
from sqlalchemy.orm import Session

from portal.search.folding import grams
from portal.search.models import ID_BITS, ORG_BITS, key_of
from portal.search.registry import Source, number_of, source_of
from portal.sqlite import straight

LISTED_SQLITE = "json_each(?) wanted CROSS JOIN core_search_document d ON d.key = wanted.value"
"""Documents by key, looked up one by one whatever SQLite believes to know of the size of the table."""
REMOVE_GRAMS = "INSERT INTO core_search_grams(core_search_grams, rowid, grams) VALUES ('delete', ?, ?)"
ADD_GRAMS = "INSERT INTO core_search_grams(rowid, grams) VALUES (?, ?)"
NEW_TEXT = "INSERT INTO core_search_document(key, text, day) VALUES (?, ?, ?) ON CONFLICT (key) DO NOTHING"
ADD_TEXT = "INSERT INTO core_search_document(key, text, day) VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text, day = excluded.day"


class Entry(NamedTuple):
    """What the index holds of a record."""

    key: int
    text: str
    day: int


def write(connection: Connection, entries: Iterable[Entry], gone: Iterable[int] = (), *, fresh: bool = False) -> None:
    """Bring entries into the index, in place of what stood under their keys, and take out those that are gone.

    ``fresh``: the records are new; of a single one nothing is looked up then, unless something does stand under its key.
    """
    wanted = {entry.key: entry for entry in entries}
    removed = sorted(set(gone) - wanted.keys())
    listed = [wanted[key] for key in sorted(wanted)]
    if connection.dialect.name == "sqlite":
        if not (fresh and len(listed) == 1 and not removed and _add_sqlite(connection, listed[0])):
            _write_sqlite(connection, listed, removed)
    else:
        _write_postgresql(connection, listed, removed)


def _add_sqlite(connection: Connection, entry: Entry) -> bool:
    """Add an entry whose key is free; says no, and has changed nothing, where it is not."""
    if straight(connection, NEW_TEXT, tuple(entry)).rowcount != 1:
        return False
    straight(connection, ADD_GRAMS, (entry.key, " ".join(grams(entry.text))))
    return True


def _write_sqlite(connection: Connection, entries: Sequence[Entry], removed: Sequence[int]) -> None:
    """In the order of the keys: the full-text table writes out what it holds in memory whenever a key is smaller than the one before."""
    keys = json.dumps(sorted([*(entry.key for entry in entries), *removed]))
    found = connection.exec_driver_sql(f"SELECT d.key, d.text FROM {LISTED_SQLITE}", (keys,))  # noqa: S608 - named above
    before = dict(sorted((row[0], row[1]) for row in found))
    changed = [entry for entry in entries if before.get(entry.key) != entry.text]
    outdated = [*(entry.key for entry in changed if entry.key in before), *(key for key in removed if key in before)]
    if outdated:
        connection.exec_driver_sql(REMOVE_GRAMS, [(key, " ".join(grams(before[key]))) for key in sorted(outdated)])
    if removed:
        connection.exec_driver_sql("DELETE FROM core_search_document WHERE key = ?", [(key,) for key in removed])
    if entries:
        connection.exec_driver_sql(ADD_TEXT, [tuple(entry) for entry in entries])
    if changed:
        connection.exec_driver_sql(ADD_GRAMS, [(entry.key, " ".join(grams(entry.text))) for entry in changed])


def lexeme(scope: str, gram: str) -> str:
    """A gram of a kind in a town as PostgreSQL keeps it, quoted. Grams are letters and digits only."""
    return f"'{scope}{gram}'"


def scope_of(key: int) -> str:
    """The beginning of every lexeme of a kind in a town, so that a search in a town meets nothing of another."""
    return f"{key >> (ORG_BITS + ID_BITS)}.{(key >> ID_BITS) & ((1 << ORG_BITS) - 1)}."


def _write_postgresql(connection: Connection, entries: Sequence[Entry], removed: Sequence[int]) -> None:
    if removed:
        for table in ("core_search_grams", "core_search_document"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE key = ANY(%s)", (list(removed),))  # noqa: S608 - names above
    if not entries:
        return
    connection.exec_driver_sql(ADD_TEXT.replace("?", "%s"), [tuple(entry) for entry in entries])
    lists = [(entry.key, " ".join(lexeme(scope_of(entry.key), gram) for gram in grams(entry.text))) for entry in entries]
    added = "INSERT INTO core_search_grams(key, grams) VALUES (%s, CAST(%s AS tsvector)) ON CONFLICT (key) DO UPDATE SET grams = excluded.grams"
    connection.exec_driver_sql(added, lists)


# -- records --------------------------------------------------------------------------------------------------------------


def entry_of(number: int, source: Source, values: Mapping[str, Any]) -> Entry:
    return Entry(key_of(number, values["org_id"], values["id"]), source.text(values), source.day(values))


def index_rows(session: Session, model: type[Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Index rows (with ``id``, ``org_id`` and the searched fields) that were written past the session, in its transaction."""
    source = source_of(model)
    if source is None or not rows:
        return
    number = number_of(session, source)
    write(session.connection(), [entry_of(number, source, row) for row in rows], fresh=True)


def reindex(session: Session, model: type[Any], ids: Sequence[int], values: Mapping[str, Any], towns: Mapping[int, int]) -> None:
    """Follow a bulk UPDATE: ``values`` were set on the rows ``ids``, which stood in ``towns`` (by id) before."""
    source = source_of(model)
    if source is None or not ids or not source.watched & set(values):
        return
    number = number_of(session, source)
    entries = [entry_of(number, source, row) for row in read_rows(session.connection(), source, ids)]
    write(session.connection(), entries, [key_of(number, org_id, record_id) for record_id, org_id in towns.items()])


def read_rows(connection: Connection, source: Source, ids: Sequence[int]) -> list[Mapping[str, Any]]:
    """The indexed columns of records, past every narrowing."""
    identity = inspect(source.model).local_table.c.id
    found: list[Mapping[str, Any]] = []
    for start in range(0, len(ids), 500):
        found.extend(dict(row) for row in connection.execute(select(*source.columns()).where(identity.in_(ids[start : start + 500]))).mappings())
    return found
