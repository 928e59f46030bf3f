"""The inbox's pages: own notices only, unread first, and a link only to the portal itself."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from portal.database import db, utcnow
from portal.inbox.models import Notice
from portal.work import unit_of_work
from tests.plugins.certificates.helpers import TODAY, certificate, sweep


def add(world, username="jn_clerk", n=1, **values):
    now = utcnow() - dt.timedelta(hours=1)
    defaults = {"account_id": world.account(username).id, "title": f"通知{n}号", "key": f"test:{n}", "created_at": now, "deliver_after": now}
    with unit_of_work("test.notice") as session:
        notice = Notice(**(defaults | values))
        session.add(notice)
        session.flush()
        return notice.id


def inbox(client, address="/inbox"):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def unread(username, world):
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Notice).where(Notice.account_id == world.account(username).id, Notice.read_at.is_(None)))


def test_opening_marks_as_read_and_leads_there(app, world, login, post):
    key = add(world, url="/people")
    client = login("jn_clerk")
    answer = post(client, f"/inbox/{key}/open", page="/inbox")
    assert answer.status_code == 303 and answer.headers["Location"] == "/people" and unread("jn_clerk", world) == 0


def test_marking_one_and_all_as_read(app, world, login, post):
    keys = [add(world, n=n) for n in range(3)]
    client = login("jn_clerk")
    assert post(client, f"/inbox/{keys[0]}/read", page="/inbox").status_code == 303 and unread("jn_clerk", world) == 2
    add(world, "jn_head")
    assert post(client, "/inbox/read", page="/inbox").status_code == 303
    assert unread("jn_clerk", world) == 0 and unread("jn_head", world) == 1
    assert "全部标为已读" not in inbox(client)


@pytest.mark.parametrize("url", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)", ""])
def test_no_notice_leads_away(app_sqlite, world, login, post, url):
    key = add(world, url=url)
    answer = post(login("jn_clerk"), f"/inbox/{key}/open", page="/inbox")
    assert answer.status_code == 303 and answer.headers["Location"] in ("/", "/inbox")


def test_other_peoples_and_those_not_yet_delivered_are_not_there(app, world, login, post):
    other = add(world, "jn_head")
    later = add(world, n=2, deliver_after=utcnow() + dt.timedelta(hours=5))
    elsewhere = add(world, n=3, org_id=world.gelan.id)
    client = login("jn_clerk")
    html = inbox(client)
    assert "通知1号" not in html and "通知2号" not in html and "通知3号" not in html
    for key in (other, later, elsewhere, 999999, 99999999999999999999):
        for what in ("open", "read"):
            assert post(client, f"/inbox/{key}/{what}", page="/inbox").status_code == 404
    assert unread("jn_head", world) == 1


def test_unread_first_and_every_notice_on_one_of_the_pages(app, world, login):
    for n in range(120):
        add(world, n=n, read_at=utcnow() if n % 2 else None)
    client, address, seen = login("jn_clerk"), "/inbox", []
    while address:
        html = inbox(client, address)
        seen += [int(number) for number in re.findall(r"通知(\d+)号", html)]
        more = re.search(r'href="(/inbox\?before=[ur]\d+)"', html)
        address = more[1] if more else None
    assert seen == [*range(118, -1, -2), *range(119, 0, -2)]


def test_titles_are_escaped(app_sqlite, world, login):
    add(world, title="<b onclick=x>加粗</b>", body="<script>1</script>")
    html = inbox(login("jn_clerk"))
    assert "&lt;b onclick=x&gt;" in html and "<script>1" not in html


def test_to_dos_vanish_with_their_cause_and_notices_with_their_plugin(app, world, login):
    key = certificate(world.jiangnan, "TODO00001", TODAY - dt.timedelta(days=1))
    sweep()
    with unit_of_work("test.deliver") as session:
        for notice in session.scalars(sa.select(Notice)):
            notice.deliver_after = utcnow() - dt.timedelta(minutes=1)
    client = login("jn_clerk")
    html = inbox(client)
    assert 'class="todo"' in html and "收回" in html
    head = client.get("/").get_data(as_text=True)
    assert re.search(r'class="count"[^>]*>[1-9]', head)
    from plugins.certificates.models import Certificate

    with unit_of_work("test.done") as session:
        session.get(Certificate, key).clearing = "recovered"
    assert 'class="todo" href' not in inbox(client) or "待收回" not in inbox(client)
    plugins = app.extensions["portal"].plugins
    with unit_of_work("test.off") as session:
        plugins.switch(session, "certificates", world.jiangnan.id, False)
    html = inbox(client)
    assert "TODO00001" not in html and "执法证件" not in html.split("<main")[-1] and 'class="todo"' not in html
