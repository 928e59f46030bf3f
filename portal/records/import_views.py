"""Pages of the import of tables: choose a file, look at every row, confirm, see what came of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from flask import abort, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portal import audit
from portal.audit import standing
from portal.auth import throttle
from portal.auth.permissions import check, logged_in
from portal.clock import today
from portal.config import current_settings
from portal.database import db, utcnow
from portal.errors import Conflict, DomainError, NotFound, Refused
from portal.records import importing, mapping
from portal.records.models import ImportRun
from portal.records.views import blueprint, send_table
from portal.records.workbooks import Header, WorkbookError, heading, read_workbook
from portal.work import unit_of_work

PREVIEWED = 100
KEPT = dt.timedelta(hours=24)
STATUSES = ("create", "update", "skip", "refuse")


def spec_or_404(name: str) -> importing.ImportSpec:
    """The import that the acting role may use."""
    if g.grant is None:
        abort(404)
    spec = importing.spec_of(name, g.grant.org_id)
    check(spec.permission)
    if not g.grant.organisation.is_town and not spec.of_district:
        raise Refused(_("导入由街镇办理，请切换到街镇的角色。"))
    return spec


@blueprint.route("/import/<name>", methods=["GET", "POST"])
@logged_in
def import_upload(name: str) -> Any:
    """Choose a file; it is read and checked, nothing is written but the file itself until it is confirmed."""
    spec = spec_or_404(name)
    error: WorkbookError | None = None
    if request.method == "POST":
        throttle.pace(f"upload {g.account.id}", current_settings().uploads_per_minute)
        try:
            return redirect(url_for("records.import_preview", name=name, run_id=_receive(spec)), 303)  # which sends on where columns are to be mapped
        except WorkbookError as problem:
            db.session.rollback()
            error = problem
            audit.note(f"{spec.name}.import_refused", record_type="records.import", chain_id=g.grant.org_id, detail={"code": problem.code}, result="refused")
    recent = select(ImportRun).where(ImportRun.org_id == g.grant.org_id, ImportRun.name == name, ImportRun.done_at.is_not(None)).order_by(ImportRun.id.desc()).limit(5)
    return render_template("records/import_upload.html", spec=spec, error=error, recent=db.session.scalars(recent).all()), 422 if error else 200


def _receive(spec: importing.ImportSpec) -> int:
    """Keep the uploaded file until it is confirmed; returns the number of the run."""
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        raise WorkbookError("no_file", _("请选择文件。"))
    data = upload.stream.read(g.settings.import_max_mb * 1024 * 1024 + 1)
    org_id, known = g.grant.org_id, None
    sheets = read_workbook(data, upload.filename)
    if spec.mapped:
        known = mapping.recognise(db.session(), org_id, spec.name, sheets)
        mapping.guess_header(sheets, spec.headings())
    else:
        importing.load_sheets(spec, sheets)
    with unit_of_work(f"{spec.name}.import_uploaded") as session:
        for old in session.scalars(select(ImportRun).where(ImportRun.org_id == org_id, ImportRun.content.is_not(None), ImportRun.created_at < utcnow() - KEPT)):
            old.content = None
        run = ImportRun(
            org_id=org_id, name=spec.name, filename=importing.normalise(upload.filename)[-200:], digest=hashlib.sha256(data).hexdigest(),
            created_by=g.account.id, created_at=utcnow(), mapping=known.plain() if known else None,
        )  # fmt: skip
        run.keep(data)
        session.add(run)
        session.flush()
        return run.id


def _run_of(name: str, run_id: int, *, waiting: bool = False) -> ImportRun:
    found = select(ImportRun).where(ImportRun.id == run_id, ImportRun.name == name, ImportRun.org_id == g.grant.org_id)
    run = db.session.scalars(found).one_or_none() if run_id < 2**31 else None
    if run is None or (waiting and (run.content is None or run.done_at is not None)):
        raise NotFound(_("没有找到这次导入，或它已经完成。请重新上传文件。"))
    return run


def _loaded(spec: importing.ImportSpec, run: ImportRun) -> importing.Loaded:
    """The file of a run, read with the mapping that was chosen for it."""
    return importing.load(spec, run.bytes_kept(), run.filename, mapping.FileMapping.read(run.mapping) if run.mapping else None)


def _context() -> importing.ImportContext:
    return importing.ImportContext(db.session(), g.grant.org_id, g.grant.organisation.name, today())


@blueprint.route("/import/<name>/<int:run_id>", methods=["GET", "POST"])
@logged_in
def import_preview(name: str, run_id: int) -> Any:
    """What would be done with each row; confirmed, the good rows are written, all or none of them."""
    spec = spec_or_404(name)
    run = _run_of(name, run_id)
    done = url_for("records.import_report", name=name, run_id=run_id)
    if run.done_at is not None:
        return redirect(done, 303)
    run = _run_of(name, run_id, waiting=True)
    if spec.mapped and run.mapping is None:
        return redirect(url_for("records.import_map", name=name, run_id=run_id), 303)
    loaded = _loaded(spec, run)
    if request.method == "GET":
        return _show(spec, run, loaded)
    try:
        _write(spec, loaded, run_id, run.digest)
    except (Refused, Conflict) as problem:
        db.session.rollback()
        return _show(spec, _run_of(name, run_id), loaded, problem), problem.status
    except NotFound:
        return redirect(request.path, 303)  # confirmed twice: the page knows where to go
    return redirect(done, 303)


@blueprint.route("/import/<name>/<int:run_id>/map", methods=["GET", "POST"])
@logged_in
def import_map(name: str, run_id: int) -> Any:
    """Say which column of somebody else's file is which field, and which word which value; kept by name for the next time."""
    spec = spec_or_404(name)
    if not spec.mapped:
        abort(404)
    run = _run_of(name, run_id, waiting=True)
    sheets = read_workbook(run.bytes_kept(), run.filename)
    known = mapping.FileMapping.read(run.mapping) if run.mapping else None
    header = (known.header(sheets) if known else None) or mapping.guess_header(sheets, spec.headings())
    page = _MapPage(spec, header, known)
    if request.method == "GET":
        return _show_map(page, run)
    made = page.read()
    if made is None or page.errors:
        return _show_map(page, run), 422 if page.errors else 200
    try:
        with unit_of_work(f"{spec.name}.mapping_kept") as session:
            mapping.keep(session, g.grant.org_id, spec.name, made)
            _run_of(name, run_id, waiting=True).mapping = made.plain()
    except Refused as error:
        page.errors.append(error.message)
        return _show_map(page, _run_of(name, run_id)), 422
    return redirect(url_for("records.import_preview", name=name, run_id=run_id), 303)


