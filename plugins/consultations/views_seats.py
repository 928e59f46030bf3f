"""The member's pages: invitations, promise and declaration, the opinion with its draft."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.consultations import access, forms, meetings, rights, rules, seats, words, workflow
from plugins.consultations import files as uploads
from plugins.consultations.models import Consultation, Seat
from plugins.consultations.views import find
from portal import audit
from portal.auth.permissions import require
from portal.clock import today
from portal.database import db
from portal.errors import Conflict, DomainError, NotFound, Refused
from portal.work import unit_of_work

blueprint = Blueprint("consultations_seats", __name__, url_prefix="/consultations", template_folder="templates")


@blueprint.get("/seats")
@require(rights.SIT)
def index() -> Any:
    """Invitations of whoever is acting: what waits first, then what was."""
    own = (Seat.account_id == g.account.id, Seat.member_org_id == g.grant.org_id)
    waiting = Seat.state.in_(rules.SEAT_OWING)
    rows = db.session.scalars(select(Seat).where(*own).order_by(waiting.desc(), Seat.id.desc()).limit(100)).all()
    return render_template("consultations/seats.html", rows=rows, flow=workflow.SEAT, owing=rules.SEAT_OWING)


@blueprint.get("/seats/<int:seat_id>")
@require(rights.SIT)
def detail(seat_id: int) -> Any:
    """One invitation: what may be known so far, and what comes next."""
    seat = seats.mine(db.session(), seat_id)
    consultation = seats.closed_file(db.session(), seat)
    audit.note("consultations.invitation_viewed", record=seat)
    seat, consultation = seats.mine(db.session(), seat_id), seats.closed_file(db.session(), seat)
    names = seats.names_to_check(db.session(), seat) if seat.state == "promised" else None
    given = seats.own_opinions(db.session(), seat)
    readable = seat.state in rules.SEAT_READING and consultation.state not in ("archived", "aborted")
    return render_template(
        "consultations/seat.html", seat=seat, flow=workflow.SEAT, words=words, names=names, given=given, live=consultation.state in seats.LIVE,
        readable=readable, form=consultation.form, field=consultation.field,
        meeting_at=consultation.meeting_at, meeting_place=consultation.meeting_place, draft=seats.load_draft(db.session(), seat),
        ended=workflow.CONSULTATION.state(consultation.state), step=_step(seat), issued=consultation.paper_on,
    )  # fmt: skip


def _step(seat: Seat) -> int:
    return {"invited": 0, "promised": 1, "declared": 2, "submitted": 3}.get(seat.state, 3)


@blueprint.get("/seats/<int:seat_id>/meeting.ics")
@require(rights.SIT)
def seat_calendar(seat_id: int) -> Any:
    """The meeting for the member's own calendar: number, time and place, nothing of the case."""
    seat = seats.mine(db.session(), seat_id)
    consultation = seats.closed_file(db.session(), seat)
    if seat.state not in (*rules.SEAT_OWING, "submitted"):
        raise NotFound(_("没有找到这条记录。"))
    return calendar_of(consultation)


@blueprint.get("/<int:consultation_id>/meeting.ics")
@require(rights.READ)
def calendar(consultation_id: int) -> Any:
    """The same for whoever may read the file."""
    return calendar_of(find(consultation_id, "ics"))


