"""The core's own features, offered through the hooks that plugins use too."""

from __future__ import annotations

from portal.contract import Permission, Role
from portal.hookspecs import hookimpl


class CorePlugin:
    """Roles and rights of the core."""

    @hookimpl
    def portal_roles(self) -> list[Role]:
        from portal.auth import roles

        return list(roles.CORE_ROLES)

    @hookimpl
    def portal_permissions(self) -> list[Permission]:
        from portal.auth import roles

        return list(roles.CORE_PERMISSIONS)

    @hookimpl
    def portal_role_grants(self) -> dict[str, set[str]]:
        from portal.auth import roles

        return roles.CORE_GRANTS
