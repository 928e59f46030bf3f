"""Running a job: claim its slot, take its lease, do it, record what came of it."""

from __future__ import annotations

import datetime as dt
import json
import logging
import threading
import time
import traceback
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from portal import audit
from portal.audit.chain import clean
from portal.auth import roles
from portal.auth.models import Account
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
from portal.work import is_working, separate_write, unit_of_work

log = logging.getLogger(__name__)
PROGRESS_SECONDS = 1.0
LOG_LINES = 2000
LINE = 500
ENDED_EARLY = "the process ended before the run did"
ASKED = "manual:"
"""What the slot of a run begins with that waits for the scheduler."""

stopping = threading.Event()
"""Set when the process is asked to end: running jobs stop at their next check and hand their lease back."""


@dataclass(frozen=True)
class Outcome:
    """What became of a run. ``state`` is that of the run, or ``already`` when somebody else has this slot, or ``busy``
    when another run of the job did not end in time: then this one is not recorded."""

    run_id: int | None
    state: str
    result: dict[str, Any] | None = None
    error: str = ""


class JobContext:
    """What a job's function gets: the day, the towns, and ways to tell how far it is."""

    def __init__(self, run_id: int, job: Job, day: dt.date, dry_run: bool, token: str, lost: threading.Event) -> None:
        self.job, self.today, self.dry_run = job, day, dry_run
        self.orgs: list[tuple[int, str, str]] = []
        self._run_id, self._token, self._lost = run_id, token, lost
        self._last = 0.0
        self._lines: list[str] = []

    def check(self) -> None:
        """Raise LeaseLost when another process took over or this one is to stop. Call it between chunks."""
        if self._lost.is_set() or stopping.is_set():
            raise LeaseLost(self.job.name)
        if not is_working() and not leases.is_ours(_lease(self.job.name), self._token):
            raise LeaseLost(self.job.name)

    def progress(self, done: int, total: int, text: str = "") -> None:
        """Tell how far the job is; written at most once a second. Never inside a unit of work."""
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        values = {"done": done, "total": total, "progress_text": clean(text, 200), "log": self.text()}
        try:
            with separate_write("jobs.progress") as session:
                session.execute(update(JobRun).where(JobRun.id == self._run_id).values(values), execution_options={"synchronize_session": False})
        except (SQLAlchemyError, DomainError) as error:
            log.warning("progress of %s was not written: %s", self.job.name, type(error).__name__)

    def log(self, text: str) -> None:
        """A line of the run's log. No names and no numbers of people."""
        if len(self._lines) < LOG_LINES:
            self._lines.append(f"{utcnow():%H:%M:%S} {clean(text, LINE)}")

    def text(self) -> str:
        return "\n".join(self._lines)


def _lease(name: str) -> str:
    return f"job:{name}"


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
    """Ask for a run; the scheduler takes it up. In the caller's unit of work. Returns its id.

    The same wish that still waits is not queued twice.
    """
    job_of(name)
    same = select(JobRun.id).where(JobRun.job == name, JobRun.state == "queued", JobRun.dry_run == dry_run, JobRun.day == day, JobRun.account_id == account_id)
    waiting = db.session.scalar(same.limit(1))
    if waiting is not None:
        return waiting
    run = JobRun(
        job=name, slot=f"{ASKED}{uuid.uuid4().hex}", state="queued", requested_by=requested_by, account_id=account_id, dry_run=dry_run, day=day, queued_at=utcnow()
    )
    db.session.add(run)
    db.session.flush()
    return run.id


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
    claimed = slot or f"now:{uuid.uuid4().hex}"

    def begin(session: Session) -> JobRun:
        run = JobRun(job=name, slot=claimed, requested_by=requested_by, dry_run=dry_run, day=today, queued_at=utcnow())
        session.add(run)
        return run

    taken = db.session.scalar(select(JobRun.id).where(JobRun.job == name, JobRun.slot == claimed))
    db.session.rollback()
    return Outcome(None, "already") if taken is not None else _under_lease(name, begin, wait_seconds, only)


def run_queued(run_id: int, *, wait_seconds: float = 0) -> Outcome:
    """Run what somebody asked for on the page, if it still waits. Whoever has lost the right since gets nothing run."""
    run = db.session.get(JobRun, run_id, populate_existing=True)
    if run is None or run.state != "queued":
        return Outcome(None, "already")
    name, account_id = run.job, run.account_id
    if name not in all_jobs():
        return _refuse(run_id, "there is no such job any more")
    if account_id is not None and not may_run(account_id, job_of(name).permission):
        return _refuse(run_id, "whoever asked for it no longer holds the right")

    def begin(session: Session) -> JobRun | None:
        waiting = session.get(JobRun, run_id, with_for_update=True)
        return waiting if waiting is not None and waiting.state == "queued" else None

    return _under_lease(name, begin, wait_seconds, None)


