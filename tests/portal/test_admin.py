"""The administrators' pages: modules, figures, calendar, health, the trail; and what an administrator does not see."""

import datetime as dt
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from portal import audit
from portal.calendar.service import current_calendar
from portal.clock import today as clock
from portal.database import db, utcnow
from portal.settings import get_setting, set_setting
from portal.work import unit_of_work
from tests.conftest import csrf_of
from tests.plugins.certificates.helpers import certificate

ROOT = Path(__file__).resolve().parents[2]


def actions(session=None):
    db.session.rollback()
    return db.session.scalars(sa.text("SELECT action FROM audit_event ORDER BY at, seq")).all()


def test_a_module_is_switched_for_one_town_and_the_act_is_in_the_trail(app, world, login, post):
    admin = login("sysadmin")
    page = admin.get("/admin/plugins").get_data(as_text=True)
    assert "江南街道" in page and "行政执法证件" in page
    address = f"/admin/plugins/certificates/{world.gelan.id}"
    assert post(admin, address, {"on": "0"}, page="/admin/plugins").status_code == 303
    manager = app.extensions["portal"].plugins
    manager.forget()
    assert not manager.enabled("certificates", world.gelan.id) and manager.enabled("certificates", world.jiangnan.id)
    assert "plugins.switched" in actions()
    assert post(admin, "/admin/plugins/nothing/1", {"on": "1"}, page="/admin/plugins").status_code == 404
    assert post(login("jn_head"), address, {"on": "1"}).status_code == 403


def test_a_module_is_switched_for_all_towns_at_once(app, world, login, post):
    admin, manager = login("sysadmin"), app.extensions["portal"].plugins
    for on in ("0", "1"):
        assert post(admin, "/admin/plugins/complaints", {"on": on}, page="/admin/plugins").status_code == 303
        manager.forget()
        assert {manager.enabled("complaints", town.id) for town in (world.jiangnan, world.gelan)} == {on == "1"}
    assert post(admin, "/admin/plugins/complaints", {"on": "x"}, page="/admin/plugins").status_code == 422
    assert post(admin, "/admin/plugins/nothing", {"on": "1"}, page="/admin/plugins").status_code == 404
    assert post(login("jn_head"), "/admin/plugins/complaints", {"on": "0"}).status_code == 403


def test_a_figure_holds_from_a_day_on_and_a_town_may_have_its_own(app, world, login, post, today):
    admin = login("sysadmin")
    page = "/admin/settings/certificates.recovery_days"
    wrong = post(admin, page, {"org_id": "0", "value": "0", "valid_from": "2026-12-01"}, page=page)
    assert wrong.status_code == 422 and "1 至 60" in wrong.get_data(as_text=True) and 'value="0"' in wrong.get_data(as_text=True)
    assert post(admin, page, {"org_id": "0", "value": "8", "valid_from": "2026-12-01"}, page=page).status_code == 303
    assert post(admin, page, {"org_id": str(world.gelan.id), "value": "9", "valid_from": "2026-12-01"}, page=page).status_code == 303
    db.session.rollback()
    december = dt.date(2026, 12, 1)
    key = "certificates.recovery_days"
    assert (get_setting(key, world.gelan.id, today), get_setting(key, world.gelan.id, december), get_setting(key, world.jiangnan.id, december)) == (5, 9, 8)
    assert admin.get("/admin/settings/unknown").status_code == 404
    with pytest.raises(KeyError), unit_of_work("test") as session:
        set_setting(session, "certificates.unknown", None, 1, today)


