"""Nobody reads another's opinion before it was closed and their own was given: every way fails and leaves an event."""

import pytest
import sqlalchemy as sa

from plugins.consultations.models import Draft, Opinion, Seat
from portal.database import db
from portal.inbox.models import Notice
from tests.plugins.consultations.helpers import SECRET, account, change, events, every, fetch, opinion, pdf, seat_of, upload, words_of

WAYS = {
    "page": ("/consultations/{key}/opinions", {}),
    "fragment": ("/consultations/{key}/opinions", {"headers": {"HX-Request": "true"}}),
    "export": ("/consultations/{key}/opinions.xlsx", {}),
    "file": ("/consultations/{key}/opinions/files/{file}", {}),
    "search": ("/search?q=" + SECRET, {}),
    "paper": ("/consultations/{key}/paper", {}),
}


@pytest.fixture
def sealed(play):
    """ex1 gave an opinion with a file; ex2 has declared and still owes one."""
    key = play.collecting("ex1", "ex2", "ga_liaison")
    play.declare(key, "ex2")
    seat = play.declare(key, "ex1")
    data = {**opinion(who="ex1"), "files": upload(pdf(SECRET), "签名.pdf")}
    answer = play.send("ex1", f"/consultations/seats/{seat}/opinion", data, content_type="multipart/form-data")
    assert answer.status_code == 303, words_of(answer)
    from portal.records.attachments import Attachment

    return key, fetch(Attachment, record_type="consultations.answer").id


@pytest.mark.parametrize(("who", "way"), [*(("ex2", way) for way in WAYS), *((who, way) for who in ("sup", "jn_officer") for way in WAYS)])
def test_every_way_fails_and_leaves_an_event(play, sealed, who, way):
    key, file = sealed
    address, more = WAYS[way]
    answer = play[who].get(address.format(key=key, file=file), **more)
    text = answer.get_data(as_text=True)
    assert answer.status_code == (200 if way == "search" else 404)
    assert "ex10" not in text and b"%PDF" not in answer.data
    tried = events("consultations.kept_from", actor=who)
    assert [event.after for event in tried] == [f'{{"way":"{way}"}}'] and tried[0].result == "denied" and tried[0].record_id == key


def test_the_search_finds_no_opinion_for_anybody(play, sealed):
    for who in ("sup", "jn_officer", "ex1", "ex2"):
        assert "没有找到" in play.text(who, "/search?q=" + SECRET), who


def test_the_list_of_looks_does_not_tell_that_a_search_met_hidden_words(play, sealed):
    key, _file = sealed
    for who in ("jn_officer", "sup"):
        before = play.text(who, f"/consultations/{key}").count("拒绝查看他人意见")
        play.text(who, "/search?q=" + SECRET)
        assert len(events("consultations.kept_from", actor=who)) == 1
        assert play.text(who, f"/consultations/{key}").count("拒绝查看他人意见") == before == 0


def test_the_core_knows_no_address_of_such_a_file(play, sealed):
    key, file = sealed
    for who in ("ex1", "ex2", "sup", "jn_officer"):
        assert play[who].get(f"/attachments/{file}").status_code == 404
    own = play["ex1"].get(f"/consultations/{key}/opinions/files/{file}")
    assert own.status_code == 200 and own.data.startswith(b"%PDF")


def test_pages_notices_and_lengths_tell_nothing(play, sealed):
    key, _file = sealed
    for who in ("ex2", "sup", "jn_officer", "jn_leader"):
        page = play.text(who, f"/consultations/{key}")
        assert SECRET not in page and "opinion-" not in page
    seen_by_ex2 = play.text("ex2", f"/consultations/{key}")
    assert "已提交意见" not in seen_by_ex2
    assert not [notice for notice in every(Notice) if SECRET in notice.title + notice.body]
    assert SECRET not in play.text("sup", "/consultations?export=csv") and "字" not in play.text("sup", f"/consultations/{key}/panel").split("何明远")[1][:400]


def test_the_database_session_itself_finds_no_other_opinion(app, play, sealed):
    from portal.context import Actor, use_actor
    from portal.tenancy import NOTHING, use_scope

    key, _file = sealed
    one, two = account("ex1"), account("ex2")
    district = one.grants[0].org_id
    for who, expected in ((one, 1), (two, 0)):
        with use_actor(Actor(who.id, who.name, "expert", district)), use_scope(NOTHING):
            assert len(db.session.scalars(sa.select(Opinion)).all()) == expected
            assert db.session.scalar(sa.select(sa.func.count()).select_from(Opinion)) == expected
            joined = sa.select(Opinion.answers).join(Seat, Seat.id == Opinion.seat_id).where(Seat.consultation_id == key)
            assert len(db.session.execute(joined).all()) == expected
            assert db.session.scalar(sa.select(sa.func.sum(sa.func.length(Opinion.remark)))) in ((0,) if expected else (None,))


def test_after_closing_all_are_shown_to_all_who_gave_theirs(play, sealed):
    key, file = sealed
    play.give(key, "ex2", "disagree")
    play.give(key, "ga_liaison", "agree")
    assert "ex10" not in play.text("ex2", f"/consultations/{key}")
    play.done("sup", key, "close")
    for who in ("ex1", "ex2", "ga_liaison", "sup", "jn_officer", "jn_leader"):
        page = play.text(who, f"/consultations/{key}")
        assert f"{SECRET}ex10" in page and f"{SECRET}ex20" in page and f"{SECRET}ga_liaison0" in page, who
    assert play["ex2"].get(f"/consultations/{key}/opinions/files/{file}").data.startswith(b"%PDF")
    assert play["jn_officer"].get(f"/consultations/{key}/opinions.csv").status_code == 200
    assert play["ex2"].get(f"/consultations/{key}/opinions.csv").status_code == 404


