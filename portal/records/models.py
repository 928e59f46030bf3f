"""Tables that all records share."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.crypto import keyring, sealed
from portal.database import Base, JSONValue, OrgScoped

UPLOAD_PURPOSE = "records.import_run.content"


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
    content: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(UPLOAD_PURPOSE, "{org_id}:{digest}"))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    created_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]
    result: Mapped[Any | None] = mapped_column(JSONValue)
    mapping: Mapped[Any | None] = mapped_column(JSONValue)
    """Which column is which field, where the file's own headings do not say it (``portal.records.mapping``)."""

    def keep(self, data: bytes) -> None:
        """Keep the bytes of the file, sealed: people's names and numbers are in it. ``org_id`` and ``digest`` are set already."""
        self.content = keyring().seal(UPLOAD_PURPOSE, data, f"{self.org_id}:{self.digest}")

    def bytes_kept(self) -> bytes:
        """The bytes of the file; it was looked at whether they are still kept."""
        assert self.content is not None
        return keyring().unseal(UPLOAD_PURPOSE, bytes(self.content), f"{self.org_id}:{self.digest}")


class ImportMapping(OrgScoped, Base):
    """How a town reads the files of somebody else: which heading is which field, which word is which value. Kept by name."""

    __tablename__ = "records_import_mapping"
    __record__ = "records.import_mapping"
    __table_args__ = (UniqueConstraint("org_id", "import_name", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_name: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    columns: Mapped[Any] = mapped_column(JSONValue)
    """``{field: heading}``."""
    words: Mapped[Any] = mapped_column(JSONValue)
    """``{field: {word in the file: our value}}``."""
    used_at: Mapped[dt.datetime]
