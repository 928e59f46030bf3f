"""The index over people: the same hits on both databases, following every change, and kept apart by town."""

import dataclasses

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal import search
from portal.context import system_actor, use_actor
from portal.contract import RecordType, Searchable
from portal.database import db
from portal.diagnosis import examine
from portal.directory.models import Person
from portal.records.bulk import insert_rows, reserve_ids, update_in_chunks
from portal.search import lookup, registry, results
from portal.search.folding import fold, words
from portal.search.models import DOCUMENTS
from portal.tenancy import EVERYTHING, Scope, use_scope
from portal.work import unit_of_work

CORPUS = (
    "每天傍晚烧烤摊占道经营，油烟扰民",
    "夜间施工噪音扰民",
    "占用消防通道停车",
    "道路破损，井盖缺失",
    "𠮷野家门口占道",
    "工单ＡＢ１２３４号转办",
    "AB-1234 与 ab1234 不同",
    "长寿江南诉〔2026〕12号",
    "百分之五十写作 50%",
    "他说“还价”；她说：no",
    "下划线 a_b 与星号 a*b",
    "Café straße",
    "养殖场臭味😀",
    "一",
    "OR AND NOT NEAR",
)
QUERIES = (
    "占", "道", "占道", "占道经", "占道经营", "占道经营，油烟", "道占", "扰民", "噪音 扰民", "扰民 占道", "𠮷", "𠮷野", "𠮷野家", "ab1234", "ＡＢ１２３４", "1234", "234",
    "b12", "〔2026〕12", "2026 12", "(2026)12号", "50%", "%", "_", "*", "a_b", "a*b", "“还价”", '"', "'", "cafe", "STRASSE", "😀", "一", "or", "OR",
    "占道 OR 施工", "NOT 占道", "占*", "占_经营", "没有这个词", "，", "。", "", "   ", "\x00", "NEAR(占道 经营)", "grams:占",
    "^占", "-占道", "a b", "& | ! ( ) : * <->", "\\", "号转",
)  # fmt: skip


def enter(org, *positions, **more):
    with unit_of_work("test.people") as session:
        made = [Person(org_id=org.id, name=more.pop("name", "某人"), position=text, employment_type="公务员", **more) for text in positions]
        session.add_all(made)
        session.flush()
        return [person.id for person in made]


def hits(query):
    """The positions of the people that a list finds, and the same by the search over everything."""
    listed = set(db.session.scalars(sa.select(Person.position).where(search.matching(Person, query).condition)))
    ranked = results.rank(db.session(), search.source_of(Person), words(query)).ids
    assert set(db.session.scalars(sa.select(Person.position).where(Person.id.in_(ranked)))) == listed and len(ranked) == len(set(ranked))
    return listed


def expected(query, texts=CORPUS):
    """What anybody would say: all words stand in the text, without regard to width, case and signs."""
    wanted = words(query)
    return {text for text in texts if wanted and all(word in fold(text) for word in wanted)}


def test_both_databases_find_the_same(app, world):
    enter(world.jiangnan, *CORPUS, name="")
    assert {query: hits(query) for query in QUERIES} == {query: expected(query) for query in QUERIES}
    assert hits("占道经营") == {CORPUS[0]} and hits("占") == {CORPUS[0], CORPUS[2], CORPUS[4]} and hits("𠮷野家") == {CORPUS[4]}
    assert hits("ab1234") == {CORPUS[5], CORPUS[6]} and hits("ＡＢ１２３４") == {CORPUS[5], CORPUS[6]} and hits("(2026)12号") == {CORPUS[7]}
    assert hits("占道 OR 施工") == set() and hits("OR") == {CORPUS[14]} and hits("%") == {CORPUS[8]} and hits("没有这个词") == set()


