"""Papers of the plugins: drawn in the standard layout, or in docx by the town's own template where it has one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app
from flask_babel import gettext as _

from portal import audit
from portal.clock import today
from portal.context import current_actor
from portal.contract import Paper
from portal.database import Base, db, utcnow
from portal.documents import sending, store, templates
from portal.errors import NotFound
from portal.records import attachments
from portal.work import unit_of_work


@dataclass(frozen=True)
class Filled:
    """A paper that was drawn, and the version of the town's own template that it was drawn with, if any."""

    content: bytes
    template_id: int | None = None
    version: int | None = None

    def told(self) -> str:
        """The version in words for the trail."""
        return f"v{self.version}" if self.version else "standard"


def all_papers(org_id: int) -> list[Paper]:
    """The papers of the plugins that are on for a town."""
    found: list[Paper] = current_app.extensions["portal"].plugins.collect_for(org_id, "portal_papers")
    return found


def find_paper(org_id: int, key: str) -> Paper:
    """A paper of the town by its key. Raises NotFound."""
    paper = next((paper for paper in all_papers(org_id) if paper.key == key), None)
    if paper is None:
        raise NotFound(_("没有这种文书。"))
    return paper


def draw(paper: Paper, values: Mapping[str, Any], kind: str, org_id: int, day: dt.date) -> Filled:
    """The paper as ``docx`` (by the town's own template where it has one) or as ``pdf`` (always the standard layout)."""
    if kind not in sending.KINDS:
        raise NotFound(_("没有这种文件格式。"))
    if kind == "pdf":
        return Filled(sending.to_pdf(paper.build(values)))
    own = store.in_force(db.session(), org_id, paper.key, day)
    if own is None:
        return Filled(sending.to_docx(paper.build(values)))
    return Filled(templates.fill(store.content(db.session(), own), paper, values), own.id, own.version)


def standard_template(paper: Paper) -> bytes:
    """The standard layout as a Word file with the placeholders in it, to be changed and brought back."""
    return sending.to_docx(paper.build(templates.placeholders(paper)))


def send_paper(
    paper: Paper, values: Mapping[str, Any], kind: str, filename: str, *, org_id: int,
    record: Base | None = None, detail: Mapping[str, Any] | None = None, reason: str = "",
) -> Response:  # fmt: skip
    """A download of the paper; the caller has checked the right to the record. The event tells the version of the template."""
    filled = draw(paper, values, kind, org_id, today())
    told = {"paper": paper.key, "template": filled.told(), **(detail or {})}
    return sending.download(filled.content, kind, filename, record=record, detail=told, reason=reason)


def keep_paper(paper: Paper, values: Mapping[str, Any], filename: str, record: Any) -> attachments.Attachment:
    """Draw the paper as docx and put it among the files of the record, with the version of the template it was made with."""
    filled = draw(paper, values, "docx", record.org_id, today())
    record_type, record_id, org_id = record.record_name(), int(record.id), int(record.org_id)
    prepared = attachments.prepare(filled.content, f"{filename}.docx", ("docx",))
    with unit_of_work("documents.kept") as session:
        kept = attachments.attach(session, prepared, record_type, record_id, org_id, "paper")
        session.add(store.KeptDocument(
            org_id=org_id, record_type=record_type, record_id=record_id, paper=paper.key, template_id=filled.template_id,
            standard_version="" if filled.template_id else str(current_app.extensions["portal"].plugins.core_version), attachment_id=kept.id,
            digest=kept.digest, made_at=utcnow(), made_name=current_actor().name,
        ))  # fmt: skip
        audit.note("documents.kept", record_type=record_type, record_id=record_id, chain_id=org_id, detail={"paper": paper.key, "template": filled.told()})
        session.flush()
    return kept
