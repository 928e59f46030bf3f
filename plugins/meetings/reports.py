"""半年情况报告 and the yearly report: as charts on a page, as a document, as a workbook."""

from __future__ import annotations

import datetime as dt
import tempfile
from typing import IO, Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import figures, halfyears, queries, rules, telling, words, workflow
from plugins.meetings.models_results import HalfYear, Resolution
from portal.documents import Block, Document, Heading, Para, Table, chinese_date, in_chinese
from portal.records.exporting import defuse, plain
from portal.web import charts
from portal.web.charts import Chart, Series

PERIODS = ("1", "2", "year")


def span(year: int, part: str) -> tuple[dt.date, dt.date]:
    """First and last day of a half-year (``1``, ``2``) or of a year."""
    if part == "year":
        return dt.date(year, 1, 1), dt.date(year, 12, 31)
    half = (year, int(part))
    return rules.half_begin(half), rules.half_end(half)


def title(year: int, part: str) -> str:
    return _("%(year)s 年度", year=year) if part == "year" else words.half((year, int(part)))


def verdicts(session: Session, first: dt.date, last: dt.date, today: dt.date) -> list[halfyears.Verdict]:
    """The half-years of a span, oldest first."""
    found = halfyears.overview(session, max(today, first), 40)
    return [item for item in reversed(found) if first <= rules.half_begin(item.half) <= last]


def drawn(period: queries.Period) -> list[Chart]:
    """The charts of a report."""
    shown = [row for row in period.units if row.word.total]
    states = [(code, period.states.get(code, 0)) for code in ("done", "review", "in_progress", "open")]
    came = [row for row in period.units if row.invited]
    led = [url_for("meetings_resolutions.index", unit=row.unit_id) for row in shown]
    return [
        charts.shares(_("议定事项状态"), [str(workflow.RESOLUTION.state(code).title) for code, _n in states], [n for _code, n in states],
                      links=[url_for("meetings_resolutions.index", state=code) for code, _n in states],
                      tones=("green", "blue", "amber", "grey"), unit=_("件"), key="states"),
        charts.bars(_("每月到期与按时办结"), charts.months([month for month, _d, _n in period.months]),
                    [Series(_("到期"), [due for _m, due, _n in period.months]), Series(_("按时办结"), [done for _m, _d, done in period.months], tone="green")],
                    unit=_("件"), key="months"),
        charts.rows(_("各单位履约：牵头事项"), [row.name for row in shown],
                    [Series(_("按时"), [row.word.on_time for row in shown], links=led, tone="green"),
                     Series(_("逾期办结"), [row.word.late for row in shown], links=led, tone="amber"),
                     Series(_("超期未办结"), [row.word.overdue for row in shown], links=led, tone="red"),
                     Series(_("办理中"), [row.word.running for row in shown], links=led, tone="grey")],
                    unit=_("件"), key="word"),
        charts.rows(_("议题类别"), list(words.CATEGORIES.values()), [Series(_("议题"), [period.topics.get(code, 0) for code in words.CATEGORIES])], unit=_("个"),
         key="topics"),
        charts.rows(_("各单位到会率"), [row.name for row in came], [Series(_("到会率"), [row.rate for row in came])], unit="%", key="came"),
    ]  # fmt: skip


