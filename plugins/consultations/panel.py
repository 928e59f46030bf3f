"""The panel: who could sit, what stands against them, choosing by hand or by draw, inviting, replacing."""

from __future__ import annotations

import datetime as dt
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session

from plugins.consultations import access, figures, rights, rules, words
from plugins.consultations.models import Access, Consultation, Draw, Expert, Seat
from portal.auth.models import Account, RoleGrant
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import utcnow
from portal.directory.models import TOWN_KINDS, Organisation
from portal.errors import Refused
from portal.records.workflow import move
from portal.settings import get_setting

Data = Mapping[str, Any]


@dataclass(frozen=True)
class Choice:
    """A candidate with what stands against them."""

    candidate: rules.Candidate
    bars: list[str]
    adviser: bool

    def why(self) -> str:
        return "、".join(str(words.BARS[code]) for code in self.bars)


def seats(session: Session, consultation_id: int, states: Sequence[str] = rules.SEAT_STATES) -> list[Seat]:
    """The seats of a panel, in the order in which they were made."""
    found = select(Seat).where(Seat.consultation_id == consultation_id, Seat.state.in_(states)).order_by(Seat.id)
    return list(session.scalars(found))


def joined_with(session: Session, consultation: Consultation) -> list[Consultation]:
    """Consultations that were joined to this one, as far as whoever is acting may see them."""
    return list(session.scalars(select(Consultation).where(Consultation.main_id == consultation.id).order_by(Consultation.id)).unique())


def together(session: Session, consultation: Consultation) -> list[Consultation]:
    """A consultation and whatever was joined to it: all that its panel reads, the leading one first."""
    return [consultation, *joined_with(session, consultation)]


def case_of(session: Session, consultation: Consultation) -> rules.Case:
    """What recusal is judged by, over everything that is consulted together."""
    files = together(session, consultation)
    handlers = session.scalars(select(Access.account_id).where(Access.consultation_id.in_([item.id for item in files]), Access.part != "panel"))
    parties = [party for item in files for party in item.parties]
    taken = seats(session, consultation.id)
    return rules.Case(
        orgs=frozenset(item.org_id for item in files), org_names=tuple(item.organisation.name for item in files), handlers=frozenset(handlers),
        names=tuple(party["name"] for party in parties), units=tuple(party["unit"] for party in parties if party.get("unit")),
        stepped_back=frozenset(seat.account_id for seat in taken if seat.state in ("stepped", "recused")),
        seated=frozenset(seat.account_id for seat in taken if seat.state not in ("stepped", "recused")),
    )  # fmt: skip


def opinion_due(consultation: Consultation, today: dt.date) -> tuple[dt.date, bool]:
    """By when opinions are due: as decided, else the figure for its urgency."""
    if consultation.opinion_due is not None:
        return consultation.opinion_due, consultation.opinion_provisional
    days = figures.figure(figures.OPINION_URGENT if consultation.urgency == "urgent" else figures.OPINION, None, today)
    due = current_calendar().add_working_days(today, days)
    return due.day, due.provisional


NEVER = (0, 0, 0, 0, 0)


# -- candidates --------------------------------------------------------------------------------------------------------------


def _valid(today: dt.date) -> tuple[Any, ...]:
    return (
        or_(RoleGrant.valid_from.is_(None), RoleGrant.valid_from <= today), or_(RoleGrant.valid_to.is_(None), RoleGrant.valid_to >= today),
    )  # fmt: skip


def _held(session: Session, accounts: Any, today: dt.date) -> dict[int, tuple[frozenset[int], frozenset[str]]]:
    """For each account the organisations and the roles that it holds."""
    orgs: dict[int, set[int]] = defaultdict(set)
    roles: dict[int, set[str]] = defaultdict(set)
    for row in session.execute(select(RoleGrant.account_id, RoleGrant.org_id, RoleGrant.role).where(RoleGrant.account_id.in_(accounts), *_valid(today))):
        roles[row.account_id].add(row.role)
        if row.role not in ("expert", "supervisor"):
            orgs[row.account_id].add(row.org_id)
    return {key: (frozenset(orgs[key]), frozenset(roles[key])) for key in roles}


def loads(session: Session) -> dict[int, tuple[int, int, int, int, int]]:
    """For each expert: open seats, opinions in time, opinions and missed ones, invitations, and those declined."""
    late = case((Seat.late.is_(False) & (Seat.state == "submitted"), 1), else_=0)
    owing = case((Seat.state.in_(("proposed", *rules.SEAT_OWING)), 1), else_=0)
    due = case((Seat.state.in_(("submitted", "missed")), 1), else_=0)
    invited, declined = case((Seat.state != "proposed", 1), else_=0), case((Seat.state == "stepped", 1), else_=0)
    sums = [func.sum(part) for part in (owing, late, due, invited, declined)]
    rows = session.execute(select(Seat.expert_id, *sums).where(Seat.expert_id.is_not(None)).group_by(Seat.expert_id))
    return {row[0]: (int(row[1] or 0), int(row[2] or 0), int(row[3] or 0), int(row[4] or 0), int(row[5] or 0)) for row in rows}


