"""外出培训 with its proof, and 年度情况说明: entered by whoever it concerns or by the manager, decided by the office head."""

from __future__ import annotations

import io
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.training import forms, queries, rights, rules, sessions, steps, words, workflow, years
from plugins.training.figures import measure
from plugins.training.models_file import Exemption, External
from plugins.training.views_edit import departments, place
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.directory.models import Person
from portal.errors import NotFound, Refused
from portal.records import attachments, once
from portal.records.attachments import Attachment
from portal.records.lists import Choice, Column, Dates, ListSpec, Order
from portal.records.views import show_list
from portal.work import unit_of_work

blueprint = Blueprint("training_external", __name__, url_prefix="/training", template_folder="templates")
PROOFS = ("pdf", "jpg", "jpeg", "png", "docx")


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.EXTERNAL.state(row.state)
    return state.title, state.tone, state.icon


def spec() -> ListSpec:
    """External trainings of the towns in sight."""
    towns = queries.town_names(db.session())
    several = not g.grant.organisation.is_town
    columns: Any = (External.id, External.org_id, External.person_name, External.title, External.category, External.starts_on, External.ends_on, External.halves,
        External.organiser_name,
               External.state)  # fmt: skip
    return ListSpec(
        name="training.external",
        select=lambda: select(*columns),
        key=External.id,
        columns=(
            Column("name", _l("姓名"), lambda row: row.person_name, link=lambda row: url_for("training_external.detail", external_id=row.id)),
            Column("town", _l("街镇"), lambda row: towns.get(row.org_id, ""), shown=several),
            Column("title", _l("培训名称"), lambda row: row.title, css="wide"),
            Column("category", _l("类别"), lambda row: words.CATEGORIES[row.category]),
            Column("day", _l("日期"), lambda row: row.starts_on if row.starts_on == row.ends_on else f"{row.starts_on} — {row.ends_on}", css="num", order="day"),
            Column("hours", _l("学时"), lambda row: rules.hours(row.halves), css="num"),
            Column("organiser", _l("主办"), lambda row: row.organiser_name),
            Column("state", _l("状态"), lambda row: workflow.EXTERNAL.state(row.state).title, badge=_badge),
        ),
        orders={"day": Order(_l("日期"), [(External.starts_on, False)]), "day-": Order(_l("日期"), [(External.starts_on, True)])},
        default_order="day-",
        filters=[
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.EXTERNAL.states], lambda value: External.state == value),
            *([Choice("town", _l("街镇"), [(str(key), name) for key, name in towns.items()], lambda value: External.org_id == int(value))] if several else []),
            Dates("held", _l("日期"), External.starts_on),
        ],
        search=lambda text: External.person_name.contains(text, autoescape=True) | External.title.contains(text, autoescape=True),
        search_hint=_l("姓名或培训名称"),
        export_permission=rights.BOOKS,
    )  # fmt: skip


@blueprint.get("/external")
@require(rights.BOOKS)
def index() -> Any:
    """External trainings."""
    return show_list(spec(), "training/externals.html", may_record=can(rights.RECORD) and g.grant.organisation.is_town)


def _own() -> Person | None:
    return queries.person_of(g.account.id, g.grant.org_id)


def _choices() -> list[tuple[int, str]]:
    """Whose training may be entered: everybody's by the manager, else one's own."""
    if not g.grant.organisation.is_town:
        return []
    if not can(rights.RECORD):
        own = _own()
        return [(own.id, own.name)] if own is not None else []
    found = select(Person.id, Person.name, Person.team).where(Person.org_id == g.grant.org_id, Person.post_status.in_(sessions.ON_POST)).order_by(Person.name, Person.id)
    return [(row.id, f"{row.name} {row.team}".strip()) for row in db.session.execute(found)]


def _person(key: int | None, choices: list[tuple[int, str]]) -> Person:
    if key not in dict(choices):
        raise Refused(_("请选择人员。"), field="person_id")
    return db.session.scalars(select(Person).where(Person.id == key)).unique().one()


