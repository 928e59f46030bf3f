"""The jobs of the complaints: reminders of deadlines here, the deletion of identities in :mod:`plugins.complaints.retention`."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.complaints import accusations, limits, operations, retention, rules, words
from plugins.complaints.models import Complaint
from portal.calendar.service import current_calendar
from portal.config import current_settings
from portal.contract import Job
from portal.database import db
from portal.work import unit_of_work

CHUNK = 200


def _orgs() -> list[int]:
    return sorted(current_app.extensions["portal"].plugins.enabled_orgs("complaints"))


class _OnlyLooked(Exception):
    """Nothing of a dry run stays."""


@contextlib.contextmanager
def _working(context: Any) -> Iterator[Session]:
    """A unit of work, of which a dry run leaves nothing."""
    with contextlib.suppress(_OnlyLooked), unit_of_work("complaints.reminded") as session:
        yield session
        if context.dry_run:
            raise _OnlyLooked


def remind(context: Any) -> dict[str, Any]:
    """Tell handlers at amber and at the due day; when overdue also the leader and the supervisor. Each once."""
    today: dt.date = context.today
    found = {"amber": 0, "due": 0, "overdue": 0, "first": 0, "danger": 0}
    horizon = current_calendar().add_working_days(today, 31).day
    waiting = select(Complaint.id).where(Complaint.org_id.in_(_orgs()), Complaint.sort_due <= horizon).order_by(Complaint.sort_due, Complaint.id)
    ids = list(db.session.scalars(waiting))
    first = select(Complaint.id).where(Complaint.org_id.in_(_orgs()), Complaint.state == "registered", Complaint.first_done_on.is_(None), Complaint.first_due <= today)
    late_first = set(db.session.scalars(first))
    db.session.rollback()
    for org_id in _orgs():
        with _working(context) as session:
            accusations.renew(session, org_id)
    every = sorted({*ids, *late_first})
    for start in range(0, len(every), CHUNK):
        with _working(context) as session:
            rows = session.scalars(select(Complaint).where(Complaint.id.in_(every[start : start + CHUNK]))).unique().all()
            for complaint in rows:
                _remind(session, complaint, today, found, complaint.id in late_first)
    return found


def _remind(session: Any, complaint: Complaint, today: dt.date, found: dict[str, int], late_first: bool) -> None:
    number, due = complaint.number, complaint.due_on
    if late_first:
        found["first"] += 1
        title = _("%(number)s 应于 %(day)s 前%(what)s", number=number, day=complaint.first_due, what=words.FIRST[complaint.first_title])
        operations.tell(session, complaint, title, f"first:{complaint.first_due}", role="office_head")
    if limits.first_action_waits(complaint) and complaint.state in rules.RUNNING:
        found["danger"] += _in_danger(session, complaint, today)
    if due is None or complaint.state not in rules.RUNNING:
        return
    if today > due:
        found["overdue"] += 1
        title = _("%(number)s 已超期（期限 %(day)s）", number=number, day=due)
        _to_handler(session, complaint, title, f"overdue:{due}")
        operations.tell(session, complaint, title, f"overdue:{due}", role="leader")
        operations.tell(session, complaint, f"{complaint.organisation.name}：{title}", f"overdue:{due}", role="supervisor", everywhere=True)
    elif today >= current_calendar().previous_working_day(due):
        found["due"] += 1
        title = _("%(number)s 今天到期", number=number) if today == due else _("%(number)s 将于 %(day)s 到期", number=number, day=due)
        _to_handler(session, complaint, title, f"due:{due}")
    elif limits.light(complaint, today) == "amber":
        found["amber"] += 1
        _to_handler(session, complaint, _("%(number)s 将于 %(day)s 到期", number=number, day=due), f"amber:{due}")


def _in_danger(session: Any, complaint: Complaint, today: dt.date) -> bool:
    """24 hours run through nights and holidays: on their last day the head is told, afterwards the leader and the supervisor too. Urgent: at once."""
    day = limits.first_action_day(complaint)
    if today < day or complaint.first_due_at is None:
        return False
    at = complaint.first_due_at.astimezone(current_settings().zone).strftime("%m-%d %H:%M")
    title = _("%(number)s 危险紧急：应于 %(at)s 前先行处置", number=complaint.number, at=at)
    _to_handler(session, complaint, title, f"danger:{day}")
    if today > day:
        title = _("%(number)s 危险紧急：%(at)s 已过，尚未先行处置", number=complaint.number, at=at)
        operations.tell(session, complaint, title, f"danger-late:{day}", role="office_head")
        operations.tell(session, complaint, title, f"danger-late:{day}", role="leader")
        operations.tell(session, complaint, f"{complaint.organisation.name}：{title}", f"danger-late:{day}", role="supervisor", everywhere=True)
    return True


def _to_handler(session: Any, complaint: Complaint, title: str, key: str) -> None:
    if complaint.handler_id is not None and complaint.state in ("assigned", "handling"):
        operations.tell(session, complaint, title, key, account_id=complaint.handler_id)
    else:
        operations.tell(session, complaint, title, key, role="office_head")


REMIND = Job("complaints.remind", _l("投诉举报期限提醒"), remind, {"hour": 8, "minute": 30}, plugin="complaints")
FORGET = Job("complaints.forget", _l("投诉人身份到期删除"), retention.forget, {"hour": 2, "minute": 10}, plugin="complaints")
