"""Changing keys 密钥轮换: new rows take the new key at once, the old ones are encrypted anew by a job, and then the old key retires.

Which columns there are is read from the models (:func:`portal.crypto.sealed`), so that a plugin's own are never forgotten.
What is still to do is read from the values themselves: a job that was killed goes on where it stopped.
"""

from __future__ import annotations

import datetime as dt
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, LargeBinary, Table, and_, bindparam, func, or_, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import audit
from portal.contract import Job
from portal.crypto import HEAD_BYTES, KeyMissing, Keyring, Unreadable, keyring
from portal.database import Base, db
from portal.work import unit_of_work

CHUNK = 500
LOCK = 7_215_002


@dataclass(frozen=True)
class Sealed:
    """A column of sealed values, with the column of their blind index where there is one."""

    name: str
    purpose: str
    bound: str
    index: str = ""
    index_purpose: str = ""
    normal: Any = str


@dataclass(frozen=True)
class SealedTable:
    """A table with sealed columns."""

    record: str
    table: Table
    columns: tuple[Sealed, ...]

    @property
    def key(self) -> Any:
        return next(iter(self.table.primary_key.columns))

    def bound_columns(self) -> list[Any]:
        """The columns to which its values are bound."""
        names = {name for column in self.columns for _text, name, _spec, _conversion in string.Formatter().parse(column.bound) if name}
        return [self.table.c[name] for name in sorted(names)]

    def other_than(self, head: bytes) -> ColumnElement[bool]:
        """Rows with a value that was not sealed with this key and cipher."""
        return or_(*(and_(self.table.c[column.name].is_not(None), _head(self.table.c[column.name]) != head) for column in self.columns))


@dataclass
class Usage:
    """How many values of a column a key holds."""

    record: str
    column: str
    head: bytes
    count: int

    @property
    def key(self) -> int:
        return int.from_bytes(self.head[2:HEAD_BYTES], "big")


def _head(column: Any) -> Any:
    return func.substr(column, 1, HEAD_BYTES, type_=LargeBinary)


@cache
def _tables(_count: int) -> tuple[SealedTable, ...]:
    found = []
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.record_name()):
        table: Any = mapper.local_table
        indexes = {column.info["indexes"]: column for column in table.columns if "indexes" in column.info}
        columns = []
        for column in table.columns:
            if "encrypted" not in column.info:
                continue
            index = indexes.get(column.name)
            more = (index.name, index.info["purpose"], index.info["normal"]) if index is not None else ()
            columns.append(Sealed(column.name, column.info["encrypted"], column.info["bound"], *more))
        if columns:
            found.append(SealedTable(mapper.class_.record_name(), table, tuple(columns)))
    return tuple(found)


def sealed_tables() -> tuple[SealedTable, ...]:
    """Every table of the core and of the plugins that has sealed columns."""
    return _tables(len(list(Base.registry.mappers)))


def usage() -> list[Usage]:
    """Which keys the values in the database were sealed with."""
    found = []
    for place in sealed_tables():
        for column in place.columns:
            value = place.table.c[column.name]
            head = _head(value).label("head")
            for row in db.session.execute(select(head, func.count()).where(value.is_not(None), func.length(value) > 0).group_by(head)):
                found.append(Usage(place.record, column.name, bytes(row[0]), row[1]))
    return found


def keys_in_use() -> dict[int, int]:
    """The numbers of the keys that hold values, each with how many."""
    found: dict[int, int] = {}
    for part in usage():
        found[part.key] = found.get(part.key, 0) + part.count
    return found


# -- lost keys ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Loss:
    """A key that is not there, or is another than the one with which the values were sealed."""

    key: int
    wrong: bool
    count: int
    where: str

    def __str__(self) -> str:
        what = "in keys.json is not the one with which they were encrypted" if self.wrong else "is not in keys.json"
        lost = f"{self.count} protected values ({self.where}) cannot be read: key {self.key} {what}"
        return f"{lost}. Put back the keys.json that belongs to this database"


