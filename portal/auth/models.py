"""Accounts, the roles given to them, their sessions, and what the login throttle counts."""

from __future__ import annotations

import datetime as dt

from flask_login import UserMixin
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    or_,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship
from sqlalchemy.sql.elements import ColumnElement

from portal.database import Base, Versioned, utcnow
from portal.directory.models import Organisation

BUSINESS = "business"
ADMINISTRATORS = ("system_admin", "security_admin", "security_auditor")
"""三员. Each excludes the other two and every business role."""
DUTIES = (BUSINESS, *ADMINISTRATORS)

_NAMES = ",".join(f"'{name}'" for name in ADMINISTRATORS)

FULL = "full"
SECOND_FACTOR = "second_factor"
"""Stage of a session whose owner has given the password but not yet the code."""


class Account(UserMixin, Versioned, Base):
    """账号. ``duty`` is fixed by the first role given: business, or one of the three administrators for good."""

    __tablename__ = "auth_account"
    __record__ = "auth.account"
    __table_args__ = (
        UniqueConstraint("id", "duty"),
        CheckConstraint(f"duty IN ('{BUSINESS}',{_NAMES})", name="duty"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    phone: Mapped[str] = mapped_column(String(20), default="")
    password_hash: Mapped[str] = mapped_column(String(255), info={"secret": True})
    password_set_at: Mapped[dt.datetime]
    must_change: Mapped[bool] = mapped_column(default=False)
    one_time_until: Mapped[dt.datetime | None]
    """A one-time password is refused after this moment."""
    active: Mapped[bool] = mapped_column(default=True)
    locked_until: Mapped[dt.datetime | None]
    duty: Mapped[str] = mapped_column(String(20), default=BUSINESS)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("directory_person.id"), index=True)
    created_at: Mapped[dt.datetime] = mapped_column(default=utcnow)

    @property
    def is_active(self) -> bool:  # type: ignore[override]
        """As Flask-Login asks it."""
        return self.active

    def resting(self, now: dt.datetime) -> bool:
        """Whether the account is locked at this moment."""
        return self.locked_until is not None and self.locked_until > now


class RoleGrant(Base):
    """授权: a role given to an account in an organisation, from a day on, to a day (inclusive) or without end.

    ``duty`` repeats the account's, bound by a foreign key, so that the database itself keeps the administrators apart.
    """

    __tablename__ = "auth_role_grant"
    __record__ = "auth.role_grant"
    __table_args__ = (
        ForeignKeyConstraint(["account_id", "duty"], ["auth_account.id", "auth_account.duty"]),
        CheckConstraint(
            f"(role IN ({_NAMES}) AND duty = role) OR (role NOT IN ({_NAMES}) AND duty = '{BUSINESS}')", name="duty"
        ),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="period"),
        Index(None, "account_id", "role"),
        Index(None, "org_id", "role"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int]
    duty: Mapped[str] = mapped_column(String(20))
    role: Mapped[str] = mapped_column(String(40))
    org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    valid_from: Mapped[dt.date]
    valid_to: Mapped[dt.date | None]
    granted_by: Mapped[int | None]
    granted_at: Mapped[dt.datetime] = mapped_column(default=utcnow)
    ended_at: Mapped[dt.datetime | None]

    account: Mapped[Account] = relationship(
        viewonly=True, primaryjoin="RoleGrant.account_id == Account.id", foreign_keys="RoleGrant.account_id"
    )
    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    def holds(self, today: dt.date) -> bool:
        """Whether the grant gives its rights on this day."""
        return self.ended_at is None and self.valid_from <= today and (self.valid_to is None or today <= self.valid_to)

    @classmethod
    def holding(cls, today: dt.date) -> list[ColumnElement[bool]]:
        """The conditions of :meth:`holds` for a query."""
        return [cls.ended_at.is_(None), cls.valid_from <= today, or_(cls.valid_to.is_(None), cls.valid_to >= today)]


class AccountSession(Base):
    """登录会话. The browser holds a random token, the table its hash."""

    __tablename__ = "auth_session"
    __audited__ = False
    __table_args__ = (Index(None, "account_id", "revoked"), Index(None, "created"))

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True, info={"secret": True})
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    grant_id: Mapped[int | None] = mapped_column(ForeignKey("auth_role_grant.id"))
    stage: Mapped[str] = mapped_column(String(16), default=FULL)
    created: Mapped[dt.datetime]
    seen: Mapped[dt.datetime]
    fresh_at: Mapped[dt.datetime]
    """When the password was last given in this session."""
    address: Mapped[str] = mapped_column(String(64), default="")
    agent: Mapped[str] = mapped_column(String(200), default="")
    revoked: Mapped[dt.datetime | None]
    ended_by: Mapped[str] = mapped_column(String(20), default="")

    account: Mapped[Account] = relationship()

    @property
    def ref(self) -> str:
        """What the trail says of the session: never the token, nor enough of its hash to find one."""
        return self.token_hash.hex()[:16]


class LoginAttempt(Base):
    """登录尝试. The name as it was typed is kept as a keyed hash only: people type passwords into the wrong field."""

    __tablename__ = "auth_login_attempt"
    __audited__ = False
    __table_args__ = (
        Index(None, "username_key", "at"),
        Index(None, "address", "at"),
        Index(None, "account_id", "at"),
        Index(None, "at"),
    )

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
    at: Mapped[dt.datetime]
    username_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None]
    ok: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(16), default="")
    counts: Mapped[bool] = mapped_column(default=True)
    """Whether the throttle still counts this failure; unlocking clears it."""


class PasswordHistory(Base):
    """曾用密码: hashes of earlier passwords, as many as the policy looks back."""

    __tablename__ = "auth_password_history"
    __audited__ = False
    __table_args__ = (Index(None, "account_id", "set_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    password_hash: Mapped[str] = mapped_column(String(255), info={"secret": True})
    set_at: Mapped[dt.datetime]


class SecondFactor(Base):
    """动态口令: the encrypted secret of an account's authenticator and the last counter it was used with."""

    __tablename__ = "auth_second_factor"
    __audited__ = False

    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"), primary_key=True, autoincrement=False)
    secret_enc: Mapped[bytes] = mapped_column(LargeBinary, info={"secret": True})
    last_counter: Mapped[int] = mapped_column(BigInteger, default=0)
    confirmed_at: Mapped[dt.datetime | None]
    """None while the enrolment has not been confirmed by a code."""


class RecoveryCode(Base):
    """恢复码: a code for one login without the authenticator, kept as a keyed hash."""

    __tablename__ = "auth_recovery_code"
    __audited__ = False
    __table_args__ = (UniqueConstraint("account_id", "code_hash"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), info={"secret": True})
    used_at: Mapped[dt.datetime | None]
