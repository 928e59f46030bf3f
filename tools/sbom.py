"""``make sbom``: what the product is made of, as CycloneDX 1.6 JSON on standard output.

Python packages come from the lock (names, versions, hashes) with the licences that the installed ones declare; scripts,
styles and fonts from the tables beside them, with the hash of the file as it lies there.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import tomllib
import uuid
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"
SHIPPED = ((ROOT / "portal/web/static/vendor", {"file": "file", "name": "package"}), (ROOT / "portal/documents/fonts", {"file": "file", "name": "from"}))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def licence_of(name: str) -> str:
    """The licence that an installed package declares, in a few words."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return ""
    classifiers = [line.rpartition("::")[2].strip() for line in about.get_all("Classifier") or () if line.startswith("License ::")]
    text = about.get("License-Expression") or "; ".join(classifiers) or about.get("License") or ""
    return text.splitlines()[0][:100] if text else ""


def component(kind: str, name: str, version: str, licence: str, hashes: list[str], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"type": kind, "name": name, "version": version, **more}
    if licence:
        found["licenses"] = [{"license": {"name": licence}}]
    if hashes:
        found["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in hashes]
    return found


def packages(lock: str) -> list[dict[str, Any]]:
    """The components of a lock file. A package has several files; any of their hashes may be the installed one."""
    found = []
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        pinned = PINNED.match(entry)
        if pinned is None:
            continue
        name, version = pinned[1], pinned[2]
        properties = [{"name": "lock:sha256", "value": digest} for digest in HASH.findall(entry)]
        found.append(component("library", name, version, licence_of(name), [], purl=f"pkg:pypi/{name.lower()}@{version}", properties=properties))
    return found


def table(text: str) -> list[dict[str, str]]:
    """The rows of the first table of a Markdown text, by heading."""
    lines = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return [dict(zip(lines[0], row, strict=True)) for row in lines[2:]] if lines else []


def shipped() -> list[dict[str, Any]]:
    """Scripts, styles and fonts that lie in the repository; raises SystemExit where a file is not the one that its table names."""
    found = []
    for folder, columns in SHIPPED:
        for row in table((folder / "README.md").read_text(encoding="utf-8")):
            path = (folder / row[columns["file"]]).resolve()
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            stated = next((value.strip("`") for heading, value in row.items() if heading.startswith("sha256")), "")
            if not digest.startswith(stated):
                raise SystemExit(f"{path.name}: sha256 is {digest}, its table says {stated}")
            properties = [{"name": "file", "value": path.relative_to(ROOT).as_posix()}]
            found.append(component("file", row[columns["name"]], row["version"], row["licence"].replace("`", ""), [digest], properties=properties))
    return found


def bill() -> dict[str, Any]:
    """The whole document; the same sources give the same serial number."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    components = [*packages(LOCK.read_text(encoding="utf-8")), *shipped()]
    content = json.dumps(components, sort_keys=True, ensure_ascii=False)
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}",
        "metadata": {"component": {"type": "application", "name": project["name"], "version": project["version"]}}, "components": components,
    }  # fmt: skip


if __name__ == "__main__":
    json.dump(bill(), sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")
