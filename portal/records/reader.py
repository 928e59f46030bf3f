"""Child process that reads one workbook from standard input, with limits on memory, time and size.

Prints one JSON object: the sheets, or an error code. Runs alone: it imports nothing of the portal. What the file says of
itself is not believed: every part is unpacked and counted here before the parser sees the file, and cells with a formula
are found here, because the parser gives their last value only.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import posixpath
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

MEMORY_BYTES = 1 << 30
CPU_SECONDS = 20
UNPACKED_BYTES = 100_000_000
RATIO = 200
SMALL = 20_000
"""A file smaller than this is taken for that big when the ratio is looked at: a few empty sheets pack well."""
PARTS = 5_000
ROWS = 50_000
COLUMNS = 200
ANSWER_CHARACTERS = 40_000_000
BLOCK = 1 << 20
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LOCAL = struct.Struct("<4s22xHH")
WORKBOOK, RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
CELL = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
FORMULA_RECORD, FILE_PASS, BOUND_SHEET, BOF, EOF = 0x0006, 0x002F, 0x0085, 0x0809, 0x000A
Cells = dict[int, set[int]]


class Bad(Exception):
    """The file is refused; the code says why."""

    def __init__(self, code: str, sheet: str = "") -> None:
        super().__init__(code)
        self.code, self.sheet = code, sheet


def limit() -> None:
    """Never more than so much memory and time, whatever is in the file."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# -- archives ---------------------------------------------------------------------------------------------------------


