"""What a town sets for itself on the page: limits, fields, grounds, the form of numbers, retention, villages and streets."""

import datetime as dt
import io

import pytest
import sqlalchemy as sa

from plugins.complaints.models import Entry, Place
from plugins.complaints.models_identity import Identity
from portal.audit.models import Event
from portal.database import db
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.complaints.helpers import TODAY, archive, fetch, matter
from tests.portal.records.files import xlsx

D = dt.date


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def setting(post, client, key, value, **more):
    page = f"/settings/complaints.{key}"
    return post(client, page, {"value": value, "valid_from": str(TODAY), **more}, page=page)


def test_every_figure_has_its_page_for_the_head_alone(app_sqlite, world, login):
    head = login("jn_head")
    listed = head.get("/settings").get_data(as_text=True)
    keys = [
        *(f"limit.{kind}" for kind in ("report", "accusation", "petition", "hotline", "consumer", "question")), *(f"first.{kind}" for kind in ("petition", "hotline",
        "consumer")),
        "extension.report", "amber_days", "categories", "refusals", "number_format", "accusation_number_format", "identity_years", "contact_telephone",
        "contact_address", "contact_hours",
    ]  # fmt: skip
    for key in keys:
        assert f"/settings/complaints.{key}" in listed and head.get(f"/settings/complaints.{key}").status_code == 200, key
    for name in ("jn_intake", "jn_officer", "jn_leader", "sup"):
        assert login(name).get("/settings/complaints.number_format").status_code == 404, name


def test_the_next_number_is_shown_while_its_form_is_typed(app, world, login, post):
    matter(world.jiangnan)
    head = login("jn_head")
    assert "江南投〔2026〕2号" in head.get("/settings/complaints.number_format").get_data(as_text=True)
    page = "/settings/complaints.number_format"
    shown = post(head, f"{page}/preview", {"value": "{org}热线（{year}）第{seq}号"}, page=page)
    assert shown.status_code == 200 and "江南热线（2026）第2号" in shown.get_data(as_text=True)
    for wrong in ("{org}{seq}号", "{org}〔{year}〕号", "{org}〔{year}〕{seq}{seq}号", "{0}{year}{seq}", "{org.kind}{year}{seq}", "{year", "x" * 60 + "{year}{seq}"):
        assert "格式不符" in post(head, f"{page}/preview", {"value": wrong}, page=page).get_data(as_text=True) or "个字" in post(
            head, f"{page}/preview", {"value": wrong}, page=page
        ).get_data(as_text=True), wrong
        assert setting(post, head, "number_format", wrong).status_code == 422, wrong
    assert setting(post, head, "number_format", "{org}热线（{year}）第{seq}号").status_code == 303
    assert fetch(matter(world.jiangnan)).number == "江南热线（2026）第2号"
    assert login("jn_intake").post(f"{page}/preview").status_code in (400, 404, 419)


def test_fields_and_grounds(app_sqlite, world, login, post):
    head = login("jn_head")
    assert setting(post, head, "categories", "市容环境\n河道管理\n").status_code == 303
    assert "河道管理" in login("jn_intake").get("/complaints/new").get_data(as_text=True)
    assert setting(post, head, "categories", "字" * 41).status_code == 422
    assert setting(post, head, "refusals", "不属于本机关职权\n匿名投诉").status_code == 422
    assert setting(post, head, "refusals", "不属于本机关职权\n已由法院处理").status_code == 303
    key = matter(world.jiangnan)
    assert "已由法院处理" in head.get(f"/do/complaints.complaint/{key}/refuse").get_data(as_text=True)
    assert "已由法院处理" not in login("gl_head").get(f"/do/complaints.complaint/{matter(world.gelan)}/refuse").get_data(as_text=True)


