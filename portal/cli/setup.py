"""``portal init``, ``portal serve``, ``portal accounts`` and ``portal doctor``: setting an instance up and running it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import click
from flask import Flask

from portal import create_app, migrate
from portal.auth import operations, passwords, roles
from portal.cli.base import acting, application, as_json, find_organisation, show
from portal.config import ConfigError, load_settings
from portal.crypto import KeyMissing, write_private
from portal.database import db
from portal.directory.models import Organisation
from portal.work import unit_of_work

ACCOUNTS_FILE = "demo-accounts.json"


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


@click.command("serve")
@click.option("--with-scheduler", is_flag=True, help="run the scheduler beside the web server, in a process of its own")
def serve(with_scheduler: bool) -> None:
    """Serve the portal on the configured address."""
    import waitress

    ending = Ending()
    app = application()
    settings = app.extensions["portal"].settings
    house = app.extensions["portal"]
    behind = [name for name, (at, newest) in migrate.current(settings, house.plugins).items() if at != newest]
    if behind:
        raise click.UsageError("the database is not up to date (" + ", ".join(behind) + "); run: portal db upgrade")
    _look_at_keys(app)
    ending.child = _scheduler_process() if with_scheduler else None
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    click.echo(f"\n  {settings.product_name}  {address}\n")
    if settings.demo:
        _print_accounts(settings.instance / ACCOUNTS_FILE)
    try:
        largest = (max(settings.upload_max_mb, settings.import_max_mb) + 1) * 1024 * 1024
        server = waitress.create_server(
            app, host=settings.host, port=settings.port, threads=settings.threads, ident="", channel_timeout=60, max_request_body_size=largest
        )  # fmt: skip
    except OSError as error:
        if ending.child:
            ending.child.terminate()
        raise click.UsageError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; set another port with PORT") from error
    ending.server = server
    server.run()


def _look_at_keys(app: Flask) -> None:
    """A lost key is named before anybody works; with the wrong key file nothing is started, or two keys would share a number."""
    from portal import rotation

    with app.app_context():
        lost = rotation.losses()
        db.session.remove()
    for loss in lost:
        click.echo(str(loss), err=True)
    if any(loss.wrong for loss in lost):
        raise click.UsageError("keys.json does not belong to this database; put the right one back, or, if it is lost for good: portal keys rotate --despite-loss")


def _scheduler_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "portal", "scheduler"], env={**os.environ}, stdin=subprocess.DEVNULL)


class Ending:
    """At SIGTERM and Ctrl-C requests under way end, the scheduler hands back its leases, then the process ends.

    Made first of all: whoever is asked to end while still starting leaves no scheduler behind.
    """

    def __init__(self) -> None:
        self.server: object = None
        self.child: subprocess.Popen[bytes] | None = None
        signal.signal(signal.SIGTERM, self.end)
        signal.signal(signal.SIGINT, self.end)

    def end(self, _signal: int, _frame: object) -> None:
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()
        if self.server is None:
            sys.exit(0)
        threading.Thread(target=_close, args=(self.server, self.child), daemon=True).start()


def _close(server: object, child: subprocess.Popen[bytes] | None) -> None:
    server.close()  # type: ignore[attr-defined]
    if child is not None:
        try:
            child.wait(timeout=10)
        except subprocess.TimeoutExpired:
            child.kill()
    os._exit(0)


def _print_accounts(file: Path) -> None:
    if not file.exists():
        return
    data = json.loads(file.read_text(encoding="utf-8"))
    click.echo(f"  demonstration accounts, all with the password  {data['password']}\n")
    for account in data["accounts"]:
        click.echo(f"    {account['username']:<16} {account['name']}  {account['role']}")
    click.echo("")
    sys.stdout.flush()


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