def calendar_of(consultation: Consultation) -> Response:
    if consultation.meeting_at is None:
        raise NotFound(_("没有找到这条记录。"))
    access.downloaded(consultation, "meeting.ics")
    answer = Response(meetings.calendar(consultation), mimetype="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = "attachment; filename=meeting.ics"
    return answer


# -- the opinion -----------------------------------------------------------------------------------------------------------------


def _writable(seat_id: int) -> tuple[Seat, list[Consultation]]:
    """A seat whose opinion is still to be given, with the files that it answers, the leading one first."""
    seat = seats.mine(db.session(), seat_id)
    if seat.state not in rules.SEAT_READING:
        raise NotFound(_("没有找到这条记录。"))
    consultation = find(seat.consultation_id)
    return seat, seats.to_answer(db.session(), consultation) or [consultation]


def _form(files: list[Consultation], kept: dict[str, Any] | None = None) -> forms.OpinionForm:
    """One answer for each question and one remark for each file, in their order; no more and no fewer, whatever was sent."""
    form = forms.OpinionForm() if request.method == "POST" else forms.OpinionForm(formdata=None, data=kept or {})
    for entries, wanted in ((form.answers, len(seats.questions_of(files))), (form.remarks, len(files))):
        while len(entries) > wanted:
            entries.pop_entry()
        while len(entries) < wanted:
            entries.append_entry()
    return form


def _uploads(files: list[Consultation]) -> list[list[Any]]:
    """The attached files by the file that they belong to: ``files``, ``files-1``, ``files-2`` ..."""
    return [uploads.prepare_all(request.files.getlist(f"files-{place}" if place else "files")) for place in range(len(files))]


def _values(form: forms.OpinionForm) -> dict[str, Any]:
    names = ("conclusion", "reasons", "basis")
    return {"answers": [{name: str(entry.data.get(name) or "") for name in names} for entry in form.answers], "remarks": [entry.data or "" for entry in form.remarks]}


def _show(seat: Seat, files: list[Consultation], form: forms.OpinionForm, status: int = 200, saved: dt.datetime | None = None) -> Any:
    answers = list(form.answers)
    parts = []
    for place, item in enumerate(files):
        own, answers = answers[: len(item.questions)], answers[len(item.questions) :]
        parts.append((item, list(zip(item.questions, own, strict=True)), form.remarks[place], f"files-{place}" if place else "files"))
    shown = {"seat": seat, "consultation": files[0], "parts": parts, "form": form, "saved": saved, "late": bool(seat.due_on and today() > seat.due_on)}
    return render_template("consultations/opinion.html", closed=files[0].state == "summing", **shown), status


@blueprint.route("/seats/<int:seat_id>/opinion", methods=["GET", "POST"])
@require(rights.SIT)
def opinion(seat_id: int) -> Any:
    """Answer question by question; keep the draft, or submit, once."""
    seat, reading = _writable(seat_id)
    if seat.state != "declared":
        flash(_("意见已提交，不能再修改。"), "info")
        return redirect(url_for("consultations_seats.detail", seat_id=seat_id), 303)
    if request.method == "GET":
        kept = seats.load_draft(db.session(), seat)
        for item in reading:
            access.viewed(item, "opinion form")
        seat, reading = _writable(seat_id)
        return _show(seat, reading, _form(reading, kept[0] if kept else None), saved=kept[1] if kept else None)
    form = _form(reading)
    if not form.validate():
        return _show(seat, reading, form, 422)
    if request.form.get("keep"):
        return _keep(seat_id, form)
    try:
        prepared = _uploads(reading)
        workflow.SEAT.perform(seat_id, "submit", {**_values(form), "files": prepared}, today=today())
    except (Refused, Conflict) as error:
        return _again(seat_id, form, error)
    flash(_("意见已提交。结束征求意见后，可以查看其他成员的意见。"), "success")
    return redirect(url_for("consultations_seats.detail", seat_id=seat_id), 303)


def _again(seat_id: int, form: forms.OpinionForm, error: DomainError) -> Any:
    """The page again with all that was written, and the words at the answer that they concern."""
    parts = (error.field or "").split("-")
    if len(parts) == 3 and parts[1].isdecimal() and int(parts[1]) < len(form.answers):
        field = form.answers[int(parts[1])].form[parts[2]]
        field.errors = [*field.errors, error.message]
    form.form_errors.append(error.message)
    seat, reading = _writable(seat_id)
    return _show(seat, reading, form, error.status)


def _keep(seat_id: int, form: forms.OpinionForm) -> Any:
    with unit_of_work("consultations.draft_kept") as session:
        at = seats.keep_draft(session, seats.mine(session, seat_id), _values(form)).saved_at
    if request.headers.get("HX-Request"):
        return render_template("consultations/_kept.html", saved=at)
    flash(_("草稿已保存，只有您本人能看到。"), "success")
    return redirect(url_for("consultations_seats.opinion", seat_id=seat_id), 303)


@blueprint.post("/seats/<int:seat_id>/draft")
@require(rights.SIT)
def draft(seat_id: int) -> Any:
    """Keep what is being written, from the page itself."""
    seat, reading = _writable(seat_id)
    if seat.state != "declared":
        raise Conflict(_("意见已提交，草稿不再保存。"))
    return _keep(seat_id, _form(reading))
