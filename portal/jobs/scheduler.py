"""The scheduler: APScheduler is only the alarm clock, the database decides who runs what."""

from __future__ import annotations

import datetime as dt
import logging
import threading

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from portal.config import Settings
from portal.context import system_actor, use_actor
from portal.contract import Job
from portal.database import db, utcnow
from portal.errors import DomainError
from portal.jobs import leases, runner
from portal.jobs.models import JobRun

log = logging.getLogger(__name__)
POLL_SECONDS = 2
HORIZON = dt.timedelta(days=400)
LEASE = "scheduler"


def trigger(job: Job, settings: Settings) -> CronTrigger:
    """The alarm of a job in the office's time zone. Weekdays are written by name: APScheduler counts them from Monday."""
    assert job.schedule is not None
    return CronTrigger(timezone=settings.zone, **job.schedule)


def last_due(job: Job, now: dt.datetime, settings: Settings) -> dt.datetime | None:
    """The latest moment at which a job was due, not after ``now``."""
    alarm = trigger(job, settings)
    for back in (dt.timedelta(hours=2), dt.timedelta(days=2), dt.timedelta(days=35), HORIZON):
        moment, found = alarm.get_next_fire_time(None, now - back), None
        while moment is not None and moment <= now:
            found, moment = moment, alarm.get_next_fire_time(moment, moment + dt.timedelta(seconds=1))
        if found is not None:
            return found
    return None


def next_due(job: Job, now: dt.datetime, settings: Settings) -> dt.datetime | None:
    """When the job is due next."""
    return trigger(job, settings).get_next_fire_time(None, now) if job.schedule else None


def slot_of(moment: dt.datetime) -> str:
    """A due time as it is claimed: the same text for every scheduler."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")


def run_due(app: Flask, name: str) -> runner.Outcome | None:
    """Run what a job owes: its latest due time, if nobody has claimed that one or a later one. Missed ones collapse into it."""
    settings: Settings = app.extensions["portal"].settings
    with app.app_context(), use_actor(system_actor("scheduler")):
        job = runner.job_of(name)
        due = last_due(job, utcnow(), settings)
        if due is None:
            return None
        slot = slot_of(due)
        later = select(JobRun.id).where(JobRun.job == name, JobRun.slot >= slot, JobRun.slot < "a", JobRun.state != "abandoned").limit(1)
        taken = db.session.scalar(later)
        db.session.rollback()
        if taken is not None:
            return None
        left = db.session.scalars(select(JobRun).where(JobRun.job == name, JobRun.slot == slot, JobRun.state == "abandoned")).first()
        if left is not None:
            slot = f"{slot}+{left.id}"
        db.session.rollback()
        return runner.run_job(name, slot=slot, requested_by="scheduler", wait_seconds=5)


def run_queued(app: Flask) -> int:
    """Run what was asked for on the page; returns how many."""
    with app.app_context(), use_actor(system_actor("scheduler")):
        waiting = db.session.scalars(select(JobRun.id).where(JobRun.state == "queued", JobRun.slot.startswith("manual:")).order_by(JobRun.id)).all()
        db.session.rollback()
        return sum(runner.execute(run_id, wait_seconds=0).state not in ("busy", "already") for run_id in waiting)


def recover_abandoned(app: Flask) -> None:
    """Runs whose process is gone are marked, so that what they left undone is taken up."""
    with app.app_context(), use_actor(system_actor("scheduler")):
        names = db.session.scalars(select(JobRun.job).where(JobRun.state == "running").distinct()).all()
        db.session.rollback()
        for name in names:
            token = leases.take(f"job:{name}")
            if token is None:
                continue
            with runner.unit_of_work("jobs.abandoned") as session:
                for run in session.scalars(select(JobRun).where(JobRun.job == name, JobRun.state == "running")):
                    run.state, run.finished_at, run.error = "abandoned", utcnow(), "the process ended before the run did"
            leases.give_back(f"job:{name}", token)


def _safely(app: Flask, name: str) -> None:
    try:
        run_due(app, name)
    except (SQLAlchemyError, DomainError):
        log.exception("job %s could not be started", name)
    finally:
        with app.app_context():
            db.session.remove()


def main(stop: threading.Event, app: Flask) -> None:
    """Ring the alarms, take up what was queued, catch up with what was missed, until ``stop`` is set."""
    settings: Settings = app.extensions["portal"].settings
    clock = BackgroundScheduler(timezone=settings.zone, job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1})
    with app.app_context():
        timed = [job for job in runner.all_jobs().values() if job.schedule]
    for job in timed:
        clock.add_job(_safely, trigger(job, settings), args=(app, job.name), id=job.name)
    recover_abandoned(app)
    for job in timed:
        if job.catch_up and not stop.is_set():
            _safely(app, job.name)
    clock.start()
    token = None
    try:
        while not stop.is_set():
            with app.app_context():
                try:
                    token = _heartbeat(token)
                    run_queued(app)
                except (SQLAlchemyError, DomainError) as error:
                    log.warning("the scheduler could not reach the database; it tries again: %s", error)
                finally:
                    db.session.remove()
            stop.wait(POLL_SECONDS)
    finally:
        runner.stopping.set()
        clock.shutdown(wait=True)
        if token:
            with app.app_context():
                leases.give_back(LEASE, token)
        runner.stopping.clear()


def _heartbeat(token: str | None) -> str | None:
    """Show that a scheduler is alive; several may be, one holds the lease."""
    if token and leases.beat(LEASE, token):
        return token
    return leases.take(LEASE)
