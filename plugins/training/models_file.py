"""Tables of what stands in somebody's training file: credits, external training, exemptions, the year; and examinations."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugins.training import rights, rules, rules_exam
from plugins.training.models import Hosted, Own, Silent, one_of
from portal.database import Base, JSONValue, OrgScoped, Versioned
from portal.directory.models import Organisation
from portal.tenancy import Shared


class Credit(Own, OrgScoped, Base):
    """认定学时: one line of a training file. Never edited: a correction is a new line, the old one stays and is void."""

    __tablename__ = "training_credit"
    __record__ = "training.credit"
    __right__ = rights.BOOKS
    __plugin__ = "training"
    __table_args__ = (
        CheckConstraint("state IN ('valid', 'void')", name="state"),
        CheckConstraint(one_of("source", ("session", "external", "carried")), name="source"),
        CheckConstraint("halves >= 0", name="halves"),
        CheckConstraint("corrects_id IS NULL OR reason <> ''", name="reason"),
        Index(None, "org_id", "year", "person_id", "state"),
        Index(None, "person_id", "year", "held_on"),
        Index(None, "session_id"),
        Index(None, "enrolment_id"),
        Index(None, "external_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    year: Mapped[int]
    held_on: Mapped[dt.date]
    source: Mapped[str] = mapped_column(String(10))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("training_session.id"))
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("training_enrolment.id"))
    external_id: Mapped[int | None] = mapped_column(ForeignKey("training_external.id"))
    title: Mapped[str] = mapped_column(String(100))
    course: Mapped[str] = mapped_column(String(40), default="")
    category: Mapped[str] = mapped_column(String(16))
    organiser: Mapped[str] = mapped_column(String(12))
    organiser_org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    organiser_name: Mapped[str] = mapped_column(String(80))
    starts_at: Mapped[dt.datetime | None]
    ends_at: Mapped[dt.datetime | None]
    """None where the times are not known; then nothing overlaps, but a day holds only so many hours."""
    halves: Mapped[int]
    counted: Mapped[bool]
    own_update: Mapped[bool] = mapped_column(default=False)
    """法律知识更新 of the own unit."""
    points: Mapped[int] = mapped_column(default=0)
    score: Mapped[int | None]
    state: Mapped[str] = mapped_column(String(5), default="valid")
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("training_credit.id"))
    reason: Mapped[str] = mapped_column(String(300), default="")
    certified_by: Mapped[str] = mapped_column(String(60))
    certified_on: Mapped[dt.date]


class PersonYear(Own, OrgScoped, Base):
    """年度学时 of a person: sums of the valid credits, kept in step by :mod:`plugins.training.totals`; no source of its own."""

    __tablename__ = "training_person_year"
    __record__ = "training.person_year"
    __right__ = rights.BOOKS
    __plugin__ = "training"
    __audited__ = False
    __table_args__ = (UniqueConstraint("person_id", "year"), Index(None, "org_id", "year", "counted"))

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    year: Mapped[int]
    counted: Mapped[int] = mapped_column(default=0)
    uncounted: Mapped[int] = mapped_column(default=0)
    updates: Mapped[int] = mapped_column(default=0)
    entries: Mapped[int] = mapped_column(default=0)
    points: Mapped[int] = mapped_column(default=0)
    general: Mapped[int] = mapped_column(default=0)
    professional: Mapped[int] = mapped_column(default=0)
    update: Mapped[int] = mapped_column(default=0)
    department: Mapped[int] = mapped_column(default=0)
    off_post: Mapped[int] = mapped_column(default=0)
    induction: Mapped[int] = mapped_column(default=0)
    political: Mapped[int] = mapped_column(default=0)
    party: Mapped[int] = mapped_column(default=0)
    other: Mapped[int] = mapped_column(default=0)


class External(Own, OrgScoped, Versioned, Base):
    """外出培训: entered with proof, confirmed by the office head."""

    __tablename__ = "training_external"
    __record__ = "training.external"
    __right__ = rights.BOOKS
    __plugin__ = "training"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.EXTERNAL_STATES), name="state"),
        CheckConstraint("halves > 0", name="halves"),
        CheckConstraint("ends_on >= starts_on", name="order"),
        Index(None, "org_id", "state", "id"),
        Index(None, "org_id", "starts_on", "id"),
        Index(None, "person_id", "starts_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    person_name: Mapped[str] = mapped_column(String(60))
    title: Mapped[str] = mapped_column(String(100))
    category: Mapped[str] = mapped_column(String(16))
    organiser: Mapped[str] = mapped_column(String(12))
    organiser_org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    organiser_name: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(120), default="")
    starts_on: Mapped[dt.date]
    ends_on: Mapped[dt.date]
    halves: Mapped[int]
    note: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(String(10), default="draft")
    opinion: Mapped[str] = mapped_column(Text, default="")
    entered_by: Mapped[int | None]
    submitted_by: Mapped[int | None]
    confirmed_by: Mapped[int | None]
    confirmed_on: Mapped[dt.date | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True, foreign_keys="External.org_id")

    def __str__(self) -> str:
        return f"{self.person_name} · {self.title}"


class Exemption(Own, OrgScoped, Versioned, Base):
    """年度情况说明: why a year is not asked of somebody, or only a part of it; decided by the office head."""

    __tablename__ = "training_exemption"
    __record__ = "training.exemption"
    __right__ = rights.BOOKS
    __plugin__ = "training"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.EXEMPTION_STATES), name="state"),
        CheckConstraint("kind IN ('exempt', 'joined', 'left')", name="kind"),
        Index(None, "org_id", "year", "state"),
        Index(None, "person_id", "year"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    person_name: Mapped[str] = mapped_column(String(60))
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(String(8))
    on_day: Mapped[dt.date]
    """The day from which it holds: begin of the leave, of the service, its end."""
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(8), default="asked")
    opinion: Mapped[str] = mapped_column(Text, default="")
    entered_by: Mapped[int | None]
    decided_by: Mapped[int | None]
    decided_on: Mapped[dt.date | None]

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return self.person_name


class YearBook(OrgScoped, Versioned, Base):
    """年度档案 of a town: open, closed 归档, or reopened by the supervisor until a day."""

    __tablename__ = "training_year"
    __record__ = "training.year"
    __plugin__ = "training"
    __table_args__ = (UniqueConstraint("org_id", "year"), CheckConstraint(one_of("state", rules.YEAR_STATES), name="state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    state: Mapped[str] = mapped_column(String(8), default="open")
    closed_on: Mapped[dt.date | None]
    closed_by: Mapped[str] = mapped_column(String(60), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    open_until: Mapped[dt.date | None]
    figures: Mapped[Any | None] = mapped_column(JSONValue)
    """What the year came to when it was closed."""

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    def __str__(self) -> str:
        return f"{self.organisation.name} {self.year}"


class Batch(OrgScoped, Base):
    """批量档案: all personal files of a town for a year in one ZIP, built by a job."""

    __tablename__ = "training_batch"
    __record__ = "training.batch"
    __plugin__ = "training"
    __table_args__ = (Index(None, "org_id", "id"), Index(None, "state", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    kind: Mapped[str] = mapped_column(String(4))
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    run_id: Mapped[int | None]
    asked_by: Mapped[int | None]
    asked_at: Mapped[dt.datetime]
    files: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)
    digest: Mapped[str] = mapped_column(String(64), default="")
    error: Mapped[str] = mapped_column(String(200), default="")
    built_at: Mapped[dt.datetime | None]


class Question(OrgScoped, Base):
    """试题 of an organisation's pool. One that was drawn is not edited: a new version takes its place."""

    __tablename__ = "training_question"
    __record__ = "training.question"
    __table_args__ = (
        CheckConstraint(one_of("kind", rules_exam.KINDS), name="kind"),
        UniqueConstraint("org_id", "digest"),
        Index(None, "org_id", "subject", "kind", "active"),
        Index(None, "org_id", "subject", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(8))
    text: Mapped[str] = mapped_column(Text)
    options: Mapped[Any] = mapped_column(JSONValue)
    answer: Mapped[str] = mapped_column(String(8))
    explanation: Mapped[str] = mapped_column(Text, default="")
    digest: Mapped[str] = mapped_column(String(32))
    """Of subject, kind and text: the same question is in the pool once."""
    active: Mapped[bool] = mapped_column(default=True)

    def __str__(self) -> str:
        return self.text[:40]


class Exam(Silent, Shared, OrgScoped, Versioned, Base):
    """考试: of a session, or one of its own; taken in the browser (``online``) or with results by list."""

    __tablename__ = "training_exam"
    __record__ = "training.exam"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'closed')", name="state"),
        CheckConstraint("kind IN ('general', 'professional', 'other')", name="kind"),
        CheckConstraint("way IN ('online', 'list')", name="way"),
        CheckConstraint("closes_at > opens_at", name="order"),
        Index(None, "org_id", "opens_at", "id"),
        Index(None, "session_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(12))
    way: Mapped[str] = mapped_column(String(6))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("training_session.id"))
    opens_at: Mapped[dt.datetime]
    closes_at: Mapped[dt.datetime]
    minutes: Mapped[int] = mapped_column(default=60)
    pass_mark: Mapped[int] = mapped_column(default=60)
    attempts: Mapped[int] = mapped_column(default=1)
    parts: Mapped[Any] = mapped_column(JSONValue)
    seed: Mapped[str] = mapped_column(String(32))
    state: Mapped[str] = mapped_column(String(6), default="draft")

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        """The towns whose people sit it."""
        row: Any = Attempt.__table__.alias("sits")
        return cls.id.in_(select(row.c.exam_id).where(row.c.org_id.in_(sorted(orgs))))

    def __str__(self) -> str:
        return self.title


