"""The register of complaints: list, one matter, its record of handling, whoever complained."""

from __future__ import annotations

import datetime as dt
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import aliased

from plugins.complaints import accusations, counting, forms, identity, intake, limits, publicity, queries, retention, rights, rules, words, workflow
from plugins.complaints.models import Complaint, Entry, NamedOfficer, Transfer
from plugins.complaints.models_identity import Identity, Opening
from portal import audit
from portal.auth import throttle
from portal.auth.permissions import can, check, require, require_fresh
from portal.clock import today
from portal.config import current_settings
from portal.database import db, utcnow
from portal.directory.models import TOWN_KINDS, Organisation
from portal.errors import NotFound, Refused
from portal.records import attachments, once
from portal.records.lists import Choice, Column, Dates, Exact, Flag, ListSpec, Order, RowFunction, per_page, ready
from portal.records.secrecy import refuse_marked
from portal.records.views import show_list
from portal.search import matching
from portal.web.tables import address
from portal.work import unit_of_work

blueprint = Blueprint("complaints", __name__, url_prefix="/complaints", template_folder="templates")
TONES = {"green": "circle-check", "amber": "clock", "red": "alert-triangle"}
REVEALS = 30
"""Identities that one account may open in an hour: whoever needs more is not looking into a matter (S32)."""
MAIN = aliased(Complaint)
DUE = (("overdue", _l("已超期")), ("week", _l("七天内到期")), ("running", _l("在办")))


def _select() -> Any:
    columns = (
        Complaint.id, Complaint.number, Complaint.title, Complaint.kind, Complaint.channel, Complaint.state, Complaint.due_on, Complaint.org_id,
        Complaint.handler_name, Complaint.received_on, Complaint.urgency, Complaint.due_provisional, Complaint.extension_state, Complaint.first_due_at,
        Complaint.first_done_on,
    )  # fmt: skip
    return select(*columns)


def _select_whole() -> Any:
    more = (
        Complaint.category, Complaint.content, Complaint.demand, Complaint.place, Complaint.object_name, Complaint.happened_on, Complaint.external_no,
        Complaint.anonymous, Complaint.confidential, Complaint.legal_due, Complaint.facts, Complaint.measures, Complaint.result, Complaint.concluded_on,
        Complaint.late, Complaint.reply_how, Complaint.replied_on, Complaint.reply_text, Complaint.archived_on, Complaint.state_reason,
        Identity.name_hint, Identity.phone_hint, MAIN.number.label("main_number"),
    )  # fmt: skip
    return _select().add_columns(*more).outerjoin(Identity, Identity.complaint_id == Complaint.id).outerjoin(MAIN, MAIN.id == Complaint.main_id)


STATES = {state.code: state.title for state in workflow.STATES}


@per_page
def state_badges() -> RowFunction:
    said = {state.code: (str(state.title), state.tone, state.icon) for state in workflow.STATES}
    return lambda row: said[row.state]


@per_page
def due_badges() -> RowFunction:
    """The clock: how long still, or since when overdue."""
    day, open_states, running = today(), frozenset(rules.OPEN), frozenset(rules.RUNNING)
    now, zone = utcnow(), current_settings().zone
    light_of, late, provisional, still = limits.lights(day), _("超期 %(n)s 天", n="%(n)s"), _("（暂定）"), (_("中止"), "grey", "player-pause")

    def badge(row: Any) -> tuple[Any, str, str] | None:
        if row.first_due_at is not None and row.first_done_on is None and row.state in running:
            return _("%(at)s 前先行处置", at=row.first_due_at.astimezone(zone).strftime("%m-%d %H:%M")), "red" if row.first_due_at < now else "amber", "flame"
        if row.state not in open_states or row.due_on is None:
            return None
        light = light_of(row)
        if light == "grey":
            return still
        text = late % {"n": (day - row.due_on).days} if light == "red" else row.due_on.isoformat()
        return f"{text}{provisional}" if row.due_provisional else text, light, TONES[light]

    return badge


def due_badge(row: Any) -> tuple[Any, str, str] | None:
    """The clock of one matter."""
    found: tuple[Any, str, str] | None = ready(due_badges)(row)
    return found


