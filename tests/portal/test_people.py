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


def test_whoever_retires_has_no_access_from_that_day_on(app, world, login, post):
    """A16.4: retired 2026-09-30, access closed on 2026-09-30."""
    from portal.jobs.runner import run_job

    head, officer, clerk = login("jn_head"), login("jn_officer"), world.account("jn_officer").id
    page = head.get("/people/new").get_data(as_text=True)
    assert "李明杰 jn_officer" in page and "gl_officer" not in page, "accounts of the own town only"
    post(head, "/people/new", {**FORM, "name": "李明杰", "account_id": clerk}, page="/people/new")
    person = people("李明杰")[0]
    assert person.account_id == clerk
    assert "jn_officer" not in head.get("/people/new").get_data(as_text=True), "an account is one person's"
    foreign = post(head, "/people/new", {**FORM, "account_id": world.account("gl_officer").id}, page="/people/new")
    assert foreign.status_code == 422
    tomorrow = clock() + dt.timedelta(days=1)
    page = f"/people/{person.id}/change"
    post(head, page, {"kind": "retire", "effective_on": tomorrow.isoformat(), "to_org_id": 0, "new_value": ""}, page=page)
    assert run_job("core.people", today=clock()).result == {"applied": 0, "failed": 0}
    assert officer.get("/").status_code == 200
    assert run_job("core.people", today=tomorrow, dry_run=True).result["applied"] == 1
    assert run_job("core.people", today=tomorrow).result["applied"] == 1
    assert run_job("core.people", today=tomorrow).result["applied"] == 0
    assert officer.get("/").status_code == 302
    account = world.account("jn_officer")
    assert not account.active and [grant.valid_to for grant in account.grants] == [clock()]


def test_whoever_holds_a_role_elsewhere_keeps_that_one(app, world, login, post):
    from portal.auth.operations import grant_role
    from portal.directory.operations import record_change

    with unit_of_work("test.leaves") as session:
        account = world.account("jn_officer")
        grant_role(session, account, "legal_reviewer", world.gelan)
        person = Person(org_id=world.jiangnan.id, name="李明杰", employment_type="公务员", account_id=account.id)
        session.add(person)
        session.flush()
        record_change(session, person, "transfer", clock(), clock())
    account = world.account("jn_officer")
    assert account.active and [grant.org_id for grant in account.grants if grant.holds_on(clock())] == [world.gelan.id]
    page = login("jn_officer").get("/").get_data(as_text=True)
    assert "葛兰" in page


def test_a_role_is_given_for_a_year_ends_by_itself_and_may_be_given_again(app, world, login, post):
    admin, account = login("secadmin"), world.account("jn_other").id
    page = f"/admin/accounts/{account}"
    assert (clock() + dt.timedelta(days=365)).isoformat() in admin.get(page).get_data(as_text=True)
    grant = {"role": "office_head", "org_id": world.jiangnan.id}
    early = post(admin, page, {**grant, "valid_to": (clock() - dt.timedelta(days=1)).isoformat()}, page=page)
    assert early.status_code == 422 and "不能早于今天" in early.get_data(as_text=True)
    assert post(admin, page, {**grant, "valid_to": clock().isoformat()}, page=page).status_code == 303
    assert post(admin, page, grant, page=page).status_code == 422, "it holds through its last day"
    with unit_of_work("test.time_passes") as session:
        held = next(item for item in session.get(type(world.account("jn_other")), account).grants if item.role == "office_head")
        held.valid_to = clock() - dt.timedelta(days=1)
    assert "已于" in admin.get(page).get_data(as_text=True)
    assert post(admin, page, grant, page=page).status_code == 303
    again = next(item for item in world.account("jn_other").grants if item.role == "office_head")
    assert again.holds_on(clock()) and again.valid_to is None
