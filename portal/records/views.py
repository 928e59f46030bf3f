"""Pages that all records share: taking a step of a workflow, importing a table, sending an export."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from typing import IO, Any

from flask import Blueprint, Response, abort, current_app, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from sqlalchemy import select
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from portal import audit
from portal.auth.permissions import can, check, logged_in
from portal.clock import today
from portal.database import db, utcnow
from portal.errors import DomainError, NotFound, Refused
from portal.records import attachments, importing, lists
from portal.records.attachments import Attachment
from portal.records.models import ImportRun
from portal.records.workbooks import WorkbookError
from portal.records.workflow import Transition, Workflow
from portal.work import unit_of_work

blueprint = Blueprint("records", __name__, template_folder="templates")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PREVIEWED = 100


# -- steps of a workflow ---------------------------------------------------------------------------------------------


def workflow_of(record_type: str) -> Workflow:
    """The workflow of a kind of record, where its plugin is on."""
    plugins = current_app.extensions["portal"].plugins
    found = plugins.collect_for(g.grant.org_id, "portal_workflows") if g.grant else []
    workflow = next((item for item in found if item.record_type == record_type), None)
    if workflow is None:
        raise NotFound(_("没有找到这条记录。"))
    named: Workflow = workflow
    return named


def form_of(step: Transition) -> FlaskForm:
    """The form of a step: its own fields, and the reason where one is needed."""
    base = step.form or FlaskForm
    if not step.needs_reason:
        return base()  # type: ignore[no-any-return]
    checks = [InputRequired(_("请填写理由。")), Length(max=500, message=_("最多 500 个字。"))]
    kind = type("StepForm", (base,), {"reason": TextAreaField(_("理由"), checks, render_kw={"rows": 3})})
    return kind()  # type: ignore[no-any-return]


@blueprint.route("/do/<record_type>/<int:record_id>/<action>", methods=["GET", "POST"])
@logged_in
def step(record_type: str, record_id: int, action: str) -> Any:
    """Take a step of a record's workflow: what it means, what is asked, and then do it."""
    workflow = workflow_of(record_type)
    transition = workflow.transition(action)
    if transition.system:
        abort(404)
    record = workflow.find(db.session(), record_id)
    check(transition.permission, record.org_id)
    assert workflow.url is not None
    back = workflow.url(record_id)
    form = form_of(transition)
    _fill(form, record)
    status = 200
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                workflow.perform(record_id, action, form.data, today=today(), version=request.form.get("version", type=int))
                flash(_("“%(title)s”已完成。", title=transition.title), "success")
                return redirect(back, 303)
            except Refused as error:
                _place(form, error)
        record = workflow.find(db.session(), record_id)
    return render_template("records/step.html", workflow=workflow, step=transition, record=record, form=form, back=back), status


def _fill(form: FlaskForm, record: Any) -> None:
    """What can be known is filled in: today for dates, the plugin's own defaults."""
    if request.method == "POST":
        return
    for name, value in getattr(form, "defaults", lambda _record, _today: {})(record, today()).items():
        if name in form:
            form[name].data = value


def _place(form: Any, error: DomainError) -> None:
    """Put a refusal at the field that it concerns."""
    if error.field and error.field in form:
        form[error.field].errors = [*form[error.field].errors, error.message]
    else:
        form.form_errors.append(error.message)


# -- lists ------------------------------------------------------------------------------------------------------------


def show_list(spec: lists.ListSpec, template: str, **context: Any) -> Any:
    """A list's page, or its export where the address asks for one."""
    kind = request.args.get("export", "")
    if kind in ("xlsx", "csv") and spec.export_permission:
        check(spec.export_permission)
        stream, count = lists.export(spec, request.args, kind)
        audit.note("records.exported", record_type=spec.name, chain_id=g.grant.org_id, detail={"rows": count, "format": kind})
        return send_table(stream, f"{spec.name}-{today():%Y%m%d}.{kind}")
    page = lists.run(spec, request.args, request.args.getlist("cols"))
    return render_template(template, page=page, may_export=bool(spec.export_permission) and can(spec.export_permission), **context)


def send_table(stream: IO[bytes], name: str) -> Response:
    """A table as a download."""
    mimetype = "text/csv; charset=utf-8" if name.endswith(".csv") else XLSX
    return send_file(stream, mimetype, as_attachment=True, download_name=name)


# -- attachments -------------------------------------------------------------------------------------------------------


@blueprint.get("/attachments/<int:attachment_id>")
@logged_in
def attachment(attachment_id: int) -> Any:
    """A file of a record, for those who may read the record. Pictures may be shown on our own pages, everything else is a download."""
    found = db.session.scalars(select(Attachment).where(Attachment.id == attachment_id)).one_or_none() if attachment_id < 2**31 else None
    kinds = current_app.extensions["portal"].plugins.collect_for(g.grant.org_id, "portal_record_types") if g.grant else []
    kind = next((kind for kind in kinds if found is not None and kind.name == found.record_type), None)
    if found is None or kind is None or not can(kind.read_permission, found.org_id):
        raise NotFound(_("没有找到这个附件。"))
    owner = db.session.scalars(select(kind.model).where(kind.model.id == found.record_id)).unique().one_or_none()
    if owner is None:
        raise NotFound(_("没有找到这个附件。"))
    shown = found.media_type.startswith("image/") and "shown" in request.args
    answer = send_file(io.BytesIO(attachments.content(found)), found.media_type, as_attachment=not shown, download_name=found.filename)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer


