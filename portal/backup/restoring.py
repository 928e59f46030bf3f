"""The way back: a backup into an empty place, checked there; and the drill that proves it."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sqlite3
import tarfile
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from flask import Flask

from portal import audit, migrate
from portal.backup import BackupError, keys, making, postgres
from portal.backup.archive import Opener
from portal.config import Settings, load_settings
from portal.context import system_actor, use_actor
from portal.crypto import KeyMissing, Unreadable
from portal.database import db
from portal.directory.models import Person
from portal.tenancy import EVERYTHING, use_scope

KNOWN = re.compile(r"portal\.db|portal\.toml|audit-heads\.jsonl|manifest\.json|tables/[a-z][a-z0-9_]*\.copy|attachments/[0-9a-f]{2}/[0-9a-f]{2}/[0-9a-f]{64}")
SAMPLE = 200
"""Protected values that a check opens, to see that the keys are the right ones."""
FINDINGS = 1_000_000
"""Findings that SQLite is asked for: mistaken ones must not hide a true one."""
NULL_FOUND = re.compile(r"NULL value in (\w+)\.(\w+)")


def unpack(file: Path, key: bytes, into: Path) -> dict[str, Any]:
    """Open a backup into a folder and compare every file with its hash; returns the manifest. Raises BackupError."""
    seen: dict[str, tuple[int, str]] = {}
    try:
        with file.open("rb") as stream, tarfile.open(fileobj=Opener(stream, key), mode="r|") as tar:
            for member in tar:
                if not member.isfile() or not KNOWN.fullmatch(member.name):
                    raise BackupError("the backup holds what no backup holds")
                target = into / member.name
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                content = tar.extractfile(member)
                assert content is not None
                hashing = making.Hashing(content)
                with target.open("wb") as out:
                    target.chmod(0o600)
                    while block := hashing.read(1 << 20):
                        out.write(block)
                seen[member.name] = (hashing.size, hashing.digest())
    except (OSError, tarfile.TarError) as error:
        raise BackupError(f"the backup cannot be read: {getattr(error, 'strerror', None) or error}") from error
    return _checked_manifest(into / making.MANIFEST, seen)


def _checked_manifest(path: Path, seen: Mapping[str, tuple[int, str]]) -> dict[str, Any]:
    if making.MANIFEST not in seen:
        raise BackupError("the backup has no manifest")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    path.unlink()
    listed = {entry["name"]: (entry["size"], entry["sha256"]) for entry in manifest["files"]}
    if listed != {name: what for name, what in seen.items() if name != making.MANIFEST}:
        raise BackupError("the files of the backup are not those of its manifest")
    return manifest


Build = Callable[[Settings], Flask]
"""How an application is built for the place that was restored."""


def restore(build: Build, file: Path, into: Path, held: Mapping[str, str], database_url: str = "") -> dict[str, Any]:
    """Restore ``file`` with the keys ``held`` into the empty folder ``into``; returns what was found there.

    A backup of a PostgreSQL goes into the empty database ``database_url``. Raises BackupError; then nothing is left behind.
    """
    if into.exists() and any(into.iterdir()):
        raise BackupError(f"{into.name} is not empty; a backup is restored into an empty place only")
    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    into.chmod(0o700)
    try:
        keys.put(held, into)
        manifest = unpack(file, keys.read_key(into / keys.KEY_FILE), into)
        _settle(into, manifest, database_url)
        app = build(load_settings(into, environ={}))
        if manifest["database"] == "postgresql":
            _load_tables(app, into, manifest)
        return {**examine(app, manifest), "made_at": manifest["made_at"]}
    except KeyMissing as error:
        _empty(into)
        raise BackupError(str(error)) from error
    except BaseException:
        _empty(into)
        raise


def _empty(folder: Path) -> None:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()


def _settle(into: Path, manifest: dict[str, Any], database_url: str) -> None:
    """The restored settings name the restored database, never the one that the backup was taken from."""
    wants = manifest["database"] == "postgresql"
    if wants and not database_url:
        raise BackupError("this backup is of a PostgreSQL: name an empty database with --database-url")
    if wants and not postgres.is_empty(Settings(into, database_url=database_url).url):
        raise BackupError("the database is not empty; a backup is restored into an empty one only")
    file = into / "portal.toml"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if not re.match(r"\s*database_url\s*=", line)]
    if wants:
        kept.append(f"database_url = {json.dumps(database_url)}")
    if kept or file.exists():
        file.write_text("\n".join(kept) + "\n", encoding="utf-8")
        file.chmod(0o600)


def _load_tables(app: Flask, into: Path, manifest: dict[str, Any]) -> None:
    """Make the tables as the migrations had them when the backup was taken, and fill them."""
    house = app.extensions["portal"]
    folder = into / making.TABLES
    with migrate.transaction(house.settings) as connection:
        for chain in migrate.chains(house.plugins):
            if chain.name in manifest["revisions"]:
                command.upgrade(migrate.alembic_config(chain, connection), manifest["revisions"][chain.name])
    postgres.load(house.settings.url, folder, manifest["tables"])
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def examine(app: Flask, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Whether what was restored is whole: database, revisions, trail, protected values, files. Raises BackupError."""
    house = app.extensions["portal"]
    if house.settings.is_sqlite:
        _check_sqlite(house.settings.instance / making.DATABASE)
    found = {name: at for name, (at, _newest) in migrate.current(house.settings, house.plugins).items() if at}
    if any(found.get(name) != at for name, at in manifest["revisions"].items() if name in found):
        raise BackupError("the revisions of the database are not those of the manifest")
    report = audit.verify_instance(app)
    if not report.ok:
        raise BackupError(f"the trail of the backup is broken: {json.dumps(report.broken, ensure_ascii=False)}")
    with app.app_context(), use_actor(system_actor("backup")), use_scope(EVERYTHING):
        opened = _open_protected()
        files = _check_attachments(house.settings.instance)
        db.session.remove()
        db.engine.dispose()
    return {"events": report.events, "attachments": files, "protected_opened": opened, "revisions": found}


