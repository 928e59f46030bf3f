"""What a document tells of whoever made it is taken out, and the document stays one."""

import datetime as dt
import io
import re
import zipfile

import docx
import openpyxl
import pytest

from portal.errors import Refused
from portal.records import properties
from tests.plugins.complaints.helpers import FORM, fetch

NAME = "张三丰"


def word() -> bytes:
    document, stream = docx.Document(), io.BytesIO()
    document.add_paragraph("每天傍晚占道经营。")
    run = document.add_paragraph("油烟扰民").runs[0]
    document.add_comment(run, text="请看这里", author=NAME, initials="张")
    about = document.core_properties
    about.author = about.last_modified_by = NAME
    about.created = dt.datetime(2026, 11, 20, 21, 17)
    document.save(stream)
    return stream.getvalue()


def sheet() -> bytes:
    book, stream = openpyxl.Workbook(), io.BytesIO()
    book.active["A1"] = "车牌"
    book.active["A1"].comment = openpyxl.comments.Comment("见照片", NAME)
    book.properties.creator = book.properties.lastModifiedBy = NAME
    book.save(stream)
    return stream.getvalue()


INFO = b"<< /Author (Zhang \\(San\\) Feng) /Title <5A68616E67> /Creator (Word) /CreationDate (D:20261120211700+08'00') >>"


def pdf(trailer: bytes = b"/Info 4 0 R") -> bytes:
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R /Metadata 5 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 99 99] >>",
        INFO,
        b"<< /Type /Metadata /Subtype /XML /Length 70 >>\nstream\n<x:xmpmeta><dc:creator><rdf:li>Zhang San</rdf:li></dc:creator></x:xmpmeta>\nendstream",
    ]  # fmt: skip
    stream, places = io.BytesIO(), []
    stream.write(b"%PDF-1.4\n")
    for number, part in enumerate(parts, 1):
        places.append(stream.tell())
        stream.write(b"%d 0 obj\n%b\nendobj\n" % (number, part))
    start = stream.tell()
    stream.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places))
    stream.write(b"trailer\n<< /Size 6 /Root 1 0 R %b >>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start))
    return stream.getvalue()


@pytest.mark.parametrize(("make", "extension"), [(word, "docx"), (sheet, "xlsx")])
def test_office_files_name_nobody_and_open(make, extension):
    clean = properties.plain(make(), extension)
    with zipfile.ZipFile(io.BytesIO(clean)) as archive:
        whole = b"".join(archive.read(part) for part in archive.namelist())
        assert {part.date_time for part in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert NAME.encode() not in whole and b"2026-11-20" not in whole
    if extension == "docx":
        document = docx.Document(io.BytesIO(clean))
        assert [text.text for text in document.paragraphs] == ["每天傍晚占道经营。", "油烟扰民"] and document.core_properties.author == ""
        assert next(iter(document.comments)).text == "请看这里"
    else:
        assert openpyxl.load_workbook(io.BytesIO(clean)).active["A1"].value == "车牌"


def test_a_pdf_keeps_every_byte_but_the_values():
    before = pdf()
    after = properties.plain(before, "pdf")
    assert len(after) == len(before)
    for said in (b"Zhang", b"Word", b"5A68", b"20261120", b"dc:creator"):
        assert said in before and said not in after, said
    assert after.count(b"endobj") == 5 and b"/Author (" in after and re.search(rb"/Title <[20]+>", after)


def test_our_own_pdfs_lose_what_they_say_too():
    import typst

    made = typst.compile(b'#set document(author: "Zhang San", title: "T")\n#set page(width: 5cm, height: 5cm)\nhello')
    assert len(properties.plain(made, "pdf")) == len(made)


@pytest.mark.parametrize("trailer", [b"/Info 9 0 R", b"/Info 4 0 R /Encrypt 6 0 R"])
def test_what_cannot_be_taken_out_is_refused_where_it_must(trailer):
    prepared = (pdf(trailer=trailer), "来信.pdf", "application/pdf")
    assert properties.without(prepared) == prepared
    with pytest.raises(Refused, match="拍照或扫描成图片"):
        properties.without(prepared, must=True)


def test_an_archive_that_unpacks_without_end_is_refused():
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b" " * (properties.MOST_BYTES + 1))
    with pytest.raises(Refused, match="展开后过大"):
        properties.plain(stream.getvalue(), "docx")


def test_files_of_complaints_come_without(app_sqlite, world, login, post):
    """At registering and afterwards; the file of an anonymous matter that cannot be cleaned is refused and nothing is registered."""
    import sqlalchemy as sa

    from portal.database import db
    from portal.records.attachments import Attachment, content
    from portal.tenancy import EVERYTHING, use_scope

    clerk, officer = login("jn_intake"), login("jn_officer")

    def send(data, name, **more):
        sent = {**FORM, **more, "files": (io.BytesIO(data), name)}
        return post(clerk, "/complaints/new", sent, page="/complaints/new", follow_redirects=True, content_type="multipart/form-data")

    assert send(word(), "来信.docx").status_code == 200
    refused = send(pdf(trailer=b"/Info 9 0 R"), "来信.pdf", anonymous="y")
    assert refused.status_code == 422 and "拍照或扫描成图片" in refused.get_data(as_text=True)
    assert send(pdf(), "来信.pdf", anonymous="y").status_code == 200
    with use_scope(EVERYTHING):
        ids = list(db.session.scalars(sa.select(Attachment.record_id).order_by(Attachment.id)))
    added = {"files": (io.BytesIO(sheet()), "清单.xlsx")}
    assert post(officer, f"/attachments/complaints.complaint/{ids[0]}", added, page=f"/complaints/{ids[0]}", content_type="multipart/form-data").status_code == 303
    assert fetch(ids[1]).anonymous
    with use_scope(EVERYTHING):
        for file in db.session.scalars(sa.select(Attachment)):
            data = content(file)
            whole = data if data.startswith(b"%PDF") else b"".join(zipfile.ZipFile(io.BytesIO(data)).read(part) for part in zipfile.ZipFile(io.BytesIO(data)).namelist())
            assert NAME.encode() not in whole and b"Zhang" not in whole, file.filename
