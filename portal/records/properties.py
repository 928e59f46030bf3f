"""What a document tells of whoever made it: author, company, programme, times. It is taken out where a file must not speak of people.

Word and Excel files are packed anew with empty properties. In a PDF the values are blanked where they stand, so that
every other byte keeps its place; where they stand packed or encrypted that cannot be done, and the caller is told.
"""

from __future__ import annotations

import io
import re
import zipfile

from flask_babel import gettext as _

from portal.errors import Refused
from portal.records.attachments import redraw

MOST_PARTS = 5000
MOST_BYTES = 100_000_000
"""Unpacked, of one file."""
EPOCH = (1980, 1, 1, 0, 0, 0)
_HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
EMPTY = {
    "docprops/core.xml": _HEAD + b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"/>',
    "docprops/app.xml": _HEAD + b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/extended-properties"/>',
    "docprops/custom.xml": _HEAD + b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"/>',
}
"""Parts that hold nothing but properties, and what stands there instead."""
NAMED = re.compile(rb'(\b(?:w:author|w:initials|w15:author|w15:userId|w15:providerId|displayName|userId|userName)=)"[^"]*"')
AUTHOR = re.compile(rb"(<(?:\w+:)?author>)[^<]*(</(?:\w+:)?author>)")
COMMENTED = re.compile(
    r"word/(document|comments\w*|footnotes|endnotes|header\d*|footer\d*|people)\.xml|xl/(comments[\w/]*|workbook|(persons|threadedcomments)/[^/]+)\.xml"
)
"""Parts that name whoever wrote a comment or changed a line."""


class NotPlain(Exception):
    """The properties of a file cannot be taken out."""


def without(prepared: tuple[bytes, str, str], *, must: bool = False) -> tuple[bytes, str, str]:
    """A prepared file without properties. ``must``: raise Refused where they cannot be taken out, else such a file stays as it is."""
    data, name, media_type = prepared
    try:
        return plain(data, name.rpartition(".")[2].lower()), name, media_type
    except NotPlain:
        if must:
            raise Refused(_("%(name)s：文件里可能带有作者信息，无法清除。匿名事项请打印后拍照或扫描成图片上传。", name=name[-60:]), field="files") from None
        return prepared


def plain(data: bytes, extension: str) -> bytes:
    """The content without properties; pictures have none any more. Raises NotPlain or Refused."""
    if extension in ("docx", "xlsx"):
        return _office(data)
    return _pdf(data) if extension == "pdf" else data


def _office(data: bytes) -> bytes:
    """The archive anew: properties empty, nobody named as author, pictures drawn anew, no time of any part."""
    stream, left = io.BytesIO(), MOST_BYTES
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as fresh:
            parts = archive.infolist()
            if len(parts) > MOST_PARTS:
                raise Refused(_("文件里的部件过多。"), field="files")
            for part in parts:
                with archive.open(part) as opened:
                    content = opened.read(left + 1)
                left -= len(content)
                if left < 0:
                    raise Refused(_("文件展开后过大。"), field="files")
                fresh.writestr(zipfile.ZipInfo(part.filename, EPOCH), _part(part.filename.lower(), content), zipfile.ZIP_DEFLATED)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        raise NotPlain from None
    return stream.getvalue()


def _part(name: str, content: bytes) -> bytes:
    if name in EMPTY:
        return EMPTY[name]
    if COMMENTED.fullmatch(name):
        return AUTHOR.sub(rb"\1\2", NAMED.sub(rb'\1""', content))
    if re.fullmatch(r"docprops/thumbnail\.\w+|(word|xl)/media/[^/]+\.(jpe?g|png)", name):
        try:
            return redraw(content)
        except Refused:
            return content
    return content


INFO = re.compile(rb"/Info\s+(\d+)\s+(\d+)\s+R")
REFERENCE = re.compile(rb"/[A-Za-z]+\s+(\d+)\s+(\d+)\s+R")
METADATA = re.compile(rb"\d+\s+\d+\s+obj\s*<<(?:(?!endobj|stream).){0,2000}?/Type\s*/Metadata\b.*?endstream", re.DOTALL)
PACKET = re.compile(rb"<\?xpacket begin.*?<\?xpacket end[^>]*>|<x:xmpmeta.*?</x:xmpmeta>", re.DOTALL)


def _pdf(data: bytes) -> bytes:
    """The same bytes with the values of the information dictionary and all metadata streams blanked. Raises NotPlain."""
    found = set(INFO.findall(data))
    if b"/Encrypt" in data:
        raise NotPlain
    whole = bytearray(data)
    for number, generation in sorted(found):
        _blank_object(data, whole, number, generation, follow=True)
    for match in METADATA.finditer(data):
        start = data.find(b"stream", match.start(), match.end())
        _blank(whole, start + len(b"stream"), match.end() - len(b"endstream"))
    for match in PACKET.finditer(data):
        _blank(whole, *match.span())
    return bytes(whole)


def _blank_object(data: bytes, whole: bytearray, number: bytes, generation: bytes, *, follow: bool) -> None:
    """Blank the strings of an object, in each of its versions. Raises NotPlain where it stands in a packed stream."""
    bodies = list(re.finditer(rb"(?<!\d)%b\s+%b\s+obj\b(.*?)endobj" % (number, generation), data, re.DOTALL))
    if not bodies:
        raise NotPlain
    for body in bodies:
        _blank_strings(whole, body.start(1), body.end(1))
        for other in REFERENCE.findall(body[1]) if follow else ():
            _blank_object(data, whole, *other, follow=False)


def _blank(whole: bytearray, start: int, end: int) -> None:
    """Blanks, but for the ends of lines: a stream begins after one."""
    for at in range(start, end):
        if whole[at] not in b"\r\n":
            whole[at] = 0x20


def _blank_strings(whole: bytearray, start: int, end: int) -> None:
    """Blank ``(literal)`` and ``<hex>`` strings between two places, keeping their length."""
    at = start
    while at < end:
        sign = whole[at : at + 1]
        if sign == b"(":
            at = _blank_literal(whole, at + 1, end)
        elif sign == b"<" and whole[at + 1 : at + 2] == b"<":
            at += 2
        elif sign == b"<":
            close = whole.find(b">", at, end)
            close = end if close < 0 else close
            whole[at + 1 : close] = (b"20" * (close - at))[: close - at - 1]
            at = close + 1
        else:
            at += 1


def _blank_literal(whole: bytearray, at: int, end: int) -> int:
    """Blank a literal string from its first character on; returns the place behind it."""
    depth = 1
    while at < end:
        sign = whole[at]
        if sign == 0x5C:  # a backslash and what it stands before
            whole[at : min(at + 2, end)] = b"  "[: min(2, end - at)]
            at += 2
            continue
        depth += (sign == 0x28) - (sign == 0x29)
        if depth == 0:
            return at + 1
        whole[at] = 0x20
        at += 1
    return end
