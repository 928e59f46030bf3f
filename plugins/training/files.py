"""个人培训档案: what stands in somebody's file for a year or over the years, as data and as an official document."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import checks, figures, queries, rules, words
from plugins.training.models_file import Credit, Exemption, Pass
from portal.directory.models import Organisation, Person
from portal.documents import Block, Document, Facts, Heading, Para, Picture, Table, chinese_date, in_chinese

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
def document(file: File, today: dt.date) -> Document:
    """The file on paper, one page or a few, with a code that a clerk can check."""
    person, code = file.person, checks.code(printed(file, today))
    title = _("个人培训档案（%(year)s 年度）", year=file.year) if file.year else _("个人培训档案")
    facts: list[tuple[str, str]] = [
        (_("姓名"), person.name), (_("所在单位"), " ".join(part for part in (file.org.name, person.team) if part)), (_("职务"), person.position),
        (_("身份号码"), person.masked_id_number()), (_("计入学时"), _("%(n)s 学时（应达 %(need)s 学时）", n=rules.hours(file.counted),
        need=rules.hours(file.need)) if file.year
         else _("%(n)s 学时", n=rules.hours(file.counted))),
        (_("不计入学时"), _("%(n)s 学时", n=rules.hours(file.uncounted))), (_("学分"), points(file.points)),
    ]  # fmt: skip
    if file.member is not None:
        update = _("已参加") if file.member.standing.updates else _("未参加")
        facts += [(_("法律知识更新培训"), update), (_("年度结论"), verdict(file))]
    facts += [(str(words.EXEMPTIONS[note.kind]), _("%(year)s 年，自 %(day)s", year=note.year, day=chinese_date(note.on_day))) for note in file.exemptions]
    blocks: list[Block] = [Facts(tuple(facts))]
    for year, lines in file.by_year().items():
        if not file.year:
            total = sum(line.halves for line in lines if line.counted)
            blocks.append(Heading(2, _("%(year)s 年（计入 %(n)s 学时）", year=year, n=rules.hours(total))))
        blocks.append(_table(lines))
    if not file.valid:
        blocks.append(Para(_("没有培训记录。")))
    if file.passes:
        blocks.append(Heading(2, _("考试合格记录")))
        rows = tuple((row.passed_on.isoformat(), row.title, str(words.EXAM_KINDS[row.kind]), str(row.score)) for row in file.passes)
        blocks.append(Table((_("日期"), _("考试"), _("种类"), _("成绩")), rows, (2, 4, 3, 1)))
    blocks += [Picture(checks.png(checks.address(code)), 28), Para(_("核对码 %(code)s", code=code), indent=False, align="center")]
    return Document(title, form="plain", blocks=tuple(blocks), signature=file.org.name, date=today)


def _table(lines: Sequence[Credit]) -> Table:
    rows = tuple(
        (
            line.held_on.isoformat(),
            line.title,
            str(words.CATEGORIES[line.category]),
            line.organiser_name,
            rules.hours(line.halves),
            _("计入") if line.counted else _("不计入"),
        )
        for line in lines
    )
    return Table((_("日期"), _("培训内容"), _("类别"), _("主办"), _("学时"), _("是否计入")), rows, (2.6, 4.4, 2.2, 2.6, 1, 1.4))


def points(hundredths: int) -> str:
    """学分 as people write it."""
    whole, rest = divmod(hundredths, 100)
    return f"{whole}.{rest:02d}".rstrip("0") if rest else str(whole)
