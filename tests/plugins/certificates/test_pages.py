"""The day's work through the pages: apply, review, issue, suspend, lose, recover, destroy, publish, import; town by town."""

import io
import re

import pytest
import sqlalchemy as sa

from plugins.certificates.models import Application, Certificate, Destruction
from plugins.certificates.workflow import APPLICATION, CERTIFICATE
from portal import audit
from portal.auth import roles
from portal.database import db
from portal.directory.models import Person
from portal.work import unit_of_work
from tests.conftest import csrf_of
from tests.plugins.certificates.helpers import SAMPLE, certificate, line, workbook


def person(org, name="赵敏", **values):
    with unit_of_work("test.person") as session:
        made = Person(org_id=org.id, name=name, employment_type=values.pop("employment_type", "公务员"), **values)
        session.add(made)
        session.flush()
        return made.id


def step(post, client, kind, key, action, **data):
    address = f"/do/certificates.{kind}/{key}/{action}"
    return post(client, address, data, page=address)


def one(model):
    db.session.rollback()
    return db.session.scalars(sa.select(model)).unique().one()


def test_from_application_to_certificate_to_renewal(app, world, login, post):
    clerk, head, sup = login("jn_clerk"), login("jn_head"), login("sup")
    who = person(world.jiangnan)
    form = f"/certificates/applications/new/{who}"
    opened = post(clerk, form, {"kind": "new", "predecessor_id": "0", "category": "综合执法"}, page=form)
    assert opened.status_code == 303, opened.get_data(as_text=True)
    key = one(Application).id
    assert one(Application).number == f"江南证申〔{one(Application).created_on.year}〕1号"
    refused = step(post, clerk, "application", key, "submit")
    assert refused.status_code == 422 and "未通过综合法律知识考试" in refused.get_data(as_text=True)
    edit = f"/certificates/applications/{key}/edit"
    exams = {"kind": "new", "predecessor_id": "0", "category": "综合执法", "general_passed_on": "2026-05-01", "professional_passed_on": "2026-05-01"}
    assert post(clerk, edit, exams, page=edit).status_code == 303
    assert step(post, clerk, "application", key, "submit").status_code == 303
    assert step(post, head, "application", key, "issue").status_code in (403, 419)
    assert step(post, head, "application", key, "approve_unit").status_code == 303
    issue = {"number": " ｊｎ2026001 ", "issuer": "区司法局", "issued_on": "2026-11-20", "valid_until": "2031-11-19"}
    bad = step(post, sup, "application", key, "issue", **{**issue, "number": "x"})
    assert bad.status_code == 422 and "格式不符" in bad.get_data(as_text=True) and "2031-11-19" in bad.get_data(as_text=True)
    assert step(post, sup, "application", key, "issue", **issue).status_code == 303
    found = one(Certificate)
    assert (found.number, found.state, found.holder_name, found.authority) == ("JN2026001", "active", "赵敏", "江南街道")
    again = post(clerk, form, {"kind": "new", "predecessor_id": "0", "category": "综合执法"}, page=form)
    assert again.status_code == 422 and "已持有有效证件" in again.get_data(as_text=True)
    renewal = {**exams, "kind": "renew", "predecessor_id": str(found.id)}
    assert post(clerk, form, renewal, page=form).status_code == 303
    second = db.session.scalars(sa.select(Application).where(Application.kind == "renew")).unique().one().id
    step(post, clerk, "application", second, "submit")
    step(post, head, "application", second, "approve_unit")
    assert step(post, sup, "application", second, "issue", **{**issue, "number": "JN2026002"}).status_code == 303
    db.session.rollback()
    before = db.session.get(Certificate, found.id)
    assert (before.state, before.clearing) == ("cancelled", "due") and "JN2026002" in before.state_reason
    used = step(post, sup, "application", second, "issue", **issue)
    assert used.status_code == 409
    assert audit.verify_instance(app).ok


def test_whoever_submits_does_not_review(app_sqlite, world, login, post):
    from portal.auth.operations import grant_role

    with unit_of_work("test.grant") as session:
        grant_role(session, session.merge(world.account("jn_clerk")), "office_head", world.jiangnan)
    clerk = login("jn_clerk")
    who = person(world.jiangnan)
    form = f"/certificates/applications/new/{who}"
    data = {"kind": "new", "predecessor_id": "0", "category": "综合执法", "general_passed_on": "2026-05-01", "professional_passed_on": "2026-05-01"}
    post(clerk, form, data, page=form)
    key = one(Application).id
    step(post, clerk, "application", key, "submit")
    head = next(grant.id for grant in world.account("jn_clerk").grants if grant.role == "office_head")
    post(clerk, "/account/switch", {"grant_id": head})
    answer = step(post, clerk, "application", key, "approve_unit")
    assert answer.status_code == 422 and "不能是同一人" in answer.get_data(as_text=True)