def test_a_calendar_is_loaded_by_form_and_by_file(app, login, post):
    admin = login("sysadmin")
    page = "/admin/calendar"
    data = {"year": "2027", "source": "国办发明电〔2026〕9号", "off": "2027-02-05..2027-02-12\n2027-13-01", "working": "2027-02-20"}
    wrong = post(admin, page, data, page=page)
    text = wrong.get_data(as_text=True)
    assert wrong.status_code == 422 and "第 2 行" in text and "2027-02-05..2027-02-12" in text and "国办发明电" in text
    token = csrf_of(admin.get(page).get_data(as_text=True))
    file = (io.BytesIO("2027-01-01,休\n2027-02-21,班\n".encode()), "2027.csv")
    good = {**data, "off": "2027-02-05..2027-02-12", "csrf_token": token, "file": file}
    assert admin.post(page, data=good, content_type="multipart/form-data").status_code == 303
    db.session.rollback()
    known = current_calendar()
    assert 2027 in known.years
    assert not known.is_working_day(dt.date(2027, 1, 1)) and not known.is_working_day(dt.date(2027, 2, 8))
    assert known.is_working_day(dt.date(2027, 2, 20)) and known.is_working_day(dt.date(2027, 2, 21))
    assert "暂定" not in admin.get("/admin/calendar?year=2027").get_data(as_text=True).partition("载入一年")[0].partition("nav-pills")[2].partition("</ul>")[2]
    bad = {**data, "off": "", "csrf_token": csrf_of(admin.get(page).get_data(as_text=True)), "file": (io.BytesIO(b"2027-01-01;x"), "x.csv")}
    refused = admin.post(page, data=bad, content_type="multipart/form-data")
    assert refused.status_code == 422 and "第 1 行" in refused.get_data(as_text=True)


def test_health_says_what_the_doctor_says(app_sqlite, login):
    page = login("sysadmin").get("/admin/health").get_data(as_text=True)
    assert "数据库版本" in page and "最新" in page


def test_the_auditor_searches_by_person_record_action_time(app, world, login, today):
    key = certificate(world.jiangnan, "AUDIT0001", today)
    auditor = login("auditor")
    found = auditor.get(f"/audit?record=certificates.certificate:{key}").get_data(as_text=True)
    assert f"certificates.certificate:{key}" in found
    elsewhere = f"town={world.gelan.id}&action=test.certificate"
    for query in ("person=不存在的人", "action=nothing.here", "record=certificates.certificate:99999", "from=2020-01-01&to=2020-02-01", elsewhere):
        assert "没有符合条件的记录" in auditor.get(f"/audit?{query}").get_data(as_text=True), query
    for query in ("from=x&to=y", "town=abc", "after=zzz", "record=:", "result=%00x", "person=%25"):
        assert auditor.get(f"/audit?{query}").status_code in (200, 404)
    assert "audit.searched" in actions()
    row = re.search(r'href="(/audit/\d+/\d+)"', found)[1]
    event = auditor.get(row).get_data(as_text=True)
    assert "散列值" in event and "AUDIT0001" in event
    assert auditor.get("/audit/99/99").status_code == 404


def test_the_trail_is_searched_in_the_words_of_the_pages_too(app, world, login, today):
    key = certificate(world.jiangnan, "AUDIT0002", today)
    auditor = login("auditor")
    found = auditor.get("/audit?action=登录").get_data(as_text=True)
    assert "auth.login</div>" in found and f"certificates.certificate:{key}" not in found
    found = auditor.get(f"/audit?record=执法证件:{key}").get_data(as_text=True)
    assert f'执法证件 {key}<div class="small text-body-secondary">certificates.certificate:{key}</div>' in found
    assert "auth.login" not in found
    assert "没有符合条件的记录" in auditor.get("/audit?action=没有这样的操作").get_data(as_text=True)


def test_the_trail_pages_by_key_without_a_gap(app, world, login, today):
    for n in range(60):
        certificate(world.jiangnan, f"PAGES{n:04d}", today)
    auditor = login("auditor")
    seen, path = [], "/audit?action=test.certificate"
    while path:
        page = auditor.get(path).get_data(as_text=True)
        seen += re.findall(r'href="(/audit/\d+/\d+)"', page)
        following = re.search(r'href="(/audit\?[^"]*after=[^"]+)"', page)
        path = following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == len(set(seen)) == 120


