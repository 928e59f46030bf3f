"""公示: the contact page, what is published, approving it, and the bundle for the public website."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import SelectField

from plugins.complaints import figures, forms, places, publicity, rights, words
from plugins.complaints.models import Complaint, Publication
from plugins.complaints.views import find, town_names
from portal import audit
from portal.audit import PORTAL_CHAIN
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.database import db
from portal.errors import Refused
from portal.forms import Form as FlaskForm
from portal.records.lists import Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.work import unit_of_work

blueprint = Blueprint("complaints_publicity", __name__, url_prefix="/complaints", template_folder="templates")
contacts = Blueprint("complaints_contact", __name__, url_prefix="/complaints/contact", template_folder="templates")


class PublishForm(FlaskForm):
    category = SelectField(_l("领域"))
    place = SelectField(_l("地点（村居街路）"))
    sentence = forms.area(_l("办理情况（一句话）"), publicity.LONGEST, 3, required=True)


def acting_org() -> int | None:
    """The acting town; None for the district, which has all of them."""
    return g.grant.org_id if g.grant.organisation.is_town else None


@contacts.get("")
@require(rights.READ)
def index_of_contacts() -> Any:
    """监督电话、通信地址、受理时间 as they are published: a town's own, all of them for the district. What one town sets, no other town reads."""
    every = publicity.contacts(publicity.towns(db.session(), acting_org()), today())
    mine = g.grant.organisation.name if g.grant.organisation.is_town else ""
    return render_template("complaints/contact.html", contacts=every, mine=mine, may_set=can(rights.SETTINGS), keys=(figures.TELEPHONE, figures.ADDRESS, figures.HOURS))


def _select() -> Any:
    columns = (
        Publication.id, Publication.complaint_id, Publication.org_id, Publication.month, Publication.category, Publication.place, Publication.result,
        Publication.sentence, Publication.approved_on, Complaint.number,
    )  # fmt: skip
    return select(*columns).join(Complaint, Complaint.id == Publication.complaint_id)


def spec() -> ListSpec:
    """What is published of the acting role's towns."""
    named = [(str(key), name) for key, name in town_names().items()]
    several = not g.grant.organisation.is_town
    return ListSpec(
        name="complaints.publication",
        select=_select,
        key=Publication.id,
        columns=(
            Column("number", _l("编号（不公示）"), lambda row: row.number, link=lambda row: url_for("complaints.detail", complaint_id=row.complaint_id)),
            Column("town", _l("街镇"), lambda row: town_names().get(row.org_id, ""), shown=several),
            Column("month", _l("月份"), lambda row: row.month, css="num", order="month"),
            Column("category", _l("领域"), lambda row: row.category),
            Column("place", _l("地点"), lambda row: row.place),
            Column("result", _l("结论"), lambda row: words.RESULTS.get(row.result, row.result)),
            Column("sentence", _l("办理情况"), lambda row: row.sentence, css="wide"),
            Column("approved", _l("审定日期"), lambda row: row.approved_on, css="num"),
        ),
        orders={"month": Order(_l("月份"), [(Publication.month, False)]), "month-": Order(_l("月份"), [(Publication.month, True)])},
        default_order="month-",
        filters=[
            Choice("result", _l("结论"), list(words.RESULTS.items()), lambda value: Publication.result == value),
            *([Choice("town", _l("街镇"), named, lambda value: Publication.org_id == int(value))] if several else []),
        ],
        search=lambda query: Publication.sentence.contains(query, autoescape=True) | Publication.place.contains(query, autoescape=True),
        search_hint=_l("地点或办理情况"),
    )  # fmt: skip


@blueprint.get("/publicity")
@require(rights.PUBLISH)
def index() -> Any:
    """What is published, and the bundle."""
    return show_list(spec(), "complaints/publicity.html", may_approve=can(rights.APPROVE_PUBLICATION))


@blueprint.post("/publicity/bundle")
@require(rights.PUBLISH)
def bundle() -> Any:
    """The bundle for the public website."""
    stream, count = publicity.bundle(db.session(), acting_org(), g.grant.organisation.name, today())
    audit.note("complaints.published", record_type="complaints.publication", chain_id=g.grant.org_id or PORTAL_CHAIN, detail={"rows": count})
    return send_file(stream, "application/zip", as_attachment=True, download_name=f"complaints-public-{today():%Y%m%d}.zip")


@blueprint.route("/<int:complaint_id>/publish", methods=["GET", "POST"])
@require(rights.APPROVE_PUBLICATION)
def publish(complaint_id: int) -> Any:
    """Edit and approve what is published of a matter: never its content, no names, no numbers."""
    complaint = find(complaint_id)
    check(rights.APPROVE_PUBLICATION, complaint.org_id)
    why, row, form = publicity.refusal(complaint), publicity.of(db.session(), complaint_id), PublishForm()
    fields = dict.fromkeys([*figures.figure(figures.CATEGORIES, complaint.org_id, today()), *([complaint.category] if complaint.category else [])])
    form.category.choices = [("", "—"), *((item, item) for item in fields)]
    form.place.choices = [("", _("只写街镇")), *((name, name) for name in places.names(db.session(), complaint.org_id))]
    if not form.is_submitted():
        shown = {"category": row.category, "place": row.place, "sentence": row.sentence} if row else publicity.proposal(db.session(), complaint) if not why else {}
        for name, value in shown.items():
            form[name].data = value
    elif form.validate():
        try:
            with unit_of_work("complaints.publication_approved") as session:
                publicity.publish(session, find(complaint_id), {name: form[name].data or "" for name in ("category", "place", "sentence")}, today())
            flash(_("已列入公示，下一次生成的公示材料中会有这一件。"), "success")
            return redirect(url_for("complaints.detail", complaint_id=complaint_id), 303)
        except Refused as error:
            field = error.field if error.field in form else "sentence"
            form[field].errors = [error.message]
    status = 422 if form.errors else 200
    return render_template("complaints/publish.html", complaint=find(complaint_id), form=form, why=why, row=row), status


@blueprint.post("/<int:complaint_id>/unpublish")
@require(rights.APPROVE_PUBLICATION)
def unpublish(complaint_id: int) -> Any:
    """Take a matter off the list."""
    check(rights.APPROVE_PUBLICATION, find(complaint_id).org_id)
    with unit_of_work("complaints.publication_withdrawn") as session:
        publicity.withdraw(session, find(complaint_id))
    flash(_("已取消公示；请重新生成公示材料并更新网站。"), "success")
    return redirect(url_for("complaints_publicity.index"), 303)
