"""会议纪要: drafted, sent round, commented on, signed, numbered; then it stays, and a correction is a new version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.meetings import figures, following, planning, rules, sitting, telling
from plugins.meetings.models import Invitation, Meeting
from plugins.meetings.models_results import Comment, Minutes, Paragraph
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.documents import in_chinese
from portal.errors import Conflict, NotFound, Refused
from portal.records import attachments
from portal.records import workflow as steps
from portal.records.numbers import format_number, next_number
from portal.work import unit_of_work

Data = Mapping[str, Any]
COPY = "signed"
OPEN = ("draft", "circulating", "settled")
Line = tuple[str, str, int | None, int | None]
"""Kind and text of a paragraph, its resolution and its agenda item."""


def find(session: Session, minutes_id: int) -> Minutes:
    found = session.scalars(select(Minutes).where(Minutes.id == minutes_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return found


def editions(session: Session, meeting_id: int) -> list[Minutes]:
    """All versions of a meeting's minutes that may be seen, newest first."""
    return list(session.scalars(select(Minutes).where(Minutes.meeting_id == meeting_id).order_by(Minutes.edition.desc())))


def paragraphs(session: Session, minutes_id: int) -> list[Paragraph]:
    return list(session.scalars(select(Paragraph).where(Paragraph.minutes_id == minutes_id).order_by(Paragraph.position, Paragraph.id)))


def heads(session: Session, minutes_id: int) -> tuple[dict[int, int], int]:
    """The number of each heading as it stands in the whole minutes, and how many paragraphs are withheld from whoever is acting."""
    row: Any = Paragraph.__table__
    every = session.execute(select(row.c.id, row.c.kind).where(row.c.minutes_id == minutes_id).order_by(row.c.position, row.c.id)).all()
    numbers = {key: number for number, key in enumerate((key for key, kind in every if kind == "heading"), 1)}
    seen = session.scalar(select(func.count()).select_from(Paragraph).where(Paragraph.minutes_id == minutes_id)) or 0
    return numbers, len(every) - seen


def comments(session: Session, minutes_id: int) -> dict[int, list[Comment]]:
    """Comments by paragraph, oldest first."""
    found: dict[int, list[Comment]] = {}
    for comment in session.scalars(select(Comment).where(Comment.minutes_id == minutes_id).order_by(Comment.id)):
        found.setdefault(comment.paragraph_id, []).append(comment)
    return found


def default_comment_day(today: dt.date) -> dt.date:
    return current_calendar().add_working_days(today, figures.figure(figures.COMMENT_DAYS, None, today)).day


# -- drafting ---------------------------------------------------------------------------------------------------------------


@in_chinese
def attendance_of(session: Session, meeting: Meeting) -> dict[str, Any]:
    """Who was there, in whose name, who was excused and why not; and the quorum."""
    there: dict[int, list[str]] = {}
    for row in sitting.attendance(session, meeting.id):
        there.setdefault(row.invitation_id, []).append(f"{row.name}{_('（代）') if row.substitute else ''}")
    found: dict[str, Any] = {"present": [], "observers": [], "excused": [], "absent": []}
    for invitation in planning.invitations(session, meeting.id):
        if invitation.id in there:
            place = "present" if invitation.capacity == "member" else "observers"
            found[place].append(f"{invitation.unit_name} {'、'.join(there[invitation.id])}")
        elif invitation.state == "excused":
            found["excused"].append(f"{invitation.unit_name}{_('（%(why)s）', why=invitation.reason) if invitation.reason else ''}")
        else:
            found["absent"].append(invitation.unit_name)
    found["quorum"] = quorum_text(meeting)
    return found


@in_chinese
def quorum_text(meeting: Meeting) -> str:
    """What the minutes say of the quorum; without it they say so."""
    counted = _("成员单位 %(m)s 个，到会 %(p)s 个", m=meeting.members, p=meeting.present)
    return _("%(c)s，达到法定人数。", c=counted) if meeting.quorate else _("%(c)s，未达到法定人数（须 %(n)s 个），本次会议不计为例会。", c=counted, n=meeting.needed)