class _MapPage:
    """The page of a mapping: what is proposed, what was chosen, what is wrong with it."""

    def __init__(self, spec: importing.ImportSpec, header: Header, known: mapping.FileMapping | None) -> None:
        self.spec, self.header, self.known = spec, header, known
        self.titles = [heading(title) for title in header.titles]
        self.name = known.name if known else ""
        self.errors: list[Any] = []
        self.words: list[tuple[Any, str, list[tuple[int, str, str]], list[tuple[str, Any]]]] = []
        if known:
            self.chosen = {index: key for key, index in header.columns.items()}
        else:
            self.chosen = mapping.closest(self.titles, spec.headings())

    def read(self) -> mapping.FileMapping | None:
        """What was chosen; None while words are still to be mapped."""
        self.name = request.form.get("name", "")
        fields = {column.key: column for column in self.spec.columns}
        self.chosen = {index: key for index in range(len(self.titles)) if (key := request.form.get(f"column-{index}", "")) in fields}
        twice = sorted({key for key in self.chosen.values() if list(self.chosen.values()).count(key) > 1})
        self.errors += [_("“%(title)s”选了两次，请只对应一列。", title=fields[key].title) for key in twice]
        missing = [str(column.title) for column in self.spec.columns if column.required and column.key not in self.chosen.values()]
        if missing:
            self.errors.append(_("还没有对应：%(names)s。", names="、".join(missing)))
        if self.errors:
            return None
        said = self._said()
        if self.words and any(text not in said.get(key, {}) for _title, key, lines, _choices in self.words for _number, text, _value in lines):
            return None
        return mapping.FileMapping({key: self.titles[index] for index, key in self.chosen.items()}, said, self.name)

    def _said(self) -> dict[str, dict[str, str]]:
        """The words of the columns with fixed values, as they were mapped or are proposed."""
        found: dict[str, dict[str, str]] = {}
        for index, key in sorted(self.chosen.items()):
            column = next(column for column in self.spec.columns if column.key == key)
            if column.choices is None:
                continue
            choices = list(column.choices(_context()))
            codes = {code for code, _title in choices}
            before = self.known.words.get(key, {}) if self.known else {}
            lines, found[key] = [], dict(before)
            for number, text in enumerate(mapping.said_words(self.header, index)):
                asked = request.form.get(f"said-{key}-{number}") == text
                value = request.form.get(f"word-{key}-{number}", "") if asked else before.get(text, mapping.closest_value(text, choices))
                value = value if value in codes else ""
                lines.append((number, text, value))
                if asked:
                    found[key][text] = value
            self.words.append((column.title, key, lines, choices))
        return found


