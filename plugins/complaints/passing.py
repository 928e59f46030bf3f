"""转办: what a town passes on, and what the department does with it. The two sides see their own record only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.complaints import identity, limits, operations, redaction, rules
from plugins.complaints.models import Complaint, Incoming, Transfer
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.directory.models import Organisation
from portal.errors import Refused
from portal.inbox.service import NewNotice, notify
from portal.tenancy import crossing
from portal.text import whole

Data = Mapping[str, Any]


def receivers(session: Session) -> list[tuple[int, str]]:
    """Departments with a liaison in the portal."""
    found = select(Organisation.id, Organisation.name).where(Organisation.kind == "department", Organisation.active).order_by(Organisation.weight, Organisation.id)
    return [(row.id, row.name) for row in session.execute(found)]


def pass_on(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """Send a copy, without whoever complained, to a department; or record that it went to a body outside the portal."""
    chosen, outside = whole(str(data.get("to_org") or "")) or 0, str(data.get("to_name") or "").strip()
    names = dict(receivers(session))
    if bool(chosen) == bool(outside) or (chosen and chosen not in names):
        raise Refused(_("请选择接收部门，或填写系统外的接收单位（二者选一）。"), field="to_org")
    transfer = Transfer(
        org_id=complaint.org_id, complaint_id=complaint.id, to_org_id=chosen or None, to_name=names.get(chosen) or outside[:80],
        reason=operations.reason_of(data), state="sent", sent_on=today, sent_by=current_actor().name,
    )  # fmt: skip
    session.add(transfer)
    session.flush()
    operations.enter(session, complaint, {"reason": _("转办 %(name)s：%(why)s", name=transfer.to_name, why=transfer.reason)}, today)
    operations.first_done(complaint, today)
    if chosen:
        _send(session, complaint, transfer, chosen, today)


def _send(session: Session, complaint: Complaint, transfer: Transfer, to_org_id: int, today: dt.date) -> None:
    known = identity.known(session, complaint)

    def free(text: str) -> str:
        return redaction.leave_out(text, known, numbers=not known)

    with crossing("complaints.transfer", complaint.number, switched_off=True):
        incoming = Incoming(
            org_id=to_org_id, transfer_id=transfer.id, from_org_id=complaint.org_id, from_name=complaint.organisation.name, number=complaint.number,
            title=free(complaint.title), content=free(complaint.content), demand=free(complaint.demand), place=complaint.place,
            object_name=complaint.object_name, reason=free(transfer.reason), sent_on=today, due_on=complaint.due_on, state="sent",
            object_by=current_calendar().add_working_days(today, rules.OBJECT_DAYS).day,
        )  # fmt: skip
        session.add(incoming)
        session.flush()
    notice = NewNotice(
        role="department_liaison", org_id=to_org_id, title=_("%(town)s转来：%(title)s", town=incoming.from_name, title=incoming.title), body=incoming.reason,
        url=f"/complaints/incoming/{incoming.id}", key=f"complaints.incoming:{incoming.id}", urgent=complaint.urgency == "danger",
    )  # fmt: skip
    notify(session, notice)


def record_receipt(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """The receipt of a body outside the portal, entered by hand from its paper."""
    transfer = operations.open_transfer(session, complaint)
    if transfer is None or transfer.to_org_id is not None:
        raise Refused(_("接收部门在系统内，由其自行签收。"))
    operations.check_on(data["answered_on"], transfer.sent_on, today, "answered_on", _("签收日期不能早于转办日期。"))
    transfer.state, transfer.receipt, transfer.answered_on = "received", str(data["receipt"]).strip(), data["answered_on"]
    _passed(session, complaint, transfer, today)


def _passed(session: Session, complaint: Complaint, transfer: Transfer, today: dt.date) -> None:
    """转办 is done: with the receiver's receipt, and only then."""
    complaint.state, complaint.state_on = "passed", today
    operations.settle(complaint)
    limits.note(session, complaint, "step", _("%(name)s 已签收：%(receipt)s", name=transfer.to_name, receipt=transfer.receipt))


