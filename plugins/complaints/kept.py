"""From whom matters are kept: 回避 of the officers whom an accusation names, their team and their direct superior (domain rules §5)."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context
from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, mapped_column

from portal.context import Actor
from portal.database import Base, OrgScoped, Ready, read_beside
from portal.tenancy import Confidential


class ShutOut(OrgScoped, Base):
    """回避: an account from which an accusation is kept: the named officer, their team, their direct superior."""

    __tablename__ = "complaints_shut_out"
    __record__ = "complaints.shut_out"
    __plugin__ = None
    __table_args__ = (UniqueConstraint("complaint_id", "account_id"), Index(None, "account_id", "complaint_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    complaint_id: Mapped[int] = mapped_column(ForeignKey("complaints_complaint.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    why: Mapped[str] = mapped_column(String(12))


_TABLE: Any = ShutOut.__table__
_HIDDEN = Ready(select(_TABLE.c.complaint_id).where(_TABLE.c.account_id == bindparam("account")))


def hidden_complaints(actor: Actor) -> list[int]:
    """The accusations from which an account is shut out; nearly always none. Looked up once a request."""
    key = f"complaints_hidden_{actor.account_id}"
    if has_request_context() and key in g:
        return list(g.get(key))
    found = [row[0] for row in read_beside(_HIDDEN, {"account": actor.account_id})]
    if has_request_context():
        setattr(g, key, found)
    return found


class Kept(Confidential):
    """Kept from the officer whom an accusation names, their team and their direct superior (domain rules §5)."""

    @classmethod
    def complaint_key(cls) -> Any:
        """The column with the complaint's id."""
        return cls.complaint_id  # type: ignore[attr-defined]

    @classmethod
    def kept_from(cls, actor: Actor) -> ColumnElement[bool] | None:
        hidden = hidden_complaints(actor)
        return cls.complaint_key().in_(hidden) if hidden else None  # type: ignore[no-any-return]
