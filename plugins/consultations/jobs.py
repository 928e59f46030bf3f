"""Reminders and escalation: members before and after their day, the town before and after its answer is due, the convener above all."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations import access, figures, rules
from plugins.consultations.models import Consultation
from portal.calendar.service import current_calendar
from portal.contract import Job
from portal.database import db
from portal.inbox.service import NewNotice, notify_many
from portal.settings import get_setting
from portal.work import unit_of_work

CHUNK = 100


def remind(context: Any) -> dict[str, Any]:
    """Tell whoever has to act, once when it is near and once when it is past; then the convener or the leader too."""
    today: dt.date = context.today
    found = {"near": 0, "overdue": 0, "terms": 0}
    enabled = sorted(current_app.extensions["portal"].plugins.enabled_orgs("consultations"))
    amber = get_setting(figures.AMBER, None, today)
    horizon = current_calendar().add_working_days(today, amber).day
    waiting = select(Consultation.id).where(Consultation.org_id.in_(enabled), Consultation.sort_due <= horizon).order_by(Consultation.sort_due, Consultation.id)
    ids = list(db.session.scalars(waiting))
    if context.dry_run:
        return {**found, "due": len(ids)}
    for start in range(0, len(ids), CHUNK):
        with unit_of_work("consultations.reminded") as session:
            for consultation in session.scalars(select(Consultation).where(Consultation.id.in_(ids[start : start + CHUNK]))).unique():
                found["overdue" if consultation.sort_due < today else "near"] += _one(session, consultation, today)
    with unit_of_work("consultations.reminded") as session:
        found["terms"] = _terms(session, today)
    return found


def _one(session: Session, consultation: Consultation, today: dt.date) -> int:
    past = consultation.sort_due < today
    day, number = consultation.sort_due, consultation.number
    key = f"{'overdue' if past else 'near'}:{consultation.state}:{day}"
    if consultation.state == "submitted":
        title = _("%(number)s 受理已超期（%(day)s）", number=number, day=day) if past else _("%(number)s 应于 %(day)s 前受理", number=number, day=day)
        access.tell(session, consultation, title, key, convener=True, urgent=past)
    elif consultation.state == "collecting":
        title = _("%(number)s 会商意见已超期（%(day)s）", number=number, day=day) if past else _("%(number)s 会商意见请于 %(day)s 前提交", number=number, day=day)
        owing = access.panel_side(session, consultation.id, rules.SEAT_OWING)
        access.tell(session, consultation, title, key, owing, url="/consultations/seats", urgent=past)
        if past:
            access.tell(session, consultation, title, key, convener=True, body=_("还有 %(n)s 人未提交意见。", n=len(owing)), urgent=True)
    elif consultation.state == "issued":
        title = _("%(number)s 答复采纳情况已超期（%(day)s）", number=number, day=day) if past else _("%(number)s 请于 %(day)s 前答复采纳情况", number=number, day=day)
        access.tell(session, consultation, title, key, access.town_side(session, consultation.id), convener=past, urgent=past)
    return 1


def _terms(session: Session, today: dt.date) -> int:
    """Experts whose term ends within sixty days: the convener is told, once each."""
    from plugins.consultations.models import Expert

    ending = select(Expert).where(Expert.term_to >= today, Expert.term_to <= today + dt.timedelta(days=60), Expert.suspended.is_(False)).order_by(Expert.id)
    listed = list(session.scalars(ending))
    notices = [
        NewNotice(
            role="supervisor", title=_("专家 %(name)s 聘期将于 %(day)s 届满", name=expert.name, day=expert.term_to), url=f"/consultations/experts/{expert.id}",
            key=f"consultations.expert:{expert.id}:{expert.term_to}",
        )
        for expert in listed
    ]  # fmt: skip
    notify_many(session, notices)
    return len(listed)


REMIND = Job("consultations.remind", _l("案件会商期限提醒"), remind, {"hour": 8, "minute": 40}, plugin="consultations")
