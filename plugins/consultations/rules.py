"""The rules of case consultations as code. Pure: no web, no database, the day is passed in.

Domain rules §7 and reference S03; figures marked *default* are settings.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

FOREVER = dt.date(9999, 12, 31)
STATES = (
    "draft", "approving", "submitted", "returned", "declined", "joined", "accepted", "collecting", "summing", "issued", "answered", "archived", "aborted",
)  # fmt: skip
TOWN_ONLY = ("draft", "approving")
"""What the town has not sent yet is its own."""
OPINIONS_SHOWN = ("summing", "issued", "answered", "archived")
ENDED = ("declined", "archived", "aborted")
FORMS = ("written", "meeting")
ANSWERS = ("adopted", "partly", "rejected")
OUTCOMES = ("upheld", "changed", "revoked", "settled", "none")
CONCLUSIONS = ("agree", "disagree", "reserve", "suggest")
PARTS = ("handler", "approver", "panel")
URGENCIES = ("normal", "urgent")
SECRECIES = ("internal", "sensitive")
TRIGGERS = ("hearing", "relations", "public", "departments", "jurisdiction", "crime", "media")
"""What makes a case major, difficult or complex (APL arts. 57, 58 name the category, the list is office practice)."""
SEAT_KINDS = ("expert", "department", "town")
SEAT_STATES = ("proposed", "invited", "promised", "declared", "submitted", "stepped", "recused", "removed", "missed")
SEAT_OWING = ("invited", "promised", "declared")
SEAT_ACTIVE = ("proposed", *SEAT_OWING, "submitted")
SEAT_READING = ("declared", "submitted", "missed")
PAPER_STATES = ("draft", "signed")
LIBRARY_STATES = ("checking", "published", "withheld")
MINIMUM = 3
INTEREST_YEARS = 2
"""Whoever acted for a party is barred for so long after (default)."""
CASE_DAYS = 90
"""APL art. 60: a case is decided within 90 days of its filing; no text says that a consultation stops them."""
ALGORITHM = "sha256-sort/1"
LONGEST_TEXT = 20_000
MOST_QUESTIONS = 20
MOST_TOGETHER = 60
"""Questions that one panel answers, over all files that were joined."""
MOST_PARTIES = 30
MOST_EVIDENCE = 60


def close(text: str) -> str:
    """A name for comparing: full-width letters, brackets and blanks make no other unit."""
    table = {ord("（"): "(", ord("）"): ")", 0x3000: " "}
    return re.sub(r"\s+", "", text.translate(table)).casefold()


# -- recusal ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What recusal is judged by: the asking units, those who handle the case there, and whoever is named in it."""

    orgs: frozenset[int]
    org_names: tuple[str, ...]
    handlers: frozenset[int]
    names: tuple[str, ...]
    units: tuple[str, ...] = ()
    stepped_back: frozenset[int] = frozenset()
    seated: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """Somebody who could sit on the panel."""

    key: str
    kind: str
    name: str
    unit: str
    account_id: int | None
    org_id: int
    orgs: frozenset[int] = frozenset()
    roles: frozenset[str] = frozenset()
    expert_id: int | None = None
    title: str = ""
    fields: tuple[str, ...] = ()
    term: tuple[dt.date, dt.date] | None = None
    interests: tuple[tuple[str, dt.date | None], ...] = ()
    adviser_of: frozenset[int] = frozenset()
    suspended: bool = False
    load: int = 0
    on_time: tuple[int, int] = (0, 0)


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; 29 February becomes 28."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def bars(candidate: Candidate, case: Case, until: dt.date, today: dt.date, convening: frozenset[str] = frozenset({"supervisor"})) -> list[str]:
    """Why somebody may not sit: codes, worst first; empty when nothing stands against it. ``until``: the day opinions are due."""
    found: list[str] = []

    def note(code: str, applies: bool) -> None:
        if applies:
            found.append(code)

    units = {close(candidate.unit), *(close(name) for name, last in candidate.interests if last is None or years_after(last, INTEREST_YEARS) >= today)} - {""}
    own_unit = close(candidate.unit)
    asking = {close(name) for name in case.org_names}
    parties = {close(name) for name in (*case.names, *case.units)} - {""}
    note("same_unit", bool(candidate.orgs & case.orgs) or own_unit in asking)
    note("handler", candidate.account_id in case.handlers)
    note("named", close(candidate.name) in {close(name) for name in case.names})
    note("party_unit", own_unit in parties)
    note("interest", bool((units - {own_unit}) & (parties | asking)))
    note("stepped_back", candidate.account_id in case.stepped_back)
    note("convener", bool(candidate.roles & convening))
    note("term", candidate.term is not None and not (candidate.term[0] <= today and until <= candidate.term[1]))
    note("suspended", candidate.suspended)
    note("no_account", candidate.account_id is None)
    note("seated", candidate.account_id in case.seated)
    return found


