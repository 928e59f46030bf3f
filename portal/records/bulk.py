"""Many rows at once, with the same events as one by one: chunks under a short write lock.

A chunk that fails is done again row by row, so that one bad row never stops the rest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Row, Table, bindparam, func, insert, inspect, select, text, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import InstrumentedAttribute, Session, make_transient_to_detached
from sqlalchemy.orm.attributes import set_committed_value

from portal.audit.capture import SECRET, chain_of, encode_row, keep, plain, secret_columns
from portal.audit.chain import Draft, write_events
from portal.audit.models import PORTAL_CHAIN
from portal.database import Base, OrgScoped, Versioned, db
from portal.errors import OutsideScope
from portal.search import index_rows, reindex
from portal.sqlite import straight
from portal.tenancy import current_scope
from portal.work import unit_of_work

CHUNK = 500
"""Rows of the first transaction; see :class:`Pace`."""


class Pace:
    """How many rows a transaction takes: as many as keep the write lock for about ``AIM`` seconds on this machine, now.

    A large database or a slow disk makes the same rows take longer, and whoever registers something waits that long.
    """

    AIM = 0.04
    LEAST, MOST = 50, 1000

    def __init__(self, size: int = CHUNK) -> None:
        self.size = size

    def held(self, rows: int, seconds: float) -> None:
        """Learn from a transaction: slow at once where it took too long, faster by a quarter at most."""
        fitting = self.AIM / max(seconds, 1e-6) * rows
        self.size = int(min(max(min(fitting, self.size * 1.25), self.LEAST), self.MOST))


@dataclass(frozen=True)
class Chunk:
    """What one transaction did: the rows as they were before, and those that could not be changed (id, why)."""

    rows: Sequence[Row[Any]]
    failed: list[tuple[int, str]] = field(default_factory=list)


def update_in_chunks(
    model: type[Base],
    where: Sequence[ColumnElement[bool]],
    values: Mapping[str, Any],
    *,
    action: str,
    reason: str = "",
    also: Sequence[InstrumentedAttribute[Any]] = (),
    after: Callable[[Session, Sequence[Row[Any]]], None] | None = None,
) -> Iterator[Chunk]:
    """Set ``values`` on every row that fits ``where``, in short transactions, and yield what each did.

    Which rows fit is looked up first, without a lock, and looked at again under the lock of each chunk. ``also`` names
    further columns that the caller wants to see; ``after`` is called in the same transaction. Tenancy applies.
    """
    entity: Any = model
    columns = [entity.id, *([entity.org_id] if issubclass(model, OrgScoped) else []), *(getattr(entity, key) for key in values), *also]
    waiting = sorted(db.session.scalars(select(entity.id).where(*where)))
    db.session.rollback()
    pace = Pace()
    start = 0
    while part := waiting[start : start + pace.size]:
        start += len(part)
        try:
            with unit_of_work(action, reason=reason) as session:
                session.connection()  # the turn of the single writer has come; what follows is time that others wait
                begun = time.perf_counter()
                rows = _still_fitting(session, entity, columns, where, part)
                if rows:
                    _change(session, model, rows, values)
                    if after is not None:
                        after(session, rows)
            pace.held(len(part), time.perf_counter() - begun)
            chunk = Chunk(rows)
        except SQLAlchemyError:
            chunk = _one_by_one(model, columns, where, values, part, action, reason, after)
        if chunk.rows or chunk.failed:
            yield chunk


def _among(entity: Any, ids: Sequence[int], dialect: str) -> ColumnElement[bool]:
    """Whether the id is one of many, with one parameter however many there are."""
    if dialect == "sqlite":
        listed = select(text("value")).select_from(text("json_each(:ids)").bindparams(ids=json.dumps(ids)))
        return entity.id.in_(listed.scalar_subquery())  # type: ignore[no-any-return]
    return entity.id == func.any(bindparam("ids", value=list(ids)))  # type: ignore[no-any-return]


def _still_fitting(session: Session, entity: Any, columns: Sequence[Any], where: Sequence[Any], ids: Sequence[int]) -> Sequence[Row[Any]]:
    """The rows of ``ids`` that fit under the lock, too: somebody may have been faster."""
    found = select(*columns).where(_among(entity, ids, session.get_bind().dialect.name), *where).order_by(entity.id).with_for_update(of=entity)
    return session.execute(found).all()


def _change(session: Session, model: type[Base], rows: Sequence[Row[Any]], values: Mapping[str, Any]) -> None:
    table: Any = model.__table__
    changed = dict(values)
    if "version" in table.c:
        changed["version"] = table.c.version + 1
    within = _among(table.c, [row.id for row in rows], session.get_bind().dialect.name)
    session.execute(update(table).where(within).values(changed))
    write_events(session, update_drafts(model, rows, values))
    towns = {row.id: row.org_id for row in rows} if issubclass(model, OrgScoped) else {}
    reindex(session, model, [row.id for row in rows], values, towns)


def update_drafts(model: type[Base], rows: Sequence[Row[Any]], values: Mapping[str, Any]) -> Iterator[Draft]:
    """The events of rows that all got the same values; ``rows`` hold the values before."""
    name, scoped, secrets = model.record_name(), issubclass(model, OrgScoped), secret_columns(model)
    first = 2 if scoped else 1
    keys = tuple(values)
    new = tuple(values[key] for key in keys)
    encoded: dict[tuple[Any, ...], tuple[str, str]] = {}
    for row in rows:
        old = tuple(row[first : first + len(keys)])
        pair = encoded.get(old)
        if pair is None:
            changed = [i for i in range(len(keys)) if old[i] != new[i]]
            before = {keys[i]: SECRET if keys[i] in secrets else old[i] for i in changed}
            after = {keys[i]: SECRET if keys[i] in secrets else new[i] for i in changed}
            pair = encoded[old] = (encode_row(before), encode_row(after))
        values_of: Any = row
        yield Draft(values_of[1] if scoped else PORTAL_CHAIN, "update", name, values_of[0], *pair)


def _one_by_one(
    model: type[Base], columns: Sequence[Any], where: Sequence[Any], values: Mapping[str, Any], ids: Sequence[int], action: str, reason: str, after: Any
) -> Chunk:
    """The rows of a chunk that failed as a whole, each in a transaction of its own."""
    done: list[Row[Any]] = []
    failed: list[tuple[int, str]] = []
    for key in ids:
        try:
            with unit_of_work(action, reason=reason) as session:
                rows = _still_fitting(session, model, columns, where, [key])
                if rows:
                    _change(session, model, rows, values)
                    if after is not None:
                        after(session, rows)
                    done.extend(rows)
        except SQLAlchemyError as error:
            failed.append((key, type(error).__name__))
    return Chunk(done, failed)


@cache
def _newest(table: Table) -> Any:
    return select(func.max(table.c.id))


def reserve_ids(session: Session, model: type[Base], count: int) -> range | list[int]:
    """Ids for rows that are inserted in bulk. The session holds the write lock."""
    table: Any = model.__table__
    if session.get_bind().dialect.name == "sqlite":
        start = (session.connection().scalar(_newest(table)) or 0) + 1
        return range(start, start + count)
    found = session.execute(text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :count)"), {"name": table.name, "count": count})
    return [row[0] for row in found]


FEW = 50
"""Up to so many rows have their events written with those of the rest of the transaction, at its commit."""


def insert_rows(session: Session, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert rows (all with the same keys, ``id`` among them) with an event each, in the open unit of work.

    Raises OutsideScope for rows of an organisation in which whoever is acting has nothing to write.
    """
    if not rows:
        return 0
    _refuse_outside(model, rows)
    table: Table = model.__table__  # type: ignore[assignment]
    complete = _with_defaults(table, rows)
    _insert(session, table, complete)
    index_rows(session, model, complete)
    drafts = _insert_drafts(model, complete)
    if len(complete) > FEW:
        return write_events(session, drafts)
    keep(session, drafts)
    return len(complete)


