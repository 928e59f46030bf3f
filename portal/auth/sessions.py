"""Sessions live in the database; the browser holds a random token in Flask's signed cookie.

Ending one takes effect at the next request. A new token is given at login, after the password was confirmed, and when the
role changes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, request
from flask import session as cookie
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, joinedload

from portal.auth.models import FULL, SECOND_FACTOR, Account, AccountSession
from portal.config import Settings
from portal.database import db, utcnow
from portal.errors import DomainError
from portal.work import separate_write

log = logging.getLogger(__name__)

TOKEN = "token"  # noqa: S105
TOUCH_EVERY = dt.timedelta(minutes=1)
SECOND_FACTOR_WITHIN = dt.timedelta(minutes=5)
FRESH_FOR = dt.timedelta(minutes=5)
"""How long a password counts as just given: for revealing, exporting the trail and changing roles."""

View = TypeVar("View", bound=Callable[..., Any])


def init_cookie(app: Flask, settings: Settings) -> None:
    """The cookie's attributes: HttpOnly, SameSite, on TLS also Secure and the prefix that ties it to this host."""
    app.config.update(
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure else "portal",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_DOMAIN=None,
        SESSION_REFRESH_EACH_REQUEST=False,
    )


def polling(view: View) -> View:
    """Mark a view that a page asks by itself: it does not keep the session alive."""
    view.is_polling = True  # type: ignore[attr-defined]
    return view


def is_polling(app: Flask) -> bool:
    """Whether the present request was sent by the page and not by its reader."""
    view = app.view_functions.get(request.endpoint or "")
    return "HX-Polling" in request.headers or bool(getattr(view, "is_polling", False))


def hash_token(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def new_token() -> str:
    return secrets.token_urlsafe(32)


def is_live(row: AccountSession, now: dt.datetime, settings: Settings) -> bool:
    """Whether the session still holds: not ended, not idle for too long, not too old."""
    if row.revoked is not None:
        return False
    if row.stage == SECOND_FACTOR and now - row.created > SECOND_FACTOR_WITHIN:
        return False
    return now - row.seen <= dt.timedelta(minutes=settings.session_idle_minutes) and now - row.created <= dt.timedelta(
        hours=settings.session_absolute_hours
    )


def find_session(now: dt.datetime, settings: Settings) -> AccountSession | None:
    """The live session of this request's cookie, with its account."""
    token = cookie.get(TOKEN)
    if not isinstance(token, str):
        return None
    found = select(AccountSession).options(joinedload(AccountSession.account))
    row = db.session.scalars(found.where(AccountSession.token_hash == hash_token(token))).one_or_none()
    if row is None or not is_live(row, now, settings) or not row.account.active:
        return None
    return row


def live_sessions(session: Session, account_id: int, now: dt.datetime, settings: Settings) -> list[AccountSession]:
    """Sessions of an account that still hold, the newest first."""
    found = select(AccountSession).where(
        AccountSession.account_id == account_id,
        AccountSession.revoked.is_(None),
        AccountSession.seen >= now - dt.timedelta(minutes=settings.session_idle_minutes),
        AccountSession.created >= now - dt.timedelta(hours=settings.session_absolute_hours),
    )
    return list(session.scalars(found.order_by(AccountSession.created.desc(), AccountSession.id.desc())))


def begin_session(
    session: Session,
    account: Account,
    *,
    grant_id: int | None,
    stage: str,
    address: str,
    agent: str,
    now: dt.datetime,
    settings: Settings,
) -> tuple[AccountSession, str]:
    """A new session and its token; above the limit the oldest ones end."""
    token = new_token()
    row = AccountSession(
        token_hash=hash_token(token), account_id=account.id, grant_id=grant_id, stage=stage, created=now, seen=now, fresh_at=now,
        address=address[:64], agent=agent.replace("\0", "")[:200],
    )  # fmt: skip
    session.add(row)
    session.flush()
    if stage == FULL:
        end_surplus(session, account.id, now, settings)
    return row, token


def end_surplus(session: Session, account_id: int, now: dt.datetime, settings: Settings) -> None:
    """Keep the newest sessions of an account, as many as the settings allow."""
    full = [row for row in live_sessions(session, account_id, now, settings) if row.stage == FULL]
    for row in full[settings.session_parallel :]:
        row.revoked, row.ended_by = now, "limit"
    session.flush()


def renew_token(session: Session, row: AccountSession) -> str:
    """Give a session a new id; the old one is worth nothing from now on."""
    token = new_token()
    row.token_hash = hash_token(token)
    session.flush()
    return token


def end_sessions(session: Session, account_id: int, why: str, *, only: int | None = None, but: int | None = None) -> int:
    """End the sessions of an account (one of them, or all but one); returns how many were open."""
    ended = update(AccountSession).where(AccountSession.account_id == account_id, AccountSession.revoked.is_(None))
    if only is not None:
        ended = ended.where(AccountSession.id == only)
    if but is not None:
        ended = ended.where(AccountSession.id != but)
    result = session.execute(ended.values(revoked=utcnow(), ended_by=why), execution_options={"synchronize_session": "fetch"})
    return int(result.rowcount)  # type: ignore[attr-defined]


def touch(session_id: int, now: dt.datetime) -> None:
    """Note that the session was used; at most once a minute, and never at the price of the page."""
    try:
        with separate_write("auth.seen") as own:
            own.execute(
                update(AccountSession)
                .where(AccountSession.id == session_id, AccountSession.seen < now)
                .values(seen=now),
                execution_options={"synchronize_session": False},
            )
    except (SQLAlchemyError, DomainError):
        log.warning("the use of session %s could not be noted", session_id, exc_info=True)


def set_cookie(token: str, *, keep: tuple[str, ...] = ()) -> None:
    """Put a token into the cookie and drop everything else of the former session, the CSRF token too."""
    kept = {key: cookie[key] for key in (*keep, "locale", "theme") if key in cookie}
    cookie.clear()
    cookie.update(kept)
    cookie[TOKEN] = token


def is_fresh(row: AccountSession, now: dt.datetime) -> bool:
    """Whether the password was given in the last five minutes."""
    return now - row.fresh_at <= FRESH_FOR
