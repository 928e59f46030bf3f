"""Planning a session or a series, and changing one that has not been held."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.training import forms, rights, rules, sessions, steps
from plugins.training.models import Plan, PlanItem, Room, Training
from plugins.training.views import blueprint
from portal.auth.permissions import require
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation
from portal.errors import Conflict, DomainError, Refused
from portal.records import once
from portal.work import unit_of_work


def _form(training: Training | None = None) -> forms.SessionForm:
    form = forms.SessionForm() if request.method == "POST" else forms.SessionForm(formdata=None)
    session, org_id = db.session(), g.grant.org_id
    rooms = session.execute(select(Room.id, Room.name, Room.seats).where(Room.org_id == org_id, Room.active).order_by(Room.name)).all()
    form.room_id.choices = [(0, "—"), *((row.id, f"{row.name}（{row.seats}）" if row.seats else row.name) for row in rooms)]
    items = session.execute(
        select(PlanItem.id, PlanItem.theme, PlanItem.month, Plan.year).join(Plan, Plan.id == PlanItem.plan_id).where(Plan.org_id == org_id, Plan.year >= today().year - 1)
        .order_by(Plan.year.desc(), PlanItem.month, PlanItem.id)
    ).all()  # fmt: skip
    form.plan_item_id.choices = [(0, "—"), *((row.id, f"{row.year}-{row.month:02d} {row.theme}") for row in items)]
    form.organiser_org_id.choices = [(0, "—"), *departments()]
    if training is not None and request.method == "GET":
        start, end = sessions.local(training.starts_at), sessions.local(training.ends_at)
        for name in sessions.FIELDS:
            if name in form:
                form[name].data = getattr(training, name)
        for name in ("room_id", "plan_item_id", "organiser_org_id"):
            form[name].data = getattr(training, name) or 0
        form.day.data, form.starts.data, form.ends.data, form.hours.data = start.date(), start.time(), end.time(), rules.hours(training.halves)
    return form


def departments() -> list[tuple[int, str]]:
    """Departments and the district, which hold trainings for towns."""
    found = select(Organisation.id, Organisation.name).where(Organisation.kind.in_(("department", "district")), Organisation.active)
    return [(row.id, row.name) for row in db.session.execute(found.order_by(Organisation.weight, Organisation.id))]


def _values(form: forms.SessionForm) -> dict[str, Any]:
    """What was typed, as the operations take it; an end before the begin is after midnight."""
    assert form.day.data and form.starts.data is not None and form.ends.data is not None
    start, end = dt.datetime.combine(form.day.data, form.starts.data), dt.datetime.combine(form.day.data, form.ends.data)
    if end < start:
        end += dt.timedelta(days=1)
    values = {name: form[name].data for name in sessions.FIELDS if name in form}
    for name in ("room_id", "plan_item_id", "organiser_org_id"):
        values[name] = form[name].data or None
    for name in ("title", "course", "lecturer", "place", "audience", "content", "organiser_name"):
        values[name] = (values[name] or "").strip()
    return values | {
        "starts_at": start, "ends_at": end, "halves": steps.check_halves(form.hours.data), "allow_clash": form.allow_clash.data, "pause": form.pause.data or 0,
    }  # fmt: skip


def place(form: Any, error: DomainError) -> None:
    """Put a refusal at the field that it concerns."""
    if error.field and error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.message]
    else:
        form.form_errors.append(error.message)


@blueprint.route("/new", methods=["GET", "POST"])
@require(rights.ORGANISE)
def new() -> Any:
    """Plan a session or a series."""
    form = _form()
    if request.method == "GET":
        copied = _copied()
        form = _form(copied) if copied is not None else form
        if copied is None:
            form.day.data, form.starts.data, form.ends.data, form.hours.data = today() + dt.timedelta(days=7), dt.time(9), dt.time(12), "4"
            form.organiser.data = "own"
        chosen = request.args.get("plan_item", type=int)
        _from_plan(form, chosen)
    elif form.validate():
        try:
            values = _values(form)
            with unit_of_work("training.session_created") as session:
                earlier = once.claim(session, once.sent_key())
                if earlier is not None:
                    return redirect(earlier, 303)
                org = session.get(Organisation, g.grant.org_id)
                assert org is not None
                made = sessions.create(session, org, values, today(), every_days=form.every_days.data or 7, count=form.count.data or 1)
                target = url_for("training.detail", training_id=made[0].id) if len(made) == 1 else url_for("training.index")
                once.made(session, once.sent_key(), target)
                count = len(made)
            flash(_("已建 %(n)s 期培训。", n=count), "success")
            return redirect(target, 303)
        except Refused as error:
            place(form, error)
    return render_template("training/form.html", form=form, training=None), 422 if form.errors or form.form_errors else 200


def _copied() -> Training | None:
    """The session that a new one is to be like."""
    key = request.args.get("like", type=int)
    found = db.session.scalars(select(Training).where(Training.id == key, Training.org_id == g.grant.org_id)).unique().one_or_none() if key and key < 2**31 else None
    return found


def _from_plan(form: forms.SessionForm, key: int | None) -> None:
    item = db.session.scalars(select(PlanItem).where(PlanItem.id == key, PlanItem.org_id == g.grant.org_id)).one_or_none() if key and key < 2**31 else None
    if item is None:
        return
    form.title.data, form.category.data, form.hours.data = item.theme, item.category, rules.hours(item.halves)
    form.audience.data, form.lecturer.data, form.plan_item_id.data = item.audience, item.lecturer, item.id


@blueprint.route("/<int:training_id>/edit", methods=["GET", "POST"])
@require(rights.ORGANISE)
def edit(training_id: int) -> Any:
    """Change a session that has not been held."""
    training = sessions.get(db.session(), training_id)
    sessions.check_host(training)
    form = _form(training)
    if request.method == "POST" and form.validate():
        try:
            values = _values(form)
            with unit_of_work("training.session_edited") as session:
                found = sessions.get(session, training_id, lock=True)
                if (version := request.form.get("version", type=int)) is not None and version != found.version:
                    raise Conflict(_("这条记录刚刚被别人修改。请核对后再次保存：您填写的内容仍在。"))
                sessions.edit(session, found, values, today())
            flash(_("已保存。"), "success")
            return redirect(url_for("training.detail", training_id=training_id), 303)
        except DomainError as error:
            place(form, error)
    training = sessions.get(db.session(), training_id)
    return render_template("training/form.html", form=form, training=training), 422 if form.errors or form.form_errors else 200
