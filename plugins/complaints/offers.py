"""What the plugin offers to the pages of others: navigation, cards, to-dos, search, panels, figures that move deadlines."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.complaints import figures, limits, queries, retention, rights, rules, statistics, workflow
from plugins.complaints.models import Complaint, NamedOfficer
from portal.auth.permissions import can
from portal.clock import today as clock
from portal.contract import Card, NavItem, Panel, RecordSummary, Todo
from portal.database import db
from portal.settings import get_setting


def navigation() -> list[NavItem]:
    section = _("投诉举报")
    found = [
        NavItem(_("投诉登记簿"), "complaints.index", rights.READ, "clipboard-list", 110, section),
        NavItem(_("凭码查询"), "complaints_register.ask", rights.REGISTER, "qrcode", 130, section),
        NavItem(_("转入事项"), "complaints_incoming.index", rights.RECEIVE, "inbox", 110, section),
        NavItem(_("投诉统计"), "complaints_statistics.index", rights.STATISTICS, "chart-bar", 140, section),
        NavItem(_("结果公示"), "complaints_publicity.index", rights.PUBLISH, "world", 150, section),
        NavItem(_("联系方式"), "complaints_contact.index_of_contacts", rights.READ, "info-circle", 155, section),
        NavItem(_("身份开启记录"), "complaints.openings", rights.OPENINGS, "eye", 160, section),
    ]
    if g.get("grant") and g.grant.organisation.is_town:
        found.append(NavItem(_("村居街路"), "complaints_settings.places", rights.SETTINGS, "building-community", 170, section))
        found.append(NavItem(_("登记投诉"), "complaints_register.new", rights.REGISTER, "plus", 105, section))
    return [item for item in found if item.endpoint != "complaints_register.ask" or (g.get("grant") and g.grant.organisation.is_town)]


def cards(today: dt.date) -> list[Card]:
    if not can(rights.READ):
        return []
    shown = queries.figures(today)
    waiting = sum(queries.waiting_for_leader()) if can(rights.APPROVE) else queries.waiting_to_assign() + shown["new"] if can(rights.DECIDE) else queries.mine()
    trend = statistics.small_trend(today) if can(rights.STATISTICS) else None
    return [Card(_("投诉举报"), "complaints/_card.html", {"figures": shown, "waiting": waiting, "trend": trend, "where": {}}, 50, "clipboard-list")]


def organisation_panels(organisation: Any) -> list[Panel]:
    """The same figures, of one town."""
    if not can(rights.READ):
        return []
    where = {} if g.grant.organisation.is_town else {"town": organisation.id}
    return [Panel(_("投诉举报"), "complaints/_card.html", {"figures": queries.figures(clock()), "where": where}, 50)]


def todos(today: dt.date) -> list[Todo]:
    found: list[Todo] = []

    def add(key: str, title: Any, number: int, tone: str = "amber", **where: Any) -> None:
        found.append(Todo(f"complaints.{key}", title, number, url_for("complaints.index", **where), tone))

    if can(rights.HANDLE):
        add("mine", _("件投诉由我承办"), queries.mine(), mine="1", due="running")
    if can(rights.DECIDE):
        add("accept", _("件投诉待受理"), queries.waiting_to_accept(), state="registered")
        add("assign", _("件投诉待交办"), queries.waiting_to_assign(), state="accepted")
    if can(rights.REVIEW) and figures.figure(figures.LEGAL_REVIEW, g.grant.org_id, today):
        add("review", _("件办结意见待法制审核"), queries.waiting_for_review(), state="concluded")
    if can(rights.APPROVE):
        conclusions, extensions = queries.waiting_for_leader()
        add("approve", _("件办结意见待审核"), conclusions, state="concluded")
        add("extension", _("件延期申请待审批"), extensions, due="running")
    if can(rights.REPLY):
        add("reply", _("件投诉待答复或归档"), queries.waiting_to_reply(), state="concluded")
    if can(rights.URGE) or can(rights.APPROVE) or can(rights.DECIDE):
        add("overdue", _("件投诉已超期"), queries.overdue(today), "red", due="overdue")
    if can(rights.RECEIVE):
        found.append(Todo("complaints.incoming", _("件转入事项待签收"), queries.incoming_waiting(), url_for("complaints_incoming.index", state="sent"), "amber"))
    return found


def summary(record_type: str, record_id: int) -> RecordSummary | None:
    """What another module may begin with. Accusations are passed on to nobody, and whoever complained stays here."""
    if record_type != "complaints.complaint" or not can(rights.READ):
        return None
    columns = (Complaint.number, Complaint.title, Complaint.content, Complaint.place, Complaint.object_name)
    row = db.session.execute(select(*columns).where(Complaint.id == record_id, Complaint.kind.not_in(("accusation", "other")))).one_or_none()
    if row is None:
        return None
    text = "\n".join(part for part in (row.content, " ".join(filter(None, (row.place, row.object_name)))) if part)
    return RecordSummary(row.number, row.title, text, url_for("complaints.detail", complaint_id=record_id))


def person_panels(person: Any) -> list[Panel]:
    """Matters that the person handles, and accusations against them for those who may know."""
    if not can(rights.READ):
        return []
    columns = (Complaint.id, Complaint.number, Complaint.title, Complaint.state)
    handled: Any = ()
    if person.account_id is not None:
        mine = select(*columns).where(Complaint.handler_id == person.account_id, Complaint.org_id == person.org_id)
        handled = db.session.execute(mine.order_by(Complaint.id.desc()).limit(10)).all()
    named: Any = ()
    if can(rights.ACCUSATIONS):
        joined = select(*columns).join(NamedOfficer, NamedOfficer.complaint_id == Complaint.id).where(NamedOfficer.person_id == person.id)
        named = db.session.execute(joined.order_by(Complaint.id.desc()).limit(10)).all()
    if not handled and not named:
        return []
    return [Panel(_("投诉举报"), "complaints/_person.html", {"handled": handled, "named": named, "workflow": workflow.COMPLAINT}, 200)]


def setting_impact(key: str, org_id: int, value: Any) -> int | None:
    """How many open matters another limit would move, or how many identities a shorter time would delete."""
    if key.startswith(figures.PREFIX):
        return limits.impact(org_id, key.removeprefix(figures.PREFIX), int(value))
    if key == figures.RETENTION:
        return len(retention.moved(org_id, int(value)))
    return None


def setting_changed(key: str, org_id: int, move_open: bool) -> None:
    """Open matters follow a limit where that was chosen."""
    kind = key.removeprefix(figures.PREFIX)
    if move_open and key.startswith(figures.PREFIX) and kind in rules.KINDS:
        limits.follow(org_id, kind, int(get_setting(key, org_id, clock())))
    if move_open and key == figures.RETENTION:
        retention.follow(org_id, int(get_setting(key, org_id, clock())))
