"""Asking for rights: ``can`` and ``check`` in code, ``require`` on views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Response, abort, g, redirect, request, url_for
from flask_babel import gettext as _

from portal import audit
from portal.auth import roles
from portal.errors import NotAllowed
from portal.tenancy import current_scope, reaches
from portal.work import is_working


def rights() -> set[str]:
    """The rights of the acting role, read once a request."""
    if "rights" not in g:
        grant = g.get("grant")
        g.rights = roles.matrix(grant.org_id).get(grant.role, set()) if grant is not None else set()
    found: set[str] = g.rights
    return found


def can(permission: str, org_id: int | None = None) -> bool:
    """Whether the acting role holds a right (for records of ``org_id``, if given)."""
    return permission in rights() and (org_id is None or current_scope().allows(org_id))


def check(permission: str, org_id: int | None = None) -> None:
    """Raise NotAllowed without the right; the refusal is an event."""
    if not can(permission, org_id):
        if is_working():
            g.setdefault("denied", []).append(permission)
        else:
            audit.note("access.denied", detail={"permission": permission}, result="denied")
        raise NotAllowed(_("您当前的角色没有这项权限。"))


def check_reach(permission: str, record: Any) -> None:
    """The same for a record that was found: its town is in the scope, or it is one that the account may write."""
    check(permission, None if reaches(record) else record.org_id)


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


def require_fresh() -> None:
    """Before something grave: send the reader to give the password again, unless that was a moment ago (S13)."""
    from portal.auth.sessions import is_fresh

    if not is_fresh():
        target = request.full_path if request.method == "GET" else own_referrer()
        answer = redirect(url_for("auth.confirm", next=target), 303)
        if request.headers.get("HX-Request"):
            answer = Response("", 204, {"HX-Redirect": url_for("auth.confirm", next=target)})  # type: ignore[assignment]
        abort(answer)


def own_referrer() -> str:
    """The path of the page that sent this request, when it is one of ours."""
    parts = urlsplit(request.referrer or "")
    return f"{parts.path}?{parts.query}" if parts.netloc == request.host and parts.path.startswith("/") else "/"
