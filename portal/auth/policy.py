"""What a new password must be: presets ``gb`` (GB/T 22239) and ``nist`` (SP 800-63B-4). They contradict one another."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask_babel import lazy_gettext as _l

from portal.auth.passwords import MAX_LENGTH, normalise
from portal.config import Settings

COMMON_FILE = Path(__file__).with_name("common_passwords.txt")
HISTORY = 5
"""A new password is none of the last five, under ``gb``."""
NIST_LENGTH = 15
NIST_LENGTH_WITH_FACTOR = 8
GB_CLASSES = 3
FIXED_WORDS = ("长寿", "changshou", "cqcs")
_CLASSES = (re.compile("[a-z]"), re.compile("[A-Z]"), re.compile("[0-9]"), re.compile("[^a-zA-Z0-9]"))
_LOOKALIKES = str.maketrans("@$!", "asi")


@dataclass(frozen=True)
class Policy:
    """The rules in force, from the settings."""

    name: str
    min_length: int
    classes: int
    history: int
    max_days: int | None

    def expires_at(self, set_at: dt.datetime) -> dt.datetime | None:
        """When a password set then must be changed; None: never."""
        return None if self.max_days is None else set_at + dt.timedelta(days=self.max_days)


def policy_of(settings: Settings, *, second_factor: bool = False) -> Policy:
    """The policy of a deployment; under ``nist`` a second factor allows a shorter password."""
    if settings.password_policy == "nist":  # noqa: S105
        return Policy("nist", NIST_LENGTH_WITH_FACTOR if second_factor else NIST_LENGTH, 0, 0, None)
    return Policy("gb", settings.password_min_length, GB_CLASSES, HISTORY, settings.password_max_days)


@lru_cache(maxsize=1)
def common_passwords() -> frozenset[str]:
    """The shipped list of passwords that everybody tries first, in small letters."""
    return frozenset(COMMON_FILE.read_text(encoding="utf-8").split())


def is_common(password: str) -> bool:
    """Whether the password is on the list, also with marks around it or ``@`` for a, ``$`` for s."""
    plain = normalise(password).casefold()
    bare = plain.strip("!@#$%^&*._-+=?~ ")
    forms = {plain, bare, plain.translate(_LOOKALIKES), bare.translate(_LOOKALIKES)}
    return not forms.isdisjoint(common_passwords())


def context_words(*texts: str) -> frozenset[str]:
    """Words that a password must not contain: of the account and its organisations, from three characters on (two in 汉字)."""
    found: set[str] = set()
    for text in (*FIXED_WORDS, *texts):
        for word in re.split(r"[\s（）()·,，/@._-]+", normalise(text).casefold()):
            if len(word) >= 3 or (len(word) == 2 and not word.isascii()):
                found.add(word)
    return frozenset(found)


def problems(password: str, policy: Policy, words: Iterable[str]) -> list[Any]:
    """Everything that is wrong with a new password, in the reader's words; empty: nothing."""
    plain = normalise(password)
    found: list[Any] = []
    if len(plain) < policy.min_length:
        found.append(_l("密码至少 %(number)s 个字符。", number=policy.min_length))
    if len(plain) > MAX_LENGTH:
        found.append(_l("密码最多 %(number)s 个字符。", number=MAX_LENGTH))
    if policy.classes and sum(bool(kind.search(plain)) for kind in _CLASSES) < policy.classes:
        found.append(_l("密码须包含大写字母、小写字母、数字、其他字符中的至少三类。"))
    if len(set(plain)) < 4:
        found.append(_l("密码中不同的字符太少。"))
    if is_common(plain):
        found.append(_l("这个密码太常见，容易被猜到。"))
    folded = plain.casefold()
    if any(word in folded for word in words):
        found.append(_l("密码不能包含账号、姓名、电话、单位或地名。"))
    return found
