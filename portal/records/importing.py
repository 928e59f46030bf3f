"""Import of tables: read, check row by row, show, and then write the good rows in one transaction.

A plugin declares an :class:`ImportSpec`; pages, command line and tests use the same functions.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from portal import audit
from portal.database import db
from portal.directory.models import Organisation
from portal.errors import Conflict, NotFound
from portal.records import workbooks
from portal.records.exporting import EXACT, restore, write_xlsx
from portal.records.mapping import FileMapping, recognise
from portal.records.workbooks import Header, Sheet, column_letters, find_header, normalise, read_workbook
from portal.work import unit_of_work

LANGUAGES = ("zh_Hans_CN", "en")
ADDED = ("原表行号", "拒绝原因", "Sheet row", "Reason for refusal")
TOTALS = ("合计", "总计", "小计", "共计")
CHANGED = _l("登记的内容刚刚有变动，没有写入任何一行。请重新核对。")
SIGNATURES = ("填表人", "审核人", "制表", "负责人", "填报", "经办人", "备注", "说明", "注:", "注：")


@dataclass(frozen=True)
class ImportColumn:
    """A column with its heading and the other headings under which offices write it.

    ``choices(context)``: the values that it may have, for mapping the words of a file whose headings are mapped.
    """

    key: str
    title: Any
    aliases: tuple[str, ...] = ()
    required: bool = False
    choices: Callable[[ImportContext], Sequence[tuple[str, Any]]] | None = None


@dataclass
class RawRow:
    """A row of the sheet as it was read: its number, its cells by column, the columns that hold formulas."""

    row: int
    values: dict[str, Any]
    formulas: frozenset[str] = frozenset()
    cells: Sequence[Any] = ()


def is_data(raw: RawRow) -> bool:
    """Whether a row is one of the table: not empty, no total, no line for signatures.

    A row that begins like a total or a signature but is filled in like the others is one of the table: nothing that an
    office wrote is passed over in silence.
    """
    first = next((word for word in map(normalise, raw.cells) if word), "").replace(" ", "")
    if not first:
        return False
    least = min(2, len(raw.values))
    if first.startswith(TOTALS) or first.startswith(SIGNATURES):
        least = max(least, len(raw.values) // 2 + 1)
    given = 0
    for key, value in raw.values.items():
        if value not in ("", None) and (key != "serial" or isinstance(value, (int, float)) or normalise(value).isdecimal()) and normalise(value):
            given += 1
            if given == least:
                return True
    return False


@dataclass
class RowResult:
    """What is to be done with a row: ``create``, ``update``, ``skip`` or ``refuse``, with a code and words for the reader.

    ``shown`` is for the preview, ``changes`` old and new values of an update, ``values`` what ``apply`` needs.
    """

    row: int
    status: str
    code: str = ""
    message: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)
    cells: Sequence[Any] = ()


@dataclass(frozen=True)
class ImportContext:
    """For whom and on which day the rows are checked. ``header`` is there while rows are checked: for tables whose columns are data."""

    session: Session
    org_id: int
    org_name: str
    today: dt.date
    header: Header | None = None


@dataclass(frozen=True)
class ImportSpec:
    """What can be imported. ``check`` looks at all rows at once and writes nothing; ``apply`` writes the good ones.

    ``mapped``: the headings are somebody else's; each town says once which is which (``portal.records.mapping``).
    ``of_district``: the table is the district's, not a town's.
    """

    name: str
    title: Any
    plugin: str
    permission: str
    columns: tuple[ImportColumn, ...]
    check: Callable[[list[RawRow], ImportContext], list[RowResult]]
    apply: Callable[[Session, list[RowResult], ImportContext], None]
    help: Any = ""
    done_endpoint: str = ""
    is_data: Callable[[RawRow], bool] = is_data
    mapped: bool = False
    of_district: bool = False

    def headings(self) -> dict[str, tuple[str, ...]]:
        """The headings of each column, in every language of the portal: a roster is Chinese whatever its reader speaks."""
        found: dict[str, tuple[str, ...]] = {column.key: (str(column.title),) for column in self.columns}
        for language in LANGUAGES:
            with force_locale(language):
                found = {column.key: (*found[column.key], str(column.title)) for column in self.columns}
        return {column.key: (*found[column.key], *column.aliases) for column in self.columns}

    def titles(self) -> dict[str, str]:
        return {column.key: str(column.title) for column in self.columns}


@dataclass
class Checked:
    """A file that was read and checked."""

    header: Header
    results: list[RowResult]

    def counts(self) -> dict[str, int]:
        found = Counter(result.status for result in self.results)
        return {status: found.get(status, 0) for status in ("create", "update", "skip", "refuse")}

    def columns(self, spec: ImportSpec) -> dict[str, str]:
        """The columns that some row shows, with their headings."""
        shown = {key for result in self.results for key in result.shown}
        return {key: title for key, title in spec.titles().items() if key in shown}

    def digest(self) -> str:
        """What would be done, in a few letters: to notice that the register changed between looking and confirming."""
        lines = [(result.row, result.status, result.code, sorted(result.changes.items())) for result in self.results]
        return hashlib.sha256(repr(lines).encode("utf-8", "replace")).hexdigest()[:32]

    def refused(self) -> list[RowResult]:
        return [result for result in self.results if result.status == "refuse"]

    def report(self) -> dict[str, Any]:
        """The outcome in the words of the command line."""
        counts = self.counts()
        refused = [{"row": result.row, "code": result.code, "message": result.message} for result in self.refused()]
        return {"created": counts["create"], "updated": counts["update"], "skipped": counts["skip"], "refused": refused}


def spec_of(name: str, org_id: int | None) -> ImportSpec:
    """The import of this name, where its plugin is on; raises NotFound."""
    plugins = current_app.extensions["portal"].plugins
    found = next((spec for spec in plugins.collect_for(org_id, "portal_importers") if spec.name == name), None)
    if found is None:
        raise NotFound(_("没有名为“%(name)s”的导入。", name=name))
    spec: ImportSpec = found
    return spec


def raw_rows(header: Header, is_data: Callable[[RawRow], bool] = is_data) -> list[RawRow]:
    """The data rows under the header."""
    letters = {column_letters(index): key for key, index in header.columns.items()}
    marked: dict[int, set[str]] = {}
    for row, column in header.sheet.formulas:
        if column in letters:
            marked.setdefault(row, set()).add(letters[column])
    plan = list(header.columns.items())
    found = []
    for row, cells in header.sheet.rows:
        if row <= header.row:
            continue
        width = len(cells)
        values = {key: cells[index] if index < width else "" for key, index in plan}
        raw = RawRow(row, values, frozenset(marked.get(row, ())), cells)
        if is_data(raw):
            found.append(raw)
    return found


@dataclass(frozen=True)
class Loaded:
    """A file that was read: its header and its data rows."""

    header: Header
    rows: list[RawRow]


def load(spec: ImportSpec, data: bytes, filename: str, mapping: FileMapping | None = None) -> Loaded:
    """Read a file; no transaction is open meanwhile. Raises WorkbookError where the whole file is refused."""
    return load_sheets(spec, read_workbook(data, filename), mapping)


def load_sheets(spec: ImportSpec, sheets: Sequence[Sheet], mapping: FileMapping | None = None) -> Loaded:
    """The header and the data rows of a file that was read."""
    header = mapping.header(sheets) if mapping is not None else None
    if header is None:
        header = find_header(sheets, spec.headings(), [column.key for column in spec.columns if column.required])
    rows = raw_rows(header, spec.is_data)
    if not rows:
        raise workbooks.refuse("empty", header.sheet.name)
    if mapping is not None:
        mapping.translate(rows)
    return Loaded(header, rows)


def check(spec: ImportSpec, loaded: Loaded, context: ImportContext) -> Checked:
    """Check every row without writing anything."""
    good, refused = [], []
    titles = spec.titles()
    for raw in loaded.rows:
        if raw.formulas:
            names = "、".join(f"{titles[key]} {column_letters(loaded.header.columns[key])}{raw.row}" for key in sorted(raw.formulas))
            refused.append(RowResult(raw.row, "refuse", "formula", _("“%(names)s”是公式，请粘贴为数值后再导入", names=names), cells=raw.cells))
        else:
            good.append(raw)
    seen = replace(context, header=loaded.header)
    results = sorted([*spec.check(good, seen), *refused], key=lambda result: result.row)
    return Checked(loaded.header, results)


def take_turn(session: Session, spec: ImportSpec) -> None:
    """One import of a kind at a time, so that what is checked now holds until it is written. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": f"portal.import.{spec.name}"})


