"""The workflows of certificates and applications, as data."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l

from plugins.certificates import forms, operations, rights
from plugins.certificates.models import Application, Certificate, Destruction
from portal.contract import CONTENT, NUMBER, PLACE, TITLE, RecordType, Searchable
from portal.records.workflow import State, Transition, Workflow

SPENT = ("expired", "cancelled", "lost")
CLEARING_STATES = (
    State("none", _l("无需收回"), "grey", "circle-dot"),
    State("due", _l("待收回"), "amber", "clock"),
    State("recovered", _l("已收回"), "blue", "archive"),
    State("unrecoverable", _l("无法收回"), "grey", "alert-triangle"),
    State("destroyed", _l("已销毁"), "grey", "flame"),
)


def _url(record_id: int) -> str:
    return url_for("certificates.detail", certificate_id=record_id)


def _application_url(record_id: int) -> str:
    return url_for("certificate_applications.detail", application_id=record_id)


CERTIFICATE = Workflow(
    record_type="certificates.certificate",
    title=_l("执法证件"),
    model=Certificate,
    url=_url,
    more_states=CLEARING_STATES,
    states=(
        State("active", _l("有效"), "green", "circle-check"),
        State("suspended", _l("暂扣"), "amber", "player-pause"),
        State("expired", _l("过期"), "red", "clock"),
        State("lost", _l("遗失"), "red", "alert-triangle"),
        State("cancelled", _l("注销"), "grey", "circle-x"),
    ),
    transitions=(
        Transition("suspend", _l("暂扣"), ("active",), "suspended", rights.SUSPEND, effect=operations.suspend, needs_reason=True,
                   tone="outline-warning", icon="player-pause", help=_l("暂扣期间不得持证执法；恢复后继续有效。")),
        Transition("restore", _l("恢复"), ("suspended",), "active", rights.SUSPEND, guard=operations.guard_restore, effect=operations.restore,
                   needs_reason=True, icon="player-play", help=_l("恢复后证件继续有效至原有效期。")),
        Transition("lose", _l("登记遗失"), ("active", "suspended"), "lost", rights.APPLY, form=forms.LostForm, effect=operations.lose,
                   needs_reason=True, tone="outline-danger", icon="alert-triangle", help=_l("遗失须公告声明作废；补证另行申请。")),
        Transition("cancel", _l("注销"), ("active", "suspended", "lost", "expired"), "cancelled", rights.CANCEL, form=forms.CancelForm,
                   effect=operations.cancel, needs_reason=True, tone="outline-danger", icon="circle-x", when=lambda record: record.state in ("active", "suspended"),
                   help=_l("注销后证件不可恢复，须在期限内收回。")),
        Transition("recover", _l("登记收回"), SPENT, None, rights.CLEAR, form=forms.RecoverForm, effect=operations.recover,
                   when=lambda record: record.clearing in ("due", "unrecoverable"), tone="primary", icon="archive",
                   help=_l("记录谁交回、谁接收、何日收回。")),
        Transition("give_up", _l("登记无法收回"), SPENT, None, rights.CLEAR, form=forms.UnrecoverableForm, effect=operations.give_up,
                   needs_reason=True, when=lambda record: record.clearing == "due", tone="outline-secondary", icon="x",
                   help=_l("须写明原因，并公告声明作废。")),
        Transition("expire", _l("过期"), ("active", "suspended"), "expired", system=True),
        Transition("cancel_for_person", _l("因人员变动注销"), ("active", "suspended"), "cancelled", system=True),
    ),
)  # fmt: skip

APPLICATION = Workflow(
    record_type="certificates.application",
    title=_l("证件申请"),
    model=Application,
    url=_application_url,
    states=(
        State("draft", _l("草稿"), "grey", "edit"),
        State("unit_review", _l("单位审核"), "amber", "clock"),
        State("district_review", _l("区司法局核验"), "blue", "clock"),
        State("issued", _l("已发证"), "green", "circle-check"),
        State("refused", _l("不予发证"), "red", "circle-x"),
        State("withdrawn", _l("已撤回"), "grey", "arrow-back"),
    ),
    transitions=(
        Transition("submit", _l("提交单位审核"), ("draft",), "unit_review", rights.APPLY, guard=operations.guard_eligible, effect=operations.submit,
                   tone="primary", icon="arrow-right", help=_l("提交时核对申领条件：在编、在岗、两门考试合格。")),
        Transition("approve_unit", _l("单位审核通过"), ("unit_review",), "district_review", rights.REVIEW, guard=operations.guard_eligible,
                   effect=operations.approve_unit, not_by=("submitted_by",), tone="primary", icon="check", help=_l("通过后报区司法局核验。")),
        Transition("return", _l("退回"), ("unit_review",), "draft", rights.REVIEW, effect=operations.give_reason, needs_reason=True,
                   tone="outline-warning", icon="arrow-back", help=_l("退回申请人修改，写明原因。")),
        Transition("issue", _l("核验通过并发证"), ("district_review",), "issued", rights.VERIFY, form=forms.IssueForm, guard=operations.guard_eligible,
                   effect=operations.issue, not_by=("submitted_by", "reviewed_by"), tone="primary", icon="certificate",
                   help=_l("登记证号与有效期；证号在全区唯一，不重复使用。")),
        Transition("return_district", _l("退回单位"), ("district_review",), "unit_review", rights.VERIFY, effect=operations.give_reason,
                   needs_reason=True, tone="outline-warning", icon="arrow-back"),
        Transition("refuse", _l("不予发证"), ("district_review",), "refused", rights.VERIFY, effect=operations.give_reason, needs_reason=True,
                   tone="outline-danger", icon="x"),
        Transition("withdraw", _l("撤回申请"), ("draft", "unit_review"), "withdrawn", rights.APPLY, effect=operations.give_reason, needs_reason=True,
                   tone="outline-secondary", icon="arrow-back"),
    ),
)  # fmt: skip


def clearing_state(code: str) -> State:
    return next(state for state in CLEARING_STATES if state.code == code)


def _shown(row: Any) -> tuple[Any, str, str]:
    state = CERTIFICATE.state(row.state)
    return state.title, state.tone, state.icon


SEARCH = Searchable(
    fields={"number": NUMBER, "holder_name": TITLE, "authority": PLACE, "category": CONTENT, "area": CONTENT},
    title=lambda row: f"{row.holder_name} {row.number}",
    summary=lambda row: " · ".join(filter(None, (row.organisation.name, row.category, row.valid_until.isoformat()))),
    state=_shown,
    recent="valid_until",
)


def record_types() -> list[RecordType]:
    """Kinds of records of this plugin, with the address of their page."""

    def destruction_url(record_id: int) -> str:
        return url_for("certificate_clearing.batch", batch_id=record_id)

    kinds: list[tuple[str, Any, Any, Any]] = [
        ("certificates.certificate", _l("执法证件"), Certificate, _url),
        ("certificates.application", _l("证件申请"), Application, _application_url),
        ("certificates.destruction", _l("销毁清单"), Destruction, destruction_url),
    ]
    search = {"certificates.certificate": SEARCH}
    return [RecordType(name, title, model, url, rights.READ, search=search.get(name)) for name, title, model, url in kinds]
