"""Pages of lists that are kept while nothing changes: a register is looked at far more often than it is written to.

A kept page is not a stale one. What it shows comes from audited records, and no audited record changes without moving the head of
a chain of the trail in the same transaction; so a page belongs to the heads that its own transaction saw before it read. Whoever
looks, in which role and language, what is asked for, the switches and figures in force and the minute belong to it as well.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from flask import current_app, g, request
from flask_babel import get_locale
from markupsafe import Markup

from portal.clock import now_local
from portal.unchanged import unchanged
from portal.work import is_working

EXTENSION = "portal.kept_lists"
MOST = 500
"""Pages a process keeps; some ten megabytes."""


class KeptPage:
    """A page of a list that was written before, in place of a :class:`portal.records.lists.ListPage`."""

    def __init__(self, html: Markup) -> None:
        self.html = html


def key() -> tuple[Any, ...] | None:
    """What the page at hand depends on; None where it must be made anew. Asked before anything of it is read."""
    if request.method != "GET" or is_working() or g.get("grant") is None or "q" in request.args or "export" in request.args:
        return None
    moment = (unchanged(), now_local().strftime("%Y-%m-%d %H:%M"))
    return (*moment, g.account.id, g.grant.id, str(get_locale()), request.script_root, request.path, request.query_string)


def find(wanted: tuple[Any, ...]) -> KeptPage | None:
    """The page that was kept under a key."""
    known = _known()
    html = known.get(wanted)
    if html is None:
        return None
    known.move_to_end(wanted)
    return KeptPage(html)


def keep(wanted: tuple[Any, ...], html: Markup) -> Markup:
    """Keep a page; returns it."""
    known = _known()
    known[wanted] = html
    while len(known) > MOST:
        known.popitem(last=False)
    return html


def _known() -> OrderedDict[tuple[Any, ...], Markup]:
    found: OrderedDict[tuple[Any, ...], Markup] = current_app.extensions.setdefault(EXTENSION, OrderedDict())
    return found
