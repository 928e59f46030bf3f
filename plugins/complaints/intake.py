"""Registering: one text, one or several linked matters, their numbers, limits, receipt and look-alikes."""

from __future__ import annotations

import datetime as dt
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import bindparam, func, literal, or_, select
from sqlalchemy.orm import Session

from plugins.complaints import accusations, figures, identity, limits, rules
from plugins.complaints.models import Complaint
from plugins.complaints.models_identity import Identity
from portal.clock import now_local
from portal.context import Actor, current_actor
from portal.database import Ready, utcnow
from portal.directory.models import Organisation
from portal.errors import NotFound, Refused
from portal.records import attachments
from portal.records.bulk import adopt, insert_row, values_of
from portal.records.links import link, links_of
from portal.records.numbers import format_number, next_number
from portal.records.secrecy import refuse_marked
from portal.search.lookup import position
from portal.settings import get_setting

LONGEST = 20_000
TEXTS = ("title", "content", "demand", "place", "object_name", "external_no", "category")


@dataclass(frozen=True)
class Registered:
    """A matter that was registered, with the code of its receipt, which is not kept in the clear."""

    complaint: Complaint
    code: str
    office: str
    """The full name of the office that has registered it."""


def nobody_in_particular(actor: Actor) -> Actor:
    """The actor of an anonymous registration: no account, no machine, no session, no request, no time of the day in the trail."""
    return replace(actor, account_id=None, name=_("匿名登记"), address="", session_ref="", request_id="", coarse=True)


def clean_text(value: Any, longest: int, *, lines: bool = False) -> str:
    """Text as a database takes it: no control characters, no lone surrogates, not longer than the field."""
    text = str(value or "").replace("\r\n", "\n").encode("utf-8", "ignore").decode()
    text = "".join(c for c in text if c == "\n" or c == "\t" or (c.isprintable() or ord(c) > 0xFFFF))
    text = text.strip() if lines else " ".join(text.split())
    if len(text) > longest:
        raise Refused(_("最多 %(n)s 个字，现有 %(m)s 个。", n=longest, m=len(text)))
    return text


def check_day(received: dt.date, happened: dt.date | None, today: dt.date) -> None:
    """Raise Refused for days that cannot be."""
    if received > today:
        raise Refused(_("收到日期不能晚于今天。"), field="received_on")
    if received < today - dt.timedelta(days=3660):
        raise Refused(_("请核对收到日期。"), field="received_on")
    if happened is not None and happened > received:
        raise Refused(_("发生日期不能晚于收到日期。"), field="happened_on")


def register(
    session: Session,
    org_id: int,
    values: Mapping[str, Any],
    who: Mapping[str, str],
    today: dt.date,
    *,
    officers: Sequence[int] = (),
    files: Sequence[tuple[bytes, str, str]] = (),
    place: str = "file",
    split_from: Complaint | None = None,
) -> Registered:
    """登记 one matter in the open unit of work. Raises Refused at the field; then nothing has happened."""
    ready = prepared(session, org_id, values, who, today)
    made = take_in(session, ready, officers=officers, files=files, place=place, split_from=split_from)
    adopt(session, made.complaint, ready.row)
    return made


@dataclass
class Prepared:
    """A matter without its number, and whoever complained: all of registering that needs no writing."""

    matter: Complaint
    row: dict[str, Any]
    """The columns of the matter."""
    code: str
    office: tuple[str, str]
    """The full and the short name of the office."""
    who: dict[str, str]
    sealed: dict[str, Any] | None

    def identity(self) -> dict[str, Any] | None:
        """Whoever complained, sealed with the key that is current now: it may have been changed meanwhile."""
        if self.sealed is not None and not identity.sealed_now(self.sealed):
            self.sealed = identity.sealed_values(self.who)
        return self.sealed


def prepared(session: Session, org_id: int, values: Mapping[str, Any], who: Mapping[str, str], today: dt.date) -> Prepared:
    """Check and prepare a matter and look up what it needs, before anybody has to wait for it. Raises Refused at the field."""
    kind = str(values["kind"])
    if kind not in rules.KINDS or values["channel"] not in rules.CHANNELS or values["urgency"] not in rules.URGENCIES:
        raise Refused(_("请从列表中选择。"), field="kind")
    check_day(values["received_on"], values.get("happened_on"), today)
    if (values.get("representatives") or 0) > rules.MOST_REPRESENTATIVES:
        raise Refused(_("多人来访应推选代表，代表不超过 %(n)s 人。", n=rules.MOST_REPRESENTATIVES), field="representatives")
    if kind == "other" and values.get("redirect_kind") not in rules.REDIRECTS:
        raise Refused(_("请选择是哪一种。"), field="redirect_kind")
    order_due = _order_due(kind, values)
    matter = _matter(org_id, kind, values, today)
    code = identity.new_code()
    matter.code_hash = identity.code_hash(code)
    limits.set_deadlines(matter, values.get("order_days"), order_due)
    clean = identity.check_values(who)
    sealed = identity.sealed_values(clean) if not matter.anonymous and any(clean.values()) else None
    matter.repeats = sealed is not None and repeats(session, matter, sealed["phone_index"])
    ((name, short_name),) = _OFFICE.rows(session.connection(), office=org_id)
    return Prepared(matter, values_of(matter), code, (name, short_name), clean, sealed)


