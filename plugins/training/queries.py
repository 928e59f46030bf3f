"""Questions to the books, each a few statements however many people there are: who stands where, who is short, who has not held."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from plugins.training import figures, rules
from plugins.training.models import Duty, Enrolment, Training
from plugins.training.models_file import Credit, Exemption, PersonYear
from portal.database import db
from portal.directory.models import TOWN_KINDS, Organisation, Person
from portal.tenancy import current_scope

GONE = ("离职", "退休", "调离")


@dataclass(frozen=True)
class Member:
    """Somebody in a year: who, where, and where they stand. ``status`` is a verdict, or ``gone``, or ``none`` (nothing is asked)."""

    person_id: int
    org_id: int
    name: str
    unit: str
    position: str
    employment: str
    standing: rules.Standing
    status: str
    light: str
    uncounted: int
    points: int
    categories: dict[str, int]

    @property
    def owes(self) -> bool:
        return self.status not in ("gone", "none", "exempt")


@dataclass
class Summary:
    """How a group of people stands."""

    people: int = 0
    met: int = 0
    no_update: int = 0
    short: int = 0
    exempt: int = 0
    amber: int = 0
    red: int = 0
    short_halves: int = 0
    forecast: int = 0
    counted: int = 0
    uncounted: int = 0
    categories: dict[str, int] = field(default_factory=lambda: dict.fromkeys(rules.CATEGORIES, 0))

    def add(self, member: Member) -> None:
        self.counted += member.standing.counted
        self.uncounted += member.uncounted
        for category, halves in member.categories.items():
            self.categories[category] += halves
        if member.status == "exempt":
            self.exempt += 1
        if not member.owes:
            return
        self.people += 1
        self.met += member.status == "met"
        self.no_update += member.status == "no_update"
        self.short += member.status == "short"
        self.amber += member.light == "amber"
        self.red += member.light == "red"
        self.short_halves += member.standing.short
        self.forecast += member.standing.forecast > 0

    @property
    def hours_met(self) -> int:
        return self.met + self.no_update

    @property
    def rate(self) -> int:
        """Of those who owe, how many in a hundred have their hours."""
        return self.hours_met * 100 // self.people if self.people else 0

    def kept(self) -> dict[str, Any]:
        return asdict(self)


def _planned(session: Session, year: int, conditions: Sequence[ColumnElement[bool]]) -> dict[int, dict[str, int]]:
    """Halves of sessions to come in which people have a seat, by category."""
    found = (
        select(Enrolment.person_id, Training.category, func.sum(Training.halves))
        .join(Training, Training.id == Enrolment.session_id)
        .where(Training.year == year, Training.state.in_(rules.LIVING), Enrolment.state.in_(("enrolled", "present", "attended")), *conditions)
        .group_by(Enrolment.person_id, Training.category)
    )
    planned: dict[int, dict[str, int]] = defaultdict(dict)
    for person, category, halves in session.execute(found):
        planned[person][category] = int(halves)
    return planned


def _notes(session: Session, year: int, conditions: Sequence[ColumnElement[bool]]) -> dict[int, dict[str, dt.date]]:
    """Granted exemptions and days of coming and going."""
    noted: dict[int, dict[str, dt.date]] = defaultdict(dict)
    for row in session.execute(select(Exemption.person_id, Exemption.kind, Exemption.on_day).where(Exemption.year == year, Exemption.state == "granted", *conditions)):
        noted[row.person_id][row.kind] = row.on_day
    return noted


PERSON = (
    Person.id, Person.org_id, Person.name, Person.team, Person.position, Person.employment_type, Person.post_status, Person.post_status_on, Person.left_on,
    Person.retired_on,
)  # fmt: skip
KEPT = (PersonYear.counted, PersonYear.uncounted, PersonYear.updates, PersonYear.points, *(getattr(PersonYear, category) for category in rules.CATEGORIES))


def members(session: Session, year: int, today: dt.date, *, org_id: int | None = None, person_id: int | None = None) -> list[Member]:
    """Everybody of the towns in sight (or of one town, or one person) in a year, by name. Four statements."""
    enabled = current_app.extensions["portal"].plugins.enabled_orgs("training")
    wanted = [Person.org_id == org_id] if org_id is not None else [Person.org_id.in_(sorted(enabled))]
    narrowed: list[Any] = [Person.id == person_id] if person_id is not None else []
    people = (
        select(*PERSON, *KEPT)
        .outerjoin(PersonYear, (PersonYear.person_id == Person.id) & (PersonYear.year == year))
        .where(*wanted, *narrowed, or_(Person.left_on.is_(None), Person.left_on >= dt.date(year, 1, 1), PersonYear.entries > 0))
        .order_by(Person.org_id, Person.name, Person.id)
    )
    own = [Enrolment.person_id == person_id] if person_id is not None else [Enrolment.org_id == org_id] if org_id is not None else []
    planned = _planned(session, year, own)
    noted = _notes(session, year, [Exemption.person_id == person_id] if person_id is not None else [Exemption.org_id == org_id] if org_id is not None else [])
    asked: dict[int, tuple[figures.YearFigures, frozenset[str]]] = {}
    found = []
    for row in session.execute(people):
        if row.org_id not in asked:
            on = min(today, dt.date(year, 12, 31))
            asked[row.org_id] = (figures.of_year(row.org_id, year, today), figures.measure(row.org_id, on).counting)
        found.append(_member(row, year, today, *asked[row.org_id], planned.get(row.id, {}), noted.get(row.id, {})))
    return found


def _member(row: Any, year: int, today: dt.date, asked: figures.YearFigures, counting: frozenset[str], planned: dict[str, int], noted: dict[str, dt.date]) -> Member:
    left = noted.get("left") or row.left_on or row.retired_on
    gone = row.post_status in GONE and (left is None or left <= dt.date(year, 12, 31))
    came = noted.get("joined")
    need = rules.required(asked.need, year, came, left if gone or "left" in noted else None, asked.prorata)
    exempt = "exempt" in noted
    coming = sum(halves for category, halves in planned.items() if rules.counts(category, counting))
    standing = rules.Standing(need, row.counted or 0, coming, row.updates or 0, exempt)
    owing = row.employment_type in asked.owing
    status = "gone" if gone else "none" if not owing else standing.verdict
    light = rules.light(standing, today, year, asked.guides, asked.warn_days) if status not in ("gone", "none") else "grey"
    return Member(
        row.id, row.org_id, row.name, row.team, row.position, row.employment_type, standing, status, light, row.uncounted or 0, row.points or 0,
        {category: getattr(row, category) or 0 for category in rules.CATEGORIES},
    )  # fmt: skip


def summary(session: Session, org_id: int | None, year: int, today: dt.date) -> Summary:
    """How a town (or all towns in sight) stands in a year."""
    return total(members(session, year, today, org_id=org_id))


def total(listed: Iterable[Member]) -> Summary:
    found = Summary()
    for member in listed:
        found.add(member)
    return found


def grouped(listed: Iterable[Member], key: Any) -> dict[Any, Summary]:
    """Summaries by whatever ``key`` gives of a member, in the order of first meeting."""
    found: dict[Any, Summary] = {}
    for member in listed:
        found.setdefault(key(member), Summary()).add(member)
    return found


# -- departments ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A department's duty in a year, and what it held for the towns in sight."""

    department_id: int
    name: str
    kind: str
    sessions: int
    towns: int
    last: dt.date | None
    own: int
    """Sessions that the department itself keeps here, whether or not a town was credited yet."""


