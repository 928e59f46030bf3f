"""The search over everything: hits of each kind, ranked, as the acting role may see them.

The rank of a hit hangs on its own text alone: which fields have the words, whether they begin with them, and how recent
the record is. Nothing is weighed by how frequent a word is, which would tell of the records of others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.contract import RecordType
from portal.database import db
from portal.search.folding import words
from portal.search.lookup import MOST, among, newest, places, towns
from portal.search.marks import Piece, marked, snippet
from portal.search.models import id_of
from portal.search.registry import Source, numbers, sources

COUNTED = 1000
ALL = 2**31 - 1
OVERVIEW = 5
"""Hits of each kind where all kinds are shown."""
PAGE = 20


@dataclass(frozen=True)
class FoundRecord:
    """A hit: its title and a part of its text in pieces, what else tells it from others, and its state."""

    title: list[Piece]
    snippet: list[Piece]
    summary: list[Piece]
    state: tuple[Any, str, str] | None
    url: str


@dataclass
class Group:
    """The hits of one kind: how many, and those of a page."""

    name: str
    title: Any
    count: int
    hits: list[FoundRecord] = field(default_factory=list)
    page: int = 1
    capped: bool = False
    """There are so many that only the newest were ranked."""

    @property
    def counted(self) -> str:
        return f"{COUNTED}+" if self.count > COUNTED else str(self.count)

    @property
    def pages(self) -> int:
        return -(-self.count // PAGE)


class Ranked(NamedTuple):
    """The ids of a kind's hits, the best first; ``capped``: there are more, which are older."""

    ids: list[int]
    capped: bool


def group(source: Source, query: str, *, page: int = 1, size: int = PAGE) -> Group:
    """The hits of one kind for whoever is acting. The caller has checked that they may read this kind."""
    search_words = words(query)
    ranked = rank(db.session(), source, search_words)
    found = Group(source.name, source.record_type.title, len(ranked.ids), capped=ranked.capped)
    found.page = max(1, min(page, found.pages))
    shown = ranked.ids[(found.page - 1) * size : found.page * size]
    wanted = select(source.model).where(source.model.id.in_(shown))
    records = {record.id: record for record in db.session.scalars(wanted).unique()} if shown else {}
    found.hits = [_hit(source, records[key], query, search_words) for key in shown if key in records]
    return found


def _hit(source: Source, record: Any, query: str, search_words: Sequence[str]) -> FoundRecord:
    search = source.search
    title = str(search.title(record))
    summary = str(search.summary(record))
    part: list[Piece] = []
    for name in source.fields:
        text = " ".join(str(getattr(record, name) or "").split())
        if text and text not in title and text not in summary:
            part = snippet(text, search_words)
            if part:
                break
    return FoundRecord(marked(title, query), part, marked(summary, query), search.state(record) if search.state else None, source.record_type.url(record.id))


# -- rank -----------------------------------------------------------------------------------------------------------------


def rank(session: Session, source: Source, search_words: Sequence[str]) -> Ranked:
    """The ids of the visible hits of a kind, the best first."""
    number = numbers(session).get(source.name)
    if not search_words or number is None:
        return Ranked([], False)
    seen, capped = _seen(session, source, number, search_words)
    keys = [key for found in seen for key in found]
    scored = _scores(session, source, keys, search_words)
    return Ranked([id_of(key) for _score, _day, key in sorted(scored, key=lambda item: (-item[0], -item[1], -id_of(item[2])))], capped)


def _seen(session: Session, source: Source, number: int, search_words: Sequence[str]) -> tuple[list[list[int]], bool]:
    """Keys of the visible hits town by town, the newest first; of too many each town gets its share, and that is told."""
    orgs = towns(source)
    share = max(1, MOST // max(1, len(orgs)))
    seen = [visible_newest(session, source, number, org_id, search_words, share + 1) for org_id in orgs]
    total = sum(map(len, seen))
    for at, found in enumerate(seen):
        if total > MOST:
            return [keys[:share] for keys in seen], True
        if len(found) > share:
            seen[at] = visible_newest(session, source, number, orgs[at], search_words, MOST + 1)
            total += len(seen[at]) - len(found)
    return ([keys[:share] for keys in seen], True) if total > MOST else (seen, False)


def visible_newest(session: Session, source: Source, number: int, org_id: int, search_words: Sequence[str], limit: int) -> list[int]:
    """Keys of the newest hits in a town that the ORM shows to whoever is acting, at most ``limit``."""
    keys = newest(session.connection(), number, org_id, search_words, limit)
    shown = _visible(session, source, keys)
    if len(shown) < len(keys) == limit:
        shown = _visible(session, source, newest(session.connection(), number, org_id, search_words, ALL))[:limit]
    return shown


def _visible(session: Session, source: Source, keys: Sequence[int]) -> list[int]:
    if not keys:
        return []
    seen = set(session.scalars(select(source.model.id).where(among(source.model.id, map(id_of, keys)))))
    return [key for key in keys if id_of(key) in seen]


def _scores(session: Session, source: Source, keys: Sequence[int], search_words: Sequence[str]) -> list[tuple[int, int, int]]:
    """Score, day and key of each hit."""
    if not keys:
        return []
    rows = places(session.connection(), keys, search_words)
    return [(score(source.weights, row[2:]), row[1], row[0]) for row in rows]


def score(weights: Sequence[int], found: Sequence[Any]) -> int:
    """The worth of a hit: for each word the weight of the best field that has it, more where the field or a word of it begins so."""
    total = 0
    for at in range(0, len(found), 2):
        weight, before = weights[found[at]], found[at + 1]
        total += weight * (6 if before in ("", "\n") else 5 if before == " " else 4)
    return total


def everything(query: str, kinds: Iterable[RecordType], *, only: str = "", page: int = 1) -> list[Group]:
    """The hits of each kind that has any: the first of each, or a page of the one that is asked for."""
    found = []
    for kind in kinds:
        source = sources().get(kind.model)
        if source is None or source.name != kind.name:
            continue
        chosen = kind.name == only
        counted = group(source, query, page=page if chosen else 1, size=PAGE if chosen else 0 if only else OVERVIEW)
        if counted.count or chosen:
            found.append(counted)
    return found
