"""Links between records that do not know one another: ``complaints.complaint:17`` — ``certificates.certificate:3``."""

from __future__ import annotations

from sqlalchemy import Index, String, UniqueConstraint, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.database import Base, OrgScoped


class Link(OrgScoped, Base):
    """Two records of a town that belong together, and how."""

    __tablename__ = "records_link"
    __record__ = "records.link"
    __table_args__ = (
        UniqueConstraint("from_type", "from_id", "to_type", "to_id", "kind"),
        Index(None, "from_type", "from_id"),
        Index(None, "to_type", "to_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    from_type: Mapped[str] = mapped_column(String(60))
    from_id: Mapped[int]
    to_type: Mapped[str] = mapped_column(String(60))
    to_id: Mapped[int]
    kind: Mapped[str] = mapped_column(String(30))


Reference = tuple[str, int]


def link(session: Session, origin: Reference, target: Reference, kind: str, org_id: int) -> Link:
    """Join two records, once. In the open unit of work."""
    same = select(Link).where(
        Link.from_type == origin[0], Link.from_id == origin[1], Link.to_type == target[0], Link.to_id == target[1], Link.kind == kind
    )  # fmt: skip
    found = session.scalars(same).one_or_none()
    if found is None:
        found = Link(org_id=org_id, from_type=origin[0], from_id=origin[1], to_type=target[0], to_id=target[1], kind=kind)
        session.add(found)
        session.flush()
    return found


def links_of(session: Session, record: Reference) -> list[Link]:
    """All links of a record, whichever end it is."""
    kind, number = record
    ends = or_((Link.from_type == kind) & (Link.from_id == number), (Link.to_type == kind) & (Link.to_id == number))
    return list(session.scalars(select(Link).where(ends).order_by(Link.id)))


def unlink(session: Session, record: Link) -> None:
    """Take a link away; the trail keeps that it was there."""
    session.delete(record)
    session.flush()
