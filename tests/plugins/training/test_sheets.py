"""Sheets as offices keep them, in both shapes: preview, refusals, round trip; the figures checked by a computation with openpyxl alone."""

import datetime as dt
import io
import random

import openpyxl
import pytest

from plugins.training import sheets, sheets_matrix, sheets_questions, totals
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Credit, PersonYear, Question
from portal.database import db
from portal.errors import Refused
from portal.records.importing import run_import
from portal.tenancy import EVERYTHING, use_scope
from tests.plugins.training.helpers import Work, certify, counted, credited, only, person, rows_of, session_of, there
from tests.plugins.training.test_workflow import text

TODAY = dt.date(2026, 11, 24)
IDS = ("500115199003070012", "510221197508153011", "50011520160229101X", "11010519491231002X")
HEADS = ("序号", "姓名", "身份证号", "培训名称", "类别", "日期", "开始时间", "结束时间", "学时", "主办单位", "成绩")


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def book(rows, title="2026年度培训签到表") -> bytes:
    stream, file = io.BytesIO(), openpyxl.Workbook()
    page = file.active
    page.title = "签到"
    page.append([title])
    for row in rows:
        page.append(list(row))
    file.save(stream)
    return stream.getvalue()


def bring(spec, data: bytes, town, **more):
    return run_import(spec, data, "sheet.xlsx", town, TODAY, **more)


def staff(town):
    return [person(town, name, number=number) for name, number in zip(("李明", "王芳", "赵敏", "钱多"), IDS, strict=True)]


def line(name, number, title="行政处罚法", category="专业法律知识", day="2026.3.12", starts="", ends="", hours=4, organiser="", score=""):
    return (1, name, number, title, category, day, starts, ends, hours, organiser, score)


def test_one_row_an_attendance(app, world):
    li, wang, *_rest = staff(world.jiangnan)
    rows = [
        HEADS, line("李明", IDS[0]), line("王　芳", "", score=88), line("李明", IDS[0], "党课", "党性教育", "2026年3月13日", hours="2学时"),
        line("王芳", IDS[1].lower(), "更新", "法律知识更新", dt.date(2026, 4, 1), "9:00", "12:00", 4, "区公安局"), ("合计", "", "", "", "", "", "", "", 14),
    ]  # fmt: skip
    dry, _checked = bring(sheets.SPEC, book(rows), world.jiangnan, dry_run=True)
    assert (dry["created"], dry["refused"]) == (4, []) and rows_of(Training) == []
    report, _checked = bring(sheets.SPEC, book(rows), world.jiangnan)
    assert report["created"] == 4 and rows_of(Credit) == []
    trainings = {row.title: row for row in rows_of(Training)}
    assert trainings["更新"].organiser == "department" and trainings["更新"].timed and not trainings["党课"].timed and trainings["行政处罚法"].organiser == "own"
    for row in trainings.values():
        assert row.state == "finished"
        certify(row.id, world.jiangnan)
    assert counted(li) == 4 and counted(wang) == 8
    again, _checked = bring(sheets.SPEC, book(rows), world.jiangnan)
    assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 4) and len(rows_of(Enrolment)) == 4


def test_every_refusal_has_its_words(app_sqlite, world):
    staff(world.jiangnan)
    person(world.jiangnan, "李明")
    person(world.jiangnan, "退休人", post_status="退休", left_on=dt.date(2026, 1, 31))
    with Work() as session:
        from plugins.training import years

        years.begin(session, world.jiangnan.id, 2024).state = "closed"
    cases = [
        (line("", ""), "no_name"), (line("查无此人", ""), "unknown_person"), (line("李明", ""), "ambiguous"), (line("王芳", "500115199003070013"), "id_check_digit"),
        (line("王芳", IDS[2]), "id_other_name"), (line("王芳", 500115199003070012), "id_as_number"), (line("王芳", IDS[1], title=""), "no_title"),
        (line("王芳", IDS[1], category="随便"), "no_category"), (line("王芳", IDS[1], day=""), "no_date"), (line("王芳", IDS[1], day="2026-02-30"), "bad_date"),
        (line("王芳", IDS[1], day="2026-12-01"), "future"), (line("王芳", IDS[1], day="2024-05-01"), "year_closed"), (line("王芳", IDS[1], hours=0), "bad_hours"),
        (line("王芳", IDS[1], hours=0.3), "bad_hours"), (line("王芳", IDS[1], hours=25), "day_hours"),
        (line("王芳", IDS[1], "长课", starts="9:00", ends="10:00"), "length"),
        (line("王芳", IDS[1], "半截", starts="9:00"), "bad_time"), (line("王芳", IDS[1], "钟点", starts="25:00", ends="26:00"), "bad_time"),
        (line("王芳", IDS[1], "分数", score=101), "bad_score"), (line("退休人", "", day="2026-03-01"), "person_gone"),
    ]  # fmt: skip
    report, _checked = bring(sheets.SPEC, book([HEADS, *(row for row, _code in cases)]), world.jiangnan)
    assert [refused["code"] for refused in report["refused"]] == [code for _row, code in cases] and report["created"] == 0 and rows_of(Training) == []
    assert all(refused["message"] for refused in report["refused"])


