"""The administrators' pages: modules of the towns, figures, calendar, organisations, and the trail."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Offer the pages."""
    from portal.admin import audit_views, town_views, views

    app.register_blueprint(views.blueprint)
    app.register_blueprint(audit_views.blueprint)
    app.register_blueprint(town_views.blueprint)
