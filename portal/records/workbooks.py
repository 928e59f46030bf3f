"""Reading what offices send: Excel and CSV files, guarded, with every refusal in words and with sheet and row."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from portal.config import current_settings
from portal.errors import Refused
from portal.records.exporting import restore

READER = Path(__file__).with_name("reader.py")
SECONDS = 20
HEADER_ROWS = 30
EXTENSIONS = {"xlsx": "excel", "xlsm": "excel", "xls": "excel", "csv": "csv"}
"""What is accepted. Not .ods and .xlsb: in those the cells with formulas cannot be told from others."""
YEARS = range(1900, 3000)
MAGIC = {b"PK\x03\x04": "zip", b"\xd0\xcf\x11\xe0": "ole"}
EPOCH = dt.date(1899, 12, 30)
INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad]+")
DATE_TEXT = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*日?(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?")


class WorkbookError(Refused):
    """A file that cannot be imported: ``code`` for programs, the message for people, with sheet and row where known."""

    def __init__(self, code: str, message: Any, sheet: str = "", row: int | None = None) -> None:
        super().__init__(message, field="file")
        self.code, self.sheet, self.row = code, sheet, row


class CellError(ValueError):
    """A cell does not hold what its column needs."""


@dataclass(frozen=True)
class Sheet:
    """A sheet: its rows with their numbers as the office sees them, and the cells that hold formulas (row, column letters)."""

    name: str
    rows: list[tuple[int, list[Any]]]
    formulas: frozenset[tuple[int, str]]


@dataclass(frozen=True)
class Header:
    """Where the headings were found, and the column index of each wanted heading."""

    sheet: Sheet
    row: int
    columns: dict[str, int]
    titles: list[str]


def _message(code: str, sheet: str) -> str:
    where = _("工作表“%(sheet)s”", sheet=sheet) if sheet else _("文件")
    words = {
        "file_type": _("这不是 Excel 或 CSV 文件。请上传 .xlsx、.xls 或 .csv 文件。"),
        "too_large": _("文件超过 %(n)s MB，请拆分后再导入。", n=current_settings().import_max_mb),
        "protected": _("文件有打开密码。请在 Excel 中取消密码，另存后再导入。"),
        "damaged": _("文件已损坏，无法读取。请用 Excel 打开并另存为 .xlsx 后再导入。"),
        "too_big": _("文件展开后过大，可能不是正常的名册，已拒绝。"),
        "too_many_rows": _("%(where)s超过 50,000 行或 200 列，请拆分后再导入。", where=where),
        "encoding": _("无法识别 CSV 文件的编码，请另存为 UTF-8 或 .xlsx。"),
        "too_slow": _("文件读取时间过长，已停止。请拆分后再导入。"),
        "empty": _("文件里没有数据。"),
    }
    return words.get(code, words["damaged"])


def refuse(code: str, sheet: str = "", row: int | None = None) -> WorkbookError:
    return WorkbookError(code, _message(code, sheet), sheet, row)


def kind_of(data: bytes, filename: str) -> str:
    """``excel`` or ``csv``, by extension and content; raises WorkbookError when they do not fit."""
    extension = filename.rpartition(".")[2].lower()
    kind = EXTENSIONS.get(extension)
    if not data:
        raise refuse("empty")
    if kind is None:
        raise refuse("file_type")
    magic = MAGIC.get(data[:4])
    if kind == "excel" and magic is None:
        raise refuse("file_type")
    if kind == "csv" and (magic is not None or b"\0" in data[:4096]):
        raise refuse("file_type")
    return kind


def read_workbook(data: bytes, filename: str) -> list[Sheet]:
    """The sheets of a file, read in a child process with limits. Raises WorkbookError."""
    if len(data) > current_settings().import_max_mb * 1024 * 1024:
        raise refuse("too_large")
    kind = kind_of(data, filename)
    try:
        child = subprocess.run([sys.executable, "-I", str(READER), kind], input=data, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise refuse("too_slow") from None
    try:
        answer = json.loads(child.stdout)
    except ValueError:
        raise refuse("too_slow" if child.returncode in (-9, -24) else "too_big") from None
    if "error" in answer:
        raise refuse(answer["error"], answer.get("sheet", ""))
    return [
        Sheet(sheet["name"], [(row, cells) for row, cells in sheet["rows"]], frozenset((row, column) for row, column in sheet["formulas"]))
        for sheet in answer["sheets"]
    ]


def normalise(value: Any) -> str:
    """A cell as plain text: half width, no blanks around or within runs, nothing invisible."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return str(next(iter(value.values())))[:10]
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = value if isinstance(value, str) else str(value)
    return text if text.isascii() and text.isalnum() else _normal(text)


