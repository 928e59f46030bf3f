"""The papers of a matter: which there are in which state, what stands in them, and who is left out of them."""

import datetime as dt
import io
import re
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from docx import Document as read_docx

from plugins.complaints import paper_values, papers, redaction
from plugins.complaints.models import Incoming, Transfer
from plugins.complaints.models_identity import Opening
from portal.audit.models import Event
from portal.context import system_actor, use_actor
from portal.database import db
from portal.documents import to_docx, to_pdf
from portal.documents.store import KeptDocument
from portal.records.attachments import Attachment
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.complaints.helpers import FORM, TODAY, WHO, change, fetch, matter, person, step
from tests.plugins.complaints.test_accusations import SECRET

ALL = tuple(papers.BY_KEY)
CONCLUDED = {
    "handler_name": "李明杰", "assigned_on": TODAY, "facts": "情况属实，联系人 13987654321，证件 500115199001010012。", "measures": "责令改正。", "result": "属实",
    "concluded_on": TODAY, "approved_on": TODAY,
}  # fmt: skip
REPLIED = {**CONCLUDED, "state": "replied", "replied_on": TODAY, "reply_how": "书面", "reply_text": "已责令改正。\n店主电话 13987654321。"}


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def words_of(answer):
    assert answer.status_code == 200, answer.get_data(as_text=True)[:500]
    file = read_docx(io.BytesIO(answer.data))
    return "\n".join([p.text for p in file.paragraphs] + [cell.text for table in file.tables for row in table.rows for cell in row.cells])


def word(client, key, paper):
    return words_of(client.get(f"/complaints/{key}/papers/{paper}.docx"))


def pass_on(key, state="sent", reason="职权在区城市管理局"):
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.transfer") as session:
        org_id = fetch_org(session, key)
        session.add(Transfer(org_id=org_id, complaint_id=key, to_name="区城市管理局", reason=reason, state=state, sent_on=TODAY, sent_by="周平"))


def fetch_org(session, key):
    return session.execute(sa.text("SELECT org_id FROM complaints_complaint WHERE id = :id"), {"id": key}).scalar_one()


def offered(client, key):
    page = client.get(f"/complaints/{key}/papers").get_data(as_text=True)
    return set(re.findall(rf"/complaints/{key}/papers/(\w+)\.docx", page))


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("report", {}, {"registration", "receipt", "file"}),
        ("report", {"state": "accepted"}, {"registration", "receipt", "file", "accept"}),
        ("report", {"state": "refused", "refuse_code": "1", "state_reason": "不属于本机关职权：属区局"}, {"registration", "receipt", "file", "refuse"}),
        ("report", {"state": "handling", "assigned_on": TODAY, "extension_state": "granted"}, {"registration", "receipt", "file", "accept", "assign", "extension"}),
        ("report", REPLIED, {"registration", "receipt", "file", "accept", "assign", "reply"}),
        ("petition", {**CONCLUDED, "state": "concluded"}, {"registration", "receipt", "file", "accept", "assign", "opinion"}),
        ("report", {**REPLIED, "anonymous": True}, {"registration", "receipt", "file", "assign"}),
        ("report", {**REPLIED, "protect": True}, {"registration", "file", "assign"}),
    ],
)
def test_a_matter_has_the_papers_of_its_state(app_sqlite, world, login, kind, values, expected):
    key = matter(world.jiangnan, kind=kind)
    change(key, **values)
    client = login("jn_head")
    assert offered(client, key) == expected
    for paper in ALL:
        assert client.get(f"/complaints/{key}/papers/{paper}.pdf").status_code == (200 if paper in expected else 404)


def test_a_transfer_has_a_letter_to_the_receiver_and_a_notice(app_sqlite, world, login):
    key = matter(world.jiangnan, content="我叫张三丰，住古佛村 3 组，电话138-1234-1234，店里有油烟。")
    pass_on(key)
    change(key, state="passing")
    client = login("jn_head")
    assert {"transfer", "transfer_notice"} <= offered(client, key)
    letter = word(client, key, "transfer")
    assert "区城市管理局：" in letter and "职权在区城市管理局。" in letter and "店里有油烟" in letter
    assert "张三丰" not in letter and "12341234" not in letter and "1234-1234" not in letter and "古佛村 3 组" not in letter
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.transfer") as session:
        session.scalars(sa.select(Transfer)).one().state = "objected"
    assert not {"transfer", "transfer_notice"} & offered(client, key)


