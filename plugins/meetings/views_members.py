"""Members of the conference: who, since when, and who speaks for them."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.meetings import forms, members, pages, queries, rights, rules, telling, words
from plugins.meetings.models import Membership
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.directory.models import Organisation

blueprint = Blueprint("meetings_members", __name__, url_prefix="/meetings/members", template_folder="templates")


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The conference and its member units, present and past."""
    return _page()


def _page(*, join: Any = None, status: int = 200) -> Any:
    session, day = db.session(), today()
    conference = telling.conference_of(session, needed=False)
    if conference is None:
        return render_template("meetings/members_none.html", may_convene=can(rights.CONVENE)), status
    found = (
        select(Membership).join(Organisation, Organisation.id == Membership.unit_id).where(Membership.conference_id == conference.id)
        .order_by(Membership.until.is_not(None), Organisation.weight, Membership.since.desc())
    )  # fmt: skip
    rows = list(session.scalars(found).unique())
    if join is None:
        join = forms.JoinForm(formdata=None)
        join.since.data = day
    join.units.choices = [(unit.id, unit.name) for unit in members.candidates(session, conference)] if can(rights.CONVENE) else []
    return render_template(
        "meetings/members.html", conference=conference, rows=rows, delegates=members.delegates(session, [row.id for row in rows]), may_convene=can(rights.CONVENE),
        join=join,
        words=words, on_for=telling.on_for, kept=queries.word_by_unit(session, day) if can(rights.STATISTICS) else {}, today=day,
    ), status  # fmt: skip


@blueprint.route("/conference", methods=["GET", "POST"])
@require(rights.CONVENE)
def conference() -> Any:
    """Name, convener and office of the conference."""
    form = forms.ConferenceForm()
    if request.method == "GET":
        present = telling.conference_of(db.session(), needed=False)
        for name in members.FIELDS:
            form[name].data = getattr(present, name) if present is not None else ""
        return render_template("meetings/conference.html", form=form)
    if not pages.attempt(form, lambda: members.save_conference(form.data)):
        return render_template("meetings/conference.html", form=form), 422
    flash(_("已保存。"), "success")
    return redirect(url_for("meetings_members.index"), 303)


@blueprint.post("/join")
@require(rights.CONVENE)
def join() -> Any:
    """Take units in."""
    form = forms.JoinForm()
    present = telling.conference_of(db.session())
    assert present is not None
    form.units.choices = [(unit.id, unit.name) for unit in members.candidates(db.session(), present)]
    count: list[int] = []
    if not pages.attempt(form, lambda: count.append(members.join(form.units.data or [], form.since.data))):  # type: ignore[arg-type]
        return _page(join=form, status=422)
    flash(_("已加入 %(n)s 个成员单位。", n=count[0]), "success")
    return redirect(url_for("meetings_members.index"), 303)


@blueprint.get("/<int:membership_id>")
@require(rights.READ)
def detail(membership_id: int) -> Any:
    """One membership: delegates with their terms, and how the unit keeps its word."""
    return _detail(membership_id)


def _detail(membership_id: int, *, leave: Any = None, delegate: Any = None, status: int = 200) -> Any:
    session, day = db.session(), today()
    row = members.find(session, membership_id)
    may = can(rights.CONVENE)
    if leave is None:
        leave = forms.LeaveForm(formdata=None)
        leave.until.data = day
    if delegate is None:
        delegate = forms.DelegateForm(formdata=None)
        delegate.since.data = day
    delegate.account_id.choices = _accounts(row.unit_id) if may else []
    word = queries.word_by_unit(session, day, unit_id=row.unit_id).get(row.unit_id, rules.Word(0, 0, 0, 0, 0))
    return render_template(
        "meetings/member.html", row=row, delegates=members.delegates(session, [row.id])[row.id], may_convene=may and row.until is None, leave=leave, delegate=delegate,
        words=words, word=word, history=audit.history("meetings.membership", row.id, 20),
    ), status  # fmt: skip


def _accounts(unit_id: int) -> list[tuple[int, str]]:
    return [(0, _("（不关联账号）")), *members.accounts_of(db.session(), unit_id)]


@blueprint.post("/<int:membership_id>/leave")
@require(rights.CONVENE)
def leave(membership_id: int) -> Any:
    """A unit leaves."""
    form = forms.LeaveForm()
    if not pages.attempt(form, lambda: members.leave(membership_id, form.until.data, form.reason.data or "")):  # type: ignore[arg-type]
        return _detail(membership_id, leave=form, status=422)
    flash(_("已登记退出；该日之后的会议不再邀请。"), "success")
    return redirect(url_for("meetings_members.index"), 303)


@blueprint.post("/<int:membership_id>/delegate")
@require(rights.CONVENE)
def delegate(membership_id: int) -> Any:
    """Name a liaison or a deputy."""
    form = forms.DelegateForm()
    form.account_id.choices = _accounts(members.find(db.session(), membership_id).unit_id)
    if not pages.attempt(form, lambda: members.name_delegate(membership_id, form.post.data, form.data)):
        return _detail(membership_id, delegate=form, status=422)
    flash(_("已登记。"), "success")
    return redirect(url_for("meetings_members.detail", membership_id=membership_id), 303)
