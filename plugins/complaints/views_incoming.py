"""What a department was sent: list, one matter, its steps come from the workflow."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.complaints import rights, workflow
from plugins.complaints.models import Incoming
from portal import audit
from portal.auth.permissions import require
from portal.database import db
from portal.errors import NotFound
from portal.records.lists import Choice, Column, ListSpec, Order
from portal.records.views import show_list
from portal.search import matching

blueprint = Blueprint("complaints_incoming", __name__, url_prefix="/complaints/incoming", template_folder="templates")


def _select() -> Any:
    return select(Incoming.id, Incoming.number, Incoming.title, Incoming.from_name, Incoming.sent_on, Incoming.due_on, Incoming.state)


def _badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.INCOMING.state(row.state)
    return state.title, state.tone, state.icon


def spec() -> ListSpec:
    """The list of what was sent to the acting department."""
    return ListSpec(
        name="complaints.incoming",
        select=_select,
        key=Incoming.id,
        columns=(
            Column("number", _l("来文编号"), lambda row: row.number, link=lambda row: url_for("complaints_incoming.detail", incoming_id=row.id)),
            Column("title", _l("标题"), lambda row: row.title, css="wide"),
            Column("from", _l("转出单位"), lambda row: row.from_name),
            Column("sent", _l("转出日期"), lambda row: row.sent_on, css="num", order="sent"),
            Column("due", _l("办理期限"), lambda row: row.due_on, css="num"),
            Column("state", _l("状态"), lambda row: workflow.INCOMING.state(row.state).title, badge=_badge),
        ),
        orders={"sent": Order(_l("转出日期"), [(Incoming.sent_on, False)]), "sent-": Order(_l("转出日期"), [(Incoming.sent_on, True)])},
        default_order="sent-",
        filters=(Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.INCOMING.states], lambda value: Incoming.state == value),),
        search=lambda query: matching(Incoming, query),
        search_hint=_l("编号、标题、内容、地点或对象"),
        export_permission=rights.RECEIVE,
    )


@blueprint.get("")
@require(rights.RECEIVE)
def index() -> Any:
    """What the acting department was sent."""
    return show_list(spec(), "complaints/incoming_index.html")


@blueprint.get("/<int:incoming_id>")
@require(rights.RECEIVE)
def detail(incoming_id: int) -> Any:
    """One matter as it was sent."""
    if incoming_id >= 2**31:
        raise NotFound(_("没有找到这条记录。"))
    incoming: Incoming = workflow.INCOMING.find(db.session(), incoming_id)
    return render_template("complaints/incoming.html", incoming=incoming, workflow=workflow.INCOMING, history=audit.history("complaints.incoming", incoming_id, 20))
