"""Writes that share a transaction: each under its own name and in its own scope, one failing for itself alone."""

import threading

import pytest
import sqlalchemy as sa

from portal.audit import Event, verify_instance
from portal.context import Actor, system_actor, use_actor
from portal.database import db
from portal.directory.models import Person
from portal.errors import OutsideScope, Refused
from portal.records.bulk import insert_row, values_of
from portal.records.together import MOST, Together
from portal.sqlite import DatabaseBusy, WriterGate
from portal.tenancy import EVERYTHING, Scope, use_scope


@pytest.fixture
def commits(app_sqlite):
    """How many transactions were committed."""
    found = []

    def heard(connection):
        found.append(connection)

    sa.event.listen(db.engine, "commit", heard)
    yield found
    sa.event.remove(db.engine, "commit", heard)


def entered(org_id, name):
    def work(session):
        return insert_row(session, Person, values_of(Person(org_id=org_id, uid=f"{name:0>32}"[-32:], name=name, employment_type="公务员")))["id"]

    return work


def at_once(app, together, works):
    """Each work in a thread of its own, all of them waiting before the first is let through. Gives results and errors."""
    found = [None] * len(works)
    together._leading.acquire()

    def one(number, actor, scope, work):
        with app.app_context(), use_actor(actor), use_scope(scope):
            try:
                found[number] = together.do(work)
            except Exception as error:
                found[number] = error
            finally:
                db.session.remove()

    threads = [threading.Thread(target=one, args=(number, *work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    while len(together._waiting) < len(works):
        pass
    together._leading.release()
    for thread in threads:
        thread.join(30)
    return found


def test_those_who_wait_share_a_commit_and_keep_their_names(app_sqlite, world, commits):
    towns = [world.jiangnan.id, world.gelan.id]
    db.session.rollback()
    commits.clear()
    works = [(Actor(None, f"甲{n}", "x", towns[n % 2], request_id=f"r{n}"), Scope("town", frozenset({towns[n % 2]})), entered(towns[n % 2], f"甲{n}")) for n in range(7)]
    found = at_once(app_sqlite, Together("test.entered"), works)
    assert len(set(found)) == 7 and all(isinstance(key, int) for key in found) and len(commits) == 1
    for number, key in enumerate(found):
        event = db.session.scalars(sa.select(Event).where(Event.record_type == "directory.person", Event.record_id == key)).one()
        town = towns[number % 2]
        assert (event.actor, event.org_id, event.chain_id, event.action, event.request_id) == (f"甲{number}", town, town, "test.entered", f"r{number}")
    assert verify_instance(app_sqlite).ok


def test_one_that_is_refused_takes_nobody_along(app_sqlite, world):
    ours, theirs = world.jiangnan.id, world.gelan.id
    db.session.rollback()

    def refused(session):
        entered(ours, "丙")(session)
        raise Refused("不行")

    works = [
        (system_actor("a"), EVERYTHING, entered(ours, "甲")), (system_actor("b"), EVERYTHING, refused),
        (system_actor("c"), Scope("town", frozenset({ours})), entered(theirs, "丁")), (system_actor("d"), EVERYTHING, entered(theirs, "乙")),
    ]  # fmt: skip
    first, second, third, fourth = at_once(app_sqlite, Together("test.entered"), works)
    assert isinstance(first, int) and isinstance(fourth, int) and isinstance(second, Refused) and isinstance(third, OutsideScope)
    assert set(db.session.scalars(sa.select(Person.name))) == {"甲", "乙"}
    assert verify_instance(app_sqlite).ok


def test_more_than_fit_go_in_several(app_sqlite, world, commits):
    org_id = world.jiangnan.id
    db.session.rollback()
    commits.clear()
    found = at_once(app_sqlite, Together("test.entered"), [(system_actor("a"), EVERYTHING, entered(org_id, f"n{n}")) for n in range(MOST + 3)])
    assert len(set(found)) == MOST + 3 and len(commits) == 2


def test_where_the_place_is_not_to_be_had_all_who_wait_are_told(app_sqlite, world, monkeypatch):
    def busy(_gate):
        raise DatabaseBusy("数据库正忙")

    org_id = world.jiangnan.id
    db.session.rollback()
    together = Together("test.entered")
    with monkeypatch.context() as patched:
        patched.setattr(WriterGate, "enter", busy)
        found = at_once(app_sqlite, together, [(system_actor("a"), EVERYTHING, entered(org_id, f"n{n}")) for n in range(3)])
    assert all(isinstance(error, DatabaseBusy) for error in found) and not together._waiting
    with use_actor(system_actor("a")), use_scope(EVERYTHING):
        assert together.do(entered(org_id, "甲")) == 1


def test_on_postgresql_each_has_a_transaction_of_its_own(app_postgresql, world):
    with use_actor(system_actor("a")), use_scope(EVERYTHING):
        assert Together("test.entered").do(entered(world.jiangnan.id, "甲")) > 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 1
