"""Changing keys while the portal is in use: everything is sealed anew, killed runs go on, lost keys are named."""

import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import rotation
from portal.audit.models import Event
from portal.audit.verify import verify
from portal.auth import totp
from portal.auth.models import SecondFactor
from portal.clock import today
from portal.crypto import KeyMissing, Keyring, keyring
from portal.database import db
from portal.directory.models import Person
from portal.jobs.runner import run_job
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import WHO, matter

NUMBER = "11010519491231002X"


@pytest.fixture
def keys(app):
    """The key file of the instance, put back afterwards: the instance is shared by the tests."""
    path = Path(app.instance_path) / "keys.json"
    before = path.read_text()
    yield path
    path.write_text(before)


def add(world) -> None:
    org_id, account = world.jiangnan.id, world.account("sysadmin")
    with unit_of_work("test") as session:
        person = Person(org_id=org_id, name="赵一", employment_type="公务员")
        person.set_id_number(NUMBER)
        session.add(person)
        totp.start_enrolment(session, session.merge(account))
        totp.renew_recovery_codes(session, account.id)
    matter(world.jiangnan)


def reencrypt():
    outcome = run_job("core.reencrypt", requested_by="test")
    assert outcome.state == "done", outcome.error
    db.session.expire_all()
    return outcome.result


def test_every_sealed_column_says_how_it_is_made(app_sqlite):
    found = {place.record: {column.name for column in place.columns} for place in rotation.sealed_tables()}
    assert found == {
        "auth.second_factor": {"secret_enc"}, "complaints.draft": {"sealed"}, "directory.person": {"id_number_enc"}, "records.import_run": {"content"},
        "complaints.identity": {"name_sealed", "phone_sealed", "address_sealed", "id_number_sealed"}, "consultations.draft": {"content"},
    }  # fmt: skip


def test_a_new_key_for_new_rows_and_the_old_ones_follow(app, world, keys, login, post):
    add(world)
    account = world.account("sysadmin")
    with unit_of_work("test") as session:
        codes = totp.renew_recovery_codes(session, account.id)
    before = db.session.scalar(sa.select(SecondFactor.secret_enc))
    assert set(rotation.keys_in_use()) == {1}
    assert rotation.begin(today()) == (2, True)
    assert rotation.begin(today()) == (2, False), "an unfinished change is gone on with"
    matter(world.jiangnan)
    assert set(rotation.keys_in_use()) == {1, 2}
    clerk = login("jn_intake")
    assert "张**" in clerk.get("/complaints?export=csv").get_data(as_text=True)
    result = reencrypt()
    assert result["failed"] == 0 and result["changed"] == 3 and result["retired"] == 1
    assert set(rotation.keys_in_use()) == {2} and reencrypt()["changed"] == 0
    assert db.session.scalar(sa.select(SecondFactor.secret_enc)) != before
    person = db.session.scalars(sa.select(Person).where(Person.name == "赵一")).one()
    assert person.id_number() == NUMBER and person.id_number_index == keyring().blind_index("directory.person.id_number", NUMBER)
    from plugins.complaints import identity

    assert len(identity.same_telephone(db.session, world.jiangnan.id, WHO["phone"])) == 2
    with unit_of_work("test") as session:
        assert totp.accept_recovery_code(session, account.id, codes[0]), "codes on paper outlive the change"
    actions = [event.action for event in db.session.scalars(sa.select(Event).where(Event.action.startswith("keys.")).order_by(Event.at))]
    assert actions[0] == "keys.rotated" and actions[-1] == "keys.retired" and "keys.reencrypted" in actions
    assert [(row["key"], row["state"]) for row in rotation.table()] == [(1, "retired"), (2, "current")]
    assert keys.stat().st_mode & 0o777 == 0o600
    db.session.rollback()
    assert verify(db.engine, Path(app.instance_path) / "audit-heads.jsonl").ok
    with pytest.raises(KeyMissing):
        rotation.destroy(2)
    rotation.destroy(1)
    assert keyring().numbers() == [2]


def test_another_cipher_is_a_reason_too(app_sqlite, world, keys):
    add(world)
    ring = keyring()
    ring._cipher = "sm4-gcm"
    try:
        assert reencrypt()["changed"] == 3
        assert all(part.head[1] == 2 for part in rotation.usage())
        assert db.session.scalars(sa.select(Person).where(Person.name == "赵一")).one().id_number() == NUMBER
    finally:
        ring._cipher = "aes-256-gcm"


