"""Tables of the conference: members, topics, meetings, invitations, agenda, attendance.

All rows belong to the convener's organisation; :class:`~portal.tenancy.Shared` lets the invited units in. ``__plugin__`` is
left empty: the switch of a town keeps its people out of the pages, while what it took part in stays with the convener.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, false, or_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugins.meetings import rules
from portal.context import Actor
from portal.database import Base, OrgScoped, Versioned
from portal.directory.models import Organisation
from portal.tenancy import Confidential, Shared


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def invited(orgs: frozenset[int]) -> Any:
    """The meetings to which these organisations were invited and told."""
    row: Any = Invitation.__table__.alias("invited")
    return select(row.c.meeting_id).where(row.c.unit_id.in_(sorted(orgs)), row.c.told)


def withheld(orgs: frozenset[int]) -> Any:
    """The topics limited to units (限定参加单位) of which these organisations are none; the proposer and who reviewed it know it."""
    topic, circle, asked = (model.__table__.alias(f"kept_{model.__name__.lower()}") for model in (Topic, Circle, Review))
    units = sorted(orgs)
    return select(topic.c.id).where(
        topic.c.limited, topic.c.proposer_id.not_in(units), topic.c.id.not_in(select(circle.c.topic_id).where(circle.c.unit_id.in_(units))),
        topic.c.id.not_in(select(asked.c.topic_id).where(asked.c.unit_id.in_(units))),
    )  # fmt: skip


def open_item(column: Any, orgs: frozenset[int]) -> ColumnElement[bool]:
    """Where a column names no agenda item, or one whose topic is not withheld from these organisations."""
    item: Any = AgendaItem.__table__.alias("kept_item")
    return or_(column.is_(None), column.not_in(select(item.c.id).where(item.c.topic_id.in_(withheld(orgs)))))


def takes_part(orgs: frozenset[int]) -> Any:
    """The conferences of which these organisations are members today."""
    row: Any = Membership.__table__.alias("takes_part")
    return select(row.c.conference_id).where(row.c.unit_id.in_(sorted(orgs)), row.c.until.is_(None))


class Conference(Shared, OrgScoped, Versioned, Base):
    """联席会议 with its convener and office 联席会议办公室; one for an organisation."""

    __tablename__ = "meetings_conference"
    __record__ = "meetings.conference"
    __table_args__ = (UniqueConstraint("org_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    convener: Mapped[str] = mapped_column(String(60), default="")
    """召集人."""
    deputy: Mapped[str] = mapped_column(String(60), default="")
    """副召集人."""
    office: Mapped[str] = mapped_column(String(80), default="")
    contact: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    """Where it usually meets."""

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.id.in_(takes_part(orgs))


class Membership(Shared, OrgScoped, Versioned, Base):
    """成员单位, from a day to a day. Whoever leaves and comes again has two of them."""

    __tablename__ = "meetings_membership"
    __record__ = "meetings.membership"
    __table_args__ = (
        CheckConstraint("until IS NULL OR until >= since", name="term"),
        Index(None, "conference_id", "unit_id", "since"),
        Index(None, "unit_id", "until"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("meetings_conference.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    since: Mapped[dt.date]
    until: Mapped[dt.date | None]
    note: Mapped[str] = mapped_column(String(200), default="")

    unit: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True, foreign_keys=[unit_id])

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.conference_id.in_(takes_part(orgs))


class Delegate(Shared, OrgScoped, Base):
    """联络员 or 副联络员 of a member unit for a term; the history stays."""

    __tablename__ = "meetings_delegate"
    __record__ = "meetings.delegate"
    __table_args__ = (
        CheckConstraint(one_of("post", ("liaison", "deputy")), name="post"),
        CheckConstraint("until IS NULL OR until >= since", name="term"),
        Index(None, "membership_id", "post", "since"),
        Index(None, "account_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("meetings_membership.id"))
    post: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    since: Mapped[dt.date]
    until: Mapped[dt.date | None]

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        row: Any = Membership.__table__.alias("of_conference")
        return cls.membership_id.in_(select(row.c.id).where(row.c.conference_id.in_(takes_part(orgs))))


class Topic(Confidential, Shared, OrgScoped, Versioned, Base):
    """议题: proposed by a member or by the office; seen by whoever proposed it, reviews it, or is invited where it is discussed.

    A draft is its proposer's alone.
    """

    __tablename__ = "meetings_topic"
    __record__ = "meetings.topic"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.TOPIC_STATES), name="state"),
        CheckConstraint("minutes BETWEEN 1 AND 480", name="minutes"),
        Index(None, "org_id", "state", "id"),
        Index(None, "org_id", "proposed_on", "id"),
        Index(None, "proposer_id", "state", "id"),
        Index(None, "meeting_id"),
        Index(None, "resolution_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(120))
    category: Mapped[str] = mapped_column(String(12))
    background: Mapped[str] = mapped_column(Text)
    request: Mapped[str] = mapped_column(Text)
    """拟请决定事项."""
    minutes: Mapped[int] = mapped_column(default=20)
    reporter: Mapped[str] = mapped_column(String(60), default="")
    proposer_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    proposer_name: Mapped[str] = mapped_column(String(60))
    proposed_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    proposed_on: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(12), default="draft")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    meeting_id: Mapped[int | None] = mapped_column(ForeignKey("meetings_meeting.id"))
    """The meeting on whose agenda it stands now."""
    deferrals: Mapped[int] = mapped_column(default=0)
    resolution_id: Mapped[int | None]
    """The overdue resolution that proposed itself."""
    limited: Mapped[bool] = mapped_column(default=False, server_default=false())
    """限定参加单位: of the invited only those of its :class:`Circle` meet the topic, its materials and what came of it."""

    def __str__(self) -> str:
        return self.title

    @classmethod
    def kept_from(cls, actor: Actor) -> ColumnElement[bool] | None:
        return (cls.state == "draft") & (cls.proposer_id != (actor.org_id or 0))

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        item: Any = AgendaItem.__table__.alias("on_agenda")
        asked: Any = Review.__table__.alias("asked")
        seen = select(item.c.topic_id).where(item.c.topic_id.is_not(None), item.c.meeting_id.in_(invited(orgs)))
        reviews = select(asked.c.topic_id).where(asked.c.unit_id.in_(sorted(orgs)))
        return or_(cls.proposer_id.in_(sorted(orgs)), cls.id.in_(seen) & cls.id.not_in(withheld(orgs)), cls.id.in_(reviews))

    def hands(self) -> frozenset[int]:
        return frozenset({self.proposer_id})


class Circle(OrgScoped, Base):
    """参加单位 of a limited topic: one of the units that are let in on it. Known to the convener alone."""

    __tablename__ = "meetings_circle"
    __record__ = "meetings.circle"
    __table_args__ = (UniqueConstraint("topic_id", "unit_id"), Index(None, "unit_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("meetings_topic.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    unit_name: Mapped[str] = mapped_column(String(60))


class Review(Shared, OrgScoped, Versioned, Base):
    """征求意见: a unit is asked what it thinks of a topic before it comes on an agenda."""

    __tablename__ = "meetings_review"
    __record__ = "meetings.review"
    __table_args__ = (UniqueConstraint("topic_id", "unit_id"), Index(None, "unit_id", "given_on"))

    id: Mapped[int] = mapped_column(primary_key=True)
    topic_id: Mapped[int] = mapped_column(ForeignKey("meetings_topic.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    unit_name: Mapped[str] = mapped_column(String(60))
    asked_on: Mapped[dt.date]
    due_on: Mapped[dt.date]
    opinion: Mapped[str] = mapped_column(String(10), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    given_on: Mapped[dt.date | None]
    given_by: Mapped[str] = mapped_column(String(60), default="")

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        topic: Any = Topic.__table__.alias("reviewed")
        own = select(topic.c.id).where(topic.c.proposer_id.in_(sorted(orgs)))
        return or_(cls.unit_id.in_(sorted(orgs)), cls.topic_id.in_(own))

    def hands(self) -> frozenset[int]:
        return frozenset({self.unit_id})


class Meeting(Shared, OrgScoped, Versioned, Base):
    """会议: regular for a half-year 例会, or ad hoc 临时会议."""

    __tablename__ = "meetings_meeting"
    __record__ = "meetings.meeting"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.MEETING_STATES), name="state"),
        CheckConstraint(one_of("kind", rules.KINDS), name="kind"),
        CheckConstraint("ends_at > starts_at", name="times"),
        UniqueConstraint("uid"),
        Index(None, "org_id", "day", "id"),
        Index(None, "org_id", "state", "day"),
        Index(None, "org_id", "kind", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conference_id: Mapped[int] = mapped_column(ForeignKey("meetings_conference.id"))
    kind: Mapped[str] = mapped_column(String(8))
    title: Mapped[str] = mapped_column(String(120))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    day: Mapped[dt.date]
    """The day of ``starts_at`` in the office's time zone."""
    place: Mapped[str] = mapped_column(String(120))
    chair: Mapped[str] = mapped_column(String(60), default="")
    """主持人."""
    recorder: Mapped[str] = mapped_column(String(60), default="")
    note: Mapped[str] = mapped_column(Text, default="")
    """What the notice says beside: what to bring, parking."""
    state: Mapped[str] = mapped_column(String(12), default="draft")
    state_reason: Mapped[str] = mapped_column(Text, default="")

    uid: Mapped[str] = mapped_column(String(80))
    """The UID of RFC 5545: one for all changes of this meeting."""
    sequence: Mapped[int] = mapped_column(default=0)
    changed_at: Mapped[dt.datetime]
    notice_number: Mapped[str] = mapped_column(String(60), default="")
    notified_on: Mapped[dt.date | None]
    urgent_reason: Mapped[str] = mapped_column(Text, default="")
    """紧急: why the notice is shorter than the rule."""

    held_on: Mapped[dt.date | None]
    members: Mapped[int] = mapped_column(default=0)
    present: Mapped[int] = mapped_column(default=0)
    needed: Mapped[int] = mapped_column(default=0)
    quorate: Mapped[bool] = mapped_column(default=False)
    minutes_due: Mapped[dt.date | None]
    current_item_id: Mapped[int | None]
    """What the recorder's page has open."""

    def __str__(self) -> str:
        return self.title

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.id.in_(invited(orgs))


