"""What offices and attackers send: read with every row, or refused in words."""

import datetime as dt
from pathlib import Path

import pytest

from portal.records import workbooks
from portal.records.workbooks import CellError, WorkbookError, find_header, normalise, parse_date, read_workbook
from tests.portal.records import files

SAMPLE = Path(__file__).parents[2] / "samples" / "roster.xlsx"
ROWS = [["姓名", "证号"], ["张三", "A1"], ["李四", "A2"]]


def formulas(data, name="x.xlsx"):
    return set().union(*(sheet.formulas for sheet in read_workbook(data, name)))


def code(data, name="x.xlsx"):
    with pytest.raises(WorkbookError) as caught:
        read_workbook(data, name)
    assert str(caught.value.message)
    return caught.value.code


def bare(rows):
    """A workbook whose sheet is written as XML."""
    return files.changed(files.xlsx([["x"]]), files.SHEET, lambda _content: files.sheet_xml(rows))


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (files.xlsx(ROWS), "名册.xlsx"),
        (files.xlsx(ROWS), "名册.XLSX"),
        (files.xlsx(ROWS, hidden=True), "x.xlsx"),
        (files.shared(ROWS), "x.xlsx"),
        (files.xls(ROWS), "x.xls"),
        ("姓名,证号\r\n张三,A1\r\n李四,A2\r\n".encode("utf-8-sig"), "x.csv"),
        ("姓名,证号\n张三,A1\n李四,A2\n".encode("gb18030"), "x.csv"),
        ("姓名\t证号\n张三\tA1\n李四\tA2\n".encode(), "x.csv"),
        ("某镇名册\n姓名;证号\n张三;A1\n李四;A2\n".encode(), "x.csv"),
    ],
)
def test_what_is_read(app_sqlite, data, name):
    rows = [cells for sheet in read_workbook(data, name) for _row, cells in sheet.rows if "某镇名册" not in cells]
    assert rows == ROWS


def test_sheet_rows_keep_their_numbers(app_sqlite):
    sheet = read_workbook(bare('<row r="7"><c r="C7" t="inlineStr"><is><t>甲</t></is></c></row>'), "x.xlsx")[0]
    assert sheet.rows == [(7, ["", "", "甲"])]


@pytest.mark.parametrize(
    ("make", "name", "wanted"),
    [
        (lambda: b"", "x.xlsx", "empty"),
        (lambda: b"hello", "x.xlsx", "file_type"),
        (lambda: files.xlsx(ROWS), "x.pdf", "file_type"),
        (lambda: files.xlsx(ROWS), "x", "file_type"),
        (lambda: files.xlsx(ROWS), "x.csv", "file_type"),
        (lambda: files.xlsx(ROWS), "x.ods", "file_type"),
        (lambda: files.changed(files.xlsx(ROWS), "none", bytes).replace(b"xl/workbook.xml", b"xl/workbooc.xml"), "x.xlsx", "file_type"),
        (lambda: files.ole([("WordDocument", bytes(5000))]), "x.xls", "file_type"),
        (lambda: files.ole([("EncryptedPackage", bytes(5000))]), "x.xlsx", "protected"),
        (lambda: files.xls(ROWS, protected=True), "x.xls", "protected"),
        (lambda: files.xlsx(ROWS)[:-300], "x.xlsx", "damaged"),
        (lambda: b"PK\x03\x04" + bytes(3000), "x.xlsx", "damaged"),
        (lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 3000, "x.xls", "damaged"),
        (lambda: files.xls(ROWS)[:900], "x.xls", "damaged"),
        (lambda: files.with_parts(files.xlsx(ROWS), [(files.SHEET.upper(), b"<x/>")]), "x.xlsx", "damaged"),
        (lambda: files.changed(files.xlsx(ROWS), files.SHEET, lambda xml: b'<!DOCTYPE x [<!ENTITY e "z">]>' + xml), "x.xlsx", "damaged"),
        (lambda: files.changed(files.xlsx(ROWS), files.SHEET, lambda xml: b"\xff\xfe" + xml.decode().encode("utf-16-le")), "x.xlsx", "damaged"),
        (lambda: files.lying(files.xlsx(ROWS), files.SHEET, files.sheet_xml("<row/>" * 9999), 150), "x.xlsx", "damaged"),
        (lambda: files.lying(files.xlsx(ROWS), files.SHEET, b"<x/>" + b" " * 120_000_000, 4), "x.xlsx", "too_big"),
        (lambda: files.with_parts(files.xlsx(ROWS), [("xl/media/a.bin", bytes(120_000_000))]), "x.xlsx", "too_big"),
        (lambda: files.with_parts(files.xlsx(ROWS), [("xl/media/a.bin", bytes(6_000_000))]), "x.xlsx", "too_big"),
        (lambda: files.with_parts(files.xlsx(ROWS), [(f"xl/p{n}.bin", b"") for n in range(5001)]), "x.xlsx", "too_big"),
        (lambda: bare("".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 50_002))), "x.xlsx", "too_many_rows"),
        (lambda: bare('<row r="1"><c r="A1"><v>1</v></c><c r="GS1"><v>1</v></c></row>'), "x.xlsx", "too_many_rows"),
        (lambda: bare('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "x.xlsx", "too_big"),
        (lambda: b"a,b\n" * 50_001, "x.csv", "too_many_rows"),
        (lambda: b",".join([b"a"] * 201), "x.csv", "too_many_rows"),
        (lambda: b"a\0b", "x.csv", "file_type"),
        (lambda: b"\xff\xff\xff,\x81", "x.csv", "encoding"),
        (lambda: b'"' + b"a" * 200_000 + b'"', "x.csv", "damaged"),
        (lambda: b"PK\x03\x04" + bytes(10 * 1024 * 1024), "x.xlsx", "too_large"),
    ],
)
def test_what_is_refused(app_sqlite, make, name, wanted):
    assert code(make(), name) == wanted


