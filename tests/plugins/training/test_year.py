"""A year played through with the clock passed in: warnings, closing, reopening, and the files of everybody in one archive."""

import datetime as dt
import io
import zipfile

import pytest

from plugins.training import batches, totals
from plugins.training.models_file import Batch, Credit, PersonYear, YearBook
from portal.database import db
from portal.inbox.models import Notice
from portal.jobs import runner
from portal.jobs.runner import run_job
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.training.helpers import Work, counted, credited, only, person, rows_of, session_of, step, there
from tests.plugins.training.test_workflow import FORM, text

D = dt.date
MADE = "由本系统生成</h2>"


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(dt.datetime(2026, 1, 5, 2, 0, tzinfo=dt.UTC), tick=True)
    return time_machine


def notices(account) -> list[str]:
    return [row.title for row in rows_of(Notice, Notice.account_id == account.id)]


def test_a_year(app, world, login, post, clock):
    zeal, lazy = person(world.jiangnan, "勤快", world.account("jn_officer")), person(world.jiangnan, "拖拉", world.account("jn_other"))
    head, manager = world.account("jn_head"), world.account("jn_train")

    def run(day: str) -> dict:
        clock.move_to(dt.datetime.fromisoformat(f"{day}T02:00:00+00:00"), tick=True)
        assert run_job("training.close", today=D.fromisoformat(day)).state == "done"
        outcome = run_job("training.remind", today=D.fromisoformat(day))
        assert outcome.state == "done", outcome.error
        return outcome.result

    for month in range(1, 4):
        credited(world.jiangnan, f"2026-{month:02d}-10 09:00", [zeal], hours=8, length=6)
    credited(world.jiangnan, "2026-02-12 09:00", [lazy], hours=4)
    assert run("2026-03-30")["quarter"] == 0
    assert run("2026-03-31")["quarter"] == 1
    assert notices(head) == ["第 1 季度末：1 人低于 15 学时"] and notices(world.account("jn_other")) == ["您本年度已计入 4 学时，还差 56 学时"]
    assert run("2026-04-02")["quarter"] == 1 and len(notices(head)) == 1
    for month in range(4, 10):
        credited(world.jiangnan, f"2026-{month:02d}-10 09:00", [zeal], hours=8, length=6)
    credited(world.jiangnan, "2026-08-12 09:00", [lazy, zeal], hours=4, category="update")
    assert run("2026-06-30")["quarter"] == 1 and "第 2 季度末：1 人低于 30 学时" in notices(head)
    assert run("2026-10-12")["quarter"] == 1
    page = text(login("jn_train").get("/training/people?light=amber"))
    assert "拖拉" in page and "勤快" not in page
    assert "进度落后" in text(login("jn_other").get("/training/mine"))
    assert run("2026-10-31")["year_end"] == 0
    assert run("2026-11-01")["year_end"] == 1 and "距年末不足 60 天：1 人将达不到年度学时" in notices(manager)
    page = text(login("jn_head").get("/training/year"))
    assert "预计年末不达标" in page and "拖拉" in page
    coming = session_of(world.jiangnan, "2026-12-10 09:00", title="冬训", hours=8, length=6)
    there(coming, [lazy], "-", "-")
    mine = text(login("jn_other").get("/training/mine"))
    assert "还差 52 学时；已安排 8 学时，按此年末差 44 学时" in mine
    run("2026-12-09")
    assert "明天 09:00 培训：冬训" in notices(world.account("jn_other"))
    with Work() as session:
        from plugins.training import sessions

        sessions.get(session, coming).state = "cancelled"
    assert counted(zeal) == 76 and counted(lazy) == 8
    run("2027-01-20")
    assert only(PersonYear, PersonYear.person_id == lazy).counted == 16 and rows_of(YearBook, YearBook.year == 2026) == []
    run("2027-01-31")
    assert rows_of(YearBook, YearBook.year == 2026) == []
    run("2027-02-01")
    this_year = (YearBook.year == 2026, YearBook.org_id == world.jiangnan.id)
    assert {(row.org_id, row.year, row.state) for row in rows_of(YearBook, YearBook.year == 2026)} == {
        (world.jiangnan.id, 2026, "closed"),
        (world.gelan.id, 2026, "closed"),
    }
    book = only(YearBook, *this_year)
    assert (book.figures["people"], book.figures["met"], book.figures["short_halves"]) == (2, 1, 104) and "到期自动归档" in book.reason
    late = session_of(world.jiangnan, "2026-12-20 09:00", state="finished", title="迟来")
    there(late, [lazy])
    chief, supervisor = login("jn_head"), login("sup")
    refused = step(post, chief, "session", late, "certify")
    assert refused.status_code == 422 and "2026 年度已归档" in text(refused) and counted(lazy) == 8
    line = rows_of(Credit, Credit.person_id == lazy)[0]
    assert post(chief, f"/training/people/{lazy}/credits/{line.id}", {"hours": "1", "reason": "x"}, page=f"/training/people/{lazy}?year=2026").status_code == 422
    assert step(post, chief, "year", book.id, "reopen", reason="补", open_until="2027-02-20").status_code == 403
    early = step(post, supervisor, "year", book.id, "reopen", reason="补录", open_until="2027-01-01")
    assert early.status_code == 422 and "不能早于今天" in text(early)
    assert step(post, supervisor, "year", book.id, "reopen", reason="", open_until="2027-02-20").status_code == 422
    assert step(post, supervisor, "year", book.id, "reopen", reason="补录 12 月培训", open_until="2027-02-20").status_code == 303
    assert step(post, chief, "session", late, "certify").status_code == 303 and counted(lazy) == 12
    run("2027-02-20")
    assert only(YearBook, *this_year).state == "reopened"
    run("2027-02-21")
    assert only(YearBook, *this_year).state == "closed" and only(YearBook, *this_year).figures["short_halves"] == 96
    with use_scope(EVERYTHING):
        assert totals.differences(db.session(), 2026) == []


