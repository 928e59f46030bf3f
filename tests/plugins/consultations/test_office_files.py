"""Word and Excel files as evidence: the town keeps the file, whoever is outside gets all of it as PDF with name and time, or it is refused."""

import io
import zipfile

import pytest
from docx import Document as WordFile
from docx.oxml import OxmlElement
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference
from PIL import Image

from plugins.consultations import office
from plugins.consultations.models import Consultation
from plugins.consultations.word_numbers import written
from portal.documents import Para, Picture, Table
from portal.errors import Refused
from portal.records.attachments import Attachment
from tests.plugins.consultations.helpers import account, events, every, fetch, upload

DOCX, XLSX = "docx", "xlsx"


def saved(document):
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def picture(kind="PNG"):
    stream = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(stream, kind)
    return io.BytesIO(stream.getvalue())


def word():
    document = WordFile()
    document.sections[0].header.paragraphs[0].text = "江南街道综合行政执法大队"
    document.add_paragraph("现场勘验笔录")
    for text in ("养殖用房一处", "餐饮棚一处"):
        document.add_paragraph(text, style="List Number")
    table = document.add_table(rows=2, cols=3)
    for place, text in enumerate(("序号", "位置", "面积", "1", "古佛村 3 组", "320 平方米")):
        table.cell(*divmod(place, 3)).text = text
    document.add_picture(picture())
    return saved(document)


def sheets(**cells):
    book = Workbook()
    sheet = book.active
    sheet.title = "测算"
    for row in (("项目", "面积"), ("主房", 260.5), ("棚房", 60)):
        sheet.append(row)
    for name, value in cells.items():
        sheet[name] = value
    book.create_sheet("空表")
    return saved(book)


def test_all_that_a_word_file_says_is_in_the_pdf(app):
    with app.test_request_context():
        blocks = office.blocks_of(word(), DOCX, "勘验.docx")
        made = office.as_pdf(word(), DOCX, "勘验.docx")
    texts = [block.text for block in blocks if isinstance(block, Para)]
    assert texts == ["页眉：江南街道综合行政执法大队", "现场勘验笔录", "1. 养殖用房一处", "2. 餐饮棚一处"]
    table = next(block for block in blocks if isinstance(block, Table))
    assert table.titles == ("序号", "位置", "面积") and table.rows == (("1", "古佛村 3 组", "320 平方米"),)
    assert sum(isinstance(block, Picture) for block in blocks) == 1 and made.startswith(b"%PDF")


def test_all_that_a_workbook_says_is_in_the_pdf(app):
    with app.test_request_context():
        blocks = office.blocks_of(sheets(), XLSX, "测算.xlsx")
        assert office.as_pdf(sheets(), XLSX, "测算.xlsx").startswith(b"%PDF")
    assert [block.text for block in blocks if not isinstance(block, Table)] == ["测算"]
    assert blocks[1].rows == (("项目", "面积"), ("主房", "260.5"), ("棚房", "60"))


def chart():
    book = Workbook()
    book.active.append((1, 2))
    drawn = BarChart()
    drawn.add_data(Reference(book.active, min_col=1, max_col=2, min_row=1))
    book.active.add_chart(drawn)
    return saved(book)


def with_change():
    document = WordFile()
    paragraph = document.add_paragraph("原文")
    paragraph._p.append(OxmlElement("w:ins"))
    return saved(document)


def with_part(data, name, content=b"<x/>"):
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def with_formula():
    document = WordFile()
    document.add_paragraph()._p.append(OxmlElement("m:oMath"))
    return saved(document)


def bitmap():
    document = WordFile()
    document.add_picture(picture("BMP"))
    return saved(document)


