"""Tables of the case consultations. Who meets a row is said here, once, and holds for every statement.

:class:`Access` is the list of accounts to which a file is open: the handlers of the asking town and the panel members who
declared that they have no interest. The convener is the district's justice bureau. Opinions are narrower still.
Everything that a file says is kept out of the trail; the trail knows that it changed.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Hashable
from typing import Any

from flask import g, has_request_context
from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, and_, event, or_, select
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from plugins.consultations import rights, rules
from portal.auth.permissions import can
from portal.context import Actor
from portal.crypto import sealed
from portal.database import Base, JSONValue, OrgScoped, Versioned
from portal.directory.models import Organisation
from portal.tenancy import Guarded

SECRET = {"secret": True}
DRAFT_PURPOSE = "consultations.draft"
CASE_FILES = "consultations.file"
OPINION_FILES = "consultations.answer"
"""The kinds under which files are kept. They are no record types: the pages of the core that serve files do not know them."""


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def convening() -> bool:
    """Whether the acting role takes and leads consultations."""
    return has_request_context() and g.get("grant") is not None and can(rights.CONVENE)


class OfCase(Guarded):
    """Open like the consultation it belongs to."""

    @classmethod
    def consultation_key(cls) -> Any:
        """The column with the consultation's id."""
        return cls.consultation_id  # type: ignore[attr-defined]

    @classmethod
    def open_key(cls, actor: Actor) -> Hashable:
        return convening()

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        return of_case(cls.consultation_key(), actor)


