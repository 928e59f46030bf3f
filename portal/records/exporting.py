"""Writing tables for spreadsheets, so that no cell is taken for a formula; importing takes the guard off again."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
import re
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

from flask_babel import gettext as _

from portal.errors import Refused

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HARMLESS = re.compile(r"[+-]?\d[\d\s.,-]{0,30}%?")
"""Plain numbers and telephone numbers such as +86 138 0000 0000 stay as they are."""
GUARD = "'"
EXACT = 10**15
"""Whole numbers from here on lose digits in a spreadsheet."""
LONGEST_CELL = 32_767
MOST_ROWS = 1_048_575
"""What a sheet holds below its heading; the writer drops more without a word."""


def defuse(value: Any) -> Any:
    """Text that a spreadsheet would run gets a quote in front; so does text that begins with one, to be told apart."""
    if not isinstance(value, str) or not value:
        return value
    if value[0] == GUARD or (value.lstrip(" ").startswith(DANGEROUS) and not HARMLESS.fullmatch(value.strip(" "))):
        return GUARD + value
    return value


def restore(value: str) -> str:
    """What was written before :func:`defuse`."""
    if len(value) > 1 and value[0] == GUARD and (value[1] == GUARD or value[1:].lstrip(" ").startswith(DANGEROUS)):
        return value[1:]
    return value


def plain(value: Any) -> Any:
    """A value as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < EXACT else str(value)
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", "", str(value))


def write_csv(titles: Sequence[Any], rows: Iterable[Sequence[Any]]) -> IO[bytes]:
    """A CSV file that Excel opens in Chinese."""
    stream = tempfile.SpooledTemporaryFile(max_size=1 << 20)  # noqa: SIM115 - the caller sends and closes it
    stream.write(b"\xef\xbb\xbf")
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([defuse(str(title)) for title in titles])
    for row in rows:
        writer.writerow([defuse(plain(value)) for value in row])
        if buffer.tell() > 1 << 16:
            stream.write(buffer.getvalue().encode())
            buffer.seek(0)
            buffer.truncate()
    stream.write(buffer.getvalue().encode())
    stream.seek(0)
    return stream


Sheet = tuple[str, Sequence[Any], Iterable[Sequence[Any]]]


def write_xlsx(titles: Sequence[Any], rows: Iterable[Sequence[Any]], sheet: str = "Sheet1") -> IO[bytes]:
    """A workbook with one sheet, written in constant memory. Nothing becomes a formula or a link."""
    return write_book([(sheet, titles, rows)])


def write_book(sheets: Iterable[Sheet]) -> IO[bytes]:
    """A workbook of several sheets: for each its name, its titles and its rows. As :func:`write_xlsx`."""
    import xlsxwriter

    stream = tempfile.SpooledTemporaryFile(max_size=1 << 22)  # noqa: SIM115 - the caller sends and closes it
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(stream, options)
    bold = book.add_format({"bold": True, "bg_color": "#E7EEF7", "bottom": 1})
    for sheet, titles, rows in sheets:
        _write_sheet(book, bold, sheet, titles, rows)
    book.close()
    stream.seek(0)
    return stream


def sheet_name(text: str) -> str:
    """A name as a spreadsheet allows it."""
    return re.sub(r"[\[\]:*?/\\]", "", text)[:31] or "Sheet1"


def _write_sheet(book: Any, bold: Any, sheet: str, titles: Sequence[Any], rows: Iterable[Sequence[Any]]) -> None:
    page = book.add_worksheet(sheet_name(sheet))
    page.freeze_panes(1, 0)
    page.set_column(0, max(len(titles) - 1, 0), 16)
    for column, title in enumerate(titles):
        page.write_string(0, column, defuse(plain(title))[:LONGEST_CELL], bold)
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            book.close()
            raise Refused(_("超过 Excel 的 1,048,575 行，请缩小范围，或导出为 CSV。"))
        for column, value in enumerate(row):
            shown = plain(value)
            if isinstance(shown, str):
                page.write_string(number, column, defuse(shown)[:LONGEST_CELL])
            else:
                page.write_number(number, column, shown)
