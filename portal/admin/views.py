"""The system administrator's pages."""

from __future__ import annotations

import calendar as months
import datetime as dt
from typing import Any

from flask import Blueprint, abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import DateField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from portal import diagnosis, settings
from portal.admin import findings
from portal.admin.town_views import by_module, editable
from portal.auth.permissions import can, require
from portal.calendar.models import CalendarYear
from portal.calendar.service import current_calendar, load_year, read_days
from portal.clock import today
from portal.contract import NavItem, Todo
from portal.database import db
from portal.directory.models import TOWN_KINDS, Organisation
from portal.errors import Refused
from portal.forms import Form as FlaskForm
from portal.work import unit_of_work

blueprint = Blueprint("admin", __name__, url_prefix="/admin", template_folder="templates")
LARGEST_UPLOAD = 200_000
NOTICE_MONTH = 11


def navigation() -> list[NavItem]:
    section = _("系统")
    return [
        NavItem(_("模块开关"), "admin.plugins", "system.manage", "plug", 900, section),
        NavItem(_("参数设置"), "admin.figures", "system.manage", "adjustments", 905, section),
        NavItem(_("工作日历"), "admin.calendar", "system.manage", "calendar", 915, section),
        NavItem(_("机构"), "admin.organisations", "system.manage", "building-community", 916, section),
        NavItem(_("运行状况"), "admin.health", "system.manage", "shield", 930, section),
    ]


def todos(day: dt.date) -> list[Todo]:
    """From November on the calendar of the next year is asked for, until it is loaded."""
    if day.month < NOTICE_MONTH or not can("system.manage") or day.year + 1 in current_calendar().years:
        return []
    title = _("载入 %(year)s 年工作日历：国务院办公厅一般在十一月前后公布", year=day.year + 1)
    return [Todo("calendar.next_year", title, 1, url_for("admin.calendar", year=day.year + 1))]


def towns() -> list[Organisation]:
    found = select(Organisation).where(Organisation.kind.in_(TOWN_KINDS), Organisation.active).order_by(Organisation.weight, Organisation.id)
    return list(db.session.scalars(found))


@blueprint.get("/plugins")
@require("system.manage")
def plugins() -> Any:
    """Which module is on in which town."""
    manager = current_app.extensions["portal"].plugins
    return render_template("admin/plugins.html", manifests=manager.manifests(), failed=manager.failed, towns=towns(), on=manager.enabled)


def _wanted(name: str) -> bool:
    """On or off, as the form says, for a module that is there."""
    if name not in current_app.extensions["portal"].plugins.names():
        abort(404)
    if request.form.get("on") not in ("0", "1"):
        raise Refused(_("请说明是启用还是停用。"))
    return request.form["on"] == "1"


@blueprint.post("/plugins/<name>/<int:org_id>")
@require("system.manage")
def switch(name: str, org_id: int) -> Any:
    """Switch a module on or off for a town; its data stays."""
    manager, on = current_app.extensions["portal"].plugins, _wanted(name)
    organisation = db.session.get(Organisation, org_id) if org_id < 2**31 else None
    if organisation is None or not organisation.is_town:
        abort(404)
    town = organisation.name
    try:
        with unit_of_work("plugins.switched") as session:
            manager.switch(session, name, org_id, on)
    except Refused as error:
        manager.forget()
        flash(error.message, "danger")
    else:
        flash(_("%(town)s：模块已启用。", town=town) if on else _("%(town)s：模块已停用，数据保留。", town=town), "success")
    return redirect(url_for("admin.plugins"), 303)


@blueprint.post("/plugins/<name>")
@require("system.manage")
def switch_all(name: str) -> Any:
    """Switch a module on or off for all towns, all of them or none."""
    manager, on = current_app.extensions["portal"].plugins, _wanted(name)
    try:
        with unit_of_work("plugins.switched") as session:
            count = sum(manager.switch(session, name, town.id, on) for town in towns())
    except Refused as error:
        manager.forget()
        flash(error.message, "danger")
    else:
        flash(_("已在 %(n)s 个街镇启用。", n=count) if on else _("已在 %(n)s 个街镇停用，数据保留。", n=count), "success")
    return redirect(url_for("admin.plugins"), 303)


class FigureForm(FlaskForm):
    org_id = SelectField(_l("适用范围"), coerce=int)
    value = TextAreaField(_l("数值"), [InputRequired(_l("请填写此项。")), Length(max=10000)], render_kw={"rows": 1})
    valid_from = DateField(_l("自哪一天起"), [InputRequired(_l("请填写日期。"))])