def _refuse_outside(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    scope = current_scope()
    outside = {row["org_id"] for row in rows if not scope.allows(row["org_id"])} if issubclass(model, OrgScoped) else ()
    if outside:
        raise OutsideScope(f"{model.__name__} of organisations {sorted(outside)} in scope {scope.name!r}")


def _insert_drafts(model: type[Base], rows: Sequence[Mapping[str, Any]]) -> Iterator[Draft]:
    """The events of rows that were inserted."""
    name, secrets, scoped = model.record_name(), secret_columns(model), issubclass(model, OrgScoped)
    empty = {prop.key: None for prop in inspect(model).column_attrs}
    for row in rows:
        shown = {**empty, **row}
        for key in secrets:
            if shown.get(key) is not None:
                shown[key] = SECRET
        yield Draft(row["org_id"] if scoped else PORTAL_CHAIN, "insert", name, row["id"], None, encode_row(shown))


def adopt(session: Session, record: Any, row: Mapping[str, Any]) -> None:
    """Have the session know a new record that was written by :func:`insert_row`, as if it had been flushed."""
    known = record.__dict__
    for key, value in row.items():
        if key not in known:
            set_committed_value(record, key, value)
    make_transient_to_detached(record)
    session.add(record)


def insert_row(session: Session, model: type[Base], row: Mapping[str, Any]) -> dict[str, Any]:
    """Insert one row, whose ``id`` the database gives, with its event, in the open unit of work; returns all of it.

    A flush does the same for any record, at three times the price, while others wait for the writer's place.
    """
    if session.get_bind().dialect.name != "sqlite":
        (key,) = reserve_ids(session, model, 1)
        whole = {**row, "id": key}
        insert_rows(session, model, [whole])
        return whole
    _refuse_outside(model, [row])
    (complete,) = _with_defaults(model.__table__, [row])  # type: ignore[arg-type]
    complete["id"] = None
    complete["id"] = _insert(session, model.__table__, [complete])  # type: ignore[arg-type]
    index_rows(session, model, [complete])
    keep(session, _insert_drafts(model, [complete]))
    return complete


def values_of(record: Any) -> dict[str, Any]:
    """The columns of a record that is not in a session, with the constant defaults of those not set and its first version."""
    found = {key: default if (value := record.__dict__.get(key)) is None else value for key, default in _defaults(type(record))}  # type: ignore[arg-type]
    if isinstance(record, Versioned):
        found["version"] = found["version"] or 1
    return found


@cache
def _defaults(model: Any) -> tuple[tuple[str, Any], ...]:
    found = []
    for prop in inspect(model).column_attrs:
        default: Any = prop.columns[0].default
        found.append((prop.key, default.arg if default is not None and default.is_scalar else None))
    return tuple(found)


def _with_defaults(table: Table, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the columns' constant defaults filled in, as the ORM would."""
    defaults: dict[str, Any] = {}
    for column in table.columns:
        if column.key in rows[0]:
            continue
        default: Any = column.default
        defaults[column.key] = default.arg if default is not None and default.is_scalar else None
    return [{**defaults, **row} for row in rows]


def _insert(session: Session, table: Table, rows: Sequence[Mapping[str, Any]]) -> int | None:
    """Write rows; of a single one on SQLite returns the id that it has."""
    connection = session.connection()
    dialect = connection.dialect
    if dialect.name != "sqlite" and len(rows) < 50:
        connection.execute(insert(table), [dict(row) for row in rows])
        return None
    names, plans = _plan(table, dialect)
    values = [tuple(process(row[key]) if process is not None else row[key] for key, process in plans) for row in rows]
    if dialect.name == "sqlite":
        marks = ",".join("?" * len(plans))
        statement = f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})'  # noqa: S608 - names of the model
        written = straight(connection, statement, values[0]) if len(values) == 1 else straight(connection, statement, values, many=True)
        return written.lastrowid
    cursor = connection.connection.cursor()
    with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
        for value in values:
            copy.write_row(value)
    cursor.close()
    return None