# -- imports -----------------------------------------------------------------------------------------------------------


def spec_or_404(name: str) -> importing.ImportSpec:
    """The import that the acting role may use."""
    if g.grant is None:
        abort(404)
    spec = importing.spec_of(name, g.grant.org_id)
    check(spec.permission)
    if not g.grant.organisation.is_town:
        raise Refused(_("导入由街镇办理，请切换到街镇的角色。"))
    return spec


@blueprint.route("/import/<name>", methods=["GET", "POST"])
@logged_in
def import_upload(name: str) -> Any:
    """Choose a file; it is read and checked, nothing is written but the file itself until it is confirmed."""
    spec = spec_or_404(name)
    error: WorkbookError | None = None
    if request.method == "POST":
        try:
            return redirect(url_for("records.import_preview", name=name, run_id=_receive(spec)), 303)
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
    importing.load(spec, data, upload.filename)
    org_id = g.grant.org_id
    with unit_of_work(f"{spec.name}.import_uploaded") as session:
        for old in session.scalars(
            select(ImportRun).where(ImportRun.org_id == org_id, ImportRun.content.is_not(None), ImportRun.created_at < utcnow() - dt.timedelta(hours=24))
        ):
            old.content = None
        run = ImportRun(
            org_id=org_id, name=spec.name, filename=importing.normalise(upload.filename)[-200:], digest=hashlib.sha256(data).hexdigest(), content=data,
            created_by=g.account.id, created_at=utcnow(),
        )  # fmt: skip
        session.add(run)
        session.flush()
        return run.id


def _run_of(name: str, run_id: int, *, waiting: bool = False) -> ImportRun:
    found = select(ImportRun).where(ImportRun.id == run_id, ImportRun.name == name, ImportRun.org_id == g.grant.org_id)
    run = db.session.scalars(found).one_or_none()
    if run is None or (waiting and (run.content is None or run.done_at is not None)):
        raise NotFound(_("没有找到这次导入，或它已经完成。请重新上传文件。"))
    return run


@blueprint.route("/import/<name>/<int:run_id>", methods=["GET", "POST"])
@logged_in
def import_preview(name: str, run_id: int) -> Any:
    """What would be done with each row; confirmed, the good rows are written, all or none of them."""
    spec = spec_or_404(name)
    run = _run_of(name, run_id)
    if run.done_at is not None:
        return redirect(url_for("records.import_report", name=name, run_id=run_id))
    run = _run_of(name, run_id, waiting=True)
    assert run.content is not None
    data, filename, digest = bytes(run.content), run.filename, run.digest
    loaded = importing.load(spec, data, filename)
    if request.method == "POST":
        _write(spec, loaded, run_id, digest)
        return redirect(url_for("records.import_report", name=name, run_id=run_id), 303)
    context = importing.ImportContext(db.session(), g.grant.org_id, g.grant.organisation.name, today())
    checked = importing.check(spec, loaded, context)
    before = select(ImportRun).where(ImportRun.org_id == run.org_id, ImportRun.digest == digest, ImportRun.done_at.is_not(None)).limit(1)
    wanted = request.args.get("status", "")
    rows = [result for result in checked.results if not wanted or result.status == wanted]
    page = max(1, min(request.args.get("page", 1, type=int), 1000))
    return render_template(
        "records/import_preview.html", spec=spec, run=run, checked=checked, counts=checked.counts(), wanted=wanted, total=len(rows), page=page,
        rows=rows[(page - 1) * PREVIEWED : page * PREVIEWED], size=PREVIEWED, before=db.session.scalars(before).first(),
    )  # fmt: skip


def _write(spec: importing.ImportSpec, loaded: importing.Loaded, run_id: int, digest: str) -> None:
    """Check again under the write lock, write, and keep what is needed for the report."""
    strict = bool(request.form.get("strict"))
    with unit_of_work(f"{spec.name}.import") as session:
        run = _run_of(spec.name, run_id, waiting=True)
        context = importing.ImportContext(session, g.grant.org_id, g.grant.organisation.name, today())
        checked = importing.check(spec, loaded, context)
        if strict and checked.refused():
            raise Refused(_("有 %(n)s 行被拒绝，按您的选择没有写入任何一行。", n=len(checked.refused())))
        importing.write(spec, checked, context, digest=digest)
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
    run = _run_of(name, run_id)
    if run.content is None:
        raise NotFound(_("原文件已清除，请重新上传以取得被拒绝的行。"))
    loaded = importing.load(spec, bytes(run.content), run.filename)
    if run.result is not None:
        cells = {raw.row: raw.cells for raw in loaded.rows}
        rows = [{**refused, "cells": cells.get(refused["row"], [])} for refused in run.result["refused"]]
    else:
        context = importing.ImportContext(db.session(), g.grant.org_id, g.grant.organisation.name, today())
        rows = [{"row": result.row, "message": result.message, "cells": result.cells} for result in importing.check(spec, loaded, context).refused()]
    audit.note("records.exported", record_type="records.import", record_id=run_id, chain_id=g.grant.org_id, detail={"rows": len(rows), "format": "xlsx"})
    return send_table(importing.refused_workbook(loaded.header.titles, rows), f"{name}-refused.xlsx")


@blueprint.get("/import/<name>/template.xlsx")
@logged_in
def import_template(name: str) -> Any:
    """An empty table with the headings."""
    spec = spec_or_404(name)
    return send_table(importing.template_workbook(spec), f"{name}-template.xlsx")


