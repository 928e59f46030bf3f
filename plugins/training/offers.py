"""What the plugin offers to the pages of others: navigation, cards, to-dos, search, panels, examinations for certificates."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from plugins.training import exams, queries, rights, rules, standing, words
from plugins.training.models import Enrolment, Plan, TownInvitation, Training
from plugins.training.models_file import Attempt, Exam, Exemption, External
from portal.auth.permissions import can
from portal.clock import today as clock
from portal.contract import Card, NavItem, Panel, Todo
from portal.database import db, utcnow


def navigation() -> list[NavItem]:
    section = _("培训档案")
    town = bool(g.get("grant") and g.grant.organisation.is_town)
    found = [
        NavItem(_("培训班"), "training.index", rights.READ, "list-check", 210, section),
        NavItem(_("年度计划"), "training_plan.index", rights.READ, "calendar", 215, section),
        NavItem(_("达标情况"), "training_year.index", rights.BOOKS, "chart-bar", 220, section),
        NavItem(_("人员学时"), "training_file.people", rights.BOOKS, "users", 225, section),
        NavItem(_("外出培训"), "training_external.index", rights.BOOKS, "file-import", 230, section),
        NavItem(_("考试"), "training_exam.index", rights.READ, "edit", 235, section),
        NavItem(_("批量档案"), "training_file.archives", rights.EXPORT, "archive", 240, section),
        NavItem(_("核对档案"), "training_file.verify", rights.CHECK, "qrcode", 245, section),
        NavItem(_("部门培训职责"), "training_plan.duties", rights.DUTIES, "building", 250, section),
    ]
    if town:
        found.insert(0, NavItem(_("我的培训"), "training_mine.index", rights.LEARN, "user", 205, section))
    return found


# -- cards and panels --------------------------------------------------------------------------------------------------------------------


def cards(today: dt.date) -> list[Card]:
    found = []
    person = queries.person_of(g.account.id, g.grant.org_id) if can(rights.LEARN) else None
    if person is not None:
        mine = queries.members(db.session(), today.year, today, org_id=person.org_id, person_id=person.id)
        if mine:
            found.append(Card(_("我的学时"), "training/_mine_card.html", {"member": mine[0], "year": today.year, "hours": rules.hours, "words": words}, 58, "user"))
    if can(rights.BOOKS):
        town = g.grant.org_id if g.grant.organisation.is_town else None
        whole = queries.summary(db.session(), town, today.year, today)
        found.append(Card(_("培训达标"), "training/_card.html", {"whole": whole, "year": today.year, "where": {}, "hours": rules.hours}, 60, "chart-bar"))
    return found


def organisation_panels(organisation: Any) -> list[Panel]:
    if not can(rights.BOOKS):
        return []
    day = clock()
    where = {} if g.grant.organisation.is_town else {"town": organisation.id}
    whole = queries.summary(db.session(), organisation.id, day.year, day)
    return [Panel(_("培训达标"), "training/_card.html", {"whole": whole, "year": day.year, "where": where, "hours": rules.hours}, 60)]


def person_panels(person: Any) -> list[Panel]:
    """The year of a person, and the last trainings; for those who may read files, and for the person."""
    if not (can(rights.BOOKS, person.org_id) or person.account_id == g.account.id):
        return []
    day, session = clock(), db.session()
    found = queries.members(session, day.year, day, org_id=person.org_id, person_id=person.id)
    lines = [line for line in queries.credits_of(session, person.id, day.year) if line.state == "valid"][-5:]
    context = {"member": found[0] if found else None, "lines": lines, "person": person, "year": day.year, "hours": rules.hours, "words": words}
    return [Panel(_("培训档案"), "training/_person.html", context, 150)]


# -- what waits ---------------------------------------------------------------------------------------------------------------------------


def _count(statement: Any) -> int:
    return db.session.scalar(statement) or 0


def _number(model: Any, *where: Any) -> int:
    return _count(select(func.count()).select_from(model).where(*where))


def todos(today: dt.date) -> list[Todo]:
    org_id, town = g.grant.org_id, g.grant.organisation.is_town
    found: list[Todo] = []

    def add(key: str, title: Any, number: int, url: str, tone: str = "amber") -> None:
        found.append(Todo(f"training.{key}", title, number, url, tone))

    if can(rights.CERTIFY) and town:
        number = _number(Training, Training.org_id == org_id, Training.state == "finished")
        over = (TownInvitation.org_id == org_id, TownInvitation.state == "invited", Training.state.in_(standing.OVER))
        number += _count(select(func.count()).select_from(TownInvitation).join(Training, Training.id == TownInvitation.session_id).where(*over))
        add("certify", _("期培训待认定学时"), number, url_for("training.index", certify=1))
    if can(rights.CONFIRM) and town:
        add("external", _("件外出培训待确认"), _number(External, External.state == "submitted"), url_for("training_external.index", state="submitted"))
        add("exemption", _("件年度情况说明待审核"), _number(Exemption, Exemption.state == "asked"), url_for("training_external.exemptions"))
        add("plan", _("份培训计划待审核"), _number(Plan, Plan.state == "submitted"), url_for("training_plan.index"))
    if can(rights.NOMINATE) and town:
        asked = (TownInvitation.org_id == org_id, TownInvitation.state == "invited", Training.state == "open")
        used = select(Enrolment.id).where(Enrolment.session_id == Training.id, Enrolment.org_id == org_id, Enrolment.state != "cancelled").exists()
        number = _count(select(func.count()).select_from(TownInvitation).join(Training, Training.id == TownInvitation.session_id).where(*asked, ~used))
        add("nominate", _("期外单位培训待推荐人员"), number, url_for("training.index", invited=1))
    if can(rights.ORGANISE):
        late = (Training.org_id == org_id, Training.state == "open", Training.held_on < today)
        add("finish", _("期培训待录入签到"), _number(Training, *late), url_for("training.index", state="open"))
    found.extend(_learner(org_id))
    return found


def _learner(org_id: int) -> list[Todo]:
    person = queries.person_of(g.account.id, org_id) if can(rights.LEARN) else None
    if person is None:
        return []
    now = utcnow()
    sits = (
        select(func.count()).select_from(Attempt).join(Exam, Exam.id == Attempt.exam_id)
        .where(Attempt.person_id == person.id, Attempt.state.in_(("registered", "running")), Exam.state == "open", Exam.way == "online", Exam.opens_at <= now,
            Exam.closes_at >= now)
    )  # fmt: skip
    return [Todo("training.exam", _("场考试可以参加"), _count(sits), url_for("training_mine.index"), "amber")]


# -- certificates -----------------------------------------------------------------------------------------------------------------------------


def examinations(person_id: int) -> dict[str, dt.date] | None:
    """General and professional examinations that somebody has passed here; None where nothing is known."""
    return exams.passed(db.session(), person_id) or None
