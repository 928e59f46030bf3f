"""Documents as PDF: typst sets the layout file with the document's data. Text of people never becomes source."""

from __future__ import annotations

import functools
import json
import re
import tempfile
from pathlib import Path
from typing import Any

from flask import current_app, has_app_context

from portal.documents.model import (
    TEXT_WIDTH_MM,
    Document,
    Facts,
    Heading,
    PageBreak,
    Para,
    Picture,
    Table,
    head_size,
    signature_indent,
    tidy,
    title_lines,
    width,
)  # fmt: skip

HERE = Path(__file__).parent
FONTS = HERE / "fonts"
LAYOUT = HERE / "layout" / "document.typ"
LONG_WORD = re.compile(r"[\x21-\x7e\u00a1-\u024f_]{31,}")
SHORT = 200
"""Characters up to which a row of a table stays on one page."""
POINTS = TEXT_WIDTH_MM / 25.4 * 72


def to_pdf(document: Document) -> bytes:
    """The document as PDF. Raises Refused when it is too large."""
    return bytes(_compile(document, "pdf"))


def to_png(document: Document, ppi: float = 96) -> list[bytes]:
    """The pages of the document as pictures, for a preview."""
    pages = _compile(document, "png", ppi)
    return [bytes(page) for page in pages] if isinstance(pages, list) else [bytes(pages)]


def _compile(document: Document, kind: str, ppi: float | None = None) -> Any:
    import typst

    data, pictures = data_of(tidy(document))
    options = {"format": kind, "font_paths": _fonts(_own_fonts()), "sys_inputs": {"data": json.dumps(data)}, **({"ppi": ppi} if ppi else {})}
    if not pictures:
        return typst.compile(str(LAYOUT), root=str(LAYOUT.parent), **options)
    with tempfile.TemporaryDirectory() as folder:
        for name, content in {LAYOUT.name: LAYOUT.read_bytes(), **pictures}.items():
            (Path(folder) / name).write_bytes(content)
        return typst.compile(str(Path(folder) / LAYOUT.name), root=folder, **options)


def _own_fonts() -> str:
    """The folder into which a deployment puts fonts of its own."""
    return str(current_app.extensions["portal"].settings.instance / "fonts") if has_app_context() and "portal" in current_app.extensions else ""


@functools.lru_cache(maxsize=4)
def _fonts(own: str) -> Any:
    """The fonts, read once a process: those of the deployment first, then those that come with the portal; none of the system."""
    import typst

    folders = [folder for folder in (own, str(FONTS)) if folder and Path(folder).is_dir()]
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)


def data_of(document: Document) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the layout file is given: the data, and the pictures by the names that it knows them by."""
    date = document.dated
    over, right = signature_indent(document.signature, date)
    whole_title, signed = document.title.replace("\n", ""), document.signature or document.issuer
    mark = document.issuer or whole_title
    pictures: dict[str, bytes] = {}
    data = {
        "form": document.form, "title": "\n".join(title_lines(document.title)), "plain-title": whole_title, "author": signed, "number": document.number,
        "secrecy": document.secrecy, "watermark": document.watermark, "watermark-size": min(90.0, 600 / max(width(document.watermark), 1)),
        "note": document.header_note, "mark": mark, "mark-size": head_size(mark, POINTS), "addressee": addressed(document.addressee),
        "blocks": [_block(block, pictures) for block in document.blocks], "attachments": list(document.attachments), "signature": document.signature, "date": date,
        "signature-indent": over, "date-indent": right, "attendance": [[label, "、".join(names) or "无"] for label, names in document.attendance],
        "attendance-width": max((width(label) for label, _names in document.attendance), default=0), "copies": ended(document.copies),
        "copies-label": copies_label(document.form), "printer": signed, "printed": f"{date}印发" if date else "",
    }  # fmt: skip
    if document.form != "plain" and not document.issuer:
        data["title"] = ""
    return data, pictures


def breakable(value: str) -> str:
    """A text in which an endless word (an address of the web, a row of dashes) may be broken, so that it stays on the page."""
    return LONG_WORD.sub(lambda found: "\u200b".join(found[0][at : at + 20] for at in range(0, len(found[0]), 20)), value)


def addressed(name: str) -> str:
    """An addressee with the colon that follows it."""
    return name if not name or name.endswith(("：", ":")) else f"{name}："


def copies_label(form: str) -> str:
    """What stands before those who get copies: minutes are handed out 分送, anything else is copied 抄送."""
    return "分送" if form == "minutes" else "抄送"


def ended(copies: str) -> str:
    """Who gets copies, with the full stop that follows."""
    return copies if not copies or copies.endswith("。") else f"{copies}。"


def facts_share(facts: Facts) -> float:
    """How many hundredths of the width the labels take: enough for the longest on one line, within reason."""
    longest = max((width(label) for label, _value in facts.pairs), default=4)
    return min(max((longest * 14 + 14) / POINTS * 100, 18.0), 36.0)


def _block(block: Any, pictures: dict[str, bytes]) -> dict[str, Any]:
    if isinstance(block, Heading):
        return {"kind": "heading", "level": block.level, "text": breakable(block.text)}
    if isinstance(block, Para):
        return {"kind": "para", "text": breakable(block.text), "indent": block.indent, "align": block.align}
    if isinstance(block, Facts):
        return {"kind": "facts", "pairs": [[breakable(part) for part in pair] for pair in block.pairs], "share": facts_share(block), "whole": SHORT}
    if isinstance(block, Table):
        rows = [[breakable(cell) for cell in row] for row in block.rows]
        return {"kind": "table", "titles": list(block.titles), "rows": rows, "widths": list(block.widths), "whole": SHORT}
    if isinstance(block, PageBreak):
        return {"kind": "break"}
    assert isinstance(block, Picture)
    path = f"picture{len(pictures) + 1}.{'png' if block.data.startswith(bytes((0x89,))) else 'jpg'}"
    pictures[path] = block.data
    return {"kind": "picture", "path": path, "width": block.width_mm}
