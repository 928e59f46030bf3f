"""会中: signing in, the recorder's notes, decisions caught as resolutions, and whether there was a quorum."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.meetings import figures, notices, planning, rules, telling
from plugins.meetings.models import AgendaItem, Attendance, Delegate, Invitation, Meeting, Membership, Note, Topic
from plugins.meetings.models_results import CoUnit, Resolution
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.errors import Conflict, NotFound, Refused
from portal.records import workflow as steps
from portal.tenancy import crossing
from portal.work import unit_of_work

Data = Mapping[str, Any]
SIGNING = ("notified", "sitting")
LONGEST_NOTE = 50_000


def delegate_of(unit_id: int) -> Delegate | None:
    """Today's liaison of a unit."""
    found = (
        select(Delegate)
        .join(Membership, Membership.id == Delegate.membership_id)
        .where(Membership.unit_id == unit_id, Membership.until.is_(None), Delegate.until.is_(None))
        .order_by(Delegate.post.desc(), Delegate.id.desc())
    )
    return db.session.scalars(found.limit(1)).first()


# -- signing in -------------------------------------------------------------------------------------------------------------


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="meetings.sign-in")


def sign_code(meeting_id: int) -> str:
    """The code that the QR on the wall holds; good for a few minutes only."""
    return str(_serializer().dumps(meeting_id))


def read_code(code: str, today: dt.date) -> int:
    """The meeting of a code. Raises Refused when it is too old, NotFound when it is none."""
    seconds = figures.figure(figures.CODE_SECONDS, None, today) + 60
    try:
        return int(_serializer().loads(code[:300], max_age=seconds))
    except SignatureExpired:
        raise Refused(_("签到码已过期，请重新扫描会场屏幕上的二维码。")) from None
    except (BadSignature, ValueError, TypeError):
        raise NotFound(_("没有找到这个页面。")) from None


def attendance(session: Session, meeting_id: int) -> list[Attendance]:
    return list(session.scalars(select(Attendance).where(Attendance.meeting_id == meeting_id).order_by(Attendance.id)))