def test_the_trail_is_verified_and_exported_and_the_export_checks_alone(app, world, login, post, tmp_path):
    auditor = login("auditor")
    assert "记录完整" in post(auditor, "/audit/verify", page="/audit").get_data(as_text=True)
    answer = post(auditor, "/audit/export", page="/audit")
    file = tmp_path / "trail.jsonl"
    file.write_bytes(answer.get_data())
    script = [sys.executable, "-I", str(ROOT / "docs" / "verify_audit.py"), str(file)]
    assert subprocess.run(script, capture_output=True, check=False).returncode == 0
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines[:5], lines[5].replace("test", "tezt", 1), *lines[6:]]), encoding="utf-8")
    broken = subprocess.run(script, capture_output=True, text=True, check=False)
    assert broken.returncode == 1 and json.loads(lines[0])["format"] == "portal-audit-1"
    assert {"audit.verified", "audit.exported"} <= set(actions())
    assert post(login("sysadmin"), "/audit/export").status_code == 403


def test_the_three_administrators_see_no_business_data(app_sqlite, world, login, today):
    certificate(world.jiangnan, "HIDDEN001", today, name="独孤求败")
    for username in ("sysadmin", "secadmin", "auditor"):
        client = login(username)
        for path in ("/", "/search?q=独孤", "/search?q=HIDDEN001", "/inbox"):
            assert "求败" not in client.get(path).get_data(as_text=True), (username, path)
        assert client.get("/certificates/1").status_code == 403 and client.get("/people/1").status_code == 403


def test_the_calendar_of_the_next_year_is_asked_for_until_it_is_loaded(app, login, post, monkeypatch):
    from portal.inbox import service

    monkeypatch.setattr(service, "today", lambda: dt.date(2026, 10, 31))
    admin = login("sysadmin")
    asked = "载入 2027 年工作日历"
    assert asked not in admin.get("/").get_data(as_text=True)
    monkeypatch.setattr(service, "today", lambda: dt.date(2026, 11, 1))
    assert asked in admin.get("/").get_data(as_text=True)
    assert asked not in login("jn_clerk").get("/").get_data(as_text=True)
    post(admin, "/admin/calendar", {"year": "2027", "source": "国办发明电〔2026〕9号", "off": "2027-01-01\n2027-02-08..2027-02-12", "working": "2027-02-20"})
    assert asked not in admin.get("/").get_data(as_text=True)


def test_the_health_page_speaks_the_reader_s_language(app_sqlite, login):
    for name in ("audit-heads.jsonl", "audit-verified.json"):
        (Path(app_sqlite.instance_path) / name).touch(0o600)
        (Path(app_sqlite.instance_path) / name).chmod(0o600)
    audit.verify_instance(app_sqlite)
    text = login("sysadmin").get("/admin/health").get_data(as_text=True).partition("<tbody>")[2].partition("</tbody>")[0]
    cells = [re.sub("<[^>]+>", "", cell).strip() for cell in re.findall(r'data-label="情况">(.*?)</td>', text, re.DOTALL)]
    assert len(cells) >= 12
    names = set(app_sqlite.extensions["portal"].plugins.names()) | {"sqlite"}
    left = {cell for cell in cells if re.search("[A-Za-z]{3,}", cell) and not set(cell.split(", ")) <= names}
    assert left == set(), left


def test_each_administrator_sees_what_is_theirs_to_look_after(app_sqlite, world, login):
    from portal.auth.operations import grant_role

    audit.verify_instance(app_sqlite)
    with unit_of_work("test.grant") as session:
        grant_role(session, world.account("jn_other"), "office_head", world.jiangnan, valid_to=clock() + dt.timedelta(days=10))
        session.merge(world.account("gl_clerk")).last_login_at = utcnow() - dt.timedelta(days=100)
    system, security, auditor, clerk = (login(name).get("/").get_data(as_text=True) for name in ("sysadmin", "secadmin", "auditor", "jn_clerk"))
    assert "项检查需处理" in system and "上次校验" not in system
    assert "角色 30 天内到期" in security and "90 天未登录" in security and "项检查需处理" not in security
    assert "上次校验" in auditor and "完整" in auditor
    assert not any(word in clerk for word in ("项检查需处理", "90 天未登录", "上次校验"))
    admin = login("secadmin")
    ending, unused = (admin.get(f"/admin/accounts?show={show}").get_data(as_text=True).partition("<tbody>")[2] for show in ("ending", "unused"))
    assert "jn_other" in ending and "gl_clerk" not in ending
    assert "gl_clerk" in unused and "jn_other" not in unused
