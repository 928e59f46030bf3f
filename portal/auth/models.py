"""Accounts, the roles they hold in organisations, their sessions and their attempts to log in."""

from __future__ import annotations

import datetime as dt

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.config import ADMINISTRATORS
from portal.crypto import sealed
from portal.database import Base, Versioned
from portal.directory.models import Organisation

BUSINESS = "business"
FACTOR_PURPOSE = "auth.second_factor"
_QUOTED = ", ".join(f"'{role}'" for role in ADMINISTRATORS)


class Account(UserMixin, Versioned, Base):
    """账号: somebody who can log in."""

    __tablename__ = "auth_account"
    __record__ = "auth.account"
    __table_args__ = (UniqueConstraint("id", "duty"), CheckConstraint(f"duty IN ('{BUSINESS}', {_QUOTED})", name="duty"))

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    duty: Mapped[str] = mapped_column(String(20), default=BUSINESS, server_default=BUSINESS)
    """What kind of roles it may hold: those of the work, or one of the three administrators (三员)."""
    person_id: Mapped[int | None] = mapped_column(index=True)
    password_hash: Mapped[str] = mapped_column(String(200), info={"secret": True})
    password_set_at: Mapped[dt.datetime]
    must_change: Mapped[bool] = mapped_column(default=True)
    one_time_until: Mapped[dt.datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    locked_until: Mapped[dt.datetime | None]
    last_login_at: Mapped[dt.datetime | None]
    last_login_from: Mapped[str] = mapped_column(String(64), default="")

    grants: Mapped[list[RoleGrant]] = relationship(
        back_populates="account", order_by="RoleGrant.id", foreign_keys="RoleGrant.account_id", primaryjoin="Account.id == RoleGrant.account_id"
    )

    @property
    def is_active(self) -> bool:
        return self.active


class RoleGrant(Base):
    """A role given to an account in an organisation, from a day and perhaps until one.

    The database itself keeps the three administrators apart: a grant's duty is its account's, and fits its role.
    """

    __tablename__ = "auth_role_grant"
    __record__ = "auth.role_grant"
    __table_args__ = (
        UniqueConstraint("account_id", "role", "org_id"),
        ForeignKeyConstraint(["account_id", "duty"], ["auth_account.id", "auth_account.duty"]),
        CheckConstraint(f"(duty = '{BUSINESS}' AND role NOT IN ({_QUOTED})) OR duty = role", name="duty"),
        Index(None, "org_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    duty: Mapped[str] = mapped_column(String(20))
    role: Mapped[str] = mapped_column(String(40))
    org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    valid_from: Mapped[dt.date | None]
    valid_to: Mapped[dt.date | None]

    account: Mapped[Account] = relationship(back_populates="grants", foreign_keys="RoleGrant.account_id", primaryjoin="Account.id == RoleGrant.account_id")
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
    awaits_code: Mapped[bool] = mapped_column(default=False, server_default="0")
    """The password was right, the second factor is still to come: the session may do nothing else."""
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


class SecondFactor(Base):
    """动态口令: the secret of an authenticator, encrypted. Not in force before it was confirmed with a first code."""

    __tablename__ = "auth_second_factor"
    __record__ = "auth.second_factor"

    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"), primary_key=True)
    secret_enc: Mapped[bytes] = mapped_column(LargeBinary, info=sealed(FACTOR_PURPOSE, "auth.account:{account_id}"))
    last_counter: Mapped[int] = mapped_column(default=0, info={"secret": True})
    confirmed_at: Mapped[dt.datetime | None]


class RecoveryCode(Base):
    """A code on paper for the day when the authenticator is lost; only its keyed fingerprint is kept."""

    __tablename__ = "auth_recovery_code"
    __audited__ = False
    __table_args__ = (Index(None, "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    used_at: Mapped[dt.datetime | None]
