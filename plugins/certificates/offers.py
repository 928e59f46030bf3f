"""What the plugin offers to the portal's pages: navigation, dashboard card, to-dos, search hits, a panel for people."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.certificates import queries, rights, workflow
from plugins.certificates.models import Certificate
from portal.auth.permissions import can
from portal.clock import today as clock
from portal.contract import Card, NavItem, Panel, Todo
from portal.database import db


def navigation() -> list[NavItem]:
    section = _("执法证件")
    return [
        NavItem(_("证件登记簿"), "certificates.index", rights.READ, "certificate", 200, section),
        NavItem(_("证件申请"), "certificate_applications.index", rights.READ, "clipboard-list", 210, section),
        NavItem(_("收回与销毁"), "certificate_clearing.recovery", rights.READ, "archive", 220, section),
        NavItem(_("导入名册"), "certificates.import_roster", rights.IMPORT, "file-import", 230, section),
        NavItem(_("公示名单"), "certificates.public", rights.PUBLISH, "file-export", 240, section),
    ]


def cards(today: dt.date) -> list[Card]:
    if not can(rights.READ):
        return []
    return [Card(_("执法证件"), "certificates/_card.html", {"figures": queries.figures(today), "horizons": queries.HORIZONS, "where": {}}, 100, "certificate")]


def organisation_panels(organisation: Any) -> list[Panel]:
    """The same figures, of one town."""
    if not can(rights.READ):
        return []
    where = {} if g.grant.organisation.is_town else {"town": organisation.id}
    return [Panel(_("执法证件"), "certificates/_card.html", {"figures": queries.figures(clock()), "horizons": queries.HORIZONS, "where": where}, 100)]


def person_panels(person: Any) -> list[Panel]:
    if not can(rights.READ, person.org_id):
        return []
    found = db.session.scalars(select(Certificate).where(Certificate.person_id == person.id).order_by(Certificate.valid_until.desc())).unique().all()
    context = {"certificates": found, "workflow": workflow.CERTIFICATE, "clearing": workflow.clearing_state, "person": person, "may_apply": can(rights.APPLY)}
    return [Panel(_("执法证件"), "certificates/_person.html", context, 100)]


def todos(today: dt.date) -> list[Todo]:
    found: list[Todo] = []
    if can(rights.CLEAR):
        figures = queries.clearing(today)
        found.append(Todo("certificates.recover", _("张证件待收回"), figures["due"], url_for("certificate_clearing.recovery"), "red" if figures["overdue"] else "amber"))
        found.append(Todo("certificates.destroy", _("张已收回证件待销毁"), figures["recovered"], url_for("certificate_clearing.destroy"), "grey"))
    if can(rights.APPLY):
        found.append(Todo("certificates.returned", _("份证件申请被退回"), queries.returned_drafts(), url_for("certificate_applications.index", state="draft"), "amber"))
    if can(rights.REVIEW):
        waiting = queries.waiting_applications("unit_review")
        found.append(Todo("certificates.review", _("份证件申请待单位审核"), waiting, url_for("certificate_applications.index", state="unit_review"), "amber"))
    if can(rights.VERIFY):
        waiting = queries.waiting_applications("district_review")
        found.append(Todo("certificates.verify", _("份证件申请待核验"), waiting, url_for("certificate_applications.index", state="district_review"), "amber"))
        overdue = queries.clearing(today)["overdue"]
        found.append(Todo("certificates.overdue", _("张证件逾期未收回"), overdue, url_for("certificate_clearing.recovery", overdue=1), "red"))
    return found
