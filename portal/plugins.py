"""Plugins: found, checked, put in order, and on or off for each town at run time."""

from __future__ import annotations

import importlib
import importlib.util
import logging
import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy
from flask import Flask, abort, g, has_app_context
from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.config import Settings
from portal.contract import Manifest
from portal.database import Base, Ready, db, insert_into, is_writing, read_beside
from portal.errors import Refused
from portal.hookspecs import PortalHooks

log = logging.getLogger(__name__)

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[a-z][a-z0-9_]{1,30}")
GROUP = "portal.plugins"
MOST_REMEMBERED = 2000
EXTRA_NAMESPACE = "portal_extra_plugins"


class PluginState(Base):
    """Whether a plugin is on in a town."""

    __tablename__ = "core_plugin_state"
    __record__ = "core.plugin_state"
    __table_args__ = (UniqueConstraint("plugin", "org_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plugin: Mapped[str] = mapped_column(String(40))
    org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    enabled: Mapped[bool]


class Revision(Base):
    """A counter that other processes look at to notice that switches or settings changed."""

    __tablename__ = "core_revision"
    __audited__ = False
    __table_args__ = (CheckConstraint("value >= 0", name="value"),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[int] = mapped_column(default=0)


_REVISIONS = Ready(select(Revision.name, Revision.value))


def bump(session: Session, name: str) -> None:
    """Tell all processes that ``name`` changed, with the commit of this transaction; this request sees it at once."""
    raise_revision(session, name)
    if has_app_context():
        g.pop("revisions", None)


def raise_revision(session: Session, name: str) -> None:
    """The same for what is being committed already; this request goes on with what it has read."""
    connection = session.connection()
    connection.execute(_raised(connection.dialect.name), {"name": name, "value": 1})


@cache
def _raised(dialect: str) -> Any:
    table: Any = Revision.__table__
    return insert_into(table, dialect).on_conflict_do_update(index_elements=["name"], set_={"value": table.c.value + 1})


def revision(name: str) -> int:
    """The present value of a counter, read at most once a request and transaction."""
    found: dict[str, int] | None = g.get("revisions")
    if found is None:
        found = {row[0]: row[1] for row in read_beside(_REVISIONS)}
        g.revisions = found
    return found.get(name, 0)


def version_fits(version: str, needed: str) -> bool:
    """Whether ``version`` satisfies ``needed``, e.g. ``>=0.1`` or ``>=0.1,<2``."""

    def parts(text: str) -> tuple[int, ...]:
        return tuple(int(part) for part in text.split("."))

    compare = {">=": tuple.__ge__, "<=": tuple.__le__, ">": tuple.__gt__, "<": tuple.__lt__, "==": tuple.__eq__}
    for condition in filter(None, (part.strip() for part in needed.split(","))):
        match = re.fullmatch(r"(>=|<=|==|>|<)\s*(\d+(?:\.\d+)*)", condition)
        if match is None:
            raise ValueError(f"cannot read the version condition {condition!r}")
        width = max(len(parts(version)), len(parts(match[2])))
        pad = [part + (0,) * (width - len(part)) for part in (parts(version), parts(match[2]))]
        if not compare[match[1]](pad[0], pad[1]):
            return False
    return True


_modules: dict[Path, ModuleType] = {}


def _import_folder(folder: Path) -> ModuleType:
    """Import a plugin from a folder outside the repository, once in this process."""
    if folder in _modules:
        return _modules[folder]
    name = f"{EXTRA_NAMESPACE}.{folder.name}"
    if EXTRA_NAMESPACE not in sys.modules:
        namespace = ModuleType(EXTRA_NAMESPACE)
        namespace.__path__ = []
        sys.modules[EXTRA_NAMESPACE] = namespace
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{folder} is no package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        for loaded in [key for key in sys.modules if key == name or key.startswith(f"{name}.")]:
            del sys.modules[loaded]
        raise
    _modules[folder] = module
    return module


class PluginManager:
    """The plugins of one application. A plugin that cannot be used is reported in ``failed`` and left out."""

    def __init__(self, settings: Settings, core: Any, core_version: str) -> None:
        self.core_version = core_version
        self.failed: dict[str, str] = {}
        self._manager = pluggy.PluginManager("portal")
        self._manager.add_hookspecs(PortalHooks)
        self._plugins: dict[str, Any] = {}
        self._enabled: tuple[int, dict[str, frozenset[int]]] | None = None
        self._remembered: tuple[tuple[int, ...], dict[Any, Any]] = ((), {})
        self._declared: dict[str, list[Any]] = {}
        self.core = core
        self._manager.register(self.core, "core")
        found = self._discover(settings)
        for name in self._in_order(found):
            self._register(name, found[name])

    # -- finding -------------------------------------------------------------------------------------------------

    def _discover(self, settings: Settings) -> dict[str, Any]:
        sources: list[tuple[str, Any]] = []
        for folder in sorted((ROOT / "plugins").glob("*/__init__.py")):
            name = folder.parent.name
            sources.append((name, lambda name=name: importlib.import_module(f"plugins.{name}")))
        if settings.plugin_folder:
            for folder in sorted(Path(settings.plugin_folder).resolve().glob("*/__init__.py")):
                sources.append((folder.parent.name, lambda folder=folder: _import_folder(folder.parent)))
        for entry in entry_points(group=GROUP):
            sources.append((entry.name, entry.load))
        found: dict[str, Any] = {}
        for name, load in sources:
            if name in found or name in self.failed:
                self.failed.setdefault(f"{name} (2)", "a plugin of this name was found before")
                continue
            try:
                loaded = load()
                plugin = getattr(loaded, "plugin", loaded)
                self._check_manifest(name, plugin)
                found[name] = plugin
            except Exception as error:
                log.exception("plugin %s failed to load", name)
                self.failed[name] = f"{type(error).__name__}: {error}"
        return found

    def _check_manifest(self, name: str, plugin: Any) -> None:
        manifest = getattr(plugin, "manifest", None)
        if not isinstance(manifest, Manifest):
            raise TypeError("the object 'plugin' has no Manifest")
        if manifest.name != name or not NAME.fullmatch(name):
            raise ValueError(f"the manifest says {manifest.name!r}, expected {name!r} in small letters")
        if not version_fits(self.core_version, manifest.core):
            raise ValueError(f"needs core {manifest.core}, this is {self.core_version}")

    def _in_order(self, found: dict[str, Any]) -> list[str]:
        """Needed plugins first; those with a missing need or in a circle are reported."""
        order: list[str] = []

        def place(name: str, path: tuple[str, ...]) -> bool:
            if name in order:
                return True
            if name in path:
                self.failed[name] = "plugins need one another in a circle: " + " -> ".join((*path, name))
                return False
            if name not in found or name in self.failed:
                return False
            for needed in found[name].manifest.requires:
                if not place(needed, (*path, name)):
                    self.failed.setdefault(name, f"needs the plugin {needed!r}, which is not there")
                    return False
            order.append(name)
            return True

        for name in sorted(found):
            place(name, ())
        return order

    def _register(self, name: str, plugin: Any) -> None:
        try:
            self._manager.register(plugin, name)
            self._manager.check_pending()
        except Exception as error:
            log.exception("plugin %s was refused", name)
            if self._manager.has_plugin(name):
                self._manager.unregister(name=name)
            self.failed[name] = f"{type(error).__name__}: {error}"
            return
        self._plugins[name] = plugin

    # -- asking ---------------------------------------------------------------------------------------------------

    @property
    def hooks(self) -> Any:
        """The hooks of all plugins, for what is done at start or for all towns."""
        return self._manager.hook

    def names(self) -> list[str]:
        """Names of the plugins in use, in the order of their needs."""
        return list(self._plugins)

    def manifests(self) -> list[Manifest]:
        return [plugin.manifest for plugin in self._plugins.values()]

    def get(self, name: str) -> Any:
        return self._plugins[name]

    def collect(self, hook: str, **arguments: Any) -> list[Any]:
        """All results of a list-valued hook in one list, the core's first."""
        return self._flat(getattr(self.hooks, hook)(**arguments))

    def collect_for(self, org_id: int | None, hook: str, **arguments: Any) -> list[Any]:
        """The same from the core and the plugins that are on for this organisation."""
        return self._flat(self.hooks_for(org_id, hook)(**arguments))

    def declared(self, hook: str) -> list[Any]:
        """What a hook that is asked at start gives from all plugins; asked once."""
        if hook not in self._declared:
            self._declared[hook] = self.collect(hook)
        return self._declared[hook]

    def remember(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gives, worked out once until a switch or a figure changes. For what depends on nothing else but the key."""
        if is_writing():
            return make()
        now = (revision("plugins"), revision("settings"))
        if self._remembered[0] != now or len(self._remembered[1]) > MOST_REMEMBERED:
            self._remembered = (now, {})
        kept = self._remembered[1]
        if key not in kept:
            kept[key] = make()
        return kept[key]

    @staticmethod
    def _flat(results: list[list[Any]]) -> list[Any]:
        return [item for result in reversed(results) for item in result or ()]

    def hooks_for(self, org_id: int | None, hook: str) -> Any:
        """The caller of one hook for a town; for the district: plugins that are on in at least one town."""
        off = [self._plugins[name] for name in self._plugins if not self.on_for(name, org_id)]
        return self._manager.subset_hook_caller(hook, off)

    def on_for(self, name: str, org_id: int | None) -> bool:
        """Whether somebody acting in this organisation meets the plugin at all."""
        from portal.directory.models import Organisation

        enabled = self.enabled_orgs(name)
        if org_id is None:
            return False
        if org_id in enabled:
            return True
        if not enabled:
            return False
        organisation = db.session.get(Organisation, org_id)
        return organisation is not None and not organisation.is_town

    def migration_folders(self) -> list[tuple[str, Path]]:
        """Plugins with tables of their own and the folder of their revisions."""
        found = []
        for name, plugin in self._plugins.items():
            if hasattr(plugin, "portal_migrations"):
                found.append((name, Path(plugin.portal_migrations())))
        return found

    # -- on and off ------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Read the switches anew at the next question."""
        self._enabled = None
        self._remembered = ((), {})
        if has_app_context():
            g.pop("revisions", None)

    def enabled_orgs(self, name: str) -> frozenset[int]:
        """The organisations for which a plugin is on."""
        return self.switches().get(name, frozenset()) if name in self._plugins else frozenset()

    def switches(self) -> dict[str, frozenset[int]]:
        """For each plugin the organisations for which it is on; another object as soon as any switch has changed."""
        now = revision("plugins")
        if self._enabled is None or self._enabled[0] != now:
            found: dict[str, set[int]] = {}
            for plugin, org_id in read_beside(select(PluginState.plugin, PluginState.org_id).where(PluginState.enabled)):
                found.setdefault(plugin, set()).add(org_id)
            self._enabled = (now, {plugin: frozenset(orgs) for plugin, orgs in found.items()})
        return self._enabled[1]

    def enabled(self, name: str, org_id: int) -> bool:
        return org_id in self.enabled_orgs(name)

    def switch(self, session: Session, name: str, org_id: int, on: bool) -> bool:
        """Switch a plugin on or off for a town; returns whether that changed anything. Raises Refused."""
        from flask_babel import gettext as _

        if name not in self._plugins:
            raise Refused(_("没有名为“%(name)s”的模块。", name=name))
        if on:
            for needed in self._plugins[name].manifest.requires:
                if not self.enabled(needed, org_id):
                    raise Refused(_("请先启用它依赖的模块“%(name)s”。", name=self._plugins[needed].manifest.title))
        else:
            for other in self._plugins.values():
                if name in other.manifest.requires and self.enabled(other.manifest.name, org_id):
                    raise Refused(_("模块“%(name)s”依赖它，请先停用该模块。", name=other.manifest.title))
        state = session.scalars(
            select(PluginState).where(PluginState.plugin == name, PluginState.org_id == org_id)
        ).one_or_none()
        if state is None:
            if not on:
                return False
            session.add(PluginState(plugin=name, org_id=org_id, enabled=True))
        elif state.enabled == on:
            return False
        else:
            state.enabled = on
        bump(session, "plugins")
        session.flush()
        self.forget()
        self.hooks.portal_plugin_switched(plugin=name, org_id=org_id, enabled=on)
        return True

    def init_app(self, app: Flask) -> None:
        """Know the plugins' records, and register their blueprints, each behind its switch."""
        self.collect("portal_record_types")
        for name, plugin in self._plugins.items():
            if not hasattr(plugin, "portal_blueprints"):
                continue
            for blueprint in plugin.portal_blueprints():
                app.register_blueprint(blueprint)
                app.before_request_funcs.setdefault(blueprint.name, []).insert(0, self._guard(name))

    def _guard(self, name: str) -> Any:
        def refuse_where_off() -> None:
            grant = g.get("grant")
            if grant is not None and not self.on_for(name, grant.org_id):
                abort(404)

        return refuse_where_off
