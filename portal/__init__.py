"""Portal for administrative law enforcement in the towns of a district."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from portal.config import Settings
    from portal.crypto import Keyring
    from portal.plugins import PluginManager

__version__ = "0.1.0"
CATALOGUES = Path(__file__).parent / "translations"

MODELS = (
    "audit.models", "auth.models", "calendar.models", "directory.models", "records.models", "records.attachments", "records.once", "records.links", "jobs.models",
    "inbox.models", "settings", "plugins", "search.models", "documents.store",
)  # fmt: skip


@dataclass(frozen=True)
class Portal:
    """What one application carries: its settings, its keys, its plugins, and how another one is built. Reached as ``app.extensions["portal"]``."""

    settings: Settings
    keyring: Keyring
    plugins: PluginManager
    build: Callable[[Settings], Flask]


def settle() -> None:
    """Tell the garbage collector that what a process has built by now stays: it looks through it no more.

    A process that serves or works for long calls this once. Else every now and then it stands still for a tenth of a
    second, and whoever waits for the writer's place with it. What requests leave behind is looked for less often, too.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def create_app(settings: Settings | None = None) -> Flask:
    """Build the application, in the order in which things happen."""
    from flask_babel import Babel

    from portal import admin, audit, auth, database, documents, inbox, jobs, lifecycle, people, records, search, tenancy, web
    from portal.config import load_settings
    from portal.core_plugin import CorePlugin
    from portal.crypto import Keyring, secret_key
    from portal.plugins import PluginManager
    from portal.web import locale, security

    settings = settings or load_settings()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = Flask("portal", instance_path=str(settings.instance), static_folder=None)
    app.config["SECRET_KEY"] = secret_key(settings.instance)
    database.init_app(app, settings)
    plugins = PluginManager(settings, CorePlugin(), __version__)
    app.extensions["portal"] = Portal(settings, Keyring.open(settings.instance, settings.cipher), plugins, create_app)
    folders = ";".join(map(str, (CATALOGUES, *plugins.hooks.portal_translations())))
    Babel(app, default_locale="zh_Hans_CN", default_timezone=settings.timezone, locale_selector=locale.select, default_translation_directories=folders)
    locale.init_app(app)
    import_models()
    tenancy.init_app(app)
    lifecycle.init_app(app)
    security.init_app(app, settings)
    audit.init_app(app)
    auth.init_app(app)
    web.init_app(app)
    for part in (records, documents, people, inbox, jobs, admin):
        part.init_app(app)
    plugins.init_app(app)
    search.init_app(app)
    with app.app_context():
        _check_roles(settings)
    return app


def _check_roles(settings: Settings) -> None:
    """Roles that need a second factor are roles that there are."""
    from portal.auth import roles
    from portal.config import ConfigError

    unknown = sorted(set(settings.totp_required or ()) - set(roles.all_roles()))
    if unknown:
        raise ConfigError("totp_required", f"expected roles of {', '.join(roles.all_roles())}; got {', '.join(unknown)}")


def import_models() -> None:
    """Have every table of the core known to the metadata."""
    from importlib import import_module

    for part in MODELS:
        import_module(f"portal.{part}")
