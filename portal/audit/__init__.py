"""The audit trail: every change, who made it and why, chained by hash and refused to be changed by the database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event, select

from portal import tenancy
from portal.audit import capture, checkpoints, standing
from portal.audit.capture import encode_row
from portal.audit.chain import Draft, record_key, write_events
from portal.audit.models import PORTAL_CHAIN, Event, Head
from portal.audit.verify import Report, verify
from portal.context import use_action as action
from portal.database import Base, Ready, db, read_beside
from portal.work import is_working, separate_write

__all__ = ["PORTAL_CHAIN", "Draft", "Event", "Report", "action", "encode_row", "heads_now", "history", "init_app", "note", "verify_instance", "write_events"]

_HEADS = Ready(select(Head.hash).order_by(Head.chain_id))


def note(
    name: str,
    *,
    record: Base | None = None,
    record_type: str = "",
    record_id: int | None = None,
    chain_id: int | None = None,
    detail: dict[str, Any] | None = None,
    reason: str = "",
    result: str = "ok",
) -> None:
    """Write an event without a change: a login, a refusal, a look at something protected.

    In the open unit of work, or in a short transaction of its own where none is open.
    """
    if record is not None:
        record_type, record_id = record.record_name(), capture._identity(record)
        chain_id = capture.chain_of(record) if chain_id is None else chain_id
    after = encode_row(detail) if detail is not None else None
    draft = Draft(chain_id or PORTAL_CHAIN, "note", record_type, record_id, None, after, name, result, reason)
    if is_working():
        db.session.info.setdefault("audit_pending", []).append(draft)
        return
    with separate_write(name, reason=reason) as session:
        write_events(session, [draft])


def heads_now() -> bytes:
    """A mark of the trail as this transaction sees it: another one as soon as any audited record has changed."""
    return b"".join([bytes(row[0]) for row in read_beside(_HEADS)])


def history(record_type: str, record_id: int, limit: int = 50) -> list[Event]:
    """The newest events of one record. The caller has checked that the record may be read."""
    found = select(Event).where(Event.record_key == record_key(record_type, record_id), Event.record_type == record_type)
    return list(db.session.scalars(found.order_by(Event.at.desc(), Event.seq.desc()).limit(limit)))


def verify_instance(app: Flask) -> Report:
    """Verify all chains of this deployment, with the names of the organisations; how it stands is kept."""
    settings = app.extensions["portal"].settings
    path: Path = checkpoints.heads_file(settings.instance)
    with app.app_context():
        report = verify(db.engine, path)
        if report.broken is not None:
            organisations = Base.metadata.tables["directory_organisation"]
            name = db.session.scalar(select(organisations.c.name).where(organisations.c.id == report.broken["chain"]))
            report.broken["organisation"] = name or ""
        standing.keep(settings.instance, report)
        return report


def init_app(app: Flask) -> None:
    """Install capture on the session of ``db``, once a process, and hear of crossings of towns."""
    maker = db.session.session_factory
    if not event.contains(maker, "after_flush", capture.collect):
        event.listen(maker, "after_flush", capture.collect)
        event.listen(maker, "before_commit", capture.write_pending)
        event.listen(maker, "after_commit", checkpoints.after_commit)
        event.listen(maker, "after_transaction_create", capture.mark_savepoint)
        event.listen(maker, "after_soft_rollback", capture.forget_rolled_back)
        event.listen(maker, "do_orm_execute", capture.refuse_bulk)
    tenancy.on_crossing(_crossed)


def _crossed(name: str, reason: str) -> None:
    note("scope.crossed", record_type="core.scope", detail={"scope": name}, reason=reason)
