"""Giving a document to whoever asked for it, with an event that says who took what with them."""

from __future__ import annotations

import io
import re
from typing import Any
from urllib.parse import quote

from flask import Response, g, send_file
from flask_babel import gettext as _

from portal import audit
from portal.database import Base
from portal.documents.model import Document
from portal.errors import NotFound
from portal.work import is_working

KINDS = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
ACTION = "documents.sent"


def to_docx(document: Document) -> bytes:
    """The document as docx. Raises Refused when it is too large; not inside a unit of work, which would hold the writers' gate."""
    from portal.documents import word

    _outside_work()
    return word.to_docx(document)


def to_pdf(document: Document) -> bytes:
    """The document as PDF. Raises Refused when it is too large; not inside a unit of work, which would hold the writers' gate."""
    from portal.documents import pdf

    _outside_work()
    return pdf.to_pdf(document)


def _outside_work() -> None:
    if is_working():
        raise RuntimeError("a document is drawn before or after a unit of work, never inside")


def send(document: Document, kind: str, filename: str, *, record: Base | None = None, detail: dict[str, Any] | None = None, reason: str = "") -> Response:
    """A download of the document as ``docx`` or ``pdf``. The caller has checked the right to the record; the sending is an event.

    ``filename`` is the name without its ending, in Chinese. Raises NotFound for another kind, Refused for a document too large.
    """
    if kind not in KINDS:
        raise NotFound(_("没有这种文件格式。"))
    content = to_pdf(document) if kind == "pdf" else to_docx(document)
    return download(content, kind, filename, record=record, detail={"title": document.title, **(detail or {})}, reason=reason)


def download(content: bytes, kind: str, filename: str, *, record: Base | None = None, detail: dict[str, Any] | None = None, reason: str = "") -> Response:
    """A download of what is drawn already, with the event of its sending."""
    grant = g.get("grant")
    told = {"format": kind, **(detail or {})}
    if record is not None:
        audit.note(ACTION, record=record, detail=told, reason=reason)
    else:
        audit.note(ACTION, record_type="core.document", chain_id=grant.org_id if grant is not None else None, detail=told, reason=reason)
    name = re.sub(r'[\x00-\x1f\\/:*?"<>|]+', "_", filename).strip(" ._")[:120] or "document"
    answer = send_file(io.BytesIO(content), KINDS[kind], as_attachment=True, download_name=f"document.{kind}")
    quoted = quote(f"{name}.{kind}", safe="")
    answer.headers["Content-Disposition"] = f"attachment; filename=document.{kind}; filename*=UTF-8''{quoted}"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
