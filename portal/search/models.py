"""Tables of the search. Beside them stands ``core_search_grams``, which is of another kind on each database."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String, Table, Text
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base

ID_BITS, ORG_BITS = 32, 20


def key_of(kind: int, org_id: int, record_id: int) -> int:
    """The number under which a record stands in the index: kind, then town, then record.

    Records of one kind and town are neighbours, so that a search in a town reads its own stretch and nothing else.
    """
    return (kind << (ORG_BITS + ID_BITS)) | (org_id << ID_BITS) | record_id


def id_of(key: int) -> int:
    return key & ((1 << ID_BITS) - 1)


def stretch(kind: int, org_id: int | None = None) -> tuple[int, int]:
    """The first and the last number of a kind, or of a kind in a town."""
    if org_id is None:
        return key_of(kind, 0, 0), key_of(kind + 1, 0, 0) - 1
    return key_of(kind, org_id, 0), key_of(kind, org_id + 1, 0) - 1


class Kind(Base):
    """A kind of record that is searched, with the number that it has in the keys."""

    __tablename__ = "core_search_kind"
    __audited__ = False

    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    signature: Mapped[str] = mapped_column(String(40))
    """What was indexed and how, when the index of this kind was last built."""


class Document(Base):
    """The searched text of a record: its fields, folded, the heaviest first, a line each."""

    __tablename__ = "core_search_document"
    __audited__ = False

    key: Mapped[int] = mapped_column(BigInteger().with_variant(Integer(), "sqlite"), primary_key=True, autoincrement=False)
    text: Mapped[str] = mapped_column(Text)
    day: Mapped[int] = mapped_column(default=0)
    """The day that counts for how recent it is, as a number."""


KINDS: Table = Kind.__table__  # type: ignore[assignment]
DOCUMENTS: Table = Document.__table__  # type: ignore[assignment]