def expert_candidates(session: Session, today: dt.date, field: str = "") -> list[rules.Candidate]:
    """The pool, of one field or whole, as candidates."""
    experts = [expert for expert in session.scalars(select(Expert).order_by(Expert.id)) if not field or field in expert.fields]
    accounts = select(Expert.account_id).where(Expert.account_id.is_not(None))
    held = _held(session, accounts, today)
    usable = set(session.scalars(select(Account.id).where(Account.id.in_(accounts), Account.active)))
    counted = loads(session)
    return [_expert(expert, held, usable, counted.get(expert.id, NEVER)) for expert in experts]


def _expert(expert: Expert, held: Mapping[int, tuple[frozenset[int], frozenset[str]]], usable: set[int], counted: tuple[int, ...]) -> rules.Candidate:
    orgs, roles = held.get(expert.account_id or 0, (frozenset(), frozenset()))
    account = expert.account_id if expert.account_id in usable and "expert" in roles else None
    interests = tuple((name, dt.date.fromisoformat(last) if last else None) for name, last in expert.interests)
    return rules.Candidate(
        key=f"E{expert.id}", kind="expert", name=expert.name, unit=expert.unit, account_id=account, org_id=expert.org_id, orgs=orgs, roles=roles,
        expert_id=expert.id, title=expert.title, fields=tuple(expert.fields), term=(expert.term_from, expert.term_to), interests=interests,
        adviser_of=frozenset(expert.adviser_of), suspended=expert.suspended, load=counted[0], on_time=(counted[1], counted[2]),
    )  # fmt: skip


def unit_candidates(session: Session, today: dt.date) -> list[rules.Candidate]:
    """Liaisons of departments, and legal reviewers and heads of towns where the plugin is on."""
    enabled = current_app.extensions["portal"].plugins.enabled_orgs("consultations")
    places = or_(Organisation.kind == "department", Organisation.id.in_(enabled))
    sitting = (
        select(Account.id, Account.name, Organisation.id.label("org_id"), Organisation.name.label("org_name"), Organisation.kind, RoleGrant.role)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .join(Organisation, Organisation.id == RoleGrant.org_id)
        .where(RoleGrant.role.in_(rights.SITTING), Account.active, Organisation.active, places, *_valid(today))
        .order_by(Organisation.weight, Organisation.id, Account.name, Account.id)
    )
    rows = session.execute(sitting).all()
    held = _held(session, [row.id for row in rows], today)
    open_seats = dict(
        session.execute(select(Seat.account_id, func.count()).where(Seat.state.in_(("proposed", *rules.SEAT_OWING))).group_by(Seat.account_id)).all()  # type: ignore[arg-type]
    )
    found: dict[str, rules.Candidate] = {}
    for row in rows:
        kind = "town" if row.kind in TOWN_KINDS else "department"
        orgs, roles = held.get(row.id, (frozenset(), frozenset()))
        key = f"A{row.id}-{row.org_id}"
        found.setdefault(
            key, rules.Candidate(key, kind, row.name, row.org_name, row.id, row.org_id, orgs, roles, title=row.role, load=open_seats.get(row.id, 0))
        )  # fmt: skip
    return list(found.values())


def judge(session: Session, consultation: Consultation, candidates: Sequence[rules.Candidate], today: dt.date) -> list[Choice]:
    """Each candidate with what stands against them; free ones first, the least burdened before others."""
    known = case_of(session, consultation)
    until = opinion_due(consultation, today)[0]
    found = [Choice(item, rules.bars(item, known, until, today), bool(item.adviser_of & known.orgs)) for item in candidates]
    return sorted(found, key=lambda choice: (bool(choice.bars), choice.candidate.load, choice.candidate.key))


# -- choosing ----------------------------------------------------------------------------------------------------------------


def check_open(consultation: Consultation) -> None:
    if consultation.state not in ("accepted", "collecting"):
        raise Refused(_("当前状态不能调整会商组。"))


def vacancy(session: Session, consultation: Consultation) -> Seat | None:
    """The oldest seat whose member fell away and was not replaced."""
    every = seats(session, consultation.id)
    replaced = {seat.replaces_id for seat in every}
    return next((seat for seat in every if seat.state in ("stepped", "recused", "removed") and seat.id not in replaced), None)


