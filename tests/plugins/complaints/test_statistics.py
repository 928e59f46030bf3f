"""Statistics: every figure is the length of its list, at every moment, and tells nobody of what is kept from them."""

import datetime as dt
import io
import random
import re
from html import unescape

import pytest
import sqlalchemy as sa
from openpyxl import load_workbook

from plugins.complaints import tally
from plugins.complaints.models import Complaint
from portal.context import system_actor, use_actor
from portal.database import db
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import change, fetch, matter, person, step

PATH = "/complaints/statistics"
KINDS = ("report", "petition", "hotline", "consumer", "question")
RESULTS = ("属实", "部分属实", "不属实", "无法核实")


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def differences():
    db.session.rollback()
    with db.engine.connect() as connection:
        return tally.differences(connection)


def scatter(town, count, seed=7):
    """Matters of all kinds over a year, in all states; returns their ids."""
    chance, found = random.Random(seed), []
    for _n in range(count):
        received = dt.date(2025, 12, 1) + dt.timedelta(days=chance.randrange(358))
        kind = chance.choice(KINDS)
        key = matter(town, dt.date(2026, 11, 24), kind=kind, received_on=received, channel=chance.choice(("电话", "信函", "12345热线转办")),
                     category=chance.choice(("市容环境", "违法建设", "")), place=chance.choice(("桃花新城", "古佛村")))  # fmt: skip
        found.append(key)
        state = chance.choice(("registered", "handling", "concluded", "replied", "archived", "passed", "refused", "withdrawn", "merged", "suspended"))
        values = {"state": state}
        if state in ("concluded", "replied", "archived"):
            concluded = min(received + dt.timedelta(days=chance.randrange(40)), dt.date(2026, 11, 24))
            values |= {"result": chance.choice(RESULTS), "concluded_on": concluded, "late": chance.random() < 0.3, "days_taken": chance.randrange(30)}
        if state == "archived":
            values["closed_as"] = chance.choice(("", "replied", "concluded"))
        if state not in ("registered", "handling"):
            values["sort_due"] = dt.date(9999, 12, 31)
        change(key, **values)
    return found


def figures(html):
    """Every number on a page with the address of its list."""
    found = set()
    for address, text in re.findall(r'<a href="(/complaints\?[^"]+)">([\d,]+)</a>', html):
        found.add((unescape(address), int(text.replace(",", ""))))
    for address, label in re.findall(r'<a href="(/complaints\?[^"]+)" aria-label="([^"]+)"', html):
        found.add((unescape(address), int(re.search(r": ([\d,]+)", label)[1].replace(",", ""))))
    tile = r'<a class="stat[^"]*" href="(/complaints\?[^"]+)"><span class="value">([^<]+)</span>.*?small text-body-secondary">([^<]*)<'
    for address, value, hint in re.findall(tile, html):
        number = hint.split("/")[0] if "%" in value else value
        found.add((unescape(address), int(number.replace(",", ""))))
    return found


def length(client, address):
    page = client.get(address).get_data(as_text=True)
    counted = re.search(r"共 (\d+) 条", page)
    return int(counted[1]) if counted else 0


@pytest.mark.parametrize("query", ["?period=2026", "?period=2026-Q3&against=year", "?from=2026-03-10&to=2026-09-20", "?from=2026-10-03&to=2026-10-20"])
def test_every_figure_of_the_page_is_the_length_of_its_list(app, world, login, query):
    scatter(world.jiangnan, 60)
    scatter(world.gelan, 15, seed=3)
    head = login("jn_head")
    page = head.get(f"{PATH}{query}").get_data(as_text=True)
    found = figures(page)
    assert len(found) > 20
    for address, number in sorted(found):
        assert length(head, address) == number, address


def test_the_district_sees_all_towns_beside_one_another(app_sqlite, world, login):
    scatter(world.jiangnan, 30)
    scatter(world.gelan, 12, seed=3)
    supervisor = login("sup")
    page = supervisor.get(f"{PATH}?period=2026").get_data(as_text=True)
    for address, number in sorted(figures(page)):
        assert length(supervisor, address) == number, address
    assert "江南街道" in page and "葛兰镇" in page and "每街镇平均" in page
    one = supervisor.get(f"{PATH}?period=2026&town={world.gelan.id}").get_data(as_text=True)
    assert "每街镇平均" not in one
    for address, number in sorted(figures(one)):
        assert f"town={world.gelan.id}" in address and length(supervisor, address) == number, address