_OFFICES: Any = Organisation.__table__
_OFFICE = Ready(select(_OFFICES.c.name, _OFFICES.c.short_name).where(_OFFICES.c.id == bindparam("office")))


def take_in(
    session: Session,
    ready: Prepared,
    *,
    officers: Sequence[int] = (),
    files: Sequence[tuple[bytes, str, str]] = (),
    place: str = "file",
    split_from: Complaint | None = None,
) -> Registered:
    """Give a prepared matter its number and write it, in the open unit of work: others wait at the gate for as long as it takes.

    The matter that it returns tells what was written, but is not the session's own; see :func:`register`.
    """
    matter, sealed = ready.matter, ready.identity()
    org_id = matter.org_id
    assert matter.state_on is not None
    seq = next_number(session, org_id, f"complaints.complaint{matter.series}", matter.year)
    pattern = get_setting(figures.ACCUSATION_NUMBER if matter.series else figures.NUMBER, org_id, matter.state_on)
    number = format_number(pattern, ready.office[1], matter.year, seq)
    ready.row.update(seq=seq, number=number, split_from_id=split_from.id if split_from is not None else None)
    ready.row = insert_row(session, Complaint, ready.row)
    matter.id, matter.seq, matter.number = ready.row["id"], seq, number
    if sealed is not None:
        insert_row(session, Identity, {"org_id": org_id, "complaint_id": matter.id, "keep_until": None, **sealed})
    if matter.kind == "accusation":
        accusations.name_officers(session, matter, officers)
    for file in files:
        attachments.attach(session, file, "complaints.complaint", matter.id, org_id, place)
    if split_from is not None:
        if matter.kind == "accusation" and split_from.kind != "accusation":
            accusations.keep_origin(session, matter, split_from)
        link(session, ("complaints.complaint", split_from.id), ("complaints.complaint", matter.id), "split", org_id)
    return Registered(matter, ready.code, ready.office[0])


def _order_due(kind: str, values: Mapping[str, Any]) -> dt.date | None:
    """The day on which a hotline order is to be done; raises Refused for one that cannot be."""
    due: dt.date | None = values.get("order_due") if kind == "hotline" else None
    if due is not None and not values["received_on"] <= due <= values["received_on"] + dt.timedelta(days=rules.MOST_ORDER_DAYS):
        raise Refused(_("办结日期不能早于收到日期，也不能晚于收到后一年。"), field="order_due")
    return due


def _matter(org_id: int, kind: str, values: Mapping[str, Any], today: dt.date) -> Complaint:
    received: dt.date = values["received_on"]
    anonymous = bool(values.get("anonymous"))
    texts = {name: _text(values, name) for name in TEXTS}
    if not texts["content"]:
        raise Refused(_("请填写此项。"), field="content")
    refuse_marked(texts.values(), field="content")
    texts["title"] = texts["title"] or rules.short_title(texts["content"], texts["object_name"])
    matter = Complaint(
        org_id=org_id, uid=secrets.token_hex(16), year=today.year, series="控" if kind == "accusation" else "",
        channel=values["channel"], kind=kind, redirect_kind=values.get("redirect_kind") or "" if kind == "other" else "", urgency=values["urgency"],
        happened_on=values.get("happened_on"), representatives=values.get("representatives") or None,
        anonymous=anonymous, confidential=bool(values.get("confidential")), protect=bool(values.get("protect")),
        received_on=received, month=f"{received:%Y-%m}", registered_by=None if anonymous else current_actor().account_id, state="registered", state_on=today,
        suspended_days=0, extension_days=0, extension_state="", registered_at=utcnow(), **texts,
    )  # fmt: skip
    if anonymous:
        matter.registered_at = limits.moment_of(matter)
    return matter


LENGTHS = {"title": 100, "content": LONGEST, "demand": 5000, "place": 120, "object_name": 120, "external_no": 60, "category": 40}


def _text(values: Mapping[str, Any], name: str) -> str:
    try:
        return clean_text(values.get(name), LENGTHS[name], lines=name in ("content", "demand"))
    except Refused as error:
        raise Refused(error.message, field=name) from None


# -- look-alikes ---------------------------------------------------------------------------------------------------------


