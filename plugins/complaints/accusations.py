"""检举控告 against our own staff: who is shut out, and the proof that it was enforced (domain rules §5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import g, has_request_context
from flask_babel import gettext as _
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from plugins.complaints import limits
from plugins.complaints.kept import ShutOut, hidden_complaints
from plugins.complaints.models import Complaint, NamedOfficer
from portal import audit
from portal.auth.models import RoleGrant
from portal.context import current_actor
from portal.directory.models import Person
from portal.errors import NotFound, Refused
from portal.tenancy import crossing, look_again


def officers(session: Session, org_id: int) -> Sequence[Person]:
    """Our own staff who may be named: everybody who works or worked in the town."""
    return session.scalars(select(Person).where(Person.org_id == org_id).order_by(Person.name, Person.id)).unique().all()


def name_officers(session: Session, complaint: Complaint, person_ids: Iterable[int]) -> None:
    """Name the accused and shut out their accounts, their team's and their direct superior's. Raises Refused."""
    wanted = set(person_ids)
    people = session.scalars(select(Person).where(Person.id.in_(wanted), Person.org_id == complaint.org_id)).unique().all() if wanted else []
    if not people or len(people) != len(wanted):
        raise Refused(_("请选择被检举控告的本单位人员。"), field="officers")
    for person in people:
        session.add(NamedOfficer(org_id=complaint.org_id, complaint_id=complaint.id, person_id=person.id, name=person.name))
    shut_out = accounts_to_shut_out(session, people)
    _shut_out(session, complaint, shut_out, officers=len(people))


def _shut_out(session: Session, complaint: Complaint, accounts: Mapping[int, str], **detail: int) -> int:
    """Keep a matter from accounts, with an event that says how many; returns from how many more than before."""
    known = shut_out_of(session, complaint.id)
    more = {account: why for account, why in accounts.items() if account not in known}
    for account_id, why in sorted(more.items()):
        session.add(ShutOut(org_id=complaint.org_id, complaint_id=complaint.id, account_id=account_id, why=why))
    session.flush()
    forget_hidden()
    if more or not known:
        audit.note("complaints.shut_out", record=complaint, detail={"accounts": len(more), **detail})
    return len(more)


def keep_origin(session: Session, accusation: Complaint, origin: Complaint) -> None:
    """The text out of which an accusation was split tells of it, so it is kept from the same accounts.

    Where nobody else decides in the town, the superior stays with the ordinary matter: else nobody could go on with it.
    """
    rows = session.execute(select(ShutOut.account_id, ShutOut.why).where(ShutOut.complaint_id == accusation.id))
    accounts = {row.account_id: row.why for row in rows}
    heads = set(session.scalars(select(RoleGrant.account_id).where(RoleGrant.org_id == origin.org_id, RoleGrant.role == "office_head")))
    if heads <= set(accounts):
        accounts = {account: why for account, why in accounts.items() if not (account in heads and why == "superior")}
    if origin.handler_id in accounts and origin.state in ("assigned", "handling"):
        origin.state, origin.handler_id, origin.handler_name = "accepted", None, ""
        limits.note(session, origin, "step", _("承办人须回避，重新交办"))
    _shut_out(session, origin, accounts, split=1)


def renew(session: Session, org_id: int) -> int:
    """Shut out whoever has become the named officer's account, team or superior since; nobody is let in again. Returns how many."""
    wide = {"unscoped": True}
    named: dict[int, set[int]] = {}
    for row in session.execute(select(NamedOfficer.complaint_id, NamedOfficer.person_id).where(NamedOfficer.org_id == org_id), execution_options=wide):
        named.setdefault(row.complaint_id, set()).add(row.person_id)
    found, count = _accounts_of_groups(session, {frozenset(ids) for ids in named.values()}), 0
    for complaint_id, ids in sorted(named.items()):
        accounts = found[frozenset(ids)]
        if set(accounts) <= shut_out_of(session, complaint_id):
            continue
        accusation = session.scalars(select(Complaint).where(Complaint.id == complaint_id), execution_options=wide).unique().one()
        count += _shut_out(session, accusation, accounts, officers=len(ids))
        if accusation.split_from_id is not None:
            origin = session.scalars(select(Complaint).where(Complaint.id == accusation.split_from_id), execution_options=wide).unique().one()
            if origin.kind != "accusation":
                keep_origin(session, accusation, origin)
    return count


