"""The use cases: what a person does with certificates. One function a thing, each inside the caller's unit of work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import extract, func, or_, select
from sqlalchemy.orm import Session

from plugins.certificates import figures, rules
from plugins.certificates.models import Application, Certificate, Destruction
from portal.calendar.rules import Due
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import db
from portal.directory.models import Organisation, Person
from portal.errors import NotFound, Refused
from portal.records.links import link
from portal.records.numbers import format_number, next_number
from portal.settings import get_setting
from portal.tenancy import crossing
from portal.work import unit_of_work


def recovery_due(org_id: int, start: dt.date) -> Due:
    """Until when a certificate that stopped being good on ``start`` is to be recovered, in the town's working days."""
    return current_calendar().add_working_days(start, get_setting(figures.RECOVERY_DAYS, org_id, start))


def end(certificate: Certificate, state: str, reason: str, today: dt.date) -> None:
    """A certificate stops being good: it is to be recovered from now on."""
    due = recovery_due(certificate.org_id, today)
    certificate.state, certificate.state_reason, certificate.state_on = state, reason, today
    certificate.clearing, certificate.clearing_from = "due", today
    certificate.clearing_due, certificate.clearing_provisional = due.day, due.provisional


def recompute_clearing_dues(years: list[int]) -> None:
    """A calendar was loaded: open recoveries whose days touch these years get their day anew. In the caller's transaction."""
    touched = or_(*(extract("year", column).in_(years) for column in (Certificate.clearing_due, Certificate.clearing_from)))
    with crossing("certificates.calendar", "calendar changed"):
        for certificate in db.session.scalars(select(Certificate).where(Certificate.clearing == "due", touched)):
            if certificate.clearing_from is not None:
                due = recovery_due(certificate.org_id, certificate.clearing_from)
                certificate.clearing_due, certificate.clearing_provisional = due.day, due.provisional
        db.session.flush()


# -- applications ---------------------------------------------------------------------------------------------------


def examinations(person_id: int, application: Application | None = None) -> tuple[dt.date | None, dt.date | None]:
    """Examinations passed, from whichever module knows them, else as entered on the application with its proof."""
    known = current_app.extensions["portal"].plugins.hooks.portal_examinations(person_id=person_id) or {}
    general = known.get("general") or (application.general_passed_on if application else None)
    professional = known.get("professional") or (application.professional_passed_on if application else None)
    return general, professional


def holder_of(person: Person, general: dt.date | None, professional: dt.date | None) -> rules.Holder:
    """What the rules need to know of a person."""
    return rules.Holder(
        person.employment_type, person.post_status, person.probation_until, person.retired_on, person.left_on, person.education,
        person.has_legal_qualification, general, professional,
    )  # fmt: skip


def refusals(application: Application, today: dt.date) -> list[rules.Reason]:
    """Why the applicant may not hold a certificate today; empty when they may."""
    holder = holder_of(application.person, *examinations(application.person_id, application))
    return rules.eligibility(holder, today, get_setting(figures.MINIMUM_EDUCATION, application.org_id, today))


def open_application(session: Session, person: Person, values: Mapping[str, Any], today: dt.date) -> Application:
    """Begin an application for a person of the acting town. Raises Refused, e.g. when one is open already."""
    _check_predecessor(session, person, values.get("kind", "new"), values.get("predecessor_id"))
    unfinished = select(func.count()).select_from(Application).where(
        Application.person_id == person.id, Application.state.in_(("draft", "unit_review", "district_review"))
    )  # fmt: skip
    if session.scalar(unfinished):
        raise Refused(_("%(name)s 已有一份在办的证件申请。", name=person.name), field="person_id")
    organisation = session.get(Organisation, person.org_id)
    assert organisation is not None
    sequence = next_number(session, person.org_id, "certificates.application", today.year)
    application = Application(
        org_id=person.org_id,
        number=format_number("{org}证申〔{year}〕{seq}号", organisation.short_name, today.year, sequence),
        person=person,
        person_id=person.id,
        created_on=today,
        submitted_by=current_actor().account_id,
        **values,
    )
    session.add(application)
    session.flush()
    return application


