"""Orders of the hotline by file: columns are mapped once, the file is recognised, an order is never doubled, limits come with it."""

import datetime as dt
import io

import pytest
import sqlalchemy as sa

from plugins.complaints import hotline
from plugins.complaints.models import Complaint, Entry
from plugins.complaints.models_identity import Identity
from portal.database import db
from portal.records.importing import run_import
from portal.records.mapping import closest, likeness
from portal.records.models import ImportMapping, ImportRun
from tests.plugins.complaints.helpers import TODAY, change
from tests.portal.records.files import xlsx

D = dt.date
HEAD = ["流水号", "派发日期", "诉求摘要", "详细诉求", "诉求归类", "处理时限（工作日）", "涉事地址", "来话人姓名", "主叫号码", "特殊列"]


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def order(number, text="夜市油烟扰民", days="3", day="2026-11-23", kind="城市管理"):
    return [number, day, "油烟", text, kind, days, "桃花新城", "王五", "13998765432", "x"]


def csv_of(rows, encoding):
    return "\r\n".join(",".join(map(str, row)) for row in [HEAD, *rows]).encode(encoding)


def matters(org) -> list[Complaint]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Complaint).where(Complaint.org_id == org.id).order_by(Complaint.id)).unique())


COLUMNS = {"external_no": 0, "received_on": 1, "title": 2, "content": 3, "category": 4, "days": 5, "place": 6, "name": 7, "phone": 8}


def upload(post, client, data, name="工单.csv"):
    answer = post(client, "/import/hotline", {"file": (io.BytesIO(data), name)}, page="/import/hotline", content_type="multipart/form-data")
    assert answer.status_code == 303, answer.get_data(as_text=True)[:500]
    return answer.location


def test_headings_are_alike():
    assert likeness("工单编号", "工单号") > 0.7 > 0.5 > likeness("特殊列", "工单编号")
    assert closest(["来电号码", "工单编号", "备用"], {"phone": ("联系电话", "来电号码"), "external_no": ("工单编号",)}) == {0: "phone", 1: "external_no"}


def test_mapped_once_recognised_for_ever(app, world, login, post):
    clerk, head = login("jn_intake"), login("jn_head")
    place = upload(post, clerk, csv_of([order("CQ1"), order("CQ2", kind="违章搭建")], "gb18030"))
    asked = clerk.get(place)
    assert asked.status_code == 303 and asked.location.endswith("/map")
    page = clerk.get(asked.location).get_data(as_text=True)
    assert "流水号" in page and "CQ1 · CQ2" in page and '<option value="phone" selected>' in page and '<option value="content" selected>' in page
    chosen = {f"column-{index}": key for key, index in COLUMNS.items()}
    missing = post(clerk, asked.location, {**chosen, "column-0": "", "name": "市平台"}, page=asked.location)
    assert missing.status_code == 422 and "还没有对应：工单编号" in missing.get_data(as_text=True)
    twice = post(clerk, asked.location, {**chosen, "column-9": "phone", "name": "市平台"}, page=asked.location)
    assert twice.status_code == 422 and "选了两次" in twice.get_data(as_text=True)
    words = post(clerk, asked.location, {**chosen, "name": "市平台"}, page=asked.location)
    assert words.status_code == 200 and "违章搭建" in words.get_data(as_text=True)
    said = {"said-category-0": "城市管理", "word-category-0": "市容环境", "said-category-1": "违章搭建", "word-category-1": "违法建设"}
    kept = post(clerk, asked.location, {**chosen, **said, "name": "市平台"}, page=asked.location)
    assert kept.status_code == 303 and kept.location == place
    shown = clerk.get(place).get_data(as_text=True)
    assert "已识别为“市平台”" in shown and "违法建设" in shown and "王**" in shown and "13998765432" not in shown
    assert post(clerk, place, {}, page=place).status_code == 303
    one, two = matters(world.jiangnan)
    assert (one.external_no, one.channel, one.kind, one.category, two.category) == ("CQ1", "12345热线转办", "hotline", "市容环境", "违法建设")
    assert (one.due_on, one.first_due, one.first_title, one.limit_given) == (D(2026, 11, 26), D(2026, 11, 24), "签收", True)
    second = upload(post, head, csv_of([order("CQ2", kind="违章搭建"), order("CQ3", days="")], "utf-8-sig"))
    page = head.get(second)
    assert page.status_code == 200 and "已识别为“市平台”" in page.get_data(as_text=True)
    assert post(head, second, {}, page=second).status_code == 303
    assert [row.external_no for row in matters(world.jiangnan)] == ["CQ1", "CQ2", "CQ3"]
    third = matters(world.jiangnan)[2]
    assert third.limit_days == 5 and not third.limit_given, "without a limit of its own the town's figure holds"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportMapping)) == 1
    other = upload(post, login("gl_head"), csv_of([order("CQ1")], "utf-8"))
    assert login("gl_head").get(other).status_code == 303, "another town has said nothing yet"
    assert login("gl_head").get(asked.location).status_code == 404
    content = db.session.scalar(sa.select(ImportRun.content).where(ImportRun.content.is_not(None)).limit(1))
    assert content is not None and b"13998765432" not in bytes(content), "uploads are kept sealed"


