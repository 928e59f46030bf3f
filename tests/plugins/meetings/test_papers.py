"""The papers as they are drawn: minutes measured against GB/T 9704-2012 on the rendered page, and what the others say."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
import zipfile

import pytest
import sqlalchemy as sa
from docx import Document as read_docx
from flask_babel import force_locale
from openpyxl import load_workbook
from PIL import Image, ImageChops

from plugins.meetings import layouts, minuting, papers, planning, queries, reports, sitting
from plugins.meetings.models import Meeting, Topic
from plugins.meetings.models_results import Minutes
from portal.database import db
from portal.documents import to_docx, to_pdf
from portal.documents.pdf import to_png
from portal.inbox.models import Notice
from portal.work import unit_of_work
from tests.plugins.meetings.helpers import TODAY, D, acting, do, fetch, found, held, issued, meeting, notified, resolve, sign_all, topic

MM = 72 / 25.4


def words_of(content: bytes) -> list[list[tuple[float, float, float, str]]]:
    """Pages of words with their left edge, upper edge and right edge in points, by another program."""
    text = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=content, capture_output=True, check=True).stdout.decode()
    pages = []
    for page in text.split("<page ")[1:]:
        found_words = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="[\d.]+">(.*?)</word>', page)
        pages.append([(float(left), float(top), float(right), word) for left, top, right, word in found_words])
    return pages


def test_minutes_have_22_lines_of_28_characters_within_the_margins(app_sqlite, world):
    found(app_sqlite, world)
    first = topic(app_sqlite, world, D(2026, 9, 10))
    key = notified(app_sqlite, world, D(2026, 9, 29), D(2026, 9, 15), topic_ids=(first,))
    sign_all(app_sqlite, world, key)
    with acting(app_sqlite, world, "meet"):
        item = planning.agenda(db.session(), key)[0].id
        sitting.save_note(key, item, "会议认为应当统一巡查" * 168, 0)
        sitting.set_outcome(key, item, "decided")
    do(app_sqlite, world, key, "hold", D(2026, 9, 29))
    minutes_id = issued(app_sqlite, world, key, D(2026, 10, 12))
    with acting(app_sqlite, world, "meet"):
        document = papers.minutes(db.session(), minuting.find(db.session(), minutes_id), TODAY)
        content = to_pdf(document)
        word = to_docx(document)
    pages = words_of(content)
    whole = [[row for row in page if "会议认为应当" in row[3] or "统一巡查" in row[3]] for page in pages]
    full = max(whole, key=len)
    tops = sorted({round(row[1], 1) for row in full})
    assert len(tops) == 22
    assert [round(b - a, 1) for a, b in itertools.pairwise(tops)] == pytest.approx([28.95] * 21, abs=0.11)
    assert {len(row[3]) for row in full} == {28}
    assert min(row[0] for row in full) == pytest.approx(28 * MM, abs=1) and max(row[2] for row in full) == pytest.approx((28 + 156) * MM, abs=2)
    assert 37 * MM - 1 <= tops[0] <= 37 * MM + 10
    head = "".join(row[3] for row in pages[0])
    assert "长寿区综合行政执法联席会议纪要" in head and "联席纪〔2026〕1号" in head and "2026年10月12日" in head
    paragraphs = "\n".join(paragraph.text for paragraph in read_docx(io.BytesIO(word)).paragraphs)
    assert "出席" in paragraphs and "江南街道 代表0" in paragraphs and "一、关于夜市占道经营联合整治" in paragraphs


def red_of(document):
    """The red ink of the first page: rows of the head and of the line, and the edges of both, in millimetres."""
    image = Image.open(io.BytesIO(to_png(document, 254)[0])).convert("RGB")
    mask = ImageChops.subtract(image.getchannel("R"), image.getchannel("G")).point(lambda value: 255 if value > 90 else 0)
    rows = [y for y in range(mask.height) if mask.crop((0, y, mask.width, y + 1)).getbbox()]
    line_top = next(y for y in rows if (box := mask.crop((0, y, mask.width, y + 1)).getbbox()) and box[2] - box[0] > 1555)
    head, line = mask.crop((0, 0, mask.width, line_top)).getbbox(), mask.crop((0, line_top, mask.width, mask.height)).getbbox()
    return [value / 10 for value in head], (line[0] / 10, (line_top + line[1]) / 10, line[2] / 10)


@pytest.mark.parametrize("head", ["长寿区综合行政执法联席会议纪要", "联席会议纪要", "长寿区综合行政执法联席会议办公室联席会议纪要专用"])
@pytest.mark.parametrize("paper", layouts.PAPERS, ids=lambda paper: paper.key)
def test_the_red_head_stands_in_the_middle_above_its_number_and_line(paper, head):
    document = paper.build({**paper.sample, "heading": head, "issuer": head, "title": "二〇二六年下半年例会"})
    (left, top, right, _bottom), (line_left, line_at, line_right) = red_of(document)
    assert (left + right) / 2 == pytest.approx(28 + 78, abs=0.8), "in the middle of the text, not of the paper"
    assert left >= 28 - 0.5 and right <= 28 + 156 + 0.5
    assert top == pytest.approx(37 + 35, abs=2.5), "35 mm below the upper edge of the text"
    assert (line_left, line_right) == pytest.approx((28, 184), abs=0.3)
    words = words_of(to_pdf(document))[0]
    last = max(row[1] for row in words if row[1] / MM < line_at)
    assert line_at - (last + 16) / MM == pytest.approx(4 + 1, abs=2), "4 mm below what stands above the line"
    number = next(row for row in words if row[3] == document.number)
    assert (number[0] + number[2]) / 2 / MM == pytest.approx(28 + 78, abs=1)
    title = next(row for row in words if row[3] == document.title)
    assert (title[0] + title[2]) / 2 / MM == pytest.approx(28 + 78, abs=1)
    assert (title[2] - title[0]) / len(document.title) == pytest.approx(22, abs=0.6), "2号"


def test_who_was_there_stands_line_by_line_under_one_empty_line():
    document = layouts.minutes({**layouts.MINUTES.sample, "observers": "区委编办 李平", "copies": "各成员单位"})
    words = words_of(to_pdf(document))[0]
    tops = [next(row[1] for row in words if row[3].startswith(label)) for label in ("出席", "列席", "请假")]
    assert [b - a for a, b in itertools.pairwise(tops)] == pytest.approx([28.95] * 2, abs=0.2)
    above = max(row[1] for row in words if row[1] < tops[0] - 1)
    assert tops[0] - above == pytest.approx(2 * 28.95, abs=1)
    long = layouts.minutes({**layouts.MINUTES.sample, "body": "", "present": "江南街道周平、" * 9})
    lines = [row for row in words_of(to_pdf(long))[0] if "江南街道" in row[3]]
    assert len(lines) > 1 and lines[0][0] == pytest.approx(28 * MM + 2 * 15.78, abs=1), "two characters from the edge"
    assert [row[0] for row in lines[1:]] == pytest.approx([28 * MM + 5 * 15.78] * (len(lines) - 1), abs=1), "the next lines under the first name"
    everything = "".join(row[3] for page in words_of(to_pdf(document)) for row in page)
    assert "分送：各成员单位。" in everything and "抄送" not in everything
    paragraphs = [paragraph.text for paragraph in read_docx(io.BytesIO(to_docx(document))).paragraphs]
    at = paragraphs.index("出席：江南街道 周平、区公安局 韩军刚")
    assert paragraphs[at - 1] == "" and paragraphs[at + 1] == "列席：区委编办 李平" and paragraphs[at + 2].startswith("请假：")


def test_times_of_the_agenda_stay_on_one_line():
    words = [row[3] for page in words_of(to_pdf(layouts.notice(layouts.NOTICE.sample))) for row in page]
    assert "14:30—14:50" in words


def test_columns_are_wide_enough_for_what_stands_in_them(app_sqlite, world):
    """Nothing runs into the next column: dates, numbers and titles of columns stay whole and apart."""
    found(app_sqlite, world)
    key = held(app_sqlite, world, D(2026, 9, 29), D(2026, 9, 15))
    resolve(app_sqlite, world, key, D(2026, 10, 23))
    issued(app_sqlite, world, key, D(2026, 10, 12))
    with acting(app_sqlite, world, "meet"):
        session = db.session()
        row = planning.find(session, key)
        listed = to_pdf(papers.resolutions(session, sitting.resolutions(session, key), "清单", TODAY))
        sheet = to_pdf(papers.sign_in_sheet(session, row))
        report = to_pdf(reports.document(session, 2026, 2, queries.period(session, *reports.span(2026, 2), TODAY), TODAY))
    words = {word[3]: word for page in words_of(listed) for word in page}
    assert {"序号", "2026-10-23", "待办"} <= set(words) and words["2026-10-23"][2] + 6 < words["待办"][0]
    assert words["2026-10-23"][0] > words["区公安局"][2] and words["区公安局"][0] > words["江南街道"][2]
    assert "序号" in {word[3] for page in words_of(sheet) for word in page}
    told = {word[3] for page in words_of(report) for word in page}
    assert {"2026-09-29", "到会/应到", "履约率", "纪要已印发"} <= told


def test_the_workbook_of_a_report_has_its_figures_and_charts(app_sqlite, world):
    found(app_sqlite, world)
    key = held(app_sqlite, world, D(2026, 9, 29), D(2026, 9, 15))
    resolve(app_sqlite, world, key, D(2026, 10, 23), text="=1+1 只是文字")
    issued(app_sqlite, world, key, D(2026, 10, 12))
    with acting(app_sqlite, world, "meet"):
        content = reports.workbook(db.session(), queries.period(db.session(), *reports.span(2026, "year"), TODAY), TODAY).read()
        empty = reports.workbook(db.session(), queries.period(db.session(), *reports.span(2025, "year"), TODAY), TODAY).read()
    book = load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["会议", "单位", "议定事项", "半年例会", "每月"] and load_workbook(io.BytesIO(empty)).sheetnames == book.sheetnames
    months = [[cell.value for cell in row] for row in book["每月"].iter_rows(max_col=3)]
    assert months[0] == ["月份", "到期", "按时办结"] and ["2026-10", 1, 0] in months and len(months) == 13
    units = {row[0].value: [cell.value for cell in row[1:]] for row in book["单位"].iter_rows(min_row=2, max_col=10)}
    assert units["江南街道"] == [1, 1, 0, 0, 1, 0, 0, 1, 0], "invited, came, stood in, excused; led, in time, late, overdue, running"
    assert "只是文字" in book["议定事项"]["B2"].value and book["议定事项"]["B2"].data_type == "s"
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        drawn = [parts.read(name).decode() for name in sorted(parts.namelist()) if name.startswith("xl/charts/chart")]
    assert len(drawn) == 2 and any("barDir val=\"col\"" in xml and "每月" in xml for xml in drawn) and any("\"stacked\"" in xml and "单位" in xml for xml in drawn)


def test_a_long_title_breaks_after_the_name_of_the_conference(app_sqlite, world):
    found(app_sqlite, world)
    key = notified(app_sqlite, world, D(2026, 12, 15), TODAY)
    with acting(app_sqlite, world, "meet"):
        title = papers.notice(db.session(), planning.find(db.session(), key), TODAY).title
    assert title == "关于召开长寿区综合行政执法联席会议\n2026年下半年例会的通知"
    assert papers.broken("岁末部署会", "长寿区综合行政执法联席会议") == "岁末部署会" and papers.broken("联席会议纪要", "联席会议") == "联席会议纪要"


def test_papers_of_an_agenda_of_two_hundred_topics(app_sqlite, world):
    found(app_sqlite, world)
    key = meeting(app_sqlite, world, D(2026, 12, 15), TODAY, kind="adhoc")
    with acting(app_sqlite, world, "meet"), unit_of_work("test.topics") as session:
        org = world.district.id
        made = [Topic(org_id=org, title=f"议题{n:03d}", category="其他", background="背景" * 30, request="请求", minutes=1, proposer_id=org, proposer_name="办公室",
                      proposed_on=TODAY, state="accepted") for n in range(199)]  # fmt: skip
        session.add_all(made)
        session.flush()
        planning.add_topics(key, [row.id for row in made])
    do(app_sqlite, world, key, "notify", TODAY)
    with acting(app_sqlite, world, "meet"):
        row = planning.find(db.session(), key)
        for document in (papers.notice(db.session(), row, TODAY), papers.agenda(db.session(), row), papers.materials(db.session(), row, {})):
            said = "".join(word[3] for page in words_of(to_pdf(document)) for word in page)
            assert "议题000" in said and "议题198" in said
            assert to_docx(document).startswith(b"PK")


def test_the_notice_says_what_changed_and_the_cancellation_why(app_sqlite, world):
    found(app_sqlite, world)
    key = notified(app_sqlite, world, D(2026, 12, 15), TODAY, note="请自带方案")
    with acting(app_sqlite, world, "meet"):
        first = papers.notice(db.session(), planning.find(db.session(), key), TODAY)
    assert first.number == "联席通〔2026〕1号" and first.addressee == "江南街道、葛兰镇、区公安局" and first.date.startswith("2026年")
    said = str(first.blocks)
    assert "2026年12月15日（星期二）09:30—11:30。" in said and "请自带方案" in said and "林海燕" in said
    do(app_sqlite, world, key, "cancel", TODAY, reason="并入其他会议")
    with acting(app_sqlite, world, "meet"):
        off = papers.notice(db.session(), planning.find(db.session(), key), TODAY)
    assert off.title.startswith("关于取消") and "并入其他会议" in str(off.blocks)


def test_minutes_without_a_quorum_say_so(app_sqlite, world):
    found(app_sqlite, world)
    key = notified(app_sqlite, world, D(2026, 12, 15), TODAY, kind="adhoc")
    sign_all(app_sqlite, world, key, 1)
    do(app_sqlite, world, key, "hold_short", D(2026, 12, 15), reason="紧急")
    minutes_id = issued(app_sqlite, world, key, D(2026, 12, 16))
    assert "未达到法定人数（须 2 个），本次会议不计为例会" in fetch(Minutes, minutes_id).attendance["quorum"]
    with acting(app_sqlite, world, "meet"):
        assert "未达到法定人数" in str(papers.minutes(db.session(), minuting.find(db.session(), minutes_id), TODAY).blocks)


def test_the_list_of_resolutions_and_the_sheet_and_the_materials(app_sqlite, world):
    found(app_sqlite, world)
    first = topic(app_sqlite, world, D(2026, 9, 10))
    key = held(app_sqlite, world, D(2026, 9, 29), D(2026, 9, 15), topic_ids=(first,))
    resolve(app_sqlite, world, key, D(2026, 10, 23))
    issued(app_sqlite, world, key, D(2026, 10, 12))
    with acting(app_sqlite, world, "meet"):
        session, row = db.session(), planning.find(db.session(), key)
        listed = papers.resolutions(session, sitting.resolutions(session, key), "清单", TODAY)
        assert listed.blocks[0].rows[0][1:5] == ("建立夜市联合巡查机制", "江南街道", "区公安局", "2026-10-23") and "超期 32 天" in listed.blocks[0].rows[0][5]
        sheet = papers.sign_in_sheet(session, row)
        assert [line[1:3] for line in sheet.blocks[2].rows] == [("江南街道", "代表0"), ("葛兰镇", "代表1"), ("区公安局", "代表2")]
        assert "夜市占道反映集中。" in str(papers.materials(session, row, {}).blocks)
        empty = meeting(app_sqlite, world, D(2026, 12, 22), TODAY, kind="adhoc")
    with acting(app_sqlite, world, "meet"):
        assert "没有议题" in str(papers.materials(db.session(), planning.find(db.session(), empty), {}).blocks)


def test_the_office_may_replace_the_templates_of_notice_and_minutes(app_sqlite, world, login):
    meet = login("meet")
    page = meet.get("/settings/papers").get_data(as_text=True)
    assert "联席会议通知" in page and "联席会议纪要" in page
    for key in ("meetings.notice", "meetings.minutes"):
        assert meet.get(f"/settings/papers/{key}").status_code == 200
        for kind, start in (("docx", b"PK"), ("pdf", b"%PDF")):
            assert meet.get(f"/settings/papers/{key}/standard.{kind}").data.startswith(start)
    assert "联席会议通知" not in login("jn_head").get("/settings/papers").get_data(as_text=True)
    from plugins.meetings import layouts
    from portal.documents.papers import standard_template

    for paper in layouts.PAPERS:
        text = "\n".join(paragraph.text for paragraph in read_docx(io.BytesIO(standard_template(paper))).paragraphs)
        assert "{{ title }}" in text and "{{ number }}" in text
        assert to_pdf(paper.build(paper.sample)).startswith(b"%PDF")


def test_what_is_written_and_told_is_chinese_whatever_the_screen_speaks(app_sqlite, world, login, post):
    """An officer with English pages drafts Chinese minutes, sends Chinese notices and prints Chinese papers."""
    found(app_sqlite, world)
    first = topic(app_sqlite, world, TODAY)
    with force_locale("en"):
        key = notified(app_sqlite, world, D(2026, 12, 15), TODAY, topic_ids=(first,))
        assert fetch(Meeting, key).title == "长寿区综合行政执法联席会议2026年下半年例会"
        sign_all(app_sqlite, world, key)
        do(app_sqlite, world, key, "hold", D(2026, 12, 15))
        resolve(app_sqlite, world, key, D(2026, 12, 31))
        minutes_id = issued(app_sqlite, world, key, D(2026, 12, 18))
    head = login("jn_head")
    post(head, "/language", {"lang": "en"}, page="/")
    assert 'lang="en"' in head.get(f"/meetings/{key}").get_data(as_text=True)
    for name in ("notice", "agenda", "materials", "resolutions"):
        said = "".join(word[3] for page in words_of(head.get(f"/meetings/{key}/papers/{name}.pdf").data) for word in page)
        assert "例会" in said and not re.search(r"[A-Za-z]{4,}", said), (name, said)
    said = "".join(word[3] for page in words_of(head.get(f"/meetings/minutes/{minutes_id}/paper.pdf").data) for word in page)
    assert "现将会议议定事项纪要如下" in said and "牵头，区公安局配合" in said and not re.search(r"[A-Za-z]{4,}", said)
    assert "SUMMARY:" in (calendar := head.get(f"/meetings/{key}/event.ics").get_data(as_text=True)) and "通知编号" in calendar
    titles = list(db.session.scalars(sa.select(Notice.title).where(Notice.account_id == world.account("jn_head").id)))
    assert {"会议通知：长寿区综合行政执法联席会议2026年下半年例会", "会议纪要已印发：联席纪〔2026〕1号"} <= set(titles)
    assert not any(re.search("[A-Za-z]{4,}", title) for title in titles)
