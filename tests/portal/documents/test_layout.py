"""GB/T 9704-2012, measured on the page that is drawn and in the file that Word opens."""

import datetime as dt
import io
import itertools
import json
import zipfile

import pytest
import typst
from docx import Document as read_docx
from docx.oxml.ns import qn
from docx.shared import Mm, Pt
from PIL import Image

from portal.documents import model, pdf, word
from portal.documents.model import Document, Facts, Heading, PageBreak, Para, Picture, Table
from portal.errors import Refused

MM = 72 / 25.4
HOSTILE = '#read("/etc/passwd") #sys.inputs {{ 7*7 }} {% raw %} <w:p>&amp; ]]> $x$ `a` *b* _c_ @d \\u{41} “引号” \x00\x07\ud800\ufffe😀𠮷'
SHOWN = '#read("/etc/passwd") #sys.inputs {{ 7*7 }} {% raw %} <w:p>&amp; ]]> $x$ `a` *b* _c_ @d \\u{41} “引号” 😀𠮷'
EVERYTHING = Document(
    "关于投诉举报事项的告知书", "letter", "长寿区江南街道综合行政执法办公室", "江南投告〔2026〕17号", "王芳",
    (Heading(1, "一、基本情况"), Para(HOSTILE), Heading(2, "（一）核查"), Facts((("编号", HOSTILE), ("日期", dt.date(2026, 9, 28)))), PageBreak(),
     Table(("序号", "内容"), ((1, HOSTILE), (2, None)), (1, 5)), Para("此致", align="center")),
    "长寿区江南街道综合行政执法办公室", dt.date(2026, 9, 28), "区司法局", ("现场照片", "摘录"), "内部资料", "样稿", "征求意见",
    attendance=(("出席", ("张三", "李四")), ("请假", ())),
)  # fmt: skip


def evaluated(document, expression):
    data, _pictures = pdf.data_of(model.tidy(document))
    compiler = typst.Compiler(str(pdf.LAYOUT), root=str(pdf.LAYOUT.parent), font_paths=pdf._fonts(""), sys_inputs={"data": json.dumps(data)})
    return compiler.eval(expression)


def places(*blocks):
    """Where the blocks begin: page and points from the left and upper edge."""
    found = evaluated(Document("标题", "plain", blocks=(PageBreak(), *blocks)), "query(<block>).map(b => b.location().position())")
    found = json.loads(found) if isinstance(found, str) else found
    return [(at["page"] - 1, float(at["x"].removesuffix("pt")), float(at["y"].removesuffix("pt"))) for at in found]


def texts_of(content):
    file = read_docx(io.BytesIO(content))
    return [paragraph.text for paragraph in file.paragraphs] + [cell.text for table in file.tables for row in table.rows for cell in row.cells]


def test_a_page_has_22_lines_of_28_characters_and_the_margins_of_the_standard():
    full, line, more, last = places(Para("执" * 22 * 28, False), Para("法" * 28, False), Para("法" * 29, False), Para("完"))
    assert full[0] == 1 and full[1] == pytest.approx(28 * MM, abs=0.1) and full[2] == pytest.approx(37 * MM, abs=0.1)
    pitch = more[2] - line[2]
    assert line[0] == 2 and line[2] == full[2], "22 lines fill the page, no more and no fewer"
    assert pitch == pytest.approx(225 * MM / 22, abs=0.1)
    assert last[2] - more[2] == pytest.approx(2 * pitch, abs=0.01), "the 29th character begins a line"


def test_the_first_line_of_a_paragraph_has_26_characters_after_its_indent():
    fits, not_any_more, last = places(Para("执" * 26), Para("执" * 27), Para("完"))
    assert last[2] - not_any_more[2] == pytest.approx(2 * (not_any_more[2] - fits[2]), abs=0.01)


def test_headings_titles_and_characters_of_other_fonts_keep_to_the_lines():
    ys = [y for _page, _x, y in places(Heading(1, "一、黑体"), Heading(2, "（一）楷体"), Heading(3, "1. 仿宋"), Para("玥瑀喆堃昇𠮷 ABC 123"), Para("完"))]
    steps = [after - before for before, after in itertools.pairwise(ys)]
    assert steps == pytest.approx([28.95] * 4, abs=0.02)


