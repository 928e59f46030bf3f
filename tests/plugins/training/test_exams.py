"""Examinations in the browser: drawn with a kept seed, saved answer by answer, one try at a time, marked at once."""

import datetime as dt

import pytest
import sqlalchemy as sa

from plugins.training import exams
from plugins.training.models_file import Answer, Attempt, Exam, Pass, Question
from portal.audit.models import Event
from portal.database import db
from portal.jobs.runner import run_job
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.training.helpers import Work, only, person, rows_of, step
from tests.plugins.training.test_workflow import text

NOON = dt.datetime(2026, 11, 24, 4, 0, tzinfo=dt.UTC)
FORM = {
    "title": "综合法律知识考试", "kind": "general", "way": "online", "session_id": "0", "day": "2026-11-24", "opens": "09:00", "last_day": "2026-11-24",
    "closes": "18:00",
    "minutes": "30", "pass_mark": "60", "attempts": "2", "subject-0": "法", "kind-0": "single", "count-0": "4", "marks-0": "20", "subject-1": "法", "kind-1": "judge",
    "count-1": "2", "marks-1": "10",
}  # fmt: skip


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def pool(world) -> None:
    org_id = world.jiangnan.id
    with Work() as session:
        for n in range(12):
            session.add(Question(org_id=org_id, subject="法", kind="single", text=f"单选{n}", options=[f"错{n}", f"对{n}", f"也错{n}"], answer="B", digest=f"s{n}"))
            session.add(Question(org_id=org_id, subject="法", kind="judge", text=f"判断{n}", options=[], answer="A" if n % 2 else "B", digest=f"j{n}"))


@pytest.fixture
def exam(request, world, login, post):
    request.getfixturevalue("app" if "app" in request.fixturenames else "app_sqlite")
    pool(world)
    who = person(world.jiangnan, "李明杰", world.account("jn_officer"))
    manager = login("jn_train")
    assert post(manager, "/training/exams/new", FORM, page="/training/exams/new").status_code == 303
    key = only(Exam).id
    assert step(post, manager, "exam", key, "open").status_code == 422
    address = f"/training/exams/{key}"
    assert post(manager, f"{address}/candidates", {"people": [str(who)]}, page=address).status_code == 303
    assert step(post, manager, "exam", key, "open").status_code == 303
    return key


def right(question: dict) -> str:
    return question["answer"]


def wrong(question: dict) -> str:
    return next(letter for letter in "ABC" if letter != question["answer"])


def sheet(paper, choose) -> dict:
    return {"shown": [str(n) for n in range(len(paper))], **{f"q{n}": choose(question) for n, question in enumerate(paper)}}


def test_taken_saved_marked_and_looked_up_by_certificates(app, world, login, post, exam, clock):
    officer, address = login("jn_officer"), f"/training/exams/{exam}"
    assert "场考试可以参加" in text(officer.get("/inbox"))
    assert post(officer, f"{address}/start", {}, page=f"{address}/take").status_code == 303
    attempt = only(Attempt)
    assert len(attempt.paper) == 6 and attempt.due_at == NOON + dt.timedelta(minutes=30) and attempt.seed
    with use_scope(EVERYTHING):
        assert exams.draw(db.session(), exams.get(db.session(), exam), attempt.seed) == attempt.paper
    page = text(officer.get(f"{address}/take"))
    assert "剩余 30 分" in page and "正确答案" not in page
    saved = post(officer, f"{address}/save", sheet(attempt.paper, wrong), page=f"{address}/take", headers={"HX-Request": "true"})
    assert "已保存 12:00:00" in text(saved) and "已答 6 / 6" in text(saved) and len(rows_of(Answer)) == 6
    saved = post(officer, f"{address}/save", {**sheet(attempt.paper, wrong), "q0": right(attempt.paper[0])}, page=f"{address}/take", headers={"HX-Request": "true"})
    events = rows_of(Event, Event.record_type == "training.answer")
    assert [event.before is not None for event in events].count(True) == 1
    done = post(officer, f"{address}/hand-in", sheet(attempt.paper, right), page=f"{address}/take")
    assert done.status_code == 303 and (only(Attempt).score, only(Attempt).passed) == (100, True)
    assert "100" in text(officer.get(f"{address}/result")) and "正确答案" not in text(officer.get(f"{address}/result"))
    again = post(officer, f"{address}/hand-in", sheet(attempt.paper, wrong), page="/training/mine")
    assert again.status_code == 303 and only(Attempt).score == 100
    assert post(officer, f"{address}/start", {}, page="/training/mine").status_code == 409
    with use_scope(EVERYTHING):
        hook = app.extensions["portal"].plugins.hooks.portal_examinations
        assert hook(person_id=attempt.person_id) == {"general": dt.date(2026, 11, 24)}
    manager = login("jn_train")
    assert "正确答案" in text(manager.get(f"{address}/papers/{attempt.id}")) and manager.get(f"{address}/results.docx").data[:2] == b"PK"
    assert post(manager, f"{address}/papers/{attempt.id}/void", {"reason": "替考"}, page=f"{address}/papers/{attempt.id}").status_code == 303
    assert only(Attempt).state == "void" and only(Pass).void and len(rows_of(Answer)) == 6


