"""Similar requests before one panel: each question is answered, each town gets its own paper, neither learns of the other."""

import datetime as dt

import pytest

from plugins.consultations.models import Access, Consultation, Inquiry, LibraryEntry, Opinion, Paper, Seat
from portal.inbox.models import Notice
from portal.records.attachments import Attachment
from tests.plugins.consultations.helpers import REQUEST, SECRET, account, change, events, every, fetch, opinion, pdf, seat_of, upload, words_of

THEIRS = {
    "title": "葛兰砖厂占地案", "case_no": "葛兰罚〔2026〕3号", "facts": "石堰砖厂占用林地堆料。", "law": "《土地管理法》第四十四条", "own_view": "倾向责令退还。",
    "questions-0": "砖厂用地能否补办手续", "questions-1": "", "parties-0-name": "石堰砖厂", "parties-1-name": "",
}  # fmt: skip
PANEL = ("ex1", "ex2", "ga_liaison")


@pytest.fixture
def joined(play):
    """江南's request with two questions, and 葛兰's with one, joined to it before a panel was chosen."""
    main = play.accepted()
    key = play.draft("gl_officer", **THEIRS)
    change(Consultation, key, state="submitted", number="葛兰商〔2026〕1号", approver_id=account("gl_head").id)
    play.done("sup", key, "join", main=str(main))
    return main, key


def invited(play, main):
    play.choose(main, *PANEL)
    play.done("sup", main, "invite", opinion_due="2026-12-01")


def answers(who, conclusion="agree"):
    """Answers to the two questions of 江南 and the one of 葛兰."""
    found = opinion(conclusion, who) | {"remarks-0": f"江南件备注{who}", "remarks-1": f"葛兰件备注{who}"}
    return found | {"answers-2-conclusion": "suggest", "answers-2-reasons": f"砖厂理由{who}", "answers-2-basis": "《土地管理法》第四十四条"}


def closed(play, main):
    for who in PANEL:
        play.give(main, who, **answers(who))
    play.done("sup", main, "close")


def sign(play, key, advice):
    found = fetch(Paper, consultation_id=key)
    data = {"course": found.course, "advice": advice}
    for number, item in enumerate(found.findings):
        data |= {f"findings-{number}-majority": item["majority"], f"findings-{number}-dissent": item["dissent"]}
    assert play.send("sup", f"/consultations/{key}/paper", data).status_code == 303
    play.done("sup", key, "sign")


def test_only_what_was_accepted_and_has_no_panel_takes_another_in(play):
    main = play.accepted()
    key = play.draft("gl_officer", **THEIRS)
    change(Consultation, key, state="submitted", number="葛兰商〔2026〕1号", approver_id=account("gl_head").id)
    for wrong in ("", str(key), "99999", "x"):
        assert play.step("sup", key, "join", main=wrong).status_code == 422, wrong
    play.choose(main, "ex1")
    late = play.step("sup", key, "join", main=str(main))
    assert late.status_code == 422 and "请先移除拟定成员" in late.get_data(as_text=True)
    change(Consultation, main, questions=[f"问题{n}" for n in range(60)])
    play.send("sup", f"/consultations/{main}/panel/drop", {"seat": str(seat_of(main, "ex1"))})
    many = play.step("sup", key, "join", main=str(main))
    assert many.status_code == 422 and "共 61 个" in many.get_data(as_text=True)


def test_recusal_looks_at_both_towns_and_the_member_checks_the_names_of_both(play, joined):
    main, key = joined
    barred = play.send("sup", f"/consultations/{main}/panel/choose", {"key": f"A{account('gl_legal').id}-{account('gl_legal').grants[0].org_id}"})
    assert barred.status_code == 422 and "同单位" in barred.get_data(as_text=True)
    assert play["sup"].get(f"/consultations/{key}/panel").headers["Location"].endswith(f"/consultations/{main}/panel")
    invited(play, main)
    seat = seat_of(main, "ex1")
    play.done("ex1", seat, "promise", "seat", promised="y")
    named = play.text("ex1", f"/consultations/seats/{seat}")
    assert "葛兰镇" in named and "石堰砖厂" in named and "长寿湖渔业公司" in named
    assert play["ex1"].get(f"/consultations/{key}").status_code == 404
    play.done("ex1", seat, "declare", "seat", declared="y")
    assert "葛兰砖厂占地案" in play.text("ex1", f"/consultations/{key}") and REQUEST["title"] in play.text("ex1", f"/consultations/{main}")


