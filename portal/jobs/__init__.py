"""Scheduled jobs: each due run is claimed in the database, so that it happens once however many schedulers there are."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Offer the pages."""
    from portal.jobs.views import blueprint

    app.register_blueprint(blueprint)
