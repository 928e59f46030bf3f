"""Two half-years played through with the day passed in: held, missed, ad hoc, moved, cancelled, and a resolution a month overdue."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from plugins.meetings import halfyears, minuting, queries, reports, topics, workflow
from plugins.meetings.models import Meeting, MeetingChange, Topic
from plugins.meetings.models_results import HalfYear, Minutes, Resolution
from portal.database import db
from portal.errors import Conflict, NotAllowed, NotFound, Refused
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.meetings.helpers import D, acting, do, fetch, found, held, issued, meeting, more_units, notified, only, resolve, sign_all, topic


def verdicts(app, world, today):
    with acting(app, world, "meet"):
        return {verdict.half: verdict.state for verdict in halfyears.overview(db.session(), today)}


def test_a_half_year_is_warned_of_missed_and_met(app, world):
    """A6.1: nothing held up to 2026-06-30; the meeting of 2026-07-02 counts for the second half only."""
    found(app, world)
    assert run_job("meetings.half_years", today=D(2026, 5, 30)).result == {"warned": 0, "missed": 0, "met": 0}
    assert run_job("meetings.half_years", today=D(2026, 5, 31)).result == {"warned": 1, "missed": 0, "met": 0}
    assert run_job("meetings.half_years", today=D(2026, 6, 1)).result == {"warned": 0, "missed": 0, "met": 0}
    key = notified(app, world, D(2026, 6, 29), D(2026, 6, 15))
    assert verdicts(app, world, D(2026, 6, 16))[(2026, 1)] == "planned"
    do(app, world, key, "move", D(2026, 6, 25), day=D(2026, 7, 2), start=dt.time(9, 30), end=dt.time(11), place="区政府第一会议室", reason="防汛")
    moved = fetch(Meeting, key)
    assert (moved.sequence, moved.day) == (1, D(2026, 7, 2))
    with use_scope(EVERYTHING):
        assert db.session.scalars(sa.select(MeetingChange)).one().across
    assert verdicts(app, world, D(2026, 6, 26))[(2026, 1)] == "warned"
    assert run_job("meetings.half_years", today=D(2026, 7, 1)).result == {"warned": 0, "missed": 1, "met": 0}
    sign_all(app, world, key)
    do(app, world, key, "hold", D(2026, 7, 2))
    assert run_job("meetings.half_years", today=D(2026, 7, 3)).result == {"warned": 0, "missed": 0, "met": 1}
    assert run_job("meetings.half_years", today=D(2026, 8, 3)).result == {"warned": 0, "missed": 0, "met": 0}
    shown = verdicts(app, world, D(2026, 11, 24))
    assert shown == {(2026, 2): "met", (2026, 1): "missed"}
    with acting(app, world, "meet"):
        halfyears.explain(2026, 1, "汛期集中值守，改期至 7 月。")
        assert halfyears.overview(db.session(), D(2026, 11, 24))[1].reason.startswith("汛期")
        period = queries.period(db.session(), *reports.span(2026, "year"), D(2026, 11, 24))
        text = str(reports.document(db.session(), 2026, "year", period, D(2026, 11, 24)))
    assert "2026 上半年未召开；说明：汛期集中值守" in text and "2026 下半年已召开" in text
    titles = set(db.session.scalars(sa.select(Notice.title).where(Notice.account_id == world.account("meet").id)))
    assert {"2026 上半年例会尚未安排，2026-06-30 前须召开。", "2026 上半年 未召开例会。"} <= titles


def test_neither_an_ad_hoc_meeting_nor_one_without_a_quorum_makes_a_half_year_met(app_sqlite, world):
    found(app_sqlite, world)
    held(app_sqlite, world, D(2026, 4, 15), D(2026, 4, 1), kind="adhoc")
    short = notified(app_sqlite, world, D(2026, 5, 20), D(2026, 5, 6))
    sign_all(app_sqlite, world, short, 1)
    do(app_sqlite, world, short, "hold_short", D(2026, 5, 20), reason="防汛")
    assert run_job("meetings.half_years", today=D(2026, 6, 1)).result == {"warned": 1, "missed": 0, "met": 0}
    good = held(app_sqlite, world, D(2026, 6, 18), D(2026, 6, 3))
    assert verdicts(app_sqlite, world, D(2026, 6, 19))[(2026, 1)] == "met"
    assert run_job("meetings.half_years", today=D(2026, 7, 1)).result == {"warned": 0, "missed": 0, "met": 1}
    assert run_job("meetings.half_years", today=D(2027, 1, 1)).result["missed"] == 1
    assert verdicts(app_sqlite, world, D(2027, 1, 2)) == {(2027, 1): "open", (2026, 2): "missed", (2026, 1): "met"}
    with acting(app_sqlite, world, "meet"):
        assert {row.half: row.meeting and row.meeting.id for row in halfyears.overview(db.session(), D(2027, 1, 2))}[(2026, 1)] == good


def test_what_is_overdue_stays_in_the_report_of_the_next_half_year(app_sqlite, world):
    found(app_sqlite, world)
    key = held(app_sqlite, world, D(2026, 4, 15), D(2026, 4, 1))
    resolve(app_sqlite, world, key, D(2026, 5, 20), text="拖过半年的事项")
    issued(app_sqlite, world, key, D(2026, 4, 20))
    today = D(2026, 8, 3)
    with acting(app_sqlite, world, "meet"):
        period = queries.period(db.session(), *reports.span(2026, 2), today)
        assert (period.late, period.resolutions) == (1, 0)
        assert "拖过半年的事项" in str(reports.document(db.session(), 2026, 2, period, today))
        early = queries.period(db.session(), *reports.span(2025, 2), today)
        assert early.late == 0 and reports.overdue(db.session(), early, today) == []


def test_a_meeting_on_the_last_day_may_be_written_down_a_little_later(app_sqlite, world):
    found(app_sqlite, world)
    key = notified(app_sqlite, world, D(2026, 6, 30), D(2026, 6, 15))
    assert run_job("meetings.half_years", today=D(2026, 7, 1)).result == {"warned": 0, "missed": 0, "met": 0}
    sign_all(app_sqlite, world, key)
    do(app_sqlite, world, key, "hold", D(2026, 7, 2))
    assert fetch(Meeting, key).held_on == D(2026, 6, 30)
    assert run_job("meetings.half_years", today=D(2026, 7, 3)).result == {"warned": 0, "missed": 0, "met": 1}
    with acting(app_sqlite, world, "meet"):
        assert db.session.scalars(sa.select(HalfYear)).one().meeting_id == key


def test_from_the_topic_to_the_verified_resolution(app, world):
    found(app, world)
    first = topic(app, world, D(2026, 9, 10))
    second = topic(app, world, D(2026, 9, 11), title="未议的议题", who="gl_head")
    key = meeting(app, world, D(2026, 9, 29), D(2026, 9, 15), topic_ids=(first, second))
    assert {fetch(Topic, first).state, fetch(Topic, second).state} == {"scheduled"}
    with only(world.jiangnan):
        assert db.session.scalars(sa.select(Meeting)).all() == []
    do(app, world, key, "notify", D(2026, 9, 16))
    with only(world.jiangnan):
        assert [row.id for row in db.session.scalars(sa.select(Meeting))] == [key]
        assert {row.id for row in db.session.scalars(sa.select(Topic))} == {first, second}
    with pytest.raises(Refused, match="会议日期"):
        do(app, world, key, "open", D(2026, 9, 28))
    do(app, world, key, "open", D(2026, 9, 29))
    with pytest.raises(Refused, match="还没有签到"):
        do(app, world, key, "hold", D(2026, 9, 29))
    sign_all(app, world, key)
    with acting(app, world, "meet"):
        from plugins.meetings import planning, sitting

        item = planning.agenda(db.session(), key)[0].id
        sitting.save_note(key, item, "江南街道汇报了夜市情况。\n会议同意建立联合巡查机制。", 0)
    resolution = resolve(app, world, key, D(2026, 10, 20), item=item)
    with only(world.jiangnan):
        assert db.session.scalars(sa.select(Resolution)).all() == []
    do(app, world, key, "hold", D(2026, 9, 29))
    done = fetch(Meeting, key)
    assert (done.members, done.present, done.needed, done.quorate, done.minutes_due) == (3, 3, 2, True, D(2026, 10, 12))
    assert (fetch(Topic, first).state, fetch(Topic, second).state, fetch(Topic, second).deferrals) == ("discussed", "deferred", 1)

    do(app, world, key, "draft_minutes", D(2026, 9, 30))
    with acting(app, world, "meet"):
        minutes = minuting.editions(db.session(), key)[0]
        texts = [row.text for row in minuting.paragraphs(db.session(), minutes.id)]
        minutes_id = minutes.id
    assert "关于夜市占道经营联合整治" in texts and "会议同意建立联合巡查机制。" in texts
    assert "建立夜市联合巡查机制（江南街道牵头，区公安局配合，2026年10月20日前完成）。" in texts
    with only(world.jiangnan):
        assert db.session.scalars(sa.select(Minutes)).all() == []
    with pytest.raises(Conflict):
        do(app, world, minutes_id, "sign", D(2026, 9, 30), who="chair", flow=workflow.MINUTES)
    do(app, world, minutes_id, "circulate", D(2026, 9, 30), flow=workflow.MINUTES, comment_by=D(2026, 10, 9))
    with acting(app, world, "jn_head"):
        paragraph = next(row for row in minuting.paragraphs(db.session(), minutes_id) if row.kind == "text" and "同意建立" in row.text)
        minuting.comment(minutes_id, paragraph.id, "补充公安配合", "会议同意由公安配合建立联合巡查机制。", D(2026, 10, 9))
        paragraph_id = paragraph.id
    with pytest.raises(Refused, match="还有 1 条意见未处理"):
        do(app, world, minutes_id, "sign", D(2026, 10, 9), who="chair", flow=workflow.MINUTES)
    with pytest.raises(Refused, match="还有 1 条意见未处理"):
        do(app, world, minutes_id, "settle", D(2026, 10, 10), flow=workflow.MINUTES)
    with acting(app, world, "meet"):
        comment = minuting.comments(db.session(), minutes_id)[paragraph_id][0]
        minuting.settle_comment(minutes_id, comment.id, True, "")
        assert minuting.paragraph(db.session(), minutes_id, paragraph_id).text == "会议同意由公安配合建立联合巡查机制。"
    do(app, world, minutes_id, "settle", D(2026, 10, 10), flow=workflow.MINUTES)
    with pytest.raises(NotAllowed):
        do(app, world, minutes_id, "sign", D(2026, 10, 10), flow=workflow.MINUTES)
    do(app, world, minutes_id, "sign", D(2026, 10, 12), who="chair", flow=workflow.MINUTES)
    signed = fetch(Minutes, minutes_id)
    assert (signed.number, signed.signer, signed.signed_on, len(signed.digest)) == ("联席纪〔2026〕1号", "钟国栋", D(2026, 10, 12), 64)
    with acting(app, world, "meet"), pytest.raises(Conflict):
        minuting.save_paragraph(minutes_id, paragraph_id, "改一下", None)

    agreed = fetch(Resolution, resolution)
    assert (agreed.state, agreed.number, agreed.report_due) == ("open", "联席纪〔2026〕1-1", D(2026, 10, 26))
    with only(world.police):
        assert db.session.scalars(sa.select(Resolution.number)).all() == ["联席纪〔2026〕1-1"]
    with acting(app, world, "jn_head"):
        from plugins.meetings import following

        following.report(resolution, "已制定巡查方案。", 40, [], D(2026, 10, 15))
    assert (fetch(Resolution, resolution).state, fetch(Resolution, resolution).report_due) == ("in_progress", D(2026, 10, 29))
    with pytest.raises(NotAllowed):
        do(app, world, resolution, "claim", D(2026, 10, 19), who="gl_head", flow=workflow.RESOLUTION, text="完成")
    do(app, world, resolution, "claim", D(2026, 10, 19), who="jn_head", flow=workflow.RESOLUTION, text="机制已印发运行。")
    do(app, world, resolution, "send_back", D(2026, 10, 20), flow=workflow.RESOLUTION, reason="请补充印发文件")
    do(app, world, resolution, "claim", D(2026, 10, 20), who="jn_head", flow=workflow.RESOLUTION, text="已补充。")
    do(app, world, resolution, "verify", D(2026, 10, 23), flow=workflow.RESOLUTION, text="属实")
    verified = fetch(Resolution, resolution)
    assert (verified.state, verified.done_on, verified.verified_on, verified.sent_back) == ("done", D(2026, 10, 20), D(2026, 10, 23), 1)
    do(app, world, key, "close", D(2026, 10, 23))
    with acting(app, world, "meet"):
        assert queries.word_by_unit(db.session(), D(2026, 11, 1))[world.jiangnan.id].rate == 100


def test_a_correction_is_a_new_version_with_a_reason(app, world):
    found(app, world)
    key = held(app, world, D(2026, 9, 29), D(2026, 9, 15))
    first = issued(app, world, key, D(2026, 10, 12))
    do(app, world, first, "revise", D(2026, 10, 13), flow=workflow.MINUTES, reason="参会人姓名有误")
    with acting(app, world, "meet"):
        second = minuting.editions(db.session(), key)[0].id
    assert fetch(Minutes, first).state == "signed"
    with pytest.raises(Refused, match="已有一份更正稿"):
        do(app, world, first, "revise", D(2026, 10, 13), flow=workflow.MINUTES, reason="再来一次")
    do(app, world, second, "circulate", D(2026, 10, 13), flow=workflow.MINUTES, comment_by=D(2026, 10, 13))
    do(app, world, second, "settle", D(2026, 10, 13), flow=workflow.MINUTES, early=True)
    do(app, world, second, "sign", D(2026, 10, 14), who="chair", flow=workflow.MINUTES)
    old, new = fetch(Minutes, first), fetch(Minutes, second)
    assert (old.state, new.state, new.edition, new.number, new.reason) == ("replaced", "signed", 2, old.number, "参会人姓名有误")
    with acting(app, world, "meet"):
        assert minuting.intact(db.session(), fetch(Minutes, first))
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE meetings_paragraph SET text = 'x' WHERE minutes_id = :key"), {"key": second})
    with acting(app, world, "meet"):
        assert not minuting.intact(db.session(), fetch(Minutes, second))


def test_no_code_changes_a_signed_paragraph(app, world):
    found(app, world)
    key = held(app, world, D(2026, 9, 29), D(2026, 9, 15))
    minutes_id = issued(app, world, key, D(2026, 10, 12))
    from portal.work import unit_of_work

    with acting(app, world, "meet"), pytest.raises(PermissionError), unit_of_work("test.forge") as session:
        minuting.paragraphs(session, minutes_id)[0].text = "别的话"


def test_a_resolution_a_month_overdue_is_seen_in_the_right_places(app, world):
    found(app, world)
    key = held(app, world, D(2026, 9, 29), D(2026, 9, 15))
    resolution = resolve(app, world, key, D(2026, 10, 23))
    issued(app, world, key, D(2026, 10, 12))
    today = D(2026, 11, 24)
    result = run_job("meetings.remind", today=today).result
    assert (result["overdue"], result["escalated"], result["reports"], result["proposed"]) == (1, 1, 1, 1)
    assert run_job("meetings.remind", today=today).result["proposed"] == 0
    with acting(app, world, "meet"):
        own = topics.waiting(db.session(), world.district.id)[0]
        assert own.resolution_id == resolution and own.title == "超期议定事项：建立夜市联合巡查机制" and "已超期 32 天" in own.background
    titles = {who: set(db.session.scalars(sa.select(Notice.title).where(Notice.account_id == world.account(who).id))) for who in ("jn_head", "meet", "chair", "sup",
     "gl_head")}
    assert "议定事项超期：联席纪〔2026〕1-1（时限 2026-10-23）" in titles["jn_head"]
    assert any(text.startswith("江南街道：议定事项超期") for text in titles["meet"])
    assert all(any(text.startswith("督办升级") for text in titles[who]) for who in ("jn_head", "chair", "sup"))
    assert not any("超期" in text for text in titles["gl_head"])


def test_an_extension_is_asked_for_granted_once_and_the_first_date_stays(app, world):
    found(app, world)
    key = held(app, world, D(2026, 9, 29), D(2026, 9, 15))
    resolution = resolve(app, world, key, D(2026, 10, 23))
    issued(app, world, key, D(2026, 10, 12))
    flow = workflow.RESOLUTION
    with pytest.raises(Refused, match="须晚于现在的时限"):
        do(app, world, resolution, "ask_extension", D(2026, 10, 20), who="jn_head", flow=flow, new_due=D(2026, 10, 23), reason="设备未到")
    do(app, world, resolution, "ask_extension", D(2026, 10, 20), who="jn_head", flow=flow, new_due=D(2026, 11, 20), reason="设备未到")
    do(app, world, resolution, "refuse_extension", D(2026, 10, 21), flow=flow, reason="先报阶段成果")
    do(app, world, resolution, "extend", D(2026, 10, 22), flow=flow, new_due=D(2026, 11, 6), reason="设备未到")
    row = fetch(Resolution, resolution)
    assert (row.due_on, row.first_due, row.extensions) == (D(2026, 11, 6), D(2026, 10, 23), 1)
    with pytest.raises(Refused, match="达到上限"):
        do(app, world, resolution, "extend", D(2026, 11, 5), flow=flow, new_due=D(2026, 12, 6), reason="再延")


def test_a_cancelled_meeting_gives_its_topics_back_and_tells_everybody(app, world):
    found(app, world)
    first = topic(app, world, D(2026, 9, 10))
    key = notified(app, world, D(2026, 9, 29), D(2026, 9, 15), kind="adhoc", topic_ids=(first,))
    do(app, world, key, "cancel", D(2026, 9, 28), reason="突发事件")
    assert (fetch(Meeting, key).state, fetch(Meeting, key).sequence, fetch(Topic, first).state) == ("cancelled", 1, "accepted")
    told = db.session.scalars(sa.select(Notice.title).where(Notice.account_id == world.account("gl_head").id)).all()
    assert any(text.startswith("会议取消：") for text in told)


def test_the_quorum_of_thirteen(app, world):
    """A6.3"""
    found(app, world)
    others = more_units(10)
    with acting(app, world, "meet"):
        from plugins.meetings import members

        members.join(others, D(2026, 1, 1))
    key = notified(app, world, D(2026, 9, 29), D(2026, 9, 15))
    sign_all(app, world, key, 6)
    with pytest.raises(Refused, match="法定人数不足：成员单位 13 个，到会 6 个，须 7 个"):
        do(app, world, key, "hold", D(2026, 9, 29))
    other = notified(app, world, D(2026, 10, 13), D(2026, 9, 15), kind="adhoc")
    sign_all(app, world, other, 6)
    do(app, world, other, "hold_short", D(2026, 10, 13), reason="紧急事项")
    short = fetch(Meeting, other)
    assert (short.state, short.quorate) == ("held", False)
    with acting(app, world, "meet"):
        assert "未达到法定人数" in minuting.quorum_text(short)
        from plugins.meetings import planning, sitting

        invitation = planning.invitations(db.session(), key)[6]
        sitting.sign_in(key, invitation.id, {"name": "第七人"}, "hand", D(2026, 9, 29))
    do(app, world, key, "hold", D(2026, 9, 29))
    assert fetch(Meeting, key).quorate


def test_a_notice_that_is_too_short_needs_its_reason(app, world):
    """A6.4"""
    found(app, world)
    key = meeting(app, world, D(2026, 10, 12), D(2026, 9, 20))
    with pytest.raises(Refused, match="最迟 2026-09-30"):
        do(app, world, key, "notify", D(2026, 10, 8))
    do(app, world, key, "notify", D(2026, 10, 8), urgent_reason="省级督查")
    assert fetch(Meeting, key).urgent_reason == "省级督查"
    late = meeting(app, world, D(2026, 10, 12), D(2026, 9, 20), kind="adhoc")
    do(app, world, late, "notify", D(2026, 9, 30))
    assert fetch(Meeting, late).notice_number == "联席通〔2026〕2号"


def test_nobody_who_is_not_invited_finds_anything(app, world):
    found(app, world, units=("jiangnan", "police"))
    first = topic(app, world, D(2026, 9, 10))
    key = held(app, world, D(2026, 9, 29), D(2026, 9, 15), kind="adhoc", topic_ids=(first,))
    resolve(app, world, key, D(2026, 10, 23))
    minutes_id = issued(app, world, key, D(2026, 10, 12))
    with acting(app, world, "gl_head"):
        from plugins.meetings import planning

        for model in (Meeting, Topic, Minutes, Resolution):
            assert db.session.scalars(sa.select(model)).all() == []
        with pytest.raises(NotFound):
            planning.find(db.session(), key)
        with pytest.raises(NotFound):
            minuting.find(db.session(), minutes_id)
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Resolution)) == 0
    with acting(app, world, "jn_head"):
        assert planning.find(db.session(), key).id == key and db.session.scalar(sa.select(sa.func.count()).select_from(Resolution)) == 1
