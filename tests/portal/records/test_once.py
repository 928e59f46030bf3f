"""A form that is sent twice makes one record."""

from __future__ import annotations

import datetime as dt
import re
import threading

import pytest
from sqlalchemy import func, select

from portal.database import db, utcnow
from portal.directory.models import Person
from portal.records import once
from portal.work import unit_of_work

FORM = {"name": "王小芳", "gender": "女", "employment_type": "公务员", "education": "本科", "position": "科员"}


def people():
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Person).where(Person.name == "王小芳"))


def test_a_double_click_makes_one_person_and_leads_to_it(app, login, post):
    head = login("jn_head")
    key = re.search(r'name="form_key" value="([0-9a-f]{32})"', head.get("/people/new").get_data(as_text=True))[1]
    first = post(head, "/people/new", {**FORM, "form_key": key}, page="/people/new")
    second = post(head, "/people/new", {**FORM, "form_key": key}, page="/people/new")
    assert first.status_code == second.status_code == 303 and first.location == second.location
    assert people() == 1
    assert post(head, "/people/new", {**FORM, "form_key": once.new_key()}, page="/people/new").status_code == 303
    assert people() == 2


def test_what_was_refused_may_be_sent_again_with_the_same_key(app, login, post):
    head, key = login("jn_head"), once.new_key()
    assert post(head, "/people/new", {**FORM, "name": "", "form_key": key}, page="/people/new").status_code == 422
    assert post(head, "/people/new", {**FORM, "form_key": key}, page="/people/new").status_code == 303
    assert people() == 1


@pytest.mark.parametrize("key", ["", "x" * 32, "A" * 32, "0" * 31, "0" * 5000])
def test_no_key_is_no_protection_and_no_error(app, login, post, key):
    assert post(login("jn_head"), "/people/new", {**FORM, "form_key": key}, page="/people/new").status_code == 303
    assert people() == 1


def test_of_two_at_the_same_moment_the_second_finds_what_the_first_made(app):
    key, found, meet = once.new_key(), [], threading.Barrier(2)

    def send(number):
        with app.app_context():
            meet.wait()
            with unit_of_work("test.once") as session:
                before = once.claim(session, key)
                if before is None:
                    once.made(session, key, f"/people/{number}")
                found.append(before)

    threads = [threading.Thread(target=send, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, found))[1] == "None" and {value for value in found if value} <= {"/people/1", "/people/2"}
    assert len([value for value in found if value is None]) == 1


def test_old_keys_are_forgotten(app):
    with unit_of_work("test.once") as session:
        for key in (once.new_key(), once.new_key()):
            assert once.claim(session, key) is None
    with unit_of_work("test.once") as session:
        assert once.purge(session, utcnow()) == 0
        assert once.purge(session, utcnow() + dt.timedelta(days=4)) == 2
