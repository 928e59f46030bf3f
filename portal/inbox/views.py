"""The inbox: to-dos that are computed, notices that can be read."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, request, url_for
from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from portal.auth.permissions import logged_in
from portal.auth.views import own_path
from portal.database import db, utcnow
from portal.inbox.models import Notice
from portal.inbox.service import counts, delivered, todos
from portal.work import unit_of_work

blueprint = Blueprint("inbox", __name__, url_prefix="/inbox", template_folder="templates")
PAGE = 50


@blueprint.get("")
@logged_in
def index() -> Any:
    """What waits, and the notices: unread first, then the newest first."""
    was_read = Notice.read_at.is_not(None)
    found = select(Notice).where(*delivered(g.account.id), *_after(request.args.get("before", "")))
    rows = db.session.scalars(found.order_by(was_read, Notice.id.desc()).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    before = f"{'r' if shown[-1].read_at else 'u'}{shown[-1].id}" if len(rows) > PAGE else ""
    return render_template("inbox/index.html", todos=todos(), rows=shown, before=before, unread=counts()["notices"])


def _after(cursor: str) -> list[ColumnElement[bool]]:
    """The condition of the rows after a cursor, ``u17`` or ``r17``: the last notice shown, unread or read."""
    match = re.fullmatch(r"([ur])([0-9]{1,9})", cursor)
    if match is None:
        return []
    older, was_read = Notice.id < int(match[2]), Notice.read_at.is_not(None)
    return [and_(was_read, older)] if match[1] == "r" else [or_(was_read, older)]


def _read(session: Session, notice_id: int) -> Notice:
    """One of the account's own notices, marked as read. Any other is not there."""
    found = session.scalars(select(Notice).where(Notice.id == notice_id, *delivered(g.account.id))).one_or_none() if notice_id < 2**31 else None
    if found is None:
        abort(404)
    found.read_at = found.read_at or utcnow()
    return found


@blueprint.post("/<int:notice_id>/open")
@logged_in
def open_notice(notice_id: int) -> Any:
    """Mark a notice as read and go to what it tells of."""
    with unit_of_work("inbox.read") as session:
        target = _read(session, notice_id).url
    return redirect(own_path(target) if target else url_for("inbox.index"), 303)


@blueprint.post("/<int:notice_id>/read")
@logged_in
def read_one(notice_id: int) -> Any:
    """Mark a notice as read and stay here."""
    with unit_of_work("inbox.read") as session:
        _read(session, notice_id)
    return redirect(url_for("inbox.index"), 303)


@blueprint.post("/read")
@logged_in
def read_all() -> Any:
    """Mark every notice as read."""
    with unit_of_work("inbox.read") as session:
        session.execute(
            update(Notice).where(*delivered(g.account.id), Notice.read_at.is_(None)).values(read_at=utcnow()), execution_options={"synchronize_session": False}
        )
    return redirect(url_for("inbox.index"), 303)
