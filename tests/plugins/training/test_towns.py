"""Several towns: a department's session, what each side sees, moves within the year, off here and on there."""

import datetime as dt

import pytest
import sqlalchemy as sa

from plugins.training.models import Enrolment, TownInvitation, Training
from plugins.training.models_file import Attempt, Credit, Exam, Pass, Question
from plugins.training.sheets_questions import SPEC as QUESTIONS
from portal.database import db
from portal.directory.models import Person
from portal.directory.operations import record_change
from portal.jobs.runner import run_job
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.training.helpers import FORM, Work, counted, credited, only, person, rows_of, session_of, step
from tests.plugins.training.test_workflow import text

D = dt.date
NUMBER = "500115199003070012"


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def held_by_the_police(world, login, post, jn=2, gl=1) -> tuple[int, object]:
    """A session of the police for both towns, open for nomination."""
    liaison = login("ga_liaison")
    form = {**FORM, "category": "department", "organiser": "own", "day": "2026-11-24", "starts": "06:30", "ends": "09:30"}
    assert post(liaison, "/training/new", form, page="/training/new").status_code == 303
    key = only(Training).id
    quotas = {f"quota-{world.jiangnan.id}": str(jn), f"quota-{world.gelan.id}": str(gl)}
    assert post(liaison, f"/training/{key}/invite", quotas, page=f"/training/{key}").status_code == 303
    assert login("jn_train").get(f"/training/{key}").status_code == 404
    assert step(post, liaison, "session", key, "open").status_code == 303
    return key, liaison


def test_a_department_holds_a_session_for_two_towns(app, world, login, post, time_machine):
    li, wang, zhao = person(world.jiangnan, "李明"), person(world.jiangnan, "王芳"), person(world.gelan, "赵镇")
    key, liaison = held_by_the_police(world, login, post)
    address = f"/training/{key}"
    manager, other = login("jn_train"), login("gl_train")
    assert "待推荐人员" in text(manager.get("/inbox"))
    assert post(manager, f"{address}/enrol", {"people": [str(li), str(wang)]}, page=address).status_code == 303
    assert post(other, f"{address}/enrol", {"people": [str(zhao)]}, page=address).status_code == 303
    assert post(other, f"{address}/enrol", {"people": [str(li)]}, page=address).status_code == 404
    for mine, theirs, client in (("李明", "赵镇", manager), ("赵镇", "李明", other)):
        page = text(client.get(address))
        assert mine in page and theirs not in page
    page = text(liaison.get(address))
    assert "李明" in page and "赵镇" in page and liaison.get("/people").status_code == 403
    assert manager.get(f"{address}/entry").status_code == 404 and step(post, manager, "session", key, "finish").status_code in (403, 422, 404, 409)
    assert post(liaison, f"{address}/entry", {"quick": "1-3"}, page=f"{address}/entry").status_code == 303
    head = login("jn_head")
    assert step(post, head, "invitation", 1, "certify").status_code == 409
    assert step(post, liaison, "session", key, "finish").status_code == 303
    assert step(post, liaison, "session", key, "certify").status_code == 403
    assert "期培训待认定学时" in text(head.get("/inbox"))
    invitation = only(TownInvitation, TownInvitation.org_id == world.jiangnan.id)
    assert step(post, head, "invitation", invitation.id, "certify").status_code == 303
    assert counted(li) == 4 and counted(wang) == 4 and counted(zhao) == 0
    assert {line.org_id for line in rows_of(Credit)} == {world.jiangnan.id}
    line = rows_of(Credit)[0]
    assert (line.organiser, line.organiser_name, line.own_update) == ("department", "区公安局", False)
    assert (
        step(post, login("gl_head"), "invitation", only(TownInvitation, TownInvitation.org_id == world.gelan.id).id, "certify").status_code == 303 and counted(zhao) == 4
    )
    assert step(post, liaison, "session", key, "archive").status_code == 303


