"""Rights: which there are, which role holds which, and the questions ``can``, ``check`` and ``require``."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from flask import current_app, g, has_request_context
from flask_babel import lazy_gettext as _l

from portal import audit
from portal.auth.roles import is_administrator, roles
from portal.context import current_actor
from portal.contract import Permission
from portal.errors import NotAllowed, NotFound
from portal.tenancy import current_scope
from portal.work import is_working

log = logging.getLogger(__name__)

View = TypeVar("View", bound=Callable[..., Any])

CORE_PERMISSIONS = (
    Permission("accounts.manage", _l("管理账号、授权与会话")),
    Permission("audit.read", _l("查阅审计记录")),
    Permission("audit.export", _l("导出审计记录")),
    Permission("system.manage", _l("管理机构、模块、参数与工作日历")),
    Permission("jobs.run", _l("查看并运行后台任务")),
    Permission("people.read", _l("查阅人员")),
    Permission("people.edit", _l("登记人员与人员变动")),
    Permission("people.reveal", _l("查看完整的公民身份号码")),
)

_BUSINESS_READERS = ("handling_officer", "office_head", "leader", "legal_reviewer", "supervisor")

CORE_GRANTS: dict[str, frozenset[str]] = {
    **dict.fromkeys(_BUSINESS_READERS, frozenset({"people.read"})),
    "office_head": frozenset({"people.read", "people.edit", "people.reveal"}),
    "system_admin": frozenset({"system.manage", "jobs.run"}),
    "security_admin": frozenset({"accounts.manage"}),
    "security_auditor": frozenset({"audit.read", "audit.export"}),
}
"""Which role holds which right of the core. Plugins add to it, never for the three administrators."""


@dataclass(frozen=True)
class Rights:
    """All rights and who holds them. ``plugin_of`` names the plugin of a right; core rights are not in it."""

    permissions: dict[str, Permission]
    held: dict[str, frozenset[str]]
    plugin_of: dict[str, str]


def rights() -> Rights:
    """The rights of the core and of all plugins, put together once for an application."""
    cache: dict[str, Any] = current_app.extensions.setdefault("portal_auth", {})
    if "rights" not in cache:
        cache["rights"] = _collect()
    return cast(Rights, cache["rights"])


def _collect() -> Rights:
    plugins = current_app.extensions["portal"].plugins
    permissions = {permission.code: permission for permission in CORE_PERMISSIONS}
    held = {role: set(codes) for role, codes in CORE_GRANTS.items()}
    plugin_of: dict[str, str] = {}
    for name in plugins.names():
        plugin = plugins.get(name)
        for permission in plugin.portal_permissions() if hasattr(plugin, "portal_permissions") else ():
            if permission.code in permissions:
                log.warning("right %s of plugin %s is left out: there is one of this name", permission.code, name)
                continue
            permissions[permission.code] = permission
            plugin_of[permission.code] = name
        given = plugin.portal_role_grants() if hasattr(plugin, "portal_role_grants") else {}
        for role, codes in given.items():
            if is_administrator(role):
                log.warning("plugin %s gives rights to %s: left out, administrators hold no business right", name, role)
                continue
            held.setdefault(role, set()).update(codes)
    return Rights(permissions, {role: frozenset(codes) for role, codes in held.items()}, plugin_of)


def holds(role: str, code: str) -> bool:
    """Whether a role holds a right, wherever it is given."""
    return code in rights().held.get(role, ())


def can(code: str, org_id: int | None = None) -> bool:
    """Whether the acting role holds the right; with ``org_id`` also: whether it sees records of that organisation.

    Rights of a plugin that is off for the organisation are held by nobody there.
    """
    actor = current_actor()
    if not holds(actor.role, code):
        if code not in rights().permissions:
            log.error("no such right: %s", code)
        return False
    if org_id is not None and not current_scope().allows(org_id):
        return False
    plugin = rights().plugin_of.get(code)
    if plugin is None:
        return True
    return bool(current_app.extensions["portal"].plugins.on_for(plugin, actor.org_id if org_id is None else org_id))


def check(code: str, org_id: int | None = None) -> None:
    """Go on only with the right.

    Raises NotFound for an organisation that is not seen (not yours and not there answer alike), else NotAllowed; both
    leave a "denied" event.
    """
    if can(code, org_id):
        return
    deny(code, org_id)
    if org_id is not None and not current_scope().allows(org_id):
        raise NotFound(_l("没有找到这条记录。"))
    raise NotAllowed(_l("您当前的身份没有此项权限。"))


def require(code: str) -> Callable[[View], View]:
    """Decorator of a view: only for those who hold the right."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(*args: Any, **kwargs: Any) -> Any:
            check(code)
            return view(*args, **kwargs)

        checked.permission = code  # type: ignore[attr-defined]
        return cast(View, checked)

    return decorate


def deny(code: str, org_id: int | None = None) -> None:
    """Note that somebody tried what they may not. In a request the event is written at its end.

    The exception that follows would undo an event written in the open unit of work.
    """
    detail = {"permission": code, "org_id": org_id}
    if has_request_context():
        g.setdefault("denied", []).append(detail)
    elif not is_working():
        audit.note("access.denied", detail=detail, result="denied")


def write_denied(response: Any) -> Any:
    """After the request: the refusals of this request enter the trail."""
    for detail in g.pop("denied", ()):
        try:
            audit.note("access.denied", record_type="core.permission", detail=detail, result="denied")
        except Exception:
            log.exception("the refusal of %s could not be written to the trail", detail)
    return response


def permission_matrix() -> list[dict[str, Any]]:
    """Every right with the roles that hold it: ``{"permission", "title", "plugin", "roles": {role: bool}}``."""
    known = rights()
    return [
        {
            "permission": code,
            "title": permission.title,
            "plugin": known.plugin_of.get(code, ""),
            "roles": {role: code in known.held.get(role, ()) for role in roles()},
        }
        for code, permission in sorted(known.permissions.items())
    ]
