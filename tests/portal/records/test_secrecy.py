"""What carries a mark of secrecy stays out."""

from __future__ import annotations

import io
import zipfile

import pytest

from portal.errors import Refused
from portal.records import attachments
from portal.records.secrecy import is_marked, refuse_marked_file


@pytest.mark.parametrize("text", ["机密★10年", "绝密★", "秘密 ☆ 长期", "密级：秘密", "密 级:机密", "附件 密级： 绝密 件"])
def test_marks_are_seen(text):
    assert is_marked(text)


@pytest.mark.parametrize("text", ["商业秘密受侵害", "请为举报人保守秘密。", "他知道机密文件在哪里", "五星级★★★饭店", ""])
def test_words_alone_are_no_mark(text):
    assert not is_marked(text)


def word(text, bomb=0):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", f"<w:p><w:r><w:t>{text[:2]}</w:t></w:r><w:r><w:t>{text[2:]}</w:t></w:r></w:p>" + " " * bomb)
    return stream.getvalue()


def test_a_word_file_with_a_mark_is_refused_even_when_it_is_split_into_runs(app_sqlite):
    with pytest.raises(Refused, match="保密机构"):
        attachments.prepare(word("机密★10年"), "通知.docx", ("docx",))
    assert attachments.prepare(word("商业秘密"), "通知.docx", ("docx",))[1] == "通知.docx"
    with pytest.raises(Refused, match="保密机构"):
        attachments.prepare(b"%PDF-1.7", "秘密★通知.pdf", ("pdf",))


def test_broken_and_swollen_archives_cost_little():
    refuse_marked_file(b"PK\x03\x04 nothing", "a.docx")
    refuse_marked_file(word("普通", bomb=60_000_000), "a.docx")
