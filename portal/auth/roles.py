"""The roles of domain.md and who may hold them together; the rights of the core."""

from __future__ import annotations

from functools import cache
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from portal.config import ADMINISTRATORS
from portal.contract import Permission, Role
from portal.directory.models import TOWN_KINDS

CORE_ROLES = (
    Role("handling_officer", _l("经办人"), "town"),
    Role("office_head", _l("综合行政执法办公室负责人"), "town"),
    Role("leader", _l("分管负责人"), "town"),
    Role("legal_reviewer", _l("法制审核人员"), "town"),
    Role("supervisor", _l("区司法局监督人员"), "district"),
    Role("department_liaison", _l("区级部门联络员"), "department"),
    Role("expert", _l("专家学者"), "pool"),
    Role("system_admin", _l("系统管理员"), "deployer"),
    Role("security_admin", _l("安全管理员"), "deployer"),
    Role("security_auditor", _l("安全审计员"), "deployer"),
)
CORE_PERMISSIONS = (
    Permission("accounts.manage", _l("管理账号与角色")),
    Permission("audit.read", _l("查阅审计记录")),
    Permission("audit.export", _l("导出审计记录")),
    Permission("system.manage", _l("管理模块、作业与工作日历")),
    Permission("people.read", _l("查看人员")),
    Permission("people.edit", _l("登记与变更人员")),
    Permission("people.reveal", _l("查看完整身份号码")),
)
TOWN_ROLES = frozenset({"handling_officer", "office_head", "leader", "legal_reviewer"})
CORE_GRANTS: dict[str, set[str]] = {
    **{role: {"people.read"} for role in TOWN_ROLES},
    "office_head": {"people.read", "people.edit", "people.reveal"},
    "supervisor": {"people.read", "people.reveal"},
    "system_admin": {"system.manage"},
    "security_admin": {"accounts.manage"},
    "security_auditor": {"audit.read", "audit.export"},
}
KINDS: dict[str, tuple[str, ...]] = {
    "town": TOWN_KINDS,
    "district": ("district",),
    "department": ("department",),
    "pool": ("district",),
    "deployer": ("district",),
}


def _plugins() -> Any:
    return current_app.extensions["portal"].plugins


def all_roles() -> dict[str, Role]:
    """Every role by its code."""
    return {role.code: role for role in _plugins().declared("portal_roles")}


def all_permissions() -> dict[str, Permission]:
    return {permission.code: permission for permission in _plugins().collect("portal_permissions")}


def matrix(org_id: int | None = None) -> dict[str, set[str]]:
    """Which role holds which rights, from the core and all plugins (of one organisation: that are on there).

    No plugin adds to the rights of the three administrators, who have no business with its records.
    """
    kept: dict[str, set[str]] = _plugins().remember(("matrix", org_id), lambda: _matrix(org_id))
    return kept


def _matrix(org_id: int | None) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {code: set() for code in all_roles()}
    ask = _plugins().hooks.portal_role_grants if org_id is None else _plugins().hooks_for(org_id, "portal_role_grants")
    for grants in ask():
        for role, permissions in grants.items():
            found.setdefault(role, set()).update(permissions)
    for role in ADMINISTRATORS:
        found[role] = set(CORE_GRANTS[role])
    return found


@cache
def _administrators() -> frozenset[str]:
    return frozenset(ADMINISTRATORS)


def may_join(held: set[str], role: str) -> bool:
    """Whether an account holding ``held`` may also hold ``role``: an administrator of the three holds nothing else."""
    together = held | {role}
    return len(together) == 1 or not together & _administrators()
