"""Who sits on a panel, how it was drawn, and the pool of experts."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, UniqueConstraint, and_, or_
from sqlalchemy.orm import Mapped, mapped_column

from plugins.consultations import rules
from plugins.consultations.models.guard import SECRET, OfCase, of_case, of_panel, one_of
from portal.context import Actor, current_actor
from portal.database import Base, JSONValue, OrgScoped, Versioned


class Seat(OfCase, OrgScoped, Versioned, Base):
    """会商组席位: a member of the panel, from the choice to the opinion. Nobody has two opinions: one seat an account."""

    __tablename__ = "consultations_seat"
    __record__ = "consultations.seat"
    __plugin__ = "consultations"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.SEAT_STATES), name="state"),
        CheckConstraint(one_of("kind", rules.SEAT_KINDS), name="kind"),
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
        return or_(own, of_case(cls.consultation_id, actor), of_panel(cls.consultation_id, actor))

    def written_by(self, actor: Actor) -> bool:
        return self.account_id == actor.account_id and self.member_org_id == actor.org_id

    @property
    def own(self) -> bool:
        """Whether it is the seat of whoever is acting."""
        return self.written_by(current_actor())

    def __str__(self) -> str:
        return self.number


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
