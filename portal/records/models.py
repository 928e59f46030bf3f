"""Tables that all records share."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base, JSONValue, OrgScoped


class Counter(Base):
    """The last number given in a series of an organisation and year."""

    __tablename__ = "records_counter"
    __audited__ = False

    org_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"), primary_key=True)
    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int] = mapped_column(default=0)


class ImportRun(OrgScoped, Base):
    """A file that was looked at for import: its bytes until it is confirmed, and what came of it."""

    __tablename__ = "records_import_run"
    __record__ = "records.import_run"
    __table_args__ = (Index(None, "org_id", "created_at"), Index(None, "org_id", "digest"))

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40))
    filename: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info={"secret": True})
    created_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    created_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]
    result: Mapped[Any | None] = mapped_column(JSONValue)
