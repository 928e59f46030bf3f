"""A row that is written by a plain statement leaves the same behind as one that was flushed."""

import json

import pytest
import sqlalchemy as sa

from portal.audit import Event, verify_instance
from portal.audit.chain import begun
from portal.database import db
from portal.directory.models import Person
from portal.errors import OutsideScope
from portal.records.bulk import adopt, insert_row, insert_rows, reserve_ids, values_of
from portal.search import index, matching
from portal.search.models import DOCUMENTS
from portal.tenancy import Scope, use_scope
from portal.work import unit_of_work


def made(org_id, uid):
    person = Person(org_id=org_id, uid=uid, name="周平", employment_type="公务员", position="执法岗")
    person.set_id_number("11010519491231002X")
    return person


def event_of(person_id):
    event = db.session.scalars(sa.select(Event).where(Event.record_type == "directory.person", Event.record_id == person_id)).one()
    after = json.loads(event.after)
    return (event.chain_id, event.op, event.action, event.reason, {name: value for name, value in after.items() if name not in ("id", "uid")})


def test_columns_event_and_search_are_those_of_a_flush(app, world):
    org_id, other = world.jiangnan.id, world.gelan.id
    with unit_of_work("person.created", reason="登记") as session:
        flushed = made(org_id, "a" * 32)
        session.add(flushed)
        session.flush()
        first = flushed.id
    with unit_of_work("person.created", reason="登记") as session:
        person = made(other, "b" * 32)
        row = insert_row(session, Person, values_of(person) | {"id_number_index": None})
        person.id = row["id"]
        adopt(session, person, row)
        assert person in session and not session.dirty and not session.new
        second = person.id
    before, after = event_of(first), event_of(second)
    assert before[1:4] == after[1:4] and after[0] == other
    differing = {name for name in before[4] if before[4][name] != after[4][name]}
    assert differing <= {"org_id", "id_number_index"}, differing
    table = Person.__table__
    rows = {row.id: dict(row) | {"id": 0} for row in db.session.execute(sa.select(table).where(table.c.id.in_([first, second]))).mappings()}
    assert {name for name in rows[first] if rows[first][name] != rows[second][name]} <= {"org_id", "uid", "id_number_enc", "id_number_index"}
    assert set(db.session.scalars(sa.select(Person.id).where(matching(Person, "执法岗").condition))) >= {first, second}
    with unit_of_work("person.renamed") as session:
        session.get(Person, second).name = "周平平"
    assert db.session.get(Person, second).version == 2 and verify_instance(app).ok


def test_rows_of_a_town_that_is_not_ours_are_refused(app, world):
    ours, theirs = world.jiangnan.id, world.gelan.id
    with pytest.raises(OutsideScope), use_scope(Scope("town", frozenset({ours}))), unit_of_work("test.rows") as session:
        insert_row(session, Person, values_of(made(theirs, "c" * 32)))
    with pytest.raises(OutsideScope), use_scope(Scope("town", frozenset({ours}))), unit_of_work("test.rows") as session:
        keys = reserve_ids(session, Person, 2)
        insert_rows(session, Person, [values_of(made(town, uid * 32)) | {"id": key} for town, uid, key in zip((ours, theirs), "de", keys, strict=True)])
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0


def test_a_document_that_stands_under_the_key_of_a_new_record_is_replaced(app, world):
    with unit_of_work("test.index") as session:
        index.write(session.connection(), [index.Entry(99, "旧的文字", 1)])
        index.write(session.connection(), [index.Entry(99, "新的话语", 2)], fresh=True)
    assert db.session.execute(sa.select(DOCUMENTS.c.text).where(DOCUMENTS.c.key == 99)).scalar_one() == "新的话语"


def test_a_chain_whose_head_is_wrongly_believed_to_be_there_gets_one(app, world):
    begun().add(world.police.id)
    with unit_of_work("person.created") as session:
        session.add(made(world.police.id, "f" * 32))
    assert verify_instance(app).ok and world.police.id in begun()
