"""The way of a consultation through its pages, from the town's draft to the archived answer, and where it is refused."""

import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from plugins.consultations.models import Consultation, LibraryEntry, Opinion, Paper, Seat, SignedPaperChanged
from portal.database import db
from portal.inbox.models import Notice
from tests.plugins.consultations.helpers import REQUEST, account, change, events, every, fetch, seat_of, words_of


def test_a_written_consultation_from_the_draft_to_the_archive(play):
    key = play.archived()
    found = fetch(Consultation, id=key)
    assert (found.state, found.number, found.answer, found.form) == ("archived", "江南商〔2026〕1号", "adopted", "written")
    assert found.paper_on == dt.date(2026, 11, 24) and found.answer_due == dt.date(2026, 12, 15)
    paper = fetch(Paper, consultation_id=key)
    assert paper.state == "signed" and paper.number == "江南商意〔2026〕1号" and len(paper.digest) == 64
    assert "3 份意见：同意 3。" in paper.findings[0]["majority"] and paper.findings[0]["dissent"] == ""
    assert len(every(Opinion, consultation_id=key)) == 3
    assert fetch(LibraryEntry, consultation_id=key).state == "checking"
    page = play.text("jn_officer", f"/consultations/{key}")
    assert "会商意见理由充分" in page and "2026-10-04" in page and "会商不停止该期限" in page


def test_a_consultation_by_meeting_keeps_date_place_and_who_came(play):
    key = play.collecting("ex1", "ex2", "ga_liaison", form="meeting")
    for who in ("ex1", "ex2", "ga_liaison"):
        play.give(key, who, "suggest" if who == "ex2" else "agree")
    early = play.step("sup", key, "close")
    assert early.status_code == 422 and "须先安排会议" in early.get_data(as_text=True)
    bad = play.step("sup", key, "schedule", meeting_on="2026-02-30", meeting_time="25:00", meeting_place="")
    assert bad.status_code == 422
    play.done("sup", key, "schedule", meeting_on="2026-11-27", meeting_time="09:30", meeting_place="区司法局三楼会议室")
    for who in ("ex1", "jn_officer"):
        told = [notice.title for notice in every(Notice, account_id=account(who).id) if "会商会议" in notice.title]
        assert told == ["江南商〔2026〕1号 会商会议：2026-11-27 09:30，区司法局三楼会议室"]
    calendar = play.text("ex1", f"/consultations/seats/{seat_of(key, 'ex1')}/meeting.ics").replace("\r\n ", "")
    assert "DTSTART;TZID=Asia/Shanghai:20261127T093000" in calendar and "养殖" not in calendar and "江南商〔2026〕1号" in calendar
    assert play["jn_officer"].get(f"/consultations/{key}/meeting.ics").status_code == 200
    present = [str(seat_of(key, "ex1")), str(seat_of(key, "ex2"))]
    assert play.send("sup", f"/consultations/{key}/attendance", {"present": present, "note": "讨论两小时"}).status_code == 303
    assert [seat.attended for seat in every(Seat, consultation_id=key)] == [True, True, False]
    play.done("sup", key, "close")
    paper = fetch(Paper, consultation_id=key)
    assert "会议会商" in paper.course and "2026-11-27 09:30 在区司法局三楼会议室召开会商会议" in paper.course
    assert "同意 2，建议 1" in paper.findings[0]["majority"] and "段雪松" in paper.findings[0]["dissent"]
    play.sign(key)
    assert "江南商意〔2026〕1号" in play.text("ex2", f"/consultations/{key}/paper")


def test_a_split_panel_is_told_as_a_split(play, time_machine):
    key = play.collecting("ex1", "ex2", "ex3", "ex4", "ga_liaison")
    for who, said in (("ex1", "agree"), ("ex2", "agree"), ("ex3", "disagree"), ("ex4", "disagree")):
        play.give(key, who, said)
    time_machine.move_to("2026-12-02T02:00:00Z")
    play._clients.clear()
    play.done("sup", key, "close", reason="公安局联络员出差")
    paper = fetch(Paper, consultation_id=key)
    assert "意见有分歧，未形成多数，不作表决" in paper.findings[0]["majority"] and "何明远" in paper.findings[0]["dissent"]
    assert fetch(Consultation, id=key).missing == ["韩军刚"]
    play.sign(key)
    assert fetch(Seat, id=seat_of(key, "ga_liaison")).state == "missed" and "未提交意见" in play.text("jn_officer", f"/consultations/{key}/paper")
    late = play.step("ga_liaison", seat_of(key, "ga_liaison"), "promise", "seat", promised="y")
    assert late.status_code == 409


