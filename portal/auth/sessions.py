"""From the cookie to the actor: which account, which role, which towns."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any, NamedTuple

from flask import Flask, Response, current_app, g, request, session
from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session, joinedload

from portal import audit
from portal.audit.chain import when_changed
from portal.auth import roles
from portal.auth.login import token_hash
from portal.auth.models import Account, AccountSession, RoleGrant
from portal.auth.operations import settings
from portal.context import Actor, set_actor
from portal.database import db, utcnow
from portal.plugins import raise_revision, revision
from portal.sqlite import DatabaseBusy
from portal.tenancy import EVERYTHING, NOTHING, Scope, set_scope
from portal.work import is_working, separate_write

log = logging.getLogger(__name__)
TOKEN = "token"
ACTORS = "actors"
"""The counter that moves with every change of an account, a role or an organisation."""
TOUCH_SECONDS = 60
_SESSIONS: Any = AccountSession.__table__
_COLUMNS = ("token_hash", "account_id", "grant_id", "created_at", "seen_at", "fresh_at", "awaits_code", "ended_at")
_BY_TOKEN = select(*(_SESSIONS.c[name] for name in _COLUMNS)).where(_SESSIONS.c.token_hash == bindparam("token"))
_ACCOUNT = select(Account).where(Account.id == bindparam("account")).options(joinedload(Account.grants))
KNOWN = "portal.auth.known"
MOST_KNOWN = 2000


class Live(NamedTuple):
    """A session that is good, and whose it is. The account is no session's: it is looked at, not changed."""

    token_hash: str
    account_id: int
    grant_id: int | None
    created_at: dt.datetime
    seen_at: dt.datetime
    fresh_at: dt.datetime
    awaits_code: bool
    account: Account


def load(token: str) -> Live | None:
    """The living session of a token: not ended, not idle, not too old, of an active account."""
    config, now = settings(), utcnow()
    row = db.session.connection().execute(_BY_TOKEN, {"token": token_hash(token)}).one_or_none()
    if row is None or row.ended_at is not None:
        return None
    idle, age = now - row.seen_at, now - row.created_at
    if idle > dt.timedelta(minutes=config.session_idle_minutes) or age > dt.timedelta(hours=config.session_absolute_hours):
        return None
    account = known_account(row.account_id)
    if account is None or not account.active:
        return None
    return Live(row.token_hash, row.account_id, row.grant_id, row.created_at, row.seen_at, row.fresh_at, row.awaits_code, account)


def known_account(account_id: int) -> Account | None:
    """An account with its roles and their organisations, as it is: read anew when any account, role or organisation has changed.

    Threads share it, so it belongs to no session; who changes an account gets it from one.
    """
    if is_working():  # what is not committed is not kept
        return _read_account(account_id)
    known: dict[int, tuple[int, Account | None]] = current_app.extensions.setdefault(KNOWN, {})
    now = revision(ACTORS)
    kept = known.get(account_id)
    if kept is None or kept[0] != now:
        if len(known) > MOST_KNOWN:
            known.clear()
        kept = known[account_id] = (now, _read_account(account_id))
    return kept[1]


def _read_account(account_id: int) -> Account | None:
    session = db.session()
    account: Account | None = session.scalars(_ACCOUNT, {"account": account_id}, execution_options={"unscoped": True, "populate_existing": True}).unique().one_or_none()
    if account is not None:
        for record in (account, *account.grants, *{grant.organisation for grant in account.grants}):
            session.expunge(record)
    return account


def _touch(row: Live) -> None:
    """Note that the session is used, once a minute; requests that a page makes by itself do not count."""
    now = utcnow()
    if request.headers.get("HX-Polling") or is_working() or (now - row.seen_at).total_seconds() < TOUCH_SECONDS:
        return
    try:
        with separate_write("auth.seen") as writer:
            found = writer.get(AccountSession, row.token_hash)
            if found is not None:
                found.seen_at = now
    except (DatabaseBusy, OperationalError) as error:  # reading goes on while nothing can be written
        log.warning("a session could not be noted as used: %s", type(error).__name__)


def scope_of(grant: RoleGrant | None) -> Scope:
    """What a role sees: a town its own, a department what is its, the supervisor all, administrators no business data."""
    if grant is None:
        return NOTHING
    role = roles.all_roles().get(grant.role)
    if role is None or role.kind in ("pool", "deployer"):
        return NOTHING
    if role.kind == "district":
        return EVERYTHING
    return Scope(role.kind, frozenset({grant.org_id}))


def actor_of(row: Live, grant: RoleGrant | None) -> Actor:
    """Whoever is behind a session, in the role it acts in."""
    role, org_id = (grant.role, grant.org_id) if grant else ("", None)
    return Actor(row.account.id, row.account.name, role, org_id, row.token_hash[:16], request.remote_addr or "", g.get("request_id", ""))


def begin() -> None:
    """Before each request: who is this?"""
    g.account = g.grant = g.account_session = g.half_session = None
    g.grants = []
    g.pop("rights", None)
    address = request.remote_addr or ""
    set_actor(Actor(None, "", "", None, "", address, g.get("request_id", "")))
    token = session.get(TOKEN)
    if not token or request.endpoint in ("web.static", "web.healthz", "web.readyz", "web.csp_report"):
        return
    row = load(str(token))
    if row is None:
        session.clear()
        g.session_expired = True
        return
    _touch(row)
    if row.awaits_code:
        g.half_session = row
        return
    g.account, g.account_session = row.account, row
    today = utcnow().astimezone(settings().zone).date()
    held = [grant for grant in row.account.grants if grant.holds_on(today)]
    g.grants = held
    g.grant = next((grant for grant in held if grant.id == row.grant_id), held[0] if held else None)
    set_actor(actor_of(row, g.grant))
    set_scope(scope_of(g.grant))
    _read_rights()


def _read_rights() -> None:
    """The rights of the request are read now: later, what is kept from whom is asked while another session writes."""
    from portal.auth.permissions import rights

    rights()


def grants_of_district(grant: RoleGrant) -> bool:
    role = roles.all_roles().get(grant.role)
    return role is not None and role.kind == "district"


def entered(grant: RoleGrant) -> None:
    """A role that crosses towns is entered: an event says so."""
    if grants_of_district(grant):
        audit.note("scope.crossed", record_type="auth.role_grant", record_id=grant.id, detail={"scope": "everything", "role": grant.role})


def is_fresh(minutes: int = 5) -> bool:
    """Whether the password was given within the last minutes."""
    row: Any = g.get("account_session")
    return row is not None and utcnow() - row.fresh_at < dt.timedelta(minutes=minutes)


def grant_of(grant_id: int) -> RoleGrant | None:
    return db.session.scalars(select(RoleGrant).where(RoleGrant.id == grant_id, RoleGrant.account_id == g.account.id)).one_or_none()


def _actors_changed(writer: Session) -> None:
    raise_revision(writer, ACTORS)


def flush_denials(response: Response) -> Response:
    """Refusals inside a unit of work that was undone are written now, so that they are not lost with it."""
    for permission in g.pop("denied", ()):
        audit.note("access.denied", detail={"permission": permission}, result="denied")
    return response


def init_app(app: Flask) -> None:
    for name in ("auth.account", "auth.role_grant", "directory.organisation"):
        when_changed(name, _actors_changed)
    app.before_request(begin)
    app.after_request(flush_denials)
