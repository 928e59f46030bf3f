"""Accusations against our own staff: kept from the named officer, their team and their direct superior, in every way."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from plugins.complaints.kept import ShutOut
from plugins.complaints.models import Complaint
from portal.audit.models import Event
from portal.database import db
from portal.inbox.models import Notice
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.complaints.helpers import FORM, fetch, matter, person, step


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


@pytest.fixture
def staff(world):
    """jn_officer is named; jn_other is of the same team; jn_head is the direct superior."""

    def make():
        head = person(world.jiangnan, "周平", world.account("jn_head"))
        named = person(world.jiangnan, "李明杰", world.account("jn_officer"), team="一中队", superior_id=head)
        person(world.jiangnan, "罗建国", world.account("jn_other"), team="一中队")
        return named

    return make


SECRET = "态度粗暴不出示证件"


def accuse(world, named):
    return matter(world.jiangnan, kind="accusation", content=SECRET, title=SECRET, officers=(named,))


def test_it_is_registered_with_the_officer_and_shuts_out_three(app, world, login, post, staff):
    named = staff()
    clerk = login("jn_intake")
    without = post(clerk, "/complaints/new", {**FORM, "kind": "accusation"}, page="/complaints/new")
    assert without.status_code == 422 and "请选择被检举控告的本单位人员" in without.get_data(as_text=True)
    answer = post(clerk, "/complaints/new", {**FORM, "kind": "accusation", "officers": [str(named)]}, page="/complaints/new")
    assert answer.status_code == 200
    with use_scope(EVERYTHING):
        shut = {row.account_id: row.why for row in db.session.scalars(sa.select(ShutOut))}
    accounts = {name: world.account(name).id for name in ("jn_officer", "jn_other", "jn_head")}
    assert shut == {accounts["jn_officer"]: "named", accounts["jn_other"]: "team", accounts["jn_head"]: "superior"}
    assert not db.session.scalars(sa.select(Notice).where(Notice.account_id.in_(accounts.values()))).all()


@pytest.mark.parametrize("username", ["jn_officer", "jn_other", "jn_head"])
def test_whoever_is_shut_out_finds_no_trace(app, world, login, post, staff, username):
    matter(world.jiangnan, title="普通事项")
    named = staff()
    client = login(username)

    def bare(path):
        return re.sub(r"csrf[^>]*>|[0-9a-f]{12}", "", client.get(path).get_data(as_text=True))

    paths = ("/", "/complaints", "/complaints?q=粗暴", "/search?q=粗暴", "/inbox", "/complaints?export=csv", f"/people/{named}")
    before = {path: bare(path) for path in paths}
    key = accuse(world, named)
    assert {path: bare(path) for path in paths} == before
    for path in (f"/complaints/{key}", f"/complaints/{key}/split", f"/do/complaints.complaint/{key}/merge", f"/do/complaints.complaint/{key}/accept"):
        answer = client.get(path)
        assert answer.status_code in (403, 404) and SECRET not in answer.get_data(as_text=True)
    found = post(client, "/complaints/similar", {"place": "桃花新城", "object_name": "夜市烧烤摊", "content": SECRET}, page="/complaints/new")
    assert SECRET not in found.get_data(as_text=True)
    with use_scope(EVERYTHING):
        enforced = db.session.scalars(sa.select(Event).where(Event.action == "complaints.kept_from")).all()
    assert enforced and enforced[0].result == "denied" and enforced[0].actor_id == world.account(username).id


def test_those_who_may_know_see_it_and_nobody_shut_out_is_assigned(app, world, login, post, staff):
    key = accuse(world, staff())
    for username in ("jn_leader", "jn_disc", "sup"):
        assert SECRET in login(username).get(f"/complaints/{key}").get_data(as_text=True), username
    assert login("jn_intake").get(f"/complaints/{key}").status_code == 404
    assert login("jn_legal").get(f"/complaints/{key}").status_code == 404
    leader = login("jn_leader")
    page = leader.get(f"/do/complaints.complaint/{key}/assign_accusation").get_data(as_text=True)
    assert "唐文博" in page and "李明杰" not in page and "罗建国" not in page
    assert step(post, leader, key, "assign_accusation", handler=str(world.account("jn_officer").id)).status_code == 422
    assert step(post, leader, key, "assign_accusation", handler=str(world.account("jn_disc").id)).status_code == 303
    assert fetch(key).handler_name == "唐文博" and fetch(key).due_on == dt.date(2026, 12, 15)


def test_without_a_recorded_superior_it_is_the_office_head(app_sqlite, world):
    named = person(world.jiangnan, "李明杰", world.account("jn_officer"))
    accuse(world, named)
    with use_scope(EVERYTHING):
        shut = {row.account_id: row.why for row in db.session.scalars(sa.select(ShutOut))}
    assert shut == {world.account("jn_officer").id: "named", world.account("jn_head").id: "superior"}


def test_an_accusation_is_neither_merged_nor_passed_on(app_sqlite, world, login, post, staff):
    key = accuse(world, staff())
    plain = matter(world.jiangnan)
    leader_page = login("jn_leader").get(f"/complaints/{key}").get_data(as_text=True)
    assert f"/do/complaints.complaint/{key}/pass" not in leader_page
    answer = step(post, login("jn_head"), plain, "merge", main_number=fetch(key).number)
    assert answer.status_code == 422 and "没有找到编号" in answer.get_data(as_text=True)
    with use_scope(EVERYTHING):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Complaint).where(Complaint.state == "merged")) == 0
