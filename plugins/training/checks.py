"""The code on a printed training file: signed here, so that a clerk can tell whether the paper says what the portal said that day."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import io
import re
from dataclasses import dataclass

import segno

from portal.config import current_settings
from portal.crypto import keyring

PURPOSE = "training.file"
MASK = 4
"""One mask for all: trying the eight of them takes longer than drawing the code, and every reader takes each."""
SHAPE = re.compile(r"T(\d{1,10})-(\d{1,10})-(\d{1,4})-(\d{1,6})-(\d{8})-([A-Z2-7]{16})")


@dataclass(frozen=True)
class Printed:
    """What a printed file says: whose, of which year (0: all years), halves counted, the day of printing."""

    org_id: int
    person_id: int
    year: int
    counted: int
    on: dt.date


def _mac(text: str) -> str:
    return base64.b32encode(keyring().blind_index(PURPOSE, text)[:10]).decode()


def code(printed: Printed) -> str:
    """The code, readable and typable."""
    text = f"T{printed.org_id}-{printed.person_id}-{printed.year}-{printed.counted}-{printed.on:%Y%m%d}"
    return f"{text}-{_mac(text)}"


def read(typed: str) -> Printed | None:
    """What a scanned or typed code says; None for one that was not made here."""
    found = SHAPE.search(typed.strip().upper()[:400])
    if found is None:
        return None
    text = found[0].rpartition("-")[0]
    if not hmac.compare_digest(_mac(text).encode(), found[6].encode()):
        return None
    return Printed(int(found[1]), int(found[2]), int(found[3]), int(found[4]), dt.datetime.strptime(found[5], "%Y%m%d").date())  # noqa: DTZ007 - a day


def address(text: str) -> str:
    """What stands in the QR code: the page of the check where the portal knows its own address, else the code alone."""
    base = current_settings().public_url.rstrip("/")
    return f"{base}/training/check?code={text}" if base else text


def png(text: str) -> bytes:
    stream = io.BytesIO()
    segno.make(text, error="m", micro=False, mask=MASK).save(stream, kind="png", scale=5, border=2)
    return stream.getvalue()


def svg(text: str) -> str:
    """A picture for a page, as base64."""
    stream = io.BytesIO()
    segno.make(text, error="m", micro=False).save(stream, kind="svg", scale=5, border=2, dark="#000", light="#fff")
    return base64.b64encode(stream.getvalue()).decode()
