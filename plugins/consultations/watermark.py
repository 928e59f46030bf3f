"""Name and time behind what a panel member reads: as a picture behind the page, in pictures, and on every page of a PDF."""

from __future__ import annotations

import io
import re
import tempfile
from html import escape
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from portal.documents.pdf import FONTS
from portal.errors import Refused

TILE = (380, 190)
MOST_PAGES = 300


def svg(text: str) -> str:
    """A picture that repeats a text over the whole of its place. No script, no style attribute."""
    width, height = TILE
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="100%"><defs><pattern id="p" width="{width}" height="{height}" '
        f'patternUnits="userSpaceOnUse" patternTransform="rotate(-24)"><text x="8" y="{height // 2}" font-size="15" fill="#6b7785" fill-opacity="0.16" '
        f'font-family="PingFang SC, Microsoft YaHei, Noto Sans CJK SC, sans-serif">{escape(text)}</text></pattern></defs>'
        f'<rect width="100%" height="100%" fill="url(#p)"/></svg>'
    )


def _literal(text: str) -> str:
    """A string of typst."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def page_count(data: bytes) -> int:
    """How many pages a PDF has. Raises Refused for what is no readable PDF: broken, or locked by a password."""
    import typst

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.pdf").write_bytes(data)
        source = Path(folder) / "main.typ"
        source.write_text('#image("in.pdf", page: 999999)', encoding="utf-8")
        try:
            typst.compile(str(source))
        except Exception as error:
            told = " ".join([str(error), *map(str, getattr(error, "hints", ()) or ())])
            found = re.search(r"only has (\d+) page", told)
            if found is None:
                raise Refused(_("PDF 文件无法读取（损坏或设有密码）。"), field="file") from None
            return int(found[1])
    raise Refused(_("PDF 文件无法读取（损坏或设有密码）。"), field="file")


def check_pages(data: bytes) -> int:
    """How many pages a PDF has, no more than can be marked. Raises Refused."""
    pages = page_count(data)
    if pages > MOST_PAGES:
        raise Refused(_("PDF 超过 %(n)s 页，请拆分。", n=MOST_PAGES), field="file")
    return pages


def on_pdf(data: bytes, text: str) -> bytes:
    """The PDF with a text across each of its pages, under which nothing can be taken off."""
    import typst

    pages = check_pages(data)
    shown = f"rotate(-24deg, text(11pt, fill: rgb(90, 105, 120, 60))[#{_literal(text)}])"
    marks = "".join(f"#place(top + left, dx: {x}mm, dy: {y}mm, {shown})" for y in range(20, 300, 55) for x in (5, 105))
    head = f'#set text(font: "Noto Sans CJK SC")\n#let mark = [{marks}]\n#set page(width: auto, height: auto, margin: 0pt, foreground: mark)\n'
    body = "#pagebreak()\n".join(f'#image("in.pdf", page: {number})\n' for number in range(1, pages + 1))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "in.pdf").write_bytes(data)
        source = Path(folder) / "main.typ"
        source.write_text(head + body, encoding="utf-8")
        made = typst.compile(str(source), font_paths=typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)]))
    return bytes(made)


def on_picture(data: bytes, text: str) -> bytes:
    """The picture with a text over it, many times."""
    from PIL import Image, ImageDraw

    with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as picture:
        kind = picture.format or "PNG"
        whole = picture.convert("RGBA")
    size = max(14, whole.width // 45)
    font = _font(size)
    tile = Image.new("RGBA", (size * (len(text) + 3), size * 9), (0, 0, 0, 0))
    ImageDraw.Draw(tile).text((0, size * 3), text, font=font, fill=(90, 105, 120, 84))
    turned = tile.rotate(24, expand=True)
    layer = Image.new("RGBA", whole.size, (0, 0, 0, 0))
    for y in range(-turned.height // 2, whole.height, max(1, int(turned.height * 0.75))):
        for x in range(-turned.width // 4, whole.width, max(1, turned.width)):
            layer.alpha_composite(turned, (max(x, 0), max(y, 0))) if x < whole.width and y < whole.height else None
    marked = Image.alpha_composite(whole, layer)
    stream = io.BytesIO()
    (marked.convert("RGB") if kind == "JPEG" else marked).save(stream, kind)
    return stream.getvalue()


def _font(size: int) -> Any:
    from PIL import ImageFont

    return ImageFont.truetype(str(FONTS / "NotoSansCJKsc-Medium.otf"), size)


def marked(data: bytes, media_type: str, text: str) -> bytes:
    """A file as a panel member gets it."""
    if media_type == "application/pdf":
        return on_pdf(data, text)
    if media_type.startswith("image/"):
        return on_picture(data, text)
    raise ValueError(f"name and time cannot be written on {media_type}")
