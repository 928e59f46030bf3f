"""State secrets do not belong into this portal: what carries a mark of secrecy is refused, with where to go instead.

保守国家秘密法: marks are 绝密, 机密 or 秘密 with a star, or named as 密级.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable

from flask_babel import gettext as _

from portal.errors import Refused

MARK = re.compile(r"(?:绝密|机密|秘密)\s?[★☆]|密\s?级\s?[:：]\s?(?:绝密|机密|秘密)")
TAG = re.compile(rb"<[^>]{0,400}>")
MOST = 5_000_000
"""Bytes of an office file's text that are looked at."""


def is_marked(text: str) -> bool:
    """Whether a text carries a mark of secrecy."""
    return MARK.search(unicodedata.normalize("NFKC", text)) is not None


def refuse_marked(texts: Iterable[str], field: str = "") -> None:
    """Raise Refused where one of the texts is marked."""
    if any(is_marked(text) for text in texts if text):
        raise Refused(_("内容带有国家秘密标志。本系统不是涉密系统，不得录入或上传；请立即联系本单位保密机构。"), field=field)


def refuse_marked_file(data: bytes, name: str) -> None:
    """Raise Refused for a file whose name, or text as far as it can be read, is marked."""
    refuse_marked([name, *_office_text(data)], field="file")


def _office_text(data: bytes) -> Iterable[str]:
    """The text of a Word or Excel file, a bounded amount of it."""
    if not data.startswith(b"PK\x03\x04"):
        return
    left = MOST
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist()[:200]:
                if not re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml|xl/(sharedStrings|worksheets/[^/]+)\.xml", entry.filename):
                    continue
                with archive.open(entry) as stream:
                    part = stream.read(left)
                left -= len(part)
                yield TAG.sub(b"", part).decode("utf-8", "ignore")
                if left <= 0:
                    return
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
        return
