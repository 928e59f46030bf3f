"""Applications for certificates: list, new, one application, changing a draft."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.certificates import operations, rights, rules, workflow
from plugins.certificates.forms import KINDS, ApplicationForm
from plugins.certificates.models import Application, Certificate
from portal import audit
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation, Person
from portal.errors import Conflict, DomainError, NotFound
from portal.records.lists import Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.work import unit_of_work

blueprint = Blueprint("certificate_applications", __name__, url_prefix="/certificates/applications", template_folder="templates")
CHOSEN = 30
STEPS = ("draft", "unit_review", "district_review", "issued")


def _select() -> Any:
    columns = (Application.id, Application.number, Application.kind, Application.state, Application.created_on, Application.category)
    named = select(*columns, Person.name.label("person"), Organisation.name.label("town"))
    return named.join(Person, Person.id == Application.person_id).join(Organisation, Organisation.id == Application.org_id)


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.APPLICATION.state(row.state)
    return state.title, state.tone, state.icon


def spec() -> ListSpec:
    """The list of applications."""
    kinds = dict(KINDS)
    return ListSpec(
        name="certificates.application",
        select=_select,
        key=Application.id,
        columns=(
            Column("number", _l("申请编号"), lambda row: row.number, link=lambda row: url_for("certificate_applications.detail", application_id=row.id)),
            Column("person", _l("申请人"), lambda row: row.person),
            Column("town", _l("街镇"), lambda row: row.town, shown=not g.grant.organisation.is_town),
            Column("kind", _l("类型"), lambda row: kinds[row.kind]),
            Column("category", _l("执法类别"), lambda row: row.category),
            Column("created", _l("登记日期"), lambda row: row.created_on, css="num", order="created"),
            Column("state", _l("状态"), lambda row: workflow.APPLICATION.state(row.state).title, badge=_badge),
        ),
        orders={"created": Order(_l("登记日期"), [(Application.created_on, False)]), "created-": Order(_l("登记日期"), [(Application.created_on, True)])},
        default_order="created-",
        filters=(
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.APPLICATION.states], lambda value: Application.state == value),
            Choice("kind", _l("类型"), KINDS, lambda value: Application.kind == value),
        ),
        search=lambda query: Person.name.contains(query, autoescape=True) | Application.number.contains(query, autoescape=True),
        search_hint=_l("姓名或编号"),
        export_permission=rights.EXPORT,
    )


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The applications."""
    return show_list(spec(), "certificates/applications.html", may_apply=can(rights.APPLY))


def find_application(application_id: int) -> Application:
    if application_id >= 2**31:
        raise NotFound(_("没有找到这份申请。"))
    found: Application = workflow.APPLICATION.find(db.session(), application_id)
    return found


@blueprint.get("/<int:application_id>")
@require(rights.READ)
def detail(application_id: int) -> Any:
    """One application: what is asked, whether the person may hold a certificate, what happens next."""
    application = find_application(application_id)
    unfinished = application.state in STEPS[:3]
    general, professional = operations.examinations(application.person_id, application)
    return render_template(
        "certificates/application.html", application=application, workflow=workflow.APPLICATION, kinds=dict(KINDS), steps=STEPS,
        reasons=operations.refusals(application, today()) if unfinished else [], unfinished=unfinished, general=general, professional=professional,
        history=audit.history("certificates.application", application_id), may_edit=application.state == "draft" and can(rights.APPLY, application.org_id),
    )  # fmt: skip


@blueprint.get("/new")
@require(rights.APPLY)
def choose() -> Any:
    """For whom? The people of the town, by name."""
    query = " ".join(request.args.get("q", "").replace("\0", "").split())[:60]
    found = select(Person).where(Person.post_status == "在岗").order_by(Person.name, Person.id).limit(CHOSEN + 1)
    if query:
        found = found.where(Person.name.contains(query, autoescape=True))
    rows = db.session.scalars(found).unique().all()
    return render_template("certificates/choose.html", rows=rows[:CHOSEN], more=len(rows) > CHOSEN, query=query)


