"""A matter from the first telephone call to the archive, through the pages, as each role."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from plugins.complaints import intake
from plugins.complaints.models import Complaint, Entry, Incoming, Transfer
from plugins.complaints.models_identity import Identity, Opening
from portal.audit.models import Event
from portal.calendar.service import load_year
from portal.context import system_actor, use_actor
from portal.database import db
from portal.inbox.models import Notice
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import FORM, TODAY, change, fetch, matter, person, step

D = dt.date


@pytest.fixture(autouse=True)
def day(time_machine):
    """It is ten o'clock on the morning of Tuesday 2026-11-24."""
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def newest() -> Complaint:
    db.session.rollback()
    with use_scope(EVERYTHING):
        return db.session.scalars(sa.select(Complaint).order_by(Complaint.id.desc()).limit(1)).unique().one()


def register(post, client, **data):
    return post(client, "/complaints/new", {**FORM, **data}, page="/complaints/new", follow_redirects=True)


def code_of(answer) -> str:
    return re.search(r'id="code">([A-Z2-7-]+)<', answer.get_data(as_text=True))[1]


def test_from_the_call_to_the_archive(app, world, login, post):
    clerk, head, officer, leader = (login(name) for name in ("jn_intake", "jn_head", "jn_officer", "jn_leader"))
    receipt = register(post, clerk)
    assert receipt.status_code == 200
    made = newest()
    key = made.id
    assert made.number == "江南投〔2026〕1号" and made.due_on == D(2026, 12, 15) and made.title == "每天傍晚烧烤摊占道经营，油烟扰民"
    answer = post(clerk, "/complaints/code", {"code": code_of(receipt).lower()}, page="/complaints/code").get_data(as_text=True)
    assert "登记" in answer and made.number in answer and "烧烤" not in answer
    assert step(post, head, key, "accept").status_code == 303
    page = head.get(f"/do/complaints.complaint/{key}/assign").get_data(as_text=True)
    assert "李明杰（0 件）" in page and "唐文博" not in page
    assert step(post, head, key, "assign", handler=str(world.account("jn_officer").id), reason="请到现场核查").status_code == 303
    assert step(post, officer, key, "start").status_code == 303
    assert post(officer, f"/complaints/{key}/entries", {"text": "现场核查属实"}, page=f"/complaints/{key}").status_code == 303
    early = step(post, officer, key, "conclude", facts="属实", measures="责令改正", result="属实", concluded_on="2026-11-23")
    assert early.status_code == 422 and "不能早于收到日期" in early.get_data(as_text=True)
    assert step(post, officer, key, "conclude", facts="属实", measures="责令改正", result="属实", concluded_on=str(TODAY)).status_code == 303
    assert step(post, head, key, "reply", reply_how="电话", replied_on=str(TODAY), reply_text="已办结").status_code == 409
    assert step(post, leader, key, "approve").status_code == 303
    before = step(post, head, key, "reply", reply_how="电话", replied_on="2026-11-23", reply_text="已办结")
    assert before.status_code == 422 and "答复日期不能早于办结日期" in before.get_data(as_text=True)
    assert step(post, head, key, "reply", reply_how="电话", replied_on=str(TODAY), reply_text="已办结").status_code == 303
    assert step(post, clerk, key, "archive").status_code == 303
    done = fetch(key)
    assert (done.state, done.late, done.days_taken, done.archived_on) == ("archived", False, 0, TODAY)
    with use_scope(EVERYTHING):
        actions = set(db.session.scalars(sa.select(Event.action).where(Event.record_type == "complaints.complaint", Event.record_id == key)))
    assert {f"complaints.complaint.{name}" for name in ("accept", "assign", "start", "conclude", "approve", "reply", "archive")} <= actions


def test_the_form_keeps_what_was_typed_and_refuses_the_future(app_sqlite, world, login, post):
    clerk = login("jn_intake")
    answer = register(post, clerk, received_on="2026-11-25", phone="12", demand="请制止")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "请填写手机号码" in text and "请制止" in text and "烧烤摊占道" in text
    answer = register(post, clerk, received_on="2026-11-25")
    assert answer.status_code == 422 and "收到日期不能晚于今天" in answer.get_data(as_text=True)
    assert "不能晚于收到日期" in register(post, clerk, happened_on="2026-11-25").get_data(as_text=True)
    long = register(post, clerk, content="长" * 100_000, happened_on="")
    assert long.status_code == 422 and "最多 20000 个字" in long.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Complaint)) == 0
    odd = register(post, clerk, content="表情😀\x00\x1b与\u202e控制符", place="桃花\u200b新城")
    assert odd.status_code == 200
    assert newest().content == "表情😀与控制符" and newest().place == "桃花新城"