def sign_in(meeting_id: int, invitation_id: int, data: Data, how: str, today: dt.date) -> Attendance:
    """Take down who came for a unit. Raises Refused for somebody who is there for another unit already."""
    with unit_of_work("meetings.signed_in") as session:
        meeting = planning.find(session, meeting_id, lock=True)
        _check_open(meeting, today)
        invitation = session.scalars(select(Invitation).where(Invitation.id == invitation_id, Invitation.meeting_id == meeting.id)).one_or_none()
        if invitation is None:
            raise Refused(_("请选择受邀单位。"), field="invitation")
        name, phone = telling.text_of(data, "name", 60), telling.text_of(data, "phone", 30)
        if not name:
            raise Refused(_("请填写姓名。"), field="name")
        notices.refuse_doubled(session, invitation, name, phone)
        known = select(Attendance.id).where(Attendance.invitation_id == invitation.id, Attendance.name == name)
        if session.scalars(known).first() is not None:
            raise Refused(_("%(name)s 已签到。", name=name), field="name")
        made = Attendance(
            org_id=meeting.org_id, meeting_id=meeting.id, invitation_id=invitation.id, unit_id=invitation.unit_id, name=name, phone=phone,
            position=telling.text_of(data, "position", 60), how=how, at=utcnow(), substitute=_stands_in(invitation, name),
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made


def _check_open(meeting: Meeting, today: dt.date) -> None:
    if meeting.state not in SIGNING:
        raise Refused(_("会议未通知，或已结束，不能签到。"))
    if today < meeting.day:
        raise Refused(_("会议当天才能签到。"))


def _stands_in(invitation: Invitation, name: str) -> bool:
    """代: the acknowledgement said so, or it is neither whom the unit announced nor its liaison."""
    if invitation.state == "substitute" and name == invitation.name:
        return True
    if invitation.state == "attends":
        return name != invitation.name
    liaison = delegate_of(invitation.unit_id)
    return liaison is not None and name != liaison.name


def sign_list(meeting_id: int, present: Sequence[int], today: dt.date) -> int:
    """By list: tick the units whose announced person is there. Returns how many were taken down."""
    count = 0
    with unit_of_work("meetings.signed_in") as session:
        there = {row.invitation_id for row in attendance(session, meeting_id)}
        for invitation in planning.invitations(session, meeting_id):
            if invitation.id not in present or invitation.id in there:
                continue
            liaison = delegate_of(invitation.unit_id)
            who = (invitation.name, invitation.position, invitation.phone) if invitation.name else (liaison.name, liaison.position, liaison.phone) if liaison else None
            if who is None:
                raise Refused(_("%(unit)s 没有回执参会人，请用“代签”填写姓名。", unit=invitation.unit_name))
            sign_in(meeting_id, invitation.id, dict(zip(("name", "position", "phone"), who, strict=True)), "list", today)
            count += 1
    return count


def undo_sign_in(meeting_id: int, attendance_id: int, reason: str) -> None:
    """Take an entry back that was wrong; the trail keeps it."""
    with unit_of_work("meetings.sign_in_undone", reason=reason) as session:
        meeting = planning.find(session, meeting_id)
        row = session.scalars(select(Attendance).where(Attendance.id == attendance_id, Attendance.meeting_id == meeting.id)).one_or_none()
        if row is None or meeting.state not in SIGNING:
            raise Refused(_("会议已结束，签到记录不能再改。"))
        session.delete(row)


def by_code(code: str, today: dt.date) -> tuple[Meeting, list[Invitation]]:
    """The meeting of a code with those who are invited, for the telephone at the door, which may have no account."""
    meeting_id = read_code(code, today)
    with crossing("meetings.sign_in", f"meeting {meeting_id}"):
        return planning.find(db.session(), meeting_id), planning.invitations(db.session(), meeting_id)


def sign_in_by_code(code: str, invitation_id: int, data: Data, today: dt.date) -> Attendance:
    meeting_id = read_code(code, today)
    with crossing("meetings.sign_in", f"meeting {meeting_id}"):
        return sign_in(meeting_id, invitation_id, data, "qr", today)


# -- quorum -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Quorum:
    """Member units that are invited, that are there, and how many are needed."""

    members: int
    present: int
    needed: int

    @property
    def reached(self) -> bool:
        return self.members > 0 and self.present >= self.needed


def quorum(session: Session, meeting: Meeting, today: dt.date) -> Quorum:
    members = session.scalar(select(func.count()).select_from(Invitation).where(Invitation.meeting_id == meeting.id, Invitation.capacity == "member")) or 0
    there = select(func.count(Attendance.unit_id.distinct())).join(Invitation, Invitation.id == Attendance.invitation_id)
    present = session.scalar(there.where(Attendance.meeting_id == meeting.id, Invitation.capacity == "member")) or 0
    return Quorum(members, present, rules.quorum_needed(members, figures.figure(figures.QUORUM, None, today)))


def guard_open(meeting: Meeting, _data: Data, today: dt.date) -> None:
    if today < meeting.day:
        raise Refused(_("会议日期是 %(day)s，还没有到。", day=meeting.day))


def guard_hold(meeting: Meeting, data: Data, today: dt.date) -> None:
    """Held only with attendance taken down and a quorum (acceptance A6.3)."""
    guard_open(meeting, data, today)
    found = quorum(db.session(), meeting, today)
    if not found.present:
        raise Refused(_("还没有签到记录。"))
    if not found.reached:
        raise Refused(
            _("法定人数不足：成员单位 %(m)s 个，到会 %(p)s 个，须 %(n)s 个。可改期，或按“未达法定人数”如实记录。", m=found.members, p=found.present, n=found.needed)
        )


def guard_short(meeting: Meeting, data: Data, today: dt.date) -> None:
    guard_open(meeting, data, today)
    found = quorum(db.session(), meeting, today)
    if found.reached:
        raise Refused(_("已达到法定人数，请用“会议结束”。"))
    if not found.present:
        raise Refused(_("还没有签到记录。"))


def hold(session: Session, meeting: Meeting, data: Data, today: dt.date) -> None:
    """The meeting is over: who was there is counted and stays; what was not dealt with waits for the next one."""
    found = quorum(session, meeting, today)
    meeting.members, meeting.present, meeting.needed, meeting.quorate = found.members, found.present, found.needed, found.reached
    meeting.held_on, meeting.state_reason, meeting.current_item_id = meeting.day, telling.text_of(data, "reason"), None
    meeting.minutes_due = current_calendar().add_working_days(meeting.day, figures.figure(figures.MINUTES_DAYS, None, today)).day
    for item in planning.agenda(session, meeting.id):
        _close_item(session, item)


def _close_item(session: Session, item: AgendaItem) -> None:
    topic = session.get(Topic, item.topic_id) if item.topic_id else None
    if topic is None or topic.state != "scheduled":
        return
    if item.outcome in ("decided", "noted"):
        steps.move(topic, "discuss")
    else:
        item.outcome = "deferred"
        steps.move(topic, "put_off")
        topic.meeting_id, topic.deferrals = None, topic.deferrals + 1


# -- the recorder's page ------------------------------------------------------------------------------------------------------


def _live(session: Session, meeting_id: int) -> Meeting:
    """The meeting, while it may be written down. Recorders who write at the same moment come one after the other."""
    meeting = planning.find(session, meeting_id, lock=True)
    if meeting.state not in ("notified", "sitting", "held", "minuted"):
        raise Conflict(_("纪要已印发或会议未开始，记录不能再改。"))
    return meeting


def notes(session: Session, meeting_id: int) -> dict[int, Note]:
    return {note.item_id: note for note in session.scalars(select(Note).where(Note.meeting_id == meeting_id))}


def open_item(meeting_id: int, item_id: int) -> None:
    """What is being spoken of now."""
    with unit_of_work("meetings.item_opened") as session:
        meeting = _live(session, meeting_id)
        meeting.current_item_id = planning.item_of(session, meeting.id, item_id).id


def save_note(meeting_id: int, item_id: int, text: str, version: int) -> Note:
    """Keep what was typed. ``version`` is that of the text the recorder started from (0: none): a second recorder does
    not overwrite the first. Raises Conflict."""
    if len(text) > LONGEST_NOTE:
        raise Refused(_("记录最多 %(n)s 个字。", n=LONGEST_NOTE), field="text")
    with unit_of_work("meetings.note_saved") as session:
        meeting = _live(session, meeting_id)
        item = planning.item_of(session, meeting.id, item_id)
        note = session.scalars(select(Note).where(Note.item_id == item.id)).one_or_none()
        if (note.version if note is not None else 0) != version and (note is None or note.text != text):
            raise Conflict(_("%(who)s 刚刚改过这一段，您的文字没有覆盖它。", who=note.saved_by if note else ""))
        if note is None:
            note = Note(org_id=meeting.org_id, meeting_id=meeting.id, item_id=item.id)
            session.add(note)
        if note.text != text:
            note.text, note.saved_at, note.saved_by = text, utcnow(), current_actor().name
        elif note.saved_at is None:
            note.saved_at, note.saved_by = utcnow(), current_actor().name
        session.flush()
        return note


def joined(theirs: str, own: str) -> str:
    """Both texts: what another recorder wrote, and after it the lines of the own text that are not in it."""
    there = {line.strip() for line in theirs.splitlines()}
    rest = [line for line in own.splitlines() if line.strip() and line.strip() not in there]
    return "\n".join([theirs.rstrip(), *rest]) if rest else theirs


def set_outcome(meeting_id: int, item_id: int, outcome: str) -> None:
    """议定、通报 or 缓议."""
    if outcome not in ("", "decided", "noted", "deferred"):
        raise Refused(_("请从列表中选择。"))
    with unit_of_work("meetings.item_opened") as session:
        meeting = _live(session, meeting_id)
        if meeting.state not in ("notified", "sitting"):
            raise Conflict(_("会议已结束，议题结果不能再改。"))
        planning.item_of(session, meeting.id, item_id).outcome = outcome


# -- resolutions as they are agreed -----------------------------------------------------------------------------------------------


def resolutions(session: Session, meeting_id: int) -> list[Resolution]:
    return list(session.scalars(select(Resolution).where(Resolution.meeting_id == meeting_id).order_by(Resolution.seq, Resolution.id)))


def checked(session: Session, data: Data, meeting: Meeting) -> dict[str, Any]:
    """Exactly one lead unit and a date (acceptance A6.5); no penalty of a single case. Raises Refused at the field."""
    text = telling.text_of(data, "text", 5000)
    leads = [key for key in dict.fromkeys(data.get("lead") or ()) if key]
    outside = telling.text_of(data, "outside", 80)
    if not text:
        raise Refused(_("请填写议定内容。"), field="text")
    if rules.fixes_penalty(text):
        raise Refused(_("联席会议不决定个案的处罚种类和金额，由有管辖权的机关依法决定。请改写为程序、协作或研究意见。"), field="text")
    if len(leads) + bool(outside) > 1:
        raise Refused(_("牵头单位只能有一个。"), field="lead")
    if not leads and not outside:
        raise Refused(_("请指定牵头单位。"), field="lead")
    due = data.get("due_on")
    if due is None:
        raise Refused(_("请填写完成时限。"), field="due_on")
    if due < meeting.day:
        raise Refused(_("完成时限不能早于会议日期。"), field="due_on")
    lead = session.get(Organisation, leads[0]) if leads else None
    if leads and (lead is None or not lead.active):
        raise Refused(_("请指定牵头单位。"), field="lead")
    return {
        "text": text,
        "lead_id": lead.id if lead else None,
        "lead_name": lead.name if lead else outside,
        "outside": outside,
        "due_on": due,
        "first_due": due,
        "sort_due": due,
    }


def record_resolution(meeting_id: int, item_id: int | None, data: Data) -> Resolution:
    """Catch a decision while it is made."""
    with unit_of_work("meetings.resolution_recorded") as session:
        meeting = _live(session, meeting_id)
        values = checked(session, data, meeting)
        if item_id is not None:
            planning.item_of(session, meeting.id, item_id)
        seq = (session.scalar(select(func.max(Resolution.seq)).where(Resolution.meeting_id == meeting.id)) or 0) + 1
        made = Resolution(org_id=meeting.org_id, meeting_id=meeting.id, item_id=item_id, seq=seq, agreed_on=meeting.day, **values)
        session.add(made)
        session.flush()
        _set_co_units(session, made, data.get("co_units") or ())
        if item_id is not None and meeting.state in ("notified", "sitting"):
            planning.item_of(session, meeting.id, item_id).outcome = "decided"
        return made


def change_resolution(meeting_id: int, resolution_id: int, data: Data, version: int | None) -> None:
    """Correct what was caught, before the minutes are signed."""
    with unit_of_work("meetings.resolution_changed") as session:
        meeting = _live(session, meeting_id)
        row = _recorded(session, meeting, resolution_id)
        if version is not None and row.version != version:
            raise Conflict(_("这条记录刚刚被别人修改，请重新打开后再试。"))
        for name, value in checked(session, data, meeting).items():
            setattr(row, name, value)
        _set_co_units(session, row, data.get("co_units") or ())


def drop_resolution(meeting_id: int, resolution_id: int) -> None:
    with unit_of_work("meetings.resolution_dropped") as session:
        meeting = _live(session, meeting_id)
        row = _recorded(session, meeting, resolution_id)
        for co_unit in co_units(session, [row.id])[row.id]:
            session.delete(co_unit)
        session.flush()
        session.delete(row)


def _recorded(session: Session, meeting: Meeting, resolution_id: int) -> Resolution:
    row = session.scalars(select(Resolution).where(Resolution.id == resolution_id, Resolution.meeting_id == meeting.id)).one_or_none()
    if row is None:
        raise NotFound(_("没有找到这条记录。"))
    if row.state != "recorded":
        raise Conflict(_("纪要已签发，议定事项不能再改；可延期或另行议定。"))
    return row


def _set_co_units(session: Session, row: Resolution, wanted: Sequence[int]) -> None:
    present = {item.unit_id: item for item in co_units(session, [row.id])[row.id]}
    chosen = {unit for unit in wanted if unit and unit != row.lead_id}
    for unit_id, item in present.items():
        if unit_id not in chosen:
            session.delete(item)
    units = session.scalars(select(Organisation).where(Organisation.id.in_(sorted(chosen - set(present)) or [0])).order_by(Organisation.weight))
    session.add_all(CoUnit(org_id=row.org_id, resolution_id=row.id, unit_id=unit.id, unit_name=unit.name) for unit in units)
    session.flush()


def co_units(session: Session, resolution_ids: Sequence[int]) -> dict[int, list[CoUnit]]:
    found: dict[int, list[CoUnit]] = {key: [] for key in resolution_ids}
    for row in session.scalars(select(CoUnit).where(CoUnit.resolution_id.in_(list(resolution_ids) or [0])).order_by(CoUnit.id)):
        found[row.resolution_id].append(row)
    return found
