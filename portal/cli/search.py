"""``portal search``: the index of the search."""

from __future__ import annotations

import click

from portal import search as index
from portal.cli.base import acting, as_json, show
from portal.search.registry import sources


@click.group("search")
def search() -> None:
    """The index of the search; it follows every change by itself."""


@search.command()
@click.option("--plugin", help="only the records of this plugin (core: people)")
@as_json
def rebuild(plugin: str | None, as_json: bool) -> None:
    """Build the index anew while the portal runs; old records may be missing from hits until it is done."""
    with acting("search rebuild"):
        names = None
        if plugin is not None:
            names = [source.name for source in sources().values() if source.name.split(".")[0] == owner(plugin)]
            if not names:
                raise click.UsageError(f"no records of {plugin!r} are searched")
        counts = index.rebuild(names, None if as_json else tell)
    show({"indexed": counts}, as_json)


def owner(plugin: str) -> str:
    """The beginning of the names of a plugin's records; those of the core are people."""
    return "directory" if plugin == "core" else plugin


def tell(name: str, count: int) -> None:
    """A line of progress."""
    click.echo(f"{name}: {count:,}", err=True)
