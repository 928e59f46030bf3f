"""Reading the rows of an office's own register of complaints 投诉举报登记簿, e.g. last year's book in Excel.

Its numbers are kept and ours go on behind them; what was closed comes in as archived with its dates; whoever complained is
sealed on the way in. Masked names of an export are nobody's names and change nothing. States that the office writes in
words are taken as they stand; nothing else is made up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from flask import g, has_request_context
from flask_babel import gettext as _

from plugins.complaints import figures, intake, rights, rules
from plugins.complaints import ledger_words as lw
from portal.auth.permissions import can
from portal.directory.idnumber import IdNumberError, check_id_number
from portal.errors import Refused
from portal.records.exporting import restore
from portal.records.importing import ImportContext, RawRow, RowResult
from portal.records.numbers import format_number
from portal.records.workbooks import CellError, normalise, parse_date
from portal.settings import get_setting
from portal.text import close_name

CLOSED = ("concluded", "replied", "archived")
IN_HAND = ("assigned", "handling", "suspended")
LENGTHS = {
    "number": 60, "category": 40, "title": 100, "content": 20_000, "demand": 5000, "place": 120, "object_name": 120, "external_no": 60, "handler": 60,
    "state_reason": 2000, "facts": 10_000, "measures": 10_000, "reply_text": 10_000, "remark": 5000, "address": 120, "main": 60, "officers": 200,
}  # fmt: skip
LONG = ("content", "demand", "facts", "measures", "reply_text", "remark", "state_reason")
FOLLOW = (("happened_on", "received"), ("received", "concluded_on"), ("concluded_on", "replied_on"), ("received", "archived_on"), ("received", "due"))
"""Which day cannot come before which."""
OLDEST = dt.timedelta(days=3660)
YEAR, SEQUENCE = "\ue001", "\ue002"


class Refusal(Exception):
    """Why a row is refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


def title_of(key: str) -> Any:
    return next(column.title for column in lw.COLUMNS if column.key == key)


def normal_number(text: str) -> str:
    """A number as it is kept: no blanks, the year in the brackets of official numbers."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    return re.sub(rf"[\[【(〈《<〔﹝](\d{{4}}|{YEAR})[\]】)〉》>〕﹞]", r"〔\1〕", plain)


def content_key(text: str) -> bytes:
    """A fingerprint of a content that does not mind blanks, stops and width."""
    return hashlib.sha256(re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text)).encode("utf-8", "ignore")).digest()


@dataclass(frozen=True)
class NumberForm:
    """The form of a town's numbers, for reading year and sequence out of them."""

    series: str
    pattern: str
    expression: re.Pattern[str]

    @classmethod
    def of(cls, pattern: str, short_name: str, series: str) -> NumberForm:
        named = normal_number(pattern.replace("{org}", short_name).replace("{year}", YEAR).replace("{seq}", SEQUENCE))
        text = re.escape(named).replace(YEAR, r"(?P<year>\d{4})", 1).replace(SEQUENCE, r"0*(?P<seq>\d{1,7})", 1)
        return cls(series, pattern, re.compile(text.replace(YEAR, r"\d{4}").replace(SEQUENCE, r"\d{1,7}")))

    def read(self, number: str) -> tuple[int, int] | None:
        """Year and sequence; None for a number of another form."""
        found = self.expression.fullmatch(number)
        parts = found.groupdict() if found else {}
        return (int(parts["year"]), int(parts["seq"])) if parts.get("year") and int(parts.get("seq") or 0) else None


def text_of(cell: Any, longest: int, *, lines: bool = False) -> str:
    """A text as it was written, with its own punctuation. Raises Refused when it is too long."""
    return intake.clean_text(restore(cell) if isinstance(cell, str) else normalise(cell), longest, lines=lines)


def date_of(cells: dict[str, Any], key: str) -> dt.date | None:
    """A date as offices write it; None for an empty cell. Raises Refusal with the column's name."""
    try:
        return parse_date(cells.get(key))
    except CellError as error:
        raise Refusal("bad_date", f"{title_of(key)}{error}") from None


def phone_of(cells: dict[str, Any]) -> str:
    """The first telephone in a cell; masked ones as they stand, words for nobody as nothing. Raises Refusal."""
    text = normalise(cells.get("phone"))
    if not text or text in lw.NOBODY or "*" in text:
        return text if "*" in text else ""
    first = re.split(r"[/、,，;；]|\s或\s", text)[0].strip()
    plain = re.sub(r"(?<=\d)\s+(?=\d)", "", first)
    if rules.phone_refusal(plain):
        raise Refusal("bad_phone", _("联系电话不是手机号码或带区号的固定电话"))
    return plain


