"""Import of any table, here of people: what counts as a row, what is compared before it is written, what comes back refused."""

import datetime as dt
import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import replace

import openpyxl
import pytest
import sqlalchemy as sa
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l

from portal import audit
from portal.audit import Event
from portal.audit.capture import SECRET
from portal.context import NOBODY, use_actor
from portal.database import db, utcnow
from portal.directory.models import EMPLOYMENT_TYPES, Organisation, Person
from portal.errors import Conflict
from portal.records import importing
from portal.records.bulk import insert_rows, reserve_ids, update_rows
from portal.records.importing import ImportColumn, ImportSpec, RowResult, run_import
from portal.records.models import ImportRun
from portal.records.workbooks import WorkbookError, normalise
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.conftest import csrf_of
from tests.portal.records import files

ADDRESS = "/import/people"
HEADINGS = ["序号", "姓 名", "职务", "用工性质"]


def check(rows, context):
    known = {person.name: person for person in context.session.scalars(sa.select(Person).where(Person.org_id == context.org_id)).unique()}
    found = []
    for raw in rows:
        values = {key: normalise(raw.values.get(key)) for key in ("name", "position", "employment")}
        result = RowResult(raw.row, "create", values=values, shown={"name": values["name"], "position": values["position"]}, cells=raw.cells)
        person = known.get(values["name"])
        if values["employment"] not in EMPLOYMENT_TYPES:
            result.status, result.code, result.message = "refuse", "employment", "用工性质不对"
        elif person is not None and person.position == values["position"]:
            result.status = "skip"
        elif person is not None:
            result.status, result.changes, values["id"] = "update", {"position": (person.position, values["position"])}, person.id
        found.append(result)
    return found


def apply(session, good, context):
    created = [result.values for result in good if result.status == "create"]
    ids = reserve_ids(session, Person, len(created))
    insert_rows(
        session,
        Person,
        [
            {"id": key, "uid": f"{key:032x}", "org_id": context.org_id, "name": values["name"], "position": values["position"], "employment_type": values["employment"]}
            for key, values in zip(ids, created, strict=True)
        ],
    )
    update_rows(session, Person, {result.values["id"]: {"position": result.values["position"]} for result in good if result.status == "update"})


SPEC = ImportSpec(
    name="people", title="人员表", plugin="certificates", permission="people.edit", check=check, apply=apply,
    columns=(ImportColumn("serial", _l("序号")), ImportColumn("name", _l("姓名"), required=True), ImportColumn("position", _l("职务"), ("岗位",)),
             ImportColumn("employment", _l("用工性质"), required=True)),
)  # fmt: skip


def table(*rows, headings=HEADINGS):
    return files.xlsx([["人员表"], headings, *rows])


def bring(org, *rows, spec=SPEC, **options):
    return run_import(spec, table(*rows), "x.xlsx", org, options.pop("today", None), **options)[0]


def stored():
    db.session.rollback()
    return list(db.session.scalars(sa.select(Person.name).order_by(Person.name)))


GOOD = (1, "张三", "科员", "公务员")


def test_new_changed_same_and_refused(app, world):
    assert bring(world.jiangnan, GOOD, (2, "李四", "科员", "公务员"), (3, "王五", "", "志愿者")) == {
        "created": 2, "updated": 0, "skipped": 0, "refused": [{"row": 5, "code": "employment", "message": "用工性质不对"}],
    }  # fmt: skip
    assert bring(world.jiangnan, GOOD, (2, "李四", "科长", "公务员")) == {"created": 0, "updated": 1, "skipped": 1, "refused": []}
    assert stored() == ["张三", "李四"] and audit.verify_instance(app).ok
    note = db.session.scalars(sa.select(Event).where(Event.action == "people.imported").order_by(Event.seq.desc())).first()
    assert note.chain_id == world.jiangnan.id and '"update":1' in note.after


