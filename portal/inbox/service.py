"""Sending notices and counting what waits. Reminders come on working days in working hours, urgent ones at once."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import current_app, g, has_request_context, request
from flask_babel import get_locale
from sqlalchemy import ColumnElement, bindparam, func, or_, select
from sqlalchemy.orm import Session

from portal.auth.models import Account, RoleGrant
from portal.calendar.rules import Calendar
from portal.calendar.service import current_calendar
from portal.clock import today
from portal.config import ADMINISTRATORS, Settings, current_settings
from portal.context import current_actor
from portal.contract import Todo
from portal.database import Ready, db, insert_into, utcnow
from portal.inbox.models import Notice
from portal.unchanged import unchanged
from portal.work import is_working

KEY_LENGTH = 120


@dataclass(frozen=True)
class NewNotice:
    """What is to be told: to one account, or to everybody who holds ``role`` in ``org_id`` (None: anywhere)."""

    title: Any
    key: str
    body: Any = ""
    url: str = ""
    account_id: int | None = None
    role: str = ""
    org_id: int | None = None
    urgent: bool = False


def next_delivery(now: dt.datetime, settings: Settings, calendar: Calendar) -> dt.datetime:
    """The first moment from ``now`` on that is a working day in working hours, in UTC."""
    local = now.astimezone(settings.zone)
    start, end = dt.time.fromisoformat(settings.reminder_from), dt.time.fromisoformat(settings.reminder_to)
    day = local.date()
    if calendar.is_working_day(day) and start <= local.time() < end:
        return now
    if local.time() >= end or not calendar.is_working_day(day):
        day = calendar.next_working_day(day + dt.timedelta(days=1) if local.time() >= end else day)
    return dt.datetime.combine(day, start, tzinfo=settings.zone).astimezone(dt.UTC)


def short_key(key: str) -> str:
    """A key that fits its column; long ones keep what tells them apart."""
    return key if len(key) <= KEY_LENGTH else f"{key[: KEY_LENGTH - 33]}#{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def notify(session: Session, notice: NewNotice) -> int:
    """Send one notice; returns to how many accounts it went."""
    return notify_many(session, [notice])


def notify_many(session: Session, notices: Iterable[NewNotice]) -> int:
    """Send notices in bulk, in the open unit of work. A notice with the same key is sent to an account only once."""
    listed = list(notices)
    if not listed:
        return 0
    holders = _holders(session, {notice.role for notice in listed if notice.role})
    now = utcnow()
    later = next_delivery(now, current_settings(), current_calendar())
    if current_actor().coarse:  # the day alone, of the notice, too
        midnight = dt.datetime.combine(now.astimezone(current_settings().zone).date(), dt.time(0), tzinfo=current_settings().zone).astimezone(dt.UTC)
        now, later = midnight, later if later > now else midnight
    rows: list[dict[str, Any]] = []
    for notice in listed:
        wanted = {account for account, org_id in holders.get(notice.role, ()) if notice.org_id in (None, org_id)}
        if notice.account_id is not None:
            wanted.add(notice.account_id)
        rows.extend(
            {
                "account_id": account, "org_id": notice.org_id, "plugin": notice.key.split(".")[0], "title": str(notice.title)[:200], "body": str(notice.body),
                "url": notice.url, "key": short_key(notice.key), "created_at": now, "deliver_after": now if notice.urgent else later, "read_at": None,
            }
            for account in sorted(wanted)
        )  # fmt: skip
    if rows:
        connection = session.connection()
        connection.execute(_insert(connection.dialect.name), rows)
    return len(rows)


def _holders(session: Session, roles: set[str]) -> dict[str, set[tuple[int, int]]]:
    if not roles:
        return {}
    day = today()
    held = (
        select(RoleGrant.role, RoleGrant.account_id, RoleGrant.org_id)
        .join(Account, Account.id == RoleGrant.account_id)
        .where(RoleGrant.role.in_(roles), Account.active)
        .where(or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= day), or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= day))
    )
    found: dict[str, set[tuple[int, int]]] = {}
    for role, account_id, org_id in session.execute(held):
        found.setdefault(role, set()).add((account_id, org_id))
    return found


@cache
def _insert(dialect: str) -> Any:
    return insert_into(Notice.__table__, dialect).on_conflict_do_nothing(index_elements=["account_id", "key"])


def _off_here() -> list[str]:
    plugins = current_app.extensions["portal"].plugins
    return [name for name in plugins.names() if not plugins.on_for(name, g.grant.org_id if g.get("grant") else None)]


def delivered(account_id: int) -> list[ColumnElement[bool]]:
    """Conditions of the notices that an account sees now, in the role it acts in; none of plugins that are off there."""
    scope = [Notice.account_id == account_id, Notice.deliver_after <= utcnow()]
    if g.get("grant") is not None:
        scope.append(or_(Notice.org_id.is_(None), Notice.org_id == g.grant.org_id))
    off = _off_here()
    return [*scope, Notice.plugin.not_in(off)] if off else scope  # type: ignore[list-item]


def todos() -> list[Todo]:
    """What waits for the acting role, from the core and the plugins that are on."""
    if "todos" not in g:
        grant = g.get("grant")
        g.todos = _waiting(grant) if grant is not None else []
    listed: list[Todo] = g.todos
    return listed


_known: OrderedDict[tuple[Any, ...], tuple[Any, list[Todo]]] = OrderedDict()
MOST_KNOWN = 2000


def _waiting(grant: RoleGrant) -> list[Todo]:
    """Counted, or what was counted before: as long as no chain of the trail has moved, no record has changed.

    Administrators see no records but the state of the machine, which leaves no trace there; theirs is looked at each time.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    plugins, day = app.extensions["portal"].plugins, today()
    moment = unchanged()
    key = (id(app), grant.account_id, grant.id, day, str(get_locale()), request.script_root if has_request_context() else "")
    known = _known.get(key)
    if known is not None and known[0] == moment and grant.role not in ADMINISTRATORS and not is_working():
        return known[1]
    found = [todo for todo in plugins.collect_for(grant.org_id, "portal_todos", today=day) if todo.count]
    if is_working():
        return found
    _known[key] = (moment, found)
    while len(_known) > MOST_KNOWN:
        _known.popitem(last=False)
    return found


@cache
def _unread(off: tuple[str, ...], everywhere: bool) -> Any:
    """The statement that counts unread notices, made once for each set of modules that are off."""
    where = [Notice.account_id == bindparam("account"), Notice.deliver_after <= bindparam("now"), Notice.read_at.is_(None)]
    if not everywhere:
        where.append(or_(Notice.org_id.is_(None), Notice.org_id == bindparam("org")))
    where += [Notice.plugin != plugin for plugin in off]
    return Ready(select(func.count()).select_from(Notice).where(*where))


def counts() -> dict[str, int]:
    """Unread notices and to-dos of the acting account, for the header."""
    if not has_request_context() or g.get("account") is None:
        return {"notices": 0, "todos": 0}
    if "inbox_counts" not in g:
        grant = g.get("grant")
        asked = {"account": g.account.id, "now": utcnow(), **({"org": grant.org_id} if grant is not None else {})}
        unread = _unread(tuple(_off_here()), grant is None).one(db.session.connection(), **asked)
        g.inbox_counts = {"notices": unread or 0, "todos": sum(todo.count for todo in todos())}
    found: dict[str, int] = g.inbox_counts
    return found
