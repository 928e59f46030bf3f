"""Word and Excel files of the evidence as PDF, so that name and time can be written on what a member reads.

The text, the tables and the pictures are set anew; the layout is not kept, and the first line of the page says so. What could
not be shown whole (charts, drawings, footnotes, comments, changes not accepted) is refused when the file is handed in: nobody is
shown less than the town has laid before them.
"""

from __future__ import annotations

import io
import posixpath
import zipfile
from typing import Any

from flask_babel import gettext as _

from plugins.consultations.word_numbers import Numbering
from portal.documents import Document, Heading, Para, Picture, Table, in_chinese, to_pdf
from portal.errors import Refused
from portal.records import reader
from portal.records.workbooks import column_letters, normalise, read_workbook

KINDS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
OLD = ("doc", "wps", "wpt", "rtf", "xls", "et", "xlsm", "docm", "ppt", "pptx", "dps", "odt", "ods", "ofd", "html", "txt", "csv")
MOST_XML = 20_000_000
COLUMNS = 12
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
MATHS = "{http://schemas.openxmlformats.org/officeDocument/2006/math}oMath"
PICTURE = "http://schemas.openxmlformats.org/drawingml/2006/picture"


def kind_of(media_type: str) -> str:
    """``docx``, ``xlsx``, or nothing for what needs no turning into PDF."""
    return KINDS.get(media_type, "")


@in_chinese
def as_pdf(data: bytes, kind: str, name: str) -> bytes:
    """The file as PDF. Raises Refused for what could not be shown whole, with what to do instead."""
    blocks = blocks_of(data, kind, name)
    note = _("由 Word 文件转换，版式以原件为准") if kind == "docx" else _("由 Excel 文件转换，版式以原件为准")
    try:
        return to_pdf(Document(title=name.rpartition(".")[0] or name, form="plain", blocks=tuple(blocks), header_note=note))
    except Refused:
        raise Refused(_("文件过大，不能自动转换。") + instead(), field="file") from None


def blocks_of(data: bytes, kind: str, name: str) -> list[Any]:
    """What is in the file: its paragraphs, tables and pictures in their order. Raises Refused."""
    blocks = _word(data) if kind == "docx" else _sheets(data, name)
    if not blocks:
        raise Refused(_("文件里没有内容。"), field="file")
    return blocks


def instead() -> str:
    return _("请用 Word、Excel 或 WPS 另存为 PDF 后再上传。")


def cannot(what: Any) -> Refused:
    return Refused(_("文件里有%(what)s，自动转换会丢失。", what=what) + instead(), field="file")


def _parts(data: bytes) -> zipfile.ZipFile:
    try:
        reader.check_parts(data)
        return zipfile.ZipFile(io.BytesIO(data))
    except (reader.Bad, zipfile.BadZipFile, OSError, ValueError):
        raise Refused(_("文件已损坏或有打开密码，无法读取。"), field="file") from None


def _names(archive: zipfile.ZipFile, lost: dict[str, Any]) -> set[str]:
    """The names of the parts; refuses those that would be lost."""
    names = set(archive.namelist())
    for beginning, what in lost.items():
        if any(name.startswith(beginning) for name in names):
            raise cannot(what)
    return names


# -- Excel -----------------------------------------------------------------------------------------------------------------


def _sheets(data: bytes, name: str) -> list[Any]:
    with _parts(data) as archive:
        lost = {
            "xl/charts/": _("图表"), "xl/media/": _("图片"), "xl/embeddings/": _("嵌入的文件"), "xl/comments": _("批注"), "xl/threadedComments": _("批注"),
            "xl/drawings/drawing": _("图形"),
        }  # fmt: skip
        _names(archive, lost)
    blocks: list[Any] = []
    for sheet in read_workbook(data, name):
        known = {(number, column_letters(at)) for number, cells in sheet.rows for at, value in enumerate(cells) if value not in (None, "")}
        if sheet.formulas - known:
            raise Refused(_("工作表“%(name)s”有还没有计算的公式，请用 Excel 或 WPS 打开并保存后再上传。", name=sheet.name), field="file")
        rows = [shown for _number, cells in sheet.rows if any(shown := [_cell(value) for value in cells])]
        if not rows:
            continue
        width = max(at + 1 for cells in rows for at, text in enumerate(cells) if text)
        if width > COLUMNS:
            raise Refused(_("工作表“%(name)s”超过 %(n)s 列，转换后看不清。", name=sheet.name, n=COLUMNS) + instead(), field="file")
        blocks.append(Heading(1, sheet.name))
        blocks.append(Table(tuple(column_letters(at) for at in range(width)), tuple(tuple((cells + [""] * width)[:width]) for cells in rows)))
    return blocks


def _cell(value: Any) -> str:
    """A value as text; of a formula its last result."""
    return normalise(value) if not isinstance(value, str) else value.replace("\0", "").strip()


# -- Word ------------------------------------------------------------------------------------------------------------------


