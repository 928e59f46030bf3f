"""Passwords: argon2id, the two policies, and what is refused."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from portal.config import Settings
from portal.errors import TooMany

PARALLEL_HASHES = threading.BoundedSemaphore(4)
WAIT_SECONDS = 10
HISTORY = 5
CLASSES = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
CONTEXT_WORDS = ("changshou", "portal", "zhifa", "长寿", "街道", "执法")
@cache
def common() -> frozenset[str]:
    """Some nine thousand passwords that everybody tries first, in small letters."""
    return frozenset((Path(__file__).parent / "common_passwords.txt").read_text(encoding="utf-8").split())


def hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(
        time_cost=settings.argon2_time_cost,
        memory_cost=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        type=Type.ID,
    )


@contextmanager
def _hashing() -> Iterator[None]:
    """Hashing costs memory: a few at a time, the rest wait a little or are sent away."""
    if not PARALLEL_HASHES.acquire(timeout=WAIT_SECONDS):
        raise TooMany(_("登录的人太多，请稍后再试。"), retry_after=10)
    try:
        yield
    finally:
        PARALLEL_HASHES.release()


def hash_password(settings: Settings, password: str) -> str:
    with _hashing():
        return hasher(settings).hash(password)


def matches(settings: Settings, stored: str, password: str) -> bool:
    """Whether the password is the stored one. Takes as long for a wrong one."""
    with _hashing():
        try:
            return hasher(settings).verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


@cache
def dummy_hash(settings: Settings) -> str:
    """A hash for names that do not exist, so that the answer takes as long."""
    return hash_password(settings, "no account has this password")


def expired(settings: Settings, set_at: dt.datetime, now: dt.datetime) -> bool:
    return settings.password_policy == "gb" and now - set_at > dt.timedelta(days=settings.password_max_days)


def problem(settings: Settings, password: str, words: Iterable[str], *, second_factor: bool = False) -> str:
    """Why a new password is refused, in the user's words; empty when it is good. ``words`` are those easy to guess."""
    least = settings.password_min_length
    if settings.password_policy == "nist":
        least = 8 if second_factor else max(least, 15)
    low = password.lower()
    if len(password) < least:
        return _("密码至少需要 %(n)s 个字符。", n=least)
    if len(password) > 128:
        return _("密码最多 128 个字符。")
    if settings.password_policy == "gb" and sum(any(kind(c) for c in password) for kind in CLASSES) < 3:
        return _("密码需包含大写字母、小写字母、数字、符号中的至少三类。")
    if low in common() or len(set(password)) < 4:
        return _("这个密码太常见，请换一个。")
    if any(len(word) > 1 and word.lower() in low for word in (*words, *CONTEXT_WORDS)):
        return _("密码不能包含用户名、姓名、地名等容易猜到的词。")
    return ""
