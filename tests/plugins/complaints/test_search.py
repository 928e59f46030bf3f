"""Searching for matters: the page over everything and the register, town by town, kind by kind, and what stays hidden."""

import re

import pytest
import sqlalchemy as sa
from flask import current_app

from plugins.complaints.models import Complaint
from plugins.complaints.models_identity import Identity
from portal import search
from portal.database import db
from portal.search import lookup, results
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import change, fetch, matter, person


def text_of(client, path):
    answer = client.get(path)
    assert answer.status_code == 200, answer.status
    return answer.get_data(as_text=True)


def main_of(client, path):
    """What the page says, without what marks hits."""
    page = text_of(client, path)
    return re.sub(r"</?mark>", "", page[page.index('<main') :])


def test_hits_stand_by_kind_with_their_state_and_marks(app, world, login):
    key = matter(world.jiangnan, title="<b>夜市</b>占道", content="桥头" + "的路" * 200 + "有人占道经营", place="桃花新城", object_name="烧烤店")
    person(world.jiangnan, "占军", position="网格员")
    page = text_of(login("jn_head"), "/search?q=占")
    assert "&lt;b&gt;夜市&lt;/b&gt;<mark>占</mark>道" in page and "<b>夜市" not in page
    assert page.index('id="kind-1"') < page.index('id="kind-2"') and "<mark>占</mark>军" in page and "登记" in page
    assert re.search(r'kind=complaints.complaint"[^>]*>投诉举报<span class="n">1</span>', page)
    only = text_of(login("jn_head"), "/search?q=经营&kind=complaints.complaint")
    assert f"/complaints/{key}" in only and "有人占道<mark>经营</mark>" in only and "…" in only and "占军" not in only


@pytest.mark.parametrize("query", ["ＺＨＡＮ", "江南 桥头", "2026 桃花", "HX-20261120-7", "烧烤店", "制止"])
def test_every_field_is_found(app_sqlite, world, login, query):
    key = matter(world.jiangnan, title="桥头 Zhan", content="内容", place="桃花新城", object_name="烧烤店", demand="请制止", external_no="hx-20261120-7")
    head = login("jn_head")
    for path in ("/search", "/complaints"):
        assert f"/complaints/{key}" in head.get(path, query_string={"q": query}).get_data(as_text=True), path


def test_whoever_complained_is_never_found(app, world, login):
    matter(world.jiangnan)
    for query in ("张三丰", "13812341234", "古佛村"):
        for username in ("jn_head", "sup"):
            assert "没有找到" in main_of(login(username), f"/search?q={query}"), query
    with db.engine.connect() as connection:
        assert not [row for row in connection.exec_driver_sql("SELECT text FROM core_search_document") if "三丰" in row[0] or "1381234" in row[0] or "古佛" in row[0]]


def test_towns_are_apart_also_in_counts(app, world, login):
    own = matter(world.jiangnan, title="芦苇丛生", content="河边")
    before = {path: main_of(login("jn_head"), path) for path in ("/search?q=芦苇", "/search?q=芦苇&kind=complaints.complaint", "/complaints?q=芦苇")}
    other = matter(world.gelan, title="芦苇倒伏", content="河边")
    assert {path: main_of(login("jn_head"), path) for path in before} == before
    assert f"/complaints/{own}" in before["/search?q=芦苇"] and f"/complaints/{other}" not in before["/search?q=芦苇"]
    both = main_of(login("sup"), "/search?q=芦苇")
    assert f"/complaints/{own}" in both and f"/complaints/{other}" in both and "2 条" in both and "葛兰镇" in both


@pytest.mark.parametrize("most", [2, 2000])
@pytest.mark.parametrize("username", ["jn_officer", "jn_head"])
def test_an_accusation_is_kept_from_whom_it_names(app, world, login, monkeypatch, most, username):
    """Also where there are so many hits that only some are looked at one by one."""
    monkeypatch.setattr(lookup, "MOST", most)
    monkeypatch.setattr(results, "MOST", most)
    head = person(world.jiangnan, "周平", world.account("jn_head"))
    named = person(world.jiangnan, "李明杰", world.account("jn_officer"), superior_id=head)
    for number in range(4):
        matter(world.jiangnan, title=f"态度问题{number}", content="窗口态度")
    paths = ("/search?q=态度", "/search?q=态度&kind=complaints.complaint", "/complaints?q=态度", "/search?q=粗暴", "/complaints?q=粗暴")
    paths += ("/complaints?q=态度&state=registered",)
    client = login(username)
    before = {path: main_of(client, path) for path in paths}
    assert "没有找到" in before["/search?q=粗暴"]
    key = matter(world.jiangnan, kind="accusation", title="态度粗暴", content="态度粗暴不出示证件", officers=(named,))
    assert {path: main_of(client, path) for path in paths} == before
    assert f"/complaints/{key}" in main_of(login("jn_disc"), "/search?q=粗暴")


def test_a_plugin_that_is_off_is_silent(app, world, login):
    key = matter(world.jiangnan, title="停用之后")
    matter(world.gelan, title="停用之后")
    plugins, org_id = current_app.extensions["portal"].plugins, world.jiangnan.id

    def switch(on):
        with use_scope(EVERYTHING), unit_of_work("test.switch") as session:
            plugins.switch(session, "complaints", org_id, on)

    switch(False)
    assert "没有找到" in main_of(login("jn_head"), "/search?q=停用")
    seen = main_of(login("sup"), "/search?q=停用")
    assert f"/complaints/{key}" not in seen and "1 条" in seen
    switch(True)
    assert f"/complaints/{key}" in main_of(login("jn_head"), "/search?q=停用")


