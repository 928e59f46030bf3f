"""The opinion paper and the case file: the convener's editing, and what everybody on it may take along."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.consultations import access, closing, figures, files, forms, library, panel, papers, queries, rights, words, workflow
from plugins.consultations.models import Consultation, Inquiry, Paper
from plugins.consultations.views import find, is_town
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.documents import send
from portal.errors import NotFound, Refused
from portal.settings import get_setting
from portal.work import unit_of_work

blueprint = Blueprint("consultations_paper", __name__, url_prefix="/consultations", template_folder="templates")


def _paper(consultation: Consultation) -> Paper:
    found = closing.paper_of(db.session(), consultation.id)
    if found is None:
        access.refused(consultation.id, consultation.org_id, "paper")
        raise NotFound(_("没有找到这条记录。"))
    return found


@blueprint.route("/<int:consultation_id>/paper", methods=["GET", "POST"])
@require(rights.READ)
def paper(consultation_id: int) -> Any:
    """The paper: the convener edits the draft that was drawn up from the answers; everybody on it reads what was signed."""
    consultation = find(consultation_id)
    found = _paper(consultation)
    if found.state == "signed" or not can(rights.CONVENE):
        if request.method == "POST":
            raise Refused(_("会商意见书已签发，不能修改。"))
        access.viewed(consultation, "paper")
        return _show(find(consultation_id), None)
    if request.method == "GET":
        form = forms.PaperForm(formdata=None, data={"course": found.course, "advice": found.advice, "findings": found.findings})
        access.viewed(consultation, "paper draft")
        return _show(find(consultation_id), form)
    form = forms.PaperForm()
    if len(form.findings) != len(found.findings) or not form.validate():
        return _show(consultation, form, 422)
    values = {"course": form.course.data, "advice": form.advice.data, "findings": [entry.data for entry in form.findings]}
    with unit_of_work("consultations.paper_edited") as session:
        closing.edit_paper(session, find(consultation_id), values)
    if request.form.get("sign"):
        return redirect(url_for("records.step", record_type="consultations.consultation", record_id=consultation_id, action="sign"), 303)
    flash(_("已保存。"), "success")
    return redirect(url_for("consultations_paper.paper", consultation_id=consultation_id), 303)


def _show(consultation: Consultation, form: forms.PaperForm | None, status: int = 200) -> Any:
    found = _paper(consultation)
    members = panel.seats(db.session(), consultation.panel_of, ("submitted", "missed"))
    shown = {"consultation": consultation, "paper": found, "form": form, "members": members, "words": words, "marked": files.needs_mark(consultation)}
    return render_template("consultations/paper.html", workflow=workflow.CONSULTATION, **shown), status


@blueprint.post("/<int:consultation_id>/paper/again")
@require(rights.CONVENE)
def again(consultation_id: int) -> Any:
    """Draw the paper up anew, e.g. after a late opinion; the overall advice stays as it was written."""
    consultation = find(consultation_id)
    if consultation.state != "summing":
        raise Refused(_("会商意见书已签发，不能修改。"))
    with unit_of_work("consultations.paper_redrawn") as session:
        closing.draw_up(session, find(consultation_id), today())
    flash(_("已按现有意见重新汇总，“总体建议”保留原文。"), "success")
    return redirect(url_for("consultations_paper.paper", consultation_id=consultation_id), 303)


@blueprint.get("/<int:consultation_id>/paper.<kind>")
@require(rights.READ)
def paper_file(consultation_id: int, kind: str) -> Any:
    """The paper to take along. Panel members get a PDF with their name and the time on it."""
    consultation = find(consultation_id, "file")
    found = _paper(consultation)
    inside = is_town(consultation) or can(rights.CONVENE)
    if kind not in ("docx", "pdf") or (kind == "docx" and not inside):
        raise NotFound(_("没有这种文件格式。"))
    issuer = get_setting(figures.ISSUER, None, today())
    members = panel.seats(db.session(), consultation.panel_of)
    mark = files.mark_text() if files.needs_mark(consultation) else ""
    document = papers.opinion_paper(consultation, found, members, issuer, watermark=mark)
    access.downloaded(consultation, f"paper.{kind}")
    consultation = find(consultation_id)
    return send(document, kind, _("案件联合会商意见书"), record=consultation)


@blueprint.get("/<int:consultation_id>/file.<kind>")
@require(rights.READ)
def case_file(consultation_id: int, kind: str) -> Any:
    """The case file as a document; ``?anonymous=1`` without names, numbers, addresses and plates."""
    consultation = find(consultation_id, "file")
    session = db.session()
    inside = is_town(consultation) or can(rights.CONVENE)
    if kind not in ("docx", "pdf") or (kind == "docx" and not inside):
        raise NotFound(_("没有这种文件格式。"))
    given = queries.opinions(session, consultation)
    members = panel.seats(session, consultation.panel_of)
    without = library.anonymiser(session, consultation, members) if request.args.get("anonymous") == "1" else None
    inquiries = session.scalars(select(Inquiry).where(Inquiry.consultation_id == consultation_id).order_by(Inquiry.id)).all()
    mark = files.mark_text() if files.needs_mark(consultation) else ""
    document = papers.case_file(consultation, given, inquiries, watermark=mark, without=without)
    access.downloaded(consultation, f"file.{kind}" + (" anonymous" if without else ""))
    return send(document, kind, _("会商案情材料"), record=find(consultation_id))