@in_chinese
def draft(session: Session, meeting: Meeting, _data: Data, today: dt.date) -> None:
    """Out of agenda, attendance, notes and resolutions."""
    minutes = _new(session, meeting, 1)
    opening = _("%(day)s，%(chair)s在%(place)s主持召开%(title)s。%(quorum)s现将会议议定事项纪要如下：", day=_chinese(meeting.day), chair=meeting.chair or _("召集人"),
                place=meeting.place, title=meeting.title, quorum=quorum_text(meeting))  # fmt: skip
    rows: list[Line] = [("text", opening, None, None)]
    notes, resolutions = sitting.notes(session, meeting.id), sitting.resolutions(session, meeting.id)
    units = sitting.co_units(session, [row.id for row in resolutions])
    for item in planning.agenda(session, meeting.id):
        rows.append(("heading", _("关于%(title)s", title=item.title), None, item.id))
        note = notes.get(item.id)
        rows += [("text", part.strip(), None, item.id) for part in (note.text if note else "").splitlines() if part.strip()]
        if item.outcome == "deferred":
            rows.append(("text", _("会议决定，本议题缓议，提交下次会议。"), None, item.id))
        rows += [("resolution", resolution_text(row, units[row.id]), row.id, item.id) for row in resolutions if row.item_id == item.id]
    loose = [row for row in resolutions if row.item_id is None]
    if loose:
        rows.append(("heading", _("其他议定事项"), None, None))
        rows += [("resolution", resolution_text(row, units[row.id]), row.id, None) for row in loose]
    _write(session, minutes, rows)


def _chinese(day: dt.date) -> str:
    return _("%(y)s年%(m)s月%(d)s日", y=day.year, m=day.month, d=day.day)


def _new(session: Session, meeting: Meeting, edition: int, reason: str = "") -> Minutes:
    minutes = Minutes(
        org_id=meeting.org_id, meeting_id=meeting.id, edition=edition, title=meeting.title, reason=reason, attendance=attendance_of(session, meeting),
        drafted_by=current_actor().account_id, due_on=meeting.minutes_due or meeting.day,
    )  # fmt: skip
    session.add(minutes)
    session.flush()
    return minutes


def _write(session: Session, minutes: Minutes, rows: list[Line]) -> None:
    for position, (kind, text, resolution_id, item_id) in enumerate(rows, 1):
        about: dict[str, Any] = {"kind": kind, "text": text, "resolution_id": resolution_id, "item_id": item_id}
        session.add(Paragraph(org_id=minutes.org_id, minutes_id=minutes.id, position=position, **about))
    session.flush()


@in_chinese
def resolution_text(row: Any, co_units: list[Any]) -> str:
    helping = _("，%(units)s配合", units="、".join(item.unit_name for item in co_units)) if co_units else ""
    text = row.text.rstrip("。；; ")
    return _("%(text)s（%(lead)s牵头%(co)s，%(due)s前完成）。", text=text, lead=row.lead_name, co=helping, due=_chinese(row.due_on))


def save_paragraph(minutes_id: int, paragraph_id: int, text: str, version: int | None) -> None:
    with unit_of_work("meetings.paragraph_saved") as session:
        minutes = _editable(session, minutes_id)
        row = paragraph(session, minutes.id, paragraph_id)
        if version is not None and row.version != version:
            raise Conflict(_("这条记录刚刚被别人修改，请重新打开后再试。"))
        if rules.fixes_penalty(text):
            raise Refused(_("纪要不写个案的处罚种类和金额，由有管辖权的机关依法决定。"), field="text")
        row.text = text.strip()


