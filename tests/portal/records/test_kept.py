"""Pages of lists that are kept while nothing changes: whatever changes them makes them anew."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine

from portal.records import lists
from tests.plugins.complaints.helpers import fetch, matter

PAGE = "/complaints?state=registered"


@pytest.fixture
def made(monkeypatch):
    """How often a page was read from the database."""
    calls = []
    run = lists.run
    monkeypatch.setattr(lists, "run", lambda *given: calls.append(1) or run(*given))
    return calls


def test_a_page_is_read_once_while_nothing_changes_and_at_once_anew_after_a_change(app, world, login, made):
    with time_machine.travel(dt.datetime(2026, 11, 24, 2, 0, 5, tzinfo=dt.UTC), tick=False):
        first = matter(world.jiangnan, content="河边有人倾倒垃圾。")
        head = login("jn_head")
        made.clear()
        one, two = head.get(PAGE).get_data(as_text=True), head.get(PAGE).get_data(as_text=True)
        assert len(made) == 1 and fetch(first).number in one
        assert one.split('id="list"')[1].split("</main>")[0] == two.split('id="list"')[1].split("</main>")[0]
        second = matter(world.jiangnan, content="夜市油烟扰民。")
        three = head.get(PAGE).get_data(as_text=True)
        assert len(made) == 2 and fetch(second).number in three and fetch(second).number not in two


def test_nobody_gets_the_page_of_another(app, world, login, made):
    with time_machine.travel(dt.datetime(2026, 11, 24, 2, 0, 5, tzinfo=dt.UTC), tick=False):
        ours = matter(world.jiangnan, content="河边有人倾倒垃圾。")
        number = fetch(ours).number
        head, other, elsewhere = login("jn_head"), login("jn_leader"), login("gl_head")
        made.clear()
        pages = [client.get(PAGE).get_data(as_text=True) for client in (head, other, elsewhere)]
        assert len(made) == 3
        assert number in pages[0] and number in pages[1] and number not in pages[2]


def test_the_language_the_question_and_the_minute_belong_to_it(app, world, login, post, made):
    with time_machine.travel(dt.datetime(2026, 11, 24, 2, 0, 5, tzinfo=dt.UTC), tick=False) as clock:
        matter(world.jiangnan, content="河边有人倾倒垃圾。")
        head = login("jn_head")
        head.get(PAGE)
        made.clear()
        head.get(f"{PAGE}&size=20")
        head.get(f"{PAGE}&q=垃圾")
        head.get(f"{PAGE}&q=垃圾")
        assert len(made) == 3, "another question is another page, and searches are never kept"
        clock.shift(60)
        head.get(PAGE)
        assert len(made) == 4
        post(head, "/language", {"lang": "en"}, page=PAGE)
        made.clear()
        shown = head.get(PAGE).get_data(as_text=True).split('id="list"')[1]
        assert "Excel" in shown and "共" not in shown and len(made) == 1


def test_a_role_that_was_taken_away_takes_the_page_with_it(app, world, login):
    from portal.auth.models import RoleGrant
    from portal.database import db
    from portal.work import unit_of_work

    with time_machine.travel(dt.datetime(2026, 11, 24, 2, 0, 5, tzinfo=dt.UTC), tick=False):
        matter(world.jiangnan, content="河边有人倾倒垃圾。")
        head = login("jn_head")
        assert head.get(PAGE).status_code == 200
        with unit_of_work("test.taken") as session:
            for grant in session.query(RoleGrant).filter(RoleGrant.account_id == world.account("jn_head").id):
                session.delete(grant)
        db.session.remove()
        assert head.get(PAGE).status_code == 403
