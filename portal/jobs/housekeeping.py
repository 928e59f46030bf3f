"""The core's own daily job: what nobody needs any more is cleared away."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from portal.auth import throttle
from portal.auth.models import AccountSession
from portal.contract import Job
from portal.database import utcnow
from portal.inbox.models import Notice
from portal.jobs.models import JobRun
from portal.records.models import ImportRun
from portal.work import unit_of_work

SESSION_DAYS = 30
RUN_DAYS = 400
NOTICE_DAYS = 400
UPLOAD_HOURS = 24


def housekeeping(context: Any) -> dict[str, Any]:
    """Old login attempts, ended sessions, unconfirmed uploads, old runs and read notices."""
    if context.dry_run:
        return {"failed": 0}
    now = utcnow()
    options = {"synchronize_session": False}
    with unit_of_work("jobs.housekeeping") as session:
        throttle.purge(session, now)
        session.execute(delete(AccountSession).where(AccountSession.created_at < now - dt.timedelta(days=SESSION_DAYS)), execution_options=options)
        session.execute(delete(JobRun).where(JobRun.queued_at < now - dt.timedelta(days=RUN_DAYS)), execution_options=options)
        session.execute(delete(Notice).where(Notice.read_at < now - dt.timedelta(days=NOTICE_DAYS)), execution_options=options)
        old = session.scalars(select(ImportRun).where(ImportRun.content.is_not(None), ImportRun.created_at < now - dt.timedelta(hours=UPLOAD_HOURS))).all()
        for run in old:
            run.content = None
    return {"uploads": len(old), "failed": 0}


JOB = Job("core.housekeeping", _l("日常整理"), housekeeping, {"hour": 3, "minute": 10})
