"""Files with somebody else's headings: a town says once which column is which field, and next time the file is recognised.

An :class:`~portal.records.importing.ImportSpec` with ``mapped`` goes this way. The proposal comes from the headings' likeness
to the fields' names; words of a field with fixed values are mapped too. What was said is kept by name for the town.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.database import utcnow
from portal.errors import Refused
from portal.records.models import ImportMapping
from portal.records.workbooks import HEADER_ROWS, Header, Sheet, heading, normalise, refuse

LIKE_ENOUGH = 0.5
VALUE_LIKE_ENOUGH = 0.4
MOST_WORDS = 60
SAMPLES = 3
LONGEST_NAME = 60


@dataclass(frozen=True)
class FileMapping:
    """Which heading is which field, and which word in the file is which of our values."""

    columns: Mapping[str, str]
    words: Mapping[str, Mapping[str, str]]
    name: str = ""

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> FileMapping:
        """From its JSON form."""
        return cls(dict(data["columns"]), {key: dict(words) for key, words in data["words"].items()}, str(data.get("name", "")))

    def plain(self) -> dict[str, Any]:
        """As JSON keeps it."""
        return {"columns": dict(self.columns), "words": {key: dict(words) for key, words in self.words.items()}, "name": self.name}

    def header(self, sheets: Sequence[Sheet]) -> Header | None:
        """The row that has all the mapped headings; None where the file is another one."""
        for sheet in sheets:
            for row, cells in sheet.rows[:HEADER_ROWS]:
                titles = [heading(cell) for cell in cells]
                if self.columns and all(title in titles for title in self.columns.values()):
                    return Header(sheet, row, {key: titles.index(title) for key, title in self.columns.items()}, [normalise(cell) for cell in cells])
        return None

    def translate(self, rows: Iterable[Any]) -> None:
        """Put our values in place of the file's words."""
        for raw in rows:
            for key, words in self.words.items():
                said = normalise(raw.values.get(key))
                if said in words:
                    raw.values[key] = words[said]


def likeness(one: str, other: str) -> float:
    """How alike two headings are, from 0 to 1: equal, one within the other, or many characters in common."""
    one, other = heading(one), heading(other)
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    shorter, longer = sorted((len(one), len(other)))
    if one in other or other in one:
        return 0.6 + 0.35 * shorter / longer
    common = sum(min(one.count(sign), other.count(sign)) for sign in set(one))
    return 0.9 * 2 * common / (shorter + longer)


def closest(titles: Sequence[str], names: Mapping[str, Sequence[str]]) -> dict[int, str]:
    """A proposal: for each column the field that it is most like, each field once, the surest first."""
    scores = [
        (max((likeness(title, name) for name in known), default=0.0), index, key) for index, title in enumerate(titles) for key, known in names.items()
    ]
    found: dict[int, str] = {}
    for score, index, key in sorted(scores, key=lambda item: (-item[0], item[1])):
        if score >= LIKE_ENOUGH and index not in found and key not in found.values():
            found[index] = key
    return found


def guess_header(sheets: Sequence[Sheet], names: Mapping[str, Sequence[str]]) -> Header:
    """The row that looks most like headings: many different short texts, some of them like our fields. Raises WorkbookError."""
    best: tuple[float, Header] | None = None
    for sheet in sheets:
        for number, (row, cells) in enumerate(sheet.rows[:HEADER_ROWS]):
            titles = [heading(cell) for cell in cells]
            given = {title for title in titles if 0 < len(title) <= 30}
            if len(given) < 2 or number + 1 >= len(sheet.rows):
                continue
            score = len(given) + 3.0 * len(closest(titles, names)) - 0.01 * number
            if best is None or score > best[0]:
                best = score, Header(sheet, row, {}, [normalise(cell) for cell in cells])
    if best is None:
        raise refuse("empty")
    return best[1]


def samples(header: Header, index: int) -> list[str]:
    """The first few values under a heading."""
    found: list[str] = []
    for row, cells in header.sheet.rows:
        text = normalise(cells[index])[:30] if row > header.row and index < len(cells) else ""
        if text and text not in found:
            found.append(text)
        if len(found) == SAMPLES:
            break
    return found


def said_words(header: Header, index: int) -> list[str]:
    """The different words under a heading, as many as anybody would map by hand."""
    found: dict[str, None] = {}
    for row, cells in header.sheet.rows:
        text = normalise(cells[index])[:60] if row > header.row and index < len(cells) else ""
        if text:
            found.setdefault(text)
        if len(found) > MOST_WORDS:
            break
    return list(found)[:MOST_WORDS]


def closest_value(word: str, choices: Sequence[tuple[str, Any]]) -> str:
    """The value whose name is most like a word; empty when none is."""
    scored = [(likeness(word, str(title)), code) for code, title in choices]
    best = max(scored, default=(0.0, ""))
    return best[1] if best[0] >= VALUE_LIKE_ENOUGH else ""


# -- what towns have kept ------------------------------------------------------------------------------------------------


def kept(session: Session, org_id: int, import_name: str) -> list[ImportMapping]:
    """The mappings of a town, the one used last first."""
    found = select(ImportMapping).where(ImportMapping.org_id == org_id, ImportMapping.import_name == import_name)
    return list(session.scalars(found.order_by(ImportMapping.used_at.desc(), ImportMapping.id.desc())))


def of_row(row: ImportMapping) -> FileMapping:
    return FileMapping(dict(row.columns), {key: dict(words) for key, words in row.words.items()}, row.name)


def recognise(session: Session, org_id: int, import_name: str, sheets: Sequence[Sheet], name: str = "") -> FileMapping | None:
    """The kept mapping that fits a file (that of this name, if one is given); of several the one with most columns."""
    fitting = [mapping for mapping in map(of_row, kept(session, org_id, import_name)) if (not name or mapping.name == name) and mapping.header(sheets)]
    return max(fitting, key=lambda mapping: len(mapping.columns), default=None)


def keep(session: Session, org_id: int, import_name: str, mapping: FileMapping) -> ImportMapping:
    """Keep a mapping under its name; one of the same name is replaced. In the open unit of work. Raises Refused."""
    name = " ".join(mapping.name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Refused(_("请给这种文件起个名字，最多 %(n)s 个字。", n=LONGEST_NAME), field="name")
    row = next((row for row in kept(session, org_id, import_name) if row.name == name), None)
    if row is None:
        row = ImportMapping(org_id=org_id, import_name=import_name, name=name, columns={}, words={}, used_at=utcnow())
        session.add(row)
    row.columns, row.words, row.used_at = dict(mapping.columns), {key: dict(words) for key, words in mapping.words.items()}, utcnow()
    session.flush()
    return row