def test_what_is_a_row_and_what_is_not(app_sqlite, world):
    rows = [
        GOOD, (), (None, "  ", "\u3000", None), (2, "李四", "合计员", "公务员"), ("合计", "2 人", None, None), ("小 计", None, 2, None),
        ("填表人：王", None, "审核人：李", None), (None, "说明：以上属实", None, None), (3, "王五", None, None), ("备注", "赵六", "科员", "公务员"),
    ]  # fmt: skip
    report = bring(world.jiangnan, *rows)
    assert report["created"] == 3 and report["refused"] == [{"row": 11, "code": "employment", "message": "用工性质不对"}]
    assert stored() == ["张三", "李四", "赵六"]
    only_li = replace(SPEC, is_data=lambda raw: normalise(raw.values["name"]) == "李四")
    assert bring(world.jiangnan, *rows, spec=only_li) == {"created": 0, "updated": 0, "skipped": 1, "refused": []}


def test_all_or_nothing(app, world):
    def broken(session, good, context):
        apply(session, good, context)
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError):
        bring(world.jiangnan, GOOD, spec=replace(SPEC, apply=broken))
    assert stored() == []
    bad = (2, "李四", "", "志愿者")
    assert bring(world.jiangnan, GOOD, bad, strict=True)["created"] == 0 and bring(world.jiangnan, GOOD, bad, dry_run=True)["created"] == 1
    assert stored() == [] and audit.verify_instance(app).ok


def test_a_formula_is_refused_with_its_cell(app_sqlite, world):
    report = bring(world.jiangnan, GOOD, (2, '="李"&"四"', "x", "公务员"), (3, "王五", "科员", "公务员"))
    assert [(row["row"], row["code"]) for row in report["refused"]] == [(4, "formula")] and "姓名 B4" in report["refused"][0]["message"]
    assert report["created"] == 2


def test_chinese_headings_are_known_whatever_language_is_spoken(app_sqlite, world):
    with force_locale("en"):
        assert bring(world.jiangnan, GOOD, dry_run=True)["created"] == 1
        template = openpyxl.load_workbook(importing.template_workbook(SPEC)).active
        headings = [cell.value for cell in template[1]]
    assert "Name" in headings
    data = files.xlsx([headings, GOOD])
    assert run_import(SPEC, data, "x.xlsx", world.jiangnan, None)[0]["created"] == 1


def test_a_town_imports_for_itself(app, world):
    bring(world.jiangnan, GOOD)
    assert bring(world.gelan, GOOD)["created"] == 1
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 2


def test_refused_rows_come_back_until_they_are_mended(app_sqlite, world):
    lossy = 500115198001010000.0
    data = table(GOOD, (2, "李四", lossy, "志愿者"), (3, "=1+1", "科员", "公务员"))
    _report, checked = run_import(SPEC, data, "x.xlsx", world.jiangnan, None)
    rows = [{"row": result.row, "message": result.message, "cells": result.cells} for result in checked.refused()]
    first = importing.refused_workbook(checked.header.titles, rows).read()
    sheet = openpyxl.load_workbook(io.BytesIO(first)).active
    assert [cell.value for cell in sheet[1]] == [*["序号", "姓 名", "职务", "用工性质"], "原表行号", "拒绝原因"]
    assert sheet["C2"].data_type == "n" and sheet["A2"].value == "2" and (sheet["E2"].value, sheet["F2"].value) == ("4", "用工性质不对")
    _again, checked = run_import(SPEC, first, "refused.xlsx", world.jiangnan, None)
    second = importing.refused_workbook(checked.header.titles, [{"row": r.row, "message": r.message, "cells": r.cells} for r in checked.refused()])
    assert [cell.value for cell in openpyxl.load_workbook(second).active[1]].count("拒绝原因") == 1
    book = openpyxl.load_workbook(io.BytesIO(first))
    book.active["D2"] = "公务员"
    stream = io.BytesIO()
    book.save(stream)
    assert run_import(SPEC, stream.getvalue(), "mended.xlsx", world.jiangnan, None)[0]["created"] == 1


