"""Tables of plans, sessions, enrolment and sign-in.

A session belongs to whoever holds it: a town, a department, the district. What a person did belongs to the person's town,
and the two meet by :class:`~portal.tenancy.Shared`: an invited town sees the session, the host sees the enrolments in its
own sessions. ``__plugin__`` is empty where a department or the district is an owner: the switch of a town keeps its people
out of the pages, while what it took part in stays with the host.
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from flask import current_app, g, has_request_context
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugins.training import rules
from portal.auth.permissions import can
from portal.context import Actor
from portal.database import Base, OrgScoped, Versioned, read_beside
from portal.directory.models import TOWN_KINDS, Organisation, Person
from portal.tenancy import Confidential, Shared, current_scope


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Hosted(Shared):
    """A row of a person's town that whoever holds the training (``host_id``) sees and writes, too."""

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.host_id.in_(sorted(orgs))  # type: ignore[attr-defined, no-any-return]

    def hands(self) -> frozenset[int]:
        return frozenset({self.host_id})  # type: ignore[attr-defined]


class Own(Confidential):
    """Whoever lacks the right to read everybody's sees of these rows only their own."""

    @classmethod
    def kept_from(cls, actor: Actor) -> ColumnElement[bool] | None:
        if not has_request_context() or g.get("grant") is None or can(cls.__right__):  # type: ignore[attr-defined]
            return None
        return cls.person_id.not_in(own_people(actor))  # type: ignore[attr-defined, no-any-return]


class Silent(Confidential):
    """Rows of towns where training is off stay with their town: whoever sees all towns does not meet them."""

    @classmethod
    def kept_from(cls, actor: Actor) -> ColumnElement[bool] | None:
        scope = current_scope()
        if scope.orgs is not None or scope.switched_off or not has_request_context():
            return None
        enabled = current_app.extensions["portal"].plugins.enabled_orgs("training")
        row: Any = Organisation.__table__.alias("a_town")
        key: Any = cls.org_id  # type: ignore[attr-defined]
        return and_(key.in_(select(row.c.id).where(row.c.kind.in_(TOWN_KINDS))), key.not_in(sorted(enabled)))


def own_people(actor: Actor) -> list[int]:
    """The entries in the directory behind an account; looked up once a request."""
    if "training_own" not in g:
        found = read_beside(select(Person.id).where(Person.account_id == actor.account_id))
        g.training_own = [row.id for row in found]
    listed: list[int] = g.training_own
    return listed