class Consultation(OfCase, OrgScoped, Versioned, Base):
    """案件会商: what a town asks, from the draft to the archived answer. Belongs to the asking town."""

    __tablename__ = "consultations_case"
    __record__ = "consultations.consultation"
    __plugin__ = "consultations"
    __table_args__ = (
        CheckConstraint(_one_of("state", rules.STATES), name="state"),
        CheckConstraint(_one_of("form", ("", *rules.FORMS)), name="form"),
        CheckConstraint(_one_of("answer", ("", *rules.ANSWERS)), name="answer"),
        CheckConstraint("main_id IS NULL OR main_id <> id", name="not_into_itself"),
        Index(None, "org_id", "sort_due", "id"),
        Index(None, "sort_due", "id"),
        Index(None, "org_id", "state"),
        Index(None, "state", "sort_due"),
        Index(None, "created_on", "id"),
        Index(None, "main_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(60), default="")
    title: Mapped[str] = mapped_column(String(100), info=SECRET)
    field: Mapped[str] = mapped_column(String(40), default="")
    case_no: Mapped[str] = mapped_column(String(60), default="", info=SECRET)
    filed_on: Mapped[dt.date | None]
    """立案日期: the clock of the case runs on; a consultation stops none of its limits."""
    triggers: Mapped[list[str]] = mapped_column(JSONValue, default=list)
    facts: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    law: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    own_view: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    questions: Mapped[list[str]] = mapped_column(JSONValue, default=list, info=SECRET)
    """争议焦点, numbered by their order."""
    parties: Mapped[list[dict[str, str]]] = mapped_column(JSONValue, default=list, info=SECRET)
    """Whoever is named in the case: ``name``, ``role``, ``unit``. Recusal is judged by them."""
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSONValue, default=list, info=SECRET)
    """证据清单: ``name``, ``proves``, ``file`` (the attachment's id, or None)."""
    needed_by: Mapped[dt.date | None]
    urgency: Mapped[str] = mapped_column(String(8), default="normal")
    secrecy: Mapped[str] = mapped_column(String(10), default="internal")

    state: Mapped[str] = mapped_column(String(12), default="draft")
    state_on: Mapped[dt.date]
    sort_due: Mapped[dt.date]
    """The day by which somebody has to do the next thing, or the end of time: lists are ordered by it."""
    created_on: Mapped[dt.date]
    created_by: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    approver_id: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    submitted_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    approved_on: Mapped[dt.date | None]
    take_by: Mapped[dt.date | None]
    taken_on: Mapped[dt.date | None]
    form: Mapped[str] = mapped_column(String(8), default="")
    main_id: Mapped[int | None] = mapped_column(ForeignKey("consultations_case.id"))

    invited_on: Mapped[dt.date | None]
    opinion_due: Mapped[dt.date | None]
    opinion_provisional: Mapped[bool] = mapped_column(default=False)
    closed_on: Mapped[dt.date | None]
    missing: Mapped[list[str]] = mapped_column(JSONValue, default=list)
    """Members without an opinion when it was closed, by name."""
    meeting_at: Mapped[dt.datetime | None]
    meeting_place: Mapped[str] = mapped_column(String(120), default="")
    meeting_note: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    meeting_reference: Mapped[str] = mapped_column(String(80), default="")
    meeting_url: Mapped[str] = mapped_column(String(200), default="")

    paper_on: Mapped[dt.date | None]
    answer_due: Mapped[dt.date | None]
    answer_provisional: Mapped[bool] = mapped_column(default=False)
    answer_state: Mapped[str] = mapped_column(String(10), default="")
    answer: Mapped[str] = mapped_column(String(10), default="")
    answer_reasons: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    answer_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    answered_on: Mapped[dt.date | None]
    archived_on: Mapped[dt.date | None]
    outcome: Mapped[str] = mapped_column(String(12), default="")
    outcome_on: Mapped[dt.date | None]
    outcome_note: Mapped[str] = mapped_column(Text, default="", info=SECRET)

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    @classmethod
    def consultation_key(cls) -> Any:
        return cls.id

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        return cls.state.not_in(rules.TOWN_ONLY) if convening() else listed(cls.id, actor)

    def __str__(self) -> str:
        return self.number or self.title


class Access(OfCase, OrgScoped, Base):
    """知悉范围: an account to which a file is open while it acts in an organisation, and as what."""

    __tablename__ = "consultations_access"
    __record__ = "consultations.access"
    __plugin__ = "consultations"
    __table_args__ = (
        CheckConstraint(_one_of("part", rules.PARTS), name="part"),
        UniqueConstraint("consultation_id", "account_id", "member_org_id", "part", name="uq_consultations_access_once"),
        Index("ix_consultations_access_account", "account_id", "member_org_id", "consultation_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    member_org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    part: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(String(60))
    since: Mapped[dt.date]


def listed(key: Any, actor: Actor) -> ColumnElement[bool]:
    """The consultations of the access list of whoever is acting."""
    table: Any = Access.__table__
    return key.in_(select(table.c.consultation_id).where(table.c.account_id == actor.account_id, table.c.member_org_id == actor.org_id))  # type: ignore[no-any-return]


def of_case(key: Any, actor: Actor) -> ColumnElement[bool]:
    """What belongs to a consultation that whoever is acting may see."""
    if not convening():
        return listed(key, actor)
    table: Any = Consultation.__table__
    return key.not_in(select(table.c.id).where(table.c.state.in_(rules.TOWN_ONLY)))  # type: ignore[no-any-return]


class Seat(OfCase, OrgScoped, Versioned, Base):
    """会商组席位: a member of the panel, from the choice to the opinion. Nobody has two opinions: one seat an account."""

    __tablename__ = "consultations_seat"
    __record__ = "consultations.seat"
    __plugin__ = "consultations"
    __table_args__ = (
        CheckConstraint(_one_of("state", rules.SEAT_STATES), name="state"),
        CheckConstraint(_one_of("kind", rules.SEAT_KINDS), name="kind"),
        UniqueConstraint("consultation_id", "account_id"),
        Index(None, "account_id", "state"),
        Index(None, "expert_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    member_org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    kind: Mapped[str] = mapped_column(String(10))
    expert_id: Mapped[int | None] = mapped_column(ForeignKey("consultations_expert.id"))
    name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(120))
    chosen: Mapped[str] = mapped_column(String(6))
    """``hand`` or ``draw``: said apart in every output."""
    draw_id: Mapped[int | None] = mapped_column(ForeignKey("consultations_draw.id"))
    disclosure: Mapped[str] = mapped_column(String(200), default="")
    """What has to be said of the member though it bars nobody, e.g. legal adviser of the asking town."""
    number: Mapped[str] = mapped_column(String(60))
    """The number of the consultation, for the invitation: the file itself is still closed."""
    state: Mapped[str] = mapped_column(String(10), default="proposed")
    state_on: Mapped[dt.date]
    due_on: Mapped[dt.date | None]
    statement: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    """Why a member stepped back or was taken off. Sealed: the convener and the member read it."""
    late: Mapped[bool] = mapped_column(default=False)
    attended: Mapped[bool | None]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("consultations_seat.id"))

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        own = and_(cls.account_id == actor.account_id, cls.member_org_id == actor.org_id, cls.state != "proposed")
        return or_(own, of_case(cls.consultation_id, actor))

    def written_by(self, actor: Actor) -> bool:
        return self.account_id == actor.account_id and self.member_org_id == actor.org_id

    @property
    def own(self) -> bool:
        """Whether it is the seat of whoever is acting."""
        from portal.context import current_actor

        return self.written_by(current_actor())

    def __str__(self) -> str:
        return self.number


class Opinion(Guarded, OrgScoped, Base):
    """会商意见, question by question. Nobody meets another's before the consultation was closed and their own was given."""

    __tablename__ = "consultations_opinion"
    __record__ = "consultations.opinion"
    __plugin__ = "consultations"
    __table_args__ = (UniqueConstraint("seat_id"), Index(None, "consultation_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    seat_id: Mapped[int] = mapped_column(ForeignKey("consultations_seat.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    answers: Mapped[list[dict[str, str]]] = mapped_column(JSONValue, info=SECRET)
    """In the order of the questions: ``conclusion``, ``reasons``, ``basis``."""
    remark: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    given_at: Mapped[dt.datetime]

    @classmethod
    def open_key(cls, actor: Actor) -> Hashable:
        return convening()

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        cases, seats = Consultation.__table__, Seat.__table__
        shown = select(cases.c.id).where(cases.c.state.in_(rules.OPINIONS_SHOWN))
        owing = select(seats.c.consultation_id).where(seats.c.account_id == actor.account_id, seats.c.state.in_(rules.SEAT_OWING))
        return or_(
            cls.account_id == actor.account_id,
            and_(cls.consultation_id.in_(shown), cls.consultation_id.not_in(owing), of_case(cls.consultation_id, actor)),
        )

    def written_by(self, actor: Actor) -> bool:
        return self.account_id == actor.account_id


class Draft(Guarded, OrgScoped, Base):
    """意见草稿: what a member is writing, sealed, until it is submitted. Nobody else's, not even the convener's."""

    __tablename__ = "consultations_draft"
    __record__ = "consultations.draft"
    __plugin__ = "consultations"
    __audited__ = False
    __table_args__ = (UniqueConstraint("seat_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: uuid.uuid4().hex)
    seat_id: Mapped[int] = mapped_column(ForeignKey("consultations_seat.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    content: Mapped[bytes] = mapped_column(LargeBinary, info=sealed(DRAFT_PURPOSE))
    saved_at: Mapped[dt.datetime]

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        return cls.account_id == actor.account_id

    def written_by(self, actor: Actor) -> bool:
        return self.account_id == actor.account_id


class Inquiry(OfCase, OrgScoped, Versioned, Base):
    """补充询问: what a member asks the town; the whole panel reads the answer, nobody but the asker who asked."""

    __tablename__ = "consultations_inquiry"
    __record__ = "consultations.inquiry"
    __plugin__ = "consultations"
    __table_args__ = (Index(None, "consultation_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    text: Mapped[str] = mapped_column(Text, info=SECRET)
    asked_at: Mapped[dt.datetime]
    reply: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    replied_at: Mapped[dt.datetime | None]
    replied_by: Mapped[str] = mapped_column(String(60), default="")

    def written_by(self, actor: Actor) -> bool:
        return self.account_id == actor.account_id


class Draw(OfCase, OrgScoped, Base):
    """随机抽取: seed, candidates, algorithm and result, so that anybody can repeat it. Never changed."""

    __tablename__ = "consultations_draw"
    __record__ = "consultations.draw"
    __plugin__ = "consultations"
    __table_args__ = (Index(None, "consultation_id", "id"), CheckConstraint("wanted > 0", name="wanted"))

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    field: Mapped[str] = mapped_column(String(40))
    algorithm: Mapped[str] = mapped_column(String(40))
    seed: Mapped[str] = mapped_column(String(80))
    wanted: Mapped[int]
    candidates: Mapped[list[dict[str, str]]] = mapped_column(JSONValue)
    """``key``, ``name`` and ``unit`` of everybody who could be drawn, in the order of the keys."""
    excluded: Mapped[list[dict[str, str]]] = mapped_column(JSONValue)
    """Whoever was left out, and why."""
    result: Mapped[list[str]] = mapped_column(JSONValue)
    reason: Mapped[str] = mapped_column(String(200), default="")
    """Why it was drawn again."""
    drawn_at: Mapped[dt.datetime]
    drawn_by: Mapped[str] = mapped_column(String(60))


class Paper(OfCase, OrgScoped, Versioned, Base):
    """会商意见书: drawn up from the answers, edited by the convener, signed, numbered, and then never changed."""

    __tablename__ = "consultations_paper"
    __record__ = "consultations.paper"
    __plugin__ = "consultations"
    __table_args__ = (UniqueConstraint("consultation_id"), CheckConstraint(_one_of("state", rules.PAPER_STATES), name="state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    state: Mapped[str] = mapped_column(String(8), default="draft")
    number: Mapped[str] = mapped_column(String(60), default="")
    course: Mapped[str] = mapped_column(Text, info=SECRET)
    """会商经过."""
    findings: Mapped[list[dict[str, str]]] = mapped_column(JSONValue, info=SECRET)
    """For each question: ``question``, ``majority``, ``dissent``."""
    advice: Mapped[str] = mapped_column(Text, default="", info=SECRET)
    drawn_on: Mapped[dt.date]
    signed_on: Mapped[dt.date | None]
    signed_by: Mapped[str] = mapped_column(String(60), default="")
    digest: Mapped[str] = mapped_column(String(64), default="")

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        """A draft is the convener's alone."""
        return of_case(cls.consultation_id, actor) if convening() else and_(cls.state == "signed", listed(cls.consultation_id, actor))

    def __str__(self) -> str:
        return self.number


class SignedPaperChanged(Exception):
    """A signed opinion paper would be changed or deleted."""


@event.listens_for(Paper, "before_update")
@event.listens_for(Paper, "before_delete")
def _keep_signed(_mapper: Mapper[Any], _connection: Any, target: Paper) -> None:
    from sqlalchemy import inspect

    before = inspect(target).attrs.state.history.deleted
    if (before[0] if before else target.state) == "signed":
        raise SignedPaperChanged(target.number)


class Expert(OrgScoped, Versioned, Base):
    """会商专家: somebody of the district's pool. ``__plugin__`` is empty: the pool belongs to the district, where nothing is switched."""

    __tablename__ = "consultations_expert"
    __record__ = "consultations.expert"
    __plugin__ = None
    __table_args__ = (
        UniqueConstraint("org_id", "name", "unit"),
        UniqueConstraint("account_id"),
        CheckConstraint("term_to >= term_from", name="term"),
        Index(None, "org_id", "term_to", "id"),
        Index(None, "org_id", "name", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    unit: Mapped[str] = mapped_column(String(120))
    title: Mapped[str] = mapped_column(String(80), default="")
    fields: Mapped[list[str]] = mapped_column(JSONValue, default=list)
    term_from: Mapped[dt.date]
    term_to: Mapped[dt.date]
    telephone: Mapped[str] = mapped_column(String(30), default="", info=SECRET)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    interests: Mapped[list[list[str]]] = mapped_column(JSONValue, default=list)
    """Units that the expert works or worked for: name, and the last day (empty: still). Barred for two years after."""
    adviser_of: Mapped[list[int]] = mapped_column(JSONValue, default=list)
    """法律顾问: organisations that the expert advises; bars nobody, but is said on the paper."""
    suspended: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")

    def __str__(self) -> str:
        return self.name


class LibraryEntry(Base):
    """会商案例: a closed consultation without its names, for all towns, once the convener has looked it through."""

    __tablename__ = "consultations_library"
    __record__ = "consultations.library"
    __table_args__ = (
        UniqueConstraint("consultation_id"),
        CheckConstraint(_one_of("state", rules.LIBRARY_STATES), name="state"),
        Index(None, "state", "month", "id"),
        Index(None, "state", "field", "month", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    state: Mapped[str] = mapped_column(String(10), default="checking")
    field: Mapped[str] = mapped_column(String(40))
    month: Mapped[str] = mapped_column(String(7))
    title: Mapped[str] = mapped_column(String(120), info=SECRET)
    facts: Mapped[str] = mapped_column(Text, info=SECRET)
    law: Mapped[str] = mapped_column(Text, info=SECRET)
    findings: Mapped[list[dict[str, str]]] = mapped_column(JSONValue, info=SECRET)
    advice: Mapped[str] = mapped_column(Text, info=SECRET)
    answer: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str] = mapped_column(String(12), default="")
    haystack: Mapped[str] = mapped_column(Text, info=SECRET)
    """Title, questions, law and advice in one text, for the search."""
    published_on: Mapped[dt.date | None]

    def __str__(self) -> str:
        return self.title
