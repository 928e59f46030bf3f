"""Heads of the chains kept outside the database: they notice a cut tail, a chain that is gone, and an old backup.

``instance/audit-heads.jsonl`` gets a line after each commit that added events. Compacting keeps, for each chain, the
newest line of every day and the newest of all.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

FILE = "audit-heads.jsonl"


def heads_file(instance: Path) -> Path:
    return instance / FILE


def append(path: Path, tips: dict[int, tuple[int, bytes]]) -> None:
    """Add the present heads; one write, so that lines of several processes do not mix."""
    now = int(time.time())
    lines = "".join(
        json.dumps({"chain": chain, "seq": seq, "hash": digest.hex(), "at": now}) + "\n" for chain, (seq, digest) in sorted(tips.items())
    )
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, lines.encode())
    finally:
        os.close(descriptor)


def after_commit(session: Session) -> None:
    """Session event: what was committed is noted outside."""
    if session.in_nested_transaction():
        return
    tips = session.info.pop("audit_tips", None)
    if tips:
        append(heads_file(current_app.extensions["portal"].settings.instance), tips)


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
    """Keep the newest head a chain and day; returns the number of lines kept."""
    kept: dict[tuple[int, int], dict[str, Any]] = {}
    for entry in read(path):
        key = (entry["chain"], entry["at"] // 86400)
        if key not in kept or entry["seq"] >= kept[key]["seq"]:
            kept[key] = entry
    if not kept:
        return 0
    fresh = path.with_suffix(".new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        for entry in kept.values():
            stream.write(json.dumps(entry) + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(path)
    return len(kept)
