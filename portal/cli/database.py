"""``portal db``: migrations."""

from __future__ import annotations

import sys

import click

from portal import migrate, search
from portal.cli.base import acting, application, as_json, show


@click.group("db")
def database() -> None:
    """Migrations of the core and of each plugin."""


@database.command()
@as_json
def upgrade(as_json: bool) -> None:
    """Bring the core and every installed plugin to their newest revision, and index what is not yet in the search."""
    with acting("db upgrade") as app:
        house = app.extensions["portal"]
        upgraded = migrate.upgrade(house.settings, house.plugins)
        indexed = search.catch_up()
    show({"upgraded": upgraded, **({"indexed": indexed} if indexed else {})}, as_json)


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
    if revision == "base" and name != "core":
        with acting("db downgrade"):
            search.forget(name)
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
