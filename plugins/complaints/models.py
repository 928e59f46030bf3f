"""Tables of the complaint intake."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from flask import g, has_request_context
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, and_, false, func, or_, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column, relationship

from plugins.complaints import rights, rules
from plugins.complaints.kept import Kept
from portal.auth.permissions import can
from portal.context import Actor
from portal.database import Base, OrgScoped, Versioned
from portal.directory.models import Organisation


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Complaint(Kept, OrgScoped, Versioned, Base):
    """投诉举报事项. The original text is never edited; whoever complained is kept apart in :class:`plugins.complaints.models_identity.Identity`."""

    __tablename__ = "complaints_complaint"
    __record__ = "complaints.complaint"
    __plugin__ = "complaints"
    __table_args__ = (
        CheckConstraint(_one_of("state", rules.STATES), name="state"),
        CheckConstraint(_one_of("kind", tuple(rules.KINDS)), name="kind"),
        CheckConstraint("main_id IS NULL OR main_id <> id", name="not_into_itself"),
        CheckConstraint("(due_on IS NULL) = (legal_due IS NULL)", name="due"),
        UniqueConstraint("org_id", "year", "series", "seq"),
        UniqueConstraint("code_hash"),
        Index(None, "org_id", "state", "sort_due", "id"),
        Index(None, "org_id", "sort_due", "id"),
        Index(None, "org_id", "received_on", "id"),
        Index(None, "org_id", "number", "id"),
        Index(None, "org_id", "handler_id", "state"),
        Index(None, "state", "sort_due", "id"),
        Index(None, "main_id"),
        Index(None, "org_id", "concluded_on", "id"),
        Index("ix_complaints_accusation", "org_id", "received_on", sqlite_where=text("kind = 'accusation'"), postgresql_where=text("kind = 'accusation'")),
        Index("ix_complaints_accusation_concluded", "org_id", "concluded_on", sqlite_where=text("kind = 'accusation'"), postgresql_where=text("kind = 'accusation'")),
        Index(None, "sort_due", "id"),
        Index(None, "received_on", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: uuid.uuid4().hex)
    number: Mapped[str] = mapped_column(String(60))
    year: Mapped[int]
    series: Mapped[str] = mapped_column(String(4), default="")
    """Accusations have numbers of their own: a gap in the others would tell those from whom they are kept."""
    seq: Mapped[int]
    code_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), info={"secret": True})

    channel: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(12))
    redirect_kind: Mapped[str] = mapped_column(String(12), default="")
    category: Mapped[str] = mapped_column(String(40), default="")
    urgency: Mapped[str] = mapped_column(String(8), default="normal")
    title: Mapped[str] = mapped_column(String(100))
    content: Mapped[str] = mapped_column(Text)
    demand: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    object_name: Mapped[str] = mapped_column(String(120), default="")
    happened_on: Mapped[dt.date | None]
    representatives: Mapped[int | None]
    """来访代表人数, where several came together."""
    external_no: Mapped[str] = mapped_column(String(60), default="")
    """The order number of the hotline, or the letter's."""
    anonymous: Mapped[bool] = mapped_column(default=False)
    confidential: Mapped[bool] = mapped_column(default=False)
    protect: Mapped[bool] = mapped_column(default=False)
    """The complainant may be in danger: nothing in writing, the head tells by telephone only."""

    received_on: Mapped[dt.date]
    month: Mapped[str] = mapped_column(String(7))
    registered_at: Mapped[dt.datetime]
    """For anonymous matters the day alone, so that no pattern of times tells who came."""
    registered_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    """首问责任人: whoever is asked first registers; for anonymous matters nobody, who may be one of our own."""

    state: Mapped[str] = mapped_column(String(14), default="registered")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    state_on: Mapped[dt.date | None]
    refuse_code: Mapped[str] = mapped_column(String(20), default="")
    handler_id: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    handler_name: Mapped[str] = mapped_column(String(60), default="")
    assigned_by: Mapped[int | None]
    assigned_on: Mapped[dt.date | None]

    limit_days: Mapped[int | None]
    limit_unit: Mapped[str] = mapped_column(String(8), default="")
    limit_given: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The limit came with the order or the sheet: the town's own figure does not move it."""
    due_given: Mapped[dt.date | None]
    """The day that was given instead of a number of days: no calendar moves it; extension and suspension count from it."""
    legal_due: Mapped[dt.date | None]
    due_on: Mapped[dt.date | None]
    """The internal due date: for a limit in calendar days the last working day on or before the legal end."""
    sort_due: Mapped[dt.date]
    """The due date, or the end of time: lists are ordered by it."""
    due_provisional: Mapped[bool] = mapped_column(default=False)
    due_from: Mapped[dt.date]
    """The day that does not count; merging keeps that of the earliest."""
    suspended_on: Mapped[dt.date | None]
    suspended_days: Mapped[int] = mapped_column(default=0)
    extension_state: Mapped[str] = mapped_column(String(8), default="")
    extension_days: Mapped[int] = mapped_column(default=0)
    extension_reason: Mapped[str] = mapped_column(Text, default="")
    extension_by: Mapped[int | None]
    first_title: Mapped[str] = mapped_column(String(8), default="")
    first_due: Mapped[dt.date | None]
    first_due_at: Mapped[dt.datetime | None]
    """Danger: first action within 24 hours, through nights and holidays."""
    first_done_on: Mapped[dt.date | None]
    object_by: Mapped[dt.date | None]
    """A matter passed to us that is not ours is objected to until this day."""

    facts: Mapped[str] = mapped_column(Text, default="")
    measures: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[str] = mapped_column(String(12), default="")
    concluded_on: Mapped[dt.date | None]
    concluded_by: Mapped[int | None]
    reviewed_by: Mapped[int | None]
    reviewed_on: Mapped[dt.date | None]
    review: Mapped[str] = mapped_column(String(8), default="")
    """法制审核: agree, or amend."""
    approved_by: Mapped[int | None]
    approved_on: Mapped[dt.date | None]
    days_taken: Mapped[int | None]
    late: Mapped[bool | None]
    replied_on: Mapped[dt.date | None]
    reply_how: Mapped[str] = mapped_column(String(12), default="")
    reply_text: Mapped[str] = mapped_column(Text, default="")
    reply_by: Mapped[str] = mapped_column(String(60), default="")
    archived_on: Mapped[dt.date | None]
    closed_as: Mapped[str] = mapped_column(String(14), default="")
    """The state in which it was archived; empty until then."""
    repeats: Mapped[bool] = mapped_column(default=False)
    """重复投诉: the same telephone about the same object or place within a year, or merged into another matter."""
    publish: Mapped[bool] = mapped_column(default=False)
    imported: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Came in from the office's own register or from the hotline's file."""

    main_id: Mapped[int | None] = mapped_column(ForeignKey("complaints_complaint.id"))
    split_from_id: Mapped[int | None] = mapped_column(ForeignKey("complaints_complaint.id"))

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
    main: Mapped[Complaint | None] = relationship(remote_side="Complaint.id", foreign_keys=[main_id])

    @classmethod
    def complaint_key(cls) -> Any:
        return cls.id

    @classmethod
    def kept_from(cls, actor: Actor) -> ColumnElement[bool] | None:
        """Accusations are kept from whoever is shut out, and from officers who neither registered nor handle them."""
        hidden = super().kept_from(actor)
        if not has_request_context() or g.get("grant") is None or can(rights.ACCUSATIONS):
            return hidden
        me = actor.account_id
        others = and_(cls.kind == "accusation", func.coalesce(cls.registered_by, 0) != me, func.coalesce(cls.handler_id, 0) != me)
        return others if hidden is None else or_(hidden, others)

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something within a limit."""
        return self.state in rules.OPEN

    def __str__(self) -> str:
        return self.number