class Plan(Silent, OrgScoped, Versioned, Base):
    """年度培训计划 of an organisation."""

    __tablename__ = "training_plan"
    __record__ = "training.plan"
    __table_args__ = (UniqueConstraint("org_id", "year"), CheckConstraint(one_of("state", rules.PLAN_STATES), name="state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default="draft")
    submitted_by: Mapped[int | None]
    approved_by: Mapped[int | None]
    approved_on: Mapped[dt.date | None]
    opinion: Mapped[str] = mapped_column(Text, default="")

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return self.title


class PlanItem(OrgScoped, Base):
    """A training that the plan provides for: theme, hours, for whom, when, what it costs."""

    __tablename__ = "training_plan_item"
    __record__ = "training.plan_item"
    __table_args__ = (Index(None, "plan_id", "month", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("training_plan.id"))
    theme: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(16))
    halves: Mapped[int]
    audience: Mapped[str] = mapped_column(String(100), default="")
    month: Mapped[int]
    lecturer: Mapped[str] = mapped_column(String(60), default="")
    cost_fen: Mapped[int] = mapped_column(default=0)


class Room(OrgScoped, Base):
    """场地."""

    __tablename__ = "training_room"
    __record__ = "training.room"
    __table_args__ = (UniqueConstraint("org_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    place: Mapped[str] = mapped_column(String(120), default="")
    seats: Mapped[int | None]
    active: Mapped[bool] = mapped_column(default=True)


class Training(Silent, Shared, OrgScoped, Versioned, Base):
    """培训班 (one meeting of it). Times are moments; ``held_on`` and ``year`` are of the day on which it begins."""

    __tablename__ = "training_session"
    __record__ = "training.session"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.SESSION_STATES), name="state"),
        CheckConstraint(one_of("category", rules.CATEGORIES), name="category"),
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("halves > 0", name="halves"),
        UniqueConstraint("org_id", "year", "seq"),
        Index(None, "org_id", "starts_at", "id"),
        Index(None, "org_id", "state", "starts_at", "id"),
        Index(None, "starts_at", "id"),
        Index(None, "org_id", "series", "starts_at"),
        Index(None, "room_id", "starts_at"),
        Index(None, "organiser_org_id", "year", "state"),
        Index(None, "plan_item_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: uuid.uuid4().hex)
    number: Mapped[str] = mapped_column(String(60))
    year: Mapped[int]
    seq: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    course: Mapped[str] = mapped_column(String(40), default="")
    """课程代码: the same course is credited once a year."""
    series: Mapped[str] = mapped_column(String(32), default="")
    category: Mapped[str] = mapped_column(String(16))
    mode: Mapped[str] = mapped_column(String(8))
    delivery: Mapped[str] = mapped_column(String(8), default="面授")
    organiser: Mapped[str] = mapped_column(String(12))
    organiser_org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    organiser_name: Mapped[str] = mapped_column(String(80))
    lecturer: Mapped[str] = mapped_column(String(60), default="")
    room_id: Mapped[int | None] = mapped_column(ForeignKey("training_room.id"))
    place: Mapped[str] = mapped_column(String(120), default="")
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    timed: Mapped[bool] = mapped_column(default=True)
    """Whether the times are known; sheets of the past often give the day alone."""
    held_on: Mapped[dt.date]
    pause: Mapped[int] = mapped_column(default=0)
    """课间休息 in minutes."""
    halves: Mapped[int]
    capacity: Mapped[int | None]
    enrol_until: Mapped[dt.date | None]
    audience: Mapped[str] = mapped_column(String(100), default="")
    content: Mapped[str] = mapped_column(Text, default="")
    exam_needed: Mapped[bool] = mapped_column(default=False)
    self_enrol: Mapped[bool] = mapped_column(default=True)
    plan_item_id: Mapped[int | None] = mapped_column(ForeignKey("training_plan_item.id", ondelete="SET NULL"))
    cost_fen: Mapped[int] = mapped_column(default=0)
    sequence: Mapped[int] = mapped_column(default=0)
    """Of the calendar file: higher with every change of time or place (RFC 5545)."""
    state: Mapped[str] = mapped_column(String(10), default="planned")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    state_on: Mapped[dt.date | None]
    finished_by: Mapped[int | None]
    certified_by: Mapped[int | None]
    certified_on: Mapped[dt.date | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True, foreign_keys="Training.org_id")

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        """The invited towns, from the moment enrolment opens."""
        row: Any = TownInvitation.__table__.alias("invited_to_session")
        return (cls.state != "planned") & cls.id.in_(select(row.c.session_id).where(row.c.org_id.in_(sorted(orgs))))

    def __str__(self) -> str:
        return f"{self.number} {self.title}"


class TownInvitation(Hosted, OrgScoped, Versioned, Base):
    """参训单位: a town that was asked to send people to somebody else's session, with its quota."""

    __tablename__ = "training_invitation"
    __record__ = "training.invitation"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.INVITATION_STATES), name="state"),
        UniqueConstraint("session_id", "org_id"),
        Index(None, "org_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    quota: Mapped[int]
    state: Mapped[str] = mapped_column(String(10), default="invited")
    reason: Mapped[str] = mapped_column(Text, default="")
    certified_by: Mapped[int | None]
    certified_on: Mapped[dt.date | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True, foreign_keys="TownInvitation.org_id")
    training: Mapped[Training] = relationship(lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return f"{self.organisation.name} · {self.training.title}"


class Enrolment(Hosted, OrgScoped, Versioned, Base):
    """报名与出勤 of one person in one session. Belongs to the person's town; the host signs people in."""

    __tablename__ = "training_enrolment"
    __record__ = "training.enrolment"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.ENROLMENT_STATES), name="state"),
        CheckConstraint("out_at IS NULL OR in_at IS NOT NULL", name="signs"),
        UniqueConstraint("session_id", "person_id"),
        Index(None, "org_id", "session_id", "state"),
        Index(None, "person_id", "state"),
        Index(None, "host_id", "session_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("training_session.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    person_name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100), default="")
    """Where the person worked at the time: town and team."""
    source: Mapped[str] = mapped_column(String(10))
    lecturing: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(10), default="enrolled")
    asked_at: Mapped[dt.datetime]
    in_at: Mapped[dt.datetime | None]
    out_at: Mapped[dt.datetime | None]
    halves: Mapped[int | None]
    """Halves that a sheet of the past says; None: computed from the times."""
    score: Mapped[int | None]
    passed: Mapped[bool | None]
    refusal: Mapped[str] = mapped_column(String(200), default="")

    organisation: Mapped[Organisation] = relationship(lazy="raise", foreign_keys="Enrolment.org_id")

    def __str__(self) -> str:
        return self.person_name


class Sign(Hosted, OrgScoped, Base):
    """签到记录: every signing in and out as it came. A correction is a further row with a reason; the earlier ones stay."""

    __tablename__ = "training_sign"
    __record__ = "training.sign"
    __table_args__ = (
        CheckConstraint("kind IN ('in', 'out', 'clear')", name="kind"),
        CheckConstraint("how <> 'correction' OR reason <> ''", name="reason"),
        Index(None, "enrolment_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    enrolment_id: Mapped[int] = mapped_column(ForeignKey("training_enrolment.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    kind: Mapped[str] = mapped_column(String(5))
    at: Mapped[dt.datetime | None]
    how: Mapped[str] = mapped_column(String(10))
    by: Mapped[str] = mapped_column(String(60))
    noted_at: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(String(200), default="")


class Duty(Base):
    """培训职责: a district department that owes the towns' officers a training a year, from a year on."""

    __tablename__ = "training_duty"
    __record__ = "training.duty"
    __table_args__ = (UniqueConstraint("department_id", "kind"), CheckConstraint("kind IN ('concerned', 'entrusting')", name="kind"))

    id: Mapped[int] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    kind: Mapped[str] = mapped_column(String(12))
    first_year: Mapped[int]
    last_year: Mapped[int | None]
    note: Mapped[str] = mapped_column(String(200), default="")

    department: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)
