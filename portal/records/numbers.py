"""Numbers without gaps for an organisation, a series and a year."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.orm import Session

from portal.database import insert_into
from portal.records.models import Counter
from portal.sqlite import straight

TABLE: Any = Counter.__table__


def next_number(session: Session, org_id: int, series: str, year: int) -> int:
    """The next number, from 1 on. A rollback gives it back, so there is no gap; concurrent writers wait for one another."""
    connection = session.connection()
    last = _next(connection, org_id, series, year)
    if last is None:
        connection.execute(_first(connection.dialect.name), {"org_id": org_id, "series": series, "year": year, "last": 0})
        last = _next(connection, org_id, series, year)
    assert last is not None
    return last


def _next(connection: Connection, org_id: int, series: str, year: int) -> int | None:
    if connection.dialect.name == "sqlite":
        row = straight(connection, _NEXT_SQLITE, (org_id, series, year)).fetchone()
        return int(row[0]) if row else None
    return connection.scalar(_NEXT, {"of_org_id": org_id, "of_series": series, "of_year": year})


_OF = (TABLE.c.org_id == bindparam("of_org_id"), TABLE.c.series == bindparam("of_series"), TABLE.c.year == bindparam("of_year"))
_NEXT_SQLITE = "UPDATE records_counter SET last = last + 1 WHERE org_id = ? AND series = ? AND year = ? RETURNING last"
_NEXT = update(TABLE).where(*_OF).values(last=TABLE.c.last + 1).returning(TABLE.c.last)


@cache
def _first(dialect: str) -> Any:
    """The row of a series that gives its first number; of two writers at one moment one makes it."""
    return insert_into(TABLE, dialect).on_conflict_do_nothing()


def next_numbers(session: Session, org_id: int, series: str, year: int, count: int) -> range:
    """Several numbers at once, following one another."""
    if count <= 0:
        return range(0)
    first = next_number(session, org_id, series, year)
    if count > 1:
        _set(session, org_id, series, year, first + count - 1)
    return range(first, first + count)


def continue_behind(session: Session, org_id: int, series: str, year: int, last: int) -> None:
    """Numbers up to ``last`` were given elsewhere, e.g. on paper: the next one comes behind them. Never goes back."""
    if peek(session, org_id, series, year) > last:
        return
    next_number(session, org_id, series, year)
    _set(session, org_id, series, year, last)


def peek(session: Session, org_id: int, series: str, year: int) -> int:
    """The number that would be given next, without giving it."""
    last = session.scalar(select(Counter.last).where(Counter.org_id == org_id, Counter.series == series, Counter.year == year))
    return (last or 0) + 1


def _set(session: Session, org_id: int, series: str, year: int, last: int) -> None:
    conditions = (Counter.org_id == org_id, Counter.series == series, Counter.year == year, Counter.last < last)
    session.execute(update(Counter).where(*conditions).values(last=last), execution_options={"synchronize_session": False})


def format_number(pattern: str, org: str, year: int, seq: int) -> str:
    """A number in the office's form, e.g. ``{org}证申〔{year}〕{seq}号``."""
    return pattern.format(org=org, year=year, seq=seq)
