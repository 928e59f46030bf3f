"""What all records share: workflows, deadlines, numbers, lists, import and export."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Offer the pages."""
    from portal.records.import_views import blueprint

    app.register_blueprint(blueprint)
