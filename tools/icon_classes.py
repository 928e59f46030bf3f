"""Make portal/web/static/icons.css from icons.svg: ``python tools/icon_classes.py``; each icon as a class, for lists and the navigation, where markup counts."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote

STATIC = Path(__file__).resolve().parent.parent / "portal/web/static"
SYMBOL = re.compile(r'<symbol id="([\w-]+)" viewBox="0 0 24 24"[^>]*>(.*?)</symbol>', re.DOTALL)
EMPTY = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')
OPENING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#000" stroke-width="2" stroke-linecap="round" stroke-linejoin="round">'
TONES = {"red": "alert-triangle", "amber": "clock", "green": "circle-check"}
"""The icon that a word on its colour has where it names no other."""
HEAD = "/* Made by tools/icon_classes.py from icons.svg. Tabler Icons, MIT licence, see vendor/tabler-icons.LICENSE. */\n"


def stylesheet(svg: str) -> str:
    """The rules of all icons, each a mask that takes the colour of the text."""
    defaults, found = [], []
    for name, inside in SYMBOL.findall(svg):
        drawn = " ".join(EMPTY.sub("", inside).split())
        whole = f"{OPENING}{drawn}</svg>"
        data = quote(whole.replace('"', "'").replace("> <", "><"), safe=" =:/'.,;()-+")
        tones = [f"b.{tone}" for tone, icon in TONES.items() if icon == name]
        if tones:
            defaults.append(f'{", ".join(tones)} {{ --i: url("data:image/svg+xml,{data}"); }}')
        found.append(f'.i-{name}, b.i-{name} {{ --i: url("data:image/svg+xml,{data}"); }}')
    return HEAD + "\n".join([*defaults, *found]) + "\n"


def main() -> int:
    wanted, file = stylesheet((STATIC / "icons.svg").read_text(encoding="utf-8")), STATIC / "icons.css"
    if "--check" in sys.argv:
        return 0 if file.exists() and file.read_text(encoding="utf-8") == wanted else 1
    file.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
