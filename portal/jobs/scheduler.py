"""The scheduler: APScheduler is only the alarm clock, the database decides who runs what.

Besides ringing the alarms it looks around every so often: for runs that somebody asked for on the page, for runs that a
dead process left behind, and for due times that nobody has answered, because the machine was off or its clock was set.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
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
from portal.jobs.timetable import last_due, next_due, slot_of, trigger
from portal.work import unit_of_work

__all__ = ["LEASE", "last_due", "main", "next_due", "owed", "recover_abandoned", "run_due", "slot_of", "trigger"]

log = logging.getLogger(__name__)
POLL_SECONDS = 2
LOOK_SECONDS = 30
ATTEMPTS = 5
"""How often a due time is tried whose runs break off; the next due time begins anew."""
WORKERS = 4
LEASE = "scheduler"


def owed(job: Job, now: dt.datetime, settings: Settings) -> str | None:
    """The slot that a job owes: its latest due time, if nobody has answered that one or a later one.

    Due times that were missed collapse into it. A run that broke off has not answered; it is tried again.
    """
    due = last_due(job, now, settings)
    if due is None:
        return None
    slot = slot_of(due)
    rows = db.session.execute(select(JobRun.slot, JobRun.state).where(JobRun.job == job.name, JobRun.slot >= slot, JobRun.slot < "a")).all()
    db.session.rollback()
    if any(row.state != "abandoned" for row in rows):
        return None
    attempts = sum(row.slot.startswith(slot) for row in rows)
    if attempts >= ATTEMPTS:
        return None
    return f"{slot}+{attempts}" if attempts else slot


def run_due(app: Flask, name: str, *, wait_seconds: float = 5) -> runner.Outcome | None:
    """Run what a job owes, if anything; None if nothing."""
    settings: Settings = app.extensions["portal"].settings
    with app.app_context(), use_actor(system_actor("scheduler")):
        slot = owed(runner.job_of(name), utcnow(), settings)
        return None if slot is None else runner.run_job(name, slot=slot, requested_by="scheduler", wait_seconds=wait_seconds)


def waiting_runs() -> list[int]:
    """Runs that were asked for on the page, the oldest first."""
    found = db.session.scalars(select(JobRun.id).where(JobRun.state == "queued", JobRun.slot.startswith(runner.ASKED)).order_by(JobRun.id)).all()
    db.session.rollback()
    return list(found)


def recover_abandoned() -> int:
    """Mark runs whose process is gone, so that what they left undone is taken up; returns how many."""
    names = db.session.scalars(select(JobRun.job).where(JobRun.state == "running").distinct()).all()
    db.session.rollback()
    count = 0
    for name in names:
        token = leases.take(f"job:{name}")
        if token is None:
            continue
        try:
            with unit_of_work("jobs.abandoned") as session:
                count += runner.abandon_left(session, name)
        finally:
            leases.give_back(f"job:{name}", token)
    return count


class Scheduler:
    """The alarms and the looking around of one process. Runs are done in threads; the loop itself never waits for one."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.settings: Settings = app.extensions["portal"].settings
        self.clock = BackgroundScheduler(
            timezone=self.settings.zone,
            executors={"default": ThreadPoolExecutor(WORKERS)},
            job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1},
        )
        self.timed: list[Job] = []
        self._busy: set[str] = set()
        self._guard = threading.Lock()
        self._token: str | None = None
        self._looked = self._beaten = float("-inf")

    def set_alarms(self) -> None:
        """An alarm for every job with a schedule; a schedule that cannot be read is reported and left out."""
        with self.app.app_context():
            jobs = [job for job in runner.all_jobs().values() if job.schedule]
        for job in jobs:
            try:
                self.clock.add_job(self._safely, trigger(job, self.settings), args=(f"due:{job.name}", self._due(job.name)), id=job.name)
            except (ValueError, TypeError):
                log.exception("the schedule of %s cannot be read", job.name)
                continue
            self.timed.append(job)

    def _due(self, name: str) -> Callable[[], object]:
        return lambda: run_due(self.app, name)

    def _asked(self, run_id: int) -> Callable[[], object]:
        def work() -> object:
            with self.app.app_context(), use_actor(system_actor("scheduler")):
                return runner.run_queued(run_id)

        return work

    def _safely(self, key: str, work: Callable[[], object]) -> None:
        """Do one thing in a thread of the clock; whatever goes wrong is logged and ends nothing else."""
        with self._guard:
            if key in self._busy:
                return
            self._busy.add(key)
        try:
            work()
        except Exception:
            log.exception("%s could not be run", key)
        finally:
            with self._guard:
                self._busy.discard(key)

    def _hand_over(self, key: str, work: Callable[[], object]) -> None:
        with self._guard:
            if key in self._busy:
                return
        self.clock.add_job(self._safely, args=(key, work), id=f"now:{key}", replace_existing=True)

    def step(self) -> None:
        """One look: show that we are alive, hand over what waits, now and then look for what was missed."""
        with self.app.app_context(), use_actor(system_actor("scheduler")):
            try:
                self._show_alive()
                for run_id in waiting_runs():
                    self._hand_over(f"run:{run_id}", self._asked(run_id))
                if time.monotonic() - self._looked >= LOOK_SECONDS:
                    self._look()
            except (SQLAlchemyError, DomainError) as error:
                log.warning("the scheduler could not reach the database; it tries again: %s", type(error).__name__)
            except Exception:
                log.exception("the scheduler goes on")
            finally:
                db.session.remove()

    def _look(self) -> None:
        recover_abandoned()
        for job in self.timed:
            if job.catch_up and owed(job, utcnow(), self.settings) is not None:
                self._hand_over(f"due:{job.name}", self._due(job.name))
        self._looked = time.monotonic()

    def _show_alive(self) -> None:
        """Several schedulers may be alive, one holds the lease."""
        if self._token and time.monotonic() - self._beaten < leases.BEAT_SECONDS:
            return
        if not (self._token and leases.beat(LEASE, self._token)):
            self._token = leases.take(LEASE)
        self._beaten = time.monotonic()

    def end(self) -> None:
        """Running jobs stop at their next check and hand their leases back."""
        runner.stopping.set()
        self.clock.shutdown(wait=True)
        if self._token:
            with self.app.app_context():
                leases.give_back(LEASE, self._token)
        runner.stopping.clear()


def main(stop: threading.Event, app: Flask) -> None:
    """Ring the alarms, take up what was queued, catch up with what was missed, until ``stop`` is set."""
    scheduler = Scheduler(app)
    scheduler.set_alarms()
    scheduler.clock.start()
    try:
        while not stop.is_set():
            scheduler.step()
            stop.wait(POLL_SECONDS)
    finally:
        scheduler.end()
