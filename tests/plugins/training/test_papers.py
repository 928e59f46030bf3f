"""The papers: a town replaces their templates by its own; what stands in them; who may take them."""

import datetime as dt
import io
import re
import zipfile

import pytest
from docx import Document as read_docx

from plugins.training import layouts
from plugins.training.models_file import Pass
from portal.documents import papers as town_papers
from portal.documents import to_docx, to_pdf
from portal.jobs.runner import run_job
from tests.conftest import csrf_of
from tests.plugins.training.helpers import Work, credited, person, session_of, step, there
from tests.plugins.training.test_sheets import IDS
from tests.plugins.training.test_workflow import text
from tests.portal.documents.test_templates import word_file


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def words_of(data: bytes) -> str:
    """Every word of a Word file, in its order."""
    found = []
    for part in read_docx(io.BytesIO(data)).iter_inner_content():
        found += [cell.text for row in part.rows for cell in row.cells] if hasattr(part, "rows") else [part.text]
    return "\n".join(found)


def own(post, client, paper, template):
    """Bring a template of one's own along, look at it, take it into use; returns what the preview shows."""
    address = f"/settings/papers/training.{paper}"
    form = {"csrf_token": csrf_of(client.get(address).get_data(as_text=True)), "file": (io.BytesIO(template), "模板.docx"), "note": ""}
    preview = client.post(f"{address}/versions", data=form, content_type="multipart/form-data").headers["Location"]
    shown = text(client.get(preview))
    assert post(client, f"{preview}/use", {"valid_from": "2026-11-24"}, page=preview).status_code == 303
    return shown


@pytest.mark.parametrize("paper", layouts.PAPERS, ids=lambda paper: paper.key)
def test_each_paper_has_a_sample_and_a_standard_template_that_comes_back(app_sqlite, world, login, post, paper):
    assert set(paper.placeholders) | set(paper.lists) >= set(paper.sample)
    for name, columns in paper.lists.items():
        assert all(set(row) == set(columns) for row in paper.sample[name])
    sample = words_of(to_docx(paper.build(paper.sample)))
    assert "{{" not in sample and to_pdf(paper.build(paper.sample)).startswith(b"%PDF-")
    standard = town_papers.standard_template(paper)
    asked = set(re.findall(r"\{\{ (\w+) \}\}", words_of(standard)))
    assert asked and asked <= set(paper.placeholders)
    name = paper.key.removeprefix("training.")
    shown = own(post, login("jn_head"), name, standard)
    for row in (row for rows in paper.lists for row in paper.sample[rows]):
        assert any(value in shown for value in row.values() if value)
    assert login("jn_train").get(f"/settings/papers/{paper.key}").status_code == 404


def test_the_file_in_the_towns_own_template_also_in_the_archive(app_sqlite, world, login, post):
    li, wang = person(world.jiangnan, "李明", number=IDS[0], team="一中队"), person(world.jiangnan, "王芳")
    credited(world.jiangnan, "2026-03-12 09:00", [li, wang], title="行政处罚法")
    head = login("jn_head")
    shown = own(post, head, "file", word_file("本镇档案：{{ name }} {{ year }} 计入 {{ counted }} 核对 {{ code }}"))
    assert "本镇档案：李明杰 2026 计入 64" in shown
    mine = words_of(head.get(f"/training/people/{li}/file.docx").data)
    assert mine.startswith("本镇档案：李明 2026 计入 4 核对 T") and "个人培训档案" not in mine
    assert head.get(f"/training/people/{li}/file.pdf").data.startswith(b"%PDF-")
    code = mine.rpartition(" ")[2].strip()
    assert "由本系统生成" in text(head.get(f"/training/check?code={code}"))
    form = {"town": str(world.jiangnan.id), "year": "2026", "kind": "docx"}
    assert post(head, "/training/batches", form, page="/training/batches").status_code == 303
    assert run_job("training.batches").result["files"] == 2
    with zipfile.ZipFile(io.BytesIO(head.get("/training/batches/1.zip").data)) as archive:
        drawn = {name: words_of(archive.read(name)) for name in archive.namelist()}
    assert all(words.startswith("本镇档案：") for words in drawn.values()) and "王芳 2026 计入 4" in drawn["0002 王芳.docx"]
    other = person(world.gelan, "赵镇")
    assert "个人培训档案" in words_of(login("gl_head").get(f"/training/people/{other}/file.docx").data), "another town keeps the standard"


