"""A session through the pages, from the plan to the training file: seats, sign-in, certifying, corrections, refusals."""

import datetime as dt
import re

import pytest

from plugins.training.models import Enrolment, PlanItem, Sign, Training
from plugins.training.models_file import Credit, Exemption, External
from portal.audit.models import Event
from portal.inbox.models import Notice
from tests.plugins.training.helpers import FORM, Work, certify, counted, credited, only, person, rows_of, session_of, step, there

D = dt.date


@pytest.fixture(autouse=True)
def day(time_machine):
    """It is ten o'clock on the morning of Tuesday 2026-11-24."""
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def create(post, client, **data):
    return post(client, "/training/new", {**FORM, **data}, page="/training/new")


def text(answer) -> str:
    return answer.get_data(as_text=True)


def test_from_the_plan_to_the_file(app, world, login, post):
    manager, head = login("jn_train"), login("jn_head")
    li, wang = person(world.jiangnan, "李明", team="一中队"), person(world.jiangnan, "王芳")
    gone = person(world.jiangnan, "赵退", post_status="退休")
    assert post(manager, "/training/plans", {"year": "2026"}, page="/training/plans").status_code == 303
    item = {"theme": "行政处罚法专题", "category": "professional", "hours": "4", "month": "11", "audience": "", "lecturer": "", "cost": "800.5"}
    assert post(manager, "/training/plans/1/items", item, page="/training/plans/1").status_code == 303
    assert only(PlanItem).cost_fen == 80050
    assert step(post, manager, "plan", 1, "submit").status_code == 303 and step(post, head, "plan", 1, "approve").status_code == 303
    assert "建培训班" in text(manager.get("/training/plans/1"))
    assert create(post, manager, plan_item_id=str(only(PlanItem).id)).status_code == 303
    made = only(Training)
    assert (made.number, made.halves, made.year, made.held_on) == ("江南训〔2026〕1号", 8, 2026, D(2026, 11, 23))
    address = f"/training/{made.id}"
    assert step(post, manager, "session", made.id, "open").status_code == 303
    assert post(manager, f"{address}/enrol", {"people": [str(li), str(wang)]}, page=address).status_code == 303
    assert post(manager, f"{address}/enrol", {"people": [str(gone)]}, page=address).status_code == 422
    page = text(manager.get(f"{address}/sheet"))
    assert "李明" in page and "王芳" in page and "签到（签名、时间）" in page
    entry = f"{address}/entry"
    wrong = post(manager, entry, {"quick": "1 3", "reason": ""}, page=entry)
    assert wrong.status_code == 422 and "看不懂：3" in text(wrong) and "1 3" in text(wrong)
    assert post(manager, entry, {"quick": "1\n2 9:00-10:30", "reason": ""}, page=entry).status_code == 303
    assert [(row.person_name, row.state) for row in rows_of(Enrolment)] == [("李明", "attended"), ("王芳", "attended")]
    assert step(post, manager, "session", made.id, "certify").status_code in (403, 404, 409)
    assert step(post, manager, "session", made.id, "finish").status_code == 303
    assert "认定预览" in text(head.get(address))
    assert step(post, head, "session", made.id, "certify").status_code == 303
    assert {(line.person_id, line.halves, line.counted) for line in rows_of(Credit)} == {(li, 8, True), (wang, 4, True)}
    assert counted(li) == 4 and counted(wang) == 2
    assert step(post, head, "session", made.id, "certify").status_code == 409 and len(rows_of(Credit)) == 2
    file = text(head.get(f"/training/people/{li}"))
    assert "行政处罚法专题" in file and "4 / 60" in file and "已组织 1 期" in text(manager.get("/training/plans/1"))
    actions = {event.action for event in rows_of(Event, Event.record_type == "training.session")}
    assert {"training.session_created", "training.session.open", "training.session.finish", "training.session.certify"} <= actions
    assert rows_of(Event, Event.record_type == "training.credit", Event.action == "training.session.certify")


