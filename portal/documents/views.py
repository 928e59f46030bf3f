"""The papers of a town's plugins and the Word templates that the town has put in their place."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import DateField, StringField
from wtforms.validators import InputRequired, Length

from portal import audit
from portal.auth.permissions import can, logged_in
from portal.clock import today
from portal.contract import NavItem, Paper
from portal.database import db
from portal.documents import papers, sending, store, templates
from portal.documents.store import DocumentTemplate
from portal.errors import NotFound, Refused
from portal.forms import Form
from portal.records import attachments
from portal.work import unit_of_work

blueprint = Blueprint("documents", __name__, url_prefix="/settings/papers", template_folder="pages")
FURTHEST = dt.timedelta(days=366)


class UploadForm(Form):
    note = StringField(_l("说明"), [Length(max=200, message=_l("最多 200 个字。"))])


class TakeForm(Form):
    valid_from = DateField(_l("自哪一天起"), [InputRequired(_l("请填写日期。"))])


def mine() -> list[Paper]:
    """The papers whose template the acting role may replace for its organisation."""
    if g.get("grant") is None:
        return []
    return [paper for paper in papers.all_papers(g.grant.org_id) if paper.permission and can(paper.permission, g.grant.org_id)]


def navigation() -> list[NavItem]:
    """Shown to whoever may replace a template of the acting town."""
    return [NavItem(_("文书模板"), "documents.index", "", "file-text", 955, _("管理"))] if mine() else []


def _paper(key: str) -> Paper:
    paper = next((paper for paper in mine() if paper.key == key), None)
    if paper is None:
        raise NotFound(_("没有这种文书。"))
    return paper


def _version(paper: Paper, version_id: int) -> DocumentTemplate:
    """A version of the acting town's own template of this paper."""
    wanted = select(DocumentTemplate).where(
        DocumentTemplate.id == min(version_id, 2**31 - 1), DocumentTemplate.org_id == g.grant.org_id, DocumentTemplate.paper == paper.key, DocumentTemplate.kind == "own"
    )
    found = db.session.scalars(wanted).one_or_none()
    if found is None:
        raise NotFound(_("没有这个模板。"))
    return found


@blueprint.get("")
@logged_in
def index() -> Any:
    """The papers with what is used for each today."""
    found = mine()
    if not found:
        raise NotFound(_("没有可设置的文书。"))
    rows = [(paper, store.in_force(db.session(), g.grant.org_id, paper.key, today())) for paper in found]
    return render_template("documents/index.html", rows=rows)


@blueprint.get("/<key>")
@logged_in
def detail(key: str) -> Any:
    """One paper: its placeholders, the standard, the town's own versions."""
    return page(_paper(key))


def page(paper: Paper, form: UploadForm | None = None, error: str = "") -> str:
    """The page of a paper."""
    org_id = g.grant.org_id
    return render_template(
        "documents/paper.html", paper=paper, versions=store.versions(db.session(), org_id, paper.key), form=form or UploadForm(formdata=None), error=error,
        used=store.in_force(db.session(), org_id, paper.key, today()), most=templates.MOST_BYTES // 1_000_000,
    )  # fmt: skip


@blueprint.get("/<key>/standard.<kind>")
@logged_in
def standard(key: str, kind: str) -> Response:
    """The standard: as a template with placeholders (docx), or filled in with the sample (pdf)."""
    paper = _paper(key)
    if kind == "docx":
        return sending.download(papers.standard_template(paper), kind, _("%(title)s（标准模板）", title=paper.title), detail={"paper": key})
    return sending.send(paper.build(paper.sample), kind, _("%(title)s（样例）", title=paper.title), detail={"paper": key})


@blueprint.post("/<key>/versions")
@logged_in
def upload(key: str) -> Any:
    """Bring a template along: it is looked through and filled in for trial before it is kept. It is not in use yet."""
    paper, form = _paper(key), UploadForm()
    if not form.validate():
        return page(paper, form), 422
    try:
        prepared = _receive(paper)
    except Refused as refusal:
        why = str(refusal.message)[:200]
        audit.note("documents.template_refused", record_type=store.RECORD, chain_id=g.grant.org_id, detail={"paper": key}, reason=why, result="refused")
        return page(paper, form, str(refusal.message)), 422
    with unit_of_work("documents.template_uploaded") as session:
        row = store.add_version(session, g.grant.org_id, key, prepared, (form.note.data or "").strip())
        made = row.id
    flash(_("模板已通过检查，尚未启用。请先预览。"), "success")
    return redirect(url_for("documents.preview", key=key, version_id=made), 303)


