"""Reminders and escalation, to-dos, cards, calendars, and the hooks between modules."""

import datetime as dt

import pytest
import sqlalchemy as sa

from plugins.consultations import jobs
from plugins.consultations.models import Consultation
from portal.contract import ScheduledMeeting
from portal.database import db
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.records.links import Link
from tests.plugins.complaints.helpers import matter, person
from tests.plugins.consultations.helpers import account, change, every, fetch


def titles(username):
    return [notice.title for notice in every(Notice, account_id=account(username).id)]


def run(day):
    outcome = run_job(jobs.REMIND.name, today=day)
    assert outcome.state == "done", outcome.error
    return outcome.result


def test_members_are_reminded_before_the_day_and_the_convener_after_it(play):
    key = play.collecting()
    play.give(key, "ex2")
    run(dt.date(2026, 11, 27))
    assert titles("ex1")[-1] == "江南商〔2026〕1号 会商意见请于 2026-12-01 前提交" and not any("前提交" in title for title in titles("ex2"))
    before = len(titles("sup"))
    run(dt.date(2026, 11, 27))
    run(dt.date(2026, 12, 2))
    run(dt.date(2026, 12, 3))
    assert titles("ex1").count("江南商〔2026〕1号 会商意见已超期（2026-12-01）") == 1
    assert titles("sup")[before:] == ["江南商〔2026〕1号 会商意见已超期（2026-12-01）"]


def test_the_town_is_reminded_of_its_answer_and_the_bureau_of_taking(play):
    play.sent()
    key = play.issued(title="另一案")
    run(dt.date(2026, 11, 26))
    assert "江南商〔2026〕1号 应于 2026-11-27 前受理" in titles("sup")
    run(dt.date(2026, 12, 14))
    assert titles("jn_officer")[-1] == "江南商〔2026〕2号 请于 2026-12-15 前答复采纳情况"
    run(dt.date(2026, 12, 16))
    assert "江南商〔2026〕2号 答复采纳情况已超期（2026-12-15）" in titles("sup") and "江南商〔2026〕2号 答复采纳情况已超期（2026-12-15）" in titles("jn_leader")
    assert fetch(Consultation, id=key).state == "issued"


def test_off_in_a_town_nobody_is_reminded(app, play, world):
    from portal.context import system_actor, use_actor
    from portal.work import unit_of_work

    play.collecting()
    with use_actor(system_actor("test")), unit_of_work("test.off") as session:
        app.extensions["portal"].plugins.switch(session, "consultations", world.jiangnan.id, False)
    before = titles("ex1")
    run(dt.date(2026, 12, 2))
    assert titles("ex1") == before


def test_to_dos_and_cards_are_for_whoever_has_to_act(play):
    key = play.draft()
    assert "会商" not in play.text("gl_officer", "/").split("<main")[1]
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    assert "件会商申请待审批" in play.text("jn_leader", "/") and "待审批" not in play.text("sup", "/")
    play.done("jn_leader", key, "approve")
    assert "件会商申请待受理" in play.text("sup", "/")
    play.done("sup", key, "accept", form="written")
    assert "件会商待组建会商组" in play.text("sup", "/")
    play.choose(key, "ex1", "ex2", "ex3")
    play.done("sup", key, "invite", opinion_due="2026-12-01")
    assert "件会商邀请待答复" in play.text("ex1", "/")
    play.declare(key, "ex1")
    assert "件会商意见待提交" in play.text("ex1", "/")
    play.send("ex1", f"/consultations/{key}/inquiries", {"text": "是否备案？"})
    assert "个会商询问待答复" in play.text("jn_officer", "/inbox")
    for who in ("ex1", "ex2", "ex3"):
        play.give(key, who)
    play.done("sup", key, "close")
    assert "件会商意见书待签发" in play.text("sup", "/") and "会商意见待提交" not in play.text("ex1", "/")
    play.sign(key)
    assert "件会商意见书待答复" in play.text("jn_officer", "/")


def test_a_provisional_limit_is_computed_anew_with_its_calendar(app, play, time_machine):
    from portal.calendar.service import load_year
    from portal.context import system_actor, use_actor
    from portal.work import unit_of_work

    time_machine.move_to("2026-12-18T02:00:00Z")
    key = play.issued(needed_by="2027-03-01")
    found = fetch(Consultation, id=key)
    assert found.answer_provisional and found.answer_due == dt.date(2027, 1, 11)
    with use_actor(system_actor("test")), unit_of_work("test.calendar") as session:
        load_year(session, 2027, [dt.date(2027, 1, 1), dt.date(2027, 1, 4), dt.date(2027, 1, 5)], [], "test")
    found = fetch(Consultation, id=key)
    assert not found.answer_provisional and found.answer_due == dt.date(2027, 1, 13) == found.sort_due


# -- hooks ---------------------------------------------------------------------------------------------------------------------