def test_whoever_ends_the_sign_in_does_not_certify(app_sqlite, world, login, post):
    head = login("jn_head")
    key = session_of(world.jiangnan, "2026-11-23 09:00")
    there(key, [person(world.jiangnan, "李明")])
    assert step(post, head, "session", key, "finish").status_code == 303
    refused = step(post, head, "session", key, "certify")
    assert refused.status_code == 422 and "经办与审核不能是同一人" in text(refused) and rows_of(Credit) == []


def test_overlapping_sessions_are_credited_once(app, world):
    """A18.3: 2026-10-12 09:00-11:00 and 10:00-12:00."""
    li = person(world.jiangnan, "李明")
    one = session_of(world.jiangnan, "2026-10-12 09:00", title="甲", hours=2.5, length=2, state="finished")
    two = session_of(world.jiangnan, "2026-10-12 10:00", title="乙", hours=2.5, length=2, state="finished")
    after = session_of(world.jiangnan, "2026-10-12 11:00", title="丙", hours=1, length=1, state="finished")
    for key in (one, two, after):
        there(key, [li])
    assert certify(one, world.jiangnan) == (1, 0) and certify(two, world.jiangnan) == (0, 1) and certify(after, world.jiangnan) == (1, 0)
    assert only(Enrolment, Enrolment.session_id == two).refusal == "与“甲”时间重叠" and counted(li) == 3.5


def test_what_is_not_credited_and_why(app_sqlite, world):
    """A18.4: 180 minutes are 4 hours, 170 are 3; who did not sign out gets nothing."""
    people = [person(world.jiangnan, name) for name in ("全程", "晚到", "未签退", "缺席", "露面")]
    key = session_of(world.jiangnan, "2026-10-12 09:00", state="finished")
    for who, came, left in zip(people, ("", "09:10", "09:00", "-", "11:40"), ("", "", "-", "-", ""), strict=True):
        there(key, [who], came, left)
    assert certify(key, world.jiangnan) == (2, 3)
    assert [counted(who) for who in people] == [4, 3, 0, 0, 0]
    assert [row.refusal for row in rows_of(Enrolment)] == ["", "", "有签到没有签退", "缺席", "在场时间不足一个学时"]
    assert [row.state for row in rows_of(Enrolment)] == ["credited", "credited", "refused", "absent", "refused"]


def test_the_same_course_is_credited_once_a_year(app_sqlite, world):
    li = person(world.jiangnan, "李明")
    credited(world.jiangnan, "2026-03-02 09:00", [li], course="CF-01")
    key = session_of(world.jiangnan, "2026-05-02 09:00", state="finished", course="CF-01")
    there(key, [li])
    assert certify(key, world.jiangnan) == (0, 1)
    credited(world.jiangnan, "2025-05-02 09:00", [li], course="CF-01")
    assert counted(li) == 4 and counted(li, 2025) == 4


def test_political_hours_are_recorded_and_do_not_count(app_sqlite, world, login):
    """A18.1: 58 hours of law and 12 of political theory count 58 and lack 2. A18.2: the own update training is a rule of its own."""
    li, wang = person(world.jiangnan, "李明"), person(world.jiangnan, "王芳")
    for n in range(14):
        credited(world.jiangnan, f"2026-{1 + n % 9:02d}-{10 + n:02d} 09:00", [li, wang], title=f"法律{n}")
    credited(world.jiangnan, "2026-10-20 09:00", [li], hours=2, length=2)
    credited(world.jiangnan, "2026-10-21 09:00", [li, wang], category="political", hours=12, length=9)
    credited(world.jiangnan, "2026-10-22 09:00", [wang], hours=6, length=4.5)
    assert counted(li) == 58 and counted(wang) == 62
    page = text(login("jn_head").get(f"/training/people/{li}"))
    assert "58 / 60" in page and "未达标" in page and re.search(r'<span class="value">2</span><span class="label">还差', page) and '<span class="value">12</span>' in page
    assert "法律知识更新未满足" in text(login("jn_head").get(f"/training/people/{wang}"))
    credited(world.jiangnan, "2026-10-23 09:00", [wang], category="update", hours=1, length=1)
    assert "已达标" in text(login("jn_head").get(f"/training/people/{wang}"))


