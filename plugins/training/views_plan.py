"""年度培训计划, rooms, and the trainings that departments owe."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from plugins.training import forms, layouts, papers, rights, rules, steps, words, workflow
from plugins.training.models import Duty, Plan, PlanItem, Room, Training
from plugins.training.views_edit import place
from portal import audit
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation
from portal.documents.papers import send_paper
from portal.errors import NotFound, Refused
from portal.work import unit_of_work

blueprint = Blueprint("training_plan", __name__, url_prefix="/training", template_folder="templates")


@blueprint.get("/plans")
@require(rights.READ)
def index() -> Any:
    """The plans in sight, the newest year first."""
    count = select(func.count()).select_from(PlanItem).where(PlanItem.plan_id == Plan.id).correlate(Plan).scalar_subquery()
    total = select(func.coalesce(func.sum(PlanItem.halves), 0)).where(PlanItem.plan_id == Plan.id).correlate(Plan).scalar_subquery()
    columns = (Plan.id, Plan.year, Plan.title, Plan.state, Plan.approved_on, Organisation.name.label("org"), count.label("items"), total.label("halves"))
    rows = db.session.execute(
        select(*columns).join(Organisation, Organisation.id == Plan.org_id).order_by(Plan.year.desc(), Organisation.weight, Plan.id).limit(300)
    ).all()
    own = {row.year for row in rows if row.org == g.grant.organisation.name}
    years = [year for year in (today().year + 1, today().year) if year not in own] if can(rights.ORGANISE) else []
    return render_template("training/plans.html", rows=rows, workflow=workflow.PLAN, hours=rules.hours, years=years)


@blueprint.post("/plans")
@require(rights.ORGANISE)
def begin() -> Any:
    """Begin the plan of a year."""
    year = request.form.get("year", type=int) or 0
    if not today().year - 1 <= year <= today().year + 1:
        raise Refused(_("请选择年度。"))
    with unit_of_work("training.plan_edited") as session:
        found = session.scalars(select(Plan).where(Plan.org_id == g.grant.org_id, Plan.year == year)).unique().one_or_none()
        if found is None:
            found = Plan(org_id=g.grant.org_id, year=year, title=_("%(org)s %(year)s 年度培训计划", org=g.grant.organisation.name, year=year), state="draft")
            session.add(found)
            session.flush()
        key = found.id
    return redirect(url_for("training_plan.by_id", plan_id=key), 303)


@blueprint.get("/plans/<int:plan_id>")
@require(rights.READ)
def by_id(plan_id: int) -> Any:
    """One plan with what became of each of its items."""
    return _page(plan_id, forms.PlanItemForm(formdata=None))


def _items(plan_id: int) -> Any:
    return db.session.scalars(select(PlanItem).where(PlanItem.plan_id == plan_id).order_by(PlanItem.month, PlanItem.id)).all()


def _page(plan_id: int, form: forms.PlanItemForm, edited: PlanItem | None = None) -> Any:
    plan = workflow.PLAN.find(db.session(), plan_id)
    items = _items(plan_id)
    planned = select(Training.plan_item_id, func.count(), func.sum(Training.halves)).where(
        Training.plan_item_id.in_([item.id for item in items]), Training.state.not_in(("planned", "cancelled"))
    )  # fmt: skip
    held = {row[0]: (row[1], int(row[2])) for row in db.session.execute(planned.group_by(Training.plan_item_id))} if items else {}
    return render_template(
        "training/plan.html", plan=plan, items=items, held=held, form=form, edited=edited, workflow=workflow.PLAN, words=words, hours=rules.hours, money=papers.money,
        may_edit=plan.org_id == g.grant.org_id and can(rights.ORGANISE) and plan.state == "draft", mine=plan.org_id == g.grant.org_id and can(rights.ORGANISE),
        history=audit.history("training.plan", plan_id, 20),
    ), 422 if form.errors or form.form_errors else 200  # fmt: skip


def _cost(text: str | None) -> int:
    try:
        fen = Decimal((text or "0").strip().replace(",", "") or "0") * 100
    except InvalidOperation:
        raise Refused(_("经费请填写数字。"), field="cost") from None
    if not fen.is_finite() or fen < 0 or fen > 2_000_000_000 or fen != int(fen):
        raise Refused(_("经费请填写 0 至 20,000,000 之间的数，最多两位小数。"), field="cost")
    return int(fen)


@blueprint.route("/plans/<int:plan_id>/items", methods=["POST"])
@blueprint.route("/plans/<int:plan_id>/items/<int:item_id>", methods=["GET", "POST"])
@require(rights.ORGANISE)
def item(plan_id: int, item_id: int | None = None) -> Any:
    """Add an item, or change one."""
    plan = workflow.PLAN.find(db.session(), plan_id)
    check(rights.ORGANISE, plan.org_id)
    edited = _item(plan, item_id) if item_id is not None else None
    form = forms.PlanItemForm() if request.method == "POST" else forms.PlanItemForm(formdata=None, obj=edited)
    if request.method == "GET" and edited is not None:
        form.hours.data, form.cost.data = rules.hours(edited.halves), papers.money(edited.cost_fen).replace(",", "")
    if request.method == "POST" and form.validate():
        try:
            values = {name: form[name].data for name in ("theme", "category", "month", "audience", "lecturer")}
            values |= {"halves": steps.check_halves(form.hours.data), "cost_fen": _cost(form.cost.data)}
            with unit_of_work("training.plan_edited") as session:
                plan = workflow.PLAN.find(session, plan_id, lock=True)
                if plan.org_id != g.grant.org_id or plan.state != "draft":
                    raise Refused(_("计划已提交或已审核，不能修改；请先调整计划。"))
                found = _item(plan, item_id) if item_id is not None else PlanItem(plan_id=plan.id, org_id=plan.org_id)
                for name, value in values.items():
                    setattr(found, name, value.strip() if isinstance(value, str) else value)
                session.add(found)
            flash(_("已保存。"), "success")
            return redirect(url_for("training_plan.by_id", plan_id=plan_id), 303)
        except Refused as error:
            place(form, error)
    return _page(plan_id, form, _item(workflow.PLAN.find(db.session(), plan_id), item_id) if item_id is not None else None)


def _item(plan: Plan, item_id: int | None) -> PlanItem:
    found = db.session.scalars(select(PlanItem).where(PlanItem.id == item_id, PlanItem.plan_id == plan.id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这个计划项目。"))
    return found


@blueprint.post("/plans/<int:plan_id>/items/<int:item_id>/delete")
@require(rights.ORGANISE)
def delete_item(plan_id: int, item_id: int) -> Any:
    """Take an item out of a plan that is being made."""
    with unit_of_work("training.plan_edited") as session:
        plan = workflow.PLAN.find(session, plan_id, lock=True)
        if plan.org_id != g.grant.org_id or plan.state != "draft":
            raise Refused(_("计划已提交或已审核，不能修改；请先调整计划。"))
        found = _item(plan, item_id)
        for training in session.scalars(select(Training).where(Training.plan_item_id == item_id)).unique():
            training.plan_item_id = None
        session.flush()
        session.delete(found)
    flash(_("已删除。"), "success")
    return redirect(url_for("training_plan.by_id", plan_id=plan_id), 303)


@blueprint.get("/plans/<int:plan_id>/plan.<kind>")
@require(rights.READ)
def plan_file(plan_id: int, kind: str) -> Any:
    """年度培训计划 as a file."""
    plan = workflow.PLAN.find(db.session(), plan_id)
    return send_paper(layouts.PLAN, papers.plan(plan, _items(plan_id), today()), kind, plan.title, org_id=plan.org_id, record=plan)


# -- rooms ---------------------------------------------------------------------------------------------------------------------------


@blueprint.route("/rooms", methods=["GET", "POST"])
@blueprint.route("/rooms/<int:room_id>", methods=["GET", "POST"])
@require(rights.ORGANISE)
def rooms(room_id: int | None = None) -> Any:
    """The rooms of the acting organisation."""
    found = db.session.scalars(select(Room).where(Room.id == room_id, Room.org_id == g.grant.org_id)).one_or_none() if room_id is not None else None
    if room_id is not None and found is None:
        raise NotFound(_("没有找到这个场地。"))
    form = forms.RoomForm() if request.method == "POST" else forms.RoomForm(formdata=None, obj=found)
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work("training.room_edited") as session:
                room = (
                    session.scalars(select(Room).where(Room.id == room_id, Room.org_id == g.grant.org_id)).one() if room_id is not None else Room(org_id=g.grant.org_id)
                )
                room.name, room.place, room.seats, room.active = (form.name.data or "").strip(), (form.place.data or "").strip(), form.seats.data, form.active.data
                session.add(room)
                session.flush()
            flash(_("已保存。"), "success")
            return redirect(url_for("training_plan.rooms"), 303)
        except IntegrityError:
            form.name.errors = [_("已有同名的场地。")]
    listed = db.session.scalars(select(Room).where(Room.org_id == g.grant.org_id).order_by(Room.active.desc(), Room.name)).all()
    return render_template("training/rooms.html", rooms=listed, form=form, edited=found), 422 if form.errors else 200


# -- duties -----------------------------------------------------------------------------------------------------------------------------


@blueprint.route("/duties", methods=["GET", "POST"])
@require(rights.DUTIES)
def duties() -> Any:
    """Which departments owe the towns a training a year."""
    form = forms.DutyForm() if request.method == "POST" else forms.DutyForm(formdata=None)
    rows = db.session.execute(
        select(Organisation.id, Organisation.name).where(Organisation.kind == "department", Organisation.active).order_by(Organisation.weight, Organisation.id)
    )
    form.department_id.choices = [(row.id, row.name) for row in rows]
    if request.method == "GET":
        form.first_year.data = today().year
    if request.method == "POST" and form.validate():
        if form.last_year.data and form.first_year.data and form.last_year.data < form.first_year.data:
            form.last_year.errors = [_("结束年度不能早于开始年度。")]
        else:
            with unit_of_work("training.duty_edited") as session:
                found = session.scalars(select(Duty).where(Duty.department_id == form.department_id.data, Duty.kind == form.kind.data)).unique().one_or_none()
                found = found or Duty(department_id=form.department_id.data, kind=form.kind.data, first_year=0)
                found.first_year, found.last_year, found.note = form.first_year.data or today().year, form.last_year.data, (form.note.data or "").strip()
                session.add(found)
            flash(_("已保存。"), "success")
            return redirect(url_for("training_plan.duties"), 303)
    listed = db.session.scalars(select(Duty).join(Organisation, Organisation.id == Duty.department_id).order_by(Organisation.weight, Duty.kind)).unique().all()
    return render_template("training/duties.html", duties=listed, form=form, words=words), 422 if form.errors else 200
