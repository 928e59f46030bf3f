"""Finding: which records of a kind have all the words, in the towns that are seen.

Few hits drive the query of the caller; many are walked in the order of the caller's own index, each row's text being
compared. Nothing that is found here is shown before the caller has read it through the ORM, which narrows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, case, cast, false, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from portal.database import db
from portal.directory.models import Organisation
from portal.search.folding import grams_of_word, is_exact, words
from portal.search.index import LISTED_SQLITE, lexeme, scope_of
from portal.search.models import DOCUMENTS, ID_BITS, ORG_BITS, id_of, key_of, stretch
from portal.search.registry import Source, numbers, sources
from portal.tenancy import Shared, visible_orgs

MOST = 2000
"""Hits that are worked with one by one. One more is fetched, to know whether there are more."""


@dataclass(frozen=True)
class Matches:
    """The condition for rows that have the words. With ``sample`` there are many: it stands for the first of them,
    of which a bounded count may be enough."""

    condition: ColumnElement[bool]
    sample: ColumnElement[bool] | None = None


def matching(model: type[Any], query: str) -> Matches:
    """The condition for the records of a searched kind that have all words of a query; for ``ListSpec.search``."""
    source, search_words = sources()[model], words(query)
    number = numbers(db.session()).get(source.name)
    if not search_words or number is None:
        return Matches(false())
    keys: list[int] = []
    connection = db.session.connection()
    for org_id in towns(source):
        keys.extend(newest(connection, number, org_id, search_words, MOST + 1 - len(keys)))
        if len(keys) > MOST:
            return Matches(_has_words(source, number, search_words), among(source.model.id, map(id_of, keys)))
    return Matches(among(source.model.id, map(id_of, keys)))


def towns(source: Source) -> list[int]:
    """The organisations whose records of a kind are seen by whoever is acting; also of those that let them in."""
    seen = visible_orgs(source.model.__plugin__)
    if seen is not None and issubclass(source.model, Shared):
        seen |= set(db.session.scalars(select(source.model.org_id).distinct()))
    return sorted(db.session.scalars(select(Organisation.id)) if seen is None else seen)


def among(column: Any, ids: Iterable[int]) -> ColumnElement[bool]:
    """Whether a column is one of many numbers, with one parameter however many there are."""
    listed = list(ids)
    if db.session.get_bind().dialect.name == "sqlite":
        values = func.json_each(json.dumps(listed)).table_valued("value")
        return column.in_(select(values.c.value))  # type: ignore[no-any-return]
    return column == func.any(cast(listed, ARRAY(BigInteger)))  # type: ignore[no-any-return]


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
    ask = _newest_sqlite if connection.dialect.name == "sqlite" else _newest_postgresql
    return [row[0] for row in ask(connection, number, org_id, search_words, limit)]


def _grams(search_words: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(gram for word in search_words for gram in grams_of_word(word)))


def _newest_sqlite(connection: Connection, number: int, org_id: int, search_words: Sequence[str], limit: int) -> Any:
    match = " AND ".join(f'"{gram}"' for gram in _grams(search_words))
    first, last = stretch(number, org_id)
    if is_exact(search_words):
        asked = "SELECT rowid FROM core_search_grams WHERE core_search_grams MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT ?"
        return connection.exec_driver_sql(asked, (match, first, last, limit))
    compared = " AND ".join("instr(d.text, ?) > 0" for _word in search_words)
    asked = (
        "SELECT core_search_grams.rowid FROM core_search_grams CROSS JOIN core_search_document d ON d.key = core_search_grams.rowid"  # noqa: S608 - marks only
        f" WHERE core_search_grams MATCH ? AND core_search_grams.rowid BETWEEN ? AND ? AND {compared} ORDER BY core_search_grams.rowid DESC LIMIT ?"
    )
    return connection.exec_driver_sql(asked, (match, first, last, *search_words, limit))


def _newest_postgresql(connection: Connection, number: int, org_id: int, search_words: Sequence[str], limit: int) -> Any:
    scope = scope_of(key_of(number, org_id, 0))
    match = " & ".join(lexeme(scope, gram) for gram in _grams(search_words))
    if is_exact(search_words):
        asked = "SELECT key FROM core_search_grams WHERE grams @@ CAST(%s AS tsquery) ORDER BY key DESC LIMIT %s"
        return connection.exec_driver_sql(asked, (match, limit))
    compared = " AND ".join("strpos(d.text, %s) > 0" for _word in search_words)
    asked = (
        "SELECT g.key FROM core_search_grams g JOIN core_search_document d ON d.key = g.key"  # noqa: S608 - marks only
        f" WHERE g.grams @@ CAST(%s AS tsquery) AND {compared} ORDER BY g.key DESC LIMIT %s"
    )
    return connection.exec_driver_sql(asked, (match, *search_words, limit))


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