def test_only_those_with_the_right_find(app_sqlite, world, login):
    matter(world.jiangnan, title="权限之内")
    for username in ("sysadmin", "secadmin", "auditor", "jn_clerk", "ga_liaison"):
        assert "没有找到" in main_of(login(username), "/search?q=权限之内"), username
        assert "没有找到" in main_of(login(username), "/search?q=权限之内&kind=complaints.complaint"), username


def test_an_update_is_followed(app, world, login):
    key = matter(world.jiangnan, title="旧的标题", content="内容一")
    change(key, title="新的标题")
    head = login("jn_head")
    assert "没有找到" in main_of(head, "/search?q=旧的") and fetch(key).number in main_of(head, "/search?q=新的")
    assert search.lagging() == []


def test_pages_follow_one_another(app_sqlite, world, login):
    made = [matter(world.jiangnan, title=f"翻页{number:02d}", content="内容") for number in range(45)]
    head = login("jn_head")
    overview = main_of(head, "/search?q=翻页")
    assert "查看全部 45 条" in overview and overview.count('<div class="head">') == results.OVERVIEW
    found = []
    for page in (1, 2, 3):
        shown = main_of(head, f"/search?q=翻页&kind=complaints.complaint&page={page}")
        found += [int(key) for key in re.findall(r'class="head"><a href="/complaints/(\d+)"', shown)]
        assert f"第 {page} 页，共 3 页" in shown
    assert found == sorted(made, reverse=True)
    for nonsense in ("0", "-1", "99999", "x", "４", "1e3"):
        assert head.get("/search", query_string={"q": "翻页", "kind": "complaints.complaint", "page": nonsense}).status_code == 200


def test_a_list_walks_many_hits_in_its_own_order(app, world, login, monkeypatch):
    made = [matter(world.jiangnan, title=f"走查{number:02d}", content="内容") for number in range(9)]
    matter(world.jiangnan, title="别的")
    head = login("jn_head")
    few = main_of(head, "/complaints?q=走查&sort=received-&size=20")
    monkeypatch.setattr(lookup, "MOST", 3)
    assert main_of(head, "/complaints?q=走查&sort=received-&size=20") == few and "共 9 条" in few and all(f'"/complaints/{key}"' in few for key in made)
    assert "共 0 条" not in few and "走查08" in main_of(head, "/complaints?q=走查08")


NONSENSE = (
    "%", "_", "*", '"', "'; DROP TABLE x; --", "OR", "占 OR 道", "NEAR(a b)", "\x00", "\ud800", "😀", "长" * 3000, "a " * 500, "｛｛7*7｝｝",
    "<script>",
)


@pytest.mark.parametrize("query", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_answered_in_words(app, world, login, query):
    matter(world.jiangnan, title="普通事项")
    head = login("jn_head")
    typed = {"q": query.encode("utf-8", "surrogatepass")}
    for path, more in (("/search", {}), ("/complaints", {}), ("/people", {}), ("/search", {"kind": "complaints.complaint"}), ("/search", {"kind": "no.such"})):
        answer = head.get(path, query_string={**typed, **more})
        assert answer.status_code in (200, 404) and "<script>" not in answer.get_data(as_text=True)


def test_too_many_searches_rest_a_while(app_sqlite, world, login):
    head, other = login("jn_head"), login("jn_intake")
    answers = [head.get("/search?q=占") for _number in range(61)]
    assert [answer.status_code for answer in answers] == [200] * 60 + [429]
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 60 and "稍候" in answers[-1].get_data(as_text=True)
    assert head.get("/complaints?q=占").status_code == 429 and head.get("/complaints").status_code == 200 and head.get("/search").status_code == 200
    assert other.get("/search?q=占").status_code == 200


def test_a_page_asks_as_much_for_many_as_for_one(app_sqlite, world, login):
    counts: list[int] = []
    head = login("jn_head")

    def ask():
        counts.append(0)

        def count(*_arguments):
            counts[-1] += 1

        sa.event.listen(db.engine, "before_cursor_execute", count)
        try:
            assert "固定" in main_of(head, "/search?q=固定")
        finally:
            sa.event.remove(db.engine, "before_cursor_execute", count)

    main_of(head, "/search?q=固定")  # the switches of the modules are known from here on
    matter(world.jiangnan, title="固定")
    ask()
    for _number in range(12):
        matter(world.jiangnan, title="固定")
    ask()
    assert counts[0] == counts[1]


def test_deleting_leaves_nothing(app, world):
    key = matter(world.jiangnan, title="将被删除")
    with use_scope(EVERYTHING), unit_of_work("test.delete") as session:
        session.delete(session.scalars(sa.select(Identity).where(Identity.complaint_id == key)).one())
        session.flush()
        session.delete(session.get(Complaint, key))
    with db.engine.connect() as connection:
        assert not [row for row in connection.exec_driver_sql("SELECT text FROM core_search_document") if "将被删除" in row[0]]
