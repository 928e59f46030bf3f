"""What an official document is, before it is a file: a heading, numbered, addressed, made of blocks, signed and dated.

The layout is that of GB/T 9704-2012 (党政机关公文格式) and is no business of whoever builds a document.
"""

from __future__ import annotations

import datetime as dt
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from flask_babel import gettext as _

from portal.errors import Refused
from portal.text import seen

FORMS = ("letter", "correspondence", "minutes", "plain")
ALIGNS = ("left", "center", "right")
MOST_CHARACTERS = 400_000
MOST_CELLS = 20_000
MOST_BLOCKS = 5_000
MOST_COLUMNS = 12
MOST_PICTURES = 30
MOST_PICTURE_BYTES = 30_000_000
ORDINARY_HEAD = 16
"""Characters of a red head that a template has a placeholder for."""
TEXT_WIDTH_MM = 156
TEXT_HEIGHT_MM = 225


@dataclass(frozen=True)
class Heading:
    """A heading in the body: level 1 黑体 (一、), 2 楷体 (（一）), 3 and 4 仿宋 (1. and （1）). The number is part of the text."""

    level: int
    text: str


@dataclass(frozen=True)
class Para:
    """A paragraph; line breaks in the text begin new ones. ``indent``: two characters at its beginning; ``align``: left, center or right."""

    text: str
    indent: bool = True
    align: str = "left"


@dataclass(frozen=True)
class Facts:
    """A ruled table of labels and values."""

    pairs: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True)
class Table:
    """A ruled table; its titles are repeated on each page. ``widths``: shares of the width of the text, e.g. (1, 2, 1)."""

    titles: tuple[Any, ...]
    rows: tuple[tuple[Any, ...], ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True)
class PageBreak:
    """What follows begins on a new page."""


@dataclass(frozen=True)
class Picture:
    """A picture (PNG or JPEG), centred, at most as wide as the text."""

    data: bytes
    width_mm: float = 120


Block = Heading | Para | Facts | Table | PageBreak | Picture


@dataclass(frozen=True)
class Document:
    """An official document.

    A line break in the title is kept; without one a long title is broken evenly.
    ``form``: ``letter`` has the red head and line, ``correspondence`` is the form of letters (信函格式, 10.1: a higher head between
    double lines), ``minutes`` that of 纪要 (10.3), ``plain`` has neither (forms, registers).
    ``issuer`` is the red head, ``number`` the 发文字号, ``addressee`` the 主送; ``copies`` the 抄送, ``attachments`` the titles of
    what is attached. ``attendance`` lists who was there: ``(("出席", ("张三（司法所）",)), ("请假", ()))``. ``secrecy`` stands at the
    top left of the first page, ``watermark`` behind each page, ``header_note`` small above each page.
    """

    title: str
    form: str = "letter"
    issuer: str = ""
    number: str = ""
    addressee: str = ""
    blocks: tuple[Block, ...] = ()
    signature: str = ""
    date: dt.date | str | None = None
    copies: str = ""
    attachments: tuple[str, ...] = ()
    secrecy: str = ""
    watermark: str = ""
    header_note: str = ""
    attendance: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def dated(self) -> str:
        """The date as it stands in the document."""
        return chinese_date(self.date) if isinstance(self.date, dt.date) else self.date or ""


def tidy(document: Document) -> Document:
    """The document as it is drawn: without what cannot be seen, one paragraph a block, within the limits. Raises Refused."""
    if document.form not in FORMS:
        raise ValueError(f"unknown form {document.form!r}")
    lines: dict[str, Any] = {field.name: line(getattr(document, field.name)) for field in fields(document) if isinstance(getattr(document, field.name), str)}
    lines["title"] = "\n".join(map(line, text(document.title).split("\n")))
    clean = replace(
        document, **lines, blocks=tuple(_blocks(document.blocks)), attachments=tuple(map(line, document.attachments)),
        attendance=tuple((line(label), tuple(map(line, names))) for label, names in document.attendance),
    )  # fmt: skip
    _check_size(clean)
    return clean


def line(value: Any) -> str:
    """A text of one line, without what cannot be seen."""
    return " ".join(text(value).split())


