"""From the cookie to the actor: which account, which role, which towns."""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from flask import Flask, Response, g, request, session
from sqlalchemy import bindparam, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import joinedload

from portal import audit
from portal.auth import roles
from portal.auth.login import token_hash
from portal.auth.models import Account, AccountSession, RoleGrant
from portal.auth.operations import settings
from portal.context import Actor, set_actor
from portal.database import db, utcnow
from portal.sqlite import DatabaseBusy
from portal.tenancy import EVERYTHING, NOTHING, Scope, set_scope
from portal.work import is_working, separate_write

log = logging.getLogger(__name__)
TOKEN = "token"
TOUCH_SECONDS = 60
_BY_TOKEN = select(AccountSession).where(AccountSession.token_hash == bindparam("token")).options(joinedload(AccountSession.account).joinedload(Account.grants))


def load(token: str) -> AccountSession | None:
    """The living session of a token: not ended, not idle, not too old, of an active account."""
    config, now = settings(), utcnow()
    row = db.session.scalars(_BY_TOKEN, {"token": token_hash(token)}, execution_options={"unscoped": True}).unique().one_or_none()
    if row is None or row.ended_at is not None or not row.account.active:
        return None
    idle, age = now - row.seen_at, now - row.created_at
    if idle > dt.timedelta(minutes=config.session_idle_minutes) or age > dt.timedelta(hours=config.session_absolute_hours):
        return None
    return row


def _touch(row: AccountSession) -> None:
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


def actor_of(row: AccountSession, grant: RoleGrant | None) -> Actor:
    """Whoever is behind a session, in the role it acts in."""
    role, org_id = (grant.role, grant.org_id) if grant else ("", None)
    return Actor(row.account.id, row.account.name, role, org_id, row.token_hash[:16], request.remote_addr or "", g.get("request_id", ""))


def begin() -> None:
    """Before each request: who is this?"""
    g.account = g.grant = g.account_session = g.half_session = None
    g.account_session_ref = ""
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
    g.account, g.account_session, g.account_session_ref = row.account, row, row.token_hash
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


def flush_denials(response: Response) -> Response:
    """Refusals inside a unit of work that was undone are written now, so that they are not lost with it."""
    for permission in g.pop("denied", ()):
        audit.note("access.denied", detail={"permission": permission}, result="denied")
    return response


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(flush_denials)
