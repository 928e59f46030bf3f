"""Files for the tests: workbooks as offices and attackers make them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import openpyxl
import xlsxwriter

SHEET = "xl/worksheets/sheet1.xml"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def xlsx(rows: Iterable[Sequence[Any]], title: str = "名册", hidden: bool = False) -> bytes:
    """A workbook with one sheet of data; a text that begins with = is a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    if hidden:
        book.create_sheet("封面")
        sheet.sheet_state = "hidden"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def shared(rows: Iterable[Sequence[str]]) -> bytes:
    """A workbook with a table of shared strings, as Excel writes it."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream)
    sheet = book.add_worksheet("名册")
    for number, row in enumerate(rows):
        for column, text in enumerate(row):
            sheet.write_string(number, column, text)
    book.close()
    return stream.getvalue()


def changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The archive with one part changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.infolist():
            content = source.read(part)
            target.writestr(part.filename, change(content) if part.filename == name else content)
    return stream.getvalue()


def with_parts(data: bytes, parts: Iterable[tuple[str, bytes]]) -> bytes:
    """The archive with parts added."""
    stream = io.BytesIO(data)
    with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as target:
        for name, content in parts:
            target.writestr(name, content)
    return stream.getvalue()


def lying(data: bytes, name: str, payload: bytes, declared: int) -> bytes:
    """The archive with a part that says of itself that it is ``declared`` bytes long, with the checksum of those."""
    raw = bytearray(changed(data, name, lambda _content: payload))

    def says(at: int) -> None:
        struct.pack_into("<I", raw, at, zlib.crc32(payload[:declared]))
        struct.pack_into("<I", raw, at + 8, declared)

    with zipfile.ZipFile(io.BytesIO(bytes(raw))) as archive:
        says(archive.getinfo(name).header_offset + 14)
    at = raw.find(b"PK\1\2")
    while at >= 0:
        (length,) = struct.unpack_from("<H", raw, at + 28)
        if bytes(raw[at + 46 : at + 46 + length]) == name.encode():
            says(at + 16)
        at = raw.find(b"PK\1\2", at + 46)
    return bytes(raw)


def sheet_xml(rows: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'.encode()


# -- the binary format of Excel 97 to 2003 ---------------------------------------------------------------------------


def _record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def _bof(kind: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))


def _text(row: int, column: int, text: str) -> bytes:
    return _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def _formula(row: int, column: int, value: float) -> bytes:
    tokens = b"\x1e\x01\x00\x1e\x01\x00\x03"  # 1 1 +
    return _record(0x0006, struct.pack("<HHHdHIH", row, column, 0, value, 0, 0, len(tokens)) + tokens)


def ole(streams: Sequence[tuple[str, bytes]]) -> bytes:
    """A compound file with these streams, each padded so that it needs no small sectors."""
    size = 512
    blocks = [content.ljust(max(4096, -(-len(content) // size) * size), b"\0") for _name, content in streams]
    table: list[int] = [0xFFFFFFFD, 0xFFFFFFFE]  # sector 0: this table; 1: the directory
    entries = [("Root Entry", 5, 0xFFFFFFFE, 0, 1)]
    for (name, content), block in zip(streams, blocks, strict=True):
        first = len(table)
        count = len(block) // size
        table += [*range(first + 1, first + count), 0xFFFFFFFE]
        entries.append((name, 2, first, max(4096, len(content)), 0xFFFFFFFF))
    directory = b""
    for name, kind, start, length, child in entries:
        raw = name.encode("utf-16-le").ljust(64, b"\0")
        directory += raw + struct.pack("<HBBIII16xI16xIQ", len(name) * 2 + 2, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child, 0, start, length)
    assert len(table) <= 128 and len(directory) <= size
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + b"\xff" * (size - len(header) - 4)
    sectors = struct.pack(f"<{len(table)}I", *table).ljust(size, b"\xff") + directory.ljust(size, b"\0")
    return header + sectors + b"".join(blocks)


def xls(rows: Sequence[Sequence[Any]], *, protected: bool = False) -> bytes:
    """A workbook of the old format: texts, and a float stands for the last value of a formula."""
    name = b"\x04\x00Book"
    bound = _record(0x0085, struct.pack("<IH", 0, 0) + name)
    opening = _bof(5) + (_record(0x002F, struct.pack("<HHH", 1, 1, 1) + bytes(48)) if protected else b"")
    start = len(opening) + len(bound) + len(_record(0x000A))
    stream = opening + _record(0x0085, struct.pack("<IH", start, 0) + name) + _record(0x000A) + _bof(0x10)
    stream += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            stream += _formula(number, column, value) if isinstance(value, float) else _text(number, column, value)
    return ole([("Workbook", stream + _record(0x000A))])
