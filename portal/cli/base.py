"""What the commands share: the application of the instance, printing a report, finding a town."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import Flask
from sqlalchemy import select

from portal import create_app
from portal.config import ConfigError
from portal.context import system_actor, use_actor
from portal.crypto import KeyMissing
from portal.database import db
from portal.directory.models import Organisation
from portal.tenancy import EVERYTHING, use_scope

as_json = click.option("--json", "as_json", is_flag=True, help="print one JSON object")


class Day(click.ParamType):
    """A date written as 2026-11-24."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: Any, ctx: Any) -> dt.date:
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date; expected YYYY-MM-DD", param, ctx)


def application() -> Flask:
    """The application of the instance; a bad setting ends the command with one line."""
    try:
        return create_app()
    except (ConfigError, KeyMissing) as error:
        raise click.UsageError(str(error)) from error


@contextmanager
def acting(name: str) -> Iterator[Flask]:
    """The application with a command acting in it, which sees all towns."""
    app = application()
    with app.app_context(), use_actor(system_actor(f"cli:{name}")), use_scope(EVERYTHING):
        yield app


def show(data: dict[str, Any], as_json: bool) -> None:
    """Print a report as one JSON object or as lines for people."""
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    for key, value in data.items():
        click.echo(f"{key}: {json.dumps(value, ensure_ascii=False)}")


def find_town(text: str) -> Organisation:
    """A town by code or name; a usage error for anything else."""
    found = find_organisation(text)
    if not found.is_town:
        raise click.UsageError(f"{found.name} is no town")
    return found


def find_organisation(text: str) -> Organisation:
    """An organisation by code or name; a usage error when there is none."""
    conditions = (Organisation.code == text) | (Organisation.name == text)
    found = db.session.scalars(select(Organisation).where(conditions)).first()
    if found is None:
        found = db.session.scalars(select(Organisation).where(Organisation.short_name == text)).first()
    if found is None:
        raise click.UsageError(f"no organisation has the code or name {text!r}")
    return found
