"""Last year's register from Excel: headings and words of offices, own numbers, closed matters, identities; the export comes back the same."""

import datetime as dt
import io

import openpyxl
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.complaints import identity, intake, ledger
from plugins.complaints.kept import ShutOut
from plugins.complaints.models import Complaint, Entry, NamedOfficer
from plugins.complaints.models_identity import Identity
from portal.audit.models import Event
from portal.audit.verify import verify
from portal.clock import today as clock
from portal.context import system_actor, use_actor
from portal.database import db
from portal.records import numbers
from portal.records.importing import run_import
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import TODAY, WHO, change, matter, person
from tests.portal.records.files import xlsx

D = dt.date
HEAD = ["序号", "受理编号", "来电时间", "来源", "举报人", "联系方式", "反映问题", "被投诉单位", "是否办结", "核查结果", "办结时间", "回复时间"]


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def bring(org, rows, head=HEAD, **options):
    return run_import(ledger.SPEC, xlsx([["江南街道2025年度投诉举报登记台账"], [], head, *rows]), "2025.xlsx", org, TODAY, **options)


def all_matters(org) -> list[Complaint]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(sa.select(Complaint).where(Complaint.org_id == org.id).order_by(Complaint.id)).unique())


def line(number, day, text, *, name="张三丰", phone="13812341234", state="已办结", result="属实", done="2025-04-01", told="2025.4.2", channel="来电"):
    return [1, number, day, channel, name, phone, text, "夜市烧烤摊", state, result, done, told]


def test_a_messy_register_of_last_year(app, world):
    """Title, other order, dates in five ways, words of the office, a total and a line for signatures."""
    rows = [
        line("江南投[2025]3号", "2025.3.7", "占道经营"),
        line("江南投〔2025〕 17 号", "2025年3月8日", "油烟扰民", name="匿名", phone=""),
        line("", dt.datetime(2025, 3, 9), "楼顶违建", channel="市民热线", name="李　四", phone="023-40251234"),
        line("旧台账-005", 45726, "夜间施工", channel="微信", state="结案"),
        line("", "2025/3/11", "倾倒垃圾", state="办理中", result="", done="", told=""),
        ["合计", "", "", "", "", "", "5件", "", "", "", "", ""],
        ["填表人：杨静", "", "", "", "审核人：周平", "", "", "", "", "", "", ""],
    ]
    report, _checked = bring(world.jiangnan, rows)
    assert (report["created"], report["refused"]) == (5, [])
    first, second, third, fourth, fifth = all_matters(world.jiangnan)
    assert [row.number for row in (first, second, third, fourth, fifth)] == [
        "江南投〔2025〕3号", "江南投〔2025〕17号", "江南投〔2025〕18号", "旧台账-005", "江南投〔2025〕19号",
    ]  # fmt: skip
    assert [row.received_on for row in (first, second, third, fourth, fifth)] == [D(2025, 3, day) for day in (7, 8, 9, 10, 11)]
    assert [row.channel for row in (first, third, fourth)] == ["电话", "12345热线转办", "网络"]
    assert (first.state, first.archived_on, first.concluded_on, first.replied_on, first.result) == ("archived", D(2025, 4, 2), D(2025, 4, 1), D(2025, 4, 2), "属实")
    assert first.late is True and first.days_taken == 17 and first.sort_due == D(9999, 12, 31)
    assert second.anonymous and not first.anonymous and third.kind == "hotline"
    assert fifth.state == "accepted" and fifth.sort_due == fifth.due_on
    with unit_of_work("test") as session:
        assert numbers.peek(session, world.jiangnan.id, "complaints.complaint", 2025) == 20
        assert numbers.peek(session, world.jiangnan.id, "complaints.complaint", 2026) == 1
    kept = {row.complaint_id: row for row in db.session.scalars(sa.select(Identity))}
    assert set(kept) == {first.id, third.id, fourth.id, fifth.id}
    assert identity.opened(kept[first.id])["phone"] == "13812341234" and kept[first.id].keep_until == D(2028, 4, 2) and kept[fifth.id].keep_until is None
    assert identity.opened(kept[third.id])["name"] == "李四"
    again = matter(world.jiangnan)
    assert all_matters(world.jiangnan)[-1].id == again and all_matters(world.jiangnan)[-1].number == "江南投〔2026〕1号"
    texts = [f"{event.before}{event.after}{event.reason}" for event in db.session.scalars(sa.select(Event))]
    assert not any(word in text for text in texts for word in ("张三丰", "13812341234", "张**", "李四"))
    db.session.rollback()
    assert verify(db.engine, app.extensions["portal"].settings.instance / "audit-heads.jsonl").ok