def test_the_questions_of_both_are_answered_and_each_town_reads_the_answers_to_its_own(play, joined):
    main, key = joined
    invited(play, main)
    assert fetch(Consultation, id=key).state == "collecting" and fetch(Consultation, id=key).opinion_due == dt.date(2026, 12, 1)
    seat = play.declare(main, "ex1")
    form = play.text("ex1", f"/consultations/seats/{seat}/opinion")
    assert "砖厂用地能否补办手续" in form and "是否属于设施农业用地" in form and "争议焦点 3" in form and 'name="answers-3-' not in form
    short = play.send("ex1", f"/consultations/seats/{seat}/opinion", opinion(who="ex1"))
    assert short.status_code == 422 and "第 3 个争议焦点的结论" in short.get_data(as_text=True) and not every(Opinion)
    files = {"files": upload(pdf("main"), "江南意见.pdf"), "files-1": upload(pdf("theirs"), "葛兰意见.pdf")}
    sent = play.send("ex1", f"/consultations/seats/{seat}/opinion", {**answers("ex1"), **files}, content_type="multipart/form-data")
    assert sent.status_code == 303, words_of(sent)
    own = play.text("ex1", f"/consultations/seats/{seat}")
    assert "我对 葛兰商〔2026〕1号 的意见" in own and "砖厂理由ex1" in own and f"{SECRET}ex10" in own
    for who in PANEL[1:]:
        play.give(main, who, **answers(who))
    for who, where in (("gl_officer", key), ("jn_officer", main), ("sup", key)):
        assert play["ga_liaison" if who == "sup" else who].get(f"/consultations/{where}/opinions").status_code == 404
    play.done("sup", main, "close")
    theirs, ours = play.text("gl_officer", f"/consultations/{key}"), play.text("jn_officer", f"/consultations/{main}")
    for who in PANEL:
        assert f"砖厂理由{who}" in theirs and f"葛兰件备注{who}" in theirs and SECRET not in theirs and "江南件备注" not in theirs
        assert f"{SECRET}{who}0" in ours and "砖厂" not in ours and "葛兰件备注" not in ours
    assert theirs.count("附件1.pdf") == ours.count("附件1.pdf") == 1, "the name under which it was handed in is nobody's"
    file = next(found.id for found in every(Attachment) if found.record_id == fetch(Opinion, consultation_id=key, seat_id=seat).id)
    assert play["gl_officer"].get(f"/consultations/{key}/opinions/files/{file}").data.startswith(b"%PDF")
    assert play["jn_officer"].get(f"/consultations/{main}/opinions/files/{file}").status_code == 404
    assert play["gl_officer"].get(f"/consultations/{key}/opinions.csv").status_code == 200


