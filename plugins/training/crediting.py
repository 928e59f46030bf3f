"""认定学时: from attendance to the training file. The town of the person certifies; nothing is credited twice or in a closed year."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import figures, rules, totals, words, years
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Credit, External
from plugins.training.sessions import local
from portal.context import current_actor
from portal.errors import NotFound, Refused
from portal.records.bulk import insert_rows, reserve_ids, update_rows

Data = Mapping[str, Any]
CHUNK = 500


@dataclass(frozen=True)
class Assessed:
    """What an enrolment comes to: halves, or why nothing is credited."""

    row: Enrolment
    halves: int
    refusal: str = ""


@dataclass(frozen=True)
class Line:
    """A valid credit of somebody, as far as another one may clash with it."""

    starts_at: dt.datetime | None
    ends_at: dt.datetime | None
    held_on: dt.date
    halves: int
    course: str
    title: str


def lines(session: Session, org_id: int, year: int, people: Sequence[int]) -> dict[int, list[Line]]:
    """The valid credits of people in a year."""
    found: dict[int, list[Line]] = defaultdict(list)
    columns = (Credit.starts_at, Credit.ends_at, Credit.held_on, Credit.halves, Credit.course, Credit.title)
    for start in range(0, len(people), CHUNK):
        part = people[start : start + CHUNK]
        rows = session.execute(
            select(Credit.person_id, *columns).where(Credit.org_id == org_id, Credit.year == year, Credit.person_id.in_(part), Credit.state == "valid")
        )
        for row in rows:
            found[row.person_id].append(Line(*row[1:]))
    return found


def clashes(known: Sequence[Line], starts_at: dt.datetime | None, ends_at: dt.datetime | None, held_on: dt.date, halves: int, course: str, most_a_day: int) -> str:
    """Why a credit cannot stand beside those that are there; nothing where it can."""
    for line in known:
        if course and line.course == course:
            return _("本年度已认定过同一课程“%(title)s”", title=line.title)
        if starts_at and ends_at and line.starts_at and line.ends_at and rules.overlap(starts_at, ends_at, line.starts_at, line.ends_at):
            return _("与“%(title)s”时间重叠", title=line.title)
    same_day = [line for line in known if line.held_on == held_on]
    if (starts_at is None or any(line.starts_at is None for line in same_day)) and sum(line.halves for line in same_day) + halves > most_a_day:
        return _("当天学时合计超过 %(n)s 学时", n=rules.hours(most_a_day))
    return ""


def assess(session: Session, training: Training, org_id: int) -> list[Assessed]:
    """What everybody of a town in a session would be credited now, in the order of the sheet. Writes nothing."""
    mine = select(Enrolment).where(
        Enrolment.session_id == training.id, Enrolment.org_id == org_id, Enrolment.state.in_(("present", "attended", "absent", "enrolled", "refused"))
    )
    rows = session.scalars(mine.order_by(Enrolment.id)).all()
    known = lines(session, org_id, training.year, [row.person_id for row in rows])
    measure = figures.measure(org_id, training.held_on)
    return [_assess(training, row, known[row.person_id], measure) for row in rows]


def _assess(training: Training, row: Enrolment, known: Sequence[Line], measure: figures.Measure) -> Assessed:
    if row.in_at is None and row.halves is None:
        return Assessed(row, 0, _("缺席"))
    if row.halves is None and row.out_at is None:
        return Assessed(row, 0, _("有签到没有签退"))
    if training.exam_needed and not row.passed:
        return Assessed(row, 0, _("考试未合格") if row.score is not None else _("没有考试成绩"))
    halves = worth(training, training.halves, row, measure)
    if halves <= 0:
        return Assessed(row, 0, _("在场时间不足一个学时"))
    came, left = (training.starts_at, training.ends_at) if training.timed else (None, None)
    return Assessed(row, halves, clashes(known, came, left, training.held_on, halves, training.course, measure.most_a_day))


def worth(held: Any, declared: int, row: Any, measure: figures.Measure) -> int:
    """What an attendance comes to in halves: by the sheet that was imported, else by coming and leaving. ``held`` has the session's times and breaks."""
    if row.halves is not None:
        return min(int(row.halves), declared)
    if row.in_at is None or row.out_at is None:
        return 0
    start, end = local(held.starts_at), local(held.ends_at)
    there = rules.presence(local(row.in_at), local(row.out_at), start, end, held.pause)
    return rules.credit(declared, there, rules.net_minutes(start, end, held.pause), measure.minutes, measure.step)


def certify(session: Session, training: Training, org_id: int, today: dt.date) -> tuple[int, int]:
    """Credit a town's people for a session; returns how many were credited and how many not. In the open unit of work."""
    years.check_open(session, org_id, training.year)
    if training.state not in ("finished", "certified", "archived"):
        raise Refused(_("培训尚未结束，不能认定学时。"))
    assessed = assess(session, training, org_id)
    good = [found for found in assessed if not found.refusal]
    measure = figures.measure(org_id, training.held_on)
    ids = reserve_ids(session, Credit, len(good))
    insert_rows(session, Credit, [_credit(key, training, found, org_id, measure, today) for key, found in zip(ids, good, strict=True)])
    changes: dict[int, dict[str, Any]] = {found.row.id: {"state": "credited", "refusal": ""} for found in good}
    changes.update({found.row.id: {"state": "absent" if found.row.in_at is None and found.row.halves is None else "refused", "refusal": found.refusal[:200]}
                    for found in assessed if found.refusal})  # fmt: skip
    update_rows(session, Enrolment, changes)
    totals.refresh(session, org_id, training.year, [found.row.person_id for found in good])
    return len(good), len(assessed) - len(good)


