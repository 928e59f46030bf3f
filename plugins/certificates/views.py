"""The register of certificates: list, one certificate, slip with QR code, public list."""

from __future__ import annotations

import base64
import datetime as dt
import io
from typing import Any

import segno
from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, select

from plugins.certificates import queries, rights, rules, workflow
from plugins.certificates.models import Application, Certificate
from portal import audit
from portal.audit import standing
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.database import db
from portal.directory.models import TOWN_KINDS, Organisation
from portal.errors import NotFound
from portal.records import attachments
from portal.records.exporting import write_csv, write_xlsx
from portal.records.lists import Choice, Column, Dates, ListSpec, Order
from portal.records.views import send_table, show_list
from portal.search import matching
from portal.work import unit_of_work

blueprint = Blueprint("certificates", __name__, url_prefix="/certificates", template_folder="templates")
WITHIN = (("7", _l("7 天内到期")), ("30", _l("30 天内到期")), ("60", _l("60 天内到期")), ("90", _l("90 天内到期")), ("past", _l("已过期未清理")))


def expiring(value: str) -> Any:
    """Certificates that are still kept as good and whose last day comes soon, or has passed unnoticed."""
    day, living = today(), Certificate.state.in_(rules.VALID_STATES)
    if value == "past":
        return and_(living, Certificate.valid_until < day)
    return and_(living, Certificate.valid_until.between(day, day + dt.timedelta(days=int(value))))


def find(query: str) -> Any:
    """By holder, number and authority."""
    return matching(Certificate, query)


def town_filter() -> list[Choice]:
    """Whoever sees several towns may choose one."""
    if g.grant.organisation.is_town:
        return []
    rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.kind.in_(TOWN_KINDS)).order_by(Organisation.weight, Organisation.id))
    return [Choice("town", _l("街镇"), [(str(row.id), row.name) for row in rows], lambda value: Certificate.org_id == int(value))]


def _select() -> Any:
    columns = (
        Certificate.id, Certificate.number, Certificate.holder_name, Certificate.category, Certificate.area, Certificate.authority, Certificate.issuer,
        Certificate.issued_on, Certificate.valid_until, Certificate.state, Certificate.state_reason, Certificate.clearing, Certificate.clearing_due,
    )  # fmt: skip
    return select(*columns, Organisation.name.label("town")).join(Organisation, Organisation.id == Certificate.org_id)


def state_badge(row: Any) -> tuple[Any, str, str]:
    """The state in a word, with what is about to change it."""
    state = workflow.CERTIFICATE.state(row.state)
    if row.state in rules.VALID_STATES:
        left = (row.valid_until - today()).days
        if left < 0:
            return _("已过期，待清理"), "red", "clock"
        if row.state == "active" and left <= 90:
            return _("有效，剩 %(n)s 天", n=left), "amber", "clock"
    return state.title, state.tone, state.icon


def clearing_badge(row: Any) -> tuple[Any, str, str] | None:
    """Where the paper is, with the deadline of its recovery."""
    if row.clearing == "none":
        return None
    state = workflow.clearing_state(row.clearing)
    if row.clearing == "due" and row.clearing_due is not None:
        if row.clearing_due < today():
            return _("逾期未收回"), "red", "alert-triangle"
        return _("待收回，限 %(day)s", day=row.clearing_due.isoformat()), "amber", "clock"
    return state.title, state.tone, state.icon


def columns() -> list[Column]:
    """The columns of the register."""
    several = not g.grant.organisation.is_town
    return [
        Column("number", _l("执法证号"), lambda row: row.number, link=lambda row: url_for("certificates.detail", certificate_id=row.id), css="num", order="number"),
        Column("holder", _l("持证人"), lambda row: row.holder_name, order="holder"),
        Column("town", _l("街镇"), lambda row: row.town, shown=several),
        Column("category", _l("执法类别"), lambda row: row.category),
        Column("authority", _l("执法机关"), lambda row: row.authority, shown=False),
        Column("area", _l("执法区域"), lambda row: row.area, shown=False),
        Column("issuer", _l("发证机关"), lambda row: row.issuer, shown=False),
        Column("issued", _l("发证日期"), lambda row: row.issued_on, css="num", shown=False),
        Column("until", _l("有效期至"), lambda row: row.valid_until, css="num", order="until"),
        Column("state", _l("状态"), lambda row: workflow.CERTIFICATE.state(row.state).title, badge=state_badge),
        Column("clearing", _l("收回情况"), lambda row: workflow.clearing_state(row.clearing).title, badge=clearing_badge),
    ]


ORDERS = {
    "until": Order(_l("有效期至"), [(Certificate.valid_until, False)]),
    "until-": Order(_l("有效期至"), [(Certificate.valid_until, True)]),
    "number": Order(_l("执法证号"), [(Certificate.number, False)]),
    "number-": Order(_l("执法证号"), [(Certificate.number, True)]),
    "holder": Order(_l("持证人"), [(Certificate.holder_name, False)]),
    "holder-": Order(_l("持证人"), [(Certificate.holder_name, True)]),
}


