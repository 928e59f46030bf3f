"""会议文件: notice, agenda, materials, sign-in sheet, minutes, list of resolutions. What they say; the layout is the portal's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import figures, layouts, minuting, planning, sitting, telling, words, workflow
from plugins.meetings.models import Meeting, Topic
from plugins.meetings.models_results import Minutes, Resolution
from portal.documents import Block, Document, Facts, Heading, Para, Table, chinese_date, chinese_number, in_chinese
from portal.documents.model import TITLE_WIDTH, width

COVER = 8


def clock(begin: dt.datetime, end: dt.datetime) -> str:
    return f"{begin:%H:%M}—{end:%H:%M}"


@in_chinese
def when(meeting: Meeting) -> str:
    """2026年9月29日（星期二）14:30—16:00."""
    begin, end = telling.local(meeting.starts_at), telling.local(meeting.ends_at)
    weekday = "一二三四五六日"[begin.weekday()]
    return _("%(day)s（星期%(w)s）%(clock)s", day=chinese_date(begin.date()), w=weekday, clock=clock(begin, end))


def broken(title: str, name: str) -> str:
    """A title that is too long for one line, broken after the name of the conference with which it begins."""
    before, found, rest = title.partition(name)
    return f"{before}{name}\n{rest}" if found and name and len(rest) > 2 and width(title) > TITLE_WIDTH else title


@in_chinese
def agenda_rows(session: Session, meeting: Meeting) -> list[tuple[str, str, str, str]]:
    """Time, content, unit and reporter of each item."""
    timed = planning.timed(session, meeting, planning.agenda(session, meeting.id))
    kept = (_("（限定单位参加的议题）"), "", "")
    return [(clock(begin, end), *((item.title, item.unit_name, item.reporter) if item is not None else kept)) for item, begin, end in timed]


@in_chinese
def agenda_table(session: Session, meeting: Meeting) -> Table:
    return Table(tuple(map(str, layouts.AGENDA.values())), tuple(agenda_rows(session, meeting)), (2.5, 5, 2, 1.4))


@in_chinese
def notice_values(session: Session, meeting: Meeting, today: dt.date) -> dict[str, Any]:
    """What the notice says; a change or a cancellation says what became of the first one."""
    units = planning.unit_names(session, meeting.id)
    name, contact, phone = telling.contact_of(session, meeting)
    cancelled = meeting.state == "cancelled"
    opening = _("经研究，定于近期召开%(title)s。现将有关事项通知如下：", title=meeting.title)
    if cancelled:
        opening = _("原定于%(when)s召开的%(title)s因故取消。原因：%(why)s", when=when(meeting), title=meeting.title, why=meeting.state_reason)
    elif meeting.sequence:
        opening = _("%(title)s的安排有调整（第 %(n)s 次更新），请以本通知为准。现将有关事项通知如下：", title=meeting.title, n=meeting.sequence)
    asked = [_("请各单位确定参会人员并在系统内回执；因故不能参会的，请派人代会或说明原因。")]
    if meeting.urgent_reason:
        asked.insert(0, _("本通知为紧急通知，原因：%(why)s。", why=meeting.urgent_reason.rstrip("。")))
    if contact:
        asked.append(_("联系人：%(name)s　电话：%(phone)s。", name=contact, phone=phone))
    rows = agenda_rows(session, meeting)
    return {
        "issuer": figures.figure(figures.ORGAN, None, today), "number": meeting.notice_number, "addressee": _("各受邀单位") if len(units) > COVER else "、".join(units),
        "title": broken(_("关于取消%(t)s的通知", t=meeting.title) if cancelled else _("关于召开%(t)s的通知", t=meeting.title), name), "opening": opening,
        "when": "" if cancelled else when(meeting), "place": meeting.place, "chair": meeting.chair, "units": "、".join(units),
        "requirements": "\n".join(text for text in (*asked, meeting.note) if text), "agenda": [dict(zip(layouts.AGENDA, row, strict=True)) for row in rows],
        "date": chinese_date(telling.local(meeting.changed_at).date() if meeting.notified_on else today),
    }  # fmt: skip


def notice(session: Session, meeting: Meeting, today: dt.date) -> Document:
    """会议通知 in the standard layout."""
    return layouts.notice(notice_values(session, meeting, today))


@in_chinese
def agenda(session: Session, meeting: Meeting) -> Document:
    facts = Facts(((_("时间"), when(meeting)), (_("地点"), meeting.place), (_("主持人"), meeting.chair)))
    return Document(_("%(t)s\n议程", t=meeting.title), form="plain", blocks=(facts, Para(""), agenda_table(session, meeting)))


@in_chinese
def materials(session: Session, meeting: Meeting, files: dict[int, list[Any]]) -> Document:
    """议题材料汇编: each topic with its background, what is asked, and what is attached."""
    items = [item for item in planning.agenda(session, meeting.id) if item.topic_id]
    topics = {topic.id: topic for topic in session.scalars(select(Topic).where(Topic.id.in_([item.topic_id for item in items] or [0])))}
    blocks: list[Block] = []
    for number, item in enumerate(items, 1):
        topic = topics.get(item.topic_id or 0)
        if topic is None:
            continue
        blocks += [
            Heading(1, f"{chinese_number(number)}、{topic.title}"),
            Facts(((_("提出单位"), topic.proposer_name), (_("类别"), topic.category), (_("汇报人"), item.reporter))),
        ]
        blocks += [Heading(2, _("（一）背景情况")), Para(topic.background), Heading(2, _("（二）拟请决定事项")), Para(topic.request)]
        names = [file.filename for file in files.get(topic.id, ())]
        if names:
            blocks += [Heading(2, _("（三）附件")), *(Para(f"{place}. {name}") for place, name in enumerate(names, 1))]
    return Document(_("%(t)s\n议题材料汇编", t=meeting.title), form="plain", blocks=tuple(blocks) or (Para(_("没有议题。")),))


@in_chinese
def sign_in_sheet(session: Session, meeting: Meeting) -> Document:
    """签到表: for signing on paper, or with what was taken down already."""
    there: dict[int, list[Any]] = {}
    for row in sitting.attendance(session, meeting.id):
        there.setdefault(row.invitation_id, []).append(row)
    rows = []
    for number, invitation in enumerate(planning.invitations(session, meeting.id), 1):
        signed = there.get(invitation.id, [])
        named = "、".join(f"{row.name}{_('（代）') if row.substitute else ''}" for row in signed) or invitation.name
        answer = "" if invitation.state == "attends" else str(workflow.INVITATION.state(invitation.state).title)
        note = "；".join(f"{words.HOW[row.how]} {telling.local(row.at):%H:%M}" for row in signed) or answer
        rows.append((str(number), invitation.unit_name, named, "、".join(row.position for row in signed if row.position) or invitation.position, "", note))
    table = Table((_("序号"), _("单位"), _("参会人"), _("职务"), _("签名"), _("备注")), tuple(rows), (0.95, 2.95, 1.7, 1.9, 1.7, 1.4))
    facts = Facts(((_("时间"), when(meeting)), (_("地点"), meeting.place)))
    return Document(_("%(t)s\n签到表", t=meeting.title), form="plain", blocks=(facts, Para(""), table))


@in_chinese
def minutes_values(session: Session, row: Minutes, today: dt.date) -> dict[str, Any]:
    """What the minutes say."""
    numbers, withheld = minuting.heads(session, row.id)
    lines = [
        f"{chinese_number(numbers[paragraph.id])}、{paragraph.text}" if paragraph.kind == "heading" else paragraph.text
        for paragraph in minuting.paragraphs(session, row.id)
    ]
    mark = {"draft": _("起草稿"), "circulating": _("征求意见稿"), "settled": _("待签发稿"), "replaced": _("已被更正")}.get(row.state, "")
    name = telling.contact_of(session, planning.find(session, row.meeting_id))[0]
    said = [_("节录：限定单位参加的议题从略") if withheld else "", _("第 %(n)s 版（更正）：%(why)s", n=row.edition, why=row.reason) if row.edition > 1 else ""]
    note = "　".join(filter(None, said))
    return {
        "heading": figures.figure(figures.HEADING, None, today), "number": row.number, "title": broken(row.title, name),
        "issuer": figures.figure(figures.ORGAN, None, today),
        "date": chinese_date(row.signed_on) if row.signed_on else "", "copies": figures.figure(figures.COPIES, None, today), "body": "\n".join(lines),
        "signer": row.signer, "mark": mark, "note": note[:60], **{name: "、".join(row.attendance.get(name, ())) for name, _label in layouts.LISTS},
    }  # fmt: skip


def minutes(session: Session, row: Minutes, today: dt.date) -> Document:
    """会议纪要 in the standard layout."""
    return layouts.minutes(minutes_values(session, row, today))


@in_chinese
def resolutions(session: Session, rows: Sequence[Resolution], title: str, today: dt.date) -> Document:
    """议定事项清单 with the state of each."""
    units = sitting.co_units(session, [row.id for row in rows])
    lines = []
    for number, row in enumerate(rows, 1):
        late = _("超期 %(n)s 天", n=(today - row.due_on).days) if row.state in ("recorded", "open", "in_progress", "review") and today > row.due_on else ""
        state = str(workflow.RESOLUTION.state(row.state).title)
        lines.append((str(number), row.text, row.lead_name, "、".join(item.unit_name for item in units[row.id]), str(row.due_on), "\n".join(filter(None, (state, late)))))
    table = Table((_("序号"), _("议定事项"), _("牵头单位"), _("配合单位"), _("时限"), _("状态")), tuple(lines), (1.3, 4.1, 2.3, 2.3, 2.7, 2))
    return Document(title, form="plain", blocks=(table,) if lines else (Para(_("没有议定事项。")),), date=today, signature=figures.figure(figures.ORGAN, None, today))


@in_chinese
def agreed(session: Session, meeting: Meeting, rows: Sequence[Resolution], today: dt.date) -> Document:
    """议定事项清单 of one meeting."""
    return resolutions(session, rows, _("%(t)s\n议定事项清单", t=meeting.title), today)


@in_chinese
def outstanding(session: Session, rows: Sequence[Resolution], today: dt.date) -> Document:
    """议定事项督办单: what is still to be done."""
    return resolutions(session, rows, _("联席会议\n议定事项督办单"), today)
