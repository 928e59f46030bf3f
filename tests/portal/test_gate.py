"""The gate before the single writer of SQLite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from portal.sqlite import WriterGate

GREEDY = """
import sys, time
from pathlib import Path
from portal.sqlite import WriterGate
gate, turns = WriterGate(Path(sys.argv[1])), Path(sys.argv[2])
for number in range(400):
    gate.enter()
    turns.write_text(str(number + 1))
    time.sleep(0.02)
    gate.leave()
"""


def test_a_process_that_comes_back_at_once_waits_behind_whoever_was_there_first(tmp_path: Path) -> None:
    lock, turns = tmp_path / "portal.write.lock", tmp_path / "turns"
    child = subprocess.Popen([sys.executable, "-c", GREEDY, str(lock), str(turns)])
    try:
        while not turns.exists() or not turns.read_text():
            pass
        gate, waited = WriterGate(lock), []
        for _time in range(8):
            before = int(turns.read_text())
            gate.enter()
            waited.append(int(turns.read_text()) - before)
            gate.leave()
    finally:
        child.kill()
        child.wait()
    assert max(waited) <= 2, waited
    assert child.returncode is not None
