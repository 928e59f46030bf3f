"""Calendar by month, the private address of a subscription, and what else a unit has."""

from __future__ import annotations

import calendar as months
import datetime as dt
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from plugins.meetings import forms, ics, pages, planning, rights, subscribing, telling, workflow
from portal.auth import throttle
from portal.auth.permissions import can, require
from portal.calendar.service import current_calendar
from portal.clock import today
from portal.database import db
from portal.errors import NotFound, Refused
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("meetings_calendar", __name__, url_prefix="/meetings", template_folder="templates")
WRONG = 20


def _month(year: int, number: int) -> tuple[int, int]:
    return (year, number) if 1 <= number <= 12 and 2000 <= year <= 2100 else (today().year, today().month)


@blueprint.get("/calendar")
@require(rights.READ)
def index() -> Any:
    """The meetings of a month."""
    return _page()


def _page(*, address: str = "") -> str:
    day = today()
    year, number = _month(whole(request.args.get("year", "")) or day.year, whole(request.args.get("month", "")) or day.month)
    weeks = months.Calendar(firstweekday=0).monthdatescalendar(year, number)
    before, after = dt.date(year, number, 1) - dt.timedelta(days=1), (dt.date(year, number, 1) + dt.timedelta(days=32)).replace(day=1)
    return render_template(
        "meetings/calendar.html", year=year, month=number, weeks=weeks, found=subscribing.month(db.session(), year, number), today=day, before=before, after=after,
        calendar=current_calendar(), local=telling.local, workflow=workflow.MEETING, feed=subscribing.of(g.account.id), address=address, may_convene=can(rights.CONVENE),
    )  # fmt: skip


@blueprint.post("/calendar/feed")
@require(rights.READ)
def renew() -> Any:
    """A new private address; the old one is dead. Shown this once, so it stands in the answer itself."""
    token = subscribing.renew(g.account.id)
    return _page(address=telling.absolute(url_for("meetings_calendar.feed", token=token)))


@blueprint.post("/calendar/feed/stop")
@require(rights.READ)
def stop() -> Any:
    """No address any more."""
    subscribing.stop(g.account.id)
    flash(_("订阅地址已停用。"), "success")
    return redirect(url_for("meetings_calendar.index"), 303)


@blueprint.get("/calendar/<token>.ics")
def feed(token: str) -> Any:
    """The calendar behind a private address; no session is asked for."""
    key = f"meetings.feed:{request.remote_addr}"
    throttle.check_misses(key, WRONG, 60)
    try:
        data = subscribing.calendar_of(token, today())
    except NotFound:
        with unit_of_work("meetings.wrong_code") as session:
            throttle.count_miss(session, key)
        raise
    return _calendar(data, "meetings.ics")


def _calendar(data: bytes, name: str) -> Response:
    answer = Response(data, mimetype="text/calendar")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/<int:meeting_id>/event.ics")
@require(rights.READ)
def event(meeting_id: int) -> Any:
    """The calendar file of a notice, of its change or of its cancellation."""
    meeting = planning.find(db.session(), meeting_id)
    if not meeting.notified_on:
        raise NotFound(_("会议通知还没有发出。"))
    return _calendar(ics.one(meeting), f"meeting-{meeting.id}-{meeting.sequence}.ics")


# -- what else a unit has -----------------------------------------------------------------------------------------------------


@blueprint.get("/busy")
@require(rights.ANSWER)
def busy() -> Any:
    """What the unit entered as taken: seen by the convener as a clash."""
    return _busy(forms.BusyForm(formdata=None))


def _busy(form: forms.BusyForm, *, wrong: str = "", remarks: tuple[str, ...] = (), status: int = 200) -> Any:
    rows = subscribing.busy_of(db.session(), g.grant.org_id, today())
    return render_template("meetings/busy.html", form=form, rows=rows, local=telling.local, wrong=wrong, remarks=remarks, span=telling.span), status


@blueprint.post("/busy")
@require(rights.ANSWER)
def enter() -> Any:
    """Enter one by hand."""
    form = forms.BusyForm()
    if not pages.attempt(form, lambda: subscribing.enter_busy(form.data)):
        return _busy(form, status=422)
    flash(_("已保存。"), "success")
    return redirect(url_for("meetings_calendar.busy"), 303)


@blueprint.post("/busy/import")
@require(rights.ANSWER)
def take() -> Any:
    """Read a calendar file."""
    form, upload = forms.BusyForm(formdata=None), request.files.get("file")
    if upload is None or not upload.filename:
        return _busy(form, wrong=_("请选择日历文件（.ics）。"), status=422)
    try:
        count, remarks = subscribing.import_busy(upload.stream.read(ics.MOST_BYTES + 1))
    except Refused as error:
        db.session.rollback()
        return _busy(form, wrong=error.message, status=422)
    flash(_("已读取 %(n)s 条日程。", n=count), "success")
    return _busy(form, remarks=remarks)


@blueprint.post("/busy/<int:busy_id>/drop")
@require(rights.ANSWER)
def drop(busy_id: int) -> Any:
    """Take one out."""
    subscribing.drop_busy(busy_id)
    flash(_("已删除。"), "success")
    return redirect(url_for("meetings_calendar.busy"), 303)
