"""The meetings: list, one meeting, the half-years."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.meetings import archive, forms, halfyears, minuting, pages, planning, rights, rules, sitting, telling, topics, words, workflow
from plugins.meetings.models import Meeting, MeetingChange
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.records import attachments
from portal.records.lists import Choice, Column, Dates, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.search import matching

blueprint = Blueprint("meetings", __name__, url_prefix="/meetings", template_folder="templates")


def _select() -> Any:
    return select(
        Meeting.id, Meeting.title, Meeting.kind, Meeting.day, Meeting.starts_at, Meeting.ends_at, Meeting.place, Meeting.state, Meeting.present, Meeting.members,
        Meeting.notice_number, Meeting.quorate, Meeting.minutes_due,
    )  # fmt: skip


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.MEETING.state(row.state)
    return state.title, state.tone, state.icon


def _attended(row: Any) -> str:
    return f"{row.present}/{row.members}" if row.state in rules.TOOK_PLACE else ""


def register() -> ListSpec:
    """The meetings that the acting role sees."""
    return ListSpec(
        name="meetings.meeting",
        select=_select,
        key=Meeting.id,
        columns=(
            Column("title", _l("会议"), lambda row: row.title, link=lambda row: url_for("meetings.detail", meeting_id=row.id), css="wide"),
            Column("kind", _l("类型"), lambda row: words.KINDS[row.kind]),
            Column("day", _l("时间"), telling.span, css="num", order="day"),
            Column("half", _l("半年"), lambda row: words.half(rules.half_of(row.day)), shown=False),
            Column("place", _l("地点"), lambda row: row.place),
            Column("attended", _l("到会/应到"), _attended, css="num"),
            Column("number", _l("通知编号"), lambda row: row.notice_number, shown=False),
            Column("state", _l("状态"), lambda row: workflow.MEETING.state(row.state).title, badge=_badge),
        ),
        orders={"day": Order(_l("时间"), [(Meeting.day, False)]), "day-": Order(_l("时间"), [(Meeting.day, True)])},
        default_order="day-",
        filters=(
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.MEETING.states], lambda value: Meeting.state == value),
            Choice("kind", _l("类型"), list(words.KINDS.items()), lambda value: Meeting.kind == value),
            Flag("late", _l("纪要逾期"), lambda: Meeting.state.in_(("held", "minuted")) & (Meeting.minutes_due < today())),
            Dates("day", _l("日期"), Meeting.day),
        ),
        search=lambda query: matching(Meeting, query),
        search_hint=_l("会议名称、地点或编号"),
        export_permission=rights.EXPORT,
    )


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The meetings, and the half-years above them."""
    verdicts = halfyears.overview(db.session(), today(), 4) if can(rights.STATISTICS) else []
    return show_list(register(), "meetings/index.html", verdicts=verdicts, words=words, may_convene=can(rights.CONVENE), rules=rules)


@blueprint.get("/<int:meeting_id>")
@require(rights.READ)
def detail(meeting_id: int) -> Any:
    """One meeting: when and where, who comes, what is on the agenda, what came of it."""
    session = db.session()
    meeting = planning.find(session, meeting_id)
    items = planning.agenda(session, meeting.id)
    invitations = planning.invitations(session, meeting.id)
    changes = session.scalars(select(MeetingChange).where(MeetingChange.meeting_id == meeting.id).order_by(MeetingChange.id.desc())).all()
    resolutions = sitting.resolutions(session, meeting.id)
    mine = next((row for row in invitations if row.unit_id == g.grant.org_id), None)
    return render_template(
        "meetings/detail.html", meeting=meeting, workflow=workflow.MEETING, invitation_workflow=workflow.INVITATION, resolution_workflow=workflow.RESOLUTION,
        minutes_workflow=workflow.MINUTES, agenda=planning.timed(session, meeting, items),
        invitations=invitations, mine=mine, changes=changes, words=words, span=telling.span,
        local=telling.local, may_convene=can(rights.CONVENE), files=attachments.of_shared(session, "meetings.topic", [item.topic_id for item in items if item.topic_id]),
        minutes=minuting.editions(session, meeting.id), resolutions=resolutions, co_units=sitting.co_units(session, [row.id for row in resolutions]),
        limited=topics.limited_of(session, [item.topic_id for item in items if item.topic_id]),
        attendance=_attendance(meeting), quorum=sitting.quorum(session, meeting, today()) if can(rights.CONVENE) else None, rules=rules,
        missing=planning.missing_members(session, meeting) if can(rights.CONVENE) and meeting.state in ("draft", "scheduled") else [],
        archive=archive.newest(session, meeting.id) if can(rights.ARCHIVE) else None, may_archive=can(rights.ARCHIVE),
        history=audit.history("meetings.meeting", meeting.id, 30),
    )  # fmt: skip


def _attendance(meeting: Meeting) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for row in sitting.attendance(db.session(), meeting.id):
        found.setdefault(row.invitation_id, []).append(row)
    return found


@blueprint.get("/halves")
@require(rights.STATISTICS)
def halves() -> Any:
    """Every half-year: met, planned, missed; and what the office says of those that were missed."""
    return _halves(forms.ExplainForm(formdata=None), None)


def _halves(form: forms.ExplainForm, wrong: tuple[int, int] | None) -> str:
    verdicts = halfyears.overview(db.session(), today(), 40)
    return render_template("meetings/halves.html", verdicts=verdicts, words=words, span=telling.span, form=form, may_convene=can(rights.CONVENE), wrong=wrong)


@blueprint.post("/halves/<int:year>/<int:half>")
@require(rights.CONVENE)
def explain(year: int, half: int) -> Any:
    """Why there was no meeting; the verdict stays."""
    form = forms.ExplainForm()
    if not pages.attempt(form, lambda: halfyears.explain(year, half, form.reason.data or "")):
        return _halves(form, (year, half)), 422
    flash(_("已保存说明。"), "success")
    return redirect(url_for("meetings.halves"), 303)
