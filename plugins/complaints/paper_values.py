"""Which papers a matter has in its state, and the values that go into them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.complaints import figures, identity, papers, redaction, words, workflow
from plugins.complaints.models import Complaint, Entry, Transfer
from plugins.complaints.retention import IDENTITY_PLACE
from portal.auth.models import Account
from portal.config import current_settings
from portal.documents import chinese_date, in_chinese
from portal.records import attachments

TO_COMPLAINANT = ("receipt", "accept", "refuse", "transfer_notice", "extension", "reply", "opinion")
INTERNAL = ("registration", "file")
REVEALING = (*TO_COMPLAINANT, "registration")
"""Papers that can bear the complainant's name, for those who may open it."""
MOST_ENTRIES = 900
ACCEPTED = ("accepted", "assigned", "handling", "suspended", "concluded", "replied")


def offered(complaint: Complaint, transfer: Transfer | None) -> list[str]:
    """The papers that a matter has now. To somebody in danger nothing is written, to an anonymous one nothing but the receipt."""
    to_them = not complaint.anonymous and not complaint.protect and complaint.kind != "other"
    accepted = complaint.state in ACCEPTED or (complaint.state == "archived" and complaint.concluded_on is not None)
    passed = transfer is not None and transfer.state != "objected"
    answers = {
        "registration": True,
        "receipt": not complaint.protect,
        "accept": to_them and accepted,
        "refuse": to_them and bool(complaint.refuse_code) and complaint.state in ("refused", "archived"),
        "transfer": passed,
        "transfer_notice": passed and to_them,
        "assign": complaint.assigned_on is not None,
        "extension": to_them and complaint.extension_state == "granted",
        "reply": to_them and complaint.kind != "petition" and complaint.replied_on is not None,
        "opinion": to_them and complaint.kind == "petition" and complaint.concluded_on is not None and complaint.approved_on is not None,
        "file": True,
    }
    return [key for key in papers.BY_KEY if answers[key]]


def last_transfer(session: Session, complaint_id: int) -> Transfer | None:
    """The transfer that counts: the latest."""
    return session.scalars(select(Transfer).where(Transfer.complaint_id == complaint_id).order_by(Transfer.id.desc()).limit(1)).first()


@in_chinese
def values_of(session: Session, complaint: Complaint, key: str, today: dt.date, *, who: Mapping[str, str] | None = None, code: str = "") -> dict[str, Any]:
    """The values of a paper. Without ``who`` nobody's name is in them: masked inside the office, a blank line in letters."""
    transfer = last_transfer(session, complaint.id)
    known = identity.known(session, complaint)
    hints = identity.of(session, complaint.id)

    outward = key in TO_COMPLAINANT or not known

    def free(text: str) -> str:
        return text if who is not None and key == "registration" else redaction.leave_out(text, known, numbers=outward)

    values: dict[str, Any] = {**_office(complaint, today), **_matter(complaint, free), **_outcome(complaint, free), "code": code}
    values["number"] = papers.paper_number(complaint.number, key)
    values["date"] = chinese_date(_dated(complaint, transfer, key, today))
    values["addressee"] = ((who or {}).get("name") or papers.BLANK) if key != "receipt" or who is not None else ""
    values["address"] = (who or {}).get("address", "")
    values["name"] = (who or {}).get("name") or (hints.name_hint if hints else "")
    values["phone"] = (who or {}).get("phone") or (hints.phone_hint if hints else "")
    values["id_number"] = (who or {}).get("id_number", "")
    values["registered_by"] = "" if complaint.anonymous or key != "registration" else _account_name(session, complaint.registered_by)
    values |= {"to_name": "", "sent_on": "", "reason": _refusal(complaint, free)}
    if transfer is not None and key != "refuse":
        values |= {"to_name": transfer.to_name, "sent_on": chinese_date(transfer.sent_on), "reason": _sentence(free(transfer.reason))}
    if key == "file":
        values |= _lists(session, complaint, free)
    return values


def _office(complaint: Complaint, today: dt.date) -> dict[str, str]:
    town = complaint.org_id
    issuer = str(figures.figure(figures.ISSUER, town, today)).replace("{org}", complaint.organisation.name)
    return {
        "issuer": issuer, "signature": issuer, "telephone": str(figures.figure(figures.TELEPHONE, town, today)),
        "hours": str(figures.figure(figures.HOURS, town, today)), "contact_address": str(figures.figure(figures.ADDRESS, town, today)),
    }  # fmt: skip


