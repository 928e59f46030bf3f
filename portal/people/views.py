"""The town's people: list, page, entry, changes, and opening an identity number with a reason and a trace."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from wtforms import SelectField, StringField

from portal import audit
from portal.auth import throttle
from portal.auth.models import Account, RoleGrant
from portal.auth.permissions import can, check, require, require_fresh
from portal.clock import today
from portal.config import current_settings
from portal.contract import CONTENT, NUMBER, PLACE, NavItem, Searchable
from portal.database import db
from portal.directory.idnumber import IdNumberError
from portal.directory.models import EMPLOYMENT_TYPES, POST_STATUSES, TOWN_KINDS, Organisation, Person, PersonChange
from portal.directory.operations import KINDS, record_change
from portal.errors import Conflict, NotFound, Refused
from portal.people.forms import ChangeForm, PersonForm, RevealForm
from portal.records import once
from portal.records.lists import Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.search import matching
from portal.work import unit_of_work

blueprint = Blueprint("people", __name__, url_prefix="/people", template_folder="templates")
TONES = {"在岗": ("green", "circle-check"), "离岗": ("amber", "player-pause")}


def navigation() -> list[NavItem]:
    return [NavItem(_("人员"), "people.index", "people.read", "users", 300, _("人员"))]


def _status(row: Any) -> tuple[Any, str, str]:
    tone, icon = TONES.get(row.post_status, ("grey", "logout"))
    return row.post_status, tone, icon


def _select() -> Any:
    columns = (Person.id, Person.name, Person.gender, Person.id_number_hint, Person.position, Person.employment_type, Person.post_status, Person.category)
    return select(*columns, Organisation.name.label("town")).join(Organisation, Organisation.id == Person.org_id)


SEARCH = Searchable(
    fields={"name": NUMBER, "position": PLACE, "team": CONTENT},
    title=lambda person: person.name,
    summary=lambda person: " · ".join(filter(None, (person.organisation.name, person.team, person.position, person.employment_type))),
    state=_status,
)


def spec() -> ListSpec:
    """The list of people."""
    return ListSpec(
        name="directory.person",
        select=_select,
        key=Person.id,
        columns=(
            Column("name", _l("姓名"), lambda row: row.name, link=lambda row: url_for("people.detail", person_id=row.id), order="name"),
            Column("town", _l("所在单位"), lambda row: row.town, shown=not g.grant.organisation.is_town),
            Column("gender", _l("性别"), lambda row: row.gender, shown=False),
            Column("id_number", _l("身份号码"), lambda row: row.id_number_hint, css="num"),
            Column("position", _l("职务"), lambda row: row.position),
            Column("employment", _l("用工性质"), lambda row: row.employment_type),
            Column("status", _l("在岗状态"), lambda row: row.post_status, badge=_status),
            Column("category", _l("执法类别"), lambda row: row.category),
        ),
        orders={"name": Order(_l("姓名"), [(Person.name, False)]), "name-": Order(_l("姓名"), [(Person.name, True)]), "new": Order(_l("最近登记"), [(Person.id, True)])},
        default_order="name",
        filters=(
            Choice("status", _l("在岗状态"), [(status, status) for status in POST_STATUSES], lambda value: Person.post_status == value),
            Choice("employment", _l("用工性质"), [(kind, kind) for kind in EMPLOYMENT_TYPES], lambda value: Person.employment_type == value),
        ),
        search=lambda query: matching(Person, query),
        search_hint=_l("姓名、职务"),
        export_permission="people.read",
    )


@blueprint.get("")
@require("people.read")
def index() -> Any:
    """The people that the acting role may see."""
    return show_list(spec(), "people/index.html", may_edit=can("people.edit") and g.grant.organisation.is_town)


def _person(person_id: int, session: Session | None = None) -> Person:
    found = (session or db.session()).scalars(select(Person).where(Person.id == person_id)).unique().one_or_none() if person_id < 2**31 else None
    if found is None:
        raise NotFound(_("没有找到这个人员。"))
    return found


@blueprint.get("/<int:person_id>")
@require("people.read")
def detail(person_id: int) -> Any:
    """One person with what the modules know."""
    return _page(_person(person_id))


def _page(person: Person, shown: str = "", reveal: RevealForm | None = None) -> str:
    plugins = current_app.extensions["portal"].plugins
    panels = plugins.collect_for(g.grant.org_id, "portal_person_panels", person=person)
    changes = db.session.scalars(select(PersonChange).where(PersonChange.person_id == person.id).order_by(PersonChange.effective_on.desc(), PersonChange.id.desc())).all()
    return render_template(
        "people/detail.html", person=person, panels=sorted(panels, key=lambda panel: panel.weight), changes=changes, kinds=KINDS, shown=shown,
        reveal=reveal or RevealForm(), may_edit=can("people.edit", person.org_id), may_reveal=can("people.reveal", person.org_id),
        history=audit.history("directory.person", person.id, 20), status=_status(person),
    )  # fmt: skip


@blueprint.route("/new", methods=["GET", "POST"])
@require("people.edit")
def new() -> Any:
    """A new person of the acting town."""
    if not g.grant.organisation.is_town:
        abort(404)
    form = PersonForm()
    _superiors(form, g.grant.org_id)
    _accounts(form, g.grant.org_id)
    if form.validate_on_submit():
        try:
            with unit_of_work("people.created") as session:
                before = once.claim(session, key := once.sent_key())
                if before is not None:
                    return redirect(before, 303)
                person = Person(org_id=g.grant.org_id, employment_type=form.employment_type.data)
                _fill(person, form)
                session.add(person)
                session.flush()
                person_id = person.id
                _tell(person)
                once.made(session, key, url_for("people.detail", person_id=person_id))
            flash(_("已登记。"), "success")
            return redirect(url_for("people.detail", person_id=person_id), 303)
        except IdNumberError as error:
            form.id_number.errors = [error.message]
        except IntegrityError as error:
            _known_number(form, error)
    return render_template("people/form.html", form=form, person=None), 422 if form.errors else 200


@blueprint.route("/<int:person_id>/edit", methods=["GET", "POST"])
@require("people.edit")
def edit(person_id: int) -> Any:
    """Correct what is recorded of a person. An identity number that is left empty stays."""
    person = _person(person_id)
    check("people.edit", person.org_id)
    form = PersonForm(obj=person) if request.method == "GET" else PersonForm()
    _superiors(form, person.org_id, person.id)
    _accounts(form, person.org_id, person)
    if request.method == "GET":
        form.superior_id.data, form.account_id.data = person.superior_id or 0, person.account_id or 0
        form.id_number.data, form.version.data = "", str(person.version)
    if form.validate_on_submit():
        try:
            with unit_of_work("people.edited") as session:
                person = _person(person_id, session)
                if str(person.version) != form.version.data:
                    raise Conflict(_("这条记录刚刚被别人修改。请核对后再次保存：您填写的内容仍在。"))
                _fill(person, form)
                session.flush()
                _tell(person)
            flash(_("已保存。"), "success")
            return redirect(url_for("people.detail", person_id=person_id), 303)
        except IdNumberError as error:
            form.id_number.errors = [error.message]
        except IntegrityError as error:
            _known_number(form, error)
        except Conflict as error:
            form.form_errors.append(error.message)
            form.version.data = str(_person(person_id).version)
            return render_template("people/form.html", form=form, person=_person(person_id)), 409
    return render_template("people/form.html", form=form, person=_person(person_id)), 422 if form.errors else 200


def _tell(person: Person) -> None:
    """Plugins hear of it in the same transaction."""
    current_app.extensions["portal"].plugins.hooks.portal_person_changed(person_id=person.id, org_id=person.org_id)


def _superiors(form: PersonForm, org_id: int, but: int = 0) -> None:
    """Whoever is on post in the same town may be the direct superior."""
    found = select(Person.id, Person.name, Person.position).where(Person.org_id == org_id, Person.post_status == "在岗", Person.id != but)
    rows = db.session.execute(found.order_by(Person.name, Person.id))
    form.superior_id.choices = [(0, "—"), *((row.id, f"{row.name} {row.position}".strip()) for row in rows)]
    if request.method == "POST" and not request.form.get("superior_id"):
        form.superior_id.data = 0


def _accounts(form: PersonForm, org_id: int, person: Person | None = None) -> None:
    """Accounts that hold a role in the town and are nobody else's there."""
    mine = person.account_id if person is not None else None
    taken = select(Person.account_id).where(Person.org_id == org_id, Person.account_id.is_not(None), Person.account_id != (mine or 0))
    holders = select(RoleGrant.account_id).where(RoleGrant.org_id == org_id)
    found = select(Account.id, Account.name, Account.username).where((Account.id == (mine or 0)) | (Account.id.in_(holders) & Account.id.not_in(taken)))
    form.account_id.choices = [(0, "—"), *((row.id, f"{row.name} {row.username}") for row in db.session.execute(found.order_by(Account.name, Account.id)))]
    if request.method == "POST" and not request.form.get("account_id"):
        form.account_id.data = mine or 0