def may_run(account_id: int, permission: str = "system.manage") -> bool:
    """Whether an account holds, today, a role with this right."""
    account, rights = db.session.get(Account, account_id), roles.matrix()
    day = current_day()
    return account is not None and account.active and any(permission in rights.get(grant.role, ()) for grant in account.grants if grant.holds_on(day))


def _refuse(run_id: int, why: str) -> Outcome:
    with unit_of_work("jobs.refused") as session:
        run = session.get(JobRun, run_id, with_for_update=True)
        if run is not None and run.state == "queued":
            run.state, run.finished_at, run.error = "failed", utcnow(), why
            audit.note("jobs.refused", record_type="jobs.run", record_id=run_id, detail={"job": run.job, "error": why}, result="denied")
    return Outcome(run_id, "failed", error=why)


def _under_lease(name: str, begin: Callable[[Session], JobRun | None], wait_seconds: float, only: Sequence[int] | None) -> Outcome:
    """Take the job's lease, then claim the run and mark it as running in one transaction: no claim is ever left lying."""
    until = time.monotonic() + wait_seconds
    while (token := None if stopping.is_set() else leases.take(_lease(name))) is None:
        if stopping.is_set() or time.monotonic() >= until:
            return Outcome(None, "busy", error=_("该作业正在运行。"))
        time.sleep(0.2)
    with leases.held(_lease(name), token) as lost:
        run_id = _start(name, begin)
        return Outcome(None, "already") if run_id is None else _work(run_id, name, token, lost, only)


def _start(name: str, begin: Callable[[Session], JobRun | None]) -> int | None:
    """Mark the run as running; its row is unique for job and slot, so None where somebody else has it."""
    try:
        with unit_of_work("jobs.started") as session:
            abandon_left(session, name)
            run = begin(session)
            if run is None:
                return None
            run.state, run.started_at = "running", utcnow()
            session.flush()
            audit.note("jobs.started", record_type="jobs.run", record_id=run.id, detail={"job": name, "slot": run.slot, "dry_run": run.dry_run})
            return run.id
    except IntegrityError:
        return None


def abandon_left(session: Session, name: str) -> int:
    """Mark runs of a job that a dead process left behind; their log stays. Under the job's lease only."""
    left = session.scalars(select(JobRun).where(JobRun.job == name, JobRun.state == "running")).all()
    for run in left:
        run.state, run.finished_at, run.error = "abandoned", utcnow(), ENDED_EARLY
        audit.note("jobs.abandoned", record_type="jobs.run", record_id=run.id, detail={"job": name, "slot": run.slot}, result="abandoned")
    return len(left)


def _work(run_id: int, name: str, token: str, lost: threading.Event, only: Sequence[int] | None) -> Outcome:
    run = db.session.get(JobRun, run_id)
    assert run is not None
    job = job_of(name)
    state, result, error = "done", None, ""
    with use_actor(system_actor(f"job:{name}")), use_scope(EVERYTHING), force_locale("zh_Hans_CN"):
        context = JobContext(run_id, job, run.day or current_day(), run.dry_run, token, lost)
        try:
            context.orgs = towns_of(job, only)
            result = _plain(job.function(context))
        except LeaseLost:
            state, error = "abandoned", "stopped; the next run completes it"
        except DomainError as problem:
            state, error = "failed", clean(str(problem), LINE)
        except Exception as problem:
            log.exception("job %s failed", name)
            state, error = "failed", _place(problem)
        db.session.rollback()
        _finish(run_id, job, state, result, error, context)
    return Outcome(run_id, state, result, error)


def _plain(result: Any) -> dict[str, Any]:
    """The result as JSON keeps it."""
    found: dict[str, Any] = json.loads(json.dumps(dict(result or {}), default=str))
    return found


def _place(problem: Exception) -> str:
    """Kind of an error and where it arose. Not its words: they may hold what was in a record."""
    frames = traceback.extract_tb(problem.__traceback__)
    own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
    where = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    return f"{type(problem).__name__}{where}"


def _finish(run_id: int, job: Job, state: str, result: dict[str, Any] | None, error: str, context: JobContext) -> None:
    with unit_of_work(f"jobs.{state}") as session:
        run = session.get(JobRun, run_id, with_for_update=True)
        assert run is not None
        run.log = context.text()
        if run.state != "running":
            return  # another process took over and has marked it
        run.state, run.finished_at, run.result, run.error = state, utcnow(), result, error
        run.done = run.total if state == "done" else run.done
        counts = {key: value for key, value in (result or {}).items() if isinstance(value, int)}
        outcome = "ok" if state == "done" else state
        audit.note(f"jobs.{state}", record_type="jobs.run", record_id=run_id, detail={"job": job.name, "error": error, **counts}, result=outcome)
        broken = (result or {}).get("failed", 0)
        if state == "failed" or broken:
            text = error or _("%(n)s 条记录处理失败", n=broken)
            title = _("作业“%(title)s”失败", title=job.title)
            notify(session, NewNotice(title, f"jobs.failed:{run_id}", text, f"/admin/jobs/{run_id}", role="system_admin", urgent=True))
