"""The rows of a list as HTML, written here and not in a template: a page has hundreds of cells, and each costs ten times as much there."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from flask import url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from markupsafe import Markup, escape

from portal.records.lists import Choice, Column, Dates, Exact, Flag, ListPage, RowFunction, per_page, ready
from portal.search import marked

NOTHING = "—"
PLACED = {"": "", "wide": "w", "num": "n"}
"""What a column looks like, said once for the table: wide ones and those of numbers by their place."""


ICONS = {"red": "alert-triangle", "amber": "clock", "green": "circle-check"}
"""The icon that a word on its colour has by itself, see tools/icon_classes.py."""


@lru_cache(maxsize=2000)
def badge(text: str, tone: str = "grey", icon: str = "") -> Markup:
    """A word on its colour with its icon; never the colour alone."""
    if not icon and tone in ICONS:
        return Markup('<span class="tag tag-{}">{}</span>').format(tone, text)
    if ICONS.get(tone) == icon or not icon:
        return Markup("<b class={}>{}</b>").format(tone, text)
    return Markup('<b class="{} i-{}">{}</b>').format(tone, icon, text)


_SPECIAL = re.compile("[&<>\"']").search


def plain(text: str) -> str:
    """Text as HTML; nearly always there is nothing to escape."""
    return str(escape(text)) if _SPECIAL(text) else text


def _cell(column: Column, query: str) -> Callable[[Any], str]:
    """What writes the cells of a column."""
    text, link = ready(column.text), ready(column.link) if column.link is not None else None
    opening = "<td>" if column.css in PLACED else f'<td class="{escape(column.css)}">'

    def written(value: Any) -> str:
        if type(value) is not str:
            value = "" if value is None else str(value)
        if query:
            return "".join(f"<mark>{escape(part.text)}</mark>" if part.hit else str(escape(part.text)) for part in marked(value, query)) or NOTHING
        return (str(escape(value)) if _SPECIAL(value) else value) or NOTHING

    if column.badge is not None:
        look_of, drawn = ready(column.badge), {None: f"{opening}{NOTHING}"}

        def badged(row: Any) -> str:
            look = look_of(row)
            if look not in drawn:
                drawn[look] = f"{opening}{badge(str(look[0]), look[1], look[2]) if look else NOTHING}"
            return drawn[look]

        return badged
    if link is not None:
        return lambda row: f'{opening}<a href="{plain(link(row))}">{written(text(row))}</a>'
    if query:
        return lambda row: f"{opening}{written(text(row))}"

    def said(row: Any) -> str:
        value = text(row)
        if type(value) is not str:
            value = "" if value is None else str(value)
        return f"{opening}{(escape(value) if _SPECIAL(value) else value) or NOTHING}"

    return said


def address(endpoint: str, key: str) -> RowFunction:
    """What gives the address of the page of a row by its ``id``: asked from Flask once a page, not once a row."""

    @per_page
    def links() -> RowFunction:
        values: dict[str, Any] = {key: 0}
        base = url_for(endpoint, **values).removesuffix("0")
        return lambda row: f"{base}{row.id}"

    return links


def body(page: ListPage, choosing: bool = False) -> Markup:
    """The rows of a page. ``choosing``: each with a box to choose it. Cells and rows need no end tags; two hundred rows are a page."""
    query = page.arguments.get("q", "")
    cells = [_cell(column, query) for column in page.columns]
    lines: list[str] = []
    for number, row in enumerate(page.rows, 1):
        lines.append("<tr>")
        if choosing:
            name = escape(_("选择第 %(n)s 行", n=number))
            lines.append(f'<td class="check"><input class="form-check-input" type="checkbox" name="ids" value="{int(row.id)}" form="bulk" aria-label="{name}">')
        lines.extend([cell(row) for cell in cells])
    return Markup("".join(lines))  # noqa: S704 - every part was escaped above


def places(page: ListPage, choosing: bool = False) -> str:
    """The classes with which a table says which of its columns are wide, and which are numbers."""
    return "".join(f" {PLACED[column.css]}{number}" for number, column in enumerate(page.columns, 2 if choosing else 1) if PLACED.get(column.css))


MOST_KEPT = 200


def _kept(page: ListPage, part: str, make: Callable[[ListPage], str]) -> Markup:
    """A part of a page that depends on nothing but the list, its arguments and the reader's language; kept with the list."""
    known, key = page.spec.prepared, (part, str(get_locale()), page.order, tuple(page.arguments.items()), tuple(column.key for column in page.columns))
    if key not in known:
        if len(known) > MOST_KEPT:
            known.clear()
        known[key] = Markup(make(page))  # noqa: S704 - every part was escaped
    found: Markup = known[key]
    return found


def filters(page: ListPage) -> Markup:
    """The fields of a list's filters."""
    return _kept(page, "filters", lambda page: "".join([_filter(item, page.arguments) for item in page.filters()]))


def _filter(item: Choice | Dates | Flag | Exact, given: Mapping[str, str]) -> str:
    key, title, value = escape(item.key), escape(str(item.title)), given.get(item.key, "")
    if isinstance(item, Choice):
        options = [_option(code, str(name), code == value) for code, name in item.choices]
        return f'<select class="form-select" name="{key}" aria-label="{title}"><option value="">{title}{"".join(options)}</select>\n'
    if isinstance(item, Exact):
        return f'<input class="form-control" name="{key}" value="{escape(value)}" maxlength="60" placeholder="{title}" aria-label="{title}">\n'
    if isinstance(item, Flag):
        checked = " checked" if value else ""
        return f'<label class="form-check flag"><input class="form-check-input list-flag" type="checkbox" name="{key}" value="1"{checked}> {title}</label>\n'
    ends = []
    for end, word in (("from", _("自")), ("to", _("至"))):
        named, day = f"{key}_{end}", escape(given.get(f"{item.key}_{end}", ""))
        filled = f' value="{day}"' if day else ""
        ends.append(f'<input class="form-control" type="date" name="{named}"{filled} aria-label="{title} {escape(word)}">')
    return f'<span class="range"><span>{title}</span>{ends[0]}–{ends[1]}</span>\n'


@lru_cache(maxsize=4000)
def _option(code: str, name: str, chosen: bool) -> str:
    value = "" if code == name else f' value="{escape(code)}"'
    return f"<option{value}{' selected' if chosen else ''}>{escape(name)}"


def head(page: ListPage) -> Markup:
    """The heads of the columns; those that may be sorted by are links."""
    return _kept(page, "head", _head)


def _head(page: ListPage) -> str:
    cells = []
    for column in page.columns:
        title = escape(str(column.title))
        if not column.order:
            cells.append(f'<th>{title}')
            continue
        down = f"{column.order}-"
        way = "ascending" if page.order == column.order else "descending" if page.order == down else "none"
        target = escape(page.address(sort=down if page.order == column.order and down in page.spec.orders else column.order))
        arrow = {"ascending": ' <i class="icon i-arrow-up"></i>', "descending": ' <i class="icon i-arrow-down"></i>'}.get(way, "")
        cells.append(f'<th aria-sort="{way}"><a href="{target}">{title}{arrow}</a>')
    return "".join(cells)


def choosable(page: ListPage) -> Markup:
    """Boxes with which the columns are chosen."""
    parts = []
    for column in page.spec.columns:
        checked = " checked" if column.key in page.chosen else ""
        parts.append(f'<label><input type="checkbox" name="cols" value="{escape(column.key)}"{checked}>{escape(str(column.title))}</label>')
    return Markup("".join(parts))  # noqa: S704 - every part was escaped
