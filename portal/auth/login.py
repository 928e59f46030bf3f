"""Logging in: from a name and a password to a session, in the order that tells an attacker least."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import request
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal import audit
from portal.auth import throttle, totp
from portal.auth.acting import actor_of, choose_grant, enter_role
from portal.auth.models import FULL, SECOND_FACTOR, Account, AccountSession, LoginAttempt, SecondFactor
from portal.auth.operations import find_account, grants_of, has_second_factor, local_today
from portal.auth.passwords import hash_password, needs_rehash, pause, verify_password
from portal.auth.sessions import begin_session, end_surplus, renew_token
from portal.config import Settings
from portal.context import set_actor
from portal.database import db, utcnow
from portal.work import unit_of_work


@dataclass(frozen=True)
class Outcome:
    """What became of a try: ``token`` of the new session, or nothing. ``wait``: seconds, when the address must wait."""

    token: str = ""
    needs_code: bool = False
    wait: int = 0


def log_in(username: str, password: str, settings: Settings) -> Outcome:
    """Try a name and a password. Every way to fail gives the same outcome in about the same time."""
    address, now = request.remote_addr or "", utcnow()
    verdict = throttle.examine(db.session(), username, address, now, settings)
    if verdict.reason in ("address", "overall"):
        return Outcome(wait=verdict.retry_after)
    account = find_account(db.session(), username)
    if verdict.reason:
        db.session.rollback()
        pause()
        return _fail(username, address, settings, account, verdict.reason)
    stored = account.password_hash if account else None
    db.session.rollback()  # no transaction stays open while hashing
    fits = verify_password(stored, password, settings)
    reason = _refusal(account, fits, now)
    if reason:
        return _fail(username, address, settings, account, reason)
    assert account is not None
    rehashed = hash_password(password, settings) if needs_rehash(account.password_hash, settings) else ""
    return _succeed(account.id, stored or "", rehashed, username, address, settings)


def _refusal(account: Account | None, fits: bool, now: dt.datetime) -> str:
    if account is None:
        return "unknown"
    if not fits:
        return "password"
    if not account.active:
        return "inactive"
    if account.must_change and account.one_time_until is not None and account.one_time_until < now:
        return "expired"
    return ""


def _fail(username: str, address: str, settings: Settings, account: Account | None, reason: str) -> Outcome:
    account_id = account.id if account else None
    with unit_of_work("auth.login_failed") as session:
        now = utcnow()
        note_failure(session, username, address, now, settings, account_id=account_id, reason=reason)
    return Outcome()


def note_failure(
    session: Session, username: str, address: str, now: dt.datetime, settings: Settings, *, account_id: int | None, reason: str
) -> None:
    """Count a failure, write its event, and lock what has failed too often."""
    until = throttle.record(session, username, address, now, settings, reason=reason, account_id=account_id)
    account = session.get(Account, account_id) if account_id else None
    audit.note(
        "auth.login_failed", record_type="auth.account", record_id=account_id, detail={"reason": reason}, result="refused"
    )
    if until is not None:
        if account is not None:
            account.locked_until = until
            session.flush()
        audit.note("auth.locked", record_type="auth.account", record_id=account_id, detail={"until": until}, result="refused")


def _succeed(account_id: int, verified: str, rehashed: str, username: str, address: str, settings: Settings) -> Outcome:
    """Under the write lock: look again, since other tries may have run at the same time, then begin the session."""
    with unit_of_work("auth.login") as session:
        now = utcnow()
        account = session.get(Account, account_id)
        again = throttle.examine(session, username, address, now, settings).reason
        if account is None or not account.active or account.password_hash != verified or again:
            note_failure(session, username, address, now, settings, account_id=account_id, reason=again or "changed")
            return Outcome()
        if rehashed:
            account.password_hash = rehashed
        stage = SECOND_FACTOR if has_second_factor(session, account.id) else FULL
        grant = choose_grant(account, grants_of(session, account.id, local_today(settings))) if stage == FULL else None
        row, token = begin_session(
            session, account, grant_id=grant.id if grant else None, stage=stage, address=address,
            agent=request.headers.get("User-Agent", ""), now=now, settings=settings,
        )  # fmt: skip
        if stage == FULL:
            _welcome(session, account, row, username, now)
            enter_role(account, grant, row)
        else:
            set_actor(actor_of(account, None, row))
            audit.note("auth.password_accepted", record=account)
    return Outcome(token=token, needs_code=stage == SECOND_FACTOR)


def _welcome(session: Session, account: Account, row: AccountSession, username: str, now: dt.datetime) -> None:
    throttle.record_success(session, username, row.address, now, account.id)
    account.locked_until = None
    session.flush()
    audit.note("auth.login", record=account)


def give_code(row: AccountSession, code: str, settings: Settings) -> Outcome:
    """The second step: a code of the authenticator or a recovery code, counted by the same throttle as passwords."""
    address, row_id = request.remote_addr or "", row.id
    with unit_of_work("auth.login") as session:
        now = utcnow()
        found = session.get(AccountSession, row_id)
        if found is None or found.revoked is not None:
            return Outcome()
        account = found.account
        verdict = throttle.examine(session, account.username, address, now, settings)
        if verdict.reason in ("address", "overall"):
            return Outcome(wait=verdict.retry_after)
        factor = session.get(SecondFactor, account.id)
        good = factor is not None and not verdict.reason and _code_fits(session, factor, code, now)
        if not good:
            reason = verdict.reason or "code"
            note_failure(session, account.username, address, now, settings, account_id=account.id, reason=reason)
            return Outcome(needs_code=True)
        grant = choose_grant(account, grants_of(session, account.id, local_today(settings)))
        found.stage, found.grant_id, found.fresh_at, found.seen = FULL, grant.id if grant else None, now, now
        token = renew_token(session, found)
        end_surplus(session, account.id, now, settings)
        _welcome(session, account, found, account.username, now)
        enter_role(account, grant, found)
    return Outcome(token=token)


def _code_fits(session: Session, factor: SecondFactor, code: str, now: dt.datetime) -> bool:
    if totp.accept_code(session, factor, code, now):
        return True
    if totp.accept_recovery_code(session, factor.account_id, code):
        audit.note("auth.recovery_code_used", record_type="auth.account", record_id=factor.account_id)
        return True
    return False


@dataclass(frozen=True)
class LastLogin:
    """When and from where the account logged in before, and how many tries failed since."""

    at: dt.datetime | None
    address: str
    failures: int


def last_login(account_id: int, before: dt.datetime) -> LastLogin:
    """The login before the present session, for the reader to notice what was not them."""
    tries = select(LoginAttempt).where(LoginAttempt.account_id == account_id, LoginAttempt.at < before)
    last = db.session.scalars(tries.where(LoginAttempt.ok).order_by(LoginAttempt.at.desc()).limit(1)).first()
    failed = tries.where(LoginAttempt.ok.is_(False), LoginAttempt.reason != throttle.LOCKED)
    if last is not None:
        failed = failed.where(LoginAttempt.at > last.at)
    failures = len(db.session.scalars(failed.limit(100)).all())
    return LastLogin(last.at if last else None, last.address if last else "", failures)


def recent_tries(account_id: int, limit: int = 20) -> list[LoginAttempt]:
    """The latest logins and failures of an account."""
    found = select(LoginAttempt).where(LoginAttempt.account_id == account_id, LoginAttempt.reason != throttle.LOCKED)
    return list(db.session.scalars(found.order_by(LoginAttempt.at.desc(), LoginAttempt.id.desc()).limit(limit)))