@lru_cache(maxsize=8192)
def _normal(text: str) -> str:
    """The same office writes the same words in every row."""
    text = unicodedata.normalize("NFKC", restore(text))
    return INVISIBLE.sub(" ", text).replace("\0", "").encode("utf-8", "ignore").decode().strip()


def heading(value: Any) -> str:
    """A heading for comparing: no blanks at all, no remark in brackets at its end."""
    text = re.sub(r"\s", "", normalise(value)) if isinstance(value, str) else ""
    return re.sub(r"[(（].{0,30}[)）]$", "", text).rstrip("*:：")


def parse_date(value: Any) -> dt.date | None:
    """A date in any way that offices write it; None for an empty cell. Raises CellError with the words for the reader."""
    if value is None or value == "":
        return None
    if isinstance(value, dict):
        return dt.date.fromisoformat(next(iter(value.values()))[:10])
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _from_number(float(value))
    text = normalise(value)
    if not text:
        return None
    found = DATE_TEXT.fullmatch(text) or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text)
    if found is None:
        if re.fullmatch(r"\d{5}", text):
            return _from_number(float(text))
        raise CellError(_("“%(text)s”不是日期", text=text[:30]))
    if int(found[1]) not in YEARS:
        raise CellError(_("“%(text)s”不是日期", text=text[:30]))
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        raise CellError(_("“%(text)s”这一天不存在", text=text[:30])) from None


def _from_number(number: float) -> dt.date:
    if 19000101 <= number <= 29991231 and number.is_integer():
        return parse_date(str(int(number)))  # type: ignore[return-value]
    if not 1 <= number < 110_000:
        raise CellError(_("“%(text)s”不是日期", text=f"{number:g}"))
    return EPOCH + dt.timedelta(days=int(number))


def find_header(sheets: Sequence[Sheet], aliases: Mapping[str, Sequence[str]], required: Sequence[str]) -> Header:
    """The row with the most wanted headings on any sheet. Raises WorkbookError that names what is missing."""
    wanted = {heading(alias): key for key, names in aliases.items() for alias in names}
    least = min(2, len(aliases))
    best: Header | None = None
    for sheet in sheets:
        for row, cells in sheet.rows[:HEADER_ROWS]:
            titles = [heading(cell) for cell in cells]
            columns: dict[str, int] = {}
            for index, title in enumerate(titles):
                key = wanted.get(title)
                if key is not None and key not in columns:
                    columns[key] = index
            if len(columns) >= least and (best is None or len(columns) > len(best.columns)):
                best = Header(sheet, row, columns, [normalise(cell) for cell in cells])
    if best is None:
        raise WorkbookError("missing_header", _("没有找到表头。表头应包含：%(names)s。", names="、".join(aliases[key][0] for key in required)))
    missing = [aliases[key][0] for key in required if key not in best.columns]
    if missing:
        message = _("工作表“%(sheet)s”第 %(row)s 行的表头缺少：%(names)s。", sheet=best.sheet.name, row=best.row, names="、".join(missing))
        raise WorkbookError("missing_header", message, best.sheet.name, best.row)
    _refuse_second(sheets, best, wanted)
    return best


def _refuse_second(sheets: Sequence[Sheet], best: Header, wanted: Mapping[str, str]) -> None:
    """Another sheet with the same headings and rows under them would be left out without a word: say so instead."""
    for sheet in sheets:
        if sheet is best.sheet:
            continue
        for row, cells in sheet.rows[:HEADER_ROWS]:
            known = {wanted[title] for cell in cells if (title := heading(cell)) in wanted}
            if known >= set(best.columns) and any(number > row and any(normalise(cell) for cell in line) for number, line in sheet.rows):
                message = _("工作表“%(one)s”和“%(two)s”都有同样的表头，请每次导入一个工作表。", one=best.sheet.name, two=sheet.name)
                raise WorkbookError("two_tables", message, sheet.name, row)


def column_letters(index: int) -> str:
    """Excel's name of a column, from 0."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
