"""The plugin engine: every hook documented and tested, a new plugin from the command line runs, broken ones are left out."""

import datetime as dt
import json
import re
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import create_app, migrate
from portal.hookspecs import PortalHooks, hookimpl
from portal.plugins import version_fits
from tests import databases
from tests.portal.test_migrations_and_cli import run
from tests.worlds import build_world

ROOT = Path(__file__).resolve().parents[2]
HOOKS = sorted(name for name in vars(PortalHooks) if name.startswith("portal_"))


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_is_documented_and_tested(hook):
    assert getattr(PortalHooks, hook).__doc__
    documentation = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{hook}\(", documentation, re.MULTILINE), f"{hook} is not in docs/plugins.md"
    tests = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    used = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "plugins").glob("*/__init__.py"))
    assert tests.count(hook) or hook in used


def test_the_documentation_names_no_hook_that_is_not_there():
    documentation = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(portal_\w+)\(", documentation, re.MULTILINE)) == set(HOOKS)


def test_a_new_plugin_is_written_migrated_switched_on_and_used(tmp_path):
    folder, instance = tmp_path / "extra", tmp_path / "instance"
    made = run(instance, "plugins", "new", "visits", "--title", "走访记录", "--folder", str(folder), "--json")
    assert made.returncode == 0, made.stderr
    again = run(instance, "plugins", "new", "visits", "--folder", str(folder))
    assert again.returncode == 2 and "already" in again.stderr
    assert run(instance, "plugins", "new", "Bad-Name", "--folder", str(folder)).returncode == 2
    app = create_app(databases.settings_for(instance, plugin_folder=str(folder)))
    app.testing = True
    house = app.extensions["portal"]
    assert house.plugins.failed == {} and "visits" in house.plugins.names()
    assert migrate.upgrade(house.settings, house.plugins) == ["core", *(name for name in house.plugins.names())]
    with app.app_context():
        build_world()
    client = app.test_client()
    from tests.conftest import csrf_of
    from tests.worlds import PASSWORD

    token = csrf_of(client.get("/login").get_data(as_text=True))
    client.post("/login", data={"username": "jn_officer", "password": PASSWORD, "csrf_token": token})
    page = client.get("/visits").get_data(as_text=True)
    assert "走访记录" in page and "还没有记录" in page
    assert client.post("/visits", data={"text": "到社区走访", "csrf_token": csrf_of(page)}).status_code == 303
    assert "到社区走访" in client.get("/visits").get_data(as_text=True)
    migrate.downgrade(house.settings, house.plugins, "visits", "base")
    from portal.database import Base

    Base.metadata.remove(Base.metadata.tables["visits_note"])
    with app.app_context():
        from portal.database import db

        actions = db.session.scalars(sa.text("SELECT action FROM audit_event WHERE record_type = 'visits.note'")).all()
        db.session.remove()
        db.engine.dispose()
    assert actions == ["visits.added"]
    from portal.database import OrgScoped

    for model in list(OrgScoped.__subclasses__()):
        if model.__module__.startswith("portal_extra_plugins"):
            Base.registry._dispose_cls(model)
            model.__plugin__ = None
            _hide(model)


def _hide(model):
    """Take the model of a plugin that is gone out of the process: other tests know nothing of it."""
    from portal import tenancy

    known = tenancy.scoped_models
    tenancy.scoped_models = lambda: [found for found in known() if found is not model]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("raise RuntimeError('broken at import')", "broken at import"),
        ("plugin = object()", "no Manifest"),
        ("from portal.contract import Manifest\nclass P: manifest = Manifest('other', 'x', 'x', '1')\nplugin = P()", "expected"),
        ("from portal.contract import Manifest\nclass P: manifest = Manifest('broken', 'x', 'x', '1', core='>=99')\nplugin = P()", "needs core"),
        ("from portal.contract import Manifest\nclass P: manifest = Manifest('broken', 'x', 'x', '1', requires=('absent',))\nplugin = P()", "absent"),
    ],
)
def test_a_plugin_that_cannot_be_used_is_named_and_left_out(tmp_path, content, words):
    folder = tmp_path / "extra" / "broken"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(content)
    app = create_app(databases.settings_for(tmp_path / "instance", plugin_folder=str(folder.parent)))
    plugins = app.extensions["portal"].plugins
    assert words in plugins.failed["broken"] and "certificates" in plugins.names()


def test_versions_of_the_core():
    assert version_fits("0.1.0", ">=0.1") and version_fits("1.2.3", ">=1,<2") and not version_fits("0.1.0", ">=0.2")


