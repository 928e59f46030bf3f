"""Migrations up, down and up on both databases; the command line on an instance of its own; concurrent writers."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import sqlalchemy as sa

from portal import audit, migrate
from portal.audit import Draft, write_events
from portal.database import Base, db
from portal.search.schema import TABLE
from portal.work import unit_of_work
from tests.portal.test_trail import add_person
from tests.worlds import World


def tables(app) -> set[str]:
    """Every table but those of the search's grams, which no model describes."""
    engine = migrate.make_engine(app.extensions["portal"].settings)
    try:
        return {table for table in sa.inspect(engine).get_table_names() if not table.startswith(TABLE)}
    finally:
        engine.dispose()


def test_up_down_up(app):
    house = app.extensions["portal"]
    db.session.rollback()
    db.engine.dispose()
    for name in reversed(house.plugins.names()):
        migrate.downgrade(house.settings, house.plugins, name, "base")
        assert not [table for table in tables(app) if table.startswith(f"{name}_")]
    migrate.downgrade(house.settings, house.plugins, "core", "base")
    versions = {f"alembic_version_{name}" for name in ("core", *house.plugins.names())}
    assert tables(app) == versions
    assert migrate.upgrade(house.settings, house.plugins) == ["core", *house.plugins.names()]
    assert tables(app) == {*Base.metadata.tables, *versions}
    assert migrate.upgrade(house.settings, house.plugins) == []


def run(instance: Path, *words: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).resolve().parents[2]
    environment = {"PORTAL_INSTANCE": str(instance), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(root)}
    return subprocess.run([sys.executable, "-m", "portal", *words], capture_output=True, text=True, env=environment, cwd=root)


def test_the_command_line_makes_and_verifies_an_instance(tmp_path):
    installed = sorted(folder.parent.name for folder in (Path(__file__).resolve().parents[2] / "plugins").glob("*/__init__.py"))
    assert json.loads(run(tmp_path, "db", "upgrade", "--json").stdout) == {"upgraded": ["core", *installed]}
    assert json.loads(run(tmp_path, "audit", "verify", "--json").stdout) == {"ok": True, "events": 0, "broken": None}
    listed = [{"name": name, "version": "1.0.0", "towns": []} for name in installed]
    assert json.loads(run(tmp_path, "plugins", "list", "--json").stdout) == {"plugins": listed}
    refused = run(tmp_path, "plugins", "enable", "certificates", "--town", "nowhere")
    assert refused.returncode == 2 and "nowhere" in refused.stderr
    unknown = run(tmp_path, "plugins", "enable", "nosuch", "--town", "nowhere", "--json")
    assert unknown.returncode == 2 and "nosuch" in unknown.stderr and "certificates" in unknown.stderr and unknown.stdout == ""
    (tmp_path / "portal.toml").write_text("colour = 1\n")
    wrong = run(tmp_path, "db", "current")
    assert wrong.returncode == 2 and "colour" in wrong.stderr and "Traceback" not in wrong.stderr


def test_one_byte_changed_in_the_file_is_named(app_sqlite):
    add_person(World().jiangnan.id, "尤敏敏敏")
    app = app_sqlite
    db.session.rollback()
    db.session.remove()
    with db.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    db.engine.dispose()
    file = Path(app.instance_path) / "portal.db"
    content = file.read_bytes()
    at = content.index('"post_status":"在岗"'.encode())
    file.write_bytes(content[: at + 2] + b"q" + content[at + 3 :])
    broken = audit.verify_instance(app).broken
    assert broken["problem"] == "changed" and broken["record"].startswith("directory.person:")


def test_many_events_at_once_and_two_writers_never_fork_a_chain(app, world):
    chain = world.jiangnan.id
    db.session.rollback()
    failures: list[BaseException] = []

    def work(name: str) -> None:
        try:
            with app.app_context():
                for _ in range(4):
                    with unit_of_work(f"bulk.{name}") as session:
                        write_events(session, [Draft(chain, "note", "test.row", n, None, '{"text":"行\\t一"}') for n in range(30)])
                db.session.remove()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    report = audit.verify_instance(app)
    assert report.ok and report.events >= 240


def test_backup_drill_and_restore_by_command(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    secret = tmp_path / "passphrase"
    secret.write_text("a long passphrase, kept in the safe\n")

    def run(*arguments, instance=first, status=0):
        environment = {**os.environ, "PORTAL_INSTANCE": str(instance)}
        done = subprocess.run([sys.executable, "-m", "portal", *map(str, arguments)], capture_output=True, text=True, env=environment)
        assert done.returncode == status, done.stderr
        return json.loads(done.stdout) if done.stdout.startswith("{") else done.stderr

    run("init", "--json")
    made = run("backup", tmp_path / "backups", "--json")
    assert made["restored"] is True
    file = tmp_path / "backups" / made["file"]
    assert run("drill", file, "--json")["ok"] is True
    run("backup-keys", tmp_path / "keys.packed", "--passphrase-file", secret, "--json")
    assert "--keys" in run("restore", file, "--into", second, instance=tmp_path / "third", status=1)
    found = run("restore", file, "--into", second, "--keys", tmp_path / "keys.packed", "--passphrase-file", secret, "--json", instance=tmp_path / "third")
    assert found["restored"] == "second" and found["events"] == made["events"]
    verified = run("audit", "verify", "--json", instance=second)
    assert verified["ok"] and verified["events"] == made["events"] + 1
    assert "not empty" in run("restore", file, "--into", second, status=1)