def test_every_figure_of_the_monthly_sheet_is_the_length_of_its_list(app_sqlite, world, login):
    scatter(world.jiangnan, 60)
    head = login("jn_head")
    page = head.get(f"{PATH}/monthly?period=2026-06").get_data(as_text=True)
    found = figures(page)
    assert len(found) > 10
    for address, number in sorted(found):
        assert length(head, address) == number, address
    assert "填报单位：江南街道" in page and "统计月份：2026年6月" in page and "单位负责人：" in page


def test_the_roll_up_is_exact_after_every_change(app, world):
    keys = scatter(world.jiangnan, 12)
    assert differences() == []
    chance = random.Random(1)
    for _n in range(25):
        values = chance.choice(
            (
                {"state": "handling", "result": "", "concluded_on": None, "late": None, "days_taken": None},
                {"state": "concluded", "result": "属实", "concluded_on": dt.date(2026, chance.randrange(1, 12), 5), "late": chance.random() < 0.5, "days_taken": 4},
                {"state": "archived", "closed_as": chance.choice(("refused", "passed", "replied"))}, {"category": chance.choice(("消防", "", "其他"))},
                {"kind": chance.choice((*KINDS, "accusation"))}, {"received_on": dt.date(2026, 5, 6), "month": "2026-05"}, {"repeats": chance.random() < 0.5},
            )
        )  # fmt: skip
        change(chance.choice(keys), **values)
        assert differences() == []


def test_the_roll_up_goes_back_with_what_is_undone_and_with_what_is_deleted(app, world):
    keys = scatter(world.jiangnan, 4)
    with pytest.raises(ZeroDivisionError), use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test") as session:
        for complaint in session.scalars(sa.select(Complaint)).unique():
            complaint.channel = "来访"
        session.flush()
        _ = 1 // 0
    assert differences() == []
    with db.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM complaints_entry"))
        connection.execute(sa.text("DELETE FROM complaints_identity"))
        connection.execute(sa.text("DELETE FROM complaints_complaint WHERE id = :id"), {"id": keys[0]})
    assert differences() == []
    with db.engine.begin() as connection:
        tally.rebuild(connection)
    assert differences() == []


def test_steps_taken_through_the_pages_are_counted_at_once(app, world, login, post):
    key = matter(world.jiangnan)
    head, officer, leader = login("jn_head"), login("jn_officer"), login("jn_leader")
    page = f"{PATH}?period=2026-11"
    before = figures(head.get(page).get_data(as_text=True))
    assert step(post, head, key, "accept").status_code == 303
    assert step(post, head, key, "assign", handler=str(world.account("jn_officer").id)).status_code == 303
    assert step(post, officer, key, "start").status_code == 303
    done = step(post, officer, key, "conclude", facts="属实。", measures="已改正。", result="部分属实", concluded_on="2026-11-24")
    assert done.status_code == 303, done.get_data(as_text=True)
    after = figures(head.get(page).get_data(as_text=True))
    assert after != before and any("result=" in address for address, _number in after)
    for address, number in after:
        assert length(head, address) == number, address
    assert step(post, leader, key, "approve").status_code == 303
    assert step(post, head, key, "reply", reply_how="电话", replied_on="2026-11-24", reply_text="已处理。").status_code == 303
    assert step(post, head, key, "archive").status_code == 303
    assert fetch(key).closed_as == "replied"
    archived = figures(head.get(page).get_data(as_text=True))
    assert archived == after and differences() == []


SECRET = "态度粗暴不出示证件"