_plans: dict[tuple[Table, str], tuple[str, list[tuple[str, Any]]]] = {}


def _plan(table: Table, dialect: Dialect) -> tuple[str, list[tuple[str, Any]]]:
    """The names of a table's columns, and what makes of each value what the driver takes."""
    if (table, dialect.name) not in _plans:
        names = ", ".join(f'"{column.name}"' for column in table.columns)
        _plans[table, dialect.name] = names, [(column.key, column.type.dialect_impl(dialect).bind_processor(dialect)) for column in table.columns]
    return _plans[table, dialect.name]


def update_rows(session: Session, model: type[Base], changes: Mapping[int, Mapping[str, Any]]) -> int:
    """Give each row (by id) its own new values, through the ORM, in the open unit of work; returns how many changed."""
    count = 0
    for start in range(0, len(changes), 500):
        part = dict(list(changes.items())[start : start + 500])
        entity: Any = model
        for record in session.scalars(select(entity).where(entity.id.in_(part))):
            for key, value in part[record.id].items():
                setattr(record, key, value)
            count += 1
        session.flush()
    return count


__all__ = [
    "CHUNK", "Chunk", "Pace", "adopt", "chain_of", "insert_row", "insert_rows", "plain", "reserve_ids", "update_drafts", "update_in_chunks", "update_rows", "values_of",
]  # fmt: skip
