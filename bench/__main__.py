"""``make bench``: prints ratios. ``python -m bench --quick`` leaves the largest sizes out."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

from bench import bare, intake, training, world
from portal import audit, settle, sqlite
from portal.context import system_actor, use_actor
from portal.database import db
from portal.tenancy import EVERYTHING, use_scope

ROUNDS = 3
QUICK = "--quick" in sys.argv


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


class Held:
    """Measures how long the write lock is held."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._since = 0.0
        self._enter, self._leave = sqlite.WriterGate.enter, sqlite.WriterGate.leave

    def __enter__(self) -> Held:
        held = self

        def enter(gate: Any) -> None:
            held._enter(gate)
            held._since = time.perf_counter()

        def leave(gate: Any) -> None:
            held.longest = max(held.longest, time.perf_counter() - held._since)
            held._leave(gate)

        sqlite.WriterGate.enter, sqlite.WriterGate.leave = enter, leave  # type: ignore[method-assign]
        return self

    def __exit__(self, *_error: Any) -> None:
        sqlite.WriterGate.enter, sqlite.WriterGate.leave = self._enter, self._leave  # type: ignore[method-assign]


def inside(app: Flask, work: Callable[[], Any]) -> Any:
    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING):
        try:
            return work()
        finally:
            db.session.remove()
            db.engine.dispose()


class Copies:
    """A database put back to its beginning before each round."""

    def __init__(self, instance: Path) -> None:
        self.file, self.kept = instance / "portal.db", instance / "kept.db"
        shutil.copyfile(self.file, self.kept)

    def renew(self) -> None:
        for suffix in ("-wal", "-shm"):
            self.file.with_name(f"portal.db{suffix}").unlink(missing_ok=True)
        shutil.copyfile(self.kept, self.file)
        os.sync()  # what the copy still has to write would be waited for by the first who makes a commit last


def bench_sweep(folder: Path, count: int, expired: int, alg: str = "sha256") -> tuple[float, float, float]:
    """Seconds of the bare program and of the portal, and the longest hold of the write lock."""
    from plugins.certificates.operations import recovery_due
    from portal.jobs.runner import run_job

    instance = folder / f"sweep-{count}-{expired}-{alg}"
    app = world.make(instance, audit_hash=alg)
    settle()  # as ``portal jobs run`` and the scheduler do
    world.fill(instance / "portal.db", count, expired)
    copies = Copies(instance)
    due = inside(app, lambda: recovery_due(2, world.TODAY).day)
    plain, ours, longest = [], [], 0.0
    for _round in range(ROUNDS):
        copies.renew()
        plain.append(timed(lambda: bare.sweep(copies.file, world.TODAY, due, alg)))
        copies.renew()

        def run() -> None:
            outcome = run_job("certificates.sweep", today=world.TODAY)
            assert outcome.result is not None and outcome.result["expired"] == expired, outcome

        with Held() as held:
            ours.append(inside(app, lambda: timed(run)))
        longest = max(longest, held.longest)
    return statistics.median(plain), statistics.median(ours), longest


def bench_verify(folder: Path, count: int) -> tuple[float, float]:
    instance = folder / "verify"
    app = world.make(instance)
    world.fill(instance / "portal.db", count, 0)

    def events() -> None:
        from portal.audit import Draft, write_events
        from portal.work import unit_of_work

        text = '{"clearing":"due","clearing_due":"2026-12-01","state":"expired","state_on":"2026-11-24","state_reason":"有效期届满"}'
        for start in range(0, count, 20_000):
            with unit_of_work("bench.events", reason="有效期届满") as session:
                write_events(session, [Draft(2 + n % 19, "update", "certificates.certificate", n, text, text) for n in range(start, min(count, start + 20_000))])

    inside(app, events)
    plain, ours = [], []
    for _round in range(ROUNDS):
        plain.append(timed(lambda: bare.verify(instance / "portal.db")))
        ours.append(timed(lambda: audit.verify_instance(app)))
    assert audit.verify_instance(app).ok
    return statistics.median(plain), statistics.median(ours)


def roster(count: int) -> bytes:
    import xlsxwriter

    from portal.directory.idnumber import check_digit

    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"constant_memory": True})
    sheet = book.add_worksheet("花名册")
    sheet.write_row(0, 0, ["姓名", "身份证号", "用工性质", "执法证号", "发证日期", "有效期至", "执法类别", "执法机关", "发证机关"])
    for n in range(count):
        first = f"5002211980{1 + n % 12:02d}{1 + n // 12 % 28:02d}{n // 336 % 1000:03d}"
        sheet.write_row(n + 1, 0, [f"张{n}", first + check_digit(first), "公务员", f"T{n:08d}", "2024-05-07", "2029-05-06", "综合执法", "某街道", "区司法局"])
    book.close()
    return stream.getvalue()


def bench_import(folder: Path, count: int) -> tuple[float, float]:
    from plugins.certificates.roster import SPEC
    from portal.directory.models import Organisation
    from portal.records.importing import run_import

    instance = folder / "import"
    app = world.make(instance)
    copies = Copies(instance)
    data = roster(count)
    plain, ours = [], []
    for _round in range(ROUNDS):
        copies.renew()
        plain.append(timed(lambda: bare.import_rows(copies.file, data, world.TODAY, 2)))
        copies.renew()

        def run() -> None:
            report, _checked = run_import(SPEC, data, "r.xlsx", db.session.get(Organisation, 2), world.TODAY)  # type: ignore[arg-type]
            assert report["created"] == count, report["refused"][:3]

        ours.append(inside(app, lambda: timed(run)))
    return statistics.median(plain), statistics.median(ours)


def line(name: str, plain: float, ours: float, limit: float, more: str = "") -> None:
    print(f"{name:<46} bare {plain:7.3f} s   portal {ours:7.3f} s   ratio {ours / plain:5.2f}   limit {limit:4.2f} {more}", flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as name, contextlib.suppress(KeyboardInterrupt):
        folder = Path(name)
        plain, ours, longest = bench_sweep(folder, 100_000, 10_000)
        line("sweep 100,000, 10,000 expire", plain, ours, 3, f"lock at most {longest * 1000:.0f} ms (limit 100)")
        plain3, ours3, _longest = bench_sweep(folder, 100_000, 10_000, "sm3")
        print(f"{'  with SM3 in place of SHA-256':<46} bare {plain3 / plain - 1:+.0%}   portal {ours3 / ours - 1:+.0%}")
        plain, ours = bench_import(folder, 10_000)
        line("import 10,000 rows", plain, ours, 3)
        small, large = 10_000, 100_000 if QUICK else 1_000_000
        _plain, few, _longest = bench_sweep(folder, small, small)
        _plain, many, longest = bench_sweep(folder, large, large)
        growth = (many / large) / (few / small) - 1
        print(f"{'sweep, cost a row from ' + format(small, ',') + ' to ' + format(large, ','):<46} {growth:+.0%} (limit +25%)   lock at most {longest * 1000:.0f} ms")
        plain, ours = bench_verify(folder, 100_000 if QUICK else 1_000_000)
        line(f"verify {100_000 if QUICK else 1_000_000:,} events", plain, ours, 1.5)
        training.run(folder)
        intake.run(folder, 100_000 if QUICK else 1_000_000)


if __name__ == "__main__":
    main()
