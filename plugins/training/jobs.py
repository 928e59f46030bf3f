"""The jobs of training: warnings and reminders, closing of years, hours that follow a move, papers whose time is up, batches."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import batches, exams, figures, moves, queries, rules, totals, years
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Exam, YearBook
from plugins.training.sessions import local
from portal.contract import Job
from portal.database import db, utcnow
from portal.directory.models import Person
from portal.inbox.service import NewNotice, notify_many
from portal.records.bulk import CHUNK
from portal.work import unit_of_work

MANAGERS = ("training_manager", "office_head")


def towns() -> list[int]:
    return sorted(current_app.extensions["portal"].plugins.enabled_orgs("training"))


# -- warnings ---------------------------------------------------------------------------------------------------------------


def remind(context: Any) -> dict[str, Any]:
    """Who lags at the end of a quarter, who will fall short, who has a session tomorrow, who has not held theirs. Each once."""
    today: dt.date = context.today
    found = {"quarter": 0, "year_end": 0, "tomorrow": 0, "late": 0, "departments": 0}
    for org_id in towns():
        context.check()
        with unit_of_work("training.reminded") as session:
            _pace(session, org_id, today, found)
            _sessions(session, org_id, today, found)
            _closing(session, org_id, today)
    with unit_of_work("training.reminded") as session:
        _departments(session, today, found)
    return found


def _accounts(session: Session, people: list[int]) -> dict[int, int]:
    """The accounts of people."""
    listed: dict[int, int] = {}
    for start in range(0, len(people), CHUNK):
        part = people[start : start + CHUNK]
        listed.update(
            {row.id: row.account_id for row in session.execute(select(Person.id, Person.account_id).where(Person.id.in_(part), Person.account_id.is_not(None)))}
        )
    return listed


def _pace(session: Session, org_id: int, today: dt.date, found: dict[str, int]) -> None:
    year = today.year
    quarter = rules.quarter_due(today)
    ending = today >= rules.warn_from(year, figures.figure(figures.WARN_DAYS, org_id, today))
    if quarter is None and not ending:
        return
    listed = [member for member in queries.members(session, year, today, org_id=org_id) if member.owes and member.standing.short]
    asked = figures.of_year(org_id, year, today)
    if quarter is not None:
        guide = 2 * asked.guides[quarter - 1]
        behind = [member for member in listed if member.standing.counted * rules.NEED < member.standing.need * guide]
        title = _("第 %(q)s 季度末：%(n)s 人低于 %(h)s 学时", q=quarter, n=len(behind), h=rules.hours(guide))
        found["quarter"] += _warn(session, org_id, behind, title, f"training.quarter:{year}:{quarter}", "light=amber")
    if ending:
        lacking = [member for member in listed if member.standing.forecast]
        title = _("距年末不足 %(days)s 天：%(n)s 人将达不到年度学时", days=asked.warn_days, n=len(lacking))
        found["year_end"] += _warn(session, org_id, lacking, title, f"training.year_end:{year}", "light=red")


def _warn(session: Session, org_id: int, behind: list[queries.Member], title: str, key: str, where: str) -> int:
    """The managers get one notice, whoever lags one of their own."""
    if not behind:
        return 0
    notices = [NewNotice(title, f"{key}:{org_id}", url=f"/training/people?{where}", role=role, org_id=org_id) for role in (*MANAGERS, "leader")]
    accounts = _accounts(session, [member.person_id for member in behind])
    for member in behind:
        if member.person_id in accounts:
            own = _("您本年度已计入 %(n)s 学时，还差 %(short)s 学时", n=rules.hours(member.standing.counted), short=rules.hours(member.standing.short))
            notices.append(NewNotice(own, f"{key}:own", url="/training/mine", account_id=accounts[member.person_id], org_id=org_id))
    notify_many(session, notices)
    return len(behind)


def _sessions(session: Session, org_id: int, today: dt.date, found: dict[str, int]) -> None:
    """Tomorrow's sessions to whoever has a seat; sessions long over that nobody has ended."""
    tomorrow = today + dt.timedelta(days=1)
    rows = session.execute(
        select(Enrolment.person_id, Training.id, Training.title, Training.starts_at)
        .join(Training, Training.id == Enrolment.session_id)
        .where(Enrolment.org_id == org_id, Enrolment.state == "enrolled", Training.state == "open", Training.held_on == tomorrow)
    ).all()  # fmt: skip
    accounts = _accounts(session, [row.person_id for row in rows])
    notify_many(session, [
        NewNotice(_("明天 %(at)s 培训：%(title)s", at=f"{local(row.starts_at):%H:%M}", title=row.title), f"training.tomorrow:{row.id}", url="/training/mine",
                  account_id=accounts[row.person_id], org_id=org_id)
        for row in rows if row.person_id in accounts
    ])  # fmt: skip
    found["tomorrow"] += sum(row.person_id in accounts for row in rows)
    late = session.scalars(
        select(Training).where(Training.org_id == org_id, Training.state == "open", Training.held_on < today - dt.timedelta(days=3)).order_by(Training.id)
    ).unique().all()  # fmt: skip
    notify_many(session, [
        NewNotice(_("培训已过 %(day)s，签到尚未录入结束：%(title)s", day=row.held_on, title=row.title), f"training.late:{row.id}", url=f"/training/{row.id}",
                  role="training_manager", org_id=org_id)
        for row in late
    ])  # fmt: skip
    found["late"] += len(late)