# -- the draw ----------------------------------------------------------------------------------------------------------------


def draw(seed: str, keys: Iterable[str], wanted: int) -> list[str]:
    """The first ``wanted`` keys in the order of sha256(seed + ":" + key): the same on every machine.

    The seed ``CS-2026-1012-001`` and E001 to E010 give E010 and E008.
    """
    return sorted(set(keys), key=lambda key: hashlib.sha256(f"{seed}:{key}".encode()).hexdigest())[:wanted]


def redraw(record: Mapping[str, object]) -> list[str]:
    """The draw of a record again; raises ValueError for an algorithm that is not known."""
    if record["algorithm"] != ALGORITHM:
        raise ValueError(f"unknown algorithm {record['algorithm']!r}")
    candidates = record["candidates"]
    assert isinstance(candidates, list)
    return draw(str(record["seed"]), [item["key"] for item in candidates], int(str(record["wanted"])))


# -- the panel ---------------------------------------------------------------------------------------------------------------


def panel_problem(kinds: Sequence[str], minimum: int) -> str:
    """What is wrong with a panel: ``few``, ``even``, ``no_expert``, or nothing."""
    if len(kinds) < minimum:
        return "few"
    if len(kinds) % 2 == 0:
        return "even"
    return "" if "expert" in kinds else "no_expert"


def closing_problem(given: Sequence[str], owing: int, minimum: int, due: dt.date | None, today: dt.date, reason: str) -> str:
    """What stands against closing: opinions still ``missing`` before their day, too ``few``, ``no_expert``, or no ``reason`` given.

    After the day it may be closed without the missing ones, with a reason; then the number may be even and a split is
    recorded as one, no vote is made of it.
    """
    if owing and (due is None or today <= due):
        return "missing"
    if len(given) < minimum:
        return "few"
    if "expert" not in given:
        return "no_expert"
    return "reason" if owing and not reason.strip() else ""


@dataclass
class Tally:
    """What the panel said on one question."""

    counts: Counter[str]
    majority: str
    """The conclusion of more than half, or nothing: a split is a split."""
    for_it: list[int] = field(default_factory=list)
    against: list[int] = field(default_factory=list)


def tally(conclusions: Sequence[str]) -> Tally:
    """Count the conclusions on a question; ``for_it`` and ``against`` are the places of whoever is with the majority and not."""
    counts = Counter(conclusions)
    top = counts.most_common(1)
    majority = top[0][0] if top and top[0][1] * 2 > len(conclusions) else ""
    with_it = [index for index, code in enumerate(conclusions) if code == majority]
    return Tally(counts, majority, with_it, [index for index in range(len(conclusions)) if index not in with_it])


# -- limits ------------------------------------------------------------------------------------------------------------------


def case_limit(filed_on: dt.date | None, days: int = CASE_DAYS) -> dt.date | None:
    """The last day of the case itself, counted from its filing; the consultation moves it by nothing."""
    return filed_on + dt.timedelta(days=days) if filed_on else None


def missing_parts(title: str, facts: str, law: str, own_view: str, questions: Sequence[str], parties: Sequence[object], triggers: Sequence[str],
                  evidence: Sequence[object], needed_by: dt.date | None) -> list[str]:  # fmt: skip
    """What a request still lacks, by the names of its fields."""
    given = {
        "title": title.strip(), "facts": facts.strip(), "law": law.strip(), "own_view": own_view.strip(), "questions": questions, "parties": parties,
        "triggers": triggers, "evidence": evidence, "needed_by": needed_by,
    }  # fmt: skip
    return [name for name, value in given.items() if not value]