def test_hooks_reach_only_the_plugins_of_the_town(app_sqlite, world):
    manager = app_sqlite.extensions["portal"].plugins
    from portal.work import unit_of_work

    def sections(org):
        return {str(item.endpoint).split(".")[0] for item in manager.collect_for(org.id, "portal_navigation")}

    assert "certificates" in sections(world.gelan)
    with unit_of_work("test.off") as session:
        manager.switch(session, "certificates", world.gelan.id, False)
    assert "certificates" not in sections(world.gelan) and "certificates" in sections(world.jiangnan)


def test_listeners_hear_of_switches_changes_and_calendars(app_sqlite, world, today):
    """portal_plugin_switched, portal_record_changed, portal_calendar_changed, portal_examinations."""
    from portal.calendar.service import load_year
    from portal.work import unit_of_work

    heard = []

    class Listener:
        @hookimpl
        def portal_plugin_switched(self, plugin, org_id, enabled):
            heard.append(("switched", plugin, enabled))

        @hookimpl
        def portal_calendar_changed(self, years):
            heard.append(("calendar", tuple(years)))

        @hookimpl
        def portal_record_changed(self, record_type, record_id, action, org_id):
            heard.append((record_type, action))

        @hookimpl
        def portal_examinations(self, person_id):
            return {"general": dt.date(2026, 1, 1), "professional": dt.date(2026, 1, 2)}

    manager = app_sqlite.extensions["portal"].plugins
    manager._manager.register(Listener(), "listener")
    try:
        from plugins.certificates import operations

        assert operations.examinations(1) == (dt.date(2026, 1, 1), dt.date(2026, 1, 2))
        with unit_of_work("test") as session:
            manager.switch(session, "certificates", world.gelan.id, False)
            load_year(session, 2027, [dt.date(2027, 1, 1)], [], "notice")
    finally:
        manager._manager.unregister(name="listener")
    assert heard == [("switched", "certificates", False), ("calendar", (2027,))]


def test_hits_that_stand_in_no_index_are_found_beside_the_others(app_sqlite, world, login):
    """portal_search."""
    from portal.contract import Hit

    class Finder:
        @hookimpl
        def portal_search(self, query, limit):
            return [Hit("通知公告", f"关于{query}的通知", "办公室", "/")] if query == "防汛" else []

    manager = app_sqlite.extensions["portal"].plugins
    manager._manager.register(Finder(), "finder")
    try:
        clerk = login("jn_clerk")
        found, nothing = (clerk.get(f"/search?q={query}").get_data(as_text=True) for query in ("防汛", "防火"))
    finally:
        manager._manager.unregister(name="finder")
    assert "关于<mark>防汛</mark>的通知" in found and "通知公告" in found
    assert "通知公告" not in nothing


def test_open_recoveries_follow_the_calendar(app, world):
    from plugins.certificates.models import Certificate
    from portal.calendar.service import load_year
    from portal.database import db
    from portal.work import unit_of_work
    from tests.plugins.certificates.helpers import certificate, sweep

    key = certificate(world.jiangnan, "YEAREND01", dt.date(2026, 12, 28))
    sweep(dt.date(2026, 12, 29))
    db.session.rollback()
    found = db.session.get(Certificate, key)
    assert (found.clearing_due, found.clearing_provisional) == (dt.date(2027, 1, 6), True)
    with unit_of_work("test") as session:
        load_year(session, 2027, [dt.date(2027, 1, 1), dt.date(2027, 1, 4)], [dt.date(2027, 1, 2)], "notice")
    db.session.rollback()
    found = db.session.get(Certificate, key)
    assert (found.clearing_due, found.clearing_provisional) == (dt.date(2027, 1, 6), False)


def test_apply_says_what_it_would_change_and_changes_it(tmp_path):
    file = tmp_path / "towns.toml"
    file.write_text(
        '[[organisation]]\ncode="1"\nname="甲区"\nkind="district"\n[[organisation]]\ncode="2"\nname="乙镇"\nkind="town"\nparent="1"\n[towns."乙镇"]\nplugins=["certificates"]\n'
    )
    instance = tmp_path / "instance"
    run(instance, "init")
    rehearsed = json.loads(run(instance, "apply", str(file), "--dry-run", "--json").stdout)
    assert rehearsed == {"changes": ["+ 甲区", "+ 乙镇", "+ 乙镇: certificates"], "applied": False}
    assert json.loads(run(instance, "plugins", "list", "--json").stdout)["plugins"][0]["towns"] == []
    assert json.loads(run(instance, "apply", str(file), "--json").stdout)["applied"] is True
    assert json.loads(run(instance, "plugins", "list", "--json").stdout)["plugins"][0]["towns"] == ["乙镇"]
    assert json.loads(run(instance, "apply", str(file), "--json").stdout)["changes"] == []
    file.write_text("[colours]\n")
    assert run(instance, "apply", str(file)).returncode == 2
