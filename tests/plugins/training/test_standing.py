"""What each side sees of a session that is over, late certification, and figures that a town sets for itself."""

import datetime as dt

import pytest

from plugins.training import exams, sheets
from plugins.training.models import Enrolment, TownInvitation, Training
from plugins.training.models_file import Attempt, Credit, Exam, Exemption, YearBook
from portal.database import db
from portal.directory.models import Person
from portal.directory.operations import record_change
from portal.inbox.models import Notice
from portal.jobs.runner import run_job
from portal.settings import set_setting
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.training.helpers import FORM, Work, counted, credited, only, person, rows_of, session_of, step, there
from tests.plugins.training.test_sheets import HEADS, IDS, book, bring, line
from tests.plugins.training.test_towns import held_by_the_police
from tests.plugins.training.test_workflow import text

D = dt.date


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def ended(world, login, post):
    """A session of the police with one of Jiangnan and one of Gelan in it, ended."""
    li, zhao = person(world.jiangnan, "李明"), person(world.gelan, "赵镇")
    key, liaison = held_by_the_police(world, login, post)
    for client, who in ((login("jn_train"), li), (login("gl_train"), zhao)):
        assert post(client, f"/training/{key}/enrol", {"people": [str(who)]}, page=f"/training/{key}").status_code == 303
    assert post(liaison, f"/training/{key}/entry", {"quick": "1-2"}, page=f"/training/{key}/entry").status_code == 303
    assert step(post, liaison, "session", key, "finish").status_code == 303
    return key, liaison, li, zhao


def test_whoever_has_certified_sees_it_and_whoever_has_not_is_asked(app, world, login, post):
    key, liaison, li, _zhao = ended(world, login, post)
    head, other = login("jn_head"), login("gl_head")
    assert "待本单位认定" in text(head.get("/training")) and "待本单位认定" in text(head.get(f"/training/{key}"))
    assert "待街镇认定（2）" in text(liaison.get("/training")) and "待街镇认定（2）" in text(liaison.get(f"/training/{key}"))
    assert "/training?certify=1" in text(head.get("/inbox")) and f"/training/{key}" in text(head.get("/training?certify=1"))
    shown = text(head.get(f"/training/certify?ids={key}"))
    assert "待本单位认定" in shown and post(head, "/training/certify", {"ids": [str(key)]}, page=f"/training/certify?ids={key}").status_code == 303
    assert counted(li) == 4 and only(TownInvitation, TownInvitation.org_id == world.jiangnan.id).state == "certified"
    assert f"/training/{key}" not in text(head.get("/training?state=finished"))
    assert f"/training/{key}" in text(other.get("/training?state=finished")) and f"/training/{key}" in text(liaison.get("/training?state=finished"))
    found = text(head.get("/search?q=行政处罚法专题"))
    assert "已结束" in found and "待认定" not in found
    for page in (text(head.get("/training?state=certified")), text(head.get(f"/training/{key}"))):
        assert "已认定" in page and "待本单位认定" not in page.replace("待本单位认定</label>", "") and "待街镇认定" not in page
    assert f"/training/{key}" not in text(head.get("/training?certify=1")) and "期培训待认定学时" not in text(head.get("/inbox"))
    assert "待本单位认定" in text(other.get(f"/training/{key}")) and "待街镇认定（1）" in text(liaison.get(f"/training/{key}"))
    assert post(other, "/training/certify", {"ids": [str(key)]}, page=f"/training/certify?ids={key}").status_code == 303
    assert "各街镇已认定" in text(liaison.get("/training")) and "各街镇已认定" in text(login("sup").get("/training"))
    assert post(login("jn_train"), "/training/certify", {"ids": [str(key)]}, page="/training").status_code == 403


def test_a_host_that_has_certified_leaves_the_invited_town_its_turn(app_sqlite, world, login, post):
    """A town holds it and has certified its own: the other town is still asked."""
    key = session_of(world.jiangnan, "2026-11-23 09:00", state="certified")
    org_id, host_id = world.gelan.id, world.jiangnan.id
    with Work() as session:
        session.add(TownInvitation(org_id=org_id, session_id=key, host_id=host_id, quota=3, state="invited"))
    zhao = person(world.gelan, "赵镇")
    there(key, [zhao])
    other = login("gl_head")
    assert "期培训待认定学时" in text(other.get("/inbox")) and f"/training/{key}" in text(other.get("/training?certify=1"))
    assert step(post, other, "invitation", only(TownInvitation).id, "certify").status_code == 303 and counted(zhao) == 4


