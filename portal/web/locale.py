"""In which language the reader is spoken to."""

from __future__ import annotations

from flask import has_request_context, session

LOCALES = {"zh": "zh_Hans_CN", "en": "en"}


def select() -> str:
    """Chinese unless the reader chose English."""
    return LOCALES.get(str(session.get("lang", "zh")), "zh_Hans_CN") if has_request_context() else "zh_Hans_CN"
