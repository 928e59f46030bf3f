"""Running a job: claim its slot, take its lease, do it, record what came of it."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal import audit
from portal.clock import today as current_day
from portal.context import system_actor, use_actor
from portal.contract import Job
from portal.database import db, utcnow
from portal.directory.models import TOWN_KINDS, Organisation
from portal.errors import DomainError, NotFound
from portal.inbox.service import NewNotice, notify
from portal.jobs import leases
from portal.jobs.leases import LeaseLost
from portal.jobs.models import JobRun
from portal.tenancy import EVERYTHING, use_scope
from portal.work import separate_write, unit_of_work

log = logging.getLogger(__name__)
PROGRESS_SECONDS = 1.0
LOG_LINES = 2000

stopping = threading.Event()
"""Set when the process is asked to end: running jobs stop at their next check and hand their lease back."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run. ``state`` is that of the run, or ``already`` when somebody else has this slot, or ``busy``."""

    run_id: int | None
    state: str
    result: dict[str, Any] | None = None
    error: str = ""


class JobContext:
    """What a job's function gets: the day, the towns, and ways to tell how far it is."""

    def __init__(self, run: JobRun, job: Job, orgs: list[tuple[int, str, str]], day: dt.date, token: str, lost: threading.Event) -> None:
        self.job, self.orgs, self.today, self.dry_run = job, orgs, day, run.dry_run
        self._run_id, self._token, self._lost = run.id, token, lost
        self._last = 0.0
        self._lines: list[str] = []

    def check(self) -> None:
        """Raise LeaseLost when another process took over or this one is to stop. Call it between chunks."""
        if self._lost.is_set() or stopping.is_set():
            raise LeaseLost(self.job.name)

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Tell how far the job is; written at most once a second. Never inside a unit of work."""
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        with separate_write("jobs.progress") as session:
            values = {"done": done, "total": total, "progress_text": text[:200], "log": self.text()}
            session.execute(update(JobRun).where(JobRun.id == self._run_id).values(values), execution_options={"synchronize_session": False})

    def log(self, text: str) -> None:
        """A line of the run's log. No names and no numbers of people."""
        if len(self._lines) < LOG_LINES:
            self._lines.append(f"{utcnow():%H:%M:%S} {text}")

    def text(self) -> str:
        return "\n".join(self._lines)


def all_jobs() -> dict[str, Job]:
    """Every job by its name."""
    return {job.name: job for job in current_app.extensions["portal"].plugins.collect("portal_jobs")}


def job_of(name: str) -> Job:
    found = all_jobs().get(name)
    if found is None:
        raise NotFound(_("没有名为“%(name)s”的作业。", name=name))
    return found


def towns_of(job: Job, only: Sequence[int] | None = None) -> list[tuple[int, str, str]]:
    """The towns that a job works for: where its plugin is on."""
    enabled = current_app.extensions["portal"].plugins.enabled_orgs(job.plugin) if job.plugin else None
    rows = db.session.execute(
        select(Organisation.id, Organisation.code, Organisation.name).where(Organisation.kind.in_(TOWN_KINDS)).order_by(Organisation.weight, Organisation.id)
    )
    return [(row.id, row.code, row.name) for row in rows if (enabled is None or row.id in enabled) and (only is None or row.id in only)]


def queue(name: str, *, day: dt.date | None, dry_run: bool, account_id: int | None, requested_by: str) -> int:
    """Ask for a run; the scheduler takes it up. In the caller's unit of work. Returns its id."""
    job_of(name)
    run = JobRun(
        job=name, slot=f"manual:{uuid.uuid4().hex}", state="queued", requested_by=requested_by, account_id=account_id, dry_run=dry_run, day=day, queued_at=utcnow()
    )
    db.session.add(run)
    db.session.flush()
    return run.id


def claim(name: str, slot: str, *, day: dt.date | None, dry_run: bool, requested_by: str) -> int | None:
    """Claim a slot by its unique row; None when it is taken. The row is what makes a due run happen once."""
    try:
        with separate_write("jobs.claimed") as session:
            run = JobRun(job=name, slot=slot, state="queued", requested_by=requested_by, dry_run=dry_run, day=day, queued_at=utcnow())
            session.add(run)
            session.flush()
            return run.id
    except IntegrityError:
        return None


