"""Notices: who gets them, once, and when."""

import datetime as dt
import threading
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from portal.auth.operations import create_account, grant_role
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.database import db, utcnow
from portal.inbox import service
from portal.inbox.models import Notice
from portal.inbox.service import NewNotice, next_delivery, notify, notify_many, short_key
from portal.work import unit_of_work
from tests.worlds import PASSWORD

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("now", "delivered"),
    [
        ("2026-11-24 10:00", "2026-11-24 10:00"),  # a Tuesday in working hours: at once
        ("2026-11-24 08:59", "2026-11-24 09:00"),
        ("2026-11-24 09:00", "2026-11-24 09:00"),
        ("2026-11-24 16:59", "2026-11-24 16:59"),
        ("2026-11-24 17:00", "2026-11-25 09:00"),
        ("2026-11-24 01:30", "2026-11-24 09:00"),  # the night of the sweep
        ("2026-11-27 18:00", "2026-11-30 09:00"),  # Friday evening
        ("2026-11-29 11:00", "2026-11-30 09:00"),  # Sunday
        ("2026-11-29 23:00", "2026-11-30 09:00"),
        ("2026-10-01 10:00", "2026-10-08 09:00"),  # National Day
        ("2026-09-30 18:00", "2026-10-08 09:00"),
        ("2026-10-10 10:00", "2026-10-10 10:00"),  # a Saturday that is worked
        ("2026-10-09 17:30", "2026-10-10 09:00"),
        ("2027-10-01 10:00", "2027-10-04 09:00"),  # a year that is not yet published
    ],
)
def test_reminders_come_on_working_days_in_working_hours(app_sqlite, now, delivered):
    moment = dt.datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    found = next_delivery(moment.astimezone(dt.UTC), current_settings(), current_calendar())
    assert found.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") == delivered


def at(monkeypatch, text):
    moment = dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(dt.UTC)
    monkeypatch.setattr(service, "utcnow", lambda: moment)


def sent():
    db.session.rollback()
    return list(db.session.scalars(sa.select(Notice).order_by(Notice.id)))


def send(**values):
    with unit_of_work("test.notice") as session:
        return notify(session, NewNotice(**({"title": "提醒", "key": "test:1"} | values)))


def test_a_reminder_waits_an_urgent_one_does_not(app, world, monkeypatch):
    at(monkeypatch, "2026-11-29 11:00")
    send(account_id=world.account("jn_clerk").id)
    send(account_id=world.account("jn_clerk").id, key="test:2", urgent=True)
    waits, urgent = sent()
    assert waits.deliver_after.astimezone(SHANGHAI).isoformat() == "2026-11-30T09:00:00+08:00"
    assert urgent.deliver_after == urgent.created_at
    visible = service.delivered(world.account("jn_clerk").id)
    with app.test_request_context():
        assert db.session.scalars(sa.select(Notice.key).where(*visible)).all() == ["test:2"]
        at(monkeypatch, "2026-11-30 09:00")
        assert len(db.session.scalars(sa.select(Notice.key).where(*service.delivered(world.account("jn_clerk").id))).all()) == 2


def test_the_same_key_is_told_once_to_each(app, world):
    clerk, head = world.account("jn_clerk").id, world.account("jn_head").id
    for account in (clerk, clerk, head, clerk):
        send(account_id=account)
    assert sorted(notice.account_id for notice in sent()) == sorted((clerk, head))


def test_also_when_sent_at_once_from_several_sides(app, world):
    accounts = [world.account(name).id for name in ("jn_clerk", "jn_head", "gl_clerk")]
    db.session.rollback()
    start, errors = threading.Barrier(4), []

    def one():
        with app.app_context():
            start.wait()
            try:
                for _ in range(5):
                    with unit_of_work("test.notice") as session:
                        notify_many(session, [NewNotice(title="x", key=f"test:{n}", account_id=account) for n in range(20) for account in accounts])
            except Exception as error:
                errors.append(error)
            db.session.remove()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and len(sent()) == 60


def names(world, *usernames):
    return sorted(world.account(name).id for name in usernames)


def test_the_holders_of_a_role_in_a_town_and_anywhere(app, world):
    send(role="office_head", org_id=world.jiangnan.id)
    assert sorted(notice.account_id for notice in sent()) == names(world, "jn_head")
    send(role="office_head", key="test:2")
    assert sorted(notice.account_id for notice in sent()[1:]) == names(world, "jn_head", "gl_head")


def test_neither_the_inactive_nor_those_whose_role_has_ended(app, world):
    with unit_of_work("test.people") as session:
        for username, changes in (("gone", {"valid_to": dt.date(2020, 1, 1)}), ("later", {"valid_from": dt.date(2099, 1, 1)})):
            account = create_account(session, username, "某人", PASSWORD)
            session.flush()
            grant = grant_role(session, account, "leader", world.gelan)
            for key, value in changes.items():
                setattr(grant, key, value)
        off = create_account(session, "off", "某人", PASSWORD)
        session.flush()
        grant_role(session, off, "leader", world.gelan)
        off.active = False
    assert send(role="leader", org_id=world.gelan.id) == 0 and sent() == []


def test_thousands_take_few_statements(app, world):
    account, town, statements = world.account("jn_clerk").id, world.jiangnan.id, []
    sa.event.listen(db.engine, "before_cursor_execute", count := lambda *args: statements.append(args[2]))
    with unit_of_work("test.many") as session:
        notify_many(session, [NewNotice(title=f"第 {n} 条", key=f"test:{n}", account_id=account, role="leader", org_id=town) for n in range(2000)])
    sa.event.remove(db.engine, "before_cursor_execute", count)
    assert len(sent()) == 4000 and len([text for text in statements if "inbox_notice" in text]) <= 10 and len(statements) < 30


def test_long_keys_stay_apart(app, world):
    assert short_key("a" * 120) == "a" * 120
    one, other = short_key("a" * 200 + "1"), short_key("a" * 200 + "2")
    assert one != other and len(one) == len(other) == 120


def test_counts_ask_once_a_request(app, world):
    from flask import g

    account = world.account("jn_clerk")
    send(account_id=account.id, org_id=world.jiangnan.id, urgent=True)
    send(account_id=account.id, key="test:2", urgent=True)
    with app.test_request_context():
        assert service.counts() == {"notices": 0, "todos": 0}, "nobody is there"
        g.account, g.grant = world.account("jn_clerk"), world.account("jn_clerk").grants[0]
        assert service.counts()["notices"] == 2
        statements = []
        sa.event.listen(db.engine, "before_cursor_execute", count := lambda *args: statements.append(args[2]))
        assert service.counts()["notices"] == 2
        sa.event.remove(db.engine, "before_cursor_execute", count)
        assert statements == []


def test_utc_is_kept(app, world):
    send(account_id=world.account("jn_clerk").id, urgent=True)
    assert abs(sent()[0].created_at - utcnow()) < dt.timedelta(minutes=1)