def test_after_time_only_what_was_saved_counts(app_sqlite, world, login, post, exam, clock):
    officer, address = login("jn_officer"), f"/training/exams/{exam}"
    post(officer, f"{address}/start", {}, page=f"{address}/take")
    paper = only(Attempt).paper
    post(officer, f"{address}/save", {**sheet(paper, wrong), "q0": right(paper[0])}, page=f"{address}/take")
    clock.move_to(NOON + dt.timedelta(minutes=31), tick=False)
    officer = login("jn_officer")
    late = post(officer, f"{address}/hand-in", sheet(paper, right), page="/training/mine")
    assert late.status_code == 303 and only(Attempt).score == 20 and only(Attempt).handed_in_at == NOON + dt.timedelta(minutes=30)
    assert "按到时保存的答案评分" in text(officer.get(late.headers["Location"]))


def test_a_paper_whose_time_is_up_is_handed_in_by_the_page_or_by_the_job(app_sqlite, world, login, post, exam, clock):
    officer, address = login("jn_officer"), f"/training/exams/{exam}"
    post(officer, f"{address}/start", {}, page=f"{address}/take")
    paper = only(Attempt).paper
    clock.move_to(NOON + dt.timedelta(minutes=31), tick=False)
    officer = login("jn_officer")
    answer = post(officer, f"{address}/save", sheet(paper, right), page="/training/mine", headers={"HX-Request": "true"})
    assert answer.status_code == 204 and answer.headers["HX-Redirect"] == f"{address}/result"
    assert (only(Attempt).state, only(Attempt).score) == ("marked", 0)
    post(officer, f"{address}/start", {}, page=f"{address}/take")
    assert [(row.number, row.state) for row in rows_of(Attempt)] == [(1, "marked"), (2, "running")]
    clock.move_to(NOON + dt.timedelta(minutes=90), tick=False)
    assert run_job("training.papers").result == {"handed_in": 1} and run_job("training.papers").result == {"handed_in": 0}
    assert [row.state for row in rows_of(Attempt)] == ["marked", "marked"]
    officer = login("jn_officer")
    assert post(officer, f"{address}/start", {}, page="/training/mine").status_code == 409


def test_one_try_at_a_time(app_sqlite, world, login, post, exam):
    officer, manager = login("jn_officer"), login("jn_train")
    post(officer, f"/training/exams/{exam}/start", {}, page=f"/training/exams/{exam}/take")
    post(officer, f"/training/exams/{exam}/start", {}, page=f"/training/exams/{exam}/take")
    assert len(rows_of(Attempt)) == 1
    who = only(Attempt).person_id
    post(manager, "/training/exams/new", {**FORM, "title": "另一场"}, page="/training/exams/new")
    other = rows_of(Exam)[1].id
    post(manager, f"/training/exams/{other}/candidates", {"people": [str(who)]}, page=f"/training/exams/{other}")
    step(post, manager, "exam", other, "open")
    refused = post(officer, f"/training/exams/{other}/start", {}, page=f"/training/exams/{other}/take")
    assert refused.status_code == 422 and "另一场考试" in text(refused)
    with pytest.raises(sa.exc.IntegrityError), Work() as session:
        row = session.scalars(sa.select(Attempt).where(Attempt.exam_id == other)).one()
        row.state = "running"
        session.flush()


