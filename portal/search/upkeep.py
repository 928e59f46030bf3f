"""Building the index anew, and telling whether it keeps up with the records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, inspect, select, update

from portal.database import db
from portal.directory.models import Organisation
from portal.search.folding import SCHEME
from portal.search.index import entry_of, read_rows, write
from portal.search.models import DOCUMENTS, KINDS, stretch
from portal.search.registry import Source, forget_numbers, number_of, numbers, sources
from portal.search.schema import TABLE
from portal.work import unit_of_work

CHUNK = 500
"""Records a transaction: writers wait for about a tenth of a second at most."""
LOOKED_AT = 200
TOLD = 50_000
"""Records between two lines of progress."""

Progress = Callable[[str, int], None]


class Lag(NamedTuple):
    """A kind whose index does not fit its records, and in what."""

    name: str
    why: str


def rebuild(names: Iterable[str] | None = None, progress: Progress | None = None) -> dict[str, int]:
    """Build the index anew, of all kinds or of those named, in short transactions; returns how many records each has.

    The portal may run meanwhile: what is changed is indexed by its own change. Until it is done, old records may be missing.
    """
    known = {source.name: source for source in sources().values()}
    wanted = list(known.values()) if names is None else [known[name] for name in names]
    if names is None or _other_scheme():
        wanted = list(known.values())
        _clear()
    counts = {}
    for source in wanted:
        if names is not None:
            _forget(source)
        counts[source.name] = _fill(source, progress)
    with unit_of_work("search.rebuilt") as session:
        _tell_planner(session.connection())
    return counts


def _tell_planner(connection: Connection) -> None:
    """How large the index is. SQLite must know nothing of the full-text table's own tables: told once that they were small, it reads
    all of the index whenever it joins pieces of it."""
    if connection.dialect.name == "postgresql":
        for table in (TABLE, DOCUMENTS.name):
            connection.exec_driver_sql(f"ANALYZE {table}")
    elif connection.exec_driver_sql("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'").first():
        connection.exec_driver_sql("DELETE FROM sqlite_stat1 WHERE tbl LIKE ? || '%'", (TABLE,))


def catch_up(progress: Progress | None = None) -> dict[str, int]:
    """Build the index of those kinds that need it: after an upgrade, for kinds that are new or indexed otherwise."""
    behind = [found.name for found in lagging()]
    return rebuild(behind, progress) if behind else {}


def forget(plugin: str) -> None:
    """Take the records of a plugin out of the index: its tables are gone."""
    for source in sources().values():
        if source.name.startswith(f"{plugin}."):
            _forget(source)


def lagging() -> list[Lag]:
    """Kinds whose index does not fit: another number of records, another declaration, or texts that have changed past it."""
    connection = db.session.connection()
    found = []
    for source in sources().values():
        why = _why_lagging(connection, source)
        if why:
            found.append(Lag(source.name, why))
    return found


def _why_lagging(connection: Connection, source: Source) -> str:
    table = inspect(source.model).local_table
    records = connection.scalar(select(func.count()).select_from(table)) or 0
    number = numbers(db.session()).get(source.name)
    if number is None:
        return f"0 of {records} indexed" if records else ""
    indexed = connection.scalar(select(func.count()).select_from(DOCUMENTS).where(DOCUMENTS.c.key.between(*stretch(number)))) or 0
    if indexed != records:
        return f"{indexed} of {records} indexed"
    if connection.scalar(select(KINDS.c.signature).where(KINDS.c.number == number)) != source.signature:
        return "indexed otherwise than declared"
    ids = connection.scalars(select(table.c.id).order_by(table.c.id.desc()).limit(LOOKED_AT)).all()
    wanted = {entry.key: entry.text for entry in (entry_of(number, source, row) for row in read_rows(connection, source, ids))}
    held = {row.key: row.text for row in connection.execute(select(DOCUMENTS.c.key, DOCUMENTS.c.text).where(DOCUMENTS.c.key.in_(list(wanted))))}
    wrong = sum(1 for key, text in wanted.items() if held.get(key) != text)
    return f"{wrong} of the newest {len(wanted)} differ" if wrong else ""


def _other_scheme() -> bool:
    """Whether anything is indexed in a way that this version cannot take back out."""
    signatures = db.session.connection().scalars(select(KINDS.c.signature))
    return any(signature.split(":")[0] != str(SCHEME) for signature in signatures)


def _clear() -> None:
    """Empty the index, and forget the kinds that nobody declares any more; the others keep their numbers."""
    with unit_of_work("search.cleared") as session:
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql(f"INSERT INTO {TABLE}({TABLE}) VALUES ('delete-all')")  # noqa: S608 - a name of ours
        else:
            connection.exec_driver_sql(f"TRUNCATE {TABLE}")
        connection.execute(delete(DOCUMENTS))
        connection.execute(delete(KINDS).where(KINDS.c.name.not_in([source.name for source in sources().values()])))
        connection.execute(update(KINDS).values(signature=""))
        forget_numbers()


def _forget(source: Source) -> None:
    """Take what is indexed of a kind out of the index."""
    while True:
        with unit_of_work("search.cleared") as session:
            number = number_of(session, source)
            first, last = stretch(number)
            keys = session.connection().scalars(select(DOCUMENTS.c.key).where(DOCUMENTS.c.key.between(first, last)).order_by(DOCUMENTS.c.key).limit(CHUNK)).all()
            write(session.connection(), (), keys)
        if not keys:
            return


def _fill(source: Source, progress: Progress | None) -> int:
    with unit_of_work("search.rebuilt") as session:
        number = number_of(session, source)
        session.connection().execute(update(KINDS).where(KINDS.c.number == number).values(signature=source.signature))
    count = 0
    for part in _chunks(source):
        with unit_of_work("search.rebuilt") as session:
            rows = read_rows(session.connection(), source, part)
            write(session.connection(), [entry_of(number, source, row) for row in rows])
        if progress is not None and (count + len(rows)) // TOLD > count // TOLD:
            progress(source.name, count + len(rows))
        count += len(rows)
    return count


def _chunks(source: Source) -> Iterator[list[int]]:
    """The ids of all records of a kind, town by town, so that keys go up."""
    table = inspect(source.model).local_table
    towns = db.session.connection().scalars(select(inspect(Organisation).local_table.c.id).order_by("id")).all()
    for org_id in towns:
        ids = db.session.connection().scalars(select(table.c.id).where(table.c.org_id == org_id).order_by(table.c.id)).all()
        db.session.rollback()
        for start in range(0, len(ids), CHUNK):
            yield list(ids[start : start + CHUNK])
