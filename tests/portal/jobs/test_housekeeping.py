"""The daily clearing away, and the heads of the trail that are compacted while others write."""

import datetime as dt
import hashlib
import json
import stat
import threading
from pathlib import Path

import sqlalchemy as sa

from portal import audit
from portal.audit import checkpoints
from portal.auth.models import AccountSession
from portal.database import db, utcnow
from portal.inbox.models import Notice
from portal.jobs.models import JobRun
from portal.jobs.runner import run_job
from portal.records.models import ImportRun
from portal.work import unit_of_work

DAY = dt.timedelta(days=1)


def fill(world):
    now, clerk = utcnow(), world.account("jn_clerk").id
    with unit_of_work("test.fill") as session:
        for n, age in enumerate((1, 29, 31, 500)):
            at = now - age * DAY
            session.add(AccountSession(token_hash=f"{n}" * 64, account_id=clerk, created_at=at, seen_at=at, fresh_at=at, address="", agent=""))
            session.add(JobRun(job="old.job", slot=f"now:{n}", state="done", queued_at=at))
            session.add(Notice(account_id=clerk, title="旧", key=f"old:{n}", created_at=at, deliver_after=at))
        for hours in (1, 23, *(25,) * 45):
            session.add(ImportRun(org_id=world.jiangnan.id, name="x", filename="x", digest="", content=b"bytes", created_at=now - dt.timedelta(hours=hours)))


def test_what_nobody_needs_any_more_is_cleared_away(app, world):
    fill(world)
    assert run_job("core.housekeeping", dry_run=True).result == {"failed": 0}
    result = run_job("core.housekeeping").result
    assert {key: result[key] for key in ("sessions", "runs", "notices", "uploads", "failed")} == {"sessions": 2, "runs": 1, "notices": 1, "uploads": 45, "failed": 0}
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportRun).where(ImportRun.content.is_not(None))) == 2
    assert "bytes" not in str(db.session.scalars(sa.select(audit.Event.after).where(audit.Event.record_type == "records.import_run")).all()[-1])
    again = run_job("core.housekeeping").result
    assert all(again[key] == 0 for key in ("sessions", "runs", "notices", "uploads"))
    assert audit.verify_instance(app).ok


def lines(path):
    return [(entry["chain"], entry["seq"]) for entry in checkpoints.read(path)]


def put(path: Path, *entries):
    with path.open("a") as stream:
        for chain, seq, word, day in entries:
            stream.write(json.dumps({"chain": chain, "seq": seq, "hash": hashlib.sha256(word.encode()).hexdigest(), "at": day * 86400 + seq}) + "\n")


def test_compacting_keeps_the_newest_of_every_day_and_what_gives_a_fork_away(tmp_path):
    path = tmp_path / "heads.jsonl"
    put(path, *((1, seq, f"{seq}", seq // 10) for seq in range(1, 31)), *((2, seq, f"{seq}", 1) for seq in range(1, 5)))
    assert checkpoints.compact(path) == 5 and sorted(lines(path)) == [(1, 9), (1, 19), (1, 29), (1, 30), (2, 4)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    put(path, (1, 20, "other", 3), (1, 40, "other", 3))
    checkpoints.compact(path)
    checkpoints.compact(path)
    assert {(1, 30), (1, 20), (1, 40)} <= set(lines(path))


def test_a_line_that_cannot_be_read_stays_one(tmp_path):
    path = tmp_path / "heads.jsonl"
    path.write_text("nonsense\n")
    put(path, (1, 1, "1", 1))
    checkpoints.compact(path)
    assert (-1, -1) in lines(path)


def test_no_head_is_lost_while_others_write(tmp_path):
    path = tmp_path / "heads.jsonl"
    ready = threading.Barrier(5)

    def write(chain):
        ready.wait()
        for seq in range(1, 301):
            checkpoints.append(path, {chain: (seq, b"\1" * 32)})

    threads = [threading.Thread(target=write, args=(chain,)) for chain in range(4)]
    for thread in threads:
        thread.start()
    ready.wait()
    while any(thread.is_alive() for thread in threads):
        checkpoints.compact(path)
    checkpoints.compact(path)
    assert sorted(lines(path)) == [(chain, 300) for chain in range(4)]


def test_a_full_disk_leaves_no_half_line_and_the_change_stands(app, monkeypatch, world):
    import os

    path = checkpoints.heads_file(Path(app.instance_path))
    before, write = path.read_bytes(), os.write
    monkeypatch.setattr(checkpoints.os, "write", lambda descriptor, data: write(descriptor, data[: len(data) // 2]))
    audit.note("test.note")
    monkeypatch.undo()
    assert path.read_bytes() == before and db.session.scalar(sa.select(sa.func.count()).select_from(audit.Event).where(audit.Event.action == "test.note")) == 1
    db.session.rollback()
    assert audit.verify_instance(app).ok


def test_a_head_noted_twice_differently_is_found(app, world):
    path = checkpoints.heads_file(Path(app.instance_path))
    head = next(entry for entry in checkpoints.read(path) if entry["chain"] == 0)
    put(path, (0, head["seq"], "as the chain was before", 1))
    text = path.read_text().splitlines(keepends=True)
    path.write_text("".join([text[-1], *text[:-1]]))
    report = audit.verify_instance(app)
    assert not report.ok and report.broken["seq"] == head["seq"]
