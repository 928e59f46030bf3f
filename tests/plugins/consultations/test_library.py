"""The library: anonymised, looked through by the convener, then searched by every town; statistics; papers to take along."""

import io

from docx import Document

from plugins.consultations.models import Consultation, LibraryEntry
from tests.plugins.consultations.helpers import change, events, every, fetch


def publish(play, key):
    entry = fetch(LibraryEntry, consultation_id=key)
    data = {"title": entry.title, "facts": entry.facts, "law": entry.law, "advice": entry.advice, "decision": "published"}
    for number, item in enumerate(entry.findings):
        data |= {f"findings-{number}-{name}": item[name] for name in ("question", "majority", "dissent")}
    assert play.send("sup", f"/consultations/library/{entry.id}/check", data).status_code == 303
    return entry.id


def test_a_case_is_read_by_every_town_after_it_was_looked_through(play):
    key = play.archived()
    entry = fetch(LibraryEntry, consultation_id=key)
    for part in ("王大勇", "渔业公司", "13812341234", "渝B12345", "古佛村 3 组 18 号", "江南", "何明远"):
        assert part not in entry.facts + entry.haystack, part
    assert play["gl_officer"].get(f"/consultations/library/{entry.id}").status_code == 404
    assert play["gl_officer"].get(f"/consultations/library/{entry.id}/check").status_code == 403
    assert "/consultations/library/" not in play.text("gl_officer", "/search?q=设施农业")
    publish(play, key)
    for words in ("q=设施农业用地", "q=城乡规划法", "field=违法建设", "q=依法处理"):
        assert f"/consultations/library/{entry.id}" in play.text("gl_officer", f"/consultations/library?{words}"), words
    assert "没有符合条件" in play.text("gl_officer", "/consultations/library?q=王大勇")
    page = play.text("gl_officer", f"/consultations/library/{entry.id}")
    assert "采纳" in page and "咨询性意见" in page and "王大勇" not in page
    assert f"/consultations/library/{entry.id}" in play.text("gl_head", "/search?q=设施农业用地")


def test_withheld_or_sensitive_is_read_by_nobody(play):
    key = play.archived()
    entry = fetch(LibraryEntry, consultation_id=key)
    change(LibraryEntry, entry.id, state="withheld")
    assert play["jn_officer"].get(f"/consultations/library/{entry.id}").status_code == 404
    play.archived(secrecy="sensitive", title="另一案")
    assert len(every(LibraryEntry)) == 1


def test_statistics_by_town_and_field_with_the_adopted_share(play):
    assert "这一年还没有受理会商" in play.text("sup", "/consultations/statistics")
    play.archived()
    page = play.text("sup", "/consultations/statistics?year=2026")
    assert "100%" in page and "江南街道" in page and "违法建设" in page and "采纳情况" in page
    assert play.text("sup", "/consultations/statistics?year=９９") and play["jn_leader"].get("/consultations/statistics").status_code == 403


def text_of(data):
    document = Document(io.BytesIO(data))
    return "\n".join([*(item.text for item in document.paragraphs), *(cell.text for table in document.tables for row in table.rows for cell in row.cells)])


def test_the_paper_says_that_it_is_advice_and_how_each_member_was_chosen(play):
    key = play.accepted()
    play.choose(key, "ex1", "ga_liaison")
    assert play.send("sup", f"/consultations/{key}/panel/draw", {"field": "违法建设", "wanted": "1"}).status_code == 303
    play.done("sup", key, "invite", opinion_due="2026-12-01")
    from plugins.consultations.models import Seat
    from tests.plugins.consultations.helpers import EXPERTS

    drawn = next(seat for seat in every(Seat, consultation_id=key) if seat.chosen == "draw")
    username = next(username for username, name, _unit in EXPERTS if name == drawn.name)
    for who in ("ex1", "ga_liaison", username):
        play.give(key, who)
    play.done("sup", key, "close")
    play.sign(key)
    answer = play["jn_officer"].get(f"/consultations/{key}/paper.docx")
    text = text_of(answer.data)
    assert "案件联合会商意见书" in text and "江南商意〔2026〕1号" in text and "咨询性意见" in text and "不停止案件办理期限" in text
    assert "随机抽取" in text and "指定" in text and drawn.name in text and "长寿区司法局" in text
    for who in ("jn_officer", "ex1", "sup"):
        assert play[who].get(f"/consultations/{key}/paper.pdf").data.startswith(b"%PDF")
    assert play["ex1"].get(f"/consultations/{key}/paper.docx").status_code == 404
    assert play["jn_officer"].get(f"/consultations/{key}/paper.html").status_code == 404
    assert {event.after for event in events("consultations.downloaded")} >= {'{"file":"paper.docx"}', '{"file":"paper.pdf"}'}


def test_the_case_file_with_and_without_names(play):
    key = play.summing()
    whole = text_of(play["jn_officer"].get(f"/consultations/{key}/file.docx").data)
    assert "王大勇" in whole and "只有我知道的理由ex10" in whole and "何明远" in whole
    clean = text_of(play["jn_officer"].get(f"/consultations/{key}/file.docx?anonymous=1").data)
    for part in ("王大勇", "渔业", "13812341234", "渝B12345", "江南", "何明远", "韩军刚"):
        assert part not in clean, part
    assert clean.count("〔人1〕") >= 1 and "已隐去" not in clean.split("\n")[0]
    change(Consultation, key, state="collecting")
    early = text_of(play["jn_officer"].get(f"/consultations/{key}/file.docx").data)
    assert "只有我知道的理由" not in early
