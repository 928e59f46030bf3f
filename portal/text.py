"""Text as people type and paste it: made fit for both databases, and numbers read without surprises."""

from __future__ import annotations

import re

UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]")
"""What nobody types on purpose: control characters, marks that turn the direction of writing, blanks without width, halves of characters."""


def seen(text: str) -> str:
    """The text without what cannot be seen. PostgreSQL takes no NUL, and a name must not look like another."""
    return UNSEEN.sub("", text)


def one_line(text: str) -> str:
    """A text for a field of one line: line breaks become blanks."""
    return " ".join(text.split()) if "\n" in text or "\r" in text else text


def whole(text: str, digits: int = 9) -> int | None:
    """A whole number of at most so many digits; None for anything else, also for ² and for ４."""
    return int(text) if 0 < len(text) <= digits and text.isascii() and text.isdecimal() else None


def close_name(text: str) -> str:
    """A name without the blanks that fill it up in tables: 王　芳 is 王芳; blanks between other letters stay."""
    return re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", text.strip())