def said(words_: dict[str, Any], name: str) -> RowFunction:
    """A column whose codes are shown in words."""

    @lru_cache
    def spoken_by(_locale: str) -> dict[str, str]:
        return {code: str(word) for code, word in words_.items()}

    @per_page
    def texts() -> RowFunction:
        spoken, of = spoken_by(str(get_locale())), attrgetter(name)
        return lambda row: spoken.get(of(row), of(row))

    return texts


def due_condition(value: str) -> Any:
    day = today()
    if value == "overdue":
        return Complaint.sort_due < day
    if value == "week":
        return Complaint.sort_due.between(day, day + dt.timedelta(days=7))
    return Complaint.sort_due < rules.FOREVER


def town_names() -> dict[int, str]:
    """Names of the towns, looked up once a request."""
    if "town_names" not in g:
        rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.kind.in_(TOWN_KINDS)).order_by(Organisation.weight))
        g.town_names = {row.id: row.name for row in rows}
    found: dict[int, str] = g.town_names
    return found


def named_officers() -> dict[int, str]:
    """Whom accusations name, for those who may see them; few."""
    if not can(rights.ACCUSATIONS):
        return {}
    found: dict[int, list[str]] = {}
    for row in db.session.execute(select(NamedOfficer.complaint_id, NamedOfficer.name).order_by(NamedOfficer.id)):
        found.setdefault(row.complaint_id, []).append(row.name)
    return {key: "、".join(names) for key, names in found.items()}


def _columns(whole: bool, several: bool) -> list[Column]:
    found = [
        Column("number", _l("编号"), lambda row: row.number, css="num", link=address("complaints.detail", "complaint_id")),
        Column("title", _l("标题"), lambda row: row.title, css="wide"),
        Column("town", _l("街镇"), lambda row: town_names().get(row.org_id, ""), shown=several),
        Column("kind", _l("类别"), said(words.KINDS, "kind"), css="num"),
        Column("channel", _l("渠道"), said(words.CHANNELS, "channel"), shown=False),
        Column("received", _l("收到日期"), lambda row: row.received_on, css="num", order="received"),
        Column("handler", _l("承办人"), lambda row: row.handler_name),
        Column("state", _l("状态"), said(STATES, "state"), badge=state_badges),
        Column("due", _l("期限"), lambda row: row.due_on, badge=due_badges, order="due"),
    ]
    if not whole:
        return found
    yes = {True: _("是"), False: _("否"), None: ""}
    names = (
        ("category", _l("领域")), ("content", _l("反映内容")), ("demand", _l("诉求")), ("place", _l("事发地点")), ("object_name", _l("被反映对象")),
        ("happened_on", _l("发生日期")), ("external_no", _l("来文或工单编号")), ("urgency", _l("紧急程度")), ("facts", _l("查明的事实")), ("measures", _l("采取的措施")),
        ("result", _l("结论")), ("concluded_on", _l("办结日期")), ("reply_how", _l("答复方式")), ("replied_on", _l("答复日期")), ("reply_text", _l("答复内容")),
        ("archived_on", _l("归档日期")), ("anonymous", _l("匿名")), ("late", _l("超期办结")), ("confidential", _l("要求保密")), ("state_reason", _l("状态说明")),
        ("main_number", _l("并入编号")), ("name_hint", _l("投诉人")), ("phone_hint", _l("联系电话")), ("officers", _l("被检举控告人")),
    )  # fmt: skip
    accused = named_officers()
    urgencies = words.URGENCIES

    def text(name: str) -> Any:
        if name == "urgency":
            return lambda row: urgencies[row.urgency]
        if name == "officers":
            return lambda row: accused.get(row.id, "")
        return (lambda row: yes[getattr(row, name)]) if name in ("anonymous", "late", "confidential") else (lambda row: getattr(row, name))

    return [*found, *(Column(name, title, text(name), shown=False) for name, title in names)]


def register(*, whole: bool = False) -> ListSpec:
    """The register of the acting role; ``whole`` with every column, for the export."""
    if g.grant.organisation.is_town and not whole:
        return _of_town(can(rights.APPROVE_PUBLICATION))
    named = [] if g.grant.organisation.is_town else [(str(key), name) for key, name in town_names().items()]
    return _register(whole, can(rights.APPROVE_PUBLICATION), named)