def test_each_town_gets_a_paper_on_its_own_questions_that_says_nothing_of_the_other(play, joined):
    main, key = joined
    invited(play, main)
    closed(play, main)
    paper = fetch(Paper, consultation_id=key)
    assert [item["question"] for item in paper.findings] == ["砖厂用地能否补办手续"] and "建议 3" in paper.findings[0]["majority"]
    assert "葛兰镇就“葛兰砖厂占地案”" in paper.course and "由同一会商组一并研究" in paper.course and "何明远" in paper.course
    sign(play, main, "建议由街道立案。")
    assert fetch(Consultation, id=key).state == "summing", "the other paper is edited and signed by itself"
    sign(play, key, "建议先补办用地手续。")
    assert [paper.number for paper in every(Paper)] == ["江南商意〔2026〕1号", "葛兰商意〔2026〕1号"]
    assert fetch(Consultation, id=key).state == "issued" and fetch(Consultation, id=key).answer_due == dt.date(2026, 12, 15)
    pages = [f"/consultations/{key}", f"/consultations/{key}/paper", f"/consultations/{key}/opinions"]
    theirs = "".join(play.text("gl_officer", page) for page in pages)
    for hidden in ("江南", REQUEST["title"], "渔业", "设施农业", "由街道立案", SECRET):
        assert hidden not in theirs, hidden
    assert "建议先补办用地手续。" in theirs and "何明远" in theirs and "段雪松" in theirs
    ours = "".join(play.text("jn_officer", page.replace(str(key), str(main))) for page in pages)
    assert "葛兰" not in ours and "砖厂" not in ours and "建议先补办" not in ours
    for path in (f"/consultations/{main}", f"/consultations/{main}/paper", f"/consultations/{main}/paper.pdf", f"/consultations/{main}/opinions"):
        assert play["gl_officer"].get(path).status_code == 404
    assert play["jn_officer"].get(f"/consultations/{key}").status_code == 404
    word = play["gl_officer"].get(f"/consultations/{key}/paper.docx").data
    assert "何明远" in text_of(word) and "江南" not in text_of(word) and "砖厂理由ex1" in text_of(word)
    for notice in every(Notice, account_id=account("gl_officer").id):
        assert "江南" not in notice.title + notice.body


def text_of(data):
    import io

    from docx import Document

    document = Document(io.BytesIO(data))
    return "\n".join([*(part.text for part in document.paragraphs), *(cell.text for table in document.tables for row in table.rows for cell in row.cells)])


def test_the_joined_town_answers_questions_back_and_its_paper(play, joined):
    main, key = joined
    invited(play, main)
    play.declare(main, "ex1")
    play.declare(main, "ex2")
    assert play.send("ex1", f"/consultations/{key}/inquiries", {"text": "砖厂何时建成？"}).status_code == 303
    inquiry = fetch(Inquiry, consultation_id=key).id
    assert play.send("jn_officer", f"/consultations/{key}/inquiries/{inquiry}", {"text": "不知道"}).status_code == 404
    assert play.send("gl_officer", f"/consultations/{key}/inquiries/{inquiry}", {"text": "2011 年。"}).status_code == 303
    assert "2011 年。" in play.text("ex2", f"/consultations/{key}") and "砖厂何时建成" not in play.text("jn_officer", f"/consultations/{main}")
    assert [notice.title for notice in every(Notice, account_id=account("ex2").id) if "补充询问" in notice.title] == ["葛兰商〔2026〕1号：街镇答复了补充询问"]
    for who in PANEL:
        play.give(main, who, **answers(who)) if who == "ga_liaison" else play.send(who, f"/consultations/seats/{seat_of(main, who)}/opinion", answers(who))
    play.done("sup", main, "close")
    sign(play, key, "建议先补办用地手续。")
    play.done("gl_officer", key, "propose_answer", answer="adopted", answer_reasons="已通知砖厂。")
    change(Consultation, key, approver_id=account("gl_head").id, state="answered", answer_state="confirmed", answered_on=dt.date(2026, 11, 24))
    play.done("sup", key, "archive")
    assert play["ex1"].get(f"/consultations/{key}").status_code == 404 and "是否属于设施农业用地" in play.text("ex1", f"/consultations/{main}")
    case = fetch(LibraryEntry, consultation_id=key)
    assert "何明远" not in case.findings[0]["majority"] and "砖厂理由" in case.findings[0]["majority"]