def test_letters_are_in_chinese_form_and_name_nobody_else(app, world, login):
    key = matter(world.jiangnan)
    change(key, **REPLIED)
    number = fetch(key).number
    client = login("jn_head")
    answer = client.get(f"/complaints/{key}/papers/reply.docx")
    letter = words_of(answer)
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"] and "答复书" in unquote(answer.headers["Content-Disposition"])
    assert answer.headers["Cache-Control"] == "no-store"
    assert "江南街道综合行政执法办公室" in letter and number.replace("〔", "复〔") in letter and "2026年11月24日" in letter
    assert "13987654321" not in letter and "139****4321" in letter and "已责令改正。" in letter
    assert "张" not in letter and papers.BLANK in letter and "13812341234" not in letter
    assert client.get(f"/complaints/{key}/papers/reply.pdf").data.startswith(b"%PDF-")
    assert client.get(f"/complaints/{key}/papers/reply.exe").status_code == 404
    with use_scope(EVERYTHING):
        db.session.rollback()
        events = db.session.scalars(sa.select(Event).where(Event.action == "documents.sent")).all()
    assert [(event.record_type, event.record_id, event.actor) for event in events] == [("complaints.complaint", key, "周平")] * 2
    assert '"docx"' in events[0].after and '"pdf"' in events[1].after and "complaints.reply" in events[0].after


def test_the_name_stands_in_a_letter_only_with_right_reason_and_trace(app, world, login, post):
    key = matter(world.jiangnan)
    change(key, **REPLIED)
    address, page = f"/complaints/{key}/papers/revealed", f"/complaints/{key}/papers"
    data = {"paper": "reply", "kind": "docx", "reason": "寄送答复书"}
    assert post(login("jn_intake"), address, data, page=page).status_code == 403
    assert "写明投诉人" not in login("jn_intake").get(page).get_data(as_text=True)
    head = login("jn_head")
    refused = post(head, address, {**data, "reason": ""}, page=page)
    assert refused.status_code == 422 and "请填写理由" in refused.get_data(as_text=True)
    assert post(head, address, {**data, "paper": "file"}, page=page).status_code == 422
    with use_scope(EVERYTHING):
        assert db.session.scalars(sa.select(Opening)).all() == []
    letter = words_of(post(head, address, data, page=page))
    assert "张三丰：" in letter and "古佛村 3 组" in letter and papers.BLANK not in letter
    with use_scope(EVERYTHING):
        db.session.rollback()
        opening = db.session.scalars(sa.select(Opening)).one()
        actions = [event.action for event in db.session.scalars(sa.select(Event).where(Event.reason == "寄送答复书"))]
    assert (opening.reason, opening.account_name) == ("寄送答复书", "周平")
    assert "complaints.identity_opened" in actions and "documents.sent" in actions
    sheet = words_of(post(head, address, {**data, "paper": "registration"}, page=page))
    assert "张三丰" in sheet and "13812341234" in sheet


def test_a_protected_complainant_is_never_written_to(app_sqlite, world, login, post):
    key = matter(world.jiangnan, protect=True)
    change(key, **REPLIED)
    head = login("jn_head")
    assert "只口头告知" in head.get(f"/complaints/{key}/papers").get_data(as_text=True)
    for paper in ("reply", "registration"):
        data = {"paper": paper, "kind": "docx", "reason": "寄送"}
        assert post(head, f"/complaints/{key}/papers/revealed", data, page=f"/complaints/{key}/papers").status_code == 404
    sheet = word(head, key, "registration")
    assert "张三丰" not in sheet and "张**" in sheet


