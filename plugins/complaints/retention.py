"""How long it is kept who complained, and the job that forgets it (PIPL art. 47, domain rules §5)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from plugins.complaints import rules
from plugins.complaints.models import Complaint
from plugins.complaints.models_identity import Draft, Identity
from portal import audit
from portal.database import db, utcnow
from portal.records import attachments
from portal.records.attachments import Attachment
from portal.records.bulk import update_rows
from portal.work import unit_of_work

CHUNK = 200
DRAFT_DAYS = 30
"""What was typed and never registered holds identities, too."""
IDENTITY_PLACE = "identity"
"""Where files stand that show who complained; they go with the identity."""


def expired(org_id: int, today: dt.date) -> list[int]:
    """Identities of a town that have had their time."""
    return list(db.session.scalars(select(Identity.id).where(Identity.org_id == org_id, Identity.keep_until < today).order_by(Identity.id)))


def forget(context: Any) -> dict[str, Any]:
    """Delete identities whose time has passed, and the files that show them; the events hold no name.

    Blind index and masked forms stand in the same row and go with it; identities are in no search index and have no
    thumbnails. Stopped in the middle, the next run goes on.
    """
    found: dict[str, Any] = {"deleted": 0, "files": 0, "drafts": 0, "towns": {}}
    for org_id, code, name in context.orgs:
        ids = expired(org_id, context.today)
        drafts = _old_drafts(org_id)
        db.session.rollback()
        files = 0
        for start in range(0, len(ids), CHUNK):
            context.check()
            files += _count_files(ids[start : start + CHUNK]) if context.dry_run else _forget(org_id, ids[start : start + CHUNK])
            context.progress(start, len(ids), name)
        if not context.dry_run:
            _drop_drafts(drafts)
        counts = {"deleted": len(ids), "files": files, "drafts": len(drafts)}
        if any(counts.values()):
            found["towns"][name] = {"code": code, **counts}
        for key, number in counts.items():
            found[key] += number
    return found


def _forget(org_id: int, ids: Sequence[int]) -> int:
    with unit_of_work("complaints.identity_forgotten", reason=_("身份信息保存期满")) as session:
        rows = session.scalars(select(Identity).where(Identity.id.in_(ids))).all()
        files = session.scalars(_files([row.complaint_id for row in rows])).all()
        digests = attachments.drop(session, files)
        for row in rows:
            session.delete(row)
        detail = {"count": len(rows), "files": len(files), "on": utcnow().date()}
        audit.note("complaints.identities_forgotten", chain_id=org_id, detail=detail)
    attachments.sweep(digests)
    return len(files)


def _files(complaint_ids: Sequence[int]) -> Any:
    shown = (Attachment.record_type == "complaints.complaint", Attachment.place == IDENTITY_PLACE)
    return select(Attachment).where(*shown, Attachment.record_id.in_(complaint_ids))


def _count_files(ids: Sequence[int]) -> int:
    keys = list(db.session.scalars(select(Identity.complaint_id).where(Identity.id.in_(ids))))
    count = len(db.session.scalars(_files(keys)).all())
    db.session.rollback()
    return count


def _old_drafts(org_id: int) -> list[int]:
    before = utcnow() - dt.timedelta(days=DRAFT_DAYS)
    return list(db.session.scalars(select(Draft.id).where(Draft.org_id == org_id, Draft.saved_at < before)))


def _drop_drafts(ids: Sequence[int]) -> None:
    for start in range(0, len(ids), CHUNK):
        with unit_of_work("complaints.drafts_forgotten") as session:
            for row in session.scalars(select(Draft).where(Draft.id.in_(ids[start : start + CHUNK]))):
                session.delete(row)


def moved(org_id: int, years: int) -> dict[int, dt.date]:
    """Identities of archived matters that another number of years would keep until another day."""
    kept = select(Identity.id, Identity.keep_until, Complaint.archived_on).join(Complaint, Complaint.id == Identity.complaint_id)
    rows = db.session.execute(kept.where(Identity.org_id == org_id, Identity.keep_until.is_not(None), Complaint.archived_on.is_not(None)))
    return {row.id: until for row in rows if (until := rules.years_later(row.archived_on, years)) != row.keep_until}


def follow(org_id: int, years: int) -> int:
    """What is archived already follows another number of years, with an event each. In the caller's transaction."""
    session = db.session()
    count = update_rows(session, Identity, {key: {"keep_until": until} for key, until in moved(org_id, years).items()})
    audit.note("complaints.retention_moved", chain_id=org_id, detail={"count": count, "years": years})
    return count
