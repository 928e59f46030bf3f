"""The workflows of a consultation and of a seat on its panel, as data."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from plugins.consultations import closing, forms, panel, requests, rights, rules, seats
from plugins.consultations.models import Consultation, Expert, Seat
from portal.contract import RecordType
from portal.records.workflow import State, Transition, Workflow

PAPER_PAGE = _l("请在会商意见书页面签发。")
STATES = (
    State("draft", _l("草稿"), "grey", "edit"),
    State("approving", _l("待审批"), "amber", "clock"),
    State("submitted", _l("待受理"), "blue", "inbox"),
    State("returned", _l("退回补正"), "amber", "arrow-back"),
    State("declined", _l("不予会商"), "grey", "circle-x"),
    State("joined", _l("一并会商"), "blue", "link"),
    State("accepted", _l("已受理"), "blue", "check"),
    State("collecting", _l("征求意见"), "amber", "users"),
    State("summing", _l("汇总意见"), "amber", "edit"),
    State("issued", _l("待街镇答复"), "blue", "mail"),
    State("answered", _l("已答复"), "green", "circle-check"),
    State("archived", _l("已归档"), "grey", "archive"),
    State("aborted", _l("已终止"), "grey", "x"),
)


def url(record_id: int) -> str:
    return url_for("consultations.detail", consultation_id=record_id)


def seat_url(record_id: int) -> str:
    """The member's own page of a seat; others, who took a step for it, go back to the panel's page."""
    from portal.auth.permissions import can
    from portal.database import db

    if can(rights.CONVENE):
        seat = db.session.get(Seat, record_id)
        if seat is not None:
            return url_for("consultations_panel.index", consultation_id=seat.consultation_id)
    return url_for("consultations_seats.detail", seat_id=record_id)


def expert_url(record_id: int) -> str:
    return url_for("consultations_pool.detail", expert_id=record_id)


def _proposed(record: Any) -> bool:
    return bool(record.answer_state == "proposed")


def _own(record: Any) -> bool:
    return bool(record.own)


def _leads(record: Any) -> bool:
    """Whatever was joined follows the one whose panel reads it."""
    return record.main_id is None


def _meeting(record: Any) -> bool:
    return _leads(record) and bool(record.form == "meeting")


CONSULTATION = Workflow(
    record_type="consultations.consultation",
    title=_l("案件会商"),
    model=Consultation,
    url=url,
    states=STATES,
    transitions=(
        Transition("submit", _l("提交审批"), requests.EDITABLE, "approving", rights.ASK, form=forms.SubmitForm, guard=requests.guard_complete, effect=requests.submit,
                   tone="primary", icon="mail", help=_l("先由分管负责人审批，再送区司法局。提请会商不停止办案期限。")),
        Transition("approve", _l("同意提请"), ("approving",), "submitted", rights.APPROVE, form=forms.ReasonForm, effect=requests.approve, not_by=("submitted_by",),
                   tone="primary", icon="check"),
        Transition("send_back", _l("退回修改"), ("approving",), "draft", rights.APPROVE, effect=requests.send_back, needs_reason=True, tone="outline-warning",
                   icon="arrow-back"),
        Transition("withdraw", _l("撤回申请"), ("draft", "approving", "submitted", "returned"), "aborted", rights.ASK, effect=requests.withdraw, needs_reason=True,
                   tone="outline-secondary", icon="x"),
        Transition("accept", _l("受理"), ("submitted",), "accepted", rights.CONVENE, form=forms.AcceptForm, effect=closing.accept, tone="primary", icon="check"),
        Transition("return", _l("退回补正"), ("submitted",), "returned", rights.CONVENE, effect=closing.give_back, needs_reason=True, tone="outline-warning",
                   icon="arrow-back", help=_l("写明要补充什么；街镇补正后重新提交。")),
        Transition("decline", _l("不予会商"), ("submitted",), "declined", rights.CONVENE, effect=closing.decline, needs_reason=True, tone="outline-danger",
                   icon="circle-x"),
        Transition("join", _l("并入同类会商"), ("submitted",), "joined", rights.CONVENE, form=forms.JoinForm, effect=closing.join, tone="outline-secondary", icon="link",
                   help=_l("由同一会商组一并研究，逐件答复各自的争议焦点，意见书分别出具；各街镇互不知情。")),
        Transition("gather", _l("一并征求意见"), ("joined",), "collecting", system=True),
        Transition("sum_up", _l("一并结束征求意见"), ("collecting",), "summing", system=True),
        Transition("unjoin", _l("重新受理"), ("joined", "collecting", "summing"), "submitted", system=True),
        Transition("invite", _l("发出邀请"), ("accepted",), "collecting", rights.CONVENE, form=forms.DueForm, guard=panel.guard_invite, effect=panel.invite,
                   tone="primary", icon="mail", help=_l("会商组须为单数，不少于规定人数，至少一名专家。")),
        Transition("extend", _l("调整意见期限"), ("collecting",), None, rights.CONVENE, form=forms.DueForm, effect=panel.extend, needs_reason=True, icon="clock",
                   tone="outline-secondary", when=_leads),
        Transition("schedule", _l("安排会商会议"), ("collecting",), None, rights.CONVENE, form=forms.MeetingForm, effect=closing.schedule, when=_meeting,
                   icon="calendar"),
        Transition("close", _l("结束征求意见"), ("collecting",), "summing", rights.CONVENE, form=forms.ReasonForm, guard=closing.guard_close, effect=closing.close,
                   when=_leads, tone="primary", icon="circle-check", help=_l("结束后全部意见公开给参与会商的人，并自动汇总成意见书稿。")),
        Transition("sign", _l("签发会商意见书"), ("summing",), "issued", rights.CONVENE, guard=closing.guard_sign, effect=closing.sign, tone="primary", icon="edit",
                   help=_l("签发后编号，内容不能再修改。意见书为咨询性意见，不代替法制审核和集体讨论，不停止办案期限。")),
        Transition("propose_answer", _l("答复采纳情况"), ("issued",), None, rights.ASK, form=forms.AnswerForm, effect=requests.propose_answer,
                   when=lambda record: not _proposed(record), tone="primary", icon="edit", help=_l("写明采纳、部分采纳或不采纳及理由，由分管负责人审批后送区司法局。")),
        Transition("confirm_answer", _l("同意答复"), ("issued",), "answered", rights.APPROVE, form=forms.ReasonForm, effect=requests.confirm_answer, when=_proposed,
                   not_by=("answer_by",), tone="primary", icon="check"),
        Transition("return_answer", _l("退回答复"), ("issued",), None, rights.APPROVE, effect=requests.return_answer, when=_proposed, needs_reason=True,
                   tone="outline-warning", icon="arrow-back"),
        Transition("archive", _l("归档"), ("answered",), "archived", rights.CONVENE, form=forms.ReasonForm, effect=closing.archive, tone="primary", icon="archive",
                   help=_l("归档后成员不再能查阅案卷；隐去姓名的案例待审核后进入案例库。")),
        Transition("record_outcome", _l("登记案件结果"), ("answered", "archived"), None, rights.ASK, form=forms.OutcomeForm, effect=requests.record_outcome, icon="edit",
                   help=_l("复议、诉讼是维持还是改变，用来检验会商意见的质量。")),
        Transition("abort", _l("终止会商"), ("accepted", "collecting", "summing"), "aborted", rights.CONVENE, effect=closing.abort, needs_reason=True,
                   when=_leads, tone="outline-danger", icon="x"),
    ),
)  # fmt: skip

SEAT = Workflow(
    record_type="consultations.seat",
    title=_l("会商邀请"),
    model=Seat,
    url=seat_url,
    states=(
        State("proposed", _l("拟定"), "grey", "user"),
        State("invited", _l("已邀请"), "amber", "mail"),
        State("promised", _l("已承诺保密"), "amber", "lock"),
        State("declared", _l("阅卷中"), "blue", "eye"),
        State("submitted", _l("已提交意见"), "green", "circle-check"),
        State("stepped", _l("谢绝或回避"), "grey", "arrow-back"),
        State("recused", _l("已回避"), "red", "shield"),
        State("removed", _l("已撤换"), "grey", "x"),
        State("missed", _l("未提交意见"), "red", "alert-triangle"),
    ),
    transitions=(
        Transition("promise", _l("签署保密承诺"), ("invited",), "promised", rights.SIT, form=forms.PromiseForm, effect=seats.promise, when=_own, tone="primary",
                   icon="lock", help=_l("承诺后显示提请街镇和案件有关人员、单位，供您判断是否需要回避。")),
        Transition("declare", _l("声明无利害关系并阅卷"), ("promised",), "declared", rights.SIT, form=forms.DeclareForm, effect=seats.declare, when=_own, tone="primary",
                   icon="shield"),
        Transition("step_back", _l("谢绝或申请回避"), rules.SEAT_OWING, "stepped", rights.SIT, form=forms.StepBackForm, effect=seats.step_back, when=_own,
                   tone="outline-secondary", icon="arrow-back"),
        Transition("submit", _l("提交意见"), ("declared",), "submitted", rights.SIT, effect=seats.submit, when=_own, tone="primary", icon="check",
                   help=_l("请在意见页面逐项填写后提交。")),
        Transition("recuse", _l("决定回避"), (*rules.SEAT_OWING, "submitted"), "recused", rights.CONVENE, form=forms.TakeOffForm, effect=panel.take_off,
                   tone="outline-danger", icon="shield", help=_l("成员与案件有利害关系的，立即停止阅卷，另行补选；已提交的意见不再采用。")),
        Transition("remove", _l("撤换"), rules.SEAT_OWING, "removed", rights.CONVENE, form=forms.TakeOffForm, effect=panel.take_off, tone="outline-secondary", icon="x",
                   help=_l("成员迟迟不答复或不能履职的，撤换后补选。")),
        Transition("invite", _l("发出邀请"), ("proposed",), "invited", system=True),
        Transition("fall", _l("随会商终止"), ("proposed", *rules.SEAT_OWING), "removed", system=True),
        Transition("miss", _l("未提交意见"), rules.SEAT_OWING, "missed", system=True),
    ),
)  # fmt: skip


def record_types() -> list[RecordType]:
    """Files of a consultation are no record type's: only this plugin's pages serve them, each with its event."""
    return [
        RecordType("consultations.consultation", _l("案件会商"), Consultation, url, rights.READ),
        RecordType("consultations.seat", _l("会商邀请"), Seat, seat_url, rights.READ),
        RecordType("consultations.expert", _l("会商专家"), Expert, expert_url, rights.POOL, rights.POOL),
    ]