def test_what_came_out_can_come_in(app, world, login):
    bring(world.jiangnan, GOOD, (2, "'=李四", "'+科员", "公务员"))
    assert stored() == ["=李四", "张三"]
    exported = login("jn_head").get("/people?export=xlsx", buffered=True).data
    report = run_import(SPEC, exported, "people.xlsx", world.jiangnan, None)[0]
    assert report == {"created": 0, "updated": 0, "skipped": 2, "refused": []}


def test_two_at_once_on_postgresql_write_each_row_once(app_postgresql, world):
    org, data, gate, found = world.jiangnan.id, table(*[(n, f"人{n:03d}", "x", "公务员") for n in range(200)]), threading.Barrier(3), []

    def slow(rows, context):
        results = check(rows, context)
        time.sleep(0.3)
        return results

    def work():
        with app_postgresql.app_context(), use_actor(NOBODY), use_scope(EVERYTHING):
            town = db.session.get(Organisation, org)
            gate.wait()
            found.append(run_import(replace(SPEC, check=slow), data, "x.xlsx", town, None)[0])
            db.session.remove()

    threads = [threading.Thread(target=work) for _n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((report["created"], report["skipped"]) for report in found) == [(0, 200), (0, 200), (200, 0)]


def test_a_row_that_somebody_wrote_meanwhile_is_a_conflict_in_words(app, world):
    def clash(session, good, context):
        apply(session, [good[0]], context)
        apply_again = session.scalars(sa.select(Person)).unique().first()
        insert_rows(session, Person, [{"id": apply_again.id, "uid": "x", "org_id": context.org_id, "name": "x", "employment_type": "公务员"}])

    with pytest.raises(Conflict):
        bring(world.jiangnan, GOOD, spec=replace(SPEC, apply=clash))
    assert stored() == []


# -- pages --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def clerk(app, monkeypatch, world, login):
    plugins = app.extensions["portal"].plugins
    real = plugins.collect_for
    monkeypatch.setattr(plugins, "collect_for", lambda org, hook, **more: [SPEC] if hook == "portal_importers" else real(org, hook, **more))
    return login("jn_head")


def upload(client, data, name="名册.xlsx"):
    token = csrf_of(client.get(ADDRESS).get_data(as_text=True))
    return client.post(ADDRESS, data={"csrf_token": token, "file": (io.BytesIO(data), name)}, content_type="multipart/form-data")


def fields(html):
    form = re.search(r'<form method="post" class="d-flex.*?</form>', html, re.DOTALL)[0]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def test_look_confirm_report(clerk, world):
    with unit_of_work("test.person") as session:
        session.add(Person(org_id=world.jiangnan.id, name="李四", position="科员", employment_type="公务员"))
    answer = upload(clerk, table(GOOD, (2, "李四", "科长", "公务员"), (3, "王五", "", "志愿者")))
    assert answer.status_code == 303 and stored() == ["李四"]
    page = clerk.get(answer.headers["Location"]).get_data(as_text=True)
    assert 'data-label="姓名"' in page and 'data-label="职务"' in page and "身份号码" not in page
    assert re.search(r"职务\s*<span[^>]*>科员</span>.*?科长", page, re.DOTALL) and "确认写入 2 行" in page
    done = clerk.post(answer.headers["Location"], data=fields(page))
    assert done.status_code == 303 and done.headers["Location"].endswith("/report") and stored() == ["张三", "李四"]
    again = clerk.post(answer.headers["Location"], data=fields(page), follow_redirects=True)
    assert again.status_code == 200 and "导入结果" in again.get_data(as_text=True) and stored() == ["张三", "李四"]
    assert db.session.scalars(sa.select(ImportRun)).one().content is not None
    refused = clerk.get(answer.headers["Location"] + "/refused.xlsx", buffered=True)
    assert openpyxl.load_workbook(io.BytesIO(refused.data)).active["F2"].value == "用工性质不对"


def test_the_bytes_go_with_the_last_need_for_them(clerk):
    answer = upload(clerk, table(GOOD))
    clerk.post(answer.headers["Location"], data=fields(clerk.get(answer.headers["Location"]).get_data(as_text=True)))
    db.session.rollback()
    assert db.session.scalars(sa.select(ImportRun)).one().content is None
    upload(clerk, table(GOOD, (2, "李四", "", "志愿者")))
    with unit_of_work("test.old") as session:
        session.scalars(sa.select(ImportRun).where(ImportRun.content.is_not(None))).one().created_at = utcnow() - dt.timedelta(hours=25)
    upload(clerk, table(GOOD))
    db.session.rollback()
    assert [run.content is not None for run in db.session.scalars(sa.select(ImportRun).order_by(ImportRun.id))] == [False, False, True]
    told = [json.loads(after) for after in db.session.scalars(sa.select(Event.after).where(Event.record_type == "records.import_run")) if after]
    assert told and all(event.get("content") in (SECRET, None) for event in told)


def test_what_changed_since_it_was_looked_at_is_shown_again(clerk, world):
    answer = upload(clerk, table(GOOD, (2, "李四", "科长", "公务员")))
    seen = fields(clerk.get(answer.headers["Location"]).get_data(as_text=True))
    with unit_of_work("test.person") as session:
        session.add(Person(org_id=world.jiangnan.id, name="李四", position="科员", employment_type="公务员"))
    late = clerk.post(answer.headers["Location"], data=seen)
    page = late.get_data(as_text=True)
    assert late.status_code == 409 and "刚刚有变动" in page and stored() == ["李四"]
    assert clerk.post(answer.headers["Location"], data=fields(page)).status_code == 303 and stored() == ["张三", "李四"]


def test_strict_on_the_page_writes_nothing_and_keeps_the_choice(clerk):
    answer = upload(clerk, table(GOOD, (2, "李四", "", "志愿者")))
    seen = fields(clerk.get(answer.headers["Location"]).get_data(as_text=True))
    strict = clerk.post(answer.headers["Location"], data=seen | {"strict": "1"})
    page = strict.get_data(as_text=True)
    assert strict.status_code == 422 and "没有写入任何一行" in page and 'name="strict" value="1" checked' in page
    assert stored() == []


def test_pages_of_a_hundred_and_nonsense_in_the_address(clerk):
    address = upload(clerk, table(*[(n, f"人{n:03d}", "x", "公务员") for n in range(250)])).headers["Location"]
    page = clerk.get(address + "?page=3&status=create").get_data(as_text=True)
    assert "人249" in page and "人199" not in page and "下一页" not in page and "共 250 行" in page
    for nonsense in ("?page=x", "?page=-5", "?page=99999999999999999999", "?status=x", "?status=%27&page=0"):
        assert "共 250 行" in clerk.get(address + nonsense).get_data(as_text=True)
    assert "没有这一类的行" in clerk.get(address + "?status=refuse").get_data(as_text=True)
    for number in (0, 2**31, 2**63, 10**30):
        assert clerk.get(f"{ADDRESS}/{number}").status_code == 404 and clerk.get(f"{ADDRESS}/{number}/report").status_code == 404
        assert clerk.get(f"{ADDRESS}/{number}/refused.xlsx").status_code == 404


def test_bad_files_are_answered_at_the_field(clerk):
    for data, name, words in (
        (b"hello", "x.xlsx", "这不是 Excel"),
        (files.xlsx([["甲", "乙"], ["a", "b"]]), "x.xlsx", "姓名、用工性质"),
        (files.xlsx([["姓名", "职务"], ["a", "b"]], "表二"), "x.xlsx", "工作表“表二”第 1 行的表头缺少：用工性质"),
        (table(), "x.xlsx", "没有数据"),
        (files.ole([("EncryptedPackage", bytes(5000))]), "x.xlsx", "打开密码"),
        (files.with_parts(table(GOOD), [("xl/a.bin", bytes(6_000_000))]), "x.xlsx", "展开后过大"),
    ):
        answer = upload(clerk, data, name)
        assert answer.status_code == 422 and words in answer.get_data(as_text=True) and 'id="file-error" role="alert"' in answer.get_data(as_text=True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ImportRun)) == 0