def test_what_one_town_does_changes_nothing_for_the_other(app_sqlite, world, login, post):
    """Non-interference, numbers included: the quota of one town tells nothing of the other's."""
    zhao, li, wang = person(world.gelan, "赵镇"), person(world.jiangnan, "李明"), person(world.jiangnan, "王芳")
    key, _liaison = held_by_the_police(world, login, post)
    other, manager = login("gl_train"), login("jn_train")
    post(other, f"/training/{key}/enrol", {"people": [str(zhao)]}, page=f"/training/{key}")

    def seen() -> list[str]:
        import re

        pages = [f"/training/{key}", "/training", "/training?export=csv", "/training/year", "/training/departments", "/training/people", "/search?q=培训"]
        return [re.sub(r'(csrf[^>]+|form_key[^>]+|value="[0-9a-f]{32}")', "", text(other.get(path))) for path in pages]

    seen()  # the message of what was just done is read once
    before = seen()
    post(manager, f"/training/{key}/enrol", {"people": [str(li), str(wang)]}, page=f"/training/{key}")
    credited(world.jiangnan, "2026-03-02 09:00", [li])
    after = seen()
    for one, two in zip(before, after, strict=True):
        assert [pair for pair in zip(one.splitlines(), two.splitlines(), strict=False) if pair[0] != pair[1]] == []
    assert after == before


def test_a_town_may_decline(app_sqlite, world, login, post):
    li = person(world.jiangnan, "李明")
    key, liaison = held_by_the_police(world, login, post)
    manager = login("jn_train")
    post(manager, f"/training/{key}/enrol", {"people": [str(li)]}, page=f"/training/{key}")
    invitation = only(TownInvitation, TownInvitation.org_id == world.jiangnan.id)
    assert step(post, liaison, "invitation", invitation.id, "decline", reason="x").status_code == 403
    assert step(post, manager, "invitation", invitation.id, "decline", reason="当天有统一行动").status_code == 303
    assert only(Enrolment).state == "cancelled" and "当天有统一行动" in text(liaison.get(f"/training/{key}"))
    assert post(manager, f"/training/{key}/enrol", {"people": [str(li)]}, page=f"/training/{key}").status_code in (403, 404, 422)


def test_quota_and_its_waiting_list(app_sqlite, world, login, post):
    people = [person(world.jiangnan, name) for name in "甲乙丙"]
    key, liaison = held_by_the_police(world, login, post)
    manager = login("jn_train")
    post(manager, f"/training/{key}/enrol", {"people": [str(who) for who in people]}, page=f"/training/{key}")
    assert sorted(row.state for row in rows_of(Enrolment)) == ["enrolled", "enrolled", "waiting"]
    assert post(liaison, f"/training/{key}/invite", {f"quota-{world.jiangnan.id}": "3"}, page=f"/training/{key}").status_code == 303
    assert {row.state for row in rows_of(Enrolment)} == {"enrolled"}
    less = post(liaison, f"/training/{key}/invite", {f"quota-{world.jiangnan.id}": "1"}, page=f"/training/{key}")
    assert less.status_code == 422
    for bad in ("-1", "abc", "99999999999999", "1.5"):
        assert post(liaison, f"/training/{key}/invite", {f"quota-{world.jiangnan.id}": bad}, page=f"/training/{key}").status_code == 422


def test_everything_of_another_town_is_not_there(app_sqlite, world, login, post):
    li = person(world.jiangnan, "李明")
    key = credited(world.jiangnan, "2026-03-02 09:00", [li])
    for client in (login("gl_train"), login("gl_head"), login("ga_liaison")):
        for path in (f"/training/{key}", f"/training/{key}/entry", f"/training/{key}/sheet", f"/training/{key}/calendar.ics", f"/training/{key}/notice.docx",
                     f"/training/people/{li}", f"/training/people/{li}/file.docx", "/training/2147483647", "/training/99999999999999"):  # fmt: skip
            assert client.get(path).status_code in (403, 404), path
    assert post(login("gl_head"), f"/training/people/{li}/credits/1", {"hours": "1", "reason": "x"}, page="/training/mine").status_code == 404
    assert "李明" not in text(login("gl_train").get("/training/people")) and "李明" in text(login("sup").get("/training/people"))


def test_the_supervisor_sees_all_and_holds_only_the_districts_own(app_sqlite, world, login, post):
    key = session_of(world.jiangnan, "2026-11-24 09:00")
    supervisor = login("sup")
    assert supervisor.get(f"/training/{key}").status_code == 200 and "结束签到" not in text(supervisor.get(f"/training/{key}"))
    assert supervisor.get(f"/training/{key}/edit").status_code == 404 and step(post, supervisor, "session", key, "cancel", reason="x").status_code in (404, 409)
    assert post(supervisor, "/training/new", FORM, page="/training/new").status_code == 303
    assert rows_of(Training)[-1].org_id == world.district.id


