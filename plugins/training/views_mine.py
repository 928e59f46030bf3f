"""我的培训: one's own hours, what comes, what may be joined, examinations to sit, and all of it for a calendar."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from flask import Blueprint, g, render_template, send_file
from sqlalchemy import or_, select

from plugins.training import figures, files, ics, papers, queries, rights, rules, sessions, words, workflow
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Attempt, Exam, External
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db, utcnow
from portal.errors import NotFound

blueprint = Blueprint("training_mine", __name__, url_prefix="/training", template_folder="templates")


@blueprint.get("/mine")
@require(rights.LEARN)
def index() -> Any:
    """One's own year."""
    session, day = db.session(), today()
    person = queries.person_of(g.account.id, g.grant.org_id)
    if person is None:
        return render_template("training/mine.html", person=None, may_link=can(rights.RECORD))
    file, asked = files.of(session, person, day.year, day), figures.of_year(person.org_id, day.year, day)
    own = session.execute(
        select(Enrolment, Training).join(Training, Training.id == Enrolment.session_id)
        .where(Enrolment.person_id == person.id, Enrolment.state.in_(("enrolled", "waiting", "present", "attended")), Training.state.in_(rules.LIVING))
        .order_by(Training.starts_at).limit(50)
    ).all()  # fmt: skip
    taken = [training.id for _row, training in own]
    offered = session.scalars(
        select(Training).where(Training.org_id == person.org_id, Training.state == "open", Training.self_enrol, Training.starts_at > utcnow(), Training.id.not_in(taken),
                               or_(Training.enrol_until.is_(None), Training.enrol_until >= day)).order_by(Training.starts_at).limit(20)
    ).unique().all()  # fmt: skip
    sits = session.execute(
        select(Attempt, Exam).join(Exam, Exam.id == Attempt.exam_id).where(Attempt.person_id == person.id, Attempt.state != "void").order_by(Exam.opens_at.desc(),
            Attempt.number.desc())
        .limit(20)
    ).all()  # fmt: skip
    external = session.scalars(select(External).where(External.person_id == person.id).order_by(External.starts_on.desc()).limit(10)).unique().all()
    return render_template(
        "training/mine.html", person=person, file=file, own=own, offered=offered, sits=_latest(sits), external=external, words=words, hours=rules.hours,
        points=files.points,
        verdict=files.verdict(file), when=papers.when, external_workflow=workflow.EXTERNAL, local=sessions.local, now=utcnow(), day=day,
        guide=rules.guide(day, day.year, asked.guides),
    )  # fmt: skip


def _latest(rows: Any) -> list[Any]:
    """The last try of each examination."""
    found: dict[int, Any] = {}
    for attempt, exam in rows:
        found.setdefault(exam.id, (attempt, exam))
    return list(found.values())


@blueprint.get("/mine.ics")
@require(rights.LEARN)
def calendar() -> Any:
    """One's own sessions to come, for a calendar."""
    person = queries.person_of(g.account.id, g.grant.org_id)
    if person is None:
        raise NotFound("")
    since = utcnow() - dt.timedelta(days=30)
    found = db.session.scalars(
        select(Training).join(Enrolment, Enrolment.session_id == Training.id)
        .where(Enrolment.person_id == person.id, Enrolment.state != "waiting", Training.starts_at > since,
            Training.state != "planned").order_by(Training.starts_at).limit(100)
    ).unique().all()  # fmt: skip
    content = ics.calendar([(training, sessions.place_of(db.session(), training)) for training in found])
    return send_file(io.BytesIO(content), "text/calendar; charset=utf-8", as_attachment=True, download_name="training.ics")
