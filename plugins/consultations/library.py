"""会商案例库: closed consultations without their names, looked through by the convener, then read by every town."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.consultations.anonymise import Anonymiser, named
from plugins.consultations.models import Access, Consultation, LibraryEntry, Paper, Seat
from portal.auth.models import Account
from portal.directory.models import Organisation
from portal.errors import NotFound, Refused

TEXTS = ("title", "facts", "law", "advice")


def anonymiser(session: Session, consultation: Consultation, seats: Sequence[Seat]) -> Anonymiser:
    """Everybody and everything that a consultation knows by name."""
    handlers = session.scalars(select(Account.name).join(Access, Access.account_id == Account.id).where(Access.consultation_id == consultation.id))
    units = dict.fromkeys(party.get("unit", "") for party in consultation.parties)
    persons = [party["name"] for party in consultation.parties if len(party["name"]) <= 4]
    firms = [party["name"] for party in consultation.parties if len(party["name"]) > 4]
    rows = session.execute(select(Organisation.name, Organisation.short_name).order_by(Organisation.weight))
    offices: list[Any] = [(row.name, row.short_name) for row in rows]
    offices += [text for text in (consultation.number, consultation.case_no, *(seat.unit for seat in seats)) if text]
    c = consultation
    told = [c.title, c.facts, c.law, c.own_view, *c.questions, *(f"{line['name']}，{line['proves']}" for line in c.evidence)]
    return Anonymiser([*persons, *named(told), *handlers, *(seat.name for seat in seats)], [*firms, *filter(None, units)], offices)


def collect(session: Session, consultation: Consultation, paper: Paper, seats: Sequence[Seat]) -> LibraryEntry:
    """Put an archived consultation into the library, to be looked through."""
    without = anonymiser(session, consultation, seats)
    findings = [{name: without.text(item[name]) for name in ("question", "majority", "dissent")} for item in paper.findings]
    entry = LibraryEntry(
        consultation_id=consultation.id, state="checking", field=consultation.field, month=f"{consultation.archived_on:%Y-%m}", answer=consultation.answer,
        title=without.text(consultation.title)[:120], facts=without.text(consultation.facts), law=without.text(consultation.law), findings=findings,
        advice=without.text(paper.advice), outcome=consultation.outcome, haystack="",
    )  # fmt: skip
    entry.haystack = haystack(entry)
    session.add(entry)
    session.flush()
    return entry


def haystack(entry: LibraryEntry) -> str:
    """What is searched: title, questions, law, advice."""
    return "\n".join([entry.title, entry.law, entry.advice, *(f"{item['question']}\n{item['majority']}" for item in entry.findings)])


def find(session: Session, entry_id: int, *, checking: bool) -> LibraryEntry:
    """An entry that is published; for whoever checks, any."""
    entry = session.get(LibraryEntry, entry_id) if entry_id < 2**31 else None
    if entry is None or (entry.state != "published" and not checking):
        raise NotFound(_("没有找到这个案例。"))
    return entry


def check(session: Session, entry: LibraryEntry, values: Mapping[str, Any], today: dt.date) -> None:
    """Mend what the machine left, and publish or withhold."""
    if values["decision"] not in ("published", "withheld", "checking"):
        raise Refused(_("请选择是否入库。"), field="decision")
    for name in TEXTS:
        setattr(entry, name, str(values[name] or "").strip())
    entry.findings = [
        {"question": str(item["question"] or "").strip(), "majority": str(item["majority"] or "").strip(), "dissent": str(item["dissent"] or "").strip()}
        for item in values["findings"]
    ]  # fmt: skip
    entry.haystack, entry.state = haystack(entry), values["decision"]
    entry.published_on = today if entry.state == "published" else None
    session.flush()


def follow_outcome(session: Session, consultation: Consultation) -> None:
    """The later outcome of a case is told in the library too."""
    entry = session.scalars(select(LibraryEntry).where(LibraryEntry.consultation_id == consultation.id)).one_or_none()
    if entry is not None:
        entry.outcome = consultation.outcome
        session.flush()
