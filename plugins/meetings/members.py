"""成员单位: the conference, who belongs to it since when, and who speaks for them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import telling
from plugins.meetings.models import Conference, Delegate, Invitation, Meeting, Membership
from portal.auth.models import Account, RoleGrant
from portal.directory.models import Organisation
from portal.errors import NotFound, Refused
from portal.work import unit_of_work

FIELDS = ("name", "convener", "deputy", "office", "contact", "phone", "place")


def save_conference(data: Mapping[str, Any]) -> None:
    """Write down the conference and its office; the first time it is founded."""
    with unit_of_work("meetings.conference_saved") as session:
        found = telling.conference_of(session, needed=False)
        if found is None:
            found = Conference(org_id=telling.district_of(session).id, name="")
            session.add(found)
        for name in FIELDS:
            setattr(found, name, telling.text_of(data, name, 120))


def candidates(session: Session, conference: Conference) -> list[Organisation]:
    """Organisations that are not members today."""
    inside = select(Membership.unit_id).where(Membership.conference_id == conference.id, Membership.until.is_(None))
    found = select(Organisation).where(Organisation.active, Organisation.id.not_in(inside), Organisation.id != conference.org_id)
    return list(session.scalars(found.order_by(Organisation.weight, Organisation.id)))


def join(unit_ids: list[int], since: dt.date) -> int:
    """Take units in from a day on; returns how many."""
    with unit_of_work("meetings.member_joined") as session:
        conference = telling.conference_of(session)
        assert conference is not None
        open_to = {unit.id for unit in candidates(session, conference)}
        chosen = [unit for unit in dict.fromkeys(unit_ids) if unit in open_to]
        if not chosen:
            raise Refused(_("请选择要加入的单位。"), field="units")
        for unit in chosen:
            last = session.scalars(select(Membership).where(Membership.unit_id == unit).order_by(Membership.since.desc()).limit(1)).first()
            if last is not None and last.until is not None and since <= last.until:
                raise Refused(_("%(unit)s 上一任期到 %(day)s 为止，起始日期须在其后。", unit=last.unit.name, day=last.until), field="since")
            session.add(Membership(org_id=conference.org_id, conference_id=conference.id, unit_id=unit, since=since))
        return len(chosen)


def find(session: Session, membership_id: int) -> Membership:
    found = session.scalars(select(Membership).where(Membership.id == membership_id)).unique().one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return found


def leave(membership_id: int, until: dt.date, reason: str) -> None:
    """A unit leaves; it is taken off the invitations of meetings after that day."""
    with unit_of_work("meetings.member_left", reason=reason) as session:
        membership = find(session, membership_id)
        if membership.until is not None:
            raise Refused(_("该单位已退出。"))
        if until < membership.since:
            raise Refused(_("退出日期不能早于加入日期 %(day)s。", day=membership.since), field="until")
        membership.until, membership.note = until, reason[:200]
        for delegate in session.scalars(select(Delegate).where(Delegate.membership_id == membership.id, Delegate.until.is_(None))):
            delegate.until = max(until, delegate.since)
        uninvite(session, membership.unit_id, after=until)


def name_delegate(membership_id: int, post: str, data: Mapping[str, Any]) -> None:
    """Name a liaison or deputy from a day on; whoever held the post before ends the day before."""
    with unit_of_work("meetings.delegate_named") as session:
        membership = find(session, membership_id)
        since: dt.date = data["since"]
        if since < membership.since or (membership.until is not None and since > membership.until):
            raise Refused(_("任期须在该单位的成员期内。"), field="since")
        before = session.scalars(select(Delegate).where(Delegate.membership_id == membership.id, Delegate.post == post, Delegate.until.is_(None))).first()
        if before is not None:
            if since <= before.since:
                raise Refused(_("起始日期须晚于现任的起始日期 %(day)s。", day=before.since), field="since")
            before.until = since - dt.timedelta(days=1)
        account = data.get("account_id") or None
        if account is not None and account not in {key for key, _name in accounts_of(session, membership.unit_id)}:
            raise Refused(_("请选择该单位的账号。"), field="account_id")
        session.add(
            Delegate(
                org_id=membership.org_id, membership_id=membership.id, post=post, name=telling.text_of(data, "name", 60), position=telling.text_of(data, "position", 60),
                phone=telling.text_of(data, "phone", 30), account_id=account, since=since,
            )
        )  # fmt: skip


def accounts_of(session: Session, unit_id: int) -> list[tuple[int, str]]:
    """Accounts that hold a role in a unit."""
    held = select(Account.id, Account.name).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.org_id == unit_id, Account.active)
    return [(row.id, row.name) for row in session.execute(held.distinct().order_by(Account.name))]


def delegates(session: Session, membership_ids: list[int]) -> dict[int, list[Delegate]]:
    """All delegates of memberships, newest first."""
    found: dict[int, list[Delegate]] = {key: [] for key in membership_ids}
    for delegate in session.scalars(select(Delegate).where(Delegate.membership_id.in_(membership_ids)).order_by(Delegate.since.desc(), Delegate.id.desc())):
        found[delegate.membership_id].append(delegate)
    return found


def uninvite(session: Session, unit_id: int, after: dt.date | None = None) -> list[Meeting]:
    """Take a unit off the invitations of meetings that are still to come; what took place keeps it. Returns those meetings."""
    rows = (
        select(Invitation, Meeting)
        .join(Meeting, Meeting.id == Invitation.meeting_id)
        .where(Invitation.unit_id == unit_id, Meeting.state.in_(("draft", "scheduled", "notified")))
    )
    if after is not None:
        rows = rows.where(Meeting.day > after)
    found = []
    for invitation, meeting in session.execute(rows):
        session.delete(invitation)
        found.append(meeting)
    session.flush()
    return found