def test_an_odd_file_name_is_data(clerk):
    location = upload(clerk, table(GOOD), "<b>“名\u202e册”'" + "长" * 300 + ".xlsx").headers["Location"]
    page = clerk.get(location).get_data(as_text=True)
    assert "<b>“" not in page and len(db.session.scalars(sa.select(ImportRun.filename)).one()) <= 200


def test_a_file_sent_twice_says_so(clerk):
    location = upload(clerk, table(GOOD)).headers["Location"]
    clerk.post(location, data=fields(clerk.get(location).get_data(as_text=True)))
    data = clerk.get(f"{ADDRESS}/template.xlsx", buffered=True).data
    assert [cell.value for cell in openpyxl.load_workbook(io.BytesIO(data)).active[1]] == ["序号", "姓名", "职务", "用工性质"]
    twice = table(GOOD)
    first = upload(clerk, twice).headers["Location"]
    clerk.post(first, data=fields(clerk.get(first).get_data(as_text=True)))
    assert "导入过" in clerk.get(upload(clerk, twice).headers["Location"]).get_data(as_text=True)


def test_who_may_not_and_other_towns(clerk, login):
    location = upload(clerk, table(GOOD)).headers["Location"]
    assert login("gl_head").get(location).status_code == 404
    assert login("sup").get(ADDRESS).status_code in (403, 422) and login("sysadmin").get(ADDRESS).status_code in (403, 404)
    assert login("jn_head").get(location).status_code == 200
    assert clerk.get("/import/no-such").status_code == 404


