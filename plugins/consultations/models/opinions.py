"""What members say and ask. Nobody meets another's opinion before the time."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Hashable

from sqlalchemy import ColumnElement, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, and_, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from plugins.consultations import rules
from plugins.consultations.models.cases import Consultation
from plugins.consultations.models.guard import DRAFT_PURPOSE, SECRET, OfCase, convening, of_case
from plugins.consultations.models.panel import Seat
from portal.context import Actor
from portal.crypto import sealed
from portal.database import Base, JSONValue, OrgScoped, Versioned
from portal.tenancy import Guarded


class Opinion(Guarded, OrgScoped, Base):
    """会商意见, question by question. Nobody meets another's before the consultation was closed and their own was given."""

    __tablename__ = "consultations_opinion"
    __record__ = "consultations.opinion"
    __plugin__ = "consultations"
    __table_args__ = (UniqueConstraint("seat_id", "consultation_id"), Index(None, "consultation_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations_case.id"))
    """The file that is answered: a member writes one opinion for each file that the panel reads, and each town meets its own."""
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
        owed = select(seats.c.consultation_id).where(seats.c.account_id == actor.account_id, seats.c.state.in_(rules.SEAT_OWING))
        owing = select(cases.c.id).where(func.coalesce(cases.c.main_id, cases.c.id).in_(owed))
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