def _known_number(form: PersonForm, error: IntegrityError) -> None:
    if "id_number_index" not in str(error.orig):
        raise error
    form.id_number.errors = [_("本单位已登记过这个身份号码。")]


def _fill(person: Person, form: PersonForm) -> None:
    for name in ("gender", "position", "team", "employment_type", "category", "education", "has_legal_qualification", "legal_qualification_no", "probation_until"):
        value = form[name].data
        setattr(person, name, (value or "").strip() if isinstance(form[name], StringField | SelectField) else value)
    person.superior_id = form.superior_id.data or None
    person.account_id = form.account_id.data or None
    person.name = (form.name.data or "").strip()
    if (form.id_number.data or "").strip():
        person.set_id_number(form.id_number.data or "")


@blueprint.route("/<int:person_id>/change", methods=["GET", "POST"])
@require("people.edit")
def change(person_id: int) -> Any:
    """Record that somebody retires, leaves, moves or changes employment, with the day on which it takes effect."""
    person = _person(person_id)
    check("people.edit", person.org_id)
    form = ChangeForm()
    others = select(Organisation).where(Organisation.kind.in_(TOWN_KINDS), Organisation.active, Organisation.id != person.org_id).order_by(Organisation.weight)
    form.to_org_id.choices = [(0, "—"), *((org.id, org.name) for org in db.session.scalars(others))]
    if request.method == "GET":
        form.effective_on.data = today()
    if form.validate_on_submit() and _complete(form):
        details: dict[str, Any] = {"reason": form.reason.data or ""}
        if form.kind.data == "employment":
            details["new_value"] = form.new_value.data
        if form.kind.data == "move":
            details["to_org_id"] = form.to_org_id.data
        with unit_of_work("people.changed", reason=form.reason.data or "") as session:
            record_change(session, _person(person_id, session), form.kind.data, form.effective_on.data or today(), today(), **details)
        flash(_("变动已登记。") if (form.effective_on.data or today()) <= today() else _("变动已登记，到生效日自动生效。"), "success")
        return redirect(url_for("people.detail", person_id=person_id), 303)
    return render_template("people/change.html", form=form, person=_person(person_id)), 422 if form.errors else 200


