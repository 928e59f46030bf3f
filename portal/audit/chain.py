"""Adding events to the chains: canonical encoding, hashing, and writing in bulk under the lock of the heads."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from portal.audit.models import Event, Head
from portal.context import current_action, current_actor
from portal.database import insert_into
from portal.sqlite import straight

COLUMNS = (
    "chain_id", "seq", "at", "actor_id", "actor", "role", "org_id", "session", "address", "request_id", "action",
    "reason", "op", "record_type", "record_id", "record_key", "before", "after", "result", "alg",
)  # fmt: skip
"""The columns that the hash covers, in its order: all but the hash itself."""
GENESIS = bytes(32)
ID_BITS = 39
ID_MASK = (1 << ID_BITS) - 1
ALGORITHMS = ("sha256", "sm3")

canonical = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
"""The canonical text of an event's column values (a list): a JSON list without blanks."""


class Draft(NamedTuple):
    """An event before it has its place in a chain. ``before`` and ``after`` are JSON texts with sorted keys."""

    chain_id: int
    op: str
    record_type: str
    record_id: int | None
    before: str | None = None
    after: str | None = None
    action: str = ""
    result: str = "ok"
    reason: str = ""


def record_key(record_type: str, record_id: int | None) -> int:
    """A number of 63 bits for a record, the same everywhere: 24 bits of its type's hash, then its id.

    Neighbours in the register are neighbours in the index, so that bulk work touches few of its pages.
    """
    return _kind_bits(record_type) | ((record_id or 0) & ID_MASK)


@cache
def _kind_bits(record_type: str) -> int:
    return (int.from_bytes(hashlib.sha256(record_type.encode()).digest()[:3], "big")) << ID_BITS


def chain_hash(alg: str, previous: bytes, values: list[Any]) -> bytes:
    """The hash of an event: over the hash before it and the canonical text of its values."""
    return hashlib.new(alg, previous + canonical(values).encode("utf-8", "surrogateescape")).digest()