def choose(session: Session, consultation: Consultation, key: str, today: dt.date) -> Seat:
    """Put somebody on the panel by hand. Raises Refused for whoever may not sit, whatever the page offered."""
    check_open(consultation)
    pool = expert_candidates(session, today) if key.startswith("E") else unit_candidates(session, today)
    wanted = next((item for item in pool if item.key == key), None)
    if wanted is None:
        raise Refused(_("没有这位候选人。"), field="key")
    return _seat(session, consultation, judge(session, consultation, [wanted], today)[0], "hand", None, today)


def _seat(session: Session, consultation: Consultation, choice: Choice, chosen: str, drawn: Draw | None, today: dt.date) -> Seat:
    who = choice.candidate
    if choice.bars or who.account_id is None:
        raise Refused(_("%(name)s 不能进入会商组：%(why)s。", name=who.name, why=choice.why()), field="key")
    empty = vacancy(session, consultation) if consultation.state == "collecting" else None
    if consultation.state == "collecting" and empty is None:
        raise Refused(_("会商组没有空缺，不能再增加成员。"), field="key")
    seat = Seat(
        org_id=consultation.org_id, consultation_id=consultation.id, account_id=who.account_id, member_org_id=who.org_id, kind=who.kind, expert_id=who.expert_id,
        name=who.name, unit=who.unit, chosen=chosen, draw_id=drawn.id if drawn else None, number=consultation.number, state="proposed", state_on=today,
        disclosure=_("担任提请街镇法律顾问") if choice.adviser else "", replaces_id=empty.id if empty else None,
    )  # fmt: skip
    session.add(seat)
    session.flush()
    if empty is not None:
        call(session, consultation, seat, today)
    return seat


def drop(session: Session, consultation: Consultation, seat_id: int) -> None:
    """Take somebody off a panel that was not invited yet."""
    seat = session.scalars(select(Seat).where(Seat.id == seat_id, Seat.consultation_id == consultation.id)).one_or_none()
    if seat is None or seat.state != "proposed" or consultation.state != "accepted":
        raise Refused(_("邀请已发出，请用“撤换”或“回避”。"))
    session.delete(seat)
    session.flush()


def draw(session: Session, consultation: Consultation, field: str, wanted: int, reason: str, today: dt.date) -> Draw:
    """随机抽取 experts of a field. Seed, candidates, algorithm and result are kept; a second draw of a field says why."""
    check_open(consultation)
    if field not in get_setting(figures.FIELDS, None, today):
        raise Refused(_("请从列表中选择领域。"), field="field")
    again = session.scalar(select(func.count()).select_from(Draw).where(Draw.consultation_id == consultation.id, Draw.field == field)) or 0
    if again and not reason.strip():
        raise Refused(_("这个领域已抽取过，再次抽取请写明理由。"), field="reason")
    choices = judge(session, consultation, expert_candidates(session, today, field), today)
    free = sorted((choice for choice in choices if not choice.bars), key=lambda choice: choice.candidate.key)
    if len(free) < wanted:
        left_out = len(choices) - len(free)
        raise Refused(
            _("“%(field)s”领域可抽取的专家只有 %(n)s 人（%(m)s 人因回避、聘期等不能参加），不足 %(k)s 人。", field=field, n=len(free), m=left_out, k=wanted),
            field="field",
        )  # fmt: skip
    seed = f"{consultation.number}-{secrets.token_hex(8)}"
    result = rules.draw(seed, [choice.candidate.key for choice in free], wanted)
    record = Draw(
        org_id=consultation.org_id, consultation_id=consultation.id, field=field, algorithm=rules.ALGORITHM, seed=seed, wanted=wanted, result=result,
        candidates=[{"key": choice.candidate.key, "name": choice.candidate.name, "unit": choice.candidate.unit} for choice in free],
        excluded=[{"name": choice.candidate.name, "unit": choice.candidate.unit, "why": choice.why()} for choice in choices if choice.bars],
        reason=reason.strip()[:200], drawn_at=utcnow(), drawn_by=current_actor().name,
    )  # fmt: skip
    session.add(record)
    session.flush()
    by_key = {choice.candidate.key: choice for choice in free}
    for key in result:
        _seat(session, consultation, by_key[key], "draw", record, today)
    return record


# -- inviting ----------------------------------------------------------------------------------------------------------------


def problem_words(problem: str, minimum: int) -> str:
    return {
        "few": _("会商组不足 %(n)s 人。", n=minimum), "even": _("会商组人数须为单数。"), "no_expert": _("会商组至少要有一名专家。"),
    }.get(problem, "")  # fmt: skip