def write(spec: ImportSpec, checked: Checked, context: ImportContext, *, digest: str = "") -> None:
    """Write the good rows, all or none of them; the event of the import itself with them. In the open unit of work."""
    good = [result for result in checked.results if result.status in ("create", "update")]
    if good:
        try:
            spec.apply(context.session, good, context)
            context.session.flush()
        except IntegrityError:
            raise Conflict(CHANGED) from None
    counts = checked.counts()
    audit.note(f"{spec.name}.imported", record_type="records.import", chain_id=context.org_id, detail={**counts, "digest": digest[:16]})


def run_import(
    spec: ImportSpec, data: bytes, filename: str, org: Organisation, today: dt.date, *, dry_run: bool = False, strict: bool = False, mapping: str = ""
) -> tuple[dict[str, Any], Checked]:
    """Check and write a file in one go; returns the report. ``strict`` writes nothing when any row is refused; ``mapping`` names one of the town's."""
    org_id, org_name = org.id, org.name
    sheets = read_workbook(data, filename)
    known = recognise(db.session(), org_id, spec.name, sheets, mapping) if spec.mapped else None
    db.session.rollback()
    loaded = load_sheets(spec, sheets, known)
    with unit_of_work(f"{spec.name}.import") as session:
        take_turn(session, spec)
        context = ImportContext(session, org_id, org_name, today)
        checked = check(spec, loaded, context)
        report = checked.report()
        if strict and report["refused"]:
            report = {**report, "created": 0, "updated": 0}
        elif not dry_run:
            write(spec, checked, context)
    return report, checked


def as_came(cell: Any) -> Any:
    """A cell for the workbook of refused rows: text with its own punctuation and lines, so that what is sent again says the same.

    A number that lost its digits stays a number, to be refused again until it is mended.
    """
    if isinstance(cell, str):
        return "".join(sign for sign in restore(cell) if sign in "\n\t" or sign.isprintable())
    return cell if isinstance(cell, float) and abs(cell) >= EXACT else normalise(cell)


def refused_workbook(header_titles: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> IO[bytes]:
    """The refused rows as they came, with the sheet row and the reason beside each, to be mended and sent again."""
    kept = [index for index, title in enumerate(header_titles) if title not in ADDED]
    titles = [*(header_titles[index] for index in kept), _("原表行号"), _("拒绝原因")]

    def lines() -> Any:
        for row in rows:
            cells = row["cells"]
            yield [*(as_came(cells[index]) if index < len(cells) else "" for index in kept), str(row["row"]), row["message"]]

    return write_xlsx(titles, lines(), _("未导入"))


def template_workbook(spec: ImportSpec) -> IO[bytes]:
    """An empty table with the headings."""
    return write_xlsx([str(column.title) for column in spec.columns], [], str(spec.title))
