"""``portal jobs`` and ``portal scheduler``."""

from __future__ import annotations

import datetime as dt
import signal
import sys
import threading

import click
from sqlalchemy import func, select

from portal import settle
from portal.cli.base import Day, acting, application, as_json, find_town, show
from portal.database import db, utcnow
from portal.jobs import runner, scheduler
from portal.jobs.models import JobRun


@click.group("jobs")
def jobs() -> None:
    """Scheduled jobs."""


@jobs.command("list")
@as_json
def list_jobs(as_json: bool) -> None:
    """The jobs with their schedule, next time and last run."""
    with acting("jobs") as app:
        settings = app.extensions["portal"].settings
        newest = db.session.scalars(select(func.max(JobRun.id)).group_by(JobRun.job)).all()
        last = {run.job: run for run in db.session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}
        listed = []
        for job in runner.all_jobs().values():
            due = scheduler.next_due(job, utcnow(), settings)
            run = last.get(job.name)
            listed.append(
                {
                    "name": job.name, "title": str(job.title), "schedule": dict(job.schedule) if job.schedule else None, "next": due.isoformat() if due else None,
                    "last": {"state": run.state, "finished": run.finished_at.isoformat() if run.finished_at else None} if run else None,
                }
            )  # fmt: skip
    show({"jobs": listed}, as_json)


@jobs.command("run")
@click.argument("name")
@click.option("--today", type=Day(), help="the day for which to run; default: today")
@click.option("--town", help="code or name of one town; default: all where the plugin is on")
@click.option("--dry-run", is_flag=True, help="say what would be done, change nothing")
@as_json
def run(name: str, today: dt.date | None, town: str | None, dry_run: bool, as_json: bool) -> None:
    """Run the job NAME now and print its result."""
    with acting("jobs run"):
        if name not in runner.all_jobs():
            raise click.UsageError(f"no job is named {name!r}; see: portal jobs list")
        only = [find_town(town).id] if town else None
        settle()
        before = signal.signal(signal.SIGTERM, lambda _signal, _frame: runner.stopping.set())
        try:
            outcome = runner.run_job(name, today=today, dry_run=dry_run, requested_by="cli", only=only)
        finally:
            signal.signal(signal.SIGTERM, before)
    if outcome.state != "done":
        click.echo(f"{outcome.state}: {outcome.error}", err=True)
        sys.exit(1)
    show(outcome.result or {}, as_json)
    if (outcome.result or {}).get("failed"):
        sys.exit(1)


@click.command("scheduler")
def run_scheduler() -> None:
    """Ring the alarms of the jobs until stopped. Several may run; each due run happens once."""
    stop = threading.Event()

    def end(_signal: int, _frame: object) -> None:
        stop.set()
        runner.stopping.set()

    # first of all: whoever is asked to end while still starting ends in good order too
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    app = application()
    settle()
    click.echo("scheduler: running", err=True)
    scheduler.main(stop, app)
