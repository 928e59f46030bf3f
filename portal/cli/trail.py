"""``portal audit``: verifying and exporting the trail."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from portal import audit
from portal.audit.export import export_events
from portal.cli.base import acting, application, as_json, find_organisation, show
from portal.database import db


@click.group("audit")
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
    with acting("audit export"):
        chain = find_organisation(town).id if town else None
        try:
            with file.open("w", encoding="utf-8") as stream:
                count = export_events(db.session(), stream, chain)
        except OSError as error:
            raise click.UsageError(f"cannot write {file}: {error.strerror}") from error
        audit.note("audit.exported", record_type="audit.chain", record_id=chain, chain_id=chain, detail={"events": count})
    show({"events": count, "file": file.name}, as_json)
