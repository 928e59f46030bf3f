"""The workflows of training as data: sessions, invitations, external training, exemptions, plans, years, examinations."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from plugins.training import exams, forms, rights, sessions, steps, years
from plugins.training.models import Plan, TownInvitation, Training
from plugins.training.models_file import Exam, Exemption, External, YearBook
from portal.auth.permissions import can
from portal.context import current_actor
from portal.contract import CONTENT, NUMBER, OBJECT, PLACE, TITLE, RecordType, Searchable
from portal.database import utcnow
from portal.records.workflow import State, Transition, Workflow


def session_url(record_id: int) -> str:
    return url_for("training.detail", training_id=record_id)


def invitation_url(record_id: int) -> str:
    return url_for("training.invitation", invitation_id=record_id)


def external_url(record_id: int) -> str:
    return url_for("training_external.detail", external_id=record_id)


def exemption_url(record_id: int) -> str:
    return url_for("training_external.exemption", exemption_id=record_id)


def plan_url(record_id: int) -> str:
    return url_for("training_plan.by_id", plan_id=record_id)


def year_url(record_id: int) -> str:
    return url_for("training_year.by_id", book_id=record_id)


def exam_url(record_id: int) -> str:
    return url_for("training_exam.detail", exam_id=record_id)


def _ours(record: Any) -> bool:
    return sessions.is_host(record)


def _begun(record: Any) -> bool:
    """Ours, and it has begun: before that there is no sign-in to end."""
    return _ours(record) and utcnow() >= record.starts_at


def _town(record: Any) -> bool:
    return bool(_ours(record) and record.organisation.is_town)


def _rest(record: Any) -> bool:
    return _town(record) and steps.waits(record.id, record.org_id)


def _owner(record: Any) -> bool:
    """Whoever entered it, or the manager."""
    return bool(record.entered_by == current_actor().account_id) or can(rights.RECORD, record.org_id)


def _over(record: Any) -> bool:
    """An invitation of a session that has ended."""
    return record.training.state in ("finished", "certified", "archived")


def _over_rest(record: Any) -> bool:
    """An invited town certified its people, and somebody of it stands to be certified since."""
    return steps.waits(record.session_id, record.org_id)


def _coming(record: Any) -> bool:
    return record.training.state == "open"


SESSION = Workflow(
    record_type="training.session",
    title=_l("培训班"),
    model=Training,
    url=session_url,
    states=(
        State("planned", _l("计划中"), "grey", "calendar"),
        State("open", _l("报名与签到"), "blue", "player-play"),
        State("finished", _l("待认定"), "amber", "clock"),
        State("certified", _l("已认定"), "green", "circle-check"),
        State("archived", _l("已归档"), "grey", "archive"),
        State("cancelled", _l("已取消"), "red", "circle-x"),
    ),
    transitions=(
        Transition("open", _l("开放报名"), ("planned",), "open", rights.ORGANISE, form=forms.RemarkForm, guard=steps.guard_host, effect=steps.open_session, when=_ours,
                   tone="primary", icon="player-play", help=_l("开放后可以报名、推荐人员和签到；被邀请的街镇会收到通知。")),
        Transition("finish", _l("结束签到"), ("open",), "finished", rights.ORGANISE, form=forms.RemarkForm, guard=steps.guard_finish, effect=steps.finish, when=_begun,
                   tone="primary", icon="check", help=_l("核对签到签退后结束；没有签到的记为缺席，随后由负责人认定学时。")),
        Transition("certify", _l("认定学时"), ("finished",), "certified", rights.CERTIFY, form=forms.RemarkForm, guard=steps.guard_host, effect=steps.certify, when=_town,
                   not_by=("finished_by",), tone="primary", icon="circle-check",
                       help=_l("按签到签退逐人计算，页面“认定预览”列出每人的结果；结束签到与认定学时不能是同一人。")),
        Transition("certify_rest", _l("补认学时"), ("certified",), None, rights.CERTIFY, form=forms.RemarkForm, guard=steps.guard_host, effect=steps.certify, when=_rest,
                   not_by=("finished_by",), icon="circle-check", help=_l("认定后补录了签到、或补考合格的人员。")),
        Transition("return", _l("退回核对签到"), ("finished",), "open", rights.CERTIFY, guard=steps.guard_host, effect=steps.return_session, when=_town,
            needs_reason=True,
                   tone="outline-warning", icon="arrow-back"),
        Transition("archive", _l("归档"), ("finished", "certified"), "archived", rights.ORGANISE, form=forms.RemarkForm, guard=steps.guard_host,
            effect=steps.archive_session,
                   when=lambda record: _ours(record) and (record.state == "certified" or not record.organisation.is_town), icon="archive"),
        Transition("cancel", _l("取消培训"), ("planned", "open"), "cancelled", rights.ORGANISE, guard=steps.guard_host, effect=steps.cancel_session, when=_ours,
                   needs_reason=True, tone="outline-danger", icon="x", help=_l("已报名人员和参训单位会收到通知。")),
    ),
)  # fmt: skip

INVITATION = Workflow(
    record_type="training.invitation",
    title=_l("参训邀请"),
    model=TownInvitation,
    url=invitation_url,
    states=(
        State("invited", _l("受邀"), "blue", "mail"),
        State("declined", _l("不派员"), "grey", "x"),
        State("certified", _l("已认定"), "green", "circle-check"),
        State("cancelled", _l("已取消"), "grey", "circle-x"),
    ),
    transitions=(
        Transition("decline", _l("不派员参训"), ("invited",), "declined", rights.NOMINATE, effect=steps.decline, when=_coming, needs_reason=True,
            tone="outline-secondary",
                   icon="x", help=_l("主办单位会收到理由；已推荐的人员一并取消。")),
        Transition("certify", _l("认定本单位人员学时"), ("invited",), "certified", rights.CERTIFY, form=forms.RemarkForm, effect=steps.certify_invited, when=_over,
                   tone="primary", icon="circle-check", help=_l("签到由主办单位确认，学时由人员所在单位认定，记入本单位档案。")),
        Transition("certify_rest", _l("补认本单位人员学时"), ("certified",), None, rights.CERTIFY, form=forms.RemarkForm, effect=steps.certify_invited, when=_over_rest,
                   icon="circle-check", help=_l("认定后补录了签到、或补考合格的人员。")),
    ),
)  # fmt: skip

EXTERNAL = Workflow(
    record_type="training.external",
    title=_l("外出培训"),
    model=External,
    url=external_url,
    states=(
        State("draft", _l("登记"), "grey", "edit"),
        State("submitted", _l("待确认"), "amber", "clock"),
        State("confirmed", _l("已确认"), "green", "circle-check"),
        State("refused", _l("不予确认"), "red", "circle-x"),
        State("withdrawn", _l("撤回"), "grey", "arrow-back"),
    ),
    transitions=(
        Transition("submit", _l("提交确认"), ("draft",), "submitted", rights.LEARN, form=forms.RemarkForm, guard=steps.guard_submit, effect=steps.submit_external,
                   when=_owner, tone="primary", icon="arrow-right", help=_l("须已上传培训证明。")),
        Transition("confirm", _l("确认并认定学时"), ("submitted",), "confirmed", rights.CONFIRM, form=forms.RemarkForm, effect=steps.confirm_external,
                   not_by=("entered_by", "submitted_by"), tone="primary", icon="circle-check"),
        Transition("return", _l("退回补充"), ("submitted",), "draft", rights.CONFIRM, effect=steps.answer_external, needs_reason=True, tone="outline-warning",
            icon="arrow-back"),
        Transition("refuse", _l("不予确认"), ("submitted",), "refused", rights.CONFIRM, effect=steps.answer_external, needs_reason=True, tone="outline-danger",
            icon="circle-x"),
        Transition("withdraw", _l("撤回"), ("draft", "submitted"), "withdrawn", rights.LEARN, form=forms.RemarkForm, when=_owner, tone="outline-secondary",
            icon="arrow-back"),
    ),
)  # fmt: skip

EXEMPTION = Workflow(
    record_type="training.exemption",
    title=_l("年度情况说明"),
    model=Exemption,
    url=exemption_url,
    states=(
        State("asked", _l("待审核"), "amber", "clock"),
        State("granted", _l("同意"), "green", "circle-check"),
        State("refused", _l("不同意"), "red", "circle-x"),
        State("revoked", _l("撤销"), "grey", "arrow-back"),
    ),
    transitions=(
        Transition("grant", _l("同意"), ("asked",), "granted", rights.CONFIRM, form=forms.RemarkForm, effect=steps.decide, not_by=("entered_by",), tone="primary",
            icon="check"),
        Transition("refuse", _l("不同意"), ("asked",), "refused", rights.CONFIRM, effect=steps.decide, needs_reason=True, tone="outline-danger", icon="x"),
        Transition("revoke", _l("撤销"), ("asked", "granted"), "revoked", rights.CONFIRM, effect=steps.decide, needs_reason=True, tone="outline-secondary",
            icon="arrow-back"),
    ),
)  # fmt: skip

PLAN = Workflow(
    record_type="training.plan",
    title=_l("年度培训计划"),
    model=Plan,
    url=plan_url,
    states=(
        State("draft", _l("编制中"), "grey", "edit"),
        State("submitted", _l("待审核"), "amber", "clock"),
        State("approved", _l("已审核"), "green", "circle-check"),
    ),
    transitions=(
        Transition("submit", _l("提交审核"), ("draft",), "submitted", rights.ORGANISE, form=forms.RemarkForm, guard=steps.guard_plan, effect=steps.submit_plan,
            when=_town,
                   tone="primary", icon="arrow-right"),
        Transition("adopt", _l("确定计划"), ("draft",), "approved", rights.ORGANISE, form=forms.RemarkForm, guard=steps.guard_plan, effect=steps.approve_plan,
                   when=lambda record: _ours(record) and not record.organisation.is_town, tone="primary", icon="check"),
        Transition("approve", _l("审核通过"), ("submitted",), "approved", rights.CONFIRM, form=forms.RemarkForm, effect=steps.approve_plan, not_by=("submitted_by",),
                   tone="primary", icon="check"),
        Transition("return", _l("退回修改"), ("submitted",), "draft", rights.CONFIRM, effect=steps.reopen_plan, needs_reason=True, tone="outline-warning",
            icon="arrow-back"),
        Transition("revise", _l("调整计划"), ("approved",), "draft", rights.ORGANISE, effect=steps.reopen_plan, needs_reason=True, when=_ours, tone="outline-secondary",
                   icon="edit"),
    ),
)  # fmt: skip

YEAR = Workflow(
    record_type="training.year",
    title=_l("年度档案"),
    model=YearBook,
    url=year_url,
    states=(
        State("open", _l("进行中"), "blue", "player-play"),
        State("closed", _l("已归档"), "grey", "archive"),
        State("reopened", _l("已重新打开"), "amber", "lock-open"),
    ),
    transitions=(
        Transition("close", _l("归档"), ("open", "reopened"), "closed", rights.CLOSE, form=forms.RemarkForm, guard=years.guard_close, effect=years.close, tone="primary",
                   icon="archive", help=_l("归档后锁定：不能再登记、认定或更正该年度的学时，只有区司法局可以重新打开。")),
        Transition("lapse", _l("到期自动归档"), ("open", "reopened"), "closed", system=True),
        Transition("reopen", _l("重新打开"), ("closed",), "reopened", rights.REOPEN, form=forms.ReopenForm, effect=years.reopen, needs_reason=True,
            tone="outline-warning",
                   icon="lock-open", help=_l("写明理由和截止日期；到期自动再次归档。")),
    ),
)  # fmt: skip

EXAM = Workflow(
    record_type="training.exam",
    title=_l("考试"),
    model=Exam,
    url=exam_url,
    states=(
        State("draft", _l("准备中"), "grey", "edit"),
        State("open", _l("开放"), "blue", "player-play"),
        State("closed", _l("已结束"), "green", "circle-check"),
    ),
    transitions=(
        Transition("open", _l("开放考试"), ("draft",), "open", rights.ORGANISE, form=forms.RemarkForm, effect=exams.open_exam, when=_ours, tone="primary",
            icon="player-play",
                   help=_l("开放后试卷组成不再变动，考生在规定时间内作答。")),
        Transition("close", _l("结束考试"), ("open",), "closed", rights.ORGANISE, form=forms.RemarkForm, effect=exams.close_exam, when=_ours, tone="primary",
            icon="check",
                   help=_l("未交卷的按已保存的答案评分，未参加的记为缺考。")),
        Transition("reopen", _l("重新开放"), ("closed",), "open", rights.ORGANISE, guard=steps.guard_host, when=_ours, needs_reason=True, tone="outline-secondary",
            icon="lock-open"),
    ),
)  # fmt: skip

SEARCH = Searchable(
    fields={"number": NUMBER, "title": TITLE, "lecturer": OBJECT, "organiser_name": OBJECT, "place": PLACE, "content": CONTENT},
    title=lambda row: f"{row.number} {row.title}",
    summary=lambda row: " · ".join(filter(None, (row.organisation.name, row.held_on.isoformat(), row.lecturer))),
    state=lambda row: _session_shown(row),
    recent="held_on",
)
SEARCH_EXTERNAL = Searchable(
    fields={"title": TITLE, "person_name": OBJECT, "organiser_name": OBJECT, "place": PLACE},
    title=lambda row: f"{row.person_name} {row.title}",
    summary=lambda row: f"{row.organisation.name} · {row.starts_on} · {row.organiser_name}",
    state=lambda row: _shown(EXTERNAL, row),
    recent="starts_on",
)


def _shown(workflow: Workflow, row: Any) -> tuple[Any, str, str]:
    state = workflow.state(row.state)
    return state.title, state.tone, state.icon


def _session_shown(row: Any) -> tuple[Any, str, str]:
    """A session that is over waits for its own town; to everybody else it is over."""
    if row.state == "finished" and not _town(row):
        return _l("已结束"), "blue", "check"
    return _shown(SESSION, row)


ALL = (SESSION, INVITATION, EXTERNAL, EXEMPTION, PLAN, YEAR, EXAM)


def record_types() -> list[RecordType]:
    return [
        RecordType("training.session", _l("培训班"), Training, session_url, rights.SEE, search=SEARCH, shared=True),
        RecordType("training.invitation", _l("参训邀请"), TownInvitation, invitation_url, rights.READ),
        RecordType("training.external", _l("外出培训"), External, external_url, rights.BOOKS, search=SEARCH_EXTERNAL),
        RecordType("training.exemption", _l("年度情况说明"), Exemption, exemption_url, rights.BOOKS, rights.RECORD),
        RecordType("training.plan", _l("年度培训计划"), Plan, plan_url, rights.READ),
        RecordType("training.year", _l("年度档案"), YearBook, year_url, rights.BOOKS),
        RecordType("training.exam", _l("考试"), Exam, exam_url, rights.READ),
    ]