def test_nobody_sees_anothers_paper(app_sqlite, world, login, post, exam):
    person(world.jiangnan, "罗建国", world.account("jn_other"))
    stranger = login("jn_other")
    for path in ("take", "result"):
        assert stranger.get(f"/training/exams/{exam}/{path}").status_code == 404
    assert post(stranger, f"/training/exams/{exam}/start", {}, page="/training/mine").status_code == 404
    assert stranger.get(f"/training/exams/{exam}").status_code == 403
    for client in (login("gl_train"), login("gl_head")):
        assert client.get(f"/training/exams/{exam}").status_code == 404


def test_bad_answers_and_bad_papers(app_sqlite, world, login, post, exam):
    officer, manager, address = login("jn_officer"), login("jn_train"), f"/training/exams/{exam}"
    post(officer, f"{address}/start", {}, page=f"{address}/take")
    odd = {"shown": ["0", "99999999999", "-1", "x", "5000"], "q0": "ZZ<script>", "q1": "A", "q5000": "A"}
    assert post(officer, f"{address}/save", odd, page=f"{address}/take").status_code == 303 and rows_of(Answer) == []
    many = post(manager, "/training/exams/new", {**FORM, "count-0": "13"}, page="/training/exams/new")
    assert many.status_code == 303
    key = rows_of(Exam)[1].id
    post(manager, f"/training/exams/{key}/candidates", {"people": [str(only(Attempt).person_id)]}, page=f"/training/exams/{key}")
    refused = step(post, manager, "exam", key, "open")
    assert refused.status_code == 422 and "只有 12 题" in text(refused)
    for data, words in (({"count-0": "x"}, "应为整数"), ({"closes": "08:00"}, "结束不能早于开始"), ({"minutes": "0"}, ""), ({"title": ""}, "请填写此项")):
        answer = post(manager, "/training/exams/new", {**FORM, **data}, page="/training/exams/new")
        assert answer.status_code == 422 and words in text(answer)


def test_the_pool(app_sqlite, world, login, post):
    manager = login("jn_train")
    form = {"subject": "法", "kind": "single", "text": "罚款谁收？", "options": "银行\n队员", "answer": "A", "explanation": "", "active": "y"}
    for data, words in (({"answer": ""}, "请填写此项"), ({"answer": "C"}, "答案不在选项之中"), ({"options": "银行"}, "选项应为 2 至 8 个"),
        ({"kind": "multiple"}, "多选题至少有两个答案"),
                        ({"options": "银行\n银行"}, "有相同的选项"), ({"text": "长" * 3000}, "最多 2000 个字")):  # fmt: skip
        answer = post(manager, "/training/questions/new", {**form, **data}, page="/training/questions/new")
        assert answer.status_code == 422 and words in text(answer), words
    assert post(manager, "/training/questions/new", form, page="/training/questions/new").status_code == 303
    assert "已有同一道题" in text(post(manager, "/training/questions/new", {**form, "text": " 罚款 谁收？ "}, page="/training/questions/new"))
    assert (
        post(manager, f"/training/questions/{only(Question).id}", {**form, "answer": "B"}, page="/training/questions").status_code == 303 and only(Question).answer == "B"
    )
    assert login("gl_train").get(f"/training/questions/{only(Question).id}").status_code == 404
    assert "谁收？" in text(manager.get("/training/questions?q=罚款")) and "谁收？" not in text(manager.get("/training/questions?q=听证"))
