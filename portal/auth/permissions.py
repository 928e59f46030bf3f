"""Asking for rights: ``can`` and ``check`` in code, ``require`` on views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import abort, g
from flask_babel import gettext as _

from portal import audit
from portal.auth import roles
from portal.errors import NotAllowed
from portal.tenancy import current_scope


def rights() -> set[str]:
    """The rights of the acting role, read once a request."""
    if "rights" not in g:
        grant = g.get("grant")
        g.rights = roles.matrix().get(grant.role, set()) if grant is not None else set()
    found: set[str] = g.rights
    return found


def can(permission: str, org_id: int | None = None) -> bool:
    """Whether the acting role holds a right (for records of ``org_id``, if given)."""
    return permission in rights() and (org_id is None or current_scope().allows(org_id))


def check(permission: str, org_id: int | None = None) -> None:
    """Raise NotAllowed without the right; the refusal is an event."""
    if not can(permission, org_id):
        audit.note("access.denied", detail={"permission": permission}, result="denied")
        raise NotAllowed(_("您当前的角色没有这项权限。"))


def require(permission: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator of a view: log in first, then hold the right."""

    def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            if g.get("account") is None:
                abort(401)
            check(permission)
            return view(*args, **kwargs)

        guarded.permission = permission  # type: ignore[attr-defined]
        return guarded

    return decorate


def logged_in(view: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a view that every account may use."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        if g.get("account") is None:
            abort(401)
        return view(*args, **kwargs)

    guarded.permission = ""  # type: ignore[attr-defined]
    return guarded