def add_paragraph(minutes_id: int, after_id: int, text: str) -> None:
    """A new paragraph after another one."""
    with unit_of_work("meetings.paragraph_saved") as session:
        minutes = _editable(session, minutes_id)
        before = paragraph(session, minutes.id, after_id)
        place = before.position
        if rules.fixes_penalty(text):
            raise Refused(_("纪要不写个案的处罚种类和金额，由有管辖权的机关依法决定。"), field="text")
        for row in paragraphs(session, minutes.id):
            if row.position > place:
                row.position += 1
        session.add(Paragraph(org_id=minutes.org_id, minutes_id=minutes.id, position=place + 1, kind="text", text=text.strip(), item_id=before.item_id))


def drop_paragraph(minutes_id: int, paragraph_id: int) -> None:
    with unit_of_work("meetings.paragraph_saved") as session:
        minutes = _editable(session, minutes_id)
        row = paragraph(session, minutes.id, paragraph_id)
        if row.kind == "resolution":
            raise Refused(_("议定事项请在会议记录中修改或删除。"))
        if session.scalars(select(Comment.id).where(Comment.paragraph_id == row.id).limit(1)).first() is not None:
            raise Refused(_("这一段有意见记录，不能删除，可修改文字。"))
        session.delete(row)


def _editable(session: Session, minutes_id: int) -> Minutes:
    minutes = find(session, minutes_id)
    if minutes.state not in OPEN:
        raise Conflict(_("纪要已签发，内容不再改动；更正请出新版。"))
    return minutes


