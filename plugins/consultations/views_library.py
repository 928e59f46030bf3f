"""The library of closed consultations, and what the convener checks before anybody reads it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.consultations import figures, forms, library, rights, words
from plugins.consultations.models import LibraryEntry
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.records.lists import Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.settings import get_setting
from portal.work import unit_of_work

blueprint = Blueprint("consultations_library", __name__, url_prefix="/consultations", template_folder="templates")
STATES = {"checking": (_l("待审核"), "amber", "clock"), "published": (_l("已入库"), "green", "circle-check"), "withheld": (_l("不入库"), "grey", "eye-off")}


def _select() -> Any:
    e = LibraryEntry
    shown = select(e.id, e.title, e.field, e.month, e.state, e.answer, e.outcome)
    return shown if can(rights.CONVENE) else shown.where(e.state == "published")


def spec() -> ListSpec:
    """Published cases; for the convener also those that wait."""
    fields = [(name, name) for name in get_setting(figures.FIELDS, None, today())]
    checks = [Choice("state", _l("状态"), [(code, look[0]) for code, look in STATES.items()], lambda value: LibraryEntry.state == value)] if can(rights.CONVENE) else []
    return ListSpec(
        name="consultations.library",
        select=_select,
        key=LibraryEntry.id,
        columns=[
            Column("title", _l("标题"), lambda row: row.title, link=lambda row: url_for("consultations_library.detail", entry_id=row.id), css="wide"),
            Column("field", _l("领域"), lambda row: row.field),
            Column("month", _l("归档月份"), lambda row: row.month, css="num", order="month"),
            Column("answer", _l("采纳情况"), lambda row: words.ANSWERS.get(row.answer, "")),
            Column("outcome", _l("案件结果"), lambda row: words.OUTCOMES.get(row.outcome, "")),
            Column("state", _l("状态"), lambda row: STATES[row.state][0], badge=lambda row: STATES[row.state], shown=can(rights.CONVENE)),
        ],
        orders={"month": Order(_l("归档月份"), [(LibraryEntry.month, False)]), "month-": Order(_l("归档月份"), [(LibraryEntry.month, True)])},
        default_order="month-",
        filters=[
            Choice("field", _l("领域"), fields, lambda value: LibraryEntry.field == value),
            Choice("answer", _l("采纳情况"), list(words.ANSWERS.items()), lambda value: LibraryEntry.answer == value),
            Choice("outcome", _l("案件结果"), list(words.OUTCOMES.items()), lambda value: LibraryEntry.outcome == value),
            *checks,
        ],
        search=lambda query: LibraryEntry.haystack.contains(query, autoescape=True),
        search_hint=_l("争议焦点、法律依据或建议"),
    )


@blueprint.get("/library")
@require(rights.LIBRARY)
def index() -> Any:
    """Cases of the whole district, without names."""
    return show_list(spec(), "consultations/library.html")


@blueprint.get("/library/<int:entry_id>")
@require(rights.LIBRARY)
def detail(entry_id: int) -> Any:
    """One case."""
    entry = library.find(db.session(), entry_id, checking=can(rights.CONVENE))
    return render_template("consultations/case.html", entry=entry, words=words, state=STATES[entry.state])


@blueprint.route("/library/<int:entry_id>/check", methods=["GET", "POST"])
@require(rights.CONVENE)
def check(entry_id: int) -> Any:
    """Look a case through before every town reads it."""
    entry = library.find(db.session(), entry_id, checking=True)
    names = ("title", "facts", "law", "advice", "findings")
    form = forms.LibraryForm() if request.method == "POST" else forms.LibraryForm(formdata=None, data={name: getattr(entry, name) for name in names})
    if request.method == "POST" and len(form.findings) == len(entry.findings) and form.validate():
        values = {name: form[name].data for name in ("title", "facts", "law", "advice", "decision")} | {"findings": [item.data for item in form.findings]}
        with unit_of_work("consultations.library_checked") as session:
            library.check(session, library.find(session, entry_id, checking=True), values, today())
        flash(_("已保存。"), "success")
        return redirect(url_for("consultations_library.detail", entry_id=entry_id), 303)
    return render_template("consultations/case_check.html", entry=entry, form=form), 422 if request.method == "POST" else 200