def clean(text: str, size: int) -> str:
    """Text as both databases keep it: no NUL, no lone surrogate, not longer than the column."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:size]


_watchers: dict[str, Callable[[Session], None]] = {}


def when_changed(record_type: str, watcher: Callable[[Session], None]) -> None:
    """Have ``watcher`` called, in the same transaction, whenever events tell of a change of such records."""
    _watchers[record_type] = watcher


HEADS: Any = Head.__table__
_LOCKED = select(HEADS).where(HEADS.c.chain_id.in_(bindparam("chains", expanding=True))).order_by(HEADS.c.chain_id).with_for_update()
_MOVE = update(HEADS).where(HEADS.c.chain_id == bindparam("of")).values({name: bindparam(name) for name in ("seq", "at", "hash", "alg")})
BEGUN = "portal.audit.begun"


def begun() -> set[int]:
    """The chains of which this process knows that their heads are there: of those that it has committed events to."""
    found: set[int] = current_app.extensions.setdefault(BEGUN, set())
    return found


def _locked_heads(connection: Connection, chains: list[int], alg: str) -> dict[int, Any]:
    """The heads of ``chains``, locked in ascending order; missing ones are made first."""
    heads = _read_heads(connection, chains) if begun().issuperset(chains) else {}
    if len(heads) < len(chains):
        connection.execute(_ensure_heads(connection.dialect.name), [{"chain_id": chain, "seq": 0, "at": 0, "hash": GENESIS, "alg": alg} for chain in chains])
        heads = _read_heads(connection, chains)
    return heads


class Tip(NamedTuple):
    """Where a chain ends."""

    chain_id: int
    seq: int
    at: int
    hash: bytes
    alg: str


_TIPS = f"SELECT {', '.join(Tip._fields)} FROM audit_head WHERE chain_id IN (%s) ORDER BY chain_id"  # noqa: S608 - our own names
_MOVE_TIP = "UPDATE audit_head SET seq = ?, at = ?, hash = ?, alg = ? WHERE chain_id = ?"


def _read_heads(connection: Connection, chains: list[int]) -> dict[int, Any]:
    if connection.dialect.name == "sqlite":
        return {row[0]: Tip(*row) for row in straight(connection, _TIPS % ",".join("?" * len(chains)), chains)}
    return {row.chain_id: row for row in connection.execute(_LOCKED, {"chains": chains})}


@cache
def _ensure_heads(dialect: str) -> Any:
    return insert_into(HEADS, dialect).on_conflict_do_nothing(index_elements=["chain_id"])


def write_events(session: Session, drafts: Iterable[Draft]) -> int:
    """Write events in the session's transaction; returns how many.

    Locks the heads of the chains concerned in ascending order, so that writers never fork a chain nor block one another
    for ever. If this fails, so does the change that the events tell of.
    """
    pending = list(drafts)
    if not pending:
        return 0
    alg = current_app.extensions["portal"].settings.audit_hash
    actor, action = current_actor(), current_action()
    common = (
        actor.account_id, clean(actor.name, 80), actor.role, actor.org_id, actor.session_ref[:16], clean(actor.address, 64),
        clean(actor.request_id, 40),
    )  # fmt: skip
    name, reason = (action.name, clean(action.reason, 4000)) if action else ("unnamed", "")
    chains = sorted({draft.chain_id for draft in pending})
    connection = session.connection()
    heads = _locked_heads(connection, chains, alg)
    now = time.time_ns() // 1000
    day = day_of(now) if actor.coarse else now
    moments = {chain: max(day, heads[chain].at) if actor.coarse else now for chain in chains}
    state: dict[int, list[Any]] = {}
    rows: list[tuple[Any, ...]] = []

    def add(chain: int, draft: Draft) -> None:
        tip = state[chain]
        seq = tip[0] + 1
        values = [
            chain, seq, moments[chain], *common, draft.action or name, draft.reason or reason, draft.op, draft.record_type, draft.record_id,
            record_key(draft.record_type, draft.record_id), draft.before, draft.after, draft.result, alg,
        ]  # fmt: skip
        digest = chain_hash(alg, tip[1], values)
        values.append(digest)
        rows.append(tuple(values))
        tip[0], tip[1] = seq, digest

    for chain in chains:
        head = heads[chain]
        state[chain] = [head.seq, head.hash]
        if head.seq and head.alg != alg:
            add(chain, _mark(chain, "audit.algorithm", {"from": head.alg, "to": alg}))
        if head.seq and head.at > now:
            add(chain, _mark(chain, "audit.clock_back", {"microseconds": head.at - now}))
    for draft in pending:
        add(draft.chain_id, draft)
    _insert_rows(connection, rows)
    _move_heads(connection, [(tip[0], max(moments[chain], heads[chain].at), tip[1], alg, chain) for chain, tip in state.items()])
    for watcher in {_watchers[draft.record_type] for draft in pending if draft.op != "note" and draft.record_type in _watchers}:
        watcher(session)
    if actor.coarse:
        session.info["audit_coarse"] = True
    session.info.setdefault("audit_tips", {}).update({chain: (tip[0], tip[1]) for chain, tip in state.items()})
    return len(pending)


def _move_heads(connection: Connection, tips: list[tuple[int, int, bytes, str, int]]) -> None:
    if connection.dialect.name == "sqlite":
        straight(connection, _MOVE_TIP, tips, many=True)
    else:
        connection.execute(_MOVE, [dict(zip(("seq", "at", "hash", "alg", "of"), tip, strict=True)) for tip in tips])


def day_of(moment: int) -> int:
    """The beginning of a moment's day at the office, in microseconds."""
    zone = current_app.extensions["portal"].settings.zone
    local = dt.datetime.fromtimestamp(moment / 1_000_000, zone)
    return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1_000_000


def _mark(chain: int, action: str, detail: dict[str, Any]) -> Draft:
    return Draft(chain, "note", "audit.chain", chain, None, json.dumps(detail, sort_keys=True), action)


_NAMES = ", ".join(f'"{column}"' for column in (*COLUMNS, "hash"))
_INSERT = f"INSERT INTO audit_event ({_NAMES}) VALUES ({','.join('?' * (len(COLUMNS) + 1))})"  # noqa: S608 - our own names


def _insert_rows(connection: Connection, rows: list[tuple[Any, ...]]) -> None:
    """One statement for all rows, straight through the driver: the ORM would cost more than the hashing."""
    if connection.dialect.name == "sqlite":
        straight(connection, _INSERT, rows, many=True)
        return
    if len(rows) < 20:
        table: Any = Event.__table__
        connection.execute(insert(table), [dict(zip((*COLUMNS, "hash"), row, strict=True)) for row in rows])
        return
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY audit_event ({_NAMES}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.close()