@blueprint.route("/external/new", methods=["GET", "POST"])
@require(rights.LEARN)
def new() -> Any:
    """Enter an external training with its proof."""
    choices = _choices()
    if not choices:
        raise Refused(_("您的账号没有关联人员，不能登记；请联系培训管理员。"))
    form = forms.ExternalForm() if request.method == "POST" else forms.ExternalForm(formdata=None)
    form.person_id.choices, form.organiser_org_id.choices = choices, [(0, "—"), *departments()]
    if request.method == "POST" and form.validate():
        try:
            prepared = attachments.prepare_all(request.files.getlist("files"), PROOFS)
            key = _create(form, choices, prepared)
            flash(_("已登记。") if prepared else _("已登记，请上传培训证明后提交确认。"), "success" if prepared else "warning")
            return redirect(key if isinstance(key, str) else url_for("training_external.detail", external_id=key), 303)
        except Refused as error:
            place(form, error)
    if any(item.filename for item in request.files.getlist("files")):
        form.form_errors.append(_("附件需要重新选择。"))
    return render_template("training/external_form.html", form=form), 422 if form.errors or form.form_errors else 200


def _create(form: forms.ExternalForm, choices: list[tuple[int, str]], prepared: list[tuple[bytes, str, str]]) -> int | str:
    assert form.starts_on.data and form.ends_on.data
    person = _person(form.person_id.data, choices)
    halves = steps.check_halves(form.hours.data)
    if form.ends_on.data > today():
        raise Refused(_("日期不能晚于今天。"), field="ends_on")
    if form.starts_on.data.year < today().year - 5:
        raise Refused(_("请核对日期。"), field="starts_on")
    try:
        rules.check_external(form.starts_on.data, form.ends_on.data, halves, measure(person.org_id, form.starts_on.data).most_a_day)
    except rules.RuleError as error:
        raise words.refused(error, {"day": "hours", "order": "ends_on"}.get(error.code)) from None
    if form.organiser.data in ("department", "entrusting") and not form.organiser_org_id.data:
        raise Refused(_("请选择主办的区级部门。"), field="organiser_org_id")
    if form.organiser.data in ("municipal", "other") and not (form.organiser_name.data or "").strip():
        raise Refused(_("请填写主办单位名称。"), field="organiser_name")
    department = dict(departments()).get(form.organiser_org_id.data or 0) if form.organiser.data in ("department", "entrusting") else None
    years.check_open(db.session(), person.org_id, form.starts_on.data.year)
    values = {name: form[name].data for name in ("category", "organiser", "starts_on", "ends_on")}
    values |= {name: (form[name].data or "").strip() for name in ("title", "place", "note")}
    with unit_of_work("training.external_created") as session:
        earlier = once.claim(session, once.sent_key())
        if earlier is not None:
            return earlier
        external = External(
            org_id=person.org_id, person_id=person.id, person_name=person.name, halves=halves, state="draft", entered_by=g.account.id,
            organiser_org_id=form.organiser_org_id.data if department else None, organiser_name=department or (form.organiser_name.data or "").strip(), **values,
        )  # fmt: skip
        session.add(external)
        session.flush()
        for item in prepared:
            attachments.attach(session, item, "training.external", external.id, person.org_id, "proof")
        once.made(session, once.sent_key(), url_for("training_external.detail", external_id=external.id))
        return external.id


def find(external_id: int) -> External:
    found: External = workflow.EXTERNAL.find(db.session(), external_id)
    return found


@blueprint.get("/external/<int:external_id>")
@require(rights.SEE)
def detail(external_id: int) -> Any:
    """One external training with its proof."""
    external = find(external_id)
    may_attach = external.state == "draft" and (can(rights.RECORD) or external.entered_by == g.account.id)
    return render_template(
        "training/external.html", external=external, workflow=workflow.EXTERNAL, words=words, hours=rules.hours, may_attach=may_attach, may_books=can(rights.BOOKS),
        files=attachments.all_of(db.session(), "training.external", external_id), history=audit.history("training.external", external_id, 20),
    )  # fmt: skip


