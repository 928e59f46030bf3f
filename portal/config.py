"""Configuration of one deployment: defaults, then ``instance/portal.toml``, then environment variables ``PORTAL_*``.

Every setting is a field of :class:`Settings`; its type, bounds and meaning stand beside it. Unknown keys and bad
values are refused at start with the key's name and what was expected.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

ADMINISTRATORS = ("system_admin", "security_admin", "security_auditor")
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class ConfigError(Exception):
    """A setting is unknown or its value is not what was expected."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__(f"{key}: {expected}")
        self.key = key
        self.expected = expected


def setting(default: Any, help: str, **rule: Any) -> Any:
    """A field of Settings with its documentation and its bounds (``low``, ``high``, ``choices``, ``pattern``)."""
    return field(default=default, metadata={"help": help, **rule})


@dataclass(frozen=True)
class Settings:
    """The settings of a deployment. Times in the unit that the name says."""

    instance: Path = setting(Path("instance"), "folder of the deployment's own files")
    database_url: str = setting("", "SQLAlchemy address; empty: SQLite file portal.db in the instance folder")
    demo: bool = setting(False, "demonstration: loopback only, marked on every page")
    product_name: str = setting("街镇综合执法门户", "name of the product on every page")
    host: str = setting("127.0.0.1", "address to listen on")
    port: int = setting(8000, "port to listen on", low=1, high=65535)
    threads: int = setting(8, "threads of the web server", low=1, high=256)
    allowed_hosts: tuple[str, ...] = setting(LOOPBACK, "host names under which the portal may be called")
    public_url: str = setting("", "address used in links of notices, e.g. https://portal.example.gov")
    trusted_proxies: int = setting(0, "number of proxies whose X-Forwarded-* headers are believed", low=0, high=5)
    timezone: str = setting("Asia/Shanghai", "time zone of the office")
    session_idle_minutes: int = setting(30, "minutes without a request until a session ends", low=5, high=120)
    session_absolute_hours: int = setting(10, "hours after which a session ends", low=1, high=24)
    session_parallel: int = setting(3, "sessions that one account may hold at a time", low=1, high=20)
    password_policy: str = setting("gb", "gb (classes, history, 90 days) or nist (long, no rotation)", choices=("gb", "nist"))
    password_min_length: int = setting(10, "characters a password needs at least", low=8, high=64)
    password_max_days: int = setting(90, "days until a password must be changed under policy gb", low=1, high=730)
    argon2_time_cost: int = setting(2, "argon2id passes", low=2, high=10)
    argon2_memory_kib: int = setting(19456, "argon2id memory in KiB", low=19456, high=262144)
    argon2_parallelism: int = setting(1, "argon2id lanes", low=1, high=8)
    lock_failures: int = setting(5, "failed logins until an account rests", low=3, high=20)
    lock_minutes: int = setting(15, "minutes that an account rests", low=1, high=1440)
    totp_required: tuple[str, ...] | None = setting(None, "roles that need a second factor; default: the three administrators")
    audit_hash: str = setting("sha256", "hash of the audit chain", choices=("sha256", "sm3"))
    cipher: str = setting("aes-256-gcm", "cipher of protected fields", choices=("aes-256-gcm", "sm4-gcm"))
    plugin_folder: str = setting("", "further folder with plugins")
    upload_max_mb: int = setting(20, "size of an uploaded file in MB", low=1, high=200)
    import_max_mb: int = setting(10, "size of a workbook for import in MB", low=1, high=100)
    attachment_quota_mb: int = setting(2048, "attachments of one town in MB", low=10, high=1_000_000)
    disk_reserve_mb: int = setting(500, "free disk space in MB below which uploads are refused", low=10, high=100_000)
    backup_folder: str = setting("", "folder for nightly backups, best on another disk; empty: none")
    backup_keep: int = setting(14, "nightly backups that are kept", low=1, high=1000)
    reminder_from: str = setting("09:00", "reminders come from this time of working days on", pattern=r"([01]\d|2[0-3]):[0-5]\d")
    reminder_to: str = setting("17:00", "and until this time", pattern=r"([01]\d|2[0-3]):[0-5]\d")
    exports_per_minute: int = setting(30, "exports and openings of protected fields that one account may ask for in a minute", low=1, high=1_000_000)
    uploads_per_minute: int = setting(60, "uploads that one account may send in a minute", low=1, high=1_000_000)
    search_per_minute: int = setting(60, "searches that one account may make in a minute", low=5, high=1_000_000)
    log_level: str = setting("INFO", "level of the log", choices=("DEBUG", "INFO", "WARNING", "ERROR"))

    @property
    def url(self) -> str:
        """Address of the database for SQLAlchemy, with the driver named."""
        if not self.database_url:
            return f"sqlite:///{self.instance.resolve() / 'portal.db'}"
        return re.sub(r"^postgres(ql)?://", "postgresql+psycopg://", self.database_url)

    @property
    def is_sqlite(self) -> bool:
        return self.url.startswith("sqlite")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def secure(self) -> bool:
        """Whether users reach the portal by TLS."""
        return self.public_url.startswith("https://")

    @property
    def second_factor_roles(self) -> tuple[str, ...]:
        """Roles that must log in with a second factor. The demonstration asks nobody unless told to."""
        if self.totp_required is not None:
            return self.totp_required
        return () if self.demo else ADMINISTRATORS


