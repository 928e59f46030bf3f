"""投诉举报统计: what the page, the workbook and the monthly sheet show. Every figure knows the list that it counts.

Receipt is counted by the day of receipt, results, punctuality and duration by the day of conclusion, what is open or
overdue as it stands now.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from plugins.complaints import counting, words
from plugins.complaints.counting import Cells, View
from plugins.complaints.periods import Period, month
from portal.web import charts
from portal.web.charts import Chart, Series, share, shown

NONE = "-"
OPEN, OVERDUE = {"outcome": "open"}, {"due": "overdue"}


@dataclass(frozen=True)
class Figure:
    """A number with the arguments of the list of exactly these matters."""

    value: int
    where: Mapping[str, str]

    @property
    def link(self) -> str:
        asked: dict[str, Any] = {**self.where, "sort": "received-"}
        return url_for("complaints.index", **asked) if self.value else ""


@dataclass(frozen=True)
class Change:
    """By how much a figure grew."""

    value: int
    before: int

    def __str__(self) -> str:
        if self.value == self.before:
            return "0"
        grown = f"（{(self.value - self.before) / self.before:+.1%}）" if self.before else ""
        return f"{self.value - self.before:+,}{grown}"


@dataclass(frozen=True)
class Line:
    """A line of a table: its title and its figures, each with what it is counted from."""

    title: Any
    cells: Sequence[Figure | Change | str]
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table of figures, for the page and the workbook."""

    title: Any
    heads: Sequence[Any]
    lines: Sequence[Line]


@dataclass
class Report:
    """Everything about a period, beside the one that it is compared with."""

    period: Period
    against: Period
    now: Cells
    then: Cells
    town: int
    towns: Mapping[int, str]
    months: Sequence[tuple[str, int, int]]
    opened: Counter[int] = field(default_factory=Counter)
    overdue: Counter[int] = field(default_factory=Counter)

    def figure(self, value: int, where: Mapping[str, str] | None = None, *, period: Period | None = None, concluded: bool = False, town: int = 0) -> Figure:
        """A figure of a period (else that of the report), by the day of receipt or of conclusion."""
        period, name = period or self.period, "concluded" if concluded else "received"
        return self.standing(value, {f"{name}_from": period.first.isoformat(), f"{name}_to": period.last.isoformat(), **(where or {})}, town=town)

    def standing(self, value: int, where: Mapping[str, str], *, town: int = 0) -> Figure:
        """A figure of this moment, of no period."""
        town = town or self.town
        return Figure(value, {**where, "town": str(town)} if town else where)


def report(period: Period, against: Period, today: dt.date, towns: Mapping[int, str], town: int = 0) -> Report:
    """Count a period and the one to compare with; a constant number of statements."""
    opened, overdue = counting.standing(today, town)
    return Report(
        period, against, counting.count(period, town), counting.count(against, town), town, towns, counting.by_month(period.trend(), town), opened, overdue,
    )  # fmt: skip


# -- the figures of the head of the page --------------------------------------------------------------------------------------

SUMMARY: Sequence[tuple[str, Callable[[], Any], bool, Mapping[str, str]]] = (
    ("received", lambda: _("收件"), False, {}),
    ("repeated", lambda: _("其中重复投诉"), False, {"repeated": "1"}),
    ("concluded", lambda: _("办结"), True, {}),
    ("on_time", lambda: _("按期办结"), True, {"late": "0"}),
    ("late", lambda: _("超期办结"), True, {"late": "1"}),
    ("true", lambda: _("属实或部分属实"), True, {"true": "1"}),
)


def summary(shown_: Report) -> Table:
    """Every main figure of both periods, and by how much it changed."""
    now, then = shown_.now.view(), shown_.then.view()
    lines: list[Line] = []
    for name, title, concluded, more in SUMMARY:
        value, before = getattr(now, name), getattr(then, name)
        figures = (shown_.figure(value, more, concluded=concluded), shown_.figure(before, more, period=shown_.against, concluded=concluded))
        lines.append(Line(title(), (*figures, Change(value, before))))
    for title, part, whole in rates():
        lines.append(Line(title, (share(part(now), whole(now)), share(part(then), whole(then)), points(part(now), whole(now), part(then), whole(then)))))
    moved = "" if now.median is None or then.median is None else f"{now.median - then.median:+g}"
    lines.append(Line(_("办结用时中位数（工作日）"), (shown(now.median), shown(then.median), moved)))
    return Table(_("总览"), (_("指标"), _("本期"), _("对比期"), _("增减")), lines)


def rates() -> list[tuple[Any, Callable[[View], int], Callable[[View], int]]]:
    """Rates with what they are parts of."""
    return [
        (_("按期办结率"), lambda view: view.on_time, lambda view: view.on_time + view.late),
        (_("属实率"), lambda view: view.true, lambda view: view.found),
        (_("重复率"), lambda view: view.repeated, lambda view: view.received),
    ]


