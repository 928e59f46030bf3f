"""批量档案: all files of a town for a year in one ZIP, built by a job file by file, with progress, in the memory of one file."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import files, layouts, queries, rights
from plugins.training.models_file import Batch, Credit
from portal import audit
from portal.auth import roles
from portal.auth.models import Account
from portal.config import current_settings
from portal.context import current_actor
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.documents import store, templates, to_docx, to_pdf
from portal.errors import Refused
from portal.jobs import runner
from portal.jobs.models import JobRun
from portal.work import unit_of_work

JOB = "training.batches"
KEPT = dt.timedelta(days=14)
KINDS = ("docx", "pdf")


def folder() -> Path:
    return current_settings().instance / "training-files"


def path_of(batch_id: int) -> Path:
    return folder() / f"{batch_id}.zip"


def ask(session: Session, org_id: int, year: int, kind: str) -> Batch:
    """Ask for the files of a town; the same wish that still waits is not queued twice. In the open unit of work."""
    if kind not in KINDS:
        raise Refused(_("没有这种文件格式。"))
    same = select(Batch).where(Batch.org_id == org_id, Batch.year == year, Batch.kind == kind, Batch.state.in_(("waiting", "running")))
    found = session.scalars(same.limit(1)).first()
    if found is not None:
        return found
    actor = current_actor()
    batch = Batch(org_id=org_id, year=year, kind=kind, state="waiting", asked_by=actor.account_id, asked_at=utcnow())
    session.add(batch)
    session.flush()
    batch.run_id = runner.queue(JOB, day=None, dry_run=False, account_id=actor.account_id, requested_by=actor.name)
    session.flush()
    return batch


def progress(session: Session, batch: Batch) -> tuple[int, int]:
    """Files done and files there are, while the job runs."""
    run = session.get(JobRun, batch.run_id, populate_existing=True) if batch.run_id and batch.state == "running" else None
    return (run.done, run.total) if run is not None else (batch.files, batch.files)


def build(context: Any) -> dict[str, Any]:
    """The job: every batch that waits, or was left by a process that died."""
    waiting = list(db.session.scalars(select(Batch.id).where(Batch.state.in_(("waiting", "running"))).order_by(Batch.id)))
    db.session.rollback()
    found = {"batches": 0, "files": 0, "failed": 0, "removed": _remove_old()}
    for key in waiting:
        context.check()
        try:
            count = _build(key, context)
        except Refused as error:
            _end(key, "failed", error=str(error.message)[:200])
            found["failed"] += 1
            continue
        found["batches"] += 1
        found["files"] += count
    return found


def _build(key: int, context: Any) -> int:
    with unit_of_work("training.batch_built") as session:
        batch = session.scalars(select(Batch).where(Batch.id == key)).one()
        org_id, year, kind, asked_by = batch.org_id, batch.year, batch.kind, batch.asked_by
        batch.state = "running"
    if asked_by is not None and not _may(asked_by, org_id, context.today):
        raise Refused(_("申请人已没有导出权限。"))
    if shutil.disk_usage(current_settings().instance).free < current_settings().disk_reserve_mb * 1024 * 1024:
        raise Refused(_("服务器磁盘空间不足，暂时不能生成。"))
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=folder(), suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            count = _write(stream, org_id, year, kind, context)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).replace(path_of(key))
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _end(key, "done", files=count, size=path_of(key).stat().st_size, digest=_digest(path_of(key)), built_at=utcnow())
    return count


def _write(stream: Any, org_id: int, year: int, kind: str, context: Any) -> int:
    """The archive, one file after another; documents are compressed already."""
    session = db.session()
    org = session.get(Organisation, org_id)
    assert org is not None
    members = {member.person_id: member for member in queries.members(session, year, context.today, org_id=org_id)}
    earned = set(session.scalars(select(Credit.person_id).where(Credit.org_id == org_id, Credit.year == year).distinct()))
    people = [key for key, member in members.items() if member.owes or member.status == "exempt" or key in earned]
    session.expunge(org)
    draw, count = _drawing(session, org_id, kind, context.today), 0
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for file in files.of_people(session, people, org, year, context.today, members):
            name = re.sub(r'[\\/:*?"<>|\x00-\x1f]', "", file.person.name)[:40] or "-"
            archive.writestr(f"{count + 1:04d} {name}.{kind}", draw(files.values(file, context.today)))
            count += 1
            if count % 20 == 0:
                session.rollback()
                context.check()
                context.progress(count, len(people), org.name)
    return count


def _drawing(session: Session, org_id: int, kind: str, day: dt.date) -> Callable[[dict[str, Any]], bytes]:
    """How each file is drawn: in the standard layout, or in docx by the town's own template, read once for all of them."""
    own = store.in_force(session, org_id, layouts.FILE.key, day) if kind == "docx" else None
    if own is not None:
        content = store.content(session, own)
        return lambda values: templates.fill(content, layouts.FILE, values)
    draw = to_pdf if kind == "pdf" else to_docx
    return lambda values: draw(layouts.file(values))


def _may(account_id: int, org_id: int, today: dt.date) -> bool:
    """Whether whoever asked still may export for this town."""
    account, matrix = db.session.get(Account, account_id), roles.matrix(org_id)
    return (
        account is not None
        and account.active
        and any(
            rights.EXPORT in matrix.get(grant.role, ()) and grant.holds_on(today) and (grant.org_id == org_id or grant.organisation.kind == "district")
            for grant in account.grants
        )
    )


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _end(key: int, state: str, **values: Any) -> None:
    with unit_of_work("training.batch_built") as session:
        batch = session.scalars(select(Batch).where(Batch.id == key)).one()
        batch.state = state
        for name, value in values.items():
            setattr(batch, name, value)
        audit.note("training.batch_ended", record_type="training.batch", record_id=key, chain_id=batch.org_id, detail={"state": state, "files": batch.files})


def _remove_old() -> int:
    """Archives are kept for two weeks; parts of broken ones for a day."""
    now, removed = utcnow(), 0
    if not folder().exists():
        return 0
    for path in folder().iterdir():
        age = now - dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        if age > (KEPT if path.suffix == ".zip" else dt.timedelta(days=1)):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


__all__ = ["ask", "build", "path_of", "progress"]
