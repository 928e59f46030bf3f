"""The file of a consultation, and the list of those to whom it is open."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from plugins.consultations import rules
from plugins.consultations.models.guard import SECRET, OfCase, convening, listed, one_of
from portal.context import Actor
from portal.database import Base, JSONValue, OrgScoped, Versioned
from portal.directory.models import Organisation


class Consultation(OfCase, OrgScoped, Versioned, Base):
    """案件会商: what a town asks, from the draft to the archived answer. Belongs to the asking town."""

    __tablename__ = "consultations_case"
    __record__ = "consultations.consultation"
    __plugin__ = "consultations"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.STATES), name="state"),
        CheckConstraint(one_of("form", ("", *rules.FORMS)), name="form"),
        CheckConstraint(one_of("answer", ("", *rules.ANSWERS)), name="answer"),
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

    @property
    def panel_of(self) -> int:
        """The consultation whose panel reads this file: itself, or the one that it was joined with."""
        return self.main_id or self.id

    def __str__(self) -> str:
        return self.number or self.title


class Access(OfCase, OrgScoped, Base):
    """知悉范围: an account to which a file is open while it acts in an organisation, and as what."""

    __tablename__ = "consultations_access"
    __record__ = "consultations.access"
    __plugin__ = "consultations"
    __table_args__ = (
        CheckConstraint(one_of("part", rules.PARTS), name="part"),
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