def _convert(key: str, kind: str, value: Any) -> Any:
    """``value`` from TOML or the environment as the type that the field declares; TOML has types of its own."""
    if isinstance(value, str) and not kind.startswith("str") and key.startswith("portal.toml"):
        expected = {"bool": "true or false", "int": "a whole number"}.get(kind, "a list of texts")
        raise ConfigError(key, f"expected {expected}, got {value!r}")
    if kind == "bool":
        if isinstance(value, bool):
            return value
        if isinstance(value, str) and value.lower() in {"1", "true", "yes", "on", "0", "false", "no", "off", ""}:
            return value.lower() in {"1", "true", "yes", "on"}
        raise ConfigError(key, f"expected true or false, got {value!r}")
    if kind == "int":
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        if isinstance(value, str) and re.fullmatch(r"-?\d{1,12}", value.strip()):
            return int(value)
        raise ConfigError(key, f"expected a whole number, got {value!r}")
    if kind.startswith("tuple"):
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            return tuple(value)
        raise ConfigError(key, f"expected a list of texts, got {value!r}")
    if isinstance(value, str):
        return value
    raise ConfigError(key, f"expected a text, got {value!r}")


def _checked(key: str, value: Any, rule: Mapping[str, Any]) -> Any:
    if "low" in rule and not rule["low"] <= value <= rule["high"]:
        raise ConfigError(key, f"expected a number from {rule['low']} to {rule['high']}, got {value}")
    if "choices" in rule and value not in rule["choices"]:
        raise ConfigError(key, f"expected one of {', '.join(rule['choices'])}, got {value!r}")
    if "pattern" in rule and not re.fullmatch(rule["pattern"], value):
        raise ConfigError(key, f"expected the form {rule['pattern']}, got {value!r}")
    return value


def default_instance() -> Path:
    """The instance folder beside the package, when ``PORTAL_INSTANCE`` names no other."""
    return Path(__file__).resolve().parent.parent / "instance"


def load_settings(instance: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read, convert and check the settings of one deployment.

    Raises :class:`ConfigError` with the key's name and what was expected.
    """
    folder = Path(environ.get("PORTAL_INSTANCE") or instance or default_instance()).resolve()
    known = {f.name: f for f in fields(Settings) if f.name != "instance"}
    values: dict[str, Any] = {}

    def take(name: str, source: str, raw: Any) -> None:
        spec = known.get(name)
        if spec is None:
            raise ConfigError(source, "unknown setting; known are: " + ", ".join(sorted(known)))
        value = _convert(source, str(spec.type), raw)
        values[name] = _checked(source, value, spec.metadata)

    file = folder / "portal.toml"
    if file.is_file():
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError("portal.toml", f"expected a TOML file in UTF-8: {error}") from error
        for name, raw in content.items():
            take(name, f"portal.toml: {name}", raw)
    if environ.get("PORT"):
        take("port", "PORT", environ["PORT"])
    for variable, raw in sorted(environ.items()):
        if variable.startswith("PORTAL_") and variable != "PORTAL_INSTANCE":
            take(variable.removeprefix("PORTAL_").lower(), variable, raw)
    settings = Settings(instance=folder, **values)
    _check_together(settings)
    return settings


def _check_together(settings: Settings) -> None:
    try:
        ZoneInfo(settings.timezone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ConfigError("timezone", f"expected the name of a time zone, got {settings.timezone!r}") from error
    if settings.demo and settings.host not in LOOPBACK:
        raise ConfigError("host", "the demonstration listens on loopback only; expected 127.0.0.1")
    if not re.match(r"(sqlite|postgresql)(\+\w+)?:", settings.url):
        raise ConfigError("database_url", "expected sqlite:///... or postgresql://...")
    if settings.public_url and not re.fullmatch(r"https?://[^/\s]+", settings.public_url):
        raise ConfigError("public_url", "expected http(s)://name without a path")
    if settings.plugin_folder and not Path(settings.plugin_folder).is_dir():
        raise ConfigError("plugin_folder", f"expected a folder, got {settings.plugin_folder!r}")
    if settings.reminder_from >= settings.reminder_to:
        raise ConfigError("reminder_to", "expected a time after reminder_from")


def current_settings() -> Settings:
    """The settings of the running application."""
    from flask import current_app

    settings: Settings = current_app.extensions["portal"].settings
    return settings