def test_the_same_book_twice_and_a_fuller_one(app_sqlite, world):
    rows = [line("江南投〔2025〕3号", "2025-03-07", "占道经营", name="", phone="", told=""), line("", "2025-03-08", "油烟扰民")]
    assert bring(world.jiangnan, rows)[0]["created"] == 2
    again = bring(world.jiangnan, rows)[0]
    assert (again["created"], again["updated"], again["skipped"], again["refused"]) == (0, 0, 2, [])
    fuller = bring(world.jiangnan, [line("江南投〔2025〕3号", "2025-03-07", "占道经营。", result="不属实")])
    assert fuller[0]["updated"] == 1 and set(fuller[1].results[0].changes) == {"replied_on"}
    first = all_matters(world.jiangnan)[0]
    assert first.replied_on == D(2025, 4, 2) and first.result == "属实", "what was written stays"
    other = bring(world.jiangnan, [line("江南投〔2025〕3号", "2025-03-07", "完全不同的另一件事")])[0]
    assert other["refused"][0]["code"] == "number_taken"
    live = matter(world.jiangnan, received_on=D(2026, 11, 20))
    number, text = all_matters(world.jiangnan)[-1].number, all_matters(world.jiangnan)[-1].content
    assert bring(world.jiangnan, [line(number, "2026-11-20", text, state="归档", done="", told="")], head=HEAD)[0]["skipped"] == 1
    assert all_matters(world.jiangnan)[-1].state == "registered" and all_matters(world.jiangnan)[-1].id == live


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"day": "2026-11-25"}, "future"), ({"day": "2025-02-30"}, "bad_date"), ({"day": ""}, "no_date"), ({"day": "2012-01-01"}, "too_old"),
        ({"text": ""}, "no_content"), ({"text": "字" * 20_001}, "too_long"), ({"phone": "12"}, "bad_phone"), ({"channel": "飞鸽"}, "bad_channel"),
        ({"state": "神秘"}, "bad_state"), ({"done": "2025-03-01"}, "order"), ({"told": "2025-03-20"}, "order"), ({"done": "2027-01-01", "told": ""}, "future"),
    ],
)  # fmt: skip
def test_rows_that_are_refused(app_sqlite, world, changes, code):
    values = {"number": "江南投〔2025〕1号", "day": "2025-03-07", "text": "占道经营", **changes}
    report, _checked = bring(world.jiangnan, [line(**values), line("江南投〔2025〕2号", "2025-03-08", "油烟")])
    assert [(row["row"], row["code"]) for row in report["refused"]] == [(4, code)] and report["created"] == 1


def test_doubles_within_the_book(app_sqlite, world):
    rows = [line("江南投〔2025〕1号", "2025-3-7", "甲"), line("江南投［2025］1号", "2025-3-8", "乙"), line("", "2025-3-9", "丙 事"), line("", "2025-3-9", "丙，事")]
    refused = bring(world.jiangnan, rows)[0]["refused"]
    assert [(row["row"], row["code"]) for row in refused] == [(5, "duplicate_number"), (7, "duplicate_content")]


def test_merged_cells_hold_for_every_row(app_sqlite, world):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in ([*HEAD[:4], "投诉人信息", "", *HEAD[6:]], ["", "", "", "", "姓名", "电话", *[""] * 6], line("", "2025-03-07", "甲"), line("", "", "乙", channel="")):
        sheet.append(row)
    for column in "ABCDGHIJKL":
        sheet.merge_cells(f"{column}1:{column}2")
    for merged in ("E1:F1", "C3:C4", "D3:D4"):
        sheet.merge_cells(merged)
    stream = io.BytesIO()
    book.save(stream)
    report, _checked = run_import(ledger.SPEC, stream.getvalue(), "book.xlsx", world.jiangnan, TODAY)
    assert report["created"] == 2 and report["refused"] == []
    assert [(row.received_on, row.channel, row.content) for row in all_matters(world.jiangnan)] == [(D(2025, 3, 7), "电话", "甲"), (D(2025, 3, 7), "电话", "乙")]