def test_somebody_entered_late_is_certified_by_an_invited_town_too(app, world, login, post):
    key, _liaison, _li, _zhao = ended(world, login, post)
    wang = person(world.jiangnan, "王芳")
    head = login("jn_head")
    invitation = only(TownInvitation, TownInvitation.org_id == world.jiangnan.id)
    assert step(post, head, "invitation", invitation.id, "certify").status_code == 303
    assert "补认本单位人员学时" not in text(head.get(f"/training/{key}"))
    there(key, [wang])
    assert "补认本单位人员学时" in text(head.get(f"/training/{key}"))
    assert step(post, head, "invitation", invitation.id, "certify_rest").status_code == 303 and counted(wang) == 4
    assert len(rows_of(Credit, Credit.org_id == world.jiangnan.id)) == 2


def test_whoever_passes_the_second_time_is_certified_after_the_others(app_sqlite, world, login, post):
    li, wang = person(world.jiangnan, "李明"), person(world.jiangnan, "王芳")
    key = session_of(world.jiangnan, "2026-11-23 09:00", state="finished", exam_needed=True)
    there(key, [li], score=80, passed=True)
    there(key, [wang], score=40, passed=False)
    head = login("jn_head")
    assert step(post, head, "session", key, "certify").status_code == 303
    assert (counted(li), counted(wang)) == (4, 0) and "补认学时" not in text(head.get(f"/training/{key}"))
    org_id = world.jiangnan.id
    with Work() as session:
        exam = Exam(org_id=org_id, title="补考", kind="other", way="list", session_id=key, opens_at=dt.datetime(2026, 11, 24, tzinfo=dt.UTC),
                    closes_at=dt.datetime(2026, 11, 25, tzinfo=dt.UTC), parts=[], seed="00", state="open")  # fmt: skip
        session.add(exam)
        session.flush()
        attempt = Attempt(org_id=org_id, exam_id=exam.id, host_id=org_id, person_id=wang, person_name="王芳", by_list=True)
        session.add(attempt)
        session.flush()
        exams.settle(session, exam, attempt, 75)
    assert step(post, head, "session", key, "certify_rest").status_code == 303 and counted(wang) == 4
    assert {row.state for row in rows_of(Enrolment)} == {"credited"}


def test_no_session_is_planned_in_a_closed_year(app_sqlite, world, login, post):
    org_id = world.jiangnan.id
    with Work() as session:
        session.add(YearBook(org_id=org_id, year=2025, state="closed"))
    manager = login("jn_train")
    answer = post(manager, "/training/new", {**FORM, "day": "2025-12-30"}, page="/training/new")
    assert answer.status_code == 422 and "2025 年度已归档" in text(answer) and rows_of(Training) == []
    assert post(manager, "/training/new", {**FORM, "day": "2026-12-30"}, page="/training/new").status_code == 303


def test_the_pass_mark_guide_values_and_days_of_a_town_are_used_everywhere(app_sqlite, world, login, post, time_machine):
    li = person(world.jiangnan, "李明", number=IDS[0])
    org_id = world.jiangnan.id
    with Work() as session:
        for key, value in (("training.pass_mark", 80), ("training.guides", [50, 20, 10]), ("training.warn_days", 30), ("training.closes_on", "02-15")):
            set_setting(session, key, org_id, value, D(2026, 1, 1))
    bring(sheets.SPEC, book([HEADS, line("李明", IDS[0], score=75)]), world.jiangnan)
    assert only(Enrolment).passed is False
    manager = login("jn_train")
    assert 'value="80"' in text(manager.get("/training/exams/new"))
    page = text(manager.get("/training/year"))
    assert "低于 50 学时" in page and "预计年末不达标" in page and "tone-red" not in page
    time_machine.move_to(dt.datetime(2026, 12, 2, 2, 0, tzinfo=dt.UTC), tick=True)
    assert "tone-red" in text(login("jn_train").get("/training/year")) and li
    assert run_job("training.remind", today=D(2026, 12, 2)).result["year_end"] == 1
    assert any("距年末不足 30 天" in row.title for row in rows_of(Notice))