class MeetingChange(Shared, OrgScoped, Base):
    """改期、取消: what a meeting was before."""

    __tablename__ = "meetings_change"
    __record__ = "meetings.change"
    __table_args__ = (Index(None, "meeting_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    kind: Mapped[str] = mapped_column(String(10))
    old_starts_at: Mapped[dt.datetime]
    old_ends_at: Mapped[dt.datetime]
    old_place: Mapped[str] = mapped_column(String(120))
    reason: Mapped[str] = mapped_column(Text, default="")
    sequence: Mapped[int]
    across: Mapped[bool] = mapped_column(default=False)
    """Moved into another half-year."""
    at: Mapped[dt.datetime]
    author: Mapped[str] = mapped_column(String(60), default="")

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.meeting_id.in_(invited(orgs))


class Invitation(Shared, OrgScoped, Versioned, Base):
    """邀请与回执: one unit and one meeting. Each unit sees its own; the convener all."""

    __tablename__ = "meetings_invitation"
    __record__ = "meetings.invitation"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.ANSWERS), name="state"),
        CheckConstraint(one_of("capacity", rules.CAPACITIES), name="capacity"),
        UniqueConstraint("meeting_id", "unit_id"),
        Index(None, "unit_id", "told", "meeting_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    unit_name: Mapped[str] = mapped_column(String(60))
    """As the unit was called then."""
    capacity: Mapped[str] = mapped_column(String(8), default="member")
    told: Mapped[bool] = mapped_column(default=False)
    """The notice went out: from then on the unit sees the meeting and its materials."""
    state: Mapped[str] = mapped_column(String(10), default="invited")
    name: Mapped[str] = mapped_column(String(60), default="")
    position: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    answered_at: Mapped[dt.datetime | None]
    answered_by: Mapped[str] = mapped_column(String(60), default="")
    seen_sequence: Mapped[int] = mapped_column(default=-1)
    """The version of the notice that was answered; after a change an answer is asked for again."""

    meeting: Mapped[Meeting] = relationship()

    def __str__(self) -> str:
        return self.unit_name

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.unit_id.in_(sorted(orgs)) & cls.told

    def hands(self) -> frozenset[int]:
        return frozenset({self.unit_id})


class AgendaItem(Shared, OrgScoped, Versioned, Base):
    """议程: a topic, or something without one (opening, break), with its place and its length."""

    __tablename__ = "meetings_item"
    __record__ = "meetings.item"
    __table_args__ = (
        CheckConstraint(one_of("outcome", ("", "decided", "deferred", "noted")), name="outcome"),
        CheckConstraint("minutes BETWEEN 1 AND 480", name="minutes"),
        UniqueConstraint("meeting_id", "topic_id"),
        Index(None, "meeting_id", "position", "id"),
        Index(None, "topic_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    topic_id: Mapped[int | None] = mapped_column(ForeignKey("meetings_topic.id"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(120))
    unit_name: Mapped[str] = mapped_column(String(60), default="")
    reporter: Mapped[str] = mapped_column(String(60), default="")
    minutes: Mapped[int] = mapped_column(default=20)
    outcome: Mapped[str] = mapped_column(String(10), default="")

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.meeting_id.in_(invited(orgs)) & or_(cls.topic_id.is_(None), cls.topic_id.not_in(withheld(orgs)))


class Note(OrgScoped, Versioned, Base):
    """记录: what the recorder writes for an item; the office's own, not sent to anybody."""

    __tablename__ = "meetings_note"
    __record__ = "meetings.note"
    __table_args__ = (UniqueConstraint("item_id"), Index(None, "meeting_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("meetings_item.id"))
    text: Mapped[str] = mapped_column(Text, default="")
    saved_at: Mapped[dt.datetime]
    saved_by: Mapped[str] = mapped_column(String(60), default="")


class Attendance(Shared, OrgScoped, Base):
    """签到: a person who came for a unit, and how that was taken down."""

    __tablename__ = "meetings_attendance"
    __record__ = "meetings.attendance"
    __table_args__ = (
        CheckConstraint(one_of("how", rules.SIGN_HOW), name="how"),
        UniqueConstraint("invitation_id", "name"),
        Index(None, "meeting_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    invitation_id: Mapped[int] = mapped_column(ForeignKey("meetings_invitation.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    name: Mapped[str] = mapped_column(String(60))
    position: Mapped[str] = mapped_column(String(60), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    substitute: Mapped[bool] = mapped_column(default=False)
    """代: somebody else than the delegate."""
    how: Mapped[str] = mapped_column(String(4))
    at: Mapped[dt.datetime]

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.unit_id.in_(sorted(orgs))

    def hands(self) -> frozenset[int]:
        return frozenset({self.unit_id})
