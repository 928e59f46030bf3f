"""Numbers without gaps for an organisation, a series and a year."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from portal.records.models import Counter

TABLE: Any = Counter.__table__


def next_number(session: Session, org_id: int, series: str, year: int) -> int:
    """The next number, from 1 on. A rollback gives it back, so there is no gap; concurrent writers wait for one another."""
    connection, key = session.connection(), {"org_id": org_id, "series": series, "year": year}
    last = connection.scalar(_NEXT, {f"of_{name}": value for name, value in key.items()})
    if last is None:
        connection.execute(_first(connection.dialect.name), {**key, "last": 0})
        last = connection.scalar(_NEXT, {f"of_{name}": value for name, value in key.items()})
    return int(last)


_OF = (TABLE.c.org_id == bindparam("of_org_id"), TABLE.c.series == bindparam("of_series"), TABLE.c.year == bindparam("of_year"))
_NEXT = update(TABLE).where(*_OF).values(last=TABLE.c.last + 1).returning(TABLE.c.last)


@cache
def _first(dialect: str) -> Any:
    """The row of a series that gives its first number; of two writers at one moment one makes it."""
    if dialect == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as upsert
    else:
        from sqlalchemy.dialects.sqlite import insert as upsert  # type: ignore[assignment]
    return upsert(TABLE).on_conflict_do_nothing()


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