def points(part: int, whole: int, before: int, whole_before: int) -> str:
    """By how many percentage points a rate changed."""
    if not whole or not whole_before:
        return ""
    return _("%(n)s 个百分点", n=f"{part / whole * 100 - before / whole_before * 100:+.1f}")


def tiles(shown_: Report) -> list[tuple[Any, str, str, str, str]]:
    """The figures on top: label, value, link, tone, and a line below."""
    now, then = shown_.now.view(), shown_.then.view()
    received, concluded = shown_.figure(now.received), shown_.figure(now.concluded, concluded=True)
    opened, overdue = shown_.standing(shown_.opened.total(), OPEN), shown_.standing(shown_.overdue.total(), OVERDUE)

    def rate(part: int, whole: int) -> str:
        return _("%(part)s / %(whole)s 件", part=shown(part), whole=shown(whole))

    timed = now.on_time + now.late
    return [
        (_("收件"), shown(received.value), received.link, "", _("较对比期 %(n)s", n=Change(now.received, then.received))),
        (_("办结"), shown(concluded.value), concluded.link, "", _("较对比期 %(n)s", n=Change(now.concluded, then.concluded))),
        (_("按期办结率"), share(now.on_time, timed), shown_.figure(now.on_time, {"late": "0"}, concluded=True).link, "", rate(now.on_time, timed)),
        (_("用时中位数（工作日）"), shown(now.median), "", "", _("对比期 %(n)s", n=shown(then.median))),
        (_("属实率"), share(now.true, now.found), shown_.figure(now.true, {"true": "1"}, concluded=True).link, "", rate(now.true, now.found)),
        (_("重复率"), share(now.repeated, now.received), shown_.figure(now.repeated, {"repeated": "1"}).link, "", rate(now.repeated, now.received)),
        (_("现在在办"), shown(opened.value), opened.link, "blue", _("此刻")),
        (_("现在超期"), shown(overdue.value), overdue.link, "red" if overdue.value else "", _("此刻")),
    ]


# -- breakdowns ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Breakdown:
    """A property by its values: what they are called, how the list is asked for each."""

    title: Any
    heading: Any
    titles: Mapping[str, Any]
    now: Mapping[str, int]
    then: Mapping[str, int]
    argument: str
    concluded: bool = False

    def values(self) -> list[str]:
        """The known values in their order, and those beside them that occur."""
        return [*self.titles, *sorted(key for key in {*self.now, *self.then} if key not in self.titles and (self.now.get(key) or self.then.get(key)))]

    def name(self, key: str) -> Any:
        return self.titles.get(key) or key or _("未填写")


def breakdowns(shown_: Report) -> dict[str, Breakdown]:
    """By kind, channel, category, outcome and result."""
    now, then = shown_.now.view(), shown_.then.view()
    outcomes = {name: {one: view.outcome(one) for one in counting.OUTCOMES} for name, view in (("now", now), ("then", then))}
    categories = now.of("category") + then.of("category")
    named = {key: key or _("未填写") for key, _n in sorted(categories.items(), key=lambda item: (not item[0], -item[1], item[0]))}
    return {
        "kind": Breakdown(_("按类别"), _("类别"), words.KINDS, shown_.now.by_kind(), shown_.then.by_kind(), "kind"),
        "channel": Breakdown(_("按渠道"), _("渠道"), words.CHANNELS, now.of("channel"), then.of("channel"), "channel"),
        "category": Breakdown(_("按领域"), _("领域"), named, now.of("category"), then.of("category"), "category"),
        "outcome": Breakdown(_("按办理去向（收件）"), _("去向"), words.OUTCOMES, outcomes["now"], outcomes["then"], "outcome"),
        "result": Breakdown(_("按结论（办结）"), _("结论"), words.RESULTS, now.of("result"), then.of("result"), "result", concluded=True),
    }


def table_of(shown_: Report, part: Breakdown) -> Table:
    """A breakdown as a table with both periods."""
    lines = []
    for key in part.values():
        asked = {part.argument: key or NONE}
        now, then = part.now.get(key, 0), part.then.get(key, 0)
        figures = (shown_.figure(now, asked, concluded=part.concluded), shown_.figure(then, asked, period=shown_.against, concluded=part.concluded))
        lines.append(Line(part.name(key), (*figures, share(now, sum(part.now.values())), Change(now, then))))
    both = (sum(part.now.values()), sum(part.then.values()))
    total = (shown_.figure(both[0], concluded=part.concluded), shown_.figure(both[1], period=shown_.against, concluded=part.concluded))
    lines.append(Line(_("合计"), (*total, share(both[0], both[0]), Change(*both)), strong=True))
    return Table(part.title, (part.heading, _("本期"), _("对比期"), _("占比"), _("增减")), lines)


def chart_of(shown_: Report, part: Breakdown) -> Chart:
    """A breakdown as lying bars, the period beside the one before."""
    keys, unit = part.values(), _("件")
    series = [
        Series(
            title, [values.get(key, 0) for key in keys],
            [shown_.figure(values.get(key, 0), {part.argument: key or NONE}, period=period, concluded=part.concluded).link for key in keys], tone,
        )
        for title, values, period, tone in ((_("本期"), part.now, shown_.period, "blue"), (_("对比期"), part.then, shown_.against, "grey"))
    ]  # fmt: skip
    return charts.rows(part.title, [part.name(key) for key in keys], series, unit=unit, heading=part.heading, beside=True)


