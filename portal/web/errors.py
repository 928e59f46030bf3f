"""Errors in plain words, in one place: what happened, what to do next, and a number that is found in the log."""

from __future__ import annotations

import logging
import sqlite3
from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, session, url_for
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError, generate_csrf
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from portal import audit
from portal.auth.permissions import own_referrer
from portal.database import db
from portal.errors import DomainError, OutsideScope
from portal.sqlite import DatabaseBusy

log = logging.getLogger("portal.errors")
KEPT_FIELDS = 200
SECRET_WORDS = ("password", "csrf", "code", "current", "again")

WORDS: dict[int, tuple[Any, Any]] = {
    400: (_l("请求无法识别"), _l("请从门户首页重新进入。")),
    403: (_l("没有权限"), _l("您当前的角色不能进行这项操作。可在右上角切换角色，或联系安全管理员。")),
    404: (_l("没有找到"), _l("页面不存在，或不在您的查看范围内。")),
    405: (_l("不支持的操作"), _l("请从页面上的按钮进行操作。")),
    409: (_l("内容已有变化"), _l("请返回后重新打开，核对最新内容再操作。")),
    413: (_l("内容过大"), _l("上传的文件或填写的内容超过限制，请缩小后再试。")),
    419: (_l("页面已过期"), _l("出于安全考虑，停留太久的页面需要确认一次。您填写的内容没有丢失。")),
    422: (_l("不能完成"), _l("请按提示修改后再试。")),
    429: (_l("操作太频繁"), _l("请稍候片刻再试。")),
    500: (_l("系统出错了"), _l("错误已记录，内容没有保存。请稍后再试；如仍出错，请把下面的编号告诉系统管理员。")),
    503: (_l("暂时无法保存"), _l("数据库正忙或磁盘空间不足，内容没有保存。请稍后再试。")),
}


def page(status: int, message: Any = None, headers: dict[str, str] | None = None, **more: Any) -> tuple[str, int, dict[str, str]]:
    """The error page, or for a fragment the message alone."""
    title, advice = WORDS.get(status, WORDS[500] if status >= 500 else WORDS[400])
    template = "errors/fragment.html" if request.headers.get("HX-Request") else "errors/error.html"
    text = render_template(template, status=status, title=title, message=message, advice=advice, number=g.get("request_id", ""), **more)
    extra = {"HX-Retarget": "#flash", "HX-Reswap": "innerHTML"} if request.headers.get("HX-Request") else {}
    return text, status, {**(headers or {}), **extra}


def domain(error: DomainError) -> Any:
    """A rule said no: its own words."""
    db.session.rollback()
    if isinstance(error, DatabaseBusy):
        return _busy(error.message)
    seconds = getattr(error, "retry_after", None)
    return page(error.status, error.message, {"Retry-After": str(seconds)} if seconds else None)


def http(error: HTTPException) -> Any:
    if error.response is not None:
        return error.response
    db.session.rollback()
    if error.code == 401:
        return _to_login()
    if error.code is not None and error.code < 400:
        return error
    headers = {"Allow": ", ".join(error.valid_methods)} if getattr(error, "valid_methods", None) else None  # type: ignore[attr-defined]
    return page(error.code or 500, headers=headers)


def _to_login() -> Any:
    target = request.full_path.rstrip("?") if request.method == "GET" else own_referrer()
    wanted: dict[str, Any] = {"next": target} if target not in ("", "/") else {}
    if g.get("session_expired"):
        wanted["expired"] = "1"
    address = url_for("auth.login", **wanted)
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Redirect": address})
    return redirect(address, 302)


def csrf(_error: CSRFError) -> Any:
    """The token is missing or too old: a page that keeps what was typed and can send it again."""
    db.session.rollback()
    audit.note("access.csrf", detail={"path": request.path[:200]}, result="denied")
    session.pop("csrf_token", None)
    g.pop("csrf_token", None)
    return page(419, **_kept())


def _kept() -> dict[str, Any]:
    """What was typed, to be sent again with one button; passwords and codes are left out."""
    fields = [
        (name, value)
        for name, values in list(request.form.lists())[:KEPT_FIELDS]
        for value in values
        if not any(word in name.lower() for word in SECRET_WORDS)
    ]
    return {"fields": fields, "action": request.full_path.rstrip("?"), "token": generate_csrf(), "had_files": bool(request.files)}


def _busy(message: Any = None) -> Any:
    """Nothing could be written: the page says so and keeps what was typed."""
    kept = _kept() if request.method == "POST" and g.get("account") is not None else {}
    return page(503, message, {"Retry-After": "10"}, **kept)


def _database_words(error: Exception) -> int:
    """503 where the database is busy, away or full; else it is our defect."""
    original = getattr(error, "orig", None)
    text = str(original).lower()
    if isinstance(original, sqlite3.OperationalError) and any(word in text for word in ("locked", "busy", "full", "readonly", "i/o", "unable to open")):
        return 503
    if isinstance(error, (OperationalError, TimeoutError)):
        return 503
    return 500


def unexpected(error: Exception) -> Any:
    """Whatever else: logged with the number that the page shows, and nothing of it told."""
    number = g.get("request_id", "")
    status = 500
    try:
        db.session.rollback()
    except Exception:
        log.exception("rollback failed %s", number)
    if isinstance(error, OutsideScope):
        log.warning("outside scope %s %s", number, error)
        return page(404)
    if isinstance(error, StaleDataError):
        return page(409)
    if isinstance(error, (DBAPIError, TimeoutError)):
        status = _database_words(error)
    if isinstance(error, OSError) and error.errno == 28:
        status = 503
    log.error("error %s %s %s", number, request.method, request.path, exc_info=error)
    return _busy() if status == 503 else page(status)


def init_app(app: Flask) -> None:
    app.register_error_handler(CSRFError, csrf)
    app.register_error_handler(DomainError, domain)
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Exception, unexpected)
