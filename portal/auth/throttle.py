"""Failed logins make an account and an address rest; nothing here tells whether a name exists.

A lock is a row of its own (``reason`` "locked"), so that it holds its full time whatever came before. A name that does not
exist is counted and locked like one that does.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement

from portal.auth.models import AccountSession, LoginAttempt
from portal.config import Settings, current_settings
from portal.crypto import keyring
from portal.database import utcnow

PURPOSE = "auth.login.username"
WINDOW = dt.timedelta(hours=1)
"""Failures older than this no longer count towards a lock."""
ACCOUNT_FACTOR = 3
"""An account rests for every address after this many times the failures of one address."""
ADDRESS_FACTOR = 10
"""An address waits after this many times the failures of one account."""
ADDRESS_WINDOW = dt.timedelta(minutes=15)
OVERALL_PER_MINUTE = 120
KEEP = dt.timedelta(days=180)
LOCKED = "locked"
ANY_ADDRESS = "*"


@dataclass(frozen=True)
class Verdict:
    """What the throttle says before a password is looked at: "" (go on), "resting", "address" or "overall"."""

    reason: str = ""
    retry_after: int = 0


def username_key(username: str) -> bytes:
    """The keyed hash under which tries for a name are counted."""
    return keyring().blind_index(PURPOSE, unicodedata.normalize("NFKC", username).strip().casefold())


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).select_from(LoginAttempt).where(*conditions)) or 0


def _lock_conditions(key: bytes, now: dt.datetime, settings: Settings) -> list[ColumnElement[bool]]:
    since = now - dt.timedelta(minutes=settings.lock_minutes)
    return [LoginAttempt.username_key == key, LoginAttempt.at > since, LoginAttempt.reason == LOCKED, LoginAttempt.counts]


def examine(session: Session, username: str, address: str, now: dt.datetime, settings: Settings) -> Verdict:
    """Whether this try may go on to the password. Cheap: a few counts on indexes, no hashing."""
    failed = [LoginAttempt.ok.is_(False), LoginAttempt.reason != LOCKED]
    if _count(session, *failed, LoginAttempt.at > now - dt.timedelta(minutes=1)) >= OVERALL_PER_MINUTE:
        return Verdict("overall", 60)
    limit = settings.lock_failures * ADDRESS_FACTOR
    if _count(session, *failed, LoginAttempt.address == address, LoginAttempt.at > now - ADDRESS_WINDOW) >= limit:
        return Verdict("address", 300)
    locks = _lock_conditions(username_key(username), now, settings)
    if _count(session, *locks, LoginAttempt.address.in_((address, ANY_ADDRESS))):
        return Verdict("resting", settings.lock_minutes * 60)
    return Verdict()


def record(
    session: Session, username: str, address: str, now: dt.datetime, settings: Settings, *, reason: str, account_id: int | None
) -> dt.datetime | None:
    """Write a failed try down. Returns until when the name rests, when this very failure was one too many."""
    key = username_key(username)
    counts = reason != "resting"
    session.add(
        LoginAttempt(at=now, username_key=key, address=address, account_id=account_id, ok=False, reason=reason, counts=counts)
    )
    session.flush()
    if not counts:
        return None
    for place, limit in ((address, settings.lock_failures), (ANY_ADDRESS, settings.lock_failures * ACCOUNT_FACTOR)):
        if _failures(session, key, place, now) >= limit:
            session.add(
                LoginAttempt(at=now, username_key=key, address=place, account_id=account_id, ok=False, reason=LOCKED, counts=True)
            )
            session.flush()
            return now + dt.timedelta(minutes=settings.lock_minutes)
    return None


def _failures(session: Session, key: bytes, place: str, now: dt.datetime) -> int:
    """Failures that count for a place: since its last lock or success, within the window."""
    here = [LoginAttempt.username_key == key]
    if place != ANY_ADDRESS:
        here.append(LoginAttempt.address == place)
    ends = LoginAttempt.ok if place != ANY_ADDRESS else LoginAttempt.ok.is_(None)
    lock = (LoginAttempt.reason == LOCKED) & (LoginAttempt.address == place)
    last = session.scalar(select(func.max(LoginAttempt.id)).where(*here, ends | lock)) or 0
    return _count(
        session, *here, LoginAttempt.id > last, LoginAttempt.counts, LoginAttempt.ok.is_(False), LoginAttempt.reason != LOCKED,
        LoginAttempt.at > now - WINDOW,
    )  # fmt: skip


def record_success(session: Session, username: str, address: str, now: dt.datetime, account_id: int) -> None:
    """Write a login down; the failures of this name from this address are forgiven. Also sweeps out what is old."""
    key = username_key(username)
    session.add(LoginAttempt(at=now, username_key=key, address=address, account_id=account_id, ok=True))
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - KEEP), execution_options={"synchronize_session": False})
    session.execute(
        delete(AccountSession).where(AccountSession.created < now - KEEP), execution_options={"synchronize_session": False}
    )
    session.flush()


def resting_until(session: Session, username: str) -> dt.datetime | None:
    """Until when a name rests for at least one address."""
    settings = current_settings()
    locks = _lock_conditions(username_key(username), utcnow(), settings)
    last = session.scalar(select(func.max(LoginAttempt.at)).where(*locks))
    return None if last is None else last + dt.timedelta(minutes=settings.lock_minutes)


def forget_failures(session: Session, username: str) -> None:
    """Failures and locks of a name no longer count."""
    session.execute(
        update(LoginAttempt).where(LoginAttempt.username_key == username_key(username)).values(counts=False),
        execution_options={"synchronize_session": False},
    )
