"""Begin and end of a request: threads are used again, so nothing of one request may be left for the next."""

from __future__ import annotations

from flask import Flask, g

from portal.context import NOBODY, current_actor, set_actor
from portal.tenancy import NOTHING, current_scope, set_scope


def init_app(app: Flask) -> None:
    """A request begins with nobody acting and nothing seen, and leaves the thread as it found it."""

    @app.before_request
    def begin() -> None:
        for name in list(g):
            g.pop(name)
        g.outer = (current_actor(), current_scope())
        set_actor(NOBODY)
        set_scope(NOTHING)

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        actor, scope = g.pop("outer", (NOBODY, NOTHING))
        set_actor(actor)
        set_scope(scope)