def test_the_paper_is_a4_and_pages_are_numbered_outside():
    page = Image.open(io.BytesIO(pdf.to_png(Document("标题", "plain", blocks=(Para("第一页"), PageBreak(), Para("第二页"))), 72)[0]))
    assert page.size == pytest.approx((210 * MM, 297 * MM), abs=1)
    odd, even = (Image.open(io.BytesIO(one)).convert("L") for one in pdf.to_png(Document("标题", "plain", blocks=(Para("一"), PageBreak(), Para("二"))), 72))

    def ink(image, left, right):
        strip = image.crop((round(left * MM), round((297 - 35 + 5) * MM), round(right * MM), round((297 - 15) * MM)))
        return min(strip.tobytes()) < 128

    assert ink(odd, 150, 184) and not ink(odd, 26, 100)
    assert ink(even, 28, 60) and not ink(even, 100, 184)


def test_the_red_head_stands_35_mm_below_the_edge_of_the_text():
    page = Image.open(io.BytesIO(pdf.to_png(Document("关于情况的报告", "letter", "江南街道办事处", "江南办〔2026〕3号"), 72)[0])).convert("RGB")
    red = [y for y in range(page.height) if any(page.getpixel((x, y))[0] > 180 and page.getpixel((x, y))[1] < 90 for x in range(0, page.width, 2))]
    assert red[0] == pytest.approx((37 + 35) * MM, abs=8)
    line = [y for y in red if all(page.getpixel((round(x * MM), y))[1] < 160 for x in (29, 60, 105, 150, 183))]
    assert line, "a red line as wide as the text"
    black = [y for y in range(line[-1] + 2, page.height) if any(max(page.getpixel((x, y))) < 100 for x in range(0, page.width, 2))]
    assert black[0] - line[-1] > 2 * 25, "two empty lines before the title"


def test_a_letter_has_double_lines_above_and_below_and_no_number_on_its_first_page():
    letter = Document("受理告知书", "correspondence", "江南街道综合行政执法办公室", "江南投受〔2026〕3号", "王芳", (Para("正文"), PageBreak(), Para("第二页")))
    first, second = (Image.open(io.BytesIO(one)).convert("RGB") for one in pdf.to_png(letter, 144))

    def red(image, x, y):
        return image.getpixel((round(x * 2 * MM), y))[0] > 180 and image.getpixel((round(x * 2 * MM), y))[1] < 140

    rows = [y / 2 / MM for y in range(first.height) if all(red(first, x, y) for x in (21, 60, 105, 150, 189))]
    assert not any(red(first, x, round(rows[0] * 2 * MM)) for x in (18, 192)), "170 mm long"
    top, bottom = [y for y in rows if y < 100], [y for y in rows if y > 200]
    assert 40 < top[0] < 52 and bottom[0] == pytest.approx(277, abs=1.5)
    assert max(top) - min(top) < 3 and max(bottom) - min(bottom) < 3
    ink = [y for y in range(round(280 * 2 * MM), first.height) if any(max(first.getpixel((x, y))) < 128 for x in range(first.width))]
    assert not ink and not [y for y in range(second.height) if red(second, 105, y)]
    word_head = read_docx(io.BytesIO(word.to_docx(letter))).sections[0]
    assert word_head.different_first_page_header_footer and word_head.first_page_header.paragraphs[0].text == "江南街道综合行政执法办公室"