def _show_map(page: _MapPage, run: ImportRun) -> str:
    rows = [(index, title, mapping.samples(page.header, index), page.chosen.get(index, "")) for index, title in enumerate(page.header.titles) if title]
    return render_template("records/import_map.html", spec=page.spec, run=run, page=page, rows=rows)


def _show(spec: importing.ImportSpec, run: ImportRun, loaded: importing.Loaded, problem: DomainError | None = None) -> str:
    """The rows with what would be done with each, a hundred a page."""
    checked = importing.check(spec, loaded, _context())
    before = select(ImportRun).where(ImportRun.org_id == run.org_id, ImportRun.name == run.name, ImportRun.digest == run.digest, ImportRun.done_at.is_not(None))
    status = request.args.get("status", "")
    wanted = status if status in STATUSES else ""
    rows = [result for result in checked.results if not wanted or result.status == wanted]
    pages = max(1, -(-len(rows) // PREVIEWED))
    page = max(1, min(request.args.get("page", 1, type=int), pages))
    return render_template(
        "records/import_preview.html", spec=spec, run=run, checked=checked, counts=checked.counts(), wanted=wanted, total=len(rows), page=page, pages=pages,
        rows=rows[(page - 1) * PREVIEWED : page * PREVIEWED], columns=checked.columns(spec), titles=spec.titles(), problem=problem,
        mapping=run.mapping, before=db.session.scalars(before.order_by(ImportRun.id.desc()).limit(1)).first(),
    )  # fmt: skip


def _write(spec: importing.ImportSpec, loaded: importing.Loaded, run_id: int, digest: str) -> None:
    """Check again under the lock, compare with what was looked at, write, and keep what is needed for the report."""
    seen = request.form.get("seen", "")
    with unit_of_work(f"{spec.name}.import") as session:
        importing.take_turn(session, spec)
        run = _run_of(spec.name, run_id, waiting=True)
        checked = importing.check(spec, loaded, _context())
        if seen and seen != checked.digest():
            raise Conflict(importing.CHANGED)
        if request.form.get("strict") and checked.refused():
            raise Refused(_("有 %(n)s 行被拒绝，按您的选择没有写入任何一行。", n=len(checked.refused())))
        importing.write(spec, checked, _context(), digest=digest)
        refused = [{"row": result.row, "code": result.code, "message": result.message} for result in checked.refused()]
        run.result = {"counts": checked.counts(), "refused": refused, "sheet": loaded.header.sheet.name}
        run.done_at = utcnow()
        if not refused:
            run.content = None


@blueprint.get("/import/<name>/<int:run_id>/report")
@logged_in
def import_report(name: str, run_id: int) -> Any:
    """What came of an import."""
    spec = spec_or_404(name)
    run = _run_of(name, run_id)
    if run.done_at is None or run.result is None:
        return redirect(url_for("records.import_preview", name=name, run_id=run_id))
    return render_template("records/import_report.html", spec=spec, run=run, result=run.result)


@blueprint.get("/import/<name>/<int:run_id>/refused.xlsx")
@logged_in
def import_refused(name: str, run_id: int) -> Any:
    """The refused rows as a workbook with the reason beside each."""
    spec = spec_or_404(name)
    standing.require_whole()
    run = _run_of(name, run_id)
    if run.content is None:
        raise NotFound(_("原文件已清除，请重新上传以取得被拒绝的行。"))
    loaded = _loaded(spec, run)
    if run.result is not None:
        cells = {raw.row: raw.cells for raw in loaded.rows}
        rows = [{**refused, "cells": cells.get(refused["row"], [])} for refused in run.result["refused"]]
    else:
        rows = [{"row": result.row, "message": result.message, "cells": result.cells} for result in importing.check(spec, loaded, _context()).refused()]
    audit.note("records.exported", record_type="records.import", record_id=run_id, chain_id=g.grant.org_id, detail={"rows": len(rows), "format": "xlsx"})
    return send_table(importing.refused_workbook(loaded.header.titles, rows), f"{name}-refused.xlsx")


@blueprint.get("/import/<name>/template.xlsx")
@logged_in
def import_template(name: str) -> Any:
    """An empty table with the headings."""
    spec = spec_or_404(name)
    return send_table(importing.template_workbook(spec), f"{name}-template.xlsx", empty=True)
