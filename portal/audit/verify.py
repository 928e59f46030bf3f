"""Verifying the chains: streaming, in constant memory, naming the first broken event."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from portal.audit import checkpoints
from portal.audit.chain import ALGORITHMS, COLUMNS, GENESIS, canonical

SELECTED = ", ".join(f'"{column}"' for column in (*COLUMNS, "hash"))
ALG = COLUMNS.index("alg")


@dataclass(frozen=True)
class Report:
    """The outcome: how many events were read and the first that is broken, if any."""

    ok: bool
    events: int
    broken: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "events": self.events, "broken": self.broken}


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def _rows(engine: sa.Engine) -> Iterator[tuple[Iterable[Any], dict[int, tuple[int, bytes]]]]:
    """The events in the order of their writing, and the heads, both from one moment."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "sqlite":
            raw: Any = connection.connection.driver_connection
            kept, raw.text_factory = raw.text_factory, _decode
            try:
                heads = {row[0]: (row[1], row[2]) for row in raw.execute("SELECT chain_id, seq, hash FROM audit_head")}
                cursor = raw.cursor()
                cursor.arraysize = 1000
                yield cursor.execute(f"SELECT {SELECTED} FROM audit_event NOT INDEXED ORDER BY rowid"), heads  # noqa: S608
            finally:
                raw.text_factory = kept
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            found = connection.exec_driver_sql("SELECT chain_id, seq, hash FROM audit_head")
            heads = {row[0]: (row[1], bytes(row[2])) for row in found}
            stream = connection.execution_options(stream_results=True, max_row_buffer=2000)
            yield stream.exec_driver_sql(f"SELECT {SELECTED} FROM audit_event ORDER BY chain_id, seq"), heads  # noqa: S608


def _broken(row: Any, problem: str) -> dict[str, Any]:
    values = dict(zip(COLUMNS, row, strict=False))
    return {
        "chain": values["chain_id"],
        "seq": values["seq"],
        "problem": problem,
        "action": _shown(values["action"]),
        "record": f"{_shown(values['record_type'])}:{values['record_id']}",
    }


def _shown(value: Any) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _gone(chain: int, seq: int, problem: str) -> dict[str, Any]:
    return {"chain": chain, "seq": seq, "problem": problem, "action": "", "record": ""}


class _Marks:
    """The heads noted outside, by chain; each is compared when its event passes. Noted twice, the first one counts."""

    def __init__(self, path: Path | None) -> None:
        self.by_chain: dict[int, dict[int, str]] = {}
        for entry in checkpoints.read(path) if path else ():
            self.by_chain.setdefault(entry["chain"], {}).setdefault(entry["seq"], entry["hash"])


def verify(engine: sa.Engine, heads_file: Path | None) -> Report:
    """Check every event against its hash, its place in the chain, the heads, and the heads kept outside."""
    marks = _Marks(heads_file)
    state: dict[int, tuple[int, bytes]] = {}
    count = 0
    try:
        with _rows(engine) as (rows, heads):
            for row in rows:
                problem = _check(row, state, marks)
                if problem:
                    return Report(False, count, _broken(row, problem))
                count += 1
            return Report(True, count) if (gone := _check_ends(state, heads, marks)) is None else Report(False, count, gone)
    except (sqlite3.DatabaseError, sa.exc.DatabaseError) as error:
        chain, tip = next(reversed(state.items()), (0, (0, GENESIS)))
        return Report(False, count, _gone(chain, tip[0] + 1, f"the database cannot be read here: {error}"))


def _check(row: Any, state: dict[int, tuple[int, bytes]], marks: _Marks, *, new: Any = hashlib.new, encode: Any = canonical) -> str:
    chain, seq, alg, stored = row[0], row[1], row[ALG], row[-1]
    last, previous = state.get(chain) or (0, GENESIS)
    if seq != last + 1:
        return "out of order" if isinstance(seq, int) and seq <= last else f"events {last + 1} to {seq} are not there in order"
    if alg not in ALGORITHMS:
        return "unknown hash algorithm"
    digest = new(alg, previous + encode(list(row[:-1])).encode("utf-8", "surrogateescape")).digest()
    if digest != stored:
        return "changed"
    known = marks.by_chain.get(chain)
    if known is not None and seq in known and known[seq] != digest.hex():
        return "differs from the head that was noted outside the database"
    state[chain] = (seq, digest)
    return ""


def _check_ends(state: dict[int, tuple[int, bytes]], heads: dict[int, tuple[int, bytes]], marks: _Marks) -> dict[str, Any] | None:
    for chain in sorted(state.keys() | heads.keys() | marks.by_chain.keys()):
        seq, digest = state.get(chain, (0, GENESIS))
        noted = max(marks.by_chain.get(chain, {0: ""}))
        if noted > seq:
            return _gone(chain, seq + 1, f"events {seq + 1} to {noted} were noted outside the database and are gone")
        if chain == -1:
            return _gone(chain, 0, "a line of the heads kept outside cannot be read")
        if seq and chain not in heads:
            return _gone(chain, seq, "the head of the chain is gone")
        if chain in heads and (heads[chain][0], bytes(heads[chain][1])) != (seq, digest):
            return _gone(chain, seq + 1, f"the chain ends at {seq}, its head says {heads[chain][0]}")
    return None
