"""``portal consultations``: repeating a draw from its record."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from plugins.consultations import rules
from portal.cli.base import acting, as_json, show


@click.group("consultations")
def consultations() -> None:
    """Expert case consultations."""


@consultations.command()
@click.option("--check", "draw_id", type=int, help="the number of a draw kept in this instance")
@click.option("--file", "file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="the record of a draw, from any instance")
@as_json
def redraw(draw_id: int | None, file: Path | None, as_json: bool) -> None:
    """Draw again from the record of a draw and say whether the result is the same; 1 when it is not."""
    if (draw_id is None) == (file is None):
        raise click.UsageError("give either --check ID or --file RECORD")
    record = _kept(draw_id) if draw_id is not None else _read(file)  # type: ignore[arg-type]
    try:
        result = rules.redraw(record)
    except (KeyError, TypeError, ValueError, AssertionError) as error:
        raise click.ClickException(f"the record cannot be drawn again: {error}") from error
    same = result == record["result"]
    names = {item["key"]: item["name"] for item in record["candidates"]}
    told = {
        "draw": record.get("draw"), "algorithm": record["algorithm"], "seed": record["seed"], "candidates": len(record["candidates"]), "kept": record["result"],
        "again": result, "names": [names.get(key, "") for key in result], "same": same,
    }  # fmt: skip
    show(told, as_json)
    if not same:
        sys.exit(1)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{file} is no record of a draw") from error
    if not isinstance(found, dict) or not {"algorithm", "seed", "wanted", "candidates", "result"} <= set(found):
        raise click.UsageError(f"{file} is no record of a draw")
    return found


def _kept(draw_id: int) -> dict[str, Any]:
    from plugins.consultations.models import Draw
    from portal import audit
    from portal.database import db

    with acting("consultations"):
        draw = db.session.scalars(select(Draw).where(Draw.id == draw_id)).one_or_none()
        if draw is None:
            raise click.UsageError(f"no draw has the number {draw_id}")
        record = {name: getattr(draw, name) for name in ("algorithm", "seed", "wanted", "candidates", "result")} | {"draw": draw.id}
        audit.note("consultations.draw_checked", record=draw)
    return record
