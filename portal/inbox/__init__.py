"""Notices and to-dos."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Offer the pages."""
    from portal.inbox.views import blueprint

    app.register_blueprint(blueprint)
