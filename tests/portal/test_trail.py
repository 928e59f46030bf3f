"""The trail, tenancy and numbers on both databases."""

import datetime as dt
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import audit
from portal.audit.capture import NotAudited
from portal.audit.export import export_events
from portal.database import db
from portal.directory.models import Person
from portal.errors import OutsideScope
from portal.records.numbers import next_number
from portal.tenancy import NOTHING, Scope, use_scope
from portal.work import unit_of_work


def add_person(org_id: int, name: str = "周平") -> int:
    with unit_of_work("person.created", reason="登记") as session:
        person = Person(org_id=org_id, name=name, employment_type="公务员")
        person.set_id_number("11010519491231002X")
        session.add(person)
        session.flush()
        return person.id


def test_a_change_is_an_event_of_its_town_and_secrets_stay_out(app, world):
    person_id = add_person(world.jiangnan.id)
    with unit_of_work("person.renamed"):
        db.session.get(Person, person_id).name = "周平平"
    events = audit.history("directory.person", person_id)
    assert [(e.action, e.op, e.chain_id) for e in events] == [
        ("person.renamed", "update", world.jiangnan.id),
        ("person.created", "insert", world.jiangnan.id),
    ]
    assert events[1].reason == "登记"
    assert "周平平" in events[0].after and "周平" in events[0].before
    assert "11010519491231002X" not in events[1].after
    assert audit.verify_instance(app).ok


def test_what_is_rolled_back_leaves_no_event(app, world):
    before = db.session.scalar(sa.select(sa.func.count()).select_from(audit.Event))
    with pytest.raises(RuntimeError), unit_of_work("person.created") as session:
        session.add(Person(org_id=world.jiangnan.id, name="甲", employment_type="公务员"))
        session.flush()
        raise RuntimeError
    assert db.session.scalar(sa.select(sa.func.count()).select_from(audit.Event)) == before


@pytest.mark.parametrize("statement", ["UPDATE audit_event SET reason = 'x'", "DELETE FROM audit_event"])
def test_the_database_refuses_to_change_events(app, statement):
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        connection.exec_driver_sql(statement)


def test_truncate_and_replace_are_refused(app):
    with pytest.raises(sa.exc.DBAPIError), db.engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("TRUNCATE audit_event")
        else:
            connection.exec_driver_sql("REPLACE INTO audit_event SELECT * FROM audit_event LIMIT 1")


def test_an_edited_event_is_named_and_a_cut_tail_is_noticed(app, world):
    from portal.audit.protection import drop_protection

    person_id = add_person(world.jiangnan.id)
    chain, seq = world.jiangnan.id, audit.history("directory.person", person_id)[0].seq
    db.session.rollback()
    with db.engine.begin() as connection:
        drop_protection(connection)
        where = {"c": chain, "s": seq}
        connection.execute(sa.text("UPDATE audit_event SET reason = 'other' WHERE chain_id = :c AND seq = :s"), where)
    broken = audit.verify_instance(app).broken
    assert (broken["chain"], broken["seq"], broken["problem"], broken["organisation"]) == (chain, seq, "changed", "江南街道")
    db.session.rollback()
    with db.engine.begin() as connection:
        last = connection.execute(sa.text("SELECT hash FROM audit_event WHERE chain_id = :c AND seq = :s"), {"c": chain, "s": seq - 1}).scalar()
        connection.execute(sa.text("DELETE FROM audit_event WHERE chain_id = :c AND seq >= :s"), where)
        connection.execute(sa.text("UPDATE audit_head SET seq = :s, hash = :h WHERE chain_id = :c"), {"c": chain, "s": seq - 1, "h": last or bytes(32)})
    broken = audit.verify_instance(app).broken
    assert broken is not None and "noted outside" in broken["problem"]


def test_an_export_is_checked_without_the_portal(app, world, tmp_path):
    add_person(world.gelan.id)
    file = tmp_path / "trail.jsonl"
    with file.open("w", encoding="utf-8") as stream:
        count = export_events(db.session, stream)
    script = Path(__file__).resolve().parents[2] / "docs" / "verify_audit.py"
    done = subprocess.run([sys.executable, str(script), str(file)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith(f"{count} events")
    file.write_text(file.read_text(encoding="utf-8").replace("葛兰镇", "葛兰乡", 1), encoding="utf-8")
    assert subprocess.run([sys.executable, str(script), str(file)], capture_output=True).returncode == 1


def test_a_query_sees_only_its_towns(app, world):
    add_person(world.jiangnan.id)
    here, there = world.jiangnan.id, world.gelan.id
    names = sa.select(Person.name)
    with use_scope(Scope("town", frozenset({here}))):
        assert db.session.scalars(names).all() == ["周平"]
    with use_scope(Scope("town", frozenset({there}))):
        assert db.session.scalars(names).all() == []
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0
        with pytest.raises(OutsideScope):
            add_person(here, "乙")
    with use_scope(NOTHING):
        assert db.session.scalars(names).all() == []


def test_bulk_statements_on_audited_records_are_refused(app, world):
    with pytest.raises(NotAudited), unit_of_work("bulk") as session:
        session.execute(sa.update(Person).values(name="丙"))


def test_numbers_have_no_gap_after_a_rollback(app, world):
    town = world.jiangnan.id

    def give(fail: bool = False) -> int:
        with unit_of_work("number") as session:
            number = next_number(session, town, "application", 2026)
            if fail:
                raise RuntimeError
            return number

    assert give() == 1
    with pytest.raises(RuntimeError):
        give(fail=True)
    assert give() == 2


def test_changes_of_people_take_effect_on_their_day(app, world):
    from portal.directory.operations import apply_due_changes, record_change

    person_id = add_person(world.jiangnan.id)
    with unit_of_work("person.change") as session:
        record_change(session, session.get(Person, person_id), "retire", dt.date(2026, 12, 1), dt.date(2026, 11, 24))
    assert db.session.get(Person, person_id).post_status == "在岗"
    with unit_of_work("people.due") as session:
        assert apply_due_changes(session, dt.date(2026, 12, 1)) == 1
        assert apply_due_changes(session, dt.date(2026, 12, 1)) == 0
    assert db.session.get(Person, person_id).post_status == "退休"


def test_a_separate_write_needs_nothing_else_first(app, world):
    """The first thing a process does may be a short write of its own: nothing may queue for the gate beside it."""
    from portal.jobs import leases

    db.session.remove()
    app.extensions["portal"].plugins.forget()
    token = leases.take("anything")
    assert token and leases.take("anything") is None
    assert leases.beat("anything", token)
    leases.give_back("anything", token)
    assert leases.take("anything")


def test_whoever_writes_meanwhile_does_not_make_the_trail_look_broken(app, world, monkeypatch):
    verifying = sys.modules["portal.audit.verify"]

    def write_one() -> None:
        with app.app_context():
            audit.note("meeting.held", record_type="core.test", record_id=1, chain_id=world.jiangnan.id)

    def check(row, state, marks, **more):
        if not done:
            done.append(True)
            worker = threading.Thread(target=write_one)
            worker.start()
            worker.join()
        return checked(row, state, marks, **more)

    done: list[bool] = []
    checked = verifying._check
    monkeypatch.setattr(verifying, "_check", check)
    db.session.rollback()
    report = audit.verify_instance(app)
    assert done and report.ok, report.broken
    db.session.rollback()
    again = audit.verify_instance(app)
    assert again.ok and again.events == report.events + 1