@blueprint.post("/external/<int:external_id>/files")
@require(rights.LEARN)
def add_files(external_id: int) -> Any:
    """Add the proof."""
    external = find(external_id)
    if external.state != "draft" or not (can(rights.RECORD) or external.entered_by == g.account.id):
        raise Refused(_("现在不能添加证明。"))
    prepared = attachments.prepare_all(request.files.getlist("files"), PROOFS)
    if not prepared:
        raise Refused(_("请选择文件。"), field="files")
    with unit_of_work("training.external.attached") as session:
        for item in prepared:
            attachments.attach(session, item, "training.external", external_id, external.org_id, "proof")
    flash(_("已添加 %(n)s 个附件。", n=len(prepared)), "success")
    return redirect(url_for("training_external.detail", external_id=external_id), 303)


@blueprint.get("/external/<int:external_id>/files/<int:attachment_id>")
@require(rights.SEE)
def file(external_id: int, attachment_id: int) -> Any:
    """The proof, for whoever sees the training."""
    find(external_id)
    wanted = (Attachment.id == attachment_id, Attachment.record_type == "training.external", Attachment.record_id == external_id)
    found = db.session.scalars(select(Attachment).where(*wanted)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这个附件。"))
    return send_file(io.BytesIO(attachments.content(found)), found.media_type, as_attachment=True, download_name=found.filename)


# -- exemptions -----------------------------------------------------------------------------------------------------------------------


@blueprint.get("/exemptions")
@require(rights.BOOKS)
def exemptions() -> Any:
    """Years that are not asked of somebody, or not wholly."""
    towns = queries.town_names(db.session())
    rows = db.session.scalars(select(Exemption).where(Exemption.org_id.in_(list(towns))).order_by(Exemption.year.desc(), Exemption.id.desc()).limit(300)).unique().all()
    may_record = can(rights.RECORD) and g.grant.organisation.is_town
    return render_template("training/exemptions.html", rows=rows, workflow=workflow.EXEMPTION, words=words, towns=towns, may_record=may_record)


@blueprint.route("/exemptions/new", methods=["GET", "POST"])
@require(rights.RECORD)
def new_exemption() -> Any:
    """Enter why a year is not asked of somebody."""
    choices = _choices()
    form = forms.ExemptionForm() if request.method == "POST" else forms.ExemptionForm(formdata=None)
    form.person_id.choices = choices
    if request.method == "GET":
        form.year.data, form.on_day.data = today().year, today()
        form.person_id.data = request.args.get("person", type=int)
    if request.method == "POST" and form.validate():
        try:
            person = _person(form.person_id.data, choices)
            assert form.year.data and form.on_day.data
            if form.on_day.data.year != form.year.data:
                raise Refused(_("日期应在 %(year)s 年内。", year=form.year.data), field="on_day")
            years.check_open(db.session(), person.org_id, form.year.data)
            with unit_of_work("training.exemption_created") as session:
                row = Exemption(org_id=person.org_id, person_id=person.id, person_name=person.name, year=form.year.data, kind=form.kind.data, on_day=form.on_day.data,
                                reason=(form.reason.data or "").strip(), state="asked", entered_by=g.account.id)  # fmt: skip
                session.add(row)
                session.flush()
                key = row.id
                steps.tell(
                    session, _("年度情况说明待审核：%(name)s", name=person.name), f"training.exemption:{key}", f"/training/exemptions/{key}", person.org_id, "office_head"
                )
            flash(_("已登记，待负责人审核。"), "success")
            return redirect(url_for("training_external.exemption", exemption_id=key), 303)
        except Refused as error:
            place(form, error)
    return render_template("training/exemption_form.html", form=form), 422 if form.errors or form.form_errors else 200


@blueprint.get("/exemptions/<int:exemption_id>")
@require(rights.BOOKS)
def exemption(exemption_id: int) -> Any:
    """One such note."""
    found = workflow.EXEMPTION.find(db.session(), exemption_id)
    return render_template(
        "training/exemption.html", exemption=found, workflow=workflow.EXEMPTION, words=words, may_attach=can(rights.RECORD, found.org_id) and found.state == "asked",
        files=attachments.all_of(db.session(), "training.exemption", exemption_id), history=audit.history("training.exemption", exemption_id, 20),
    )  # fmt: skip