def test_one_long_text_shown_by_many_cells_is_refused(app_sqlite):
    cells = "".join(f'<row r="{n}">' + '<c t="s"><v>0</v></c>' * 20 + "</row>" for n in range(1, 2001))
    data = files.changed(files.shared([["字" * 3000]]), files.SHEET, lambda _content: files.sheet_xml(cells))
    assert len(data) < 20_000 and code(data) == "too_big"


def test_a_hundred_thousand_rows_are_named_with_their_sheet(app_sqlite):
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 100_001))
    with pytest.raises(WorkbookError) as caught:
        read_workbook(files.changed(files.xlsx([["x"]], "人员表"), files.SHEET, lambda _content: files.sheet_xml(rows)), "x.xlsx")
    assert caught.value.sheet == "人员表" and "人员表" in str(caught.value.message) and caught.value.field == "file"


def test_a_reader_that_does_not_end_is_ended(app_sqlite, monkeypatch, tmp_path):
    slow = tmp_path / "reader.py"
    slow.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(workbooks, "READER", slow)
    monkeypatch.setattr(workbooks, "SECONDS", 0.3)
    assert code(files.xlsx(ROWS)) == "too_slow"


def formula_sheet(cell):
    return bare(f'<row r="4"><c r="A4"><v>1</v></c>{cell}</row>')


@pytest.mark.parametrize(
    ("make", "wanted"),
    [
        (lambda: formula_sheet('<c r="B4"><f>1+1</f><v>2</v></c>'), {(4, "B")}),
        (lambda: formula_sheet("<c r='B4'><f>1+1</f><v>2</v></c>"), {(4, "B")}),
        (lambda: formula_sheet("<c><f>1+1</f><v>2</v></c>"), {(4, "B")}),
        (lambda: formula_sheet('<c r="B4"><!-- > --><f>1+1</f><v>2</v></c>'), {(4, "B")}),
        (lambda: formula_sheet('<c r="B4"><f/><v>2</v></c>'), {(4, "B")}),
        (lambda: formula_sheet('<c r="B4"><f t="shared" si="0"/><v>2</v></c>'), {(4, "B")}),
        (lambda: formula_sheet('<c r="B4"><f t="array" ref="B4:C5">x</f><v>2</v></c>'), {(4, "B"), (4, "C"), (5, "B"), (5, "C")}),
        (lambda: formula_sheet('<c r="AB4"><f>1</f></c>'), {(4, "AB")}),
        (lambda: bare(""), set()),
        (lambda: files.xls([["姓名"], ["甲", 2.0]]), {(2, "B")}),
        (lambda: "姓名,数\n甲,=1+1\n乙,\"=\"\"007\"\"\"\n".encode(), {(2, "B")}),
    ],
)
def test_every_formula_is_found(app_sqlite, make, wanted):
    data = make()
    name = "x.csv" if data[:2] not in (b"PK", b"\xd0\xcf") else "x.xlsx"
    assert formulas(data, name) == wanted


