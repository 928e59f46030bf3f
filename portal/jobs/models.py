"""Runs of jobs and the leases under which they run."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, JSONValue


class JobRun(Base):
    """A run of a job. ``slot`` is the due time that it answers, or something unique when somebody asked for it."""

    __tablename__ = "jobs_run"
    __audited__ = False
    __table_args__ = (
        UniqueConstraint("job", "slot"),
        CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'abandoned')", name="state"),
        Index(None, "job", "id"),
        Index(None, "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    job: Mapped[str] = mapped_column(String(60))
    slot: Mapped[str] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10))
    requested_by: Mapped[str] = mapped_column(String(80), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    dry_run: Mapped[bool] = mapped_column(default=False)
    day: Mapped[dt.date | None]
    queued_at: Mapped[dt.datetime]
    started_at: Mapped[dt.datetime | None]
    finished_at: Mapped[dt.datetime | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    progress_text: Mapped[str] = mapped_column(String(200), default="")
    result: Mapped[Any | None] = mapped_column(JSONValue)
    error: Mapped[str] = mapped_column(Text, default="")
    log: Mapped[str] = mapped_column(Text, default="")


class Lease(Base):
    """Who works under a name at present. Given up, overdue, or held by a process that is gone: free to take."""

    __tablename__ = "jobs_lease"
    __audited__ = False

    name: Mapped[str] = mapped_column(String(80), primary_key=True)
    token: Mapped[str] = mapped_column(String(40), default="")
    host: Mapped[str] = mapped_column(String(80), default="")
    pid: Mapped[int] = mapped_column(default=0)
    process_start: Mapped[str] = mapped_column(String(40), default="")
    until: Mapped[dt.datetime]