@pytest.mark.parametrize("kind", ["合同工", "临时工", "工勤", "借用", "试用期"])
def test_forbidden_employment_is_refused_with_the_rule(app_sqlite, world, login, post, kind):
    clerk = login("jn_clerk")
    who = person(world.jiangnan, employment_type=kind)
    form = f"/certificates/applications/new/{who}"
    exams = {"kind": "new", "predecessor_id": "0", "category": "x", "general_passed_on": "2026-05-01", "professional_passed_on": "2026-05-01"}
    post(clerk, form, exams, page=form)
    answer = step(post, clerk, "application", one(Application).id, "submit")
    assert answer.status_code == 422 and kind in answer.get_data(as_text=True) and "实施意见" in answer.get_data(as_text=True)


def test_suspend_restore_lose_recover_destroy(app, world, login, post, today):
    clerk, head = login("jn_clerk"), login("jn_head")
    keys = [certificate(world.jiangnan, f"LIFE{n:05d}", today.replace(year=2029)) for n in range(3)]
    empty = step(post, head, "certificate", keys[0], "suspend", reason=" ")
    assert empty.status_code == 422
    assert step(post, head, "certificate", keys[0], "suspend", reason="纪律审查").status_code == 303
    assert step(post, head, "certificate", keys[0], "suspend", reason="再来一次").status_code == 409
    assert step(post, head, "certificate", keys[0], "restore", reason="审查结束").status_code == 303
    assert step(post, clerk, "certificate", keys[1], "lose", reason="外出遗失", public_notice="长寿日报 2026-11-20").status_code == 303
    assert step(post, head, "certificate", keys[2], "cancel", reason="考核不合格", ground="不符合条件").status_code == 303
    recover = {"handed_in_by": "赵敏", "received_by": "杨静", "cleared_on": "2999-01-01"}
    assert step(post, clerk, "certificate", keys[2], "recover", **recover).status_code == 422
    assert step(post, clerk, "certificate", keys[2], "recover", **{**recover, "cleared_on": "2026-11-24"}).status_code == 303
    destroy = {"ids": [str(keys[2])], "destroyed_on": "2026-11-24", "first_witness": "周平", "second_witness": "周平"}
    same = post(clerk, "/certificates/destroy", destroy, page="/certificates/destroy")
    assert same.status_code == 422 and "不能是同一人" in same.get_data(as_text=True) and "checked" in same.get_data(as_text=True)
    done = post(clerk, "/certificates/destroy", {**destroy, "second_witness": "孙丽"}, page="/certificates/destroy")
    assert done.status_code == 303
    batch = one(Destruction)
    listed = clerk.get(f"/certificates/destroyed/{batch.id}").get_data(as_text=True)
    assert "LIFE00002" in listed and "周平" in listed and "孙丽" in listed and batch.number in listed
    db.session.rollback()
    assert db.session.get(Certificate, keys[2]).clearing == "destroyed"
    history = clerk.get(f"/certificates/{keys[0]}").get_data(as_text=True)
    assert "暂扣" in history and "纪律审查" in history


def test_a_stale_version_is_refused(app_sqlite, world, login, post, today):
    head = login("jn_head")
    key = certificate(world.jiangnan, "STALE0001", today.replace(year=2029))
    assert step(post, head, "certificate", key, "suspend", reason="一", version="1").status_code == 303
    assert step(post, head, "certificate", key, "restore", reason="二", version="1").status_code == 409


def test_two_towns_see_nothing_of_one_another(app, world, login, post, today):
    other = certificate(world.gelan, "SECRET001", today.replace(year=2029), name="独孤求败")
    clerk = login("jn_clerk")
    addresses = (
        "/", "/certificates", "/certificates?export=csv", "/certificates?export=xlsx", "/search?q=独孤", "/people", "/people?export=csv", "/inbox",
        "/certificates/public", "/certificates/public?format=csv", "/certificates/recovery", "/certificates/applications/new?q=独孤",
    )  # fmt: skip
    before = {path: len(clerk.get(path, buffered=True).data) for path in addresses}
    for path in addresses:
        text = clerk.get(path, buffered=True).get_data()
        assert b"SECRET001" not in text and "求败".encode() not in text, path
    holder = db.session.get(Certificate, other).person_id
    for path in (f"/certificates/{other}", f"/certificates/{other}/slip", f"/do/certificates.certificate/{other}/lose", f"/people/{holder}"):
        foreign, missing = clerk.get(path), clerk.get(path.replace(str(other), "987654"))
        assert foreign.status_code == 404 == missing.status_code, path
    certificate(world.gelan, "SECRET002", today, name="独孤求败")
    assert {path: len(clerk.get(path, buffered=True).data) for path in addresses if "xlsx" not in path} == {p: n for p, n in before.items() if "xlsx" not in p}
    supervisor = login("sup").get("/certificates").get_data(as_text=True)
    assert "SECRET001" in supervisor


