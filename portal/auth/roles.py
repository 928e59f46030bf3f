"""Roles 角色 of the core, and where each may be given."""

from __future__ import annotations

import logging
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from portal.auth.models import ADMINISTRATORS
from portal.contract import Role
from portal.directory.models import TOWN_KINDS, Organisation

log = logging.getLogger(__name__)

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

ORGANISATION_KINDS: dict[str, tuple[str, ...]] = {
    "town": TOWN_KINDS,
    "district": ("district",),
    "department": ("department",),
    "pool": ("district",),
    "deployer": ("district",),
}
"""Kinds of organisation in which a role of a kind is given."""
ALSO_IN: dict[str, tuple[str, ...]] = {"legal_reviewer": ("district",)}
"""Further kinds for single roles: a reviewer may work for a town or for the district."""


def roles() -> dict[str, Role]:
    """All roles by code: the core's and the plugins'. A plugin neither replaces a role nor adds an administrator."""
    cache: dict[str, Any] = current_app.extensions.setdefault("portal_auth", {})
    found: dict[str, Role] | None = cache.get("roles")
    if found is None:
        found = {role.code: role for role in CORE_ROLES}
        for role in current_app.extensions["portal"].plugins.collect("portal_roles"):
            if role.kind not in ORGANISATION_KINDS or role.kind == "deployer":
                if role.code not in found:
                    log.warning("role %s of kind %r is left out: a plugin cannot add it", role.code, role.kind)
                continue
            found.setdefault(role.code, role)
        cache["roles"] = found
    return found


def role_title(code: str) -> str:
    """Title of a role in the reader's language; the code itself when its plugin is gone."""
    role = roles().get(code)
    return str(role.title) if role else code


def fits(role: Role, organisation: Organisation) -> bool:
    """Whether the role can be given in this organisation."""
    return organisation.kind in (*ORGANISATION_KINDS[role.kind], *ALSO_IN.get(role.code, ()))


def crosses_towns(role: Role | None) -> bool:
    """Whether somebody acting in this role sees the records of all towns."""
    return role is not None and role.kind == "district"


def is_administrator(code: str) -> bool:
    """Whether the role is one of 三员."""
    return code in ADMINISTRATORS
