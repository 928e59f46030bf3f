"""Guards and effects of the workflows, called inside their unit of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.training import crediting, rules, sessions, years
from plugins.training.models import Enrolment, Plan, PlanItem, TownInvitation, Training
from plugins.training.models_file import Exemption, External
from portal.clock import now_local
from portal.context import current_actor
from portal.database import db
from portal.errors import Refused
from portal.inbox.service import NewNotice, notify_many
from portal.records.attachments import Attachment

Data = Mapping[str, Any]


def reason_of(data: Data) -> str:
    return str(data.get("reason") or "").strip()


def tell(session: Session, title: str, key: str, url: str, org_id: int, *roles: str, account_id: int | None = None) -> None:
    """A notice to roles of a town, or to one account."""
    notices = [NewNotice(title, key, url=url, role=role, org_id=org_id) for role in roles]
    if account_id is not None:
        notices.append(NewNotice(title, key, url=url, account_id=account_id, org_id=org_id))
    notify_many(session, notices)


# -- sessions -------------------------------------------------------------------------------------------------------------


def guard_host(training: Training, _data: Data, _today: dt.date) -> None:
    sessions.check_host(training)


def open_session(session: Session, training: Training, data: Data, today: dt.date) -> None:
    """开放报名: invited towns are told."""
    training.state_on, training.state_reason = today, reason_of(data)
    session.flush()
    sessions.tell_towns(session, training)


def guard_finish(training: Training, data: Data, today: dt.date) -> None:
    guard_host(training, data, today)
    if now_local() < training.ends_at:
        at = f"{sessions.local(training.ends_at):%m-%d %H:%M}"
        raise Refused(_("培训到 %(at)s 才结束，之后才能结束签到；提前结束的，请先修改结束时间。", at=at))
    years.check_open(db.session(), training.org_id, training.year)


def finish(session: Session, training: Training, data: Data, today: dt.date) -> None:
    """结束签到: whoever did not sign in was absent; the invited towns may certify."""
    training.state_on, training.state_reason, training.finished_by = today, reason_of(data), current_actor().account_id
    for row in session.scalars(select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.state.in_(("enrolled", "waiting")))):
        row.state = "absent" if row.state == "enrolled" else "cancelled"
    session.flush()
    title = _("待认定学时：%(title)s", title=training.title)
    if training.organisation.is_town:
        tell(session, title, f"training.finished:{training.id}", f"/training/{training.id}", training.org_id, "office_head")
    for invited in session.scalars(select(TownInvitation).where(TownInvitation.session_id == training.id, TownInvitation.state == "invited")).unique():
        tell(session, title, f"training.finished:{training.id}", f"/training/{training.id}", invited.org_id, "office_head")


def certify(session: Session, training: Training, data: Data, today: dt.date) -> None:
    """认定学时 by the head, for the town's own people."""
    crediting.certify(session, training, training.org_id, today)
    training.certified_by, training.certified_on, training.state_on, training.state_reason = current_actor().account_id, today, today, reason_of(data)


def return_session(session: Session, training: Training, data: Data, today: dt.date) -> None:
    training.state_on, training.state_reason = today, reason_of(data)
    title = _("签到被退回核对：%(title)s", title=training.title)
    tell(
        session,
        title,
        f"training.returned:{training.id}:{training.version}",
        f"/training/{training.id}",
        training.org_id,
        "training_manager",
        account_id=training.finished_by,
    )


def cancel_session(session: Session, training: Training, data: Data, today: dt.date) -> None:
    """取消: everybody is told, the calendar file says so, seats are given back."""
    training.state_on, training.state_reason = today, reason_of(data)
    training.sequence += 1
    sessions.tell_all(session, training, _("培训已取消：%(title)s（%(why)s）", title=training.title, why=reason_of(data)[:60]), "cancelled", urgent=True)
    for row in session.scalars(select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.state.in_(("enrolled", "waiting", "present", "attended")))):
        row.state = "cancelled"
    for invited in session.scalars(select(TownInvitation).where(TownInvitation.session_id == training.id)).unique():
        invited.state = "cancelled"
    session.flush()


def archive_session(_session: Session, training: Training, data: Data, today: dt.date) -> None:
    training.state_on, training.state_reason = today, reason_of(data)


def waits(training_id: int, org_id: int) -> bool:
    """Whether somebody of a town still stands to be certified, after others were."""
    waiting = select(func.count()).select_from(Enrolment).where(
        Enrolment.session_id == training_id, Enrolment.org_id == org_id, Enrolment.state.in_(("present", "attended"))
    )  # fmt: skip
    return bool(db.session.scalar(waiting))