def losses() -> list[Loss]:
    """Lost keys: for each key that holds values, one of every column is opened to see whether the key fits."""
    ring, found = keyring(), []
    known = set(ring.numbers())
    by_key: dict[int, list[Usage]] = {}
    for part in usage():
        by_key.setdefault(part.key, []).append(part)
    for number, parts in sorted(by_key.items()):
        count, where = sum(part.count for part in parts), ", ".join(sorted({part.record for part in parts}))
        if number not in known:
            found.append(Loss(number, False, count, where))
        elif not any(_opens(ring, part) for part in parts):
            found.append(Loss(number, True, count, where))
    return found


def _opens(ring: Keyring, part: Usage) -> bool:
    """Whether one of a few values of this column and key opens; single ones may be damaged."""
    place = next(place for place in sealed_tables() if place.record == part.record)
    column = next(column for column in place.columns if column.name == part.column)
    value = place.table.c[column.name]
    rows = db.session.execute(select(value, *place.bound_columns()).where(_head(value) == part.head).limit(5)).all()
    for row in rows:
        try:
            ring.unseal(column.purpose, bytes(row[0]), column.bound.format(**row._mapping))
            return True
        except (KeyMissing, Unreadable):
            continue
    return not rows


# -- a new key ------------------------------------------------------------------------------------------------------------


def begin(today: dt.date, *, despite_loss: bool = False) -> tuple[int, bool]:
    """Make a new key, unless an earlier change is not finished; returns the current key's number and whether it is new."""
    ring = keyring()
    with unit_of_work("keys.rotated") as session:
        if session.get_bind().dialect.name == "postgresql":
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        used = keys_in_use()
        if not despite_loss and set(used) - {ring.current}:
            return ring.current, False
        before = ring.current
        wrong = [loss.key for loss in losses() if loss.wrong] if despite_loss else []
        number = ring.make_key(today, max(used, default=0))
        for lost in wrong:
            ring.destroy(lost)
        audit.note("keys.rotated", record_type="core.key", record_id=number, detail={"from": before, "to": number})
    return number, True


def reencrypt(context: Any) -> dict[str, Any]:
    """Seal every value anew that was not sealed with the current key and cipher; then retire the keys that nothing uses."""
    ring = keyring()
    work = [(place, _count(place, ring.head())) for place in sealed_tables()]
    total = sum(count for _place, count in work)
    found: dict[str, Any] = {"seen": total, "changed": 0, "failed": 0, "retired": 0}
    if context.dry_run:
        return found
    for place, count in work:
        if count:
            _table(place, context, found, total)
    if not found["failed"]:
        found["retired"] = _retire(context.today)
    return found


def _count(place: SealedTable, head: bytes) -> int:
    return db.session.scalar(select(func.count()).select_from(place.table).where(place.other_than(head))) or 0


def _table(place: SealedTable, context: Any, found: dict[str, Any], total: int) -> None:
    last: int | None = None
    while True:
        db.session.rollback()
        context.check()
        last, changed, failed = _chunk(place, last)
        if last is None:
            return
        found["changed"] += changed
        found["failed"] += len(failed)
        for key in failed:
            context.log(f"{place.record} {key}: cannot be read or is a duplicate, left as it is")
        context.progress(found["changed"] + found["failed"], total, place.record)


