"""Pages of people: the town's register of staff, and what happens to them."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Offer the pages."""
    from portal.people import organisations, views

    app.register_blueprint(views.blueprint)
    app.register_blueprint(organisations.blueprint)
