"""The system administrator's page of jobs: when they run, what came of it, run now."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from portal import audit
from portal.auth.permissions import require
from portal.contract import NavItem
from portal.database import db, utcnow
from portal.jobs import leases, runner, scheduler, timetable
from portal.jobs.models import JobRun
from portal.work import unit_of_work

blueprint = Blueprint("jobs", __name__, url_prefix="/admin/jobs", template_folder="templates")
STATES = {
    "queued": (lambda: _("排队中"), "grey", "clock"),
    "running": (lambda: _("运行中"), "blue", "player-play"),
    "done": (lambda: _("完成"), "green", "circle-check"),
    "failed": (lambda: _("失败"), "red", "alert-triangle"),
    "abandoned": (lambda: _("中断"), "amber", "circle-x"),
}
SHOWN = 50
WORDS = {
    "seen": lambda: _("检查"), "warned": lambda: _("提醒"), "expired": lambda: _("过期"), "cancelled": lambda: _("注销"), "failed": lambda: _("失败"),
    "sessions": lambda: _("已结束的会话"), "runs": lambda: _("旧的运行记录"), "notices": lambda: _("旧的通知"), "uploads": lambda: _("未确认的上传文件"),
    "heads": lambda: _("审计链头记录"),
}  # fmt: skip
"""Names of the figures that jobs report."""


def navigation() -> list[NavItem]:
    return [NavItem(_("定时作业"), "jobs.index", "system.manage", "clock", 920, _("系统"))]


def word(key: str) -> str:
    """The name of a figure; a plugin's own are shown as it names them."""
    return WORDS[key]() if key in WORDS else key


def figures(result: Any) -> dict[str, Any]:
    """The figures of a result, over all and by town, and nothing else: the administrator sees no business data."""
    found: dict[str, Any] = result if isinstance(result, dict) else {}
    towns = found.get("towns")
    listed = [(name, town) for name, town in towns.items() if isinstance(town, dict)] if isinstance(towns, dict) else []
    rows = {name: _numbers(town) for name, town in sorted(listed, key=lambda pair: str(pair[1].get("code", "")))}
    return {"total": _numbers(found), "towns": rows, "keys": list(dict.fromkeys(key for row in rows.values() for key in row))}


def _numbers(values: dict[str, Any]) -> dict[str, int]:
    found = {key: value for key, value in values.items() if isinstance(value, int) and not isinstance(value, bool)}
    known = list(WORDS)
    return dict(sorted(found.items(), key=lambda pair: known.index(pair[0]) if pair[0] in known else len(known)))


def badge(state: str) -> tuple[str, str, str]:
    title, tone, icon = STATES[state]
    return title(), tone, icon


@blueprint.get("")
@require("system.manage")
def index() -> Any:
    """Every job with its next time and its last run, and the latest runs."""
    newest = db.session.scalars(select(func.max(JobRun.id)).group_by(JobRun.job)).all()
    last = {run.job: run for run in db.session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}
    settings = current_app.extensions["portal"].settings
    jobs = [(job, timetable.in_words(job), timetable.next_due(job, utcnow(), settings), last.get(job.name)) for job in runner.all_jobs().values()]
    runs = db.session.scalars(select(JobRun).order_by(JobRun.id.desc()).limit(SHOWN)).all()
    return render_template("jobs/index.html", jobs=jobs, runs=runs, badge=badge, alive=leases.is_alive(scheduler.LEASE), titles=_titles(), asked_by=asked_by)


def asked_by(name: str) -> str:
    """Who asked for a run: a person, or the clock, a command, the demonstration."""
    words = {"scheduler": _("按时间表"), "cli": _("命令行"), "demo": _("演示数据")}
    return words.get(name, name)


def _titles() -> dict[str, Any]:
    return {job.name: job.title for job in runner.all_jobs().values()}


@blueprint.post("/<name>/run")
@require("system.manage")
def run_now(name: str) -> Any:
    """Ask for a run; the scheduler takes it up within seconds."""
    text = request.form.get("day", "").strip()
    try:
        day = dt.date.fromisoformat(text) if text else None
    except ValueError:
        flash(_("“%(text)s”不是日期，请写成 2026-11-24。", text=text[:20]), "danger")
        return redirect(url_for("jobs.index"), 303)
    with unit_of_work("jobs.requested"):
        run_id = runner.queue(name, day=day, dry_run=bool(request.form.get("dry_run")), account_id=g.account.id, requested_by=g.account.name)
        audit.note("jobs.requested", record_type="jobs.run", record_id=run_id, detail={"job": name})
    return redirect(url_for("jobs.run", run_id=run_id), 303)


@blueprint.get("/<int:run_id>")
@require("system.manage")
def run(run_id: int) -> Any:
    """One run: how far it is, what came of it. While it is under way the page asks again every two seconds."""
    found = db.session.get(JobRun, run_id) if run_id < 2**31 else None
    if found is None:
        abort(404)
    template = "jobs/_run.html" if request.headers.get("HX-Request") else "jobs/run.html"
    alive, title = leases.is_alive(scheduler.LEASE), _titles().get(found.job, found.job)
    return render_template(template, run=found, badge=badge, word=word, figures=figures(found.result), alive=alive, title=title, asked_by=asked_by)