def _chunk(place: SealedTable, after: int | None) -> tuple[int | None, int, list[int]]:
    """Seal some rows anew under the lock; returns the last one, how many, and those that could not be."""
    ring = keyring()
    with unit_of_work("keys.reencrypted") as session:
        wanted = select(place.key, *place.bound_columns(), *(place.table.c[name] for name in _names(place))).where(place.other_than(ring.head()))
        if after is not None:
            wanted = wanted.where(place.key > after)
        rows = session.execute(wanted.order_by(place.key).limit(CHUNK).with_for_update()).all()
        if not rows:
            return None, 0, []
        fresh, failed = [], []
        for row in rows:
            try:
                fresh.append(_sealed_anew(ring, place, dict(row._mapping)))
            except (KeyMissing, Unreadable):
                failed.append(row[0])
        failed += _write(session, place, fresh)
        changed = len(rows) - len(failed)
        detail = {"table": place.record, "rows": changed, "first": rows[0][0], "last": rows[-1][0], "key": ring.current}
        audit.note("keys.reencrypted", record_type="core.key", record_id=ring.current, detail=detail)
        return rows[-1][0], changed, failed


def _names(place: SealedTable) -> Iterable[str]:
    return [name for column in place.columns for name in ((column.name, column.index) if column.index else (column.name,))]


def _sealed_anew(ring: Keyring, place: SealedTable, row: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {"_key": row[place.key.name]}
    for column in place.columns:
        old = row[column.name]
        values[column.name] = old
        if column.index:
            values[column.index] = row[column.index]
        if old is None:
            continue
        bound = column.bound.format(**row)
        plain = ring.unseal(column.purpose, bytes(old), bound)
        values[column.name] = ring.seal(column.purpose, plain, bound)
        if column.index and row[column.index] is not None:
            values[column.index] = ring.blind_index(column.index_purpose, column.normal(plain.decode()))
    return values


def _write(session: Session, place: SealedTable, fresh: Sequence[dict[str, Any]]) -> list[int]:
    """Write the rows; where a blind index is there already, row by row. Returns the keys of those that could not be written."""
    statement = update(place.table).where(place.key == bindparam("_key")).values({name: bindparam(name) for name in _names(place)})
    if not fresh:
        return []
    try:
        with session.begin_nested():
            session.connection().execute(statement, list(fresh))
        return []
    except IntegrityError:
        pass
    failed = []
    for values in fresh:
        try:
            with session.begin_nested():
                session.connection().execute(statement, [values])
        except IntegrityError:
            failed.append(values["_key"])
    return failed


def _retire(today: dt.date) -> int:
    """Retire the keys that hold nothing any more; looked at under the lock, so that no writer is overtaken."""
    ring, count = keyring(), 0
    with unit_of_work("keys.retired"):
        used = keys_in_use()
        for number in ring.numbers():
            if number != ring.current and number not in used and not ring.about(number)["retired"]:
                audit.note("keys.retired", record_type="core.key", record_id=number, detail={"key": number})
                ring.retire(number, today)
                count += 1
    return count


def destroy(number: int) -> None:
    """Drop a key that nothing uses: backups that were encrypted with it become unreadable. Raises KeyMissing."""
    ring = keyring()
    with unit_of_work("keys.destroyed"):
        if number in keys_in_use():
            raise KeyMissing(f"encryption key {number} is still in use; run: portal keys rotate")
        audit.note("keys.destroyed", record_type="core.key", record_id=number, detail={"key": number})
        ring.destroy(number)


def table() -> list[dict[str, Any]]:
    """Every key: whether it is current, in use, idle, retired or missing, and how many values it holds."""
    ring, used = keyring(), keys_in_use()
    rows = []
    for number in sorted({*ring.numbers(), *used}):
        about, count = ring.about(number), used.get(number, 0)
        state = "missing" if number not in ring.numbers() else "current" if number == ring.current else "in use" if count else "retired" if about["retired"] else "idle"
        rows.append({"key": number, "state": state, "values": count, "made": about["made"], "retired": about["retired"]})
    return rows


JOB = Job("core.reencrypt", _l("按新密钥重新加密"), reencrypt, {"hour": 3, "minute": 40})

__all__ = ["JOB", "Loss", "begin", "destroy", "keys_in_use", "losses", "reencrypt", "sealed_tables", "table", "usage"]
