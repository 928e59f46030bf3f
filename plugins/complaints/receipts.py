"""The receipt after registering: its code is kept nowhere in the clear, so the browser carries it, sealed, from the form to the page that shows it.

A cookie for the one address of this receipt: only the session that registered can open it, and showing takes it away.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from typing import Any

from flask import Response, current_app, g, redirect, request, url_for

from plugins.complaints.models_identity import IDENTITY_PURPOSE
from portal.crypto import KeyMissing, Unreadable, keyring

COOKIE = "receipt"
PURPOSE = f"{IDENTITY_PURPOSE}.receipt"
SECONDS = 600
"""How long the page may take to be asked for."""


def _bound_to(key: str) -> str:
    return f"{g.account_session.token_hash}:{key}"


def hand_over(key: str, receipt: dict[str, Any]) -> Any:
    """Send the browser to the page of the receipt ``key``, with what stands on it."""
    address = url_for("complaints_register.receipt", key=key)
    sealed = keyring().encrypt(PURPOSE, json.dumps(receipt, ensure_ascii=False, default=str), _bound_to(key))
    answer = redirect(address, 303)
    safe = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(COOKIE, base64.urlsafe_b64encode(sealed).decode(), max_age=SECONDS, path=address, httponly=True, samesite="Lax", secure=safe)
    return answer


def take(key: str) -> dict[str, Any] | None:
    """What this browser was handed over for the receipt; None where it was shown already, is too old or somebody else's."""
    try:
        text = keyring().decrypt(PURPOSE, base64.urlsafe_b64decode(request.cookies.get(COOKIE, "")), _bound_to(key))
    except (binascii.Error, ValueError, IndexError, KeyMissing, Unreadable):
        return None
    found: dict[str, Any] = json.loads(text)
    found.update({name: dt.date.fromisoformat(found[name]) for name in ("received_on", "due_on") if found[name]})
    return found


def taken(key: str, answer: Response) -> Response:
    """The page was shown: the browser forgets what it was handed."""
    answer.delete_cookie(COOKIE, path=url_for("complaints_register.receipt", key=key))
    return answer