class Reader:
    """Reads rows on their own: the cells, and what repeats within the file."""

    def __init__(self, context: ImportContext) -> None:
        self.context = context
        from portal.directory.models import Organisation

        organisation = context.session.get(Organisation, context.org_id)
        assert organisation is not None
        patterns = ((figures.NUMBER, ""), (figures.ACCUSATION_NUMBER, "控"))
        self.short_name = organisation.short_name
        self.forms = [NumberForm.of(get_setting(key, context.org_id, context.today), organisation.short_name, series) for key, series in patterns]
        self.numbers: dict[str, int] = {}
        self.contents: dict[tuple[dt.date, bytes], int] = {}
        self.may_accuse = not has_request_context() or g.get("grant") is None or can(rights.ACCUSATIONS)

    def read(self, raw: RawRow) -> RowResult:
        result = RowResult(raw.row, "create", cells=raw.cells)
        try:
            result.values = self._values(raw, result.shown)
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, refusal.message
        return result

    def _values(self, raw: RawRow, shown: dict[str, str]) -> dict[str, Any]:
        cells = raw.values
        text = {key: self._text(cells, key, longest) for key, longest in LENGTHS.items()}
        number = shown["number"] = re.sub(r"\s", "", text["number"])
        text["content"] = text["content"] or text["title"]
        shown["content"] = (text["title"] or text["content"])[:40]
        if not text["content"]:
            raise Refusal("no_content", _("没有反映内容"))
        received = date_of(cells, "received_on")
        if received is None:
            raise Refusal("no_date", _("没有收到日期"))
        if received > self.context.today:
            raise Refusal("future", _("收到日期 %(day)s 晚于今天", day=received))
        if received < self.context.today - OLDEST:
            raise Refusal("too_old", _("收到日期 %(day)s 早于十年前，请核对", day=received))
        shown["received_on"] = received.isoformat()
        values: dict[str, Any] = {**text, "number": number, "written": number, "received_on": received, "key": content_key(text["content"])}
        values.update(self._what(cells, text), **self._dates(cells, received))
        self._twice(raw.row, values)
        values.update(self._number(values))
        shown["number"] = values["number"]
        if values["kind"] == "accusation" and not self.may_accuse:
            raise Refusal("accusation", _("检举控告由有权限的人员登记，不能由您导入"))
        self._state(cells, values)
        values["who"] = self._who(cells, values)
        from plugins.complaints.words import KINDS
        from plugins.complaints.workflow import COMPLAINT

        shown.update(kind=str(KINDS[values["kind"]]), state=str(COMPLAINT.state(values["state"]).title), result=values["result"])
        shown.update(name=_("匿名") if values["anonymous"] else rules.mask_name(values["who"]["name"]), phone=rules.mask_phone(values["who"]["phone"]))
        return values

    @staticmethod
    def _text(cells: dict[str, Any], key: str, longest: int) -> str:
        try:
            return text_of(cells.get(key), longest, lines=key in LONG)
        except Refused:
            raise Refusal("too_long", _("“%(title)s”超过 %(n)s 个字", title=title_of(key), n=longest)) from None

    @staticmethod
    def _word(cells: dict[str, Any], key: str, known: dict[str, str]) -> str | None:
        """The value that a word means; None for an unknown one."""
        return known.get(lw.word(normalise(cells.get(key))))

    def _what(self, cells: dict[str, Any], text: dict[str, str]) -> dict[str, Any]:
        channel = self._word(cells, "channel", lw.CHANNELS)
        if channel is None:
            raise Refusal("bad_channel", _("渠道“%(text)s”不认识，应为：%(names)s", text=normalise(cells.get("channel"))[:20], names="、".join(rules.CHANNELS)))
        said = normalise(cells.get("kind"))
        kind = lw.KINDS.get(lw.word(said))
        category = text["category"]
        if kind is None:  # offices write the field of the matter into a column of this name
            category = category or said[:40]
            kind = "hotline" if channel == "12345热线转办" else "report"
        if kind == "report" and any(form.series and form.read(normal_number(text["number"])) for form in self.forms):
            kind = "accusation"
        urgency = self._word(cells, "urgency", lw.URGENCIES)
        if urgency is None:
            raise Refusal("bad_urgency", _("紧急程度“%(text)s”不认识", text=normalise(cells.get("urgency"))[:20]))
        reply = self._word(cells, "reply_how", lw.REPLIES)
        return {"channel": channel, "kind": kind, "category": category, "urgency": urgency, "reply_how": "" if reply is None else reply}

    def _dates(self, cells: dict[str, Any], received: dt.date) -> dict[str, Any]:
        found = {key: date_of(cells, key) for key in ("happened_on", "concluded_on", "replied_on", "archived_on", "due")}
        for key in ("happened_on", "concluded_on", "replied_on", "archived_on"):
            day = found[key]
            if day is not None and day > self.context.today:
                raise Refusal("future", _("%(title)s %(day)s 晚于今天", title=title_of(key), day=day))
        for earlier, later in FOLLOW:
            one = received if earlier == "received" else found[earlier]
            other = received if later == "received" else found[later]
            if one is not None and other is not None and one > other:
                names = [title_of("received_on" if key == "received" else key) for key in (later, earlier)]
                raise Refusal("order", _("%(later)s %(b)s 早于%(earlier)s %(a)s", later=names[0], earlier=names[1], a=one, b=other))
        return found

    def _twice(self, row: int, values: dict[str, Any]) -> None:
        if values["number"]:
            earlier = self.numbers.setdefault(normal_number(values["number"]), row)
            if earlier != row:
                raise Refusal("duplicate_number", _("编号与第 %(row)s 行重复", row=earlier))
            return
        earlier = self.contents.setdefault((values["received_on"], values["key"]), row)
        if earlier != row:
            raise Refusal("duplicate_content", _("与第 %(row)s 行日期、内容相同，且没有编号", row=earlier))

    def _number(self, values: dict[str, Any]) -> dict[str, Any]:
        """Series, year and sequence of an own number, in our brackets; a number of another form stays as it is, in a series of its own."""
        series = "控" if values["kind"] == "accusation" else ""
        form = next(form for form in self.forms if form.series == series)
        read = form.read(normal_number(values["number"]))
        if read is not None and 1990 <= read[0] <= self.context.today.year:
            return {"series": series, "year": read[0], "seq": read[1], "number": format_number(form.pattern, self.short_name, *read)}
        return {"series": "旧" if values["number"] else series, "year": values["received_on"].year, "seq": None}

    def _state(self, cells: dict[str, Any], values: dict[str, Any]) -> None:
        """The state in the office's words; what is closed is archived, unless the sheet tells archiving apart."""
        said = normalise(cells.get("result"))
        result = lw.RESULTS.get(lw.word(said)) if said else ""
        if result is None:  # many registers describe the outcome in this column
            result, values["measures"] = "", values["measures"] or said
        values["result"] = result
        word = lw.word(normalise(cells.get("state")))
        closed = any(values[key] for key in ("concluded_on", "replied_on", "archived_on"))
        state = lw.STATES.get(word) if word else ("archived" if values["archived_on"] else "concluded" if closed or result else "registered")
        if state is None:
            raise Refusal("bad_state", _("状态“%(text)s”不认识", text=normalise(cells.get("state"))[:20]))
        if state in ("concluded", "replied") and "archived_on" not in cells:
            state = "archived"
        if state in ("concluded", "replied") and not result:
            raise Refusal("no_result", _("已办结但没有结论，应为：%(names)s", names="、".join(rules.RESULTS)))
        if state == "archived":
            last = values["archived_on"] or values["replied_on"] or values["concluded_on"]
            values["archived_on"] = last or min(self.context.today, dt.date(values["received_on"].year, 12, 31))
        if state in ("concluded", "replied") and values["concluded_on"] is None:
            values["concluded_on"] = values["replied_on"] or values["received_on"]
        values["state"] = state

    def _who(self, cells: dict[str, Any], values: dict[str, Any]) -> dict[str, str]:
        """Whoever complained; masked values of an export are none. Sets ``anonymous`` and ``confidential``."""
        who = {"name": close_name(normalise(cells.get("name")))[:60], "phone": phone_of(cells), "address": values["address"], "id_number": ""}
        if isinstance(cells.get("id_number"), (int, float)) and not isinstance(cells.get("id_number"), bool):
            raise Refusal("id_as_number", _("证件号以数字存放，末几位已丢失，请将该列设为文本后重新填写"))
        who["id_number"] = normalise(cells.get("id_number"))
        values["masked"] = any("*" in text for text in who.values())
        who = {key: "" if "*" in text else text for key, text in who.items()}
        if who["id_number"]:
            try:
                who["id_number"] = check_id_number(who["id_number"][:40])
            except IdNumberError as error:
                raise Refusal(error.code, error.message) from None
        said = lw.word(normalise(cells.get("anonymous")))
        real = lw.word(normalise(cells.get("real_name")))
        nameless = who["name"] in lw.NOBODY
        if said or "anonymous" in cells:
            values["anonymous"] = said in lw.YES
        elif real or "real_name" in cells:
            values["anonymous"] = real in lw.NO or real == "匿名"
        else:
            values["anonymous"] = who["name"] in lw.ANONYMOUS or (nameless and not who["phone"] and not values["masked"])
        values["confidential"] = lw.word(normalise(cells.get("confidential"))) in lw.YES
        who["name"] = "" if nameless else who["name"]
        return dict.fromkeys(who, "") if values["anonymous"] else who
