"""The list component on the list of people: filters, search, sort, paging by key, columns, export, and what nonsense gets."""

import base64
import csv
import datetime as dt
import io
import json
import re

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from portal import audit
from portal.audit import Event
from portal.auth.models import Account
from portal.database import db
from portal.directory.models import Person
from portal.records import lists
from portal.records.lists import Choice, Column, Dates, Flag, ListSpec, Order, run
from portal.work import unit_of_work


def people(org, count, **more):
    with unit_of_work("test.people") as session:
        session.add_all(Person(org_id=org.id, name=f"人员{n:04d}", employment_type="公务员" if n % 2 else "事业编", **more) for n in range(count))


def spec(**changes):
    values = {
        "name": "directory.person",
        "select": lambda: sa.select(Person.id, Person.name, Person.employment_type, Person.retired_on),
        "key": Person.id,
        "columns": (
            Column("name", "姓名", lambda row: row.name, order="name"),
            Column("kind", "用工性质", lambda row: row.employment_type),
            Column("more", "备注", lambda _row: "=1+1", shown=False),
        ),
        "orders": {
            "name": Order("姓名", [(Person.name, False)]),
            "name-": Order("姓名", [(Person.name, True)]),
            "kind": Order("用工性质", [(Person.employment_type, True)]),
        },
        "default_order": "name",
        "filters": (
            Choice("kind", "用工性质", [("公务员", "公务员"), ("事业编", "事业编")], lambda value: Person.employment_type == value),
            Dates("gone", "退休", Person.retired_on),
            Flag("first", "前十", lambda: Person.name < "人员0010"),
        ),
        "search": lambda query: Person.name.contains(query, autoescape=True),
    }
    return ListSpec(**(values | changes))


def names(page):
    return [row.name for row in page.rows]


def walk(description, **arguments):
    """Every row, page after page."""
    found, after = [], ""
    for _turn in range(60):
        page = run(description, arguments | {"after": after})
        found += names(page)
        after = page.next_cursor
        if not page.more:
            return found
    raise AssertionError("no end")


def test_every_row_comes_once_in_every_order_and_size(app, world):
    people(world.jiangnan, 123)
    everyone = [f"人员{n:04d}" for n in range(123)]
    assert walk(spec()) == everyone == walk(spec(), size="20")
    assert walk(spec(), sort="name-", size="20") == everyone[::-1]
    by_kind = walk(spec(), sort="kind", size="20")
    assert sorted(by_kind) == everyone and len(by_kind) == 123
    assert run(spec(), {"size": "200"}).more is False


def test_rows_that_come_and_go_while_paging_disturb_nobody(app, world):
    people(world.jiangnan, 60)
    first = run(spec(), {})
    with unit_of_work("test.more") as session:
        session.add(Person(org_id=world.jiangnan.id, name="人员0000a", employment_type="公务员"))
        session.delete(session.scalars(sa.select(Person).where(Person.name == "人员0049")).unique().one())
    second = run(spec(), {"after": first.next_cursor})
    assert names(second) == [f"人员{n:04d}" for n in range(50, 60)]


def test_a_page_past_the_end_starts_again(app, world):
    people(world.jiangnan, 60)
    after = run(spec(), {}).next_cursor
    with unit_of_work("test.gone") as session:
        for person in session.scalars(sa.select(Person).where(Person.name >= "人员0050")).unique():
            session.delete(person)
    page = run(spec(), {"after": after})
    assert page.first and len(page.rows) == 50


def test_filters_search_and_flag(app, world):
    people(world.jiangnan, 30)
    with unit_of_work("test.gone") as session:
        session.add(Person(org_id=world.jiangnan.id, name="50%_满", employment_type="公务员", retired_on=dt.date(2026, 3, 1)))
    assert run(spec(), {"kind": "事业编"}).count == 15
    assert run(spec(), {"first": "1"}).count == 11 and run(spec(), {"first": "yes"}).count == 31
    assert run(spec(), {"gone_from": "2026-01-01", "gone_to": "2026-03-01"}).count == 1 and run(spec(), {"gone_from": "2026-03-02"}).count == 0
    assert names(run(spec(), {"q": "%"})) == names(run(spec(), {"q": "_"})) == names(run(spec(), {"q": " 50%_ "})) == ["50%_满"]
    page = run(spec(), {"kind": "事业编", "first": "1", "q": "人员", "sort": "name-", "size": "20"}, ["more,name"])
    assert page.address(after="x") == "?q=%E4%BA%BA%E5%91%98&kind=%E4%BA%8B%E4%B8%9A%E7%BC%96&first=1&sort=name-&size=20&cols=name%2Cmore&after=x"
    assert [column.key for column in page.columns] == ["name", "more"] and page.filtered


def test_the_count_stops_and_one_statement_is_enough(app, world):
    people(world.jiangnan, 1005)
    seen: list[str] = []

    def hear(*arguments):
        seen.append(arguments[2])

    event.listen(db.engine, "before_cursor_execute", hear)
    page = run(spec(), {"kind": "公务员"})
    event.remove(db.engine, "before_cursor_execute", hear)
    assert page.counted == "502" and len([line for line in seen if "directory_person" in line]) == 1
    assert run(spec(), {}).counted == "1000+"