def test_the_same_person_under_two_names_and_twice_in_one_session(app_sqlite, world):
    staff(world.jiangnan)
    rows = [HEADS, line("李明", IDS[0]), line("李铭", IDS[0], "另一课"), line("李明", IDS[0]), line("李明", IDS[0], "同日", hours=9)]
    report, _checked = bring(sheets.SPEC, book(rows), world.jiangnan)
    assert [(refused["row"], refused["code"]) for refused in report["refused"]] == [(4, "id_other_name"), (5, "duplicate"), (6, "overlap")]
    assert "第 3 行" in report["refused"][0]["message"] and report["created"] == 1


def test_overlaps_within_the_sheet_and_with_the_books(app_sqlite, world):
    li, *_rest = staff(world.jiangnan)
    credited(world.jiangnan, "2026-10-12 09:00", [li], title="早", length=2, hours=2)
    rows = [HEADS, line("李明", IDS[0], "晚", day="2026-10-12", starts="10:00", ends="12:00", hours=2),
        line("李明", IDS[0], "午", day="2026-10-12", starts="11:00", ends="12:00", hours=1),
            line("李明", IDS[0], "同", day="2026-10-12", starts="11:30", ends="12:30", hours=1)]  # fmt: skip
    report, _checked = bring(sheets.SPEC, book(rows), world.jiangnan)
    assert report["created"] == 1 and [refused["code"] for refused in report["refused"]] == ["overlap", "overlap"]


MATRIX = (
    "序号",
    "姓名",
    "身份证号",
    "所在中队",
    "3月12日 行政处罚法（专业法律知识，4学时）",
    "2026.4.8 新法解读（法律知识更新，3.5学时）",
    "5月6日 理论学习（政治理论，2学时）",
    "合计",
    "签名",
)


def test_one_row_a_person_and_a_column_a_session(app, world):
    li, wang, zhao, _qian = staff(world.jiangnan)
    rows = [MATRIX, (1, "李明", IDS[0], "一中队", "√", "√", 2, 9.5, ""), (2, "王芳", "", "", 2, "请假", "", 2, ""), (3, "赵敏", IDS[2], "", "×", "", "", 0, ""),
            (4, "钱多", IDS[3], "", "四", "", "", 0, ""), ("合计", "", "", "", 6, 3.5, 2, 11.5, "")]  # fmt: skip
    dry, checked = bring(sheets_matrix.SPEC, book(rows), world.jiangnan, dry_run=True)
    assert [result.status for result in checked.results] == ["create", "create", "skip", "refuse"]
    assert checked.results[0].message == "3 期，共 9.5 学时" and "四" in dry["refused"][0]["message"] and dry["refused"][0]["code"] == "bad_mark"
    bring(sheets_matrix.SPEC, book(rows), world.jiangnan)
    assert [(row.title, row.held_on, row.halves, row.category) for row in rows_of(Training)] == [
        ("行政处罚法", dt.date(2026, 3, 12), 8, "professional"), ("新法解读", dt.date(2026, 4, 8), 7, "update"),
        ("理论学习", dt.date(2026, 5, 6), 4, "political")]  # fmt: skip
    for row in rows_of(Training):
        certify(row.id, world.jiangnan)
    assert counted(li) == 7.5 and counted(wang) == 2 and counted(zhao) == 0
    again, checked = bring(sheets_matrix.SPEC, book(rows), world.jiangnan)
    assert again["created"] == again["updated"] == 0 and [result.status for result in checked.results[:2]] == ["skip", "skip"]
    changed = [MATRIX, (1, "李明", IDS[0], "", 3, "", "", 3, "")]
    refused, _checked = bring(sheets_matrix.SPEC, book(changed), world.jiangnan)
    assert refused["refused"][0]["code"] == "credited"


