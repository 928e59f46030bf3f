"""The bill of materials names every locked package and every file that is shipped, with its hash."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_names_packages_scripts_and_fonts_with_licence_and_hash():
    first, again = (subprocess.run([sys.executable, "tools/sbom.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout for _n in range(2))
    assert first == again
    bill = json.loads(first)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {component["name"]: component for component in bill["components"]}
    locked = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line and not line.startswith(" ")}
    assert locked <= set(named)
    flask = named["flask"]
    assert flask["purl"].startswith("pkg:pypi/flask@3.") and "BSD" in flask["licenses"][0]["license"]["name"] and len(flask["properties"]) >= 1
    htmx = named["htmx.org"]
    assert htmx["hashes"][0]["content"] == hashlib.sha256((ROOT / "portal/web/static/vendor/htmx.min.js").read_bytes()).hexdigest()
    assert sum(component["type"] == "file" for component in bill["components"]) >= 9
    assert all(component["version"] and component.get("licenses") for component in bill["components"] if component["type"] == "file")


def test_the_audit_says_when_nobody_could_be_asked():
    done = subprocess.run([sys.executable, "-I", "tools/audit.py"], cwd=ROOT, capture_output=True, text=True, env={"https_proxy": "http://127.0.0.1:9"})
    assert done.returncode == 2 and "NOT AUDITED" in done.stderr