@in_chinese
def document(session: Session, year: int, part: str, period: queries.Period, today: dt.date) -> Document:
    """半年（年度）情况报告."""
    until = min(period.last, today)
    held = period.held
    regular = [meeting for meeting in held if meeting.kind == "regular"]
    done, total = period.states.get("done", 0), period.resolutions
    opening = _(
        "%(from)s至%(to)s，共召开联席会议 %(n)s 次（例会 %(r)s 次），印发议定事项 %(t)s 项，已核实办结 %(d)s 项，超期未办结 %(l)s 项；化解职责争议 %(c)s 件。",
        **{
            "from": chinese_date(period.first),
            "to": chinese_date(until),
            "n": len(held),
            "r": len(regular),
            "t": total,
            "d": done,
            "l": period.late,
            "c": period.disputes,
        },
    )
    blocks: list[Block] = [Heading(1, _("一、总体情况")), Para(opening), Heading(1, _("二、半年例会"))]
    for verdict in verdicts(session, period.first, period.last, today):
        where = _("：%(day)s %(title)s", day=chinese_date(verdict.meeting.day), title=verdict.meeting.title) if verdict.meeting else ""
        why = _("；说明：%(why)s", why=verdict.reason.rstrip("。")) if verdict.reason else ""
        blocks.append(Para(_("%(half)s%(state)s%(where)s%(why)s。", half=verdict.title, state=words.HALF_STATES[verdict.state][0], where=where, why=why)))
    blocks.append(Heading(1, _("三、会议召开")))
    lines = [
        (
            str(m.day),
            m.title,
            str(words.KINDS[m.kind]),
            f"{m.present}/{m.members}" if m.state in rules.TOOK_PLACE else "—",
            str(workflow.MEETING.state(m.state).title),
        )
        for m in period.meetings
    ]
    blocks.append(Table((_("日期"), _("会议"), _("类型"), _("到会/应到"), _("状态")), tuple(lines), (2.3, 4, 1.9, 2.1, 2.3)) if lines else Para(_("没有召开会议。")))
    blocks.append(Heading(1, _("四、各单位到会与履约")))
    rows = [
        (row.name, f"{row.came}/{row.invited}", str(row.substitutes), str(row.excused), str(row.word.total), str(row.word.on_time), str(row.word.late),
         str(row.word.overdue),
         "—" if row.word.rate is None else f"{row.word.rate}%")
        for row in period.units
    ]  # fmt: skip
    heads = (_("单位"), _("到会"), _("代会"), _("请假"), _("牵头"), _("按时"), _("逾期"), _("超期"), _("履约率"))
    blocks.append(Table(heads, tuple(rows), (2.6, 1.1, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 1.3)) if rows else Para(_("没有数据。")))
    blocks.append(Heading(1, _("五、超期未办结事项（含以前议定的）")))
    late = overdue(session, period, today)
    blocks += [Para(_("%(n)s %(text)s（%(unit)s，时限 %(due)s，超期 %(d)s 天）。", n=row.number, text=row.text.rstrip("。"), unit=row.lead_name, due=row.due_on,
                      d=rules.overdue_days(row.due_on, today))) for row in late] or [Para(_("没有超期事项。"))]  # fmt: skip
    organ = figures.figure(figures.ORGAN, None, today)
    return Document(
        _("关于%(name)s\n%(p)s工作情况的报告", name=_conference_name(session), p=title(year, part)), issuer=organ, blocks=tuple(blocks), signature=organ, date=today
    )


def _conference_name(session: Session) -> str:
    conference = telling.conference_of(session, needed=False)
    return conference.name if conference is not None else _("联席会议")


def overdue(session: Session, period: queries.Period, today: dt.date) -> list[Resolution]:
    """What is overdue of everything that was agreed up to the end of the period: nothing drops out with the turn of a half-year."""
    found = select(Resolution).where(
        Resolution.state.in_(rules.OWED),
        Resolution.sort_due < today,
        Resolution.agreed_on <= period.last,
        Resolution.state != "recorded",
    )
    return list(session.scalars(found.order_by(Resolution.sort_due, Resolution.id).limit(200)))