def test_headings_above_and_columns_that_say_too_little(app_sqlite, world):
    staff(world.jiangnan)
    rows = [("", "", "", "2026-03-12", "2026-04-01", ""), ("", "", "", "4学时", "", ""), ("姓名", "身份证号", "序号", "行政处罚法", "新法", "没有日期的课"),
        ("李明", IDS[0], 1, "√", 2, ""),
            ("王芳", IDS[1], 2, "", "√", ""), ("赵敏", IDS[2], 3, "", "", 2)]  # fmt: skip
    _report, checked = bring(sheets_matrix.SPEC, book(rows, "2026年专业法律知识培训情况"), world.jiangnan, dry_run=True)
    assert [(result.status, result.code) for result in checked.results] == [("create", ""), ("refuse", "bad_column"), ("refuse", "bad_column")]
    assert "没有写明学时" in checked.results[1].message and "没有日期" in checked.results[2].message
    with pytest.raises(Refused, match="没有找到培训列"):
        bring(sheets_matrix.SPEC, book([("序号", "姓名", "身份证号"), (1, "李明", IDS[0])]), world.jiangnan)


def test_sheets_kept_in_english_are_read_alike(app_sqlite, world):
    """Headings, categories, marks, hours and answers in the words of the English interface."""
    li, wang, zhao, _qian = staff(world.jiangnan)
    heads = ("No.", "Name", "Identity number", "Training title", "Kind", "Date", "Start", "End", "Class hours", "Organiser", "Mark")
    rows = [heads, (1, "李明", IDS[0], "Penalty law", "Professional legal knowledge", "2026-03-12", "", "", "4 class hours", "Own unit", 88),
            (2, "王芳", IDS[1], "Other matters", "Other", "2026-03-13", "9:00", "10:30", 2, "", "")]  # fmt: skip
    report, _checked = bring(sheets.SPEC, book(rows, "Attendance"), world.jiangnan)
    assert (report["created"], report["refused"]) == (2, [])
    assert [(row.title, row.category, row.organiser) for row in rows_of(Training)] == [("Penalty law", "professional", "own"), ("Other matters", "other", "own")]
    heads = ("No.", "Name", "Identity number", "Unit", "2026-04-08 New statutes (Legal update, 3.5 class hours)", "2026-05-06 Theory (Political theory, 2 class hours)",
             "2026-06-09 Another day on party lines (General legal knowledge, 4 hours)", "Total", "Signature")  # fmt: skip
    rows = [heads, (1, "李明", IDS[0], "Team 1", "yes", "2 hours", "absent", 5.5, ""), (2, "赵敏", IDS[2], "", "√", "", "leave", 3.5, ""),
            ("Total", "", "", "", 7, 2, 0, 9, "")]  # fmt: skip
    report, checked = bring(sheets_matrix.SPEC, book(rows, "2026 attendance"), world.jiangnan)
    assert (report["created"], report["refused"]) == (2, []) and checked.results[0].message == "2 期，共 5.5 学时"
    made = {row.title: (row.category, row.halves, row.held_on) for row in rows_of(Training)}
    assert made["New statutes"] == ("update", 7, dt.date(2026, 4, 8)) and made["Theory"] == ("political", 4, dt.date(2026, 5, 6)) and len(made) == 4
    for row in rows_of(Training):
        certify(row.id, world.jiangnan)
    assert (counted(li), counted(wang), counted(zhao)) == (7.5, 0, 3.5)
    heads = ("No.", "Subject", "Question type", "Question", "Option A", "Option B", "Option C", "Answer", "Explanation")
    rows = [heads, (1, "Law", "Single choice", "One?", "a", "b", "", "B", ""), (2, "Law", "Multiple choice", "Two?", "a", "b", "c", "AC", ""),
            (3, "Law", "True or false", "Three.", "", "", "", "False", "")]  # fmt: skip
    report, _checked = bring(sheets_questions.SPEC, book(rows, "Questions"), world.jiangnan)
    assert (report["created"], report["refused"]) == (3, []) and [row.answer for row in rows_of(Question)] == ["B", "AC", "B"]