def test_a_plan_that_waits_is_a_click_away(app_sqlite, world, login, post):
    manager = login("jn_train")
    assert post(manager, "/training/plans", {"year": "2027"}, page="/training/plans").status_code == 303
    item = {"theme": "行政处罚法", "category": "professional", "hours": "4", "month": "3", "audience": "", "lecturer": "", "cost": ""}
    plan = manager.get("/training/plans")
    from plugins.training.models import Plan

    key = only(Plan).id
    assert plan.status_code == 200 and post(manager, f"/training/plans/{key}/items", item, page=f"/training/plans/{key}").status_code == 303
    assert step(post, manager, "plan", key, "submit").status_code == 303
    notices = [row for row in rows_of(Notice) if "培训计划待审核" in row.title]
    assert notices and all(login("jn_head").get(row.url).status_code == 200 for row in notices)


def test_the_update_training_of_the_old_unit_follows_a_move(app_sqlite, world):
    li = person(world.jiangnan, "李明", number=IDS[0])
    credited(world.jiangnan, "2026-03-02 09:00", [li], category="update")
    with Work() as session:
        record_change(session, session.get(Person, li), "move", D(2026, 6, 10), D(2026, 11, 24), to_org_id=world.gelan.id)
    run_job("training.carry", today=D(2026, 11, 24))
    line_ = only(Credit, Credit.org_id == world.gelan.id)
    assert (line_.source, line_.own_update, line_.halves) == ("carried", True, 8)
    assert run_job("training.carry", today=D(2026, 11, 24)).result == {"carried": 0}
    with use_scope(EVERYTHING):
        from plugins.training import totals

        assert totals.differences(db.session(), 2026) == []


def test_who_closed_a_year_is_no_name_of_a_program(app_sqlite, world, login):
    org_id = world.jiangnan.id
    assert run_job("training.close", today=D(2027, 2, 1)).result["closed"] >= 1
    assert only(YearBook, YearBook.org_id == org_id, YearBook.year == 2026).closed_by == ""
    page = text(login("jn_head").get("/training/books"))
    assert "系统到期归档" in page and "job:" not in page


@pytest.mark.parametrize(("prorata", "need"), [(False, "60"), (True, "30")])
def test_whoever_joins_in_july_owes_the_year_or_its_half_as_the_town_has_it(app_sqlite, world, login, post, prorata, need):
    """The law knows no relief; the setting makes it six months over twelve. Leaving is counted alike."""
    li, wang = person(world.jiangnan, "李明"), person(world.jiangnan, "王芳")
    credited(world.jiangnan, "2026-09-02 09:00", [li], hours=8, length=6)
    org_id = world.jiangnan.id
    with Work() as session:
        set_setting(session, "training.prorata", org_id, prorata, D(2026, 1, 1))
    manager, head = login("jn_train"), login("jn_head")
    for who, kind, on in ((li, "joined", "2026-07-15"), (wang, "left", "2026-06-30")):
        form = {"person_id": str(who), "year": "2026", "kind": kind, "on_day": on, "reason": "调动"}
        answer = post(manager, "/training/exemptions/new", form, page="/training/exemptions/new")
        assert answer.status_code == 303, text(answer)
    assert "8 / 60" in text(head.get(f"/training/people/{li}")), "nothing before the head agrees"
    for row in rows_of(Exemption):
        assert step(post, head, "exemption", row.id, "grant").status_code == 303
    assert f"8 / {need}" in text(head.get(f"/training/people/{li}")) and f"0 / {need}" in text(head.get(f"/training/people/{wang}"))


def test_october_tells_who_will_fall_short_in_december(app_sqlite, world, login, time_machine):
    """Whoever has hours planned for the rest is not among them; the number on the page leads to the names."""
    time_machine.move_to(dt.datetime(2026, 10, 12, 2, 0, tzinfo=dt.UTC), tick=True)
    li, wang, _zhao = (person(world.jiangnan, name) for name in ("李明", "王芳", "赵敏"))
    for month in range(1, 8):
        credited(world.jiangnan, f"2026-0{month}-05 09:00", [li, wang], hours=8, length=6, title=f"课{month}")
    there(session_of(world.jiangnan, "2026-12-08 09:00"), [li], "-", "-")
    head = login("jn_head")
    assert "forecast=1" in text(head.get("/training/year")) and "forecast=1" in text(head.get("/"))
    listed = text(head.get("/training/people?forecast=1"))
    assert "王芳" in listed and "赵敏" in listed and "李明" not in listed