@blueprint.route("/new/<int:person_id>", methods=["GET", "POST"])
@require(rights.APPLY)
def new(person_id: int) -> Any:
    """A new application for a person."""
    person = db.session.scalars(select(Person).where(Person.id == person_id)).unique().one_or_none() if person_id < 2**31 else None
    if person is None:
        raise NotFound(_("没有找到这个人员。"))
    check(rights.APPLY, person.org_id)
    form = _form(person)
    if request.method == "GET":
        _prefill(form, person)
    if form.validate_on_submit():
        try:
            with unit_of_work("certificates.application_opened") as session:
                found = session.scalars(select(Person).where(Person.id == person_id)).unique().one()
                made = operations.open_application(session, found, _values(form), today())
                application_id = made.id
            flash(_("申请已登记为草稿，请核对后提交。"), "success")
            return redirect(url_for("certificate_applications.detail", application_id=application_id), 303)
        except DomainError as error:
            field = error.field if error.field in form else "kind"
            form[field].errors = [error.message]
    return render_template("certificates/application_form.html", form=form, person=person, application=None), 422 if form.errors else 200


def _form(person: Person) -> ApplicationForm:
    form = ApplicationForm()
    found = db.session.scalars(select(Certificate).where(Certificate.person_id == person.id).order_by(Certificate.valid_until.desc())).unique()
    form.predecessor_id.choices = [(0, "—"), *((row.id, f"{row.number} · {row.valid_until} · {workflow.CERTIFICATE.state(row.state).title}") for row in found)]
    return form


def _prefill(form: ApplicationForm, person: Person) -> None:
    form.category.data = person.category
    replaceable = Certificate.state.in_((*rules.VALID_STATES, "expired", "lost"))
    latest = db.session.scalars(select(Certificate).where(Certificate.person_id == person.id, replaceable).order_by(Certificate.valid_until.desc())).unique().first()
    if latest is not None:
        form.kind.data = "replace" if latest.state == "lost" else "renew"
        form.predecessor_id.data, form.area.data = latest.id, latest.area
        form.category.data = latest.category or person.category


def _values(form: ApplicationForm) -> dict[str, Any]:
    names = ("kind", "category", "area", "general_passed_on", "professional_passed_on", "note")
    values: dict[str, Any] = {name: form[name].data for name in names}
    values["predecessor_id"] = form.predecessor_id.data or None if values["kind"] != "new" else None
    return {name: (value or "").strip() if name in ("category", "area", "note") else value for name, value in values.items()}


@blueprint.route("/<int:application_id>/edit", methods=["GET", "POST"])
@require(rights.APPLY)
def edit(application_id: int) -> Any:
    """Change a draft."""
    application = find_application(application_id)
    check(rights.APPLY, application.org_id)
    if application.state != "draft":
        raise Conflict(_("只有草稿可以修改。"))
    form = _form(application.person)
    if request.method == "GET":
        for name in ("kind", "category", "area", "general_passed_on", "professional_passed_on", "note"):
            form[name].data = getattr(application, name)
        form.predecessor_id.data = application.predecessor_id or 0
        form.version.data = str(application.version)
    if form.validate_on_submit():
        try:
            with unit_of_work("certificates.application_edited") as session:
                found = find_application(application_id)
                if found.state != "draft":
                    raise Conflict(_("只有草稿可以修改。"))
                if form.version.data and str(found.version) != form.version.data:
                    raise Conflict(_("这条记录刚刚被别人修改。请核对后再次保存：您填写的内容仍在。"))
                for name, value in _values(form).items():
                    setattr(found, name, value)
                operations.check_predecessor(session, found)
            flash(_("已保存。"), "success")
            return redirect(url_for("certificate_applications.detail", application_id=application_id), 303)
        except DomainError as error:
            application = find_application(application_id)
            if isinstance(error, Conflict):
                form.form_errors.append(error.message)
                form.version.data = str(application.version)
            else:
                form[error.field if error.field in form else "kind"].errors = [error.message]
            return render_template("certificates/application_form.html", form=form, person=application.person, application=application), error.status
    return render_template("certificates/application_form.html", form=form, person=application.person, application=application), 422 if form.errors else 200
