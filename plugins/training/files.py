"""个人培训档案: what stands in somebody's file for a year or over the years, as data and as the values of its paper."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import checks, figures, queries, rules, words
from plugins.training.models_file import Credit, Exemption, Pass
from portal.directory.models import Organisation, Person
from portal.documents import chinese_date, in_chinese

CHUNK = 100


@dataclass(frozen=True)
class File:
    """A training file. ``year`` 0: over all years."""

    person: Person
    org: Organisation
    year: int
    member: queries.Member | None
    credits: Sequence[Credit]
    exemptions: Sequence[Exemption]
    passes: Sequence[Pass]
    need: int

    @property
    def valid(self) -> list[Credit]:
        return [line for line in self.credits if line.state == "valid"]

    @property
    def counted(self) -> int:
        return sum(line.halves for line in self.valid if line.counted)

    @property
    def uncounted(self) -> int:
        return sum(line.halves for line in self.valid if not line.counted)

    @property
    def points(self) -> int:
        return sum(line.points for line in self.valid)

    def by_year(self) -> dict[int, list[Credit]]:
        found: dict[int, list[Credit]] = defaultdict(list)
        for line in self.valid:
            found[line.year].append(line)
        return dict(sorted(found.items()))


def of_people(session: Session, people: Sequence[int], org: Organisation, year: int, today: dt.date, members: dict[int, queries.Member]) -> Iterator[File]:
    """The files of people of a town, a few statements for each hundred, so that memory stays as it is."""
    asked = figures.of_year(org.id, year or today.year, today)
    for start in range(0, len(people), CHUNK):
        part = people[start : start + CHUNK]
        persons = {person.id: person for person in session.scalars(select(Person).where(Person.id.in_(part))).unique()}
        lines, notes, passes = defaultdict(list), defaultdict(list), defaultdict(list)
        wanted = [Credit.person_id.in_(part), *([Credit.year == year] if year else [])]
        for line in session.scalars(select(Credit).where(*wanted).order_by(Credit.held_on, Credit.id)):
            lines[line.person_id].append(line)
        noted = [Exemption.person_id.in_(part), Exemption.state == "granted", *([Exemption.year == year] if year else [])]
        for note in session.scalars(select(Exemption).where(*noted).order_by(Exemption.id)).unique():
            notes[note.person_id].append(note)
        for row in session.scalars(select(Pass).where(Pass.person_id.in_(part), ~Pass.void).order_by(Pass.passed_on, Pass.id)):
            passes[row.person_id].append(row)
        session.expunge_all()
        for key in part:
            if key in persons:
                yield File(persons[key], org, year, members.get(key), lines[key], notes[key], passes[key], asked.need)


def of(session: Session, person: Person, year: int, today: dt.date) -> File:
    """The file of one person."""
    org = person.organisation
    found = {member.person_id: member for member in queries.members(session, year or today.year, today, org_id=person.org_id, person_id=person.id)}
    noted = [Exemption.person_id == person.id, Exemption.state == "granted", *([Exemption.year == year] if year else [])]
    exemptions = session.scalars(select(Exemption).where(*noted).order_by(Exemption.id)).unique().all()
    passes = session.scalars(select(Pass).where(Pass.person_id == person.id, ~Pass.void).order_by(Pass.passed_on, Pass.id)).all()
    lines = queries.credits_of(session, person.id, year or None)
    return File(person, org, year, found.get(person.id) if year else None, lines, exemptions, passes, figures.of_year(org.id, year or today.year, today).need)


def printed(file: File, today: dt.date) -> checks.Printed:
    return checks.Printed(file.org.id, file.person.id, file.year, file.counted, today)


def verdict(file: File) -> str:
    """Whether the year is met, in words."""
    member = file.member
    if member is None:
        return ""
    word = str(words.VERDICTS[member.status][0])
    return _("%(word)s，差 %(n)s 学时", word=word, n=rules.hours(member.standing.short)) if member.status == "short" else word


@in_chinese
def values(file: File, today: dt.date) -> dict[str, Any]:
    """The file as its paper takes it; ``year`` and ``need`` are empty where it is over all years."""
    person, member = file.person, file.member
    notes = [_("%(what)s：%(year)s 年，自 %(day)s", what=words.EXEMPTIONS[note.kind], year=note.year, day=chinese_date(note.on_day)) for note in file.exemptions]
    lines = [
        {"day": line.held_on.isoformat(), "title": line.title, "category": str(words.CATEGORIES[line.category]), "organiser": line.organiser_name,
         "hours": rules.hours(line.halves), "counts": _("计入") if line.counted else _("不计入"), "year": str(line.year)}
        for line in file.valid
    ]  # fmt: skip
    years = [{"year": str(year), "counted": rules.hours(sum(line.halves for line in found if line.counted))} for year, found in file.by_year().items()]
    passes = [{"day": row.passed_on.isoformat(), "title": row.title, "kind": str(words.EXAM_KINDS[row.kind]), "score": str(row.score)} for row in file.passes]
    return {
        "issuer": file.org.name, "date": chinese_date(today), "name": person.name, "unit": " ".join(part for part in (file.org.name, person.team) if part),
        "position": person.position, "id_number": person.masked_id_number(), "year": str(file.year or ""), "counted": rules.hours(file.counted),
        "need": rules.hours(member.standing.need if member is not None else file.need) if file.year else "", "uncounted": rules.hours(file.uncounted),
        "points": points(file.points), "update": "" if member is None else _("已参加") if member.standing.updates else _("未参加"), "verdict": verdict(file),
        "notes": "\n".join(notes), "credits": lines, "years": years, "passes": passes, "code": checks.code(printed(file, today)),
    }  # fmt: skip


def points(hundredths: int) -> str:
    """学分 as people write it."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