def test_formulas_behind_prefixes_and_by_the_thousand(app_sqlite):
    prefixed = files.changed(
        files.xlsx([["x"]]),
        files.SHEET,
        lambda _xml: f'<x:worksheet xmlns:x="{files.MAIN}"><x:sheetData><x:row r="1"><x:c r="A1"><x:f>1</x:f></x:c></x:row></x:sheetData></x:worksheet>'.encode(),
    )
    assert formulas(prefixed) == {(1, "A")}
    assert len(formulas(files.xlsx([["甲", "=1+1"]] * 3000))) == 3000


def test_a_text_in_quotes_for_a_spreadsheet_is_a_text(app_sqlite):
    assert read_workbook('甲,"=""007"""\n'.encode(), "x.csv")[0].rows == [(1, ["甲", "007"])]


@pytest.mark.parametrize(
    "value",
    [
        "2026.11.3", "2026年11月3日", "2026 年 11 月 3 日", "2026/11/3", "2026-11-03", "20261103", "２０２６．１１．３", " 2026-11-03\u200b", "2026-11-03 00:00:00",
        46329, 46329.0, "46329", 20261103.0, {"d": "2026-11-03"}, {"t": "2026-11-03T09:30:00"},
    ],
)  # fmt: skip
def test_dates_as_offices_write_them(app_sqlite, value):
    assert parse_date(value) == dt.date(2026, 11, 3)


@pytest.mark.parametrize("value", ["2026-02-30", "2026-13-01", "2026.11", "长期", "0202-01-01", "99999999", -5, 1e9, 0.5, float("nan"), "x" * 500, "1" * 400])
def test_what_is_no_date_is_said_in_words(app_sqlite, value):
    with pytest.raises(CellError) as caught:
        parse_date(value)
    assert "“" in str(caught.value) and len(str(caught.value)) < 80


@pytest.mark.parametrize("value", [None, "", "  ", "\u3000"])
def test_no_date_is_none(app_sqlite, value):
    assert parse_date(value) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [("　张 三　", "张 三"), ("Ａ１２ｘ", "A12x"), ("\u200b王\ufeff", "王"), ("'=1+1", "=1+1"), (7.0, "7"), (None, ""), ("a\0b", "ab"), ("甲\n乙", "甲 乙")],
)
def test_texts_in_one_form(value, text):
    assert normalise(value) == text


ALIASES = {"name": ("姓名", "人员姓名"), "number": ("证号",), "until": ("有效期至",)}


def test_the_header_is_found_on_any_sheet_in_any_order_with_columns_more(app_sqlite):
    rows = [["某镇名册"], [], ["序号", "有 效 期 至（年月日）", "备注", "证号*", " 姓\u3000名 "], [1, "x", "", "A1", "张三"]]
    header = find_header(read_workbook(files.xlsx(rows, hidden=True), "x.xlsx"), ALIASES, ["name", "number"])
    assert (header.row, header.columns) == (3, {"until": 1, "number": 3, "name": 4})


def test_the_header_of_the_sample_roster(app_sqlite):
    header = find_header(read_workbook(SAMPLE.read_bytes(), SAMPLE.name), {"name": ("姓名",), "id": ("身份证号", "身份证号码", "公民身份号码")}, ["name"])
    assert header.row == 3 and "姓 名" in header.titles


def test_what_the_header_lacks_is_named(app_sqlite):
    sheets = read_workbook(files.xlsx([["姓名", "有效期至"], ["甲", "x"]], "表二"), "x.xlsx")
    with pytest.raises(WorkbookError) as caught:
        find_header(sheets, ALIASES, ["name", "number"])
    assert (caught.value.code, caught.value.sheet, caught.value.row) == ("missing_header", "表二", 1) and "证号" in str(caught.value.message)
    with pytest.raises(WorkbookError) as caught:
        find_header(read_workbook(files.xlsx([["甲", "乙"]]), "x.xlsx"), ALIASES, ["name", "number"])
    assert caught.value.code == "missing_header" and "姓名、证号" in str(caught.value.message)
