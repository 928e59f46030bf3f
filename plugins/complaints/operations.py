"""The steps of a matter: guards that refuse and effects that change, called by the workflow inside its unit of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence, Set
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from plugins.complaints import accusations, figures, identity, limits, rules, words
from plugins.complaints.models import Complaint, Transfer
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import Ready
from portal.directory.models import Person
from portal.errors import Refused
from portal.inbox.service import NewNotice, notify_many
from portal.records.links import link
from portal.text import whole

Data = Mapping[str, Any]


def reason_of(data: Data) -> str:
    return str(data.get("reason") or "").strip()


def enter(_session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """The plain effect: the reason and the day of the state, and an entry where something was said."""
    complaint.state_reason, complaint.state_on = reason_of(data), today
    if complaint.state_reason:
        limits.note(_session, complaint, "step", complaint.state_reason)


def settle(complaint: Complaint) -> None:
    """No limit runs any more: it leaves the order of what is due."""
    complaint.sort_due = rules.FOREVER


def first_done(complaint: Complaint, today: dt.date) -> None:
    """The first answer that a limit asks for was given."""
    if complaint.first_done_on is None:
        complaint.first_done_on = today
        complaint.sort_due = limits.place_in_order(complaint)


def check_on(day: dt.date, not_before: dt.date, today: dt.date, field: str, before: str) -> None:
    """Raise Refused for a day that lies in the future or before what it follows."""
    if day > today:
        raise Refused(_("日期不能晚于今天。"), field=field)
    if day < not_before:
        raise Refused(before, field=field)


# -- accepting and refusing ----------------------------------------------------------------------------------------------


def accept(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    enter(session, complaint, data, today)
    first_done(complaint, today)


def refuse(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """不予受理: with a ground from the list and its text; anonymity alone is none."""
    grounds = figures.figure(figures.REFUSALS, complaint.org_id, today)
    if data["ground"] not in grounds:
        raise Refused(_("请从列表中选择事由。"), field="ground")
    if "匿名" in str(data["ground"]):
        raise Refused(_("匿名本身不是不予受理的理由。"), field="ground")
    complaint.refuse_code = str(grounds.index(data["ground"]) + 1)
    enter(session, complaint, {"reason": f"{data['ground']}：{reason_of(data)}"}, today)
    first_done(complaint, today)
    settle(complaint)


def redirect(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """Other paths are shown at once: what it is for is said by the law, not by us."""
    enter(session, complaint, {"reason": reason_of(data) or str(words.REDIRECT_ADVICE[complaint.redirect_kind])}, today)
    settle(complaint)


# -- passing on ------------------------------------------------------------------------------------------------------------


def open_transfer(session: Session, complaint: Complaint) -> Transfer | None:
    """The transfer that waits for its receipt or its result."""
    live = (Transfer.complaint_id == complaint.id, Transfer.state.in_(("sent", "received")))
    return session.scalars(select(Transfer).where(*live).order_by(Transfer.id.desc()).limit(1)).one_or_none()


# -- assigning --------------------------------------------------------------------------------------------------------------


def candidates(session: Session, complaint: Complaint, today: dt.date) -> list[tuple[int, str, int]]:
    """Who may handle a matter: account, name, open matters in hand. Nobody off post, nobody shut out, for accusations internal supervision only."""
    role = "discipline_officer" if complaint.kind == "accusation" else "handling_officer"
    roles = (role,) if complaint.kind == "accusation" else (role, "office_head")
    held = (
        select(Account.id, Account.name)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.org_id == complaint.org_id, RoleGrant.role.in_(roles), Account.active)
        .where(or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= today), or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today))
        .distinct()
    )
    shut_out = accusations.shut_out_of(session, complaint.id)
    away = off_post(session, complaint.org_id)
    loads = load(session, complaint.org_id)
    found = [(row.id, row.name, loads.get(row.id, 0)) for row in session.execute(held) if row.id not in shut_out and row.id not in away]
    return sorted(found, key=lambda item: (item[2], item[1]))


def off_post(session: Session, org_id: int) -> set[int]:
    """Accounts of people who are no longer on post in the town."""
    gone = select(Person.account_id).where(Person.org_id == org_id, Person.post_status != "在岗", Person.account_id.is_not(None))
    return {account for account in session.scalars(gone) if account is not None}


def load(session: Session, org_id: int) -> dict[int, int]:
    """Open matters in hand, for each account."""
    counted = select(Complaint.handler_id, func.count()).where(Complaint.org_id == org_id, Complaint.state.in_(("assigned", "handling", "suspended")))
    return {int(account): number for account, number in session.execute(counted.group_by(Complaint.handler_id)) if account is not None}


def assign(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """交办 to an officer who may handle it; raises Refused for anybody else."""
    chosen = whole(str(data["handler"] or "")) or 0
    allowed = {account: name for account, name, _load in candidates(session, complaint, today)}
    if chosen not in allowed:
        away = chosen in off_post(session, complaint.org_id)
        raise Refused(_("该人员不在岗，不能交办。") if away else _("请从列表中选择承办人。"), field="handler")
    enter(session, complaint, data, today)
    complaint.handler_id, complaint.handler_name = chosen, allowed[chosen]
    complaint.assigned_by, complaint.assigned_on = current_actor().account_id, today
    limits.note(session, complaint, "step", _("交办 %(name)s", name=allowed[chosen]))
    tell(session, complaint, _("交办：%(number)s %(title)s", number=complaint.number, title=complaint.title), f"assigned:{today}:{chosen}", account_id=chosen)


def guard_own(complaint: Complaint, _data: Data, _today: dt.date) -> None:
    """Only whoever it was assigned to handles it."""
    if complaint.handler_id != current_actor().account_id:
        raise Refused(_("本件的承办人是 %(name)s，由承办人办理；需要换人请负责人重新交办。", name=complaint.handler_name or "—"))


def start(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    enter(session, complaint, data, today)
    first_done(complaint, today)


# -- suspending and extending -----------------------------------------------------------------------------------------------


def suspend(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    enter(session, complaint, data, today)
    complaint.suspended_on = today
    settle(complaint)


def resume(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """恢复: suspended days do not count; the deadline moves with an entry."""
    since = complaint.suspended_on or today
    complaint.suspended_days += rules.days_suspended(current_calendar(), since, today, complaint.limit_unit)
    complaint.suspended_on = None
    complaint.state = "handling"
    before = complaint.due_on
    limits.recompute(complaint)
    enter(session, complaint, data, today)
    limits.moved(session, complaint, before, _("%(since)s 至 %(until)s 中止期间不计入", since=since, until=today))


def guard_extension(complaint: Complaint, data: Data, today: dt.date) -> None:
    """Once, before the deadline, not longer than the kind allows."""
    if complaint.due_on is None:
        raise Refused(_("本件没有期限，不需要延期。"))
    if today > complaint.due_on:
        raise Refused(_("期限 %(day)s 已过，不能再申请延期。", day=complaint.due_on))
    longest = figures.path_of(complaint.kind, complaint.org_id, complaint.received_on).longest_extension
    if not 1 <= int(data["days"] or 0) <= longest:
        raise Refused(_("延期为 1 至 %(n)s 天。", n=longest), field="days")


def ask_extension(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    complaint.extension_state, complaint.extension_days = "asked", int(data["days"])
    complaint.extension_reason, complaint.extension_by = reason_of(data), current_actor().account_id
    limits.note(session, complaint, "extension", _("申请延期 %(n)s 天：%(why)s", n=complaint.extension_days, why=complaint.extension_reason))
    tell(session, complaint, _("延期待审批：%(number)s", number=complaint.number), f"extension:{today}", role="leader")


def grant_extension(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    complaint.extension_state, before = "granted", complaint.due_on
    limits.recompute(complaint)
    limits.moved(session, complaint, before, _("批准延期 %(n)s 天。%(why)s", n=complaint.extension_days, why=reason_of(data)))


def refuse_extension(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    complaint.extension_state = "refused"
    limits.note(session, complaint, "extension", _("不批准延期：%(why)s", why=reason_of(data)))


# -- concluding, answering, closing -------------------------------------------------------------------------------------------


def conclude(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """办结 with facts, measures and one of four results."""
    day = data["concluded_on"]
    check_on(day, complaint.received_on, today, "concluded_on", _("办结日期不能早于收到日期。"))
    complaint.facts, complaint.measures, complaint.result = str(data["facts"]).strip(), str(data["measures"]).strip(), data["result"]
    complaint.concluded_on, complaint.concluded_by = day, current_actor().account_id
    complaint.approved_by = complaint.approved_on = None
    complaint.review, complaint.reviewed_by, complaint.reviewed_on = "", None, None
    complaint.days_taken = rules.days_taken(current_calendar(), complaint.due_from, day)
    complaint.late = complaint.due_on is not None and day > complaint.due_on
    complaint.state_on, complaint.state_reason = today, ""
    limits.note(session, complaint, "step", _("办结：%(result)s", result=complaint.result))
    if complaint.extension_state == "asked":
        complaint.extension_state = "refused"
    settle(complaint)


def review(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """法制审核 by somebody who neither handled nor concluded the matter."""
    if data["review"] not in rules.REVIEWS:
        raise Refused(_("请选择审核意见。"), field="review")
    complaint.review, complaint.reviewed_by, complaint.reviewed_on = data["review"], current_actor().account_id, today
    limits.note(session, complaint, "step", _("法制审核：%(opinion)s。%(why)s", opinion=words.REVIEWS[complaint.review], why=reason_of(data)))
    tell(session, complaint, _("已法制审核：%(number)s", number=complaint.number), f"reviewed:{today}", role="leader")


def guard_approval(complaint: Complaint, _data: Data, today: dt.date) -> None:
    """Where the town wants it, no conclusion is approved without legal review; accusations stay with internal supervision."""
    if complaint.reviewed_on is None and complaint.kind != "accusation" and figures.figure(figures.LEGAL_REVIEW, complaint.org_id, today):
        raise Refused(_("办结意见尚未法制审核，不能审核同意。"))


def approve_conclusion(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    complaint.approved_by, complaint.approved_on = current_actor().account_id, today
    limits.note(session, complaint, "step", _("审核办结意见：同意。%(why)s", why=reason_of(data)))


def guard_reply(complaint: Complaint, data: Data, today: dt.date) -> None:
    if complaint.approved_on is None:
        raise Refused(_("办结意见尚未审核，不能答复。"))
    assert complaint.concluded_on is not None
    check_on(data["replied_on"], complaint.concluded_on, today, "replied_on", _("答复日期不能早于办结日期。"))


def reply(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """答复: how, when, by whom. The text never goes to whoever was complained about."""
    complaint.reply_how, complaint.replied_on = data["reply_how"], data["replied_on"]
    complaint.reply_text, complaint.reply_by = str(data["reply_text"]).strip(), current_actor().name
    complaint.state_on = today
    limits.note(session, complaint, "step", _("已%(how)s答复", how=complaint.reply_how))


def guard_archive(complaint: Complaint, _data: Data, _today: dt.date) -> None:
    from portal.database import db

    if complaint.state == "concluded":
        if complaint.approved_on is None:
            raise Refused(_("办结意见尚未审核，不能归档。"))
        known = identity.of(db.session(), complaint.id)
        if known is not None and known.reachable:
            raise Refused(_("投诉人留有联系方式，请先答复。"))
    if complaint.state == "passed":
        last = db.session.scalars(select(Transfer).where(Transfer.complaint_id == complaint.id).order_by(Transfer.id.desc()).limit(1)).one_or_none()
        if last is None or last.state != "done":
            raise Refused(_("承办单位尚未反馈结果，不能归档。"))


def archive(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    complaint.archived_on, complaint.closed_as = today, complaint.state
    with session.no_autoflush:  # one step, one event
        identity.keep_from_archive(session, complaint)
    enter(session, complaint, data, today)
    settle(complaint)


def guard_withdraw(complaint: Complaint, _data: Data, _today: dt.date) -> None:
    why = rules.refuse_withdrawal(complaint.kind)
    if why:
        raise Refused(why)


def withdraw(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    enter(session, complaint, data, today)
    settle(complaint)


# -- merging ------------------------------------------------------------------------------------------------------------------


def merge(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """并案 into an earlier one: the deadline of the earliest rules, the merged one points to the main one."""
    number = "".join(str(data["main_number"] or "").split())
    named = select(Complaint).where(Complaint.org_id == complaint.org_id, Complaint.number == number).with_for_update(of=Complaint)
    main = session.scalars(named).unique().one_or_none()
    if main is None:
        raise Refused(_("没有找到编号为“%(number)s”的事项。", number=number[:60]), field="main_number")
    if main.id == complaint.id:
        raise Refused(_("不能并入本件自身。"), field="main_number")
    merged = select(Complaint.id, Complaint.main_id).where(Complaint.org_id == complaint.org_id, Complaint.main_id.is_not(None))
    pointing = {row.id: row.main_id for row in session.execute(merged)}
    if rules.merges_in_circle(complaint.id, main.id, pointing):
        raise Refused(_("对方已并入本件，不能循环并案。"), field="main_number")
    if main.state not in rules.BEFORE_CONCLUSION:
        raise Refused(_("主件已不在办，不能并入。"), field="main_number")
    if (main.kind == "accusation") != (complaint.kind == "accusation"):
        raise Refused(_("检举控告不与其他事项并案。"), field="main_number")
    complaint.main_id, complaint.repeats = main.id, True
    enter(session, complaint, {"reason": _("并入 %(number)s。%(why)s", number=main.number, why=reason_of(data))}, today)
    before = main.due_on
    if complaint.due_on is not None and (main.due_on is None or complaint.due_on < main.due_on):
        for name in ("limit_days", "limit_unit", "limit_given", "due_given", "due_from", "suspended_days", "extension_state", "extension_days"):
            setattr(main, name, getattr(complaint, name))
        limits.recompute(main)
    limits.moved(session, main, before, _("%(number)s 并入，按最早的期限", number=complaint.number))
    limits.note(session, main, "step", _("%(number)s 并入本件", number=complaint.number))
    link(session, ("complaints.complaint", complaint.id), ("complaints.complaint", main.id), "merged", complaint.org_id)
    settle(complaint)


# -- urging -------------------------------------------------------------------------------------------------------------------


def urge(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """督办 by the supervisor: everybody concerned is told at once."""
    limits.note(session, complaint, "urge", reason_of(data))
    title = _("区司法局督办：%(number)s %(title)s", number=complaint.number, title=complaint.title)
    for role in ("office_head", "leader"):
        tell(session, complaint, title, f"urged:{today}:{len(reason_of(data))}", role=role, body=reason_of(data), urgent=True)
    if complaint.handler_id:
        tell(session, complaint, title, f"urged:{today}:{len(reason_of(data))}", account_id=complaint.handler_id, body=reason_of(data), urgent=True)


def tell(session: Session, complaint: Complaint, title: str, key: str, *, role: str = "", account_id: int | None = None, body: str = "", urgent: bool = False,
         everywhere: bool = False) -> None:  # fmt: skip
    """A notice about a matter, to nobody from whom it is kept. Titles carry no identity."""
    receivers = [account_id] if account_id else holders(session, role, None if everywhere else complaint.org_id)
    tell_these(session, complaint, title, key, receivers, accusations.shut_out_of(session, complaint.id), body=body, urgent=urgent, everywhere=everywhere)


def tell_these(session: Session, complaint: Complaint, title: str, key: str, receivers: Sequence[int], shut_out: Set[int] = frozenset(), *, body: str = "",
               urgent: bool = False, everywhere: bool = False) -> None:  # fmt: skip
    """The same where it is known already who is to hear of it, and from whom it is kept."""
    notify_many(
        session,
        [
            NewNotice(
                account_id=account, org_id=None if everywhere else complaint.org_id, title=title, body=body, url=f"/complaints/{complaint.id}",
                key=f"complaints.{complaint.id}:{key}", urgent=urgent or complaint.urgency == "danger",
            )
            for account in receivers if account not in shut_out
        ],
    )  # fmt: skip


_GRANTS: Any = RoleGrant.__table__
_ANYWHERE = select(_GRANTS.c.account_id).where(_GRANTS.c.role == bindparam("role"))
_HELD, _HELD_IN = Ready(_ANYWHERE), Ready(_ANYWHERE.where(_GRANTS.c.org_id == bindparam("org")))


def holders(session: Session, role: str, org_id: int | None) -> list[int]:
    """Accounts that hold a role in an organisation, or anywhere."""
    connection = session.connection()
    return [row[0] for row in (_HELD.rows(connection, role=role) if org_id is None else _HELD_IN.rows(connection, role=role, org=org_id))]
