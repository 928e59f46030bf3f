"""Is this instance in order? What ``portal doctor`` and the administrator's page ask."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from portal import migrate, rotation, search
from portal.audit import standing
from portal.audit.models import Event
from portal.backup import making
from portal.calendar.service import current_calendar
from portal.crypto import keyring
from portal.database import db, utcnow
from portal.jobs import leases
from portal.jobs.scheduler import LEASE


class Finding(NamedTuple):
    """One check: what was found, and what to do when it is not in order."""

    check: str
    ok: bool
    found: str
    mend: str = ""


def examine(app: Flask) -> list[Finding]:
    """Every check, in the order in which one would mend."""
    findings = [Finding("configuration", True, "read"), *_plugins(app), *_files(app), *_disk(app), *_trail(app), *_backups(app)]
    with app.app_context():
        database = _database(app)
        findings.extend(database)
        if all(finding.ok for finding in database):
            findings.extend([*_keys(), *_clock(), *_calendar(), *_search(), *_scheduler()])
    return findings


def _plugins(app: Flask) -> list[Finding]:
    failed = app.extensions["portal"].plugins.failed
    names = ", ".join(app.extensions["portal"].plugins.names())
    found = "; ".join(f"{name}: {why}" for name, why in failed.items())
    return [Finding("plugins", not failed, found or names or "none", "mend or remove the plugin named")]


def _files(app: Flask) -> list[Finding]:
    """Keys and database belong to the portal's own account alone."""
    instance = app.extensions["portal"].settings.instance
    loose = [
        path.name
        for path in (instance, *(instance / name for name in ("secret.key", "keys.json", "portal.db", "portal.toml", "audit-heads.jsonl")))
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]
    return [Finding("file permissions", not loose, ", ".join(loose) or "private", "chmod 700 the instance folder, chmod 600 the files named")]


def _disk(app: Flask) -> list[Finding]:
    settings = app.extensions["portal"].settings
    free = shutil.disk_usage(settings.instance).free // (1024 * 1024)
    return [Finding("disk", free > settings.disk_reserve_mb, f"{free} MB free", "free disk space")]


def _trail(app: Flask) -> list[Finding]:
    """The trail verified when it was last looked at. The job does so every night."""
    last = standing.last(app.extensions["portal"].settings.instance)
    if last is None:
        return [Finding("audit trail", True, "not verified yet")]
    found = f"{'whole' if last['ok'] else 'BROKEN'} at {last['at'] or 'an unknown time'}"
    return [Finding("audit trail", last["ok"], found, "find the cause, keep the evidence; portal audit verify shows the first broken event")]


def _backups(app: Flask) -> list[Finding]:
    """Nightly backups, where a folder for them is set, are there and young."""
    settings = app.extensions["portal"].settings
    if not settings.backup_folder:
        return [Finding("backups", True, "no folder is set for nightly ones")]
    files = sorted(Path(settings.backup_folder).glob(f"portal-*{making.SUFFIX}"))
    if not files:
        return [Finding("backups", False, "none in the folder", "portal jobs run core.backup, and see what it says")]
    hours = (utcnow().timestamp() - files[-1].stat().st_mtime) / 3600
    return [Finding("backups", hours < 48, f"{len(files)}, the newest {hours:.0f} hours old", "portal jobs run core.backup, and see what it says")]


def signs_of_life(app: Flask) -> dict[str, Any]:
    """What the health page tells anybody: database, disk, plugins, scheduler and trail, without a secret. In an application context."""
    house = app.extensions["portal"]
    settings = house.settings
    try:
        db.session.execute(text("SELECT 1"))
        database, scheduler, silent = True, leases.is_alive(LEASE), leases.silence(LEASE)
    except SQLAlchemyError:
        database, scheduler, silent = False, False, None
    disk = shutil.disk_usage(settings.instance).free > settings.disk_reserve_mb * 1024 * 1024
    last = standing.last(settings.instance)
    trail = None if last is None else last["ok"]
    return {
        "ok": database and disk and trail is not False and not house.plugins.failed, "database": database, "disk": disk, "scheduler": scheduler,
        "scheduler_silent_seconds": silent, "trail": trail, "trail_verified_at": last["at"] if last else None, "failed_plugins": len(house.plugins.failed),
    }  # fmt: skip


def _database(app: Flask) -> list[Finding]:
    house = app.extensions["portal"]
    try:
        db.session.execute(text("SELECT 1"))
        state = migrate.current(house.settings, house.plugins)
    except SQLAlchemyError as error:
        return [Finding("database", False, type(error).__name__, "see that the database runs and that database_url is right")]
    behind = [name for name, (at, newest) in state.items() if at != newest]
    findings = [Finding("database", True, db.engine.dialect.name)]
    findings.append(Finding("migrations", not behind, ", ".join(behind) or "up to date", "portal db upgrade"))
    if house.settings.is_sqlite and not behind:
        wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1, "trusted_schema": 0}
        wrong = [name for name, value in wanted.items() if db.session.scalar(text(f"PRAGMA {name}")) != value]  # names above
        findings.append(Finding("durability", not wrong, ", ".join(wrong) or "safe", "do not open the database with other settings"))
    return findings


def _keys() -> list[Finding]:
    """Whether every protected value can be read with the keys that are there."""
    lost = rotation.losses()
    old = [number for number in rotation.keys_in_use() if number != keyring().current]
    found = "; ".join(map(str, lost)) or (f"key {keyring().current}; still to be encrypted anew: values of key {', '.join(map(str, old))}" if old else "in order")
    return [Finding("keys", not lost, found, "restore keys.json from its own backup; if there is none: portal keys rotate --despite-loss")]


def _clock() -> list[Finding]:
    """A clock that runs behind the newest event has been set back."""
    newest = db.session.scalar(select(func.max(Event.at))) or 0
    behind = newest / 1_000_000 - utcnow().timestamp()
    return [Finding("clock", behind < 60, "in order" if behind < 60 else f"{behind:.0f} s behind the newest event", "set the clock of the machine")]


def _calendar() -> list[Finding]:
    """From December on the calendar of the next year must be there; the dashboard asks for it from November."""
    day = utcnow().date()
    years = current_calendar().years
    wanted = {day.year} | ({day.year + 1} if day.month >= 12 else set())
    missing = sorted(wanted - years)
    found = f"covers {max(years)}" if not missing else "not loaded: " + ", ".join(map(str, missing))
    return [Finding("calendar", not missing, found, "load the State Council's calendar on the page 工作日历")]


def _search() -> list[Finding]:
    """The index holds every record as it is."""
    behind = search.lagging()
    found = "; ".join(f"{kind.name}: {kind.why}" for kind in behind)
    return [Finding("search index", not behind, found or "up to date", "portal search rebuild")]


def _scheduler() -> list[Finding]:
    if db.session.get(leases.Lease, LEASE) is None:
        return [Finding("scheduler", True, "never started here yet")]
    alive = leases.is_alive(LEASE)
    return [Finding("scheduler", alive, "running" if alive else "not running", "start: portal scheduler (or serve --with-scheduler)")]
