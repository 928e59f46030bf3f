"""What the plugin offers to the pages of others: navigation, cards, to-dos, search, and beginning from other records."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import current_app, g, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.consultations import access, queries, rights, workflow
from plugins.consultations.models import Consultation, LibraryEntry
from portal.auth.permissions import can
from portal.contract import Card, Hit, NavItem, RecordAction, Todo
from portal.database import db
from portal.records.links import links_of


def _in_town() -> bool:
    return g.get("grant") is not None and g.grant.organisation.is_town


def navigation() -> list[NavItem]:
    section = _("案件会商")
    found = [
        NavItem(_("会商邀请"), "consultations_seats.index", rights.SIT, "mail", 305, section),
        NavItem(_("案例库"), "consultations_library.index", rights.LIBRARY, "archive", 330, section),
        NavItem(_("专家库"), "consultations_pool.index", rights.POOL, "users", 340, section),
        NavItem(_("会商统计"), "consultations_statistics.index", rights.STATISTICS, "chart-bar", 350, section),
    ]
    if _in_town() or can(rights.CONVENE):
        found.append(NavItem(_("案件会商"), "consultations.index", rights.READ, "shield", 300, section))
    if _in_town():
        found.append(NavItem(_("提请会商"), "consultations_request.new", rights.ASK, "plus", 302, section))
    return found


def cards(today: dt.date) -> list[Card]:
    """What runs and what waits, for those who have to do with a consultation; nothing for anybody else."""
    if not can(rights.READ):
        return []
    seats = queries.my_seats() if can(rights.SIT) else {}
    states = queries.states()
    running = sum(count for (state, _answer, _mine), count in states.items() if state in ("submitted", "accepted", "collecting", "summing", "issued"))
    waiting = sum(seats.values())
    if not running and not waiting and not can(rights.CONVENE):
        return []
    figures = {"running": running, "seats": waiting, "overdue": queries.overdue(today), "collecting": queries.in_state("collecting")}
    return [Card(_("案件会商"), "consultations/_card.html", {"figures": figures, "register": _in_town() or can(rights.CONVENE)}, 60, "shield")]


def todos(today: dt.date) -> list[Todo]:
    found: list[Todo] = []

    def add(key: str, title: Any, number: int, endpoint: str = "consultations.index", tone: str = "amber", **where: Any) -> None:
        found.append(Todo(f"consultations.{key}", title, number, url_for(endpoint, **where), tone))

    if can(rights.SIT):
        seats = queries.my_seats()
        add("invited", _("件会商邀请待答复"), seats["invited"] + seats["promised"], "consultations_seats.index")
        add("opinion", _("件会商意见待提交"), seats["declared"], "consultations_seats.index")
    if can(rights.CONVENE):
        add("take", _("件会商申请待受理"), queries.in_state("submitted"), state="submitted", tone="blue")
        add("panel", _("件会商待组建会商组"), queries.in_state("accepted"), state="accepted")
        add("paper", _("件会商意见书待签发"), queries.in_state("summing"), state="summing")
        add("archive", _("件会商待归档"), queries.in_state("answered"), state="answered")
        add("overdue", _("件会商已超期"), queries.overdue(today), overdue="1", tone="red")
        add("library", _("件会商案例待审核"), queries.unchecked(), "consultations_library.index", state="checking")
    if can(rights.APPROVE):
        add("approve", _("件会商申请待审批"), queries.in_state("approving", for_me=True), state="approving")
        add("confirm", _("件采纳情况待审批"), queries.in_state("issued", "proposed", for_me=True), state="issued")
    if can(rights.ASK):
        add("returned", _("件会商申请需补正"), queries.in_state("returned"), state="returned")
        add("answer", _("件会商意见书待答复"), queries.in_state("issued", "") + queries.in_state("issued", "returned"), state="issued")
        add("inquiry", _("个会商询问待答复"), queries.open_inquiries(), state="collecting")
    return found


def hits(query: str, limit: int) -> list[Hit]:
    """Consultations that are open to the reader, and cases of the library. Words of a sealed opinion find nothing; that is an event."""
    found: list[Hit] = []
    if can(rights.READ):
        columns = (Consultation.id, Consultation.number, Consultation.title, Consultation.state)
        rows = db.session.execute(select(*columns).where(queries.matching(query)).order_by(Consultation.id.desc()).limit(limit))
        found += [
            Hit(_("案件会商"), f"{row.number} {row.title}".strip(), workflow.CONSULTATION.state(row.state).title, url_for("consultations.detail", consultation_id=row.id))
            for row in rows
        ]  # fmt: skip
    if can(rights.READ):
        sealed = queries.sealed_match(db.session(), query)
        if sealed is not None:
            access.refused(*sealed, "search")
    if can(rights.LIBRARY):
        shown = select(LibraryEntry.id, LibraryEntry.title, LibraryEntry.field).where(LibraryEntry.state == "published")
        cases = db.session.execute(shown.where(LibraryEntry.haystack.contains(query, autoescape=True)).order_by(LibraryEntry.id.desc()).limit(limit))
        found += [Hit(_("会商案例"), row.title, row.field, url_for("consultations_library.detail", entry_id=row.id)) for row in cases]
    return found[:limit]


def record_actions(record_type: str, record_id: int) -> list[RecordAction]:
    """On the page of another module's record: begin a consultation from it, or go to the one that was begun."""
    if record_type.startswith("consultations.") or not _in_town() or not can(rights.ASK):
        return []
    begun = [link.to_id for link in links_of(db.session(), (record_type, record_id)) if link.to_type == access.CASE and link.kind == "consultation"]
    if begun:
        rows = db.session.execute(select(Consultation.id, Consultation.number).where(Consultation.id.in_(begun)).order_by(Consultation.id))
        shown = [RecordAction(row.number or _("会商草稿"), url_for("consultations.detail", consultation_id=row.id), "shield", "outline-secondary") for row in rows]
        if shown:
            return shown
    told = current_app.extensions["portal"].plugins.hooks_for(g.grant.org_id, "portal_record_summary")(record_type=record_type, record_id=record_id)
    if told is None:
        return []
    address = url_for("consultations_request.new") + f"?from={record_type}:{record_id}"
    return [RecordAction(_("提请会商"), address, "shield", "outline-primary")]
