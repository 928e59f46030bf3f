"""Official documents in the layout of GB/T 9704-2012, as docx and PDF: what a plugin says, set as the standard wants it."""

from __future__ import annotations

from flask import Flask

from portal.documents.language import in_chinese
from portal.documents.model import Block, Document, Facts, Heading, PageBreak, Para, Picture, Table, chinese_date, chinese_number
from portal.documents.sending import KINDS, download, send, to_docx, to_pdf

__all__ = [
    "KINDS", "Block", "Document", "Facts", "Heading", "PageBreak", "Para", "Picture", "Table", "chinese_date", "chinese_number", "download", "in_chinese", "send",
    "to_docx", "to_pdf",
]  # fmt: skip


def init_app(app: Flask) -> None:
    """Offer the pages of the templates."""
    from portal.documents.views import blueprint

    app.register_blueprint(blueprint)