def test_without_the_plugin_there_is_no_import(app_sqlite, world):
    with pytest.raises(Exception, match="no-such"):
        importing.spec_of("no-such", world.jiangnan.id)
    assert importing.spec_of("certificates", world.jiangnan.id).name == "certificates"
    plugins = app_sqlite.extensions["portal"].plugins
    with unit_of_work("test.off") as session:
        plugins.switch(session, "certificates", world.jiangnan.id, False)
    with pytest.raises(Exception, match="certificates"):
        importing.spec_of("certificates", world.jiangnan.id)


def test_the_whole_file_is_refused_with_sheet_and_row(app_sqlite, world):
    with pytest.raises(WorkbookError) as caught:
        run_import(SPEC, files.xlsx([["x"], ["姓名", "职务"]], "表二"), "x.xlsx", world.jiangnan, None)
    assert (caught.value.code, caught.value.sheet, caught.value.row) == ("missing_header", "表二", 2)


def test_the_command_line_imports_for_towns_only(app_sqlite, world, tmp_path):
    environment = {**os.environ, "PORTAL_INSTANCE": str(app_sqlite.extensions["portal"].settings.instance)}
    file = tmp_path / "roster.csv"
    file.write_text("姓名,身份证号,用工性质,执法证号,有效期至\n王芳,500115199003079527,公务员,5001150100991,2029-01-01\n", encoding="utf-8")
    db.session.rollback()

    def bring_for(place):
        command = [sys.executable, "-m", "portal", "import", "certificates", str(file), "--town", place, "--today", "2026-11-24", "--json"]
        return subprocess.run(command, capture_output=True, text=True, env=environment)

    for place, words in (("区公安局", "no town"), ("500115", "no town"), ("火星镇", "火星镇")):
        answer = bring_for(place)
        assert answer.returncode == 2 and words in answer.stderr and answer.stdout == "", place
    for place, status in (("500115003", "created"), ("江南街道", "skipped")):
        answer = bring_for(place)
        assert answer.returncode == 0 and json.loads(answer.stdout)[status] == 1, answer.stderr
