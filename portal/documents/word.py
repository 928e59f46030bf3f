"""Documents as docx: the same layout for Word, WPS and LibreOffice, with the fonts by their legal names."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from docx import Document as new_document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from portal.documents.model import (
    TEXT_HEIGHT_MM,
    TEXT_WIDTH_MM,
    Document,
    Facts,
    Heading,
    PageBreak,
    Para,
    Picture,
    Table,
    chinese_date,
    head_size,
    signature_indent,
    tidy,
    title_lines,
    width,
)  # fmt: skip
from portal.documents.pdf import POINTS, SHORT, addressed, ended, facts_share

FANG, KAI, HEI, TITLE, SONG = "仿宋_GB2312", "楷体_GB2312", "黑体", "方正小标宋简体", "宋体"
SIZE, PITCH, CHARACTER = 16.0, 28.95, 15.79
LINE_PITCH, CHARACTER_SPACE = 579, -849
"""docGrid: the pitch of lines in twentieths of a point; how much closer than their size characters stand, in 4096ths."""
CLOSER = -5
"""The same for programs that give a character of 16 pt two cells of a grid of 15.79 pt (LibreOffice does): in twentieths of a
point, with lines of an exact height. So the text has 22 lines of 28 characters everywhere, and the page's setup says so too."""
RED = RGBColor(0xD7, 0x00, 0x0F)
ALIGN = {"left": WD_ALIGN_PARAGRAPH.JUSTIFY, "center": WD_ALIGN_PARAGRAPH.CENTER, "right": WD_ALIGN_PARAGRAPH.RIGHT}
TWIPS = TEXT_WIDTH_MM / 25.4 * 1440


def to_docx(document: Document) -> bytes:
    """The document as docx. Raises Refused when it is too large."""
    return _Writer(tidy(document)).save()


def set_font(target: Any, font: str, size: float | None = None) -> None:
    """Font and size of a run or a style; Word asks for the Chinese font by itself (``w:eastAsia``)."""
    properties = target.element.get_or_add_rPr() if not isinstance(target, Run) else target._element.get_or_add_rPr()
    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for name in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{name}"), font)
    if size is not None:
        target.font.size = Pt(size)


def element(name: str, **attributes: Any) -> Any:
    """An element of WordprocessingML with attributes of the same namespace."""
    made = OxmlElement(f"w:{name}")
    for key, value in attributes.items():
        made.set(qn(f"w:{key}"), str(value))
    return made


