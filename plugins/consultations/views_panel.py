"""The convener's page of a panel: candidates with what stands against them, choosing, drawing, replacing, attendance."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.consultations import access, closing, figures, forms, panel, rights, rules, words, workflow
from plugins.consultations.models import Consultation, Draw
from plugins.consultations.views import find
from portal import audit
from portal.auth.permissions import require
from portal.clock import today
from portal.database import db
from portal.errors import NotFound, Refused
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("consultations_panel", __name__, url_prefix="/consultations", template_folder="templates")
SHOWN = 60


def _page(consultation: Consultation, form: forms.DrawForm | None = None, problem: Any = "", status: int = 200) -> Any:
    session, day = db.session(), today()
    kind = request.args.get("kind", "")
    kind = kind if kind in rules.SEAT_KINDS else "expert"
    names = figures.figure(figures.FIELDS, None, day)
    field = request.args.get("field", consultation.field)
    field = field if field in names else ""
    pool = panel.expert_candidates(session, day, field) if kind == "expert" else [item for item in panel.unit_candidates(session, day) if item.kind == kind]
    choices = panel.judge(session, consultation, pool, day)
    members = panel.seats(session, consultation.id)
    minimum = figures.figure(figures.MINIMUM, None, day)
    active = [seat.kind for seat in members if seat.state in rules.SEAT_ACTIVE]
    empty = panel.vacancy(session, consultation)
    if form is None:
        form = forms.DrawForm(formdata=None, data={"field": field or consultation.field, "wanted": 1})
        form.prepare(day)
    return render_template(
        "consultations/panel.html", consultation=consultation, workflow=workflow.CONSULTATION, seat_flow=workflow.SEAT, words=words, choices=choices[:SHOWN],
        more=len(choices) - SHOWN, members=members, kind=kind, field=field, fields=names, form=form, problem=problem, minimum=minimum,
        standing=panel.problem_words(rules.panel_problem(active, minimum), minimum), active=len(active), vacancy=empty,
        draws=session.scalars(select(Draw).where(Draw.consultation_id == consultation.id).order_by(Draw.id)).all(),
        open=consultation.state == "accepted" or (consultation.state == "collecting" and empty is not None),
        due=panel.opinion_due(consultation, day)[0], joined=panel.joined_with(session, consultation),
    ), status  # fmt: skip


@blueprint.get("/<int:consultation_id>/panel")
@require(rights.CONVENE)
def index(consultation_id: int) -> Any:
    """Who sits, who could, and why others may not. A file that was joined has the panel of the other one."""
    consultation = find(consultation_id)
    if consultation.main_id:
        return redirect(url_for("consultations_panel.index", consultation_id=consultation.main_id))
    access.viewed(consultation, "panel")
    return _page(find(consultation_id))


@blueprint.post("/<int:consultation_id>/panel/choose")
@require(rights.CONVENE)
def choose(consultation_id: int) -> Any:
    """Put somebody on the panel by hand."""
    consultation = find(consultation_id)
    try:
        with unit_of_work("consultations.seat_added") as session:
            name = panel.choose(session, find(consultation_id), request.form.get("key", "")[:40], today()).name
    except Refused as error:
        return _page(find(consultation_id), problem=error.message, status=422)
    flash(_("%(name)s 已列入会商组。", name=name), "success")
    where: dict[str, Any] = {key: request.form.get(key, "")[:40] for key in ("kind", "field") if request.form.get(key)}
    return redirect(url_for("consultations_panel.index", consultation_id=consultation.id, **where), 303)


@blueprint.post("/<int:consultation_id>/panel/draw")
@require(rights.CONVENE)
def draw(consultation_id: int) -> Any:
    """Draw experts of a field; the record of the draw is kept."""
    find(consultation_id)
    form = forms.DrawForm()
    form.prepare(today())
    if not form.validate():
        return _page(find(consultation_id), form, status=422)
    try:
        with unit_of_work("consultations.drawn") as session:
            panel.draw(session, find(consultation_id), form.field.data or "", form.wanted.data or 1, form.reason.data or "", today())
    except Refused as error:
        if error.field in form:
            form[error.field].errors = [error.message]
        return _page(find(consultation_id), form, "" if error.field in form else error.message, 422)
    flash(_("已抽取，抽取记录可随时核验。"), "success")
    return redirect(url_for("consultations_panel.index", consultation_id=consultation_id, _anchor="draws"), 303)


@blueprint.post("/<int:consultation_id>/panel/drop")
@require(rights.CONVENE)
def drop(consultation_id: int) -> Any:
    """Take somebody off again who was not invited yet."""
    find(consultation_id)
    with unit_of_work("consultations.seat_dropped") as session:
        panel.drop(session, find(consultation_id), whole(request.form.get("seat", "")) or 0)
    return redirect(url_for("consultations_panel.index", consultation_id=consultation_id), 303)


def record_of(draw: Draw) -> dict[str, Any]:
    """All that is needed to repeat a draw on another machine."""
    return {
        "draw": draw.id, "field": draw.field, "algorithm": draw.algorithm, "seed": draw.seed, "wanted": draw.wanted, "candidates": draw.candidates,
        "excluded": draw.excluded, "result": draw.result, "reason": draw.reason, "drawn_at": draw.drawn_at.isoformat(), "drawn_by": draw.drawn_by,
    }  # fmt: skip


@blueprint.get("/<int:consultation_id>/draws/<int:draw_id>.json")
@require(rights.CONVENE)
def draw_record(consultation_id: int, draw_id: int) -> Any:
    """The record of a draw, for ``portal consultations redraw --file`` anywhere."""
    consultation = find(consultation_id)
    found = db.session.scalars(select(Draw).where(Draw.id == draw_id, Draw.consultation_id == consultation.id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    record = record_of(found)
    audit.note("consultations.exported", record=consultation, detail={"draw": draw_id})
    answer = Response(json.dumps(record, ensure_ascii=False, indent=1), mimetype="application/json")
    answer.headers["Content-Disposition"] = f"attachment; filename=draw-{draw_id}.json"
    return answer


@blueprint.post("/<int:consultation_id>/attendance")
@require(rights.CONVENE)
def attendance(consultation_id: int) -> Any:
    """Who came to the meeting."""
    find(consultation_id)
    present = {found for text in request.form.getlist("present") if (found := whole(text)) is not None}
    note = request.form.get("note", "")[:2000]
    with unit_of_work("consultations.attended") as session:
        closing.attend(session, find(consultation_id), present, note)
    flash(_("到会情况已登记。"), "success")
    return redirect(url_for("consultations.detail", consultation_id=consultation_id, _anchor="meeting"), 303)
