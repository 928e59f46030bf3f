"""Import of attendance as offices keep it: one row a person and one column a session, with ticks or hours in the cells."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from plugins.training import rights, rules, rules_sheet, words
from plugins.training.sheets import PEOPLE_COLUMNS, apply
from plugins.training.sheets_book import Book
from plugins.training.sheets_read import Item, Meeting, People, Refusal, title_of
from portal.errors import Refused
from portal.records.importing import ImportContext, ImportSpec, RawRow, RowResult
from portal.records.workbooks import CellError, Header, column_letters, heading, normalise, parse_date
from portal.text import close_name

PERSONAL = (
    "所在单位", "单位", "部门", "职务", "岗位", "中队", "所在中队", "性别", "执法证号", "证号", "联系电话", "电话", "用工性质", "备注", "签名", "Unit", "Department",
    "Position", "Post", "Team", "Sex", "Certificate number", "Phone", "Employment", "Remark", "Remarks", "Note", "Signature",
)  # fmt: skip
SUMS = re.compile(r"合计|总计|累计|小计|总学时|已完成|差额|达标|^(?:sub)?total\b", re.IGNORECASE)
COLUMNS = PEOPLE_COLUMNS


@dataclass(frozen=True)
class Column:
    """A column that is a session."""

    index: int
    name: str
    meeting: Meeting | None
    halves: int | None
    problem: str = ""


def columns_of(header: Header, today: dt.date) -> list[Column]:
    """Every column that is neither somebody's particulars nor a sum, with the session that its heading (or the rows above) names."""
    above = [cells for row, cells in header.sheet.rows if header.row - 4 <= row < header.row]
    caption = " ".join(normalise(cell) for cells in above for cell in cells[:1])
    found_year = re.search(r"(20\d{2})\s*年", f"{header.sheet.name} {caption}")
    year = int(found_year[1]) if found_year else today.year
    default = rules_sheet.category_of(caption) or rules_sheet.category_of(header.sheet.name)
    known, personal = set(header.columns.values()), {heading(word).lower() for word in PERSONAL}
    written = next((cells for row, cells in header.sheet.rows if row == header.row), [])
    found = []
    for index, title in enumerate(header.titles):
        if index in known or not title or heading(title).lower() in personal or SUMS.search(title):
            continue
        upper = [cells[index] for cells in above if index < len(cells) and index > 0 and cells[index] not in ("", None)]
        found.append(_column(index, title_of(written[index]) if index < len(written) else title, upper, year, default))
    return found


def _column(index: int, title: str, upper: list[Any], year: int, default: str) -> Column:
    read = rules_sheet.read_heading(title, year)
    day, halves, category = read.day, read.halves, read.category
    for cell in upper:
        more = _upper(cell, year)
        day, halves, category = day or more.day, halves or more.halves, category or more.category
    name = f"{title[:30]}（{column_letters(index)}）"
    category = category or default
    problem = ""
    if not read.title:
        problem = _("列“%(name)s”没有培训名称", name=name)
    elif day is None:
        problem = _("列“%(name)s”没有日期，请在表头写明，如“3月12日 行政处罚法（专业法律知识，4学时）”", name=name)
    elif not category:
        problem = _("列“%(name)s”没有培训类别，应为：%(all)s", name=name, all="、".join(str(word) for word in words.CATEGORIES.values()))
    meeting = Meeting(read.title[:100], day, None, None, category, "") if day is not None and read.title and category else None
    return Column(index, name, meeting, halves, problem)


def _upper(cell: Any, year: int) -> rules_sheet.Heading:
    if isinstance(cell, (dict, int, float)) and not isinstance(cell, bool):
        try:
            if isinstance(cell, dict) or cell > 31:
                return rules_sheet.Heading("", parse_date(cell), None, "")
        except CellError:
            pass
    return rules_sheet.read_heading(normalise(cell), year)


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each person's row."""
    assert context.header is not None
    columns = columns_of(context.header, context.today)
    if not columns:
        raise Refused(_("没有找到培训列：表头除姓名、身份证号外，应每期培训一列。"), field="file")
    people = People(context)
    results, read = [], []
    for raw in rows:
        result = RowResult(raw.row, "create", cells=raw.cells, shown={"name": close_name(normalise(raw.values.get("name")))[:20]})
        results.append(result)
        try:
            items = _items(raw, people.find(raw), columns)
            read.append((items, result))
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, refusal.message
    book = Book(context)
    book.load([item for items, _result in read for _column, item in items])
    for items, result in read:
        _decide(book, items, result)
    return results


def _items(raw: RawRow, person: Any, columns: list[Column]) -> list[tuple[Column, Item]]:
    found = []
    for column in columns:
        cell = raw.cells[column.index] if column.index < len(raw.cells) else ""
        try:
            mark = rules_sheet.read_mark(cell if isinstance(cell, (int, float)) else normalise(cell))
        except ValueError as error:
            raise Refusal("bad_mark", _("列“%(name)s”的“%(text)s”看不懂，请填学时或 √", name=column.name, text=error)) from None
        if mark is None:
            continue
        if column.meeting is None:
            raise Refusal("bad_column", column.problem)
        halves = column.halves if mark == "all" else mark
        if not isinstance(halves, int):
            raise Refusal("bad_column", _("列“%(name)s”没有写明学时，打勾的无法计算", name=column.name))
        found.append((column, Item(raw.row, person, column.meeting, halves, None)))
    return found


def _decide(book: Book, items: list[tuple[Column, Item]], result: RowResult) -> None:
    """A row is taken whole or not at all; the words name the column."""
    for column, item in items:
        try:
            book.decide(item)
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, f"{column.name}：{refusal.message}"
            return
    result.values = {"items": [item for _column, item in items]}
    statuses = {item.status for _column, item in items}
    total = sum(item.halves for _column, item in items)
    result.message = _("%(n)s 期，共 %(hours)s 学时", n=len(items), hours=rules.hours(total))
    if not items:
        result.status, result.code, result.message = "skip", "empty", _("没有参加任何一期")
    elif statuses == {"skip"}:
        result.status, result.code, result.message = "skip", "unchanged", _("与登记的内容相同")
    else:
        result.status = "create" if "create" in statuses else "update"


def is_person(raw: RawRow) -> bool:
    """A row with a name in it that is no sum and no signature."""
    name = normalise(raw.values.get("name"))
    return bool(name) and not name.lower().startswith(("合计", "总计", "小计", "填表", "审核", "制表", "负责人", "total", "subtotal"))


SPEC = ImportSpec(
    name="training_matrix",
    title=_l("培训签到表（一行一人，一列一期）"),
    plugin="training",
    permission=rights.IMPORT,
    columns=COLUMNS,
    check=check,
    apply=apply,
    help=_l("每人一行，每期培训一列；列名写明日期、名称、类别和学时，如“3月12日 行政处罚法（专业法律知识，4学时）”。格内填学时或 √，空白、×、请假为未参加。"),
    done_endpoint="training.index",
    is_data=is_person,
)
