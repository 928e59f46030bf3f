"""Making a backup while the portal is in use."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

from portal import migrate
from portal.audit import checkpoints
from portal.backup import BackupError, postgres
from portal.backup.archive import Sealer
from portal.backup.keys import backup_key
from portal.config import Settings

SUFFIX = ".backup"
MANIFEST = "manifest.json"
DATABASE = "portal.db"
TABLES = "tables"
ATTACHMENTS = "attachments"


class Hashing:
    """A file that counts and hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._hash, self.size = file, hashlib.sha256(), 0

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self._hash.update(block)
        self.size += len(block)
        return block

    def digest(self) -> str:
        return self._hash.hexdigest()


def make(settings: Settings, plugins: Any, folder: Path) -> Path:
    """Write ``portal-TIME.backup`` into ``folder``, whole or not at all; returns its path. Raises BackupError."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_space(settings, folder)
        name = f"portal-{dt.datetime.now(dt.UTC):%Y%m%d-%H%M%S}{SUFFIX}"
        target, part = folder / name, folder / f".{name}.part"
        try:
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
                sealer = Sealer(stream, backup_key(settings.instance))
                with tarfile.open(fileobj=sealer, mode="w|") as tar:
                    _fill(tar, settings, plugins)
                sealer.finish()
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"the backup could not be written: {getattr(error, 'strerror', None) or error}") from error
    return target


def _require_space(settings: Settings, folder: Path) -> None:
    """The copy of the database lies beside the instance for a moment, the backup in its folder."""
    files = [settings.instance / DATABASE, *(settings.instance / ATTACHMENTS).rglob("*")]
    size = sum(file.stat().st_size for file in files if file.is_file())
    reserve = settings.disk_reserve_mb * 1024 * 1024
    for place in {folder, settings.instance}:
        if shutil.disk_usage(place).free < size + reserve:
            raise BackupError(f"not enough space in {place.name or place}: {(size + reserve) // (1024 * 1024)} MB are needed")


def _fill(tar: tarfile.TarFile, settings: Settings, plugins: Any) -> None:
    """The heads first: what is noted there is in the database that is copied after them. The files last: each is there before its row."""
    listed: list[dict[str, Any]] = []

    def add(path: Path, name: str) -> None:
        with path.open("rb") as file:
            info = tarfile.TarInfo(name)
            info.size, info.mode = os.fstat(file.fileno()).st_size, 0o600
            hashing = Hashing(file)
            tar.addfile(info, hashing)  # type: ignore[arg-type]
        listed.append({"name": name, "size": hashing.size, "sha256": hashing.digest()})

    with scratch(settings) as folder:
        for path in (checkpoints.heads_file(settings.instance), settings.instance / "portal.toml"):
            if path.exists():
                shutil.copyfile(path, folder / path.name)
                add(folder / path.name, path.name)
        tables = _copy_database(settings, folder)
        for table in tables:
            add(folder / f"{table}.copy", f"{TABLES}/{table}.copy")
        if not tables:
            add(folder / DATABASE, DATABASE)
        for path in sorted((settings.instance / ATTACHMENTS).rglob("*")):
            if path.is_file() and len(path.name) == 64:
                add(path, path.relative_to(settings.instance).as_posix())
        manifest = {
            "format": "portal-backup-1", "made_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"), "core": plugins.core_version,
            "database": "sqlite" if settings.is_sqlite else "postgresql", "tables": tables,
            "revisions": {name: at for name, (at, _newest) in migrate.current(settings, plugins).items() if at}, "files": listed,
        }  # fmt: skip
        (folder / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")
        add(folder / MANIFEST, MANIFEST)


def _copy_database(settings: Settings, folder: Path) -> dict[str, list[str]]:
    """A copy as of one moment; of a PostgreSQL the tables with their columns."""
    if not settings.is_sqlite:
        return postgres.dump(settings.url, folder)
    with closing(sqlite3.connect(settings.url.removeprefix("sqlite:///"), timeout=30)) as connection:
        connection.execute("VACUUM INTO ?", (str(folder / DATABASE),))
    return {}


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """A private folder inside the instance, gone afterwards: what is not encrypted never lies elsewhere."""
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=settings.instance) as name:
        yield Path(name)
