"""Child process that reads one workbook from standard input, with limits on memory, time and size.

Prints one JSON object: the sheets, or an error code. Runs alone: it imports nothing of the portal.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
import sys
import zipfile
from typing import Any

MEMORY_BYTES = 1_500_000_000
CPU_SECONDS = 20
UNPACKED_BYTES = 100_000_000
RATIO = 200
PARTS = 5_000
ROWS = 50_000
COLUMNS = 200
BLOCK = 1 << 20
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
FORMULA = re.compile(rb'<(?:\w+:)?c\s[^>]{0,200}?\br="([A-Z]{1,3})(\d{1,7})"[^>]{0,200}>\s{0,20}<(?:\w+:)?f[\s>/]')
SHEET = re.compile(rb"<(?:\w+:)?sheet\s([^>]{1,600})>")
RELATION = re.compile(rb"<(?:\w+:)?Relationship\s([^>]{1,900})>")
ATTRIBUTE = re.compile(rb'([\w:]+)="([^"]*)"')


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


def check_archive(data: bytes) -> zipfile.ZipFile:
    """Count what unpacks while unpacking it; the sizes in the header may lie."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError):
        raise Bad("damaged") from None
    parts = archive.infolist()
    if len(parts) > PARTS:
        raise Bad("too_big")
    if any(part.flag_bits & 1 for part in parts):
        raise Bad("protected")
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names and "xl/workbook.bin" not in names and "content.xml" not in names:
        raise Bad("file_type")
    if sum(part.file_size for part in parts) > UNPACKED_BYTES:
        raise Bad("too_big")
    total = 0
    for part in parts:
        try:
            with archive.open(part) as stream:
                while block := stream.read(BLOCK):
                    total += len(block)
                    if total > UNPACKED_BYTES or total > RATIO * max(len(data), 20_000):
                        raise Bad("too_big")
        except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, ValueError):
            raise Bad("damaged") from None
        except Exception as error:
            if isinstance(error, Bad):
                raise
            raise Bad("damaged") from None
    return archive


def attributes(text: bytes) -> dict[str, str]:
    return {key.decode(): value.decode("utf-8", "replace") for key, value in ATTRIBUTE.findall(text)}


def formulas(archive: zipfile.ZipFile) -> dict[str, list[list[Any]]]:
    """Cells with a formula by the name of their sheet: (row, column letters)."""
    try:
        relations = {found["Id"]: found["Target"] for found in map(attributes, RELATION.findall(archive.read("xl/_rels/workbook.xml.rels"))) if "Id" in found}
        sheets = [attributes(text) for text in SHEET.findall(archive.read("xl/workbook.xml"))]
    except KeyError:
        return {}
    found: dict[str, list[list[Any]]] = {}
    for number, sheet in enumerate(sheets):
        identity = next((value for key, value in sheet.items() if key.endswith(":id") or key == "id"), "")
        target = relations.get(identity, "").lstrip("/")
        path = target if target.startswith("xl/") else f"xl/{target}"
        if path not in archive.namelist():
            continue
        cells = [[int(row), column.decode()] for column, row in FORMULA.findall(archive.read(path))]
        found[str(number)] = cells[:2000]
    return found


def read_excel(data: bytes) -> list[dict[str, Any]]:
    marked: dict[str, list[list[Any]]] = {}
    if data[:8] == OLE:
        if ENCRYPTED in data:
            raise Bad("protected")
    else:
        marked = formulas(check_archive(data))
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        sheets = []
        for number, name in enumerate(book.sheet_names):
            sheet = book.get_sheet_by_name(name)
            if sheet.total_height > ROWS or sheet.total_width > COLUMNS:
                raise Bad("too_many_rows", name)
            first = sheet.start[0] if sheet.start else 0
            rows: list[list[Any]] = [[first + offset + 1, row] for offset, row in enumerate(sheet.to_python(skip_empty_area=True))]
            if sheet.start and sheet.start[1]:
                rows = [[at, [*[""] * sheet.start[1], *row]] for at, row in rows]
            sheets.append({"name": name, "rows": rows, "formulas": marked.get(str(number), [])})
        return sheets
    except PasswordError:
        raise Bad("protected") from None
    except (CalamineError, ValueError, OverflowError):
        raise Bad("damaged") from None


def read_csv(data: bytes) -> list[dict[str, Any]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            raise Bad("encoding") from None
    if "\0" in text:
        raise Bad("file_type")
    line = text.partition("\n")[0]
    rows: list[list[Any]] = []
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=line.count)), 1):
            if number > ROWS or len(row) > COLUMNS:
                raise Bad("too_many_rows")
            rows.append([number, row])
    except csv.Error:
        raise Bad("damaged") from None
    return [{"name": "", "rows": rows, "formulas": []}]


def plain(value: Any) -> Any:
    """What JSON cannot say: dates and times."""
    if isinstance(value, dt.datetime):
        return {"t": value.isoformat()}
    if isinstance(value, dt.date):
        return {"d": value.isoformat()}
    return str(value)


def main() -> None:
    limit()
    kind = sys.argv[1]
    data = sys.stdin.buffer.read()
    try:
        answer: dict[str, Any] = {"sheets": read_csv(data) if kind == "csv" else read_excel(data)}
    except Bad as error:
        answer = {"error": error.code, "sheet": error.sheet}
    except MemoryError:
        answer = {"error": "too_big", "sheet": ""}
    except BaseException as error:
        answer = {"error": "damaged", "sheet": "", "what": type(error).__name__}
    sys.stdout.write(json.dumps(answer, default=plain))


if __name__ == "__main__":
    main()