def _check_predecessor(session: Session, person: Person, kind: str, predecessor_id: int | None) -> None:
    current = session.scalars(
        select(Certificate).where(Certificate.person_id == person.id, Certificate.state.in_(rules.VALID_STATES)).limit(1)
    ).first()
    if kind == "new":
        if current is not None:
            raise Refused(_("%(name)s 已持有有效证件 %(number)s，请选择换证。", name=person.name, number=current.number), field="kind")
        return
    before = session.get(Certificate, predecessor_id) if predecessor_id else None
    if before is None or before.person_id != person.id:
        raise Refused(_("请选择本人的原证件。"), field="predecessor_id")
    if kind == "replace" and before.state != "lost":
        raise Refused(_("补证的原证件须已登记遗失。"), field="predecessor_id")
    if kind in ("renew", "change") and before.state not in (*rules.VALID_STATES, "expired"):
        raise Refused(_("原证件已失效，不能换证。"), field="predecessor_id")


def check_predecessor(session: Session, application: Application) -> None:
    """Raise Refused when the certificate that is to be followed does not fit the kind of the application."""
    _check_predecessor(session, application.person, application.kind, application.predecessor_id)


def guard_eligible(application: Application, _data: Mapping[str, Any], today: dt.date) -> None:
    """Refuse an application of somebody who may not hold a certificate, naming every rule."""
    check_predecessor(db.session(), application)
    reasons = refusals(application, today)
    if reasons:
        raise Refused("；".join(reason.message for reason in reasons) + "。")


def submit(_session: Session, application: Application, _data: Mapping[str, Any], today: dt.date) -> None:
    application.submitted_by, application.submitted_on = current_actor().account_id, today
    application.state_reason = ""


def approve_unit(_session: Session, application: Application, _data: Mapping[str, Any], today: dt.date) -> None:
    application.reviewed_by, application.reviewed_on = current_actor().account_id, today


def give_reason(_session: Session, application: Application, data: Mapping[str, Any], today: dt.date) -> None:
    application.state_reason = str(data.get("reason") or "")
    application.decided_on = today


def issue(session: Session, application: Application, data: Mapping[str, Any], today: dt.date) -> None:
    """发证: the certificate comes into being, a predecessor is closed."""
    number = rules.normal_number(str(data["number"]))
    check_number(session, number, application.org_id, today)
    refusal = rules.dates_refusal(data["issued_on"], data["valid_until"], today)
    if refusal is not None or rules.is_expired(data["valid_until"], today):
        raise Refused(refusal.message if refusal else _("有效期至已过。"), field="valid_until")
    longest = get_setting(figures.VALIDITY_YEARS, application.org_id, today)
    if data["valid_until"] > rules.add_years(data["issued_on"], longest) + dt.timedelta(days=1):
        raise Refused(_("有效期最长 %(n)s 年。", n=longest), field="valid_until")
    person = application.person
    certificate = Certificate(
        org_id=application.org_id, number=number, person=person, person_id=person.id, holder_name=person.name,
        authority=application.organisation.name, category=application.category, area=application.area, issuer=str(data["issuer"]),
        issued_on=data["issued_on"], valid_until=data["valid_until"], state="active", state_on=today, predecessor_id=application.predecessor_id,
    )  # fmt: skip
    session.add(certificate)
    before = application.predecessor
    if before is not None and before.state in rules.VALID_STATES:
        end(before, "cancelled", _("换证，由 %(number)s 接续", number=number), today)
    session.flush()
    application.certificate_id = certificate.id
    application.verified_by, application.decided_on = current_actor().account_id, today
    link(session, ("certificates.application", application.id), ("certificates.certificate", certificate.id), "issued", application.org_id)


def check_number(session: Session, number: str, org_id: int, today: dt.date) -> None:
    """Raise Refused when a number has the wrong form or was ever given to any certificate of the register."""
    refusal = rules.number_refusal(number, get_setting(figures.NUMBER_PATTERN, org_id, today))
    if refusal is not None:
        raise Refused(refusal.message, field="number")
    with crossing("certificates.number", "a number is unique in the whole register", switched_off=True):
        if session.scalar(select(func.count()).select_from(Certificate).where(Certificate.number == number)):
            raise Refused(_("证号 %(number)s 已被使用；证号不重复使用。", number=number), field="number")


