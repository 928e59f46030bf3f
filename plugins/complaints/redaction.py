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


def leave_out(text: str, known: Mapping[str, str]) -> str:
    """The text without the complainant: what is known of them is masked wherever it stands, and all numbers besides."""
    for field, mask in (("id_number", ""), ("phone", ""), ("address", "（住址略）"), ("name", "")):
        value = known.get(field, "").strip()
        if len(value) < 2:
            continue
        shown = mask or (rules.mask_name(value) if field == "name" else rules.mask_phone(value) if field == "phone" else f"{value[:6]}********{value[-4:]}")
        text = text.replace(value, shown)
    return mask_numbers(text)
