"""Notices to accounts. To-dos are no rows: they are computed, so that they vanish with their cause."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class Notice(Base):
    """通知: something an account is told, once (``key``), from ``deliver_after`` on."""

    __tablename__ = "inbox_notice"
    __audited__ = False
    __table_args__ = (UniqueConstraint("account_id", "key"), Index(None, "account_id", "read_at", "deliver_after"), Index(None, "account_id", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    plugin: Mapped[str] = mapped_column(String(40), default="")
    title: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(String(200), default="")
    key: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[dt.datetime]
    deliver_after: Mapped[dt.datetime]
    read_at: Mapped[dt.datetime | None]
