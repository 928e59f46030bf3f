"""``portal import``."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

import click

from portal.cli.base import Day, acting, as_json, find_organisation, show
from portal.clock import today as current_day
from portal.errors import NotFound
from portal.records.importing import run_import, spec_of
from portal.records.workbooks import WorkbookError


@click.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--town", required=True, help="code or name")
@click.option("--today", type=Day(), help="the day on which dates are judged; default: today")
@click.option("--mapping", default="", help="name of the town's mapping for files with somebody else's headings; default: the one that fits")
@click.option("--dry-run", is_flag=True, help="say what would be done, write nothing")
@click.option("--strict", is_flag=True, help="write nothing when any row is refused")
@as_json
def import_file(name: str, file: Path, town: str, today: dt.date | None, mapping: str, dry_run: bool, strict: bool, as_json: bool) -> None:
    """Import FILE as NAME (e.g. certificates) for a town."""
    with acting("import"):
        org = find_organisation(town)
        try:
            spec = spec_of(name, org.id)
        except NotFound as error:
            raise click.UsageError(f"nothing named {name!r} can be imported for {org.name}; is the plugin on there?") from error
        if not org.is_town and not spec.of_district:
            raise click.UsageError(f"{name} is imported for a town; {org.name} is no town")
        try:
            report, _checked = run_import(spec, file.read_bytes(), file.name, org, today or current_day(), dry_run=dry_run, strict=strict, mapping=mapping)
        except WorkbookError as error:
            report = {"created": 0, "updated": 0, "skipped": 0, "refused": [{"row": error.row, "code": error.code, "message": str(error.message)}]}
    show(report, as_json)
    if report["refused"]:
        sys.exit(1)
