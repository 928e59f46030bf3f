"""Leaving people out of a text that goes to others: telephone and identity numbers, and whoever complained by name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plugins.complaints import rules

MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)[ -]?(\d{4})[ -]?(\d{4})(?!\d)")
IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?![\dXx])")


def mask_numbers(text: str) -> str:
    """138****1234 and 500115********0012 for the numbers of whomever, wherever in a text."""
    return MOBILE.sub(r"\1****\3", IDENTITY.sub(r"\1********\2", text))


def leave_out(text: str, known: Mapping[str, str], *, numbers: bool) -> str:
    """The text without the complainant: what is known of them is masked wherever it stands.

    ``numbers``: all telephone and identity numbers besides, whosesoever they are.
    """
    for field, mask in (("id_number", _mask_id), ("phone", rules.mask_phone), ("address", lambda _value: "（住址略）"), ("name", rules.mask_name)):
        value = known.get(field, "").strip()
        if len(value) >= 2:
            text = _loosely(value).sub(mask(value), text)
    return mask_numbers(text) if numbers else text


def _mask_id(value: str) -> str:
    return f"{value[:6]}********{value[-4:]}"


def _loosely(value: str) -> re.Pattern[str]:
    """The value as people write it, with blanks or dashes between its characters."""
    return re.compile(r"[\s-]?".join(re.escape(c) for c in re.sub(r"[\s-]", "", value)), re.IGNORECASE)