def test_a_limit_moves_open_matters_only_when_asked_and_says_why(app, world, login, post):
    mine, theirs, order = matter(world.jiangnan), matter(world.gelan), matter(world.jiangnan, kind="hotline", channel="12345热线转办", order_days=3)
    head = login("jn_head")
    asked = setting(post, head, "limit.report", "10")
    assert asked.status_code == 422 and "1 件在办事项" in asked.get_data(as_text=True) and fetch(mine).due_on == D(2026, 12, 15)
    assert setting(post, head, "limit.report", "10", open_items="move", reason="区里要求提速").status_code == 303
    assert (fetch(mine).due_on, fetch(theirs).due_on) == (D(2026, 12, 8), D(2026, 12, 15))
    with use_scope(EVERYTHING):
        entry = db.session.scalars(sa.select(Entry).where(Entry.complaint_id == mine)).one()
        assert entry.kind == "deadline" and entry.text == "期限由 2026-12-15 调整为 2026-12-08：本单位调整举报办理期限为 10 天。区里要求提速"
        event = db.session.scalars(sa.select(Event).where(Event.record_type == "complaints.complaint", Event.record_id == mine, Event.action == "settings.changed")).one()
        assert '"due_on":"2026-12-08"' in event.after and event.reason == "区里要求提速"
    assert setting(post, head, "limit.hotline", "9", open_items="move", reason="试一试").status_code == 303
    assert fetch(order).due_on == D(2026, 11, 27), "the limit of an order is the order's own"


def test_retention_for_what_is_archived_already_only_when_asked(app, world, login, post):
    old = matter(world.jiangnan)
    archive(old, D(2026, 3, 1))
    head = login("jn_head")

    def until(key):
        db.session.rollback()
        with use_scope(EVERYTHING):
            return db.session.scalar(sa.select(Identity.keep_until).where(Identity.complaint_id == key))

    assert until(old) == D(2029, 3, 1)
    asked = setting(post, head, "identity_years", "5")
    text = asked.get_data(as_text=True)
    assert asked.status_code == 422 and "1 件已归档事项的身份信息删除日期会变动" in text and "只用于今后归档的事项" in text
    assert setting(post, head, "identity_years", "5", open_items="new").status_code == 303 and until(old) == D(2029, 3, 1)
    young = matter(world.jiangnan)
    archive(young, TODAY)
    assert until(young) == D(2031, 11, 24)
    assert setting(post, head, "identity_years", "4", open_items="move", reason="依规定").status_code == 303
    assert (until(old), until(young)) == (D(2030, 3, 1), D(2030, 11, 24))
    with use_scope(EVERYTHING):
        moved = db.session.scalars(sa.select(Event).where(Event.action == "complaints.retention_moved")).one()
        assert moved.reason == "依规定" and '"count":2' in moved.after


def test_villages_and_streets(app, world, login, post):
    head, page = login("jn_head"), "/complaints/places"
    assert post(head, page, {"name": " 古佛村 "}, page=page).status_code == 303
    double = post(head, page, {"name": "古佛村"}, page=page)
    assert double.status_code == 422 and "已经有了" in double.get_data(as_text=True)
    assert post(head, page, {"name": "字" * 61}, page=page).status_code == 422 and post(head, page, {"name": ""}, page=page).status_code == 422
    key = db.session.scalar(sa.select(Place.id))
    assert post(head, f"{page}/{key}", {"name": "古佛社区"}, page=page).status_code == 303
    db.session.rollback()
    assert list(db.session.scalars(sa.select(Place.name))) == ["古佛社区"]
    assert post(login("gl_head"), f"{page}/{key}", {"name": "别处"}, page=page).status_code == 404
    assert post(login("gl_head"), f"{page}/{key}", {"remove": "1"}, page=page).status_code == 404
    assert login("jn_intake").get(page).status_code == 403 and login("jn_intake").get("/import/places").status_code == 403
    sheet = xlsx([["村（社区）名称"], ["永丰社区"], ["古佛社区"], ["永丰社区"], ["字" * 61]])
    sent = post(head, "/import/places", {"file": (io.BytesIO(sheet), "村居.xlsx")}, page="/import/places", content_type="multipart/form-data")
    assert sent.status_code == 303 and post(head, sent.location, {}, page=sent.location).status_code == 303
    db.session.rollback()
    assert sorted(db.session.scalars(sa.select(Place.name))) == ["古佛社区", "永丰社区"]
    assert "永丰社区" in login("jn_intake").get("/complaints/new").get_data(as_text=True)
    assert post(head, f"{page}/{key}", {"remove": "1"}, page=page).status_code == 303
    db.session.rollback()
    assert list(db.session.scalars(sa.select(Place.name))) == ["永丰社区"]
