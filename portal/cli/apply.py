"""``portal apply``: organisations and plugins of the towns, declared in one file."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.cli.base import acting, as_json, show
from portal.database import db
from portal.directory.models import ORGANISATION_KINDS, Organisation
from portal.errors import DomainError
from portal.work import unit_of_work

FIELDS = {"code", "name", "short_name", "kind", "parent", "weight", "active"}


class Stop(Exception):
    """Undo what a dry run did."""


@click.command("apply")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="print what would change, change nothing")
@as_json
def apply(file: Path, dry_run: bool, as_json: bool) -> None:
    """Bring organisations and the plugins of towns to what FILE.toml says. Towns and plugins it does not name stay as they are.

    \b
    [[organisation]]
    code = "500115003"
    name = "江南街道"
    short_name = "江南"
    kind = "subdistrict"
    parent = "500115"

    [towns."江南街道"]
    plugins = ["certificates"]
    """
    try:
        wanted = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file.name}: {error}") from error
    unknown = set(wanted) - {"organisation", "towns"}
    if unknown:
        raise click.UsageError(f"{file.name}: unknown: {', '.join(sorted(unknown))}; expected [[organisation]] and [towns.NAME]")
    changes: list[str] = []
    with acting("apply") as app:
        try:
            with unit_of_work("system.applied") as session:
                for entry in wanted.get("organisation", []):
                    changes.extend(_organisation(session, entry))
                for name, entry in wanted.get("towns", {}).items():
                    changes.extend(_town(app, session, name, entry))
                if dry_run:
                    raise Stop
        except Stop:
            app.extensions["portal"].plugins.forget()
        except DomainError as error:
            click.echo(str(error), err=True)
            sys.exit(1)
    show({"changes": changes, "applied": not dry_run}, as_json)


def _organisation(session: Session, entry: Any) -> list[str]:
    if not isinstance(entry, dict) or not {"code", "name", "kind"} <= set(entry) or set(entry) - FIELDS:
        raise click.UsageError(f"an organisation needs code, name and kind, and may have: {', '.join(sorted(FIELDS))}")
    if entry["kind"] not in ORGANISATION_KINDS:
        raise click.UsageError(f"{entry['name']}: kind is one of {', '.join(ORGANISATION_KINDS)}")
    parent = session.scalars(select(Organisation).where(Organisation.code == entry["parent"])).one_or_none() if entry.get("parent") else None
    if entry.get("parent") and parent is None:
        raise click.UsageError(f"{entry['name']}: the parent {entry['parent']} is not known")
    values = {key: entry[key] for key in ("name", "kind", "weight", "active") if key in entry}
    values["short_name"] = entry.get("short_name", str(entry["name"])[:20])
    values["parent_id"] = parent.id if parent else None
    found = session.scalars(select(Organisation).where(Organisation.code == entry["code"])).one_or_none()
    if found is None:
        session.add(Organisation(code=entry["code"], **values))
        session.flush()
        return [f"+ {entry['name']}"]
    changed = [key for key, value in values.items() if getattr(found, key) != value]
    for key in changed:
        setattr(found, key, values[key])
    session.flush()
    return [f"~ {entry['name']}: {', '.join(changed)}"] if changed else []


def _town(app: Flask, session: Session, name: str, entry: Any) -> list[str]:
    manager = app.extensions["portal"].plugins
    organisation = db.session.scalars(select(Organisation).where((Organisation.name == name) | (Organisation.code == name))).one_or_none()
    if organisation is None:
        raise click.UsageError(f"no organisation has the code or name {name!r}")
    if not isinstance(entry, dict) or set(entry) != {"plugins"} or not isinstance(entry["plugins"], list):
        raise click.UsageError(f"towns.{name}: expected plugins = [...]")
    unknown = set(entry["plugins"]) - set(manager.names())
    if unknown:
        raise click.UsageError(f"towns.{name}: no plugin is named {', '.join(sorted(unknown))}")
    changes = []
    off = [plugin for plugin in reversed(manager.names()) if plugin not in entry["plugins"]]
    for plugin, on in [*((plugin, False) for plugin in off), *((plugin, True) for plugin in manager.names() if plugin in entry["plugins"])]:
        if manager.switch(session, plugin, organisation.id, on):
            changes.append(f"{'+' if on else '-'} {organisation.name}: {plugin}")
    return changes
