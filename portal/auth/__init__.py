"""Accounts, roles, permissions and sessions."""

from __future__ import annotations

from typing import Any

from flask import Flask, g
from flask_login import LoginManager

from portal.auth import sessions


def init_app(app: Flask) -> None:
    """Register login, sessions and pages; the cookie is as strict as the address allows."""
    settings = app.extensions["portal"].settings
    app.config.update(
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure else "portal",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_PATH="/",
    )
    manager = LoginManager(app)
    manager.session_protection = None

    @manager.request_loader
    def load_account(_request: Any) -> Any:
        return g.get("account")

    sessions.init_app(app)
    from portal.auth.views import blueprint

    app.register_blueprint(blueprint)
