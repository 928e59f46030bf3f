"""The templates of the towns, with their history, and which version of them a kept document was made with."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.context import current_actor
from portal.database import Base, OrgScoped, utcnow
from portal.records import attachments
from portal.records.numbers import next_number

PLACE = "template"
RECORD = "documents.template"


class DocumentTemplate(OrgScoped, Base):
    """文书模板: a version of a town's own template, or its return to the standard (``kind``). Versions stay for good."""

    __tablename__ = "documents_template"
    __record__ = RECORD
    __table_args__ = (
        UniqueConstraint("org_id", "paper", "version"),
        Index(None, "org_id", "paper", "valid_from"),
        CheckConstraint("kind IN ('own', 'standard')", name="kind"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    paper: Mapped[str] = mapped_column(String(60))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    digest: Mapped[str] = mapped_column(String(64), default="")
    filename: Mapped[str] = mapped_column(String(200), default="")
    size: Mapped[int] = mapped_column(default=0)
    note: Mapped[str] = mapped_column(String(200), default="")
    uploaded_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    uploaded_name: Mapped[str] = mapped_column(String(60))
    uploaded_at: Mapped[dt.datetime]
    valid_from: Mapped[dt.date | None]
    """The day from which it is used; None: uploaded, looked at, not taken into use."""
    taken_at: Mapped[dt.datetime | None]


class KeptDocument(OrgScoped, Base):
    """A document among the files of a record, and the version of the template it was made with (None: the standard)."""

    __tablename__ = "documents_kept"
    __record__ = "documents.kept"
    __table_args__ = (Index(None, "record_type", "record_id"), UniqueConstraint("attachment_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    record_type: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int]
    paper: Mapped[str] = mapped_column(String(60))
    template_id: Mapped[int | None] = mapped_column(ForeignKey("documents_template.id"))
    standard_version: Mapped[str] = mapped_column(String(20), default="")
    attachment_id: Mapped[int] = mapped_column(ForeignKey("records_attachment.id"))
    digest: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[dt.datetime]
    made_name: Mapped[str] = mapped_column(String(60))


def in_force(session: Session, org_id: int, paper: str, day: dt.date) -> DocumentTemplate | None:
    """The town's own template of a paper on a day; None: the standard."""
    found = session.scalars(
        select(DocumentTemplate)
        .where(DocumentTemplate.org_id == org_id, DocumentTemplate.paper == paper, DocumentTemplate.valid_from <= day)
        .order_by(DocumentTemplate.valid_from.desc(), DocumentTemplate.taken_at.desc(), DocumentTemplate.id.desc())
        .limit(1)
    ).first()
    return found if found is not None and found.kind == "own" else None


def versions(session: Session, org_id: int, paper: str) -> list[DocumentTemplate]:
    """Every version of a town's templates of a paper, newest first."""
    found = select(DocumentTemplate).where(DocumentTemplate.org_id == org_id, DocumentTemplate.paper == paper)
    return list(session.scalars(found.order_by(DocumentTemplate.version.desc()).limit(100)))


def add_version(session: Session, org_id: int, paper: str, prepared: tuple[bytes, str, str] | None, note: str) -> DocumentTemplate:
    """Keep a template that was checked (``None``: the return to the standard) as the next version, not yet in use."""
    actor = current_actor()
    version = next_number(session, org_id, f"paper:{paper}"[:40], 0)
    row = DocumentTemplate(
        org_id=org_id, paper=paper, version=version, kind="own" if prepared else "standard", note=note[:200], uploaded_by=actor.account_id,
        uploaded_name=actor.name, uploaded_at=utcnow(),
    )  # fmt: skip
    session.add(row)
    session.flush()
    if prepared:
        kept = attachments.attach(session, prepared, RECORD, row.id, org_id, PLACE)
        row.digest, row.filename, row.size = kept.digest, kept.filename, kept.size
        session.flush()
    return row


def take_into_use(session: Session, row: DocumentTemplate, day: dt.date) -> None:
    """From this day on the version is used."""
    row.valid_from, row.taken_at = day, utcnow()
    session.flush()


def content(session: Session, row: DocumentTemplate) -> bytes:
    """The file of a version, checked against its hash. Raises Refused when it is gone or damaged."""
    kept = attachments.newest(session, RECORD, row.id, PLACE)
    assert kept is not None
    return attachments.content(kept)
