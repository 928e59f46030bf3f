"""Export of the trail as JSON lines that ``docs/verify_audit.py`` checks without the portal."""

from __future__ import annotations

import json
from typing import IO, Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.audit.chain import COLUMNS, GENESIS
from portal.audit.models import Event, Head
from portal.database import utcnow

FORMAT = "portal-audit-1"


def export_events(session: Session, stream: IO[str], chain_id: int | None = None) -> int:
    """Write a head line and one line an event, chain after chain; returns the number of events."""
    chains = [chain_id] if chain_id is not None else None
    heads = sa.select(Head.chain_id, Head.seq, Head.hash).order_by(Head.chain_id)
    if chains is not None:
        heads = heads.where(Head.chain_id.in_(chains))
    listed = [{"chain": row.chain_id, "seq": row.seq, "hash": bytes(row.hash).hex()} for row in session.execute(heads)]
    head: dict[str, Any] = {
        "format": FORMAT,
        "columns": list(COLUMNS),
        "genesis": GENESIS.hex(),
        "exported_at": utcnow().isoformat(),
        "heads": listed,
    }
    stream.write(json.dumps(head, ensure_ascii=False) + "\n")
    table = Event.__table__
    query = sa.select(*(table.c[column] for column in (*COLUMNS, "hash"))).order_by(table.c.chain_id, table.c.seq)
    if chains is not None:
        query = query.where(table.c.chain_id.in_(chains))
    count = 0
    for row in session.execute(query, execution_options={"yield_per": 2000}):
        stream.write(json.dumps([list(row[:-1]), bytes(row[-1]).hex()], ensure_ascii=False, separators=(",", ":")) + "\n")
        count += 1
    return count