def _credit(key: int, training: Training, found: Assessed, org_id: int, measure: figures.Measure, today: dt.date) -> dict[str, Any]:
    own = training.organiser == "own" and training.org_id == org_id
    points = rules.points(found.halves, measure.rates[training.category]) + (measure.exam_points if found.row.passed else 0)
    return {
        "id": key, "org_id": org_id, "person_id": found.row.person_id, "year": training.year, "held_on": training.held_on, "source": "session",
        "session_id": training.id, "enrolment_id": found.row.id, "external_id": None, "title": training.title, "course": training.course, "category": training.category,
        "organiser": training.organiser if training.org_id == org_id else _outside(training), "organiser_org_id": training.organiser_org_id,
        "organiser_name": training.organiser_name, "starts_at": training.starts_at if training.timed else None, "ends_at": training.ends_at if training.timed else None,
        "halves": found.halves, "counted": rules.counts(training.category, measure.counting), "own_update": own and training.category == "update", "points": points,
        "score": found.row.score, "state": "valid", "corrects_id": None, "reason": "", "certified_by": current_actor().name, "certified_on": today,
    }  # fmt: skip


def _outside(training: Training) -> str:
    """Who held it, seen from an invited town: what is the host's own is not the town's own."""
    if training.organiser != "own":
        return training.organiser
    return "department" if training.organisation.kind == "department" else "other"


def correct(session: Session, credit_id: int, halves: int, reason: str, today: dt.date) -> Credit:
    """A certified credit is never edited: a new line with a reason takes its place, the old one stays and is void."""
    old = session.scalars(select(Credit).where(Credit.id == credit_id).with_for_update(of=Credit)).one_or_none() if credit_id < 2**31 else None
    if old is None:
        raise NotFound(_("没有找到这条学时。"))
    years.check_open(session, old.org_id, old.year)
    if old.state != "valid" or old.source == "carried":
        raise Refused(_("这条学时已被更正，或由原单位转入，不能更正。"))
    if not reason.strip():
        raise Refused(_("请填写更正的理由。"), field="reason")
    if halves == old.halves:
        raise Refused(_("学时没有变化。"), field="hours")
    most = _most(session, old)
    if halves > most:
        raise Refused(_("最多可认定 %(n)s 学时。", n=rules.hours(most)), field="hours")
    measure = figures.measure(old.org_id, old.held_on)
    kept = {column.key: getattr(old, column.key) for column in Credit.__table__.columns if column.key not in ("id", "state", "corrects_id", "reason", "halves")}
    old.state = "void"
    kept.update(certified_by=current_actor().name, certified_on=today, points=rules.points(halves, measure.rates[old.category]))
    new = Credit(**kept, halves=halves, state="valid", corrects_id=old.id, reason=reason.strip()[:300])
    session.add(new)
    totals.refresh(session, old.org_id, old.year, [old.person_id])
    return new


def _most(session: Session, credit: Credit) -> int:
    """No correction goes beyond what the session was declared with, or the external training was entered with."""
    if credit.session_id is not None:
        training = session.scalars(select(Training).where(Training.id == credit.session_id)).unique().one_or_none()
        return training.halves if training is not None else credit.halves
    external = session.get(External, credit.external_id) if credit.external_id else None
    return external.halves if external is not None else credit.halves


# -- external training ---------------------------------------------------------------------------------------------------


def confirm_external(session: Session, external: External, today: dt.date) -> None:
    """Credit an external training to whoever had it, in the year in which it began."""
    year = external.starts_on.year
    years.check_open(session, external.org_id, year)
    measure = figures.measure(external.org_id, external.starts_on)
    try:
        rules.check_external(external.starts_on, external.ends_on, external.halves, measure.most_a_day)
    except rules.RuleError as error:
        raise words.refused(error) from None
    known = lines(session, external.org_id, year, [external.person_id])[external.person_id]
    if any(line.title == external.title and line.held_on == external.starts_on for line in known):
        raise Refused(_("同一天已认定过“%(title)s”。", title=external.title))
    span = [line for line in known if external.starts_on <= line.held_on <= external.ends_on]
    days = (external.ends_on - external.starts_on).days + 1
    if sum(line.halves for line in span) + external.halves > days * measure.most_a_day:
        raise Refused(_("与同期已认定的“%(title)s”合计超过每天 %(n)s 学时。", title=span[0].title if span else external.title, n=rules.hours(measure.most_a_day)))
    session.add(Credit(
        org_id=external.org_id, person_id=external.person_id, year=year, held_on=external.starts_on, source="external", external_id=external.id, title=external.title,
        category=external.category, organiser=external.organiser, organiser_org_id=external.organiser_org_id, organiser_name=external.organiser_name,
        halves=external.halves, counted=rules.counts(external.category, measure.counting), points=rules.points(external.halves, measure.rates[external.category]),
        certified_by=current_actor().name, certified_on=today,
    ))  # fmt: skip
    totals.refresh(session, external.org_id, year, [external.person_id])