def unpacked(data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a part, block by block, to its real end; the sizes written in the file are not asked."""
    signature, name, extra = LOCAL.unpack_from(data, part.header_offset)
    if signature != b"PK\x03\x04":
        raise Bad("damaged")
    start = part.header_offset + LOCAL.size + name + extra
    packed = memoryview(data)[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield bytes(packed)
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise Bad("damaged")
    stream = zlib.decompressobj(-15)
    block = stream.decompress(packed, BLOCK)
    while block or stream.unconsumed_tail:
        yield block
        block = stream.decompress(stream.unconsumed_tail, BLOCK)
    if not stream.eof:
        raise Bad("damaged")


def look_through(data: bytes, part: zipfile.ZipInfo, total: int) -> tuple[int, bool]:
    """Unpack a part: how many bytes there are now in all, and whether it may hold formulas."""
    text = part.filename.lower().endswith((".xml", ".rels"))
    allowed = min(UNPACKED_BYTES, RATIO * max(len(data), SMALL))
    size = check = 0
    formulas, tail = False, b""
    for block in unpacked(data, part):
        if text and not size and b"\0" in block[:200]:
            raise Bad("damaged")
        size, check = size + len(block), zlib.crc32(block, check)
        if total + size > allowed:
            raise Bad("too_big")
        if text:
            seam = tail + block[:16]
            if b"<!DOCTYPE" in block or b"<!DOCTYPE" in seam:
                raise Bad("damaged")
            formulas = formulas or any(mark in piece for mark in (b"<f", b":f") for piece in (block, seam))
            tail = block[-16:]
    if size != part.file_size or check != part.CRC:
        raise Bad("damaged")
    return total + size, formulas


def check_archive(data: bytes) -> dict[str, bool]:
    """The parts of a workbook by name in lower case, each with whether it may hold formulas. Raises Bad."""
    found = check_parts(data)
    if WORKBOOK not in found:
        raise Bad("file_type")
    return found


def check_parts(data: bytes) -> dict[str, bool]:
    """The parts of an office file by name in lower case, unpacked and counted one by one. Raises Bad."""
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
        if len(parts) > PARTS:
            raise Bad("too_big")
        if any(part.flag_bits & 1 for part in parts):
            raise Bad("protected")
        found: dict[str, bool] = {}
        total = 0
        for part in parts:
            name = part.filename.lower()
            if name in found:
                raise Bad("damaged")
            total, found[name] = look_through(data, part, total)
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, OverflowError, OSError, EOFError, NotImplementedError):
        raise Bad("damaged") from None
    return found


# -- formulas of an xlsx workbook ---------------------------------------------------------------------------------------


def elements(archive: zipfile.ZipFile, names: dict[str, str], path: str, handle: Any) -> None:
    """Call ``handle(name, attributes)`` for each element of a part, without prefixes. The part has no DTD, that was checked."""

    def start(name: str, attributes: dict[str, str]) -> None:
        handle(name.rpartition(":")[2], {key.rpartition(":")[2]: value for key, value in attributes.items()})

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    try:
        with archive.open(names[path]) as stream:
            parser.ParseFile(stream)
    except expat.ExpatError:
        raise Bad("damaged") from None


def column_number(letters: str) -> int:
    """0 for A."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def letters(column: int) -> str:
    """A for 0."""
    text = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def position(reference: str) -> tuple[int, int] | None:
    found = CELL.fullmatch(reference)
    return (int(found[2]), column_number(found[1])) if found else None


def formula_cells(archive: zipfile.ZipFile, names: dict[str, str], path: str) -> Cells:
    """The cells of a sheet that hold a formula, or belong to the range of one: columns from 0 by sheet row."""
    found: Cells = {}
    row, column = 0, -1

    def handle(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column
        if name == "row":
            row, column = int(attributes.get("r") or row + 1), -1
        elif name == "c":
            row, column = position(attributes.get("r", "")) or (row, column + 1)
        elif name == "f":
            found.setdefault(row, set()).add(column)
            if attributes.get("t") in ("array", "dataTable"):
                first, _colon, last = attributes.get("ref", "").partition(":")
                start, end = position(first), position(last or first)
                if start and end:
                    for at in range(start[0], min(end[0], ROWS) + 1):
                        found.setdefault(at, set()).update(range(start[1], min(end[1], COLUMNS) + 1))

    try:
        elements(archive, names, path, handle)
    except ValueError:
        raise Bad("damaged") from None
    return found


def xlsx_formulas(data: bytes) -> dict[int, Cells]:
    """Cells with formulas by the number of their sheet."""
    parts = check_archive(data)
    archive = zipfile.ZipFile(io.BytesIO(data))
    names = {name.lower(): name for name in archive.namelist()}
    if RELATIONS not in parts:
        raise Bad("damaged")
    targets: dict[str, str] = {}
    sheets: list[str] = []

    def relation(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    def sheet(name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            sheets.append(targets.get(attributes.get("id", ""), ""))

    elements(archive, names, RELATIONS, relation)
    elements(archive, names, WORKBOOK, sheet)
    found: dict[int, Cells] = {}
    for number, target in enumerate(sheets):
        path = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/").lower()
        if parts.get(path):
            found[number] = formula_cells(archive, names, path)
    return found


# -- formulas of a workbook of Excel 97 to 2003 ---------------------------------------------------------------------------


def ole_stream(data: bytes, wanted: tuple[str, ...]) -> bytes | None:
    """One stream of an OLE file by its name; None where it is not there."""
    shift, small_shift = struct.unpack_from("<HH", data, 30)
    directory, cutoff, small_start = struct.unpack_from("<I4xII", data, 48)
    if shift not in (9, 12) or small_shift != 6:
        raise Bad("damaged")
    size = 1 << shift

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size]

    def numbers(block: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])

    listed = list(numbers(data[76:512]))
    following, = struct.unpack_from("<I", data, 68)
    while following < 0xFFFFFFFA and len(listed) * size < len(data) + 200 * size:
        more = numbers(sector(following))
        listed, following = [*listed, *more[:-1]], more[-1]
    table = [entry for number in listed if number < 0xFFFFFFFA for entry in numbers(sector(number))]

    def chain(start: int, links: list[int]) -> Iterator[int]:
        steps = 0
        while start < len(links) and steps <= len(links):
            yield start
            start, steps = links[start], steps + 1

    entries = b"".join(map(sector, chain(directory, table)))
    if not entries:
        raise Bad("damaged")
    root = small = b""
    for at in range(0, len(entries) - 127, 128):
        length, = struct.unpack_from("<H", entries, at + 64)
        name = entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace")
        start, bytes_long = struct.unpack_from("<II", entries, at + 116)
        if entries[at + 66] == 5:
            root = b"".join(map(sector, chain(start, table)))
        elif name in wanted and bytes_long >= cutoff:
            return b"".join(map(sector, chain(start, table)))[:bytes_long]
        elif name in wanted:
            small = b"".join(map(sector, chain(small_start, table)))
            return b"".join(root[n * 64 : n * 64 + 64] for n in chain(start, list(numbers(small))))[:bytes_long]
    return None


def xls_formulas(data: bytes) -> dict[int, Cells]:
    """Cells with formulas by the number of their sheet, of the old binary format."""
    try:
        if ole_stream(data, ("EncryptedPackage",)) is not None:
            raise Bad("protected")
        stream = ole_stream(data, ("Workbook", "Book"))
        if stream is None:
            raise Bad("file_type")
        starts: list[int] = []
        found: dict[int, Cells] = {}
        current, at = -1, 0
        while at + 4 <= len(stream):
            kind, length = struct.unpack_from("<HH", stream, at)
            if kind == FILE_PASS:
                raise Bad("protected")
            if kind == BOUND_SHEET:
                starts.append(struct.unpack_from("<I", stream, at + 4)[0])
            elif kind == BOF and at in starts:
                current = starts.index(at)
            elif kind == FORMULA_RECORD and current >= 0:
                row, column = struct.unpack_from("<HH", stream, at + 4)
                found.setdefault(current, {}).setdefault(row + 1, set()).add(column)
            at += 4 + length
    except (struct.error, IndexError):
        raise Bad("damaged") from None
    return found


# -- reading ----------------------------------------------------------------------------------------------------------


def read_excel(data: bytes) -> list[dict[str, Any]]:
    formulas = xls_formulas(data) if data[:8] == OLE else xlsx_formulas(data)
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = []
        for number, about in enumerate(book.sheets_metadata):
            if about.typ != SheetTypeEnum.WorkSheet:
                continue
            sheet = book.get_sheet_by_index(number)
            (first, left), (bottom, right) = sheet.start or (0, 0), sheet.end or (0, 0)
            if bottom >= ROWS or right >= COLUMNS:
                raise Bad("too_many_rows", about.name)
            rows: list[list[Any]] = [[first + offset + 1, row] for offset, row in enumerate(sheet.to_python(skip_empty_area=True))]
            if left:
                rows = [[at, [*[""] * left, *row]] for at, row in rows]
            fill_down(rows, sheet.merged_cell_ranges or (), formulas.get(number, {}))
            cells = [[row, letters(column)] for row, columns in sorted(formulas.get(number, {}).items()) for column in sorted(columns)]
            sheets.append({"name": about.name, "rows": rows, "formulas": cells})
        return sheets
    except PasswordError:
        raise Bad("protected") from None
    except (CalamineError, ValueError, OverflowError):
        raise Bad("damaged") from None


def fill_down(rows: list[list[Any]], merged: Any, formulas: Cells) -> None:
    """What stands in a cell that is merged over several rows holds for each of them."""
    by_number: dict[int, list[Any]] = dict(rows)  # type: ignore[arg-type]
    for (top, left), (bottom, _right) in merged:
        value = by_number[top + 1][left] if top + 1 in by_number and left < len(by_number[top + 1]) else ""
        if bottom <= top or value in ("", None) or left in formulas.get(top + 1, ()):
            continue
        for number in range(top + 2, min(bottom + 1, ROWS) + 1):
            cells = by_number.get(number)
            if cells is None:
                break
            if left < len(cells) and cells[left] in ("", None):
                cells[left] = value


def read_csv(data: bytes) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise Bad("encoding") from None
    if "\0" in text:
        raise Bad("file_type")
    start = "\n".join(text[:20_000].splitlines()[:30])
    rows: list[list[Any]] = []
    formulas: list[list[Any]] = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=start.count)), 1):
            if number > ROWS or len(row) > COLUMNS:
                raise Bad("too_many_rows")
            for column, cell in enumerate(row):
                if cell[:1] == "=" and len(cell) > 1:
                    if quoted := re.fullmatch(r'="([^"]{0,500})"', cell):
                        row[column] = quoted[1]
                    else:
                        formulas.append([number, letters(column)])
            rows.append([number, row])
    except csv.Error:
        raise Bad("damaged") from None
    return [{"name": "", "rows": rows, "formulas": formulas}]


def plain(value: Any) -> Any:
    """What JSON cannot say: dates and times."""
    if isinstance(value, dt.datetime):
        return {"t": value.isoformat()}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    return str(value)


def answer(kind: str, data: bytes) -> str:
    """What is told of the file, never longer than the other side can take."""
    try:
        text = json.dumps({"sheets": read_csv(data) if kind == "csv" else read_excel(data)}, default=plain, ensure_ascii=False, check_circular=False)
        return text if len(text) <= ANSWER_CHARACTERS else json.dumps({"error": "too_big"})
    except Bad as error:
        return json.dumps({"error": error.code, "sheet": error.sheet})
    except MemoryError:
        return json.dumps({"error": "too_big"})
    except BaseException as error:
        return json.dumps({"error": "damaged", "what": type(error).__name__})


if __name__ == "__main__":
    limit()
    sys.stdout.buffer.write(answer(sys.argv[1], sys.stdin.buffer.read()).encode("utf-8", "replace"))
