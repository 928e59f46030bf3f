"""The workflows of complaints and of what a department received, as data."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from plugins.complaints import accusations, forms, operations, passing, redoing, rights, rules
from plugins.complaints.models import Complaint, Incoming
from portal.context import current_actor
from portal.contract import CONTENT, NUMBER, OBJECT, PLACE, TITLE, RecordType, Searchable
from portal.records.workflow import State, Transition, Workflow

IN_HAND = ("assigned", "handling")
STATES = (
    State("registered", _l("登记"), "blue", "inbox"),
    State("accepted", _l("受理"), "blue", "check"),
    State("refused", _l("不予受理"), "grey", "circle-x"),
    State("passing", _l("转办待签收"), "amber", "mail"),
    State("passed", _l("已转办"), "grey", "arrow-right"),
    State("assigned", _l("交办"), "blue", "user"),
    State("handling", _l("办理"), "amber", "edit"),
    State("suspended", _l("中止"), "grey", "player-pause"),
    State("concluded", _l("办结"), "green", "circle-check"),
    State("replied", _l("答复"), "green", "mail"),
    State("archived", _l("归档"), "grey", "archive"),
    State("withdrawn", _l("撤回"), "grey", "arrow-back"),
    State("merged", _l("并案"), "grey", "link"),
    State("redirected", _l("已引导"), "grey", "arrow-right"),
)


def url(record_id: int) -> str:
    return url_for("complaints.detail", complaint_id=record_id)


def incoming_url(record_id: int) -> str:
    return url_for("complaints_incoming.detail", incoming_id=record_id)


def _ordinary(record: Any) -> bool:
    return bool(record.kind != "other")


def _unapproved(record: Any) -> bool:
    return record.approved_on is None


def _approved(record: Any) -> bool:
    return record.approved_on is not None


def _unextended(record: Any) -> bool:
    return record.extension_state == "" and record.due_on is not None


def _own(record: Any) -> bool:
    return bool(record.handler_id == current_actor().account_id)


def _asked(record: Any) -> bool:
    return bool(record.extension_state == "asked")


class KeptWorkflow(Workflow):
    """Whoever is shut out of a matter and asks for one of its steps by address leaves an event, as with its page."""

    def find(self, session: Session, record_id: int, *, lock: bool = False) -> Any:
        if not lock:
            accusations.refuse_if_shut_out(record_id)
        return super().find(session, record_id, lock=lock)


COMPLAINT = KeptWorkflow(
    record_type="complaints.complaint",
    title=_l("投诉举报"),
    model=Complaint,
    url=url,
    states=STATES,
    transitions=(
        Transition("accept", _l("受理"), ("registered",), "accepted", rights.DECIDE, form=forms.ReasonForm, effect=operations.accept, when=_ordinary,
                   tone="primary", icon="check", help=_l("属于本机关职权的予以受理；实名的应告知投诉人。")),
        Transition("refuse", _l("不予受理"), ("registered",), "refused", rights.DECIDE, form=forms.RefuseForm, effect=operations.refuse, when=_ordinary,
                   needs_reason=True, tone="outline-danger", icon="circle-x", help=_l("须选择事由并说明；匿名本身不是理由。")),
        Transition("redirect", _l("引导其他途径"), ("registered",), "redirected", rights.REGISTER, form=forms.ReasonForm, effect=operations.redirect,
                   when=lambda record: record.kind == "other", tone="primary", icon="arrow-right", help=_l("当即告知应走的途径并记录。")),
        Transition("pass", _l("转办"), ("registered", "accepted", *IN_HAND), "passing", rights.DECIDE, form=forms.PassForm, effect=passing.pass_on,
                   when=lambda record: record.kind not in ("other", "accusation"), needs_reason=True, tone="outline-primary", icon="mail",
                   help=_l("不属于本单位的转有权单位；收到对方回执才算转办完成。投诉人身份不随件转出。")),
        Transition("take_back", _l("收回转办"), ("passing",), "registered", rights.DECIDE, effect=passing.take_back, needs_reason=True,
                   tone="outline-secondary", icon="arrow-back"),
        Transition("receipt", _l("登记回执"), ("passing",), "passed", rights.DECIDE, form=forms.ReceiptForm, effect=passing.record_receipt,
                   tone="primary", icon="check", help=_l("系统外的接收单位签收后，凭其回执登记。")),
        Transition("outcome", _l("登记转办结果"), ("passed",), None, rights.DECIDE, effect=passing.record_result, needs_reason=True, reason_title=_l("办理结果"),
                   icon="edit", help=_l("系统外的接收单位反馈的办理结果。")),
        Transition("assign", _l("交办"), ("accepted", *IN_HAND), "assigned", rights.DECIDE, form=forms.AssignForm, effect=operations.assign,
                   tone="primary", icon="user", help=_l("列表按在办件数排序；离岗人员和须回避的人员不在其中。")),
        Transition("assign_accusation", _l("交内部监督办理"), ("registered",), "assigned", rights.ACCUSATIONS, form=forms.AssignForm, effect=operations.assign,
                   when=lambda record: record.kind == "accusation", tone="primary", icon="shield", help=_l("由内部监督人员办理，被检举人及其同组、直接上级回避。")),
        Transition("start", _l("开始办理"), ("assigned",), "handling", rights.HANDLE, form=forms.ReasonForm, guard=operations.guard_own, effect=operations.start,
                   when=_own, tone="primary", icon="player-play"),
        Transition("give_back", _l("退回交办人"), IN_HAND, "accepted", rights.HANDLE, guard=operations.guard_own, effect=operations.enter, needs_reason=True,
                   when=_own, tone="outline-secondary", icon="arrow-back"),
        Transition("suspend", _l("中止"), ("handling",), "suspended", rights.APPROVE, effect=operations.suspend, needs_reason=True,
                   tone="outline-secondary", icon="player-pause", help=_l("鉴定、检测等期间中止；中止期间不计入期限。")),
        Transition("resume", _l("恢复办理"), ("suspended",), "handling", rights.APPROVE, form=forms.ReasonForm, effect=operations.resume,
                   tone="primary", icon="player-play"),
        Transition("ask_extension", _l("申请延期"), IN_HAND, None, rights.HANDLE, form=forms.ExtensionForm, guard=operations.guard_extension,
                   effect=operations.ask_extension, when=_unextended, needs_reason=True, icon="clock", help=_l("到期前申请，由分管负责人批准，只能延期一次。")),
        Transition("grant_extension", _l("批准延期"), (*IN_HAND, "suspended"), None, rights.APPROVE, form=forms.ReasonForm, effect=operations.grant_extension,
                   when=_asked, not_by=("extension_by",), tone="primary", icon="check"),
        Transition("refuse_extension", _l("不批准延期"), (*IN_HAND, "suspended"), None, rights.APPROVE, effect=operations.refuse_extension, when=_asked,
                   needs_reason=True, tone="outline-secondary", icon="x"),
        Transition("conclude", _l("办结"), ("handling",), "concluded", rights.HANDLE, form=forms.ConcludeForm, guard=operations.guard_own,
                   effect=operations.conclude, when=_own, tone="primary", icon="circle-check"),
        Transition("review", _l("法制审核"), ("concluded",), None, rights.REVIEW, form=forms.ReviewForm, effect=operations.review, needs_reason=True,
                   when=lambda record: record.approved_on is None and record.reviewed_on is None, not_by=("concluded_by", "handler_id"), tone="primary",
                   icon="checkbox", help=_l("审核事实、依据和结论是否适当；办理过本件的人员不得审核。")),
        Transition("approve", _l("审核办结意见"), ("concluded",), None, rights.APPROVE, form=forms.ReasonForm, guard=operations.guard_approval,
                   effect=operations.approve_conclusion,
                   when=_unapproved, not_by=("concluded_by",), tone="primary", icon="check"),
        Transition("return", _l("退回重新办理"), ("concluded",), "handling", rights.DECIDE, effect=redoing.reopen, when=_unapproved, needs_reason=True,
                   tone="outline-warning", icon="arrow-back"),
        Transition("reply", _l("答复"), ("concluded",), "replied", rights.REPLY, form=forms.ReplyForm, guard=operations.guard_reply, effect=operations.reply,
                   when=lambda record: record.approved_on is not None and not record.anonymous, tone="primary", icon="mail",
                   help=_l("不得把投诉人身份和反映材料透露给被反映人；答复中不写他人个人信息。")),
        Transition("archive", _l("归档"), ("replied", "refused", "passed", "concluded", "withdrawn", "redirected"), "archived", rights.REPLY,
                   form=forms.ReasonForm, guard=operations.guard_archive, effect=operations.archive, tone="outline-primary", icon="archive",
                   when=lambda record: record.state != "concluded" or _approved(record)),
        Transition("redo", _l("重办"), ("replied", "archived"), None, rights.APPROVE, effect=redoing.redo, needs_reason=True,
                   when=lambda record: record.concluded_on is not None, tone="outline-warning", icon="refresh",
                   help=_l("有新的事实或答复不当的，重新办理，期限自今日重新计算；原承办人已不在岗或没有账号的，转为待交办。")),
        Transition("withdraw", _l("投诉人撤回"), rules.BEFORE_CONCLUSION, "withdrawn", rights.REGISTER, guard=operations.guard_withdraw,
                   effect=operations.withdraw, needs_reason=True, tone="outline-secondary", icon="arrow-back"),
        Transition("merge", _l("并案"), rules.BEFORE_CONCLUSION, "merged", rights.DECIDE, form=forms.MergeForm, effect=operations.merge, when=_ordinary,
                   tone="outline-secondary", icon="link", help=_l("并入较早的一件；主件期限取最早的。")),
        Transition("urge", _l("督办"), (*rules.OPEN, "concluded"), None, rights.URGE, effect=operations.urge, needs_reason=True, tone="outline-danger",
                   icon="flame", help=_l("立即通知承办人、办公室负责人和分管负责人。")),
    ),
)  # fmt: skip

INCOMING = Workflow(
    record_type="complaints.incoming",
    title=_l("转入事项"),
    model=Incoming,
    url=incoming_url,
    states=(
        State("sent", _l("待签收"), "amber", "mail"),
        State("received", _l("已签收"), "blue", "check"),
        State("objected", _l("已退回"), "grey", "arrow-back"),
        State("done", _l("已反馈"), "green", "circle-check"),
    ),
    transitions=(
        Transition("receive", _l("签收"), ("sent",), "received", rights.RECEIVE, form=forms.AcknowledgeForm, effect=passing.receive, tone="primary", icon="check"),
        Transition("object", _l("提出异议"), ("sent",), "objected", rights.RECEIVE, effect=passing.object_to, needs_reason=True, tone="outline-warning",
                   icon="arrow-back", help=_l("不属于本部门的，5 个工作日内说明理由退回。")),
        Transition("result", _l("反馈结果"), ("received",), "done", rights.RECEIVE, effect=passing.give_result, needs_reason=True, reason_title=_l("办理结果"),
                   tone="primary", icon="edit"),
    ),
)  # fmt: skip


SEARCH = Searchable(
    fields={"number": NUMBER, "external_no": NUMBER, "title": TITLE, "object_name": OBJECT, "place": PLACE, "content": CONTENT, "demand": CONTENT},
    title=lambda row: f"{row.number} {row.title}",
    summary=lambda row: " · ".join(filter(None, (row.organisation.name, row.place, row.object_name, row.received_on.isoformat()))),
    state=lambda row: _shown(COMPLAINT, row),
    recent="received_on",
)  # fmt: skip
SEARCH_INCOMING = Searchable(
    fields={"number": NUMBER, "title": TITLE, "object_name": OBJECT, "place": PLACE, "content": CONTENT, "demand": CONTENT},
    title=lambda row: f"{row.number} {row.title}",
    summary=lambda row: " · ".join(filter(None, (row.from_name, row.place, row.object_name, row.sent_on.isoformat()))),
    state=lambda row: _shown(INCOMING, row),
    recent="sent_on",
)


def _shown(workflow: Workflow, row: Any) -> tuple[Any, str, str]:
    state = workflow.state(row.state)
    return state.title, state.tone, state.icon


def record_types() -> list[RecordType]:
    ours = (_l("投诉举报"), Complaint, url, rights.READ, rights.HANDLE, SEARCH, {"identity": rights.REVEAL})
    return [
        RecordType("complaints.complaint", *ours, plain_files=lambda record: bool(record.anonymous)),
        RecordType("complaints.incoming", _l("转入事项"), Incoming, incoming_url, rights.RECEIVE, search=SEARCH_INCOMING),
    ]
