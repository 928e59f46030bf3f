"""Tables of whoever complained: sealed, opened with a trace, forgotten in time; and of what is still being typed."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from plugins.complaints import rules
from plugins.complaints.kept import Kept
from portal.crypto import fingerprint, sealed
from portal.database import Base, OrgScoped

IDENTITY_PURPOSE = "complaints.identity"
CODE_BYTES = 16


class Identity(Kept, OrgScoped, Base):
    """投诉人身份: sealed field by field, bound to this row; only masked forms stand beside it."""

    __tablename__ = "complaints_identity"
    __record__ = "complaints.identity"
    __plugin__ = "complaints"
    __table_args__ = (Index(None, "org_id", "phone_index"), Index(None, "complaint_id"), Index(None, "org_id", "keep_until"))

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: uuid.uuid4().hex)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(f"{IDENTITY_PURPOSE}.name"))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(f"{IDENTITY_PURPOSE}.phone"))
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(f"{IDENTITY_PURPOSE}.address"))
    id_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(f"{IDENTITY_PURPOSE}.id_number"))
    phone_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), info=fingerprint("phone_sealed", IDENTITY_PURPOSE, rules.normal_phone))
    name_hint: Mapped[str] = mapped_column(String(20), default="", info={"secret": True})
    phone_hint: Mapped[str] = mapped_column(String(20), default="", info={"secret": True})
    reachable: Mapped[bool] = mapped_column(default=False)
    keep_until: Mapped[dt.date | None]
    """The last day on which it is kept, set when the matter is archived."""


class Opening(Kept, OrgScoped, Base):
    """身份开启记录: who opened an identity, when and why. Read by the supervisor; the auditor has the event."""

    __tablename__ = "complaints_opening"
    __record__ = "complaints.opening"
    __plugin__ = "complaints"
    __table_args__ = (Index(None, "org_id", "id"), Index(None, "complaint_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    account_name: Mapped[str] = mapped_column(String(60))
    role: Mapped[str] = mapped_column(String(40))
    opened_at: Mapped[dt.datetime]
    reason: Mapped[str] = mapped_column(String(200))


class Draft(OrgScoped, Base):
    """登记草稿: what an account is typing, sealed, until it is registered or thrown away."""

    __tablename__ = "complaints_draft"
    __record__ = "complaints.draft"
    __plugin__ = "complaints"
    __audited__ = False
    __table_args__ = (UniqueConstraint("org_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: uuid.uuid4().hex)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary, info=sealed(f"{IDENTITY_PURPOSE}.sealed"))
    saved_at: Mapped[dt.datetime]