class Attempt(Own, Hosted, OrgScoped, Versioned, Base):
    """答卷: one try of one person. The paper is kept as it was drawn; the seed lets it be drawn again."""

    __tablename__ = "training_attempt"
    __record__ = "training.attempt"
    __right__ = rights.READ
    __table_args__ = (
        CheckConstraint(one_of("state", rules_exam.ATTEMPT_STATES), name="state"),
        UniqueConstraint("exam_id", "person_id", "number"),
        Index("uq_training_attempt_running", "person_id", unique=True, sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'")),
        Index(None, "person_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    exam_id: Mapped[int] = mapped_column(ForeignKey("training_exam.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    person_name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(100), default="")
    number: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(10), default="registered")
    seed: Mapped[str] = mapped_column(String(32), default="")
    paper: Mapped[Any | None] = mapped_column(JSONValue, info={"secret": True})
    started_at: Mapped[dt.datetime | None]
    due_at: Mapped[dt.datetime | None]
    handed_in_at: Mapped[dt.datetime | None]
    score: Mapped[int | None]
    passed: Mapped[bool | None]
    by_list: Mapped[bool] = mapped_column(default=False)
    remark: Mapped[str] = mapped_column(String(200), default="")

    exam: Mapped[Exam] = relationship(lazy="raise")

    def __str__(self) -> str:
        return self.person_name


class Answer(Hosted, OrgScoped, Base):
    """作答: the present choice of one question of a paper; each change is an event of the trail."""

    __tablename__ = "training_answer"
    __record__ = "training.answer"
    __table_args__ = (UniqueConstraint("attempt_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("training_attempt.id"))
    host_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    number: Mapped[int]
    choice: Mapped[str] = mapped_column(String(8))
    at: Mapped[dt.datetime]


class Pass(OrgScoped, Base):
    """考试合格: what an application for a certificate looks up. It follows a person who moves."""

    __tablename__ = "training_pass"
    __record__ = "training.pass"
    __plugin__ = "training"
    __table_args__ = (Index(None, "person_id", "kind", "passed_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    kind: Mapped[str] = mapped_column(String(12))
    passed_on: Mapped[dt.date]
    score: Mapped[int]
    title: Mapped[str] = mapped_column(String(100))
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("training_attempt.id"))
    void: Mapped[bool] = mapped_column(default=False)
