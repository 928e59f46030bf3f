"""Tables of the enforcement certificates."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, OrgScoped, Versioned
from portal.directory.models import Organisation, Person

STATES = ("active", "suspended", "expired", "lost", "cancelled")
CLEARING = ("none", "due", "recovered", "unrecoverable", "destroyed")
KINDS = ("new", "renew", "replace", "change")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Certificate(OrgScoped, Versioned, Base):
    """行政执法证件. ``state`` says whether it is good, ``clearing`` where the paper is once it is not."""

    __tablename__ = "certificates_certificate"
    __record__ = "certificates.certificate"
    __plugin__ = "certificates"
    __table_args__ = (
        CheckConstraint(_one_of("state", STATES), name="state"),
        CheckConstraint(_one_of("clearing", CLEARING), name="clearing"),
        CheckConstraint("(state IN ('active', 'suspended')) = (clearing = 'none')", name="cleared_when_invalid"),
        Index(None, "org_id", "valid_until", "id"),
        Index(None, "org_id", "state", "valid_until", "id"),
        Index(None, "org_id", "clearing", "clearing_due"),
        Index(None, "state", "valid_until"),
        Index(None, "org_id", "holder_name", "id"),
        Index(None, "person_id"),
        Index(None, "destruction_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    holder_name: Mapped[str] = mapped_column(String(60))
    authority: Mapped[str] = mapped_column(String(80))
    category: Mapped[str] = mapped_column(String(60), default="")
    area: Mapped[str] = mapped_column(String(80), default="")
    issuer: Mapped[str] = mapped_column(String(80), default="")
    issued_on: Mapped[dt.date | None]
    valid_until: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(12), default="active")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    state_on: Mapped[dt.date | None]
    warned_days: Mapped[int | None]
    """The smallest threshold for which a warning went out."""
    clearing: Mapped[str] = mapped_column(String(14), default="none")
    clearing_due: Mapped[dt.date | None]
    clearing_provisional: Mapped[bool] = mapped_column(default=False)
    clearing_from: Mapped[dt.date | None]
    """The day from which the days for recovery are counted."""
    escalated_on: Mapped[dt.date | None]
    handed_in_by: Mapped[str] = mapped_column(String(60), default="")
    received_by: Mapped[str] = mapped_column(String(60), default="")
    cleared_on: Mapped[dt.date | None]
    public_notice: Mapped[str] = mapped_column(Text, default="")
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("certificates_certificate.id"))
    destruction_id: Mapped[int | None] = mapped_column(ForeignKey("certificates_destruction.id"))

    person: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    predecessor: Mapped[Certificate | None] = relationship(remote_side="Certificate.id")

    def __str__(self) -> str:
        return f"{self.holder_name} {self.number}"


class Application(OrgScoped, Versioned, Base):
    """证件申请: new 新领, renewal 换证, replacement 补证 of a lost one, change 变更."""

    __tablename__ = "certificates_application"
    __record__ = "certificates.application"
    __plugin__ = "certificates"
    __table_args__ = (
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("state", ("draft", "unit_review", "district_review", "issued", "refused", "withdrawn")), name="state"),
        UniqueConstraint("org_id", "number"),
        Index(None, "org_id", "state", "id"),
        Index(None, "state", "id"),
        Index(None, "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(10))
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    category: Mapped[str] = mapped_column(String(60), default="")
    area: Mapped[str] = mapped_column(String(80), default="")
    general_passed_on: Mapped[dt.date | None]
    professional_passed_on: Mapped[dt.date | None]
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(16), default="draft")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    created_on: Mapped[dt.date]
    submitted_by: Mapped[int | None]
    reviewed_by: Mapped[int | None]
    verified_by: Mapped[int | None]
    submitted_on: Mapped[dt.date | None]
    reviewed_on: Mapped[dt.date | None]
    decided_on: Mapped[dt.date | None]
    predecessor_id: Mapped[int | None] = mapped_column(ForeignKey("certificates_certificate.id"))
    certificate_id: Mapped[int | None] = mapped_column(ForeignKey("certificates_certificate.id"))

    person: Mapped[Person] = relationship()
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    predecessor: Mapped[Certificate | None] = relationship(foreign_keys=[predecessor_id])
    certificate: Mapped[Certificate | None] = relationship(foreign_keys=[certificate_id])

    def __str__(self) -> str:
        return self.number


class Destruction(OrgScoped, Versioned, Base):
    """销毁清单: a batch of recovered certificates, destroyed before two witnesses."""

    __tablename__ = "certificates_destruction"
    __record__ = "certificates.destruction"
    __plugin__ = "certificates"
    __table_args__ = (
        UniqueConstraint("org_id", "number"),
        CheckConstraint("first_witness <> second_witness", name="two_witnesses"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(40))
    destroyed_on: Mapped[dt.date]
    first_witness: Mapped[str] = mapped_column(String(60))
    second_witness: Mapped[str] = mapped_column(String(60))
    supervised_by: Mapped[str] = mapped_column(String(60), default="")
    place: Mapped[str] = mapped_column(String(80), default="")
    method: Mapped[str] = mapped_column(String(40), default="")
    count: Mapped[int]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
