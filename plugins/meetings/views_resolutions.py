"""Resolutions: board, list, one of them with its reports, and how each unit keeps its word."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.meetings import figures, following, forms, pages, queries, rights, rules, sitting, telling, words, workflow
from plugins.meetings.models import Topic
from plugins.meetings.models_results import Report, Resolution
from portal import audit
from portal.auth.permissions import can, require
from portal.calendar.service import current_calendar
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation
from portal.errors import NotFound
from portal.records import attachments, deadlines, once
from portal.records.lists import Choice, Column, Dates, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.search import matching
from portal.work import unit_of_work

blueprint = Blueprint("meetings_resolutions", __name__, url_prefix="/meetings/resolutions", template_folder="templates")
DUE = (("overdue", _l("已超期")), ("week", _l("七天内到期")), ("running", _l("未办结")))
BOARD = ("open", "in_progress", "review", "done")
ON_BOARD = 50
TONES = {"green": "circle-check", "amber": "clock", "red": "alert-triangle"}


def _select() -> Any:
    return select(
        Resolution.id, Resolution.number, Resolution.text, Resolution.lead_id, Resolution.lead_name, Resolution.due_on, Resolution.first_due, Resolution.state,
        Resolution.agreed_on, Resolution.report_due, Resolution.extension_asked, Resolution.done_on, Resolution.extensions,
    )  # fmt: skip


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.RESOLUTION.state(row.state)
    return state.title, state.tone, state.icon


def due_badge(row: Any) -> tuple[Any, str, str] | None:
    """How long still, or since when overdue; when it was done, whether in time."""
    if row.state == "replaced":
        return None
    if row.state == "done":
        late = row.done_on is not None and row.done_on > row.due_on
        return (_("逾期办结"), "amber", "clock") if late else (_("按时"), "green", "circle-check")
    day = today()
    color = deadlines.light(row.due_on, day, current_calendar().working_days_between, amber=figures.figure(figures.AMBER_DAYS, None, day))
    text = _("超期 %(n)s 天", n=rules.overdue_days(row.due_on, day)) if color == "red" else row.due_on.isoformat()
    return text, color, TONES[color]


def _due(value: str) -> Any:
    day = today()
    if value == "overdue":
        return Resolution.state.in_(rules.OWED) & (Resolution.sort_due < day)
    if value == "week":
        return Resolution.state.in_(rules.OWED) & Resolution.sort_due.between(day, day + dt.timedelta(days=7))
    return Resolution.state.in_(rules.RUNNING)


def _units() -> list[tuple[str, str]]:
    led = select(Resolution.lead_id).where(Resolution.lead_id.is_not(None))
    rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(led)).order_by(Organisation.weight, Organisation.id))
    return [(str(row.id), row.name) for row in rows]


def register() -> ListSpec:
    """The resolutions that the acting role sees."""
    own = g.grant.org_id
    return ListSpec(
        name="meetings.resolution",
        select=_select,
        key=Resolution.id,
        columns=(
            Column(
                "number", _l("编号"), lambda row: row.number or _("（待印发）"), link=lambda row: url_for("meetings_resolutions.detail", resolution_id=row.id), css="name"
            ),
            Column("text", _l("议定事项"), lambda row: row.text, css="wide"),
            Column("lead", _l("牵头单位"), lambda row: row.lead_name),
            Column("agreed", _l("议定日期"), lambda row: row.agreed_on, css="num", order="agreed", shown=False),
            Column("first", _l("原定时限"), lambda row: row.first_due, css="num", shown=False),
            Column("due", _l("时限"), lambda row: row.due_on, badge=due_badge, order="due"),
            Column("report", _l("下次报告"), lambda row: row.report_due, css="num", shown=False),
            Column("extensions", _l("延期次数"), lambda row: row.extensions or "", css="num", shown=False),
            Column("done", _l("办结日期"), lambda row: row.done_on, css="num", shown=False),
            Column("state", _l("状态"), lambda row: workflow.RESOLUTION.state(row.state).title, badge=_badge),
        ),
        orders={
            "due": Order(_l("时限"), [(Resolution.sort_due, False)]),
            "due-": Order(_l("时限"), [(Resolution.sort_due, True)]),
            "agreed": Order(_l("议定日期"), [(Resolution.agreed_on, False)]),
            "agreed-": Order(_l("议定日期"), [(Resolution.agreed_on, True)]),
        },
        default_order="due",
        filters=(
            Choice("due", _l("时限"), DUE, _due),
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.RESOLUTION.states], lambda value: Resolution.state == value),
            Choice("unit", _l("牵头单位"), _units(), lambda value: Resolution.lead_id == int(value)),
            Flag("mine", _l("本单位牵头"), lambda: queries.led_by(own)),
            Flag("help", _l("本单位配合"), lambda: queries.helped_by(own)),
            Flag("report", _l("应报告进展"), lambda: Resolution.state.in_(("open", "in_progress")) & (Resolution.report_due <= today())),
            Flag("asked", _l("申请延期"), lambda: Resolution.extension_asked.is_not(None)),
            Dates("agreed", _l("议定日期"), Resolution.agreed_on),
        ),
        search=lambda query: matching(Resolution, query),
        search_hint=_l("编号、内容或单位"),
        export_permission=rights.EXPORT,
    )


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The resolutions, those that are overdue on top."""
    return show_list(register(), "meetings/resolutions.html", counts=queries.resolution_counts(db.session(), today()))


