"""Tables of the trail: the events, chained for each organisation, and the head of each chain."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

PORTAL_CHAIN = 0
"""The chain of what belongs to no organisation."""


class Event(Base):
    """One event of the trail. Never changed, never deleted: the database refuses it.

    No text stands in a secondary index, so that a changed byte anywhere in an event's text changes what is verified.
    ``at`` is microseconds since 1970 in UTC; ``record_key`` a number made of record type and id.
    """

    __tablename__ = "audit_event"
    __audited__ = False
    __table_args__ = (
        Index("ix_audit_event_at", "at", "chain_id", "seq"),
        Index("ix_audit_event_actor", "actor_id", "at"),
        Index("ix_audit_event_record", "record_key", "at"),
    )

    chain_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(BigInteger)
    actor_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(40))
    org_id: Mapped[int | None]
    session: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(80))
    reason: Mapped[str] = mapped_column(Text)
    op: Mapped[str] = mapped_column(String(8))
    record_type: Mapped[str] = mapped_column(String(60))
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    record_key: Mapped[int] = mapped_column(BigInteger)
    before: Mapped[str | None] = mapped_column(Text)
    after: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str] = mapped_column(String(20))
    alg: Mapped[str] = mapped_column(String(10))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))

    @property
    def moment(self) -> dt.datetime:
        """When it happened, aware, in UTC."""
        return dt.datetime.fromtimestamp(self.at / 1_000_000, dt.UTC)

    @property
    def day_only(self) -> bool:
        """Whether nothing but the day may be read from it: the act of somebody who is nobody in particular."""
        return self.actor_id is None and not self.request_id and self.role not in ("", "system")


class Head(Base):
    """The last event of a chain; locked while events are added to it."""

    __tablename__ = "audit_head"
    __audited__ = False

    chain_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[int] = mapped_column(BigInteger, default=0)
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    alg: Mapped[str] = mapped_column(String(10), default="")