def trend(shown_: Report) -> Chart:
    """Received and concluded, month by month."""
    names = [name for name, _received, _concluded in shown_.months]
    series = [
        Series(_("收件"), [row[1] for row in shown_.months], [shown_.figure(row[1], period=month(row[0])).link for row in shown_.months], "blue"),
        Series(_("办结"), [row[2] for row in shown_.months], [shown_.figure(row[2], period=month(row[0]), concluded=True).link for row in shown_.months], "green"),
    ]
    return charts.bars(_("按月趋势"), charts.months(names), series, unit=_("件"), heading=_("月份"))


def punctuality(shown_: Report) -> Chart:
    """On time or late, of what was concluded."""
    now = shown_.now.view()
    links = [shown_.figure(n, {"late": code}, concluded=True).link for code, n in (("0", now.on_time), ("1", now.late))]
    return charts.shares(_("按期与超期（办结）"), [_("按期"), _("超期")], [now.on_time, now.late], links=links, tones=("green", "red"), unit=_("件"), name=_("件数"))


def results(shown_: Report) -> Chart:
    """What was found, of what was concluded."""
    part = breakdowns(shown_)["result"]
    keys = part.values()
    links = [shown_.figure(part.now.get(key, 0), {"result": key or NONE}, concluded=True).link for key in keys]
    return charts.shares(part.title, [part.name(key) for key in keys], [part.now.get(key, 0) for key in keys], links=links, unit=_("件"), name=_("件数"))


def by_town(shown_: Report) -> Table:
    """The towns beside one another, with their sum and their average."""
    heads = (_("街镇"), _("收件"), _("重复率"), _("办结"), _("按期办结率"), _("用时中位数"), _("属实率"), _("现在在办"), _("现在超期"))
    lines = []
    for town, name in shown_.towns.items():
        view = shown_.now.view(town=town)
        figures = (shown_.figure(view.received, town=town), shown_.figure(view.concluded, concluded=True, town=town))
        now = (shown_.standing(shown_.opened[town], OPEN, town=town), shown_.standing(shown_.overdue[town], OVERDUE, town=town))
        lines.append(Line(name, _town_line(view, figures, now)))
    view = shown_.now.view()
    figures = (shown_.figure(view.received), shown_.figure(view.concluded, concluded=True))
    now = (shown_.standing(shown_.opened.total(), OPEN), shown_.standing(shown_.overdue.total(), OVERDUE))
    lines.append(Line(_("合计"), _town_line(view, figures, now), strong=True))
    many = max(len(shown_.towns), 1)
    means = [f"{n / many:,.1f}" for n in (view.received, view.concluded, shown_.opened.total(), shown_.overdue.total())]
    lines.append(Line(_("每街镇平均"), (means[0], "", means[1], "", "", "", means[2], means[3]), strong=True))
    return Table(_("按街镇"), heads, lines)


def _town_line(view: View, figures: Sequence[Figure], now: Sequence[Figure]) -> tuple[Figure | Change | str, ...]:
    return (
        figures[0], share(view.repeated, view.received), figures[1], share(view.on_time, view.on_time + view.late), shown(view.median),
        share(view.true, view.found), *now,
    )  # fmt: skip


def town_chart(shown_: Report) -> Chart:
    """Received by town."""
    views = [shown_.now.view(town=town) for town in shown_.towns]
    links = [shown_.figure(view.received, town=town).link for town, view in zip(shown_.towns, views, strict=True)]
    return charts.rows(_("各街镇收件"), list(shown_.towns.values()), [Series(_("收件"), [view.received for view in views], links)], unit=_("件"), heading=_("街镇"))


def tables(shown_: Report) -> list[Table]:
    """Every table, for the workbook."""
    lines = [Line(name, (shown_.figure(came, period=month(name)), shown_.figure(went, period=month(name), concluded=True))) for name, came, went in shown_.months]
    months = Table(_("按月趋势"), (_("月份"), _("收件"), _("办结")), lines)
    found = [summary(shown_), *(table_of(shown_, part) for part in breakdowns(shown_).values()), months]
    return [*found, by_town(shown_)] if len(shown_.towns) > 1 else found


# -- the card of the dashboard --------------------------------------------------------------------------------------------------


def small_trend(today: dt.date) -> Chart:
    """Received in the last twelve months, small."""
    months = counting.by_month(Period("month", today.replace(day=1), today).trend())
    links = [url_for("complaints.index", received_from=month(name).first, received_to=month(name).last, sort="received-") for name, _r, _c in months]
    return charts.bars(_("近十二个月收件"), charts.months([row[0] for row in months]), [Series(_("收件"), [row[1] for row in months], links)], unit=_("件"), small=True)
