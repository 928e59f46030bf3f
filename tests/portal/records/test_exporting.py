"""Exports that no spreadsheet runs, and that come back as they were."""

import csv
import datetime as dt
import io

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.errors import Refused
from portal.records import exporting
from portal.records.exporting import defuse, restore, write_csv, write_xlsx
from portal.records.workbooks import normalise, read_workbook

EVIL = ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋x", "－x", "＠x", "  =1", "=", "-", "'=1", "'"]
PLAIN = ["", "张三", "+86 138 0000 0000", "+8613800000000", "-5", "+5", "-1,234.50", "12%", "500115198001010018", "a=b", "3-2"]


@pytest.mark.parametrize("text", EVIL)
def test_what_a_spreadsheet_would_run_gets_a_quote(text):
    assert defuse(text) == "'" + text and restore(defuse(text)) == text


@pytest.mark.parametrize("text", PLAIN)
def test_plain_texts_and_telephone_numbers_stay(text):
    assert defuse(text) == text and restore(text) == text


@pytest.mark.parametrize("value", [None, 5, -5, 1.5, True, dt.date(2026, 1, 2)])
def test_only_texts_are_guarded(value):
    assert defuse(value) is value


@given(st.text(alphabet=st.sampled_from("=+-@'\t\r\n ＝＋－＠aZ张09.,%"), max_size=12) | st.text(max_size=20))
def test_the_guard_comes_off_exactly(text):
    assert restore(defuse(text)) == text
    shown = defuse(text)
    assert not shown.startswith(("=", "@", "＝", "＠", "\t", "\r")) and (not shown.startswith(("+", "-")) or exporting.HARMLESS.fullmatch(shown.strip(" ")))


def test_csv_opens_in_excel_and_holds_no_formula():
    raw = write_csv(["姓名", "=x"], [[text, 1] for text in EVIL] + [["张三", None]]).read()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert rows[0] == ["姓名", "'=x"] and [row[0] for row in rows[1:-1]] == ["'" + text for text in EVIL] and rows[-1] == ["张三", ""]


def test_workbooks_hold_texts_and_numbers_only():
    values = [*EVIL, "https://x.example", "=HYPERLINK(1)", "5" * 18, "a\x00\x08b", 7, -1.5, dt.date(2026, 1, 2), None, True, float("inf"), 10**17, "字" * 40_000]
    sheet = openpyxl.load_workbook(write_xlsx(["=T"], [[value] for value in values], "名/册[1]*" * 9)).active
    cells = [row[0] for row in sheet.iter_rows()]
    assert {cell.data_type for cell in cells} <= {"s", "n", "inlineStr"} and all(cell.hyperlink is None for cell in cells)
    shown = dict(zip([str(value)[:30] for value in values], [cell.value for cell in cells[1:]], strict=True))
    assert cells[0].value == "'=T" and shown["5" * 18] == "5" * 18 and shown["7"] == 7 and shown["2026-01-02"] == "2026-01-02" and shown[str(10**17)] == str(10**17)
    assert shown["a\x00\x08b"] == "ab" and len(cells[-1].value) == 32_767


def test_a_sheet_that_is_full_is_not_cut_in_silence(app_sqlite, monkeypatch):
    monkeypatch.setattr(exporting, "MOST_ROWS", 3)
    assert write_xlsx(["a"], [[1]] * 3)
    with pytest.raises(Refused):
        write_xlsx(["a"], [[1]] * 4)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_there_and_back_again(app_sqlite, kind):
    texts = ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "=", "'quoted'", "+86 138 0000 0000", "张三", "-5x", "500115198001010018"]
    stream = (write_xlsx if kind == "xlsx" else write_csv)(["姓名", "证号"], [[text, "x"] for text in texts])
    rows = read_workbook(stream.read(), f"x.{kind}")[0].rows
    assert [normalise(cells[0]) for _row, cells in rows[1:]] == texts