def test_corrections_keep_the_original(app, world, login, post):
    head, manager = login("jn_head"), login("jn_train")
    li = person(world.jiangnan, "李明")
    credited(world.jiangnan, "2026-10-12 09:00", [li])
    old = only(Credit)
    address, page = f"/training/people/{li}/credits/{old.id}", f"/training/people/{li}"
    assert post(manager, address, {"hours": "2", "reason": "录错"}, page=page).status_code == 403
    for data, words in (({"hours": "2", "reason": ""}, "请填写此项"), ({"hours": "5", "reason": "多"}, "最多可认定 4 学时"),
        ({"hours": "0.3", "reason": "x"}, "不是学时"),
                        ({"hours": "4", "reason": "x"}, "学时没有变化")):  # fmt: skip
        answer = post(head, address, data, page=page)
        assert answer.status_code == 422 and words in text(answer)
    assert post(head, address, {"hours": "2", "reason": "中途离开，核对签到表"}, page=page).status_code == 303
    lines = rows_of(Credit)
    assert [(line.halves, line.state) for line in lines] == [(8, "void"), (4, "valid")] and lines[1].corrects_id == old.id and counted(li) == 2
    assert post(head, address, {"hours": "1", "reason": "再改"}, page=page).status_code == 422
    assert "中途离开，核对签到表" in text(head.get(page))


def test_corrected_sign_in_needs_a_reason_and_stays(app_sqlite, world, login, post):
    manager = login("jn_train")
    key = session_of(world.jiangnan, "2026-11-23 09:00")
    row = there(key, [person(world.jiangnan, "李明")], "-", "-")[0]
    entry = f"/training/{key}/entry"
    assert post(manager, entry, {f"in-{row}": "09:00", f"out-{row}": "12:00"}, page=entry).status_code == 303
    assert f'name="was-{row}" value="09:00,12:00"' in text(manager.get(entry))
    refused = post(manager, entry, {f"in-{row}": "09:00", f"out-{row}": "10:00", f"was-{row}": "09:00,12:00"}, page=entry)
    assert refused.status_code == 422 and "须写明原因" in text(refused) and 'value="10:00"' in text(refused)
    assert post(manager, entry, {f"in-{row}": "09:00", f"out-{row}": "10:00", f"was-{row}": "09:00,12:00", "reason": "核对纸质签到"}, page=entry).status_code == 303
    signs = [(sign.kind, sign.how, sign.reason) for sign in rows_of(Sign)]
    assert signs == [("in", "paper", ""), ("out", "paper", ""), ("out", "correction", "核对纸质签到")]
    for values, words in (({f"in-{row}": "", f"out-{row}": "10:00"}, "有签退没有签到"), ({f"in-{row}": "11:00", f"out-{row}": "10:00"}, "不能早于签到"),
                          ({f"in-{row}": "25:00", f"out-{row}": ""}, "不是时间"), ({f"in-{row}": "上午", f"out-{row}": ""}, "不是时间")):  # fmt: skip
        answer = post(manager, entry, {**values, f"was-{row}": "09:00,10:00", "reason": "x"}, page=entry)
        assert answer.status_code == 422 and words in text(answer)


