"""A file is open to its handlers, the convener and the members who declared; everybody else finds nothing, by any way."""

import re

import pytest
import sqlalchemy as sa

from plugins.consultations.models import Access, Consultation, Seat
from portal.audit.models import Event
from portal.database import db
from portal.inbox.models import Notice
from portal.records.attachments import Attachment
from tests.plugins.consultations.helpers import FACTS, REQUEST, account, events, every, fetch, pdf, seat_of, upload

OUTSIDERS = ("jn_other", "jn_head", "jn_legal", "gl_officer", "gl_legal", "ga_liaison", "ex5")
TITLE = REQUEST["title"]


def bare(play, who, path):
    page = play[who].get(path)
    return page.status_code, re.sub(r"csrf[^>]*>|form_key[^>]*>|[0-9a-f]{12,}|\d\d:\d\d", "", page.get_data(as_text=True))


def with_file(play, **more):
    key = play.draft(evidence=False, **more)
    data = {"name": "现场照片", "proves": "位置", "files": upload(pdf(), "现场.pdf")}
    assert play.send("jn_officer", f"/consultations/{key}/evidence", data, content_type="multipart/form-data").status_code == 303
    return key


@pytest.mark.parametrize("who", OUTSIDERS)
def test_whoever_is_not_on_it_finds_no_trace(play, who):
    paths = ("/", "/consultations", "/consultations?q=养殖", "/search?q=养殖用房", "/search?q=江南商", "/inbox", "/consultations/library")
    paths = paths if who != "ex5" else ("/", "/consultations", "/search?q=养殖用房", "/inbox", "/consultations/seats")
    before = {path: bare(play, who, path) for path in paths}
    key = with_file(play)
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    play.done("jn_leader", key, "approve")
    play.done("sup", key, "accept", form="written")
    play.choose(key, "ex1", "ex2", "ex3")
    play.done("sup", key, "invite", opinion_due="2026-12-01")
    assert {path: bare(play, who, path) for path in paths} == before
    file = fetch(Consultation, id=key).evidence[0]["file"]
    for path in (
        f"/consultations/{key}", f"/consultations/{key}/opinions", f"/consultations/{key}/paper", f"/consultations/{key}/file.pdf", f"/consultations/{key}/file.docx",
        f"/consultations/{key}/files/{file}", f"/attachments/{file}", f"/consultations/{key}/meeting.ics", f"/consultations/seats/{seat_of(key, 'ex1')}",
        f"/consultations/{key}/edit", f"/do/consultations.consultation/{key}/withdraw", f"/do/consultations.seat/{seat_of(key, 'ex1')}/promise",
    ):  # fmt: skip
        answer = play[who].get(path)
        assert answer.status_code in (403, 404), path
        assert "养殖" not in answer.get_data(as_text=True) and b"%PDF" not in answer.data, path
    assert not every(Notice, account_id=account(who).id)
    tried = events("consultations.kept_from", actor=who)
    assert {'{"way":"page"}', '{"way":"file"}', '{"way":"ics"}'} <= {event.after for event in tried} and all(event.result == "denied" for event in tried)


def test_what_is_not_there_and_what_is_not_ours_answer_alike(play):
    key = play.draft()
    theirs, nothing = play["gl_officer"].get(f"/consultations/{key}"), play["gl_officer"].get(f"/consultations/{key + 999}")
    assert theirs.status_code == nothing.status_code == 404
    clean = [re.sub(r"[0-9a-f]{12,}|csrf[^>]*>|/consultations/\d+", "", page.get_data(as_text=True)) for page in (theirs, nothing)]
    assert clean[0] == clean[1]


def test_a_draft_is_the_towns_and_even_the_convener_does_not_see_it(play):
    key = play.draft()
    assert play["sup"].get(f"/consultations/{key}").status_code == 404 and TITLE not in play.text("sup", "/consultations")
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    assert play["sup"].get(f"/consultations/{key}").status_code == 404
    play.done("jn_leader", key, "approve")
    assert TITLE in play.text("sup", f"/consultations/{key}")


