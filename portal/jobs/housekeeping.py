"""The core's own daily job: what nobody needs any more is cleared away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select
from sqlalchemy.orm import defer

from portal.audit import checkpoints
from portal.auth import throttle
from portal.auth.models import AccountSession
from portal.config import current_settings
from portal.contract import Job
from portal.database import utcnow
from portal.inbox.models import Notice
from portal.jobs.models import JobRun
from portal.records import once
from portal.records.models import ImportRun
from portal.work import unit_of_work

SESSION_DAYS = 30
RUN_DAYS = 400
NOTICE_DAYS = 400
UPLOAD_HOURS = 24
UPLOADS_AT_ONCE = 20


def housekeeping(context: Any) -> dict[str, Any]:
    """Old login attempts, ended sessions, unconfirmed uploads, old runs and notices, lines of heads that say the same."""
    if context.dry_run:
        return {"failed": 0}
    now = utcnow()
    counts = _delete(now)
    context.check()
    counts["uploads"] = _forget_uploads(context, now)
    counts["heads"] = checkpoints.compact(checkpoints.heads_file(current_settings().instance))
    return {**counts, "failed": 0}


def _delete(now: dt.datetime) -> dict[str, int]:
    old = {
        "sessions": delete(AccountSession).where(AccountSession.created_at < now - dt.timedelta(days=SESSION_DAYS)),
        "runs": delete(JobRun).where(JobRun.queued_at < now - dt.timedelta(days=RUN_DAYS), JobRun.state.not_in(("queued", "running"))),
        "notices": delete(Notice).where(Notice.created_at < now - dt.timedelta(days=NOTICE_DAYS)),
    }
    with unit_of_work("jobs.housekeeping") as session:
        throttle.purge(session, now)
        once.purge(session, now)
        return {what: session.execute(statement, execution_options={"synchronize_session": False}).rowcount for what, statement in old.items()}  # type: ignore[attr-defined]


def _forget_uploads(context: Any, now: dt.datetime) -> int:
    """The bytes of files that were looked at and are not needed any more, a few at a time and without reading them."""
    count = 0
    waiting = select(ImportRun).options(defer(ImportRun.content)).where(ImportRun.content.is_not(None), ImportRun.created_at < now - dt.timedelta(hours=UPLOAD_HOURS))
    while True:
        with unit_of_work("jobs.housekeeping") as session:
            found = session.scalars(waiting.order_by(ImportRun.id).limit(UPLOADS_AT_ONCE)).all()
            for run in found:
                run.content = None
        count += len(found)
        if len(found) < UPLOADS_AT_ONCE:
            return count
        context.check()


JOB = Job("core.housekeeping", _l("日常整理"), housekeeping, {"hour": 3, "minute": 10})
