"""Reminders at amber, at due and when overdue; identities that have had their time."""

import datetime as dt

import pytest
import sqlalchemy as sa

from plugins.complaints.models_identity import Identity
from portal.audit.models import Event
from portal.audit.verify import verify
from portal.database import db
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.complaints.helpers import TODAY, archive, change, fetch, matter, person

D = dt.date


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def told(account) -> list[str]:
    return list(db.session.scalars(sa.select(Notice.title).where(Notice.account_id == account.id).order_by(Notice.id)))


def run(name, day):
    outcome = run_job(name, today=day, requested_by="test")
    assert outcome.state == "done", outcome.error
    return outcome.result


def test_reminders_come_once_each_and_rise(app, world):
    key = matter(world.jiangnan)
    change(key, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    due = fetch(key).due_on
    assert due == D(2026, 12, 15)
    assert run("complaints.remind", D(2026, 12, 9))["amber"] == 0
    for day, what in ((D(2026, 12, 10), "amber"), (D(2026, 12, 11), "amber"), (due, "due"), (D(2026, 12, 16), "overdue"), (D(2026, 12, 17), "overdue")):
        assert run("complaints.remind", day)[what] == 1
    officer = told(world.account("jn_officer"))
    assert [title.partition("号 ")[2] for title in officer] == ["将于 2026-12-15 到期", "今天到期", "已超期（期限 2026-12-15）"]
    assert len(told(world.account("jn_leader"))) == 1 and told(world.account("sup"))[0].startswith("江南街道：")
    assert told(world.account("gl_head")) == []


def test_danger_is_told_on_every_day_and_rises(app_sqlite, world):
    key = matter(world.jiangnan, urgency="danger")
    assert [run("complaints.remind", D(2026, 11, day))["danger"] for day in (24, 25, 25, 26)] == [0, 1, 1, 1]
    head = [title.partition("号 ")[2] for title in told(world.account("jn_head")) if "危险紧急" in title]
    assert head == ["危险紧急：应于 11-25 10:00 前先行处置", "危险紧急：11-25 10:00 已过，尚未先行处置"]
    assert any("已过" in title for title in told(world.account("jn_leader"))) and any("已过" in title for title in told(world.account("sup")))
    assert told(world.account("gl_head")) == []
    change(key, state="handling", first_done_on=D(2026, 11, 26), sort_due=D(2026, 12, 15))
    assert run("complaints.remind", D(2026, 11, 27))["danger"] == 0


def test_what_is_due_on_a_rest_day_is_told_on_the_working_day_before(app_sqlite, world):
    key = matter(world.jiangnan, kind="hotline")
    saturday = D(2026, 12, 5)
    change(key, state="handling", handler_id=world.account("jn_officer").id, due_on=saturday, legal_due=saturday, sort_due=saturday)
    assert run("complaints.remind", D(2026, 12, 4))["due"] == 1 and run("complaints.remind", saturday)["due"] == 1
    assert [title.partition("号 ")[2] for title in told(world.account("jn_officer"))] == ["将于 2026-12-05 到期"]


def test_the_suspended_are_left_alone_and_a_first_answer_is_reminded(app_sqlite, world):
    held = matter(world.jiangnan)
    change(held, state="suspended", suspended_on=TODAY, sort_due=D(9999, 12, 31))
    matter(world.jiangnan, kind="petition")
    result = run("complaints.remind", D(2026, 12, 16))
    assert result["overdue"] == 0 and result["first"] == 1
    assert "前告知" in told(world.account("jn_head"))[0]


def test_a_dry_run_reminds_nobody(app_sqlite, world):
    matter(world.jiangnan)
    outcome = run_job("complaints.remind", today=D(2026, 12, 16), dry_run=True)
    assert outcome.state == "done" and outcome.result["overdue"] == 1 and told(world.account("jn_head")) == []
    assert run("complaints.remind", D(2026, 12, 16))["overdue"] == 1 and len(told(world.account("jn_head"))) == 1


def test_the_named_officer_is_not_reminded_of(app_sqlite, world):
    named = person(world.jiangnan, "周平", world.account("jn_head"))
    key = matter(world.jiangnan, kind="accusation", officers=(named,))
    run("complaints.remind", D(2026, 12, 17))
    assert told(world.account("jn_head")) == [] and told(world.account("jn_leader")) and fetch(key).state == "registered"


def test_identities_go_when_their_time_has_passed(app, world):
    old, young = matter(world.jiangnan), matter(world.jiangnan)
    archive(old, D(2023, 11, 23))
    archive(young, D(2023, 11, 24))
    assert run_job("complaints.forget", today=TODAY, dry_run=True).result["deleted"] == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 2, "a dry run deletes nothing"
    assert run("complaints.forget", TODAY)["deleted"] == 1
    assert run("complaints.forget", TODAY)["deleted"] == 0
    with use_scope(EVERYTHING):
        assert list(db.session.scalars(sa.select(Identity.complaint_id))) == [young]
        texts = [f"{event.before}{event.after}{event.reason}" for event in db.session.scalars(sa.select(Event))]
    assert not any(word in text for text in texts for word in ("张三丰", "张**", "13812341234", "138****1234"))
    assert any("保存期满" in text for text in texts)
    db.session.rollback()
    assert verify(db.engine, app.extensions["portal"].settings.instance / "audit-heads.jsonl").ok


def test_towns_where_the_module_is_off_are_left_alone(app_sqlite, world):
    from portal.work import unit_of_work

    key = matter(world.jiangnan)
    archive(key, D(2020, 1, 1))
    plugins = app_sqlite.extensions["portal"].plugins
    with use_scope(EVERYTHING), unit_of_work("test") as session:
        plugins.switch(session, "complaints", world.jiangnan.id, False)
    assert run("complaints.forget", TODAY)["deleted"] == 0
    with use_scope(EVERYTHING), unit_of_work("test") as session:
        plugins.switch(session, "complaints", world.jiangnan.id, True)
    assert run("complaints.forget", TODAY)["deleted"] == 1