def run_job(
    name: str,
    *,
    today: dt.date | None = None,
    dry_run: bool = False,
    slot: str | None = None,
    requested_by: str = "cli",
    only: Sequence[int] | None = None,
    wait_seconds: float = 60,
) -> Outcome:
    """Claim and run a job now. A run of the same job that is under way is waited for. Raises NotFound for an unknown job."""
    job_of(name)
    run_id = claim(name, slot or f"manual:{uuid.uuid4().hex}", day=today, dry_run=dry_run, requested_by=requested_by)
    if run_id is None:
        return Outcome(None, "already")
    return execute(run_id, wait_seconds=wait_seconds, only=only)


def execute(run_id: int, *, wait_seconds: float, only: Sequence[int] | None = None) -> Outcome:
    """Run what was claimed or queued, under the job's lease."""
    db.session.rollback()
    run = db.session.get(JobRun, run_id)
    if run is None:
        return Outcome(None, "already")
    name = run.job
    until = time.monotonic() + wait_seconds
    while (token := leases.take(f"job:{name}")) is None:
        if time.monotonic() > until or stopping.is_set():
            return Outcome(run_id, "busy", error=_("该作业正在运行。"))
        time.sleep(0.2)
    with leases.held(f"job:{name}", token) as lost:
        if not _start(run_id, name):
            return Outcome(run_id, "already")
        return _work(run_id, token, lost, only)


def _start(run_id: int, name: str) -> bool:
    """Mark the run as running; runs of the job that a dead process left behind are abandoned."""
    with unit_of_work("jobs.started") as session:
        run = session.get(JobRun, run_id, with_for_update=True)
        if run is None or run.state != "queued":
            return False
        for left in session.scalars(select(JobRun).where(JobRun.job == name, JobRun.state == "running")):
            left.state, left.finished_at, left.error = "abandoned", utcnow(), "the process ended before the run did"
        run.state, run.started_at = "running", utcnow()
        audit.note("jobs.started", record_type="jobs.run", record_id=run_id, detail={"job": name, "slot": run.slot})
        return True


def _work(run_id: int, token: str, lost: threading.Event, only: Sequence[int] | None) -> Outcome:
    run = db.session.get(JobRun, run_id)
    assert run is not None
    job = job_of(run.job)
    state, result, error = "done", None, ""
    with use_actor(system_actor(f"job:{job.name}")), use_scope(EVERYTHING), force_locale("zh_Hans_CN"):
        context = JobContext(run, job, towns_of(job, only), run.day or current_day(), token, lost)
        try:
            result = job.function(context)
        except LeaseLost:
            state, error = "abandoned", "stopped; the next run completes it"
        except DomainError as problem:
            state, error = "failed", str(problem)
        except Exception as problem:
            log.exception("job %s failed", job.name)
            state, error = "failed", type(problem).__name__
        db.session.rollback()
        _finish(run_id, job, state, result, error, context)
    return Outcome(run_id, state, result, error)


def _finish(run_id: int, job: Job, state: str, result: dict[str, Any] | None, error: str, context: JobContext) -> None:
    with unit_of_work("jobs.finished") as session:
        run = session.get(JobRun, run_id)
        assert run is not None
        run.state, run.finished_at, run.result, run.error, run.log = state, utcnow(), result, error, context.text()
        run.done = run.total if state == "done" else run.done
        counts = {key: value for key, value in (result or {}).items() if isinstance(value, int)}
        outcome = "ok" if state == "done" else state
        audit.note(f"jobs.{state}", record_type="jobs.run", record_id=run_id, detail={"job": job.name, "error": error, **counts}, result=outcome)
        broken = (result or {}).get("failed", 0)
        if state == "failed" or broken:
            text = error or _("%(n)s 条记录处理失败", n=broken)
            title = _("作业“%(title)s”失败", title=job.title)
            notify(session, NewNotice(title, f"jobs.failed:{run_id}", text, f"/admin/jobs/{run_id}", role="system_admin", urgent=True))
