"""Accounts, the roles they hold in organisations, their sessions and their attempts to log in."""

from __future__ import annotations

import datetime as dt

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.database import Base, Versioned
from portal.directory.models import Organisation


class Account(UserMixin, Versioned, Base):
    """账号: somebody who can log in."""

    __tablename__ = "auth_account"
    __record__ = "auth.account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    password_hash: Mapped[str] = mapped_column(String(200), info={"secret": True})
    password_set_at: Mapped[dt.datetime]
    must_change: Mapped[bool] = mapped_column(default=True)
    one_time_until: Mapped[dt.datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    locked_until: Mapped[dt.datetime | None]
    last_login_at: Mapped[dt.datetime | None]
    last_login_from: Mapped[str] = mapped_column(String(64), default="")

    grants: Mapped[list[RoleGrant]] = relationship(back_populates="account", order_by="RoleGrant.id")

    @property
    def is_active(self) -> bool:
        return self.active


class RoleGrant(Base):
    """A role given to an account in an organisation, from a day and perhaps until one."""

    __tablename__ = "auth_role_grant"
    __record__ = "auth.role_grant"
    __table_args__ = (UniqueConstraint("account_id", "role", "org_id"), Index(None, "org_id", "role"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    role: Mapped[str] = mapped_column(String(40))
    org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]

    account: Mapped[Account] = relationship(back_populates="grants")
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    def holds_on(self, today: dt.date) -> bool:
        return (self.valid_from is None or self.valid_from <= today) and (self.valid_to is None or today <= self.valid_to)


class AccountSession(Base):
    """A session on the server. The cookie holds a random token, this row its SHA-256."""

    __tablename__ = "auth_session"
    __audited__ = False
    __table_args__ = (Index(None, "account_id", "ended_at"),)

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("auth_role_grant.id", ondelete="SET NULL"))
    created_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    fresh_at: Mapped[dt.datetime]
    address: Mapped[str] = mapped_column(String(64))
    agent: Mapped[str] = mapped_column(String(200))
    ended_at: Mapped[dt.datetime | None]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class LoginAttempt(Base):
    """A failed attempt to log in, for throttling. ``name_key`` is a keyed fingerprint of what was typed."""

    __tablename__ = "auth_login_attempt"
    __audited__ = False
    __table_args__ = (Index(None, "name_key", "at"), Index(None, "address", "at"), Index(None, "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name_key: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[dt.datetime]


class OldPassword(Base):
    """Hashes of the last passwords, so that they are not used again."""

    __tablename__ = "auth_old_password"
    __audited__ = False
    __table_args__ = (Index(None, "account_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    password_hash: Mapped[str] = mapped_column(Text)
