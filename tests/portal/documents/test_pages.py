"""The pages on which a town replaces the template of a paper: who may, what is refused, what is used from which day on."""

import datetime as dt
import io
import re

import pytest
import sqlalchemy as sa
from docx import Document as read_docx

from portal import documents
from portal.audit.models import Event
from portal.database import db
from portal.documents import papers, store
from portal.documents.store import DocumentTemplate, KeptDocument
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.conftest import csrf_of
from tests.plugins.complaints.helpers import TODAY, change, matter
from tests.portal.documents.test_templates import word_file

PAPER = "complaints.accept"
ADDRESS = f"/settings/papers/{PAPER}"


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def send(client, data, name="模板.docx", key=PAPER, note=""):
    token = csrf_of(client.get(f"/settings/papers/{key}").get_data(as_text=True))
    form = {"csrf_token": token, "file": (io.BytesIO(data), name), "note": note}
    return client.post(f"/settings/papers/{key}/versions", data=form, content_type="multipart/form-data")


def own(client, text="本单位样式：{{ matter_number }} {{ title }}"):
    """Bring a template along; returns the address of its preview."""
    answer = send(client, word_file(text))
    assert answer.status_code == 303, answer.get_data(as_text=True)[-3000:]
    return answer.headers["Location"]


def use(post, client, preview, day="2026-11-24"):
    return post(client, f"{preview}/use", {"valid_from": day}, page=preview)


def letter(client, key):
    answer = client.get(f"/complaints/{key}/papers/accept.docx")
    return "\n".join(paragraph.text for paragraph in read_docx(io.BytesIO(answer.data)).paragraphs)


def accepted(world):
    key = matter(world.jiangnan)
    change(key, state="accepted", first_done_on=TODAY)
    return key


def test_a_town_replaces_a_template_looks_at_it_uses_it_and_goes_back(app, world, login, post):
    key, head = accepted(world), login("jn_head")
    assert "受理告知书" in head.get("/settings/papers").get_data(as_text=True)
    preview = own(head)
    page = head.get(preview).get_data(as_text=True)
    assert "本单位样式：江南投〔2026〕17号 夜市烧烤占道经营，油烟扰民" in page and "启用这一版" in page
    assert "现予受理" in letter(head, key), "not in use before it is taken into use"
    assert use(post, head, preview).status_code == 303
    assert letter(head, key).startswith("本单位样式：江南投〔2026〕1号") and "现予受理" not in letter(head, key)
    assert head.get(f"/complaints/{key}/papers/accept.pdf").data.startswith(b"%PDF-")
    assert "PDF 用标准版式" in head.get(f"/complaints/{key}/papers").get_data(as_text=True)
    assert post(head, f"/complaints/{key}/papers/accept/keep").status_code == 303
    assert post(head, f"{ADDRESS}/standard", page=ADDRESS).status_code == 303
    assert "现予受理" in letter(head, key)
    with use_scope(EVERYTHING):
        db.session.rollback()
        rows = db.session.scalars(sa.select(DocumentTemplate).order_by(DocumentTemplate.version)).all()
        kept = db.session.scalars(sa.select(KeptDocument)).one()
        actions = set(db.session.scalars(sa.select(Event.action)))
    assert [(row.version, row.kind, row.valid_from) for row in rows] == [(1, "own", TODAY), (2, "standard", TODAY)]
    assert kept.template_id == rows[0].id and kept.standard_version == ""
    assert {"documents.template_uploaded", "documents.template_taken", "documents.template_standard", "documents.kept", "documents.sent"} <= actions
    history = head.get(ADDRESS).get_data(as_text=True)
    assert "第 1 版" in history and "曾用" in history and "模板.docx" in history
    assert use(post, head, preview).status_code == 303, "an old version comes back as a new one"
    assert letter(head, key).startswith("本单位样式")
    with use_scope(EVERYTHING):
        db.session.rollback()
        assert sorted(db.session.scalars(sa.select(DocumentTemplate.version))) == [1, 2, 3]


def test_a_version_is_used_from_its_day_on_and_not_before(app_sqlite, world, login, post, time_machine):
    key, head = accepted(world), login("jn_head")
    preview = own(head)
    for wrong in ("2026-11-23", "2028-01-01", "2026-02-30", ""):
        assert use(post, head, preview, wrong).status_code == 422, wrong
    assert use(post, head, preview, "2026-12-01").status_code == 303
    assert "现予受理" in letter(head, key) and "2026-12-01 起启用" in head.get(ADDRESS).get_data(as_text=True)
    time_machine.move_to(dt.datetime(2026, 12, 1, 2, 0, tzinfo=dt.UTC))
    assert letter(login("jn_head"), key).startswith("本单位样式")


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.docx", "空的"),
        (b"MZ\x90\x00", "a.docx", "只接受"),
        (b"PK\x03\x04broken", "a.docx", "不是"),
        (word_file("{{ nobody }}"), "a.docx", "没有名为“nobody”的占位符"),
        (word_file("{{ 7*7 }}"), "a.docx", "不支持的写法"),
        (word_file("{{ title"), "a.docx", "写法有误"),
        (word_file("好"), "a.docm", "只接受"),
        (word_file("好"), "a.exe", "只接受"),
    ],
)
def test_what_is_no_template_is_refused_in_words_with_an_event(app_sqlite, login, data, name, words):
    head = login("jn_head")
    answer = send(head, data, name, note="换新样式")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in page and "换新样式" in page
    with use_scope(EVERYTHING):
        db.session.rollback()
        assert db.session.scalars(sa.select(DocumentTemplate)).all() == []
        assert db.session.scalars(sa.select(Event.result).where(Event.action == "documents.template_refused")).all() == ["refused"]