def _complete(form: ChangeForm) -> bool:
    if form.kind.data == "employment" and not form.new_value.data:
        form.new_value.errors = [_("请选择新的用工性质。")]
    if form.kind.data == "move" and not form.to_org_id.data:
        form.to_org_id.errors = [_("请选择调往的街镇。")]
    if form.effective_on.data and form.effective_on.data < dt.date(1990, 1, 1):
        form.effective_on.errors = [_("请核对日期。")]
    return not form.errors


@blueprint.post("/<int:person_id>/change/<int:change_id>/cancel")
@require("people.edit")
def cancel_change(person_id: int, change_id: int) -> Any:
    """Take back a change that has not taken effect."""
    with unit_of_work("people.change_cancelled") as session:
        person = _person(person_id, session)
        check("people.edit", person.org_id)
        found = session.get(PersonChange, change_id)
        if found is None or found.person_id != person.id:
            abort(404)
        if found.applied_at is not None:
            raise Refused(_("变动已经生效，不能取消；请登记新的变动。"))
        session.delete(found)
    flash(_("已取消。"), "success")
    return redirect(url_for("people.detail", person_id=person_id), 303)


@blueprint.post("/<int:person_id>/reveal")
@require("people.reveal")
def reveal(person_id: int) -> Any:
    """Show an identity number once: with the right, a reason, a fresh password, and an event."""
    person = _person(person_id)
    check("people.reveal", person.org_id)
    form = RevealForm()
    if not form.validate():
        return _page(person, reveal=form), 422
    require_fresh()
    throttle.pace(f"export {g.account.id}", current_settings().exports_per_minute)
    audit.note("people.revealed", record=person, reason=(form.reason.data or "").strip())
    return _page(_person(person_id), shown=_person(person_id).id_number() or _("未登记"))
