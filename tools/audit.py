"""``make audit``: known holes in the packages of the lock, asked of pip-audit. When nobody could be asked, it says so and fails.

Part of a release, on a machine with a network: ``pip install pip-audit`` there first.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.txt"
NOT_ASKED = 2


def main() -> int:
    """0: no known hole; 1: there is one; 2: it could not be asked."""
    if importlib.util.find_spec("pip_audit") is None:
        print("NOT AUDITED: pip-audit is not installed here (pip install pip-audit)", file=sys.stderr)
        return NOT_ASKED
    command = [sys.executable, "-m", "pip_audit", "--strict", "--require-hashes", "--disable-pip", "-r", str(LOCK)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    sys.stdout.write(done.stdout)
    sys.stderr.write(done.stderr)
    if done.returncode == 0 and "No known vulnerabilities found" in done.stdout + done.stderr:
        return 0
    if "Found" in done.stdout + done.stderr and "known vulnerabilit" in done.stdout + done.stderr:
        return 1
    print("NOT AUDITED: nobody could be asked", file=sys.stderr)
    return NOT_ASKED


if __name__ == "__main__":
    sys.exit(main())