def _matter(complaint: Complaint, free: Any) -> dict[str, str]:
    named = _("匿名") if complaint.anonymous else _("实名，要求保密") if complaint.confidential else _("实名")
    unit = {"working": "个工作日"}.get(complaint.limit_unit, "日")
    return {
        "matter_number": complaint.number, "title": free(complaint.title), "kind": str(words.KINDS[complaint.kind]),
        "channel": str(words.CHANNELS.get(complaint.channel, complaint.channel)), "received_on": chinese_date(complaint.received_on), "place": free(complaint.place),
        "object_name": free(complaint.object_name), "content": free(complaint.content), "demand": free(complaint.demand), "category": complaint.category,
        "urgency": str(words.URGENCIES[complaint.urgency]), "due_on": _day(complaint.legal_due), "external_no": complaint.external_no, "named": named,
        "handler": complaint.handler_name, "extension": f"{complaint.extension_days}{unit}", "extension_reason": free(complaint.extension_reason),
    }  # fmt: skip


def _outcome(complaint: Complaint, free: Any) -> dict[str, str]:
    return {
        "result": complaint.result, "facts": free(complaint.facts), "measures": free(complaint.measures), "concluded_on": _day(complaint.concluded_on),
        "reply_text": free(complaint.reply_text), "reply_how": complaint.reply_how, "replied_on": _day(complaint.replied_on),
        "state": str(workflow.COMPLAINT.state(complaint.state).title),
    }  # fmt: skip


def _refusal(complaint: Complaint, free: Any) -> str:
    return _sentence(free(complaint.state_reason)) if complaint.refuse_code else ""


def _sentence(text: str) -> str:
    return text if not text or text.endswith(("。", "！", "？")) else f"{text.rstrip('；，,;.')}。"


def _dated(complaint: Complaint, transfer: Transfer | None, key: str, today: dt.date) -> dt.date:
    """成文日期: the day of what the paper tells of, today where that is not one day."""
    day = {
        "receipt": _local(complaint.registered_at), "accept": complaint.first_done_on or complaint.assigned_on,
        "refuse": complaint.first_done_on or complaint.state_on, "assign": complaint.assigned_on, "reply": complaint.replied_on, "opinion": complaint.replied_on,
        "transfer": transfer.sent_on if transfer else None, "transfer_notice": transfer.sent_on if transfer else None,
    }.get(key)  # fmt: skip
    return day or today


def _lists(session: Session, complaint: Complaint, free: Any) -> dict[str, list[dict[str, str]]]:
    entries = session.scalars(select(Entry).where(Entry.complaint_id == complaint.id).order_by(Entry.id).limit(MOST_ENTRIES + 1)).all()
    rows = [{"at": _moment(entry.at, complaint), "author": entry.author, "text": free(entry.text)} for entry in entries]
    if len(rows) > MOST_ENTRIES:
        rows[MOST_ENTRIES:] = [{"at": "", "author": "", "text": _("其后的记录见系统。")}]
    transfers = session.scalars(select(Transfer).where(Transfer.complaint_id == complaint.id).order_by(Transfer.id)).all()
    passed = [
        {"to_name": row.to_name, "sent_on": chinese_date(row.sent_on), "reason": free(row.reason), "receipt": row.receipt, "outcome": free(row.result)}
        for row in transfers
    ]
    files = [file for file in attachments.all_of(session, "complaints.complaint", complaint.id) if file.place != IDENTITY_PLACE]
    return {
        "entries": rows, "transfers": passed, "files": [{"filename": free(file.filename), "at": chinese_date(_local(file.uploaded_at))} for file in files],
    }  # fmt: skip


def _moment(at: dt.datetime, complaint: Complaint) -> str:
    day = chinese_date(_local(at))
    return day if complaint.anonymous else f"{day} {at.astimezone(current_settings().zone):%H:%M}"


def _local(at: dt.datetime) -> dt.date:
    return at.astimezone(current_settings().zone).date()


def _day(day: dt.date | None) -> str:
    return chinese_date(day) if day else ""


def _account_name(session: Session, account_id: int | None) -> str:
    account = session.get(Account, account_id) if account_id else None
    return account.name if account is not None else ""