def _accounts_of_groups(session: Session, groups: Iterable[frozenset[int]]) -> dict[frozenset[int], dict[int, str]]:
    """Who is shut out by accusations against the same people; each group is looked up once."""
    return {
        ids: accounts_to_shut_out(session, session.scalars(select(Person).where(Person.id.in_(ids)), execution_options={"unscoped": True}).unique().all())
        for ids in groups
    }


def spoken_of(session: Session, org_id: int, text: str) -> list[str]:
    """Names of our own staff that stand in a text: perhaps it is an accusation."""
    if len(text) < 2:
        return []
    names = session.scalars(select(Person.name).where(Person.org_id == org_id, Person.post_status == "在岗").distinct())
    return sorted(name for name in names if len(name) >= 2 and name in text)


def accounts_to_shut_out(session: Session, people: Sequence[Person]) -> dict[int, str]:
    """Account and why: ``named``, ``superior`` or ``team``. Without a recorded superior it is the office head."""
    found: dict[int, str] = {}
    for person in people:
        for member in _team(session, person):
            found.setdefault(member, "team")
        for superior in _superiors(session, person):
            found[superior] = "superior"
    for person in people:
        for account in _accounts_of(session, person):
            found[account] = "named"
    return found


def _accounts_of(session: Session, person: Person) -> list[int]:
    """The account of a person: the linked one, else accounts of the same name with a role in the town."""
    if person.account_id is not None:
        return [person.account_id]
    from portal.auth.models import Account

    named = select(Account.id).join(RoleGrant, RoleGrant.account_id == Account.id).where(RoleGrant.org_id == person.org_id, Account.name == person.name)
    return list(session.scalars(named))


def _team(session: Session, person: Person) -> list[int]:
    if not person.team:
        return []
    mates = session.scalars(select(Person).where(Person.org_id == person.org_id, Person.team == person.team, Person.id != person.id)).unique().all()
    return [account for mate in mates for account in _accounts_of(session, mate)]


def _superiors(session: Session, person: Person) -> list[int]:
    if person.superior_id is not None:
        superior = session.get(Person, person.superior_id)
        return _accounts_of(session, superior) if superior is not None else []
    return list(session.scalars(select(RoleGrant.account_id).where(RoleGrant.org_id == person.org_id, RoleGrant.role == "office_head")))


def forget_hidden() -> None:
    """Who is shut out from what is read anew."""
    if has_request_context():
        for key in [key for key in vars(g) if key.startswith("complaints_hidden_")]:
            g.pop(key)
    look_again()


_TABLE: Any = ShutOut.__table__
_SHUT_OUT_OF = select(_TABLE.c.account_id).where(_TABLE.c.complaint_id == bindparam("complaint"))


def shut_out_of(session: Session, complaint_id: int) -> set[int]:
    """The accounts from which a matter is kept, whoever asks."""
    session.flush()
    return set(session.connection().scalars(_SHUT_OUT_OF, {"complaint": complaint_id}))


def refuse_if_shut_out(complaint_id: int) -> None:
    """Somebody who is shut out asked for the matter: it is not there for them, and an event says that this was enforced."""
    actor = current_actor()
    if actor.account_id is not None and complaint_id in hidden_complaints(actor):
        audit.note("complaints.kept_from", record_type="complaints.complaint", record_id=complaint_id, chain_id=actor.org_id, result="denied")
        raise NotFound(_("没有找到这条记录。"))


def circumvents(session: Session, complaint: Complaint) -> bool:
    """Whether everybody who could decide in the town is shut out, so that the district has to take it."""
    with crossing("complaints.accusation", "who may decide"):
        deciding = RoleGrant.role.in_(("office_head", "leader", "discipline_officer"))
        heads = set(session.scalars(select(RoleGrant.account_id).where(RoleGrant.org_id == complaint.org_id, deciding)))
    return heads <= shut_out_of(session, complaint.id)