def test_the_completeness_check_names_what_is_missing(play):
    key = play.draft(evidence=False, law="", **{"questions-0": " ", "questions-1": "", "parties-0-name": "", "parties-1-name": ""}, triggers=[])
    page = play.text("jn_officer", f"/consultations/{key}")
    assert "提交前还要补齐" in page
    answer = play.step("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    assert answer.status_code == 422
    for name in ("涉及的法律依据", "争议焦点", "案件有关人员和单位", "重大疑难复杂情形", "证据清单"):
        assert name in answer.get_data(as_text=True)
    assert fetch(Consultation, id=key).state == "draft"


def test_whoever_asks_does_not_approve_and_the_leader_sends_back(play, world):
    key = play.draft()
    nobody = play.step("jn_officer", key, "submit")
    assert nobody.status_code == 422 and "请选择审批负责人" in nobody.get_data(as_text=True)
    assert play.step("jn_officer", key, "submit", approver=str(account("jn_officer").id)).status_code == 422
    for forged in ("9999999999", "x", "-1", "１"):
        assert play.step("jn_officer", key, "submit", approver=forged).status_code == 422, forged
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    assert play.step("jn_officer", key, "approve").status_code == 403
    play.done("jn_leader", key, "send_back", reason="补充勘验图")
    assert fetch(Consultation, id=key).state == "draft" and "补充勘验图" in play.text("jn_officer", f"/consultations/{key}")


def test_returned_for_completion_and_sent_again_under_the_same_number(play):
    key = play.sent()
    assert play.step("sup", key, "return").status_code == 422
    play.done("sup", key, "return", reason="缺土地利用现状图")
    assert "缺土地利用现状图" in play.text("jn_officer", f"/consultations/{key}")
    answer = play.send("jn_officer", f"/consultations/{key}/edit", {**REQUEST, "facts": "补充后的事实"})
    assert answer.status_code == 303, words_of(answer)
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    play.done("jn_leader", key, "approve")
    assert fetch(Consultation, id=key).number == "江南商〔2026〕1号" and fetch(Consultation, id=key).take_by == dt.date(2026, 11, 27)
    sent = play.send("jn_officer", f"/consultations/{key}/edit", REQUEST)
    assert sent.status_code == 422 and "不能修改" in sent.get_data(as_text=True)


def test_declined_and_withdrawn(play):
    key = play.sent()
    play.done("sup", key, "decline", reason="不属于疑难案件")
    assert fetch(Consultation, id=key).state == "declined" and "不属于疑难案件" in play.text("jn_officer", f"/consultations/{key}")
    other = play.sent(title="另一案")
    play.done("jn_officer", other, "withdraw", reason="已自行处理")
    assert fetch(Consultation, id=other).state == "aborted" and fetch(Consultation, id=other).number == "江南商〔2026〕2号"


def test_a_paper_is_whole_before_it_is_signed_and_never_changed_after(play):
    key = play.summing()
    answer = play.step("sup", key, "sign")
    assert answer.status_code == 422 and "意见书稿不完整" in answer.get_data(as_text=True)
    assert play["jn_officer"].get(f"/consultations/{key}/paper").status_code == 404
    play.sign(key)
    paper = fetch(Paper, consultation_id=key)
    again = play.send("sup", f"/consultations/{key}/paper", {"course": "改", "advice": "改"})
    assert again.status_code == 422 and play.send("sup", f"/consultations/{key}/paper/again").status_code == 422
    with pytest.raises(SignedPaperChanged):
        change(Paper, paper.id, advice="改了")
    db.session.rollback()
    for statement in ("UPDATE consultations_paper SET advice = 'x'", "DELETE FROM consultations_paper"):
        with pytest.raises(DBAPIError, match="changed"), db.engine.begin() as connection:
            connection.execute(sa.text(statement))
    signed = events("consultations.paper_signed")
    assert len(signed) == 1 and fetch(Paper, id=paper.id).digest in signed[0].after


def test_drawn_up_anew_after_a_late_opinion_the_advice_stays(play):
    key = play.summing()
    paper = fetch(Paper, consultation_id=key)
    data = {"course": "改过的经过", "advice": "总体建议"} | {f"findings-{n}-majority": "改" for n in range(2)} | {f"findings-{n}-dissent": "" for n in range(2)}
    assert play.send("sup", f"/consultations/{key}/paper", data).status_code == 303
    assert fetch(Paper, id=paper.id).findings[0]["majority"] == "改"
    assert play.send("sup", f"/consultations/{key}/paper/again").status_code == 303
    found = fetch(Paper, id=paper.id)
    assert found.advice == "总体建议" and "3 份意见" in found.findings[0]["majority"]


def test_the_town_answers_with_reasons_and_its_leader_confirms(play):
    key = play.issued()
    assert play.step("sup", key, "archive").status_code == 409
    for data in ({}, {"answer": "adopted"}, {"answer": "maybe", "answer_reasons": "x"}, {"answer": "rejected", "answer_reasons": "  "}):
        assert play.step("jn_officer", key, "propose_answer", **data).status_code == 422
    play.done("jn_officer", key, "propose_answer", answer="partly", answer_reasons="第二项不采纳。")
    assert play.step("jn_officer", key, "confirm_answer").status_code == 403
    play.done("jn_leader", key, "return_answer", reason="理由要写清")
    play.done("jn_officer", key, "propose_answer", answer="partly", answer_reasons="第二项与上级批复不一致。")
    assert "第二项与上级批复不一致" not in play.text("ex1", f"/consultations/{key}")
    play.done("jn_leader", key, "confirm_answer")
    assert fetch(Consultation, id=key).state == "answered"
    play.done("sup", key, "archive")
    late = play.step("jn_officer", key, "propose_answer", answer="adopted", answer_reasons="改主意了")
    assert late.status_code == 409 and "已归档" in late.get_data(as_text=True)
    future = play.step("jn_officer", key, "record_outcome", outcome="upheld", outcome_on="2026-12-31")
    assert future.status_code == 422
    play.done("jn_officer", key, "record_outcome", outcome="changed", outcome_on="2026-11-24", outcome_note="复议变更罚款数额")
    assert fetch(Consultation, id=key).outcome == "changed" and fetch(LibraryEntry, consultation_id=key).outcome == "changed"


def test_another_day_for_the_opinions(play):
    key = play.collecting()
    assert play.step("sup", key, "extend", opinion_due="2026-12-08").status_code == 422
    play.done("sup", key, "extend", opinion_due="2026-12-08", reason="材料较多")
    assert {seat.due_on for seat in every(Seat, consultation_id=key)} == {dt.date(2026, 12, 8)} and fetch(Consultation, id=key).sort_due == dt.date(2026, 12, 8)


LONG = "长" * 100_000


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""}, {"title": "长" * 101}, {"facts": LONG}, {"needed_by": "2026-02-30"}, {"filed_on": "9" * 40}, {"field": "没有的领域"}, {"urgency": "now"},
        {"facts": "机密★ 案情"}, {"questions-0": "同一问题", "questions-1": "同一问题"}, {"triggers": ["none"]}, {"parties-0-name": "长" * 61},
    ],
)  # fmt: skip
def test_bad_input_is_refused_in_words_and_nothing_typed_is_lost(play, changes):
    answer = play.send("jn_officer", "/consultations/new", {**REQUEST, **changes})
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "倾向由本街道立案处罚。" in text and not every(Consultation)


