"""Accounts, roles, permissions and sessions."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Know who is asking, and offer the pages of accounts."""
    from portal.auth import admin, sessions, views

    sessions.init_app(app)
    app.register_blueprint(views.blueprint)
    app.register_blueprint(admin.blueprint)
