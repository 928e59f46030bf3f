"""Whom to tell: the people of a unit, the convener's office; and small things that all use cases need."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from flask import current_app, has_request_context, request
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import rights
from plugins.meetings.models import Conference, Delegate, Invitation, Meeting, Membership
from portal.config import current_settings
from portal.context import current_actor
from portal.directory.models import Organisation
from portal.errors import NotFound, Refused
from portal.inbox.service import NewNotice, notify_many

OFFICE = ("conference_officer",)


def local(moment: dt.datetime) -> dt.datetime:
    """A moment in the office's time zone."""
    return moment.astimezone(current_settings().zone)


def at(day: dt.date, time: dt.time) -> dt.datetime:
    """A day and a time of the office as a moment."""
    return dt.datetime.combine(day, time, tzinfo=current_settings().zone).astimezone(dt.UTC)


def absolute(path: str) -> str:
    """The whole address of a page: under the address of the deployment, or that by which the page at hand was asked for."""
    base = current_settings().public_url or (request.host_url if has_request_context() else "")
    return base.rstrip("/") + path if base else ""


def span(meeting: Meeting) -> str:
    """2026-09-29 14:30–16:00."""
    begin, end = local(meeting.starts_at), local(meeting.ends_at)
    last = f"{end:%H:%M}" if end.date() == begin.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{begin:%Y-%m-%d %H:%M}–{last}"


def district_of(session: Session) -> Organisation:
    """The organisation that convenes: that of the acting role when it is the district, else the one district there is."""
    own = session.get(Organisation, current_actor().org_id or 0)
    if own is not None and own.kind == "district":
        return own
    found = session.scalars(select(Organisation).where(Organisation.kind == "district").order_by(Organisation.id).limit(1)).one_or_none()
    if found is None:
        raise NotFound(_("还没有设立联席会议。"))
    return found


def conference_of(session: Session, *, needed: bool = True) -> Conference | None:
    """The conference of the district, seen by members and by the office."""
    found = session.scalars(select(Conference).order_by(Conference.id).limit(1)).one_or_none()
    if found is None and needed:
        raise Refused(_("还没有设立联席会议，请先由召集人办公室登记联席会议和成员单位。"))
    return found


def contact_of(session: Session, meeting: Meeting) -> tuple[str, str, str]:
    """The conference of a meeting, whom its notice names for questions, and the telephone; also for the invited that are no members."""
    row: Any = Conference.__table__
    found = session.execute(select(row.c.name, row.c.contact, row.c.phone).where(row.c.id == meeting.conference_id)).one()
    return found.name, found.contact, found.phone


def on_for(unit: Organisation) -> bool:
    """Whether a unit is reached in the portal: departments always, towns where the module is on."""
    enabled = current_app.extensions["portal"].plugins.enabled("meetings", unit.id)
    return bool(unit.active and (not unit.is_town or enabled))


def members(session: Session, conference_id: int, on: dt.date) -> list[Membership]:
    """The member units on a day, in the order of the directory."""
    found = (
        select(Membership)
        .join(Organisation, Organisation.id == Membership.unit_id)
        .where(Membership.conference_id == conference_id, Membership.since <= on, Membership.until.is_(None) | (Membership.until >= on))
        .order_by(Organisation.weight, Organisation.id)
    )
    return list(session.scalars(found).unique())


def delegate_accounts(session: Session, units: Iterable[int]) -> dict[int, set[int]]:
    """The accounts of today's delegates, by unit."""
    found: dict[int, set[int]] = {}
    held = (
        select(Membership.unit_id, Delegate.account_id)
        .join(Membership, Membership.id == Delegate.membership_id)
        .where(Membership.unit_id.in_(sorted(set(units))), Membership.until.is_(None), Delegate.until.is_(None), Delegate.account_id.is_not(None))
    )
    for unit, account in session.execute(held):
        if account is not None:
            found.setdefault(unit, set()).add(account)
    return found


def tell_units(session: Session, units: Iterable[int], title: str, key: str, *, body: str = "", url: str = "", urgent: bool = False) -> int:
    """A notice to the people of units: heads, leaders, liaisons, and their named delegates."""
    listed = sorted(set(units))
    delegates = delegate_accounts(session, listed)
    notices = []
    for unit in listed:
        common: dict[str, Any] = {"title": title, "body": body, "url": url, "org_id": unit, "urgent": urgent}
        notices += [NewNotice(key=f"meetings.{key}:{unit}", role=role, **common) for role in rights.TOLD]
        notices += [NewNotice(key=f"meetings.{key}:{unit}", account_id=account, **common) for account in sorted(delegates.get(unit, ()))]
    return notify_many(session, notices)


def tell_office(session: Session, org_id: int, title: str, key: str, *, body: str = "", url: str = "", urgent: bool = False, roles: tuple[str, ...] = OFFICE) -> int:
    """A notice to the convener's office."""
    return notify_many(session, [NewNotice(title, f"meetings.{key}", body, url, role=role, org_id=org_id, urgent=urgent) for role in roles])


def told_units(session: Session, meeting_id: int) -> list[int]:
    """The units to which the notice of a meeting went."""
    return list(session.scalars(select(Invitation.unit_id).where(Invitation.meeting_id == meeting_id, Invitation.told).order_by(Invitation.id)))


def acting_unit(session: Session) -> Organisation:
    """The organisation in whose name the acting account speaks."""
    found = session.get(Organisation, current_actor().org_id or 0)
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return found


def text_of(data: Any, name: str, longest: int = 5000) -> str:
    """A text of a form, trimmed."""
    return str(data.get(name) or "").strip()[:longest]
