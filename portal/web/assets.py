"""Static files: served by WhiteNoise under a folder named by their content, kept by browsers for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

FOLDER = Path(__file__).parent / "static"


@cache
def version() -> str:
    """A name for the present content of all static files."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a static file."""
    return f"/static/{version()}/{name}"


def _headers(headers: object, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"  # type: ignore[index]
    headers["Cross-Origin-Resource-Policy"] = "same-origin"  # type: ignore[index]


def init_app(app: Flask) -> None:
    noise = WhiteNoise(app.wsgi_app, immutable_file_test=lambda _path, _url: True, add_headers_function=_headers, allow_all_origins=False)
    noise.add_files(str(FOLDER), prefix=f"static/{version()}/")
    app.wsgi_app = noise  # type: ignore[method-assign]
    app.jinja_env.globals["asset"] = asset
