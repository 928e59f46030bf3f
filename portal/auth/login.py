"""Logging in: from a name and a password to a session, in the order that tells an attacker least."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.auth import passwords, throttle, totp
from portal.auth.models import Account, AccountSession, RoleGrant, SecondFactor
from portal.auth.operations import lock, settings, user_name
from portal.config import Settings
from portal.context import Actor, current_actor, use_actor
from portal.database import db, utcnow
from portal.errors import Refused, TooMany
from portal.work import unit_of_work


def token_hash(token: str) -> str:
    """What the database keeps of a session's token."""
    return hashlib.sha256(token.encode()).hexdigest()


def log_in(username: str, password: str, address: str, agent: str) -> tuple[Account, str]:
    """Check name and password and begin a session; returns the account and the session's token.

    Raises Refused with the same words whatever was wrong, and TooMany after too many failures.
    """
    config = settings()
    username = user_name(username)
    _count(username, address, config)
    account = db.session.scalars(select(Account).where(Account.username == username)).one_or_none()
    stored = account.password_hash if account else passwords.dummy_hash(config)
    account_id = account.id if account else None
    db.session.rollback()  # no transaction stays open while hashing
    good = passwords.matches(config, stored, password[:256])
    rehashed = passwords.hash_password(config, password) if good and passwords.hasher(config).check_needs_rehash(stored) else ""
    account = db.session.get(Account, account_id) if account_id else None
    reason = _refusal(account, good, stored)
    if account is None or reason:
        _failed(username, address, account, reason, config)
        raise Refused(_("用户名或密码不正确。"))
    return account, _begin(account, rehashed, address, agent, config)


def _count(username: str, address: str, config: Settings) -> None:
    """Count the try; raise TooMany before anything is hashed, alike for names that exist and that do not."""
    with unit_of_work("auth.login_tried") as session:
        stopped = throttle.count_try(session, username, address, utcnow(), config)
        if stopped:
            audit.note("auth.throttled", detail={"by": stopped}, result="denied")
    if stopped:
        minutes = config.lock_minutes
        raise TooMany(_("尝试次数过多，请 %(n)s 分钟后再试。", n=minutes), retry_after=minutes * 60)


def _refusal(account: Account | None, good: bool, stored: str) -> str:
    if account is None:
        return "unknown"
    if not good or account.password_hash != stored:
        return "password"
    if not account.active:
        return "inactive"
    if account.locked_until and account.locked_until > utcnow():
        return "locked"
    if account.must_change and account.one_time_until and account.one_time_until < utcnow():
        return "one_time_expired"
    return ""


def _failed(username: str, address: str, account: Account | None, reason: str, config: Settings) -> None:
    now = utcnow()
    account_id = account.id if account else None
    with unit_of_work("auth.login_failed") as session:
        throttle.purge(session, now)
        audit.note("auth.login_failed", record_type="auth.account", record_id=account_id, detail={"class": reason, "address": address}, result="denied")
        since = now - dt.timedelta(minutes=config.lock_minutes)
        if account is not None and throttle.failures(session, username, since) >= config.lock_failures * throttle.PER_NAME:
            lock(session, account, now + dt.timedelta(minutes=config.lock_minutes))


def _actor_of(account: Account, address: str) -> Actor:
    """Whoever has just shown who they are, for the events of the login itself."""
    return Actor(account.id, account.name, "", None, "", address, current_actor().request_id)


def _begin(account: Account, rehashed: str, address: str, agent: str, config: Settings) -> str:
    with use_actor(_actor_of(account, address)), unit_of_work("auth.login") as session:
        now = utcnow()
        if rehashed:
            account.password_hash = rehashed
        factor = session.get(SecondFactor, account.id)
        waits = factor is not None and factor.confirmed_at is not None
        if not waits:
            welcome(session, account, address, now)
        end_surplus(session, account.id, config, now)
        return new_session(session, account, first_grant(account, config, now), address, agent, now, awaits_code=waits)


def welcome(session: Session, account: Account, address: str, now: dt.datetime) -> None:
    """The last step of a login: failures are forgiven, the time is kept, an event says so."""
    throttle.forgive(session, account.username, address)
    previous, account.last_login_at, account.last_login_from = account.last_login_at, now, address
    account.locked_until = None
    audit.note("auth.login", record=account, detail={"address": address, "previous": previous.isoformat() if previous else None})


