"""Minutes: one version with its paragraphs, comments, signature and signed copy."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from plugins.meetings import forms, minuting, pages, planning, rights, telling, words, workflow
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.documents import chinese_number
from portal.errors import Conflict, Refused
from portal.records import attachments
from portal.text import whole

blueprint = Blueprint("meetings_minutes", __name__, url_prefix="/meetings/minutes", template_folder="templates")


def _page(minutes_id: int, *, comment: Any = None, comment_on: int = 0, answer: Any = None, answer_to: int = 0, wrong: str = "", status: int = 200) -> Any:
    session, day = db.session(), today()
    row = minuting.find(session, minutes_id)
    meeting = planning.find(session, row.meeting_id)
    paragraphs = minuting.paragraphs(session, row.id)
    numbers, withheld = minuting.heads(session, row.id)
    heads = {key: chinese_number(number) for key, number in numbers.items()}
    listed = minuting.comments(session, row.id)
    return render_template(
        "meetings/minutes.html", minutes=row, meeting=meeting, workflow=workflow.MINUTES, paragraphs=paragraphs, heads=heads, comments=listed, words=words,
        open_comments=sum(item.state == "open" for items in listed.values() for item in items), editions=minuting.editions(session, meeting.id), span=telling.span,
        may_edit=can(rights.CONVENE) and row.state in minuting.OPEN, may_comment=can(rights.ANSWER) and row.state == "circulating" and not pages.is_office(),
        comment=comment or forms.CommentForm(formdata=None), comment_on=comment_on, answer=answer or forms.AnswerForm(formdata=None), answer_to=answer_to, wrong=wrong,
        intact=minuting.intact(session, row), copy=_copy(row), may_bind=can(rights.CONVENE) and row.state == "signed" and not row.copy_digest, today=day,
        local=telling.local, history=audit.history("meetings.minutes", row.id, 20), own=g.grant.org_id, withheld=withheld,
    ), status  # fmt: skip


def _copy(row: Any) -> Any:
    found = attachments.of_shared(db.session(), "meetings.minutes", [row.id])[row.id]
    return found[-1] if found else None


@blueprint.get("/<int:minutes_id>")
@require(rights.READ)
def detail(minutes_id: int) -> Any:
    """One version of the minutes."""
    return _page(minutes_id)


def _back(minutes_id: int, paragraph_id: int = 0) -> Any:
    return redirect(url_for("meetings_minutes.detail", minutes_id=minutes_id, _anchor=f"p{paragraph_id}" if paragraph_id else None), 303)


@blueprint.route("/<int:minutes_id>/paragraphs/<int:paragraph_id>", methods=["GET", "POST"])
@require(rights.CONVENE)
def paragraph(minutes_id: int, paragraph_id: int) -> Any:
    """Change one paragraph."""
    session = db.session()
    row, minutes = minuting.paragraph(session, minutes_id, paragraph_id), minuting.find(session, minutes_id)
    if minutes.state not in minuting.OPEN:
        raise Conflict(_("纪要已签发，内容不再改动；更正请出新版。"))
    form = forms.ParagraphForm()
    if request.method == "GET":
        form.text.data, form.version.data = row.text, row.version
    elif pages.attempt(form, lambda: minuting.save_paragraph(minutes_id, paragraph_id, form.text.data or "", whole(form.version.data or ""))):
        return _back(minutes_id, paragraph_id)
    return render_template("meetings/paragraph.html", form=form, minutes=minutes, row=row, adding=False), 422 if form.errors or form.form_errors else 200


@blueprint.route("/<int:minutes_id>/paragraphs/<int:paragraph_id>/after", methods=["GET", "POST"])
@require(rights.CONVENE)
def add_paragraph(minutes_id: int, paragraph_id: int) -> Any:
    """A new paragraph after this one."""
    session = db.session()
    row, minutes = minuting.paragraph(session, minutes_id, paragraph_id), minuting.find(session, minutes_id)
    form = forms.ParagraphForm()
    if request.method == "POST" and pages.attempt(form, lambda: minuting.add_paragraph(minutes_id, paragraph_id, form.text.data or "")):
        return _back(minutes_id, paragraph_id)
    return render_template("meetings/paragraph.html", form=form, minutes=minutes, row=row, adding=True), 422 if form.errors or form.form_errors else 200


@blueprint.post("/<int:minutes_id>/paragraphs/<int:paragraph_id>/drop")
@require(rights.CONVENE)
def drop_paragraph(minutes_id: int, paragraph_id: int) -> Any:
    """Take a paragraph out."""
    minuting.drop_paragraph(minutes_id, paragraph_id)
    return _back(minutes_id)


@blueprint.post("/<int:minutes_id>/paragraphs/<int:paragraph_id>/comment")
@require(rights.ANSWER)
def comment(minutes_id: int, paragraph_id: int) -> Any:
    """What a unit thinks of a paragraph."""
    form = forms.CommentForm()
    if not pages.attempt(form, lambda: minuting.comment(minutes_id, paragraph_id, form.text.data or "", form.suggestion.data or "", today())):
        return _page(minutes_id, comment=form, comment_on=paragraph_id, status=422)
    flash(_("意见已提交。"), "success")
    return _back(minutes_id, paragraph_id)


@blueprint.post("/<int:minutes_id>/comments/<int:comment_id>")
@require(rights.CONVENE)
def settle(minutes_id: int, comment_id: int) -> Any:
    """Accept a comment or not."""
    form = forms.AnswerForm()
    accepted = "accept" in request.form
    if not pages.attempt(form, lambda: minuting.settle_comment(minutes_id, comment_id, accepted, form.answer.data or "")):
        return _page(minutes_id, answer=form, answer_to=comment_id, status=422)
    flash(_("已采纳。") if accepted else _("已记为未采纳。"), "success")
    return _back(minutes_id)


@blueprint.post("/<int:minutes_id>/copy")
@require(rights.CONVENE)
def bind(minutes_id: int) -> Any:
    """Bind the scanned paper with the signature."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _page(minutes_id, wrong=_("请选择文件。"), status=422)
    try:
        prepared = attachments.prepare(upload.stream.read(64 * 1024 * 1024), upload.filename, ("pdf", "jpg", "jpeg", "png"))
        minuting.bind_copy(minutes_id, prepared)
    except Refused as error:
        db.session.rollback()
        return _page(minutes_id, wrong=error.message, status=422)
    flash(_("签字件已绑定。"), "success")
    return _back(minutes_id)
