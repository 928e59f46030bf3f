"""会议通知、改期、取消、回执."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import figures, planning, rules, telling
from plugins.meetings.models import AgendaItem, Attendance, Invitation, Meeting, MeetingChange, Topic
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import db, utcnow
from portal.documents import in_chinese
from portal.errors import Refused
from portal.records import workflow as steps
from portal.records.numbers import format_number, next_number

Data = Mapping[str, Any]


def check_notice(day: dt.date, today: dt.date, reason: str) -> None:
    """Three whole working days before the meeting (default), or 紧急 with a reason."""
    days = figures.figure(figures.NOTICE_DAYS, None, today)
    if reason or rules.notice_in_time(current_calendar(), today, day, days):
        return
    last = current_calendar().previous_working_day(rules.latest_notice(current_calendar(), day, days))
    raise Refused(
        _("通知须在会议前 %(n)s 个工作日发出（最迟 %(last)s）。确需立即召开的，请填写紧急原因。", n=days, last=last), field="urgent_reason"
    )  # fmt: skip


def guard_notify(meeting: Meeting, data: Data, today: dt.date) -> None:
    session = db.session()
    if meeting.day < today:
        raise Refused(_("会议日期已过，请先修改日期。"))
    if not session.scalars(select(AgendaItem.id).where(AgendaItem.meeting_id == meeting.id).limit(1)).first():
        raise Refused(_("议程为空，请先安排议题。"))
    if not session.scalars(select(Invitation.id).where(Invitation.meeting_id == meeting.id).limit(1)).first():
        raise Refused(_("邀请名单为空。"))
    missing = planning.missing_members(session, meeting) if meeting.kind == "regular" else []
    if missing:
        raise Refused(_("例会应邀请全部成员单位，尚缺：%(names)s。", names="、".join(missing[:8])))
    check_notice(meeting.day, today, telling.text_of(data, "urgent_reason", 500))


@in_chinese
def notify(session: Session, meeting: Meeting, data: Data, today: dt.date) -> None:
    """Send the notice: from now on the invited see the meeting, its agenda and its materials."""
    seq = next_number(session, meeting.org_id, "meetings.notice", today.year)
    meeting.notice_number = format_number(figures.figure(figures.NOTICE_NUMBER, None, today), "", today.year, seq)
    meeting.notified_on, meeting.urgent_reason, meeting.changed_at = today, telling.text_of(data, "urgent_reason", 500), utcnow()
    for invitation in planning.invitations(session, meeting.id):
        invitation.told = True
    session.flush()
    mark = _("【紧急】") if meeting.urgent_reason else ""
    _tell(session, meeting, _("%(mark)s会议通知：%(title)s", mark=mark, title=meeting.title), _("时间：%(span)s　地点：%(place)s。请及时回执。",
          span=telling.span(meeting), place=meeting.place))  # fmt: skip


def _tell(session: Session, meeting: Meeting, title: str, body: str) -> None:
    units = telling.told_units(session, meeting.id)
    telling.tell_units(session, units, title, f"meeting:{meeting.id}:{meeting.sequence}:{meeting.state}", body=body, url=f"/meetings/{meeting.id}", urgent=True)


@in_chinese
def resend(session: Session, meeting: Meeting, data: Data, today: dt.date) -> None:
    """补发通知 after the agenda or the list of the invited changed: a new version of the same event."""
    _next_version(meeting)
    for invitation in planning.invitations(session, meeting.id):
        invitation.told = True
    session.flush()
    _tell(session, meeting, _("会议通知更新：%(title)s", title=meeting.title), telling.text_of(data, "reason") or _("议程或名单有调整，请查看。"))


def _next_version(meeting: Meeting) -> None:
    meeting.sequence += 1
    meeting.changed_at = utcnow()


def guard_move(meeting: Meeting, data: Data, today: dt.date) -> None:
    start, end = planning.times(data, confirmed=bool(data.get("day_off_ok")))
    place = telling.text_of(data, "place", 120)
    if data["day"] < today:
        raise Refused(_("会议日期不能早于今天。"), field="day")
    if (start, end, place) == (meeting.starts_at, meeting.ends_at, meeting.place):
        raise Refused(_("时间和地点都没有变化。"), field="day")
    if meeting.state == "notified" and start != meeting.starts_at:
        check_notice(data["day"], today, telling.text_of(data, "urgent_reason", 500))


@in_chinese
def move(session: Session, meeting: Meeting, data: Data, today: dt.date) -> None:
    """改期: everybody is told; the calendar entry keeps its UID with a higher SEQUENCE; answers are asked for again."""
    start, end = planning.times(data, confirmed=bool(data.get("day_off_ok")))
    across = rules.moved_across(meeting.day, data["day"])
    _remember(session, meeting, "moved", telling.text_of(data, "reason"), across)
    new_time = start != meeting.starts_at or end != meeting.ends_at
    meeting.starts_at, meeting.ends_at, meeting.day, meeting.place = start, end, data["day"], telling.text_of(data, "place", 120) or meeting.place
    if meeting.state == "notified":
        _next_version(meeting)
        meeting.urgent_reason = telling.text_of(data, "urgent_reason", 500) if new_time else meeting.urgent_reason
        if new_time:
            ask_again(session, meeting)
        session.flush()
        body = _("原因：%(why)s。新的时间：%(span)s　地点：%(place)s。", why=telling.text_of(data, "reason"), span=telling.span(meeting), place=meeting.place)
        _tell(session, meeting, _("会议改期：%(title)s", title=meeting.title), body)
    if across and meeting.kind == "regular":
        year, half = rules.half_of(telling.local(meeting.starts_at).date())
        text = _("例会改到 %(year)s 年%(half)s，不计入原半年。", year=year, half=_("上半年") if half == 1 else _("下半年"))
        telling.tell_office(session, meeting.org_id, text, f"across:{meeting.id}:{meeting.day}", url=f"/meetings/{meeting.id}")


def ask_again(session: Session, meeting: Meeting) -> None:
    """Answers to an earlier time say nothing about the new one."""
    for invitation in planning.invitations(session, meeting.id):
        invitation.state, invitation.reason = "invited", ""


def _remember(session: Session, meeting: Meeting, kind: str, reason: str, across: bool = False) -> None:
    session.add(
        MeetingChange(
            org_id=meeting.org_id, meeting_id=meeting.id, kind=kind, old_starts_at=meeting.starts_at, old_ends_at=meeting.ends_at, old_place=meeting.place,
            reason=reason[:2000], sequence=meeting.sequence, across=across, at=utcnow(), author=current_actor().name,
        )
    )  # fmt: skip


@in_chinese
def cancel(session: Session, meeting: Meeting, data: Data, today: dt.date) -> None:
    """取消: everybody who knows of it is told; its topics wait for the next meeting."""
    reason = telling.text_of(data, "reason")
    _remember(session, meeting, "cancelled", reason)
    known = meeting.state in ("notified", "sitting")
    meeting.state_reason = reason
    for topic in session.scalars(select(Topic).where(Topic.meeting_id == meeting.id, Topic.state == "scheduled")):
        steps.move(topic, "unschedule")
        topic.meeting_id = None
    if known:
        _next_version(meeting)
        session.flush()
        _tell(session, meeting, _("会议取消：%(title)s", title=meeting.title), _("原定 %(span)s。原因：%(why)s", span=telling.span(meeting), why=reason))


# -- acknowledgement --------------------------------------------------------------------------------------------------------


def guard_answer(invitation: Invitation, _data: Data, today: dt.date) -> None:
    meeting = invitation.meeting
    if not invitation.told or meeting.state != "notified":
        raise Refused(_("会议通知未发出，或会议已开始、已取消，不能再回执。"))
    if meeting.day < today:
        raise Refused(_("会议日期已过，不能再回执。"))


def guard_person(invitation: Invitation, data: Data, today: dt.date) -> None:
    """Nobody attends for two units."""
    guard_answer(invitation, data, today)
    refuse_doubled(db.session(), invitation, telling.text_of(data, "name", 60), telling.text_of(data, "phone", 30))


def refuse_doubled(session: Session, invitation: Invitation, name: str, phone: str) -> None:
    """Refuse a person who already answers or signs for another unit of the same meeting. Read past the unit's own rows,
    but nothing is told of the other unit except that there is one."""
    answers: Any = Invitation.__table__
    signed: Any = Attendance.__table__
    others = select(answers.c.name, answers.c.phone).where(
        answers.c.meeting_id == invitation.meeting_id, answers.c.id != invitation.id, answers.c.state.in_(("attends", "substitute"))
    )
    there = select(signed.c.name, signed.c.phone).where(signed.c.meeting_id == invitation.meeting_id, signed.c.invitation_id != invitation.id)
    for row in [*session.execute(others), *session.execute(there)]:
        if rules.same_person(name, phone, row.name, row.phone):
            raise Refused(_("“%(name)s”已代表其他单位参会，一人不能代表两个单位；同名不同人的，请填写电话区分。", name=name), field="name")


def answer(session: Session, invitation: Invitation, data: Data, today: dt.date) -> None:
    """The acknowledgement of a unit: who comes, or why nobody does."""
    for name, longest in (("name", 60), ("position", 60), ("phone", 30)):
        setattr(invitation, name, telling.text_of(data, name, longest))
    invitation.reason = telling.text_of(data, "reason", 500)
    invitation.answered_at, invitation.answered_by, invitation.seen_sequence = utcnow(), current_actor().name, invitation.meeting.sequence
