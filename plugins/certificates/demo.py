"""Demonstration data."""
from typing import Any


def load(context: Any) -> None:
    """Nothing yet."""