def first_grant(account: Account, config: Settings, now: dt.datetime) -> RoleGrant | None:
    """The role in which a session starts: the first that holds today."""
    today = now.astimezone(config.zone).date()
    return next((grant for grant in account.grants if grant.holds_on(today)), None)


def alive(config: Settings, now: dt.datetime) -> list[object]:
    """Conditions of a session that is still good: not ended, not idle, not too old."""
    return [
        AccountSession.ended_at.is_(None),
        AccountSession.seen_at > now - dt.timedelta(minutes=config.session_idle_minutes),
        AccountSession.created_at > now - dt.timedelta(hours=config.session_absolute_hours),
    ]


def end_surplus(session: Session, account_id: int, config: Settings, now: dt.datetime) -> None:
    """Make room for one more session: the oldest living ones beyond the limit end."""
    living = select(AccountSession).where(AccountSession.account_id == account_id, *alive(config, now))  # type: ignore[arg-type]
    for old in session.scalars(living.order_by(AccountSession.created_at.desc())).all()[config.session_parallel - 1 :]:
        old.ended_at = now


def new_session(
    session: Session,
    account: Account,
    grant: RoleGrant | None,
    address: str,
    agent: str,
    now: dt.datetime,
    *,
    created_at: dt.datetime | None = None,
    fresh_at: dt.datetime | None = None,
    awaits_code: bool = False,
) -> str:
    """Add a session row; the token goes to the cookie only. ``created_at``: of the session that it continues."""
    token = secrets.token_urlsafe(32)
    session.add(
        AccountSession(
            token_hash=token_hash(token), account_id=account.id, grant_id=grant.id if grant else None, created_at=created_at or now,
            seen_at=now, fresh_at=fresh_at or now, awaits_code=awaits_code, address=address, agent=agent[:200], ended_at=None,
        )
    )  # fmt: skip
    session.flush()
    return token


def give_code(row: AccountSession, code: str, address: str, agent: str) -> str:
    """The second step: a code of the authenticator or a recovery code; returns the token of the full session.

    Raises Refused when the code is wrong; TooMany like the first step, whose limits it shares.
    """
    config = settings()
    account_id, old_hash = row.account_id, row.token_hash
    _count(row.account.username, address, config)
    with use_actor(_actor_of(row.account, address)), unit_of_work("auth.login") as session:
        now = utcnow()
        account, factor = session.get(Account, account_id), session.get(SecondFactor, account_id)
        old = session.get(AccountSession, old_hash)
        good = account is not None and factor is not None and old is not None and old.ended_at is None and _code_fits(session, factor, code, now)
        if good and account is not None and old is not None:
            old.ended_at = now
            welcome(session, account, address, now)
            return new_session(session, account, first_grant(account, config, now), address, agent, now)
    _failed(row.account.username, address, row.account, "code", config)
    raise Refused(_("验证码不正确或已用过。"), field="code")


def _code_fits(session: Session, factor: SecondFactor, code: str, now: dt.datetime) -> bool:
    if totp.accept_code(session, factor, code, now):
        return True
    if totp.accept_recovery_code(session, factor.account_id, code):
        audit.note("auth.recovery_code_used", record_type="auth.account", record_id=factor.account_id)
        return True
    return False


def confirm_password(row: AccountSession, password: str, address: str, agent: str) -> str:
    """Give the password again before something grave; returns the token of the renewed session. Raises Refused, TooMany."""
    config = settings()
    account = row.account
    _count(account.username, address, config)
    stored, grant_id, created_at, old_hash = account.password_hash, row.grant_id, row.created_at, row.token_hash
    db.session.rollback()
    if not passwords.matches(config, stored, password[:256]):
        _failed(account.username, address, account, "password", config)
        raise Refused(_("密码不正确。"), field="password")
    with unit_of_work("auth.confirmed") as session:
        now = utcnow()
        throttle.forgive(session, account.username, address)
        old = session.get(AccountSession, old_hash)
        if old is not None:
            old.ended_at = now
        grant = session.get(RoleGrant, grant_id) if grant_id else None
        audit.note("auth.confirmed", record=account)
        return new_session(session, account, grant, address, agent, now, created_at=created_at)
