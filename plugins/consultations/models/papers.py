"""The signed opinion paper, and the anonymised case that is left of a consultation."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, and_, event, inspect
from sqlalchemy.orm import Mapped, Mapper, mapped_column

from plugins.consultations import rules
from plugins.consultations.models.guard import SECRET, OfCase, convening, listed, of_case, one_of
from portal.context import Actor
from portal.database import Base, JSONValue, OrgScoped, Versioned


class Paper(OfCase, OrgScoped, Versioned, Base):
    """会商意见书: drawn up from the answers, edited by the convener, signed, numbered, and then never changed."""

    __tablename__ = "consultations_paper"
    __record__ = "consultations.paper"
    __plugin__ = "consultations"
    __table_args__ = (UniqueConstraint("consultation_id"), CheckConstraint(one_of("state", rules.PAPER_STATES), name="state"))

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
    before = inspect(target).attrs.state.history.deleted
    if (before[0] if before else target.state) == "signed":
        raise SignedPaperChanged(target.number)


class LibraryEntry(Base):
    """会商案例: a closed consultation without its names, for all towns, once the convener has looked it through."""

    __tablename__ = "consultations_library"
    __record__ = "consultations.library"
    __table_args__ = (
        UniqueConstraint("consultation_id"),
        CheckConstraint(one_of("state", rules.LIBRARY_STATES), name="state"),
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
