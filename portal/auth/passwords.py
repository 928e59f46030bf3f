"""Hashing of passwords with argon2id, at most a few at a time."""

from __future__ import annotations

import os
import secrets
import threading
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

from portal.config import Settings
from portal.errors import TooMany

MAX_LENGTH = 256
"""Characters of a password that are looked at; longer ones are refused in the form."""
WAIT_SECONDS = 5.0
_slots = threading.BoundedSemaphore(max(2, min(4, os.cpu_count() or 2)))
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_took = [0.03]


@lru_cache(maxsize=8)
def _hasher(time_cost: int, memory_kib: int, parallelism: int) -> PasswordHasher:
    return PasswordHasher(time_cost=time_cost, memory_cost=memory_kib, parallelism=parallelism)


def _for(settings: Settings) -> PasswordHasher:
    return _hasher(settings.argon2_time_cost, settings.argon2_memory_kib, settings.argon2_parallelism)


@lru_cache(maxsize=8)
def _dummy(hasher: PasswordHasher) -> str:
    return hasher.hash(secrets.token_hex(16))


@contextmanager
def _slot() -> Iterator[None]:
    """Wait for a free place: hashing is memory-hungry on purpose. Raises TooMany after some seconds."""
    if not _slots.acquire(timeout=WAIT_SECONDS):
        raise TooMany(_l("登录请求过多，请稍后再试。"), retry_after=10)
    try:
        yield
    finally:
        _slots.release()


def normalise(password: str) -> str:
    """The same password whichever way it was typed, e.g. full-width digits of a Chinese input method."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str, settings: Settings) -> str:
    """The argon2id hash, with its parameters in it."""
    with _slot():
        return _for(settings).hash(normalise(password))


def verify_password(stored: str | None, password: str, settings: Settings) -> bool:
    """Whether the password fits; without a stored hash (no such account) it costs the same and says no."""
    hasher = _for(settings)
    fits = stored is not None
    with _slot():
        began = time.monotonic()
        try:
            hasher.verify(stored if stored is not None else _dummy(hasher), normalise(password)[:MAX_LENGTH])
        except (VerificationError, InvalidHashError):
            fits = False
        _took[0] = 0.8 * _took[0] + 0.2 * (time.monotonic() - began)
    return fits


def needs_rehash(stored: str, settings: Settings) -> bool:
    """Whether the hash was made with other parameters than the settings ask for."""
    return _for(settings).check_needs_rehash(stored)


def pause() -> None:
    """Take as long as a verification does, without its cost: for a login that is refused before hashing."""
    time.sleep(min(_took[0], 0.5))


def one_time_password() -> str:
    """A password to be handed over and used once: 80 bits, without letters that look alike."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _i in range(4)) for _j in range(4))