def similar(session: Session, org_id: int, place: str, object_name: str, words: str, limit: int = 6) -> list[Complaint]:
    """Open matters of the same place, about the same object or in the same words, newest first; the more in common, the higher."""
    place, object_name = place.strip()[:60], object_name.strip()[:60]
    ways = [
        *_speaks_of(Complaint.object_name, object_name),
        *_speaks_of(Complaint.place, place),
        *(Complaint.content.contains(phrase, autoescape=True) for phrase in phrases(words)),
    ]
    if not ways:
        return []
    live = (Complaint.org_id == org_id, Complaint.state.in_((*rules.OPEN, "passed")), or_(*ways))
    found = session.scalars(select(Complaint).where(*live).order_by(Complaint.id.desc()).limit(60)).unique().all()

    pairs = {words[at : at + 2] for at in range(min(len(words), 400) - 1)}

    def closeness(row: Complaint) -> tuple[int, int]:
        shared = sum(1 for pair in pairs if pair in row.content or pair in row.title)
        return (8 * _alike(object_name, row.object_name) + 6 * _alike(place, row.place) + min(shared, 10), row.id)

    return sorted(found, key=closeness, reverse=True)[:limit]


def _speaks_of(column: Any, text: str) -> list[Any]:
    """Conditions for rows that name the same, shorter or longer: 凤山公园, 凤山公园东门."""
    if len(text) < 2:
        return []
    return [column.contains(text, autoescape=True), (func.length(column) >= 2) & (position(literal(text), column) > 0)]


def _alike(one: str, other: str) -> bool:
    return len(one) >= 2 and len(other) >= 2 and (one in other or other in one)


PHRASE = 4
"""Characters in a row that two texts share when they speak of the same thing: 露天烧烤, 建筑垃圾."""
MOST_PHRASES = 48


def phrases(text: str) -> list[str]:
    """Runs of four characters of the beginning of a text, without those that cross a sign."""
    found: dict[str, None] = {}
    for run in re.findall(r"\w+", text[:160]):
        found.update(dict.fromkeys(run[at : at + PHRASE] for at in range(len(run) - PHRASE + 1)))
    return list(found)[:MOST_PHRASES]


REPEATED_WITHIN = 365


def repeats(session: Session, complaint: Complaint, telephone: bytes | None) -> bool:
    """重复投诉: the same telephone about the same object or place within a year. Accusations count among themselves only, so that none tells of them."""
    if telephone is None or not (complaint.object_name or complaint.place):
        return False
    asked = {
        "org": complaint.org_id, "telephone": telephone, "object_name": complaint.object_name, "place": complaint.place,
        "since": complaint.received_on - dt.timedelta(days=REPEATED_WITHIN), "until": complaint.received_on,
    }  # fmt: skip
    return bool(_EARLIER[complaint.kind == "accusation"].rows(session.connection(), **asked))


def _earlier(accusations_only: bool) -> Any:
    """The query for one earlier matter of the same telephone; what is not named is not compared."""
    matters: Any = Complaint.__table__
    known: Any = Identity.__table__
    same = [(matters.c[name] == bindparam(name)) & (bindparam(name) != literal("")) for name in ("object_name", "place")]
    alike = matters.c.kind == "accusation" if accusations_only else matters.c.kind != "accusation"
    return (
        select(matters.c.id)
        .join(known, known.c.complaint_id == matters.c.id)
        .where(known.c.org_id == bindparam("org"), known.c.phone_index == bindparam("telephone"), alike, or_(*same))
        .where(matters.c.received_on.between(bindparam("since"), bindparam("until")))
        .limit(1)
    )


_EARLIER = {accusations_only: Ready(_earlier(accusations_only)) for accusations_only in (False, True)}


SAME = "same"


def suggest_merging(session: Session, complaint: Complaint, main: Complaint) -> str:
    """Whoever registers holds two matters for the same: it is noted, so that whoever decides can merge them. Returns what was noted."""
    link(session, ("complaints.complaint", complaint.id), ("complaints.complaint", main.id), SAME, complaint.org_id)
    text = _("登记时认为与 %(number)s 是同一件，建议核对后并案。", number=main.number)
    limits.note(session, complaint, "step", text)
    return text


def held_for_same(session: Session, complaint: Complaint) -> Complaint | None:
    """The matter into which merging was suggested, while that can still be done."""
    if complaint.state not in rules.BEFORE_CONCLUSION:
        return None
    ours = [item.to_id for item in links_of(session, ("complaints.complaint", complaint.id)) if item.kind == SAME and item.from_id == complaint.id]
    may = select(Complaint).where(Complaint.id.in_(ours), Complaint.state.in_(rules.BEFORE_CONCLUSION)).order_by(Complaint.id).limit(1)
    return session.scalars(may).unique().one_or_none() if ours else None


def by_code(session: Session, code: str) -> Complaint:
    """The matter of a receipt; raises NotFound. The caller throttles wrong codes."""
    hashed = identity.code_hash(code)
    found = session.scalars(select(Complaint).where(Complaint.code_hash == hashed)).unique().one_or_none() if hashed else None
    if found is None:
        raise NotFound(_("没有找到这个查询码，请核对后再试。"))
    return found


def received_today() -> dt.date:
    """The day of the desk."""
    return now_local().date()


def acting_town() -> int:
    """The town of the acting role; raises Refused for roles of the district."""
    if not g.grant.organisation.is_town:
        raise Refused(_("登记由街镇办理，请切换到街镇的角色。"))
    return int(g.grant.org_id)