def test_switched_off_leaves_no_trace_and_switched_on_all_is_back(app, world, login, post, today):
    key = certificate(world.jiangnan, "SWITCH001", today, name="司马相如")
    clerk, admin = login("jn_clerk"), login("sysadmin")
    own = ("", f"/{key}", "/recovery", "/applications")
    pages = (*(f"/certificates{path}" for path in own), "/import/certificates", f"/do/certificates.certificate/{key}/lose")
    assert all(clerk.get(path).status_code == 200 for path in pages)
    off = f"/admin/plugins/certificates/{world.jiangnan.id}"
    assert post(admin, off, {"on": "0"}, page="/admin/plugins").status_code == 303
    assert {clerk.get(path).status_code for path in pages} == {404}
    home = clerk.get("/").get_data(as_text=True)
    assert "执法证件" not in home and "SWITCH001" not in clerk.get("/search?q=司马").get_data(as_text=True)
    assert "SWITCH001" not in login("sup").get("/certificates").get_data(as_text=True)
    assert post(admin, off, {"on": "1"}, page="/admin/plugins").status_code == 303
    assert all(clerk.get(path).status_code == 200 for path in pages)
    assert "SWITCH001" in clerk.get("/search?q=司马").get_data(as_text=True)


def test_import_through_the_page(app, world, login, post):
    clerk = login("jn_clerk")
    page = "/import/certificates"

    def upload(data, name="名册.xlsx"):
        token = csrf_of(clerk.get(page).get_data(as_text=True))
        return clerk.post(page, data={"csrf_token": token, "file": (io.BytesIO(data), name)}, content_type="multipart/form-data")

    answer = upload(SAMPLE.read_bytes())
    assert answer.status_code == 303
    preview = clerk.get(answer.headers["Location"]).get_data(as_text=True)
    assert "确认写入 45 行" in preview and "校验位不符" in preview
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Certificate)) == 0
    done = post(clerk, answer.headers["Location"], page=answer.headers["Location"])
    report = clerk.get(done.headers["Location"]).get_data(as_text=True)
    assert re.search(r'value">45</span><span class="label">新增', report) and re.search(r'value">15</span><span class="label">拒绝', report)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Certificate)) == 45
    refused = clerk.get(answer.headers["Location"] + "/refused.xlsx", buffered=True)
    assert refused.status_code == 200 and refused.data[:2] == b"PK"
    assert "导入过" in clerk.get(upload(SAMPLE.read_bytes()).headers["Location"]).get_data(as_text=True)
    twice = post(clerk, answer.headers["Location"], page=page)
    assert twice.status_code in (302, 303)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Certificate)) == 45
    wrong = ((b"hello", "x.xlsx", "这不是 Excel"), (b"%PDF-1.4", "x.pdf", "这不是 Excel"), (b"", "x.xlsx", "没有数据"))
    for data, name, words in (*wrong, (workbook([], ["甲", "乙"]), "x.xlsx", "没有找到表头")):
        bad = upload(data, name)
        assert bad.status_code == 422 and words in bad.get_data(as_text=True)


def test_exports_are_defused_and_come_back_whole(app_sqlite, world, login):
    import csv

    evil = "=HYPERLINK(1)"
    from tests.plugins.certificates.helpers import TODAY, import_rows

    import_rows(world.jiangnan, [line(1, name="'" + evil)])
    answer = login("jn_clerk").get("/certificates?export=csv", buffered=True)
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows[1][1] == "'" + evil
    from portal.records.exporting import defuse, restore

    for text in ("=1", "+cmd", "-x", "@a", "\t=1", "＝1", "'=1", "'x", "+86 138 0000 0000", "-5", "普通", ""):
        assert restore(defuse(text)) == text or text.startswith("'x")
    assert defuse("+86 138 0000 0000") == "+86 138 0000 0000" and TODAY


def test_the_public_list_shows_four_things_of_valid_ones(app_sqlite, world, login, today):
    import csv

    certificate(world.jiangnan, "PUBLIC001", today.replace(year=2030), category="市容")
    certificate(world.jiangnan, "EXPIRED01", today.replace(year=2020))
    certificate(world.jiangnan, "SUSPEND01", today.replace(year=2030), state="suspended")
    answer = login("jn_clerk").get("/certificates/public?format=csv", buffered=True)
    rows = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert rows == [["姓名", "执法证号", "执法机关", "执法类别"], ["赵敏", "PUBLIC001", "江南街道", "市容"]]