def paragraph(session: Session, minutes_id: int, paragraph_id: int) -> Paragraph:
    found = session.scalars(select(Paragraph).where(Paragraph.id == paragraph_id, Paragraph.minutes_id == minutes_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这一段。"))
    return found


# -- sending round ------------------------------------------------------------------------------------------------------------


def guard_circulate(minutes: Minutes, data: Data, today: dt.date) -> None:
    if data["comment_by"] < today:
        raise Refused(_("意见截止日期不能早于今天。"), field="comment_by")


@in_chinese
def circulate(session: Session, minutes: Minutes, data: Data, today: dt.date) -> None:
    """送各单位征求意见."""
    refresh(session, minutes)
    minutes.circulated_on, minutes.comment_by = today, data["comment_by"]
    session.flush()
    units = telling.told_units(session, minutes.meeting_id)
    telling.tell_units(session, units, _("请对纪要征求意见稿提出意见：%(title)s", title=minutes.title), f"minutes:{minutes.id}:{today}",
                       body=_("%(day)s 前提出；逾期视为无意见。", day=minutes.comment_by), url=f"/meetings/minutes/{minutes.id}")  # fmt: skip


@in_chinese
def refresh(session: Session, minutes: Minutes) -> None:
    """Paragraphs of resolutions say what the resolutions say now; new ones come to the end."""
    resolutions = sitting.resolutions(session, minutes.meeting_id)
    units = sitting.co_units(session, [row.id for row in resolutions])
    rows = paragraphs(session, minutes.id)
    by_resolution = {row.resolution_id: row for row in rows if row.resolution_id is not None}
    last = rows[-1].position if rows else 0
    for resolution in resolutions:
        text = resolution_text(resolution, units[resolution.id])
        known = by_resolution.pop(resolution.id, None)
        if known is None:
            last += 1
            about: dict[str, Any] = {"kind": "resolution", "text": text, "resolution_id": resolution.id, "item_id": resolution.item_id}
            session.add(Paragraph(org_id=minutes.org_id, minutes_id=minutes.id, position=last, **about))
        elif resolution.state == "recorded" and known.text != text:
            known.text = text
    for gone in by_resolution.values():
        commented = session.scalars(select(Comment.id).where(Comment.paragraph_id == gone.id).limit(1)).first()
        if commented is None:
            session.delete(gone)
        else:
            gone.kind, gone.resolution_id, gone.text = "text", None, _("（本项已删除。）")


def comment(minutes_id: int, paragraph_id: int, text: str, suggestion: str, today: dt.date) -> None:
    """The opinion of a unit on one paragraph; late ones are marked."""
    with unit_of_work("meetings.commented") as session:
        minutes = find(session, minutes_id)
        if minutes.state != "circulating":
            raise Conflict(_("纪要不在征求意见中。"))
        unit = telling.acting_unit(session)
        if unit.id != minutes.org_id:
            asked = select(Invitation.id).where(Invitation.meeting_id == minutes.meeting_id, Invitation.unit_id == unit.id)
            if session.scalars(asked).first() is None:
                raise NotFound(_("没有找到这条记录。"))
        row = paragraph(session, minutes.id, paragraph_id)
        if not text.strip():
            raise Refused(_("请填写意见。"), field="text")
        session.add(
            Comment(
                org_id=minutes.org_id, minutes_id=minutes.id, paragraph_id=row.id, unit_id=unit.id, unit_name=unit.name, author=current_actor().name,
                text=text.strip()[:2000], suggestion=suggestion.strip()[:20000], made_at=utcnow(), late=minutes.comment_by is not None and today > minutes.comment_by,
            )
        )  # fmt: skip
        session.flush()
        _tell_commented(session, minutes, unit, today)


@in_chinese
def _tell_commented(session: Session, minutes: Minutes, unit: Organisation, today: dt.date) -> None:
    telling.tell_office(session, minutes.org_id, _("%(unit)s 对纪要提出意见", unit=unit.name), f"comment:{minutes.id}:{unit.id}:{today}",
                        url=f"/meetings/minutes/{minutes.id}")  # fmt: skip


def settle_comment(minutes_id: int, comment_id: int, accepted: bool, answer: str) -> None:
    """采纳 or 不采纳 with an answer; a suggested wording is taken over when accepted."""
    with unit_of_work("meetings.comment_settled") as session:
        minutes = _editable(session, minutes_id)
        row = session.scalars(select(Comment).where(Comment.id == comment_id, Comment.minutes_id == minutes.id)).one_or_none()
        if row is None:
            raise NotFound(_("没有找到这条意见。"))
        if row.state != "open":
            raise Conflict(_("这条意见已处理。"))
        if not accepted and not answer.strip():
            raise Refused(_("不采纳的请说明理由。"), field="answer")
        row.state, row.answer = "accepted" if accepted else "declined", answer.strip()[:1000]
        if accepted and row.suggestion:
            if rules.fixes_penalty(row.suggestion):
                raise Refused(_("纪要不写个案的处罚种类和金额，由有管辖权的机关依法决定。"), field="answer")
            place = paragraph(session, minutes.id, row.paragraph_id)
            if place.kind == "resolution":
                raise Refused(_("议定事项的文字请先在会议记录中修改，再标为已采纳（清空建议文字无法自动替换）。"), field="answer")
            place.text = row.suggestion


def open_comments(session: Session, minutes_id: int) -> int:
    return session.scalar(select(func.count()).select_from(Comment).where(Comment.minutes_id == minutes_id, Comment.state == "open")) or 0


def guard_settle(minutes: Minutes, data: Data, today: dt.date) -> None:
    left = open_comments(db.session(), minutes.id)
    if left:
        raise Refused(_("还有 %(n)s 条意见未处理。", n=left))
    if minutes.comment_by is not None and today <= minutes.comment_by and not data.get("early"):
        raise Refused(_("意见截止日期 %(day)s 未到；各单位已无意见的，请勾选提前定稿。", day=minutes.comment_by), field="early")


def settled(session: Session, minutes: Minutes, _data: Data, _today: dt.date) -> None:
    refresh(session, minutes)


# -- signing ----------------------------------------------------------------------------------------------------------------


def content(session: Session, minutes: Minutes) -> dict[str, Any]:
    """What is signed: everything that the paper says, whoever asks and whatever of it is withheld from them."""
    meeting = planning.find(session, minutes.meeting_id)
    row: Any = Paragraph.__table__
    every = session.execute(select(row.c.kind, row.c.text).where(row.c.minutes_id == minutes.id).order_by(row.c.position, row.c.id))
    return {
        "title": minutes.title, "number": minutes.number, "edition": minutes.edition, "signer": minutes.signer, "signed_on": str(minutes.signed_on),
        "meeting": [meeting.title, meeting.starts_at.isoformat(), meeting.place, meeting.chair], "attendance": minutes.attendance,
        "paragraphs": [[kind, text] for kind, text in every],
    }  # fmt: skip


def intact(session: Session, minutes: Minutes) -> bool:
    """Whether a signed version still says what was signed."""
    return not minutes.digest or rules.digest(content(session, minutes)) == minutes.digest


def guard_sign(minutes: Minutes, _data: Data, _today: dt.date) -> None:
    session = db.session()
    left = open_comments(session, minutes.id)
    if left:
        raise Refused(_("还有 %(n)s 条意见未处理，不能签发。", n=left))
    if minutes.state != "settled":
        raise Refused(_("纪要尚未定稿，不能签发。"))
    for row in paragraphs(session, minutes.id):
        if rules.fixes_penalty(row.text):
            raise Refused(_("纪要不写个案的处罚种类和金额，请先修改：%(text)s", text=row.text[:40]))


@in_chinese
def sign(session: Session, minutes: Minutes, _data: Data, today: dt.date) -> None:
    """签发: number, signature, hash; the resolutions are in force and their units are told."""
    meeting = planning.find(session, minutes.meeting_id)
    before = session.scalars(select(Minutes).where(Minutes.meeting_id == meeting.id, Minutes.state == "signed")).one_or_none()
    if before is None:
        minutes.number_year, minutes.number_seq = today.year, next_number(session, minutes.org_id, "meetings.minutes", today.year)
        minutes.number = format_number(figures.figure(figures.MINUTES_NUMBER, None, today), "", today.year, minutes.number_seq)
        steps.move(meeting, "issue")
    else:
        minutes.number_year, minutes.number_seq, minutes.number = before.number_year, before.number_seq, before.number
        steps.move(before, "replace")
    following.put_in_force(session, meeting, today, minutes.number_year, minutes.number_seq)
    minutes.signer, minutes.signed_on = current_actor().name, today
    session.flush()
    minutes.digest = rules.digest(content(session, minutes))
    units = telling.told_units(session, meeting.id)
    word = _("会议纪要已印发：%(n)s", n=minutes.number) if before is None else _("会议纪要更正：%(n)s", n=minutes.number)
    telling.tell_units(session, units, word, f"issued:{minutes.id}", body=minutes.reason or minutes.title, url=f"/meetings/minutes/{minutes.id}")


def guard_revise(minutes: Minutes, _data: Data, _today: dt.date) -> None:
    newer = select(Minutes.id).where(Minutes.meeting_id == minutes.meeting_id, Minutes.edition > minutes.edition)
    if db.session.scalars(newer.limit(1)).first() is not None:
        raise Refused(_("已有一份更正稿在起草。"))


def revise(session: Session, minutes: Minutes, data: Data, _today: dt.date) -> None:
    """更正: a new version with a reason; the old one holds until the new one is signed."""
    meeting = planning.find(session, minutes.meeting_id)
    fresh = _new(session, meeting, minutes.edition + 1, telling.text_of(data, "reason"))
    fresh.attendance = minutes.attendance
    _write(session, fresh, [(row.kind, row.text, row.resolution_id, row.item_id) for row in paragraphs(session, minutes.id)])


def bind_copy(minutes_id: int, prepared: tuple[bytes, str, str]) -> None:
    """The scanned paper with the signature, bound to the signed text by both hashes; it is never exchanged in silence."""
    with unit_of_work("meetings.copy_bound") as session:
        minutes = find(session, minutes_id)
        if minutes.state != "signed":
            raise Refused(_("签发后才能上传签字件。"), field="file")
        if minutes.copy_digest:
            raise Refused(_("已绑定签字件，不能替换；有误的请出更正版。"), field="file")
        kept = attachments.attach(session, prepared, "meetings.minutes", minutes.id, minutes.org_id, COPY)
        minutes.copy_digest, minutes.copy_of = kept.digest, minutes.digest
