"""会议文件: notice, agenda, materials, sign-in sheet, minutes, list of resolutions. What they say; the layout is the portal's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import figures, minuting, planning, sitting, telling, words, workflow
from plugins.meetings.models import Meeting, Topic
from plugins.meetings.models_results import Minutes, Resolution
from portal.documents import Block, Document, Facts, Heading, Para, Table, chinese_date, chinese_number, in_chinese

COVER = 8


def clock(begin: dt.datetime, end: dt.datetime) -> str:
    return f"{begin:%H:%M}—{end:%H:%M}"


def when(meeting: Meeting) -> str:
    """2026年9月29日（星期二）14:30—16:00."""
    begin, end = telling.local(meeting.starts_at), telling.local(meeting.ends_at)
    weekday = "一二三四五六日"[begin.weekday()]
    return _("%(day)s（星期%(w)s）%(clock)s", day=chinese_date(begin.date()), w=weekday, clock=clock(begin, end))


def agenda_table(session: Session, meeting: Meeting) -> Table:
    rows = [(clock(begin, end), item.title, item.unit_name, item.reporter) for item, begin, end in planning.timed(meeting, planning.agenda(session, meeting.id))]
    return Table((_("时间"), _("内容"), _("提出单位"), _("汇报人")), tuple(rows), (2, 5, 2, 1.4))


@in_chinese
def notice(session: Session, meeting: Meeting, today: dt.date) -> Document:
    """会议通知; a change or a cancellation says what became of the first one."""
    units = [row.unit_name for row in planning.invitations(session, meeting.id)]
    organ, conference = figures.figure(figures.ORGAN, None, today), telling.conference_of(session)
    cancelled = meeting.state == "cancelled"
    opening = _("经研究，定于近期召开%(title)s。现将有关事项通知如下：", title=meeting.title)
    if cancelled:
        opening = _("原定于%(when)s召开的%(title)s因故取消。原因：%(why)s", when=when(meeting), title=meeting.title, why=meeting.state_reason)
    elif meeting.sequence:
        opening = _("%(title)s的安排有调整（第 %(n)s 次更新），请以本通知为准。现将有关事项通知如下：", title=meeting.title, n=meeting.sequence)
    blocks: list[Block] = [Para(opening)]
    if not cancelled:
        parts: list[tuple[str, list[Block]]] = [
            (_("会议时间"), [Para(_("%(when)s。", when=when(meeting)))]),
            (_("会议地点"), [Para(_("%(place)s。", place=meeting.place))]),
            (_("会议议程"), [agenda_table(session, meeting)]),
            (_("参会单位"), [Para(_("%(units)s。", units="、".join(units)))]),
        ]
        tail = [_("请各单位确定参会人员并在系统内回执；因故不能参会的，请派人代会或说明原因。")]
        if meeting.urgent_reason:
            tail.insert(0, _("本通知为紧急通知，原因：%(why)s。", why=meeting.urgent_reason.rstrip("。")))
        if conference is not None and conference.contact:
            tail.append(_("联系人：%(name)s　电话：%(phone)s。", name=conference.contact, phone=conference.phone))
        parts.append((_("有关要求"), [Para(text) for text in (*tail, meeting.note) if text]))
        for number, (title, content) in enumerate(parts, 1):
            blocks.append(Heading(1, f"{chinese_number(number)}、{title}"))
            blocks += content
    title = _("关于取消%(t)s的通知", t=meeting.title) if cancelled else _("关于召开%(t)s的通知", t=meeting.title)
    addressee = _("各受邀单位") if len(units) > COVER else "、".join(units)
    return Document(
        title, issuer=organ, number=meeting.notice_number, addressee=addressee, blocks=tuple(blocks), signature=organ,
        date=telling.local(meeting.changed_at).date() if meeting.notified_on else today,
    )  # fmt: skip


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
    table = Table((_("序号"), _("单位"), _("参会人"), _("职务"), _("签名"), _("备注")), tuple(rows), (0.8, 2.6, 1.8, 1.6, 1.8, 1.6))
    facts = Facts(((_("时间"), when(meeting)), (_("地点"), meeting.place)))
    return Document(_("%(t)s\n签到表", t=meeting.title), form="plain", blocks=(facts, Para(""), table))


@in_chinese
def minutes(session: Session, row: Minutes, today: dt.date) -> Document:
    """会议纪要 in the form of GB/T 9704-2012: red mark, number, attendance, no seal."""
    seen = row.attendance
    lists = ((_("出席"), "present"), (_("列席"), "observers"), (_("请假"), "excused"), (_("缺席"), "absent"))
    blocks: list[Block] = []
    number = 0
    for paragraph in minuting.paragraphs(session, row.id):
        if paragraph.kind == "heading":
            number += 1
            blocks.append(Heading(1, f"{chinese_number(number)}、{paragraph.text}"))
        else:
            blocks.append(Para(paragraph.text))
    mark = {"draft": _("起草稿"), "circulating": _("征求意见稿"), "settled": _("待签发稿"), "replaced": _("已被更正")}.get(row.state, "")
    note = _("第 %(n)s 版（更正）：%(why)s", n=row.edition, why=row.reason) if row.edition > 1 else ""
    return Document(
        row.title, form="minutes", issuer=figures.figure(figures.HEADING, None, today), number=row.number, blocks=tuple(blocks),
        signature=figures.figure(figures.ORGAN, None, today), date=row.signed_on, copies=figures.figure(figures.COPIES, None, today), watermark=mark,
        header_note=note[:60],
        attendance=tuple((label, tuple(seen.get(key, ()))) for label, key in lists if seen.get(key)),
    )  # fmt: skip


@in_chinese
def resolutions(session: Session, rows: Sequence[Resolution], title: str, today: dt.date) -> Document:
    """议定事项清单 with the state of each."""
    units = sitting.co_units(session, [row.id for row in rows])
    lines = []
    for number, row in enumerate(rows, 1):
        late = _("超期 %(n)s 天", n=(today - row.due_on).days) if row.state in ("recorded", "open", "in_progress", "review") and today > row.due_on else ""
        state = str(workflow.RESOLUTION.state(row.state).title)
        lines.append((str(number), row.text, row.lead_name, "、".join(item.unit_name for item in units[row.id]), str(row.due_on), "\n".join(filter(None, (state, late)))))
    table = Table((_("序号"), _("议定事项"), _("牵头单位"), _("配合单位"), _("时限"), _("状态")), tuple(lines), (0.8, 5, 2, 2, 1.7, 1.5))
    return Document(title, form="plain", blocks=(table,) if lines else (Para(_("没有议定事项。")),), date=today, signature=figures.figure(figures.ORGAN, None, today))