@cache
def _of_town(publishing: bool) -> ListSpec:
    """The register of a town has the same shape in every town: made once."""
    return _register(False, publishing, [])


def _register(whole: bool, publishing: bool, named: list[tuple[str, str]]) -> ListSpec:
    towns = [Choice("town", _l("街镇"), named, lambda value: Complaint.org_id == int(value))] if named else []
    return ListSpec(
        name="complaints.complaint",
        select=_select_whole if whole else _select,
        key=Complaint.id,
        columns=_columns(whole, bool(named)),
        orders={
            "due": Order(_l("期限"), [(Complaint.sort_due, False)]),
            "due-": Order(_l("期限"), [(Complaint.sort_due, True)]),
            "received": Order(_l("收到日期"), [(Complaint.received_on, False)]),
            "received-": Order(_l("收到日期"), [(Complaint.received_on, True)]),
        },
        default_order="due",
        filters=[
            Choice("due", _l("期限"), DUE, due_condition),
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.STATES], lambda value: Complaint.state == value),
            Choice("kind", _l("类别"), list(words.KINDS.items()), lambda value: Complaint.kind == value),
            Choice("channel", _l("渠道"), list(words.CHANNELS.items()), lambda value: Complaint.channel == value),
            Choice("result", _l("结论"), [*words.RESULTS.items(), ("-", _l("未填写结论"))], lambda value: Complaint.result == value.strip("-"), quiet=True),
            *towns,
            Flag("mine", _l("我承办的"), lambda: Complaint.handler_id == g.account.id),
            *([Flag("unpublished", _l("可公示未公示"), lambda: publicity.eligible() & Complaint.publish.is_(False))] if publishing else []),
            Choice("late", _l("按期或超期"), [("0", _l("按期办结")), ("1", _l("超期办结"))], lambda value: Complaint.late.is_(value == "1"), quiet=True),
            Dates("received", _l("收到日期"), Complaint.received_on),
            Choice("outcome", _l("办理去向"), list(words.OUTCOMES.items()), counting.outcome_condition, quiet=True),
            Exact("category", _l("领域"), Complaint.category),
            Flag("repeated", _l("重复投诉"), lambda: Complaint.repeats.is_(True), quiet=True),
            Flag("true", _l("属实或部分属实"), lambda: Complaint.result.in_(counting.TRUE), quiet=True),
            Dates("concluded", _l("办结日期"), Complaint.concluded_on, quiet=True),
        ],
        search=lambda query: matching(Complaint, query),
        search_hint=_l("编号、标题、内容、地点或对象"),
        export_permission=rights.EXPORT,
        kept=True,
    )


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The register."""
    from flask import request

    exporting = "export" in request.args
    return show_list(register(whole=exporting), "complaints/index.html", may_register=can(rights.REGISTER) and g.grant.organisation.is_town,
                     may_import=can(rights.IMPORT) and g.grant.organisation.is_town)  # fmt: skip


def find(complaint_id: int) -> Complaint:
    """A matter of the acting role; NotFound alike for what is not there, not ours, or kept from us."""
    if complaint_id >= 2**31:
        raise NotFound(_("没有找到这条记录。"))
    accusations.refuse_if_shut_out(complaint_id)
    found: Complaint = workflow.COMPLAINT.find(db.session(), complaint_id)
    return found


@blueprint.get("/<int:complaint_id>")
@require(rights.READ)
def detail(complaint_id: int) -> Any:
    """One matter: what it is, what was done, what may be done now."""
    return page(find(complaint_id))


def page(complaint: Complaint, *, opened: dict[str, str] | None = None, reveal: Any = None, entry: Any = None) -> str:
    """The page of a matter."""
    session, key = db.session(), complaint.id
    entries = session.scalars(select(Entry).where(Entry.complaint_id == key).order_by(Entry.id.desc()).limit(200)).all()
    transfers = session.scalars(select(Transfer).where(Transfer.complaint_id == key).order_by(Transfer.id.desc())).all()
    related = session.execute(
        select(Complaint.id, Complaint.number, Complaint.title, Complaint.state, Complaint.split_from_id, Complaint.main_id)
        .where((Complaint.main_id == key) | (Complaint.split_from_id == key) | Complaint.id.in_([complaint.main_id or 0, complaint.split_from_id or 0]))
        .order_by(Complaint.id)
    ).all()
    officers = session.scalars(select(NamedOfficer).where(NamedOfficer.complaint_id == key)).all() if complaint.kind == "accusation" else []
    openings = session.scalars(select(Opening).where(Opening.complaint_id == key).order_by(Opening.id.desc())).all() if can(rights.OPENINGS) or can(rights.REVEAL) else []
    files = attachments.all_of(session, "complaints.complaint", key)
    return render_template(
        "complaints/detail.html", complaint=complaint, workflow=workflow.COMPLAINT, kinds=words.KINDS, urgencies=words.URGENCIES, words=words,
        advice=words.REDIRECT_ADVICE, entries=entries, transfers=transfers, related=related, officers=officers, openings=openings, due=due_badge(complaint),
        identity=identity.of(session, key), may_reveal=can(rights.REVEAL, complaint.org_id), opened=opened, reveal=reveal or forms.RevealForm(formdata=None),
        files=[file for file in files if file.place != retention.IDENTITY_PLACE], identity_files=[file for file in files if file.place == retention.IDENTITY_PLACE],
        may_attach=can(rights.HANDLE, complaint.org_id) and complaint.open,
        may_enter=can(rights.HANDLE, complaint.org_id) and complaint.open, entry=entry or forms.EntryForm(formdata=None),
        may_publish=can(rights.APPROVE_PUBLICATION, complaint.org_id) and not publicity.refusal(complaint),
        may_split=can(rights.REGISTER, complaint.org_id) and complaint.open and g.grant.organisation.is_town,
        history=audit.history("complaints.complaint", key, 30), transfer_states={state.code: state for state in workflow.INCOMING.states},
        same=queries.same_telephone(session, complaint), suggested=intake.held_for_same(session, complaint), may_decide=can(rights.DECIDE, complaint.org_id),
        provisional=limits.provisional,
    )  # fmt: skip


@blueprint.post("/<int:complaint_id>/entries")
@require(rights.HANDLE)
def add_entry(complaint_id: int) -> Any:
    """Add to the record of handling; the original text is never edited."""
    complaint = find(complaint_id)
    check(rights.HANDLE, complaint.org_id)
    form = forms.EntryForm()
    if not form.validate() or _marked(form):
        return page(complaint, entry=form), 422
    address = url_for("complaints.detail", complaint_id=complaint_id, _anchor="entries")
    with unit_of_work("complaints.entry_added") as session:
        if once.claim(session, key := once.sent_key()) is None:
            limits.note(session, find(complaint_id), "note", (form.text.data or "").strip())
            once.made(session, key, address)
    flash(_("已记录。"), "success")
    return redirect(address, 303)


def _marked(form: forms.EntryForm) -> bool:
    try:
        refuse_marked([form.text.data or ""])
    except Refused as error:
        form.text.errors = [error.message]
        return True
    return False


@blueprint.post("/<int:complaint_id>/reveal")
@require(rights.REVEAL)
def reveal(complaint_id: int) -> Any:
    """Show who complained, once: with the right, a reason, a fresh password, a record and an event."""
    complaint = find(complaint_id)
    check(rights.REVEAL, complaint.org_id)
    form = forms.RevealForm()
    if not form.validate():
        return page(complaint, reveal=form), 422
    require_fresh()
    throttle.check_misses(f"complaints.reveal:{g.account.id}", REVEALS, 3600)
    with unit_of_work("complaints.identity_opened", reason=(form.reason.data or "").strip()) as session:
        opened = identity.open_identity(session, find(complaint_id), (form.reason.data or "").strip())
        throttle.count_miss(session, f"complaints.reveal:{g.account.id}")
    return page(find(complaint_id), opened=opened)


@blueprint.get("/openings")
@require(rights.OPENINGS)
def openings() -> Any:
    """身份开启记录, newest first."""
    rows = db.session.execute(
        select(Opening.id, Opening.complaint_id, Opening.account_name, Opening.role, Opening.opened_at, Opening.reason, Opening.org_id, Complaint.number)
        .join(Complaint, Complaint.id == Opening.complaint_id)
        .order_by(Opening.id.desc())
        .limit(200)
    ).all()
    return render_template("complaints/openings.html", rows=rows, towns=town_names())