def test_history_stays_and_hours_follow_a_move(app, world, login):
    """Somebody moves in June: what was earned stays with the old town; its sum stands in the new town's books."""
    li = person(world.jiangnan, "李明", number=NUMBER)
    credited(world.jiangnan, "2026-03-02 09:00", [li], hours=8, length=6)
    credited(world.jiangnan, "2026-04-02 09:00", [li], category="political", hours=2, length=2)
    with Work() as session:
        session.add(Pass(org_id=world.jiangnan.id, person_id=li, kind="general", passed_on=D(2026, 4, 1), score=88, title="考试"))
    with Work() as session:
        record_change(session, session.get(Person, li), "move", D(2026, 6, 10), D(2026, 11, 24), to_org_id=world.gelan.id)
    assert run_job("training.carry", today=D(2026, 11, 24)).result == {"carried": 1}
    assert run_job("training.carry", today=D(2026, 11, 24)).result == {"carried": 0}
    with use_scope(EVERYTHING):
        new = db.session.scalars(sa.select(Person).where(Person.org_id == world.gelan.id)).unique().one().id
    assert counted(new) == 8 and counted(li) == 8
    assert [(line.source, line.halves, line.counted) for line in rows_of(Credit, Credit.org_id == world.gelan.id)] in (
        [("carried", 16, True), ("carried", 4, False)], [("carried", 4, False), ("carried", 16, True)])  # fmt: skip
    credited(world.gelan, "2026-09-02 09:00", [new])
    assert counted(new) == 12 and counted(li) == 8
    page = text(login("gl_head").get(f"/training/people/{new}"))
    assert "原单位（江南街道）已认定学时" in page and "12 / 60" in page
    assert login("gl_head").get(f"/training/people/{li}").status_code == 404
    assert "已离开" in text(login("jn_head").get("/training/people?status=gone"))
    hook = app.extensions["portal"].plugins.hooks.portal_examinations
    with use_scope(EVERYTHING):
        assert hook(person_id=new) == {"general": D(2026, 4, 1)}


def test_off_here_and_on_there(app_sqlite, world, login, post):
    li, zhao = person(world.jiangnan, "李明"), person(world.gelan, "赵镇")
    credited(world.jiangnan, "2026-03-02 09:00", [li])
    credited(world.gelan, "2026-03-02 09:00", [zhao])
    with Work() as session:
        app_sqlite.extensions["portal"].plugins.switch(session, "training", world.gelan.id, False)
    other, supervisor = login("gl_train"), login("sup")
    for path in ("/training", "/training/people", "/training/mine", "/training/exams", "/import/training_matrix"):
        assert other.get(path).status_code == 404, path
    assert "培训档案" not in text(other.get("/"))
    page = text(supervisor.get("/training/people"))
    assert "李明" in page and "赵镇" not in page and "葛兰" not in text(supervisor.get("/training?export=csv"))
    assert supervisor.get(f"/training/people/{zhao}").status_code in (200, 404)
    with Work() as session:
        app_sqlite.extensions["portal"].plugins.switch(session, "training", world.gelan.id, True)
    assert "赵镇" in text(supervisor.get("/training/people")) and counted(zhao) == 4


