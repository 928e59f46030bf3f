"""Sessions: the list, planning, one session with who comes to it, invited towns, calendar file, notice."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, exists, func, or_, select

from plugins.training import crediting, ics, layouts, papers, queries, rights, rules, sessions, signing, standing, words, workflow
from plugins.training.models import Enrolment, TownInvitation, Training
from plugins.training.models_file import Exam
from portal import audit
from portal.auth.permissions import can, require
from portal.clock import today
from portal.database import db
from portal.directory.models import TOWN_KINDS, Organisation, Person
from portal.documents.papers import send_paper
from portal.errors import Conflict, Refused
from portal.records import attachments
from portal.records.lists import BulkAction, Choice, Column, Dates, Flag, ListSpec, Order
from portal.records.views import show_list
from portal.text import whole

blueprint = Blueprint("training", __name__, url_prefix="/training", template_folder="templates")


# -- the list ----------------------------------------------------------------------------------------------------------------


def _select() -> Any:
    seated = (
        select(func.count()).select_from(Enrolment).where(Enrolment.session_id == Training.id, Enrolment.state.in_(rules.SEATED)).correlate(Training).scalar_subquery()
    )
    columns = (
        Training.id, Training.number, Training.title, Training.category, Training.starts_at, Training.timed, Training.held_on, Training.halves, Training.state,
            Training.place,
        Training.lecturer, Training.organiser_name, Training.mode,
    )  # fmt: skip
    return select(*columns, seated.label("seated"), Organisation.name.label("host"), *standing.columns()).join(Organisation, Organisation.id == Training.org_id)


def _badge(row: Any) -> standing.Badge:
    return standing.badge(row.state, row.held_on, today(), town=row.host_kind in TOWN_KINDS, host=row.host_id == g.grant.org_id, answer=row.own_answer, asked=row.asked,
                          owing=row.owing)  # fmt: skip


def _time(row: Any) -> str:
    return f"{sessions.local(row.starts_at):%H:%M}" if row.timed else ""


def _to_nominate() -> ColumnElement[bool]:
    """Invitations that the acting town has not used."""
    asked = exists().where(TownInvitation.session_id == Training.id, TownInvitation.org_id == g.grant.org_id, TownInvitation.state == "invited")
    return asked & (Training.state == "open") & (Training.org_id != g.grant.org_id)


def spec() -> ListSpec:
    """The sessions that the acting role sees."""
    years = [(str(year), str(year)) for year in range(today().year + 1, today().year - 6, -1)]
    several = not g.grant.organisation.is_town
    towns = (
        [Choice("town", _l("举办单位"), [(str(key), name) for key, name in queries.town_names(db.session()).items()], lambda value: Training.org_id == int(value))]
        if several
        else []
    )
    return ListSpec(
        name="training.session",
        select=_select,
        key=Training.id,
        columns=(
            Column("number", _l("编号"), lambda row: row.number, link=lambda row: url_for("training.detail", training_id=row.id), css="num"),
            Column("title", _l("培训名称"), lambda row: row.title, css="wide"),
            Column("day", _l("日期"), lambda row: row.held_on, css="num", order="day"),
            Column("time", _l("时间"), _time, css="num"),
            Column("category", _l("类别"), lambda row: words.CATEGORIES[row.category], css="num"),
            Column("hours", _l("学时"), lambda row: rules.hours(row.halves), css="num"),
            Column("host", _l("举办单位"), lambda row: row.host, shown=several),
            Column("organiser", _l("主办"), lambda row: row.organiser_name, shown=False),
            Column("lecturer", _l("讲师"), lambda row: row.lecturer, shown=False),
            Column("seated", _l("人数"), lambda row: row.seated, css="num"),
            Column("state", _l("状态"), lambda row: _badge(row)[0], badge=_badge),
        ),
        orders={"day": Order(_l("日期"), [(Training.starts_at, False)]), "day-": Order(_l("日期"), [(Training.starts_at, True)])},
        default_order="day-",
        filters=[
            Choice("year", _l("年度"), years, lambda value: Training.year == int(value)),
            Choice("state", _l("状态"), [(state.code, state.title) for state in workflow.SESSION.states], standing.in_state),
            Choice("category", _l("类别"), list(words.CATEGORIES.items()), lambda value: Training.category == value),
            *towns,
            *([Flag("invited", _l("外单位邀请待推荐"), _to_nominate), Flag("certify", _l("待本单位认定"), standing.to_certify)] if not several else []),
            Dates("held", _l("日期"), Training.held_on),
        ],
        search=lambda text: or_(*(column.contains(text, autoescape=True) for column in (Training.title, Training.number, Training.lecturer))),
        search_hint=_l("名称、编号或讲师"),
        export_permission=rights.READ,
        bulk=[BulkAction(_l("批量认定学时"), "training.certify_many", rights.CERTIFY, "circle-check")] if can(rights.CERTIFY) else (),
    )  # fmt: skip


@blueprint.get("")
@require(rights.READ)
def index() -> Any:
    """The list of sessions."""
    return show_list(spec(), "training/index.html", may_organise=can(rights.ORGANISE), may_import=can(rights.IMPORT) and g.grant.organisation.is_town)


@blueprint.route("/certify", methods=["GET", "POST"])
@require(rights.CERTIFY)
def certify_many() -> Any:
    """Certify several sessions that have ended, each with what it comes to: the town's own, and those that it was invited to."""
    ids = [key for text in request.values.getlist("ids")[:100] if (key := whole(text)) is not None and key < 2**31]
    org_id = g.grant.org_id
    invited = select(TownInvitation).where(TownInvitation.session_id.in_(ids), TownInvitation.org_id == org_id)
    answers = {row.session_id: row for row in db.session.scalars(invited).unique()}
    mine = or_(Training.org_id == org_id, Training.id.in_(list(answers)))
    rows = db.session.scalars(select(Training).where(Training.id.in_(ids), mine).order_by(Training.starts_at, Training.id)).unique().all()
    waiting = [row for row in rows if _waits(row, answers.get(row.id))]
    if request.method == "POST":
        return _certify([(row.title, row.id, answers[row.id].id if row.org_id != org_id else None) for row in waiting])
    shown = []
    for row in rows:
        assessed = crediting.assess(db.session(), row, org_id) if row in waiting else []
        good = [one for one in assessed if not one.refusal]
        answer = answers.get(row.id)
        look = standing.badge(row.state, row.held_on, today(), town=row.organisation.is_town, host=row.org_id == org_id, answer=answer.state if answer else None, asked=0,
                              owing=0)  # fmt: skip
        shown.append((row, look, row in waiting, len(good), len(assessed) - len(good), sum(one.halves for one in good)))
    return render_template("training/certify_many.html", rows=shown, hours=rules.hours)


