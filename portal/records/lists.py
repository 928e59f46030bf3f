"""The list component: filter, search, sort, page by key, choose columns, act on many, export; all of it in the address.

A list asks two statements however many rows there are: a page of rows, and a count that stops at a thousand.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from markupsafe import Markup
from sqlalchemy import ColumnElement, Date, DateTime, Row, Select, and_, func, or_, select
from sqlalchemy.types import TypeEngine

from portal.database import UTCDateTime, db
from portal.records.exporting import write_csv, write_xlsx
from portal.search import Matches

PAGE = 50
SIZES = (20, 50, 100, 200)
"""Rows a page on offer; an address that asks for another number gets the list's own."""
COUNTED = 1000
LONGEST_SEARCH = 60
LARGEST = 2**31 - 1


RowFunction = Callable[[Any], Any]


def per_page(maker: Callable[[], RowFunction]) -> RowFunction:
    """Decorator of a function without arguments that gives what writes the cells of one page.

    So what is the same for all rows of a page (the words of the reader's language, the day, a calendar) is asked for once.
    """
    maker.per_page = True  # type: ignore[attr-defined]
    return maker  # type: ignore[return-value]


def ready(function: RowFunction) -> RowFunction:
    """A function of a column, ready for the rows of a page."""
    found: RowFunction = function() if getattr(function, "per_page", False) else function  # type: ignore[call-arg]
    return found


@dataclass(frozen=True)
class Column:
    """A column: ``text(row)`` for reading and export; a ``link``, or a badge (text, tone, icon) in its place on the page. See :func:`per_page`."""

    key: str
    title: Any
    text: Callable[[Any], Any]
    link: Callable[[Any], str] | None = None
    badge: Callable[[Any], tuple[Any, str, str] | None] | None = None
    order: str = ""
    shown: bool = True
    css: str = ""


@dataclass(frozen=True)
class Choice:
    """A filter with a fixed set of values. ``quiet``, as of the others: shown only while it is set, by a link from elsewhere."""

    key: str
    title: Any
    choices: Sequence[tuple[str, Any]]
    condition: Callable[[str], ColumnElement[bool]]
    quiet: bool = False


@dataclass(frozen=True)
class Dates:
    """A filter for a range of days."""

    key: str
    title: Any
    column: Any
    quiet: bool = False


@dataclass(frozen=True)
class Flag:
    """A filter that is on or off."""

    key: str
    title: Any
    condition: Callable[[], ColumnElement[bool]]
    quiet: bool = False


@dataclass(frozen=True)
class Exact:
    """A filter for one text that a column has; ``-`` for those without."""

    key: str
    title: Any
    column: Any
    quiet: bool = True
    text: bool = True

    def condition(self, value: str) -> ColumnElement[bool]:
        found: ColumnElement[bool] = self.column == ("" if value == "-" else value)
        return found


@dataclass(frozen=True)
class Order:
    """An order on offer: columns with their direction. None of them may be empty (NULL)."""

    title: Any
    columns: Sequence[tuple[Any, bool]]


@dataclass(frozen=True)
class BulkAction:
    """Something to do with the chosen rows: a page that gets their ids (``?ids=``) and asks for what it needs."""

    title: Any
    endpoint: str
    permission: str
    icon: str = "check"


@dataclass(frozen=True)
class ListSpec:
    """A list. ``select`` gives the statement whose first column is the row's id, labelled ``id``."""

    name: str
    select: Callable[[], Select[Any]]
    key: Any
    columns: Sequence[Column]
    orders: Mapping[str, Order]
    default_order: str
    filters: Sequence[Choice | Dates | Flag | Exact] = ()
    search: Callable[[str], ColumnElement[bool] | Matches] | None = None
    search_hint: Any = ""
    export_permission: str = ""
    bulk: Sequence[BulkAction] = ()
    page_size: int = PAGE
    kept: bool = False
    """Whether its pages are kept while nothing changes (:mod:`portal.records.kept`): only where all that they show is audited."""
    prepared: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)
    """What was worked out once for this list. A list whose shape depends on no request is best made once and kept."""

    def ordered(self, order: str, size: int) -> Select[Any]:
        """The statement of a page in an order, without conditions."""
        if (order, size) not in self.prepared:
            columns = _in_order(self, order)
            keys = [column.label(f"_key{index}") for index, (column, _descending) in enumerate(columns)]
            sorted_by = [column.desc() if descending else column for column, descending in columns]
            self.prepared[order, size] = self.select().add_columns(*keys).order_by(*sorted_by).limit(size + 1)
        found: Select[Any] = self.prepared[order, size]
        return found

    def bare(self) -> Select[Any]:
        """The statement of the ids alone, without order and conditions."""
        if "bare" not in self.prepared:
            self.prepared["bare"] = self.select().with_only_columns(self.key).limit(COUNTED + 1)
        found: Select[Any] = self.prepared["bare"]
        return found