def test_an_examination_of_a_department_stands_in_the_towns_books(app, world, login, post):
    """The liaison enters results by list; the pass stands with the person's town, and goes when the score does."""
    li = person(world.jiangnan, "李明")
    key, liaison = held_by_the_police(world, login, post)
    post(login("jn_train"), f"/training/{key}/enrol", {"people": [str(li)]}, page=f"/training/{key}")
    form = {"title": "结业考试", "kind": "professional", "way": "list", "session_id": str(key), "day": "2026-11-24", "opens": "08:00", "last_day": "2026-11-24",
        "closes": "18:00",
            "minutes": "60", "pass_mark": "60", "attempts": "1"}  # fmt: skip
    assert post(liaison, "/training/exams/new", form, page="/training/exams/new").status_code == 303
    exam, attempt = only(Exam), only(Attempt)
    assert step(post, liaison, "exam", exam.id, "open").status_code == 303
    address = f"/training/exams/{exam.id}"
    for score, words in (("101", "应为 0 至 100"), ("六十", "不是成绩")):
        answer = post(liaison, f"{address}/results", {f"score-{attempt.id}": score, "on": "2026-11-24"}, page=address)
        assert answer.status_code == 422 and words in text(answer) and score in text(answer)
    assert post(liaison, f"{address}/results", {f"score-{attempt.id}": "85", "on": "2026-11-24"}, page=address).status_code == 303
    passed = only(Pass)
    assert (passed.org_id, passed.kind, passed.score, passed.passed_on, passed.void) == (world.jiangnan.id, "professional", 85, D(2026, 11, 24), False)
    assert only(Enrolment).score == 85 and only(Enrolment).passed is True
    with use_scope(EVERYTHING):
        assert app.extensions["portal"].plugins.hooks.portal_examinations(person_id=li) == {"professional": D(2026, 11, 24)}
    assert post(liaison, f"{address}/results", {f"score-{attempt.id}": "45", "on": "2026-11-24"}, page=address).status_code == 303
    with use_scope(EVERYTHING):
        assert all(row.void for row in rows_of(Pass)) and app.extensions["portal"].plugins.hooks.portal_examinations(person_id=li) is None


def test_departments_that_have_not_held_theirs(app_sqlite, world, login, post, time_machine):
    """A18.6: no session for the towns' officers by 2026-12-31 → "2026 未组织"."""
    supervisor = login("sup")
    form = {"department_id": str(world.police.id), "kind": "concerned", "first_year": "2022", "last_year": "", "note": ""}
    assert post(supervisor, "/training/duties", form, page="/training/duties").status_code == 303
    assert "尚未组织" in text(supervisor.get("/training/departments?year=2026"))
    time_machine.move_to(dt.datetime(2027, 1, 5, 2, 0, tzinfo=dt.UTC), tick=True)
    supervisor = login("sup")
    assert "2026 未组织" in text(supervisor.get("/training/departments?year=2026")) and "2026 未组织" in text(login("jn_head").get("/training/year?year=2026"))
    li = person(world.jiangnan, "李明")
    credited(world.jiangnan, "2026-12-10 09:00", [li], organiser="department", organiser_org_id=world.police.id)
    for client in (supervisor, login("jn_head")):
        assert "2026 未组织" not in text(client.get("/training/departments?year=2026"))
    assert "2026 未组织" in text(login("gl_head").get("/training/departments?year=2026"))


def test_the_question_pool_of_the_district_serves_towns(app_sqlite, world):
    from plugins.training import exams

    with Work() as session:
        for org_id, subject in ((world.district.id, "通用"), (world.jiangnan.id, "本地"), (world.gelan.id, "外地")):
            session.add(Question(org_id=org_id, subject=subject, kind="judge", text="题", options=[], answer="A", digest=exams.digest_of(subject, "judge", "题")))
    with use_scope(EVERYTHING):
        found = exams.pool(db.session(), Exam(org_id=world.jiangnan.id, title="x", parts=[]))
    assert {subject for subject, _kind in found} == {"通用", "本地"} and QUESTIONS.of_district


def test_materials_reach_the_invited_towns_and_nobody_else(app_sqlite, world, login, post):
    import io

    from portal.records.attachments import Attachment

    key, liaison = held_by_the_police(world, login, post, gl=0)
    data = {"files": (io.BytesIO(b"%PDF-1.4\n%notes"), "讲义.pdf")}
    assert post(liaison, f"/training/{key}/materials", data, page=f"/training/{key}", content_type="multipart/form-data").status_code == 303
    file = only(Attachment)
    manager, other = login("jn_train"), login("gl_train")
    assert "讲义.pdf" in text(manager.get(f"/training/{key}")) and manager.get(f"/attachments/{file.id}").data.startswith(b"%PDF")
    assert other.get(f"/training/{key}").status_code == 404 and other.get(f"/attachments/{file.id}").status_code == 404
    assert post(manager, f"/training/{key}/materials", {}, page=f"/training/{key}").status_code == 404
