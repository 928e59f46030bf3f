"""The register of consultations and the file of one, for those to whom it is open."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.consultations import access, closing, figures, files, forms, panel, queries, requests, rights, rules, seats, watermark, words, workflow
from plugins.consultations.models import Consultation, Draw, Inquiry, Seat
from portal import audit
from portal.auth.permissions import can, check, require
from portal.calendar.service import current_calendar
from portal.clock import today
from portal.database import db
from portal.directory.models import TOWN_KINDS, Organisation
from portal.errors import NotFound
from portal.records import deadlines
from portal.records.links import links_of
from portal.records.lists import Choice, Column, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.settings import get_setting
from portal.work import unit_of_work

blueprint = Blueprint("consultations", __name__, url_prefix="/consultations", template_folder="templates")
BEFORE_PANEL = ("draft", "approving", "submitted", "returned", "accepted", "joined")
TONES = {"green": "circle-check", "amber": "clock", "red": "alert-triangle"}


# -- the register --------------------------------------------------------------------------------------------------------------


def _select() -> Any:
    c = Consultation
    return select(c.id, c.number, c.title, c.field, c.state, c.form, c.urgency, c.sort_due, c.created_on, c.org_id, c.answer)


def state_badge(row: Any) -> tuple[Any, str, str]:
    state = workflow.CONSULTATION.state(row.state)
    return state.title, state.tone, state.icon


def due_badge(row: Any) -> tuple[Any, str, str] | None:
    """The next day by which somebody has to act, or since when it is past."""
    if row.sort_due == rules.FOREVER:
        return None
    amber = get_setting(figures.AMBER, None, today())
    light = deadlines.light(row.sort_due, today(), current_calendar().working_days_between, amber=amber)
    text = _("超期 %(n)s 天", n=(today() - row.sort_due).days) if light == "red" else row.sort_due.isoformat()
    return text, light, TONES[light]


def town_names() -> dict[int, str]:
    """Names of the towns, looked up once a request."""
    if "consultation_towns" not in g:
        rows = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.kind.in_(TOWN_KINDS)).order_by(Organisation.weight))
        g.consultation_towns = {row.id: row.name for row in rows}
    found: dict[int, str] = g.consultation_towns
    return found


def register() -> ListSpec:
    """The consultations that are open to the acting account."""
    several = not g.grant.organisation.is_town
    fields = [(name, name) for name in get_setting(figures.FIELDS, None, today())]
    towns = [Choice("town", _l("街镇"), [(str(k), v) for k, v in town_names().items()], lambda value: Consultation.org_id == int(value))] if several else []
    return ListSpec(
        name="consultations.consultation",
        select=_select,
        key=Consultation.id,
        columns=[
            Column("number", _l("编号"), lambda row: row.number or _("（草稿）"), link=lambda row: url_for("consultations.detail", consultation_id=row.id)),
            Column("title", _l("案件名称"), lambda row: row.title, css="wide"),
            Column("town", _l("提请街镇"), lambda row: town_names().get(row.org_id, ""), shown=several),
            Column("field", _l("领域"), lambda row: row.field),
            Column("form", _l("方式"), lambda row: words.FORMS.get(row.form, ""), shown=False),
            Column("urgency", _l("紧急程度"), lambda row: words.URGENCIES[row.urgency], shown=False),
            Column("created", _l("起草日期"), lambda row: row.created_on, css="num", order="created"),
            Column("state", _l("状态"), lambda row: workflow.CONSULTATION.state(row.state).title, badge=state_badge),
            Column("due", _l("期限"), lambda row: None if row.sort_due == rules.FOREVER else row.sort_due, badge=due_badge, order="due"),
            Column("answer", _l("采纳情况"), lambda row: words.ANSWERS.get(row.answer, ""), shown=False),
        ],
        orders={
            "due": Order(_l("期限"), [(Consultation.sort_due, False)]), "due-": Order(_l("期限"), [(Consultation.sort_due, True)]),
            "created": Order(_l("起草日期"), [(Consultation.created_on, False)]), "created-": Order(_l("起草日期"), [(Consultation.created_on, True)]),
        },
        default_order="due",
        filters=[
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.STATES], lambda value: Consultation.state == value),
            Choice("field", _l("领域"), fields, lambda value: Consultation.field == value),
            Choice("answer", _l("采纳情况"), list(words.ANSWERS.items()), lambda value: Consultation.answer == value),
            *towns,
            Flag("urgent", _l("紧急"), lambda: Consultation.urgency == "urgent"),
            Flag("overdue", _l("已超期"), lambda: Consultation.sort_due < today()),
        ],
        search=queries.matching,
        search_hint=_l("编号、名称、案号或事实"),
        export_permission=rights.CONVENE,
    )  # fmt: skip


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """Consultations that are open to whoever asks."""
    return show_list(register(), "consultations/index.html", may_ask=can(rights.ASK) and g.grant.organisation.is_town)


# -- one consultation ----------------------------------------------------------------------------------------------------------


def find(consultation_id: int, way: str = "page") -> Consultation:
    """A consultation that is open to whoever asks. Any other is not there; that it was asked for is an event."""
    found = db.session.scalars(select(Consultation).where(Consultation.id == consultation_id)).unique().one_or_none()
    if found is None:
        owner = queries.owner_of(consultation_id)
        if owner is not None:
            access.refused(consultation_id, owner, way)
        raise NotFound(_("没有找到这条记录。"))
    return found


def own_seat(consultation: Consultation) -> Seat | None:
    """The seat of whoever is acting on the panel that reads a file."""
    mine = (Seat.consultation_id == consultation.panel_of, Seat.account_id == g.account.id, Seat.member_org_id == g.grant.org_id)
    return db.session.scalars(select(Seat).where(*mine)).one_or_none()


def is_town(consultation: Consultation) -> bool:
    return bool(g.grant.org_id == consultation.org_id)


@blueprint.get("/<int:consultation_id>")
@require(rights.READ)
def detail(consultation_id: int) -> Any:
    """The file: what is asked, by whom it may be read, what the panel says when the time has come."""
    consultation = find(consultation_id)
    access.viewed(consultation, "file")
    return page(find(consultation_id))


def page(consultation: Consultation, *, inquiry: Any = None, reply: Any = None, reply_to: int = 0, evidence: Any = None) -> str:
    """The page of a file, as far as the reader may see it."""
    session, key = db.session(), consultation.id
    town, convener, seat = is_town(consultation), can(rights.CONVENE), own_seat(consultation)
    inside = town or convener
    found = session.scalars(select(Inquiry).where(Inquiry.consultation_id == key).order_by(Inquiry.id)).all()
    given = queries.opinions(session, consultation)
    members = panel.seats(session, consultation.panel_of) if consultation.state not in BEFORE_PANEL or convener else []
    editable = town and can(rights.ASK) and consultation.state in requests.EDITABLE
    holders = access.holders(session, key) if inside else []
    handlers = forms.HandlerForm(formdata=None)
    handlers.account.choices = _addable(consultation, {row.account_id for row in holders}) if town and can(rights.ASK) else []
    main = session.scalars(select(Consultation).where(Consultation.id == consultation.main_id)).unique().one_or_none() if consultation.main_id else None
    return render_template(
        "consultations/detail.html", consultation=consultation, workflow=workflow.CONSULTATION, seat_flow=workflow.SEAT, words=words, town=town, convener=convener,
        seat=seat, inside=inside, marked=files.needs_mark(consultation), due=due_badge(consultation), inquiries=found, given=given, members=members,
        opinion_files=files.all_of_opinions(session, [opinion.id for _seat, opinion in given]),
        holders=holders, may_name=town and can(rights.ASK), lacking=requests.lacking(consultation) if editable else [], editable=editable,
        evidence=evidence or forms.EvidenceForm(formdata=None), handlers=handlers, inquiry=inquiry or forms.InquiryForm(formdata=None),
        reply=reply or forms.ReplyForm(formdata=None), reply_to=reply_to, may_answer=town and can(rights.ASK) and consultation.state in seats.LIVE,
        may_ask=seat is not None and seat.state == "declared" and consultation.state in seats.LIVE, paper=closing.paper_of(session, key),
        draws=session.scalars(select(Draw).where(Draw.consultation_id == consultation.panel_of).order_by(Draw.id)).all() if inside else [],
        main=main, joined=panel.joined_with(session, consultation),
        origin=origin_of(key) if town else None, case_limit=rules.case_limit(consultation.filed_on, get_setting(figures.CASE, None, today())),
        history=queries.steps(key) if inside else [], looks=queries.looks(consultation) if inside else [], case_days=get_setting(figures.CASE, None, today()),
    )  # fmt: skip


def _addable(consultation: Consultation, listed: set[int]) -> list[tuple[str, str]]:
    """Who of the town could be let into the file."""
    found = requests.people(db.session(), consultation.org_id, today(), rights.ASK)
    return [(str(account), name) for account, name in found if account not in listed]


def origin_of(consultation_id: int) -> Any:
    """The record from which a consultation was begun, told by its owner as far as the reader may see it."""
    from flask import current_app

    link = next((item for item in links_of(db.session(), (access.CASE, consultation_id)) if item.kind == "consultation"), None)
    if link is None:
        return None
    hooks = current_app.extensions["portal"].plugins.hooks_for(g.grant.org_id, "portal_record_summary")
    return hooks(record_type=link.from_type, record_id=link.from_id)


@blueprint.get("/<int:consultation_id>/files/<int:attachment_id>")
@require(rights.READ)
def file(consultation_id: int, attachment_id: int) -> Any:
    """A file of the evidence list; ``?seen=1``: as the panel gets it."""
    consultation = find(consultation_id, "file")
    return files.send(consultation, files.of_consultation(db.session(), consultation, attachment_id), as_shown=request.args.get("seen") == "1")


@blueprint.get("/watermark.svg")
@require(rights.READ)
def watermark_picture() -> Any:
    """Name and time of whoever reads, for the background of a page."""
    return Response(watermark.svg(files.mark_text()), mimetype="image/svg+xml")


# -- questions back --------------------------------------------------------------------------------------------------------------


@blueprint.post("/<int:consultation_id>/inquiries")
@require(rights.SIT)
def ask(consultation_id: int) -> Any:
    """A question of a panel member to the town."""
    consultation = find(consultation_id)
    form = forms.InquiryForm()
    if not form.validate():
        return page(consultation, inquiry=form), 422
    with unit_of_work("consultations.inquiry_asked") as session:
        seats.ask(session, find(consultation_id), form.text.data or "")
    flash(_("已发给提请街镇，答复后会商组全体成员可见。"), "success")
    return redirect(url_for("consultations.detail", consultation_id=consultation_id, _anchor="inquiries"), 303)


@blueprint.post("/<int:consultation_id>/inquiries/<int:inquiry_id>")
@require(rights.ASK)
def answer(consultation_id: int, inquiry_id: int) -> Any:
    """The town's answer, to the whole panel."""
    consultation = find(consultation_id)
    check(rights.ASK, consultation.org_id)
    form = forms.ReplyForm()
    if not form.validate():
        return page(consultation, reply=form, reply_to=inquiry_id), 422
    with unit_of_work("consultations.inquiry_answered") as session:
        seats.answer(session, find(consultation_id), inquiry_id, form.text.data or "")
    flash(_("已答复，会商组全体成员可见。"), "success")
    return redirect(url_for("consultations.detail", consultation_id=consultation_id, _anchor="inquiries"), 303)