def test_the_words_of_the_english_interface_are_those_that_sheets_may_hold(app_sqlite):
    """Whoever translates anew learns here that the importers must know the words too."""
    from flask_babel import force_locale

    from plugins.training import rules, rules_sheet, words

    with app_sqlite.test_request_context(), force_locale("en"):
        for code in rules.CATEGORIES:
            assert rules_sheet.category_of(str(words.CATEGORIES[code])) == code
        for code, word in words.QUESTION_KINDS.items():
            assert sheets_questions.KINDS[str(word).replace(" ", "").lower()] == code


@pytest.mark.parametrize("shape", ["lines", "matrix"])
def test_what_goes_out_comes_in_again(app_sqlite, world, login, shape):
    people = staff(world.jiangnan)
    for n in range(3):
        key = session_of(world.jiangnan, f"2026-0{n + 2}-1{n} 09:00", title=f"课{n}", state="finished", category=("professional", "update", "party")[n])
        there(key, people[: n + 2])
        if shape == "matrix":
            with Work() as session:
                session.get(Training, key).timed = False
        certify(key, world.jiangnan)
    answer = login("jn_train").get(f"/training/year/attendance.xlsx?year=2026&shape={shape}")
    spec = sheets_matrix.SPEC if shape == "matrix" else sheets.SPEC
    report, _checked = bring(spec, answer.data, world.jiangnan)
    assert report["created"] == report["updated"] == 0 and report["refused"] == [] and report["skipped"] == (4 if shape == "matrix" else 9)
    assert b"11010519491231002X" not in answer.data
    with Work() as session:
        for model in (Credit, Enrolment, Training):
            for row in session.query(model):
                session.delete(row)
            session.flush()
    report, _checked = bring(spec, answer.data, world.jiangnan)
    assert report["created"] == (4 if shape == "matrix" else 9)
    for row in rows_of(Training):
        certify(row.id, world.jiangnan)
    assert [counted(who) for who in people] == [8, 8, 4, 0]


@pytest.mark.parametrize("shape", ["lines", "matrix"])
def test_brackets_in_titles_and_sessions_not_yet_certified_come_in_again_as_they_are(app_sqlite, world, login, shape):
    """Full-width brackets stay, and what somebody who came late will be credited is no change."""
    li, wang, *_rest = staff(world.jiangnan)
    key = session_of(world.jiangnan, "2026-05-06 09:00", title="专题培训（第二阶段）", state="finished")
    there(key, [li])
    there(key, [wang], "10:00", "12:00")
    answer = login("jn_train").get(f"/training/year/attendance.xlsx?year=2026&shape={shape}")
    spec = sheets_matrix.SPEC if shape == "matrix" else sheets.SPEC
    report, _checked = bring(spec, answer.data, world.jiangnan)
    assert (report["created"], report["updated"], report["skipped"], report["refused"]) == (0, 0, 2, [])
    with Work() as session:
        for model in (Enrolment, Training):
            for row in session.query(model):
                session.delete(row)
            session.flush()
    bring(spec, answer.data, world.jiangnan)
    assert only(Training).title == "专题培训（第二阶段）" and [row.halves for row in rows_of(Enrolment)] == [8, 4]
    certify(only(Training).id, world.jiangnan)
    assert (counted(li), counted(wang)) == (4, 2)