def test_a_complaint_offers_a_consultation_and_keeps_the_link(play, world):
    complaint = matter(world.jiangnan, title="坑塘边违建", content="坑塘边建了三间房。")
    page = play.text("jn_officer", f"/complaints/{complaint}")
    address = f"/consultations/new?from=complaints.complaint:{complaint}"
    assert address in page and address not in play.text("sup", f"/complaints/{complaint}")
    form = play.text("jn_officer", address)
    assert "坑塘边违建" in form and "坑塘边建了三间房。" in form and "张三丰" not in form
    key = play.draft(**{"from": f"complaints.complaint:{complaint}"})
    db.session.rollback()
    link = db.session.scalars(sa.select(Link).where(Link.to_type == "consultations.consultation")).one()
    assert (link.from_type, link.from_id, link.to_id, link.kind) == ("complaints.complaint", complaint, key, "consultation")
    assert f"/complaints/{complaint}" in play.text("jn_officer", f"/consultations/{key}")
    assert f"/consultations/{key}" in play.text("jn_officer", f"/complaints/{complaint}")
    assert f"/consultations/{key}" not in play.text("jn_head", f"/complaints/{complaint}")


def test_an_accusation_is_passed_on_to_nobody(play, world):
    named = person(world.jiangnan, "某某", world.account("jn_other"))
    accusation = matter(world.jiangnan, kind="accusation", content="检举内容", title="检举", officers=(named,))
    page = play.text("jn_disc", f"/complaints/{accusation}")
    assert "检举内容" in page and "consultations/new" not in page
    form = play.text("jn_head", f"/consultations/new?from=complaints.complaint:{accusation}")
    assert "检举" not in form.split("<main")[1]


@pytest.mark.parametrize("origin", ["complaints.complaint:999999", "nothing.here:1", "x", "complaints.complaint:1 OR 1", "directory.person:1"])
def test_an_origin_that_is_none_is_left_aside(play, origin):
    from urllib.parse import quote

    assert play["jn_officer"].get("/consultations/new?from=" + quote(origin)).status_code == 200
    play.draft(**{"from": origin})
    db.session.rollback()
    assert not db.session.scalars(sa.select(Link)).all()


def test_a_meeting_is_arranged_by_whoever_keeps_meetings(app, play, monkeypatch):
    asked = []
    plugins = app.extensions["portal"].plugins
    original = plugins.hooks_for

    def hooks_for(org_id, hook):
        if hook != "portal_schedule_meeting":
            return original(org_id, hook)

        def arrange(request):
            asked.append(request)
            return ScheduledMeeting("meetings.meeting:12", "/meetings/12")

        return arrange

    monkeypatch.setattr(plugins, "hooks_for", hooks_for)
    key = play.collecting("ex1", "ex2", "ga_liaison", form="meeting")
    play.done("sup", key, "schedule", meeting_on="2026-11-27", meeting_time="09:30", meeting_place="三楼会议室")
    request = asked[0]
    assert request.record_type == "consultations.consultation" and request.record_id == key and request.place == "三楼会议室"
    assert request.starts_at.isoformat() == "2026-11-27T09:30:00+08:00" and "养殖" not in request.title + request.note
    on_it = {account(name).id for name in ("ex1", "ex2", "ga_liaison", "jn_officer", "jn_leader")}
    assert set(request.accounts) == on_it
    found = fetch(Consultation, id=key)
    assert (found.meeting_reference, found.meeting_url) == ("meetings.meeting:12", "/meetings/12")
    assert "/meetings/12" in play.text("jn_officer", f"/consultations/{key}")


def test_a_late_answer_of_the_bureau_stands_in_red(play):
    key = play.sent()
    change(Consultation, key, sort_due=dt.date(2026, 11, 20))
    assert "超期 4 天" in play.text("sup", "/consultations") and "件会商已超期" in play.text("sup", "/inbox")


def test_with_the_module_of_meetings_it_stands_in_the_offices_calendar_and_nowhere_else(app, play, world):
    from plugins.meetings.models import Meeting
    from tests.plugins.meetings import helpers as conference

    conference.found(app, world)
    key = play.collecting("ex1", "ex2", "ga_liaison", form="meeting")
    play.done("sup", key, "schedule", meeting_on="2026-11-27", meeting_time="09:30", meeting_place="三楼会议室")
    made = fetch(Meeting)
    assert made.title == "案件联合会商会议" and made.place == "三楼会议室"
    assert fetch(Consultation, id=key).meeting_reference == f"meetings.meeting:{made.id}"
    play.done("sup", key, "schedule", meeting_on="2026-11-30", meeting_time="14:00", meeting_place="四楼会议室")
    moved = fetch(Meeting)
    assert moved.id == made.id and moved.place == "四楼会议室" and moved.day == dt.date(2026, 11, 30) and moved.sequence == 1
    assert play["sup"].get(f"/meetings/{made.id}").status_code == 200
    for who in ("jn_officer", "jn_head", "ga_liaison", "gl_head", "ex1"):
        assert play[who].get(f"/meetings/{made.id}").status_code in (403, 404) and "案件联合会商会议" not in play.text(who, "/meetings"), who