def test_a_damaged_value_is_left_and_its_key_stays(app_sqlite, world, keys):
    add(world)
    table = Person.__table__
    with unit_of_work("test") as session:
        sealed = session.scalar(sa.select(table.c.id_number_enc).where(table.c.name == "赵一"))
        session.execute(sa.update(table).where(table.c.name == "赵一").values(id_number_enc=sealed[:-1] + bytes([sealed[-1] ^ 1])))
    rotation.begin(today())
    result = reencrypt()
    assert result["failed"] == 1 and result["changed"] == 2 and result["retired"] == 0
    assert [(row["key"], row["state"]) for row in rotation.table()] == [(1, "in use"), (2, "current")]


def test_another_process_notices_the_new_key(tmp_path):
    one, other = Keyring.open(tmp_path, "sm4-gcm"), Keyring.open(tmp_path, "sm4-gcm")
    old = other.encrypt("p", "旧", "1")
    index = other.blind_index("p", "x")
    assert one.make_key(dt.date(2026, 11, 24)) == 2
    fresh = other.encrypt("p", "新", "1")
    assert fresh[2:4] == b"\0\2" and one.decrypt("p", fresh, "1") == "新" and one.decrypt("p", old, "1") == "旧"
    assert other.blind_indexes("p", "x") == [one.blind_index("p", "x"), index]


def command(instance: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "portal", *words]


def environment(instance: Path) -> dict[str, str]:
    return {"PORTAL_INSTANCE": str(instance), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).resolve().parents[2])}


def run(instance: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(instance, *words), capture_output=True, text=True, env=environment(instance), check=False)


def test_killed_in_the_middle_it_goes_on_and_a_lost_key_is_named(tmp_path):
    """A whole instance of its own: many people, the command killed with -9, called again, the key file lost."""
    from portal import create_app
    from portal.directory.models import Organisation
    from portal.migrate import upgrade
    from tests.databases import settings_for

    app = create_app(settings_for(tmp_path))
    house = app.extensions["portal"]
    upgrade(house.settings, house.plugins)
    from portal.context import system_actor, use_actor
    from portal.tenancy import EVERYTHING, use_scope

    with app.app_context(), use_actor(system_actor("test")), use_scope(EVERYTHING):
        with unit_of_work("test") as session:
            town = Organisation(code="500115003", name="江南街道", short_name="江南", kind="subdistrict")
            session.add(town)
            session.flush()
            ring = keyring()
            rows = [
                {"org_id": town.id, "uid": f"{number:032x}", "name": "某人", "employment_type": "公务员", "id_number_index": f"{number:032d}".encode(),
                 "id_number_enc": ring.encrypt("directory.person.id_number", f"{number:018d}", f"{number:032x}"), "id_number_hint": "", "gender": "", "position": "",
                 "post_status": "在岗", "category": "", "has_legal_qualification": False, "legal_qualification_no": "", "education": "", "note": "", "team": ""}
                for number in range(6000)
            ]  # fmt: skip
            session.execute(sa.insert(Person.__table__), rows)
        db.engine.dispose()
    process = subprocess.Popen(command(tmp_path, "keys", "rotate"), env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    with app.app_context():
        while time.monotonic() < deadline and rotation.keys_in_use().get(2, 0) == 0:
            db.session.rollback()
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        db.session.rollback()
        halfway = rotation.keys_in_use()
        db.session.rollback()
        db.engine.dispose()
    assert sum(halfway.values()) == 6000 and halfway[2] >= 500
    again = run(tmp_path, "keys", "rotate", "--json")
    assert again.returncode == 0, again.stderr
    report = json.loads(again.stdout)
    assert report["key"] == 2 and report["new"] is False and report["failed"] == 0 and report["retired"] == 1
    listed = json.loads(run(tmp_path, "keys", "list", "--json").stdout)["keys"]
    assert [(row["key"], row["state"], row["values"], bool(row["retired"])) for row in listed] == [(1, "retired", 0, True), (2, "current", 6000, False)]
    kept = (tmp_path / "keys.json").read_text()
    (tmp_path / "keys.json").unlink()
    doctor = run(tmp_path, "doctor")
    assert doctor.returncode == 1 and "6000 protected values (directory.person) cannot be read: key 2 is not in keys.json" in doctor.stdout
    assert "cannot be read" in run(tmp_path, "keys", "rotate").stderr
    data = json.loads(kept)
    data["keys"]["2"] = data["keys"]["1"][::-1]
    (tmp_path / "keys.json").write_text(json.dumps(data))
    (tmp_path / "keys.json").chmod(0o600)
    started = run(tmp_path, "serve")
    assert started.returncode == 2 and "is not the one with which they were encrypted" in started.stderr and "Traceback" not in started.stderr
    (tmp_path / "keys.json").write_text(kept)
    assert "MEND  keys" not in run(tmp_path, "doctor").stdout