def bring(org, rows, **options):
    return run_import(hotline.SPEC, xlsx([HEAD, *rows]), "工单.xlsx", org, TODAY, **options)


@pytest.fixture
def mapped(app_sqlite, world):
    from portal.records.mapping import FileMapping, keep
    from portal.work import unit_of_work

    org_id = world.jiangnan.id
    with unit_of_work("test") as session:
        from portal.records.workbooks import heading

        keep(session, org_id, "hotline", FileMapping({key: heading(HEAD[index]) for key, index in COLUMNS.items()}, {"category": {"城市管理": "市容环境"}}, "市平台"))


def test_an_order_seen_before_is_followed_not_doubled(mapped, world):
    assert bring(world.jiangnan, [order("CQ1")])[0]["created"] == 1
    assert bring(world.jiangnan, [order("CQ1")])[0]["skipped"] == 1
    report, checked = bring(world.jiangnan, [order("CQ1", text="夜市油烟扰民，至今未改", days="8")])
    assert report["updated"] == 1 and set(checked.results[0].changes) == {"due", "content"}
    only = matters(world.jiangnan)[0]
    assert only.due_on == D(2026, 12, 3) and only.sort_due == only.due_on and only.content == "夜市油烟扰民", "the original text is never edited"
    texts = list(db.session.scalars(sa.select(Entry.text).order_by(Entry.id)))
    assert texts == ["期限由 2026-11-26 调整为 2026-12-03：热线平台调整了工单期限", "热线平台补充：夜市油烟扰民，至今未改"]
    change(only.id, state="archived", archived_on=TODAY)
    assert bring(world.jiangnan, [order("CQ1", days="20")])[0]["skipped"] == 1 and len(matters(world.jiangnan)) == 1
    assert bring(world.jiangnan, [order("CQ9"), order("CQ9")])[0]["refused"][0]["code"] == "duplicate_number"


def test_what_was_extended_here_is_no_change_of_the_platform(mapped, world):
    """The same file again doubles nothing and takes no extension back; a new limit of the platform holds as it is."""
    rows = [order("CQ1"), order("CQ2", days="", text="有人占道经营")]
    assert bring(world.jiangnan, rows)[0]["created"] == 2
    key = matters(world.jiangnan)[0].id
    change(key, state="handling", extension_state="granted", extension_days=2, due_on=D(2026, 11, 30), legal_due=D(2026, 11, 30), sort_due=D(2026, 11, 30))
    again = bring(world.jiangnan, rows)[0]
    assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 2)
    assert matters(world.jiangnan)[0].due_on == D(2026, 11, 30)
    assert bring(world.jiangnan, [order("CQ1", days="6")])[0]["updated"] == 1
    only = matters(world.jiangnan)[0]
    assert (only.due_on, only.limit_days, only.due_given, only.extension_days) == (D(2026, 12, 1), 6, None, 0)


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"number": ""}, "no_number"), ({"text": ""}, "no_content"), ({"day": "2026-11-25"}, "bad_date"), ({"day": ""}, "bad_date"), ({"days": "很快"}, "bad_days"),
     ({"days": "999"}, "bad_days"), ({"text": "字" * 20_001}, "too_long")],
)  # fmt: skip
def test_orders_that_are_refused(mapped, world, changes, code):
    report = bring(world.jiangnan, [order(**{"number": "CQ1", **changes}), order("CQ2")])[0]
    assert [row["code"] for row in report["refused"]] == [code] and report["created"] == 1


def test_refused_rows_come_back_in_the_words_of_the_platform(mapped, world):
    """Mended and sent again, the text is the same text: full stops, commas, lines."""
    from portal.records.importing import refused_workbook
    from portal.records.workbooks import read_workbook

    text = "夜市油烟扰民，多次反映：\n“没人管”！"
    _report, checked = bring(world.jiangnan, [order("CQ1", text=text, days="很快")])
    rows = [{"row": row.row, "message": row.message, "cells": row.cells} for row in checked.refused()]
    back = read_workbook(refused_workbook(checked.header.titles, rows).read(), "未导入.xlsx")[0].rows
    assert back[1][1][3] == text and back[1][1][-1] == "办理时限“很快”不是天数"


def test_an_order_without_a_name_is_anonymous_and_the_limit_of_a_day(mapped, world):
    row = order("CQ1")
    row[7:9] = ["匿名", ""]
    bring(world.jiangnan, [row])
    only = matters(world.jiangnan)[0]
    assert only.anonymous and only.registered_by is None and db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 0