# -- opinions --------------------------------------------------------------------------------------------------------------------


def opened(consultation_id: int, way: str) -> tuple[Consultation, list[Any]]:
    """A consultation with the opinions of others, where they are shown to the reader already; else NotFound and an event."""
    consultation = find(consultation_id, way)
    seat = own_seat(consultation)
    if consultation.state not in rules.OPINIONS_SHOWN or (seat is not None and seat.state in rules.SEAT_OWING):
        access.refused(consultation.id, consultation.org_id, way)
        raise NotFound(_("没有找到这条记录。"))
    return consultation, queries.opinions(db.session(), consultation)


@blueprint.get("/<int:consultation_id>/opinions")
@require(rights.READ)
def opinions(consultation_id: int) -> Any:
    """All opinions, once they are shown; as a fragment for the page of the file too."""
    consultation, given = opened(consultation_id, "fragment" if request.headers.get("HX-Request") else "page")
    access.viewed(consultation, "opinions")
    consultation, given = opened(consultation_id, "page")
    shown = {"consultation": consultation, "given": given, "words": words, "marked": files.needs_mark(consultation)}
    shown["opinion_files"] = files.all_of_opinions(db.session(), [opinion.id for _seat, opinion in given])
    return render_template("consultations/opinions.html", **shown)


