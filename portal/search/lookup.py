"""Finding: which records of a kind have all the words, in the towns that are seen.

Few hits drive the query of the caller; many are walked in the order of the caller's own index, each row's text being
compared. Nothing that is found here is shown before the caller has read it through the ORM, which narrows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, false, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from portal.database import db
from portal.directory.models import Organisation
from portal.search.folding import grams_of_word, is_exact, words
from portal.search.index import LISTED_SQLITE, lexeme, scope_of
from portal.search.models import DOCUMENTS, ID_BITS, ORG_BITS, key_of, stretch
from portal.search.registry import Source, numbers, sources
from portal.tenancy import Shared, visible_orgs

MOST = 2000
"""Hits that are worked with one by one. One more is fetched, to know whether there are more."""
DRIVING = 900
"""Up to so many hits are looked up one by one and sorted; from there on it is quicker to walk the index of the caller's order and
to look at each row whether it is among them, since a page is full after a few."""
TASTE = 300
"""SQLite: hits after which it is clear that a word is frequent, from how little of a town's records they were found in."""


@dataclass(frozen=True)
class Matches:
    """The condition for rows that have the words. With ``sample`` there are many: it gives the condition for some of them,
    of which a bounded count may be enough."""

    condition: ColumnElement[bool]
    sample: Callable[[], ColumnElement[bool]] | None = None


def matching(model: type[Any], query: str) -> Matches:
    """The condition for the records of a searched kind that have all words of a query; for ``ListSpec.search``."""
    source, search_words = sources()[model], words(query)
    number = numbers(db.session()).get(source.name)
    if not search_words or number is None:
        return Matches(false())
    seen = towns(source)
    count, listed = _gathered(number, seen, search_words, taste=True)
    if count > MOST:
        return Matches(_has_words(source, number, search_words), lambda: _one_of(source.model.id, _gathered(number, seen, search_words)[1]))
    if count > DRIVING and db.session.get_bind().dialect.name == "sqlite":
        return Matches(_one_of(source.model.id + 0, listed))
    return Matches(_one_of(source.model.id, listed))


def _gathered(number: int, seen: Sequence[int], search_words: Sequence[str], *, taste: bool = False) -> tuple[int, list[str]]:
    """How many records of a kind in these towns have all the words, and their ids as JSON lists, until there are more than
    ``MOST``. With ``taste`` it stops as soon as it is clear that there are."""
    connection = db.session.connection()
    count, listed = 0, list[str]()
    for org_id in seen:
        if taste and connection.dialect.name == "sqlite":
            found, ids, last = _listed(connection, number, org_id, search_words, TASTE + 1)
            if found <= TASTE:
                count, listed = count + found, [*listed, ids]
                continue
            if found * _share_before(connection, number, org_id, last) > 2 * MOST:
                return MOST + 1, []
        found, ids, _last = _listed(connection, number, org_id, search_words, MOST + 1 - count)
        count, listed = count + found, [*listed, ids]
        if count > MOST:
            break
    return count, listed


def _share_before(connection: Connection, number: int, org_id: int, key: int) -> float:
    """How many times as many records a town has as those up to a key, by how far the keys reach."""
    ends = "(SELECT {}(key) FROM core_search_document WHERE key BETWEEN ? AND ?)"
    first, last = connection.exec_driver_sql(f"SELECT {ends.format('min')}, {ends.format('max')}", stretch(number, org_id) * 2).one()
    return float((last - first) / max(key - first, 1))


