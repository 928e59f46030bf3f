"""In the room: answers, signing in by list, code or hand, and the recorder's page."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.meetings import figures, forms, pages, planning, rights, sitting, telling, words, workflow
from plugins.meetings.models import Meeting
from plugins.meetings.models_results import Resolution
from portal.auth import throttle
from portal.auth.permissions import require
from portal.clock import today
from portal.context import Actor, current_actor, use_actor
from portal.database import db
from portal.errors import Conflict, DomainError, NotFound
from portal.text import whole
from portal.web import htmx
from portal.work import unit_of_work

blueprint = Blueprint("meetings_room", __name__, url_prefix="/meetings", template_folder="templates")
WRONG_CODES = 20


@blueprint.get("/invitations/<int:invitation_id>")
@require(rights.READ)
def invitation(invitation_id: int) -> Any:
    """The invitation's meeting."""
    found = workflow.INVITATION.find(db.session(), invitation_id)
    return redirect(url_for("meetings.detail", meeting_id=found.meeting_id), 302)


# -- signing in -------------------------------------------------------------------------------------------------------------


def _page(meeting_id: int, form: Any = None, status: int = 200) -> Any:
    session = db.session()
    meeting = planning.find(session, meeting_id)
    invitations = planning.invitations(session, meeting.id)
    there: dict[int, list[Any]] = {}
    for row in sitting.attendance(session, meeting.id):
        there.setdefault(row.invitation_id, []).append(row)
    form = form or forms.SignInForm(formdata=None)
    form.invitation.choices = [(row.id, row.unit_name) for row in invitations]
    return render_template(
        "meetings/sign_in.html", meeting=meeting, invitations=invitations, there=there, form=form, quorum=sitting.quorum(session, meeting, today()), words=words,
        workflow=workflow.INVITATION, meeting_workflow=workflow.MEETING, span=telling.span, local=telling.local, open=meeting.state in sitting.SIGNING,
        early=today() < meeting.day,
    ), status  # fmt: skip


@blueprint.get("/<int:meeting_id>/sign-in")
@require(rights.CONVENE)
def sign_in(meeting_id: int) -> Any:
    """Who is there: by list, by code on the wall, by hand."""
    return _page(meeting_id)


@blueprint.post("/<int:meeting_id>/sign-in/list")
@require(rights.CONVENE)
def sign_list(meeting_id: int) -> Any:
    """Tick the units whose announced person is there."""
    present = [key for key in (whole(value) for value in request.form.getlist("present")[:500]) if key]
    count = sitting.sign_list(meeting_id, present, today())
    flash(_("已签到 %(n)s 个单位。", n=count), "success" if count else "warning")
    return redirect(url_for("meetings_room.sign_in", meeting_id=meeting_id), 303)


@blueprint.post("/<int:meeting_id>/sign-in/hand")
@require(rights.CONVENE)
def sign_hand(meeting_id: int) -> Any:
    """Enter somebody by hand."""
    form = forms.SignInForm()
    form.invitation.choices = [(row.id, row.unit_name) for row in planning.invitations(db.session(), meeting_id)]
    if not pages.attempt(form, lambda: sitting.sign_in(meeting_id, form.invitation.data, form.data, "hand", today())):
        return _page(meeting_id, form, 422)
    flash(_("%(name)s 已签到。", name=form.name.data), "success")
    return redirect(url_for("meetings_room.sign_in", meeting_id=meeting_id), 303)


@blueprint.post("/<int:meeting_id>/sign-in/<int:attendance_id>/undo")
@require(rights.CONVENE)
def undo(meeting_id: int, attendance_id: int) -> Any:
    """Take back what was entered by mistake."""
    sitting.undo_sign_in(meeting_id, attendance_id, _("登记有误"))
    flash(_("已撤销。"), "success")
    return redirect(url_for("meetings_room.sign_in", meeting_id=meeting_id), 303)


@blueprint.get("/<int:meeting_id>/code")
@require(rights.CONVENE)
def code(meeting_id: int) -> Any:
    """The code on the wall; it is another one every minute or two."""
    session = db.session()
    meeting = planning.find(session, meeting_id)
    seconds = figures.figure(figures.CODE_SECONDS, None, today())
    shown = {"meeting": meeting, "code": sitting.sign_code(meeting.id), "seconds": seconds, "quorum": sitting.quorum(session, meeting, today()), "span": telling.span}
    return render_template("meetings/_code.html" if htmx else "meetings/code.html", **shown)


