"""Pages of lists that are kept while nothing changes: a register is looked at far more often than it is written to.

A kept page is not a stale one. What it shows comes from audited records, and no audited record changes without moving the head of
a chain of the trail in the same transaction; so a page belongs to the heads that its own transaction saw before it read. Whoever
looks, in which role and language, what is asked for, the switches and figures in force and the minute belong to it as well.

For whoever asks again from the same browser the whole page is kept, with what stands around the list: that depends on the
browser's session, on what it remembers of the navigation, and on what waits for the account, too.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from flask import current_app, g, request, session
from flask_babel import get_locale
from markupsafe import Markup

from portal.clock import now_local
from portal.inbox.service import counts
from portal.unchanged import unchanged
from portal.work import is_working

EXTENSION = "portal.kept_lists"
WHOLE = "portal.kept_pages"
MOST = 500
"""Pages of each sort that a process keeps; some ten megabytes."""


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


def around() -> tuple[Any, ...] | None:
    """What the frame of the page at hand depends on beside :func:`key`; None where it says something once, or has no token yet."""
    if "_flashes" in session or "csrf_token" not in session:
        return None
    waiting = counts()
    return (tuple(sorted((name, str(value)) for name, value in session.items())), request.cookies.get("nav_closed", ""), *sorted(waiting.items()))


def find_whole(wanted: tuple[Any, ...]) -> str | None:
    """The whole page that was kept under what it and its frame depend on."""
    pages = _known(WHOLE)
    page: str | None = pages.get(wanted)
    if page is not None:
        pages.move_to_end(wanted)
    return page


def keep_whole(wanted: tuple[Any, ...], page: str) -> str:
    """Keep a whole page; returns it."""
    _keep(_known(WHOLE), wanted, page)
    return page


def find(wanted: tuple[Any, ...]) -> KeptPage | None:
    """The page that was kept under a key."""
    known = _known(EXTENSION)
    html = known.get(wanted)
    if html is None:
        return None
    known.move_to_end(wanted)
    return KeptPage(html)


def keep(wanted: tuple[Any, ...], html: Markup) -> Markup:
    """Keep a page; returns it."""
    _keep(_known(EXTENSION), wanted, html)
    return html


def _keep(known: OrderedDict[tuple[Any, ...], Any], wanted: tuple[Any, ...], page: Any) -> None:
    known[wanted] = page
    while len(known) > MOST:
        known.popitem(last=False)


def _known(name: str) -> OrderedDict[tuple[Any, ...], Any]:
    found: OrderedDict[tuple[Any, ...], Any] = current_app.extensions.setdefault(name, OrderedDict())
    return found