def test_an_accusation_changes_no_figure_of_those_from_whom_it_is_kept(app, world, login):
    scatter(world.jiangnan, 10)
    boss = person(world.jiangnan, "周平", world.account("jn_head"))
    named = person(world.jiangnan, "李明杰", world.account("jn_officer"), team="一中队", superior_id=boss)
    head, leader = login("jn_head"), login("jn_leader")
    paths = [f"{PATH}?period=2026-11", f"{PATH}?period=2026", f"{PATH}?from=2026-11-10&to=2026-11-24", f"{PATH}/monthly?period=2026-11", "/"]

    def seen(client):
        return [re.sub(r"csrf[^>]*>|[0-9a-f]{12}", "", client.get(path).get_data(as_text=True)) for path in paths]

    def book(client):
        found = load_workbook(io.BytesIO(client.get(f"{PATH}/export?period=2026-11").data))
        return [[cell for row in sheet.values for cell in row] for sheet in found]

    before, sheets, leaders = seen(head), book(head), seen(leader)
    key = matter(world.jiangnan, kind="accusation", content=SECRET, title=SECRET, officers=(named,), category="执法人员作风")
    change(key, state="concluded", result="属实", concluded_on=dt.date(2026, 11, 24), late=False, days_taken=0, sort_due=dt.date(9999, 12, 31))
    assert seen(head) == before and book(head) == sheets
    told = seen(leader)
    assert told != leaders and "检举控告" in told[0]
    for address, number in figures(told[0]) | figures(told[3]):
        assert length(leader, address) == number, address
    assert any("kind=accusation" in address for address, _number in figures(told[0]))


def test_what_a_town_does_changes_no_figure_of_another(app_sqlite, world, login):
    scatter(world.jiangnan, 5)
    head = login("jn_head")
    before = figures(head.get(f"{PATH}?period=2026").get_data(as_text=True))
    scatter(world.gelan, 5)
    assert figures(head.get(f"{PATH}?period=2026").get_data(as_text=True)) == before
    assert figures(head.get(f"{PATH}?period=2026&town={world.gelan.id}").get_data(as_text=True)) == before


@pytest.mark.parametrize("username", ["jn_officer", "jn_intake", "jn_disc", "jn_legal", "jn_clerk", "ga_liaison", "sysadmin", "auditor"])
def test_only_those_who_may_see_statistics(app_sqlite, login, username):
    client = login(username)
    for path in (PATH, f"{PATH}/monthly", f"{PATH}/export", f"{PATH}/monthly?export=xlsx"):
        assert client.get(path).status_code in (403, 404)


def test_rates_medians_and_changes(app_sqlite, world, login):
    for number, (late, result, taken) in enumerate(((False, "属实", 3), (False, "不属实", 5), (True, "部分属实", 20))):
        key = matter(world.jiangnan, received_on=dt.date(2026, 10, 8 + number), place=f"地点{number}", object_name="")
        change(key, state="replied", result=result, concluded_on=dt.date(2026, 11, 3), late=late, days_taken=taken, sort_due=dt.date(9999, 12, 31))
    matter(world.jiangnan, place="地点0", object_name="")
    page = login("jn_head").get(f"{PATH}?period=2026-11").get_data(as_text=True)
    tiles = {title: value for value, title in re.findall(r'class="value">([^<]*)</span><span class="label">([^<]*)', page)}
    assert tiles == {
        "收件": "1", "办结": "3", "按期办结率": "66.7%", "用时中位数（工作日）": "5", "属实率": "66.7%", "重复率": "100.0%", "现在在办": "1", "现在超期": "0",
    }  # fmt: skip
    assert "66.7%" in page and "-2（-66.7%）" in page and "2 / 3 件" in page


def test_a_repeat_is_the_same_telephone_about_the_same_thing_within_a_year(app, world):
    town = world.jiangnan
    first = matter(town, dt.date(2026, 11, 24), received_on=dt.date(2025, 11, 25))
    assert not fetch(first).repeats
    again = matter(town)
    assert fetch(again).repeats
    assert not fetch(matter(town, place="古佛村", object_name="餐馆")).repeats
    assert fetch(matter(town, place="古佛村", object_name="")).repeats
    assert not fetch(matter(town, who={"name": "李", "phone": "13900000000"})).repeats
    assert not fetch(matter(town, who={}, anonymous=True)).repeats
    assert not fetch(matter(world.gelan)).repeats
    old = matter(town, place="远处", object_name="", received_on=dt.date(2025, 3, 1))
    assert not fetch(matter(town, place="远处", object_name="")).repeats, old


