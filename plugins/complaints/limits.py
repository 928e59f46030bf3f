"""Deadlines of a matter: set at registration, moved only with an entry that says why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import extract, or_, select
from sqlalchemy.orm import Session

from plugins.complaints import figures, rules, words
from plugins.complaints.models import Complaint, Entry
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.context import current_action, current_actor
from portal.database import db, utcnow
from portal.records import deadlines
from portal.settings import get_setting
from portal.tenancy import crossing


def note(session: Session, complaint: Complaint, kind: str, text: str) -> Entry:
    """Add to the record of handling."""
    entry = Entry(org_id=complaint.org_id, complaint_id=complaint.id, kind=kind, text=text, at=moment_of(complaint), author=current_actor().name)
    session.add(entry)
    return entry


def moment_of(complaint: Complaint) -> dt.datetime:
    """Now; of an anonymous matter the day alone."""
    now = utcnow()
    if not complaint.anonymous:
        return now
    zone = current_settings().zone
    return dt.datetime.combine(now.astimezone(zone).date(), dt.time(0), tzinfo=zone).astimezone(dt.UTC)


def set_deadlines(complaint: Complaint, order_days: int | None = None, order_due: dt.date | None = None) -> None:
    """The limits of a matter from its kind, the town's figures and the day of receipt.

    ``order_days``, ``order_due``: the limit that came with a hotline order or stands in an office's register.
    """
    path = figures.path_of(complaint.kind, complaint.org_id, complaint.received_on)
    calendar = current_calendar()
    limit = path.limit
    complaint.due_given = order_due
    complaint.limit_given = bool(complaint.kind == "hotline" and order_days) or order_due is not None
    if complaint.kind == "hotline" and order_days:
        limit = rules.Limit(order_days)
    if order_due is not None:
        limit = limit_until(complaint.received_on, order_due, limit.unit if limit else "working")
    complaint.limit_days, complaint.limit_unit = (limit.days, limit.unit) if limit else (None, "")
    complaint.due_from = complaint.received_on
    recompute(complaint)
    complaint.first_title = path.first_title
    complaint.first_due = rules.deadline(calendar, complaint.received_on, path.first).due if path.first else None
    complaint.first_due_at = complaint.registered_at + dt.timedelta(hours=rules.DANGER_HOURS) if complaint.urgency == "danger" else None
    complaint.sort_due = place_in_order(complaint)
    passed = complaint.channel in rules.PASSED_TO_US
    complaint.object_by = calendar.add_working_days(complaint.received_on, rules.OBJECT_DAYS).day if passed else None


def limit_until(received: dt.date, due: dt.date, unit: str) -> rules.Limit:
    """The limit that ends on a given day."""
    days = current_calendar().working_days_between(received, due) if unit == "working" else (due - received).days
    return rules.Limit(max(days, 1), unit)


def give(complaint: Complaint, *, day: dt.date | None = None, days: int | None = None) -> None:
    """Another limit from outside, a day or so many working days: it holds as it is, with what was extended or stood still before."""
    limit = limit_until(complaint.due_from, day, complaint.limit_unit or "working") if day is not None else rules.Limit(days or 1)
    complaint.limit_days, complaint.limit_unit, complaint.limit_given, complaint.due_given = limit.days, limit.unit, True, day
    complaint.extension_days = complaint.extension_days if complaint.extension_state == "asked" else 0
    complaint.suspended_days = 0
    recompute(complaint)


def recompute(complaint: Complaint) -> bool:
    """The due date from limit, extension and suspension; returns whether it moved."""
    before = complaint.due_on
    if complaint.limit_days is None:
        complaint.legal_due = complaint.due_on = None
        complaint.sort_due, complaint.due_provisional = place_in_order(complaint), False
        return before is not None
    extension = complaint.extension_days if complaint.extension_state == "granted" else 0
    suspended, calendar = complaint.suspended_days or 0, current_calendar()
    if complaint.due_given is not None:
        found = rules.deadline_from(calendar, complaint.due_given, rules.Limit(extension, complaint.limit_unit), suspended)
    else:
        found = rules.deadline(calendar, complaint.due_from, rules.Limit(complaint.limit_days + extension, complaint.limit_unit), suspended)
    complaint.legal_due, complaint.due_on, complaint.due_provisional = found.legal, found.due, found.provisional
    complaint.sort_due = place_in_order(complaint)
    return before is not None and before != found.due


def place_in_order(complaint: Complaint) -> dt.date:
    """By when something has to be done, for the order of lists: in danger the day of the first action, until there was one."""
    if complaint.state not in rules.RUNNING:
        return rules.FOREVER
    due = complaint.due_on or rules.FOREVER
    return min(due, first_action_day(complaint)) if first_action_waits(complaint) else due


def first_action_waits(row: Any) -> bool:
    """Whether a matter in danger still waits for its first action."""
    return row.first_due_at is not None and row.first_done_on is None


def first_action_day(row: Any) -> dt.date:
    """The day, here, on which the 24 hours of a matter in danger end."""
    return row.first_due_at.astimezone(current_settings().zone).date()  # type: ignore[no-any-return]


def moved(session: Session, complaint: Complaint, before: dt.date | None, why: str) -> None:
    """Say in the record of handling that a deadline moved, and why."""
    if before != complaint.due_on:
        text = _("期限由 %(old)s 调整为 %(new)s：%(why)s", old=before or "—", new=complaint.due_on or "—", why=why)
        note(session, complaint, "deadline", text)


def lights(today: dt.date) -> Callable[[Any], str]:
    """What tells green, amber, red or grey of matters, or of rows with their ``state``, ``due_on`` and ``org_id``, on a day."""
    between, open_states, known = current_calendar().working_days_between, frozenset(rules.OPEN), dict[tuple[int, dt.date | None], str]()

    def light(row: Any) -> str:
        if row.state not in open_states or row.state == "suspended":
            return "grey"
        key = (row.org_id, row.due_on)
        if key not in known:
            known[key] = deadlines.light(row.due_on, today, between, amber=get_setting(figures.AMBER, row.org_id, today))
        return known[key]

    return light


def light(row: Any, today: dt.date) -> str:
    """green, amber, red or grey, of one matter or row."""
    return lights(today)(row)


def calendar_changed(years: list[int]) -> None:
    """A calendar was loaded: open matters whose limit touches these years are computed anew. In the caller's transaction."""
    touched = or_(*(extract("year", column).in_(years) for column in (Complaint.due_on, Complaint.legal_due, Complaint.due_from)))
    with crossing("complaints.calendar", "calendar changed"):
        session = db.session()
        for complaint in session.scalars(select(Complaint).where(Complaint.state.in_(rules.OPEN), Complaint.due_on.is_not(None), touched)).unique():
            before = complaint.due_on
            recompute(complaint)
            why = _("工作日历发布")
            moved(session, complaint, before, why)
            _first_anew(session, complaint, why)
        session.flush()


