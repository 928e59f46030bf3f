"""Reading attendance sheets: what a row says of somebody and of a session, and why a row cannot be taken."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from plugins.training import rules, words
from portal.crypto import keyring
from portal.directory.idnumber import IdNumberError, check_id_number
from portal.directory.models import ID_PURPOSE, Person
from portal.records.exporting import restore
from portal.records.importing import ImportContext, RawRow
from portal.records.workbooks import normalise
from portal.text import close_name, seen

CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?::\d{2})?")


class Refusal(Exception):
    """Why a row is refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def key_of(title: str, day: dt.date) -> tuple[str, dt.date]:
    """What makes a session the same one: title and day, whichever brackets and blanks the title is written with."""
    return "".join(normalise(title).split()), day


def title_of(cell: Any) -> str:
    """A title as it was written: Chinese punctuation stays what it is."""
    return " ".join(seen(restore(cell)).split()) if isinstance(cell, str) else normalise(cell)


@dataclass(frozen=True)
class Meeting:
    """A session as a sheet names it."""

    title: str
    day: dt.date
    starts: dt.time | None
    ends: dt.time | None
    category: str
    organiser: str

    @property
    def key(self) -> tuple[str, dt.date]:
        return key_of(self.title, self.day)


@dataclass
class Item:
    """One attendance: who, where, how long."""

    row: int
    person: Any
    meeting: Meeting
    halves: int
    score: int | None
    status: str = "create"
    known: Any = None


def clock(cell: Any) -> dt.time | None:
    """A time of day in a cell; None for an empty one."""
    if cell in (None, ""):
        return None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 0 <= cell < 1:
        minutes = round(float(cell) * 1440)
        return dt.time(minutes // 60 % 24, minutes % 60)
    text = str(next(iter(cell.values()))) if isinstance(cell, dict) else normalise(cell)
    found = CLOCK.search(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Refusal("bad_time", _("“%(text)s”不是时间，请写成 09:00", text=text[:20]))
    return dt.time(int(found[1]), int(found[2]))


def halves_of(cell: Any) -> int:
    """Hours of a cell in halves."""
    try:
        return rules.parse_halves(normalise(cell))
    except rules.RuleError as error:
        raise Refusal("bad_hours", str(words.refused(error).message)) from None


def score_of(cell: Any) -> int | None:
    text = normalise(cell).removesuffix("分")
    if not text:
        return None
    found = re.fullmatch(r"\d{1,3}(?:\.0+)?", text)
    if found is None or float(text) > 100:
        raise Refusal("bad_score", _("“%(text)s”不是成绩，应为 0 至 100", text=text[:20]))
    return int(float(text))


class People:
    """The town's people, found by identity number, by its masked form with the name, or by a name that only one has."""

    def __init__(self, context: ImportContext) -> None:
        columns = (Person.id, Person.name, Person.id_number_index, Person.id_number_hint, Person.post_status, Person.left_on, Person.team)
        rows = context.session.execute(select(*columns).where(Person.org_id == context.org_id)).all()
        self.by_index = {bytes(row.id_number_index): row for row in rows if row.id_number_index is not None}
        self.by_name: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            self.by_name[row.name].append(row)
        self.ring = keyring()
        self.seen: dict[int, tuple[str, int]] = {}

    def find(self, raw: RawRow) -> Any:
        """Whoever a row is about. Raises Refusal."""
        name = close_name(normalise(raw.values.get("name")))
        if not name:
            raise Refusal("no_name", _("没有姓名"))
        row = self._find(name, raw.values.get("id_number"))
        earlier = self.seen.setdefault(row.id, (name, raw.row))
        if earlier[0] != name:
            raise Refusal("id_other_name", _("身份号码与第 %(row)s 行相同，姓名不同", row=earlier[1]))
        if row.name != name:
            raise Refusal("id_other_name", _("身份号码登记在“%(name)s”名下，请核对姓名", name=row.name))
        return row

    def _find(self, name: str, cell: Any) -> Any:
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            raise Refusal("id_as_number", _("身份号码以数字存放，末几位已丢失，请将该列设为文本后重新填写"))
        text = normalise(cell).replace(" ", "").upper()
        if "*" in text:
            same = [row for row in self.by_name.get(name, ()) if row.id_number_hint == text]
            if len(same) == 1:
                return same[0]
            raise Refusal("unknown_person", _("没有找到人员“%(name)s”，请先在“人员”中登记", name=name[:20]))
        if text:
            try:
                found = self.by_index.get(self.ring.blind_index(ID_PURPOSE, check_id_number(text[:40])))
            except IdNumberError as error:
                raise Refusal(error.code, str(error.message)) from None
            if found is None:
                raise Refusal("unknown_person", _("没有找到人员“%(name)s”，请先在“人员”中登记", name=name[:20]))
            return found
        same = self.by_name.get(name, [])
        if not same:
            raise Refusal("unknown_person", _("没有找到人员“%(name)s”，请先在“人员”中登记", name=name[:20]))
        if len(same) > 1:
            raise Refusal("ambiguous", _("本单位有 %(n)s 个“%(name)s”，请填写身份证号", n=len(same), name=name[:20]))
        return same[0]
