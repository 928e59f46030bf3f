"""The town's side: drafting a request, its evidence and handlers, sending it, answering the paper, recording the outcome."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plugins.consultations import access, figures, library, rights, rules, words
from plugins.consultations.models import CASE_FILES, Consultation
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.errors import Refused
from portal.records import attachments
from portal.records.links import link
from portal.records.numbers import format_number, next_number
from portal.records.secrecy import refuse_marked
from portal.settings import get_setting
from portal.text import whole

Data = Mapping[str, Any]
EDITABLE = ("draft", "returned")
TEXTS = ("title", "case_no", "facts", "law", "own_view")


def reason_of(data: Data) -> str:
    return str(data.get("reason") or "").strip()


def enter(_session: Session, consultation: Consultation, _data: Data, today: dt.date) -> None:
    """The plain effect: the day of the state, and nothing is due."""
    consultation.state_on, consultation.sort_due = today, rules.FOREVER


def people(session: Session, org_id: int, today: dt.date, right: str) -> list[tuple[int, str]]:
    """Accounts of a town whose role there holds a right of this plugin."""
    roles = [role for role, held in rights.GRANTS.items() if right in held]
    held = (
        select(Account.id, Account.name)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(RoleGrant.org_id == org_id, RoleGrant.role.in_(roles), Account.active)
        .where(or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= today), or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today))
        .distinct()
        .order_by(Account.name, Account.id)
    )
    return [(row.id, row.name) for row in session.execute(held)]


# -- drafting ----------------------------------------------------------------------------------------------------------------


def create(session: Session, org_id: int, values: Data, today: dt.date, origin: tuple[str, int] | None = None) -> Consultation:
    """A draft; whoever writes it is its first handler. ``origin`` is the record that it was begun from."""
    actor = current_actor()
    assert actor.account_id is not None
    consultation = Consultation(
        org_id=org_id, created_by=actor.account_id, created_on=today, state="draft", state_on=today, sort_due=rules.FOREVER, title="", evidence=[],
    )  # fmt: skip
    fill(consultation, values)
    session.add(consultation)
    session.flush()
    access.give(session, consultation, actor.account_id, org_id, "handler", actor.name, today)
    if origin is not None:
        link(session, origin, (access.CASE, consultation.id), "consultation", org_id)
    return consultation


def fill(consultation: Consultation, values: Data) -> None:
    """What the form says. Raises Refused at the field for marks of state secrets: such a file does not belong here."""
    for name in TEXTS:
        refuse_marked([str(values.get(name) or "")], name)
        setattr(consultation, name, str(values.get(name) or "").strip())
    questions = [text.strip() for text in values.get("questions") or () if text and text.strip()]
    parties = [dict(party) for party in values.get("parties") or () if party.get("name")]
    refuse_marked(questions, "questions")
    if len(questions) != len(set(questions)):
        raise Refused(_("争议焦点有重复。"), field="questions")
    consultation.questions, consultation.parties = questions, parties
    for name in ("field", "filed_on", "needed_by", "urgency", "secrecy"):
        setattr(consultation, name, values[name])
    consultation.triggers = [code for code in rules.TRIGGERS if code in (values.get("triggers") or ())]


def check_editable(consultation: Consultation) -> None:
    if consultation.state not in EDITABLE:
        raise Refused(_("会商申请已提交，不能修改。"))


def nameless(file: tuple[bytes, str, str], what: str, number: int) -> tuple[bytes, str, str]:
    """A file under a name that says nothing: the trail, which others read, tells the names of files."""
    content, name, media_type = file
    return content, f"{what}{number}.{name.rpartition('.')[2].lower()}", media_type


def add_evidence(session: Session, consultation: Consultation, name: str, proves: str, file: tuple[bytes, str, str] | None) -> None:
    """One line of the evidence list, with its file if there is one."""
    check_editable(consultation)
    refuse_marked([name, proves], "name")
    if len(consultation.evidence) >= rules.MOST_EVIDENCE:
        raise Refused(_("证据清单最多 %(n)s 项。", n=rules.MOST_EVIDENCE), field="name")
    place = len(consultation.evidence) + 1
    kept = attachments.attach(session, nameless(file, _("证据"), place), CASE_FILES, consultation.id, consultation.org_id, "evidence") if file else None
    line = {"name": name.strip(), "proves": proves.strip(), "file": kept.id if kept else None, "filename": file[1] if file else ""}
    consultation.evidence = [*consultation.evidence, line]
    session.flush()


def remove_evidence(consultation: Consultation, place: int) -> None:
    """Take a line off the list; its file stays in the store, open to nobody."""
    check_editable(consultation)
    if not 0 <= place < len(consultation.evidence):
        raise Refused(_("没有这项证据。"))
    consultation.evidence = [line for index, line in enumerate(consultation.evidence) if index != place]


def add_handler(session: Session, consultation: Consultation, account_id: int, today: dt.date) -> None:
    """Another handler of the town; the list is the whole of who may know."""
    names = dict(people(session, consultation.org_id, today, rights.ASK))
    if account_id not in names:
        raise Refused(_("请选择本街镇的经办人员。"), field="account")
    access.give(session, consultation, account_id, consultation.org_id, "handler", names[account_id], today)


def remove_handler(session: Session, consultation: Consultation, account_id: int) -> None:
    """Take a handler off the list; one always stays."""
    others = [row for row in access.holders(session, consultation.id) if row.part == "handler" and row.account_id != account_id]
    if not others:
        raise Refused(_("至少保留一名承办人。"))
    access.take(session, [consultation.id], account_id, "handler")


# -- sending -----------------------------------------------------------------------------------------------------------------


def lacking(consultation: Consultation) -> list[str]:
    """What the request still lacks, by field."""
    c = consultation
    return rules.missing_parts(c.title, c.facts, c.law, c.own_view, c.questions, c.parties, c.triggers, c.evidence, c.needed_by)


def guard_complete(consultation: Consultation, _data: Data, today: dt.date) -> None:
    """完整性检查."""
    missing = lacking(consultation)
    if missing:
        raise Refused(_("申请还不完整，缺少：%(names)s。", names="、".join(str(words.PARTS_MISSING[name]) for name in missing)))
    if consultation.needed_by is not None and consultation.needed_by <= today:
        raise Refused(_("希望答复的日期已过，请修改。"))


def submit(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """To the leader in charge; whoever sends it does not approve it."""
    chosen, names = whole(str(data.get("approver") or "")) or 0, dict(people(session, consultation.org_id, today, rights.APPROVE))
    actor = current_actor()
    if chosen not in names:
        raise Refused(_("请选择审批负责人。"), field="approver")
    if chosen == actor.account_id:
        raise Refused(_("提请人与审批人不能是同一人。"), field="approver")
    consultation.approver_id, consultation.submitted_by = chosen, actor.account_id
    access.give(session, consultation, chosen, consultation.org_id, "approver", names[chosen], today)
    enter(session, consultation, data, today)
    access.tell(session, consultation, _("有案件会商申请等您审批"), f"approve:{today}", [(chosen, consultation.org_id)])


def approve(session: Session, consultation: Consultation, _data: Data, today: dt.date) -> None:
    """Sent to the justice bureau, with a number of the town."""
    guard_complete(consultation, {}, today)
    if not consultation.number:
        sequence = next_number(session, consultation.org_id, "consultations.request", today.year)
        pattern = get_setting(figures.NUMBER, consultation.org_id, today)
        consultation.number = format_number(pattern, consultation.organisation.short_name, today.year, sequence)
    due = current_calendar().add_working_days(today, figures.figure(figures.TAKE, None, today))
    consultation.approved_on, consultation.state_on, consultation.take_by, consultation.sort_due = today, today, due.day, due.day
    title = _("%(town)s提请案件会商：%(number)s", town=consultation.organisation.name, number=consultation.number)
    access.tell(session, consultation, title, f"submitted:{today}", convener=True)


def send_back(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    enter(session, consultation, data, today)
    access.tell(session, consultation, _("会商申请被退回修改"), f"sent_back:{today}", access.town_side(session, consultation.id), body=reason_of(data))


def withdraw(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    sent = consultation.state == "submitted"
    enter(session, consultation, data, today)
    if sent:
        access.tell(session, consultation, _("%(number)s 已撤回", number=consultation.number), "withdrawn", convener=True)


# -- answering ---------------------------------------------------------------------------------------------------------------


def propose_answer(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """采纳情况, drafted by a handler; the leader confirms it."""
    consultation.answer, consultation.answer_reasons = data["answer"], str(data["answer_reasons"]).strip()
    consultation.answer_state, consultation.answer_by = "proposed", current_actor().account_id
    if consultation.approver_id:
        title = _("%(number)s 的采纳情况等您审批", number=consultation.number)
        access.tell(session, consultation, title, f"answer:{today}:{consultation.version}", [(consultation.approver_id, consultation.org_id)])


def confirm_answer(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    consultation.answer_state, consultation.answered_on = "confirmed", today
    enter(session, consultation, data, today)
    title = _("%(number)s 已答复：%(answer)s", number=consultation.number, answer=words.ANSWERS[consultation.answer])
    access.tell(session, consultation, title, "answered", access.panel_side(session, consultation.panel_of, rules.SEAT_READING), convener=True)


def return_answer(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    consultation.answer_state = "returned"
    title = _("%(number)s 的采纳情况被退回修改", number=consultation.number)
    body = reason_of(data)
    access.tell(session, consultation, title, f"answer_back:{today}:{consultation.version}", access.town_side(session, consultation.id), body=body)


def record_outcome(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """What became of the case later, so that the pool's advice can be judged."""
    if data["outcome_on"] > today:
        raise Refused(_("日期不能晚于今天。"), field="outcome_on")
    consultation.outcome, consultation.outcome_on = data["outcome"], data["outcome_on"]
    consultation.outcome_note = str(data.get("outcome_note") or "").strip()
    library.follow_outcome(session, consultation)