def departments(session: Session, year: int) -> list[Held]:
    """Each department with a duty in a year, with the trainings it held; none: it has not held its own."""
    duties = session.scalars(
        select(Duty).where(Duty.first_year <= year, or_(Duty.last_year.is_(None), Duty.last_year >= year)).order_by(Duty.department_id, Duty.kind)
    ).unique().all()  # fmt: skip
    credited = (
        select(Credit.organiser_org_id, func.count(func.distinct(Credit.held_on)), func.count(func.distinct(Credit.org_id)), func.max(Credit.held_on))
        .where(Credit.year == year, Credit.state == "valid", Credit.source != "carried", Credit.organiser_org_id.in_([duty.department_id for duty in duties]))
        .group_by(Credit.organiser_org_id)
    )
    seen = {row[0]: row for row in session.execute(credited)} if duties else {}
    done = ("finished", "certified", "archived")
    kept = (
        select(Training.organiser_org_id, func.count(), func.max(Training.held_on))
        .where(Training.year == year, Training.state.in_(done), Training.organiser_org_id.in_([duty.department_id for duty in duties]))
        .group_by(Training.organiser_org_id)
    )
    own = {row[0]: row for row in session.execute(kept)} if duties else {}
    found = []
    for duty in duties:
        row, other = seen.get(duty.department_id), own.get(duty.department_id)
        days = [day for day in (row[3] if row else None, other[2] if other else None) if day]
        held = max(row[1] if row else 0, other[1] if other else 0)
        found.append(Held(duty.department_id, duty.department.name, duty.kind, held, row[2] if row else 0, max(days) if days else None, other[1] if other else 0))
    return found


def town_names(session: Session) -> dict[int, str]:
    """The towns in sight where training is on, by id, in their order."""
    enabled = current_app.extensions["portal"].plugins.enabled_orgs("training")
    rows = session.execute(select(Organisation.id, Organisation.name).where(Organisation.kind.in_(TOWN_KINDS)).order_by(Organisation.weight, Organisation.id))
    return {row.id: row.name for row in rows if row.id in enabled and current_scope().allows(row.id)}


def years_known(session: Session, today: dt.date) -> list[int]:
    """The years on offer: those with credits in sight, and this one; the newest first."""
    lowest = session.scalar(select(func.min(Credit.year)))
    return list(range(today.year, min(lowest or today.year, today.year) - 1, -1))[:30]


def credits_of(session: Session, person_id: int, year: int | None = None) -> Sequence[Credit]:
    """The lines of a training file, void ones too, oldest first."""
    found = select(Credit).where(Credit.person_id == person_id)
    if year is not None:
        found = found.where(Credit.year == year)
    return session.scalars(found.order_by(Credit.held_on, Credit.id)).all()


def person_of(account_id: int | None, org_id: int | None) -> Person | None:
    """Whoever stands behind an account in the acting town."""
    if account_id is None or org_id is None:
        return None
    return db.session.scalars(select(Person).where(Person.account_id == account_id, Person.org_id == org_id).order_by(Person.id).limit(1)).unique().first()
