"""Over HTTP: who reaches what, the main path through its forms, and what bad input gets."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from plugins.meetings import archive, planning, rights, sitting, workflow
from plugins.meetings.models import AgendaItem, Attendance, Invitation, Meeting, Membership, Note, Topic
from plugins.meetings.models_results import Archive, Minutes, Resolution
from portal.auth import roles
from portal.database import db
from portal.errors import Conflict, Refused
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.records.attachments import Attachment
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.meetings.helpers import D, acting, do, fetch, found, held, issued, meeting, notified, resolve, sign_all, topic

TODAY = D(2026, 11, 24)
PDF = b"%PDF-1.4 signed"


@pytest.fixture(autouse=True)
def _day(monkeypatch):
    """The pages think that it is the day of the examples."""
    for name in ("views", "views_planning", "views_topics", "views_members", "views_room", "views_minutes", "views_resolutions", "views_calendar", "views_papers",
     "offers"):
        module = __import__(f"plugins.meetings.{name}", fromlist=["x"])
        for word in ("today", "clock"):
            if hasattr(module, word):
                monkeypatch.setattr(module, word, lambda: TODAY)
    monkeypatch.setattr("portal.records.views.today", lambda: TODAY)


def step(post, client, kind, key, action, **data):
    address = f"/do/meetings.{kind}/{key}/{action}"
    return post(client, address, data, page=address)


def newest(model):
    db.session.rollback()
    with use_scope(EVERYTHING):
        return db.session.scalars(sa.select(model).order_by(model.id.desc()).limit(1)).one()


FORM = {"kind": "adhoc", "day": "2026-12-15", "start": "09:30", "end": "11:30", "place": "区政府第一会议室", "chair": "区长", "title": "", "recorder": "", "note": ""}


def test_the_main_path_through_the_pages(app, world, login, post):
    """Propose, plan, put in order, notify, answer, sign in, record, draft, comment, sign, report, verify."""
    meet, head, chair, police = (login(name) for name in ("meet", "jn_head", "chair", "ga_liaison"))
    assert post(meet, "/meetings/members/conference", {"name": "联席会议", "convener": "区长", "office": "区司法局"},
     page="/meetings/members/conference").status_code == 303
    units = [str(world.jiangnan.id), str(world.gelan.id), str(world.police.id)]
    assert post(meet, "/meetings/members/join", {"units": units, "since": "2026-07-01"}, page="/meetings/members").status_code == 303
    member = newest(Membership).id
    data = {"post": "liaison", "name": "韩军刚", "position": "科长", "phone": "023-4024", "account_id": str(world.account("ga_liaison").id), "since": "2026-07-01"}
    assert post(meet, f"/meetings/members/{member}/delegate", data, page=f"/meetings/members/{member}").status_code == 303

    topic_data = {"title": "夜市整治", "category": "联合执法", "background": "反映集中", "request": "请明确牵头", "minutes": "30", "reporter": "周平", "submit": "1"}
    answer = head.post("/meetings/topics/new", data={**topic_data, "csrf_token": _token(head, "/meetings/topics/new"), "files": (io.BytesIO(PDF), "方案.pdf")})
    assert answer.status_code == 303
    topic_id = newest(Topic).id
    file_id = newest(Attachment).id
    assert police.get(f"/meetings/topics/{topic_id}").status_code == 404 and police.get(f"/attachments/{file_id}").status_code == 404
    assert step(post, meet, "topic", topic_id, "accept").status_code == 303
    assert post(meet, f"/meetings/topics/{topic_id}/reviews", {"units": [str(world.police.id)], "due_on": ""}, page=f"/meetings/topics/{topic_id}").status_code == 303
    assert police.get(f"/meetings/topics/{topic_id}").status_code == 200
    wrong = post(police, f"/meetings/topics/{topic_id}/review", {"opinion": "amend", "text": ""}, page=f"/meetings/topics/{topic_id}")
    assert wrong.status_code == 422 and "请写明修改建议" in wrong.get_data(as_text=True)
    assert post(police, f"/meetings/topics/{topic_id}/review", {"opinion": "agree", "text": ""}, page=f"/meetings/topics/{topic_id}").status_code == 303

    assert post(meet, "/meetings/new", FORM, page="/meetings/new").status_code == 303
    key = newest(Meeting).id
    assert post(meet, f"/meetings/{key}/agenda/topics", {"topics": [str(topic_id)]}, page=f"/meetings/{key}/agenda").status_code == 303
    assert post(meet, f"/meetings/{key}/agenda/items", {"title": "开场", "minutes": "10"}, page=f"/meetings/{key}/agenda").status_code == 303
    opening = newest(AgendaItem).id
    assert post(meet, f"/meetings/{key}/agenda/{opening}/move", {"to": "0"}, page=f"/meetings/{key}/agenda").status_code == 303
    page = meet.get(f"/meetings/{key}/agenda").get_data(as_text=True)
    assert re.search(r"09:30.*?开场.*?09:40.*?夜市整治", page, re.S)
    assert step(post, meet, "meeting", key, "schedule").status_code == 303
    assert head.get(f"/meetings/{key}").status_code == 404
    assert step(post, meet, "meeting", key, "notify").status_code == 303
    assert head.get(f"/meetings/{key}").status_code == 200 and police.get(f"/attachments/{file_id}").data == PDF
    assert "个会议通知待回执" in head.get("/inbox").get_data(as_text=True)

    mine = {row.unit_id: row.id for row in _invitations(key)}
    assert step(post, head, "invitation", mine[world.jiangnan.id], "attend", name="周平", position="主任", phone="13800000001").status_code == 303
    assert step(post, head, "invitation", mine[world.gelan.id], "attend", name="周平").status_code in (403, 404)
    doubled = step(post, police, "invitation", mine[world.police.id], "substitute", name="周 平", position="", phone="")
    assert doubled.status_code == 422 and "已代表其他单位参会" in doubled.get_data(as_text=True)
    assert step(post, police, "invitation", mine[world.police.id], "substitute", name="李强", position="副科长", phone="").status_code == 303
    assert step(post, login("gl_head"), "invitation", mine[world.gelan.id], "excuse", reason="防汛").status_code == 303
    for kind in ("pdf", "docx"):
        for name in ("notice", "agenda", "materials"):
            assert head.get(f"/meetings/{key}/papers/{name}.{kind}").status_code == 200
    assert head.get(f"/meetings/{key}/sign-in-sheet.pdf").status_code == 403

    _on(D(2026, 12, 15))
    assert step(post, meet, "meeting", key, "open").status_code == 303
    assert post(meet, f"/meetings/{key}/sign-in/list", {"present": [str(mine[world.jiangnan.id])]}, page=f"/meetings/{key}/sign-in").status_code == 303
    hand = {"invitation": str(mine[world.police.id]), "name": "李强", "position": "", "phone": ""}
    assert post(meet, f"/meetings/{key}/sign-in/hand", hand, page=f"/meetings/{key}/sign-in").status_code == 303
    assert newest(Attendance).substitute
    item = next(row.id for row in _items(key) if row.topic_id)
    assert post(meet, f"/meetings/{key}/live/{item}/note", {"text": "会议同意。", "version": "0"}, page=f"/meetings/{key}/live?item={item}").status_code == 303
    agreed = {"text": "建立联合巡查机制", "lead": [str(world.jiangnan.id)], "co_units": [str(world.police.id)], "due_on": "2026-12-31", "item_id": str(item)}
    assert post(meet, f"/meetings/{key}/live/resolutions", agreed, page=f"/meetings/{key}/live").status_code == 303
    resolution = newest(Resolution).id
    assert head.get(f"/meetings/resolutions/{resolution}").status_code == 404
    assert step(post, meet, "meeting", key, "hold").status_code == 303
    assert step(post, meet, "meeting", key, "draft_minutes").status_code == 303
    minutes = newest(Minutes).id
    assert head.get(f"/meetings/minutes/{minutes}").status_code == 404
    assert step(post, meet, "minutes", minutes, "circulate", comment_by="2026-12-17").status_code == 303
    page = head.get(f"/meetings/minutes/{minutes}").get_data(as_text=True)
    assert "周平" in page and "防汛" in page and "李强（代）" in page
    paragraph = re.search(r"/paragraphs/(\d+)/comment", page)[1]
    assert post(head, f"/meetings/minutes/{minutes}/paragraphs/{paragraph}/comment", {"text": "补充", "suggestion": ""},
     page=f"/meetings/minutes/{minutes}").status_code == 303
    refused = step(post, chair, "minutes", minutes, "sign")
    assert refused.status_code == 422 and "还有 1 条意见未处理，不能签发" in refused.get_data(as_text=True)
    comment = re.search(r"/comments/(\d+)", meet.get(f"/meetings/minutes/{minutes}").get_data(as_text=True))[1]
    silent = post(meet, f"/meetings/minutes/{minutes}/comments/{comment}", {"answer": "", "decline": "1"}, page=f"/meetings/minutes/{minutes}")
    assert silent.status_code == 422 and "不采纳的请说明理由" in silent.get_data(as_text=True)
    assert post(meet, f"/meetings/minutes/{minutes}/comments/{comment}", {"answer": "已有表述", "decline": "1"}, page=f"/meetings/minutes/{minutes}").status_code == 303
    early = step(post, meet, "minutes", minutes, "settle")
    assert early.status_code == 422 and "意见截止日期 2026-12-17 未到" in early.get_data(as_text=True)
    assert step(post, meet, "minutes", minutes, "settle", early="y").status_code == 303
    assert "份会议纪要待签发" in chair.get("/inbox").get_data(as_text=True)
    assert step(post, chair, "minutes", minutes, "sign").status_code == 303
    assert head.get(f"/meetings/minutes/{minutes}/paper.pdf").data[:4] == b"%PDF"
    bound = meet.post(f"/meetings/minutes/{minutes}/copy", data={"csrf_token": _token(meet, "/meetings"), "file": (io.BytesIO(PDF), "签字件.pdf")})
    assert bound.status_code == 303 and "与签发文本绑定" in meet.get(f"/meetings/minutes/{minutes}").get_data(as_text=True)
    again = meet.post(f"/meetings/minutes/{minutes}/copy", data={"csrf_token": _token(meet, "/meetings"), "file": (io.BytesIO(PDF), "别的.pdf")})
    assert again.status_code == 422 and "不能替换" in again.get_data(as_text=True)

    report = {"text": "已部署", "percent": "50", "csrf_token": _token(head, "/meetings"), "files": (io.BytesIO(PDF), "佐证.pdf")}
    assert head.post(f"/meetings/resolutions/{resolution}/reports", data=report).status_code == 303
    proof = newest(Attachment)
    assert proof.org_id == world.jiangnan.id and police.get(f"/attachments/{proof.id}").data == PDF
    assert login("gl_head").get(f"/attachments/{proof.id}").status_code == 404
    claim = {"text": "机制已建立", "claim": "1"}
    assert post(head, f"/meetings/resolutions/{resolution}/reports", claim, page=f"/meetings/resolutions/{resolution}").status_code == 303
    assert step(post, meet, "resolution", resolution, "verify", text="属实").status_code == 303
    assert step(post, meet, "meeting", key, "close").status_code == 303
    assert (fetch(Resolution, resolution).state, fetch(Meeting, key).state) == ("done", "closed")
    for part in ("1", "2", "year"):
        assert meet.get(f"/meetings/report?year=2026&part={part}").status_code == 200
        for kind, start in (("pdf", b"%PDF"), ("docx", b"PK"), ("xlsx", b"PK")):
            assert meet.get(f"/meetings/report?year=2026&part={part}&as={kind}").data.startswith(start)
    assert head.get("/meetings/report").status_code == 403
    for query, finds in (("夜市", 3), ("联合巡查", 1)):
        assert head.get("/search", query_string={"q": query}).get_data(as_text=True).count("/meetings/") >= 1, finds


def _token(client, page):
    return re.search(r'name="csrf-token" content="([^"]+)"', client.get(page).get_data(as_text=True))[1]


def _invitations(key):
    with use_scope(EVERYTHING):
        return db.session.scalars(sa.select(Invitation).where(Invitation.meeting_id == key)).all()


def _items(key):
    with use_scope(EVERYTHING):
        return db.session.scalars(sa.select(AgendaItem).where(AgendaItem.meeting_id == key)).all()


def _on(day):
    """Go to another day."""
    for name in ("views", "views_planning", "views_topics", "views_members", "views_room", "views_minutes", "views_resolutions", "views_calendar", "views_papers"):
        module = __import__(f"plugins.meetings.{name}", fromlist=["x"])
        if hasattr(module, "today"):
            module.today = lambda: day
    import portal.records.views

    portal.records.views.today = lambda: day


# -- bad input ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"end": "09:00"}, "结束时间须晚于开始时间"),
        ({"end": "09:30"}, "结束时间须晚于开始时间"),
        ({"day": "2026-12-12"}, "2026-12-12 是休息日"),
        ({"day": "2026-11-20"}, "会议日期不能早于今天"),
        ({"day": "2026-02-30"}, "Not a valid date value"),
        ({"day": "9999-12-31"}, "请核对年份"),
        ({"day": ""}, "请填写日期"),
        ({"start": "25:00"}, "Not a valid time value"),
        ({"place": "  "}, "请填写此项"),
        ({"title": "长" * 121}, "最多 120 个字"),
        ({"note": "长" * 100_000}, "最多 5000 个字"),
        ({"kind": "secret"}, "Not a valid choice"),
        ({"note": "密级：机密"}, "国家秘密标志"),
    ],
)
def test_a_meeting_that_cannot_be_is_refused_at_its_field(app_sqlite, world, login, post, changes, words):
    found(app_sqlite, world)
    answer = post(login("meet"), "/meetings/new", {**FORM, "place": "江南会场", **changes}, page="/meetings/new")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and (words in text or words.startswith("Not a valid")), text[-3000:]
    assert ("江南会场" in text) is ("place" not in changes)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(sa.table("meetings_meeting"))) == 0


def test_a_day_off_is_asked_about_and_allowed(app_sqlite, world, login, post):
    found(app_sqlite, world)
    meet = login("meet")
    answer = post(meet, "/meetings/new", {**FORM, "day": "2026-12-12"}, page="/meetings/new")
    assert answer.status_code == 422 and 'name="day_off_ok"' in answer.get_data(as_text=True)
    assert post(meet, "/meetings/new", {**FORM, "day": "2026-12-12", "day_off_ok": "y"}, page="/meetings/new").status_code == 303
    assert newest(Meeting).day == D(2026, 12, 12)


def test_a_form_that_is_sent_twice_makes_one_meeting(app_sqlite, world, login):
    found(app_sqlite, world)
    meet = login("meet")
    page = meet.get("/meetings/new").get_data(as_text=True)
    data = {**FORM, "form_key": re.search(r'name="form_key" value="(\w+)"', page)[1], "csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]}
    assert meet.post("/meetings/new", data=data).location == meet.post("/meetings/new", data=data).location
    assert db.session.scalar(sa.select(sa.func.count()).select_from(sa.table("meetings_meeting"))) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"lead": []}, "请指定牵头单位"),
        ({"lead": ["jiangnan", "gelan"]}, "牵头单位只能有一个"),
        ({"outside": "市级单位"}, "牵头单位只能有一个"),
        ({"due_on": ""}, "请填写完成时限"),
        ({"due_on": "2026-12-01"}, "完成时限不能早于会议日期"),
        ({"text": "对张某罚款5000元"}, "联席会议不决定个案的处罚种类和金额"),
        ({"text": ""}, "请填写此项"),
    ],
)
def test_a_resolution_needs_one_lead_and_a_date(app_sqlite, world, login, post, changes, words):
    """A6.5"""
    found(app_sqlite, world)
    key = notified(app_sqlite, world, D(2026, 12, 15), TODAY)
    data = {"text": "建立巡查机制", "lead": ["jiangnan"], "due_on": "2026-12-31", "co_units": [], **changes}
    data["lead"] = [str(getattr(world, name).id) for name in data["lead"]]
    answer = post(login("meet"), f"/meetings/{key}/live/resolutions", data, page=f"/meetings/{key}/live")
    assert answer.status_code == 422 and words in answer.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(sa.table("meetings_resolution"))) == 0


def test_two_recorders_do_not_overwrite_each_other(app, world, login, post):
    found(app, world)
    key = notified(app, world, D(2026, 12, 15), TODAY)
    item = _items(key)[0].id
    one, two = login("meet"), login("meet2")
    address, page = f"/meetings/{key}/live/{item}/note", f"/meetings/{key}/live?item={item}"
    fragment = {"HX-Request": "true"}
    saved = post(one, address, {"text": "第一位的记录", "version": "0"}, page=page, headers=fragment)
    assert saved.status_code == 200 and 'value="1"' in saved.get_data(as_text=True) and "林海燕" in saved.get_data(as_text=True)
    late = post(two, address, {"text": "第二位的记录", "version": "0"}, page=page, headers=fragment)
    text = late.get_data(as_text=True)
    assert late.status_code == 409 and "林海燕 刚刚改过这一段" in text and "第一位的记录" in text
    assert 'name="version" value="0"' in text and 'name="both" value="1"' in text and 'name="own" value="1"' in text
    assert newest(Note).text == "第一位的记录"
    typing = post(two, address, {"text": "第二位的记录还在写", "version": "0"}, page=page, headers=fragment)
    assert typing.status_code == 409 and newest(Note).text == "第一位的记录", "what saves itself goes on being refused until somebody decides"
    plain = post(two, address, {"text": "第二位的记录", "version": "0"}, page=page)
    assert plain.status_code == 409 and "第二位的记录" in plain.get_data(as_text=True)
    assert 'name="version" value="0"' in plain.get_data(as_text=True)
    assert post(two, address, {"text": "第一位的记录\n第二位的记录", "version": "0", "both": "1"}, page=page).status_code == 303
    assert newest(Note).text == "第一位的记录\n第二位的记录"
    stale = post(one, address, {"text": "第三稿", "version": "1", "own": "1"}, page=page)
    assert stale.status_code == 409 and "第三稿" in stale.get_data(as_text=True), "a third change in between is shown again"
    same = post(one, address, {"text": "第一位的记录\n第二位的记录", "version": "0"}, page=page, headers=fragment)
    assert same.status_code == 200
    assert post(one, address, {"text": "只留这一份", "version": "1", "own": "2"}, page=page).status_code == 303 and newest(Note).text == "只留这一份"
    assert post(one, address, {"text": "长" * 100_000, "version": "2"}, page=page, headers=fragment).status_code == 422


def test_recorders_at_the_same_moment_come_one_after_the_other(app, world):
    """Numbers of resolutions are never given twice, and a first note is not lost."""
    found(app, world)
    key = notified(app, world, TODAY, D(2026, 11, 10))
    item = _items(key)[0].id

    def record(number):
        with app.app_context():
            resolve(app, world, key, D(2026, 12, 31), text=f"事项{number}")
            try:
                with acting(app, world, "meet" if number % 2 else "meet2"):
                    sitting.save_note(key, item, f"记录{number}", 0)
            except Conflict:
                return False
        return True

    with ThreadPoolExecutor(4) as pool:
        kept = list(pool.map(record, range(8)))
    assert kept.count(True) == 1 and newest(Note).text == f"记录{kept.index(True)}"
    with use_scope(EVERYTHING):
        assert sorted(db.session.scalars(sa.select(Resolution.seq))) == list(range(1, 9))


def test_signing_in_by_the_code_on_the_wall(app, world, login, monkeypatch):
    found(app, world)
    key = notified(app, world, D(2026, 12, 15), TODAY)
    mine = {row.unit_id: row.id for row in _invitations(key)}
    meet, phone = login("meet"), app.test_client()
    code = re.search(rf"/meetings/{key}/code/([^\"]+)\.svg", meet.get(f"/meetings/{key}/code").get_data(as_text=True))[1]
    assert meet.get(f"/meetings/{key}/code/{code}.svg").data.startswith(b"<svg")
    page = phone.get(f"/meetings/scan/{code}").get_data(as_text=True)
    assert "江南街道" in page and "区公安局" in page
    data = {"invitation": str(mine[world.jiangnan.id]), "name": "周平", "position": "", "phone": "",
     "csrf_token": re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]}
    early = phone.post(f"/meetings/scan/{code}", data=data)
    assert early.status_code == 422 and "会议当天才能签到" in early.get_data(as_text=True)
    _on(D(2026, 12, 15))
    assert "签到成功" in phone.post(f"/meetings/scan/{code}", data=data).get_data(as_text=True)
    assert (newest(Attendance).how, newest(Attendance).name) == ("qr", "周平")
    again = phone.post(f"/meetings/scan/{code}", data=data)
    assert again.status_code == 422 and "周平 已签到" in again.get_data(as_text=True)
    other = phone.post(f"/meetings/scan/{code}", data={**data, "invitation": str(mine[world.gelan.id])})
    assert other.status_code == 422 and "一人不能代表两个单位" in other.get_data(as_text=True)
    assert phone.post(f"/meetings/scan/{code}", data={**data, "invitation": str(mine[world.gelan.id]), "phone": "13900000000", "name": "郑军杰"}).status_code == 200
    assert phone.get(f"/meetings/scan/{code}x").status_code == 404
    monkeypatch.setattr(sitting, "_serializer", lambda: _Old())
    over = phone.get(f"/meetings/scan/{code}")
    assert over.status_code == 422 and "签到码已过期" in over.get_data(as_text=True)


class _Old:
    """A serializer for which every code is too old."""

    def loads(self, _code, max_age):
        from itsdangerous import SignatureExpired

        raise SignatureExpired(f"older than {max_age}")


def test_an_agenda_of_two_hundred_topics(app_sqlite, world, login, post):
    found(app_sqlite, world)
    with acting(app_sqlite, world, "meet"), unit_of_work("test.topics") as session:
        org = world.district.id
        session.add_all(
            Topic(org_id=org, title=f"议题{n:03d}", category="其他", background="b", request="r", minutes=1, proposer_id=org, proposer_name="办公室",
             proposed_on=TODAY, state="accepted")
            for n in range(200)
        )  # fmt: skip
    key = meeting(app_sqlite, world, D(2026, 12, 15), TODAY, kind="adhoc")
    with acting(app_sqlite, world, "meet"):
        planning.drop_item(key, planning.agenda(db.session(), key)[0].id)
    meet = login("meet")
    with use_scope(EVERYTHING):
        ids = [str(row) for row in db.session.scalars(sa.select(Topic.id).order_by(Topic.id))]
    assert post(meet, f"/meetings/{key}/agenda/topics", {"topics": ids}, page=f"/meetings/{key}/agenda").status_code == 303
    last = max(row.id for row in _items(key))
    statements = []
    sa.event.listen(db.engine, "before_cursor_execute", lambda *a: statements.append(a[2]))
    page = meet.get(f"/meetings/{key}/agenda").get_data(as_text=True)
    assert page.count("data-sort-item") == 200 and "多出 80 分钟" in page and len(statements) < 60
    moved = post(meet, f"/meetings/{key}/agenda/{last}/move", {"to": "0"}, page=f"/meetings/{key}/agenda", headers={"HX-Request": "true"})
    assert moved.status_code == 200 and moved.get_data(as_text=True).index("议题199") < moved.get_data(as_text=True).index("议题000")
    full = post(meet, f"/meetings/{key}/agenda/items", {"title": "再来一项", "minutes": "5"}, page=f"/meetings/{key}/agenda")
    assert full.status_code == 422 and "一次会议最多 200 项议程" in full.get_data(as_text=True)
    assert [row.minutes for row in _items(key)] == [1] * 200
    for wrong in ("", "x", "99999999999"):
        assert post(meet, f"/meetings/{key}/agenda/{last}/move", {"to": wrong}, page=f"/meetings/{key}/agenda").status_code == 422
    assert post(meet, f"/meetings/{key}/agenda/{last}", {"minutes": "481"}, page=f"/meetings/{key}/agenda").status_code == 422


# -- who may what ---------------------------------------------------------------------------------------------------------------


def test_rights_of_roles_are_those_of_the_table(app_sqlite):
    matrix = roles.matrix()
    for role, held_rights in rights.GRANTS.items():
        assert {right for right in matrix[role] if right.startswith("meetings.")} == held_rights
    for role in ("system_admin", "security_admin", "security_auditor", "expert", "certificate_clerk"):
        assert not any(right.startswith("meetings.") for right in matrix[role])


def test_every_page_asks_for_its_right(app_sqlite):
    open_to_all = {"meetings_room.scan", "meetings_calendar.feed"}
    for rule in app_sqlite.url_map.iter_rules():
        if rule.endpoint.startswith("meetings"):
            view = app_sqlite.view_functions[rule.endpoint]
            assert rule.endpoint in open_to_all or getattr(view, "permission", "").startswith("meetings."), rule.endpoint


def test_pages_of_the_office_are_closed_to_others(app, world, login, post):
    found(app, world)
    first = topic(app, world, TODAY)
    key = held(app, world, D(2026, 12, 15), TODAY, topic_ids=(first,))
    resolve(app, world, key, D(2026, 12, 31))
    minutes = issued(app, world, key, D(2026, 12, 18))
    office = (f"/meetings/{key}/agenda", f"/meetings/{key}/invitations", f"/meetings/{key}/sign-in", f"/meetings/{key}/live", f"/meetings/{key}/code", "/meetings/new",
              "/meetings/members/conference", f"/meetings/{key}/archive", "/meetings/report", "/meetings/halves", "/meetings/resolutions/word")  # fmt: skip
    shared = (f"/meetings/{key}", f"/meetings/topics/{first}", f"/meetings/minutes/{minutes}", "/meetings", "/meetings/topics", "/meetings/resolutions",
              "/meetings/resolutions/board", "/meetings/calendar", "/meetings/members")  # fmt: skip
    expected = {"meet": (200, 200), "jn_head": (403, 200), "jn_officer": (403, 200), "ga_liaison": (403, 200), "jn_clerk": (403, 403), "sysadmin": (403, 403)}
    for username, (of_office, of_all) in expected.items():
        client = login(username)
        for address in office:
            assert client.get(address).status_code == of_office, (username, address)
        for address in shared:
            assert client.get(address).status_code == of_all, (username, address)
    officer = login("jn_officer")
    assert post(officer, f"/meetings/minutes/{minutes}/copy", {}, page="/meetings").status_code == 403
    assert app.test_client().get("/meetings").status_code == 302


def test_the_uninvited_find_nothing_anywhere(app, world, login):
    found(app, world, units=("jiangnan", "police"))
    first = topic(app, world, TODAY, title="青龙路夜市整治")
    key = held(app, world, D(2026, 12, 15), TODAY, kind="adhoc", topic_ids=(first,))
    resolution = resolve(app, world, key, D(2026, 12, 31), text="建立青龙路巡查机制")
    minutes = issued(app, world, key, D(2026, 12, 18))
    stranger, guest = login("gl_head"), login("jn_head")
    gone = (f"/meetings/{key}", f"/meetings/topics/{first}", f"/meetings/minutes/{minutes}", f"/meetings/resolutions/{resolution}", f"/meetings/{key}/event.ics",
            f"/meetings/{key}/papers/notice.pdf", f"/meetings/{key}/papers/agenda.docx", f"/meetings/minutes/{minutes}/paper.pdf",
            f"/do/meetings.resolution/{resolution}/claim", "/meetings/999999")  # fmt: skip
    assert {stranger.get(address).status_code for address in gone} == {404}
    for address in ("/meetings", "/meetings/topics", "/meetings/resolutions", "/meetings/resolutions/board", "/meetings/calendar?year=2026&month=12", "/",
     "/search?q=青龙路"):
        assert "青龙路" not in stranger.get(address).get_data(as_text=True).replace("q=青龙路", "").replace('value="青龙路"', "").replace("“青龙路”", ""), address
    assert "青龙路巡查机制" in guest.get("/meetings/resolutions").get_data(as_text=True)
    assert "青龙路夜市整治" in guest.get("/search", query_string={"q": "青龙路夜市"}).get_data(as_text=True).replace("<mark>", "").replace("</mark>", "")
    exported = stranger.get("/meetings/resolutions?export=csv").get_data(as_text=True)
    assert "青龙路" not in exported and "青龙路" in guest.get("/meetings/resolutions?export=csv").get_data(as_text=True)


def test_a_draft_is_its_proposers_alone(app_sqlite, world, login, post):
    found(app_sqlite, world)
    head = login("jn_head")
    data = {"title": "未定稿", "category": "其他", "background": "b", "request": "r", "minutes": "10", "reporter": ""}
    assert post(head, "/meetings/topics/new", data, page="/meetings/topics/new").status_code == 303
    key = newest_id("meetings_topic")
    assert head.get(f"/meetings/topics/{key}").status_code == 200
    assert {login(name).get(f"/meetings/topics/{key}").status_code for name in ("meet", "gl_head", "sup")} == {404}
    assert "未定稿" not in login("meet").get("/meetings/topics").get_data(as_text=True)


def newest_id(table):
    return db.session.execute(sa.text(f"SELECT max(id) FROM {table}")).scalar()


def test_switching_off_takes_a_town_off_what_is_to_come_and_keeps_the_past(app, world, login):
    found(app, world)
    past = held(app, world, D(2026, 12, 1), TODAY)
    coming = notified(app, world, D(2026, 12, 15), TODAY, kind="adhoc")
    plugins = app.extensions["portal"].plugins
    with unit_of_work("test.switch") as session:
        plugins.switch(session, "meetings", world.gelan.id, False)
    assert world.gelan.id in {row.unit_id for row in _invitations(past)} and world.gelan.id not in {row.unit_id for row in _invitations(coming)}
    assert login("gl_head").get("/meetings").status_code == 404
    page = login("meet").get(f"/meetings/{past}").get_data(as_text=True)
    assert "葛兰镇" in page
    third = meeting(app, world, D(2026, 12, 22), TODAY)
    assert world.gelan.id not in {row.unit_id for row in _invitations(third)}
    do(app, world, third, "notify", TODAY)
    with unit_of_work("test.switch") as session:
        plugins.switch(session, "meetings", world.gelan.id, True)
    titles = " ".join(db.session.scalars(sa.select(Notice.title).where(Notice.account_id == world.account("meet").id)))
    assert "请核对邀请名单" in titles, "in the box at once, shown in working hours"
    assert login("gl_head").get(f"/meetings/{past}").status_code == 200


def test_only_the_office_proposes_where_that_is_set(app_sqlite, world, login, post):
    from portal.settings import set_setting

    found(app_sqlite, world)
    with unit_of_work("test.setting") as session:
        set_setting(session, "meetings.proposers", None, "office", D(2026, 1, 1))
    head = login("jn_head")
    data = {"title": "x", "category": "其他", "background": "b", "request": "r", "minutes": "10"}
    assert post(head, "/meetings/topics/new", data, page="/meetings/topics/new").status_code == 403
    assert post(login("meet"), "/meetings/topics/new", data, page="/meetings/topics/new").status_code == 303


# -- archive --------------------------------------------------------------------------------------------------------------------


def test_the_archive_of_a_meeting_holds_everything_with_its_hashes(app, world, login, post):
    import hashlib
    import json

    found(app, world)
    first = topic(app, world, TODAY)
    key = held(app, world, D(2026, 12, 15), TODAY, topic_ids=(first,))
    resolve(app, world, key, D(2026, 12, 31))
    issued(app, world, key, D(2026, 12, 18))
    meet = login("meet")
    assert post(meet, f"/meetings/{key}/archive", page=f"/meetings/{key}/archive").status_code == 303
    assert post(meet, f"/meetings/{key}/archive", page=f"/meetings/{key}/archive").status_code == 303
    assert "排队中" in meet.get(f"/meetings/{key}/archive").get_data(as_text=True)
    assert run_job("meetings.archive", today=TODAY).result == {"made": 1, "failed": 0}
    made = newest(Archive)
    content = meet.get(f"/meetings/archives/{made.id}.zip").data
    assert hashlib.sha256(content).hexdigest() == made.digest
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        names = book.namelist()
        manifest = json.loads(book.read("manifest.json"))
        assert {entry["name"] for entry in manifest["files"]} == set(names) - {"manifest.json", "SHA256SUMS"}
        for entry in manifest["files"]:
            assert hashlib.sha256(book.read(entry["name"])).hexdigest() == entry["sha256"]
        events = book.read("09 审计记录.jsonl").decode()
        assert "meetings.minutes.sign" in events and "meetings.signed_in" in events
        assert book.read("06 会议纪要-1.pdf").startswith(b"%PDF") and "江南街道" in book.read("04 签到与回执.csv").decode()
    assert login("jn_head").get(f"/meetings/archives/{made.id}.zip").status_code == 403
    coming = meeting(app, world, D(2026, 12, 22), TODAY, kind="adhoc")
    with acting(app, world, "meet"), pytest.raises(Refused, match="会议结束后才能归档"):
        archive.ask(coming)


def test_hostile_text_stays_text(app_sqlite, world, login, post):
    found(app_sqlite, world)
    head = login("jn_head")
    data = {"title": "<script>alert(1)</script>{{7*7}}\x00", "category": "其他", "background": "=cmd()\n😀𠮷", "request": "r", "minutes": "10", "submit": "1"}
    assert post(head, "/meetings/topics/new", data, page="/meetings/topics/new").status_code == 303
    key = newest_id("meetings_topic")
    page = head.get(f"/meetings/topics/{key}").get_data(as_text=True)
    assert "<script>alert" not in page and "&lt;script&gt;" in page and "{{7*7}}" in page
    for odd in ("minutes=0", "minutes=99999999999"):
        name, value = odd.split("=")
        assert post(head, "/meetings/topics/new", {**data, name: value}, page="/meetings/topics/new").status_code == 422
    assert head.get("/meetings?day_from=2026-02-30&state=x&after=%ff&size=-1").status_code == 200
    assert head.get("/meetings/calendar?year=99999&month=13").status_code == 200


def test_excuses_need_their_reason_and_answers_end_with_the_meeting(app_sqlite, world, login, post):
    found(app_sqlite, world)
    key = notified(app_sqlite, world, D(2026, 12, 15), TODAY)
    mine = {row.unit_id: row.id for row in _invitations(key)}[world.jiangnan.id]
    head = login("jn_head")
    assert step(post, head, "invitation", mine, "excuse", reason="").status_code == 422
    do(app_sqlite, world, key, "move", TODAY, day=D(2026, 12, 16), start=dt.time(9), end=dt.time(10), place="二会", reason="冲突")
    assert step(post, head, "invitation", mine, "attend", name="周平").status_code == 303
    assert fetch(Invitation, mine).seen_sequence == 1
    sign_all(app_sqlite, world, key)
    do(app_sqlite, world, key, "hold", D(2026, 12, 16))
    assert post(head, f"/do/meetings.invitation/{mine}/excuse", {"reason": "迟了"}, page="/meetings").status_code == 409
    assert workflow.INVITATION.matrix()


def test_overdue_resolutions_come_on_top_of_the_next_agenda_by_themselves(app_sqlite, world, login, post):
    found(app_sqlite, world)
    key = held(app_sqlite, world, D(2026, 9, 29), D(2026, 9, 15))
    for number, due in ((1, D(2026, 10, 23)), (2, D(2026, 10, 20)), (3, D(2026, 11, 26))):
        resolve(app_sqlite, world, key, due, text=f"拖延的第{number}项")
    issued(app_sqlite, world, key, D(2026, 10, 12))
    coming = meeting(app_sqlite, world, D(2026, 12, 15), TODAY, kind="adhoc")
    assert run_job("meetings.remind", today=TODAY).result["proposed"] == 2
    assert [row.title for row in _items(coming)] == ["超期议定事项：拖延的第2项", "超期议定事项：拖延的第1项", "通报工作情况"]
    with acting(app_sqlite, world, "meet"):
        planning.drop_item(coming, _items(coming)[0].id)
    assert run_job("meetings.remind", today=TODAY).result["proposed"] == 0
    assert [row.title for row in _items(coming)] == ["超期议定事项：拖延的第1项", "通报工作情况"], "what the office took off stays off"
    do(app_sqlite, world, coming, "notify", TODAY)
    assert run_job("meetings.remind", today=D(2026, 11, 30)).result["proposed"] == 1
    assert len(_items(coming)) == 2, "an agenda that was sent out does not change by itself"
    page = post(login("meet"), "/meetings/new", {**FORM, "day": "2026-12-22", "form_key": "k" * 32}, page="/meetings/new", follow_redirects=True).get_data(as_text=True)
    assert "2 项超期的议定事项已自动列在议程最前" in page
    assert [row.title for row in _items(newest(Meeting).id)] == ["超期议定事项：拖延的第2项", "超期议定事项：拖延的第3项"]


def test_a_resolution_a_month_overdue_is_on_top_of_everyones_list_and_ready_for_the_next_agenda(app, world, login):
    """Four places: the lists and first pages of those concerned, the next agenda, the report, the record of keeping one's word."""
    found(app, world)
    key = held(app, world, D(2026, 9, 29), D(2026, 9, 15))
    fresh = resolve(app, world, key, D(2026, 12, 31), text="另一项还早")
    late = resolve(app, world, key, D(2026, 10, 23), text="拖了一个月的事项")
    issued(app, world, key, D(2026, 10, 12))
    run_job("meetings.remind", today=TODAY)
    coming = meeting(app, world, D(2026, 12, 15), TODAY, kind="adhoc")
    for username in ("meet", "jn_head", "gl_head", "ga_liaison"):
        client = login(username)
        page = client.get("/meetings/resolutions").get_data(as_text=True)
        assert page.index(f"/meetings/resolutions/{late}") < page.index(f"/meetings/resolutions/{fresh}") and "超期 32 天" in page, username
        first = client.get("/").get_data(as_text=True)
        assert "拖了一个月的事项" in first and ("项牵头事项超期" in first) is (username == "jn_head"), username
    meet = login("meet")
    assert [row.title for row in _items(coming)] == ["超期议定事项：拖了一个月的事项", "通报工作情况"], "on top of the next agenda by itself"
    assert "超期议定事项：拖了一个月的事项" in meet.get(f"/meetings/{coming}/agenda").get_data(as_text=True)
    assert "拖了一个月的事项" in meet.get("/meetings/report?year=2026&part=2").get_data(as_text=True)
    word = meet.get("/meetings/resolutions/word").get_data(as_text=True)
    assert re.search(r"江南街道.*?超期未办结.{0,200}?1<", word, re.S)
    unit = meet.get(f"/organisations/{world.jiangnan.id}")
    assert unit.status_code == 403 or "拖了一个月的事项" in unit.get_data(as_text=True)