@blueprint.get("/<int:consultation_id>/opinions.<kind>")
@require(rights.READ)
def opinions_table(consultation_id: int, kind: str) -> Any:
    """All opinions as a table, for the convener and the town."""
    from portal.records.exporting import write_csv, write_xlsx
    from portal.records.views import send_table

    consultation, given = opened(consultation_id, "export")
    if kind not in ("xlsx", "csv") or not (is_town(consultation) or can(rights.CONVENE)):
        raise NotFound(_("没有找到这条记录。"))
    titles = [_("成员"), _("单位"), _("产生方式"), _("争议焦点"), _("结论"), _("理由"), _("法律依据"), _("是否逾期")]
    rows = [
        [seat.name, seat.unit, words.CHOSEN[seat.chosen], question, words.CONCLUSIONS[said["conclusion"]], said["reasons"], said["basis"], _("逾期") if seat.late else ""]
        for seat, opinion in given for question, said in zip(consultation.questions, opinion.answers, strict=True)
    ]  # fmt: skip
    audit.note("consultations.exported", record=consultation, detail={"rows": len(rows), "format": kind})
    stream = write_csv(titles, rows) if kind == "csv" else write_xlsx(titles, rows)
    return send_table(stream, f"opinions-{consultation_id}.{kind}")


@blueprint.get("/<int:consultation_id>/opinions/files/<int:attachment_id>")
@require(rights.READ)
def opinion_file(consultation_id: int, attachment_id: int) -> Any:
    """A file of an opinion; one's own at any time."""
    consultation = find(consultation_id, "file")
    return files.send(consultation, files.of_opinion(db.session(), consultation, attachment_id))