def text(value: Any) -> str:
    """What can be drawn of a value. Characters that XML knows not are left out."""
    shown = "" if value is None else str(value)
    return "".join(c for c in seen(shown.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")) if ord(c) & 0xFFFE != 0xFFFE).strip("\n ")


def _blocks(blocks: Iterable[Block]) -> Iterable[Block]:
    for block in blocks:
        if isinstance(block, Para):
            if block.align not in ALIGNS:
                raise ValueError(f"unknown alignment {block.align!r}")
            yield from (Para(part.strip(), block.indent, block.align) for part in text(block.text).split("\n"))
        elif isinstance(block, Heading):
            yield Heading(min(max(block.level, 1), 4), line(block.text))
        elif isinstance(block, Facts):
            yield Facts(tuple((line(label), text(value)) for label, value in block.pairs))
        elif isinstance(block, Table):
            yield _table(block)
        elif isinstance(block, Picture):
            yield _picture(block)
        else:
            yield block


def _table(table: Table) -> Table:
    count = len(table.titles)
    if not 1 <= count <= MOST_COLUMNS or (table.widths and len(table.widths) != count) or any(len(row) != count for row in table.rows):
        raise ValueError("a table needs as many widths and cells in each row as it has titles")
    widths = table.widths or (1.0,) * count
    if min(widths) <= 0:
        raise ValueError("widths are shares above 0")
    return Table(tuple(map(line, table.titles)), tuple(tuple(map(text, row)) for row in table.rows), tuple(float(width) for width in widths))


def _picture(picture: Picture) -> Picture:
    """The picture, small enough for the page. Raises Refused for what is none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(picture.data), formats=("JPEG", "PNG")) as image:
            width, height = image.size
            image.verify()
    except Exception:
        raise Refused(_("图片已损坏，无法放入文件。")) from None
    tallest = (TEXT_HEIGHT_MM - 25) * width / height
    return Picture(picture.data, max(5.0, min(float(picture.width_mm), TEXT_WIDTH_MM, tallest)))


def _check_size(document: Document) -> None:
    characters = sum(map(len, texts(document)))
    cells = sum(len(block.rows) * len(block.titles) for block in document.blocks if isinstance(block, Table))
    pictures = [block.data for block in document.blocks if isinstance(block, Picture)]
    if characters > MOST_CHARACTERS or cells > MOST_CELLS or len(document.blocks) > MOST_BLOCKS:
        raise Refused(_("文件内容过长（最多 %(n)s 字），请分成几份。", n=MOST_CHARACTERS))
    if len(pictures) > MOST_PICTURES or sum(map(len, pictures)) > MOST_PICTURE_BYTES:
        raise Refused(_("文件中的图片过多或过大，最多 %(n)s 张。", n=MOST_PICTURES))


def texts(document: Document) -> Iterable[str]:
    """Every text of a document that :func:`tidy` has gone over."""
    yield from (getattr(document, field.name) for field in fields(document) if isinstance(getattr(document, field.name), str))
    yield from document.attachments
    yield from (name for label, names in document.attendance for name in (label, *names))
    for block in document.blocks:
        if isinstance(block, Heading | Para):
            yield block.text
        elif isinstance(block, Facts):
            yield from (part for pair in block.pairs for part in pair)
        elif isinstance(block, Table):
            yield from block.titles
            yield from (cell for row in block.rows for cell in row)


# -- numbers, dates and measures in the Chinese way ---------------------------------------------------------------------

_DIGITS = "零一二三四五六七八九"
_UNITS = ("", "十", "百", "千")
_GROUPS = ("", "万", "亿", "万亿")


def chinese_date(date: dt.date) -> str:
    """2026年9月28日: Arabic digits, without leading zeros (GB/T 9704-2012, 7.3.5)."""
    return f"{date.year}年{date.month}月{date.day}日"


def chinese_number(number: int) -> str:
    """一百零五, 二十一, 十, 零. Raises ValueError below 0 and from 10**16 on."""
    if not 0 <= number < 10**16:
        raise ValueError("expected 0 to 10**16 - 1")
    groups, rest = [], number
    while rest:
        rest, group = divmod(rest, 10_000)
        groups.append(group)
    found, gap = "", False
    for at in range(len(groups) - 1, -1, -1):
        group = groups[at]
        if group:
            found += ("零" if found and (gap or group < 1000) else "") + _group(group) + _GROUPS[at]
        gap = group == 0
    return (found.removeprefix("一") if found.startswith("一十") else found) or "零"


def _group(group: int) -> str:
    found = ""
    for place in range(3, -1, -1):
        digit = group // 10**place % 10
        if digit:
            found += _DIGITS[digit] + _UNITS[place]
        elif found and group % 10**place and not found.endswith("零"):
            found += "零"
    return found


def width(value: str) -> float:
    """How many Chinese characters wide a text is; Latin letters and digits are half as wide."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.5 for c in value)


def signature_indent(signature: str, date: str) -> tuple[float, float]:
    """How many characters signature and date stand from the right edge: the date four, the signature centred over it (7.3.5.1)."""
    over = (width(signature) - width(date)) / 2
    return (4 - over, 4.0) if over <= 4 else (0.0, over)


def head_size(issuer: str, widest: float) -> float:
    """The size in points in which a red head fits on one line; at most 42 (小初 is 36, 初号 42)."""
    wide = ORDINARY_HEAD if "{{" in issuer else width(issuer)
    return max(16.0, min(42.0, widest / max(wide, 1) * 0.97))


TITLE_WIDTH = 19
"""Characters of 2号 on one line."""
_GOOD_AFTER, _GOOD_BEFORE = "的、，》”）", "《“（关第"


def title_lines(title: str) -> list[str]:
    """A title broken into lines of about the same length, where it does least harm (7.3.1: 排列对称、长短适宜)."""
    if "\n" in title:
        return title.split("\n")
    count = int(-(-width(title) // TITLE_WIDTH)) or 1
    lines, rest = [], title
    for left in range(count, 1, -1):
        cut = _best_cut(rest, width(rest) / left)
        lines.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*lines, rest]


def _best_cut(title: str, wanted: float) -> int:
    best, found = float("inf"), len(title)
    for cut in range(1, len(title)):
        before, after, far = title[cut - 1], title[cut], abs(width(title[:cut]) - wanted)
        if far > 4 or (before.isascii() and after.isascii() and before.isalnum() and after.isalnum()) or after in "、，。》”）：；年月日号次个" or before in "《“（第":
            continue
        cost = far - (2.5 if before in _GOOD_AFTER or after in _GOOD_BEFORE else 0)
        if cost < best and width(title[:cut]) <= TITLE_WIDTH + 0.5:
            best, found = cost, cut
    return found if found < len(title) else min(len(title), max(1, int(wanted)))
