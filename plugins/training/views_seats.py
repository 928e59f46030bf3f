"""Who comes to a session: towns with their quota, seats and the waiting list, what is to be read beforehand."""

from __future__ import annotations

from typing import Any

from flask import flash, g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.training import queries, rights, sessions, workflow
from plugins.training.models import Enrolment
from plugins.training.views import blueprint
from portal.auth.permissions import can, check, require
from portal.clock import today
from portal.database import db
from portal.directory.models import Person
from portal.errors import NotFound, Refused
from portal.records import attachments
from portal.text import whole
from portal.work import unit_of_work


@blueprint.get("/invitations/<int:invitation_id>")
@require(rights.READ)
def invitation(invitation_id: int) -> Any:
    """An invitation is shown with its session."""
    found = workflow.INVITATION.find(db.session(), invitation_id)
    return redirect(url_for("training.detail", training_id=found.session_id))


@blueprint.post("/<int:training_id>/invite")
@require(rights.ORGANISE)
def invite(training_id: int) -> Any:
    """Set which towns may send how many."""
    quotas = {}
    for name, text in request.form.items():
        if name.startswith("quota-") and (org_id := whole(name[6:])) is not None:
            number = whole((text or "0").strip() or "0")
            if number is None or org_id >= 2**31:
                raise Refused(_("名额请填写 0 至 1000 之间的整数。"))
            quotas[org_id] = number
    with unit_of_work("training.invited") as session:
        count = sessions.invite(session, sessions.get(session, training_id, lock=True), quotas)
    flash(_("已邀请 %(n)s 个街镇。", n=count), "success")
    return redirect(url_for("training.detail", training_id=training_id, _anchor="invited"), 303)


def people_of(ids: list[int]) -> list[Person]:
    """People of the acting town."""
    found = db.session.scalars(select(Person).where(Person.id.in_(ids), Person.org_id == g.grant.org_id).order_by(Person.name, Person.id)).unique().all()
    if len(found) != len(set(ids)):
        raise NotFound(_("没有找到这个人员。"))
    return list(found)


@blueprint.post("/<int:training_id>/enrol")
@require(rights.SEE)
def enrol(training_id: int) -> Any:
    """Give people a seat: one's own people by whoever holds it, nominees by their town, oneself."""
    training = sessions.get(db.session(), training_id)
    ids = [key for text in request.form.getlist("people")[:1000] if (key := whole(text)) is not None and key < 2**31]
    if ids:
        check(rights.ORGANISE if sessions.is_host(training) else rights.NOMINATE)
        source = "manager" if sessions.is_host(training) else "nominated"
    else:
        person = queries.person_of(g.account.id, g.grant.org_id)
        if person is None or not training.self_enrol or not sessions.is_host(training):
            raise Refused(_("请选择人员。") if can(rights.ORGANISE) or can(rights.NOMINATE) else _("这期培训不能自行报名，请联系培训管理员。"))
        ids, source = [person.id], "self"
    with unit_of_work("training.enrolled" if source != "nominated" else "training.nominated") as session:
        made = sessions.enrol(session, sessions.get(session, training_id, lock=True), people_of(ids), source, today())
        waiting = sum(row.state == "waiting" for row in made)
        count = len(made)
    flash(
        _("已报名 %(n)s 人。", n=count - waiting) if not waiting else _("已报名 %(n)s 人，%(w)s 人进入候补。", n=count - waiting, w=waiting),
        "success" if not waiting else "warning",
    )
    return redirect(url_for("training.detail", training_id=training_id, _anchor="people"), 303)


@blueprint.post("/<int:training_id>/unenrol/<int:enrolment_id>")
@require(rights.SEE)
def unenrol(training_id: int, enrolment_id: int) -> Any:
    """Give a seat back."""
    with unit_of_work("training.unenrolled") as session:
        training = sessions.get(session, training_id, lock=True)
        row = session.scalars(select(Enrolment).where(Enrolment.id == enrolment_id, Enrolment.session_id == training_id)).one_or_none()
        person = queries.person_of(g.account.id, g.grant.org_id)
        if row is None:
            raise NotFound(_("没有找到这条报名。"))
        if person is None or row.person_id != person.id:
            check(rights.ORGANISE if sessions.is_host(training) else rights.NOMINATE)
        sessions.unenrol(session, training, row)
    flash(_("已取消报名。"), "success")
    return redirect(url_for("training.detail", training_id=training_id, _anchor="people"), 303)


@blueprint.post("/<int:training_id>/materials")
@require(rights.ORGANISE)
def materials(training_id: int) -> Any:
    """Add what is to be read beforehand."""
    training = sessions.get(db.session(), training_id)
    sessions.check_host(training)
    prepared = attachments.prepare_all(request.files.getlist("files"))
    if not prepared:
        raise Refused(_("请选择文件。"), field="files")
    with unit_of_work("training.session.attached") as session:
        for item in prepared:
            attachments.attach(session, item, "training.session", training_id, training.org_id, "material")
    flash(_("已添加 %(n)s 个附件。", n=len(prepared)), "success")
    return redirect(url_for("training.detail", training_id=training_id, _anchor="materials"), 303)
