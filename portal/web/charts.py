"""Charts drawn on the server as SVG: bars, lines, rows and shares. No script, no style attribute, readable at any width.

A page makes a chart and shows it with ``components/charts.html``::

    chart = charts.bars(_("每月收件"), charts.months(["2026-01", "2026-02"]), [Series(_("件数"), [12, 30], links=[...])], unit=_("件"))
    {{ charts.figure(chart) }}

Widths are percentages, heights and letters are pixels, so letters keep their size on a telephone. Colours are classes of
portal.css; every series has a pattern and its numbers beside its colour, and the table of the same figures stands below.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _

Number = int | float
HEIGHT = 200
"""Pixels of the drawing of bars and lines, without its labels."""
SMALL = 56
ABOVE = 20
"""Pixels over the highest bar, for its number."""
ROW, THICK = 44, 16
LETTER = 12
WIDE, NARROW = 430, 270
"""Pixels that a drawing has at least on a screen, and on a telephone."""
LONGEST_LABEL = 22
SERIES = 6
"""Patterns and colours on offer; more series begin again."""
TONES = ("green", "amber", "red", "blue", "grey")


@dataclass(frozen=True)
class Label:
    """What stands under a bar: ``text``, a second line ``below``, and ``whole`` for the table and for reading aloud."""

    text: str
    below: str = ""
    whole: str = ""

    def __str__(self) -> str:
        return self.whole or self.text


@dataclass(frozen=True)
class Series:
    """Figures of one kind, one for each label (None: there is none). ``tone`` where the colour has a meaning: green, amber, red, blue, grey."""

    title: Any
    values: Sequence[Number | None]
    links: Sequence[str] = ()
    tone: str = ""

    def link(self, index: int) -> str:
        """Where a figure leads; nought leads nowhere."""
        return self.links[index] if index < len(self.links) and self.values[index] else ""


@dataclass(frozen=True)
class Mark:
    """A bar, a point or a slice: where it is, what it says when pointed at, where it leads."""

    x: str
    y: float
    width: str = ""
    height: float = 0
    fill: str = ""
    text: str = ""
    link: str = ""
    path: str = ""
    note: str = ""
    """The number that is written beside it."""
    note_x: str = ""
    wide: bool = False
    """Its number is written only where there is room."""


@dataclass(frozen=True)
class Tick:
    """A line across with its number."""

    y: float
    text: str


@dataclass(frozen=True)
class Under:
    """A label under the drawing."""

    x: str
    label: Label
    wide: bool


@dataclass(frozen=True)
class Chart:
    """A chart that is ready to be shown."""

    kind: str
    title: Any
    labels: Sequence[Label]
    series: Sequence[Series]
    unit: Any = ""
    heading: Any = ""
    description: str = ""
    key: str = ""
    stacked: bool = False
    total: bool = False
    height: float = HEIGHT
    marks: Sequence[Mark] = ()
    lines: Sequence[tuple[str, Sequence[tuple[str, float, str, float]]]] = ()
    ticks: Sequence[Tick] = ()
    under: Sequence[Under] = ()
    swatches: Sequence[str] = field(default_factory=tuple)

    @property
    def empty(self) -> bool:
        """Nothing to draw: there are no labels, or every figure is nought."""
        return not any(value for series in self.series for value in series.values)

    @property
    def linked(self) -> bool:
        return any(mark.link for mark in self.marks)

    @property
    def legend(self) -> bool:
        return len(self.series) > 1

    def pattern(self, css: str) -> str:
        """The name of a fill in this drawing."""
        return f"{self.key}-{css}"

    def table(self) -> list[tuple[Label, list[tuple[str, str]]]]:
        """The same figures in rows: a label, and a figure with its link for each series."""
        return [(label, [(shown(series.values[index]), series.link(index)) for series in self.series]) for index, label in enumerate(self.labels)]

    def totals(self) -> list[str]:
        return [shown(sum(value or 0 for value in series.values)) for series in self.series]


def bars(
    title: Any, labels: Sequence[Any], series: Sequence[Series], *, unit: Any = "", heading: Any = "", stacked: bool = False, total: bool = False, key: str = "",
    small: bool = False,
) -> Chart:  # fmt: skip
    """Upright bars, side by side or ``stacked``. ``small``: without axis and labels, for a card."""
    named, fills = [_folded(label, len(labels)) for label in _labels(labels)], _fills(series)
    height, above = (SMALL, 2) if small else (HEIGHT, ABOVE)
    tallest = [sum(each) if stacked else max(each, default=0) for each in ([series_.values[i] or 0 for series_ in series] for i in range(len(named)))]
    top, ticks = _scale(max(tallest, default=0), height, above)
    slot = 100 / max(len(named), 1)
    beside = 1 if stacked else max(len(series), 1)
    width = min(slot * 0.72 / beside, 11)
    marks: list[Mark] = []
    for index, label in enumerate(named):
        middle, base = slot * (index + 0.5), float(height)
        for place, one in enumerate(series):
            value = one.values[index] or 0
            left = middle - width / 2 if stacked else middle - width * beside / 2 + width * place
            tall = _tall(value, top, height - above)
            base, y = (base - tall, base - tall) if stacked else (base, height - tall)
            noted = not small and (not stacked or place == len(series) - 1)
            note = shown(tallest[index] if stacked else value) if noted and (tallest[index] if stacked else value) else ""
            room = slot if beside == 1 else width
            marks.append(
                Mark(
                    _percent(left), y, _percent(width), tall, fills[place], say(label, one, index, unit, len(series) > 1), one.link(index), note=note,
                    note_x=_percent(left + width / 2), wide=_needs(note) > room * NARROW / 100,
                )
            )  # fmt: skip
    if any(_needs(mark.note) > (slot if beside == 1 else width * 1.15) * WIDE / 100 for mark in marks):
        marks = [_silent(mark) for mark in marks]
    return _chart("bars", title, named, series, unit, heading, key, stacked=stacked, total=total, height=height, marks=marks, ticks=() if small else ticks,
                  under=() if small else _under(named), swatches=fills)  # fmt: skip


def lines(title: Any, labels: Sequence[Any], series: Sequence[Series], *, unit: Any = "", heading: Any = "", key: str = "") -> Chart:
    """Lines over time, each with a dash and a point of its own; where a figure is missing the line has a gap."""
    named, fills = _labels(labels), _fills(series)
    top, ticks = _scale(max((value or 0 for one in series for value in one.values), default=0), HEIGHT, ABOVE)
    slot = 100 / max(len(named), 1)
    marks: list[Mark] = []
    drawn: list[tuple[str, list[tuple[str, float, str, float]]]] = []
    for place, one in enumerate(series):
        points = [None if value is None else (slot * (i + 0.5), HEIGHT - _tall(value, top, HEIGHT - ABOVE, least=0)) for i, value in enumerate(one.values)]
        pieces = [(_percent(a[0]), a[1], _percent(b[0]), b[1]) for a, b in itertools.pairwise(points) if a and b]
        drawn.append((fills[place], pieces))
        for index, point in enumerate(points):
            if point:
                note = shown(one.values[index]) if len(series) == 1 else ""
                marks.append(
                    Mark(_percent(point[0]), point[1], fill=fills[place], text=say(named[index], one, index, unit, len(series) > 1), link=one.link(index),
                         path=POINTS[place % len(POINTS)], note=note, note_x=_percent(point[0]), wide=_needs(note) > slot * NARROW / 100)
                )  # fmt: skip
    if any(_needs(mark.note) > slot * WIDE / 100 for mark in marks):
        marks = [_silent(mark) for mark in marks]
    return _chart("lines", title, named, series, unit, heading, key, marks=marks, lines=drawn, ticks=ticks, under=_under(named), swatches=fills)


def rows(
    title: Any, labels: Sequence[Any], series: Sequence[Series], *, unit: Any = "", heading: Any = "", total: bool = False, beside: bool = False, key: str = "",
) -> Chart:  # fmt: skip
    """Bars that lie, a row each with its name above, for long names; several series are stacked, or ``beside`` one another."""
    named, fills = _labels(labels), _fills(series)
    sums = [sum(one.values[i] or 0 for one in series) for i in range(len(named))]
    top = max((one.values[i] or 0 for one in series for i in range(len(named))) if beside else sums, default=0) or 1
    thick = THICK / max(len(series), 1) if beside else THICK
    marks: list[Mark] = []
    for index, label in enumerate(named):
        left = 0.0
        note = " / ".join(shown(one.values[index]) for one in series) if beside else shown(sums[index])
        for place, one in enumerate(series):
            width = (one.values[index] or 0) / top * 100
            text = say(label, one, index, unit, len(series) > 1)
            y = index * ROW + 20 + (thick * place if beside else 0)
            marks.append(Mark(_percent(left), y, _percent(width), thick, fills[place], text, one.link(index), note=note if place == 0 else ""))
            left += 0 if beside else width
    under = [Under("0", Label(_short(label.text), whole=str(label)), False) for label in named]
    return _chart("rows", title, named, series, unit, heading, key, stacked=not beside, total=total, height=len(named) * ROW, marks=marks, under=under, swatches=fills)


def shares(
    title: Any, labels: Sequence[Any], values: Sequence[Number], *, links: Sequence[str] = (), tones: Sequence[str] = (), unit: Any = "", heading: Any = "",
    name: Any = "", key: str = "",
) -> Chart:  # fmt: skip
    """A ring of the parts of a whole; beside it every part with its number and its share. At most six parts are told apart."""
    named = _labels(labels)
    one = Series(name or unit or title, list(values), links)
    fills = [f"t-{tones[i]}" if i < len(tones) and tones[i] in TONES else f"s{i % SERIES + 1}" for i in range(len(named))]
    whole, turned = sum(values) or 1, 0.0
    marks: list[Mark] = []
    for index, label in enumerate(named):
        part = values[index] / whole
        text = f"{say(label, one, index, unit, False)} ({share(values[index], whole)})"
        marks.append(Mark("", 0, fill=fills[index], text=text, link=one.link(index), path=_slice(turned, part), note=share(values[index], whole)))
        turned += part
    return _chart("shares", title, named, [one], unit, heading, key, total=True, height=160, marks=marks, swatches=fills)


def months(codes: Sequence[str]) -> list[Label]:
    """Labels of months (``2026-03``): the number of the month, the year under the first and under each January."""
    found = []
    for place, code in enumerate(codes):
        year, month = code.split("-")
        below = year if place == 0 or month == "01" else ""
        found.append(Label(_("%(n)s月", n=int(month)), below, _("%(year)s年%(month)s月", year=year, month=int(month))))
    return found


def shown(value: Number | None) -> str:
    """A figure as it is written: thousands in groups, at most one decimal, a dash where there is none."""
    if value is None:
        return "—"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.1f}"
    return f"{int(value):,}"


def share(part: Number | None, whole: Number | None) -> str:
    """A part of a whole in per cent with one decimal; a dash where there is no whole."""
    return f"{part / whole * 100:.1f}%" if whole and part is not None else "—"


def say(label: Label, series: Series, index: int, unit: Any, named: bool) -> str:
    """What a mark says to whoever points at it or hears it."""
    name = f"{label} · {series.title}" if named else str(label)
    unit = str(unit)
    return f"{name}: {shown(series.values[index])}{'' if unit in ('', '%') else ' '}{unit}"


POINTS = (
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z", "M-3.5 -3.5h7v7h-7z", "M0 -5l4.6 8h-9.2z", "M0 -5l5 5l-5 5l-5 -5z", "M-4.6 -4h9.2l-4.6 8z",
    "M-5 -1.7h3.3v-3.3h3.4v3.3h3.3v3.4h-3.3v3.3h-3.4v-3.3h-3.3z",
)  # fmt: skip
"""Circle, square, triangle, diamond, triangle on its head, cross: a point for each series."""


def _chart(kind: str, title: Any, labels: Sequence[Label], series: Sequence[Series], unit: Any, heading: Any, key: str, **drawing: Any) -> Chart:
    key = key or f"c{zlib.crc32(f'{kind} {title}'.encode()):08x}"
    return Chart(kind, title, labels, series, unit, heading, _description(labels, series, unit), key, **drawing)


def _description(labels: Sequence[Label], series: Sequence[Series], unit: Any) -> str:
    """In words: how much, and where it is highest, of each series."""
    said = []
    for one in series:
        present = [(value, str(label)) for value, label in zip(one.values, labels, strict=False) if value is not None]
        if present:
            value, label = max(present, key=lambda item: item[0])
            said.append(_("%(series)s：共 %(n)s 项，最高为%(label)s %(value)s%(unit)s", series=one.title, n=len(present), label=label, value=shown(value), unit=unit))
    return "；".join(said)


def _labels(labels: Sequence[Any]) -> list[Label]:
    return [label if isinstance(label, Label) else Label(str(label)) for label in labels]


def _folded(label: Label, count: int) -> Label:
    """A label that is wider than its place goes on two lines."""
    if label.below or _needs(label.text) + 4 <= WIDE / count:
        return label
    middle = next(at for at in range(1, len(label.text) + 1) if _needs(label.text[:at]) >= _needs(label.text) / 2)
    return Label(label.text[:middle], label.text[middle:], str(label))


def _fills(series: Sequence[Series]) -> list[str]:
    return [f"t-{one.tone}" if one.tone in TONES else f"s{place % SERIES + 1}" for place, one in enumerate(series)]


def _percent(value: float) -> str:
    return f"{value:.3f}".rstrip("0").rstrip(".") + "%"


def _tall(value: Number, top: Number, room: float, least: float = 1.5) -> float:
    """Pixels of a figure; what is not nought can be seen."""
    return round(max(value / top * room, least if value else 0), 2)


def _scale(highest: Number, height: float, above: float) -> tuple[Number, list[Tick]]:
    """The number at the top and the lines across, at round numbers, at most five; whole numbers where they do."""
    step = max(highest / 4, 0.5 if highest < 1 else 1)
    size = 10 ** math.floor(math.log10(step))
    factors = (1, 2, 2.5, 5, 10) if size >= 10 else (1, 2, 5, 10)
    step = next(factor * size for factor in factors if factor * size >= step)
    top = max(math.ceil(highest / step - 1e-9), 1) * step
    count = round(top / step)
    room = height - above
    return top, [Tick(round(height - room * n / count, 2), shown(step * n)) for n in range(count + 1)]


def _needs(text: str) -> float:
    """Pixels that a text takes."""
    return sum(LETTER if ord(letter) > 0x2E80 else LETTER * 0.62 for letter in text)


def _under(labels: Sequence[Label]) -> list[Under]:
    """Labels with every so-and-so-manieth shown on a telephone, so that none covers another."""
    if not labels:
        return []
    slot = 100 / len(labels)
    longest = max(max(_needs(label.text), 0 if label.below.isdigit() else _needs(label.below)) for label in labels) + 4
    narrow, wide = math.ceil(longest / (slot * NARROW / 100)), math.ceil(longest / (slot * WIDE / 100))
    return [Under(_percent(slot * (i + 0.5)), label, i % narrow != 0) for i, label in enumerate(labels) if i % wide == 0]


def _silent(mark: Mark) -> Mark:
    return Mark(mark.x, mark.y, mark.width, mark.height, mark.fill, mark.text, mark.link, mark.path)


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def _slice(start: float, part: float, outer: float = 76, inner: float = 46) -> str:
    """The path of a slice of a ring around 80, 80, clockwise from the top. A whole ring is two halves."""
    if part <= 0:
        return ""
    if part > 0.9999:
        rings = (f"M80 {80 - r}A{r} {r} 0 1 {turn} 80 {80 + r}A{r} {r} 0 1 {turn} 80 {80 - r}Z" for r, turn in ((outer, 1), (inner, 0)))
        return "".join(rings)

    def at(turn: float, radius: float) -> str:
        angle = 2 * math.pi * turn
        return f"{80 + radius * math.sin(angle):.2f} {80 - radius * math.cos(angle):.2f}"

    large, end = int(part > 0.5), start + part
    return f"M{at(start, outer)}A{outer} {outer} 0 {large} 1 {at(end, outer)}L{at(end, inner)}A{inner} {inner} 0 {large} 0 {at(start, inner)}Z"
