"""Cards on the dashboards of the three administrators: each sees at a glance what is theirs to look after."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal import diagnosis
from portal.audit import standing
from portal.audit.models import Event
from portal.auth import admin as accounts
from portal.auth.models import Account
from portal.auth.permissions import can
from portal.contract import Card
from portal.database import db, utcnow
from portal.jobs.models import JobRun

WEEK = dt.timedelta(days=7)
TEMPLATE = "admin/_figures.html"


def cards(_today: dt.date) -> list[Card]:
    """The cards that the acting role may see."""
    found: list[Card] = []
    if can("system.manage"):
        found.append(Card(_("运行状况"), TEMPLATE, {"figures": _system()}, 10, "shield"))
    if can("accounts.manage"):
        found.append(Card(_("账号与角色"), TEMPLATE, {"figures": _accounts()}, 10, "users"))
    if can("audit.read"):
        found.append(Card(_("审计记录"), TEMPLATE, {"figures": _trail()}, 10, "history"))
    return found


def _figure(label: Any, value: Any, url: str, bad: str = "") -> dict[str, Any]:
    return {"label": label, "value": value, "url": url, "tone": bad if value else ""}


def _system() -> list[dict[str, Any]]:
    """Checks that ask for something, and jobs that failed this week."""
    broken = sum(not finding.ok for finding in diagnosis.examine(current_app._get_current_object()))  # type: ignore[attr-defined]
    failed = select(func.count()).select_from(JobRun).where(JobRun.state.in_(("failed", "abandoned")), JobRun.queued_at > utcnow() - WEEK)
    return [
        _figure(_("项检查需处理"), broken, url_for("admin.health"), "red"),
        _figure(_("次作业失败（7 天内）"), db.session.scalar(failed) or 0, url_for("jobs.index"), "red"),
    ]


def _accounts() -> list[dict[str, Any]]:
    """Accounts to be looked at."""
    return [
        _figure(title, db.session.scalar(select(func.count()).select_from(Account).where(*conditions)) or 0, url_for("accounts.index", show=code), "amber")
        for code, title, conditions in accounts.views()
    ]


def _trail() -> list[dict[str, Any]]:
    """How the trail stood when it was last verified, and what was refused this week."""
    last = standing.last(current_app.extensions["portal"].settings.instance)
    word, tone = (_("尚未校验"), "amber") if last is None else (_("完整"), "green") if last["ok"] else (_("异常"), "red")
    since = int((utcnow() - WEEK).timestamp() * 1_000_000)
    denied = db.session.scalar(select(func.count()).select_from(Event).where(Event.at > since, Event.result == "denied")) or 0
    return [
        {"label": _("上次校验"), "value": word, "url": url_for("audit.index"), "tone": tone},
        _figure(_("次被拒绝（7 天内）"), denied, url_for("audit.index", result="denied"), "amber"),
    ]