def record_result(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """What became of it there, entered by hand."""
    transfer = operations.open_transfer(session, complaint)
    if transfer is None or transfer.state != "received" or transfer.to_org_id is not None:
        raise Refused(_("接收部门在系统内，由其自行反馈。"))
    transfer.state, transfer.result, transfer.result_on = "done", operations.reason_of(data), today
    limits.note(session, complaint, "step", _("%(name)s 反馈：%(text)s", name=transfer.to_name, text=transfer.result))


def take_back(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """收回 a transfer that was not receipted: the matter is ours again."""
    transfer = operations.open_transfer(session, complaint)
    if transfer is not None:
        transfer.state, transfer.receipt, transfer.answered_on = "objected", operations.reason_of(data), today
        if transfer.to_org_id is not None:
            with crossing("complaints.transfer", complaint.number, switched_off=True):
                incoming = session.scalars(select(Incoming).where(Incoming.transfer_id == transfer.id)).one()
                incoming.state, incoming.receipt, incoming.answered_on = "objected", _("转办单位已收回"), today
                session.flush()
    operations.enter(session, complaint, data, today)


# -- the department's side ------------------------------------------------------------------------------------------------------


def receive(session: Session, incoming: Incoming, data: Data, today: dt.date) -> None:
    """签收 by the department; with it the town's transfer is done."""
    _answer(incoming, data["receipt"], today)
    with crossing("complaints.transfer", incoming.number, switched_off=True):
        transfer, complaint = _town_side(session, incoming)
        transfer.state, transfer.receipt, transfer.answered_on = "received", incoming.receipt, today
        _passed(session, complaint, transfer, today)
        session.flush()
    _tell_town(session, complaint, _("%(name)s 已签收 %(number)s", name=transfer.to_name, number=complaint.number), "received")


def object_to(session: Session, incoming: Incoming, data: Data, today: dt.date) -> None:
    """异议 within 5 working days: not theirs; the town decides anew."""
    if today > incoming.object_by:
        raise Refused(_("异议应在 %(day)s 前提出，现已逾期。", day=incoming.object_by))
    _answer(incoming, operations.reason_of(data), today)
    with crossing("complaints.transfer", incoming.number, switched_off=True):
        transfer, complaint = _town_side(session, incoming)
        transfer.state, transfer.receipt, transfer.answered_on = "objected", incoming.receipt, today
        complaint.state, complaint.state_on = "registered", today
        limits.recompute(complaint)
        limits.note(session, complaint, "step", _("%(name)s 提出异议：%(why)s", name=transfer.to_name, why=incoming.receipt))
        session.flush()
    _tell_town(session, complaint, _("%(name)s 对 %(number)s 提出异议", name=transfer.to_name, number=complaint.number), "objected")


def give_result(session: Session, incoming: Incoming, data: Data, today: dt.date) -> None:
    """反馈结果."""
    incoming.result, incoming.result_on = operations.reason_of(data), today
    with crossing("complaints.transfer", incoming.number, switched_off=True):
        transfer, complaint = _town_side(session, incoming)
        transfer.state, transfer.result, transfer.result_on = "done", incoming.result, today
        limits.note(session, complaint, "step", _("%(name)s 反馈：%(text)s", name=transfer.to_name, text=transfer.result))
        session.flush()
    _tell_town(session, complaint, _("%(name)s 已反馈 %(number)s 的办理结果", name=transfer.to_name, number=complaint.number), "done")


def _answer(incoming: Incoming, receipt: str, today: dt.date) -> None:
    incoming.receipt, incoming.answered_on, incoming.answered_by = str(receipt).strip()[:120], today, current_actor().name


def _town_side(session: Session, incoming: Incoming) -> tuple[Transfer, Complaint]:
    transfer = session.scalars(select(Transfer).where(Transfer.id == incoming.transfer_id).with_for_update(of=Transfer)).one()
    complaint = session.scalars(select(Complaint).where(Complaint.id == transfer.complaint_id).with_for_update(of=Complaint)).unique().one()
    return transfer, complaint


def _tell_town(session: Session, complaint: Complaint, title: str, key: str) -> None:
    with crossing("complaints.transfer", complaint.number, switched_off=True):
        operations.tell(session, complaint, title, key, role="office_head")