def test_whoever_signs_in_while_the_page_is_open_is_not_undone(app_sqlite, world, login, post):
    """The page was opened before somebody's telephone signed them in; its empty fields say nothing about that."""
    manager = login("jn_train")
    key = session_of(world.jiangnan, "2026-11-23 09:00")
    li, wang = there(key, [person(world.jiangnan, "李明"), person(world.jiangnan, "王芳")], "-", "-")
    entry = f"/training/{key}/entry"
    with Work() as session:
        row = session.get(Enrolment, li)
        row.in_at, row.state = session.get(Training, key).starts_at, "present"
    opened = {f"in-{li}": "", f"out-{li}": "", f"was-{li}": ",", f"in-{wang}": "09:10", f"out-{wang}": "12:00", f"was-{wang}": ","}
    assert post(manager, entry, {**opened, "reason": "补录"}, page=entry).status_code == 303
    assert [(row.state, row.in_at is not None) for row in rows_of(Enrolment)] == [("present", True), ("attended", True)]
    assert len(rows_of(Sign)) == 2
    changed = post(manager, entry, {f"in-{li}": "09:30", f"out-{li}": "12:00", f"was-{li}": ",", "reason": "补录"}, page=entry)
    assert changed.status_code == 422 and "李明 的签到刚刚有变动（现为 09:00—）" in text(changed) and 'value="09:30"' in text(changed)
    assert post(manager, entry, {"quick": ""}, page=entry).status_code == 303 and len(rows_of(Sign)) == 2


def test_numbers_on_paper_stay_when_somebody_comes_later(app_sqlite, world, login, post):
    """Whoever is added after printing stands at the end, whichever town they are of."""
    key = session_of(world.district, "2026-11-23 09:00")
    there(key, [person(world.gelan, "先报")], "-", "-")
    there(key, [person(world.jiangnan, "后报")], "-", "-")
    page = text(login("sup").get(f"/training/{key}/sheet"))
    assert page.index("先报") < page.index("后报")


def test_more_seats_go_to_whoever_waits(app_sqlite, world, login, post):
    manager = login("jn_train")
    people = [person(world.jiangnan, name) for name in "甲乙丙"]
    key = session_of(world.jiangnan, "2026-12-01 09:00", capacity=1, organiser="own")
    post(manager, f"/training/{key}/enrol", {"people": [str(who) for who in people]}, page=f"/training/{key}")
    assert [row.state for row in rows_of(Enrolment)] == ["enrolled", "waiting", "waiting"]
    form = {**FORM, "day": "2026-12-01", "capacity": "2"}
    assert post(manager, f"/training/{key}/edit", form, page=f"/training/{key}/edit").status_code == 303
    assert [row.state for row in rows_of(Enrolment)] == ["enrolled", "enrolled", "waiting"]
    assert post(manager, f"/training/{key}/edit", {**form, "capacity": ""}, page=f"/training/{key}/edit").status_code == 303
    assert {row.state for row in rows_of(Enrolment)} == {"enrolled"}


def test_sign_in_does_not_end_before_the_session(app_sqlite, world, login, post):
    key = session_of(world.jiangnan, "2026-11-24 09:00")
    there(key, [person(world.jiangnan, "李明")])
    later = session_of(world.jiangnan, "2026-11-25 09:00")
    assert "结束签到" not in text(login("jn_train").get(f"/training/{later}")) and step(post, login("jn_train"), "session", later, "finish").status_code == 409
    assert "结束签到" in text(login("jn_train").get(f"/training/{key}"))
    early = step(post, login("jn_train"), "session", key, "finish")
    assert early.status_code == 422 and "11-24 12:00 才结束" in text(early) and {row.state for row in rows_of(Training)} == {"open"}


