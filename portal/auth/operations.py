"""What is done with accounts: making them, giving roles, logging in, ending sessions, changing passwords."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal import audit
from portal.auth import passwords, roles
from portal.auth.models import Account, AccountSession, LoginAttempt, OldPassword, RoleGrant
from portal.config import Settings
from portal.context import current_actor
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.errors import Refused, TooMany
from portal.work import unit_of_work

ONE_TIME_HOURS = 24
PER_ADDRESS = 50
OVERALL = 500


def settings() -> Settings:
    found: Settings = current_app.extensions["portal"].settings
    return found


def user_name(text: str) -> str:
    """A user name as it is kept: small letters, no blanks around it, nothing that a database refuses."""
    return "".join(c for c in text.strip().lower() if c.isprintable() and not "\ud800" <= c <= "\udfff")[:40]


def create_account(session: Session, username: str, name: str, password: str, *, must_change: bool = True, one_time: bool = False) -> Account:
    """Add an account; raises Refused when the name is taken. The caller has checked the password where a person chose it."""
    username = user_name(username)
    if session.scalar(select(func.count()).select_from(Account).where(Account.username == username)):
        raise Refused(_("用户名已被使用。"), field="username")
    now = utcnow()
    account = Account(
        username=username,
        name=name,
        password_hash=passwords.hash_password(settings(), password),
        password_set_at=now,
        must_change=must_change,
        one_time_until=now + dt.timedelta(hours=ONE_TIME_HOURS) if one_time or must_change else None,
    )
    session.add(account)
    session.flush()
    return account


def grant_role(session: Session, account: Account, role: str, org: Organisation, *, valid_to: dt.date | None = None) -> RoleGrant:
    """Give a role in an organisation. Raises Refused: unknown role, wrong kind of organisation, or administrators mixed."""
    known = roles.all_roles()
    if role not in known:
        raise Refused(_("没有这个角色。"), field="role")
    if org.kind not in roles.KINDS[known[role].kind]:
        raise Refused(_("该角色不能授予此类机构。"), field="org_id")
    if current_actor().account_id is not None and current_actor().account_id == account.id:
        raise Refused(_("不能变更自己的角色。"))
    if not roles.may_join({grant.role for grant in account.grants}, role):
        raise Refused(_("系统管理员、安全管理员、安全审计员互斥，且不兼任业务角色。"), field="role")
    grant = RoleGrant(account=account, role=role, org_id=org.id, valid_to=valid_to)
    session.add(grant)
    session.flush()
    return grant


def revoke_role(session: Session, grant: RoleGrant) -> None:
    """Take a role away; it ends with the next request."""
    if current_actor().account_id == grant.account_id:
        raise Refused(_("不能变更自己的角色。"))
    session.delete(grant)
    session.flush()


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _name_key(username: str) -> str:
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, username.strip().lower().encode(), hashlib.sha256).hexdigest()


def _throttle(username: str, address: str, now: dt.datetime) -> None:
    """Raise TooMany before anything is hashed, alike for names that exist and that do not."""
    since = now - dt.timedelta(minutes=settings().lock_minutes)
    recent = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at > since)
    name = db.session.scalar(recent.where(LoginAttempt.name_key == _name_key(username))) or 0
    here = db.session.scalar(recent.where(LoginAttempt.address == address)) or 0
    total = db.session.scalar(recent) or 0
    if name >= settings().lock_failures or here >= PER_ADDRESS or total >= OVERALL:
        audit.note("auth.throttled", detail={"by": "name" if name >= settings().lock_failures else "address"}, result="denied")
        minutes = settings().lock_minutes
        raise TooMany(_("尝试次数过多，请 %(n)s 分钟后再试。", n=minutes), retry_after=minutes * 60)


def log_in(username: str, password: str, address: str, agent: str) -> tuple[Account, str]:
    """Check name and password and begin a session; returns the account and the session's token.

    Raises Refused with the same words whatever was wrong, and TooMany after too many failures.
    """
    now = utcnow()
    username = user_name(username)
    _throttle(username, address, now)
    account = db.session.scalars(select(Account).where(Account.username == username)).one_or_none()
    stored = account.password_hash if account else passwords.dummy_hash(settings())
    good = passwords.matches(settings(), stored, password[:256])
    reason = ""
    if account is None or not good:
        reason = "credentials"
    elif not account.active or (account.locked_until and account.locked_until > now):
        reason = "inactive"
    elif account.one_time_until and account.one_time_until < now:
        reason = "one_time_expired"
    if reason:
        _failed(username, address, account, reason, now)
        raise Refused(_("用户名或密码不正确。"))
    assert account is not None
    return account, _begin(account, password, address, agent, now)


def _failed(username: str, address: str, account: Account | None, reason: str, now: dt.datetime) -> None:
    account_id = account.id if account else None
    with unit_of_work("auth.login_failed") as session:
        session.add(LoginAttempt(name_key=_name_key(username), address=address, at=now))
        session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - dt.timedelta(days=7)))
        audit.note(
            "auth.login_failed", record_type="auth.account", record_id=account_id, detail={"class": reason, "address": address}, result="denied"
        )


def _begin(account: Account, password: str, address: str, agent: str, now: dt.datetime) -> str:
    config = settings()
    rehash = passwords.hasher(config).check_needs_rehash(account.password_hash)
    fresh_hash = passwords.hash_password(config, password) if rehash else None
    with unit_of_work("auth.login") as session:
        if fresh_hash:
            account.password_hash = fresh_hash
        previous, account.last_login_at, account.last_login_from = account.last_login_at, now, address
        session.execute(delete(LoginAttempt).where(LoginAttempt.name_key == _name_key(account.username)))
        open_ones = session.scalars(
            select(AccountSession)
            .where(AccountSession.account_id == account.id, AccountSession.ended_at.is_(None))
            .order_by(AccountSession.seen_at.desc())
        ).all()
        for old in open_ones[config.session_parallel - 1 :]:
            old.ended_at = now
        grant = next((g for g in account.grants if g.holds_on(now.astimezone(config.zone).date())), None)
        token = new_session(session, account, grant, address, agent, now)
        audit.note("auth.login", record=account, detail={"address": address, "previous": previous.isoformat() if previous else None})
    return token


def new_session(session: Session, account: Account, grant: RoleGrant | None, address: str, agent: str, now: dt.datetime, fresh_at: dt.datetime | None = None) -> str:
    """Add a session row; the token goes to the cookie only."""
    token = secrets.token_urlsafe(32)
    session.add(
        AccountSession(
            token_hash=token_hash(token), account_id=account.id, grant_id=grant.id if grant else None, created_at=now, seen_at=now,
            fresh_at=fresh_at or now, address=address, agent=agent[:200], ended_at=None,
        )
    )
    session.flush()
    return token


def end_sessions(session: Session, account_id: int, *, but: str = "") -> int:
    """End an account's sessions at once, everywhere; returns how many."""
    ended = session.execute(
        update(AccountSession)
        .where(AccountSession.account_id == account_id, AccountSession.ended_at.is_(None), AccountSession.token_hash != but)
        .values(ended_at=utcnow()),
        execution_options={"synchronize_session": False},
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def set_password(session: Session, account: Account, password: str, *, must_change: bool = False, one_time: bool = False) -> None:
    """Store a new password; raises Refused when it is weak or was used before. All sessions end."""
    config = settings()
    if not one_time:
        wrong = passwords.problem(config, password, account.username, account.name)
        if wrong:
            raise Refused(wrong, field="password")
        old = session.scalars(
            select(OldPassword.password_hash).where(OldPassword.account_id == account.id).order_by(OldPassword.id.desc()).limit(passwords.HISTORY)
        )
        if any(passwords.matches(config, stored, password) for stored in (account.password_hash, *old)):
            raise Refused(_("不能使用最近用过的密码。"), field="password")
    session.add(OldPassword(account_id=account.id, password_hash=account.password_hash))
    account.password_hash = passwords.hash_password(config, password)
    account.password_set_at = utcnow()
    account.must_change = must_change
    account.one_time_until = utcnow() + dt.timedelta(hours=ONE_TIME_HOURS) if one_time else None
    end_sessions(session, account.id)
    session.flush()


def one_time_password() -> str:
    """A password for one day and one login, easy to read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    groups = ["".join(secrets.choice(letters + "23456789") for _ in range(4)) for _ in range(4)]
    return "-".join(groups)


def acting_grants(account: Account, today: dt.date) -> list[Any]:
    """The roles in which an account may act today."""
    return [grant for grant in account.grants if grant.holds_on(today)]
