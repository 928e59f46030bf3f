"""Demonstration data (filled in below)."""

from typing import Any


def load(context: Any) -> None:
    return None
