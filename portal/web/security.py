"""What every request and every answer gets: a number, a check of the host, headers, safe cookies."""

from __future__ import annotations

import logging
import re
import secrets
from typing import Any

from flask import Flask, Request, Response, abort, g, request
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, ValidationError

from portal.config import Settings
from portal.text import seen

LARGEST_KEY = 2**31 - 1

POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "font-src 'self'", "connect-src 'self'",
        "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'", "object-src 'none'", "report-uri /csp-report",
    )
)  # fmt: skip
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class OneLine(logging.Formatter):
    """Log lines are one line each; control characters are shown, so that nobody writes lines of their own."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def configure_logging(settings: Settings) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    logging.getLogger("apscheduler").setLevel(logging.WARNING)


HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::\d{1,5})?")


def host_of(value: str) -> str:
    """The name in a Host header, without its port; nothing for what is no host."""
    found = HOST.fullmatch(value.strip().lower())
    return (found[1] or found[2]) if found else ""


class Key(IntegerConverter):
    """A whole number in an address: what no row can have as its key is no page."""

    def to_python(self, value: str) -> int:
        number = int(super().to_python(value))
        if number > LARGEST_KEY:
            raise ValidationError
        return number


class CleanRequest(Request):
    """A request whose form holds nothing that cannot be seen: it is left out, on both databases alike.

    HEAD is GET without the body: pages are told GET, the server leaves the body out by what came over the line.
    """

    def __init__(self, environ: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(environ, *args, **kwargs)
        if self.method == "HEAD":
            self.method = "GET"

    def _load_form_data(self) -> None:
        super()._load_form_data()
        pairs = [(seen(name), seen(value)) for name, value in self.form.items(multi=True)]
        self.__dict__["form"] = ImmutableMultiDict(pairs)


def begin() -> None:
    """Number the request; refuse hosts that are not ours and control characters in the address."""
    g.request_id = secrets.token_hex(6)
    settings: Settings = g.settings
    allowed = {name.lower() for name in settings.allowed_hosts} | {host_of(settings.public_url.partition("://")[2])}
    if host_of(request.host) not in allowed:
        abort(400)
    if "\0" in request.full_path or "%00" in request.full_path:
        abort(404)


def finish(response: Response) -> Response:
    """Headers of every answer; pages are never kept by the browser."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-ID"] = g.get("request_id", "")
    response.headers["Cache-Control"] = "no-store"
    if g.settings.secure:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def init_app(app: Flask, settings: Settings) -> None:
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.config.update(
        SESSION_COOKIE_NAME="__Host-portal" if settings.secure else "portal",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure,
        SESSION_COOKIE_PATH="/",
        MAX_CONTENT_LENGTH=(max(settings.upload_max_mb, settings.import_max_mb) + 1) * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=5000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
    )

    app.request_class = CleanRequest
    app.url_map.converters.update(int=Key, big=IntegerConverter)

    def settle() -> None:
        g.settings = settings

    app.before_request(settle)
    app.before_request(begin)
    app.after_request(finish)