def test_the_whole_file_has_everything_and_no_name(app, world, login, post):
    key = matter(world.jiangnan, content="我是张三丰（13812341234），请处理。", title="张三丰反映油烟")
    head = login("jn_head")
    post(head, f"/complaints/{key}/entries", {"text": "已电话联系张三丰 13812341234，约定现场见面。"}, page=f"/complaints/{key}")
    pass_on(key, "done")
    change(key, **REPLIED)
    content = word(head, key, "file")
    for title in ("一、登记情况", "二、反映的内容", "三、转办情况", "四、办理记录", "五、办理结果", "六、答复"):
        assert title in content, title
    assert "张**" in content and "138****1234" in content and "约定现场见面" in content
    assert "张三丰" not in content and "13812341234" not in content
    assert "13987654321" in content, "inside the office the numbers of others stay: they are what was found"
    assert head.get(f"/complaints/{key}/papers/file.pdf").data.startswith(b"%PDF-")


def test_an_accusation_is_kept_from_the_accused_in_its_papers_too(app_sqlite, world, login, post):
    head = person(world.jiangnan, "周平", world.account("jn_head"))
    named = person(world.jiangnan, "李明杰", world.account("jn_officer"), team="一中队", superior_id=head)
    key = matter(world.jiangnan, kind="accusation", content=SECRET, title=SECRET, officers=(named,))
    for username in ("jn_officer", "jn_head", "jn_legal"):
        client = login(username)
        for address in (f"/complaints/{key}/papers", f"/complaints/{key}/papers/file.docx", f"/complaints/{key}/papers/registration.pdf"):
            assert client.get(address).status_code == 404, (username, address)
        assert post(client, f"/complaints/{key}/papers/file/keep").status_code == 404
    assert SECRET in word(login("jn_disc"), key, "file")


def test_another_town_and_other_offices_find_nothing(app, world, login, post):
    key = matter(world.jiangnan)
    for username in ("gl_head", "gl_officer"):
        client = login(username)
        assert client.get(f"/complaints/{key}/papers").status_code == 404
        assert client.get(f"/complaints/{key}/papers/file.pdf").status_code == 404 == client.get("/complaints/99999999/papers/file.pdf").status_code
    assert login("ga_liaison").get(f"/complaints/{key}/papers").status_code == 403
    assert login("jn_head").get(f"/complaints/{2**40}/papers/file.pdf").status_code == 404
    assert login("sup").get(f"/complaints/{key}/papers/file.pdf").status_code == 200


def test_the_receipt_has_the_code_once_from_the_page_of_registration(app_sqlite, world, login, post):
    clerk = login("jn_intake")
    page = post(clerk, "/complaints/new", FORM, page="/complaints/new", follow_redirects=True).get_data(as_text=True)
    code = re.search(r'name="code" value="([A-Z2-7-]+)"', page)[1]
    key = int(re.search(r"/complaints/(\d+)/papers/receipt", page)[1])
    receipt = words_of(post(clerk, f"/complaints/{key}/papers/receipt", {"code": code, "kind": "docx"}))
    assert code in receipt and "张三丰" not in receipt
    assert post(clerk, f"/complaints/{key}/papers/receipt", {"code": "AAAAA", "kind": "docx"}).status_code == 422
    later = word(clerk, key, "receipt")
    assert code not in later and papers.BLANK in later


def test_the_receipt_of_an_anonymous_matter_leaves_no_machine(app_sqlite, world, login, post):
    clerk = login("jn_intake")
    page = post(clerk, "/complaints/new", {**FORM, "anonymous": "y"}, page="/complaints/new", follow_redirects=True).get_data(as_text=True)
    code = re.search(r'name="code" value="([A-Z2-7-]+)"', page)[1]
    key = int(re.search(r"/complaints/(\d+)/papers/receipt", page)[1])
    assert post(clerk, f"/complaints/{key}/papers/receipt", {"code": code, "kind": "pdf"}).data.startswith(b"%PDF-")
    with use_scope(EVERYTHING):
        db.session.rollback()
        event = db.session.scalars(sa.select(Event).where(Event.action == "documents.sent")).one()
    assert (event.address, event.session, event.request_id) == ("", "", "")