@dataclass
class ListPage:
    """A page of a list, ready for the template."""

    spec: ListSpec
    rows: Sequence[Row[Any]]
    columns: list[Column]
    arguments: dict[str, str]
    order: str
    count: int
    more: bool
    next_cursor: str = ""
    first: bool = True
    chosen: set[str] = field(default_factory=set)
    size: int = PAGE
    keep: Callable[[Markup], Markup] = Markup
    """Given what was written of the page; returns it."""
    html: Markup | None = None

    @property
    def sizes(self) -> tuple[int, ...]:
        return SIZES

    @property
    def counted(self) -> str:
        return f"{COUNTED}+" if self.count > COUNTED else str(self.count)

    @property
    def filtered(self) -> bool:
        return any(self.arguments.get(key) for key in ("q", *self.filter_keys()))

    def filter_keys(self) -> Iterator[str]:
        for item in self.spec.filters:
            yield from ((f"{item.key}_from", f"{item.key}_to") if isinstance(item, Dates) else (item.key,))

    def filters(self) -> list[Choice | Dates | Flag | Exact]:
        """The filters to show: quiet ones only while they are set."""
        return [
            item for item in self.spec.filters if not item.quiet or any(self.arguments.get(key) for key in (item.key, f"{item.key}_from", f"{item.key}_to"))
        ]  # fmt: skip

    def address(self, **changes: str) -> str:
        """The query string of this list with some arguments changed; empty ones fall away."""
        from urllib.parse import urlencode

        merged = {**self.arguments, **changes}
        return "?" + urlencode([(key, value) for key, value in merged.items() if value])


def clean(text: str, longest: int = LONGEST_SEARCH) -> str:
    """What was typed into a search box, as a database takes it."""
    return " ".join(text.replace("\0", "").encode("utf-8", "ignore").decode().split())[:longest]


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _read(spec: ListSpec, arguments: Mapping[str, str]) -> tuple[dict[str, str], list[ColumnElement[bool]], Matches | None]:
    """The arguments that mean something, their conditions, and that of the search. What means nothing is left aside."""
    kept: dict[str, str] = {}
    conditions: list[ColumnElement[bool]] = []
    found: Matches | None = None
    query = clean(arguments.get("q", ""))
    if query and spec.search is not None:
        kept["q"] = query
        condition = spec.search(query)
        found = condition if isinstance(condition, Matches) else Matches(condition)
    for item in spec.filters:
        if isinstance(item, Choice):
            value = arguments.get(item.key, "")
            if value in [code for code, _title in item.choices]:
                kept[item.key] = value
                conditions.append(item.condition(value))
            continue
        if isinstance(item, Exact):
            value = clean(arguments.get(item.key, ""))
            if value:
                kept[item.key] = value
                conditions.append(item.condition(value))
            continue
        if isinstance(item, Flag):
            if arguments.get(item.key) == "1":
                kept[item.key] = "1"
                conditions.append(item.condition())
            continue
        first, last = _day(arguments.get(f"{item.key}_from", "")), _day(arguments.get(f"{item.key}_to", ""))
        if first:
            kept[f"{item.key}_from"] = first.isoformat()
            conditions.append(item.column >= first)
        if last:
            kept[f"{item.key}_to"] = last.isoformat()
            conditions.append(item.column <= last)
    return kept, conditions, found


def encode_cursor(values: Sequence[Any]) -> str:
    plain = [value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain, ensure_ascii=False).encode()).decode().rstrip("=")


def decode_cursor(text: str, columns: Sequence[Any]) -> list[Any] | None:
    """The values of a cursor in the types of its columns; None when it is none."""
    if not text or len(text) > 600:
        return None
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if not isinstance(values, list) or len(values) != len(columns):
            return None
        return [_value(value, column.type) for value, column in zip(values, columns, strict=True)]
    except (ValueError, RecursionError, binascii.Error):
        return None