def _receive(paper: Paper) -> tuple[bytes, str, str]:
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Refused(_("请选择文件。"))
    prepared = attachments.prepare(sent.stream.read(templates.MOST_BYTES + 1), sent.filename, ("docx",))
    templates.check_template(prepared[0], paper)
    return prepared


@blueprint.get("/<key>/versions/<int:version_id>")
@logged_in
def preview(key: str, version_id: int) -> Any:
    """What a version looks like with the sample's values, and taking it into use."""
    paper = _paper(key)
    return _preview(paper, _version(paper, version_id), TakeForm(formdata=None, data={"valid_from": today()}))


def _preview(paper: Paper, row: DocumentTemplate, form: TakeForm) -> str:
    filled = templates.fill(store.content(db.session(), row), paper, paper.sample)
    used = store.in_force(db.session(), g.grant.org_id, paper.key, today())
    return render_template("documents/preview.html", paper=paper, row=row, form=form, lines=shown_lines(filled), used=used is not None and used.id == row.id)


def shown_lines(docx: bytes) -> list[Any]:
    """The text of a Word file for a look at it: paragraphs with their alignment, tables as rows of cells."""
    from docx import Document as read_docx
    from docx.table import Table

    found: list[Any] = []
    for part in read_docx(io.BytesIO(docx)).iter_inner_content():
        if isinstance(part, Table):
            found.append([[cell.text for cell in row.cells] for row in part.rows[:50]])
        elif part.text.strip():
            found.append((part.text, {1: "center", 2: "end"}.get(part.alignment if part.alignment is not None else 0, "start")))
        if len(found) >= 300:
            break
    return found


@blueprint.get("/<key>/versions/<int:version_id>/<what>.docx")
@logged_in
def version_file(key: str, version_id: int, what: str) -> Response:
    """A version as it was uploaded, or filled in with the sample."""
    paper = _paper(key)
    row = _version(paper, version_id)
    content, told = store.content(db.session(), row), {"paper": key, "template": f"v{row.version}"}
    if what == "sample":
        return sending.download(templates.fill(content, paper, paper.sample), "docx", _("%(title)s（样例）", title=paper.title), record=row, detail=told)
    if what != "template":
        raise NotFound(_("没有这个文件。"))
    return sending.download(content, "docx", row.filename.rpartition(".")[0] or str(paper.title), record=row, detail=told)


@blueprint.post("/<key>/versions/<int:version_id>/use")
@logged_in
def take(key: str, version_id: int) -> Any:
    """Take a version into use from a day on: one that was used before comes back as a new version, so that the history stays."""
    paper, form = _paper(key), TakeForm()
    row = _version(paper, version_id)
    day = form.valid_from.data
    if form.validate() and day is not None and not today() <= day <= today() + FURTHEST:
        form.valid_from.errors = [_("请填写今天至一年内的日期。")]
    if form.errors or day is None:
        return _preview(paper, row, form), 422
    content = store.content(db.session(), row)
    prepared = attachments.prepare(content, row.filename, ("docx",))
    with unit_of_work("documents.template_taken") as session:
        row = _version(paper, version_id)
        if row.valid_from is not None:
            row = store.add_version(session, g.grant.org_id, key, prepared, _("再次启用第 %(n)s 版", n=row.version))
        store.take_into_use(session, row, day)
        version = row.version
    flash(_("第 %(n)s 版自 %(day)s 起启用。", n=version, day=day), "success")
    return redirect(url_for("documents.detail", key=key), 303)


@blueprint.post("/<key>/standard")
@logged_in
def back_to_standard(key: str) -> Any:
    """From today on the standard again; the town's own versions stay in the history."""
    paper = _paper(key)
    with unit_of_work("documents.template_standard") as session:
        if store.in_force(session, g.grant.org_id, paper.key, today()) is not None:
            store.take_into_use(session, store.add_version(session, g.grant.org_id, key, None, ""), today())
    flash(_("已恢复标准版式。"), "success")
    return redirect(url_for("documents.detail", key=key), 303)