def register() -> ListSpec:
    """The register of the acting role."""
    states = [(state.code, state.title) for state in workflow.CERTIFICATE.states]
    clearing = [(state.code, state.title) for state in workflow.CLEARING_STATES]
    return ListSpec(
        name="certificates.certificate",
        select=_select,
        key=Certificate.id,
        columns=columns(),
        orders=ORDERS,
        default_order="until",
        filters=[
            Choice("state", _l("状态"), states, lambda value: Certificate.state == value),
            Choice("within", _l("到期"), WITHIN, expiring),
            Choice("clearing", _l("收回情况"), clearing, lambda value: Certificate.clearing == value),
            *town_filter(),
            Dates("until", _l("有效期"), Certificate.valid_until),
        ],
        search=find,
        search_hint=_l("持证人或证号"),
        export_permission=rights.EXPORT,
    )


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The register."""
    return show_list(register(), "certificates/index.html", may_import=can(rights.IMPORT) and g.grant.organisation.is_town)


@blueprint.get("/import")
@require(rights.IMPORT)
def import_roster() -> Any:
    """To the import of rosters."""
    return redirect(url_for("records.import_upload", name="certificates"))


def find_certificate(certificate_id: int) -> Certificate:
    """A certificate of the acting role's towns; NotFound alike for what is not there."""
    if certificate_id >= 2**31:
        raise NotFound(_("没有找到这张证件。"))
    found: Certificate = workflow.CERTIFICATE.find(db.session(), certificate_id)
    return found


@blueprint.get("/<int:certificate_id>")
@require(rights.READ)
def detail(certificate_id: int) -> Any:
    """One certificate with its history."""
    certificate = find_certificate(certificate_id)
    successor = db.session.scalars(select(Certificate).where(Certificate.predecessor_id == certificate_id)).unique().first()
    application = db.session.scalars(select(Application).where(Application.certificate_id == certificate_id)).unique().first()
    return render_template(
        "certificates/detail.html", certificate=certificate, workflow=workflow.CERTIFICATE, state=state_badge(certificate), clearing=clearing_badge(certificate),
        successor=successor, application=application, history=audit.history("certificates.certificate", certificate_id), may_apply=can(rights.APPLY, certificate.org_id),
        may_see_person=can("people.read"), photo=attachments.newest(db.session(), "certificates.certificate", certificate_id, "photo"),
    )  # fmt: skip


@blueprint.post("/<int:certificate_id>/photo")
@require(rights.APPLY)
def photo(certificate_id: int) -> Any:
    """Keep the holder's photograph."""
    certificate = find_certificate(certificate_id)
    check(rights.APPLY, certificate.org_id)
    upload = request.files.get("file")
    data = upload.stream.read() if upload is not None else b""
    prepared = attachments.prepare(data, (upload.filename if upload is not None else "") or "", ("jpg", "jpeg", "png"))
    with unit_of_work("certificates.photo_added") as session:
        attachments.attach(session, prepared, "certificates.certificate", certificate_id, certificate.org_id, "photo")
    flash(_("照片已保存。"), "success")
    return redirect(url_for("certificates.detail", certificate_id=certificate_id), 303)


@blueprint.get("/<int:certificate_id>/slip")
@require(rights.READ)
def slip(certificate_id: int) -> Any:
    """核验单: number, name, unit and validity with a QR code, for showing at an inspection."""
    certificate = find_certificate(certificate_id)
    state = workflow.CERTIFICATE.state(certificate.state).title
    good = certificate.state == "active" and not rules.is_expired(certificate.valid_until, today())
    text = "\n".join(
        (
            _("行政执法证件核验"), f"{_('证号')}：{certificate.number}", f"{_('姓名')}：{certificate.holder_name}", f"{_('执法机关')}：{certificate.authority}",
            f"{_('有效期至')}：{certificate.valid_until}", f"{_('状态')}：{state}（{today()}）",
        )
    )  # fmt: skip
    stream = io.BytesIO()
    segno.make(text, error="m", micro=False).save(stream, kind="svg", scale=4, border=2, dark="#000", light="#fff")
    picture = base64.b64encode(stream.getvalue()).decode()
    return render_template("certificates/slip.html", certificate=certificate, picture=picture, good=good, state=state, workflow=workflow.CERTIFICATE)


def _public_rows() -> Any:
    """公示: name, number, authority and category of certificates that are good today, and nothing else (seed §5.2)."""
    return (
        select(Certificate.holder_name, Certificate.number, Certificate.authority, Certificate.category)
        .where(Certificate.state == "active", Certificate.valid_until >= today())
        .order_by(Certificate.authority, Certificate.holder_name, Certificate.number)
    )


@blueprint.get("/public")
@require(rights.PUBLISH)
def public() -> Any:
    """The list for the public website, as a page, CSV, XLSX or a bare HTML file."""
    kind = request.args.get("format", "")
    if kind:
        standing.require_whole()
    titles = [_("姓名"), _("执法证号"), _("执法机关"), _("执法类别")]
    rows = db.session.execute(_public_rows(), execution_options={"yield_per": 1000})
    if kind in ("csv", "xlsx"):
        stream = write_csv(titles, rows) if kind == "csv" else write_xlsx(titles, rows, _("公示名单"))
    elif kind == "html":
        stream = io.BytesIO(render_template("certificates/public_file.html", rows=rows.all(), titles=titles, day=today()).encode())
    else:
        listed = rows.fetchmany(501)
        return render_template("certificates/public.html", rows=listed[:500], more=len(listed) > 500, titles=titles, figures=queries.figures(today()))
    audit.note("certificates.published", record_type="certificates.certificate", chain_id=g.grant.org_id, detail={"format": kind})
    if kind == "html":
        return send_file(stream, "text/html; charset=utf-8", as_attachment=True, download_name=f"public-{today():%Y%m%d}.html")
    return send_table(stream, f"public-{today():%Y%m%d}.{kind}")
