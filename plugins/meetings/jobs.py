"""Jobs: the half-year rule; reminders and escalation of what was agreed, of answers, comments and minutes."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import figures, halfyears, planning, rules, telling, topics
from plugins.meetings.models import Invitation, Meeting
from plugins.meetings.models_results import Minutes, Resolution
from portal.calendar.service import current_calendar
from portal.clock import today as clock
from portal.contract import Job
from portal.database import db
from portal.tenancy import crossing
from portal.work import unit_of_work

CHUNK = 200


def half_years(context: Any) -> dict[str, Any]:
    """Warn of a half-year without a planned regular meeting; record what became of those that are over."""
    with unit_of_work("meetings.half_year_judged") as session:
        return dict(halfyears.judge(session, context.today))


def remind(context: Any) -> dict[str, Any]:
    """Everything that is owed to a day; each notice once. Overdue resolutions propose themselves as topics."""
    today: dt.date = context.today
    found = {"amber": 0, "overdue": 0, "escalated": 0, "reports": 0, "answers": 0, "comments": 0, "minutes": 0, "unrecorded": 0, "proposed": 0}
    ids = list(db.session.scalars(select(Resolution.id).where(Resolution.state.in_(rules.OWED)).order_by(Resolution.sort_due, Resolution.id)))
    db.session.rollback()
    for start in range(0, len(ids), CHUNK):
        context.check()
        with unit_of_work("meetings.reminded") as session:
            for row in session.scalars(select(Resolution).where(Resolution.id.in_(ids[start : start + CHUNK]), Resolution.state.in_(rules.OWED))):
                _resolution(session, row, today, found)
    with unit_of_work("meetings.topic_proposed_itself") as session:
        found["proposed"] = _propose(session, today)
    with unit_of_work("meetings.reminded") as session:
        _answers(session, today, found)
        _comments(session, today, found)
        _minutes(session, today, found)
    return found


def _resolution(session: Session, row: Resolution, today: dt.date, found: dict[str, int]) -> None:
    calendar, url, name = current_calendar(), f"/meetings/resolutions/{row.id}", row.number or str(row)
    lead = [row.lead_id] if row.lead_id is not None else []
    if today > row.due_on:
        found["overdue"] += 1
        text = _("议定事项超期：%(n)s（时限 %(day)s）", n=name, day=row.due_on)
        telling.tell_units(session, lead, text, f"overdue:{row.id}:{row.due_on}", url=url)
        telling.tell_office(session, row.org_id, f"{row.lead_name}：{text}", f"overdue:{row.id}:{row.due_on}", url=url)
        if calendar.working_days_between(row.due_on, today) > figures.figure(figures.ESCALATE_DAYS, None, today):
            found["escalated"] += 1
            roles = ("conference_chair", "supervisor")
            telling.tell_office(session, row.org_id, _("督办升级：%(unit)s %(n)s 超期 %(d)s 天", unit=row.lead_name, n=name, d=rules.overdue_days(row.due_on, today)),
                                f"escalated:{row.id}:{row.due_on}", url=url, urgent=True, roles=roles)  # fmt: skip
            telling.tell_units(session, lead, _("督办升级：%(n)s", n=name), f"escalated:{row.id}:{row.due_on}", url=url, urgent=True)
    elif calendar.working_days_between(today, row.due_on) <= figures.figure(figures.AMBER_DAYS, None, today):
        found["amber"] += 1
        telling.tell_units(session, lead, _("议定事项将到期：%(n)s（%(day)s）", n=name, day=row.due_on), f"amber:{row.id}:{row.due_on}", url=url)
    if row.report_due is not None and row.report_due <= today and row.state in ("open", "in_progress"):
        found["reports"] += 1
        telling.tell_units(session, lead, _("请报告进展：%(n)s（应于 %(day)s 前）", n=name, day=row.report_due), f"report_due:{row.id}:{row.report_due}", url=url)


def _propose(session: Session, today: dt.date) -> int:
    """Overdue resolutions become topics, and stand on top of the next agenda unless its notice has gone out."""
    made = topics.propose_overdue(session, today)
    for org_id in sorted({topic.org_id for topic in made}):
        meeting = planning.next_open(session, org_id, today)
        if meeting is not None:
            planning.put_overdue_first(session, meeting, [topic for topic in made if topic.org_id == org_id])
    return len(made)


def _answers(session: Session, today: dt.date, found: dict[str, int]) -> None:
    """One working day before the meeting: units that have not answered."""
    tomorrow = current_calendar().add_working_days(today, 1).day
    waiting = (
        select(Invitation.unit_id, Meeting.id, Meeting.title, Meeting.sequence)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Meeting.state == "notified", Meeting.day >= today, Meeting.day <= tomorrow, Invitation.told, Invitation.state == "invited")
    )
    for row in session.execute(waiting):
        found["answers"] += 1
        telling.tell_units(session, [row.unit_id], _("请尽快回执：%(title)s", title=row.title), f"answer:{row.id}:{row.sequence}", url=f"/meetings/{row.id}")
    gone = select(Meeting).where(Meeting.state == "notified", Meeting.day < today)
    for meeting in session.scalars(gone):
        found["unrecorded"] += 1
        telling.tell_office(session, meeting.org_id, _("会议日期已过，请登记召开情况：%(title)s", title=meeting.title), f"unrecorded:{meeting.id}:{meeting.day}",
                            url=f"/meetings/{meeting.id}")  # fmt: skip


def _comments(session: Session, today: dt.date, found: dict[str, int]) -> None:
    """The last day for comments."""
    for minutes in session.scalars(select(Minutes).where(Minutes.state == "circulating", Minutes.comment_by == today)):
        found["comments"] += 1
        units = telling.told_units(session, minutes.meeting_id)
        telling.tell_units(session, units, _("纪要意见今天截止：%(title)s", title=minutes.title), f"comment_by:{minutes.id}:{minutes.comment_by}",
                           url=f"/meetings/minutes/{minutes.id}")  # fmt: skip


def _minutes(session: Session, today: dt.date, found: dict[str, int]) -> None:
    """Minutes that are late."""
    for meeting in session.scalars(select(Meeting).where(Meeting.state.in_(("held", "minuted")), Meeting.minutes_due < today)):
        found["minutes"] += 1
        text = _("纪要逾期未印发：%(title)s（应于 %(day)s 前）", title=meeting.title, day=meeting.minutes_due)
        telling.tell_office(session, meeting.org_id, text, f"minutes_late:{meeting.id}", url=f"/meetings/{meeting.id}", roles=(*telling.OFFICE, "conference_chair"))


def calendar_changed(years: list[int]) -> None:
    """A calendar of working days came: open days for minutes and reports are computed anew."""
    session, today = db.session(), clock()
    first, last = dt.date(min(years), 1, 1), dt.date(max(years) + 1, 1, 31)
    with crossing("meetings.calendar_changed", _("工作日历更新")), unit_of_work("meetings.reminded", reason=_("工作日历更新")):
        for meeting in session.scalars(select(Meeting).where(Meeting.state.in_(("held", "minuted")), Meeting.minutes_due.between(first, last))):
            meeting.minutes_due = current_calendar().add_working_days(meeting.held_on or meeting.day, figures.figure(figures.MINUTES_DAYS, None, today)).day
        days = figures.figure(figures.REPORT_DAYS, None, today)
        for row in session.scalars(select(Resolution).where(Resolution.report_due.between(first, last), Resolution.reported_on.is_not(None))):
            assert row.reported_on is not None
            row.report_due = rules.report_due(current_calendar(), row.reported_on, days)


HALF_YEARS = Job("meetings.half_years", _l("半年例会预警与判定"), half_years, {"hour": 7, "minute": 40}, plugin="meetings")
REMIND = Job("meetings.remind", _l("联席会议提醒与督办"), remind, {"hour": 8, "minute": 10}, plugin="meetings")