def test_a_member_sees_first_nothing_then_names_then_the_file(play):
    key = play.collecting("ex1", "ex2", "ga_liaison")
    seat = seat_of(key, "ex1")
    invited = play.text("ex1", f"/consultations/seats/{seat}")
    assert "江南商〔2026〕1号" in invited and "保密承诺" in invited
    for hidden in (TITLE, "渔业", "江南街道", "王大勇", FACTS):
        assert hidden not in invited
    assert play["ex1"].get(f"/consultations/{key}").status_code == 404
    assert play.step("ex1", seat, "declare", "seat", declared="y").status_code == 409
    play.done("ex1", seat, "promise", "seat", promised="y")
    promised = play.text("ex1", f"/consultations/seats/{seat}")
    assert "长寿湖渔业公司" in promised and "江南街道" in promised and FACTS not in promised
    assert play["ex1"].get(f"/consultations/{key}").status_code == 404
    play.done("ex1", seat, "declare", "seat", declared="y")
    opened = play.text("ex1", f"/consultations/{key}")
    assert TITLE in opened and "养殖用房，负责人王大勇" in opened
    assert [row.name for row in every(Access, consultation_id=key, part="panel")] == ["何明远"]


def test_a_promise_and_a_declaration_are_ticked_by_the_member_alone(play):
    key = play.collecting()
    seat = seat_of(key, "ex1")
    assert play.step("ex1", seat, "promise", "seat").status_code == 422
    assert play.step("ex2", seat, "promise", "seat", promised="y").status_code == 404
    assert play.step("sup", seat, "promise", "seat", promised="y").status_code == 403
    assert fetch(Seat, id=seat).state == "invited"


def test_an_expert_sees_nothing_else_of_the_portal(play):
    key = play.collecting()
    play.declare(key, "ex1")
    page = play.text("ex1", "/")
    nav = re.findall(r'<a\b[^>]*href="(/[^"]*)"', page[page.index('id="sidebar"') : page.index("<main")])
    assert nav == ["/", "/consultations/seats"]
    for path in ("/people", "/complaints", "/certificates", "/consultations/library", "/consultations/experts", "/consultations/statistics",
                 f"/consultations/{key}/panel", "/consultations/new", "/organisations", "/audit", "/admin/plugins"):  # fmt: skip
        assert play["ex1"].get(path).status_code in (403, 404), path


def test_every_look_and_every_download_is_an_event_of_the_towns_chain(play, world):
    key = with_file(play)
    file = fetch(Consultation, id=key).evidence[0]["file"]
    play.text("jn_officer", f"/consultations/{key}")
    assert play["jn_officer"].get(f"/consultations/{key}/files/{file}").data.startswith(b"%PDF")
    found = events("consultations.viewed", "consultations.downloaded")
    assert {event.action for event in found} == {"consultations.viewed", "consultations.downloaded"}
    assert {event.chain_id for event in found} == {world.jiangnan.id} and {event.record_id for event in found} == {key}


def test_the_names_of_files_stand_on_the_page_and_not_in_the_trail(play):
    key = with_file(play)
    file = fetch(Consultation, id=key).evidence[0]["file"]
    got = play["jn_officer"].get(f"/consultations/{key}/files/{file}")
    assert "现场.pdf" in play.text("jn_officer", f"/consultations/{key}")
    assert "%E7%8E%B0%E5%9C%BA.pdf" in got.headers["Content-Disposition"]
    written = db.session.scalars(sa.select(Event)).all()
    assert not [event.action for event in written if "现场" in f"{event.before}{event.after}"]


def test_nothing_of_the_file_stands_in_the_trail(play):
    key = play.issued()
    assert fetch(Consultation, id=key).state == "issued"
    written = db.session.scalars(sa.select(Event).where(Event.record_type.like("consultations.%"))).all()
    text = "".join(f"{event.before}{event.after}" for event in written)
    assert len(written) > 30
    for hidden in ("养殖", "王大勇", "渔业", "设施农业", "只有我知道", "由街道立案"):
        assert hidden not in text


