"""People of a town: entry, correction, changes that take effect on a day, moving to another town."""

import datetime as dt

import sqlalchemy as sa

from portal.clock import today as clock
from portal.database import db, utcnow
from portal.directory.models import Person, PersonChange
from portal.directory.operations import apply_due_changes
from portal.work import unit_of_work
from tests.plugins.certificates.helpers import id_number

FORM = {"name": "赵敏", "gender": "女", "employment_type": "公务员", "education": "本科", "position": "科员"}


def people(name="赵敏"):
    db.session.rollback()
    return db.session.scalars(sa.select(Person).where(Person.name == name).order_by(Person.id)).unique().all()


def test_a_person_is_entered_and_a_number_is_checked_and_stands_once_a_town(app, world, login, post):
    head = login("jn_head")
    wrong = post(head, "/people/new", {**FORM, "id_number": "500221198001010010"}, page="/people/new")
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422 and "校验位不符" in text and "赵敏" in text
    assert post(head, "/people/new", {**FORM, "id_number": id_number(1)}, page="/people/new").status_code == 303
    twice = post(head, "/people/new", {**FORM, "id_number": id_number(1).lower()}, page="/people/new")
    assert twice.status_code == 422 and "已登记过" in twice.get_data(as_text=True)
    assert len(people()) == 1 and people()[0].org_id == world.jiangnan.id
    blank = post(head, "/people/new", {**FORM, "name": "  "}, page="/people/new")
    assert blank.status_code == 422 and "请填写此项" in blank.get_data(as_text=True)
    assert "<mark>赵</mark>敏" in head.get("/people?q=赵").get_data(as_text=True) and "<mark>赵敏</mark>" in head.get("/search?q=赵敏").get_data(as_text=True)


def test_a_stale_form_is_shown_again_with_what_was_typed(app_sqlite, world, login, post):
    head = login("jn_head")
    post(head, "/people/new", FORM, page="/people/new")
    key = people()[0].id
    page = f"/people/{key}/edit"
    assert post(head, page, {**FORM, "version": "1", "position": "副主任"}, page=page).status_code == 303
    stale = post(head, page, {**FORM, "version": "1", "position": "主任科员"}, page=page)
    text = stale.get_data(as_text=True)
    assert stale.status_code == 409 and "主任科员" in text and 'value="2"' in text
    assert people()[0].position == "副主任"


def test_a_change_takes_effect_on_its_day_and_can_be_taken_back_before(app, world, login, post):
    head = login("jn_head")
    post(head, "/people/new", FORM, page="/people/new")
    key = people()[0].id
    page = f"/people/{key}/change"
    later = clock() + dt.timedelta(days=30)
    base = {"new_value": "", "to_org_id": "0", "reason": "到龄"}
    incomplete = post(head, page, {**base, "kind": "employment", "effective_on": str(later)}, page=page)
    assert incomplete.status_code == 422 and "请选择新的用工性质" in incomplete.get_data(as_text=True)
    assert post(head, page, {**base, "kind": "retire", "effective_on": str(later)}, page=page).status_code == 303
    assert people()[0].post_status == "在岗" and "待生效" in head.get(f"/people/{key}").get_data(as_text=True)
    change = db.session.scalars(sa.select(PersonChange)).one().id
    assert post(head, f"/people/{key}/change/{change}/cancel", page=f"/people/{key}").status_code == 303
    assert post(head, page, {**base, "kind": "off_post", "effective_on": str(clock())}, page=page).status_code == 303
    assert people()[0].post_status == "离岗"
    change = db.session.scalars(sa.select(PersonChange)).one().id
    assert post(head, f"/people/{key}/change/{change}/cancel", page=f"/people/{key}").status_code == 422


def test_whoever_moves_begins_anew_there_and_the_history_stays(app, world, login, post):
    head = login("jn_head")
    post(head, "/people/new", {**FORM, "id_number": id_number(2)}, page="/people/new")
    key = people()[0].id
    page = f"/people/{key}/change"
    moved = post(head, page, {"kind": "move", "effective_on": str(clock()), "new_value": "", "to_org_id": str(world.gelan.id), "reason": "交流"}, page=page)
    assert moved.status_code == 303
    old, new = people()
    assert (old.org_id, old.post_status, old.id) == (world.jiangnan.id, "调离", key)
    assert (new.org_id, new.post_status, new.id_number()) == (world.gelan.id, "在岗", id_number(2)) and new.id_number_enc != old.id_number_enc
    assert login("gl_clerk").get(f"/people/{new.id}").status_code == 200
    assert head.get(f"/people/{new.id}").status_code == 404 == login("gl_clerk").get(f"/people/{old.id}").status_code


def test_due_changes_are_applied_in_order_and_once(app, world):
    with unit_of_work("test") as session:
        person = Person(org_id=world.jiangnan.id, name="赵敏", employment_type="事业编")
        session.add(person)
        session.flush()
        for number, kind in enumerate(("off_post", "on_post", "leave")):
            session.add(PersonChange(org_id=person.org_id, person_id=person.id, kind=kind, effective_on=dt.date(2026, 11, 1 + number), recorded_at=utcnow()))
        session.flush()
        assert apply_due_changes(session, dt.date(2026, 11, 2)) == 2
        assert person.post_status == "在岗"
        assert apply_due_changes(session, dt.date(2026, 11, 30)) == 1 and apply_due_changes(session, dt.date(2026, 11, 30)) == 0
        assert (person.post_status, person.left_on) == ("离职", dt.date(2026, 11, 3))