def _word(data: bytes) -> list[Any]:
    with _parts(data) as archive:
        names = _names(archive, {"word/charts/": _("图表"), "word/embeddings/": _("嵌入的文件"), "word/diagrams/": _("图形"), "word/comments": _("批注")})
        body = _xml(archive, "word/document.xml")
        for part, tag in (("word/footnotes.xml", "footnote"), ("word/endnotes.xml", "endnote")):
            if part in names and any(note.get(f"{W}type") is None for note in _xml(archive, part).iter(f"{W}{tag}")):
                raise cannot(_("脚注或尾注"))
        _check_whole(body)
        numbering = Numbering(*(_xml(archive, part) if part in names else None for part in ("word/numbering.xml", "word/styles.xml")))
        pictures = _pictures(archive, names)
        blocks: list[Any] = []
        for part in sorted(name for name in names if name.startswith("word/header") and name.endswith(".xml")):
            head = " ".join(filter(None, (_text(paragraph).strip() for paragraph in _xml(archive, part).iter(f"{W}p"))))
            if head:
                blocks.append(Para(_("页眉：%(text)s", text=head), indent=False))
        _walk(body.find(f"{W}body"), blocks, numbering, pictures)
    return blocks


def _xml(archive: zipfile.ZipFile, part: str) -> Any:
    from lxml import etree

    content = archive.read(part)
    if len(content) > MOST_XML:
        raise Refused(_("文件过大，不能自动转换。") + instead(), field="file")
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError:
        raise Refused(_("文件已损坏或有打开密码，无法读取。"), field="file") from None


def _check_whole(body: Any) -> None:
    """Refuse what the walk over the text would leave out."""
    for node in _drop_fallbacks(body).iter(f"{W}ins", f"{W}del", f"{W}moveFrom", f"{W}moveTo", f"{W}pict", f"{W}object", f"{W}altChunk", MATHS, f"{A}graphicData"):
        if node.tag in (f"{W}ins", f"{W}del", f"{W}moveFrom", f"{W}moveTo"):
            raise Refused(_("文件里有未接受的修订，请先接受或拒绝修订，再上传。"), field="file")
        if node.tag == MATHS:
            raise cannot(_("数学公式"))
        if node.tag != f"{A}graphicData" or node.get("uri") != PICTURE:
            raise cannot(_("文本框、图形或嵌入的文件"))


def _drop_fallbacks(body: Any) -> Any:
    """Word writes some things twice, for old programs too; the second time is left out."""
    for node in list(body.iter(f"{MC}Fallback")):
        node.getparent().remove(node)
    return body


def _pictures(archive: zipfile.ZipFile, names: set[str]) -> dict[str, bytes]:
    """The pictures of the document by the ids under which the text knows them."""
    relations = "word/_rels/document.xml.rels"
    found: dict[str, bytes] = {}
    for relation in _xml(archive, relations) if relations in names else ():
        if not str(relation.get("Type")).endswith("/image"):
            continue
        path = posixpath.normpath(posixpath.join("word", str(relation.get("Target")))).lstrip("/")
        if relation.get("TargetMode") == "External" or path not in names or not path.lower().endswith((".png", ".jpg", ".jpeg")):
            raise cannot(_("不是 PNG 或 JPEG 的图片"))
        found[str(relation.get("Id"))] = archive.read(path)
    return found


def _walk(parent: Any, blocks: list[Any], numbering: Numbering, pictures: dict[str, bytes]) -> None:
    for node in parent:
        if node.tag == f"{W}p":
            blocks.extend(_paragraph(node, numbering, pictures))
        elif node.tag == f"{W}tbl":
            blocks.extend(_table(node, numbering, pictures))
        elif node.tag == f"{W}sdt":
            content = node.find(f"{W}sdtContent")
            if content is not None:
                _walk(content, blocks, numbering, pictures)


def _text(paragraph: Any) -> str:
    """The text of a paragraph, with its breaks and tabulators."""
    parts = {f"{W}tab": "　", f"{W}br": "\n", f"{W}cr": "\n", f"{W}noBreakHyphen": "-"}
    return "".join((node.text or "") if node.tag == f"{W}t" else parts.get(node.tag, "") for node in paragraph.iter() if node.getparent().tag != f"{W}tabs")


def _paragraph(paragraph: Any, numbering: Numbering, pictures: dict[str, bytes]) -> list[Any]:
    text = (numbering.label(paragraph) + _text(paragraph).strip()).strip()
    align = paragraph.find(f"{W}pPr/{W}jc")
    centred = align is not None and align.get(f"{W}val") == "center"
    blocks: list[Any] = [Para(text, indent=not centred, align="center" if centred else "left")] if text else []
    shown = (pictures.get(str(blip.get(f"{R}embed"))) for blip in paragraph.iter(f"{A}blip"))
    return blocks + [Picture(data) for data in shown if data is not None]


def _table(table: Any, numbering: Numbering, pictures: dict[str, bytes]) -> list[Any]:
    """A table with a row for each of its rows; cells that span several columns leave the others blank. Its pictures stand below it."""
    rows, below = [], [Picture(pictures[key]) for blip in table.iter(f"{A}blip") if (key := str(blip.get(f"{R}embed"))) in pictures]
    for row in table.iterfind(f"{W}tr"):
        cells: list[str] = []
        for cell in (node for node in row.iter(f"{W}tc") if next(node.iterancestors(f"{W}tr")) is row):
            lines = ((numbering.label(paragraph) + _text(paragraph)).strip() for paragraph in cell.iter(f"{W}p"))
            span = cell.find(f"{W}tcPr/{W}gridSpan")
            cells += ["\n".join(filter(None, lines)), *[""] * (int(span.get(f"{W}val")) - 1 if span is not None else 0)]
        rows.append(cells)
    width = max(map(len, rows), default=0)
    if width > COLUMNS:
        raise Refused(_("表格超过 %(n)s 列，转换后看不清。", n=COLUMNS) + instead(), field="file")
    filled = [tuple(cells + [""] * (width - len(cells))) for cells in rows]
    return [Table(filled[0], tuple(filled[1:])), *below] if filled and width else below