@blueprint.get("/settings")
@require("system.manage")
def figures() -> Any:
    """Every figure with its value today, by module."""
    owners: list[tuple[int | None, str]] = [(None, _("全区")), *((town.id, town.name) for town in towns())]
    groups = by_module(list(settings.all_settings().values()), None, owners)
    return render_template("admin/settings.html", groups=groups)


@blueprint.route("/settings/<key>", methods=["GET", "POST"])
@require("system.manage")
def figure(key: str) -> Any:
    """Set a figure for the district or a town, from a day on."""
    setting = settings.all_settings().get(key)
    if setting is None:
        abort(404)
    form = FigureForm()
    form.org_id.choices = [(0, _("全区")), *((town.id, town.name) for town in towns())]
    if request.method == "GET":
        form.valid_from.data = today()
        present = settings.get_setting(key, None, today())
        form.value.data = editable(setting, present)
    form.value.render_kw = {"rows": 12 if setting.kind == "list_of_text" else 1}
    if form.validate_on_submit():
        try:
            with unit_of_work("settings.changed") as session:
                settings.set_setting(session, key, form.org_id.data or None, form.value.data, form.valid_from.data)  # type: ignore[arg-type]
            flash(_("已保存。"), "success")
            return redirect(url_for("admin.figures"), 303)
        except Refused as error:
            form.value.errors = [error.message]
    return render_template("admin/setting.html", setting=setting, form=form), 422 if form.errors else 200


class YearForm(FlaskForm):
    year = IntegerField(_l("年份"), [InputRequired(_l("请填写年份。")), NumberRange(2000, 2100, _l("请填写 2000 至 2100 之间的年份。"))])
    source = StringField(_l("依据（文号）"), [InputRequired(_l("请填写此项。")), Length(max=200)])
    off = TextAreaField(_l("放假日期"), [Length(max=20000)], render_kw={"rows": 6})
    working = TextAreaField(_l("调休上班日期"), [Length(max=20000)], render_kw={"rows": 4})


@blueprint.route("/calendar", methods=["GET", "POST"])
@require("system.manage")
def calendar() -> Any:
    """The working days of a year, and loading a new one by form or file."""
    year = min(max(request.args.get("year", today().year, type=int), 2000), 2100)
    form = YearForm()
    if request.method == "GET":
        form.year.data = max(current_calendar().years) + 1
    elif form.validate():
        try:
            _take_file(form)
            off, working = read_days(form.off.data or "", form.year.data or 0), read_days(form.working.data or "", form.year.data or 0)
            with unit_of_work("calendar.loaded") as session:
                load_year(session, form.year.data or 0, off, working, form.source.data or "")
            flash(_("%(year)s 年日历已载入，在办期限已重新计算。", year=form.year.data), "success")
            return redirect(url_for("admin.calendar", year=form.year.data), 303)
        except Refused as error:
            form.off.errors = [error.message]
    known = current_calendar()
    loaded = {row.year: row for row in db.session.scalars(select(CalendarYear))}
    years = sorted(known.years | {year, today().year + 1})[-8:]
    grids = [(month, months.Calendar().monthdatescalendar(year, month)) for month in range(1, 13)]
    return render_template("admin/calendar.html", form=form, year=year, years=years, known=known, loaded=loaded, grids=grids), 422 if form.errors else 200


def _take_file(form: YearForm) -> None:
    """A file has lines such as ``2027-02-05,休`` and ``2027-02-20,班``; its days are added to those typed."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return
    data = upload.stream.read(LARGEST_UPLOAD + 1)
    if len(data) > LARGEST_UPLOAD:
        raise Refused(_("文件过大。"))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(_("文件应为 UTF-8 编码的文本。")) from None
    off: list[str] = []
    working: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        day, _comma, kind = line.replace("，", ",").partition(",")
        word = kind.strip()
        if word not in ("休", "班", "off", "work"):
            raise Refused(_("第 %(n)s 行应为“日期,休”或“日期,班”。", n=number))
        (off if word in ("休", "off") else working).append(day.strip())
    form.off.data = "\n".join([form.off.data or "", *off]).strip()
    form.working.data = "\n".join([form.working.data or "", *working]).strip()


@blueprint.get("/organisations")
@require("system.manage")
def organisations() -> Any:
    """All organisations. They are loaded by ``portal apply``."""
    rows = db.session.scalars(select(Organisation).order_by(Organisation.weight, Organisation.id)).all()
    return render_template("admin/organisations.html", rows=rows, names={row.id: row.name for row in rows})


@blueprint.get("/health")
@require("system.manage")
def health() -> Any:
    """What ``portal doctor`` says."""
    found = diagnosis.examine(current_app._get_current_object())  # type: ignore[attr-defined]
    return render_template("admin/health.html", findings=found, names=findings.NAMES, found=findings.found_in_words, mend=findings.mend_in_words)