@blueprint.get("/board")
@require(rights.READ)
def board() -> Any:
    """The resolutions by state, in columns."""
    columns = []
    for code in BOARD:
        order = (Resolution.done_on.desc(), Resolution.id.desc()) if code == "done" else (Resolution.sort_due, Resolution.id)
        rows = db.session.execute(_select().where(Resolution.state == code).order_by(*order).limit(ON_BOARD + 1)).all()
        columns.append((workflow.RESOLUTION.state(code), rows[:ON_BOARD], len(rows) > ON_BOARD))
    return render_template("meetings/board.html", columns=columns, due_badge=due_badge)


@blueprint.get("/word")
@require(rights.STATISTICS)
def word() -> Any:
    """How each unit keeps its word."""
    kept = queries.word_by_unit(db.session(), today())
    names = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.id.in_(list(kept) or [0])).order_by(Organisation.weight)).all()
    rows = sorted(((row.id, row.name, kept[row.id]) for row in names), key=lambda item: (-item[2].overdue, item[2].rate if item[2].rate is not None else 101))
    return render_template("meetings/word.html", rows=rows)


def _page(resolution_id: int, *, form: Any = None, status: int = 200) -> Any:
    session = db.session()
    row = following.find(session, resolution_id)
    entries = following.entries(session, row.id)
    topic = session.scalars(select(Topic).where(Topic.resolution_id == row.id).order_by(Topic.id.desc()).limit(1)).first()
    from plugins.meetings.models import Meeting

    meeting = session.scalars(select(Meeting).where(Meeting.id == row.meeting_id)).one_or_none()
    return render_template(
        "meetings/resolution.html", row=row, workflow=workflow.RESOLUTION, entries=entries, words=words, co_units=sitting.co_units(session, [row.id])[row.id],
        meeting=meeting,
        files=attachments.of_shared(session, "meetings.report", [entry.id for entry in entries]), due=due_badge(row), local=telling.local, topic=topic,
        may_report=can(rights.REPORT) and following.may_report(session, row, g.grant.org_id), may_claim=can(rights.REPORT) and workflow.lead(row) == g.grant.org_id
        and row.state in workflow.ACTIVE, form=form or forms.ReportForm(formdata=None), today=today(), history=audit.history("meetings.resolution", row.id, 20),
        rules=rules,
    ), status  # fmt: skip


@blueprint.get("/<int:resolution_id>")
@require(rights.READ)
def detail(resolution_id: int) -> Any:
    """One resolution: what, who, until when, and how far it is."""
    return _page(resolution_id)


@blueprint.post("/<int:resolution_id>/reports")
@require(rights.REPORT)
def report(resolution_id: int) -> Any:
    """Report progress, or claim that it is done, with what shows it."""
    form = forms.ReportForm()
    claiming = "claim" in request.form

    def act() -> None:
        prepared = pages.files()
        with unit_of_work("meetings.reported") as session:
            if once.claim(session, key := once.sent_key()) is not None:
                return
            if claiming:
                workflow.RESOLUTION.perform(resolution_id, "claim", {"text": form.text.data, "prepared": prepared}, today=today())
            else:
                following.report(resolution_id, form.text.data or "", form.percent.data, prepared, today())
            once.made(session, key, url_for("meetings_resolutions.detail", resolution_id=resolution_id))

    following.find(db.session(), resolution_id)
    if not pages.attempt(form, act):
        return _page(resolution_id, form=form, status=422)
    flash(_("已申请办结，待召集人核实。") if claiming else _("进展已报告。"), "success")
    return redirect(url_for("meetings_resolutions.detail", resolution_id=resolution_id, _anchor="entries"), 303)


@blueprint.get("/reports/<int:report_id>")
@require(rights.READ)
def entry(report_id: int) -> Any:
    """A report's resolution."""
    found = db.session.scalars(select(Report.resolution_id).where(Report.id == report_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return redirect(url_for("meetings_resolutions.detail", resolution_id=found, _anchor=f"r{report_id}"), 302)
