"""Pages that all records share: taking a step of a workflow, importing a table, sending an export."""

from __future__ import annotations

import io
from functools import partial
from typing import IO, Any

from flask import Blueprint, Response, abort, current_app, flash, g, redirect, render_template, request, send_file
from flask_babel import gettext as _
from sqlalchemy import select
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Length

from portal import audit
from portal.audit import standing
from portal.auth import throttle
from portal.auth.permissions import can, check, logged_in, require_fresh
from portal.clock import today
from portal.config import current_settings
from portal.database import db
from portal.errors import Conflict, DomainError, NotFound, Refused
from portal.forms import Form as FlaskForm
from portal.records import attachments, kept, lists, properties
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
    checks = [InputRequired(_("请填写此项。") if step.reason_title else _("请填写理由。")), Length(max=500, message=_("最多 500 个字。"))]
    kind = type("StepForm", (base,), {"reason": TextAreaField(step.reason_title or _("理由"), checks, render_kw={"rows": 3})})
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
    transition.check(record)
    assert workflow.url is not None
    back = workflow.url(record_id)
    form = form_of(transition)
    _fill(form, record)
    status, changed = 200, []
    if request.method == "GET" and (why := workflow.out_of_reach(transition, record)):
        form.form_errors.append(why)
    if request.method == "POST":
        status = 422
        if form.validate():
            try:
                workflow.perform(record_id, action, form.data, today=today(), version=request.form.get("version", type=int))
                flash(_("“%(title)s”已完成。", title=transition.title), "success")
                return redirect(back, 303)
            except Refused as error:
                _place(form, error)
            except Conflict as error:
                form.form_errors.append(error.message)
                status, changed = 409, audit.history(record_type, record_id, 3)
        record = workflow.find(db.session(), record_id)
    version = record.version if status == 409 else request.form.get("version", record.version)
    shown = {"workflow": workflow, "step": transition, "record": record, "form": form, "back": back, "changed": changed, "version": version}
    return render_template("records/step.html", **shown), status


def _fill(form: FlaskForm, record: Any) -> None:
    """What can be known is filled in: the choices that this record has, today for dates, the plugin's own defaults."""
    if hasattr(form, "prepare"):
        form.prepare(record, today())
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
        standing.require_whole()
        throttle.pace(f"export {g.account.id}", current_settings().exports_per_minute)
        stream, count = lists.export(spec, request.args, kind)
        audit.note("records.exported", record_type=spec.name, chain_id=g.grant.org_id, detail={"rows": count, "format": kind})
        return send_table(stream, f"{spec.name}-{today():%Y%m%d}.{kind}")
    if spec.search is not None and request.args.get("q"):
        throttle.pace(f"search {g.account.id}", current_settings().search_per_minute)
    wanted = kept.key() if spec.kept else None
    if wanted is None:
        return _drawn(spec, template, lists.run(spec, request.args, request.args.getlist("cols")), context)
    around = kept.around()
    whole = kept.find_whole((wanted, around)) if around is not None else None
    if whole is None:
        page: Any = kept.find(wanted)
        if page is None:
            page = lists.run(spec, request.args, request.args.getlist("cols"))
            page.keep = partial(kept.keep, wanted)
        whole = _drawn(spec, template, page, context)
        if around is not None:
            kept.keep_whole((wanted, around), whole)
    return whole


def _drawn(spec: lists.ListSpec, template: str, page: Any, context: Any) -> str:
    return render_template(template, page=page, may_export=bool(spec.export_permission) and can(spec.export_permission), **context)


def send_table(stream: IO[bytes], name: str, *, empty: bool = False) -> Response:
    """A table as a download. Raises TrailBroken while the trail does not verify, but for an ``empty`` one to be filled in."""
    if not empty:
        standing.require_whole()
    mimetype = "text/csv" if name.endswith(".csv") else XLSX
    return send_file(stream, mimetype, as_attachment=True, download_name=name)


# -- attachments -------------------------------------------------------------------------------------------------------


@blueprint.post("/attachments/<record_type>/<int:record_id>")
@logged_in
def add_attachments(record_type: str, record_id: int) -> Any:
    """Add files to a record, for those who may."""
    kinds = current_app.extensions["portal"].plugins.collect_for(g.grant.org_id, "portal_record_types") if g.grant else []
    kind = next((kind for kind in kinds if kind.name == record_type and kind.attach_permission), None)
    owner = db.session.scalars(select(kind.model).where(kind.model.id == record_id)).unique().one_or_none() if kind and record_id < 2**31 else None
    if kind is None or owner is None:
        raise NotFound(_("没有找到这条记录。"))
    check(kind.attach_permission, owner.org_id)
    throttle.pace(f"upload {g.account.id}", current_settings().uploads_per_minute)
    prepared = attachments.prepare_all(request.files.getlist("files"))
    if not prepared:
        raise Refused(_("请选择文件。"), field="files")
    if kind.plain_files is not None:
        prepared = [properties.without(item, must=kind.plain_files(owner)) for item in prepared]
    with unit_of_work(f"{record_type}.attached") as session:
        for item in prepared:
            attachments.attach(session, item, record_type, record_id, owner.org_id, "file")
    flash(_("已添加 %(n)s 个附件。", n=len(prepared)), "success")
    return redirect(kind.url(record_id), 303)


@blueprint.get("/attachments/<int:attachment_id>")
@logged_in
def attachment(attachment_id: int) -> Any:
    """A file of a record, for those who may read the record. Pictures may be shown on our own pages, everything else is a download."""
    found = attachments.find(db.session(), attachment_id) if attachment_id < 2**31 else None
    kinds = current_app.extensions["portal"].plugins.collect_for(g.grant.org_id, "portal_record_types") if g.grant else []
    kind = next((kind for kind in kinds if found is not None and kind.name == found.record_type), None)
    if found is None or kind is None or not can(kind.read_permission, None if kind.shared else found.org_id):
        raise NotFound(_("没有找到这个附件。"))
    more = kind.place_permissions.get(found.place, "")
    if more and not can(more, found.org_id):
        raise NotFound(_("没有找到这个附件。"))
    owner = db.session.scalars(select(kind.model).where(kind.model.id == found.record_id)).unique().one_or_none()
    if owner is None:
        raise NotFound(_("没有找到这个附件。"))
    if more:
        require_fresh()
        audit.note("records.guarded_file_opened", record_type=found.record_type, record_id=found.record_id, chain_id=found.org_id, detail={"place": found.place})
    shown = found.media_type.startswith("image/") and "shown" in request.args
    answer = send_file(io.BytesIO(attachments.content(found)), found.media_type, as_attachment=not shown, download_name=found.filename)
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    return answer
