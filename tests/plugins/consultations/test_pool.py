"""The pool: appointing, linking accounts, importing a roster, and what comes of bad input."""

import datetime as dt

import pytest

from plugins.consultations.models import Expert
from portal.records.exporting import write_xlsx
from portal.records.importing import run_import, spec_of
from tests.plugins.consultations.helpers import account, every, fetch, upload

FORM = {
    "name": "邱　云", "unit": "市法学会", "title": "研究员", "fields": ["违法建设"], "term_from": "2026-01-01", "term_to": "2028-12-31", "telephone": "", "username": "",
    "interests": "某某公司 2026-03-01\n另一公司", "note": "",
}  # fmt: skip


def test_an_expert_is_appointed_changed_and_shown_with_load(play):
    assert play.send("sup", "/consultations/experts/new", FORM).status_code == 303
    expert = fetch(Expert, name="邱云")
    assert expert.interests == [["某某公司", "2026-03-01"], ["另一公司", ""]] and expert.fields == ["违法建设"]
    assert "没有账号" in play.text("sup", f"/consultations/experts/{expert.id}")
    key = play.collecting()
    play.give(key, "ex1")
    first = fetch(Expert, account_id=account("ex1").id)
    assert "1 / 1" in play.text("sup", "/consultations/experts?q=何明远")
    assert "江南商〔2026〕1号" in play.text("sup", f"/consultations/experts/{first.id}")
    assert "邱云" in play.text("sup", "/consultations/experts?unlinked=1") and "何明远" not in play.text("sup", "/consultations/experts?unlinked=1")
    assert "没有符合条件" in play.text("sup", "/consultations/experts?field=农业农村")
    for who in ("jn_officer", "ex1", "ga_liaison"):
        assert play[who].get("/consultations/experts").status_code == 403


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"name": ""}, "请填写此项"), ({"fields": []}, "至少选择一个专业领域"), ({"fields": ["没有的"]}, "至少选择一个专业领域"),
        ({"term_to": "2025-12-31"}, "止日早于起日"), ({"term_to": "2026-02-30"}, "term_to-error"), ({"username": "nobody"}, "没有这个账号"),
        ({"username": "jn_officer"}, "没有这个账号"), ({"username": "ex1"}, "已登记给专家"),
        ({"interests": "某公司 2026-13-01"}, "日期不对"), ({"name": "何明远", "unit": "西南政法大学"}, "同名专家"), ({"unit": "长" * 100_000}, "最多"),
    ],
)  # fmt: skip
def test_bad_input_is_refused_at_the_field(play, changes, words):
    answer = play.send("sup", "/consultations/experts/new", {**FORM, **changes})
    assert answer.status_code == 422 and words in answer.get_data(as_text=True) and len(every(Expert)) == 5


ROSTER = (
    ("蒋海燕", "市律师协会", "主任", "违法建设、行政处罚", "2026.1.1", "2028年12月31日", "13800000000"),
    ("新专家", "市环科院", "研究员", "生态环境", "", "2027-06-30", ""),
    ("新专家", "市环科院", "研究员", "生态环境", "", "2027-06-30", ""),
    ("没领域", "某单位", "", "占星术", "", "2027-06-30", ""),
    ("没聘期", "某单位", "", "行政处罚", "", "", ""),
    ("", "某单位", "", "行政处罚", "", "2027-06-30", ""),
    ("倒聘期", "某单位", "", "行政处罚", "2027-01-01", "2026-01-01", ""),
    ("怪日期", "某单位", "", "行政处罚", "", "二〇二七年", ""),
)


def roster():
    return write_xlsx(["姓名", "单位", "职务职称", "专业领域", "聘期自", "聘期至", "电话"], ROSTER).read()


def test_a_roster_comes_in_row_by_row(app, play, world, today):
    district = world.district
    report, _rows = run_import(spec_of("experts", district.id), roster(), "专家.xlsx", district, today, dry_run=True)
    assert (report["created"], report["updated"], len(report["refused"])) == (1, 1, 6) and len(every(Expert)) == 5
    assert [item["code"] for item in report["refused"]] == ["duplicate", "field", "no_term", "missing", "term_order", "bad_date"]
    run_import(spec_of("experts", world.district.id), roster(), "专家.xlsx", world.district, today)
    new = fetch(Expert, name="新专家")
    assert new.term_from == today and new.term_to == dt.date(2027, 6, 30) and new.fields == ["生态环境"]
    changed = fetch(Expert, name="蒋海燕")
    assert changed.fields == ["违法建设", "行政处罚"] and changed.telephone == "13800000000" and changed.account_id is not None
    again, _checked = run_import(spec_of("experts", world.district.id), roster(), "专家.xlsx", world.district, today)
    assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 2)


def test_the_page_shows_a_preview_and_writes_only_when_confirmed(play):
    answer = play.send("sup", "/import/experts", {"file": upload(roster(), "专家.xlsx")}, content_type="multipart/form-data")
    assert answer.status_code == 303 and len(every(Expert)) == 5
    preview = play.text("sup", answer.headers["Location"])
    assert "新专家" in preview and "占星术" in preview
    assert play["jn_officer"].get("/import/experts").status_code == 403


def test_files_of_an_appointment_are_kept_with_the_expert(play):
    expert = fetch(Expert, account_id=account("ex1").id)
    data = {"files": upload(b"%PDF-1.4 appointment", "聘书.pdf")}
    assert play.send("sup", f"/attachments/consultations.expert/{expert.id}", data, content_type="multipart/form-data").status_code == 303
    assert "聘书.pdf" in play.text("sup", f"/consultations/experts/{expert.id}")


def statements(client, path):
    """How many statements a page asks."""
    import sqlalchemy as sa

    from portal.database import db

    found = []

    def count(_connection, _cursor, statement, *_rest):
        found.append(statement)

    client.get(path)
    sa.event.listen(db.engine, "before_cursor_execute", count)
    try:
        assert client.get(path).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", count)
    return len(found)


def test_pages_ask_as_much_of_many_as_of_one(play):
    key = play.collecting("ex1", "ex2", "ex3")
    addresses = ("/", "/consultations", f"/consultations/{key}", f"/consultations/{key}/panel", "/consultations/experts")
    pages = [*(("sup", path) for path in addresses), ("jn_officer", "/"), ("jn_officer", "/consultations"), ("ex4", "/")]
    before = {(who, path): statements(play[who], path) for who, path in pages}
    for title in ("二", "三", "四"):
        play.collecting("ex1", "ex4", "ex5", title=title)
    play.give(key, "ex1")
    after = {(who, path): statements(play[who], path) for who, path in pages}
    touch = 2  # a session that was used notes it once a minute
    assert all(after[page] <= before[page] + touch for page in pages) and max(after.values()) < 60
