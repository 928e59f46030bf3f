"""The auditor's pages: searching the trail, one event, verifying, exporting. Reading is an event, too."""

from __future__ import annotations

import base64
import datetime as dt
import json
import tempfile
from typing import Any

from flask import Blueprint, abort, current_app, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select

from portal import audit
from portal.audit.chain import record_key
from portal.audit.export import export_events
from portal.audit.models import PORTAL_CHAIN, Event, Head
from portal.auth.permissions import require, require_fresh
from portal.clock import now_local
from portal.contract import NavItem
from portal.database import db
from portal.directory.models import Organisation
from portal.records.lists import clean, encode_cursor
from portal.text import whole

blueprint = Blueprint("audit", __name__, url_prefix="/audit", template_folder="templates")
PAGE = 50
DAYS = 30
FIRST_DAY, LAST_DAY = dt.date(2000, 1, 1), dt.date(2200, 12, 31)
ONLINE = 300_000
"""Events that are verified on the page; more take the command line."""


def navigation() -> list[NavItem]:
    return [NavItem(_("审计记录"), "audit.index", "audit.read", "history", 940, _("审计"))]


def _day(name: str, fallback: dt.date) -> dt.date:
    try:
        day = dt.date.fromisoformat(request.args.get(name, ""))
        return min(max(day, FIRST_DAY), LAST_DAY)
    except ValueError:
        return fallback


def _micro(day: dt.date) -> int:
    moment = dt.datetime.combine(day, dt.time(), tzinfo=now_local().tzinfo)
    return int(moment.timestamp()) * 1_000_000


def _conditions(first: dt.date, last: dt.date) -> list[Any]:
    """What was asked for: person, record, action, town, result, time."""
    found: list[Any] = [Event.at >= _micro(first), Event.at < _micro(last + dt.timedelta(days=1))]
    person, action, record = (clean(request.args.get(name, "")) for name in ("person", "action", "record"))
    if person:
        found.append(Event.actor.contains(person, autoescape=True))
    if action:
        found.append(or_(Event.action.startswith(action, autoescape=True), Event.action.in_(_actions_called(action))))
    if record:
        kind, _colon, number = record.replace("：", ":").partition(":")
        kind = next((name for name, title in _kinds().items() if title == kind), kind)
        found.append(Event.record_type == kind)
        key = whole(number, 17)
        if key is not None:
            found.append(Event.record_key == record_key(kind, key))
    town = request.args.get("town", "")
    if whole(town) is not None:
        found.append(Event.chain_id == whole(town))
    if request.args.get("result") in ("ok", "denied"):
        found.append(Event.result == "ok" if request.args["result"] == "ok" else Event.result != "ok")
    return found


def _actions_called(text: str) -> list[str]:
    """The actions whose words on the pages hold this text, e.g. for 登录 those of logging in."""
    plugins = current_app.extensions["portal"].plugins
    words = {action: title for given in plugins.collect("portal_trail_words") for action, title in given.actions.items()}
    for workflow in plugins.collect("portal_workflows"):
        words |= {f"{workflow.record_type}.{step.action}": step.title for step in workflow.transitions}
    return sorted(action for action, title in words.items() if text.casefold() in str(title).casefold())


def _kinds() -> dict[str, str]:
    """Kinds of records in words."""
    return {kind.name: str(kind.title) for kind in current_app.extensions["portal"].plugins.collect("portal_record_types")}


@blueprint.get("")
@require("audit.read")
def index() -> Any:
    """Search the trail, newest first."""
    last = _day("to", now_local().date())
    first = _day("from", last - dt.timedelta(days=DAYS))
    columns = (Event.at, Event.chain_id, Event.seq)
    statement = select(Event).where(*_conditions(first, last))
    cursor = decode_big(request.args.get("after", ""))
    if cursor is not None:
        at, chain, seq = cursor
        statement = statement.where(or_(Event.at < at, and_(Event.at == at, Event.chain_id < chain), and_(Event.at == at, Event.chain_id == chain, Event.seq < seq)))
    elif request.args:
        asked = {key: clean(value) for key, value in request.args.items() if value and key != "after"}
        audit.note("audit.searched", record_type="audit.chain", detail=asked)
    rows = db.session.scalars(statement.order_by(*(column.desc() for column in columns)).limit(PAGE + 1)).all()
    following = encode_cursor([rows[PAGE - 1].at, rows[PAGE - 1].chain_id, rows[PAGE - 1].seq]) if len(rows) > PAGE else ""
    kept = {key: value for key, value in request.args.items() if key != "after"}
    return render_template(
        "audit/index.html", rows=rows[:PAGE], following=following, kept=kept, first=first, last=last, towns=_organisations(), named=name_of, kinds=_kinds(),
    )  # fmt: skip


def decode_big(text: str) -> tuple[int, int, int] | None:
    """A cursor of three whole numbers, the first of microseconds."""
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) if text and len(text) < 200 else None
    except ValueError:
        return None
    if not isinstance(values, list) or len(values) != 3 or not all(isinstance(value, int) and abs(value) < 2**62 for value in values):
        return None
    at, chain, seq = values
    return (at, chain, seq) if abs(chain) < 2**31 else None


def _organisations() -> dict[int, str]:
    rows = db.session.execute(select(Organisation.id, Organisation.name).order_by(Organisation.weight, Organisation.id))
    return {PORTAL_CHAIN: _("门户"), **{row.id: row.name for row in rows}}


def name_of(event: Event) -> str:
    """The record of an event as a reference."""
    return f"{event.record_type}:{event.record_id}" if event.record_id is not None else event.record_type


@blueprint.get("/<int:chain>/<big:seq>")
@require("audit.read")
def event(chain: int, seq: int) -> Any:
    """One event with what it changed and its place in the chain."""
    found = db.session.get(Event, (chain, seq)) if chain < 2**31 and seq < 2**62 else None
    if found is None:
        abort(404)
    before, after = (json.loads(text) if text else {} for text in (found.before, found.after))
    return render_template(
        "audit/event.html", event=found, before=before, after=after, keys=sorted({*before, *after}), chain_name=_organisations().get(chain, str(chain)), named=name_of
    )


@blueprint.post("/verify")
@require("audit.read")
def verify() -> Any:
    """Verify all chains now."""
    count = db.session.scalar(select(func.sum(audit_heads().c.seq))) or 0
    if count > ONLINE:
        flash(_("记录超过 %(n)s 条，请在服务器上运行 portal audit verify，或由系统管理员运行作业“审计记录校验”。", n=ONLINE), "warning")
        return redirect(url_for("audit.index"), 303)
    report = audit.verify_instance(current_app._get_current_object())  # type: ignore[attr-defined]
    audit.note("audit.verified", record_type="audit.chain", detail={"ok": report.ok, "events": report.events}, result="ok" if report.ok else "broken")
    return render_template("audit/verified.html", report=report)


def audit_heads() -> Any:
    """The table of the heads."""
    return Head.__table__


@blueprint.post("/export")
@require("audit.export")
def export() -> Any:
    """The trail as JSON lines, for the script that checks it without the portal."""
    require_fresh()
    town = request.form.get("town", "")
    chain = whole(town)
    stream = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - sent and closed by the answer
    count = export_events(db.session(), stream, chain)
    raw: Any = stream.detach()  # the wrapper would close the file when it is collected, before the answer is read
    raw.seek(0)
    audit.note("audit.exported", record_type="audit.chain", record_id=chain, chain_id=chain, detail={"events": count, "account": g.account.username})
    return send_file(raw, "application/x-ndjson", as_attachment=True, download_name=f"audit-{now_local():%Y%m%d-%H%M}.jsonl")