@pytest.mark.parametrize("text", ["有\0空字符", "半个\ud83d字", "表情😀", "<script>alert(1)</script>", "{{ 7*7 }}", "'; DROP TABLE x; --"])
def test_strange_text_is_kept_as_text(play, text):
    answer = play.send("jn_officer", "/consultations/new", {**REQUEST, "own_view": text.encode("utf-8", "surrogatepass").decode("utf-8", "ignore")})
    assert answer.status_code == 303
    page = play.text("jn_officer", answer.headers["Location"])
    assert "<script>alert" not in page and "{{ 7*7 }}" in page if "7*7" in text else "<script>alert" not in page


def test_one_more_line_is_added_without_losing_what_was_typed(play):
    data = {**REQUEST, "more": "questions"}
    answer = play.send("jn_officer", "/consultations/new", data)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200 and 'name="questions-2"' in text and "是否属于设施农业用地" in text and not every(Consultation)


def test_sent_twice_it_is_one(play):
    page = play.text("jn_officer", "/consultations/new")
    import re

    key = re.search(r'name="form_key" value="([0-9a-f]+)"', page)[1]
    first, second = (play.send("jn_officer", "/consultations/new", {**REQUEST, "form_key": key}) for _n in range(2))
    assert first.status_code == second.status_code == 303 and first.headers["Location"] == second.headers["Location"] and len(every(Consultation)) == 1


def test_the_district_does_not_ask(play):
    assert play["sup"].get("/consultations/new").status_code == 403
    assert play["ga_liaison"].get("/consultations/new").status_code == 403


def test_a_step_is_told_once_in_the_history_though_it_wrote_several_times(play):
    key = play.sent()
    history = play.text("jn_officer", f"/consultations/{key}").split('class="timeline"')[-1]
    assert history.count("<strong>提交审批</strong>") == 1 and history.count("<strong>起草会商申请</strong>") == 1 and "待审批 → 待受理" in history