def _value(value: Any, kind: TypeEngine[Any]) -> Any:
    """A value of a cursor as its column takes it; raises ValueError where no such value can be."""
    if isinstance(value, str) and isinstance(kind, (UTCDateTime, DateTime)):
        moment = dt.datetime.fromisoformat(value)
        if not 1000 <= moment.year <= 9000 or (moment.tzinfo is None) is isinstance(kind, UTCDateTime):
            raise ValueError(value)
        return moment
    if isinstance(value, str) and isinstance(kind, Date):
        return dt.date.fromisoformat(value)
    wanted = kind.python_type
    if type(value) is not wanted or (wanted is int and abs(value) > LARGEST):
        raise ValueError(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError(value)
        value.encode()
    return value


def _in_order(spec: ListSpec, order: str) -> list[tuple[Any, bool]]:
    """The columns of an order and then the key, which goes the way of the last of them, so that an index can be walked."""
    columns = spec.orders[order].columns
    return [*columns, (spec.key, columns[-1][1])]


def _beyond(columns: Sequence[tuple[Any, bool]], values: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that come after these values in an order."""
    ways = []
    for index, (column, descending) in enumerate(columns):
        same = [columns[i][0] == values[i] for i in range(index)]
        ways.append(and_(*same, column < values[index] if descending else column > values[index]))
    return or_(*ways)


def run(spec: ListSpec, arguments: Mapping[str, str], chosen: Sequence[str] = ()) -> ListPage:
    """A page of the list for the arguments of a request."""
    kept, conditions, found = _read(spec, arguments)
    order = arguments.get("sort", "")
    order = order if order in spec.orders else spec.default_order
    if order != spec.default_order:
        kept["sort"] = order
    size = _size(spec, arguments.get("size", ""))
    if size != spec.page_size:
        kept["size"] = str(size)
    columns = _in_order(spec, order)
    sampled = _bounded(spec, [*conditions, found.sample()]) if found is not None and found.sample is not None else 0
    if found is not None:
        conditions.append(found.condition)
    ordered = spec.ordered(order, size).where(*conditions)
    if sampled <= COUNTED:  # else it is known already that there are more than are counted
        ordered = ordered.add_columns(select(func.count()).select_from(spec.bare().where(*conditions).subquery()).scalar_subquery().label("_count"))
    cursor = decode_cursor(arguments.get("after", ""), [column for column, _descending in columns])
    rows = db.session.execute(ordered if cursor is None else ordered.where(_beyond(columns, cursor))).all()
    if cursor is not None and not rows:
        cursor = None  # what came after has gone in the meantime: from the start again
        rows = db.session.execute(ordered).all()
    count = sampled if sampled > COUNTED else rows[0]._count if rows else 0
    more = len(rows) > size
    rows = rows[:size]
    next_cursor = encode_cursor([getattr(rows[-1], f"_key{index}") for index in range(len(columns))]) if more else ""
    wanted = {key for part in chosen for key in part.split(",")} & {column.key for column in spec.columns}
    if wanted:
        kept["cols"] = ",".join(column.key for column in spec.columns if column.key in wanted)
    shown = [column for column in spec.columns if (column.key in wanted if wanted else column.shown)]
    return ListPage(spec, rows, shown, kept, order, count, more, next_cursor, cursor is None, {column.key for column in shown}, size)


def _bounded(spec: ListSpec, conditions: Sequence[ColumnElement[bool]]) -> int:
    """How many rows fit, counted up to a thousand and one."""
    return db.session.scalar(select(func.count()).select_from(spec.bare().where(*conditions).subquery())) or 0


def _size(spec: ListSpec, text: str) -> int:
    """Rows a page: one of those on offer, or the list's own."""
    return int(text) if text in {str(size) for size in SIZES} else min(spec.page_size, SIZES[-1])


def export(spec: ListSpec, arguments: Mapping[str, str], kind: str) -> tuple[IO[bytes], int]:
    """All rows that fit the arguments, as ``xlsx`` or ``csv``; returns the file and how many rows it has."""
    _kept, conditions, found = _read(spec, arguments)
    if found is not None:
        conditions.append(found.condition)
    order = arguments.get("sort", "")
    columns = _in_order(spec, order if order in spec.orders else spec.default_order)
    statement = spec.select().where(*conditions).order_by(*(column.desc() if descending else column for column, descending in columns))
    count, writers = 0, [ready(column.text) for column in spec.columns]

    def lines() -> Iterator[list[Any]]:
        nonlocal count
        for row in db.session.execute(statement, execution_options={"yield_per": 1000}):
            count += 1
            yield [write(row) for write in writers]

    titles = [str(column.title) for column in spec.columns]
    stream = write_csv(titles, lines()) if kind == "csv" else write_xlsx(titles, lines())
    return stream, count
