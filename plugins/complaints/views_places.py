"""村居街路 of a town: the page where they are kept."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from plugins.complaints import forms, intake, places, rights
from portal.auth.permissions import require
from portal.database import db
from portal.errors import Refused
from portal.forms import Form as FlaskForm
from portal.work import unit_of_work

blueprint = Blueprint("complaints_settings", __name__, url_prefix="/complaints/places", template_folder="templates")


class PlaceForm(FlaskForm):
    name = forms.line(_l("名称"), places.LONGEST, required=True)


def _show(form: PlaceForm, editing: int = 0, status: int = 200) -> Any:
    return render_template("complaints/places.html", form=form, places=places.all_of(db.session(), g.grant.org_id), editing=editing), status


@blueprint.route("", methods=["GET", "POST"], endpoint="places")
@require(rights.SETTINGS)
def index() -> Any:
    """The places, and adding one."""
    town, form = intake.acting_town(), PlaceForm()
    if form.validate_on_submit():
        try:
            with unit_of_work("complaints.place_added") as session:
                places.add(session, town, form.name.data)
            flash(_("已添加。"), "success")
            return redirect(url_for("complaints_settings.places"), 303)
        except Refused as error:
            form.name.errors = [error.message]
    return _show(form, status=422 if form.errors else 200)


@blueprint.post("/<int:place_id>")
@require(rights.SETTINGS)
def change(place_id: int) -> Any:
    """Rename a place, or take it away."""
    town, form = intake.acting_town(), PlaceForm()
    if "remove" in request.form:
        with unit_of_work("complaints.place_removed") as session:
            places.remove(session, town, place_id)
        flash(_("已删除；登记过的事项不受影响。"), "success")
        return redirect(url_for("complaints_settings.places"), 303)
    if form.validate():
        try:
            with unit_of_work("complaints.place_renamed") as session:
                places.rename(session, town, place_id, form.name.data)
            flash(_("已改名。"), "success")
            return redirect(url_for("complaints_settings.places"), 303)
        except Refused as error:
            form.name.errors = [error.message]
    places.find(db.session(), town, place_id)
    return _show(form, place_id, 422)
