"""Examinations: the list, setting one up, candidates, results by list, papers for review."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from plugins.training import exams, figures, forms, layouts, papers, rights, rules_exam, sessions, words, workflow
from plugins.training.models import Training
from plugins.training.models_file import Attempt, Exam
from plugins.training.views_edit import place
from plugins.training.views_seats import people_of
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation, Person
from portal.documents.papers import send_paper
from portal.errors import NotFound, Refused
from portal.records import once
from portal.records.lists import Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("training_exam", __name__, url_prefix="/training", template_folder="templates")
MOST_PARTS = 12


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.EXAM.state(row.state)
    return state.title, state.tone, state.icon


def spec() -> ListSpec:
    """The examinations in sight."""
    sitting = select(func.count(func.distinct(Attempt.person_id))).where(Attempt.exam_id == Exam.id, Attempt.state != "void").correlate(Exam).scalar_subquery()
    columns = (Exam.id, Exam.title, Exam.kind, Exam.way, Exam.opens_at, Exam.closes_at, Exam.state, Organisation.name.label("host"), sitting.label("sitting"))
    return ListSpec(
        name="training.exam",
        select=lambda: select(*columns).join(Organisation, Organisation.id == Exam.org_id),
        key=Exam.id,
        columns=(
            Column("title", _l("考试名称"), lambda row: row.title, link=lambda row: url_for("training_exam.detail", exam_id=row.id), css="wide"),
            Column("kind", _l("种类"), lambda row: words.EXAM_KINDS[row.kind]),
            Column("way", _l("方式"), lambda row: _("网上") if row.way == "online" else _("线下")),
            Column("host", _l("举办单位"), lambda row: row.host, shown=not g.grant.organisation.is_town),
            Column("opens", _l("开放"), lambda row: f"{sessions.local(row.opens_at):%Y-%m-%d %H:%M}", css="num", order="opens"),
            Column("sitting", _l("考生"), lambda row: row.sitting, css="num"),
            Column("state", _l("状态"), lambda row: workflow.EXAM.state(row.state).title, badge=_badge),
        ),
        orders={"opens": Order(_l("开放"), [(Exam.opens_at, False)]), "opens-": Order(_l("开放"), [(Exam.opens_at, True)])},
        default_order="opens-",
        filters=[
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.EXAM.states], lambda value: Exam.state == value),
            Choice("kind", _l("种类"), list(words.EXAM_KINDS.items()), lambda value: Exam.kind == value),
        ],
        search=lambda text: Exam.title.contains(text, autoescape=True),
        search_hint=_l("考试名称"),
    )  # fmt: skip


@blueprint.get("/exams")
@require(rights.READ)
def index() -> Any:
    """The examinations."""
    return show_list(spec(), "training/exams.html", may_organise=can(rights.ORGANISE))


# -- setting one up --------------------------------------------------------------------------------------------------------------------


def _form(exam: Exam | None) -> forms.ExamForm:
    form = forms.ExamForm() if request.method == "POST" else forms.ExamForm(formdata=None, obj=exam)
    own = select(Training.id, Training.number, Training.title).where(Training.org_id == g.grant.org_id, Training.state.in_(("planned", "open", "finished", "certified")))
    form.session_id.choices = [(0, "—"), *((row.id, f"{row.number} {row.title}") for row in db.session.execute(own.order_by(Training.starts_at.desc()).limit(200)))]
    if exam is not None and exam.session_id and exam.session_id not in dict(form.session_id.choices):
        form.session_id.choices.append((exam.session_id, _("原培训班")))
    if request.method == "GET":
        if exam is not None:
            opens, closes = sessions.local(exam.opens_at), sessions.local(exam.closes_at)
            form.session_id.data = exam.session_id or 0
        else:
            opens = dt.datetime.combine(today() + dt.timedelta(days=7), dt.time(9))
            closes = opens.replace(hour=18)
            form.pass_mark.data = figures.figure(figures.PASS_MARK, g.grant.org_id, today())
            form.session_id.data = request.args.get("session", type=int) or 0
        form.day.data, form.opens.data, form.last_day.data, form.closes.data = opens.date(), opens.time(), closes.date(), closes.time()
    return form


def _parts() -> list[dict[str, Any]]:
    """The composition of the paper as it was typed; raises Refused for what is no number."""
    found = []
    for place_ in range(MOST_PARTS):
        subject, kind = request.form.get(f"subject-{place_}", "").strip()[:40], request.form.get(f"kind-{place_}", "")
        count, marks = request.form.get(f"count-{place_}", "").strip(), request.form.get(f"marks-{place_}", "").strip()
        if not subject or not count or count == "0":
            continue
        number, worth = whole(count, 3), whole(marks or "1", 3)
        if kind not in rules_exam.KINDS or number is None or worth is None or not 1 <= worth <= 100:
            raise Refused(_("试卷组成的题数和分值应为整数。"), field="parts")
        found.append({"subject": subject, "kind": kind, "count": number, "marks": worth})
    return found


def _values(form: forms.ExamForm) -> dict[str, Any]:
    assert form.day.data and form.last_day.data and form.opens.data is not None and form.closes.data is not None
    return {
        "title": (form.title.data or "").strip(), "kind": form.kind.data, "way": form.way.data, "session_id": form.session_id.data or None, "minutes": form.minutes.data,
        "pass_mark": form.pass_mark.data, "attempts": form.attempts.data, "opens_at": dt.datetime.combine(form.day.data, form.opens.data),
        "closes_at": dt.datetime.combine(form.last_day.data, form.closes.data), "parts": _parts(),
    }  # fmt: skip


def _show(form: forms.ExamForm, exam: Exam | None) -> Any:
    probe = exam or Exam(org_id=g.grant.org_id, title="-", parts=[])
    there = exams.pool(db.session(), probe)
    lines = [(subject, kind, len(ids)) for (subject, kind), ids in sorted(there.items(), key=lambda pair: (pair[0][0], rules_exam.KINDS.index(pair[0][1])))]
    typed = {(part["subject"], part["kind"]): part for part in (exam.parts if exam is not None else ())}
    return render_template(
        "training/exam_form.html", form=form, exam=exam, lines=lines[:MOST_PARTS], typed=typed, words=words
    ), 422 if form.errors or form.form_errors else 200


@blueprint.route("/exams/new", methods=["GET", "POST"])
@require(rights.ORGANISE)
def new() -> Any:
    """Set up an examination."""
    form = _form(None)
    if request.method == "POST" and form.validate():
        try:
            values = _values(form)
            with unit_of_work("training.exam_created") as session:
                earlier = once.claim(session, once.sent_key())
                if earlier is not None:
                    return redirect(earlier, 303)
                org = session.get(Organisation, g.grant.org_id)
                assert org is not None
                exam = exams.create(session, org, values)
                target = url_for("training_exam.detail", exam_id=exam.id)
                if exam.session_id:
                    exams.add_enrolled(session, exam)
                once.made(session, once.sent_key(), target)
            flash(_("已建考试。"), "success")
            return redirect(target, 303)
        except Refused as error:
            place(form, error)
    return _show(form, None)


@blueprint.route("/exams/<int:exam_id>/edit", methods=["GET", "POST"])
@require(rights.ORGANISE)
def edit(exam_id: int) -> Any:
    """Change an examination that has not opened."""
    exam = exams.get(db.session(), exam_id)
    exams.check_host(exam)
    form = _form(exam)
    if request.method == "POST" and form.validate():
        try:
            values = _values(form)
            with unit_of_work("training.exam_edited") as session:
                found = exams.get(session, exam_id, lock=True)
                if found.state != "draft":
                    raise Refused(_("考试已开放，不能修改。"))
                exams.fill(found, values)
            flash(_("已保存。"), "success")
            return redirect(url_for("training_exam.detail", exam_id=exam_id), 303)
        except Refused as error:
            place(form, error)
    return _show(form, exams.get(db.session(), exam_id))


# -- one examination -----------------------------------------------------------------------------------------------------------------


def _attempts(exam_id: int) -> Any:
    return db.session.scalars(
        select(Attempt).where(Attempt.exam_id == exam_id).order_by(Attempt.org_id, Attempt.person_name, Attempt.person_id, Attempt.number).limit(3000)
    ).all()


@blueprint.get("/exams/<int:exam_id>")
@require(rights.READ)
def detail(exam_id: int) -> Any:
    """One examination: who sits it, how it went."""
    return _page(exam_id)


def _page(exam_id: int, problem: str = "", typed: dict[int, str] | None = None) -> Any:
    session = db.session()
    exam = exams.get(session, exam_id)
    host = exams.is_host(exam)
    rows = _attempts(exam_id)
    training = session.scalars(select(Training).where(Training.id == exam.session_id)).unique().one_or_none() if exam.session_id else None
    marked = [row.score for row in rows if row.state == "marked" and row.score is not None]
    candidates: Any = []
    if host and can(rights.ORGANISE) and g.grant.organisation.is_town and exam.state != "closed":
        known = [row.person_id for row in rows]
        found = select(Person.id, Person.name, Person.team, Person.position).where(
            Person.org_id == g.grant.org_id, Person.post_status.in_(sessions.ON_POST), Person.id.not_in(known)
        )
        candidates = session.execute(found.order_by(Person.team, Person.name, Person.id)).all()
    return render_template(
        "training/exam.html", exam=exam, workflow=workflow.EXAM, rows=rows, words=words, local=sessions.local, host=host, training=training, candidates=candidates,
        may_organise=host and can(rights.ORGANISE), may_marks=can(rights.MARKS) or (host and can(rights.ORGANISE)), parts=exams.shown_parts(exam.parts), problem=problem,
        typed=typed or {}, day=today(), average=sum(marked) / len(marked) if marked else None, passed=sum(bool(row.passed) for row in rows), marked=len(marked),
        history=audit.history("training.exam", exam_id, 20) if host else [],
    ), 422 if problem else 200  # fmt: skip


@blueprint.post("/exams/<int:exam_id>/candidates")
@require(rights.ORGANISE)
def candidates(exam_id: int) -> Any:
    """Register candidates: chosen people, or everybody with a seat in the session."""
    ids = [key for text in request.form.getlist("people")[:1000] if (key := whole(text)) is not None and key < 2**31]
    with unit_of_work("training.exam_candidates") as session:
        exam = exams.get(session, exam_id, lock=True)
        count = exams.add_people(session, exam, people_of(ids)) if ids else exams.add_enrolled(session, exam) if exam.session_id else 0
    flash(_("新增考生 %(n)s 人。", n=count), "success" if count else "warning")
    return redirect(url_for("training_exam.detail", exam_id=exam_id), 303)


@blueprint.post("/exams/<int:exam_id>/results")
@require(rights.ORGANISE)
def results(exam_id: int) -> Any:
    """Scores of an examination on paper, by list."""
    exam = exams.get(db.session(), exam_id)
    exams.check_host(exam)
    typed = {row.id: request.form[f"score-{row.id}"].strip() for row in _attempts(exam_id) if f"score-{row.id}" in request.form}
    try:
        on = dt.date.fromisoformat(request.form.get("on", ""))
        scores = {key: _score(text) for key, text in typed.items()}
        with unit_of_work("training.exam_results") as session:
            changed = exams.enter_results(session, exams.get(session, exam_id, lock=True), scores, on, today())
    except ValueError:
        return _page(exam_id, _("请填写考试日期。"), typed)
    except Refused as error:
        return _page(exam_id, str(error.message), typed)
    flash(_("已登记，变动 %(n)s 人。", n=changed), "success")
    return redirect(url_for("training_exam.detail", exam_id=exam_id), 303)


def _score(text: str) -> int | None:
    """A score, or None for whoever was absent."""
    if text in ("", "缺", "缺考"):
        return None
    number = whole(text, 3)
    if number is None or number > 100:
        raise Refused(_("“%(text)s”不是成绩，应为 0 至 100；缺考的留空。", text=text[:20]))
    return number


def _attempt(exam_id: int, attempt_id: int) -> Attempt:
    found = db.session.scalars(select(Attempt).where(Attempt.id == attempt_id, Attempt.exam_id == exam_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这份答卷。"))
    return found


@blueprint.get("/exams/<int:exam_id>/papers/<int:attempt_id>")
@require(rights.MARKS)
def paper(exam_id: int, attempt_id: int) -> Any:
    """A paper as it was answered, for review."""
    exam, attempt = exams.get(db.session(), exam_id), _attempt(exam_id, attempt_id)
    audit.note("training.paper_read", record_type="training.attempt", record_id=attempt_id, chain_id=attempt.org_id)
    return render_template("training/paper.html", exam=exam, attempt=attempt, answers=exams.answers(db.session(), attempt_id), words=words, letters=rules_exam.LETTERS,
                           own=False, may_void=exams.is_host(exam) and can(rights.ORGANISE) and attempt.state in ("marked", "running", "absent"),
                           form=forms.ReasonForm(formdata=None), local=sessions.local)  # fmt: skip


@blueprint.post("/exams/<int:exam_id>/papers/<int:attempt_id>/void")
@require(rights.ORGANISE)
def void(exam_id: int, attempt_id: int) -> Any:
    """作废 with a reason."""
    with unit_of_work("training.exam_voided", reason=request.form.get("reason", "").strip()[:300]) as session:
        exams.void(session, exams.get(session, exam_id, lock=True), attempt_id, request.form.get("reason", "")[:300])
    flash(_("已作废，答卷保留。"), "success")
    return redirect(url_for("training_exam.detail", exam_id=exam_id), 303)


@blueprint.get("/exams/<int:exam_id>/results.<kind>")
@require(rights.MARKS)
def results_file(exam_id: int, kind: str) -> Any:
    """考核成绩表."""
    exam = exams.get(db.session(), exam_id)
    rows = [row for row in _attempts(exam_id) if row.state != "void"]
    return send_paper(layouts.RESULT_LIST, papers.results(exam, rows, today()), kind, _("考核成绩表 %(title)s", title=exam.title), org_id=exam.org_id, record=exam)