@blueprint.get("/<int:meeting_id>/code/<code>.svg")
@require(rights.CONVENE)
def code_picture(meeting_id: int, code: str) -> Any:
    """The code as a picture."""
    import segno

    if sitting.read_code(code, today()) != meeting_id:
        raise NotFound(_("没有找到这个页面。"))
    stream = io.BytesIO()
    address = telling.absolute(url_for("meetings_room.scan", code=code))
    segno.make(address, error="m").save(stream, kind="svg", scale=8, border=2, xmldecl=False, svgns=True, nl=False, light="#fff")
    stream.seek(0)
    answer = send_file(stream, "image/svg+xml")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.route("/scan/<code>", methods=["GET", "POST"])
def scan(code: str) -> Any:
    """The page that a telephone opens by the code: who are you, and for whom. It needs no account, only the code of the room."""
    address = request.remote_addr or ""
    key = f"meetings.scan:{address}"
    try:
        throttle.check_misses(key, WRONG_CODES, 60)
        meeting, invitations = sitting.by_code(code, today())
    except NotFound:
        with unit_of_work("meetings.wrong_code") as session:
            throttle.count_miss(session, key)
        raise
    except DomainError as error:
        return render_template("meetings/scan_over.html", message=error.message), error.status
    form = forms.SignInForm()
    form.invitation.choices = [(0, _("请选择单位")), *((row.id, row.unit_name) for row in invitations)]
    if request.method == "GET":
        mine = next((row for row in invitations if g.get("grant") and row.unit_id == g.grant.org_id), None)
        form.invitation.data = mine.id if mine else 0
        form.name.data = (mine.name if mine and mine.name else "") or (g.account.name if mine and g.get("account") else "")
        form.position.data, form.phone.data = (mine.position, mine.phone) if mine else ("", "")
        return render_template("meetings/scan.html", form=form, meeting=meeting, span=telling.span)
    actor = (
        current_actor() if g.get("account") else Actor(None, _("扫码签到：%(name)s", name=(form.name.data or "")[:40]), "", None, "", address, g.get("request_id", ""))
    )
    with use_actor(actor):
        done = pages.attempt(form, lambda: sitting.sign_in_by_code(code, form.invitation.data, form.data, today()))
    if not done:
        return render_template("meetings/scan.html", form=form, meeting=meeting, span=telling.span), 422
    return render_template("meetings/scan_done.html", name=form.name.data, meeting=meeting, span=telling.span)


# -- the recorder's page ------------------------------------------------------------------------------------------------------


def _live(
    meeting_id: int, *, form: Any = None, item_id: int | None = None, status: int = 200, typed: str | None = None, conflict: str = "",
    version: int | None = None,
) -> Any:  # fmt: skip
    session = db.session()
    meeting = planning.find(session, meeting_id)
    items = planning.agenda(session, meeting.id)
    notes = sitting.notes(session, meeting.id)
    wanted = item_id or whole(request.args.get("item", "")) or meeting.current_item_id
    current = next((item for item in items if item.id == wanted), items[0] if items else None)
    form = _resolution_form(form, meeting)
    resolutions = sitting.resolutions(session, meeting.id)
    return render_template(
        "meetings/live.html", meeting=meeting, agenda=planning.timed(session, meeting, items),
        current=current, note=notes.get(current.id) if current else None, notes=notes,
        resolutions=resolutions, co_units=sitting.co_units(session, [row.id for row in resolutions]), form=form, words=words, workflow=workflow, local=telling.local,
        quorum=sitting.quorum(session, meeting, today()), span=telling.span, typed=typed, conflict=conflict,
        writable=meeting.state in ("notified", "sitting", "held", "minuted"), version=version,
    ), status  # fmt: skip


def _resolution_form(form: Any, meeting: Meeting) -> Any:
    form = form or forms.ResolutionForm(formdata=None)
    form.co_units.choices = pages.units(db.session())
    form.lead.choices = [(0, _("请选择")), *form.co_units.choices]
    return form


@blueprint.get("/<int:meeting_id>/live")
@require(rights.CONVENE)
def live(meeting_id: int) -> Any:
    """The recorder's page: what is spoken of now, notes that save themselves, decisions caught as resolutions."""
    return _live(meeting_id)


@blueprint.post("/<int:meeting_id>/live/<int:item_id>/open")
@require(rights.CONVENE)
def open_item(meeting_id: int, item_id: int) -> Any:
    """Go to an item."""
    sitting.open_item(meeting_id, item_id)
    return redirect(url_for("meetings_room.live", meeting_id=meeting_id, item=item_id), 303)