def test_identity_is_sealed_masked_and_opened_with_a_trace(app, world, login, post):
    key = matter(world.jiangnan)
    with use_scope(EVERYTHING):
        row = db.session.scalars(sa.select(Identity).where(Identity.complaint_id == key)).one()
        assert b"\xe5\xbc\xa0\xe4\xb8\x89" not in row.name_sealed and (row.name_hint, row.phone_hint) == ("张**", "138****1234")
        for event in db.session.scalars(sa.select(Event)):
            assert "张三丰" not in f"{event.before}{event.after}" and "13812341234" not in f"{event.before}{event.after}"
    head, officer = login("jn_head"), login("jn_officer")
    for client in (head, officer):
        text = client.get(f"/complaints/{key}").get_data(as_text=True)
        assert "张**" in text and "张三丰" not in text and "13812341234" not in text
    assert post(officer, f"/complaints/{key}/reveal", {"reason": "联系投诉人"}, page=f"/complaints/{key}").status_code == 403
    assert post(head, f"/complaints/{key}/reveal", {"reason": ""}, page=f"/complaints/{key}").status_code == 422
    opened = post(head, f"/complaints/{key}/reveal", {"reason": "联系投诉人核实地点"}, page=f"/complaints/{key}").get_data(as_text=True)
    assert "张三丰" in opened and "13812341234" in opened
    assert "张三丰" not in head.get(f"/complaints/{key}").get_data(as_text=True)
    with use_scope(EVERYTHING):
        assert db.session.scalars(sa.select(Opening)).one().reason == "联系投诉人核实地点"
    assert "联系投诉人核实地点" in login("sup").get("/complaints/openings").get_data(as_text=True)
    assert "complaints.identity_opened" in login("auditor").get("/audit?action=complaints.identity").get_data(as_text=True)


def test_anonymous_holds_no_trace(app, world, login, post):
    clerk = login("jn_intake")
    answer = register(post, clerk, anonymous="y")
    assert answer.status_code == 200
    made = newest()
    with use_scope(EVERYTHING):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 0
        events = db.session.scalars(sa.select(Event).where(Event.record_type == "complaints.complaint", Event.record_id == made.id)).all()
        assert events and all(event.address == "" and event.session == "" and event.request_id == "" and event.actor_id is None for event in events)
        assert "张三丰" not in "".join(f"{event.after}" for event in db.session.scalars(sa.select(Event)))
    local = made.registered_at.astimezone(dt.timezone(dt.timedelta(hours=8)))
    assert (local.hour, local.minute, local.second) == (0, 0, 0)


def test_refusing_takes_a_ground_and_a_text(app_sqlite, world, login, post):
    key, head = matter(world.jiangnan), login("jn_head")
    assert step(post, head, key, "refuse", ground="不属于本机关职权", reason="").status_code == 422
    assert step(post, head, key, "refuse", ground="随便", reason="不想办").status_code == 422
    assert step(post, head, key, "refuse", ground="不属于本机关职权", reason="属于区市场监管局职权").status_code == 303
    assert fetch(key).state == "refused" and fetch(key).state_reason.startswith("不属于本机关职权：")


def test_nobody_off_post_nobody_else_is_assigned(app, world, login, post):
    key, head = matter(world.jiangnan), login("jn_head")
    person(world.jiangnan, "李明杰", world.account("jn_officer"), post_status="离岗")
    step(post, head, key, "accept")
    away = step(post, head, key, "assign", handler=str(world.account("jn_officer").id))
    assert away.status_code == 422 and "不在岗" in away.get_data(as_text=True)
    assert step(post, head, key, "assign", handler=str(world.account("gl_officer").id)).status_code == 422
    assert step(post, head, key, "assign", handler=str(world.account("jn_other").id)).status_code == 303
    assert step(post, login("jn_officer"), key, "start").status_code == 409