def test_files_of_members_carry_name_and_time_and_the_towns_do_not(play):
    key = with_file(play)
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    play.done("jn_leader", key, "approve")
    play.done("sup", key, "accept", form="written")
    play.choose(key, "ex1", "ex2", "ex3")
    play.done("sup", key, "invite", opinion_due="2026-12-01")
    play.declare(key, "ex1")
    file = fetch(Consultation, id=key).evidence[0]["file"]
    original = play["jn_officer"].get(f"/consultations/{key}/files/{file}").data
    marked = play["ex1"].get(f"/consultations/{key}/files/{file}").data
    assert marked.startswith(b"%PDF") and marked != original
    picture = play["ex1"].get("/consultations/watermark.svg")
    assert picture.mimetype == "image/svg+xml" and "何明远 长寿 2026-11-24" in picture.get_data(as_text=True)
    assert "watermark.svg" in play.text("ex1", f"/consultations/{key}") and "watermark.svg" not in play.text("jn_officer", f"/consultations/{key}")
    assert play["ex1"].get(f"/consultations/{key}/file.docx").status_code == 404


def test_evidence_is_what_can_be_marked(play):
    key = play.draft(evidence=False)
    for content, name, words in (
        (b"PK\x03\x04x", "a.docx", "内容不是 docx"),
        (b"PK\x03\x04x", "a.zip", "只接受 pdf"),
        (b"%PDF-1.4 broken", "b.pdf", "无法读取"),
        (b"", "c.pdf", "空"),
    ):
        data = {"name": "材料", "proves": "", "files": upload(content, name)}
        answer = play.send("jn_officer", f"/consultations/{key}/evidence", data, content_type="multipart/form-data")
        assert answer.status_code == 422 and words in answer.get_data(as_text=True), name
    assert not every(Attachment) and fetch(Consultation, id=key).evidence == []


def test_handlers_are_named_one_by_one_and_may_be_taken_off(play):
    key = play.draft()
    assert play["jn_head"].get(f"/consultations/{key}").status_code == 404
    assert play.send("jn_officer", f"/consultations/{key}/handlers", {"account": str(account("jn_head").id)}).status_code == 303
    assert TITLE in play.text("jn_head", f"/consultations/{key}")
    assert play.send("jn_head", f"/consultations/{key}/handlers/remove", {"account": str(account("jn_officer").id)}).status_code == 303
    assert play["jn_officer"].get(f"/consultations/{key}").status_code == 404
    last = play.send("jn_head", f"/consultations/{key}/handlers/remove", {"account": str(account("jn_head").id)})
    assert last.status_code == 422 and "至少保留一名" in last.get_data(as_text=True)
    wrong = play.send("jn_head", f"/consultations/{key}/handlers", {"account": str(account("gl_head").id)})
    assert wrong.status_code == 422


def test_members_read_only_while_it_is_open(play):
    key = play.issued()
    assert TITLE in play.text("ex1", f"/consultations/{key}")
    play.done("jn_officer", key, "propose_answer", answer="partly", answer_reasons="部分采纳。")
    play.done("jn_leader", key, "confirm_answer")
    play.done("sup", key, "archive")
    assert play["ex1"].get(f"/consultations/{key}").status_code == 404
    own = play.text("ex1", f"/consultations/seats/{seat_of(key, 'ex1')}")
    assert "只有我知道的理由ex10" in own and TITLE not in own
    assert TITLE in play.text("jn_officer", f"/consultations/{key}")


def test_off_in_the_asking_town_it_is_closed_to_everybody(app, play, world):
    from portal.context import system_actor, use_actor
    from portal.work import unit_of_work

    key = play.collecting()
    play.declare(key, "ex1")
    with use_actor(system_actor("test")), unit_of_work("test.off") as session:
        app.extensions["portal"].plugins.switch(session, "consultations", world.jiangnan.id, False)
    for who in ("jn_officer", "ex1", "sup"):
        assert play[who].get(f"/consultations/{key}").status_code == 404, who