def workbook(session: Session, period: queries.Period, today: dt.date) -> IO[bytes]:
    """The same figures as a workbook of five sheets, with charts of two of them. Nothing that people wrote becomes a formula."""
    import xlsxwriter

    stream = tempfile.SpooledTemporaryFile(max_size=1 << 22)  # noqa: SIM115 - the caller sends and closes it
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "bg_color": "#E7EEF7", "bottom": 1})
    resolutions = session.scalars(
        select(Resolution)
        .where(Resolution.agreed_on >= period.first, Resolution.agreed_on <= period.last, Resolution.state != "recorded")
        .order_by(Resolution.agreed_on, Resolution.id)
    ).all()
    sheets: list[tuple[str, list[Any], list[list[Any]]]] = [
        (_("会议"), [_("日期"), _("会议"), _("类型"), _("状态"), _("应到"), _("到会"), _("达到法定人数")],
         [[m.day, m.title, words.KINDS[m.kind], workflow.MEETING.state(m.state).title, m.members, m.present,
          _("是") if m.quorate else _("否")] for m in period.meetings]),
        (_("单位"), [_("单位"), _("受邀"), _("到会"), _("代会"), _("请假"), _("牵头"), _("按时办结"), _("逾期办结"), _("超期未办结"), _("办理中"), _("履约率%")],
         [[r.name, r.invited, r.came, r.substitutes, r.excused, r.word.total, r.word.on_time, r.word.late, r.word.overdue, r.word.running,
          r.word.rate] for r in period.units]),
        (_("议定事项"), [_("编号"), _("内容"), _("牵头单位"), _("议定日期"), _("原定时限"), _("现时限"), _("状态"), _("办结日期"), _("延期次数")],
         [[r.number, r.text, r.lead_name, r.agreed_on, r.first_due, r.due_on, workflow.RESOLUTION.state(r.state).title, r.done_on, r.extensions] for r in resolutions]),
        (_("半年例会"), [_("半年"), _("结果"), _("会议"), _("说明")],
         [[v.title, words.HALF_STATES[v.state][0], v.meeting.title if v.meeting else "", v.reason] for v in verdicts(session, period.first, period.last, today)]),
        (_("每月"), [_("月份"), _("到期"), _("按时办结")], [list(row) for row in period.months]),
    ]  # fmt: skip
    for name, heads, rows in sheets:
        page = book.add_worksheet(name)
        page.freeze_panes(1, 0)
        page.set_column(0, len(heads) - 1, 16)
        for place, head in enumerate(heads):
            page.write_string(0, place, str(head), bold)
        for number, row in enumerate(rows, 1):
            for place, value in enumerate(row):
                shown = plain(value) if isinstance(value, (int, float, dt.date)) or value is None else plain(str(value))
                if isinstance(shown, str):
                    page.write_string(number, place, defuse(shown)[:32_000])
                else:
                    page.write_number(number, place, shown)
    _draw(book, sheets[4][0], "column", len(period.months), (1, 2), ("#1D4E89", "#12805C"), _("每月到期与按时办结"), "E2")
    if period.units:
        _draw(book, sheets[1][0], "bar", len(period.units), (6, 7, 8, 9), ("#12805C", "#B45309", "#B3261E", "#5F6B7A"), _("各单位履约：牵头事项"), "M2")
    book.close()
    stream.seek(0)
    return stream


def _draw(book: Any, sheet: str, kind: str, rows: int, columns: tuple[int, ...], colours: tuple[str, ...], title: str, at: str) -> None:
    """A chart beside the figures of a sheet: the first column names what the others count."""
    chart = book.add_chart({"type": kind, "subtype": "stacked"} if kind == "bar" else {"type": kind})
    for column, colour in zip(columns, colours, strict=True):
        chart.add_series({"name": [sheet, 0, column], "categories": [sheet, 1, 0, rows, 0], "values": [sheet, 1, column, rows, column], "fill": {"color": colour}})
    chart.set_title({"name": title, "name_font": {"size": 12}})
    chart.set_legend({"position": "bottom"})
    whole = {"num_format": "0", "major_gridlines": {"visible": True, "line": {"color": "#D9DEE5"}}}
    chart.set_x_axis(whole if kind == "bar" else {})
    chart.set_y_axis({"reverse": True} if kind == "bar" else whole)
    chart.set_size({"width": 620, "height": max(300, 22 * rows + 120) if kind == "bar" else 300})
    book.get_worksheet_by_name(sheet).insert_chart(at, chart)


def years(session: Session, today: dt.date) -> list[int]:
    """The years of which there is something to report, newest first."""
    first = session.scalar(select(HalfYear.year).order_by(HalfYear.year).limit(1)) or today.year
    return list(range(today.year, min(first, today.year) - 1, -1))[:10]


__all__ = ["document", "drawn", "overdue", "span", "title", "verdicts", "workbook", "years"]