def test_a_year_is_not_closed_before_its_end(app_sqlite, world, login, post, clock):
    chief = login("jn_head")
    assert post(chief, "/training/year/2026/begin-closing", {}, page="/training/year").status_code == 422
    assert post(chief, "/training/year/2025/begin-closing", {}, page="/training/year").status_code == 303
    assert step(post, chief, "year", only(YearBook).id, "close", reason="").status_code == 303 and only(YearBook).state == "closed"
    form = {**FORM, "day": "2025-12-30"}
    assert post(login("jn_train"), "/training/new", form, page="/training/new").status_code == 422


def test_sums_that_were_tampered_with_are_mended_and_counted(app_sqlite, world, clock):
    li = person(world.jiangnan, "李明")
    credited(world.jiangnan, "2026-01-02 09:00", [li])
    with Work() as session:
        import sqlalchemy as sa

        session.connection().execute(sa.text("UPDATE training_person_year SET counted = 999"))
    assert run_job("training.close", today=D(2026, 1, 5)).result["mended"] == 1 and counted(li) == 4
    assert run_job("training.close", today=D(2026, 1, 6)).result["mended"] == 0


def test_all_files_of_a_town_in_one_archive(app, world, login, post, clock):
    people = [person(world.jiangnan, name, team="一中队") for name in ("李明", "王芳", "赵/\\:敏", "阿依古丽·买买提江")]
    person(world.gelan, "外镇人")
    credited(world.jiangnan, "2026-01-02 09:00", people)
    manager = login("jn_train")
    form = {"town": str(world.jiangnan.id), "year": "2026", "kind": "docx"}
    assert post(manager, "/training/batches", {**form, "town": str(world.gelan.id)}, page="/training/batches").status_code == 422
    assert post(manager, "/training/batches", {**form, "kind": "exe"}, page="/training/batches").status_code == 422
    for _n in range(2):
        assert post(manager, "/training/batches", form, page="/training/batches").status_code == 303
    batch = only(Batch)
    assert "排队中" in text(manager.get("/training/batches")) and manager.get(f"/training/batches/{batch.id}.zip").status_code == 404
    key, run_id = batch.id, batch.run_id
    outcome = runner.run_queued(run_id, wait_seconds=5)
    assert outcome.result is not None and outcome.result["files"] == 4, outcome
    archive = zipfile.ZipFile(io.BytesIO(manager.get(f"/training/batches/{key}.zip").data))
    assert len(archive.namelist()) == 4 and "0001 李明.docx" in archive.namelist() and all("/" not in name for name in archive.namelist())
    from docx import Document

    table = [[cell.text for cell in row.cells] for found in Document(io.BytesIO(archive.read("0001 李明.docx"))).tables for row in found.rows]
    assert any("江南街道 一中队" in " ".join(row) for row in table) and any(row[:2] == ["4", "60"] for row in table)
    assert login("gl_train").get(f"/training/batches/{key}.zip").status_code == 404 and login("jn_officer").get("/training/batches").status_code == 403
    assert batches.path_of(key).stat().st_size == only(Batch).size