def test_word_gets_the_same_page_and_the_fonts_by_their_legal_names():
    file = read_docx(io.BytesIO(word.to_docx(EVERYTHING)))
    section = file.sections[0]
    assert (section.page_width, section.page_height, section.top_margin, section.left_margin) == pytest.approx((Mm(210), Mm(297), Mm(37), Mm(28)), abs=1000)
    assert section.page_width - section.left_margin - section.right_margin == pytest.approx(Mm(156), abs=1000)
    assert section.page_height - section.top_margin - section.bottom_margin == pytest.approx(Mm(225), abs=1000)
    grid = section._sectPr.find(qn("w:docGrid"))
    assert grid.get(qn("w:type")) == "linesAndChars"
    assert int(225 * MM * 20 // int(grid.get(qn("w:linePitch")))) == 22
    assert int(156 * MM // (16 + int(grid.get(qn("w:charSpace"))) / 4096)) == 28
    normal = file.styles["Normal"]
    assert normal.font.size == Pt(16) and normal.paragraph_format.line_spacing == Pt(28.95)
    assert normal.element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋_GB2312"
    closer = int(normal.element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    assert 28 * (16 + closer) <= 156 * MM < 29 * (16 + closer)
    fonts = {run.text: (run._element.rPr.rFonts.get(qn("w:eastAsia")), run.font.size) for paragraph in file.paragraphs for run in paragraph.runs if run.text}
    assert fonts["关于投诉举报事项的告知书"] == ("方正小标宋简体", Pt(22))
    assert fonts["一、基本情况"][0] == "黑体" and fonts["（一）核查"][0] == "楷体_GB2312"
    assert fonts["长寿区江南街道综合行政执法办公室"][0] == "仿宋_GB2312", "the signature; the head has the same words in 小标宋 above it"
    assert file.settings.odd_and_even_pages_header_footer
    assert "PAGE" in section.footer._element.xml and section.footer.paragraphs[0].alignment != section.even_page_footer.paragraphs[0].alignment


def test_the_text_of_people_is_never_read_as_code_and_loses_only_what_cannot_be_seen():
    shown = texts_of(word.to_docx(EVERYTHING))
    assert shown.count(SHOWN) == 3
    drawn = evaluated(EVERYTHING, "query(<block>).map(repr)")
    drawn = drawn if isinstance(drawn, str) else json.dumps(drawn, ensure_ascii=False)
    assert "root:" not in drawn and drawn.count("/etc/passwd") == 3
    assert pdf.to_pdf(EVERYTHING).startswith(b"%PDF-")
    for part in zipfile.ZipFile(io.BytesIO(word.to_docx(EVERYTHING))).namelist():
        assert not part.startswith(("/", "..")), part


def test_every_character_of_a_name_is_drawn():
    def drawn(character):
        return pdf.to_png(Document("名", "plain", blocks=(Para(character),)), 72)[0]

    box = drawn("\U0003134f")
    assert all(drawn(name) != box for name in "玥瑀喆堃昇𠮷䶮鿍㑇")


def test_pictures_fit_the_page_and_what_is_none_is_refused():
    stream = io.BytesIO()
    Image.new("RGB", (200, 1000), "navy").save(stream, "PNG")
    tall = Document("图", "plain", blocks=(Picture(stream.getvalue(), 150),))
    assert model.tidy(tall).blocks[0].width_mm == pytest.approx(40)
    assert len(pdf.to_png(tall, 30)) <= 2 and b"word/media/image1.png" in word.to_docx(tall)
    with pytest.raises(Refused):
        word.to_docx(Document("图", "plain", blocks=(Picture(b"no picture"),)))


@pytest.mark.parametrize(
    "blocks",
    [
        (Para("长" * 400_001),),
        (Para("\n".join("行" for _ in range(6000))),),
        (Table(("一", "二"), tuple(("a", "b") for _ in range(10_001))),),
    ],
)
def test_what_is_too_long_is_refused_before_it_is_drawn(blocks):
    with pytest.raises(Refused, match="过长"):
        pdf.to_pdf(Document("长", blocks=blocks))


def test_minutes_tell_who_was_there_and_have_no_seal_line():
    minutes = Document(
        "会议纪要", "minutes", "江南街道综合行政执法联席会议纪要", "〔2026〕3号", date=dt.date(2026, 9, 28),
        attendance=(("出席", ("张三（司法所）", "李四")), ("请假", ()), ("列席", ("赵六",))),
    )  # fmt: skip
    shown = texts_of(word.to_docx(minutes))
    assert "出席：张三（司法所）、李四" in shown and "请假：无" in shown and "列席：赵六" in shown
    assert len(pdf.to_png(minutes, 30)) == 1


def test_a_document_without_anything_but_a_title_is_a_page_in_every_form():
    for form in model.FORMS:
        assert len(pdf.to_png(Document("", form), 20)) == 1 and word.to_docx(Document("题", form))[:2] == b"PK"


def test_an_endless_word_stays_on_the_page():
    word_long = Document("题", "plain", blocks=(Para("a" * 3000), Facts((("网址", "https://" + "x" * 900),)), Table(("一", "二"), (("y" * 300, "z"),))))
    for page in pdf.to_png(word_long, 50):
        image = Image.open(io.BytesIO(page)).convert("L")
        assert min(image.crop((round(187 / 25.4 * 50), 0, image.width, image.height)).tobytes()) > 200


def test_fonts_of_the_deployment_come_first_and_a_broken_one_does_no_harm(tmp_path):
    import shutil

    (tmp_path / "broken.ttf").write_bytes(b"no font")
    shutil.copy(pdf.FONTS / "FandolKai-Regular.otf", tmp_path / "own.otf")
    own, shipped = pdf._fonts(str(tmp_path)), pdf._fonts("")
    assert set(own.families()) == set(shipped.families()) and len(own.fonts()) > len(shipped.fonts())
    assert "FandolFang R" in shipped.families() and not any("DejaVu" in family for family in shipped.families()), "none of the system"
