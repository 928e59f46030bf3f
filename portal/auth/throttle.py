"""Throttling of logins: by name and address, by name, by address, and over all. Counted before anything is hashed.

Every try is counted as a failure first, under the write lock, and forgiven when it succeeds: tries at the same moment
cannot slip past the limit. Names that exist and names that do not are counted alike.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import math
import threading
import time
from collections import deque

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from portal.auth.models import LoginAttempt
from portal.config import Settings
from portal.database import db, utcnow
from portal.errors import TooMany

PER_ADDRESS = 50
PER_NAME = 4
"""How many times ``lock_failures`` a name may fail from all addresses together until it rests everywhere."""
OVERALL = 500
KEPT_DAYS = 7
MOST_PACES = 5000
ELSEWHERE = "-"
"""Stands in place of an address for what is counted but is no login."""


def name_key(username: str) -> str:
    """A keyed fingerprint of what was typed as a name: people type passwords there."""
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, username.strip().lower().encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def count_try(session: Session, username: str, address: str, now: dt.datetime, settings: Settings) -> str:
    """Count a try; returns why it may not go on (``name``, ``address``, ``overall``), or nothing."""
    since = now - dt.timedelta(minutes=settings.lock_minutes)
    key = name_key(username)
    recent = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.at > since, LoginAttempt.address != ELSEWHERE)
    by_name = recent.where(LoginAttempt.name_key == key)
    if (session.scalar(by_name.where(LoginAttempt.address == address)) or 0) >= settings.lock_failures:
        return "name"
    if (session.scalar(by_name) or 0) >= settings.lock_failures * PER_NAME:
        return "name"
    if (session.scalar(recent.where(LoginAttempt.address == address)) or 0) >= PER_ADDRESS:
        return "address"
    if (session.scalar(recent) or 0) >= OVERALL:
        return "overall"
    session.add(LoginAttempt(name_key=key, address=address, at=now))
    session.flush()
    return ""


def failures(session: Session, username: str, since: dt.datetime) -> int:
    """How often this name failed since then, from all addresses."""
    found = select(func.count()).select_from(LoginAttempt)
    return session.scalar(found.where(LoginAttempt.name_key == name_key(username), LoginAttempt.at > since)) or 0


def forgive(session: Session, username: str, address: str | None = None) -> None:
    """Forget the failures of a name (from one address): it logged in, or an administrator unlocked it."""
    gone = delete(LoginAttempt).where(LoginAttempt.name_key == name_key(username))
    session.execute(gone if address is None else gone.where(LoginAttempt.address == address))


def check_misses(what: str, most: int, seconds: int) -> None:
    """Raise TooMany when ``what`` (e.g. wrong codes of an account) went wrong ``most`` times within ``seconds``."""
    since = utcnow() - dt.timedelta(seconds=seconds)
    found = select(func.count()).select_from(LoginAttempt).where(LoginAttempt.name_key == name_key(what), LoginAttempt.at > since)
    if (db.session.scalar(found) or 0) >= most:
        raise TooMany(_("尝试次数过多，请稍后再试。"), seconds)


def count_miss(session: Session, what: str) -> None:
    """Count something that went wrong, in the open unit of work."""
    session.add(LoginAttempt(name_key=name_key(what), address=ELSEWHERE, at=utcnow()))
    session.flush()


_pace_lock = threading.Lock()


def pace(what: str, most: int, seconds: int = 60) -> None:
    """Raise TooMany when ``what`` (e.g. searches of an account) happens more than ``most`` times within ``seconds``.

    For what only reads: counted in the memory of this process, so that nothing is written for it.
    """
    now = time.monotonic()
    with _pace_lock:
        times = _paces().setdefault(what, deque())
        while times and times[0] <= now - seconds:
            times.popleft()
        if len(times) >= most:
            raise TooMany(_("操作太快了，请稍候片刻再试。"), max(1, math.ceil(times[0] + seconds - now)))
        times.append(now)


def _paces() -> dict[str, deque[float]]:
    """What was counted by this process; what rests is dropped when it has become much."""
    paces: dict[str, deque[float]] = current_app.extensions.setdefault("portal.paces", {})
    if len(paces) > MOST_PACES:
        for name in [name for name, times in paces.items() if not times or times[-1] <= time.monotonic() - 3600]:
            del paces[name]
    return paces


def purge(session: Session, now: dt.datetime) -> None:
    """Drop tries that are too old to count for anything."""
    session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - dt.timedelta(days=KEPT_DAYS)))
