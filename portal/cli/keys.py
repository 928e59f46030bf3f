"""``portal keys``: which encryption keys there are, and changing them while the portal is in use."""

from __future__ import annotations

import sys

import click

from portal import rotation
from portal.cli.base import acting, as_json, show
from portal.clock import today
from portal.crypto import KeyMissing
from portal.database import db
from portal.jobs import runner


@click.group("keys")
def keys() -> None:
    """Encryption keys of protected fields."""


@keys.command("list")
@as_json
def list_keys(as_json: bool) -> None:
    """Every key with its state and how many values it holds."""
    with acting("keys"):
        rows = rotation.table()
    if as_json:
        show({"keys": rows}, True)
        return
    for row in rows:
        dates = " ".join(f"{word} {row[word]}" for word in ("made", "retired") if row[word])
        click.echo(f"key {row['key']:>4}  {row['state']:<8} {row['values']:>10} values  {dates}".rstrip())


@keys.command("rotate")
@click.option("--despite-loss", is_flag=True, help="go on with a new key although values of a lost one cannot be read")
@as_json
def rotate(despite_loss: bool, as_json: bool) -> None:
    """Make a new key and encrypt everything anew with it, while the portal is in use. Stopped in the middle, it goes on when called again."""
    with acting("keys rotate"):
        lost = rotation.losses()
        if lost and not despite_loss:
            raise click.ClickException("\n".join(map(str, lost)))
        number, new = rotation.begin(today(), despite_loss=bool(lost))
        db.session.rollback()
        if not as_json:
            click.echo(f"key {number} is {'new' if new else 'current; going on with an earlier change'}; the page 定时作业 shows how far it is", err=True)
        outcome = runner.run_job(rotation.JOB.name, requested_by="cli")
    if outcome.state != "done":
        click.echo(f"{outcome.state}: {outcome.error}", err=True)
        sys.exit(1)
    show({"key": number, "new": new, **(outcome.result or {})}, as_json)
    if (outcome.result or {}).get("failed"):
        sys.exit(1)


@keys.command("destroy")
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="do not ask")
def destroy(number: int, yes: bool) -> None:
    """Drop a retired key for good. Backups made before it was retired cannot be read in full any more."""
    if not yes:
        click.confirm(f"Backups that need key {number} become unreadable in part. Go on?", abort=True)
    with acting("keys destroy"):
        try:
            rotation.destroy(number)
        except KeyMissing as error:
            raise click.ClickException(str(error)) from error
    click.echo(f"key {number} is destroyed")