def _closing(session: Session, org_id: int, today: dt.date) -> None:
    """Two weeks before a year is closed its town hears of what still waits."""
    year = today.year - 1
    last = rules.closes_on(year, figures.figure(figures.CLOSES, org_id, today))
    if not last - dt.timedelta(days=14) <= today <= last or not years.is_open(session, org_id, year):
        return
    waits = years.unfinished(session, org_id, year)
    if any(waits.values()):
        title = _("%(year)s 年度将于 %(day)s 归档，还有 %(s)s 期培训、%(e)s 件外出培训未办结", year=year, day=last, s=waits["sessions"], e=waits["external"])
        notify_many(session, [NewNotice(title, f"training.closing:{year}:{org_id}", url=f"/training/year?year={year}", role=role, org_id=org_id) for role in MANAGERS])


def _departments(session: Session, today: dt.date, found: dict[str, int]) -> None:
    """Departments that have not held theirs: asked in the autumn, listed when the year is over."""
    for year, over in ((today.year, False), (today.year - 1, True)):
        if (over and today > dt.date(year + 1, 1, 31)) or (not over and today < rules.warn_from(year)):
            continue
        idle = [row for row in queries.departments(session, year) if not row.sessions]
        notices = []
        for row in idle:
            title = _("%(year)s 年尚未为街镇执法人员组织培训", year=year)
            if not over:
                notices.append(NewNotice(title, f"training.duty:{year}", url="/training", role="department_liaison", org_id=row.department_id))
        if idle:
            names = "、".join(row.name for row in idle)
            word = _("%(year)s 年未组织培训的部门：%(names)s", year=year, names=names) if over else _("%(year)s 年尚未组织培训的部门：%(names)s", year=year, names=names)
            notices.append(NewNotice(word, f"training.duties:{year}:{over}", url=f"/training/departments?year={year}", role="supervisor"))
        notify_many(session, notices)
        found["departments"] += len(idle)


# -- the year -----------------------------------------------------------------------------------------------------------------


def close(context: Any) -> dict[str, Any]:
    """Close the years whose day has passed: the one before, and those that were reopened until a day."""
    from plugins.training import workflow

    found = {"closed": 0, "mended": 0}
    today: dt.date = context.today
    for org_id in towns():
        context.check()
        with unit_of_work("training.year_closed", reason=_("到期自动归档")) as session:
            last = today.year - 1
            if years.book(session, org_id, last) is None and years.is_due("open", None, org_id, last, today):
                years.begin(session, org_id, last)
            for record in session.scalars(select(YearBook).where(YearBook.org_id == org_id, YearBook.state != "closed", YearBook.year < today.year)).unique():
                if years.is_due(record.state, record.open_until, org_id, record.year, today):
                    years.close(session, record, {"reason": _("到期自动归档")}, today)
                    workflow.YEAR.move(record, "lapse")
                    found["closed"] += 1
    found["mended"] = _mend(today)
    return found


def _mend(today: dt.date) -> int:
    """Sums that are not what the credits come to are written anew, and counted: there should be none."""
    count = 0
    for year in (today.year - 1, today.year):
        wrong = [person for person, _figures in totals.differences(db.session(), year)]
        db.session.rollback()
        if wrong:
            with unit_of_work("training.totals_mended") as session:
                owners = {row.id: row.org_id for row in session.execute(select(Person.id, Person.org_id).where(Person.id.in_(wrong)))}
                for org_id in set(owners.values()):
                    totals.refresh(session, org_id, year, [person for person in wrong if owners.get(person) == org_id])
            count += len(wrong)
    return count


def carry(context: Any) -> dict[str, Any]:
    """Hours and passes follow whoever moved to another town this year or last."""
    today: dt.date = context.today
    changed = 0
    for year in (today.year - 1, today.year):
        with unit_of_work("training.carried", reason=_("人员调动")) as session:
            for old, new, on in moves.moved(session, year, towns()):
                changed += moves.carry(session, old, new, year, on, today)
    return {"carried": changed}


def papers(context: Any) -> dict[str, Any]:
    """Hand in papers whose time is up."""
    handed = 0
    with unit_of_work("training.exam_handed_in", reason=_("考试时间已到")) as session:
        for attempt in exams.overdue(session, utcnow()):
            exam = session.scalars(select(Exam).where(Exam.id == attempt.exam_id)).unique().one()
            exams.hand_in(session, exam, attempt, utcnow())
            handed += 1
    return {"handed_in": handed}


JOBS = (
    Job("training.remind", _l("培训进度预警与提醒"), remind, {"hour": 8, "minute": 20}, plugin="training"),
    Job("training.close", _l("培训年度归档与学时核对"), close, {"hour": 1, "minute": 50}, plugin="training"),
    Job("training.carry", _l("调动人员学时转入"), carry, {"hour": 2, "minute": 20}, plugin="training"),
    Job("training.papers", _l("到时自动交卷"), papers, {"minute": "*/10"}, catch_up=False, plugin="training"),
    Job(batches.JOB, _l("批量生成培训档案"), batches.build, None, plugin="training", permission="training.export"),
)