def test_no_file_and_too_long_a_note_are_said(app_sqlite, login):
    head = login("jn_head")
    token = csrf_of(head.get(ADDRESS).get_data(as_text=True))
    none = head.post(f"{ADDRESS}/versions", data={"csrf_token": token, "note": ""})
    assert none.status_code == 422 and "请选择文件" in none.get_data(as_text=True)
    long = send(head, word_file("好"), note="长" * 201)
    assert long.status_code == 422 and "最多 200 个字" in long.get_data(as_text=True)


@pytest.mark.parametrize("username", ["jn_clerk", "jn_officer", "jn_leader", "jn_intake", "sup", "sysadmin", "auditor", "ga_liaison"])
def test_others_do_not_find_the_pages(app_sqlite, login, post, username):
    client = login(username)
    assert "文书模板" not in client.get("/", follow_redirects=True).get_data(as_text=True)
    for address in ("/settings/papers", ADDRESS, f"{ADDRESS}/standard.docx", f"{ADDRESS}/versions/1", f"{ADDRESS}/versions/1/template.docx"):
        assert client.get(address).status_code == 404, address
    assert post(client, f"{ADDRESS}/standard").status_code == 404 == post(client, f"{ADDRESS}/versions/1/use", {"valid_from": "2026-11-24"}).status_code


def test_another_town_sees_and_changes_nothing_of_it(app, world, login, post):
    head = login("jn_head")
    preview = own(head)
    use(post, head, preview)
    other = login("gl_head")
    before = re.sub(r'value="[^"]+"|content="[^"]+"|nonce="[^"]+"', "", other.get(ADDRESS).get_data(as_text=True))
    assert "模板.docx" not in before and "标准版式" in before
    for address in (preview, f"{preview}/template.docx", f"{preview}/sample.docx"):
        assert other.get(address).status_code == 404
    assert post(other, f"{preview}/use", {"valid_from": "2026-11-24"}).status_code == 404
    assert post(other, f"{ADDRESS}/standard", page=ADDRESS).status_code == 303
    with use_scope(EVERYTHING):
        db.session.rollback()
        assert store.in_force(db.session(), world.jiangnan.id, PAPER, TODAY) is not None
        assert store.in_force(db.session(), world.gelan.id, PAPER, TODAY) is None


def test_files_of_a_version_are_downloads_with_an_event(app_sqlite, login):
    head = login("jn_head")
    preview = own(head)
    for what in ("template", "sample"):
        answer = head.get(f"{preview}/{what}.docx")
        assert answer.status_code == 200 and answer.headers["Content-Disposition"].startswith("attachment") and answer.data[:2] == b"PK"
    assert head.get(f"{preview}/other.docx").status_code == 404
    assert head.get(f"{ADDRESS}/versions/{2**40}").status_code == 404 == head.get("/settings/papers/nothing").status_code
    standard = head.get(f"{ADDRESS}/standard.docx")
    assert "{{ matter_number }}" in "".join(paragraph.text for paragraph in read_docx(io.BytesIO(standard.data)).paragraphs)
    assert head.get(f"{ADDRESS}/standard.pdf").data.startswith(b"%PDF-")
    with use_scope(EVERYTHING):
        db.session.rollback()
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Event).where(Event.action == "documents.sent")) == 4


def test_every_standard_template_can_be_brought_back_as_it_is(app_sqlite, world, login):
    whose = {"meetings": login("meet")}
    head = login("jn_head")
    for paper in papers.all_papers(world.jiangnan.id):
        client = whose.get(paper.key.partition(".")[0], head)
        standard = client.get(f"/settings/papers/{paper.key}/standard.docx").data
        assert send(client, standard, key=paper.key).status_code == 303, paper.key


def test_papers_come_by_the_hook_portal_papers_of_the_plugins_that_are_on(app_sqlite, world):
    town = world.jiangnan.id
    keys = {paper.key for paper in papers.all_papers(town)}
    assert PAPER in keys and all("." in key for key in keys)
    with use_scope(EVERYTHING), unit_of_work("test.switch") as session:
        app_sqlite.extensions["portal"].plugins.switch(session, "complaints", town, False)
    assert PAPER not in {paper.key for paper in papers.all_papers(town)}


def test_nothing_is_drawn_inside_a_unit_of_work(app_sqlite):
    sample = documents.Document("题", "plain")
    with pytest.raises(RuntimeError, match="unit of work"), unit_of_work("test.draw"):
        documents.to_pdf(sample)
    with pytest.raises(RuntimeError, match="unit of work"), unit_of_work("test.draw"):
        documents.to_docx(sample)


def test_a_file_name_is_data(app_sqlite, login):
    with app_sqlite.test_request_context():
        for name in ('答"复\r\nX: y/..\\书', "长" * 300, "", "...", "a<b>|c"):
            answer = documents.download(b"x", "pdf", name)
            header = answer.headers["Content-Disposition"]
            assert "\n" not in header and header.startswith("attachment") and "/" not in header.replace("UTF-8''", "") and len(header) < 1500
            assert header.rstrip('"').endswith(".pdf")
