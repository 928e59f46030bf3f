"""Documents as docx: the same layout for Word, WPS and LibreOffice, with the fonts by their legal names."""

from __future__ import annotations

import datetime as dt
import io
from functools import cache
from typing import Any

from docx import Document as new_document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

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
    head_size,
    signature_indent,
    tidy,
    title_lines,
    width,
)  # fmt: skip
from portal.documents.pdf import POINTS, SHORT, addressed, copies_label, ended, facts_share
from portal.documents.wordml import borders_of, cell_of, element, grid_of, red_line, set_font, watermark_of

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


@cache
def _blank() -> bytes:
    """An empty document with the page, the style and the page numbers of the standard: every document begins as a copy of it."""
    file = new_document()
    section = file.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.left_margin = Mm(37), Mm(28)
    section.right_margin, section.bottom_margin = Mm(210 - 28 - TEXT_WIDTH_MM), Mm(297 - 37 - TEXT_HEIGHT_MM)
    section.header_distance, section.footer_distance = Mm(22), Mm(24)
    for grid in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(grid)
    section._sectPr.append(element("docGrid", type="linesAndChars", linePitch=LINE_PITCH, charSpace=CHARACTER_SPACE))
    normal = file.styles["Normal"]
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
    file.settings.odd_and_even_pages_header_footer = True
    _page_number(file, section.footer.paragraphs[0], WD_ALIGN_PARAGRAPH.RIGHT)
    _page_number(file, section.even_page_footer.paragraphs[0], WD_ALIGN_PARAGRAPH.LEFT)
    for style in list(file.styles):
        if style.type != WD_STYLE_TYPE.PARAGRAPH and not style.element.get(qn("w:default")):
            style.delete()
    stream = io.BytesIO()
    file.save(stream)
    return stream.getvalue()


def _page_number(file: Any, paragraph: Paragraph, align: WD_ALIGN_PARAGRAPH) -> None:
    """4号半角宋体 with a dash on each side, one character from the edge: right on odd pages, left on even ones (7.5)."""
    paragraph.style, paragraph.alignment = file.styles["Normal"], align
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