def test_the_slip_has_a_code_with_number_name_unit_and_validity(app_sqlite, world, login, today):
    key = certificate(world.jiangnan, "SLIP00001", today.replace(year=2030))
    page = login("jn_clerk").get(f"/certificates/{key}/slip").get_data(as_text=True)
    assert "data:image/svg+xml;base64," in page and "SLIP00001" in page and "赵敏" in page and "江南街道" in page and f"{today.year + 4}" in page


def test_the_card_and_the_to_dos_count(app_sqlite, world, login, today):
    import datetime as dt

    from portal.clock import today as clock

    for days in (10, 40, 80):
        certificate(world.jiangnan, f"CARD{days:05d}", clock() + dt.timedelta(days=days))
    certificate(world.jiangnan, "CARDDUE01", clock(), state="cancelled", clearing="due", clearing_due=clock())
    page = login("jn_clerk").get("/").get_data(as_text=True)
    for label, number in (("30 天内到期", 1), ("60 天内到期", 2), ("90 天内到期", 3), ("待收回", 1)):
        assert re.search(rf'value">{number}</span><span class="label">{label}', page), label
    assert "张证件待收回" in page


def test_lists_page_by_key_and_ask_the_same_number_of_statements(app, world, login, today):
    import datetime as dt

    statements = []

    @sa.event.listens_for(db.engine, "before_cursor_execute")
    def count(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    client = login("jn_clerk")

    def asked(path):
        statements.clear()
        page = client.get(path).get_data(as_text=True)
        return len(statements), page

    for n in range(3):
        certificate(world.jiangnan, f"FEW{n:06d}", today + dt.timedelta(days=n))
    client.get("/certificates")
    few, _page = asked("/certificates")
    for n in range(117):
        certificate(world.jiangnan, f"MANY{n:05d}", today + dt.timedelta(days=n % 40))
    client.get("/certificates")
    many, page = asked("/certificates")
    assert many == few
    seen, path = [], "/certificates"
    while path:
        page = client.get(path).get_data(as_text=True)
        seen += re.findall(r">((?:FEW|MANY)\d+)</a>", page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = "/certificates" + following[1].replace("&amp;", "&") if following else ""
    assert len(seen) == 120 == len(set(seen)) and "共 120 条" in page
    sa.event.remove(db.engine, "before_cursor_execute", count)


def test_the_workflow_is_equal_to_the_matrix(app_sqlite):
    matrix = roles.matrix()
    for workflow in (CERTIFICATE, APPLICATION):
        codes = {state.code for state in workflow.states}
        for row in workflow.matrix():
            assert set(row["sources"]) <= codes and (row["target"] in codes or row["target"] is None)
            assert row["system"] or [role for role, held in matrix.items() if row["permission"] in held], row


def test_several_are_recovered_at_once_all_or_none(app, world, login, post, today):
    keys = [certificate(world.jiangnan, f"MANY{n:05d}", today, state="cancelled", clearing="due", clearing_due=today) for n in range(3)]
    clerk = login("jn_clerk")
    page = clerk.get("/certificates/recovery").get_data(as_text=True)
    assert page.count('name="ids"') == 3 and 'action="/certificates/recover"' in page
    address = "/certificates/recover?" + "&".join(f"ids={key}" for key in keys)
    late = post(clerk, "/certificates/recover", {"ids": keys, "received_by": "杨静", "cleared_on": "2999-01-01"}, page=address)
    assert late.status_code == 422 and "不能晚于今天" in late.get_data(as_text=True)
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Certificate.clearing))) == {"due"}
    done = post(clerk, "/certificates/recover", {"ids": keys, "received_by": "杨静", "cleared_on": "2026-11-24"}, page=address)
    assert done.status_code == 303
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Certificate.clearing))) == {"recovered"}
    assert clerk.get("/certificates/recover?ids=x").status_code == 422
    assert "ids" not in login("sup").get("/certificates/recovery").get_data(as_text=True).partition('id="list"')[2].partition("pager")[0]


def test_an_issued_certificate_is_linked_to_its_application(app, world, today):
    from portal.records.links import link, links_of, unlink

    key = certificate(world.jiangnan, "LINK00001", today)
    mine = ("certificates.certificate", key)
    with unit_of_work("test.link") as session:
        first = link(session, ("certificates.application", 7), mine, "issued", world.jiangnan.id)
        assert link(session, ("certificates.application", 7), mine, "issued", world.jiangnan.id) is first
    assert [(found.from_type, found.from_id) for found in links_of(db.session, mine)] == [("certificates.application", 7)]
    with unit_of_work("test.unlink") as session:
        unlink(session, links_of(session, mine)[0])
    assert links_of(db.session, mine) == []