def test_many_hits_are_walked_with_the_same_result(app, world, monkeypatch):
    enter(world.jiangnan, *CORPUS, name="")
    enter(world.gelan, *CORPUS, name="")
    few = {query: hits(query) for query in QUERIES}
    monkeypatch.setattr(lookup, "MOST", 2)
    many = search.matching(Person, "占")
    assert many.sample is not None
    for query in QUERIES:
        listed = list(db.session.scalars(sa.select(Person.position).where(search.matching(Person, query).condition)))
        assert set(listed) == few[query] and len(listed) == 2 * len(few[query]), query


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from("占道经营烧烤ABab12１２％%，。 〔〕ßé𠮷\u200b😀'\\\""), min_size=1, max_size=30), st.data())
def test_every_part_of_a_text_finds_it(app, world, text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    (key,) = enter(world.jiangnan, text, name="")
    if words(part):
        found = db.session.scalars(sa.select(Person.id).where(search.matching(Person, part).condition)).all()
        assert key in found
    with unit_of_work("test.people") as session:
        session.delete(session.get(Person, key))


def test_the_longest_text_fits(app, world, monkeypatch):
    """Twenty thousand different characters of four bytes each are the most that a row of the index is asked to hold."""
    from portal.search.index import Entry, write

    text = "".join(chr(0x20000 + n) for n in range(30_000))
    with unit_of_work("test.long") as session:
        write(session.connection(), [Entry(1, text, 0)])
        write(session.connection(), [], [1])
        assert session.connection().scalar(sa.select(sa.func.count()).select_from(DOCUMENTS)) == 0


# -- following ------------------------------------------------------------------------------------------------------------


def test_it_follows_what_is_changed_moved_and_deleted(app, world):
    (key,) = enter(world.jiangnan, "综合执法中队长")
    assert hits("中队长") == {"综合执法中队长"}
    with unit_of_work("test.people") as session:
        session.get(Person, key).position = "副主任"
    assert hits("中队长") == set() and hits("副主任") == {"副主任"}
    gelan, jiangnan = world.gelan.id, world.jiangnan.id
    with unit_of_work("test.people") as session:
        session.get(Person, key).org_id = gelan
    for org_id, found in ((gelan, {"副主任"}), (jiangnan, set())):
        with use_scope(Scope("town", frozenset({org_id}))):
            assert hits("副主任") == found
    with unit_of_work("test.people") as session:
        session.delete(session.get(Person, key))
    assert hits("副主任") == set() and search.lagging() == []
    assert db.session.connection().scalar(sa.select(sa.func.count()).select_from(DOCUMENTS)) == 0


def test_what_is_rolled_back_is_not_found(app, world):
    org_id = world.jiangnan.id
    with pytest.raises(RuntimeError), unit_of_work("test.people") as session:
        session.add(Person(org_id=org_id, name="甲乙丙", employment_type="公务员"))
        session.flush()
        raise RuntimeError
    assert hits("甲乙丙") == set()
    with unit_of_work("test.people") as session:
        session.add(Person(org_id=org_id, name="丁", position="留下", employment_type="公务员"))
        with pytest.raises(RuntimeError), session.begin_nested():
            session.add(Person(org_id=org_id, name="戊", position="不留", employment_type="公务员"))
            session.flush()
            raise RuntimeError
    assert hits("留下") == {"留下"} and hits("不留") == set() and search.lagging() == []


def test_bulk_statements_are_followed(app, world):
    org_id = world.jiangnan.id
    with unit_of_work("test.import") as session:
        ids = reserve_ids(session, Person, 120)
        rows = [{"id": key, "org_id": org_id, "uid": f"{key:032x}", "name": f"张{n}", "position": "网格员", "employment_type": "公务员"} for n, key in enumerate(ids)]
        insert_rows(session, Person, rows)
    assert hits("网格") == {"网格员"} and len(results.rank(db.session(), search.source_of(Person), ["网格"]).ids) == 120
    list(update_in_chunks(Person, [Person.name == "张7"], {"position": "中队长"}, action="test.bulk"))
    assert hits("队长") == {"中队长"} and len(results.rank(db.session(), search.source_of(Person), ["网格"]).ids) == 119
    list(update_in_chunks(Person, [Person.name == "张8"], {"org_id": world.gelan.id}, action="test.bulk"))
    with use_scope(Scope("town", frozenset({world.gelan.id}))):
        assert hits("网格") == {"网格员"}
    list(update_in_chunks(Person, [Person.name == "张9"], {"post_status": "离岗"}, action="test.bulk"))
    assert search.lagging() == []


# -- who sees what --------------------------------------------------------------------------------------------------------


def test_towns_are_apart(app, world):
    enter(world.jiangnan, "只在江南")
    enter(world.gelan, "只在葛兰")
    for org, found in ((world.jiangnan, {"只在江南"}), (world.gelan, {"只在葛兰"})):
        with use_scope(Scope("town", frozenset({org.id}))):
            assert hits("只在") == found
    with use_scope(EVERYTHING):
        assert hits("只在") == {"只在江南", "只在葛兰"}
    with use_scope(Scope("nothing", frozenset())):
        assert hits("只在") == set()


def test_other_towns_change_no_rank(app, world, monkeypatch):
    monkeypatch.setattr(results, "MOST", 4)
    enter(world.jiangnan, "街道占道", "占道巡查", "占道", "无关", "占道经营")
    source = search.source_of(Person)
    with use_scope(Scope("town", frozenset({world.jiangnan.id}))):
        before = results.rank(db.session(), source, ["占道"])
        with use_scope(EVERYTHING):
            enter(world.gelan, *["占道"] * 9)
        assert results.rank(db.session(), source, ["占道"]) == before and len(before.ids) == 4 and not before.capped


def test_rank_goes_by_field_then_beginning_then_age(app, world):
    first, second, third = (*enter(world.jiangnan, "王主任"), *enter(world.jiangnan, "副主任", name="小王"), *enter(world.jiangnan, "主任", name="王小"))
    fourth = enter(world.jiangnan, "主任", name="王小")[0]
    assert results.rank(db.session(), search.source_of(Person), ["王"]).ids == [fourth, third, second, first]


def test_where_there_are_too_many_the_newest_of_each_town_are_ranked(app, world, monkeypatch):
    monkeypatch.setattr(results, "MOST", 4)
    enter(world.jiangnan, *["占道"] * 3)
    assert not results.rank(db.session(), search.source_of(Person), ["占道"]).capped
    (new,) = enter(world.jiangnan, "占道")
    (late,) = enter(world.gelan, "占道")
    ranked = results.rank(db.session(), search.source_of(Person), ["占道"])
    assert ranked.capped and ranked.ids == [late, new], "one for each of the four organisations"


# -- upkeep ---------------------------------------------------------------------------------------------------------------


def found_by_doctor(app):
    return next(finding for finding in examine(app) if finding.check == "search index")


@pytest.mark.parametrize("names", [None, ["directory.person"]])
def test_an_index_that_lags_is_told_and_built_anew(app, world, names):
    _kept, changed, gone = enter(world.jiangnan, "甲甲", "乙乙", "丙丙")
    assert found_by_doctor(app).ok
    table = Person.__table__
    with db.engine.begin() as connection:
        connection.execute(sa.update(table).where(table.c.id == changed).values(position="丁丁"))
    assert "1 of the newest 3 differ" in found_by_doctor(app).found
    with db.engine.begin() as connection:
        connection.execute(sa.delete(table).where(table.c.id == gone))
    assert not found_by_doctor(app).ok and "3 of 2 indexed" in found_by_doctor(app).found
    assert hits("丙丙") == set(), "what is gone is not found even so"
    assert search.rebuild(names)["directory.person"] == 2
    assert found_by_doctor(app).ok and hits("丁丁") == {"丁丁"} and hits("乙乙") == set() and hits("甲甲") == {"甲甲"}
    assert search.catch_up() == {}


def test_a_kind_declared_otherwise_is_indexed_anew_at_the_upgrade(app, world):
    enter(world.jiangnan, "甲甲", note="备注里的词")
    source = search.source_of(Person)
    assert hits("备注") == set()
    app.extensions[registry.EXTENSION][Person] = registry._source(
        dataclasses.replace(source.record_type, search=dataclasses.replace(source.search, fields={**source.search.fields, "note": 1}))
    )
    try:
        assert [lag.name for lag in search.lagging()] == ["directory.person"]
        assert search.catch_up() == {"directory.person": 1}
        assert hits("备注") == {"甲甲"} and search.lagging() == []
    finally:
        app.extensions[registry.EXTENSION][Person] = source


def test_an_index_of_another_scheme_is_emptied_first(app, world, monkeypatch):
    enter(world.jiangnan, "甲甲")
    monkeypatch.setattr("portal.search.upkeep.SCHEME", 99)
    search.rebuild(["directory.person"])
    assert hits("甲甲") == {"甲甲"} and search.lagging() == []


def test_secrets_are_never_indexed(app_sqlite):
    def declare(**fields):
        return registry._source(RecordType("directory.person", "人员", Person, str, search=Searchable(fields, str, str)))

    assert declare(name=1).fields == ("name",)
    for name in ("id_number_enc", "id_number_index", "no_such_column"):
        with pytest.raises(TypeError, match=name):
            declare(**{name: 1})
    from portal.auth.models import Account

    with pytest.raises(TypeError):
        registry._source(RecordType("auth.account", "账号", Account, str, search=Searchable({"username": 1}, str, str)))
    from plugins.complaints.models_identity import Identity

    for name in ("name_sealed", "phone_hint", "name_hint"):
        with pytest.raises(TypeError, match="secret"):
            registry._source(RecordType("complaints.identity", "身份", Identity, str, search=Searchable({name: 1}, str, str)))


def test_writing_needs_no_more_statements_for_more_words(app_sqlite, world):
    org_id = world.jiangnan.id
    counts = []

    def count(*_arguments):
        counts.append(1)

    sa.event.listen(db.engine, "before_cursor_execute", count)
    try:
        with use_actor(system_actor("test")), unit_of_work("test.people") as session:
            session.add(Person(org_id=org_id, name="某人", position="占道" * 20, employment_type="公务员"))
            session.flush()
            del counts[:]
            session.add(Person(org_id=org_id, name="某人", position="占道" * 20, employment_type="公务员"))
            session.flush()
            assert len(counts) <= 5
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", count)