class _Writer:
    """Writes one document from top to bottom."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.file = new_document(io.BytesIO(_blank()))
        self.body = self.file.element.body
        self.breaks = False
        self._page()

    def save(self) -> bytes:
        self._head()
        signed = self.document.form != "minutes" and bool(self.document.signature or self.document.date) and not self.document.attachments
        for at, block in enumerate(self.document.blocks, 1):
            self._block(block, signed and at == len(self.document.blocks))
        self._end()
        stream = io.BytesIO()
        self.file.save(stream)
        return stream.getvalue()

    # -- the page ---------------------------------------------------------------------------------------------------------

    def _page(self) -> None:
        section = self.file.sections[0]
        for at, header in enumerate((section.header, section.even_page_header)):
            self._header(header.paragraphs[0], at)
        if self.document.form == "correspondence":
            self._letter_paper(section)
        about = self.file.core_properties
        about.title, about.author, about.comments = self.document.title.replace("\n", "")[:250], (self.document.signature or self.document.issuer)[:250], ""
        day = self.document.date if isinstance(self.document.date, dt.date) else dt.date(2026, 1, 1)
        about.created = about.modified = dt.datetime.combine(day, dt.time())
        about.language = "zh-CN"

    def _header(self, paragraph: Paragraph, number: int) -> None:
        paragraph.style, paragraph.alignment = self.file.styles["Normal"], WD_ALIGN_PARAGRAPH.RIGHT
        if self.document.header_note:
            set_font(paragraph.add_run(self.document.header_note), FANG, 10.5)
        if self.document.watermark:
            paragraph.add_run()._element.append(watermark_of(self.document.watermark, number))

    def _letter_paper(self, section: Any) -> None:
        """信函格式 (10.1): head and double lines of 170 mm on the first page, which has no number."""
        document = self.document
        section.different_first_page_header_footer = True
        section.footer_distance = Mm(20)
        for footer in (section.footer, section.even_page_footer):
            footer.paragraphs[0].paragraph_format.space_after = Mm(4)
        head, foot = section.first_page_header.paragraphs[0], section.first_page_footer.paragraphs[0]
        mark = document.issuer or document.title.replace("\n", "")
        size = head_size(mark, POINTS)
        head.style, head.alignment = self.file.styles["Normal"], WD_ALIGN_PARAGRAPH.CENTER
        head.paragraph_format.space_before, head.paragraph_format.line_spacing = Mm(8), Pt(size * 1.05)
        run = head.add_run(mark)
        set_font(run, TITLE, size)
        run.font.color.rgb = RED
        if document.watermark:
            head.add_run()._element.append(watermark_of(document.watermark, 2))
        rule = section.first_page_header.add_paragraph()
        for paragraph, height in ((rule, 4 / 25.4 * 72), (foot, 4.0)):
            paragraph.style = self.file.styles["Normal"]
            shape = paragraph.paragraph_format
            shape.left_indent, shape.right_indent, shape.line_spacing = Mm(-8), Mm(-6), Pt(height)
        red_line(rule, 0, "bottom", "thickThinSmallGap", 24)
        red_line(foot, 0, "top", "thinThickSmallGap", 24)

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
        elif document.form == "correspondence":
            self._letter_head(document)
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
            last.add_run(f"{document.signature}\t{document.dated}")
        rule = last if last is not None and not minutes else self._line(pitch=4)
        red_line(rule, 11 if rule is last else 8)
        for _blank in range(2):
            self._line()
        if document.issuer and document.title:
            self._title()
            self._line()

    def _letter_head(self, document: Document) -> None:
        """Under the head that stands in the header of the first page: 密级 left, number right, two empty lines, the title."""
        if document.secrecy or document.number:
            paragraph = self._line(document.secrecy, HEI)
            paragraph.paragraph_format.space_before = Pt(8)
            paragraph.paragraph_format.tab_stops.add_tab_stop(Pt(POINTS), 2)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
            set_font(paragraph.add_run(f"\t{document.number}"), FANG, SIZE)
        for _blank in range(2):
            self._line()
        if document.issuer and document.title:
            self._title()
            self._line()

    def _block(self, block: Any, last: bool = False) -> None:
        if isinstance(block, Heading):
            paragraph = self._line(block.text, (HEI, KAI, FANG, FANG)[block.level - 1])
            paragraph.paragraph_format.first_line_indent = Pt(2 * CHARACTER)
            paragraph.paragraph_format.keep_with_next = True
            paragraph._element.get_or_add_pPr().append(element("outlineLvl", val=block.level))
        elif isinstance(block, Para):
            paragraph = self._line(block.text, align=block.align)
            if block.indent and block.align == "left":
                paragraph.paragraph_format.first_line_indent = Pt(2 * CHARACTER)
            paragraph.paragraph_format.keep_with_next = last or None
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
        properties.append(borders_of(top=4, left=4, bottom=4, right=4, insideH=4, insideV=4))
        properties.append(element("tblLayout", type="fixed"))
        table.append(properties)
        table.append(grid_of(widths))
        for heading, cells in rows:
            row = element("tr")
            about = element("trPr")
            if all(len(cell[0]) <= SHORT for cell in cells):
                about.append(element("cantSplit"))
            if heading:
                about.append(element("tblHeader"))
            row.append(about)
            for (text, font, align), wide in zip(cells, widths, strict=True):
                row.append(cell_of(text, font, align, wide))
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
        for at, (label, names) in enumerate(document.attendance):
            if at == 0:
                self._line()
            paragraph = self._line(label, HEI)
            set_font(paragraph.add_run("：" + ("、".join(names) or "无")), FANG, SIZE)
            wide = width(label) + 3
            paragraph.paragraph_format.left_indent = Pt(wide * CHARACTER)
            paragraph.paragraph_format.first_line_indent = Pt(-(wide - 2) * CHARACTER)
        if document.copies:
            self._copies(document)

    def _signature(self, document: Document) -> None:
        date = document.dated
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
        printed = f"{document.dated}印发" if document.date else ""
        rows: list[tuple[str, ...]] = [(f"{copies_label(document.form)}：{ended(document.copies)}",)]
        if printed:
            rows.append((document.signature or document.issuer, printed))
        widths = (round(TWIPS * 0.6), round(TWIPS * 0.4))
        table, about = element("tbl"), element("tblPr")
        about.append(element("tblpPr", leftFromText=0, rightFromText=0, vertAnchor="margin", horzAnchor="margin", tblpXSpec="left", tblpYSpec="bottom"))
        about.append(element("tblW", w=round(TWIPS), type="dxa"))
        about.append(borders_of(top=8, bottom=8, insideH=4))
        about.append(element("tblLayout", type="fixed"))
        table.append(about)
        table.append(grid_of(widths))
        for cells in rows:
            row = element("tr")
            row.append(cell_of(cells[0], FANG, "left", widths[0] if len(cells) > 1 else sum(widths), span=3 - len(cells), indent=280))
            if len(cells) > 1:
                row.append(cell_of(cells[1], FANG, "right", widths[1], indent=280))
            table.append(row)
        self.body.insert(len(self.body) - 1, table)
        self._line(pitch=1)
