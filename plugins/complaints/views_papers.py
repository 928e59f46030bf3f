"""打印、下载: the papers of a matter. Whoever complained stands in them only for those who may open the identity, with a reason and a trace."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import InputRequired, Length

from plugins.complaints import identity, intake, paper_values, papers, rights
from plugins.complaints.models import Complaint
from plugins.complaints.views import find
from portal.auth.permissions import can, check, require, require_fresh
from portal.clock import today
from portal.context import current_actor, use_actor
from portal.database import db
from portal.documents import store
from portal.documents.papers import keep_paper, send_paper
from portal.errors import NotFound, Refused
from portal.forms import Form
from portal.work import unit_of_work

blueprint = Blueprint("complaints_papers", __name__, url_prefix="/complaints", template_folder="templates")
KINDS = (("docx", _l("Word")), ("pdf", _l("PDF")))


class RevealedForm(Form):
    """A paper with the complainant's name: which, as what, and why."""

    paper = SelectField(_l("文书"))
    kind = SelectField(_l("格式"), choices=list(KINDS))
    reason = StringField(_l("理由"), [InputRequired(_l("请填写理由。")), Length(min=2, max=200, message=_l("2 至 200 个字。"))])


def offered(complaint: Complaint) -> list[str]:
    """The papers that the matter has in its state."""
    return paper_values.offered(complaint, paper_values.last_transfer(db.session(), complaint.id))


def checked(complaint: Complaint, key: str) -> str:
    """The key of a paper that the matter has. Raises NotFound."""
    if key not in offered(complaint):
        raise NotFound(_("这件事项现在没有这种文书。"))
    return key


def may_keep(complaint: Complaint) -> bool:
    """Whether the acting role may put papers among the files of the matter."""
    return complaint.state != "archived" and any(can(right, complaint.org_id) for right in (rights.HANDLE, rights.REPLY, rights.DECIDE))


def revealable(complaint: Complaint, keys: list[str]) -> list[str]:
    """The papers that may bear the complainant's name for the acting role: none for somebody in danger, where nothing is written."""
    if complaint.protect or not can(rights.REVEAL, complaint.org_id) or identity.of(db.session(), complaint.id) is None:
        return []
    return [key for key in keys if key in paper_values.REVEALING]


def filename(complaint: Complaint, key: str) -> str:
    return f"{papers.BY_KEY[key].title}-{complaint.number}"


@blueprint.get("/<int:complaint_id>/papers")
@require(rights.READ)
def index(complaint_id: int) -> Any:
    """The papers of a matter."""
    return page(find(complaint_id))


def page(complaint: Complaint, form: RevealedForm | None = None) -> str:
    """The page of the papers; the names in them are opened from here only."""
    keys = offered(complaint)
    named = revealable(complaint, keys)
    form = form or RevealedForm(formdata=None)
    form.paper.choices = [(key, papers.BY_KEY[key].title) for key in named]
    own = {key: store.in_force(db.session(), complaint.org_id, papers.BY_KEY[key].key, today()) for key in keys}
    return render_template(
        "complaints/papers.html", complaint=complaint, keys=keys, papers=papers.BY_KEY, own=own, named=named, form=form, may_keep=may_keep(complaint),
        to_complainant=paper_values.TO_COMPLAINANT,
    )  # fmt: skip


@blueprint.get("/<int:complaint_id>/papers/<key>.<kind>")
@require(rights.READ)
def download(complaint_id: int, key: str, kind: str) -> Any:
    """A paper without the name of whoever complained."""
    complaint = find(complaint_id)
    checked(complaint, key)
    values = paper_values.values_of(db.session(), complaint, key, today())
    return send_paper(papers.BY_KEY[key], values, kind, filename(complaint, key), org_id=complaint.org_id, record=complaint)


@blueprint.post("/<int:complaint_id>/papers/revealed")
@require(rights.REVEAL)
def revealed(complaint_id: int) -> Any:
    """A paper with the complainant's name and address: with the right, a reason, a fresh password, a record and events."""
    complaint = find(complaint_id)
    check(rights.REVEAL, complaint.org_id)
    form, named = RevealedForm(), revealable(complaint, offered(complaint))
    form.paper.choices = [(key, papers.BY_KEY[key].title) for key in named]
    if not named:
        raise NotFound(_("这件事项没有可以写明投诉人的文书。"))
    if not form.validate():
        return page(complaint, form), 422
    require_fresh()
    reason, key = (form.reason.data or "").strip(), str(form.paper.data)
    with unit_of_work("complaints.identity_opened", reason=reason) as session:
        who = identity.open_identity(session, find(complaint_id), reason)
    complaint = find(complaint_id)
    values = paper_values.values_of(db.session(), complaint, key, today(), who=who)
    told = {"identity": "shown"}
    return send_paper(papers.BY_KEY[key], values, str(form.kind.data), filename(complaint, key), org_id=complaint.org_id, record=complaint, detail=told, reason=reason)


@blueprint.post("/<int:complaint_id>/papers/receipt")
@require(rights.REGISTER)
def receipt(complaint_id: int) -> Any:
    """The receipt with its query code, from the page that shows the code this once; of an anonymous matter the trail names no machine."""
    complaint = find(complaint_id)
    check(rights.REGISTER, complaint.org_id)
    checked(complaint, "receipt")
    code, kind = request.form.get("code", "")[:60], request.form.get("kind", "")
    if complaint.code_hash is None or identity.code_hash(code) != complaint.code_hash:
        raise Refused(_("查询码与这件事项不符。"))
    values = paper_values.values_of(db.session(), complaint, "receipt", today(), code=code)
    actor = intake.nobody_in_particular(current_actor()) if complaint.anonymous else current_actor()
    with use_actor(actor):
        return send_paper(papers.BY_KEY["receipt"], values, kind, filename(complaint, "receipt"), org_id=complaint.org_id, record=complaint)


@blueprint.post("/<int:complaint_id>/papers/<key>/keep")
@require(rights.READ)
def keep(complaint_id: int, key: str) -> Any:
    """Put a paper, without names, among the files of the matter; it keeps the template it was made with."""
    complaint = find(complaint_id)
    checked(complaint, key)
    if not may_keep(complaint):
        check(rights.HANDLE, complaint.org_id)
        raise Refused(_("已归档，不能再存入文书。"))
    values = paper_values.values_of(db.session(), complaint, key, today())
    keep_paper(papers.BY_KEY[key], values, filename(complaint, key), complaint)
    flash(_("“%(title)s”已存入附件。", title=papers.BY_KEY[key].title), "success")
    return redirect(url_for("complaints.detail", complaint_id=complaint_id), 303)