def test_accusations_name_an_officer_or_stay_out(app_sqlite, world):
    head = [*HEAD, "类别", "被检举控告人"]
    rows = [
        [*line("江南控〔2025〕1号", "2025-3-7", "态度粗暴", state="办理中", result="", done="", told=""), "检举控告", "李明杰"],
        [*line("", "2025-3-8", "收受礼品"), "控告", ""],
    ]
    named = person(world.jiangnan, "李明杰", world.account("jn_officer"))
    report, _checked = bring(world.jiangnan, rows, head=head)
    assert report["created"] == 1 and report["refused"][0]["code"] == "no_officer"
    assert db.session.scalar(sa.select(NamedOfficer.person_id)) == named
    assert world.account("jn_officer").id in set(db.session.scalars(sa.select(ShutOut.account_id)))


def test_what_was_archived_too_long_ago_comes_without_a_name(app_sqlite, world):
    bring(world.jiangnan, [line("", "2022-03-07", "旧事", done="2022-04-01", told="2022-04-02")])
    assert len(all_matters(world.jiangnan)) == 1 and db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 0


def test_pages_and_another_town(app, world, login, post):
    clerk = login("jn_intake")
    sent = {"file": (io.BytesIO(xlsx([HEAD, line("江南投〔2025〕3号", "2025-3-7", "占道经营"), line("", "2025-13-7", "坏日期")])), "台账.xlsx")}
    answer = post(clerk, "/import/complaints", sent, page="/import/complaints", content_type="multipart/form-data")
    assert answer.status_code == 303
    page = clerk.get(answer.location).get_data(as_text=True)
    assert ("江南投〔2025〕3号" in page and "张**" in page and "138****1234" in page and "张三丰" not in page and "不是日期" in page) or "不存在" in page
    assert post(clerk, answer.location, {}, page=answer.location).status_code == 303
    assert len(all_matters(world.jiangnan)) == 1 and all_matters(world.gelan) == []
    refused = openpyxl.load_workbook(io.BytesIO(clerk.get(f"{answer.location}/refused.xlsx").data)).active
    assert [cell.value for cell in refused[2]][-2] == "3" and refused.max_row == 2
    assert login("jn_officer").get("/import/complaints").status_code == 403 and login("gl_head").get(answer.location).status_code == 404


# -- the export comes back the same ----------------------------------------------------------------------------------------


def exported(client, kind="xlsx"):
    answer = client.get(f"/complaints?export={kind}&sort=received")
    assert answer.status_code == 200
    return answer.data


def table(data) -> list[list[str]]:
    from portal.records.exporting import restore

    rows = [[restore(str(cell)) if cell is not None else "" for cell in row] for row in openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(values_only=True)]
    return [rows[0], *sorted(rows[1:])]


def empty_register() -> None:
    """An instance to which the book is brought: no matters, numbers from 1."""
    with use_scope(EVERYTHING), db.engine.begin() as connection:
        for name in ("identity", "entry", "shut_out", "named_officer", "transfer", "complaint"):
            connection.execute(sa.text(f"DELETE FROM complaints_{name}"))
        connection.execute(sa.text("DELETE FROM records_counter"))
    db.session.rollback()
    db.session.expire_all()


