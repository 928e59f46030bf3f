"""The index follows every flush: what was added, changed or deleted through the session."""

from __future__ import annotations

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from portal.search.index import Entry, entry_of, write
from portal.search.models import key_of
from portal.search.registry import Source, forget_numbers, number_of, source_of


def follow(session: Session, _context: Any) -> None:
    """After a flush, while the old values are still known; in the same transaction."""
    entries: list[Entry] = []
    gone: list[int] = []
    for record in session.new:
        source = source_of(type(record))
        if source is not None:
            entries.append(entry_of(number_of(session, source), source, _values(record, source)))
    for record in session.dirty:
        source = source_of(type(record))
        if source is not None and _touched(record, source):
            number = number_of(session, source)
            gone.append(key_of(number, _old_town(record), record.id))
            entries.append(entry_of(number, source, _values(record, source)))
    for record in session.deleted:
        source = source_of(type(record))
        if source is not None:
            gone.append(key_of(number_of(session, source), _old_town(record), record.id))
    if entries or gone:
        write(session.connection(), entries, gone, fresh=not session.dirty and not session.deleted)


def _values(record: Any, source: Source) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("id", *source.watched)}


def _touched(record: Any, source: Source) -> bool:
    state = inspect(record)
    return any(state.attrs[name].history.has_changes() for name in source.watched)


def _old_town(record: Any) -> int:
    """The town in which the record stood before this flush."""
    history = inspect(record).attrs.org_id.history
    return int(history.deleted[0] if history.deleted else record.org_id)


def undone(_session: Session, _transaction: Any) -> None:
    """The number that a kind got in a transaction goes with it."""
    forget_numbers()
