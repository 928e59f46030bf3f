"""What stands around every page: the bar on top and the navigation. Rendered once for whoever is the same, and filled in for each page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from portal.auth.permissions import can
from portal.contract import NavItem
from portal.inbox import service as inbox

MARKS = {"token": Markup("\x02token\x03"), "query": Markup("\x02query\x03"), "bell": Markup("\x02bell\x03")}
"""Where what differs from page to page is filled in. No text that is shown has such characters."""
MOST_SHOWN = 99


def _remember(key: tuple[Any, ...], make: Any) -> Any:
    return current_app.extensions["portal"].plugins.remember((*key, str(get_locale()), request.script_root), make)


def topbar(query: str, theme: str) -> Markup:
    """The bar on top, up to the navigation."""
    account, grants = g.account, tuple((grant.id, grant.role, grant.organisation.name, grant.organisation.short_name) for grant in g.grants)
    grant = g.grant.id if g.grant else None
    kept: str = _remember(("topbar", account.name, grant, grants, theme), lambda: render_template("web/_shell.html", marks=MARKS))
    typed = Markup('value="{}" ').format(query) if query else ""
    for mark, filled in ((MARKS["token"], generate_csrf()), (MARKS["query"], typed), (MARKS["bell"], bell())):
        kept = kept.replace(str(mark), str(filled))
    return Markup(kept)  # noqa: S704 - a template's output, filled in with escaped parts


def bell() -> Markup:
    """What waits, and what was not read."""
    counts = inbox.counts()
    waiting = counts["todos"] + counts["notices"]
    number = Markup('<span class="count" aria-hidden="true">{}</span>').format(waiting if waiting <= MOST_SHOWN else f"{MOST_SHOWN}+") if waiting else ""
    said = _("待办 %(t)s 项，未读通知 %(n)s 条", t=counts["todos"], n=counts["notices"])
    return Markup('<a class="tool" href="{}" aria-label="{}"><i class="icon i-bell"></i>{}</a>').format(url_for("inbox.index"), said, number)


def navigation() -> list[tuple[Any, list[NavItem]]]:
    """The entries of the acting role, by section, in order."""
    grant = g.get("grant")
    if grant is None:
        return []
    found = current_app.extensions["portal"].plugins.collect_for(grant.org_id, "portal_navigation")
    items = sorted((item for item in found if not item.permission or can(item.permission)), key=lambda item: item.weight)
    sections: dict[str, list[NavItem]] = {}
    for item in items:
        sections.setdefault(str(item.section), []).append(item)
    return list(sections.items())


@dataclass(frozen=True)
class Part:
    """A part of the sidebar: its heading, the name under which a browser remembers it as closed, and its entries in halves between which one is marked."""

    name: str
    opening: str
    entries: list[tuple[str, str, bool, str, str]]
    blueprints: frozenset[str]


def _parts() -> list[Part]:
    found = []
    dashboard = NavItem(_("工作台"), "web.dashboard", icon="layout-dashboard")
    for section, items in [("", [dashboard]), *navigation()]:
        entries = []
        for item in items:
            opening = str(Markup('<a class="i-{}" href="{}"').format(item.icon, url_for(item.endpoint)))
            entries.append((item.endpoint, item.endpoint.split(".")[0], item.endpoint.endswith(".index"), opening, str(Markup(">{}</a>\n").format(item.title))))
        name = entries[0][1]
        heading = Markup('><summary>{}</summary>\n').format(section) if section else ""
        found.append(Part(name, str(heading), entries, frozenset(entry[1] for entry in entries)))
    return found


def sidebar() -> Markup:
    """The navigation of the acting role, with the page at hand marked. Its entries depend on the role, its organisation, modules and figures alone."""
    grant = g.get("grant")
    parts: list[Part] = _remember(("sidebar", grant.role if grant else "", grant.org_id if grant else None), _parts)
    here, blueprint = request.endpoint, request.blueprint
    closed = set(request.cookies.get("nav_closed", "")[:400].split("."))
    lines = []
    for part in parts:
        if part.opening:
            opened = " open" if part.name not in closed or blueprint in part.blueprints else ""
            lines.append(f'<details data-part="{part.name}"{opened}{part.opening}')
        for endpoint, of, whole, opening, rest in part.entries:
            marked = endpoint == here or (whole and of == blueprint)
            lines.append(f'{opening} aria-current="page"{rest}' if marked else opening + rest)
        if part.opening:
            lines.append("</details>\n")
    return Markup("".join(lines))  # noqa: S704 - put together from escaped parts