def test_an_accusation_is_no_repeat_of_another_kind_nor_another_of_it(app_sqlite, world):
    named = person(world.jiangnan, "李明杰", world.account("jn_officer"))
    accusation = matter(world.jiangnan, kind="accusation", officers=(named,))
    assert not fetch(matter(world.jiangnan)).repeats
    assert not fetch(accusation).repeats
    assert fetch(matter(world.jiangnan, kind="accusation", officers=(named,))).repeats


def test_the_workbook_has_every_table(app_sqlite, world, login):
    scatter(world.jiangnan, 20)
    answer = login("jn_head").get(f"{PATH}/export?period=2026")
    book = load_workbook(io.BytesIO(answer.data))
    assert book.sheetnames == ["投诉举报统计", "总览", "按类别", "按渠道", "按领域", "按办理去向（收件）", "按结论（办结）", "按月趋势"]
    assert [cell.value for cell in book["投诉举报统计"]["B"]] == ["内容", "江南街道", "2026年", "2025年"]
    rows = {row[0]: row[1:] for row in book["按渠道"].values}
    assert rows["合计"][0] == sum(row[0] for name, row in rows.items() if name not in ("渠道", "合计")) > 0
    assert book["总览"]["B2"].value == rows["合计"][0]


def test_the_monthly_sheet_is_a_form_to_be_handed_in(app_sqlite, world, login):
    scatter(world.jiangnan, 40)
    answer = login("jn_head").get(f"{PATH}/monthly?period=2026-06&export=xlsx")
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    sheet = load_workbook(io.BytesIO(answer.data)).active
    assert sheet["A1"].value == "投诉举报月报表" and sheet["A2"].value == "填报单位：江南街道" and sheet["A3"].value == "类别"
    assert sheet.page_setup.orientation == "landscape" and sheet.page_setup.paperSize == 9 and sheet.sheet_properties.pageSetUpPr.fitToPage
    assert "A1:T1" in [str(part) for part in sheet.merged_cells.ranges]
    kinds = [sheet.cell(row, 1).value for row in range(5, 13)]
    assert kinds[0] == "举报" and kinds[-1] == "合计"
    for column in range(2, sheet.max_column + 1):
        values = [sheet.cell(row, column).value for row in range(5, 13)]
        if all(isinstance(value, int) for value in values):
            assert values[-1] == sum(values[:-1]), sheet.cell(4, column).value
    below = [cell for row in sheet.iter_rows(min_row=13, values_only=True) for cell in row if cell]
    assert below == ["填报单位（盖章）：", "单位负责人：", "审核人：", "填表人：", "联系电话："]


NONSENSE = (
    "?period=<script>", "?from=2026-02-30&to=x", "?period=2026-11&town=999999999999", "?town=%00", "?against='", "?period=2099", "?from=2000-01-01&to=2000-01-02",
)  # fmt: skip


@pytest.mark.parametrize("query", NONSENSE)
def test_nonsense_in_the_address_is_no_error(app_sqlite, login, query):
    client = login("jn_head")
    for path in (PATH, f"{PATH}/monthly", f"{PATH}/export"):
        answer = client.get(path + query)
        assert answer.status_code in (200, 404), (path, query)
        assert b"<script>" not in answer.data


def test_wrong_days_are_said(app_sqlite, login):
    page = login("jn_head").get(f"{PATH}?from=2026-05-01&to=2026-04-01").get_data(as_text=True)
    assert "请填写正确的起止日期" in page and "2026年11月" in page


def test_the_number_of_statements_does_not_depend_on_rows(app_sqlite, world, login):
    head = login("jn_head")
    counted = []
    for more in (10, 60):
        scatter(world.jiangnan, more)
        head.get(f"{PATH}?period=2026")
        asked = []

        def note(*arguments, asked=asked):
            asked.append(arguments[2])

        sa.event.listen(db.engine, "before_cursor_execute", note)
        head.get(f"{PATH}?period=2026")
        sa.event.remove(db.engine, "before_cursor_execute", note)
        counted.append(len(asked))
    assert 0 < counted[0] == counted[1] < 40
