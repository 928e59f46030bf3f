"""Settings: the sample names every one; a wrong one stops the start with its name and what was expected."""

import re
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest

from portal.config import ConfigError, Settings, load_settings

SAMPLE = Path(__file__).resolve().parents[2] / "instance" / "portal.sample.toml"


def test_the_sample_names_every_setting_with_its_default(tmp_path):
    lines = SAMPLE.read_text(encoding="utf-8").splitlines()
    named = [match[1] for line in lines if (match := re.match(r"# (\w+) = ", line))]
    optional = {"instance", "totp_required"}
    assert sorted(set(named) - optional) == sorted(field.name for field in fields(Settings) if field.name not in optional)
    uncommented = "\n".join(line[2:] for line in lines if re.match(r"# \w+ = ", line))
    values = tomllib.loads(uncommented)
    defaults = Settings()
    for name, value in values.items():
        if name not in optional:
            present = getattr(defaults, name)
            assert (tuple(value) if isinstance(value, list) else value) == present, name
    (tmp_path / "portal.toml").write_text(uncommented, encoding="utf-8")
    assert load_settings(tmp_path, environ={}).port == 8000


@pytest.mark.parametrize(
    ("toml", "environ", "key", "expected"),
    [
        ("prot = 1", {}, "portal.toml: prot", "unknown setting"),
        ('port = "8000"', {}, "portal.toml: port", "a whole number"),
        ("port = 70000", {}, "portal.toml: port", "from 1 to 65535"),
        ('audit_hash = "md5"', {}, "portal.toml: audit_hash", "sha256, sm3"),
        ("", {"PORTAL_THREADS": "many"}, "PORTAL_THREADS", "a whole number"),
        ("", {"PORTAL_SECRET": "x"}, "PORTAL_SECRET", "unknown setting"),
        ("", {"PORT": "-1"}, "PORT", "from 1 to 65535"),
        ("demo = true", {"PORTAL_HOST": "0.0.0.0"}, "host", "loopback only"),
        ("port = = 1", {}, "portal.toml", "a TOML file"),
    ],
)
def test_what_is_wrong_is_named_with_what_was_expected(tmp_path, toml, environ, key, expected):
    (tmp_path / "portal.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        load_settings(tmp_path, environ=environ)
    assert refused.value.key == key and expected in refused.value.expected


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(tmp_path):
    (tmp_path / "portal.toml").write_text('port = 8100\nproduct_name = "试用"', encoding="utf-8")
    settings = load_settings(tmp_path, environ={"PORTAL_PORT": "8200"})
    assert (settings.port, settings.product_name, settings.threads) == (8200, "试用", 8)
    assert load_settings(tmp_path, environ={}).port == 8100
