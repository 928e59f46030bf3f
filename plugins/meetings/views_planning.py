"""Planning: a meeting's form with what else its members have, its agenda, its invitations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from plugins.meetings import figures, forms, halfyears, pages, planning, rights, rules, telling, topics, workflow
from plugins.meetings.models import Meeting
from portal.auth.permissions import require
from portal.calendar.service import current_calendar
from portal.clock import today
from portal.database import db
from portal.errors import Refused
from portal.records import once
from portal.text import whole
from portal.web import htmx
from portal.work import unit_of_work

blueprint = Blueprint("meetings_planning", __name__, url_prefix="/meetings", template_folder="templates")
START, END = dt.time(9, 30), dt.time(11, 30)


def _show(form: forms.MeetingForm, meeting: Meeting | None, status: int = 200) -> Any:
    session, day = db.session(), today()
    conference = telling.conference_of(session)
    assert conference is not None
    chosen = [row.unit_id for row in planning.invitations(session, meeting.id)] if meeting else [row.unit_id for row in telling.members(session, conference.id, day)]
    start, end = form.start.data or START, form.end.data or END
    offered = planning.free_days(session, chosen, day + dt.timedelta(days=7), start, end if end > start else END)
    return render_template(
        "meetings/form.html", form=form, meeting=meeting, free=offered, units=len(chosen), verdicts=halfyears.overview(session, day, 1), **_clashes(form, meeting, chosen)
    ), status  # fmt: skip


def _clashes(form: Any, meeting: Meeting | None, chosen: list[int]) -> dict[str, Any]:
    """What stands beside the form: clashes at the chosen time, a day off, the last day of the notice."""
    day, start, end = form.day.data, form.start.data, form.end.data
    if day is None or not 2000 <= day.year <= 2100:
        return {"clashes": None, "off": False, "latest": None}
    days = figures.figure(figures.NOTICE_DAYS, None, today())
    found: dict[str, Any] = {
        "off": not current_calendar().is_working_day(day),
        "latest": current_calendar().previous_working_day(rules.latest_notice(current_calendar(), day, days)),
        "clashes": None,
    }
    if start is not None and end is not None and start < end:
        found["clashes"] = planning.clashes(db.session(), chosen, telling.at(day, start), telling.at(day, end), meeting.id if meeting else 0)
    return found


@blueprint.route("/new", methods=["GET", "POST"])
@require(rights.CONVENE)
def new() -> Any:
    """Plan a meeting."""
    conference = telling.conference_of(db.session(), needed=False)
    if conference is None:
        flash(_("请先登记联席会议和成员单位。"), "warning")
        return redirect(url_for("meetings_members.conference"), 303)
    form = forms.MeetingForm()
    if request.method == "GET":
        form.place.data, form.chair.data, form.recorder.data = conference.place, conference.convener, conference.contact
        form.start.data, form.end.data = START, END
        form.kind.data = request.args.get("kind") if request.args.get("kind") in rules.KINDS else "regular"
        wanted = request.args.get("day", "")
        form.day.data = dt.date.fromisoformat(wanted) if _is_day(wanted) else None
        return _show(form, None)
    made: list[str] = []
    put: list[int] = []

    def act() -> None:
        with unit_of_work("meetings.meeting_saved") as session:
            before = once.claim(session, key := once.sent_key())
            if before is None:
                meeting_id = planning.save(None, form.data, today())
                put.append(len(planning.agenda(session, meeting_id)))
                before = url_for("meetings_planning.agenda", meeting_id=meeting_id)
                once.made(session, key, before)
            made.append(before)

    if not pages.attempt(form, act):
        return _show(form, None, 422)
    flash(_("会议已保存，已列入全部成员单位。请安排议程，再发出通知。"), "success")
    if any(put):
        flash(_("%(n)s 项超期的议定事项已自动列在议程最前，可以移出。", n=put[0]), "info")
    return redirect(made[0], 303)


def _is_day(text: str) -> bool:
    try:
        return 2000 <= dt.date.fromisoformat(text).year <= 2100
    except ValueError:
        return False


@blueprint.route("/<int:meeting_id>/edit", methods=["GET", "POST"])
@require(rights.CONVENE)
def edit(meeting_id: int) -> Any:
    """Change a meeting before its notice."""
    meeting = planning.find(db.session(), meeting_id)
    form = forms.MeetingForm()
    if request.method == "GET":
        if meeting.state not in planning.EDITABLE:
            raise Refused(_("通知已发出，时间地点请用“改期”修改。"))
        begin, end = telling.local(meeting.starts_at), telling.local(meeting.ends_at)
        for name in ("kind", "title", "place", "chair", "recorder", "note", "version"):
            form[name].data = getattr(meeting, name)
        form.day.data, form.start.data, form.end.data = begin.date(), begin.time(), end.time()
        return _show(form, meeting)
    if not pages.attempt(form, lambda: planning.save(meeting_id, form.data, today())):
        return _show(form, planning.find(db.session(), meeting_id), 422)
    flash(_("已保存。"), "success")
    return redirect(url_for("meetings.detail", meeting_id=meeting_id), 303)


@blueprint.post("/clashes")
@require(rights.CONVENE)
def clashes() -> Any:
    """What the members have at the time that is being typed."""
    form = forms.WhenForm()
    form.validate()
    session = db.session()
    key = whole(request.form.get("meeting_id", ""))
    meeting = planning.find(session, key) if key else None
    conference = telling.conference_of(session)
    assert conference is not None
    chosen = [row.unit_id for row in planning.invitations(session, meeting.id)] if meeting else [row.unit_id for row in telling.members(session, conference.id, today())]
    return render_template("meetings/_clashes.html", units=len(chosen), **_clashes(form, meeting, chosen))


# -- agenda -----------------------------------------------------------------------------------------------------------------


def _agenda(meeting_id: int, form: forms.ItemForm | None = None, status: int = 200) -> Any:
    session = db.session()
    meeting = planning.find(session, meeting_id)
    items = planning.agenda(session, meeting.id)
    timed = planning.timed(session, meeting, items)
    over = (timed[-1][2] - telling.local(meeting.ends_at)).total_seconds() / 60 if timed else 0
    ready = topics.waiting(session, meeting.org_id)
    shown = {
        "meeting": meeting, "agenda": timed, "over": int(over), "ready": ready, "form": form or forms.ItemForm(formdata=None), "workflow": workflow,
        "span": telling.span, "open": meeting.state in planning.PLANNABLE,
        "limited": topics.limited_of(session, [item.topic_id for item in items if item.topic_id]), "most": rules.MOST_ITEMS,
    }  # fmt: skip
    return render_template("meetings/_agenda.html" if htmx else "meetings/agenda.html", **shown), status


@blueprint.get("/<int:meeting_id>/agenda")
@require(rights.CONVENE)
def agenda(meeting_id: int) -> Any:
    """The agenda: topics that wait beside it, order by dragging or by keys, times computed."""
    return _agenda(meeting_id)


def _changed(meeting_id: int) -> Any:
    return _agenda(meeting_id) if htmx else redirect(url_for("meetings_planning.agenda", meeting_id=meeting_id), 303)


@blueprint.post("/<int:meeting_id>/agenda/topics")
@require(rights.CONVENE)
def add_topics(meeting_id: int) -> Any:
    """Put the chosen topics at the end."""
    chosen = [key for key in (whole(value) for value in request.form.getlist("topics")[: rules.MOST_ITEMS]) if key]
    planning.add_topics(meeting_id, chosen)
    return _changed(meeting_id)


@blueprint.post("/<int:meeting_id>/agenda/items")
@require(rights.CONVENE)
def add_item(meeting_id: int) -> Any:
    """Something that is no topic."""
    form = forms.ItemForm()
    if not pages.attempt(form, lambda: planning.add_item(meeting_id, form.title.data or "", form.minutes.data or 10)):
        return _agenda(meeting_id, form, 422)
    return _changed(meeting_id)


@blueprint.post("/<int:meeting_id>/agenda/<int:item_id>/move")
@require(rights.CONVENE)
def move_item(meeting_id: int, item_id: int) -> Any:
    """To another place, counted from 0."""
    to = whole(request.form.get("to", ""))
    if to is None:
        raise Refused(_("请选择位置。"))
    planning.move_item(meeting_id, item_id, to)
    return _changed(meeting_id)


@blueprint.post("/<int:meeting_id>/agenda/<int:item_id>")
@require(rights.CONVENE)
def change_item(meeting_id: int, item_id: int) -> Any:
    """Length and reporter."""
    minutes = whole(request.form.get("minutes", ""), 3)
    if minutes is None or not 1 <= minutes <= rules.LONGEST_ITEM:
        raise Refused(_("时长请填写 1 至 480 之间的整数。"))
    planning.change_item(meeting_id, item_id, minutes, request.form.get("reporter", "")[:60])
    return _changed(meeting_id)


@blueprint.post("/<int:meeting_id>/agenda/<int:item_id>/drop")
@require(rights.CONVENE)
def drop_item(meeting_id: int, item_id: int) -> Any:
    """Off the agenda; the topic waits again."""
    planning.drop_item(meeting_id, item_id)
    return _changed(meeting_id)


# -- invitations --------------------------------------------------------------------------------------------------------------


@blueprint.route("/<int:meeting_id>/invitations", methods=["GET", "POST"])
@require(rights.CONVENE)
def invitations(meeting_id: int) -> Any:
    """Who is invited, and as what."""
    session = db.session()
    meeting = planning.find(session, meeting_id)
    if request.method == "POST":
        chosen = {key: value for name, value in request.form.items() if name.startswith("unit-") and value and (key := whole(name[5:])) is not None}
        planning.invite(meeting_id, chosen)
        flash(_("邀请名单已保存。") + (_("会议已通知，请用“补发通知”告知新增单位。") if meeting.state == "notified" else ""), "success")
        return redirect(url_for("meetings.detail", meeting_id=meeting_id), 303)
    present = {row.unit_id: row for row in planning.invitations(session, meeting.id)}
    members = {row.unit_id for row in telling.members(session, meeting.conference_id, meeting.day)}
    rows = [(key, name, key in members, present.get(key)) for key, name in pages.units(session)]
    return render_template("meetings/invitations.html", meeting=meeting, rows=rows, span=telling.span)