def test_the_file_says_what_was_earned_by_year_and_over_the_years(app_sqlite, world, login):
    li = person(world.jiangnan, "李明", number=IDS[0], position="四级主任科员")
    credited(world.jiangnan, "2025-03-12 09:00", [li], title="旧课")
    credited(world.jiangnan, "2026-03-12 09:00", [li], title="新课", category="update")
    credited(world.jiangnan, "2026-04-12 09:00", [li], title="党课", category="party", hours=2, length=2)
    org_id = world.jiangnan.id
    with Work() as session:
        session.add(Pass(org_id=org_id, person_id=li, kind="general", passed_on=dt.date(2026, 4, 1), score=88, title="年度测试"))
    head = login("jn_head")
    year = words_of(head.get(f"/training/people/{li}/file.docx?year=2026").data)
    for said in (
        "个人培训档案（2026 年度）",
        "应达学时",
        "4\n60\n2\n",
        "未达标，差 56 学时",
        "新课",
        "党课",
        "不计入",
        "年度测试",
        "88",
        IDS[0][:3],
    ):
        assert said in year, said
    assert "旧课" not in year and IDS[0] not in year
    every = words_of(head.get(f"/training/people/{li}/file.docx?year=all").data)
    assert "2025 年（计入 4 学时）" in every and "2026 年（计入 4 学时）" in every and "旧课" in every and "应达" not in every
    assert every.index("旧课") < every.index("2026 年（计入") < every.index("新课")


def test_a_proof_of_hours_for_oneself_and_by_the_office(app_sqlite, world, login):
    li = person(world.jiangnan, "李明", world.account("jn_officer"), number=IDS[0])
    other = person(world.jiangnan, "王芳")
    credited(world.jiangnan, "2026-03-12 09:00", [li])
    for client in (login("jn_officer"), login("jn_head")):
        said = words_of(client.get(f"/training/people/{li}/proof.docx?year=2026").data)
        assert "培训学时证明" in said and "计入年度要求 4 学时（年度要求 60 学时）" in said and "另参加" not in said and "核对码 T" in said
        assert "学时证明 Word" in text(client.get(f"/training/people/{li}"))
    assert login("jn_officer").get(f"/training/people/{other}/proof.docx").status_code == 404
    assert login("gl_head").get(f"/training/people/{li}/proof.docx").status_code == 404 == login("jn_head").get(f"/training/people/{li}/proof.exe").status_code


def test_notice_sheet_results_and_report_say_what_is_so(app_sqlite, world, login, post):
    li = person(world.jiangnan, "李明", team="一中队")
    key = session_of(world.jiangnan, "2026-11-24 06:30", title="行政处罚法专题", exam_needed=True, content="请先读第三章。", place="三楼")
    there(key, [li])
    manager, head = login("jn_train"), login("jn_head")
    quotas = {f"quota-{world.gelan.id}": "5"}
    assert post(manager, f"/training/{key}/invite", quotas, page=f"/training/{key}").status_code == 303
    notice = words_of(manager.get(f"/training/{key}/notice.docx").data)
    for said in ("关于举办“行政处罚法专题”培训的通知", "葛兰镇：", "一、培训安排", "二、培训内容与课前阅读", "三、名额分配", "四、有关要求", "合格的认定学时", "三楼"):
        assert said in notice, said
    sheet = words_of(manager.get(f"/training/{key}/sheet.docx").data)
    assert "1\n李明\n" in sheet and "6\n" in sheet and "刘" not in sheet
    assert step(post, manager, "session", key, "finish").status_code == 303
    report = words_of(head.get("/training/year/report.docx").data)
    assert "应参训 1 人，已达年度学时 0 人" in report and "一、总体情况" in report and "三、分中队（组）情况" in report and "一中队" in report
    assert "分单位情况" in words_of(login("sup").get("/training/year/report.docx").data)
    short = words_of(head.get("/training/year/short.docx").data)
    assert "共 1 人" in short and "李明" in short and "60" in short