def _waits(training: Training, answer: TownInvitation | None) -> bool:
    """Whether the acting town has still to certify its people in a session."""
    if training.org_id == g.grant.org_id:
        return training.state == "finished"
    return answer is not None and answer.state == "invited" and training.state in standing.OVER


def _certify(wanted: list[tuple[str, int, int | None]]) -> Any:
    """Certify one after the other: a session of one's own, or the invitation to another's; each that is refused says why."""
    done, failed = 0, []
    for title, key, invited in wanted:
        try:
            if invited is None:
                workflow.SESSION.perform(key, "certify", {}, today=today())
            else:
                workflow.INVITATION.perform(invited, "certify", {}, today=today())
            done += 1
        except (Refused, Conflict) as error:
            failed.append(f"{title}：{error.message}")
    if done:
        flash(_("已认定 %(n)s 期培训的学时。", n=done), "success")
    for text in failed[:10]:
        flash(text, "warning")
    return redirect(url_for("training.index", certify=1 if failed else None), 303)


# -- one session ----------------------------------------------------------------------------------------------------------------


@blueprint.get("/<int:training_id>")
@require(rights.SEE)
def detail(training_id: int) -> Any:
    """One session: what it is, who comes, what may be done now."""
    session = db.session()
    training = sessions.get(session, training_id)
    host, reads = sessions.is_host(training), can(rights.READ)
    invitation = sessions.invitation(session, training_id, g.grant.org_id) if not host else None
    rows: Sequence[Enrolment] = ()
    if reads:
        rows = session.scalars(select(Enrolment).where(Enrolment.session_id == training_id).order_by(Enrolment.state == "cancelled", Enrolment.id).limit(2000)).all()
    person = queries.person_of(g.account.id, g.grant.org_id)
    mine = signing.own_row(session, training, person.id) if person is not None else None
    town = g.grant.org_id if g.grant.organisation.is_town else None
    preview = crediting.assess(session, training, town) if town and reads and can(rights.CERTIFY) and training.state in ("finished", "certified") else []
    invited = session.scalars(select(TownInvitation).where(TownInvitation.session_id == training_id).order_by(TownInvitation.org_id)).unique().all() if host else []
    seated = select(Enrolment.org_id, func.count()).where(Enrolment.session_id == training_id, Enrolment.state.in_(rules.SEATED)).group_by(Enrolment.org_id)
    counts = {row[0]: row[1] for row in session.execute(seated)} if host else {}
    may_seat = (
        training.state == "open"
        and bool(town)
        and ((host and can(rights.ORGANISE)) or (invitation is not None and invitation.state == "invited" and can(rights.NOMINATE)))
    )
    found = session.scalars(select(Exam).where(Exam.session_id == training_id).order_by(Exam.id)).unique().all() if reads else []
    look = standing.badge(training.state, training.held_on, today(), town=training.organisation.is_town, host=host, answer=invitation.state if invitation else None,
                          asked=sum(row.state in ("invited", "certified") for row in invited), owing=sum(row.state == "invited" for row in invited))  # fmt: skip
    return render_template(
        "training/detail.html", look=look, training=training,
        workflow=workflow.SESSION, invitations=workflow.INVITATION, invitation=invitation, host=host, reads=reads, rows=rows,
        words=words, hours=rules.hours, local=sessions.local, place=sessions.place_of(session, training), mine=mine, person=person,
        preview=[one for one in preview if one.row.state != "credited"], invited=invited, counts=counts, may_seat=may_seat,
        candidates=_candidates(training, town) if may_seat and town else [], towns=_invitable(training, invited) if host and can(rights.ORGANISE) else [],
        may_organise=host and can(rights.ORGANISE), may_certify=can(rights.CERTIFY), exams=found, when=papers.when(training),
        files=attachments.of_shared(session, "training.session", [training_id])[training_id],
        history=audit.history("training.session", training_id, 20) if host and reads else [], may_marks=can(rights.MARKS),
    )  # fmt: skip