def _first_anew(session: Session, complaint: Complaint, why: str) -> None:
    """The first answer and the day of objection by the calendar as it is now; the old day stays in the record of handling."""
    if complaint.first_due is not None and complaint.first_done_on is None:
        path = figures.path_of(complaint.kind, complaint.org_id, complaint.received_on)
        before = complaint.first_due
        complaint.first_due = rules.deadline(current_calendar(), complaint.received_on, path.first).due if path.first else None
        if complaint.first_due != before:
            what = words.FIRST[complaint.first_title]
            text = _("%(what)s期限由 %(old)s 调整为 %(new)s：%(why)s", what=what, old=before, new=complaint.first_due or "—", why=why)
            note(session, complaint, "deadline", text)
    if complaint.object_by is not None and complaint.state == "registered":
        complaint.object_by = current_calendar().add_working_days(complaint.received_on, rules.OBJECT_DAYS).day


def provisional(day: dt.date | None) -> bool:
    """暂定: whether a day lies in a year whose calendar is not published yet."""
    return day is not None and current_calendar().is_provisional(day)


def following(org_id: int, kind: str) -> Iterable[Complaint]:
    """Open matters of a kind whose limit is the town's own figure."""
    own = select(Complaint).where(
        Complaint.org_id == org_id, Complaint.kind == kind, Complaint.state.in_(rules.OPEN), Complaint.limit_days.is_not(None), Complaint.limit_given.is_(False)
    )
    return db.session.scalars(own).unique()


def impact(org_id: int, kind: str, days: int) -> int:
    """How many open matters another limit would move."""
    return sum(1 for complaint in following(org_id, kind) if complaint.limit_days != days)


def follow(org_id: int, kind: str, days: int) -> int:
    """Open matters follow a limit that was changed, each with an entry. In the caller's transaction."""
    session, count = db.session(), 0
    for complaint in following(org_id, kind):
        if complaint.limit_days == days:
            continue
        before, complaint.limit_days = complaint.due_on, days
        recompute(complaint)
        why = _("本单位调整%(kind)s办理期限为 %(n)s 天", kind=words.KINDS[kind], n=days)
        given = action.reason if (action := current_action()) is not None else ""
        moved(session, complaint, before, f"{why}。{given}" if given else why)
        count += 1
    session.flush()
    return count