def test_figures_agree_with_a_plain_computation_of_the_same_sheets(app_sqlite, world, login):
    """The sheet is summed here with openpyxl and nothing of ours; the portal must say the same of everybody."""
    chance = random.Random(60)
    names = [f"队员{n:02d}" for n in range(30)]
    keys = {name: person(world.jiangnan, name) for name in names}
    kinds = ("综合法律知识", "专业法律知识", "法律知识更新", "政治理论", "党性教育")
    heads = ["序号", "姓名", *(f"{1 + n // 3}月{1 + 7 * (n % 3)}日 第{n}课（{kinds[n % 5]}，{(4, 3.5, 8)[n % 3]}学时）" for n in range(27))]
    rows = [heads, *([n + 1, name, *(chance.choice(("√", "√", "√", "", "请假", 2, 1.5)) for _c in range(27))] for n, name in enumerate(names))]
    data = book(rows)
    report, _checked = bring(sheets_matrix.SPEC, data, world.jiangnan)
    assert report["refused"] == [] and report["created"] == 30
    for row in rows_of(Training):
        certify(row.id, world.jiangnan)

    page = openpyxl.load_workbook(io.BytesIO(data)).active
    table = [[cell.value for cell in line] for line in page.iter_rows(min_row=2)]
    law, idle, update = {}, {}, {}
    for line_ in table[1:]:
        for column in range(2, len(table[0])):
            head, cell = table[0][column], line_[column]
            hours = float(head.split("，")[1].removesuffix("学时）")) if cell == "√" else float(cell) if isinstance(cell, (int, float)) else 0.0
            target = idle if "政治" in head or "党性" in head else law
            target[line_[1]] = target.get(line_[1], 0) + hours
            if "更新" in head and hours:
                update[line_[1]] = update.get(line_[1], 0) + 1
    kept = {row.person_id: row for row in rows_of(PersonYear)}
    for name, key in keys.items():
        assert (kept[key].counted / 2, kept[key].uncounted / 2, kept[key].updates) == (law.get(name, 0), idle.get(name, 0), update.get(name, 0)), name
    with use_scope(EVERYTHING):
        assert totals.differences(db.session(), 2026) == []
    met = sum(law[name] >= 60 and bool(update.get(name)) for name in names)
    lacking = sum(max(0, 60 - law[name]) for name in names)
    page = text(login("jn_head").get("/training/year?year=2026"))
    assert f"合计差 {lacking:g} 学时" in page
    whole = openpyxl.load_workbook(io.BytesIO(login("jn_head").get("/training/year/compliance.xlsx?year=2026").data))
    assert whole["按单位"].cell(2, 2).value == 30 and whole["按单位"].cell(2, 6).value == lacking
    assert sum(1 for row in whole["按人员"].iter_rows(min_row=2, values_only=True) if row[12] == "已达标") == met
    assert {row[0]: row[5] for row in whole["按人员"].iter_rows(min_row=2, values_only=True)} == {name: law[name] for name in names}


def test_questions_from_excel(app_sqlite, world, login):
    heads = ("科目", "题型", "题干", "选项A", "选项B", "选项C", "选项D", "答案", "解析")
    rows = [
        heads, ("法", "单选题", "一？", "甲", "乙", "", "", "B", "依据"), ("法", "多选题", "二？", "甲", "乙", "丙", "", "AC", ""),
            ("法", "判断题", "三。", "", "", "", "", "错", ""),
        ("法", "单选题", "四？", "甲", "乙", "", "", "", ""), ("法", "单选题", "五？", "甲", "乙", "", "", "C", ""),
        ("法", "单选题", "六？", "甲", "", "丙", "", "A", ""),
        ("法", "填空题", "七？", "甲", "乙", "", "", "A", ""), ("法", "单选", " 一？ ", "甲", "乙", "", "", "A", ""), ("", "单选", "八？", "甲", "乙", "", "", "A", ""),
    ]  # fmt: skip
    report, _checked = bring(sheets_questions.SPEC, book(rows, "题库"), world.jiangnan)
    assert report["created"] == 3 and [refused["code"] for refused in report["refused"]] == ["no_answer", "answer", "gap", "kind", "duplicate", "no_subject"]
    again, _checked = bring(sheets_questions.SPEC, login("jn_train").get("/training/questions.xlsx").data, world.jiangnan)
    assert again["skipped"] == 3 and again["created"] == 0 and again["refused"] == []
    mended = [heads, ("法", "单选题", "一？", "甲", "乙", "", "", "A", "依据")]
    changed, _checked = bring(sheets_questions.SPEC, book(mended, "题库"), world.jiangnan)
    assert changed["updated"] == 1 and only(Question, Question.text == "一？").answer == "A"


def test_through_the_pages(app_sqlite, world, login, post):
    staff(world.jiangnan)
    manager = login("jn_train")
    data = book([MATRIX, (1, "李明", IDS[0], "", "√", "", "", 4, ""), (2, "查无", "", "", "√", "", "", 4, "")])
    page = post(manager, "/import/training_matrix", {"file": (io.BytesIO(data), "签到.xlsx")}, page="/import/training_matrix", content_type="multipart/form-data")
    preview = manager.get(page.headers["Location"])
    assert "1 期，共 4 学时" in text(preview) and "没有找到人员“查无”" in text(preview)
    assert post(manager, page.headers["Location"], {}, page=page.headers["Location"]).status_code == 303 and len(rows_of(Enrolment)) == 1
    assert login("jn_officer").get("/import/training_matrix").status_code == 403
