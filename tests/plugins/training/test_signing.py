"""Sign-in by the code that changes every half minute: in and out, late, elsewhere, without a seat, with an old code."""

import datetime as dt
import re

import pytest

from plugins.training import signing
from plugins.training.models import Enrolment, Sign, Training
from portal.database import utcnow
from tests.plugins.training.helpers import only, person, rows_of, session_of, there
from tests.plugins.training.test_workflow import text

START = dt.datetime(2026, 11, 24, 1, 0, tzinfo=dt.UTC)
"""09:00 in the office."""


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(START - dt.timedelta(minutes=10), tick=False)
    return time_machine


@pytest.fixture
def session(app_sqlite, world, clock):
    li = person(world.jiangnan, "李明杰", world.account("jn_officer"))
    key = session_of(world.jiangnan, "2026-11-24 09:00", title="现场培训")
    there(key, [li], "-", "-")
    return key


def code() -> str:
    return signing.code(rows_of(Training)[0], utcnow())


def scan(post, client, key, shown: str, **data):
    page = client.get(f"/training/sign/{key}?code={shown}")
    ticket = re.search(r'name="ticket" value="([^"]+)"', text(page))
    return page, post(client, f"/training/sign/{key}", {"ticket": ticket[1] if ticket else "", **data}, page="/training/mine")


def test_in_and_out(session, login, post, clock):
    officer = login("jn_officer")
    page, answer = scan(post, officer, session, code())
    assert page.status_code == 200 and answer.status_code == 303 and only(Enrolment).state == "present"
    clock.move_to(START + dt.timedelta(hours=2), tick=False)
    officer = login("jn_officer")
    assert scan(post, officer, session, code())[1].status_code == 303
    row = only(Enrolment)
    assert row.state == "attended" and row.in_at == START - dt.timedelta(minutes=10) and row.out_at == START + dt.timedelta(hours=2)
    again = scan(post, officer, session, code())[1]
    assert again.status_code == 409 and "您已于 11:00 签退" in text(again)
    assert [(sign.kind, sign.how) for sign in rows_of(Sign)] == [("in", "qr"), ("out", "qr")]


def test_the_code_changes_and_an_old_one_is_worth_nothing(session, login, post, clock):
    officer = login("jn_officer")
    first = code()
    clock.shift(dt.timedelta(seconds=signing.SECONDS))
    assert code() != first and officer.get(f"/training/sign/{session}?code={first}").status_code == 200
    clock.shift(dt.timedelta(seconds=signing.SECONDS))
    page, answer = scan(post, officer, session, first)
    assert page.status_code == 422 and "二维码已过期" in text(page) and answer.status_code == 422
    for wrong in ("", "A" * 16, "é", "x" * 5000):
        assert officer.get(f"/training/sign/{session}?code={wrong}").status_code == 422
    assert only(Enrolment).state == "enrolled"


def test_a_ticket_is_for_one_account_and_five_minutes(session, login, post, clock):
    training = only(Training)
    ticket = signing.ticket(training, 7, utcnow())
    assert signing.ticket_fits(training, 7, ticket, utcnow()) and not signing.ticket_fits(training, 8, ticket, utcnow())
    assert not signing.ticket_fits(training, 7, ticket, utcnow() + dt.timedelta(seconds=301)) and not signing.ticket_fits(training, 7, "x.y", utcnow())
    assert not signing.ticket_fits(training, 7, ticket, utcnow() - dt.timedelta(seconds=5))


@pytest.mark.parametrize(("minutes", "words"), [(-61, "还不到签到时间"), (181, "培训已经结束"), (300, "签到时间已过")])
def test_too_early_and_too_late(session, login, post, clock, minutes, words):
    clock.move_to(START + dt.timedelta(minutes=minutes), tick=False)
    answer = scan(post, login("jn_officer"), session, code())[1]
    assert answer.status_code == 422 and words in text(answer)


def test_without_a_seat_it_asks_first(app_sqlite, world, login, post, clock):
    person(world.jiangnan, "李明杰", world.account("jn_officer"))
    key = session_of(world.jiangnan, "2026-11-24 09:00")
    officer = login("jn_officer")
    page, refused = scan(post, officer, key, code())
    assert "没有报名" in text(page) and refused.status_code == 409 and rows_of(Enrolment) == []
    assert scan(post, officer, key, code(), join="1")[1].status_code == 303
    assert only(Enrolment).source == "walkin" and only(Enrolment).state == "present"


def test_nobody_is_in_two_rooms(session, world, login, post):
    officer = login("jn_officer")
    assert scan(post, officer, session, code())[1].status_code == 303
    other = session_of(world.jiangnan, "2026-11-24 09:30", title="另一间")
    there(other, [only(Enrolment).person_id], "-", "-")
    training = only(Training, Training.id == other)
    answer = scan(post, officer, other, signing.code(training, utcnow()))[1]
    assert answer.status_code == 422 and "现场培训" in text(answer) and "尚未签退" in text(answer)


def test_an_account_that_stands_for_nobody(session, login, post):
    answer = login("jn_legal").get(f"/training/sign/{session}?code={code()}")
    assert answer.status_code == 422 and "没有关联人员" in text(answer)


def test_the_screen_shows_the_code_and_nothing_else_without_login(session, app_sqlite, login, clock):
    stranger = app_sqlite.test_client()
    link = login("jn_train").get(f"/training/{session}/screen")
    address = link.headers["Location"]
    page = stranger.get(address)
    assert page.status_code == 200 and "现场培训" in text(page) and "李明杰" not in text(page) and "data:image/svg+xml" in text(page)
    fragment = stranger.get(address, headers={"HX-Request": "true"})
    assert fragment.status_code == 200 and "<html" not in text(fragment)
    assert stranger.get(address[:-1] + ("A" if address[-1] != "A" else "B")).status_code == 404
    assert stranger.get(f"/training/screen/{session}/é").status_code == 404
    clock.move_to(START + dt.timedelta(days=1), tick=False)
    assert stranger.get(address).status_code == 404


def test_a_manager_links_an_account(app_sqlite, world, login, post):
    who = person(world.jiangnan, "罗建国")
    manager, page = login("jn_train"), f"/training/people/{who}"
    assert "还没有关联人员" in text(login("jn_other").get("/training/mine"))
    assert post(manager, f"{page}/account", {"account": str(world.account("gl_officer").id)}, page=page).status_code == 422
    assert post(manager, f"{page}/account", {"account": str(world.account("jn_other").id)}, page=page).status_code == 303
    assert "罗建国" in text(login("jn_other").get("/training/mine"))


def test_whoever_comes_without_a_seat_to_a_full_room_is_told_so(app_sqlite, world, login, post, clock):
    person(world.jiangnan, "李明杰", world.account("jn_officer"))
    key = session_of(world.jiangnan, "2026-11-24 09:00", capacity=1)
    there(key, [person(world.jiangnan, "王芳")], "-", "-")
    _page, answer = scan(post, login("jn_officer"), key, code(), join="1")
    assert answer.status_code == 422 and "人数已满" in text(answer) and len(rows_of(Enrolment)) == 1 and rows_of(Sign) == []