# -- invitations ----------------------------------------------------------------------------------------------------------


def decline(session: Session, invitation: TownInvitation, data: Data, _today: dt.date) -> None:
    invitation.reason = reason_of(data)
    for row in session.scalars(select(Enrolment).where(Enrolment.session_id == invitation.session_id, Enrolment.org_id == invitation.org_id)):
        row.state = "cancelled"
    title = _("%(town)s 不派员参训：%(why)s", town=invitation.organisation.name, why=invitation.reason[:80])
    tell(
        session,
        title,
        f"training.declined:{invitation.id}",
        f"/training/{invitation.session_id}",
        invitation.host_id,
        "training_manager",
        "department_liaison",
        "supervisor",
    )


def certify_invited(session: Session, invitation: TownInvitation, data: Data, today: dt.date) -> None:
    """认定学时 by the head of the invited town, for its own people."""
    crediting.certify(session, invitation.training, invitation.org_id, today)
    invitation.certified_by, invitation.certified_on, invitation.reason = current_actor().account_id, today, reason_of(data)


# -- external training ------------------------------------------------------------------------------------------------------


def guard_submit(external: External, _data: Data, _today: dt.date) -> None:
    proof = select(func.count()).select_from(Attachment).where(Attachment.record_type == "training.external", Attachment.record_id == external.id)
    if not db.session.scalar(proof):
        raise Refused(_("请先上传培训证明（结业证书、通知或签到表）。"))
    years.check_open(db.session(), external.org_id, external.starts_on.year)


def submit_external(session: Session, external: External, _data: Data, _today: dt.date) -> None:
    external.submitted_by = current_actor().account_id
    title = _("外出培训待确认：%(name)s %(title)s", name=external.person_name, title=external.title)
    tell(session, title, f"training.external:{external.id}:{external.version}", f"/training/external/{external.id}", external.org_id, "office_head")


def confirm_external(session: Session, external: External, data: Data, today: dt.date) -> None:
    external.opinion, external.confirmed_by, external.confirmed_on = reason_of(data), current_actor().account_id, today
    crediting.confirm_external(session, external, today)


def answer_external(session: Session, external: External, data: Data, today: dt.date) -> None:
    """退回 or 不予确认, with the reason."""
    external.opinion, external.confirmed_by, external.confirmed_on = reason_of(data), current_actor().account_id, today
    title = _("外出培训未获确认：%(name)s %(title)s", name=external.person_name, title=external.title)
    tell(session, title, f"training.external_back:{external.id}:{external.version}", f"/training/external/{external.id}", external.org_id, account_id=external.entered_by)


# -- exemptions ---------------------------------------------------------------------------------------------------------------


def decide(session: Session, exemption: Exemption, data: Data, today: dt.date) -> None:
    years.check_open(session, exemption.org_id, exemption.year)
    exemption.opinion, exemption.decided_by, exemption.decided_on = reason_of(data), current_actor().account_id, today


# -- plans --------------------------------------------------------------------------------------------------------------------


def guard_plan(plan: Plan, _data: Data, _today: dt.date) -> None:
    if not db.session.scalar(select(func.count()).select_from(PlanItem).where(PlanItem.plan_id == plan.id)):
        raise Refused(_("计划中还没有培训项目。"))


def submit_plan(session: Session, plan: Plan, _data: Data, _today: dt.date) -> None:
    plan.submitted_by = current_actor().account_id
    if plan.organisation.is_town:
        title = _("培训计划待审核：%(title)s", title=plan.title)
        tell(session, title, f"training.plan:{plan.id}:{plan.version}", f"/training/plans/{plan.id}", plan.org_id, "office_head", "leader")


def approve_plan(_session: Session, plan: Plan, data: Data, today: dt.date) -> None:
    plan.opinion, plan.approved_by, plan.approved_on = reason_of(data), current_actor().account_id, today


def reopen_plan(_session: Session, plan: Plan, data: Data, _today: dt.date) -> None:
    plan.opinion, plan.approved_on = reason_of(data), None


def check_halves(text: Any, field: str = "hours") -> int:
    """Class hours as typed, in halves; raises Refused at the field."""
    from plugins.training import words

    try:
        return rules.parse_halves(text)
    except rules.RuleError as error:
        raise words.refused(error, field) from None