class Tally(OrgScoped, Base):
    """统计: how many matters of a town, a month, a kind have a property. Kept by triggers of the database, see :mod:`plugins.complaints.tally`."""

    __tablename__ = "complaints_tally"
    __record__ = "complaints.tally"
    __plugin__ = "complaints"
    __audited__ = False
    __table_args__ = ({"sqlite_with_rowid": False},)

    @declared_attr
    def org_id(cls) -> Mapped[int]:
        return mapped_column(ForeignKey("directory_organisation.id"), primary_key=True)

    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    measure: Mapped[str] = mapped_column(String(10), primary_key=True)
    kind: Mapped[str] = mapped_column(String(12), primary_key=True)
    key: Mapped[str] = mapped_column(String(40), primary_key=True)
    n: Mapped[int]


class Entry(Kept, OrgScoped, Base):
    """办理记录: what was done, found or added. Entries are added, never changed."""

    __tablename__ = "complaints_entry"
    __record__ = "complaints.entry"
    __plugin__ = "complaints"
    __table_args__ = (Index(None, "complaint_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    kind: Mapped[str] = mapped_column(String(12))
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[dt.datetime]
    author: Mapped[str] = mapped_column(String(60))


class Transfer(Kept, OrgScoped, Base):
    """转办: passed on to the body in charge; done only with the receiver's receipt."""

    __tablename__ = "complaints_transfer"
    __record__ = "complaints.transfer"
    __plugin__ = "complaints"
    __table_args__ = (Index(None, "complaint_id", "id"), CheckConstraint(_one_of("state", rules.TRANSFER_STATES), name="state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    to_org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    to_name: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default="sent")
    sent_on: Mapped[dt.date]
    sent_by: Mapped[str] = mapped_column(String(60))
    answered_on: Mapped[dt.date | None]
    receipt: Mapped[str] = mapped_column(String(120), default="")
    """The receiver's receipt, or why it is not theirs."""
    result: Mapped[str] = mapped_column(Text, default="")
    result_on: Mapped[dt.date | None]


class Incoming(OrgScoped, Versioned, Base):
    """转入事项: what a department was sent, as it was sent; no identity goes with it."""

    __tablename__ = "complaints_incoming"
    __record__ = "complaints.incoming"
    __plugin__ = None
    __table_args__ = (Index(None, "org_id", "state", "id"), UniqueConstraint("transfer_id"), CheckConstraint(_one_of("state", rules.TRANSFER_STATES), name="state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    transfer_id: Mapped[int] = mapped_column(ForeignKey("complaints_transfer.id"))
    from_org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    from_name: Mapped[str] = mapped_column(String(60))
    number: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(100))
    content: Mapped[str] = mapped_column(Text)
    demand: Mapped[str] = mapped_column(Text, default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    object_name: Mapped[str] = mapped_column(String(120), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    sent_on: Mapped[dt.date]
    object_by: Mapped[dt.date]
    due_on: Mapped[dt.date | None]
    state: Mapped[str] = mapped_column(String(10), default="sent")
    answered_on: Mapped[dt.date | None]
    answered_by: Mapped[str] = mapped_column(String(60), default="")
    receipt: Mapped[str] = mapped_column(String(120), default="")
    result: Mapped[str] = mapped_column(Text, default="")
    result_on: Mapped[dt.date | None]

    def __str__(self) -> str:
        return self.number


class NamedOfficer(Kept, OrgScoped, Base):
    """被检举控告人: somebody of our own staff whom an accusation names."""

    __tablename__ = "complaints_named_officer"
    __record__ = "complaints.named_officer"
    __plugin__ = "complaints"
    __table_args__ = (UniqueConstraint("complaint_id", "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    name: Mapped[str] = mapped_column(String(60))


class Publication(Kept, OrgScoped, Base):
    """公示: what of a concluded matter stands on the public website, as the office head approved it; nothing else goes out."""

    __tablename__ = "complaints_publication"
    __record__ = "complaints.publication"
    __plugin__ = "complaints"
    __table_args__ = (UniqueConstraint("complaint_id"), Index(None, "org_id", "month", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    category: Mapped[str] = mapped_column(String(40))
    month: Mapped[str] = mapped_column(String(7))
    place: Mapped[str] = mapped_column(String(60), default="")
    result: Mapped[str] = mapped_column(String(12))
    sentence: Mapped[str] = mapped_column(String(120))
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    approved_on: Mapped[dt.date]


class Place(OrgScoped, Base):
    """村居街路: names of villages and streets that are suggested while a place is typed."""

    __tablename__ = "complaints_place"
    __record__ = "complaints.place"
    __plugin__ = "complaints"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
