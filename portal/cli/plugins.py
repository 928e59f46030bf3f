"""``portal plugins``: what is installed, and where it is on."""

from __future__ import annotations

import click
from sqlalchemy import select

from portal.cli import scaffold
from portal.cli.base import acting, application, as_json, find_town, show
from portal.database import db
from portal.directory.models import Organisation
from portal.work import unit_of_work


@click.group("plugins")
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
            {"name": m.name, "version": m.version, "towns": [name for key, name in names.items() if key in manager.enabled_orgs(m.name)]} for m in manager.manifests()
        ]
    for name, reason in manager.failed.items():
        click.echo(f"{name}: {reason}", err=True)
    show({"plugins": listed}, as_json)


def _switch(name: str, town: str, on: bool, as_json: bool) -> None:
    with acting("plugins") as app:
        known = [manifest.name for manifest in app.extensions["portal"].plugins.manifests()]
        if name not in known:
            raise click.UsageError(f"no plugin is named {name!r}; installed are: {', '.join(known)}")
        organisation = find_town(town)
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


plugins.add_command(scaffold.new)
