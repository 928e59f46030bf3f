"""Statistics of complaints: any period beside another, down to the list of every figure; the workbook and the monthly sheet."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flask import Blueprint, g, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from plugins.complaints import monthly, periods, rights, statistics
from plugins.complaints.periods import Period
from plugins.complaints.statistics import Change, Figure, Report, Table
from plugins.complaints.views import town_names
from portal import audit
from portal.auth.permissions import require
from portal.clock import today
from portal.records.exporting import Sheet, write_book
from portal.records.views import send_table
from portal.tenancy import visible_orgs

blueprint = Blueprint("complaints_statistics", __name__, url_prefix="/complaints/statistics", template_folder="templates")
KINDS = {"month": _l("月"), "quarter": _l("季度"), "half": _l("半年"), "year": _l("年"), "free": _l("自选")}
AGAINST = {"before": _l("上一期（环比）"), "year": _l("上年同期（同比）")}


QUARTERS = (_l("{year}年第一季度"), _l("{year}年第二季度"), _l("{year}年第三季度"), _l("{year}年第四季度"))
HALVES = (_l("{year}年上半年"), _l("{year}年下半年"))


def title_of(period: Period) -> str:
    """A period in words: 2026年11月, 2026年第四季度, 2026年下半年, 2026年, days from and to."""
    year, part = period.first.year, (period.first.month - 1) // periods.KINDS.get(period.kind, 1)
    if period.kind == "month":
        return _("%(year)s年%(month)s月", year=year, month=part + 1)
    if period.kind == "quarter":
        return str(QUARTERS[part]).format(year=year)
    if period.kind == "half":
        return str(HALVES[part]).format(year=year)
    return _("%(year)s年", year=year) if period.kind == "year" else _("%(first)s 至 %(last)s", first=period.first, last=period.last)


def towns() -> dict[int, str]:
    """The towns whose matters the acting role sees."""
    seen = visible_orgs("complaints")
    return {key: name for key, name in town_names().items() if seen is None or key in seen}


def _period() -> Period:
    typed = periods.free(request.args.get("from", ""), request.args.get("to", ""))
    return typed or periods.read(request.args.get("period", ""), today())


def _town(listed: dict[int, str]) -> int:
    asked = request.args.get("town", "")
    chosen = next((key for key in listed if str(key) == asked), 0)
    return chosen if len(listed) > 1 else 0


def _report(period: Period, listed: dict[int, str], town: int) -> Report:
    against = period.year_before() if request.args.get("against") == "year" else period.before()
    return statistics.report(period, against, today(), listed if not town else {town: listed[town]}, town)


def _office(listed: dict[int, str], town: int) -> str:
    return listed[town] if town else str(g.grant.organisation.name)


@blueprint.get("")
@require(rights.STATISTICS)
def index() -> Any:
    """The figures of a period."""
    listed = towns()
    town, period = _town(listed), _period()
    shown = _report(period, listed, town)
    parts = statistics.breakdowns(shown)
    wrong = bool(request.args.get("from") or request.args.get("to")) and period.kind != "free"
    kept = {name: request.args[name] for name in ("town", "against") if request.args.get(name)}
    return render_template(
        "complaints/statistics.html", report=shown, period=period, title=title_of(period), against=title_of(shown.against), kinds=KINDS, comparisons=AGAINST,
        choices=[(item.code, title_of(item)) for item in periods.on_offer(period.kind, today())] if period.kind != "free" else [], kept=kept, wrong=wrong,
        periods=periods, listed=listed, town=town, tiles=statistics.tiles(shown), summary=statistics.summary(shown), trend=statistics.trend(shown),
        parts=[(statistics.chart_of(shown, part), statistics.table_of(shown, part)) for key, part in parts.items() if key != "result"],
        results=(statistics.results(shown), statistics.table_of(shown, parts["result"])), punctuality=statistics.punctuality(shown),
        town_table=statistics.by_town(shown) if len(shown.towns) > 1 else None, town_chart=statistics.town_chart(shown) if len(shown.towns) > 1 else None,
        office=_office(listed, town), is_figure=lambda cell: isinstance(cell, Figure), today=today(), chosen=request.args,
    )  # fmt: skip


@blueprint.get("/export")
@require(rights.STATISTICS)
def export() -> Any:
    """Every table as a workbook, a sheet each."""
    listed = towns()
    town, period = _town(listed), _period()
    shown = _report(period, listed, town)
    found = statistics.tables(shown)
    audit.note("records.exported", record_type="complaints.statistics", chain_id=g.grant.org_id, detail={"period": period.code, "format": "xlsx"})
    head: Sheet = (_("投诉举报统计"), (_("项目"), _("内容")), [(_("单位"), _office(listed, town)), (_("本期"), title_of(period)), (_("对比期"), title_of(shown.against))])
    return send_table(write_book([head, *(_sheet(table) for table in found)]), f"complaints-statistics-{period.code}.xlsx")


def _sheet(table: Table) -> Sheet:
    def rows() -> Iterator[Sequence[Any]]:
        for line in table.lines:
            yield [line.title, *(_plain(cell) for cell in line.cells)]

    return (str(table.title), [str(head) for head in table.heads], rows())


def _plain(cell: Figure | Change | str) -> Any:
    if isinstance(cell, Change):
        return cell.value - cell.before
    return cell.value if isinstance(cell, Figure) else cell


@blueprint.get("/monthly")
@require(rights.STATISTICS)
def monthly_sheet() -> Any:
    """投诉举报月报表 of a month, to look at, to print, or as a workbook."""
    listed = towns()
    town = _town(listed)
    asked = periods.read(request.args.get("period", ""), today())
    period = asked if asked.kind == "month" else periods.containing("month", min(asked.last, today()))
    filled = monthly.sheet(_report(period, listed, town), _office(listed, town), today())
    if request.args.get("export") == "xlsx":
        audit.note("records.exported", record_type="complaints.statistics", chain_id=g.grant.org_id, detail={"period": period.code, "format": "monthly"})
        return send_table(monthly.workbook(filled), f"{_('投诉举报月报表')}-{period.code}.xlsx")
    return render_template(
        "complaints/monthly.html", sheet=filled, period=period, choices=[(item.code, title_of(item)) for item in periods.on_offer("month", today())], listed=listed,
        town=town, is_figure=lambda cell: isinstance(cell, Figure), signatures=monthly.signatures(),
    )  # fmt: skip