def in_hand(world, post, login, **values) -> int:
    key = matter(world.jiangnan, **values)
    change(key, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    return key


def test_an_extension_is_asked_before_the_end_granted_by_another_once(app, world, login, post):
    key = in_hand(world, post, login, received_on=D(2026, 11, 3))
    officer, leader = login("jn_officer"), login("jn_leader")
    assert fetch(key).due_on == D(2026, 11, 24)
    assert "延期为 1 至 15 天" in step(post, officer, key, "ask_extension", days="16", reason="待检测").get_data(as_text=True)
    assert step(post, officer, key, "ask_extension", days="5", reason="待检测").status_code == 303
    assert fetch(key).due_on == D(2026, 11, 24)
    assert step(post, leader, key, "grant_extension").status_code == 303
    assert fetch(key).due_on == D(2026, 12, 1)
    assert step(post, officer, key, "ask_extension", days="5", reason="再延").status_code == 409
    late = in_hand(world, post, login, received_on=D(2026, 11, 2))
    refused = step(post, officer, late, "ask_extension", days="5", reason="待检测")
    assert refused.status_code == 422 and "已过，不能再申请延期" in refused.get_data(as_text=True)


def test_suspending_stops_the_clock_and_resuming_moves_the_end_with_an_entry(app, world, login, post):
    key = in_hand(world, post, login)
    leader = login("jn_leader")
    assert step(post, leader, key, "suspend", reason="委托检测").status_code == 303
    assert fetch(key).sort_due.year == 9999
    change(key, suspended_on=D(2026, 11, 17))
    assert step(post, leader, key, "resume").status_code == 303
    assert fetch(key).suspended_days == 5 and fetch(key).due_on == D(2026, 12, 22)
    with use_scope(EVERYTHING):
        assert any("2026-12-15 调整为 2026-12-22" in entry.text for entry in db.session.scalars(sa.select(Entry).where(Entry.complaint_id == key)))


def test_merging_keeps_the_earliest_end_and_refuses_itself_and_circles(app, world, login, post):
    head = login("jn_head")
    main = matter(world.jiangnan, received_on=D(2026, 11, 20))
    early = matter(world.jiangnan, received_on=D(2026, 11, 10))
    numbers = {key: fetch(key).number for key in (main, early)}
    assert "不能并入本件自身" in step(post, head, main, "merge", main_number=numbers[main]).get_data(as_text=True)
    assert "没有找到编号" in step(post, head, main, "merge", main_number="江南投〔2026〕99号").get_data(as_text=True)
    assert step(post, head, early, "merge", main_number=numbers[main]).status_code == 303
    assert fetch(early).main_id == main and fetch(early).state == "merged"
    assert fetch(main).due_on == fetch(early).due_on == D(2026, 12, 1)
    circle = step(post, head, main, "merge", main_number=numbers[early])
    assert circle.status_code == 422 and "循环并案" in circle.get_data(as_text=True)


def test_passing_on_is_done_with_the_receipt_only_and_no_identity_goes_with_it(app, world, login, post):
    key, head, liaison = matter(world.jiangnan), login("jn_head"), login("ga_liaison")
    assert "二者选一" in step(post, head, key, "pass", to_org="", to_name="", reason="治安").get_data(as_text=True)
    assert step(post, head, key, "pass", to_org=str(world.police.id), to_name="", reason="属公安职权").status_code == 303
    assert fetch(key).state == "passing"
    with use_scope(EVERYTHING):
        incoming = db.session.scalars(sa.select(Incoming)).one()
        sent = incoming.id
        assert "张三丰" not in str({column.key: getattr(incoming, column.key) for column in sa.inspect(Incoming).columns})
    text = liaison.get(f"/complaints/incoming/{sent}").get_data(as_text=True)
    assert "烧烤摊" in text and liaison.get(f"/complaints/{key}").status_code == 403
    address = f"/do/complaints.incoming/{sent}/receive"
    assert post(liaison, address, {"receipt": "公收〔2026〕5号"}, page=address).status_code == 303
    assert fetch(key).state == "passed"
    assert "尚未反馈结果" in step(post, head, key, "archive").get_data(as_text=True)
    address = f"/do/complaints.incoming/{sent}/result"
    assert post(liaison, address, {"reason": "已处理"}, page=address).status_code == 303
    assert step(post, head, key, "archive").status_code == 303
    with use_scope(EVERYTHING):
        assert db.session.scalars(sa.select(Transfer)).one().result == "已处理"


def test_a_department_objects_within_five_working_days(app_sqlite, world, login, post):
    key, head, liaison = matter(world.jiangnan), login("jn_head"), login("ga_liaison")
    step(post, head, key, "pass", to_org=str(world.police.id), to_name="", reason="属公安职权")
    with use_scope(EVERYTHING):
        incoming = db.session.scalars(sa.select(Incoming)).one()
        assert incoming.object_by == D(2026, 12, 1)
    address = f"/do/complaints.incoming/{incoming.id}/object"
    assert post(liaison, address, {"reason": "不属公安职权"}, page=address).status_code == 303
    assert fetch(key).state == "registered" and fetch(key).due_on == D(2026, 12, 15)


def test_a_withdrawn_report_goes_on(app_sqlite, world, login, post):
    clerk = login("jn_intake")
    report, question = matter(world.jiangnan), matter(world.jiangnan, kind="question")
    assert "公共利益" in step(post, clerk, report, "withdraw", reason="不想追究").get_data(as_text=True)
    assert step(post, clerk, question, "withdraw", reason="已经知道了").status_code == 303


def test_returned_and_redone(app, world, login, post):
    key, head, leader, officer = in_hand(world, post, login), login("jn_head"), login("jn_leader"), login("jn_officer")
    conclusion = {"facts": "查无此事", "measures": "无", "result": "不属实", "concluded_on": str(TODAY)}
    step(post, officer, key, "conclude", **conclusion)
    assert step(post, head, key, "return", reason="未到现场").status_code == 303
    found = fetch(key)
    assert (found.state, found.result, found.concluded_on, found.sort_due) == ("handling", "", None, found.due_on)
    step(post, officer, key, "conclude", **conclusion)
    step(post, leader, key, "approve")
    step(post, head, key, "reply", reply_how="电话", replied_on=str(TODAY), reply_text="查无此事")
    assert step(post, leader, key, "redo", reason="有新的事实").status_code == 303
    again = fetch(key)
    assert (again.state, again.replied_on, again.handler_name, again.reply_text) == ("handling", None, "李明杰", "")
    page = leader.get(f"/complaints/{key}").get_data(as_text=True)
    assert "原答复（2026-11-24，电话）：查无此事" in page, "what was answered before is not lost"


def test_redone_later_it_has_a_new_period_and_whoever_can_handle_it(app_sqlite, world, login, post, time_machine):
    """Weeks after it was archived the old limit is long past; whoever left is not handed it again."""
    key = matter(world.jiangnan)
    done = {"state": "archived", "closed_as": "replied", "result": "不属实", "facts": "查无此事", "concluded_on": TODAY, "replied_on": TODAY, "archived_on": TODAY}
    change(key, handler_id=world.account("jn_officer").id, handler_name="李明杰", late=False, days_taken=0, extension_state="granted", extension_days=3, **done)
    time_machine.move_to(dt.datetime(2026, 12, 14, 2, 0, tzinfo=dt.UTC), tick=True)
    person(world.jiangnan, "李明杰", world.account("jn_officer"), post_status="离职")
    leader = login("jn_leader")
    page = leader.get(f"/do/complaints.complaint/{key}/redo").get_data(as_text=True)
    assert "期限自今日重新计算" in page
    assert step(post, leader, key, "redo", reason="有新的事实").status_code == 303
    again = fetch(key)
    assert (again.state, again.handler_id, again.due_from, again.due_on) == ("accepted", None, D(2026, 12, 14), D(2027, 1, 5))
    assert again.sort_due == again.due_on and (again.extension_state, again.late, again.concluded_on, again.closed_as) == ("", None, None, "")
    shown = login("jn_head").get(f"/complaints/{key}").get_data(as_text=True)
    assert "重办，期限自今日重新计算" in shown and "原承办人 李明杰 不能继续承办" in shown and "查无此事" in shown
    assert step(post, login("jn_head"), key, "assign", handler=str(world.account("jn_head").id)).status_code == 303


def test_who_concludes_does_not_approve(app_sqlite, world, login, post):
    key = in_hand(world, post, login)
    change(key, state="concluded", concluded_on=TODAY, concluded_by=world.account("jn_leader").id)
    assert step(post, login("jn_leader"), key, "approve").status_code == 422


def test_two_at_once_the_second_sees_what_changed_and_loses_nothing(app, world, login, post):
    key = in_hand(world, post, login)
    officer = login("jn_officer")
    address = f"/do/complaints.complaint/{key}/conclude"
    version = re.search(r'name="version" value="(\d+)"', officer.get(address).get_data(as_text=True))[1]
    change(key, category="其他")
    second = post(officer, address, {"facts": "我写的事实", "measures": "措施", "result": "属实", "concluded_on": str(TODAY), "version": version}, page=address)
    text = second.get_data(as_text=True)
    assert second.status_code == 409 and "我写的事实" in text and "刚才发生的变化" in text
    version = re.search(r'name="version" value="(\d+)"', text)[1]
    again = post(officer, address, {"facts": "我写的事实", "measures": "措施", "result": "属实", "concluded_on": str(TODAY), "version": version}, page=address)
    assert again.status_code == 303


def test_the_supervisor_urges(app, world, login, post):
    key = in_hand(world, post, login)
    assert step(post, login("sup"), key, "urge", reason="请加快办理").status_code == 303
    told = set(db.session.scalars(sa.select(Notice.account_id).where(Notice.title.contains("督办"))))
    assert told == {world.account(name).id for name in ("jn_head", "jn_leader", "jn_officer")}
    assert step(post, login("jn_head"), key, "urge", reason="x").status_code == 403


def test_five_wrong_codes_a_minute(app, world, login, post):
    clerk = login("jn_intake")
    for _number in range(5):
        assert post(clerk, "/complaints/code", {"code": "A" * 26}, page="/complaints/code").status_code == 404
    answer = post(clerk, "/complaints/code", {"code": "A" * 26}, page="/complaints/code")
    assert answer.status_code == 429
    assert post(login("jn_head"), "/complaints/code", {"code": "A" * 26}, page="/complaints/code").status_code == 404


def test_a_draft_is_kept_sealed_and_dropped_with_the_registration(app, world, login, post):
    clerk = login("jn_intake")
    assert post(clerk, "/complaints/draft", {**FORM, "content": "写了一半的秘密"}, page="/complaints/new").status_code == 200
    raw = db.session.execute(sa.text("select sealed from complaints_draft")).scalar_one()
    assert "秘密".encode() not in bytes(raw)
    page = clerk.get("/complaints/new").get_data(as_text=True)
    assert "写了一半的秘密" in page and "已恢复" in page
    assert "写了一半的秘密" not in login("jn_officer").get("/complaints/new").get_data(as_text=True)
    register(post, clerk)
    assert "写了一半的秘密" not in clerk.get("/complaints/new").get_data(as_text=True)


def test_look_alikes_are_shown_while_typing(app, world, login, post):
    matter(world.jiangnan, title="烧烤摊占道")
    matter(world.gelan, title="别的街镇的事")
    clerk = login("jn_intake")
    found = post(clerk, "/complaints/similar", {"place": "桃花新城", "object_name": "", "content": "烧烤"}, page="/complaints/new").get_data(as_text=True)
    assert "烧烤摊占道" in found and "别的街镇的事" not in found
    assert "烧烤摊占道" not in post(clerk, "/complaints/similar", {"place": "关口", "object_name": ""}, page="/complaints/new").get_data(as_text=True)


def test_one_text_split_into_linked_matters(app_sqlite, world, login, post):
    origin = matter(world.jiangnan)
    head = login("jn_head")
    page = f"/complaints/{origin}/split"
    assert "由 江南投〔2026〕1号 拆分" in head.get(page).get_data(as_text=True)
    assert post(head, page, {**FORM, "kind": "consumer"}, page=page, follow_redirects=True).status_code == 200
    made = newest()
    assert made.split_from_id == origin and made.kind == "consumer" and made.first_due == D(2026, 12, 3)
    assert made.number in head.get(f"/complaints/{origin}").get_data(as_text=True)


def test_other_paths_are_shown_at_once(app_sqlite, world, login, post):
    clerk = login("jn_intake")
    assert "请选择是哪一种" in register(post, clerk, kind="other").get_data(as_text=True)
    register(post, clerk, kind="other", redirect_kind="information")
    made = newest()
    assert made.due_on is None and "政府信息公开" in clerk.get(f"/complaints/{made.id}").get_data(as_text=True)
    assert step(post, clerk, made.id, "redirect").status_code == 303


def test_an_anonymous_registration_has_no_time_of_the_day_on_any_page(app_sqlite, world, login, post, time_machine):
    last = dt.datetime.fromtimestamp(db.session.scalar(sa.select(sa.func.max(Event.at))) / 1_000_000, dt.UTC)
    day = max(last.date(), TODAY) + dt.timedelta(days=1)  # the trail's time never goes back behind its last event
    time_machine.move_to(dt.datetime.combine(day, dt.time(2), dt.UTC), tick=True)
    register(post, login("jn_intake"), anonymous="y")
    key = newest().id
    page = login("jn_head").get(f"/complaints/{key}").get_data(as_text=True)
    history = page.split("匿名登记")[0].rsplit("登记投诉举报", 1)[1]
    assert day.isoformat() in history and not re.search(r"\d\d:\d\d", history)
    trail = login("auditor").get("/audit?action=complaints.registered").get_data(as_text=True)
    row = next(row for row in trail.split("<tr>") if "匿名登记" in row)
    assert day.isoformat() in row and not re.search(r"\d\d:\d\d", row)


def test_a_step_that_is_out_of_reach_says_so_before_anything_is_typed(app_sqlite, world, login):
    key = matter(world.jiangnan)
    page = login("jn_head").get(f"/do/complaints.complaint/{key}/reply").get_data(as_text=True)
    assert "当前状态为“登记”，不能执行“答复”。" in page
    assert "不能执行" not in login("jn_head").get(f"/do/complaints.complaint/{key}/accept").get_data(as_text=True)


def test_the_history_speaks_of_extensions_in_words(app_sqlite, world, login, post):
    key = matter(world.jiangnan)
    change(key, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    assert step(post, login("jn_officer"), key, "ask_extension", days="5", reason="情况复杂").status_code == 303
    assert step(post, login("jn_leader"), key, "grant_extension", reason="同意").status_code == 303
    page = login("jn_head").get(f"/complaints/{key}").get_data(as_text=True)
    assert "→ 已批准" in page and "granted" not in page and "asked" not in page


def test_a_calendar_that_arrives_moves_what_was_provisional_and_says_so(app, world, login, time_machine):
    time_machine.move_to(dt.datetime(2026, 12, 28, 2, 0, tzinfo=dt.UTC), tick=True)
    key = matter(world.jiangnan, today=D(2026, 12, 28), kind="consumer", channel="上级交办")
    report = matter(world.jiangnan, today=D(2026, 12, 28))
    made = fetch(key)
    assert made.first_due == D(2027, 1, 7) and fetch(report).due_on == D(2027, 1, 19) and fetch(report).due_provisional
    page = login("jn_head").get(f"/complaints/{key}").get_data(as_text=True)
    assert "应于 2027-01-07（暂定） 前受理决定" in page
    publish_2027()
    assert fetch(key).first_due == D(2027, 1, 9) and fetch(key).object_by == D(2027, 1, 7) and not fetch(report).due_provisional
    page = login("jn_head").get(f"/complaints/{key}").get_data(as_text=True)
    assert "受理决定期限由 2027-01-07 调整为 2027-01-09：工作日历发布" in page and "2027-01-09（暂定）" not in page
    assert "期限由 2027-01-19 调整为 2027-01-20：工作日历发布" in login("jn_head").get(f"/complaints/{report}").get_data(as_text=True)


def publish_2027() -> None:
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("calendar.loaded") as session:
        load_year(session, 2027, [D(2027, 1, 1), D(2027, 1, 4), D(2027, 1, 5)], [D(2027, 1, 9)], "国办发明电〔2026〕7号")


def test_a_day_that_was_given_stands_when_a_calendar_arrives(app, world, login, post, time_machine):
    """The order says until 6 January: no calendar moves that; working days that it says are counted by the calendar."""
    time_machine.move_to(dt.datetime(2026, 12, 28, 2, 0, tzinfo=dt.UTC), tick=True)
    order = {"kind": "hotline", "channel": "12345热线转办", "received_on": str(D(2026, 12, 28)), "content": "楼道堆物，邻居多次反映。", "place": "关口社区"}
    clerk = login("jn_intake")
    early = post(clerk, "/complaints/new", {**FORM, **order, "order_due": "2026-12-27"}, page="/complaints/new", follow_redirects=True)
    assert early.status_code == 422 and "办结日期不能早于收到日期" in early.get_data(as_text=True)
    assert post(clerk, "/complaints/new", {**FORM, **order, "order_due": "2027-01-06"}, page="/complaints/new", follow_redirects=True).status_code == 200
    with use_scope(EVERYTHING):
        day = db.session.scalar(sa.select(sa.func.max(Complaint.id)))
    days = matter(world.jiangnan, today=D(2026, 12, 28), kind="hotline", channel="12345热线转办", order_days=7)
    assert (fetch(day).due_on, fetch(day).due_provisional) == (D(2027, 1, 6), False)
    assert (fetch(days).due_on, fetch(days).due_provisional) == (D(2027, 1, 7), True)
    publish_2027()
    assert fetch(day).due_on == fetch(day).legal_due == D(2027, 1, 6) and fetch(days).due_on == D(2027, 1, 9)
    change(day, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    assert step(post, login("jn_officer"), day, "ask_extension", days="2", reason="情况复杂").status_code == 303
    assert step(post, login("jn_leader"), day, "grant_extension").status_code == 303
    assert fetch(day).due_on == D(2027, 1, 8) and fetch(day).due_given == D(2027, 1, 6), "what is added is counted from the day that was given"


def test_danger_runs_in_hours(app_sqlite, world, login, post, time_machine):
    key = matter(world.jiangnan, urgency="danger")
    made, head = fetch(key), login("jn_head")
    assert made.first_due_at - made.registered_at == dt.timedelta(hours=24)
    assert made.sort_due == D(2026, 11, 25) and made.due_on == D(2026, 12, 15), "it stands first until something was done"
    assert "11-25 10:00 前先行处置" in head.get("/complaints").get_data(as_text=True)
    time_machine.move_to(dt.datetime(2026, 11, 26, 2, 0, tzinfo=dt.UTC), tick=True)
    head = login("jn_head")
    assert made.number in head.get("/complaints?due=overdue").get_data(as_text=True)
    assert step(post, head, key, "accept").status_code == 303
    assert fetch(key).sort_due == D(2026, 12, 15)
    assert "前先行处置" not in head.get("/complaints").get_data(as_text=True)


def test_the_same_words_are_found_where_place_and_object_are_others(app, world, login, post):
    matter(world.jiangnan, content="河边天天有人焚烧电缆皮，黑烟滚滚。", place="关口社区", object_name="废品收购站")
    matter(world.gelan, content="有人焚烧电缆皮，葛兰。", place="葛兰场镇", object_name="")
    clerk = login("jn_intake")

    def beside(content: str) -> str:
        return post(clerk, "/complaints/similar", {"place": "", "object_name": "", "content": content}, page="/complaints/new").get_data(as_text=True)

    found = beside("昨晚又在焚烧电缆皮，呛得睡不着")
    assert "焚烧电缆皮" in found and "葛兰" not in found
    longer = post(clerk, "/complaints/similar", {"place": "关口社区二组", "object_name": "", "content": ""}, page="/complaints/new")
    assert "废品收购站" in longer.get_data(as_text=True), "a place that is said more exactly is the same place"
    assert "焚烧电缆皮" not in beside("路灯不亮") and "焚烧电缆皮" not in beside("%_%_%_%_")


def test_join_reaches_whoever_decides(app_sqlite, world, login, post):
    first, clerk, head = matter(world.jiangnan), login("jn_intake"), login("jn_head")
    main = fetch(first).number
    answer = register(post, clerk, join=str(first)).get_data(as_text=True)
    assert "已告知负责人核对并案" in answer
    made = newest()
    noted = db.session.scalars(sa.select(Entry.text).where(Entry.complaint_id == made.id)).all()
    assert [text for text in noted if main in text and "建议核对后并案" in text]
    assert main in db.session.scalar(sa.select(Notice.body).where(Notice.account_id == world.account("jn_head").id).order_by(Notice.id.desc()).limit(1))
    page = head.get(f"/complaints/{made.id}").get_data(as_text=True)
    assert f"并入 {main}" in page and "main_number=" in page
    assert f"并入 {main}" not in clerk.get(f"/complaints/{made.id}").get_data(as_text=True)
    assert step(post, head, made.id, "merge", main_number=main, reason="同一件").status_code == 303
    assert fetch(made.id).main_id == first and "登记时认为" not in head.get(f"/complaints/{made.id}").get_data(as_text=True).split("办理记录")[0]


def test_join_takes_nothing_that_is_not_ours(app_sqlite, world, login, post):
    other = matter(world.gelan)
    named = person(world.jiangnan, "周平", world.account("jn_intake"))
    kept = matter(world.jiangnan, kind="accusation", officers=(named,))
    clerk = login("jn_intake")
    for join in (other, kept, 10**12, -1):
        for extra in ({}, {"anonymous": "y"}, {"kind": "accusation", "officers": str(named)}):
            assert register(post, clerk, join=str(join), **extra).status_code == 200
            db.session.rollback()
    with use_scope(EVERYTHING):
        assert not db.session.scalars(sa.select(Entry.text).where(Entry.text.contains("建议核对后并案"))).all()


def test_changing_a_limit_says_what_it_would_move_and_asks(app, world, login, post):
    key = in_hand(world, post, login)
    head = login("jn_head")
    page = "/settings/complaints.limit.report"
    asked = post(head, page, {"value": "10", "valid_from": str(TODAY), "open_items": ""}, page=page)
    assert asked.status_code == 422 and "1 件在办事项的期限会变动" in asked.get_data(as_text=True)
    assert fetch(key).due_on == D(2026, 12, 15)
    assert post(head, page, {"value": "10", "valid_from": str(TODAY), "open_items": "new"}, page=page).status_code == 303
    assert fetch(key).due_on == D(2026, 12, 15) and fetch(matter(world.jiangnan)).due_on == D(2026, 12, 8)
    silent = post(head, page, {"value": "12", "valid_from": str(TODAY), "open_items": "move"}, page=page)
    assert silent.status_code == 422 and "请填写调整理由" in silent.get_data(as_text=True) and fetch(key).due_on == D(2026, 12, 15)
    later = {"value": "12", "valid_from": str(TODAY + dt.timedelta(days=9)), "open_items": "move", "reason": "提速"}
    assert "不能晚于今天" in post(head, page, later, page=page).get_data(as_text=True) and fetch(key).due_on == D(2026, 12, 15)
    assert post(head, page, {**later, "valid_from": str(TODAY)}, page=page).status_code == 303
    assert fetch(key).due_on == D(2026, 12, 10)
    with use_scope(EVERYTHING):
        assert any("调整举报办理期限为 12 天。提速" in entry.text for entry in db.session.scalars(sa.select(Entry).where(Entry.complaint_id == key)))
    assert login("jn_officer").get(page).status_code == 404 == login("gl_clerk").get("/settings").status_code


def test_another_town_finds_nothing(app, world, login, post):
    key = matter(world.jiangnan, title="只在江南")
    other = login("gl_head")
    before = other.get("/complaints").get_data(as_text=True)
    for path in (f"/complaints/{key}", f"/complaints/{key}/split", f"/do/complaints.complaint/{key}/accept"):
        assert other.get(path).status_code == 404
    assert "只在江南" not in before and "只在江南" not in other.get("/complaints?q=江南").get_data(as_text=True)
    assert f"/complaints/{key}" not in other.get("/search?q=只在江南").get_data(as_text=True)
    assert f"/complaints/{key}" in login("jn_head").get("/search?q=只在江南").get_data(as_text=True)
    assert "只在江南" not in other.get("/complaints?export=csv").get_data(as_text=True)
    matter(world.jiangnan, title="又一件")

    def bare(text):
        return re.sub(r'csrf[^>]*>|X-Request[^<]*', "", text)

    assert bare(other.get("/complaints").get_data(as_text=True)) == bare(before)
    assert fetch(matter(world.gelan)).number == "葛兰投〔2026〕1号"


def test_a_double_click_registers_once(app, world, login, post):
    clerk, key = login("jn_intake"), "ab" * 16
    first = register(post, clerk, content="夜市油烟扰民。", form_key=key)
    second = post(clerk, "/complaints/new", {**FORM, "content": "夜市油烟扰民。", "form_key": key}, page="/complaints/new")
    assert first.status_code == 200 and second.status_code == 303
    assert second.location == f"/complaints/{newest().id}"
    assert "已经登记过了" in clerk.get(second.location).get_data(as_text=True)
    same = sa.select(sa.func.count()).select_from(Complaint).where(Complaint.content == "夜市油烟扰民。")
    assert db.session.scalar(same) == 1


def test_a_receipt_is_shown_once_and_only_to_the_browser_that_registered(app, world, login, post):
    clerk, key = login("jn_intake"), "cd" * 16
    sent = post(clerk, "/complaints/new", {**FORM, "form_key": key}, page="/complaints/new")
    assert (sent.status_code, sent.location) == (303, f"/complaints/receipt/{key}")
    handed = sent.headers["Set-Cookie"]
    assert f"Path=/complaints/receipt/{key}" in handed and "HttpOnly" in handed and "Max-Age=600" in handed
    value = handed.partition("receipt=")[2].partition(";")[0]
    made, again = newest(), login("jn_intake")
    assert str(made.number) not in value and again.get(sent.location).location == f"/complaints/{made.id}", "another session of the same account has no code"
    again.set_cookie("receipt", value, path=sent.location)
    assert again.get(sent.location).status_code == 303, "nor with the cookie taken along"
    for other in ("/complaints/receipt/" + "ef" * 16, "/complaints/receipt/x"):
        clerk.set_cookie("receipt", value, path=other)
        assert clerk.get(other).location == "/complaints", "it opens its own receipt alone"
    for broken in ("", "AAAA", value[:-8], "%%%"):
        again.set_cookie("receipt", broken, path=sent.location)
        assert again.get(sent.location).status_code == 303
    page = clerk.get(sent.location)
    assert page.status_code == 200 and intake.by_code(db.session(), code_of(page)).id == made.id
    assert made.number in page.get_data(as_text=True) and "Max-Age=0" in page.headers["Set-Cookie"]
    later = clerk.get(sent.location)
    assert later.location == f"/complaints/{made.id}" and "只在登记时显示一次" in clerk.get(later.location).get_data(as_text=True)


def test_of_several_who_come_together_five_speak(app, world, login, post):
    clerk = login("jn_intake")
    answer = register(post, clerk, channel="来访", kind="petition", representatives="6")
    assert answer.status_code == 422 and "代表不超过 5 人" in answer.get_data(as_text=True)
    assert register(post, clerk, channel="来访", kind="petition", representatives="5").status_code == 200
    assert newest().representatives == 5


def test_a_marked_text_stays_out_and_is_not_lost(app, world, login, post):
    clerk = login("jn_intake")
    answer = register(post, clerk, content="来文 机密★10年 内容")
    assert answer.status_code == 422 and "保密机构" in answer.get_data(as_text=True) and "机密★10年" in answer.get_data(as_text=True)


def test_where_the_town_wants_it_a_conclusion_is_reviewed_before_it_is_approved(app, world, login, post, today):
    from plugins.complaints import figures
    from portal.settings import set_setting
    from portal.work import unit_of_work

    with unit_of_work("test") as session:
        set_setting(session, figures.LEGAL_REVIEW, world.jiangnan.id, True, today)
    key = matter(world.jiangnan)
    change(key, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    officer, legal, leader = login("jn_officer"), login("jn_legal"), login("jn_leader")
    step(post, officer, key, "conclude", facts="属实。", measures="已改正。", result="属实", concluded_on=TODAY.isoformat())
    assert "件办结意见待法制审核" in legal.get("/").get_data(as_text=True)
    early = step(post, leader, key, "approve")
    assert early.status_code == 422 and "尚未法制审核" in early.get_data(as_text=True)
    assert step(post, officer, key, "review", review="agree", reason="x").status_code == 403
    assert step(post, legal, key, "review", review="agree", reason="事实清楚，依据适当").status_code == 303
    assert step(post, leader, key, "approve").status_code == 303
    assert fetch(key).review == "agree" and fetch(key).approved_on == TODAY
