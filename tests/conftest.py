"""Fixtures: an application on SQLite and on PostgreSQL, a small world of towns and accounts, clients that are logged in."""

from __future__ import annotations

import datetime as dt
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient

from tests import databases
from tests.worlds import PASSWORD, build_world

TODAY = dt.date(2026, 11, 24)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """One worker has the browser and the demonstration it looks at; every other test goes to whoever is free."""
    from xdist.scheduler import LoadScopeScheduling

    class OneBrowser(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if nodeid.startswith("tests/browser/") else nodeid

    return OneBrowser(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):
        databases.remove_server_folder()


def make_schema(app: Flask) -> None:
    from portal import migrate
    from portal.audit.protection import create_protection
    from portal.database import Base, db

    portal = app.extensions["portal"]
    if any(migrate.ENVIRONMENT.glob("versions/*.py")):
        migrate.upgrade(portal.settings, portal.plugins)
        return
    Base.metadata.create_all(db.engine)
    with db.engine.begin() as connection:
        create_protection(connection)


@pytest.fixture(scope="session", autouse=True)
def known_passwords() -> Iterator[None]:
    """A password that fitted a hash is not tried with it again: thousands of tests log in, and hashing is slow on purpose."""
    from portal.auth import passwords

    tried, fitting = passwords.matches, set()

    def matches(settings: Any, stored: str, password: str) -> bool:
        if (stored, password) not in fitting and tried(settings, stored, password):
            fitting.add((stored, password))
        return (stored, password) in fitting

    passwords.matches = matches
    yield
    passwords.matches = tried


@dataclass
class Template:
    """A database with the small world in it, and the instance folder whose keys fit it."""

    app: Flask
    fresh: Callable[[], None]


def _renew(app: Flask) -> None:
    from portal.database import db

    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _forget(app: Flask) -> None:
    app.extensions["portal"].plugins.forget()
    app.extensions.pop("portal.paces", None)
    app.extensions.pop("portal.search.numbers", None)
    app.extensions.pop("portal.audit.begun", None)
    app.extensions.pop("portal.auth.known", None)
    app.extensions.pop("portal.kept_lists", None)
    app.extensions.pop("portal.kept_pages", None)
    for name in ("audit-heads.jsonl", "audit-verified.json"):
        (Path(app.instance_path) / name).unlink(missing_ok=True)
    shutil.rmtree(Path(app.instance_path) / "attachments", ignore_errors=True)


def _prepare(app: Flask) -> None:
    app.testing = True
    with app.app_context():
        make_schema(app)
        build_world()
    _renew(app)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    from portal import create_app

    instance = tmp_path_factory.mktemp("sqlite-instance")
    app = create_app(databases.settings_for(instance))
    _prepare(app)
    template, heads = instance / "template.db", instance / "template-heads.jsonl"
    database = instance / "portal.db"
    import sqlite3

    with sqlite3.connect(database) as connection:
        connection.execute("VACUUM INTO ?", (str(template),))
    connection.close()
    shutil.copyfile(instance / "audit-heads.jsonl", heads)

    def fresh() -> None:
        _renew(app)
        _forget(app)
        databases.copy_sqlite(template, database)
        shutil.copyfile(heads, instance / "audit-heads.jsonl")

    return Template(app, fresh)


@pytest.fixture(scope="session")
def postgresql_template(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Template:
    from portal import create_app

    server = databases.PostgreSQL(worker_id)
    instance = tmp_path_factory.mktemp("postgresql-instance")
    maker = create_app(databases.settings_for(instance, database_url=server.template_url))
    _prepare(maker)
    heads = instance / "template-heads.jsonl"
    shutil.copyfile(instance / "audit-heads.jsonl", heads)
    server.fresh()
    app = create_app(databases.settings_for(instance, database_url=server.url))
    app.testing = True

    def fresh() -> None:
        _renew(app)
        _forget(app)
        server.fresh()
        shutil.copyfile(heads, instance / "audit-heads.jsonl")

    return Template(app, fresh)


def _opened(template: Template) -> Iterator[Flask]:
    from portal.context import NOBODY, use_actor
    from portal.tenancy import EVERYTHING, use_scope

    template.fresh()
    with template.app.app_context(), use_actor(NOBODY), use_scope(EVERYTHING):
        yield template.app
    _renew(template.app)


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest) -> Iterator[Flask]:
    """The application with the small world, once on each database. The test itself sees all towns."""
    yield from _opened(request.getfixturevalue(f"{request.param}_template"))


@pytest.fixture
def app_sqlite(sqlite_template: Template) -> Iterator[Flask]:
    yield from _opened(sqlite_template)


@pytest.fixture
def app_postgresql(postgresql_template: Template) -> Iterator[Flask]:
    yield from _opened(postgresql_template)


@pytest.fixture
def session(app: Flask) -> Any:
    from portal.database import db

    return db.session


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def today() -> dt.date:
    return TODAY


def csrf_of(html: str) -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html) or re.search(
        r'name="csrf-token"[^>]*content="([^"]+)"', html
    )
    assert found, "the page has no CSRF token"
    return found.group(1)


@pytest.fixture
def login() -> Callable[..., FlaskClient]:
    """``login("jn_clerk")`` gives a client of its own that is logged in as that account."""

    def log_in(username: str, password: str = PASSWORD) -> FlaskClient:
        client = current_app.test_client()
        page = client.get("/login")
        answer = client.post(
            "/login",
            data={"username": username, "password": password, "csrf_token": csrf_of(page.get_data(as_text=True))},
        )
        assert answer.status_code in (302, 303), answer.get_data(as_text=True)[:2000]
        return client

    return log_in


@pytest.fixture
def post() -> Callable[..., Any]:
    """``post(client, "/address", data, page="/form")`` sends a form with the token of a page, which a client keeps while it is good."""

    def send(client: FlaskClient, address: str, data: dict[str, Any] | None = None, page: str = "/", **more: Any) -> Any:
        known = getattr(client, "portal_token", None)
        if known is not None:
            answer = client.post(address, data={**(data or {}), "csrf_token": known}, **more)
            if answer.status_code != 419:
                return answer
        token = csrf_of(client.get(page, follow_redirects=True).get_data(as_text=True))
        client.portal_token = token  # type: ignore[attr-defined]
        return client.post(address, data={**(data or {}), "csrf_token": token}, **more)

    return send


@pytest.fixture
def world() -> Any:
    """Organisations and accounts by name: ``world.jiangnan``, ``world.gelan``, ``world.accounts["jn_clerk"]``."""
    from tests.worlds import World

    return World()