# -- certificates ----------------------------------------------------------------------------------------------------


def suspend(_session: Session, certificate: Certificate, data: Mapping[str, Any], today: dt.date) -> None:
    certificate.state_reason, certificate.state_on = str(data.get("reason") or ""), today


def guard_restore(certificate: Certificate, _data: Mapping[str, Any], today: dt.date) -> None:
    if rules.is_expired(certificate.valid_until, today):
        raise Refused(_("证件已过有效期，不能恢复。"))


def restore(_session: Session, certificate: Certificate, data: Mapping[str, Any], today: dt.date) -> None:
    certificate.state_reason, certificate.state_on = str(data.get("reason") or ""), today


def lose(_session: Session, certificate: Certificate, data: Mapping[str, Any], today: dt.date) -> None:
    """遗失: the public notice declares it invalid; the paper cannot be recovered."""
    certificate.state_reason, certificate.state_on = str(data.get("reason") or ""), today
    certificate.public_notice = str(data["public_notice"])
    certificate.clearing, certificate.cleared_on, certificate.clearing_due = "unrecoverable", today, None


def cancel(_session: Session, certificate: Certificate, data: Mapping[str, Any], today: dt.date) -> None:
    end(certificate, "cancelled", f"{data['ground']}：{data.get('reason') or ''}".rstrip("："), today)


def recover(_session: Session, certificate: Certificate, data: Mapping[str, Any], today: dt.date) -> None:
    """收回: who handed it in, who received it, when."""
    if data["cleared_on"] > today:
        raise Refused(_("收回日期不能晚于今天。"), field="cleared_on")
    if data["cleared_on"] < (certificate.issued_on or today.replace(year=today.year - rules.LONGEST_VALIDITY, day=1)):
        raise Refused(_("收回日期不能早于发证日期。"), field="cleared_on")
    certificate.handed_in_by, certificate.received_by, certificate.cleared_on = data["handed_in_by"], data["received_by"], data["cleared_on"]
    certificate.clearing = "recovered"


def give_up(_session: Session, certificate: Certificate, data: Mapping[str, Any], today: dt.date) -> None:
    """无法收回: with the reason and the public notice."""
    certificate.public_notice, certificate.cleared_on = str(data["public_notice"]), today
    certificate.clearing = "unrecoverable"


def destroy(org_id: int, ids: list[int], values: Mapping[str, Any], today: dt.date) -> Destruction:
    """销毁 a batch of recovered certificates before two witnesses; raises Refused, and then nothing has changed."""
    with unit_of_work("certificates.destroy") as session:
        found = session.scalars(select(Certificate).where(Certificate.id.in_(ids), Certificate.org_id == org_id).with_for_update(of=Certificate)).unique().all()
        if not ids:
            raise Refused(_("请至少选择一张证件。"), field="ids")
        if len(found) != len(set(ids)):
            raise NotFound(_("没有找到这条记录。"))
        if any(certificate.clearing != "recovered" for certificate in found):
            raise Refused(_("只有已收回的证件可以销毁，请重新选择。"), field="ids")
        if values["first_witness"].strip() == values["second_witness"].strip():
            raise Refused(_("两名见证人不能是同一人。"), field="second_witness")
        if values["destroyed_on"] > today:
            raise Refused(_("销毁日期不能晚于今天。"), field="destroyed_on")
        if any(certificate.cleared_on is not None and values["destroyed_on"] < certificate.cleared_on for certificate in found):
            raise Refused(_("销毁日期不能早于收回日期。"), field="destroyed_on")
        organisation = session.get(Organisation, org_id)
        assert organisation is not None
        sequence = next_number(session, org_id, "certificates.destruction", today.year)
        batch = Destruction(
            org_id=org_id, number=format_number("{org}证销〔{year}〕{seq}号", organisation.short_name, today.year, sequence), count=len(found), **values
        )
        session.add(batch)
        session.flush()
        for certificate in found:
            certificate.clearing, certificate.destruction_id = "destroyed", batch.id
        session.flush()
    return batch
