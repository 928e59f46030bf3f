"""When somebody moves to another town in the year: what was earned stays there, its sum is copied into the new town's books."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import totals, years
from plugins.training.models_file import Credit, Pass
from portal.context import current_actor
from portal.directory.models import Organisation, Person, PersonChange


def moved(session: Session, year: int, orgs: Collection[int]) -> list[tuple[Person, Person, dt.date]]:
    """Who moved in a year: the old entry, the new one, the day. Seen over all towns: for the job only."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    changes = session.execute(
        select(PersonChange.person_id, PersonChange.to_org_id, PersonChange.effective_on)
        .where(PersonChange.kind == "move", PersonChange.applied_at.is_not(None), PersonChange.effective_on.between(first, last), PersonChange.to_org_id.in_(list(orgs)))
        .order_by(PersonChange.effective_on, PersonChange.id)
    ).all()
    found = []
    for change in changes:
        old = session.scalars(select(Person).where(Person.id == change.person_id)).unique().one()
        if old.id_number_index is None:
            continue
        new = session.scalars(select(Person).where(Person.org_id == change.to_org_id, Person.id_number_index == old.id_number_index)).unique().one_or_none()
        if new is not None:
            found.append((old, new, change.effective_on))
    return found


def carry(session: Session, old: Person, new: Person, year: int, on: dt.date, today: dt.date) -> bool:
    """Bring what the old town credited into the new town's books, one line a category; returns whether anything changed."""
    if not years.is_open(session, new.org_id, year):
        return False
    changed = _carry_credits(session, old, new, year, on, today)
    return _carry_passes(session, old, new) or changed


def _carry_credits(session: Session, old: Person, new: Person, year: int, on: dt.date, today: dt.date) -> bool:
    origin = session.get(Organisation, old.org_id)
    assert origin is not None
    sums: dict[tuple[str, bool], dict[str, Any]] = {}
    for row in session.scalars(select(Credit).where(Credit.person_id == old.id, Credit.year == year, Credit.state == "valid", Credit.held_on <= on)):
        line = sums.setdefault((row.category, row.counted), {"halves": 0, "points": 0, "update": False})
        line["update"] = line["update"] or row.own_update
        line["halves"] += row.halves
        line["points"] += row.points
    known = {
        (row.category, row.counted): row
        for row in session.scalars(
            select(Credit).where(
                Credit.person_id == new.id, Credit.year == year, Credit.source == "carried", Credit.state == "valid", Credit.organiser_org_id == origin.id
            )
        )
    }
    changed = False
    for key in sums.keys() | known.keys():
        line, there = sums.get(key, {"halves": 0, "points": 0, "update": False}), known.get(key)
        if there is not None and (there.halves, there.points, there.own_update) == (line["halves"], line["points"], line["update"]):
            continue
        changed = True
        if there is not None:
            there.state = "void"
        if line["halves"]:
            session.add(Credit(
                org_id=new.org_id, person_id=new.id, year=year, held_on=on, source="carried", title=_("原单位（%(town)s）已认定学时", town=origin.name), category=key[0],
                organiser="other", organiser_org_id=origin.id, organiser_name=origin.name, halves=line["halves"], counted=key[1], points=line["points"],
                own_update=line["update"],
                corrects_id=there.id if there is not None else None, reason=_("原单位学时有变动") if there is not None else "", certified_by=current_actor().name,
                certified_on=today,
            ))  # fmt: skip
    if changed:
        totals.refresh(session, new.org_id, year, [new.id])
    return changed


def _carry_passes(session: Session, old: Person, new: Person) -> bool:
    known = {(row.kind, row.passed_on): row for row in session.scalars(select(Pass).where(Pass.person_id == new.id))}
    changed = False
    for row in session.scalars(select(Pass).where(Pass.person_id == old.id)).all():
        there = known.get((row.kind, row.passed_on))
        if there is None and not row.void:
            session.add(Pass(org_id=new.org_id, person_id=new.id, kind=row.kind, passed_on=row.passed_on, score=row.score, title=row.title, attempt_id=row.attempt_id))
            changed = True
        elif there is not None and there.void != row.void:
            there.void, changed = row.void, True
    session.flush()
    return changed
