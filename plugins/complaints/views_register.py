"""Registering at the counter or on the telephone: one page, look-alikes beside it, a draft that survives, a receipt."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any, NamedTuple

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.complaints import accusations, figures, forms, identity, intake, operations, receipts, rights, words, workflow
from plugins.complaints.models import Complaint, Place
from plugins.complaints.retention import IDENTITY_PLACE
from plugins.complaints.views import find
from portal import audit
from portal.audit import PORTAL_CHAIN
from portal.auth import throttle
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.context import current_actor, use_actor
from portal.database import db, utcnow
from portal.errors import DomainError, NotFound, Refused, TooMany
from portal.records import attachments, once, properties
from portal.records.together import Together
from portal.settings import get_setting
from portal.text import whole
from portal.work import unit_of_work

blueprint = Blueprint("complaints_register", __name__, url_prefix="/complaints", template_folder="templates")
KEPT = (
    "channel", "kind", "redirect_kind", "representatives",
    "content", "place", "object_name", "demand", "happened_on", "category", "title", "received_on", "urgency", "external_no",
    "order_days", "order_due", "anonymous", "name", "phone", "address", "id_number", "confidential", "protect",
)  # fmt: skip
WRONG_CODES = 5
WHO = ("name", "phone", "address", "id_number")
SUGGESTED = 300


def _form(town: int, *, filled: dict[str, Any] | None = None) -> forms.RegisterForm:
    form = forms.RegisterForm() if request.method == "POST" else forms.RegisterForm(formdata=None)
    form.category.choices = [("", "—"), *((item, item) for item in get_setting(figures.CATEGORIES, town, today()))]
    form.officers.choices = []
    if request.method != "POST":
        form.received_on.data = today()
        for name, value in (filled or {}).items():
            if name in form and name in KEPT:
                form[name].data = _typed(name, value)
    return form


def _typed(name: str, value: Any) -> Any:
    if name in ("happened_on", "received_on", "order_due"):
        try:
            return dt.date.fromisoformat(str(value))
        except ValueError:
            return None
    if name in ("order_days", "representatives"):
        return whole(str(value))
    return bool(value) if name in ("anonymous", "confidential", "protect") else value


def _places(town: int) -> list[str]:
    """Villages and streets of the town, and places that were named before."""
    named = list(db.session.scalars(select(Place.name).where(Place.org_id == town).order_by(Place.name).limit(SUGGESTED)))
    recent = select(Complaint.place).where(Complaint.org_id == town).order_by(Complaint.received_on.desc(), Complaint.id.desc()).limit(SUGGESTED)
    return list(dict.fromkeys([*named, *filter(None, db.session.scalars(recent))]))


def _show(form: forms.RegisterForm, town: int, *, draft_at: Any = None, split_from: Complaint | None = None, status: int = 200) -> Any:
    form.officers.choices = [(person.id, f"{person.name} {person.position}".strip()) for person in accusations.officers(db.session(), town)]
    return render_template(
        "complaints/register.html", form=form, places=_places(town), draft_at=draft_at, split_from=split_from, advice=words.REDIRECT_ADVICE,
        similar=intake.similar(db.session(), town, form.place.data or "", form.object_name.data or "", form.content.data or ""), workflow=workflow.COMPLAINT,
    ), status  # fmt: skip


@blueprint.route("/new", methods=["GET", "POST"])
@require(rights.REGISTER)
def new() -> Any:
    """Register one matter."""
    town = intake.acting_town()
    if request.method == "GET":
        kept = identity.load_draft(db.session())
        return _show(_form(town, filled=kept[0] if kept else None), town, draft_at=kept[1] if kept else None)
    return _take(_form(town), town, None)


@blueprint.route("/<int:complaint_id>/split", methods=["GET", "POST"])
@require(rights.REGISTER)
def split(complaint_id: int) -> Any:
    """拆分: another matter out of the same text, with its own path and limit."""
    origin = find(complaint_id)
    check(rights.REGISTER, origin.org_id)
    town = intake.acting_town()
    if request.method == "GET":
        names = ("channel", "content", "place", "object_name", "received_on", "happened_on", "external_no", "anonymous", "confidential")
        filled = {name: getattr(origin, name) for name in names}
        if origin.kind == "accusation":  # neither its number nor its text goes to where those may read from whom it is kept
            filled["content"] = filled["place"] = filled["object_name"] = filled["external_no"] = ""
            return _show(_form(town, filled=filled), town, split_from=origin)
        filled["content"] = _("（由 %(number)s 拆分）\n%(text)s", number=origin.number, text=origin.content)
        return _show(_form(town, filled=filled), town, split_from=origin)
    return _take(_form(town), town, origin)


def _take(form: forms.RegisterForm, town: int, origin: Complaint | None) -> Any:
    origin_id = origin.id if origin is not None else None
    if not form.validate():
        return _again(form, town, origin)
    if form.kind.data == "accusation" and not form.officers.data:
        form.officers.errors = [_("请选择被检举控告的本单位人员。")]
        return _again(form, town, origin)
    try:
        files = [properties.without(file, must=bool(form.anonymous.data)) for file in attachments.prepare_all(request.files.getlist("files"))]
        who = {name: form[name].data or "" for name in WHO} if not form.anonymous.data else {}
        identity.check_values(who)
        made = _write(form, town, who, files, origin_id)
    except Refused as error:
        return _again(form, town, origin, error)
    return made


def _again(form: forms.RegisterForm, town: int, origin: Complaint | None, error: DomainError | None = None) -> Any:
    """The page again with everything that was typed; files have to be chosen anew, which the page says."""
    if error is not None:
        place = error.field if error.field in form else None
        if place:
            form[place].errors = [*form[place].errors, error.message]
        else:
            form.form_errors.append(error.message)
    if any(item.filename for item in request.files.getlist("files")):
        form.form_errors.append(_("附件需要重新选择。"))
    return _show(form, town, split_from=find(origin.id) if origin is not None else None, status=422)


def _write(form: forms.RegisterForm, town: int, who: dict[str, str], files: list[tuple[bytes, str, str]], origin_id: int | None) -> Any:
    values = {name: form[name].data for name in KEPT if name not in WHO}
    same, actor = _same(form, town), intake.nobody_in_particular(current_actor()) if form.anonymous.data else current_actor()
    key, draft_id = once.sent_key(), identity.draft_of(db.session(), g.account.id, town)
    try:
        with use_actor(actor):
            ready = intake.prepared(db.session(), town, values, who, today())
            title = _("新登记：%(number)s %(title)s", number=NUMBER, title=ready.matter.title)
            tell = Telling(operations.holders(db.session(), "office_head", town), title, url_for("complaints.index"))
            if files or origin_id or same is not None or ready.matter.anonymous or ready.matter.kind == "accusation":
                place = IDENTITY_PLACE if form.show_identity.data and not form.anonymous.data else "file"
                shown = _with_more(ready, key, draft_id, tell, same, origin_id, list(form.officers.data or ()), files, place)
            else:
                made = TOGETHER.do(partial(_alone, ready=ready, key=key, draft_id=draft_id, tell=tell))
                shown = _shown(made, None)
    except once.Made as earlier:
        flash(_("这件已经登记过了；查询码只在登记时显示一次。"), "info")
        return redirect(earlier.url, 303)
    if same is not None:
        flash(_("已登记。请核对后并案。") if can(rights.DECIDE) else _("已登记，并已告知负责人核对并案。"), "success")
    return receipts.hand_over(key or once.new_key(), shown)


TOGETHER = Together("complaints.registered")
NUMBER = "\x02"
"""Stands for the number in a text that is made before there is one."""


class Telling(NamedTuple):
    """Who hears of a new matter, in which words, and where it will be."""

    heads: list[int]
    title: str
    register: str

    def of(self, number: str) -> str:
        return self.title.replace(NUMBER, number)

    def address(self, complaint_id: int) -> str:
        return f"{self.register}/{complaint_id}"


def _alone(session: Session, *, ready: intake.Prepared, key: str, draft_id: int | None, tell: Telling) -> intake.Registered:
    """An ordinary matter with nothing beside it, perhaps together with those of other people, perhaps in one of their threads."""
    if earlier := once.made_with(session, key):
        raise once.Made(earlier)
    made = intake.take_in(session, ready)
    once.claim_made(session, key, tell.address(made.complaint.id))
    identity.drop_draft(session, draft_id)
    operations.tell_these(session, made.complaint, tell.of(made.complaint.number), "registered", tell.heads)
    return made


def _with_more(ready: intake.Prepared, key: str, draft_id: int | None, tell: Telling, same: Complaint | None, origin_id: int | None,
               officers: list[int], files: list[tuple[bytes, str, str]], place: str) -> dict[str, Any]:  # fmt: skip
    """One with files, out of another, held for the same as another, anonymous, or against our own staff."""
    with unit_of_work("complaints.registered") as session:
        if earlier := once.made_with(session, key):
            raise once.Made(earlier)
        origin = find(origin_id) if origin_id else None
        made = intake.take_in(session, ready, officers=officers, files=files, place=place, split_from=origin)
        matter, accusation = made.complaint, made.complaint.kind == "accusation"
        once.claim_made(session, key, tell.register if matter.anonymous and accusation else tell.address(matter.id))
        identity.drop_draft(session, draft_id)
        why = intake.suggest_merging(session, matter, same) if same is not None else ""
        shut_out = accusations.shut_out_of(session, matter.id) if accusation else set()
        operations.tell_these(session, matter, tell.of(matter.number), "registered", tell.heads, shut_out, body=why)
        if accusation and accusations.circumvents(session, matter):
            operations.tell(session, matter, _("检举控告须由区里处理：%(number)s", number=matter.number), "district", role="supervisor",
                            body=_("本街镇能作决定的人员均须回避。"), urgent=True, everywhere=True)  # fmt: skip
        return _shown(made, same)


def _same(form: forms.RegisterForm, town: int) -> Complaint | None:
    """The open matter that whoever registers holds for the same, of those that they may see."""
    chosen = whole(form.join.data or "")
    if not chosen or form.kind.data == "other":
        return None
    alike = Complaint.kind == "accusation" if form.kind.data == "accusation" else Complaint.kind != "accusation"
    return db.session.scalars(select(Complaint).where(Complaint.id == chosen, Complaint.org_id == town, alike)).unique().one_or_none()


def _shown(made: intake.Registered, same: Complaint | None) -> dict[str, Any]:
    """What stands on a receipt. It is noted before the matter is out of sight: an anonymous accusation is, for whoever registered it."""
    found = made.complaint
    return {"code": made.code, "number": found.number, "received_on": found.received_on, "kind": found.kind, "due_on": found.due_on, "org": made.office,
            "id": found.id, "main": same.id if same is not None else None}  # fmt: skip


@blueprint.get("/receipt/<key>")
@require(rights.REGISTER)
def receipt(key: str) -> Any:
    """The receipt with its code: shown this once, not kept in the clear."""
    shown = receipts.take(key)
    if shown is None:
        flash(_("这件已经登记过了；查询码只在登记时显示一次。"), "info")
        return redirect(once.made_with(db.session(), key) or url_for("complaints.index"), 303)
    found = db.session.execute(select(Complaint.id, Complaint.protect).where(Complaint.id == shown["id"])).one_or_none()
    main = db.session.execute(select(Complaint.number).where(Complaint.id == shown["main"])).one_or_none() if shown["main"] else None
    town, day = intake.acting_town(), today()
    contact = {name: get_setting(setting, town, day) for name, setting in (("telephone", figures.TELEPHONE), ("hours", figures.HOURS))}
    page = render_template("complaints/receipt.html", complaint=found, receipt=shown, kinds=words.KINDS, contact=contact, main=main)
    return receipts.taken(key, make_response(page))


@blueprint.post("/similar")
@require(rights.REGISTER)
def similar() -> Any:
    """Open matters that look alike, beside the form while it is typed."""
    town = intake.acting_town()
    texts = {name: intake.clean_text(request.form.get(name, "")[:400], 400) for name in ("place", "object_name", "content")}
    found = intake.similar(db.session(), town, texts["place"], texts["object_name"], texts["content"])
    staff = accusations.spoken_of(db.session(), town, " ".join(texts.values())) if request.form.get("kind", "") != "accusation" else []
    return render_template("complaints/_similar.html", similar=found, workflow=workflow.COMPLAINT, joined=request.form.get("join", ""), staff=staff)


@blueprint.post("/draft")
@require(rights.REGISTER)
def draft() -> Any:
    """Keep what is being typed."""
    town = intake.acting_town()
    values = {name: request.form.get(name, "")[:20000] for name in KEPT if request.form.get(name)}
    if town and (values.get("content") or values.get("place") or values.get("object_name")):
        with unit_of_work("complaints.draft_kept") as session:
            identity.save_draft(session, values)
        return render_template("complaints/_draft.html", kept=True, at=utcnow())
    return render_template("complaints/_draft.html", kept=False)


@blueprint.post("/draft/drop")
@require(rights.REGISTER)
def drop_draft() -> Any:
    """Throw the draft away."""
    draft_id = identity.draft_of(db.session(), g.account.id, intake.acting_town())
    with unit_of_work("complaints.draft_dropped") as session:
        identity.drop_draft(session, draft_id)
    return redirect(url_for("complaints_register.new"), 303)


# -- asking by code ---------------------------------------------------------------------------------------------------------


@blueprint.route("/code", methods=["GET", "POST"])
@require(rights.REGISTER)
def ask() -> Any:
    """What became of it? By the code of the receipt, with no name; wrong codes are throttled."""
    intake.acting_town()
    form, found = forms.CodeForm(), None
    if form.validate_on_submit():
        try:
            found = asked(str(form.code.data))
        except DomainError as error:
            form.code.errors = [error.message]
            waits = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else {}
            return render_template("complaints/code.html", form=form, found=None, workflow=workflow.COMPLAINT), error.status, waits
    return render_template("complaints/code.html", form=form, found=found, workflow=workflow.COMPLAINT), 422 if form.errors else 200


def asked(code: str) -> Complaint:
    """The matter of a code; five wrong ones a minute from one account, and it waits. Raises NotFound or TooMany."""
    key = f"complaints.code:{g.account.id}"
    throttle.check_misses(key, WRONG_CODES, 60)
    try:
        return intake.by_code(db.session(), code)
    except NotFound:
        with unit_of_work("complaints.wrong_code") as session:
            throttle.count_miss(session, key)
        audit.note("complaints.wrong_code", chain_id=g.grant.org_id or PORTAL_CHAIN, result="denied")
        raise