def test_waiting_list_and_promotion(app_sqlite, world, login, post):
    manager = login("jn_train")
    account = world.account("jn_officer")
    people = [person(world.jiangnan, "甲"), person(world.jiangnan, "乙"), person(world.jiangnan, "丙", account)]
    key = session_of(world.jiangnan, "2026-12-01 09:00", capacity=2)
    address = f"/training/{key}"
    assert post(manager, f"{address}/enrol", {"people": [str(people[0])]}, page=address).status_code == 303
    assert post(manager, f"{address}/enrol", {"people": [str(people[1])]}, page=address).status_code == 303
    officer = login("jn_officer")
    assert post(officer, f"{address}/enrol", {}, page=address).status_code == 303
    assert [row.state for row in rows_of(Enrolment)] == ["enrolled", "enrolled", "waiting"]
    assert post(officer, f"{address}/unenrol/{rows_of(Enrolment)[0].id}", {}, page=address).status_code == 403
    assert post(manager, f"{address}/unenrol/{rows_of(Enrolment)[0].id}", {}, page=address).status_code == 303
    assert [row.state for row in rows_of(Enrolment)] == ["cancelled", "enrolled", "enrolled"]
    assert [notice.title for notice in rows_of(Notice, Notice.account_id == account.id)] == ["候补成功：培训"]
    other = session_of(world.jiangnan, "2026-12-01 10:00", title="同时")
    clash = post(manager, f"/training/{other}/enrol", {"people": [str(people[2])]}, page=f"/training/{other}")
    assert clash.status_code == 422 and "同一时间已报名" in text(clash)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"hours": "0"}, "不是学时"), ({"hours": "0.3"}, "不是学时"), ({"hours": "25"}, "最多核定 4 学时"), ({"hours": "4.5"}, "最多核定 4 学时"),
        ({"pause": "180"}, "课间休息不能长于"),
        ({"day": "2026-02-30"}, ""), ({"title": "长" * 100_000}, "最多 100 个字"), ({"title": "\x00\u200b"}, "请填写此项"),
        ({"ends": "09:00", "starts": "09:00"}, "结束须晚于开始"),
        ({"capacity": "99999999999999999999"}, ""), ({"organiser": "department"}, "请选择主办的区级部门"), ({"organiser": "other"}, "请填写主办单位名称"),
        ({"enrol_until": "2026-11-25"}, "报名截止日期不能晚于"), ({"count": "60"}, ""), ({"category": "xx"}, ""), ({"room_id": "99"}, ""),
        ({"day": "1900-01-01"}, "请核对培训日期"),
        ({"hours": "四学时😀"}, "不是学时"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_at_its_field_and_stays(app_sqlite, world, login, post, data, words):
    answer = create(post, login("jn_train"), **data)
    assert answer.status_code == 422 and words in text(answer) and "三楼会议室" in text(answer) and rows_of(Training) == []


def test_midnight_and_new_year(app_sqlite, world, login, post):
    """A session across New Year counts in the year of the day on which it was held."""
    manager = login("jn_train")
    assert create(post, manager, day="2026-12-31", starts="22:00", ends="01:00").status_code == 303
    made = only(Training)
    assert made.year == 2026 and made.held_on == D(2026, 12, 31) and (made.ends_at - made.starts_at) == dt.timedelta(hours=3)


def test_series_rooms_and_clashes(app_sqlite, world, login, post):
    manager = login("jn_train")
    assert post(manager, "/training/rooms", {"name": "大会议室", "place": "", "seats": "30", "active": "y"}, page="/training/rooms").status_code == 303
    same = post(manager, "/training/rooms", {"name": "大会议室", "place": "", "seats": "", "active": "y"}, page="/training/rooms")
    assert same.status_code == 422 and "已有同名" in text(same)
    assert "只有 30 个座位" in text(create(post, manager, room_id="1", capacity="31"))
    assert create(post, manager, room_id="1", count="3", every_days="7", day="2026-11-30").status_code == 303
    assert [(row.title, row.held_on) for row in rows_of(Training)] == [
        (f"行政处罚法专题（第 {n} 期）", D(2026, 11, 30) + dt.timedelta(days=7 * (n - 1))) for n in (1, 2, 3)
    ]
    clash = create(post, manager, room_id="1", day="2026-12-07", starts="11:00", ends="13:00", hours="2", lecturer="", title="另一")
    assert clash.status_code == 422 and "已安排给 江南训〔2026〕2号" in text(clash)
    assert create(post, manager, day="2026-12-07", starts="11:00", ends="13:00", hours="2", title="同一讲师").status_code == 422
    assert create(post, manager, day="2026-12-07", starts="11:00", ends="13:00", hours="2", title="仍要", allow_clash="y").status_code == 303


def test_a_form_sent_twice_makes_one_session(app_sqlite, world, login, post):
    manager = login("jn_train")
    for _n in range(2):
        assert create(post, manager, form_key="0" * 32).status_code == 303
    assert len(rows_of(Training)) == 1


def test_moving_raises_the_sequence_and_cancelling_says_so(app_sqlite, world, login, post):
    import icalendar

    manager = login("jn_train")
    key = session_of(world.jiangnan, "2026-12-01 09:00", place="一楼")
    address = f"/training/{key}"

    def event():
        return icalendar.Calendar.from_ical(manager.get(f"{address}/calendar.ics").data).walk("VEVENT")[0]

    first = event()
    assert first["SEQUENCE"] == 0 and first["LOCATION"] == "一楼" and first.decoded("DTSTART").isoformat() == "2026-12-01T09:00:00+08:00"
    version = only(Training).version
    moved = {**FORM, "title": "培训", "day": "2026-12-02", "version": str(version)}
    assert post(manager, f"{address}/edit", moved, page=f"{address}/edit").status_code == 303
    stale = post(manager, f"{address}/edit", moved, page=f"{address}/edit")
    assert stale.status_code == 422 and "刚刚被别人修改" in text(stale)
    again = event()
    assert again["SEQUENCE"] == 1 and again["UID"] == first["UID"]
    assert step(post, manager, "session", key, "cancel", reason="讲师生病").status_code == 303
    last = event()
    assert last["SEQUENCE"] == 2 and last["STATUS"] == "CANCELLED"


# -- external training, exemptions ----------------------------------------------------------------------------------------------


def proof():
    return (__import__("io").BytesIO(b"%PDF-1.4\n%test"), "结业证书.pdf")


def external(post, client, who, **data):
    form = {
        "person_id": str(who), "title": "市级骨干培训", "category": "professional", "organiser": "municipal", "organiser_org_id": "0", "organiser_name": "市司法局",
        "place": "",
        "starts_on": "2026-05-06", "ends_on": "2026-05-08", "hours": "24", "note": "",
    }  # fmt: skip
    return post(client, "/training/external/new", {**form, **data}, page="/training/external/new", content_type="multipart/form-data")


def test_external_training_needs_proof_and_the_head(app, world, login, post):
    manager, head = login("jn_train"), login("jn_head")
    li = person(world.jiangnan, "李明")
    assert external(post, manager, li).status_code == 303
    row = only(External)
    refused = step(post, manager, "external", row.id, "submit")
    assert refused.status_code == 422 and "请先上传培训证明" in text(refused)
    address = f"/training/external/{row.id}"
    assert post(manager, f"{address}/files", {"files": proof()}, page=address, content_type="multipart/form-data").status_code == 303
    assert step(post, manager, "external", row.id, "submit").status_code == 303
    assert step(post, manager, "external", row.id, "confirm").status_code == 403
    assert step(post, head, "external", row.id, "return", reason="请补盖章页").status_code == 303
    assert step(post, manager, "external", row.id, "submit").status_code == 303
    assert step(post, head, "external", row.id, "confirm", reason="属实").status_code == 303
    assert counted(li) == 24 and only(Credit).source == "external"
    assert external(post, manager, li, files=proof()).status_code == 303
    again = rows_of(External)[1].id
    assert step(post, manager, "external", again, "submit").status_code == 303
    twice = step(post, head, "external", again, "confirm")
    assert twice.status_code == 422 and "同一天已认定过" in text(twice) and counted(li) == 24


@pytest.mark.parametrize(
    ("data", "words"),
    [({"hours": "25", "ends_on": "2026-05-06"}, "最多 12 学时"), ({"hours": "0.3"}, "不是学时"), ({"ends_on": "2026-05-05"}, "结束不能早于开始"),
    ({"ends_on": "2026-12-05"}, "不能晚于今天"),
     ({"starts_on": "2026-02-30"}, ""), ({"person_id": "999999"}, "请选择人员"), ({"organiser_name": ""}, "请填写主办单位名称")],
)  # fmt: skip
def test_bad_external_training(app_sqlite, world, login, post, data, words):
    answer = external(post, login("jn_train"), person(world.jiangnan, "李明"), **data)
    assert answer.status_code == 422 and words in text(answer) and rows_of(External) == []


def test_a_learner_enters_and_sees_only_their_own(app_sqlite, world, login, post):
    officer = login("jn_officer")
    mine, other = person(world.jiangnan, "李明杰", world.account("jn_officer")), person(world.jiangnan, "王芳")
    credited(world.jiangnan, "2026-03-02 09:00", [mine, other])
    assert external(post, officer, other).status_code == 422
    assert external(post, officer, mine, files=proof()).status_code == 303
    key = only(External).id
    assert step(post, officer, "external", key, "submit").status_code == 303
    assert officer.get(f"/training/people/{mine}").status_code == 200 and officer.get(f"/training/people/{other}").status_code == 404
    assert "我的培训" in text(officer.get("/training/mine")) and officer.get("/training/people").status_code == 403
    assert login("jn_other").get(f"/training/external/{key}").status_code == 404


def test_exemptions_are_shown_apart(app_sqlite, world, login, post):
    manager, head = login("jn_train"), login("jn_head")
    li = person(world.jiangnan, "李明")
    form = {"person_id": str(li), "year": "2026", "kind": "exempt", "on_day": "2026-03-01", "reason": "产假"}
    assert post(manager, "/training/exemptions/new", {**form, "on_day": "2025-03-01"}, page="/training/exemptions/new").status_code == 422
    assert post(manager, "/training/exemptions/new", form, page="/training/exemptions/new").status_code == 303
    key = only(Exemption).id
    assert "未达标" in text(head.get(f"/training/people/{li}"))
    assert step(post, head, "exemption", key, "grant").status_code == 303
    page = text(head.get(f"/training/people/{li}"))
    assert "免训" in page and "已达标" not in page
    assert re.search(r'class="value">0</span><span class="label">应参训', text(head.get("/training/year")))
    assert step(post, head, "exemption", key, "revoke", reason="已返岗").status_code == 303
    assert "未达标" in text(head.get(f"/training/people/{li}"))


def test_documents_and_calendars(app_sqlite, world, login):
    manager = login("jn_train")
    li = person(world.jiangnan, "李明")
    key = credited(world.jiangnan, "2026-10-12 09:00", [li], category="update")
    for path in (f"/training/{key}/notice.docx", f"/training/{key}/sheet.docx", f"/training/people/{li}/file.docx", f"/training/people/{li}/file.docx?year=all",
                 "/training/year/report.docx", "/training/year/short.docx", "/training/year/compliance.xlsx", "/training/year/attendance.xlsx",
                 "/training/year/attendance.xlsx?shape=matrix"):  # fmt: skip
        answer = manager.get(path)
        assert answer.status_code == 200 and answer.data[:2] == b"PK", path
    for path in (f"/training/people/{li}/file.pdf", f"/training/{key}/notice.pdf"):
        assert manager.get(path).data[:5] == b"%PDF-"
    assert manager.get(f"/training/people/{li}/file.exe").status_code == 404


def test_work_helper_leaves_no_scope(app_sqlite, world):
    from portal.tenancy import current_scope

    before = current_scope()
    with Work():
        pass
    assert current_scope() is before
