"""Heads of the chains kept outside the database: they notice a cut tail, a chain that is gone, and an old backup.

``instance/audit-heads.jsonl`` gets a line after each commit that added events. Compacting keeps, for each chain, the
newest line of every day and the newest of all.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from portal.audit.chain import begun

try:
    import fcntl
except ImportError:  # Windows: one process writes there
    fcntl = None  # type: ignore[assignment]

log = logging.getLogger(__name__)
FILE = "audit-heads.jsonl"


def heads_file(instance: Path) -> Path:
    return instance / FILE


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other writers of the file out, also those of other processes, so that compacting loses no line."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def append(path: Path, tips: dict[int, tuple[int, bytes]], *, coarse: bool = False) -> None:
    """Add the present heads; all of the lines or, when the disk is full, none of them and an OSError. ``coarse``: with the day alone."""
    now = int(time.time())
    now = now - now % 86400 if coarse else now
    lines = "".join(
        json.dumps({"chain": chain, "seq": seq, "hash": digest.hex(), "at": now}) + "\n" for chain, (seq, digest) in sorted(tips.items())
    ).encode()
    with _alone(path):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if os.write(descriptor, lines) != len(lines):
                os.ftruncate(descriptor, size)
                raise OSError("no space for the heads of the audit trail")
        finally:
            os.close(descriptor)


def after_commit(session: Session) -> None:
    """Session event: what was committed is noted outside."""
    if session.in_nested_transaction():
        return
    tips, coarse = session.info.pop("audit_tips", None), session.info.pop("audit_coarse", False)
    if not tips:
        return
    begun().update(tips)
    try:
        append(heads_file(current_app.extensions["portal"].settings.instance), tips, coarse=coarse)
    except OSError as error:  # the change is committed all the same; the next head covers it
        log.error("the heads of the audit trail could not be noted: %s", error)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of the file; one that cannot be read counts as a head that nothing matches."""
    if not path.exists():
        return
    with path.open(encoding="utf-8", errors="replace") as stream:
        for number, line in enumerate(stream, 1):
            try:
                entry = json.loads(line)
                yield {"chain": int(entry["chain"]), "seq": int(entry["seq"]), "hash": str(entry["hash"]), "at": int(entry["at"])}
            except (ValueError, KeyError, TypeError):
                yield {"chain": -1, "seq": -1, "hash": "", "at": 0, "line": number}


def compact(path: Path) -> int:
    """Keep the newest head a chain and day; returns the number of lines kept.

    Where a chain went back or forked, the heads before and after stay too: they are what gives it away.
    """
    with _alone(path):
        kept: dict[tuple[int, int], dict[str, Any]] = {}
        odd: list[dict[str, Any]] = []
        last: dict[int, dict[str, Any]] = {}
        for entry in read(path):
            before = last.get(entry["chain"])
            if before is not None and entry["seq"] <= before["seq"] and entry["hash"] != before["hash"]:
                odd.extend((before, entry))
            last[entry["chain"]] = entry
            kept[entry["chain"], entry["at"] // 86400] = entry
        lines = list(dict.fromkeys(json.dumps(entry) + "\n" for entry in (*odd, *kept.values())))
        if lines:
            replace_file(path, "".join(lines))
        return len(lines)


def replace_file(path: Path, text: str) -> None:
    """Put a private file with this text in place of ``path``, whole or not at all."""
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