def towns(source: Source) -> list[int]:
    """The organisations whose records of a kind are seen by whoever is acting; also of those that let them in."""
    seen = visible_orgs(source.model.__plugin__)
    if seen is not None and issubclass(source.model, Shared):
        seen |= set(db.session.scalars(select(source.model.org_id).distinct()))
    return sorted(db.session.scalars(select(Organisation.id)) if seen is None else seen)


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column is one of many numbers, with one parameter however many there are."""
    return _one_of(column, [json.dumps(list(ids))])


def _one_of(column: Any, listed: Sequence[str]) -> ColumnElement[bool]:
    """Whether a column is one of the numbers in JSON lists."""
    text = "[" + ",".join(part[1:-1] for part in listed if len(part) > 2) + "]"
    if db.session.get_bind().dialect.name == "sqlite":
        values = func.json_each(text).table_valued("value")
        return column.in_(select(values.c.value))  # type: ignore[no-any-return]
    return column == func.any(cast(json.loads(text), ARRAY(BigInteger)))  # type: ignore[no-any-return]


def _has_words(source: Source, number: int, search_words: Sequence[str]) -> ColumnElement[bool]:
    """Whether the text of the row at hand has the words. A subquery of its own, so that no planner turns it into a join."""
    model = source.model
    key = (number << (ORG_BITS + ID_BITS)) + cast(model.org_id, BigInteger) * (1 << ID_BITS) + model.id
    found = and_(*(position(DOCUMENTS.c.text, word) > 0 for word in search_words))
    return select(case((found, 1), else_=0)).where(DOCUMENTS.c.key == key).scalar_subquery() == 1


def position(text: Any, word: str) -> Any:
    """Where a word stands in a text, from 1 on; 0: nowhere."""
    return (func.instr if db.session.get_bind().dialect.name == "sqlite" else func.strpos)(text, word)


# -- the index --------------------------------------------------------------------------------------------------------------


def newest(connection: Connection, number: int, org_id: int, search_words: Sequence[str], limit: int) -> list[int]:
    """Keys of the newest records of a kind in a town that have all the words, at most ``limit``."""
    asked, values = _hits(connection, number, org_id, search_words, newest_first=True)
    return [row[0] for row in connection.exec_driver_sql(asked, (*values, limit))]


def _listed(connection: Connection, number: int, org_id: int, search_words: Sequence[str], limit: int) -> tuple[int, str, int]:
    """How many records of a kind in a town have all the words, their ids as a JSON list, and the last of their keys; at most
    ``limit``, whichever the index comes upon first: on SQLite the oldest.

    The database makes the list: two thousand rows would cost more than finding them.
    """
    asked, values = _hits(connection, number, org_id, search_words)
    gathered = "json_group_array(key & {0})" if connection.dialect.name == "sqlite" else "CAST(json_agg(key & {0}) AS text)"
    whole = f"SELECT count(*), {gathered.format((1 << ID_BITS) - 1)}, max(key) FROM ({asked}) AS hits"  # noqa: S608 - marks only
    row = connection.exec_driver_sql(whole, (*values, limit)).one()
    return row[0], row[1] or "[]", row[2] or 0


def _grams(search_words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(gram for word in search_words for gram in grams_of_word(word)))


def _hits(connection: Connection, number: int, org_id: int, search_words: Sequence[str], *, newest_first: bool = False) -> tuple[str, tuple[Any, ...]]:
    """The statement for the keys of the records that have all the words, and its values but for the limit, which comes last."""
    order = "ORDER BY key DESC " if newest_first else ""
    if connection.dialect.name == "sqlite":
        return _hits_sqlite(number, org_id, search_words, order)
    return _hits_postgresql(number, org_id, search_words, order)


def _hits_sqlite(number: int, org_id: int, search_words: Sequence[str], order: str) -> tuple[str, tuple[Any, ...]]:
    match = " AND ".join(f'"{gram}"' for gram in _grams(search_words))
    first, last = stretch(number, org_id)
    table, order = "core_search_grams", order.replace("key", "core_search_grams.rowid")
    if is_exact(search_words):
        return f"SELECT rowid AS key FROM {table} WHERE {table} MATCH ? AND rowid BETWEEN ? AND ? {order}LIMIT ?", (match, first, last)  # noqa: S608 - names above
    compared = " AND ".join("instr(d.text, ?) > 0" for _word in search_words)
    asked = (
        f"SELECT {table}.rowid AS key FROM {table} CROSS JOIN core_search_document d ON d.key = {table}.rowid"  # noqa: S608 - marks only
        f" WHERE {table} MATCH ? AND {table}.rowid BETWEEN ? AND ? AND {compared} {order}LIMIT ?"
    )
    return asked, (match, first, last, *search_words)


def _hits_postgresql(number: int, org_id: int, search_words: Sequence[str], order: str) -> tuple[str, tuple[Any, ...]]:
    scope = scope_of(key_of(number, org_id, 0))
    match = " & ".join(lexeme(scope, gram) for gram in _grams(search_words))
    order = order.replace("key", "g.key")
    if is_exact(search_words):
        return f"SELECT g.key FROM core_search_grams g WHERE g.grams @@ CAST(%s AS tsquery) {order}LIMIT %s", (match,)  # noqa: S608 - marks only
    compared = " AND ".join("strpos(d.text, %s) > 0" for _word in search_words)
    asked = (
        "SELECT g.key FROM core_search_grams g JOIN core_search_document d ON d.key = g.key"  # noqa: S608 - marks only
        f" WHERE g.grams @@ CAST(%s AS tsquery) AND {compared} {order}LIMIT %s"
    )
    return asked, (match, *search_words)


def places(connection: Connection, keys: Sequence[int], search_words: Sequence[str]) -> Sequence[Any]:
    """Key and day of documents, and for each word the field in which it stands first (by number) and the character before it."""
    keyed: Any
    if connection.dialect.name == "sqlite":
        listed, keyed, place, line, mark = LISTED_SQLITE, json.dumps(keys), "instr", "char(10)", "?"
    else:
        listed, keyed, place, line, mark = "core_search_document d WHERE d.key = ANY(%s)", list(keys), "strpos", "chr(10)", "%s"
    at = f"{place}(d.text, {mark})"
    columns = f", length(substr(d.text, 1, {at})) - length(replace(substr(d.text, 1, {at}), {line}, '')), substr(d.text, {at} - 1, 1)" * len(search_words)
    asked = f"SELECT d.key, d.day{columns} FROM {listed}"  # noqa: S608 - marks and names of functions only
    return connection.exec_driver_sql(asked, (*(word for word in search_words for _mark in range(3)), keyed)).all()