def guard_invite(consultation: Consultation, data: Data, today: dt.date) -> None:
    """Odd, enough, an expert among them, nobody against whom something has come up, nobody whose term ends before the day."""
    from portal.database import db

    session = db.session()
    due: dt.date = data["opinion_due"]
    if due <= today:
        raise Refused(_("意见期限须晚于今天。"), field="opinion_due")
    proposed = seats(session, consultation.id, ("proposed",))
    minimum = figures.figure(figures.MINIMUM, None, today)
    problem = rules.panel_problem([seat.kind for seat in proposed], minimum)
    if problem:
        raise Refused(problem_words(problem, minimum))
    everybody = {item.key: item for item in (*expert_candidates(session, today), *unit_candidates(session, today))}
    known = case_of(session, consultation)
    for seat in proposed:
        key = f"E{seat.expert_id}" if seat.expert_id else f"A{seat.account_id}-{seat.member_org_id}"
        bars = rules.bars(everybody[key], known, due, today) if key in everybody else ["no_account"]
        bars = [code for code in bars if code != "seated"]
        if bars:
            raise Refused(_("%(name)s 不能参加：%(why)s。", name=seat.name, why="、".join(str(words.BARS[code]) for code in bars)))


def invite(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """邀请: everybody proposed is told; the file stays closed until they have declared."""
    consultation.invited_on, consultation.state_on = today, today
    consultation.opinion_due = consultation.sort_due = data["opinion_due"]
    consultation.opinion_provisional = current_calendar().is_provisional(data["opinion_due"])
    for seat in seats(session, consultation.id, ("proposed",)):
        call(session, consultation, seat, today)
    for item in joined_with(session, consultation):
        move(item, "gather")
        item.invited_on, item.state_on, item.opinion_due, item.opinion_provisional = today, today, consultation.opinion_due, consultation.opinion_provisional
        began(session, item)
    began(session, consultation)


def began(session: Session, consultation: Consultation) -> None:
    title = _("%(number)s 已组成会商组，开始征求意见", number=consultation.number)
    access.tell(session, consultation, title, "collecting", access.town_side(session, consultation.id))


def call(session: Session, consultation: Consultation, seat: Seat, today: dt.date) -> None:
    """Invite one member."""
    move(seat, "invite")
    seat.state_on, seat.due_on = today, consultation.opinion_due
    session.flush()
    title = _("邀请您参加案件联合会商：%(number)s", number=consultation.number)
    body = _("请先作保密承诺和无利害关系声明，再阅卷；意见请于 %(day)s 前提交。", day=consultation.opinion_due)
    url = f"/consultations/seats/{seat.id}"
    access.tell(session, consultation, title, f"invited:{seat.id}", [(seat.account_id, seat.member_org_id)], url=url, body=body)


def extend(session: Session, consultation: Consultation, data: Data, today: dt.date) -> None:
    """Another day for the opinions, with a reason that everybody is told."""
    if data["opinion_due"] <= today:
        raise Refused(_("意见期限须晚于今天。"), field="opinion_due")
    consultation.opinion_due = consultation.sort_due = data["opinion_due"]
    consultation.opinion_provisional = current_calendar().is_provisional(data["opinion_due"])
    for item in joined_with(session, consultation):
        item.opinion_due, item.opinion_provisional = consultation.opinion_due, consultation.opinion_provisional
    for seat in seats(session, consultation.id, rules.SEAT_OWING):
        seat.due_on = consultation.opinion_due
    title = _("%(number)s 的意见期限改为 %(day)s", number=consultation.number, day=consultation.opinion_due)
    told = access.panel_side(session, consultation.id, rules.SEAT_OWING)
    access.tell(session, consultation, title, f"extended:{consultation.opinion_due}", told, body=str(data.get("reason") or ""), url="/consultations/seats")


# -- falling away ------------------------------------------------------------------------------------------------------------


def consultation_of(session: Session, seat: Seat) -> Consultation:
    return session.scalars(select(Consultation).where(Consultation.id == seat.consultation_id)).unique().one()


def take_off(session: Session, seat: Seat, data: Data, today: dt.date) -> None:
    """回避 or 撤换 by the convener: the file is closed to the member at once."""
    consultation = consultation_of(session, seat)
    if consultation.state not in ("collecting", "summing"):
        raise Refused(_("当前状态不能调整会商组。"))
    seat.statement, seat.state_on = str(data["statement"]).strip(), today
    access.take(session, [item.id for item in together(session, consultation)], seat.account_id, "panel")
    title = _("您不再参加案件会商 %(number)s", number=consultation.number)
    access.tell(session, consultation, title, f"taken_off:{seat.id}", [(seat.account_id, seat.member_org_id)], url="/consultations/seats")
