"""Word templates that a town brings along: what they may say, and everything that they may not."""

import io
import time
import zipfile

import pytest
from docx import Document as read_docx

from portal.contract import Paper
from portal.documents import Document, Para, Table, papers, templates
from portal.errors import Refused

SECRET = '<w:p>{{ 7*7 }} & "x" {% raw %}\n第二段 \x07\x00 {_{ y }_}'


def build(values):
    rows = tuple((row["at"], row["text"]) for row in values.get("entries") or ())
    blocks = (Para(values.get("body", "")), Table(("时间", "内容"), rows))
    return Document("告知书", "letter", str(values.get("issuer", "")), str(values.get("number", "")), blocks=blocks)


PAPER = Paper(
    "test.notice", "告知书", {"issuer": "发文机关", "number": "文号", "body": "正文"}, build,
    {"issuer": "江南街道办事处", "number": "江南告〔2026〕3号", "body": "您反映的事项已收悉。",
     "entries": [{"at": "9月1日", "text": "现场核查"}, {"at": "9月2日", "text": "答复"}]},
    {"entries": {"at": "时间", "text": "内容"}},
)  # fmt: skip


def word_file(*paragraphs, header="", title="", cells=()):
    """A docx as an office would make it."""
    file = read_docx()
    for text in paragraphs:
        file.add_paragraph(text)
    if cells:
        table = file.add_table(0, len(cells[0]))
        for row in cells:
            for cell, text in zip(table.add_row().cells, row, strict=True):
                cell.text = text
    if header:
        file.sections[0].header.paragraphs[0].text = header
    file.core_properties.title = title
    stream = io.BytesIO()
    file.save(stream)
    return stream.getvalue()


def texts(content):
    file = read_docx(io.BytesIO(content))
    return [p.text for p in file.paragraphs], [[cell.text for cell in row.cells] for table in file.tables for row in table.rows]


def with_part(data, name, content):
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            if part.filename != name:
                new.writestr(part.filename, old.read(part))
        new.writestr(name, content)
    return stream.getvalue()


def test_the_standard_template_is_accepted_and_filled_in_gives_the_standard_text(app_sqlite):
    standard = papers.standard_template(PAPER)
    templates.check_template(standard, PAPER)
    paragraphs, rows = texts(templates.fill(standard, PAPER, PAPER.sample))
    assert "江南告〔2026〕3号" in paragraphs and "您反映的事项已收悉。" in paragraphs
    assert rows == [["时间", "内容"], ["9月1日", "现场核查"], ["9月2日", "答复"]]


def test_values_are_texts_whatever_they_say(app_sqlite):
    own = word_file("{{ body }}", header="{{ number }}", title="{{ issuer }}")
    filled = templates.fill(own, PAPER, {"body": SECRET, "number": SECRET, "issuer": SECRET})
    paragraphs, _rows = texts(filled)
    assert paragraphs[0] == '<w:p>{{ 7*7 }} & "x" {% raw %}' and paragraphs[1].startswith("第二段")
    assert "49" not in "".join(paragraphs)
    templates.check_file(filled)


