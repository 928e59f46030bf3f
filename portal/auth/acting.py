"""Before each request: cookie -> session -> account -> role acted in -> Actor and Scope. And the gates in front of the views.

Every address asks for a login unless its view is marked :func:`public`. A session that still owes something (a code, a new
password, an authenticator) reaches only the page where it can give it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, current_app, g, redirect, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import LoginManager
from sqlalchemy import select
from werkzeug.wrappers import Response

from portal import audit
from portal.auth.models import FULL, Account, AccountSession, RoleGrant
from portal.auth.operations import grants_of, has_second_factor, local_today
from portal.auth.policy import policy_of
from portal.auth.roles import crosses_towns, role_title, roles
from portal.auth.sessions import TOUCH_EVERY, find_session, is_polling, touch
from portal.config import current_settings
from portal.context import Actor, set_actor
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.errors import NotAllowed
from portal.tenancy import NOTHING, Scope, set_scope

View = TypeVar("View", bound=Callable[..., Any])

PUBLIC_PATHS = ("/static/", "/healthz", "/readyz", "/csp-report")
"""Addresses without a login besides those of views marked public: they tell nothing of anybody."""
_REQUEST_ID = re.compile(r"[0-9A-Za-z._-]{1,40}")


def public(view: View) -> View:
    """Mark a view that may be opened without a login."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def unfinished(*stages: str) -> Callable[[View], View]:
    """Mark a view that a session in one of these stages may open: ``code``, ``password``, ``enrol``, ``no_role``."""

    def mark(view: View) -> View:
        view.stages = frozenset(stages)  # type: ignore[attr-defined]
        return view

    return mark


# -- who acts --------------------------------------------------------------------------------------------------------


def current_account() -> Account:
    """The account that is logged in; NotAllowed when nobody is."""
    account = g.get("account")
    if account is None:
        raise NotAllowed(_l("您还没有登录。"))
    return cast(Account, account)


def current_session() -> AccountSession:
    """The session of this request; NotAllowed when nobody is logged in."""
    row = g.get("session_row")
    if row is None:
        raise NotAllowed(_l("您还没有登录。"))
    return cast(AccountSession, row)


def actor_of(account: Account | None, grant: RoleGrant | None, row: AccountSession | None) -> Actor:
    """The actor of this request."""
    return Actor(
        account_id=account.id if account else None,
        name=account.name if account else "",
        role=grant.role if grant else "",
        org_id=grant.org_id if grant else None,
        session_ref=row.ref if row else "",
        address=request.remote_addr or "",
        request_id=g.request_id,
    )


def scope_of(grant: RoleGrant | None) -> Scope:
    """What somebody acting in this role sees: a town its own records, a department what is its own, the district all towns."""
    role = roles().get(grant.role) if grant else None
    if grant is None or role is None or role.kind in ("deployer", "pool"):
        return NOTHING
    if crosses_towns(role):
        return Scope("district", None)
    return Scope(f"{grant.organisation.kind}:{grant.organisation.code}", frozenset({grant.org_id}))


def enter_role(account: Account, grant: RoleGrant | None, row: AccountSession) -> None:
    """Act in this role for the rest of the request; inside the unit of work of a login or a switch.

    Entering a role that sees all towns leaves an event.
    """
    g.account, g.grant, g.session_row = account, grant, row
    set_actor(actor_of(account, grant, row))
    set_scope(scope_of(grant))
    if grant is not None and crosses_towns(roles().get(grant.role)):
        audit.note("scope.entered", record=grant, detail={"scope": "all_towns", "role": grant.role, "org_id": grant.org_id})


def choose_grant(account: Account, grants: list[RoleGrant]) -> RoleGrant | None:
    """The role to begin with: the one acted in last, else the first."""
    if not grants:
        return None
    last = db.session.scalar(
        select(AccountSession.grant_id)
        .where(AccountSession.account_id == account.id, AccountSession.stage == FULL)
        .order_by(AccountSession.id.desc())
        .limit(1)
    )
    return next((grant for grant in grants if grant.id == last), grants[0])


def acting_choices() -> list[dict[str, Any]]:
    """The roles of the account for the person menu: ``{"id", "role", "title", "organisation", "current"}``."""
    account, acting = g.get("account"), g.get("grant")
    if account is None:
        return []
    if "grants" not in g:
        g.grants = grants_of(db.session(), account.id, local_today())
    return [
        {
            "id": grant.id,
            "role": grant.role,
            "title": role_title(grant.role),
            "organisation": grant.organisation.name,
            "current": acting is not None and grant.id == acting.id,
        }
        for grant in g.grants
    ]


