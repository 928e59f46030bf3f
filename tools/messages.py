"""The English catalogues: collect the Chinese texts of core and plugins, and say what is not translated.

``python tools/messages.py`` collects and compiles, ``--check`` fails when a text is missing or stale.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from babel.messages import Catalog, mofile, pofile
from babel.messages.extract import extract_from_dir

ROOT = Path(__file__).resolve().parent.parent
METHODS = [("**/translations/**", "ignore"), ("**/migrations/**", "ignore"), ("**.py", "python"), ("**/templates/**.html", "jinja2")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true"}}
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
HAN = re.compile(r"[\u4e00-\u9fff]")
PLACES = re.compile(r"%\((\w+)\)[sd]")


def owners() -> list[tuple[Path, Path]]:
    """Each folder with texts and the file of its English catalogue."""
    found = [(ROOT / "portal", ROOT / "portal" / "translations" / "en" / "LC_MESSAGES" / "messages.po")]
    for plugin in sorted((ROOT / "plugins").glob("*/__init__.py")):
        found.append((plugin.parent, plugin.parent / "translations" / "en" / "LC_MESSAGES" / "messages.po"))
    return found


def wanted(folder: Path) -> Catalog:
    """Every text of a folder."""
    catalog = Catalog(locale="en", project="portal", version="1")
    for name, line, message, _comments, context in extract_from_dir(folder, METHODS, OPTIONS, KEYWORDS, ("TRANSLATORS:",)):
        catalog.add(message, None, [(f"{folder.name}/{name}", line)], context=context)
    return catalog


def read(file: Path) -> Catalog:
    with file.open("rb") as stream:
        return pofile.read_po(stream, locale="en")


def compiled(catalog: Catalog) -> bytes:
    stream = io.BytesIO()
    mofile.write_mo(stream, catalog)
    return stream.getvalue()


def update(folder: Path, file: Path) -> int:
    """Bring a catalogue up to date and compile it; returns how many texts lack English."""
    fresh = wanted(folder)
    if file.exists():
        known = {message.id: message.string for message in read(file) if message.id}
        for message in fresh:
            if message.id and not message.string and known.get(message.id):
                message.string = known[message.id]
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        pofile.write_po(stream, fresh, omit_header=False, sort_output=True, no_location=True, width=0, include_previous=False)
    file.with_suffix(".mo").write_bytes(compiled(read(file)))
    return sum(not message.string for message in fresh if message.id)


def problems(folder: Path, file: Path) -> list[str]:
    """What is missing, stale, or translated with other placeholders."""
    if not file.exists():
        return ["no catalogue"]
    have = {message.id: message.string for message in read(file) if message.id}
    texts = [message.id for message in wanted(folder) if message.id]
    found = [f"no English for: {text}" for text in texts if not have.get(text)]
    found += [f"no longer used: {text}" for text in have if text not in texts]
    for text, english in have.items():
        if english and (sorted(PLACES.findall(str(text))) != sorted(PLACES.findall(str(english)))):
            found.append(f"other placeholders in: {text}")
        if english and HAN.search(str(english)):
            found.append(f"Chinese in the English of: {text}")
    mo = file.with_suffix(".mo")
    if not mo.exists() or mo.read_bytes() != compiled(read(file)):
        found.append("the compiled catalogue is old")
    return found


def main() -> int:
    count = 0
    for folder, file in owners():
        if "--check" in sys.argv:
            listed = problems(folder, file)
            for line in listed:
                print(f"{folder.name}: {line}")
            count += len(listed)
        else:
            missing = update(folder, file)
            print(f"{folder.name}: {missing} texts lack English")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
