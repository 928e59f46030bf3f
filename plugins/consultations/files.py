"""Files of a consultation and of opinions: who may have them, with an event for each, with name and time on them."""

from __future__ import annotations

import io
from typing import Any

from flask import g, send_file
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations import access, office, queries, watermark
from plugins.consultations.models import CASE_FILES, OPINION_FILES, Consultation, Opinion
from portal.clock import now_local
from portal.context import current_actor
from portal.errors import NotFound, Refused
from portal.records import attachments
from portal.records.attachments import Attachment
from portal.tenancy import crossing

ALLOWED = ("pdf", "jpg", "jpeg", "png", "docx", "xlsx")
"""What name and time can be written on: Word and Excel files as the PDF that is made of them."""


def prepare(upload: Any) -> tuple[bytes, str, str] | None:
    """A file of a form, checked before the write lock is taken: members can be shown the whole of it, with their name. Raises Refused."""
    if upload and upload.filename and upload.filename.rpartition(".")[2].lower() in office.OLD:
        raise Refused(_("%(name)s：这种格式加不了姓名和时间水印。", name=upload.filename[-60:]) + office.instead(), field="files")
    found = attachments.prepare_all([upload] if upload else [], ALLOWED)
    if not found:
        return None
    data, name, media_type = found[0]
    kind = office.kind_of(media_type)
    if kind or media_type == "application/pdf":
        watermark.check_pages(office.as_pdf(data, kind, name) if kind else data)
    return found[0]


def shown(data: bytes, name: str, media_type: str) -> tuple[bytes, str, str]:
    """A file as whoever is outside the asking town gets it: its content with name and time, its name, its type."""
    kind = office.kind_of(media_type)
    if kind:
        return watermark.marked(office.as_pdf(data, kind, name), "application/pdf", mark_text()), f"{name}.pdf", "application/pdf"
    return watermark.marked(data, media_type, mark_text()), name, media_type


def prepare_all(uploads: Any) -> list[tuple[bytes, str, str]]:
    return [found for found in (prepare(upload) for upload in uploads) if found is not None]


def mark_text() -> str:
    """Whose eyes these are, and when."""
    return f"{g.account.name} {g.grant.organisation.short_name} {now_local():%Y-%m-%d %H:%M}"


def needs_mark(consultation: Consultation) -> bool:
    """Everybody outside the asking town reads with their name behind it."""
    return bool(g.grant.org_id != consultation.org_id)


def _row(session: Session, record_type: str, attachment_id: int) -> Attachment:
    with crossing("consultations.file", record_type, unguarded=True):
        found = session.scalars(select(Attachment).where(Attachment.id == attachment_id, Attachment.record_type == record_type)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这个附件。"))
    return found


def of_consultation(session: Session, consultation: Consultation, attachment_id: int) -> Attachment:
    """A file of the evidence list of a consultation that the reader may see."""
    if attachment_id not in {line["file"] for line in consultation.evidence}:
        raise NotFound(_("没有找到这个附件。"))
    return _row(session, CASE_FILES, attachment_id)


def of_opinion(session: Session, consultation: Consultation, attachment_id: int) -> Attachment:
    """A file of an opinion that the reader may see already; any other is not there, and the try is an event."""
    found = _row(session, OPINION_FILES, attachment_id)
    own = select(Opinion).where(Opinion.id == found.record_id, Opinion.consultation_id == consultation.id)
    opinion = session.scalars(own).one_or_none()
    given = {given.id for _seat, given in queries.opinions(session, consultation)} if opinion is not None else set()
    if opinion is None or (opinion.id not in given and not opinion.written_by(current_actor())):
        access.refused(consultation.id, consultation.org_id, "file")
        raise NotFound(_("没有找到这个附件。"))
    return found


def all_of_opinions(session: Session, opinion_ids: list[int]) -> dict[int, list[Attachment]]:
    """The files of opinions that the reader may see, by opinion."""
    listed: dict[int, list[Attachment]] = {key: [] for key in opinion_ids}
    if not opinion_ids:
        return listed
    with crossing("consultations.file", "opinions", unguarded=True):
        found = select(Attachment).where(Attachment.record_type == OPINION_FILES, Attachment.record_id.in_(opinion_ids)).order_by(Attachment.id)
        for row in session.scalars(found):
            listed[row.record_id].append(row)
    return listed


def send(consultation: Consultation, found: Attachment, *, as_shown: bool = False) -> Any:
    """The file as a download, marked for whoever is outside the asking town; ``as_shown``: for the town too, to look at what they see."""
    access.downloaded(consultation, found.filename)
    name = next((line["filename"] for line in consultation.evidence if line["file"] == found.id), found.filename)
    data, media_type = attachments.content(found), found.media_type
    if as_shown or needs_mark(consultation):
        data, name, media_type = shown(data, name, media_type)
    answer = send_file(io.BytesIO(data), media_type, as_attachment=True, download_name=name)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