def _acting_grant(row: AccountSession) -> RoleGrant | None:
    """The grant of the session while it holds; a right taken away works at the next request."""
    if row.stage != FULL:
        return None
    grant = db.session.get(RoleGrant, row.grant_id) if row.grant_id else None
    if grant is not None and grant.account_id == row.account_id and grant.holds(local_today()) and grant.role in roles():
        return grant
    return None


def load() -> None:
    """Find out who is asking."""
    g.account = g.grant = g.session_row = None
    given = request.headers.get("X-Request-Id", "")
    trusted = current_settings().trusted_proxies and _REQUEST_ID.fullmatch(given)
    g.request_id = g.get("request_id") or (given if trusted else secrets.token_hex(8))
    set_actor(actor_of(None, None, None))
    if request.path.startswith("/static/"):
        return
    now = utcnow()
    row = find_session(now, current_settings())
    if row is None:
        return
    if now - row.seen > TOUCH_EVERY and not is_polling(cast(Flask, current_app)):
        touch(row.id, now)
    g.session_row, g.account = row, row.account
    g.grant = _acting_grant(row)
    set_actor(actor_of(g.account, g.grant, row))
    set_scope(scope_of(g.grant))


# -- the gates -------------------------------------------------------------------------------------------------------


def owed_stage() -> str:
    """What the session still owes before it may go everywhere: "", ``code``, ``password``, ``enrol`` or ``no_role``."""
    row, account = current_session(), current_account()
    if row.stage != FULL:
        return "code"
    settings = current_settings()
    expires = policy_of(settings).expires_at(account.password_set_at)
    if account.must_change or (expires is not None and expires <= utcnow()):
        return "password"
    grant = g.grant
    if grant is None:
        return "no_role"
    if grant.role in settings.second_factor_roles and not has_second_factor(db.session(), account.id):
        return "enrol"
    return ""


_PAGES = {
    "code": "auth.second_factor",
    "password": "auth.password",
    "enrol": "auth.second_factor_enrol",
    "no_role": "auth.account",
}


def gate() -> Any:
    """Let only those through who are logged in and owe nothing."""
    view: Any = current_app.view_functions.get(request.endpoint or "")
    if view is None or getattr(view, "is_public", False) or request.path.startswith(PUBLIC_PATHS):
        return None
    if g.account is None:
        return unauthorized()
    owed = owed_stage()
    if not owed or owed in getattr(view, "stages", ()):
        return None
    return go(url_for(_PAGES[owed]))


def unauthorized() -> Response:
    """To the login page, and back from there to where one was."""
    target = request.full_path.rstrip("?") if request.method == "GET" and not is_fragment() else referring_path()
    return go(url_for("auth.login", next=target if target != "/" else None), status=401)


def is_fragment() -> bool:
    """Whether htmx asks for a piece of a page."""
    return "HX-Request" in request.headers and "HX-Boosted" not in request.headers


def go(target: str, status: int = 204) -> Response:
    """Send the reader on; htmx is told by a header, so that the page does not end up inside a piece of another."""
    if is_fragment():
        return Response(status=status, headers={"HX-Redirect": target})
    return redirect(target, 303 if request.method == "POST" else 302)


def referring_path() -> str:
    """The own page from which the request came, as far as the browser says."""
    parts = urlsplit(request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    if parts.netloc != request.host:
        return "/"
    return safe_next(parts.path + (f"?{parts.query}" if parts.query else ""))


def safe_next(target: str | None, default: str = "/") -> str:
    """``target`` when it is a path of this portal, else ``default``.

    Browsers read ``//host``, ``/\\host`` and ``/<tab>/host`` as other hosts, so whatever is not a plain path is refused.
    """
    if not target or len(target) > 2000 or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return default
    if "\\" in target or any(ord(sign) <= 32 or ord(sign) == 127 for sign in target):
        return default
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or parts.path.startswith("//"):
        return default
    return default if parts.path.startswith(("/login", "/logout")) else target


# -- registration ----------------------------------------------------------------------------------------------------


def init_app(app: Flask) -> None:
    """Install Flask-Login (thinly: the session table decides), the two steps before each request and the menu's data."""
    manager = LoginManager()
    manager.session_protection = None
    manager.init_app(app)
    manager.request_loader(lambda _request: g.get("account"))
    manager.unauthorized_handler(unauthorized)
    app.before_request(load)
    app.before_request(gate)
    app.context_processor(lambda: {"acting_choices": acting_choices, "role_title": role_title})


def organisations_for_grants() -> list[Organisation]:
    """Organisations in which a role can be given, in their order."""
    found = select(Organisation).where(Organisation.active)
    return list(db.session.scalars(found.order_by(Organisation.weight, Organisation.id)))
