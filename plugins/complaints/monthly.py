"""投诉举报月报表: the sheet that offices hand in, for the page, for printing and as a workbook."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from flask_babel import gettext as _

from plugins.complaints import counting, rules, words
from plugins.complaints.counting import Cells, View
from plugins.complaints.periods import Period, containing
from plugins.complaints.statistics import Figure, Report
from portal.records.exporting import defuse, plain
from portal.web.charts import share, shown

RECEIVED, YEAR, CONCLUDED = "received", "year", "concluded"


@dataclass(frozen=True)
class Column:
    """A column of the sheet: under which head it stands, its title, and what it counts of a line."""

    group: Any
    title: Any
    basis: str
    value: Any
    where: dict[str, str]
    rate: Any = None


def columns() -> list[Column]:
    """The columns in the order in which the form has them."""
    received, became, concluded, found = _("收件"), _("本月收件去向"), _("本月办结"), _("办结结论")
    listed = [
        Column(received, _("本月"), RECEIVED, lambda view: view.received, {}),
        Column(received, _("其中重复"), RECEIVED, lambda view: view.repeated, {"repeated": "1"}),
        Column(received, _("本年累计"), YEAR, lambda view: view.received, {}),
    ]
    for code in counting.OUTCOMES:
        listed.append(Column(became, words.OUTCOMES[code], RECEIVED, lambda view, code=code: view.outcome(code), {"outcome": code}))
    listed += [
        Column(concluded, _("件数"), CONCLUDED, lambda view: view.concluded, {}),
        Column(concluded, _("按期"), CONCLUDED, lambda view: view.on_time, {"late": "0"}),
        Column(concluded, _("超期"), CONCLUDED, lambda view: view.late, {"late": "1"}),
        Column(concluded, _("按期率"), CONCLUDED, None, {}, lambda view: share(view.on_time, view.on_time + view.late)),
        Column(concluded, _("用时中位数（工作日）"), CONCLUDED, None, {}, lambda view: shown(view.median)),
    ]
    for result in rules.RESULTS:
        listed.append(Column(found, words.RESULTS[result], CONCLUDED, lambda view, result=result: view.sum("result", (result,)), {"result": result}))
    return listed


@dataclass(frozen=True)
class Sheet:
    """The filled form."""

    title: str
    office: str
    period: str
    columns: Sequence[Column]
    lines: Sequence[tuple[Any, Sequence[Figure | str]]]
    made: dt.date

    def groups(self) -> list[tuple[Any, int]]:
        """The upper heads with the number of columns under each."""
        found: list[tuple[Any, int]] = []
        for column in self.columns:
            if found and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return found


def sheet(report: Report, office: str, today: dt.date) -> Sheet:
    """The form of the report's month: a line for each kind, and the sum."""
    period = report.period
    year = counting.count(Period("free", containing("year", period.first).first, period.last), report.town)
    listed = columns()
    lines: list[tuple[Any, Sequence[Figure | str]]] = []
    for kind, title in words.KINDS.items():
        lines.append((title, [_cell(report, column, _view(column, report.now, year, kind), kind) for column in listed]))
    lines.append((_("合计"), [_cell(report, column, _view(column, report.now, year, ""), "") for column in listed]))
    name = _("%(year)s年%(month)s月", year=period.first.year, month=period.first.month)
    return Sheet(_("投诉举报月报表"), office, name, listed, lines, today)


def _view(column: Column, month: Cells, year: Cells, kind: str) -> View:
    return (year if column.basis == YEAR else month).view(kind=kind)


def _cell(report: Report, column: Column, view: View, kind: str) -> Figure | str:
    if column.rate is not None:
        return str(column.rate(view))
    period = report.period
    if column.basis == YEAR:
        period = Period("free", containing("year", period.first).first, period.last)
    return report.figure(column.value(view), {**column.where, **({"kind": kind} if kind else {})}, period=period, concluded=column.basis == CONCLUDED)


def signatures() -> list[str]:
    """What is filled in by hand below the form."""
    return [_("填报单位（盖章）："), _("单位负责人："), _("审核人："), _("填表人："), _("联系电话：")]


def workbook(filled: Sheet) -> IO[bytes]:
    """The form as a workbook: title, unit, period, two rows of heads, the lines, signatures; A4 across, one page wide."""
    import xlsxwriter

    stream = tempfile.SpooledTemporaryFile(max_size=1 << 22)  # noqa: SIM115 - the caller sends and closes it
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False})
    page = book.add_worksheet(filled.title[:31])
    base = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
    title = book.add_format({**base, "font_name": "黑体", "font_size": 18, "align": "center"})
    plain_left, plain_right = book.add_format(base), book.add_format({**base, "align": "right"})
    centre = book.add_format({**base, "align": "center"})
    head = book.add_format({**base, "bold": True, "border": 1, "align": "center", "text_wrap": True})
    cell = book.add_format({**base, "border": 1, "align": "center", "num_format": "#,##0"})
    total = book.add_format({**base, "bold": True, "border": 1, "align": "center", "num_format": "#,##0"})
    last = len(filled.columns)

    def text(value: Any) -> str:
        return str(defuse(plain(str(value))))

    page.merge_range(0, 0, 0, last, filled.title, title)
    page.set_row(0, 34)
    third = max(last // 3, 1)
    page.merge_range(1, 0, 1, third, text(_("填报单位：%(office)s", office=filled.office)), plain_left)
    page.merge_range(1, third + 1, 1, last - third, _("统计月份：%(month)s", month=filled.period), centre)
    page.merge_range(1, last - third + 1, 1, last, _("单位：件　填报日期：%(day)s", day=filled.made), plain_right)
    page.merge_range(2, 0, 3, 0, _("类别"), head)
    at = 1
    for name, width in filled.groups():
        page.merge_range(2, at, 2, at + width - 1, str(name), head) if width > 1 else page.write_string(2, at, str(name), head)
        at += width
    for number, column in enumerate(filled.columns, 1):
        page.write_string(3, number, str(column.title), head)
    page.set_row(3, 44)
    for row, (name, cells) in enumerate(filled.lines, 4):
        form = total if row == len(filled.lines) + 3 else cell
        page.set_row(row, 24)
        page.write_string(row, 0, text(name), form)
        for number, value in enumerate(cells, 1):
            page.write_number(row, number, value.value, form) if isinstance(value, Figure) else page.write_string(row, number, value, form)
    below = len(filled.lines) + 5
    share_of = max((last + 1) // len(signatures()), 2)
    for number, name in enumerate(signatures()):
        page.merge_range(below, number * share_of, below, min((number + 1) * share_of - 1, last), name, plain_left)
    page.set_row(below, 28)
    page.set_column(0, 0, 14)
    page.set_column(1, last, 8)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 1)
    page.set_margins(0.5, 0.5, 0.6, 0.6)
    page.center_horizontally()
    book.close()
    stream.seek(0)
    return stream
