"""Build the icon sprite from a folder of Tabler outline icons: ``python tools/icons.py FOLDER``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

NAMES = (
    """home layout-dashboard certificate users user user-circle building clipboard-list bell search settings calendar clock shield
    shield-lock history file-text file-import file-export download upload printer plus check x alert-triangle info-circle chevron-left
    chevron-right chevron-down chevron-up arrow-right arrow-back edit trash refresh player-play player-pause eye eye-off lock lock-open
    logout login language sun moon menu-2 filter arrow-up arrow-down list-check columns qrcode flame archive circle-check circle-x
    circle-dot mail inbox checkbox plug plug-off adjustments link id-badge chart-bar dots file-spreadsheet world hash
    building-community""".split()  # noqa: SIM905 - easier to change than a list of quoted names
)
TARGET = Path(__file__).resolve().parent.parent / "portal" / "web" / "static" / "icons.svg"


def symbol(folder: Path, name: str) -> str:
    """One icon as a symbol of the sprite."""
    text = (folder / f"{name}.svg").read_text(encoding="utf-8")
    body = re.search(r"<svg[^>]*>(.*)</svg>", text, re.DOTALL)
    assert body, name
    inner = re.sub(r"\s+", " ", body[1]).strip()
    return f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'


if __name__ == "__main__":
    symbols = "\n".join(symbol(Path(sys.argv[1]), name) for name in NAMES)
    TARGET.write_text(f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n', encoding="utf-8")
