"""Backups: made while others write, encrypted, without the keys; restored into an empty place only, whole or not at all."""

import io
import json
import os
import sqlite3
import stat
import threading

import pytest
import sqlalchemy as sa

from portal import audit, create_app
from portal.backup import BackupError, archive, keys, making, restoring
from portal.config import load_settings
from portal.database import db
from portal.directory.models import Person
from portal.jobs.runner import run_job
from portal.records import attachments
from portal.work import unit_of_work
from tests import databases

NUMBER = "11010519491231002X"
PASSPHRASE = "十二个字以上的一句话才行"


def add_person(world, name="周平"):
    with unit_of_work("person.created") as session:
        person = Person(org_id=world.jiangnan.id, name=name, employment_type="公务员")
        person.set_id_number(NUMBER)
        session.add(person)
        session.flush()
        prepared = attachments.prepare(b"%PDF-1.7 x", "证明.pdf", ("pdf",))
        attachments.attach(session, prepared, "directory.person", person.id, world.jiangnan.id, "file")
        return person.id


def house(app):
    return app.extensions["portal"]


def make(app, folder):
    db.session.rollback()
    return making.make(house(app).settings, house(app).plugins, folder)


@pytest.fixture
def empty_database(app, request):
    """An empty database beside that of the test, on a PostgreSQL; on SQLite nothing is needed."""
    if db.engine.dialect.name == "sqlite":
        return ""
    name = "restored_" + db.engine.url.database
    admin = sa.create_engine(db.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(sa.text(f"CREATE DATABASE \"{name}\" TEMPLATE template0 ENCODING 'UTF8'"))
    request.addfinalizer(admin.dispose)
    return db.engine.url.set(database=name).render_as_string(hide_password=False)


def test_a_backup_is_restored_into_an_empty_place_with_everything_in_it(app, world, tmp_path, empty_database):
    person_id = add_person(world)
    file = make(app, tmp_path / "backups")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    sealed = file.read_bytes()
    assert b"\xe5\x91\xa8\xe5\xb9\xb3" not in sealed and b"SQLite format" not in sealed and b"%PDF" not in sealed
    held = keys.held_by(house(app).settings.instance)
    into = tmp_path / "restored"
    events = audit.verify_instance(app).events
    found = restoring.restore(create_app, file, into, held, empty_database)
    assert (found["events"], found["attachments"], found["protected_opened"]) == (events, 1, 1)
    restoring.note_restored(create_app, into, found)
    other = create_app(load_settings(into, environ={}))
    with other.app_context(), unit_of_work("test.goes_on") as session:
        from portal.tenancy import EVERYTHING, use_scope

        with use_scope(EVERYTHING):
            person = session.get(Person, person_id)
            assert (person.name, person.id_number()) == ("周平", NUMBER)
            session.add(Person(org_id=person.org_id, name="新人", employment_type="公务员"))
    report = audit.verify_instance(other)
    assert report.ok and report.events == events + 2
    with other.app_context():
        db.session.remove()
        db.engine.dispose()


def test_it_is_made_while_others_write_and_is_whole(app, world, tmp_path, empty_database):
    stop = threading.Event()
    errors = []

    def write():
        n = 0
        while not stop.is_set():
            try:
                with app.app_context():
                    audit.note("test.wrote", record_type="core.test", record_id=1, chain_id=(world_ids[n % len(world_ids)]))
                    n += 1
            except Exception as error:
                errors.append(error)
                return

    world_ids = [world.jiangnan.id, world.gelan.id]
    db.session.rollback()
    thread = threading.Thread(target=write)
    thread.start()
    try:
        files = [make(app, tmp_path / str(n)) for n in range(3)]
    finally:
        stop.set()
        thread.join()
    assert not errors
    found = restoring.drill(create_app, files[-1], house(app).settings, empty_database)
    assert found["events"] > 10
    assert not list(house(app).settings.instance.glob(".backup-*"))


@pytest.mark.parametrize("harm", ["flip", "cut", "swap", "magic"])
def test_a_damaged_backup_restores_nothing(app_sqlite, world, tmp_path, harm):
    add_person(world)
    file = make(app_sqlite, tmp_path)
    data = bytearray(file.read_bytes())
    if harm == "flip":
        data[len(data) // 2] ^= 1
    elif harm == "cut":
        del data[-40:]
    elif harm == "swap":
        data[40:60], data[60:80] = data[60:80], data[40:60]
    else:
        data[:4] = b"nope"
    file.write_bytes(data)
    into = tmp_path / "restored"
    with pytest.raises(BackupError):
        restoring.restore(create_app, file, into, keys.held_by(house(app_sqlite).settings.instance))
    assert list(into.iterdir()) == []


def test_it_goes_into_an_empty_place_only_and_with_its_own_keys_only(app_sqlite, world, tmp_path):
    add_person(world)
    file = make(app_sqlite, tmp_path)
    held = keys.held_by(house(app_sqlite).settings.instance)
    full = tmp_path / "full"
    full.mkdir()
    (full / "portal.db").write_bytes(b"precious")
    with pytest.raises(BackupError, match="not empty"):
        restoring.restore(create_app, file, full, held)
    assert (full / "portal.db").read_bytes() == b"precious"
    other = {**held, keys.KEY_FILE: "0123456789abcdef" * 4}
    with pytest.raises(BackupError, match="another key"):
        restoring.restore(create_app, file, tmp_path / "a", other)
    ring = json.loads(held["keys.json"])
    ring["keys"] = {number: key[::-1] for number, key in ring["keys"].items()}
    with pytest.raises(BackupError, match="do not open"):
        restoring.restore(create_app, file, tmp_path / "b", {**held, "keys.json": json.dumps(ring)})
    assert list((tmp_path / "b").iterdir()) == []


def test_an_attachment_that_is_missing_is_noticed(app_sqlite, world, tmp_path):
    add_person(world)
    for path in attachments.folder().rglob("*"):
        if path.is_file():
            path.unlink()
    file = make(app_sqlite, tmp_path)
    with pytest.raises(BackupError, match="attachment"):
        restoring.drill(create_app, file, house(app_sqlite).settings)


def test_an_old_backup_put_in_place_of_the_database_is_noticed(app_sqlite, world, tmp_path):
    """The heads that were noted outside the database are not in the old one."""
    database = house(app_sqlite).settings.instance / "portal.db"
    db.session.rollback()
    old = tmp_path / "old.db"
    with sqlite3.connect(database) as connection:
        connection.execute("VACUUM INTO ?", (str(old),))
    connection.close()
    add_person(world)
    db.session.remove()
    db.engine.dispose()
    databases.copy_sqlite(old, database)
    report = audit.verify_instance(app_sqlite)
    assert not report.ok and "noted outside the database and are gone" in report.broken["problem"]


def test_keys_are_packed_under_a_passphrase_and_never_in_a_backup(app_sqlite, tmp_path):
    instance = house(app_sqlite).settings.instance
    packed = tmp_path / "keys.packed"
    with pytest.raises(BackupError, match="at least"):
        keys.pack(instance, packed, "too short")
    assert keys.pack(instance, packed, PASSPHRASE) == ["backup.key", "keys.json", "secret.key"]
    assert stat.S_IMODE(packed.stat().st_mode) == 0o600
    with pytest.raises(BackupError, match="is there already"):
        keys.pack(instance, packed, PASSPHRASE)
    assert keys.opened(packed, PASSPHRASE) == keys.held_by(instance)
    with pytest.raises(BackupError, match="passphrase"):
        keys.opened(packed, PASSPHRASE + "!")
    with pytest.raises(BackupError, match="no packed keys"):
        keys.opened(instance / "keys.json", PASSPHRASE)
    file = make(app_sqlite, tmp_path)
    into = tmp_path / "open"
    into.mkdir()
    restoring.unpack(file, keys.backup_key(instance), into)
    assert {path.name for path in into.iterdir()} <= {"portal.db", "portal.toml", "audit-heads.jsonl", "attachments"}


def test_the_nightly_job_makes_one_proves_it_and_keeps_the_newest(app_sqlite, world, tmp_path, monkeypatch):
    import dataclasses

    from portal import diagnosis

    assert run_job("core.backup").result == {"failed": 0, "made": 0}
    folder = tmp_path / "nightly"
    settings = dataclasses.replace(house(app_sqlite).settings, backup_folder=str(folder), backup_keep=2)
    monkeypatch.setitem(app_sqlite.extensions, "portal", dataclasses.replace(house(app_sqlite), settings=settings))

    def said():
        return next(finding for finding in diagnosis.examine(app_sqlite) if finding.check == "backups")

    assert not said().ok
    folder.mkdir()
    for n in range(3):
        (folder / f"portal-20200101-00000{n}.backup").write_bytes(b"old")
    result = run_job("core.backup").result
    assert result["made"] == 1 and result["events"] > 0 and (folder / result["file"]).stat().st_size == result["bytes"]
    assert sorted(path.name for path in folder.iterdir()) == ["portal-20200101-000002.backup", result["file"]]
    assert said().ok
    os.utime(folder / result["file"], (0, 0))
    assert not said().ok


@pytest.mark.parametrize("size", [0, 1, archive.CHUNK - 1, archive.CHUNK, archive.CHUNK + 1, 3 * archive.CHUNK])
def test_what_is_sealed_opens_again_and_no_chunk_may_be_left_out(size):
    key, data = os.urandom(32), os.urandom(size)
    target = io.BytesIO()
    sealer = archive.Sealer(target, key)
    for start in range(0, size, 700_001):
        sealer.write(data[start : start + 700_001])
    sealer.finish()
    sealed = target.getvalue()
    assert archive.Opener(io.BytesIO(sealed), key).read() == data
    first = len(archive.MAGIC) + archive.SALT_BYTES
    length = int.from_bytes(sealed[first : first + 4], "big") + 4
    for broken in (sealed[:first] + sealed[first + length :], sealed[:-1], sealed[: first + length] if size > archive.CHUNK else sealed[:-2], sealed + b"\0\0\0\1x"):
        with pytest.raises(BackupError):
            archive.Opener(io.BytesIO(broken), key).read()


def test_a_table_without_rowid_is_not_taken_for_damaged_and_a_damaged_one_is(tmp_path):
    """SQLite 3.40 finds a NULL in every row of a table whose key is not its first columns; a backup is not refused for that."""
    file = tmp_path / "portal.db"
    with sqlite3.connect(file) as connection:
        connection.execute("CREATE TABLE tally (month TEXT NOT NULL, n INTEGER NOT NULL, org INTEGER NOT NULL, PRIMARY KEY (org, month)) WITHOUT ROWID")
        connection.executemany("INSERT INTO tally VALUES (?, 1, 1)", [(str(n),) for n in range(300)])
        connection.execute("CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT)")
        connection.execute("INSERT INTO plain VALUES (1, NULL)")
    restoring._check_sqlite(file)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'name TEXT', 'name TEXT NOT NULL') WHERE name = 'plain'")
    with pytest.raises(BackupError, match="damaged"):
        restoring._check_sqlite(file)
    with sqlite3.connect(file) as connection:
        connection.execute("DELETE FROM plain")
    restoring._check_sqlite(file)
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(BackupError, match="damaged"):
        restoring._check_sqlite(file)
