"""Make this folder importable in the environment and give it the command ``portal``, without building a package."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Path(sysconfig.get_path("purelib"), "town_enforcement_portal.pth").write_text(f"{ROOT}\n", encoding="utf-8")
scripts = Path(sysconfig.get_path("scripts"))
if sys.platform == "win32":
    (scripts / "portal.cmd").write_text(f'@"{sys.executable}" -m portal %*\r\n', encoding="utf-8")
else:
    command = scripts / "portal"
    command.write_text(f"#!{sys.executable}\nfrom portal.cli import main\n\nmain()\n", encoding="utf-8")
    command.chmod(0o755)
