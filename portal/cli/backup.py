"""``portal backup``, ``portal backup-keys``, ``portal restore`` and ``portal drill``."""

from __future__ import annotations

from pathlib import Path

import click

from portal import create_app
from portal.backup import BackupError, keys, making, nightly, restoring
from portal.cli.base import acting, as_json, show
from portal.config import ConfigError, load_settings

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
database_option = click.option("--database-url", default="", help="an empty database, for a backup of a PostgreSQL")
passphrase_option = click.option("--passphrase-file", type=FILE, help="file whose first line is the passphrase; default: ask for it")


@click.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--no-drill", is_flag=True, help="do not prove it by a restore")
@database_option
@as_json
def backup(folder: Path, no_drill: bool, database_url: str, as_json: bool) -> None:
    """Write an encrypted backup of database, attachments and heads of the trail to FOLDER, and prove it by a restore.

    The portal may be in use. The keys are not in it: see portal backup-keys.
    """
    with acting("backup") as app:
        house = app.extensions["portal"]
        file = making.make(house.settings, house.plugins, folder)
        drilled = not no_drill and (house.settings.is_sqlite or bool(database_url))
        found = restoring.drill(create_app, file, house.settings, database_url) if drilled else {}
        nightly.note_made(file, bool(found))
    show({"file": file.name, "bytes": file.stat().st_size, "restored": bool(found), **found}, as_json)


@click.command("backup-keys")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@passphrase_option
@as_json
def backup_keys(file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Pack the keys of this instance into FILE under a passphrase. Keep it apart from the backups; without it they do not open."""
    with acting("backup keys") as app:
        packed = keys.pack(app.extensions["portal"].settings.instance, file, _passphrase(passphrase_file, confirm=True))
    show({"file": file.name, "keys": packed}, as_json)


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--into", required=True, type=click.Path(file_okay=False, path_type=Path), help="an empty folder, the new instance")
@click.option("--keys", "packed", type=FILE, help="the packed keys; default: those of the instance that PORTAL_INSTANCE names")
@passphrase_option
@database_option
@as_json
def restore(file: Path, into: Path, packed: Path | None, passphrase_file: Path | None, database_url: str, as_json: bool) -> None:
    """Restore a backup into an empty place and check what is there: trail, protected fields, attachments."""
    held = keys.opened(packed, _passphrase(passphrase_file)) if packed else keys.held_by(_instance())
    found = restoring.restore(create_app, file, into, held, database_url)
    restoring.note_restored(create_app, into.resolve(), found)
    show({"restored": into.name, **found}, as_json)


@click.command("drill")
@click.argument("file", type=FILE)
@database_option
@as_json
def drill(file: Path, database_url: str, as_json: bool) -> None:
    """Restore a backup into a place that is gone afterwards, and say what was found: the restore drill."""
    with acting("drill") as app:
        found = restoring.drill(create_app, file, app.extensions["portal"].settings, database_url)
    show({"file": file.name, "ok": True, **found}, as_json)


def _passphrase(file: Path | None, *, confirm: bool = False) -> str:
    if file is not None:
        lines = file.read_text(encoding="utf-8").splitlines()
        return lines[0].strip() if lines else ""
    answer: str = click.prompt("passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return answer


def _instance() -> Path:
    try:
        folder = load_settings().instance
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    if not (folder / keys.KEY_FILE).is_file():
        raise BackupError("this instance holds no key that seals backups; name the packed keys with --keys")
    return folder
