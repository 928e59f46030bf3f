"""The search: one index for the records of the core and of every plugin, kept in the transaction of each change.

A plugin declares what is searched (:class:`portal.contract.Searchable`) and gives ``matching(Model, query)`` to its list.
See docs/decisions/0005-bigrams.md.
"""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event

from portal.database import db
from portal.search import capture, registry
from portal.search.folding import LONGEST_QUERY, MOST_WORDS, too_much, words
from portal.search.index import index_rows, reindex
from portal.search.lookup import Matches, matching
from portal.search.marks import Piece, marked
from portal.search.registry import source_of
from portal.search.results import PAGE, Group, everything, group
from portal.search.upkeep import Lag, catch_up, forget, lagging, rebuild

__all__ = [
    "LONGEST_QUERY", "MOST_WORDS", "PAGE", "Group", "Lag", "Matches", "Piece", "catch_up", "everything", "forget", "group", "index_rows", "init_app", "lagging", "marked",
    "matching", "rebuild", "reindex", "source_of", "too_much", "words",
]  # fmt: skip


def init_app(app: Flask) -> None:
    """Know what is searched, and follow the session of ``db``; once a process. Called when the plugins are known."""
    registry.init_app(app)
    app.jinja_env.globals["marked"] = marked
    maker = db.session.session_factory
    if not event.contains(maker, "after_flush", capture.follow):
        event.listen(maker, "after_flush", capture.follow)
        event.listen(maker, "after_soft_rollback", capture.undone)