def cursor(values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "arguments",
    [
        {"after": "x"}, {"after": "%%%"}, {"after": "字"}, {"after": "A" * 5000}, {"after": cursor({})}, {"after": cursor([])}, {"after": cursor([1, 1])},
        {"after": cursor(["a", "b"])}, {"after": cursor(["a", 2**70])}, {"after": cursor(["a", True])}, {"after": cursor(["a\0", 1])}, {"after": cursor(["\ud800", 1])},
        {"after": cursor([None, 1])}, {"after": base64.urlsafe_b64encode(b"[" * 400).decode()}, {"sort": "id; DROP"}, {"sort": "name--"}, {"size": "100000"},
        {"size": "-1"}, {"size": "５０"}, {"kind": "x"}, {"kind": "\0"}, {"gone_from": "2026-02-30"}, {"gone_to": "x" * 999}, {"gone_from": "0000-00-00"},
        {"q": "\0 \ud800"}, {"nonsense": "1"},
    ],
)  # fmt: skip
def test_nonsense_in_the_address_is_left_aside(app, world, arguments):
    people(world.jiangnan, 3)
    page = run(spec(), arguments, ["nonsense"])
    assert len(page.rows) == 3 and page.first and not page.filtered and page.size == 50


def test_moments_page_too(app, world):
    accounts = ListSpec(
        name="x", select=lambda: sa.select(Account.id, Account.username.label("name"), Account.password_set_at), key=Account.id, columns=(),
        orders={"at": Order("时间", [(Account.password_set_at, True)])}, default_order="at",
    )  # fmt: skip
    with unit_of_work("test.moments") as session:
        for account in session.scalars(sa.select(Account)).unique():
            account.password_set_at = dt.datetime(2026, 1, 1 + account.id % 5, tzinfo=dt.UTC)
    everyone = run(accounts, {"size": "200"})
    first = everyone.rows[4]
    after = lists.encode_cursor([first.password_set_at, first.id])
    assert names(run(accounts, {"after": after})) == names(everyone)[5:]
    assert names(run(accounts, {"after": cursor(["2026-01-01T00:00:00", 1])})) == names(everyone)
    assert names(run(accounts, {"after": cursor(["0001-01-01T00:00:00+14:00", 1])})) == names(everyone)


def test_a_town_sees_and_counts_its_own(app, world, login):
    people(world.jiangnan, 3)
    people(world.gelan, 70)
    page = login("jn_head").get("/people").get_data(as_text=True)
    assert "共 3 条" in page and "下一页" not in page
    assert "共 73 条" in login("sup").get("/people").get_data(as_text=True)


def test_the_page_says_what_it_does_and_works_by_plain_links(app, world, login):
    people(world.jiangnan, 60)
    client = login("jn_head")
    page = client.get("/people?status=在岗&size=20").get_data(as_text=True)
    assert 'aria-sort="ascending"' in page and 'data-labels' in page and '<form class="toolbar"' in page and 'id="list"' in page
    assert '<input type="hidden" name="size" value="20">' in page and "清除条件" in page and 'name="cols"' not in page
    chosen = client.get(re.search(r'href="([^"]+#columns)"', page)[1].replace("?", "/people?", 1).replace("&amp;", "&").split("#")[0]).get_data(as_text=True)
    assert '<strong aria-current="true">20</strong>' in chosen and ">姓名</label>" in chosen and 'name="cols" value="name" checked' in chosen
    second = client.get("/people" + re.search(r'rel="next" href="([^"]+)"', page)[1].replace("&amp;", "&")).get_data(as_text=True)
    assert "人员0020" in second and "人员0019" not in second and "回到第一页" in second
    down = client.get("/people?sort=name-").get_data(as_text=True)
    assert 'aria-sort="descending"' in down and down.index("人员0059") < down.index("人员0058")
    assert client.get("/people?after=!!&sort=%27&size=zz&status=%27&cols=%27&q=%27").status_code == 200
    assert client.get("/people?after=%00&q=%00").status_code < 500


def test_no_rows_at_all_and_none_that_match_are_told_apart(app, world, login):
    client = login("jn_head")
    assert "还没有人员" in client.get("/people").get_data(as_text=True)
    people(world.jiangnan, 1)
    page = client.get("/people?q=无此人").get_data(as_text=True)
    assert "没有符合条件的记录" in page and "还没有人员" not in page and "清除条件" in page


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_export_is_of_what_was_asked_for_defused_and_in_the_trail(app, world, login, kind):
    people(world.jiangnan, 120)
    with unit_of_work("test.evil") as session:
        session.add(Person(org_id=world.jiangnan.id, name="=HYPERLINK(1)", employment_type="公务员"))
    client = login("jn_head")
    answer = client.get(f"/people?export={kind}&employment=公务员", buffered=True)
    assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment")
    if kind == "csv":
        rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
        assert len(rows) == 62 and rows[1][0] == "'=HYPERLINK(1)"
    db.session.rollback()
    note = db.session.scalars(sa.select(Event).where(Event.action == "records.exported")).one()
    assert note.chain_id == world.jiangnan.id and json.loads(note.after) == {"format": kind, "rows": 61}
    assert audit.verify_instance(app).ok
    assert login("sysadmin").get(f"/people?export={kind}").status_code in (403, 404)
    assert client.get("/people?export=exe").status_code == 200