def _candidates(training: Training, org_id: int) -> list[Any]:
    """People of the town who have no seat yet."""
    seated = select(Enrolment.person_id).where(Enrolment.session_id == training.id, Enrolment.state != "cancelled")
    found = select(Person.id, Person.name, Person.team, Person.position).where(
        Person.org_id == org_id, Person.post_status.in_(sessions.ON_POST), Person.id.not_in(seated)
    )
    return list(db.session.execute(found.order_by(Person.team, Person.name, Person.id)).all())


def _invitable(training: Training, invited: Sequence[TownInvitation]) -> list[tuple[int, str, int]]:
    """Towns that may be invited, with their quota."""
    quotas = {row.org_id: row.quota for row in invited if row.state != "cancelled"}
    return [(town.id, town.name, quotas.get(town.id, 0)) for town in sessions.towns(db.session()) if town.id != training.org_id]


@blueprint.get("/<int:training_id>/calendar.ics")
@require(rights.SEE)
def calendar(training_id: int) -> Any:
    """The session for a calendar."""
    training = sessions.get(db.session(), training_id)
    content = ics.calendar([(training, sessions.place_of(db.session(), training))], single=True)
    return send_file(io.BytesIO(content), "text/calendar; charset=utf-8", as_attachment=True, download_name=f"training-{training_id}.ics")


@blueprint.get("/<int:training_id>/notice.<kind>")
@require(rights.READ)
def notice(training_id: int, kind: str) -> Any:
    """培训通知."""
    session = db.session()
    training = sessions.get(session, training_id)
    invited = session.scalars(
        select(TownInvitation).where(TownInvitation.session_id == training_id, TownInvitation.state != "cancelled").order_by(TownInvitation.org_id)
    ).unique()
    seats = [(row.organisation.name, row.quota) for row in invited]
    values = papers.notice(training, sessions.place_of(session, training), seats, today())
    return send_paper(layouts.NOTICE, values, kind, _("培训通知 %(title)s", title=training.title), org_id=training.org_id, record=training)
