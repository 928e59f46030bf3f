"""The town's pages: drafting a request, its evidence list, its handlers."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from plugins.consultations import figures, files, forms, requests, rights, rules
from plugins.consultations.models import Consultation
from plugins.consultations.views import find, page
from portal.auth.permissions import check, require
from portal.clock import today
from portal.database import db
from portal.errors import DomainError, Refused
from portal.records import once
from portal.settings import get_setting
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("consultations_request", __name__, url_prefix="/consultations", template_folder="templates")
ORIGIN = re.compile(r"([a-z][a-z0-9_]{1,30}\.[a-z_]{1,40}):(\d{1,9})")
BLANK_QUESTIONS, BLANK_PARTIES = 1, 1


def _form(consultation: Consultation | None = None, filled: dict[str, Any] | None = None) -> forms.RequestForm:
    """The form with a blank line at the end of its lists; more of them by the buttons that only add a line."""
    if request.method == "POST":
        form = forms.RequestForm()
    else:
        given = filled or {}
        if consultation is not None:
            names = ("title", "field", "case_no", "filed_on", "triggers", "facts", "law", "own_view", "questions", "parties", "needed_by", "urgency", "secrecy")
            given = {name: getattr(consultation, name) for name in names}
        form = forms.RequestForm(formdata=None, data=given)
    form.field.choices = [(name, name) for name in get_setting(figures.FIELDS, None, today())]
    if consultation is not None and consultation.field and consultation.field not in dict(form.field.choices):
        form.field.choices.append((consultation.field, consultation.field))
    _lengthen(form)
    return form


def _lengthen(form: forms.RequestForm) -> None:
    for name, most in (("questions", rules.MOST_QUESTIONS), ("parties", rules.MOST_PARTIES)):
        entries = form[name]
        last = entries.entries[-1].data if entries.entries else None
        asked = request.form.get("more") == name
        empty = not (last.get("name") if isinstance(last, dict) else last)
        if len(entries) < most and (last is None or not empty or asked):
            entries.append_entry()


def _place(form: Any, error: DomainError) -> None:
    if error.field in form and not hasattr(form[error.field], "entries"):
        form[error.field].errors = [*form[error.field].errors, error.message]
    else:
        form.form_errors.append(error.message)


def _show(form: forms.RequestForm, consultation: Consultation | None, status: int, origin: str = "") -> Any:
    shown = {"form": form, "consultation": consultation, "origin": origin, "summary": _summary(origin)}
    return render_template("consultations/edit.html", **shown), status


def _summary(origin: str) -> Any:
    """What the owner of a record tells of it to whoever begins something from it."""
    match = ORIGIN.fullmatch(origin)
    if match is None:
        return None
    hooks = current_app.extensions["portal"].plugins.hooks_for(g.grant.org_id, "portal_record_summary")
    return hooks(record_type=match[1], record_id=int(match[2]))


@blueprint.route("/new", methods=["GET", "POST"])
@require(rights.ASK)
def new() -> Any:
    """A request, perhaps begun from a record of another module (``?from=complaints.complaint:17``)."""
    if not g.grant.organisation.is_town:
        raise Refused(_("会商由街镇提请，请切换到街镇的角色。"))
    origin = (request.values.get("from") or "")[:80]
    summary = _summary(origin)
    origin = origin if summary is not None else ""
    filled = {"title": summary.title, "facts": _("（来源：%(number)s）", number=summary.number) + "\n" + summary.text} if summary else None
    form = _form(filled=filled)
    if request.method == "GET" or request.form.get("more"):
        return _show(form, None, 200, origin)
    if not form.validate():
        return _show(form, None, 422, origin)
    try:
        with unit_of_work("consultations.created") as session:
            before = once.claim(session, key := once.sent_key())
            if before is not None:
                return redirect(before, 303)
            match = ORIGIN.fullmatch(origin)
            made = requests.create(session, g.grant.org_id, form.values(), today(), (match[1], int(match[2])) if match else None)
            target = url_for("consultations.detail", consultation_id=made.id)
            once.made(session, key, target)
    except Refused as error:
        _place(form, error)
        return _show(form, None, 422, origin)
    flash(_("草稿已保存。补齐证据清单后提交审批。"), "success")
    return redirect(target, 303)


def _own(consultation_id: int) -> Consultation:
    """A request of the acting town that may still be changed."""
    consultation = find(consultation_id)
    check(rights.ASK, consultation.org_id)
    requests.check_editable(consultation)
    return consultation


@blueprint.route("/<int:consultation_id>/edit", methods=["GET", "POST"])
@require(rights.ASK)
def edit(consultation_id: int) -> Any:
    """Change a draft, or what was returned for completion."""
    consultation = _own(consultation_id)
    form = _form(consultation)
    if request.method == "GET" or request.form.get("more"):
        return _show(form, consultation, 200)
    if not form.validate():
        return _show(form, consultation, 422)
    try:
        with unit_of_work("consultations.edited"):
            requests.fill(_own(consultation_id), form.values())
    except Refused as error:
        _place(form, error)
        return _show(form, find(consultation_id), 422)
    flash(_("已保存。"), "success")
    return redirect(url_for("consultations.detail", consultation_id=consultation_id), 303)


@blueprint.post("/<int:consultation_id>/evidence")
@require(rights.ASK)
def add_evidence(consultation_id: int) -> Any:
    """One more line of the evidence list."""
    consultation = _own(consultation_id)
    form = forms.EvidenceForm()
    if not form.validate():
        return page(consultation, evidence=form), 422
    try:
        prepared = files.prepare(request.files.get("files"))
        with unit_of_work("consultations.evidence_added") as session:
            requests.add_evidence(session, _own(consultation_id), form.name.data or "", form.proves.data or "", prepared)
    except Refused as error:
        form.form_errors.append(error.message)
        return page(find(consultation_id), evidence=form), 422
    flash(_("已列入证据清单。"), "success")
    return redirect(url_for("consultations.detail", consultation_id=consultation_id, _anchor="evidence"), 303)


@blueprint.post("/<int:consultation_id>/evidence/remove")
@require(rights.ASK)
def remove_evidence(consultation_id: int) -> Any:
    """Take a line off the list."""
    _own(consultation_id)
    place = whole(request.form.get("place", ""), 3)
    with unit_of_work("consultations.evidence_removed"):
        requests.remove_evidence(_own(consultation_id), -1 if place is None else place)
    return redirect(url_for("consultations.detail", consultation_id=consultation_id, _anchor="evidence"), 303)


def _handlers(consultation_id: int, action: Any) -> Any:
    consultation = find(consultation_id)
    check(rights.ASK, consultation.org_id)
    account = whole(request.form.get("account", ""))
    with unit_of_work("consultations.handlers") as session:
        action(session, find(consultation_id), account or 0)
    return redirect(url_for("consultations.detail", consultation_id=consultation_id, _anchor="holders"), 303)


@blueprint.post("/<int:consultation_id>/handlers")
@require(rights.ASK)
def add_handler(consultation_id: int) -> Any:
    """Open the file to another handler of the town."""

    def add(session: Session, consultation: Consultation, account: int) -> None:
        requests.add_handler(session, consultation, account, today())

    return _handlers(consultation_id, add)


@blueprint.post("/<int:consultation_id>/handlers/remove")
@require(rights.ASK)
def remove_handler(consultation_id: int) -> Any:
    """Close the file to a handler."""
    answer = _handlers(consultation_id, requests.remove_handler)
    still = db.session.get(Consultation, consultation_id)
    return answer if still is not None and request.form.get("account") != str(g.account.id) else redirect(url_for("consultations.index"), 303)