def _check_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        try:
            found = {row[0] for row in connection.execute(f"PRAGMA quick_check({FINDINGS})")} - {"ok"}
            whole = all(_is_mistaken(connection, text) for text in found) and connection.execute("PRAGMA foreign_key_check").fetchone() is None
        except sqlite3.DatabaseError:
            whole = False
    if not whole:
        raise BackupError("the database of the backup is damaged")


def _is_mistaken(connection: sqlite3.Connection, finding: str) -> bool:
    """Whether a finding is none: SQLite 3.40 tells of a NULL in every row of a table WITHOUT ROWID whose key is not its first columns."""
    named = NULL_FOUND.fullmatch(finding)
    if named is None:
        return False
    table, column = named.groups()
    # by the type of the value: a comparison with NULL is not even made where the column is declared NOT NULL
    query = f'SELECT 1 FROM "{table}" WHERE typeof("{column}") = \'null\' LIMIT 1'  # noqa: S608 - names of the file's own schema
    return connection.execute(query).fetchone() is None


def _open_protected() -> int:
    people = db.session.scalars(sa.select(Person).where(Person.id_number_enc.is_not(None)).order_by(Person.id.desc()).limit(SAMPLE)).unique().all()
    try:
        return sum(bool(person.id_number()) for person in people)
    except (KeyMissing, Unreadable) as error:
        raise BackupError(f"the keys do not open the protected fields of this backup: {error}") from None


def _check_attachments(instance: Path) -> int:
    """Every attachment that the database names is there with the content that its name says."""
    from portal.records.attachments import Attachment, path_of

    count = 0
    for digest in db.session.scalars(sa.select(Attachment.digest).distinct()):
        path = path_of(digest)
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            raise BackupError(f"the attachment {digest[:12]} is missing or damaged")
        count += 1
    return count


def drill(build: Build, file: Path, settings: Settings, database_url: str = "") -> dict[str, Any]:
    """Restore a backup with this instance's keys into a place that is gone afterwards; returns what was found. Raises BackupError."""
    held = keys.held_by(settings.instance)
    with making.scratch(settings) as folder:
        return restore(build, file, folder / "restored", held, database_url)


def note_restored(build: Build, instance: Path, found: Mapping[str, Any]) -> None:
    """The restored instance tells in its own trail that it was restored, and from when."""
    app = build(load_settings(instance, environ={}))
    with app.app_context(), use_actor(system_actor("cli:restore")), use_scope(EVERYTHING):
        audit.note("system.restored", record_type="core.backup", detail={"made_at": found["made_at"], "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")})
        db.session.remove()
        db.engine.dispose()


__all__ = ["drill", "examine", "note_restored", "restore", "unpack"]