def fill(world) -> None:
    officer = world.account("jn_officer").id
    matter(world.jiangnan, content="=1+1 是公式\n第二行", title="+86 开头", object_name="@某店", place="'引号", demand="-减")
    archived = matter(world.jiangnan, received_on=D(2026, 3, 2))
    done = {"handler_id": officer, "handler_name": "李明杰", "facts": "经查，属实（一）。", "measures": "责令改正", "result": "属实", "concluded_on": D(2026, 3, 20)}
    told = {"replied_on": D(2026, 3, 21), "reply_how": "电话", "reply_text": "已处理", "reply_by": "李明杰"}
    ended = {"sort_due": D(9999, 12, 31), "late": False, "days_taken": 14, "approved_on": D(2026, 3, 20)}
    change(archived, state="archived", archived_on=D(2026, 3, 30), **done, **told, **ended)
    change(matter(world.jiangnan, received_on=D(2026, 3, 2), content="另一件"), state="concluded", **done, **ended)
    change(matter(world.jiangnan, received_on=D(2026, 3, 2), content="第三件"), state="replied", **done, **told, **ended)
    change(matter(world.jiangnan, content="办理中的"), state="handling", handler_id=officer, handler_name="李明杰", due_on=D(2026, 12, 31), sort_due=D(2026, 12, 31))
    change(matter(world.jiangnan, kind="petition", content="信访件", urgency="urgent"), state="suspended", handler_id=officer, handler_name="李明杰", suspended_on=TODAY)
    main = matter(world.jiangnan, content="主件", confidential=True)
    change(matter(world.jiangnan, content="并入的"), state="merged", main_id=main, state_reason="并入主件", sort_due=D(9999, 12, 31))
    change(matter(world.jiangnan, content="匿名件", anonymous=True, who={}), state="refused", state_reason="不属于本机关职权：应找供电公司", sort_due=D(9999, 12, 31))
    person(world.jiangnan, "罗建国", world.account("jn_other"))
    matter(world.jiangnan, kind="accusation", officers=(db.session.scalar(sa.text("SELECT id FROM directory_person WHERE name = '罗建国'")),))


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_export_is_the_register(app, world, login, kind):
    fill(world)
    head = login("jn_leader")
    first = exported(head)
    data, town = exported(head, kind), world.jiangnan
    assert b"13812341234" not in first and b"138****1234" in exported(head, "csv")
    db.session.rollback()
    changes = sa.select(sa.func.count()).select_from(Event).where(Event.op != "note")
    before = db.session.scalar(changes)
    report = run_import(ledger.SPEC, data, f"book.{kind}", town, TODAY)[0]
    assert (report["created"], report["updated"], report["skipped"], report["refused"]) == (0, 0, 10, []), report
    assert db.session.scalar(changes) == before, "nothing was written"
    assert {identity.opened(row)["name"] for row in db.session.scalars(sa.select(Identity))} == {WHO["name"]}, "masked names overwrite nothing"
    empty_register()
    report = run_import(ledger.SPEC, data, f"book.{kind}", world.jiangnan, TODAY)[0]
    assert (report["created"], report["refused"]) == (10, []), report
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 0, "a masked name is nobody's name"
    masks = {"投诉人", "联系电话"}
    then, now = table(first), table(exported(head))
    kept = [index for index, title in enumerate(then[0]) if title not in masks]
    assert [[row[index] for index in kept] for row in now] == [[row[index] for index in kept] for row in then]
    assert matter(world.jiangnan) and all_matters(world.jiangnan)[-1].seq == 10


texts = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn")), min_size=1, max_size=40)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=texts, place=texts, target=texts, formula=st.sampled_from(("", "=", "+", "-", "@", "＝", "'", "''=")))
def test_whatever_is_written_comes_back(app_sqlite, world, login, content, place, target, formula):
    empty_register()
    texts_of = {"content": formula + content, "place": formula + place, "object_name": target}
    values = {"channel": "电话", "kind": "report", "urgency": "normal", "received_on": TODAY, **texts_of}
    town = world.jiangnan
    try:
        with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.complaint") as session:
            intake.register(session, town.id, values, WHO, TODAY)
    except Exception as error:
        assert getattr(error, "field", "") in ("content", "place", "object_name")
        return
    head = login("jn_head")
    book = exported(head)
    original = [(row.content, row.place, row.object_name, row.title, row.number) for row in all_matters(town)]
    assert run_import(ledger.SPEC, book, "book.xlsx", world.jiangnan, TODAY)[0]["skipped"] == 1
    empty_register()
    assert run_import(ledger.SPEC, book, "book.xlsx", world.jiangnan, TODAY)[0]["created"] == 1
    assert [(row.content, row.place, row.object_name, row.title, row.number) for row in all_matters(world.jiangnan)] == original
    assert clock() == TODAY and db.session.scalar(sa.select(sa.func.count()).select_from(Entry)) == 1
