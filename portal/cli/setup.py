"""``portal init``, ``portal accounts`` and ``portal doctor``: setting an instance up."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from portal import create_app, migrate
from portal.auth import operations, passwords, roles
from portal.cli.base import acting, application, as_json, find_organisation, show
from portal.config import ConfigError, load_settings
from portal.crypto import KeyMissing, write_private
from portal.directory.models import Organisation
from portal.work import unit_of_work


@click.command("init")
@click.option("--demo", is_flag=True, help="make this a demonstration, with data")
@as_json
def init(demo: bool, as_json: bool) -> None:
    """Make the instance folder, its keys and its database; with --demo load demonstration data. Doing it again changes nothing."""
    try:
        settings = load_settings()
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings.instance.chmod(0o700)
    if demo and not settings.demo:
        _mark_demo(settings.instance)
    app = application()
    house = app.extensions["portal"]
    upgraded = migrate.upgrade(house.settings, house.plugins)
    loaded = False
    if house.settings.demo:
        from portal import demo as demonstration

        with acting("init") as running:
            loaded = demonstration.load(running)
    show({"instance": settings.instance.name, "upgraded": upgraded, "demo": house.settings.demo, "loaded": loaded}, as_json)


def _mark_demo(instance: Path) -> None:
    file = instance / "portal.toml"
    if not file.exists():
        write_private(file, "# settings of this instance; see the README\ndemo = true\n")
        return
    if file.stat().st_size and (instance / "portal.db").exists():
        raise click.UsageError("this instance is in use and is no demonstration; name another folder with PORTAL_INSTANCE")
    file.write_text(file.read_text(encoding="utf-8") + "\ndemo = true\n", encoding="utf-8")


@click.group("accounts")
def accounts() -> None:
    """Accounts, for the first administrators; everything else is done on the pages."""


@accounts.command("create")
@click.argument("username")
@click.option("--name", required=True, help="name of the person")
@click.option("--role", required=True, help="e.g. system_admin, security_admin, security_auditor")
@click.option("--org", "org", required=True, help="code or name of the organisation")
@as_json
def create(username: str, name: str, role: str, org: str, as_json: bool) -> None:
    """Make an account with a one-time password, printed once; it must be changed and dies in a day."""
    with acting("accounts create") as app:
        organisation = find_organisation(org)
        if role not in roles.all_roles():
            raise click.UsageError(f"no role {role!r}; known are: {', '.join(roles.all_roles())}")
        password = operations.one_time_password()
        hashed = passwords.hash_password(app.extensions["portal"].settings, password)
        org_id = organisation.id
        with unit_of_work("auth.account_created") as session:
            account = operations.create_account(session, username, name, password_hash=hashed)
            operations.grant_role(session, account, role, session.get(Organisation, org_id))  # type: ignore[arg-type]
            made = account.username
    show({"username": made, "password": password, "hours": operations.ONE_TIME_HOURS}, as_json)


@click.command("doctor")
@as_json
def doctor(as_json: bool) -> None:
    """Check configuration, database, migrations, file permissions, clock and calendar, and say how to mend what is wrong."""
    from portal import diagnosis

    try:
        app = create_app()
    except (ConfigError, KeyMissing) as error:
        findings = [diagnosis.Finding("configuration", False, str(error), "correct the setting named, then run this again")]
    else:
        findings = diagnosis.examine(app)
    if as_json:
        show({"ok": all(f.ok for f in findings), "checks": [f._replace(mend="" if f.ok else f.mend)._asdict() for f in findings]}, True)
    else:
        for finding in findings:
            click.echo(f"{'ok  ' if finding.ok else 'MEND'}  {finding.check}: {finding.found}" + ("" if finding.ok else f"\n      {finding.mend}"))
    if not all(f.ok for f in findings):
        sys.exit(1)