@blueprint.post("/<int:meeting_id>/live/<int:item_id>/outcome")
@require(rights.CONVENE)
def outcome(meeting_id: int, item_id: int) -> Any:
    """Decided, told of, or deferred."""
    sitting.set_outcome(meeting_id, item_id, request.form.get("outcome", ""))
    return redirect(url_for("meetings_room.live", meeting_id=meeting_id, item=item_id), 303)


@blueprint.post("/<int:meeting_id>/live/<int:item_id>/note")
@require(rights.CONVENE)
def note(meeting_id: int, item_id: int) -> Any:
    """Keep the notes of an item. A second recorder is shown what the first wrote, and loses nothing: what saves itself goes on
    being refused until they say whether both texts stay or theirs alone (``both`` or ``own``: the version that they were shown)."""
    text, version = request.form.get("text", "").replace("\r\n", "\n"), whole(request.form.get("version", "")) or 0
    shown, typed = whole(request.form.get("both", "") or request.form.get("own", "")), text
    if shown is not None and "both" in request.form:
        theirs = sitting.notes(db.session(), meeting_id).get(item_id)
        text = sitting.joined(theirs.text if theirs else "", text)
    try:
        kept = sitting.save_note(meeting_id, item_id, text, version if shown is None else shown)
    except Conflict as error:
        db.session.rollback()
        theirs = sitting.notes(db.session(), meeting_id).get(item_id)
        if htmx:
            return render_template("meetings/_note_state.html", note=theirs, conflict=error.message, local=telling.local, version=version), 409
        return _live(meeting_id, item_id=item_id, typed=typed, conflict=error.message, version=version, status=409)
    except DomainError as error:
        if htmx:
            return render_template("meetings/_note_state.html", note=None, conflict=error.message, local=telling.local, version=version), error.status
        raise
    if htmx:
        return render_template("meetings/_note_state.html", note=kept, conflict="", local=telling.local)
    flash(_("记录已保存。"), "success")
    return redirect(url_for("meetings_room.live", meeting_id=meeting_id, item=item_id), 303)


@blueprint.post("/<int:meeting_id>/live/resolutions")
@require(rights.CONVENE)
def record(meeting_id: int) -> Any:
    """Catch a decision."""
    item_id = whole(request.form.get("item_id", ""))
    form = _resolution_form(forms.ResolutionForm(), planning.find(db.session(), meeting_id))
    if not pages.attempt(form, lambda: sitting.record_resolution(meeting_id, item_id, form.data)):
        return _live(meeting_id, form=form, item_id=item_id, status=422)
    flash(_("已记录议定事项。"), "success")
    return redirect(url_for("meetings_room.live", meeting_id=meeting_id, item=item_id, _anchor="resolutions"), 303)


@blueprint.route("/<int:meeting_id>/live/resolutions/<int:resolution_id>", methods=["GET", "POST"])
@require(rights.CONVENE)
def change(meeting_id: int, resolution_id: int) -> Any:
    """Correct what was caught, before the minutes are signed."""
    session = db.session()
    meeting = planning.find(session, meeting_id)
    row = session.scalars(select(Resolution).where(Resolution.id == resolution_id, Resolution.meeting_id == meeting.id)).one_or_none()
    if row is None:
        raise NotFound(_("没有找到这条记录。"))
    form = _resolution_form(forms.ResolutionForm(), meeting)
    if request.method == "GET":
        form.text.data, form.outside.data, form.due_on.data = row.text, row.outside, row.due_on
        form.lead.data = [row.lead_id] if row.lead_id else []
        form.co_units.data = [item.unit_id for item in sitting.co_units(session, [row.id])[row.id]]
        return render_template("meetings/resolution_form.html", form=form, meeting=meeting, row=row, version=row.version)
    version = whole(request.form.get("version", ""))
    if not pages.attempt(form, lambda: sitting.change_resolution(meeting_id, resolution_id, form.data, version)):
        return render_template("meetings/resolution_form.html", form=form, meeting=planning.find(db.session(), meeting_id), row=row, version=version), 422
    flash(_("已保存。"), "success")
    return redirect(url_for("meetings_room.live", meeting_id=meeting_id, item=row.item_id, _anchor="resolutions"), 303)


@blueprint.post("/<int:meeting_id>/live/resolutions/<int:resolution_id>/drop")
@require(rights.CONVENE)
def drop(meeting_id: int, resolution_id: int) -> Any:
    """Take back what was caught by mistake."""
    sitting.drop_resolution(meeting_id, resolution_id)
    flash(_("已删除。"), "success")
    return redirect(url_for("meetings_room.live", meeting_id=meeting_id, _anchor="resolutions"), 303)
