"""The inbox: to-dos that are computed, notices that can be read."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from sqlalchemy import select, update

from portal.auth.permissions import logged_in
from portal.database import db, utcnow
from portal.inbox.models import Notice
from portal.inbox.service import delivered, todos
from portal.work import unit_of_work

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox", template_folder="templates")
PAGE = 50


@blueprint.get("")
@logged_in
def index() -> Any:
    """What waits, and the notices, newest first."""
    before = request.args.get("before", 0, type=int)
    found = select(Notice).where(*delivered(g.account.id))
    if 0 < before < 2**31:
        found = found.where(Notice.id < before)
    rows = db.session.scalars(found.order_by(Notice.id.desc()).limit(PAGE + 1)).all()
    return render_template("inbox/index.html", todos=todos(), rows=rows[:PAGE], more=len(rows) > PAGE)


@blueprint.post("/<int:notice_id>/open")
@logged_in
def open_notice(notice_id: int) -> Any:
    """Mark a notice as read and go to what it tells of."""
    with unit_of_work("inbox.read") as session:
        notice = session.scalars(select(Notice).where(Notice.id == notice_id, Notice.account_id == g.account.id)).one_or_none()
        if notice is None:
            abort(404)
        notice.read_at = notice.read_at or utcnow()
        target = notice.url
    own = target.startswith("/") and not target.startswith(("//", "/\\"))
    return redirect(target if own else url_for("inbox.index"), 303)


@blueprint.post("/read")
@logged_in
def read_all() -> Any:
    """Mark every notice as read."""
    with unit_of_work("inbox.read") as session:
        session.execute(
            update(Notice).where(*delivered(g.account.id), Notice.read_at.is_(None)).values(read_at=utcnow()), execution_options={"synchronize_session": False}
        )
    return redirect(url_for("inbox.index"), 303)
