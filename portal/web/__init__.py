"""The web layer: layout, navigation, error pages, headers, assets, and the first page."""

from __future__ import annotations

from flask import Flask
from flask_htmx import HTMX
from flask_wtf import CSRFProtect

htmx = HTMX()
csrf = CSRFProtect()


def init_app(app: Flask) -> None:
    """Everything that stands around a view. Called after the accounts, so that who is asking is known first."""
    from portal.web import assets, errors, filters, views

    csrf.init_app(app)
    htmx.init_app(app)
    assets.init_app(app)
    filters.init_app(app)
    errors.init_app(app)
    app.register_blueprint(views.blueprint)
    csrf.exempt(views.csp_report)
