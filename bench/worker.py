"""One worker process of a contestant: ``python -m bench.worker portal|bare|django folder descriptor``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any


def application(contestant: str, folder: Path) -> Any:
    """The WSGI application of a contestant."""
    if contestant == "portal":
        os.environ["PORTAL_INSTANCE"] = str(folder)
        os.environ["PORTAL_LOG_LEVEL"] = "WARNING"
        from portal import create_app, settle

        app = create_app()
        settle()  # as ``portal serve`` does
        return app
    if contestant == "bare":
        from bench import bare_list

        return bare_list.application(folder / "portal.db")
    from bench import django_yardstick

    return django_yardstick.application(folder)


if __name__ == "__main__":
    from bench.serving import serve

    serve(application(sys.argv[1], Path(sys.argv[2])), int(sys.argv[3]))
