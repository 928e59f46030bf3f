"""The command ``portal``. Works on the instance that ``PORTAL_INSTANCE`` names; ``--json`` prints one object and nothing else.

Exit status: 0 all went as asked, 1 something was refused or found broken, 2 usage or configuration error.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal import audit, create_app, migrate
from portal.audit.export import export_events
from portal.config import ConfigError
from portal.context import system_actor, use_actor
from portal.crypto import KeyMissing
from portal.database import db
from portal.directory.models import Organisation
from portal.errors import DomainError
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

as_json = click.option("--json", "as_json", is_flag=True, help="print one JSON object")


def application() -> Flask:
    """The application of the instance; a bad setting ends the command with one line."""
    try:
        return create_app()
    except (ConfigError, KeyMissing) as error:
        raise click.UsageError(str(error)) from error


def show(data: dict[str, Any], as_json: bool) -> None:
    """Print a report as one JSON object or as lines for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    for key, value in data.items():
        click.echo(f"{key}: {json.dumps(value, ensure_ascii=False)}")


def find_organisation(text: str) -> Organisation:
    """An organisation by code or name; a usage error when there is none."""
    found = db.session.scalars(select(Organisation).where((Organisation.code == text) | (Organisation.name == text))).one_or_none()
    if found is None:
        raise click.UsageError(f"no organisation has the code or name {text!r}")
    return found


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def portal() -> None:
    """Portal for administrative law enforcement in towns."""


@portal.group("db")
def database() -> None:
    """Migrations of the core and of each plugin."""


@database.command()
@as_json
def upgrade(as_json: bool) -> None:
    """Bring the core and every installed plugin to their newest revision."""
    house = application().extensions["portal"]
    show({"upgraded": migrate.upgrade(house.settings, house.plugins)}, as_json)


@database.command()
@click.argument("name")
@click.argument("revision")
@as_json
def downgrade(name: str, revision: str, as_json: bool) -> None:
    """Take NAME (core or a plugin) down to REVISION; ``base`` removes its tables."""
    house = application().extensions["portal"]
    migrate.downgrade(house.settings, house.plugins, name, revision)
    show({"downgraded": name, "revision": revision}, as_json)


@database.command()
@as_json
def current(as_json: bool) -> None:
    """Revisions in the database and the newest ones."""
    house = application().extensions["portal"]
    found = migrate.current(house.settings, house.plugins)
    show({name: {"at": at, "newest": newest} for name, (at, newest) in found.items()}, as_json)
    if any(at != newest for at, newest in found.values()):
        sys.exit(1)


@portal.group("audit")
def trail() -> None:
    """The audit trail."""


@trail.command()
@as_json
def verify(as_json: bool) -> None:
    """Verify every chain; names the first broken event."""
    report = audit.verify_instance(application())
    show(report.to_dict(), as_json)
    if not report.ok:
        sys.exit(1)


@trail.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@click.option("--town", help="code or name of one organisation")
@as_json
def export(file: Path, town: str | None, as_json: bool) -> None:
    """Write the trail to FILE, for docs/verify_audit.py. The export is an event itself."""
    with application().app_context(), use_actor(system_actor("cli:audit export")), use_scope(EVERYTHING):
        chain = find_organisation(town).id if town else None
        with file.open("w", encoding="utf-8") as stream:
            count = export_events(db.session(), stream, chain)
        audit.note("audit.exported", record_type="audit.chain", record_id=chain, chain_id=chain, detail={"events": count})
    show({"events": count, "file": file.name}, as_json)


@portal.group("plugins")
def plugins() -> None:
    """Plugins, and the towns where they are on."""


@plugins.command("list")
@as_json
def list_plugins(as_json: bool) -> None:
    """Installed plugins with version and towns; those that failed to load are named too."""
    app = application()
    manager = app.extensions["portal"].plugins
    with app.app_context():
        names = {row.id: row.name for row in db.session.execute(select(Organisation.id, Organisation.name).order_by(Organisation.weight))}
        listed = [
            {"name": m.name, "version": m.version, "towns": [name for key, name in names.items() if key in manager.enabled_orgs(m.name)]}
            for m in manager.manifests()
        ]
    for name, reason in manager.failed.items():
        click.echo(f"{name}: {reason}", err=True)
    show({"plugins": listed}, as_json)


def _switch(name: str, town: str, on: bool, as_json: bool) -> None:
    app = application()
    with app.app_context(), use_actor(system_actor("cli:plugins")), use_scope(EVERYTHING):
        organisation = find_organisation(town)
        org_id, title = organisation.id, organisation.name
        with unit_of_work("plugins.switched") as session:
            changed = app.extensions["portal"].plugins.switch(session, name, org_id, on)
    show({"plugin": name, "town": title, "enabled": on, "changed": changed}, as_json)


@plugins.command()
@click.argument("name")
@click.option("--town", required=True, help="code or name")
@as_json
def enable(name: str, town: str, as_json: bool) -> None:
    """Switch a plugin on for a town."""
    _switch(name, town, True, as_json)


@plugins.command()
@click.argument("name")
@click.option("--town", required=True, help="code or name")
@as_json
def disable(name: str, town: str, as_json: bool) -> None:
    """Switch a plugin off for a town; its data stays."""
    _switch(name, town, False, as_json)


def main() -> None:
    """Run the command; what a person can mend is one line on standard error."""
    try:
        portal(prog_name="portal")
    except (DomainError, migrate.MigrationError) as error:
        click.echo(str(error), err=True)
        sys.exit(1)
    except SQLAlchemyError as error:
        click.echo(f"the database refused: {str(error).splitlines()[0]}", err=True)
        sys.exit(1)
