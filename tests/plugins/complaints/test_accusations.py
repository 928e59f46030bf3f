"""Accusations against our own staff: kept from the named officer, their team and their direct superior, in every way."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa

from plugins.complaints.kept import ShutOut
from plugins.complaints.models import Complaint
from portal.audit.models import Event
from portal.auth.models import RoleGrant
from portal.context import system_actor, use_actor
from portal.database import db
from portal.directory.models import Person
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import FORM, change, fetch, matter, person, step


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
    without = post(clerk, "/complaints/new", {**FORM, "kind": "accusation"}, page="/complaints/new", follow_redirects=True)
    assert without.status_code == 422 and "请选择被检举控告的本单位人员" in without.get_data(as_text=True)
    answer = post(clerk, "/complaints/new", {**FORM, "kind": "accusation", "officers": [str(named)]}, page="/complaints/new", follow_redirects=True)
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
        return re.sub(r"csrf[^>]*>|[0-9a-f]{8,}", "", client.get(path).get_data(as_text=True))

    paths = (
        "/", "/complaints", "/complaints?kind=accusation", "/complaints?q=粗暴", "/search?q=粗暴", "/inbox", "/complaints?export=csv", f"/people/{named}",
        "/complaints/new", "/complaints/statistics", "/complaints/statistics/monthly", "/complaints/publicity", f"/organisations/{world.jiangnan.id}", "/jobs",
    )  # fmt: skip
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
    assert {event.result for event in enforced} == {"denied"} and {event.actor_id for event in enforced} == {world.account(username).id}
    assert len(enforced) >= 3, "the page and each step by its address"


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


def test_a_letter_of_three_matters(app, world, login, post, staff):
    """A14.5: a dispute, a report and an accusation in one letter: three linked matters, three limits, and the accused finds none of the last."""
    named = staff()
    clerk, officer = login("jn_intake"), login("jn_officer")
    letter = "商家拒绝退货；隔壁工地夜间施工；执法队员李明杰态度粗暴不出示证件。"
    assert post(clerk, "/complaints/new", {**FORM, "kind": "consumer", "content": letter}, page="/complaints/new", follow_redirects=True).status_code == 200
    with use_scope(EVERYTHING):
        origin = db.session.scalar(sa.select(sa.func.max(Complaint.id)))
    split = f"/complaints/{origin}/split"
    assert "拆出检举控告后" in clerk.get(split).get_data(as_text=True)
    assert post(clerk, split, {**FORM, "kind": "report", "content": "隔壁工地夜间施工。"}, page=split, follow_redirects=True).status_code == 200
    assert post(clerk, split, {**FORM, "kind": "accusation", "content": SECRET, "officers": [str(named)]}, page=split, follow_redirects=True).status_code == 200
    report, accusation = fetch(origin + 1), fetch(origin + 2)
    assert fetch(origin).due_on == dt.date(2027, 1, 22) and report.due_on == accusation.due_on == dt.date(2026, 12, 15)
    assert {report.split_from_id, accusation.split_from_id} == {origin} and accusation.series == "控"
    # the letter itself tells of it
    for path in (f"/complaints/{origin}", f"/complaints/{origin + 2}"):
        assert officer.get(path).status_code == 404
    listed = officer.get("/complaints").get_data(as_text=True)
    assert report.number in listed and SECRET not in listed and letter[:10] not in listed
    shown = officer.get(f"/complaints/{origin + 1}").get_data(as_text=True)
    assert accusation.number not in shown and f"/complaints/{origin}\"" not in shown and SECRET not in shown
    # the superior is the only one who decides here: the ordinary matter stays with them, the accusation does not
    head = login("jn_head")
    page = head.get(f"/complaints/{origin}")
    assert page.status_code == 200 and accusation.number not in page.get_data(as_text=True)
    assert head.get(f"/complaints/{origin + 2}").status_code == 404
    # and out of an accusation nothing of it goes along
    own = clerk.get(f"/complaints/{origin + 2}/split").get_data(as_text=True)
    assert "不要写检举内容" in own and SECRET not in own.partition('id="content"')[2].partition("</textarea>")[0]
    with use_scope(EVERYTHING):
        enforced = db.session.scalars(sa.select(Event.record_id).where(Event.action == "complaints.shut_out", Event.record_type == "complaints.complaint"))
        assert {origin, origin + 2} <= set(enforced), "the trail shows that it was enforced"


def test_whoever_handled_the_letter_hands_it_back(app_sqlite, world, login, post, staff):
    named = staff()
    origin = matter(world.jiangnan, content="商家拒绝退货；李明杰态度粗暴。", kind="consumer")
    change(origin, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    clerk, split = login("jn_intake"), f"/complaints/{origin}/split"
    assert post(clerk, split, {**FORM, "kind": "accusation", "content": SECRET, "officers": [str(named)]}, page=split, follow_redirects=True).status_code == 200
    assert (fetch(origin).state, fetch(origin).handler_id) == ("accepted", None)
    page = login("jn_head").get(f"/do/complaints.complaint/{origin}/assign").get_data(as_text=True)
    assert "李明杰" not in page.partition("<select")[2].partition("</select>")[0] and "罗建国" not in page.partition("<select")[2].partition("</select>")[0]


def test_whoever_comes_to_the_team_or_gets_an_account_later_is_kept_out_too(app, world, login, post):
    """The accused had no account when it was registered, and the team had other people."""
    named = person(world.jiangnan, "李明杰", team="二中队")
    person(world.jiangnan, "周平", world.account("jn_head"))
    mate = person(world.jiangnan, "罗建国", world.account("jn_other"), team="一中队")
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.roles") as session:
        for grant in session.scalars(sa.select(RoleGrant).where(RoleGrant.account_id == world.account("jn_officer").id)):
            session.delete(grant)  # nobody of that name works with the portal yet
    key = accuse(world, named)
    assert login("jn_other").get("/complaints").status_code == 200
    with use_scope(EVERYTHING):
        assert world.account("jn_other").id not in shut_accounts(key)
    head = login("jn_head")
    form = {"name": "罗建国", "gender": "男", "position": "", "team": "二中队", "employment_type": "公务员", "category": "", "education": "", "version": "1"}
    saved = post(head, f"/people/{mate}/edit", {**form, "account_id": str(world.account("jn_other").id)}, page=f"/people/{mate}/edit")
    assert saved.status_code == 303, saved.get_data(as_text=True)[:2000]
    assert world.account("jn_other").id in shut_accounts(key)
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.account") as session:
        session.get(Person, named).account_id = world.account("jn_legal").id
    run_job("complaints.remind", today=dt.date(2026, 11, 25))
    assert world.account("jn_legal").id in shut_accounts(key)


def shut_accounts(key):
    db.session.rollback()
    with use_scope(EVERYTHING):
        return set(db.session.scalars(sa.select(ShutOut.account_id).where(ShutOut.complaint_id == key)))


def test_staff_named_in_a_text_is_pointed_out_while_typing(app_sqlite, world, login, post, staff):
    staff()
    sent = {"place": "", "object_name": "", "content": "李明杰执法时态度粗暴", "kind": "report"}
    found = post(login("jn_intake"), "/complaints/similar", sent, page="/complaints/new").get_data(as_text=True)
    assert "文字里有本单位人员：李明杰" in found
    assert "本单位人员" not in post(login("jn_intake"), "/complaints/similar", {**sent, "kind": "accusation"}, page="/complaints/new").get_data(as_text=True)


def test_when_nobody_in_the_town_may_decide_the_district_hears_of_it(app_sqlite, world, login, post):
    """Named are head, leader and internal supervision."""
    people = [person(world.jiangnan, name, world.account(username)) for name, username in (("周平", "jn_head"), ("蒋红", "jn_leader"), ("唐文博", "jn_disc"))]
    data = {**FORM, "kind": "accusation", "content": SECRET, "officers": [str(key) for key in people]}
    assert post(login("jn_intake"), "/complaints/new", data, page="/complaints/new", follow_redirects=True).status_code == 200
    with use_scope(EVERYTHING):
        told = db.session.scalars(sa.select(Notice.title).where(Notice.account_id == world.account("sup").id)).all()
    assert any("须由区里处理" in title for title in told)
