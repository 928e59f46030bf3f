"""What a person may ask of us about themselves: a copy of all that is kept, and its correction (PIPL art. 45, 46)."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.complaints import forms, identity, limits, rights, workflow
from plugins.complaints.models import Complaint
from plugins.complaints.models_identity import Identity, Opening
from plugins.complaints.views import find
from portal import audit
from portal.auth.permissions import check, require, require_fresh
from portal.context import current_actor
from portal.database import db, utcnow
from portal.errors import NotFound, Refused
from portal.records.exporting import write_xlsx
from portal.records.views import send_table
from portal.work import unit_of_work

blueprint = Blueprint("complaints_identity", __name__, url_prefix="/complaints", template_folder="templates")
MOST = 500
NAMES = {"name": _l("姓名"), "phone": _l("电话"), "address": _l("住址"), "id_number": _l("证件号")}


class CorrectForm(forms.FlaskForm):
    """Only what is wrong is filled in; the rest stays."""

    name = forms.line(_l("姓名"), 60)
    phone = forms.line(_l("电话"), 30, inputmode="tel")
    address = forms.line(_l("住址"), 120)
    id_number = forms.line(_l("证件号"), 18)
    reason = forms.line(_l("更正依据"), 200, required=True)


def _kept(complaint_id: int) -> tuple[Complaint, Identity]:
    complaint = find(complaint_id)
    check(rights.REVEAL, complaint.org_id)
    row = identity.of(db.session(), complaint_id)
    if row is None:
        raise NotFound(_("没有登记投诉人身份。"))
    return complaint, row


@blueprint.route("/<int:complaint_id>/identity", methods=["GET", "POST"])
@require(rights.REVEAL)
def correct(complaint_id: int) -> Any:
    """更正: somebody says that what is kept of them is wrong."""
    complaint, row = _kept(complaint_id)
    require_fresh()
    form = CorrectForm()
    if form.validate_on_submit():
        try:
            with unit_of_work("complaints.identity_corrected", reason=form.reason.data or "") as session:
                target = find(complaint_id)
                changed = identity.correct(session, target, {name: form[name].data or "" for name in NAMES}, form.reason.data or "")
                names = "、".join(str(NAMES[name]) for name in changed)
                limits.note(session, target, "note", _("投诉人信息已更正：%(names)s", names=names))
            flash(_("已更正：%(names)s。", names=names), "success")
            return redirect(url_for("complaints.detail", complaint_id=complaint_id), 303)
        except Refused as error:
            field = error.field if error.field in form else "reason"
            form[field].errors = [error.message]
    return render_template("complaints/identity.html", complaint=complaint, identity=row, form=form, export=forms.RevealForm(formdata=None)), 422 if form.errors else 200


@blueprint.post("/<int:complaint_id>/person.xlsx")
@require(rights.REVEAL)
def person(complaint_id: int) -> Any:
    """查阅复制: all that is kept of one person in the town, by the telephone of this matter."""
    complaint, row = _kept(complaint_id)
    require_fresh()
    form = forms.RevealForm()
    if not form.validate():
        return render_template("complaints/identity.html", complaint=complaint, identity=row, form=CorrectForm(formdata=None), export=form), 422
    reason, actor = (form.reason.data or "").strip(), current_actor()
    with unit_of_work("complaints.person_exported", reason=reason) as session:
        complaint, row = _kept(complaint_id)
        matters = _matters(complaint, row)
        for found, _identity in matters:
            session.add(Opening(org_id=found.org_id, complaint_id=found.id, account_name=actor.name, role=actor.role, opened_at=utcnow(), reason=reason[:200]))
        audit.note("complaints.person_exported", record=complaint, reason=reason, detail={"matters": len(matters)})
        lines = [_line(found, kept) for found, kept in matters]
    heads = (*NAMES.values(), _("编号"), _("收到日期"), _("渠道"), _("反映内容"), _("诉求"), _("状态"), _("结论"), _("答复日期"), _("答复内容"), _("身份信息保存至"))
    return send_table(write_xlsx(heads, lines, _("个人信息")), f"person-{request.view_args['complaint_id'] if request.view_args else 0}.xlsx")


def _matters(complaint: Complaint, row: Identity) -> list[tuple[Complaint, Identity]]:
    """This matter and the others of the same telephone, as far as whoever asks may see them."""
    number = identity.opened(row)["phone"]
    same = Identity.complaint_id == complaint.id
    if number:
        same |= Identity.phone_index.in_(identity.phone_indexes(identity.rules.normal_phone(number)))
    found = select(Complaint, Identity).join(Identity, Identity.complaint_id == Complaint.id).where(Complaint.org_id == complaint.org_id, same)
    return [(one, other) for one, other in db.session.execute(found.order_by(Complaint.id).limit(MOST)).unique()]


def _line(complaint: Complaint, row: Identity) -> list[Any]:
    opened = identity.opened(row)
    state = workflow.COMPLAINT.state(complaint.state).title
    about = (complaint.number, complaint.received_on, complaint.channel, complaint.content, complaint.demand, str(state), complaint.result)
    return [*(opened[name] for name in NAMES), *about, complaint.replied_on, complaint.reply_text, row.keep_until]
