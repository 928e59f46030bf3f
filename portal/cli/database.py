"""``portal db``: migrations."""

from __future__ import annotations

import sys

import click

from portal import migrate
from portal.cli.base import application, as_json, show


@click.group("db")
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
    if sys.stdin.isatty():
        click.confirm(f"Take {name} down to {revision}? Its newer tables and columns go with their data; a copy of an SQLite file is made first.", abort=True, err=True)
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