def test_questions_and_rows_are_allowed_and_nothing_given_is_empty(app_sqlite):
    own = word_file(
        "{% if body %}有正文{% else %}无正文{% endif %}", "{%p if not number %}", "没有文号", "{%p endif %}",
        cells=(("{%tr for one in entries %}", ""), ("{{ loop.index }}. {{ one.at }}", "{{ one.text }}"), ("{%tr endfor %}", "")),
    )  # fmt: skip
    templates.check_template(own, PAPER)
    assert texts(templates.fill(own, PAPER, {}))[0] == ["无正文", "没有文号"]
    paragraphs, rows = texts(templates.fill(own, PAPER, PAPER.sample))
    assert paragraphs == ["有正文"] and rows == [["1. 9月1日", "现场核查"], ["2. 9月2日", "答复"]]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("{{ nobody }}", "nobody"),
        ("{{ body.__class__ }}", "body.__class__"),
        ("{{ ''.__class__.__mro__ }}", "__mro__"),
        ("{{ body|safe }}", "safe"),
        ("{{ body|upper }}", "upper"),
        ("{{ body * 1000000 }}", "Mul"),
        ("{{ 10 ** 10 ** 10 }}", "Pow"),
        ("{{ range(10) }}", "Call"),
        ("{{ body.format(1) }}", "Call"),
        ("{{ lipsum() }}", "Call"),
        ("{{ self }}", "self"),
        ("{{ cycler }}", "cycler"),
        ("{{ entries }}", "entries"),
        ("{{ entries[0] }}", "Getitem"),
        ("{% for x in body %}{% endfor %}", "for"),
        ("{% for x in entries %}{% for y in entries %}{{ y.at }}{% endfor %}{% endfor %}", "for"),
        ("{% for x in entries %}{{ x }}{% endfor %}", "x"),
        ("{% for x in entries %}{{ x.nothing }}{% endfor %}", "x.nothing"),
        ("{% for x in entries recursive %}{% endfor %}", "for"),
        ("{% set a = 1 %}", "Assign"),
        ("{% macro a() %}{% endmacro %}", "Macro"),
        ("{% include 'portal/config.py' %}", "Include"),
        ("{% import 'x' as x %}", "Import"),
        ("{% extends 'x' %}", "Extends"),
        ("{% block a %}{% endblock %}", "Block"),
        ("{% with a=1 %}{% endwith %}", "With"),
        ("{{ body", "写法有误"),
        ("{% if body %}", "写法有误"),
        ("{% do_it %}", "写法有误"),
        ("{{ }}", "写法有误"),
    ],
)
def test_a_wrong_statement_is_refused_with_what_is_wrong(app_sqlite, wrong, words):
    for place in ({"paragraphs": (wrong,)}, {"header": wrong}, {"title": wrong}):
        own = word_file(*place.get("paragraphs", ("好",)), header=place.get("header", ""), title=place.get("title", ""))
        with pytest.raises(Refused) as refused:
            templates.check_template(own, PAPER)
        assert words in str(refused.value.message) and refused.value.field == "file"


def test_no_bomb_no_macro_no_link_no_other_file_comes_in(app_sqlite):
    good = word_file("{{ body }}")
    bomb = with_part(good, "word/media/zero.xml", b"\0" * 150_000_000)
    space = b"http://schemas.openxmlformats.org/package/2006/relationships"
    external = b'<Relationships xmlns="' + space + b'"><Relationship Id="r" Type="t" Target="http://x/y" TargetMode="External"/></Relationships>'
    for bad in (
        b"", b"PK\x03\x04 no archive", b"%PDF-1.7", bomb, with_part(good, "word/vbaProject.bin", b"x"), with_part(good, "word/embeddings/ole.bin", b"x"),
        with_part(good, "word/_rels/document.xml.rels", external), with_part(good, "word/_rels/document.xml.rels", external.replace(b'"', b"'")),
        with_part(good, "word/document.xml", b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'),
        with_part(good, "[Content_Types].xml", b"<Types/>"), with_part(good, "word/document.xml", b"<broken"), with_part(good, "word/big.xml", b"a" * 1_000_001),
        good + b"\0" * 5_000_000,
    ):  # fmt: skip
        with pytest.raises(Refused) as refused:
            templates.check_template(bad, PAPER)
        assert refused.value.field == "file"
    templates.check_template(good, PAPER)


@pytest.mark.parametrize("pattern", ["{{tr ", "{%tr ", "{{", "{%", "{#tr ", "{"])
def test_what_makes_expressions_slow_is_refused_or_done_in_a_moment(app_sqlite, pattern):
    before = time.process_time()
    for count in (400, 150_000):
        own = word_file(pattern * count + "<w:tr " * 20_000)
        with pytest.raises(Refused):
            templates.check_template(own, PAPER)
    assert time.process_time() - before < 6


def test_a_list_without_an_end_is_refused_for_own_templates(app_sqlite):
    own = word_file(cells=(("{%tr for one in entries %}",), ("{{ one.at }}",), ("{%tr endfor %}",)))
    with pytest.raises(Refused, match="PDF"):
        templates.fill(own, PAPER, {"entries": [{"at": "1"}] * 1001})
    assert len(texts(templates.fill(own, PAPER, {"entries": [{"at": "1"}] * 900}))[1]) == 900
