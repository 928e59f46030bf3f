"""Sitting an examination: one paper at a time, saved as it is answered, taken up again after a lost connection, marked at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.training import exams, queries, rights, rules_exam, sessions, words
from plugins.training.models_file import Attempt, Exam
from portal.auth.permissions import require
from portal.database import db, utcnow
from portal.errors import Conflict, NotFound
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("training_take", __name__, url_prefix="/training", template_folder="templates")


def _own(exam_id: int) -> tuple[Exam, Attempt]:
    """The examination and one's own paper; NotFound alike where there is none."""
    exam = exams.get(db.session(), exam_id)
    person = queries.person_of(g.account.id, g.grant.org_id)
    attempt = exams.mine(db.session(), exam, person.id) if person is not None else None
    if attempt is None:
        raise NotFound(_("没有找到这场考试。"))
    return exam, attempt


def _left(attempt: Attempt, now: dt.datetime) -> int:
    """Seconds left."""
    return max(0, int((attempt.due_at - now).total_seconds())) if attempt.due_at else 0


@blueprint.get("/exams/<int:exam_id>/take")
@require(rights.LEARN)
def take(exam_id: int) -> Any:
    """The paper where it was left, or the page before it begins."""
    exam, attempt = _own(exam_id)
    now = utcnow()
    if attempt.state == "running" and attempt.paper is not None:
        left = _left(attempt, now)
        return render_template("training/take.html", exam=exam, attempt=attempt, answers=exams.answers(db.session(), attempt.id), words=words, letters=rules_exam.LETTERS,
                               left=left, saved=None, local=sessions.local)  # fmt: skip
    again = attempt.state == "marked" and not attempt.passed and attempt.number < exam.attempts
    fits = exam.state == "open" and exam.opens_at <= now <= exam.closes_at
    return render_template("training/before.html", exam=exam, attempt=attempt, again=again, may_start=fits and (attempt.state == "registered" or again),
                           count=sum(part["count"] for part in exam.parts), local=sessions.local)  # fmt: skip


@blueprint.post("/exams/<int:exam_id>/start")
@require(rights.LEARN)
def start(exam_id: int) -> Any:
    """Draw the paper and start the clock."""
    with unit_of_work("training.exam_started") as session:
        exam = exams.get(session, exam_id, lock=True)
        person = queries.person_of(g.account.id, g.grant.org_id)
        if person is None:
            raise NotFound(_("没有找到这场考试。"))
        exams.start(session, exam, person.id, utcnow())
    return redirect(url_for("training_take.take", exam_id=exam_id), 303)


def _chosen(attempt: Attempt) -> dict[int, str]:
    """What was chosen on the page, by question; a question without any choice is an empty one."""
    assert attempt.paper is not None
    shown = [key for text in request.form.getlist("shown") if (key := whole(text, 4)) is not None]
    return {number: "".join(request.form.getlist(f"q{number}"))[:8] for number in shown if number < len(attempt.paper)}


def _locked(exam_id: int) -> tuple[Exam, Attempt]:
    exam, attempt = _own(exam_id)
    found = db.session.scalars(select(Attempt).where(Attempt.id == attempt.id).with_for_update(of=Attempt), execution_options={"populate_existing": True}).one()
    return exam, found


@blueprint.post("/exams/<int:exam_id>/save")
@require(rights.LEARN)
def save(exam_id: int) -> Any:
    """Keep what is chosen so far. The page asks by itself after each change and every ten seconds, so what a lost connection held back comes later."""
    fragment, now = bool(request.headers.get("HX-Request")), utcnow()
    try:
        with unit_of_work("training.exam_saved") as session:
            _exam, attempt = _locked(exam_id)
            if attempt.state != "running":
                raise Conflict(_("已经交卷，答案不再变动。"))
            exams.save(session, attempt, _chosen(attempt), now)
    except Conflict as error:
        return _over(exam_id, str(error.message), fragment)
    _exam, attempt = _own(exam_id)
    if fragment:
        answered = len([choice for choice in exams.answers(db.session(), attempt.id).values() if choice])
        return render_template("training/_saved.html", exam=_exam, attempt=attempt, left=_left(attempt, now), saved=now, answered=answered, local=sessions.local)
    flash(_("已保存。"), "success")
    return redirect(url_for("training_take.take", exam_id=exam_id), 303)


def _over(exam_id: int, message: str, fragment: bool) -> Any:
    """Time is up, or it was handed in: the paper is handed in as it was saved, and its result shown."""
    with unit_of_work("training.exam_handed_in", reason=message) as session:
        exam, attempt = _locked(exam_id)
        if attempt.state == "running":
            exams.hand_in(session, exam, attempt, utcnow())
    flash(message, "warning")
    target = url_for("training_take.result", exam_id=exam_id)
    return Response("", 204, {"HX-Redirect": target}) if fragment else redirect(target, 303)


@blueprint.post("/exams/<int:exam_id>/hand-in")
@require(rights.LEARN)
def hand_in(exam_id: int) -> Any:
    """交卷: the last answers are kept if they came in time, then it is marked."""
    now = utcnow()
    with unit_of_work("training.exam_handed_in") as session:
        exam, attempt = _locked(exam_id)
        if attempt.state != "running":
            flash(_("您已交过卷，以第一次交卷为准。"), "warning")
        else:
            if attempt.due_at is not None and rules_exam.in_time(now, attempt.due_at):
                exams.save(session, attempt, _chosen(attempt), now)
            else:
                flash(_("考试时间已到，按到时保存的答案评分。"), "warning")
            exams.hand_in(session, exam, attempt, now)
    return redirect(url_for("training_take.result", exam_id=exam_id), 303)


@blueprint.get("/exams/<int:exam_id>/result")
@require(rights.LEARN)
def result(exam_id: int) -> Any:
    """One's own result, with the answers once nobody sits it any more."""
    exam, attempt = _own(exam_id)
    if attempt.state not in ("marked", "absent"):
        return redirect(url_for("training_take.take", exam_id=exam_id))
    shown = exam.way == "online" and (exam.state == "closed" or exam.closes_at < utcnow()) and attempt.paper is not None
    return render_template("training/paper.html", exam=exam, attempt=attempt, answers=exams.answers(db.session(), attempt.id) if shown else {}, words=words,
                           letters=rules_exam.LETTERS, own=True, shown=shown, may_void=False, local=sessions.local,
                           again=not attempt.passed and attempt.number < exam.attempts and exam.state == "open")  # fmt: skip
