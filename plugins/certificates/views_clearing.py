"""收回与销毁: what is to be recovered, what is to be destroyed, and the lists of what was."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.certificates import operations, rights, workflow
from plugins.certificates.forms import DestroyForm, RecoverManyForm
from plugins.certificates.models import Certificate, Destruction
from plugins.certificates.views import clearing_badge, find, state_badge, town_filter
from portal.auth.permissions import can, require
from portal.calendar.service import current_calendar
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation
from portal.errors import DomainError, NotFound, Refused
from portal.records.deadlines import light
from portal.records.lists import BulkAction, Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("certificate_clearing", __name__, url_prefix="/certificates", template_folder="templates")
LISTED = 500
LIGHTS = {"green": "circle-check", "amber": "clock", "red": "alert-triangle", "grey": "circle-dot"}


def _select() -> Any:
    columns = (
        Certificate.id, Certificate.number, Certificate.holder_name, Certificate.state, Certificate.state_reason, Certificate.valid_until,
        Certificate.clearing, Certificate.clearing_due, Certificate.clearing_provisional,
    )  # fmt: skip
    return select(*columns, Organisation.name.label("town")).join(Organisation, Organisation.id == Certificate.org_id).where(Certificate.clearing == "due")


def due_badge(row: Any) -> tuple[Any, str, str]:
    """The deadline with its traffic light, and whether it is provisional."""
    colour = light(row.clearing_due, today(), current_calendar().working_days_between)
    text = row.clearing_due.isoformat() if row.clearing_due else "—"
    return text + (_("（暂定）") if row.clearing_provisional else ""), colour, LIGHTS[colour]


def spec() -> ListSpec:
    """What is to be recovered, the most urgent first."""
    return ListSpec(
        name="certificates.recovery",
        select=_select,
        key=Certificate.id,
        columns=(
            Column("number", _l("执法证号"), lambda row: row.number, link=lambda row: url_for("certificates.detail", certificate_id=row.id), css="num"),
            Column("holder", _l("持证人"), lambda row: row.holder_name),
            Column("town", _l("街镇"), lambda row: row.town, shown=not g.grant.organisation.is_town),
            Column("state", _l("状态"), lambda row: workflow.CERTIFICATE.state(row.state).title, badge=state_badge),
            Column("reason", _l("原因"), lambda row: row.state_reason),
            Column("due", _l("收回期限"), lambda row: row.clearing_due, badge=due_badge),
        ),
        orders={"due": Order(_l("收回期限"), [(Certificate.clearing_due, False)])},
        default_order="due",
        filters=(Choice("overdue", _l("是否逾期"), (("1", _l("已逾期")),), lambda _value: Certificate.clearing_due < today()), *town_filter()),
        search=find,
        search_hint=_l("持证人或证号"),
        export_permission=rights.EXPORT,
        bulk=(BulkAction(_l("登记收回所选证件"), "certificate_clearing.recover_many", rights.CLEAR, "archive"),),
    )


@blueprint.get("/recovery")
@require(rights.READ)
def recovery() -> Any:
    """What is to be recovered."""
    batches = db.session.scalars(select(Destruction).order_by(Destruction.id.desc()).limit(20)).unique().all()
    return show_list(spec(), "certificates/recovery.html", batches=batches, may_clear=can(rights.CLEAR))


@blueprint.route("/recover", methods=["GET", "POST"])
@require(rights.CLEAR)
def recover_many() -> Any:
    """Record that several certificates were handed in at once; all of them or none."""
    chosen = sorted({key for value in request.values.getlist("ids") if (key := whole(value)) is not None})[:LISTED]
    found = select(Certificate).where(Certificate.id.in_(chosen), Certificate.clearing.in_(("due", "unrecoverable")), Certificate.org_id == g.grant.org_id)
    rows = db.session.scalars(found.order_by(Certificate.number)).unique().all()
    if not rows:
        raise Refused(_("请至少选择一张待收回的证件。"))
    form = RecoverManyForm()
    if request.method == "GET":
        form.cleared_on.data = today()
    if form.validate_on_submit():
        try:
            with unit_of_work("certificates.recover_many"):
                for row in rows:
                    data = {"handed_in_by": row.holder_name, "received_by": form.received_by.data, "cleared_on": form.cleared_on.data}
                    workflow.CERTIFICATE.perform(row.id, "recover", data, today=today())
            flash(_("已登记收回 %(n)s 张证件。", n=len(rows)), "success")
            return redirect(url_for("certificate_clearing.recovery"), 303)
        except Refused as error:
            form.cleared_on.errors = [error.message]
            rows = db.session.scalars(found.order_by(Certificate.number)).unique().all()
    return render_template("certificates/recover_many.html", rows=rows, form=form), 422 if form.errors else 200


@blueprint.route("/destroy", methods=["GET", "POST"])
@require(rights.CLEAR)
def destroy() -> Any:
    """Choose what was recovered, name two witnesses, destroy."""
    found = select(Certificate).where(Certificate.clearing == "recovered", Certificate.org_id == g.grant.org_id).order_by(Certificate.cleared_on, Certificate.id)
    rows = db.session.scalars(found.limit(LISTED)).unique().all()
    form = DestroyForm()
    wrong = ""
    if request.method == "GET":
        form.destroyed_on.data = today()
    chosen = {key for value in request.form.getlist("ids") if (key := whole(value)) is not None}
    if request.method == "POST" and form.validate():
        values = {name: field.data.strip() if isinstance(field.data, str) else field.data for name, field in form._fields.items() if name != "csrf_token"}
        values = {name: value if value is not None else "" for name, value in values.items()}
        try:
            batch = operations.destroy(g.grant.org_id, sorted(chosen), values, today())
            flash(_("销毁清单已生成，请打印并由见证人签字。"), "success")
            return redirect(url_for("certificate_clearing.batch", batch_id=batch.id), 303)
        except Refused as error:
            wrong = _place(form, error)
            rows = db.session.scalars(found.limit(LISTED)).unique().all()
    failed = request.method == "POST"
    return render_template("certificates/destroy.html", rows=rows, form=form, chosen=chosen, wrong=wrong, badge=clearing_badge), 422 if failed else 200


def _place(form: DestroyForm, error: DomainError) -> str:
    """A refusal goes to its field; what concerns the selection is returned."""
    if error.field and error.field in form:
        form[error.field].errors = [error.message]
        return ""
    return str(error.message)


@blueprint.get("/destroyed/<int:batch_id>")
@require(rights.READ)
def batch(batch_id: int) -> Any:
    """销毁清单, for printing."""
    found = db.session.scalars(select(Destruction).where(Destruction.id == batch_id)).unique().one_or_none() if batch_id < 2**31 else None
    if found is None:
        raise NotFound(_("没有找到这份清单。"))
    rows = db.session.scalars(select(Certificate).where(Certificate.destruction_id == batch_id).order_by(Certificate.number)).unique().all()
    return render_template("certificates/batch.html", batch=found, rows=rows, workflow=workflow.CERTIFICATE)
