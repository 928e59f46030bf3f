"""Pieces of WordprocessingML that python-docx does not offer: Chinese fonts, ruled tables, red lines, a word behind the page."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from functools import lru_cache
from typing import Any

from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Pt
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from portal.documents.model import width


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


def borders_of(**sides: int) -> Any:
    borders = element("tblBorders")
    for side, weight in sides.items():
        borders.append(element(side, val="single", sz=weight, space=0, color="000000"))
    return borders


def grid_of(widths: Sequence[int]) -> Any:
    grid = element("tblGrid")
    for wide in widths:
        grid.append(element("gridCol", w=wide))
    return grid


def cell_of(text: str, font: str, align: str, wide: int, span: int = 1, indent: int = 0) -> Any:
    """A cell of a table, in 4号. Copied from a pattern (lxml copies an element whole): a table of thousands of cells is ready at once."""
    cell = copy(_pattern(font, align, wide, span, indent))
    paragraph = cell[-1]
    for number, part in enumerate(text.split("\n")):
        if number:
            paragraph = copy(paragraph)
            cell.append(paragraph)
        paragraph[-1][-1].text = part
    return cell


@lru_cache(maxsize=256)
def _pattern(font: str, align: str, wide: int, span: int, indent: int) -> Any:
    """A cell with one paragraph of one run, without its text; tables have few kinds of them."""
    cell = element("tc")
    about = element("tcPr")
    about.append(element("tcW", w=wide, type="dxa"))
    if span > 1:
        about.append(element("gridSpan", val=span))
    about.append(element("vAlign", val="center"))
    cell.append(about)
    paragraph, shape, run, look = element("p"), element("pPr"), element("r"), element("rPr")
    shape.append(element("spacing", before=40, after=40, line=420, lineRule="exact"))
    if indent:
        shape.append(element("ind", left=indent, right=indent))
    shape.append(element("jc", val=align))
    look.append(element("rFonts", ascii=font, hAnsi=font, eastAsia=font, cs=font))
    look.append(element("sz", val=28))
    look.append(element("szCs", val=28))
    content = element("t")
    content.set(qn("xml:space"), "preserve")
    run.extend((look, content))
    paragraph.extend((shape, run))
    cell.append(paragraph)
    return cell


def red_line(paragraph: Paragraph, space: int, side: str = "bottom", kind: str = "single", eighths: int = 12) -> None:
    """A red line so many points above or below a paragraph."""
    borders = element("pBdr")
    borders.append(element(side, val=kind, sz=eighths, space=space, color="D7000F"))
    paragraph._element.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:snapToGrid", "w:spacing", "w:ind", "w:jc", "w:outlineLvl")


def watermark_of(text: str, number: int) -> Any:
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