def test_whoever_has_lost_the_right_gets_no_archive(app_sqlite, world, login, post, clock):
    from portal.auth.models import RoleGrant

    person(world.jiangnan, "李明")
    form = {"town": str(world.jiangnan.id), "year": "2026", "kind": "docx"}
    post(login("jn_train"), "/training/batches", form, page="/training/batches")
    run_id, path = only(Batch).run_id, batches.path_of(only(Batch).id)
    path.unlink(missing_ok=True)
    with Work() as session:
        session.delete(session.query(RoleGrant).filter_by(account_id=world.account("jn_train").id).one())
    assert runner.run_queued(run_id).state == "failed" and only(Batch).state == "waiting"
    run_job(batches.JOB)
    assert only(Batch).state == "failed" and not path.exists()


def test_a_printed_file_can_be_checked(app_sqlite, world, login, clock):
    import re

    li = person(world.jiangnan, "李明")
    credited(world.jiangnan, "2026-01-02 09:00", [li])
    manager, clerk, stranger = login("jn_train"), login("jn_clerk"), login("gl_clerk")
    code = re.search(r"T\d+-\d+-2026-8-20260105-[A-Z2-7]{16}", text(manager.get(f"/training/people/{li}")))[0]
    own = text(manager.get(f"/training/check?code={code}"))
    assert MADE in own and "李明" in own and "与现在一致" in own
    assert MADE in text(clerk.get(f"/training/check?code=https://portal/training/check?code={code.lower()}"))
    other = text(stranger.get(f"/training/check?code={code}"))
    assert MADE in other and "江南街道" in other and "李明" not in other
    for wrong in (code.replace("-8-", "-120-"), code[:-1] + ("A" if code[-1] != "A" else "B"), "", "😀", "x" * 10_000):
        answer = manager.get("/training/check", query_string={"code": wrong})
        assert answer.status_code == (422 if wrong else 200) and MADE not in text(answer)
    credited(world.jiangnan, "2026-01-03 09:00", [li])
    assert "此后有变动：现为 8 学时" in text(manager.get(f"/training/check?code={code}"))
    assert login("jn_officer").get("/training/check").status_code == 403


def test_pages_ask_a_constant_number_of_statements(app_sqlite, world, login, clock):
    chief = login("jn_head")
    pages = ("/training/year", "/training/people", "/training", "/training/external", "/training/exams", "/training/batches", "/training/departments", "/")
    person(world.jiangnan, "首位")
    chief.get("/training/year")
    few = {}
    for path in pages:
        few[path] = _statements(chief, path)
    people = [person(world.jiangnan, f"队员{n}", team=f"{n % 3}中队") for n in range(25)]
    for n in range(6):
        credited(world.jiangnan, f"2026-01-0{n + 1} 09:00", people)
    chief.get("/training/year")  # to-dos are counted anew once after a change
    assert {path: _statements(chief, path) for path in pages} == few


def _statements(client, path: str) -> int:
    """How many statements a page asks."""
    import sqlalchemy as sa

    asked: list[str] = []

    def listen(*args) -> None:
        if args[2] != "BEGIN":
            asked.append(args[2])

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert client.get(path).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
    return len(asked)
