"""The workflows of topics, meetings, invitations, minutes and resolutions, as data."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from plugins.meetings import following, forms, minuting, notices, rights, rules, sitting, telling, topics
from plugins.meetings.models import Invitation, Meeting, Topic
from plugins.meetings.models_results import Archive, Minutes, Report, Resolution
from portal.context import current_actor
from portal.contract import CONTENT, NUMBER, OBJECT, PLACE, TITLE, RecordType, Searchable
from portal.records.workflow import State, Transition, Workflow


def topic_url(record_id: int) -> str:
    return url_for("meetings_topics.detail", topic_id=record_id)


def meeting_url(record_id: int) -> str:
    return url_for("meetings.detail", meeting_id=record_id)


def invitation_url(record_id: int) -> str:
    return url_for("meetings_room.invitation", invitation_id=record_id)


def minutes_url(record_id: int) -> str:
    return url_for("meetings_minutes.detail", minutes_id=record_id)


def resolution_url(record_id: int) -> str:
    return url_for("meetings_resolutions.detail", resolution_id=record_id)


def report_url(record_id: int) -> str:
    return url_for("meetings_resolutions.entry", report_id=record_id)


def archive_url(record_id: int) -> str:
    return url_for("meetings_papers.archive_found", archive_id=record_id)


def proposer(topic: Topic) -> int:
    return topic.proposer_id


def unit(invitation: Invitation) -> int:
    return invitation.unit_id


def lead(resolution: Resolution) -> int:
    """Whoever has to do it; for a lead outside the portal the office speaks."""
    return resolution.lead_id or resolution.org_id


def _own_topic(topic: Topic) -> bool:
    return topic.proposer_id == current_actor().org_id


def _theirs(resolution: Resolution) -> bool:
    return lead(resolution) == current_actor().org_id


def _asked(resolution: Resolution) -> bool:
    return resolution.extension_asked is not None


def _may_ask(resolution: Resolution) -> bool:
    return _theirs(resolution) and not _asked(resolution)


def _outside(resolution: Resolution) -> bool:
    return resolution.lead_id is None


def _answerable(invitation: Invitation) -> bool:
    return invitation.told and invitation.meeting.state == "notified"


TOPIC = Workflow(
    record_type="meetings.topic",
    title=_l("议题"),
    model=Topic,
    url=topic_url,
    states=(
        State("draft", _l("草稿"), "grey", "edit"),
        State("proposed", _l("已提出"), "amber", "inbox"),
        State("accepted", _l("已受理"), "blue", "check"),
        State("returned", _l("已退回"), "amber", "arrow-back"),
        State("deferred", _l("缓议"), "grey", "clock"),
        State("scheduled", _l("已列入议程"), "blue", "list-check"),
        State("discussed", _l("已议"), "green", "circle-check"),
        State("withdrawn", _l("已撤回"), "grey", "x"),
    ),
    transitions=(
        Transition("submit", _l("提交"), ("draft", "returned"), "proposed", rights.PROPOSE, effect=topics.submitted, when=_own_topic, by=proposer,
                   tone="primary", icon="arrow-right", help=_l("提交后由联席会议办公室决定受理、退回或缓议。")),
        Transition("withdraw", _l("撤回"), ("draft", "proposed", "returned", "accepted", "deferred"), "withdrawn", rights.PROPOSE, effect=topics.withdrawn,
                   when=_own_topic, by=proposer, needs_reason=True, tone="outline-secondary", icon="x"),
        Transition("accept", _l("受理"), ("proposed", "deferred"), "accepted", rights.CONVENE, form=forms.ReasonForm, effect=topics.accepted,
                   tone="primary", icon="check", help=_l("受理后可列入会议议程。")),
        Transition("return", _l("退回"), ("proposed", "accepted"), "returned", rights.CONVENE, effect=topics.returned, needs_reason=True,
                   tone="outline-warning", icon="arrow-back"),
        Transition("defer", _l("缓议"), ("proposed", "accepted", "scheduled"), "deferred", rights.CONVENE, guard=topics.guard_deferred, effect=topics.deferred,
                   needs_reason=True, tone="outline-secondary", icon="clock", help=_l("留待下次会议；已列入议程的同时移出。")),
        Transition("schedule", _l("列入议程"), ("accepted", "deferred"), "scheduled", system=True),
        Transition("unschedule", _l("移出议程"), ("scheduled",), "accepted", system=True),
        Transition("discuss", _l("已议"), ("scheduled",), "discussed", system=True),
        Transition("put_off", _l("会上缓议"), ("scheduled",), "deferred", system=True),
    ),
)  # fmt: skip

MEETING = Workflow(
    record_type="meetings.meeting",
    title=_l("会议"),
    model=Meeting,
    url=meeting_url,
    states=(
        State("draft", _l("草稿"), "grey", "edit"),
        State("scheduled", _l("已安排"), "blue", "calendar"),
        State("notified", _l("已通知"), "blue", "mail"),
        State("sitting", _l("正在开会"), "amber", "player-play"),
        State("held", _l("已召开"), "amber", "circle-check"),
        State("minuted", _l("纪要办理中"), "amber", "file-text"),
        State("issued", _l("纪要已印发"), "green", "file-text"),
        State("closed", _l("已办结"), "green", "archive"),
        State("cancelled", _l("已取消"), "grey", "circle-x"),
    ),
    transitions=(
        Transition("schedule", _l("确定安排"), ("draft",), "scheduled", rights.CONVENE, tone="primary", icon="calendar",
                   help=_l("确定后计入半年例会的安排；发出通知前仍可修改。")),
        Transition("notify", _l("发出通知"), ("scheduled",), "notified", rights.CONVENE, form=forms.NotifyForm, guard=notices.guard_notify, effect=notices.notify,
                   tone="primary", icon="mail", help=_l("受邀单位即可看到会议、议程和材料，并收到通知。")),
        Transition("resend", _l("补发通知"), ("notified",), None, rights.CONVENE, form=forms.ReasonForm, effect=notices.resend, icon="refresh",
                   help=_l("议程或名单调整后，通知全部受邀单位；日历条目为同一事件的新版本。")),
        Transition("move", _l("改期"), ("scheduled", "notified"), None, rights.CONVENE, form=forms.MoveForm, guard=notices.guard_move, effect=notices.move,
                   needs_reason=True, tone="outline-warning", icon="clock", help=_l("已通知的，全部受邀单位收到改期通知并重新回执。改到另一个半年的，不计入原半年。")),
        Transition("cancel", _l("取消会议"), ("draft", "scheduled", "notified", "sitting"), "cancelled", rights.CONVENE, effect=notices.cancel, needs_reason=True,
                   tone="outline-danger", icon="circle-x", help=_l("已通知的，全部受邀单位收到取消通知；议题留待下次会议。")),
        Transition("open", _l("开始会议"), ("notified",), "sitting", rights.CONVENE, guard=sitting.guard_open, tone="primary", icon="player-play"),
        Transition("hold", _l("会议结束"), ("sitting",), "held", rights.CONVENE, form=forms.ReasonForm, guard=sitting.guard_hold, effect=sitting.hold,
                   tone="primary", icon="circle-check", help=_l("以签到为准核对法定人数；未议的议题自动留待下次会议。")),
        Transition("hold_short", _l("未达法定人数，如实记录"), ("sitting",), "held", rights.CONVENE, guard=sitting.guard_short, effect=sitting.hold,
                   needs_reason=True, tone="outline-warning", icon="alert-triangle", help=_l("纪要将写明未达到法定人数；不计为半年例会。")),
        Transition("draft_minutes", _l("起草纪要"), ("held",), "minuted", rights.CONVENE, effect=minuting.draft, tone="primary", icon="file-text",
                   help=_l("由议程、签到、记录和议定事项生成草稿。")),
        Transition("issue", _l("印发纪要"), ("minuted",), "issued", system=True),
        Transition("close", _l("办结"), ("issued",), "closed", rights.CONVENE, guard=following.guard_close, tone="outline-primary", icon="archive",
                   help=_l("全部议定事项核实办结后。")),
    ),
)  # fmt: skip

INVITATION = Workflow(
    record_type="meetings.invitation",
    title=_l("回执"),
    model=Invitation,
    url=invitation_url,
    states=(
        State("invited", _l("待回执"), "amber", "clock"),
        State("attends", _l("参会"), "green", "check"),
        State("substitute", _l("代会"), "blue", "user"),
        State("excused", _l("请假"), "grey", "x"),
    ),
    transitions=(
        Transition("attend", _l("参会"), rules.ANSWERS, "attends", rights.ANSWER, form=forms.AttendForm,
                   guard=notices.guard_person, effect=notices.answer, when=_answerable, by=unit, tone="primary", icon="check"),
        Transition("substitute", _l("派人代会"), rules.ANSWERS, "substitute", rights.ANSWER, form=forms.SubstituteForm, guard=notices.guard_person,
                   effect=notices.answer, when=_answerable, by=unit, icon="user", help=_l("本单位到会计算在内，注明“代”。")),
        Transition("excuse", _l("请假"), rules.ANSWERS, "excused", rights.ANSWER, guard=notices.guard_answer, effect=notices.answer, when=_answerable, by=unit,
                   needs_reason=True, tone="outline-secondary", icon="x"),
    ),
)  # fmt: skip

MINUTES = Workflow(
    record_type="meetings.minutes",
    title=_l("会议纪要"),
    model=Minutes,
    url=minutes_url,
    states=(
        State("draft", _l("起草"), "grey", "edit"),
        State("circulating", _l("征求意见"), "amber", "mail"),
        State("settled", _l("待签发"), "blue", "clock"),
        State("signed", _l("已签发"), "green", "circle-check"),
        State("replaced", _l("已被更正"), "grey", "history"),
    ),
    transitions=(
        Transition("circulate", _l("征求意见"), ("draft", "settled"), "circulating", rights.CONVENE, form=forms.CirculateForm, guard=minuting.guard_circulate,
                   effect=minuting.circulate, tone="primary", icon="mail", help=_l("送全部受邀单位，逐段提出意见。")),
        Transition("settle", _l("定稿"), ("circulating",), "settled", rights.CONVENE, form=forms.SettleForm, guard=minuting.guard_settle, effect=minuting.settled,
                   tone="primary", icon="check", help=_l("意见全部处理后定稿，报召集人签发。")),
        Transition("sign", _l("签发"), ("circulating", "settled"), "signed", rights.SIGN, guard=minuting.guard_sign, effect=minuting.sign, not_by=("drafted_by",),
                   tone="primary", icon="certificate", help=_l("签发后编号、印发，内容不再改动；议定事项随即生效。")),
        Transition("send_back", _l("退回修改"), ("settled",), "draft", rights.SIGN, needs_reason=True, tone="outline-warning", icon="arrow-back"),
        Transition("revise", _l("更正"), ("signed",), None, rights.CONVENE, guard=minuting.guard_revise, effect=minuting.revise, needs_reason=True,
                   tone="outline-warning", icon="edit", help=_l("生成新版并说明理由；新版签发前，本版继续有效。")),
        Transition("replace", _l("被更正"), ("signed",), "replaced", system=True),
    ),
)  # fmt: skip

ACTIVE = ("open", "in_progress")
RESOLUTION = Workflow(
    record_type="meetings.resolution",
    title=_l("议定事项"),
    model=Resolution,
    url=resolution_url,
    states=(
        State("recorded", _l("待印发"), "grey", "edit"),
        State("open", _l("待办"), "blue", "inbox"),
        State("in_progress", _l("办理中"), "amber", "player-play"),
        State("review", _l("待核实"), "blue", "eye"),
        State("done", _l("已办结"), "green", "circle-check"),
        State("replaced", _l("已取代"), "grey", "history"),
    ),
    transitions=(
        Transition("claim", _l("申请办结"), ACTIVE, "review", rights.REPORT, form=forms.ClaimForm, effect=following.claim, when=_theirs, by=lead,
                   tone="primary", icon="circle-check", help=_l("写明完成情况；证明材料请在事项页面随报告上传。")),
        Transition("ask_extension", _l("申请延期"), ACTIVE, None, rights.REPORT, form=forms.AskExtensionForm, guard=following.guard_ask,
                   effect=following.ask_extension, when=_may_ask, by=lead, needs_reason=True, icon="clock"),
        Transition("verify", _l("核实办结"), ("review",), "done", rights.CONVENE, form=forms.VerifyForm, effect=following.verify, not_by=("claimed_by",),
                   tone="primary", icon="check"),
        Transition("send_back", _l("退回"), ("review",), "in_progress", rights.CONVENE, effect=following.send_back, needs_reason=True,
                   tone="outline-warning", icon="arrow-back"),
        Transition("extend", _l("同意延期"), ACTIVE, None, rights.CONVENE, form=forms.ExtendForm, guard=following.guard_extend, effect=following.extend,
                   needs_reason=True, icon="clock", help=_l("原定时限保留在记录中。")),
        Transition("refuse_extension", _l("不同意延期"), ACTIVE, None, rights.CONVENE, effect=following.refuse_extension, when=_asked, needs_reason=True,
                   tone="outline-secondary", icon="x"),
        Transition("letter", _l("登记函件"), (*ACTIVE, "review"), None, rights.CONVENE, form=forms.LetterForm, effect=following.note_letter, when=_outside, icon="mail",
                   help=_l("牵头单位不在系统内的，以函办理并登记回函。")),
        Transition("replace", _l("取代"), ACTIVE, "replaced", rights.CONVENE, effect=following.replace, needs_reason=True, tone="outline-secondary", icon="history",
                   help=_l("由新的议定事项取代或不再需要办理的。")),
        Transition("issue", _l("随纪要生效"), ("recorded",), "open", system=True),
        Transition("report", _l("开始办理"), ("open",), "in_progress", system=True),
    ),
)  # fmt: skip

WORKFLOWS = (TOPIC, MEETING, INVITATION, MINUTES, RESOLUTION)


def _shown(workflow: Workflow, row: Any) -> tuple[Any, str, str]:
    state = workflow.state(row.state)
    return state.title, state.tone, state.icon


SEARCH_TOPIC = Searchable(
    fields={"title": TITLE, "proposer_name": OBJECT, "background": CONTENT, "request": CONTENT},
    title=lambda row: row.title,
    summary=lambda row: f"{row.proposer_name} · {row.category} · {row.proposed_on}",
    state=lambda row: _shown(TOPIC, row),
    recent="proposed_on",
)
SEARCH_MEETING = Searchable(
    fields={"notice_number": NUMBER, "title": TITLE, "place": PLACE, "note": CONTENT},
    title=lambda row: row.title,
    summary=lambda row: f"{telling.span(row)} · {row.place}",
    state=lambda row: _shown(MEETING, row),
    recent="day",
)
SEARCH_RESOLUTION = Searchable(
    fields={"number": NUMBER, "text": TITLE, "lead_name": OBJECT},
    title=lambda row: row.text[:60],
    summary=lambda row: f"{row.number} · {row.lead_name} · {row.due_on}",
    state=lambda row: _shown(RESOLUTION, row),
    recent="agreed_on",
)


def record_types() -> list[RecordType]:
    return [
        RecordType("meetings.topic", _l("议题"), Topic, topic_url, rights.READ, search=SEARCH_TOPIC, shared=True),
        RecordType("meetings.meeting", _l("联席会议"), Meeting, meeting_url, rights.READ, search=SEARCH_MEETING, shared=True),
        RecordType("meetings.minutes", _l("会议纪要"), Minutes, minutes_url, rights.READ, shared=True),
        RecordType("meetings.resolution", _l("议定事项"), Resolution, resolution_url, rights.READ, search=SEARCH_RESOLUTION, shared=True),
        RecordType("meetings.invitation", _l("会议回执"), Invitation, invitation_url, rights.READ, shared=True),
        RecordType("meetings.report", _l("进展报告"), Report, report_url, rights.READ, shared=True),
        RecordType("meetings.archive", _l("会议归档包"), Archive, archive_url, rights.ARCHIVE),
    ]
