"""The figures that a town may set for itself, with what a change would move before it is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from portal import settings
from portal.auth.permissions import can, check, logged_in
from portal.clock import today
from portal.contract import NavItem, Setting
from portal.errors import NotFound, Refused
from portal.forms import Form as FlaskForm
from portal.work import unit_of_work

blueprint = Blueprint("town_settings", __name__, url_prefix="/settings", template_folder="templates")


def navigation() -> list[NavItem]:
    """Shown to whoever may set something for the acting town."""
    return [NavItem(_("本单位设置"), "town_settings.index", "", "adjustments", 950, _("管理"))] if g.get("grant") and mine() else []


def mine() -> list[Setting]:
    """The figures that the acting role may set for its town."""
    found = current_app.extensions["portal"].plugins.collect_for(g.grant.org_id, "portal_settings")
    return [setting for setting in found if setting.permission and can(setting.permission, g.grant.org_id)]


def shown(setting: Setting, value: Any) -> str:
    """A value as people read and type it."""
    if setting.kind == "list_of_text":
        return "\n".join(value)
    if setting.kind == "bool":
        return _("是") if value else _("否")
    if setting.kind == "choice":
        return str(dict(setting.choices).get(value, value))
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def editable(setting: Setting, value: Any) -> str:
    """A value as the field of its kind takes it."""
    if setting.kind == "bool":
        return "1" if value else "0"
    return str(value) if setting.kind == "choice" else shown(setting, value)


@dataclass(frozen=True)
class FigureRow:
    """A figure with its value today and everything that was set: owner, day, value."""

    setting: Setting
    value: str
    history: list[tuple[str, dt.date, str]]


def by_module(wanted: list[Setting], org_id: int | None, owners: Sequence[tuple[int | None, str]]) -> list[tuple[str, list[FigureRow]]]:
    """Figures with what holds for an organisation today and what ``owners`` set, by the module that they belong to."""
    titles = {manifest.name: manifest.title for manifest in current_app.extensions["portal"].plugins.manifests()}
    groups: dict[str, list[FigureRow]] = {}
    for setting in wanted:
        past = [(name, start, shown(setting, value)) for key, name in owners for start, value in settings.history(setting.key, key)]
        row = FigureRow(setting, shown(setting, settings.get_setting(setting.key, org_id, today())), past)
        groups.setdefault(str(titles.get(setting.key.partition(".")[0], _("门户"))), []).append(row)
    return list(groups.items())


class TownFigureForm(FlaskForm):
    value = StringField(_l("数值"), [InputRequired(_l("请填写此项。")), Length(max=200)])
    valid_from = DateField(_l("自哪一天起"), [InputRequired(_l("请填写日期。"))])
    open_items = SelectField(_l("在办事项"), choices=[("", _l("请选择")), ("new", _l("只用于新登记的事项")), ("move", _l("在办事项一并调整"))], default="")
    reason = StringField(_l("调整理由（写入每一件的办理记录）"), [Length(max=200)])
    confirmed = HiddenField()


def form_for(setting: Setting) -> TownFigureForm:
    """The form of a figure, with a field that fits its kind."""
    checks = [InputRequired(_l("请填写此项。"))]
    if setting.kind == "list_of_text":
        field: Any = TextAreaField(setting.title, [*checks, Length(max=10000)], render_kw={"rows": 12})
    elif setting.kind == "choice":
        field = SelectField(setting.title, choices=list(setting.choices))
    elif setting.kind == "bool":
        field = SelectField(setting.title, choices=[("1", _l("是")), ("0", _l("否"))])
    else:
        field = StringField(setting.title, [*checks, Length(max=200)])
    form: TownFigureForm = type("FigureForm", (TownFigureForm,), {"value": field})()
    return form


@blueprint.get("")
@logged_in
def index() -> Any:
    """The figures of the acting town with their value today and their history."""
    if g.grant is None or not mine():
        abort(404)
    groups = by_module(mine(), g.grant.org_id, [(g.grant.org_id, "")])
    return render_template("admin/town_settings.html", groups=groups)


@blueprint.route("/<key>", methods=["GET", "POST"])
@logged_in
def figure(key: str) -> Any:
    """Set a figure of the acting town. Where open records would move, that is said and asked first."""
    setting = next((item for item in (mine() if g.grant else ()) if item.key == key), None)
    if setting is None:
        raise NotFound(_("没有这个参数。"))
    check(setting.permission, g.grant.org_id)
    form, impact = form_for(setting), None
    if request.method == "GET":
        form.valid_from.data = today()
        present = settings.get_setting(key, g.grant.org_id, today())
        form.value.data = editable(setting, present)
    if form.validate_on_submit():
        try:
            value = settings.check_value(setting, form.value.data)
            impact = _impact(setting, value)
            if not impact or _answered(form):
                _set(setting, value, form, bool(impact) and form.open_items.data == "move")
                flash(_("已保存。"), "success")
                return redirect(url_for("town_settings.index"), 303)
        except Refused as error:
            form.value.errors = [error.message]
    if setting.moves_words:
        form.open_items.choices = [("", _("请选择")), ("new", setting.moves_words[1]), ("move", setting.moves_words[2])]
    preview = _preview(setting, form.value.data) if setting.preview else None
    return render_template("admin/town_setting.html", setting=setting, form=form, impact=impact, preview=preview), 422 if form.errors or impact else 200


def _answered(form: TownFigureForm) -> bool:
    """Whether it was said what happens to what is open; moving it takes a reason, and cannot begin in the future."""
    if not form.open_items.data:
        form.open_items.errors = [_("请选择在办事项如何处理。")]
    elif form.open_items.data == "move" and form.valid_from.data is not None and form.valid_from.data > today():
        form.valid_from.errors = [_("要一并调整在办事项的，起始日期不能晚于今天。")]
    elif form.open_items.data == "move" and not (form.reason.data or "").strip():
        form.reason.errors = [_("请填写调整理由。")]
    else:
        return True
    return False


@blueprint.post("/<key>/preview")
@logged_in
def preview(key: str) -> Any:
    """What a value would give, while it is typed."""
    setting = next((item for item in (mine() if g.grant else ()) if item.key == key and item.preview), None)
    if setting is None:
        raise NotFound(_("没有这个参数。"))
    return render_template("admin/_preview.html", setting=setting, preview=_preview(setting, request.form.get("value", "")))


def _preview(setting: Setting, value: Any) -> Any:
    """What a value would give; the refusal where it is not allowed."""
    assert setting.preview is not None
    try:
        return setting.preview(settings.check_value(setting, value), g.grant.org_id)
    except Refused as error:
        return error.message


def _impact(setting: Setting, value: Any) -> int:
    """How many open records another value would move."""
    if not setting.moves_open:
        return 0
    hooks = current_app.extensions["portal"].plugins.hooks
    return int(hooks.portal_setting_impact(key=setting.key, org_id=g.grant.org_id, value=value) or 0)


def _set(setting: Setting, value: Any, form: TownFigureForm, move: bool) -> None:
    with unit_of_work("settings.changed", reason=(form.reason.data or "").strip()) as session:
        settings.set_setting(session, setting.key, g.grant.org_id, value, form.valid_from.data or today())
        current_app.extensions["portal"].plugins.hooks.portal_setting_changed(key=setting.key, org_id=g.grant.org_id, move_open=move)
