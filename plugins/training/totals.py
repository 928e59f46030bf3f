"""年度学时: the sums of each person and year, computed anew from the valid credits whenever these change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from plugins.training import rules
from plugins.training.models_file import Credit, PersonYear
from portal.database import insert_into

CHUNK = 400
SUMS = ("counted", "uncounted", "updates", "entries", "points", *rules.CATEGORIES)


def _sums(session: Session, year: int, people: Collection[int] | None, org_id: int | None) -> dict[int, dict[str, int]]:
    """What the valid credits of a year come to, for each person."""
    summed = (func.sum(Credit.halves), func.count(), func.sum(Credit.points), func.sum(cast(Credit.own_update, Integer)))
    found = select(Credit.org_id, Credit.person_id, Credit.category, Credit.counted, *summed).where(Credit.year == year, Credit.state == "valid")
    if people is not None:
        found = found.where(Credit.person_id.in_(people))
    if org_id is not None:
        found = found.where(Credit.org_id == org_id)
    sums: dict[int, dict[str, int]] = {}
    for org, person, category, counted, halves, entries, points, updates in session.execute(
        found.group_by(Credit.org_id, Credit.person_id, Credit.category, Credit.counted)
    ):
        row = sums.setdefault(person, dict.fromkeys(SUMS, 0) | {"org_id": org})
        row["counted" if counted else "uncounted"] += int(halves)
        row[category] += int(halves)
        row["entries"] += int(entries)
        row["points"] += int(points)
        row["updates"] += int(updates)
    return sums


def refresh(session: Session, org_id: int, year: int, people: Iterable[int]) -> None:
    """Write the sums of these people anew. In the open unit of work."""
    session.flush()
    listed = sorted(set(people))
    for start in range(0, len(listed), CHUNK):
        part = listed[start : start + CHUNK]
        sums = _sums(session, year, part, org_id)
        rows = [{"org_id": org_id, "person_id": person, "year": year} | dict.fromkeys(SUMS, 0) | sums.get(person, {}) for person in part]
        _upsert(session, rows)
    for kept in [row for row in session if isinstance(row, PersonYear)]:
        session.expire(kept)


def _upsert(session: Session, rows: list[dict[str, Any]]) -> None:
    statement = insert_into(PersonYear.__table__, session.get_bind().dialect.name)
    changed = {key: statement.excluded[key] for key in ("org_id", *SUMS)}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["person_id", "year"], set_=changed), rows)


def differences(session: Session, year: int) -> list[tuple[int, dict[str, tuple[int, int]]]]:
    """People whose kept sums are not what their credits come to: person, and for each figure what is kept and what is right."""
    right = _sums(session, year, None, None)
    kept = {row.person_id: row for row in session.execute(select(PersonYear.person_id, *(getattr(PersonYear, key) for key in SUMS)).where(PersonYear.year == year))}
    found = []
    for person in sorted(right.keys() | kept.keys()):
        wanted, row = right.get(person, dict.fromkeys(SUMS, 0)), kept.get(person)
        wrong = {key: (getattr(row, key, 0), wanted[key]) for key in SUMS if getattr(row, key, 0) != wanted[key]}
        if wrong:
            found.append((person, wrong))
    return found