def test_a_member_who_owes_reads_nobody_elses_answers_to_either_file(play, joined, time_machine):
    main, key = joined
    play.choose(main, *PANEL, "ex3", "ex4")
    play.done("sup", main, "invite", opinion_due="2026-12-01")
    for who in (*PANEL, "ex4"):
        play.give(main, who, **answers(who))
    play.declare(main, "ex3")
    time_machine.move_to("2026-12-02T02:00:00Z")
    play._clients.clear()
    play.done("sup", main, "close", reason="多次催促未果")
    for where in (main, key):
        page = play.text("ex3", f"/consultations/{where}")
        assert SECRET not in page and "砖厂理由" not in page
        assert play["ex3"].get(f"/consultations/{where}/opinions").status_code == 404
    assert "砖厂" in play.text("ex3", "/search?q=砖厂") and events("consultations.kept_from", actor="ex3")
    before = len(events("consultations.kept_from", actor="ex3"))
    assert "没有找到" in play.text("ex3", "/search?q=砖厂理由ex1") and len(events("consultations.kept_from", actor="ex3")) == before + 1
    sign(play, key, "建议先补办用地手续。")
    form = play.text("ex3", f"/consultations/seats/{seat_of(main, 'ex3')}/opinion")
    assert "砖厂用地能否补办手续" not in form and "是否属于设施农业用地" in form, "a file whose paper was signed is not answered any more"
    play.give(main, "ex3", **opinion(who="ex3"))
    assert fetch(Seat, id=seat_of(main, "ex3")).late and "砖厂理由ex1" in play.text("ex3", f"/consultations/{key}")


def test_a_meeting_is_told_to_both_towns_each_under_its_own_number(play):
    main = play.accepted("meeting")
    key = play.draft("gl_officer", **THEIRS)
    change(Consultation, key, state="submitted", number="葛兰商〔2026〕1号")
    play.done("sup", key, "join", main=str(main))
    invited(play, main)
    assert play.step("sup", key, "schedule", meeting_on="2026-11-27", meeting_time="09:30", meeting_place="三楼").status_code == 409
    play.done("sup", main, "schedule", meeting_on="2026-11-27", meeting_time="09:30", meeting_place="区司法局三楼会议室")
    told = [notice.title for notice in every(Notice, account_id=account("gl_officer").id) if "会商会议" in notice.title]
    assert told == ["葛兰商〔2026〕1号 会商会议：2026-11-27 09:30，区司法局三楼会议室"]
    assert "区司法局三楼会议室" in play.text("gl_officer", f"/consultations/{key}")
    calendar = play.text("gl_officer", f"/consultations/{key}/meeting.ics")
    assert "江南" not in calendar
    play.done("sup", main, "extend", opinion_due="2026-12-08", reason="材料较多")
    assert fetch(Consultation, id=key).opinion_due == dt.date(2026, 12, 8)


@pytest.mark.parametrize("at", ["collecting", "summing"])
def test_ended_early_the_members_are_let_go_and_the_joined_one_is_taken_on_its_own(play, joined, at):
    main, key = joined
    invited(play, main)
    if at == "summing":
        closed(play, main)
    else:
        play.declare(main, "ex1")
    for step in ("close", "extend", "abort"):
        assert play.step("sup", key, step, reason="单独", opinion_due="2026-12-09").status_code == 409, step
    play.done("sup", main, "abort", reason="案件已撤销")
    found = fetch(Consultation, id=key)
    assert fetch(Consultation, id=main).state == "aborted" and (found.state, found.main_id, found.take_by) == ("submitted", None, dt.date(2026, 11, 27))
    assert not every(Access, part="panel") and not every(Paper, consultation_id=key)
    for where in (main, key):
        assert play["ex1"].get(f"/consultations/{where}").status_code == 404
    assert play["ex1"].get(f"/consultations/seats/{seat_of(main, 'ex1')}").status_code == 200
    play.done("sup", key, "accept", form="written")
    assert "砖厂理由" not in play.text("gl_officer", f"/consultations/{key}")
    assert {seat.state for seat in every(Seat, consultation_id=main)} <= {"removed", "submitted"}