class _Writer:
    """Writes one document from top to bottom."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.file = new_document()
        self.body = self.file.element.body
        self.breaks = False
        self._page()

    def save(self) -> bytes:
        self._head()
        for block in self.document.blocks:
            self._block(block)
        self._end()
        stream = io.BytesIO()
        self.file.save(stream)
        return stream.getvalue()

    # -- the page ---------------------------------------------------------------------------------------------------------

    def _page(self) -> None:
        section = self.file.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.left_margin = Mm(37), Mm(28)
        section.right_margin, section.bottom_margin = Mm(210 - 28 - TEXT_WIDTH_MM), Mm(297 - 37 - TEXT_HEIGHT_MM)
        section.header_distance, section.footer_distance = Mm(22), Mm(24)
        for grid in section._sectPr.findall(qn("w:docGrid")):
            section._sectPr.remove(grid)
        section._sectPr.append(element("docGrid", type="linesAndChars", linePitch=LINE_PITCH, charSpace=CHARACTER_SPACE))
        normal = self.file.styles["Normal"]
        set_font(normal, FANG, SIZE)
        look = normal.element.get_or_add_rPr()
        look.insert_element_before(element("spacing", val=CLOSER), "w:w", "w:kern", "w:position", "w:sz", "w:szCs")
        look.append(element("lang", val="zh-CN", eastAsia="zh-CN"))
        shape = normal.paragraph_format
        shape.space_before = shape.space_after = Pt(0)
        shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(PITCH)
        shape.widow_control = False
        for name in ("autoSpaceDE", "autoSpaceDN", "snapToGrid"):
            normal.element.get_or_add_pPr().insert_element_before(element(name, val=0), "w:spacing", "w:ind", "w:jc", "w:outlineLvl")
        self.file.settings.odd_and_even_pages_header_footer = True
        self._page_number(section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
        self._page_number(section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)
        for at, header in enumerate((section.header, section.even_page_header)):
            self._header(header.paragraphs[0], at)
        about = self.file.core_properties
        about.title, about.author, about.comments = self.document.title.replace("\n", "")[:250], (self.document.signature or self.document.issuer)[:250], ""
        made = dt.datetime.combine(self.document.date, dt.time(), dt.UTC) if self.document.date else dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        about.created = about.modified = made.replace(tzinfo=None)
        about.language = "zh-CN"

    def _page_number(self, paragraph: Paragraph, align: WD_ALIGN_PARAGRAPH) -> None:
        """4号半角宋体 with a dash on each side, one character from the edge: right on odd pages, left on even ones (7.5)."""
        paragraph.style, paragraph.alignment = self.file.styles["Normal"], align
        shape = paragraph.paragraph_format
        shape.left_indent, shape.right_indent = (Pt(14), None) if align == WD_ALIGN_PARAGRAPH.LEFT else (None, Pt(14))
        set_font(paragraph.add_run("— "), SONG, 14)
        for kind, text in (("begin", ""), ("", " PAGE "), ("end", "")):
            run = paragraph.add_run()
            set_font(run, SONG, 14)
            if kind:
                run._element.append(element("fldChar", fldCharType=kind))
            else:
                code = element("instrText")
                code.text = text
                run._element.append(code)
        set_font(paragraph.add_run(" —"), SONG, 14)

    def _header(self, paragraph: Paragraph, number: int) -> None:
        paragraph.style, paragraph.alignment = self.file.styles["Normal"], WD_ALIGN_PARAGRAPH.RIGHT
        if self.document.header_note:
            set_font(paragraph.add_run(self.document.header_note), FANG, 10.5)
        if self.document.watermark:
            paragraph.add_run()._element.append(_watermark(self.document.watermark, number))

    # -- parts ------------------------------------------------------------------------------------------------------------

    def _line(self, text: str = "", font: str = FANG, size: float = SIZE, align: str = "left", pitch: float = PITCH, color: RGBColor | None = None) -> Paragraph:
        paragraph = self.file.add_paragraph()
        paragraph.alignment = ALIGN[align]
        if self.breaks:
            paragraph.paragraph_format.page_break_before, self.breaks = True, False
        if pitch != PITCH:
            paragraph.paragraph_format.line_spacing = Pt(pitch)
        if text:
            run = paragraph.add_run(text)
            set_font(run, font, size)
            if color is not None:
                run.font.color.rgb = color
        return paragraph

    def _title(self) -> None:
        for part in title_lines(self.document.title):
            paragraph = self._line(part, TITLE, 22, "center")
            paragraph._element.get_or_add_pPr().append(element("outlineLvl", val=0))
            paragraph.paragraph_format.keep_with_next = True

    def _head(self) -> None:
        document = self.document
        if document.form == "plain":
            if document.secrecy:
                self._line(document.secrecy, HEI)
            self._title()
            if document.number:
                self._line(document.number, align="center")
            self._line()
        else:
            self._red_head(document)
        if document.addressee:
            self._line(addressed(document.addressee))

    def _red_head(self, document: Document) -> None:
        """The red head 35 mm below the upper edge of the text, the number two lines below it, the red line 4 mm below that (7.2)."""
        above = 35 / 25.4 * 72
        if document.secrecy:
            self._line(document.secrecy, HEI)
            above -= PITCH
        mark = document.issuer or document.title.replace("\n", "")
        size = head_size(mark, POINTS)
        head = self._line(mark, TITLE, size, "center", pitch=size * 1.05, color=RED)
        head.paragraph_format.space_before = Pt(above)
        minutes = document.form == "minutes" and (document.signature or document.date)
        for _blank in range(2 if document.number or minutes else 0):
            self._line()
        last = self._line(document.number, align="center") if document.number else None
        if minutes:
            last = self._line()
            last.paragraph_format.left_indent = last.paragraph_format.right_indent = Pt(CHARACTER)
            last.paragraph_format.tab_stops.add_tab_stop(Pt(POINTS - CHARACTER), 2)
            last.alignment = WD_ALIGN_PARAGRAPH.LEFT
            last.add_run(f"{document.signature}\t{chinese_date(document.date) if document.date else ''}")
        rule = last if last is not None and not minutes else self._line(pitch=4)
        _red_line(rule, 11 if rule is last else 8)
        for _blank in range(2):
            self._line()
        if document.issuer and document.title:
            self._title()
            self._line()

    def _block(self, block: Any) -> None:
        if isinstance(block, Heading):
            paragraph = self._line(block.text, (HEI, KAI, FANG, FANG)[block.level - 1])
            paragraph.paragraph_format.first_line_indent = Pt(2 * CHARACTER)
            paragraph.paragraph_format.keep_with_next = True
            paragraph._element.get_or_add_pPr().append(element("outlineLvl", val=block.level))
        elif isinstance(block, Para):
            paragraph = self._line(block.text, align=block.align)
            if block.indent and block.align == "left":
                paragraph.paragraph_format.first_line_indent = Pt(2 * CHARACTER)
        elif isinstance(block, Facts):
            share = facts_share(block) / 100
            self._table([(False, [(label, HEI, "center"), (value, FANG, "left")]) for label, value in block.pairs], (share, 1 - share))
        elif isinstance(block, Table):
            titles = (True, [(title, HEI, "center") for title in block.titles])
            self._table([titles, *((False, [(cell, FANG, "left") for cell in row]) for row in block.rows)], block.widths)
        elif isinstance(block, PageBreak):
            self.breaks = True
        elif isinstance(block, Picture):
            paragraph = self._line(align="center")
            paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
            paragraph.add_run().add_picture(io.BytesIO(block.data), Mm(block.width_mm))

    def _table(self, rows: list[tuple[bool, list[tuple[str, str, str]]]], shares: tuple[float, ...]) -> None:
        widths = [round(TWIPS * share / sum(shares)) for share in shares]
        if self.breaks:
            self._line(pitch=1)
        table, properties = element("tbl"), element("tblPr")
        properties.append(element("tblW", w=round(TWIPS), type="dxa"))
        properties.append(_borders(top=4, left=4, bottom=4, right=4, insideH=4, insideV=4))
        properties.append(element("tblLayout", type="fixed"))
        table.append(properties)
        table.append(_grid(widths))
        for heading, cells in rows:
            row = element("tr")
            about = element("trPr")
            if all(len(cell[0]) <= SHORT for cell in cells):
                about.append(element("cantSplit"))
            if heading:
                about.append(element("tblHeader"))
            row.append(about)
            for (text, font, align), wide in zip(cells, widths, strict=True):
                row.append(_cell(text, font, align, wide))
            table.append(row)
        self.body.insert(len(self.body) - 1, table)
        self._line(pitch=12)

    # -- the end -----------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        document = self.document
        if document.attachments:
            self._line()
            for number, name in enumerate(document.attachments, 1):
                shown = f"{number}. {name}" if len(document.attachments) > 1 else name
                paragraph = self._line(("附件：" if number == 1 else "") + shown)
                paragraph.paragraph_format.left_indent = Pt(5 * CHARACTER)
                paragraph.paragraph_format.first_line_indent = Pt(-3 * CHARACTER if number == 1 else 0)
        if document.form != "minutes" and (document.signature or document.date):
            self._signature(document)
        for label, names in document.attendance:
            self._line()
            paragraph = self._line(label, HEI)
            set_font(paragraph.add_run("：" + ("、".join(names) or "无")), FANG, SIZE)
            wide = width(label) + 3
            paragraph.paragraph_format.left_indent = Pt(wide * CHARACTER)
            paragraph.paragraph_format.first_line_indent = Pt(-(wide - 2) * CHARACTER)
        if document.copies:
            self._copies(document)

    def _signature(self, document: Document) -> None:
        date = chinese_date(document.date) if document.date else ""
        over, right = signature_indent(document.signature, date)
        for _blank in range(2):
            self._line().paragraph_format.keep_with_next = True
        for text, indent in ((document.signature, over), (date, right)):
            if text:
                paragraph = self._line(text, align="right")
                paragraph.paragraph_format.right_indent = Pt(indent * CHARACTER)
                paragraph.paragraph_format.keep_with_next = text == document.signature and bool(date)

    def _copies(self, document: Document) -> None:
        """版记 at the foot of the last page: 抄送, and who printed it when, between lines."""
        printed = f"{chinese_date(document.date)}印发" if document.date else ""
        rows: list[tuple[str, ...]] = [("抄送：" + ended(document.copies),)]
        if printed:
            rows.append((document.signature or document.issuer, printed))
        widths = (round(TWIPS * 0.6), round(TWIPS * 0.4))
        table, about = element("tbl"), element("tblPr")
        about.append(element("tblpPr", leftFromText=0, rightFromText=0, vertAnchor="margin", horzAnchor="margin", tblpXSpec="left", tblpYSpec="bottom"))
        about.append(element("tblW", w=round(TWIPS), type="dxa"))
        about.append(_borders(top=8, bottom=8, insideH=4))
        about.append(element("tblLayout", type="fixed"))
        table.append(about)
        table.append(_grid(widths))
        for cells in rows:
            row = element("tr")
            row.append(_cell(cells[0], FANG, "left", widths[0] if len(cells) > 1 else sum(widths), span=3 - len(cells), indent=280))
            if len(cells) > 1:
                row.append(_cell(cells[1], FANG, "right", widths[1], indent=280))
            table.append(row)
        self.body.insert(len(self.body) - 1, table)
        self._line(pitch=1)


def _borders(**sides: int) -> Any:
    borders = element("tblBorders")
    for side, weight in sides.items():
        borders.append(element(side, val="single", sz=weight, space=0, color="000000"))
    return borders


def _grid(widths: Sequence[int]) -> Any:
    grid = element("tblGrid")
    for wide in widths:
        grid.append(element("gridCol", w=wide))
    return grid


def _cell(text: str, font: str, align: str, wide: int, span: int = 1, indent: int = 0) -> Any:
    """A cell of a table, in 4号. Built by hand: a table of thousands of cells is ready at once."""
    cell = element("tc")
    about = element("tcPr")
    about.append(element("tcW", w=wide, type="dxa"))
    if span > 1:
        about.append(element("gridSpan", val=span))
    about.append(element("vAlign", val="center"))
    cell.append(about)
    for part in text.split("\n"):
        paragraph, shape, run, look = element("p"), element("pPr"), element("r"), element("rPr")
        shape.append(element("spacing", before=40, after=40, line=420, lineRule="exact"))
        if indent:
            shape.append(element("ind", left=indent, right=indent))
        shape.append(element("jc", val=align))
        look.append(element("rFonts", ascii=font, hAnsi=font, eastAsia=font, cs=font))
        look.append(element("sz", val=28))
        look.append(element("szCs", val=28))
        content = element("t")
        content.text = part
        content.set(qn("xml:space"), "preserve")
        run.extend((look, content))
        paragraph.extend((shape, run))
        cell.append(paragraph)
    return cell


def _red_line(paragraph: Paragraph, space: int) -> None:
    """A red line so many points below a paragraph."""
    borders = element("pBdr")
    borders.append(element("bottom", val="single", sz=12, space=space, color="D7000F"))
    paragraph._element.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:outlineLvl")


def _watermark(text: str, number: int) -> Any:
    """A word behind the page, as Word itself makes it."""
    from lxml import etree

    vml, office = "urn:schemas-microsoft-com:vml", "urn:schemas-microsoft-com:office:office"
    picture = element("pict")
    wide = min(400.0, 70 * width(text))
    shape = etree.SubElement(picture, f"{{{vml}}}shape", nsmap={"v": vml, "o": office})
    shape.set("id", f"watermark{number}")
    shape.set(f"{{{office}}}spid", f"_x0000_s{2049 + number}")
    shape.set("type", "#_x0000_t136")
    shape.set("style", (
        f"position:absolute;margin-left:0;margin-top:0;width:{wide:.0f}pt;height:{wide / max(width(text), 1):.0f}pt;rotation:315;z-index:-251658752;"
        "mso-position-horizontal:center;mso-position-horizontal-relative:margin;mso-position-vertical:center;mso-position-vertical-relative:margin"
    ))  # fmt: skip
    shape.set("fillcolor", "#d9d9d9")
    shape.set("stroked", "f")
    kind = etree.Element(f"{{{vml}}}shapetype", nsmap={"v": vml, "o": office})
    for key, value in (("id", "_x0000_t136"), ("coordsize", "21600,21600"), (f"{{{office}}}spt", "136"), ("adj", "10800"), ("path", "m@7,l@8,m@5,21600l@6,21600e")):
        kind.set(key, value)
    etree.SubElement(kind, f"{{{vml}}}path").set("textpathok", "t")
    etree.SubElement(kind, f"{{{vml}}}textpath").set("on", "t")
    picture.insert(0, kind)
    path = etree.SubElement(shape, f"{{{vml}}}textpath")
    path.set("style", 'font-family:"黑体";font-size:1pt')
    path.set("string", text)
    return picture