def test_a_late_member_writes_without_seeing_the_others_and_is_marked(play, time_machine):
    key = play.collecting("ex1", "ex2", "ex3", "ga_liaison", "gl_legal")
    for who in ("ex1", "ex2", "ga_liaison", "gl_legal"):
        play.give(key, who)
    play.declare(key, "ex3")
    early = play.step("sup", key, "close", reason="不等了")
    assert early.status_code == 422 and "汪立新 尚未提交意见" in early.get_data(as_text=True)
    time_machine.move_to("2026-12-02T02:00:00Z")
    play._clients.clear()
    assert play.step("sup", key, "close").status_code == 422
    play.done("sup", key, "close", reason="多次催促未果")
    page = play.text("ex3", f"/consultations/{key}")
    assert SECRET not in page and play["ex3"].get(f"/consultations/{key}/opinions").status_code == 404
    play.give(key, "ex3", "disagree")
    assert fetch(Seat, id=seat_of(key, "ex3")).late
    assert f"{SECRET}ex10" in play.text("ex3", f"/consultations/{key}") and "逾期提交" in play.text("sup", f"/consultations/{key}/opinions")


def test_a_draft_is_sealed_and_the_writers_alone(play):
    key = play.collecting()
    seat = play.declare(key, "ex1")
    half = {"answers-0-conclusion": "agree", "answers-0-reasons": SECRET, "keep": "1"}
    assert play.send("ex1", f"/consultations/seats/{seat}/opinion", half).status_code == 303
    kept = fetch(Draft, seat_id=seat)
    assert SECRET.encode() not in kept.content
    assert SECRET in play.text("ex1", f"/consultations/seats/{seat}/opinion")
    for who in ("ex2", "sup", "jn_officer"):
        assert play[who].get(f"/consultations/seats/{seat}/opinion").status_code in (403, 404)
    for path in (f"/consultations/seats/{seat}", f"/consultations/seats/{seat}/opinion", f"/consultations/seats/{seat}/meeting.ics"):
        assert play["ex3"].get(path).status_code == 404
    tried = events("consultations.kept_from", actor="ex3")
    assert [event.after for event in tried] == ['{"way":"seat"}'] * 3 and {event.record_id for event in tried} == {key}
    answer = play.send("ex1", f"/consultations/seats/{seat}/draft", {**half, "answers-1-reasons": "第二题"}, headers={"HX-Request": "true"})
    assert answer.status_code == 200 and "草稿已保存" in answer.get_data(as_text=True)
    play.give(key, "ex1")
    assert not every(Draft)


def test_an_opinion_is_given_once_whole_and_by_nobody_twice(play):
    key = play.collecting()
    seat = play.declare(key, "ex1")
    missing = {name: text for name, text in opinion().items() if name != "answers-1-basis"}
    answer = play.send("ex1", f"/consultations/seats/{seat}/opinion", missing)
    assert answer.status_code == 422 and "第 2 个争议焦点的法律依据" in answer.get_data(as_text=True) and SECRET in answer.get_data(as_text=True)
    none = play.send("ex1", f"/consultations/seats/{seat}/opinion", {})
    assert none.status_code == 422 and "第 1 个争议焦点的结论" in none.get_data(as_text=True)
    play.give(key, "ex1")
    again = play.send("ex1", f"/consultations/seats/{seat}/opinion", opinion("disagree"))
    assert again.status_code == 303 and len(every(Opinion)) == 1
    forged = play.step("ex1", seat, "submit", "seat")
    assert forged.status_code == 409 and len(every(Opinion)) == 1
    assert play.send("sup", f"/consultations/{key}/panel/choose", {"key": "E1"}).status_code == 422


@pytest.mark.parametrize("junk", ["agree\0", "x" * 50, "同意"])
def test_a_conclusion_that_is_none_is_refused_in_words(play, junk):
    key = play.collecting()
    seat = play.declare(key, "ex1")
    answer = play.send("ex1", f"/consultations/seats/{seat}/opinion", {**opinion(), "answers-0-conclusion": junk})
    assert answer.status_code == (303 if junk == "agree\0" else 422)


def test_questions_back_are_read_by_the_whole_panel_and_name_nobody(play):
    key = play.collecting()
    for who in ("ex1", "ex2"):
        play.declare(key, who)
    assert play.send("ex1", f"/consultations/{key}/inquiries", {"text": "用地是否办理备案？"}).status_code == 303
    other = play.text("ex2", f"/consultations/{key}")
    inquiry = other.split("用地是否办理备案？")[1][:300]
    assert "会商组成员" in inquiry and "何明远" not in inquiry
    assert "我" in play.text("ex1", f"/consultations/{key}").split("用地是否办理备案？")[1][:300]
    from plugins.consultations.models import Inquiry

    number = fetch(Inquiry, consultation_id=key).id
    assert play.send("ex2", f"/consultations/{key}/inquiries/{number}", {"text": "我来答"}).status_code == 403
    assert play.send("jn_officer", f"/consultations/{key}/inquiries/{number}", {"text": "未备案。"}).status_code == 303
    assert play.send("jn_officer", f"/consultations/{key}/inquiries/{number}", {"text": "改口。"}).status_code == 409
    assert "未备案。" in play.text("ex2", f"/consultations/{key}") and "改口" not in play.text("ex2", f"/consultations/{key}")
    assert play.send("ga_liaison", f"/consultations/{key}/inquiries", {"text": "没声明也问"}).status_code == 404
    change(Seat, seat_of(key, "ex2"), state="submitted")
    assert play.send("ex2", f"/consultations/{key}/inquiries", {"text": "交了再问"}).status_code == 422
