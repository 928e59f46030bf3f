"""The convener's pages of the expert pool."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from plugins.consultations import figures, forms, panel, pool, queries, rights, words, workflow
from plugins.consultations.models import Consultation, Expert, Seat
from plugins.consultations.views import town_names
from portal import audit
from portal.auth.models import Account
from portal.auth.permissions import require
from portal.clock import today
from portal.database import db
from portal.errors import NotFound, Refused
from portal.records import attachments, once
from portal.records.lists import Choice, Column, Dates, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.settings import get_setting
from portal.work import unit_of_work

blueprint = Blueprint("consultations_pool", __name__, url_prefix="/consultations/experts", template_folder="templates")


def _counted(expert_id: int) -> tuple[int, int, int, int, int]:
    if "expert_loads" not in g:
        g.expert_loads = panel.loads(db.session())
    found: dict[int, tuple[int, int, int, int, int]] = g.expert_loads
    return found.get(expert_id, panel.NEVER)


def _on_time(row: Any) -> str:
    _open, in_time, due, _invited, _declined = _counted(row.id)
    return f"{in_time} / {due}" if due else ""


def _invited(row: Any) -> str:
    invited, declined = _counted(row.id)[3:]
    return f"{invited} / {declined}" if invited else ""


def _term(row: Any) -> tuple[Any, str, str]:
    if row.suspended:
        return _("暂停"), "grey", "player-pause"
    if row.term_to < today():
        return _("已到期"), "red", "alert-triangle"
    return (_("未开始"), "grey", "clock") if row.term_from > today() else (row.term_to.isoformat(), "green", "circle-check")


def _select() -> Any:
    e = Expert
    return select(e.id, e.name, e.unit, e.title, e.fields, e.term_from, e.term_to, e.account_id, e.suspended)


def spec() -> ListSpec:
    """The pool of the district."""
    fields = [(name, name) for name in get_setting(figures.FIELDS, None, today())]
    return ListSpec(
        name="consultations.expert",
        select=_select,
        key=Expert.id,
        columns=[
            Column("name", _l("姓名"), lambda row: row.name, link=lambda row: url_for("consultations_pool.detail", expert_id=row.id), order="name", css="name"),
            Column("unit", _l("工作单位"), lambda row: row.unit),
            Column("title", _l("职务职称"), lambda row: row.title),
            Column("fields", _l("专业领域"), lambda row: "、".join(row.fields), css="wide"),
            Column("term", _l("聘期至"), lambda row: row.term_to, badge=_term, order="term"),
            Column("load", _l("在办"), lambda row: _counted(row.id)[0] or "", css="num"),
            Column("invited", _l("受邀 / 谢绝"), _invited, css="num"),
            Column("on_time", _l("按期 / 应交"), _on_time, css="num"),
            Column("account", _l("账号"), lambda row: _("有") if row.account_id else _("无")),
        ],
        orders={
            "name": Order(_l("姓名"), [(Expert.name, False)]), "name-": Order(_l("姓名"), [(Expert.name, True)]),
            "term": Order(_l("聘期至"), [(Expert.term_to, False)]), "term-": Order(_l("聘期至"), [(Expert.term_to, True)]),
        },
        default_order="term-",
        filters=[
            Choice("field", _l("专业领域"), fields, queries.in_field),
            Flag("current", _l("聘期内"), lambda: (Expert.term_from <= today()) & (Expert.term_to >= today()) & Expert.suspended.is_(False)),
            Flag("unlinked", _l("没有账号"), lambda: Expert.account_id.is_(None)),
            Dates("term", _l("聘期至"), Expert.term_to),
        ],
        search=lambda query: Expert.name.contains(query, autoescape=True) | Expert.unit.contains(query, autoescape=True),
        search_hint=_l("姓名或单位"),
        export_permission=rights.POOL,
    )  # fmt: skip


@blueprint.get("")
@require(rights.POOL)
def index() -> Any:
    """The pool, with load and punctuality."""
    return show_list(spec(), "consultations/experts.html")


def _find(expert_id: int) -> Expert:
    found = db.session.scalars(select(Expert).where(Expert.id == expert_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这位专家。"))
    return found


@blueprint.get("/<int:expert_id>")
@require(rights.POOL)
def detail(expert_id: int) -> Any:
    """One expert: appointment, invitations, advice and what became of it."""
    expert = _find(expert_id)
    joined = select(Seat.state, Seat.late, Seat.chosen, Seat.number, Seat.consultation_id, Consultation.answer, Consultation.outcome, Consultation.state.label("at"))
    rows = db.session.execute(
        joined.join(Consultation, Consultation.id == Seat.consultation_id).where(Seat.expert_id == expert.id).order_by(Seat.id.desc()).limit(50)
    ).all()  # fmt: skip
    account = db.session.get(Account, expert.account_id) if expert.account_id else None
    return render_template(
        "consultations/expert.html", expert=expert, rows=rows, flow=workflow.SEAT, words=words, account=account, counted=_counted(expert.id),
        files=attachments.all_of(db.session(), "consultations.expert", expert.id), towns=town_names(), history=audit.history("consultations.expert", expert.id, 20),
        term=_term(expert),
    )  # fmt: skip


def _form(expert: Expert | None) -> forms.ExpertForm:
    given: dict[str, Any] = {"term_from": today()}
    if expert is not None:
        names = ("name", "unit", "title", "fields", "term_from", "term_to", "telephone", "adviser_of", "suspended", "note")
        account = db.session.get(Account, expert.account_id) if expert.account_id else None
        given = {name: getattr(expert, name) for name in names}
        given |= {"interests": pool.write_interests(expert.interests), "username": account.username if account else ""}
    form = forms.ExpertForm() if request.method == "POST" else forms.ExpertForm(formdata=None, data=given)
    form.fields.choices = [(name, name) for name in get_setting(figures.FIELDS, None, today())]
    form.adviser_of.choices = list(town_names().items())
    return form


def _save(expert_id: int | None) -> Any:
    expert = _find(expert_id) if expert_id is not None else None
    form = _form(expert)
    if request.method == "POST" and form.validate():
        try:
            with unit_of_work("consultations.expert_saved") as session:
                before = once.claim(session, key := once.sent_key())
                if before is not None:
                    return redirect(before, 303)
                saved = pool.save(session, _find(expert_id) if expert_id is not None else None, g.grant.org_id, form.data, today())
                target = url_for("consultations_pool.detail", expert_id=saved.id)
                once.made(session, key, target)
            flash(_("已保存。"), "success")
            return redirect(target, 303)
        except Refused as error:
            if error.field in form:
                form[error.field].errors = [*form[error.field].errors, error.message]
            else:
                form.form_errors.append(error.message)
    return render_template("consultations/expert_edit.html", form=form, expert=expert), 422 if form.errors else 200


@blueprint.route("/new", methods=["GET", "POST"])
@require(rights.POOL)
def new() -> Any:
    """Appoint an expert."""
    return _save(None)


@blueprint.route("/<int:expert_id>/edit", methods=["GET", "POST"])
@require(rights.POOL)
def edit(expert_id: int) -> Any:
    """Change what is known of an expert."""
    return _save(expert_id)
