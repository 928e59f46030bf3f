"""Which kinds of records are searched, what is indexed of them, and which number each has in this database."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, has_app_context
from sqlalchemy import Integer, LargeBinary, inspect, select
from sqlalchemy.orm import Session

from portal.contract import RecordType, Searchable
from portal.database import OrgScoped, insert_into
from portal.search.folding import LONGEST_TEXT, SCHEME, fold
from portal.search.models import KINDS, Kind

EXTENSION = "portal.search"
NUMBERS = "portal.search.numbers"


@dataclass(frozen=True)
class Source:
    """A kind of record as the index sees it: its model and its fields, the heaviest first."""

    record_type: RecordType
    search: Searchable
    fields: tuple[str, ...]
    weights: tuple[int, ...]
    signature: str

    @property
    def name(self) -> str:
        return self.record_type.name

    @property
    def model(self) -> Any:
        return self.record_type.model

    @property
    def watched(self) -> frozenset[str]:
        """Attributes whose change changes the index."""
        return frozenset((*self.fields, "org_id", *([self.search.recent] if self.search.recent else [])))

    def columns(self) -> list[Any]:
        """The columns that the index is made of, with id and town first."""
        table = inspect(self.model).local_table
        attributes = inspect(self.model).column_attrs
        names = ("id", "org_id", *self.fields, *([self.search.recent] if self.search.recent else []))
        return [table.c[attributes[name].columns[0].key].label(name) for name in names]

    def text(self, values: Mapping[str, Any]) -> str:
        """The searched text of a record, of which ``values`` has the fields."""
        return "\n".join(fold(str(values.get(name) or "")) for name in self.fields)[:LONGEST_TEXT]

    def day(self, values: Mapping[str, Any]) -> int:
        value = values.get(self.search.recent) if self.search.recent else None
        return value.toordinal() if isinstance(value, dt.date) else 0


def _source(record_type: RecordType) -> Source:
    """A kind of record made ready for the index; raises TypeError where it cannot or must not be indexed."""
    search, model = record_type.search, record_type.model
    assert search is not None
    attributes = inspect(model).column_attrs
    if not issubclass(model, OrgScoped) or not isinstance(inspect(model).primary_key[0].type, Integer):
        raise TypeError(f"{record_type.name}: only records of a town with a whole number as id are searched")
    for name in (*search.fields, *([search.recent] if search.recent else [])):
        if name not in attributes:
            raise TypeError(f"{record_type.name}: there is no column {name!r} to search")
        column = attributes[name].columns[0]
        if isinstance(column.type, LargeBinary) or any(column.info.get(mark) for mark in ("secret", "encrypted", "indexes")):
            raise TypeError(f"{record_type.name}: {name!r} is secret and never indexed")
    ordered = sorted(search.fields.items(), key=lambda item: -item[1])
    told = repr((ordered, search.recent)).encode()
    signature = f"{SCHEME}:{hashlib.sha256(told).hexdigest()[:32]}"
    return Source(record_type, search, tuple(name for name, _weight in ordered), tuple(weight for _name, weight in ordered), signature)


def init_app(app: Flask) -> None:
    """Know the searched kinds of the core and of every plugin; a declaration that cannot be is refused at start."""
    found = app.extensions["portal"].plugins.collect("portal_record_types")
    sources = [_source(record_type) for record_type in found if record_type.search is not None]
    app.extensions[EXTENSION] = {source.model: source for source in sources}


def sources() -> dict[type[Any], Source]:
    """The searched kinds by model."""
    found: dict[type[Any], Source] = current_app.extensions[EXTENSION]
    return found


def source_of(model: type[Any]) -> Source | None:
    return sources().get(model) if has_app_context() and EXTENSION in current_app.extensions else None


# -- numbers of the kinds -------------------------------------------------------------------------------------------------


def numbers(session: Session) -> dict[str, int]:
    """The numbers of the kinds that have been indexed.

    A kind keeps the number that it once got, so what was read is kept by the process as soon as it has all of them; not
    what a transaction of this request gave, which may still be undone.
    """
    found: dict[str, int] | None = g.get("search_numbers")
    if found is None:
        found = current_app.extensions.get(NUMBERS)
    if found is None:
        found = {row.name: row.number for row in session.connection().execute(select(KINDS.c.name, KINDS.c.number))}
        g.search_numbers = found
        if not g.get("search_number_given") and all(source.name in found for source in sources().values()):
            current_app.extensions[NUMBERS] = found
    return found


def forget_numbers() -> None:
    if has_app_context():
        g.pop("search_numbers", None)


def number_of(session: Session, source: Source) -> int:
    """The number of a kind, given when its first record is indexed."""
    known = numbers(session).get(source.name)
    if known is not None:
        return known
    connection = session.connection()
    g.search_number_given = True
    connection.execute(insert_into(Kind, connection.dialect.name).values(name=source.name, signature=source.signature).on_conflict_do_nothing(index_elements=["name"]))
    forget_numbers()
    return numbers(session)[source.name]
