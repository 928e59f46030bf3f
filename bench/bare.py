"""The bare programs: sqlite3, json and hashlib, nothing else. They write the same rows."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

GENESIS = bytes(32)
COLUMNS = (
    "chain_id", "seq", "at", "actor_id", "actor", "role", "org_id", "session", "address", "request_id", "action",
    "reason", "op", "record_type", "record_id", "record_key", "before", "after", "result", "alg",
)  # fmt: skip
encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
ordered = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


KINDS = {kind: int.from_bytes(hashlib.sha256(kind.encode()).digest()[:3], "big") << 39 for kind in ("certificates.certificate", "directory.person")}


def connect(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on", "recursive_triggers=on", "temp_store=memory", "secure_delete=on"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def key_of(kind: str, number: int) -> int:
    return KINDS[kind] | number


class Chains:
    """Events chained to the heads."""

    def __init__(self, connection: sqlite3.Connection, alg: str) -> None:
        self.connection, self.alg = connection, alg
        self.heads = {row[0]: [row[1], row[2]] for row in connection.execute("SELECT chain_id, seq, hash FROM audit_head")}
        self.rows: list[tuple[Any, ...]] = []
        self.now = time.time_ns() // 1000

    def add(self, chain: int, actor: str, action: str, reason: str, op: str, kind: str, number: int, before: str | None, after: str | None) -> None:
        head = self.heads.setdefault(chain, [0, GENESIS])
        values = [chain, head[0] + 1, self.now, None, actor, "system", None, "", "", "", action, reason, op, kind, number, key_of(kind, number), before, after, "ok", self.alg]
        digest = hashlib.new(self.alg, head[1] + encode(values).encode()).digest()
        head[0], head[1] = head[0] + 1, digest
        self.rows.append((*values, digest))

    def write(self) -> None:
        names = ", ".join(f'"{name}"' for name in COLUMNS)
        self.connection.executemany(f"INSERT INTO audit_event ({names}, hash) VALUES ({','.join('?' * 21)})", self.rows)
        self.connection.executemany(
            "INSERT INTO audit_head (chain_id, seq, at, hash, alg) VALUES (?,?,?,?,?) ON CONFLICT (chain_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
            [(chain, head[0], self.now, head[1], self.alg) for chain, head in self.heads.items()],
        )


def sweep(file: Path, today: dt.date, due: dt.date, alg: str = "sha256") -> int:
    """Expire what is past its date in one transaction, with a chained event each."""
    connection = connect(file)
    connection.execute("BEGIN IMMEDIATE")
    found = connection.execute(
        "UPDATE certificates_certificate SET state = 'expired', state_reason = '有效期届满', state_on = ?, clearing = 'due', clearing_from = ?, clearing_due = ?,"
        " version = version + 1 WHERE state IN ('active', 'suspended') AND valid_until < ? RETURNING id, org_id",
        (today.isoformat(), today.isoformat(), due.isoformat(), today.isoformat()),
    ).fetchall()
    before = ordered({"clearing": "none", "clearing_due": None, "clearing_from": None, "state": "active", "state_on": None, "state_reason": ""})
    day = today.isoformat()
    after = ordered({"clearing": "due", "clearing_due": due.isoformat(), "clearing_from": day, "state": "expired", "state_on": day, "state_reason": "有效期届满"})
    chains = Chains(connection, alg)
    for number, town in found:
        chains.add(town, "job:certificates.sweep", "certificates.certificate.expire", "有效期届满", "update", "certificates.certificate", number, before, after)
    chains.write()
    connection.execute("COMMIT")
    connection.close()
    return len(found)


def verify(file: Path) -> int:
    """Read and hash every event."""
    connection = connect(file)
    names = ", ".join(f'"{name}"' for name in COLUMNS)
    heads: dict[int, bytes] = {}
    count = 0
    for row in connection.execute(f"SELECT {names}, hash FROM audit_event NOT INDEXED ORDER BY rowid"):
        digest = hashlib.new(row[19], heads.get(row[0], GENESIS) + encode(row[:-1]).encode()).digest()
        if digest != row[-1]:
            raise SystemExit("broken")
        heads[row[0]] = digest
        count += 1
    connection.close()
    return count


def import_rows(file: Path, data: bytes, today: dt.date, org_id: int) -> int:
    """Read a workbook with calamine, insert people and certificates as they stand, and write their events."""
    import io

    from python_calamine import CalamineWorkbook

    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1:]
    connection = connect(file)
    connection.execute("BEGIN IMMEDIATE")
    start = connection.execute("SELECT coalesce(max(id), 0) FROM certificates_certificate").fetchone()[0] + 1
    first = connection.execute("SELECT coalesce(max(id), 0) FROM directory_person").fetchone()[0] + 1
    people, certificates = [], []
    chains = Chains(connection, "sha256")
    for n, row in enumerate(rows):
        person = {"id": first + n, "org_id": org_id, "uid": f"{n:032x}", "name": row[0], "gender": "", "id_number_enc": row[1].encode(), "id_number_index": hashlib.sha256(row[1].encode()).digest(), "id_number_hint": row[1][:6], "position": "", "employment_type": row[2], "post_status": "在岗", "category": row[6], "has_legal_qualification": 0, "legal_qualification_no": "", "education": "", "note": "", "version": 1}
        certificate = {"id": start + n, "org_id": org_id, "number": row[3], "person_id": first + n, "holder_name": row[0], "authority": row[7], "category": row[6], "area": "", "issuer": row[8], "issued_on": row[4], "valid_until": row[5], "state": "active", "state_reason": "", "clearing": "none", "clearing_provisional": 0, "handed_in_by": "", "received_by": "", "public_notice": "", "version": 1}
        people.append(tuple(person.values()))
        certificates.append(tuple(certificate.values()))
        person["id_number_enc"] = person["id_number_index"] = None
        chains.add(org_id, "cli:import", "certificates.import", "", "insert", "directory.person", first + n, None, ordered(person))
        chains.add(org_id, "cli:import", "certificates.import", "", "insert", "certificates.certificate", start + n, None, ordered(certificate))
    for table, sample, values in (("directory_person", person, people), ("certificates_certificate", certificate, certificates)):
        connection.executemany(f"INSERT INTO {table} ({', '.join(sample)}) VALUES ({','.join('?' * len(sample))})", values)
    chains.write()
    connection.execute("COMMIT")
    connection.close()
    return len(rows)