NOT_WHOLE = {
    "chart": (chart, XLSX, "图表"), "change": (with_change, DOCX, "未接受的修订"), "formula": (with_formula, DOCX, "数学公式"), "bitmap": (bitmap, DOCX, "图片"),
    "comment": (lambda: with_part(word(), "word/comments.xml"), DOCX, "批注"), "formula not counted": (lambda: sheets(B4="=SUM(B2:B3)"), XLSX, "还没有计算的公式"),
    "wide": (lambda: sheets(N1="x"), XLSX, "超过 12 列"),
    "smart art": (lambda: with_part(word(), "word/diagrams/data1.xml"), DOCX, "图形"), "torn": (lambda: word()[:-300], DOCX, "无法读取"),
    "doctype": (lambda: with_part(word(), "word/x.xml", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"), DOCX, "无法读取"),
    "empty": (lambda: saved(WordFile()), DOCX, "没有内容"), "bomb": (lambda: with_part(word(), "word/x.bin", b"\0" * 120_000_000), DOCX, "无法读取"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_WHOLE)
def test_what_could_not_be_shown_whole_is_refused_in_words(app, case):
    make, kind, words = NOT_WHOLE[case]
    if case == "bomb":
        stream = io.BytesIO(word())
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("word/x.bin", b"\0" * 120_000_000)
        data = stream.getvalue()
    else:
        data = make()
    with app.test_request_context(), pytest.raises(Refused, match=words):
        office.blocks_of(data, kind, f"材料.{kind}")


@pytest.mark.parametrize(
    ("number", "kind", "text"),
    [(3, "decimal", "3"), (12, "chineseCounting", "十二"), (20, "japaneseCounting", "二十"), (27, "lowerLetter", "aa"), (4, "upperRoman", "IV"),
     (2, "decimalEnclosedCircle", "②"), (1, "none", ""), (120, "chineseCounting", "120")],
)  # fmt: skip
def test_numbers_are_written_as_word_writes_them(number, kind, text):
    assert written(number, kind) == text


def handed_in(play, content, name):
    key = play.draft(evidence=False)
    data = {"name": "勘验笔录", "proves": "", "files": upload(content, name)}
    return key, play.send("jn_officer", f"/consultations/{key}/evidence", data, content_type="multipart/form-data")


@pytest.mark.parametrize(("make", "name"), [(word, "勘验.docx"), (sheets, "测算.xlsx")])
def test_the_town_keeps_the_file_and_the_panel_gets_a_marked_pdf(play, make, name):
    key, answer = handed_in(play, make(), name)
    assert answer.status_code == 303
    play.done("jn_officer", key, "submit", approver=str(account("jn_leader").id))
    play.done("jn_leader", key, "approve")
    play.done("sup", key, "accept", form="written")
    play.choose(key, "ex1", "ex2", "ex3")
    play.done("sup", key, "invite", opinion_due="2026-12-01")
    play.declare(key, "ex1")
    file = fetch(Consultation, id=key).evidence[0]["file"]
    address = f"/consultations/{key}/files/{file}"
    assert play["jn_officer"].get(address).data == make() or play["jn_officer"].get(address).data.startswith(b"PK")
    for who in ("ex1", "sup"):
        got = play[who].get(address)
        assert got.data.startswith(b"%PDF") and got.mimetype == "application/pdf" and b"PK\x03\x04" not in got.data[:4], who
    assert "会商组看到的 PDF" in play.text("jn_officer", f"/consultations/{key}") and "会商组看到的 PDF" not in play.text("ex1", f"/consultations/{key}")
    assert play["jn_officer"].get(address + "?seen=1").data.startswith(b"%PDF")
    assert play["ex2"].get(address + "?seen=1").status_code == 404
    assert len([event for event in events("consultations.downloaded") if event.record_id == key]) >= 4


@pytest.mark.parametrize("name", ["笔录.wps", "笔录.doc", "台账.et", "台账.xls", "说明.txt", "带宏.docm"])
def test_files_that_cannot_be_marked_are_refused_with_what_to_do(play, name):
    _key, answer = handed_in(play, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, name)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and "加不了姓名和时间水印" in text and "另存为 PDF" in text and not every(Attachment)


def test_a_file_with_more_pages_than_can_be_marked_is_refused_when_it_is_handed_in(play, monkeypatch):
    monkeypatch.setattr("plugins.consultations.watermark.MOST_PAGES", 0)
    _key, answer = handed_in(play, word(), "勘验.docx")
    assert answer.status_code == 422 and "请拆分" in answer.get_data(as_text=True)