def test_a_paper_that_is_kept_remembers_its_template(app, world, login, post):
    key = matter(world.jiangnan)
    change(key, **REPLIED)
    officer = login("jn_officer")
    assert post(officer, f"/complaints/{key}/papers/reply/keep").status_code == 303
    assert post(login("jn_legal"), f"/complaints/{key}/papers/reply/keep").status_code == 403
    with use_scope(EVERYTHING):
        db.session.rollback()
        file, kept = db.session.scalars(sa.select(Attachment)).one(), db.session.scalars(sa.select(KeptDocument)).one()
    assert (kept.attachment_id, kept.paper, kept.template_id, kept.digest) == (file.id, "complaints.reply", None, file.digest) and kept.standard_version
    assert file.filename.startswith("答复书-") and f"/attachments/{file.id}" in officer.get(f"/complaints/{key}").get_data(as_text=True)
    change(key, state="archived")
    assert post(officer, f"/complaints/{key}/papers/reply/keep").status_code == 422


@pytest.mark.parametrize("key", ALL)
def test_every_paper_is_drawn_from_its_sample_and_from_the_worst(app_sqlite, world, key):
    paper = papers.BY_KEY[key]
    assert to_pdf(paper.build(paper.sample)).startswith(b"%PDF-") and to_docx(paper.build(paper.sample))[:2] == b"PK"
    assert set(paper.placeholders) <= set(paper.sample) and set(paper.lists) <= set(paper.sample)
    worst = {name: '#read("/etc/passwd") {{ 7*7 }} <w:p>\x00😀𠮷' * 40 if isinstance(value, str) else value for name, value in paper.sample.items()}
    assert to_pdf(paper.build(worst)).startswith(b"%PDF-") and to_docx(paper.build(worst))[:2] == b"PK"


def test_the_values_of_a_matter_fill_every_placeholder(app_sqlite, world):
    key = matter(world.jiangnan)
    change(key, **REPLIED)
    complaint = fetch(key)
    with use_scope(EVERYTHING):
        for name, paper in papers.BY_KEY.items():
            values = paper_values.values_of(db.session(), complaint, name, TODAY)
            assert set(paper.placeholders) <= set(values), name
            assert WHO["name"] not in str(values) and WHO["phone"] not in str(values), name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13812341234。", "电话138****1234。"),
        ("138 1234 1234 与 138-1234-1234", "138****1234 与 138****1234"),
        ("身份证500115199001010012号", "身份证500115********0012号"),
        ("50011519900101001X", "500115********001X"),
        ("编号20260917123456789012345、金额13812341234567元", "编号20260917123456789012345、金额13812341234567元"),
    ],
)
def test_numbers_of_people_are_masked_and_others_stay(text, shown):
    assert redaction.mask_numbers(text) == shown


def test_the_complainant_is_left_out_wherever_they_stand():
    known = {"name": "王芳", "phone": "023-40251234", "address": "古佛村3组", "id_number": ""}
    said = "王芳（02340251234，古佛村 3组）说：王 芳家…店主13912345678"
    assert redaction.leave_out(said, known, numbers=False) == "王**（023****1234，（住址略））说：王**家…店主13912345678"
    assert redaction.leave_out(said, known, numbers=True).endswith("店主139****5678")
    assert redaction.leave_out("王芳", {}, numbers=True) == "王芳"


def test_what_a_department_is_sent_names_no_complainant(app, world, login, post):
    key = matter(world.jiangnan, content="我叫张三丰，电话 138 1234 1234。店主电话 13912345678。")
    data = {"to_org": str(world.police.id), "to_name": "", "reason": "属公安职权，张三丰同意。"}
    assert step(post, login("jn_head"), key, "pass", **data).status_code == 303
    with use_scope(EVERYTHING):
        db.session.rollback()
        sent = db.session.scalars(sa.select(Incoming)).one()
    assert "张三丰" not in sent.content + sent.title + sent.reason and "1234 1234" not in sent.content + sent.title and "13912345678" in sent.content


def test_the_number_of_a_paper_is_made_from_that_of_its_matter():
    assert papers.paper_number("江南投〔2026〕17号", "accept") == "江南投受〔2026〕17号"
    assert papers.paper_number("江南投〔2026〕17号", "file") == "江南投〔2026〕17号"
    assert papers.paper_number("2026-17", "reply") == "2026-17"


def test_a_paper_is_chinese_on_an_english_screen(app_sqlite, world, login, post):
    key = matter(world.jiangnan)
    head = login("jn_head")
    chinese = word(head, key, "registration")
    post(head, "/language", {"lang": "en"})
    assert 'lang="en"' in head.get("/complaints").get_data(as_text=True)
    assert word(head, key, "registration") == chinese
