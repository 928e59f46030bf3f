"""Passwords: argon2id, the two policies, and what is refused."""

from __future__ import annotations

import datetime as dt
import itertools
import threading
from functools import cache

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import gettext as _

from portal.config import Settings

PARALLEL_HASHES = threading.BoundedSemaphore(4)
HISTORY = 5
CLASSES = (str.islower, str.isupper, str.isdigit, lambda c: not c.isalnum())
CONTEXT_WORDS = ("changshou", "portal", "zhifa", "长寿", "街道", "执法")
_WORDS = [
    "password", "passw0rd", "qwerty", "qwertyui", "qwertyuiop", "asdfgh", "asdfghjkl", "zxcvbn", "zxcvbnm",
    "1qaz2wsx", "qazwsx", "admin", "administrator", "root", "guest", "test", "user", "login", "welcome", "hello",
    "letmein", "master", "monkey", "dragon", "football", "baseball", "iloveyou", "woaini", "woaiwojia",
    "wodemima", "mima", "zhongguo", "beijing", "chongqing", "shanghai", "nihao", "abc", "abcd", "abc123",
    "a123456", "aa123456", "p@ssw0rd", "p@ssword", "sunshine", "princess", "superman", "batman", "trustno1",
    "secret", "summer", "winter", "spring", "autumn", "office", "work", "system", "computer", "internet", "money",
    "lucky",
]  # fmt: skip
_TAILS = [
    "", "1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789", "1234567890", "0", "00", "000",
    "01", "11", "111", "111111", "22", "66", "666", "6666", "666666", "88", "888", "8888", "888888", "99", "999", "520",
    "521", "1314", "5201314", "!", "!!", "@", "#", "1!", "123!", "@123", "#123", "@1234", "@2024", "@2025", "@2026",
    "2019", "2020", "2021", "2022", "2023", "2024", "2025", "2026", "2027", ".", "_1", "a", "abc", "qwe", "000000",
]  # fmt: skip


@cache
def common() -> frozenset[str]:
    """More than three thousand passwords that everybody tries first, in small letters."""
    digits = {str(n) * k for n in range(10) for k in range(4, 15)}
    runs = {"01234567890123456789"[i : i + k] for i in range(10) for k in range(5, 13)}
    return frozenset({word + tail for word, tail in itertools.product(_WORDS, _TAILS)} | digits | runs)


def hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(
        time_cost=settings.argon2_time_cost,
        memory_cost=settings.argon2_memory_kib,
        parallelism=settings.argon2_parallelism,
        type=Type.ID,
    )


def hash_password(settings: Settings, password: str) -> str:
    with PARALLEL_HASHES:
        return hasher(settings).hash(password)


def matches(settings: Settings, stored: str, password: str) -> bool:
    """Whether the password is the stored one. Takes as long for a wrong one."""
    with PARALLEL_HASHES:
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


def problem(settings: Settings, password: str, username: str, name: str) -> str:
    """Why a new password is refused, in the user's words; empty when it is good."""
    least = max(settings.password_min_length, 15) if settings.password_policy == "nist" else settings.password_min_length
    low = password.lower()
    if len(password) < least:
        return _("密码至少需要 %(n)s 个字符。", n=least)
    if len(password) > 128:
        return _("密码最多 128 个字符。")
    if settings.password_policy == "gb" and sum(any(kind(c) for c in password) for kind in CLASSES) < 3:
        return _("密码需包含大写字母、小写字母、数字、符号中的至少三类。")
    if low in common() or len(set(password)) < 4:
        return _("这个密码太常见，请换一个。")
    if any(word and word.lower() in low for word in (username, name, *CONTEXT_WORDS)):
        return _("密码不能包含用户名、姓名、地名等容易猜到的词。")
    return ""
