"""The yardstick: Django with its admin and auditlog over the same rows, set up as durable and as patient as the portal."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

PASSWORD = "Portal-Bench-2026!"
FIELDS = ("channel", "kind", "content", "place", "object_name", "demand", "category", "title", "received_on", "urgency", "external_no", "anonymous", "confidential", "protect")


def configure(folder: Path) -> None:
    """Settings for the database ``django.db`` of a folder."""
    import django
    from django.conf import settings

    if settings.configured:
        return
    settings.configure(
        DEBUG=False, SECRET_KEY="bench" * 10, ALLOWED_HOSTS=["*"], ROOT_URLCONF="bench.django_yardstick_urls", USE_TZ=True, LANGUAGE_CODE="zh-hans",
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", STATIC_URL="/static/",
        INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages", "auditlog", "bench"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware", "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware",
            "auditlog.middleware.AuditlogMiddleware",
        ],
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
            "django.template.context_processors.request", "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"]}}],
        DATABASES={"default": {
            "ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "django.db"), "CONN_MAX_AGE": None,
            "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=wal; PRAGMA synchronous=full; PRAGMA cache_size=-32768;"},
        }},
    )  # fmt: skip
    django.setup()


def copy(source: Path, folder: Path) -> None:
    """The same rows with the same indexes in a database of its own, with Django's own tables beside them, and an account."""
    target = folder / "django.db"
    connection = sqlite3.connect(target)
    connection.execute("PRAGMA journal_mode=off")
    connection.execute("PRAGMA synchronous=off")
    connection.execute("ATTACH ? AS portal", (str(source),))
    tables = [row[0] for row in connection.execute("SELECT sql FROM portal.sqlite_master WHERE type = 'table' AND name = 'complaints_complaint'")]
    indexes = [row[0] for row in connection.execute("SELECT sql FROM portal.sqlite_master WHERE type = 'index' AND tbl_name = 'complaints_complaint' AND sql IS NOT NULL")]
    import re

    connection.execute(re.sub(r",\s*CONSTRAINT \S+ FOREIGN KEY\([^)]*\) REFERENCES \S+ \([^)]*\)", "", tables[0]))
    connection.execute("INSERT INTO complaints_complaint SELECT * FROM portal.complaints_complaint")
    for index in indexes:
        connection.execute(index)
    connection.commit()
    connection.execute("DETACH portal")
    connection.execute("ANALYZE")
    connection.close()
    configure(folder)
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    User.objects.create_superuser("bench", "bench@example.org", PASSWORD)


def application(folder: Path) -> Any:
    """Django's WSGI application."""
    configure(folder)
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()
