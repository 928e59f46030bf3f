"""What templates may use beside Jinja's own."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Flask, current_app, g, session
from flask_babel import get_locale
from flask_babel import gettext as _

from portal.auth import roles
from portal.auth.permissions import can
from portal.clock import today
from portal.config import current_settings
from portal.contract import RecordAction
from portal.records import once
from portal.web import history, shell, tables


def moment(value: dt.datetime | None) -> str:
    """A moment in the office's time zone."""
    return value.astimezone(current_settings().zone).strftime("%Y-%m-%d %H:%M") if value else "—"


def day(value: dt.date | None) -> str:
    return value.isoformat() if value else "—"


def record_actions(record_type: str, record_id: int) -> list[RecordAction]:
    """What other plugins offer on a record that the reader is looking at."""
    grant = g.get("grant")
    if grant is None:
        return []
    return list(current_app.extensions["portal"].plugins.collect_for(grant.org_id, "portal_record_actions", record_type=record_type, record_id=record_id))


def role_title(code: str) -> Any:
    known = roles.all_roles().get(code)
    return known.title if known else {"system": _("系统")}.get(code, code)


def theme() -> str:
    return str(session.get("theme", "light"))


def language() -> str:
    return "en" if str(get_locale()).startswith("en") else "zh-CN"


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(moment=moment, day=day)
    app.jinja_env.tests["holds"] = can
    app.jinja_env.globals.update(
        can=can, today=today, sidebar=shell.sidebar, topbar=lambda query: shell.topbar(query, theme()), role_title=role_title,
        record_actions=record_actions, theme=theme,
        language=language, new_form_key=once.new_key,
        table_body=tables.body, badge_of=tables.badge, list_filters=tables.filters, list_head=tables.head, list_places=tables.places, list_choosable=tables.choosable,
        settings=app.extensions["portal"].settings, event_title=history.title, actor_word=history.actor_word, event_changes=history.changes,
    )  # fmt: skip
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
