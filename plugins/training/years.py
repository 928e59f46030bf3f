"""年度归档: a year is closed on 31 January of the next, locked, and reopened by the supervisor alone, with a reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import figures, rules
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import External, YearBook
from portal.context import current_actor
from portal.errors import Refused

Data = Mapping[str, Any]


def book(session: Session, org_id: int, year: int) -> YearBook | None:
    """The book of a town's year, where it has been opened or closed."""
    return session.scalars(select(YearBook).where(YearBook.org_id == org_id, YearBook.year == year)).unique().one_or_none()


def begin(session: Session, org_id: int, year: int) -> YearBook:
    """The book of a year, opened where there is none. In the open unit of work."""
    found = book(session, org_id, year)
    if found is None:
        found = YearBook(org_id=org_id, year=year, state="open")
        session.add(found)
        session.flush()
    return found


def is_open(session: Session, org_id: int, year: int) -> bool:
    found = book(session, org_id, year)
    return found is None or found.state != "closed"


def check_open(session: Session, org_id: int, year: int) -> None:
    """Raise Refused for a year that is closed: nothing is credited or changed in it."""
    if not is_open(session, org_id, year):
        raise Refused(_("%(year)s 年度已归档，不能登记或更改学时；确需更改的，请区司法局重新打开该年度。", year=year))


def unfinished(session: Session, org_id: int, year: int) -> dict[str, int]:
    """What still waits in a year: sessions not certified, people in them, external training not decided."""
    waiting = select(Training.id).where(Training.year == year, Training.state.in_(("open", "finished"))).scalar_subquery()
    sessions = session.scalars(select(Training.id).where(Training.org_id == org_id, Training.year == year, Training.state.in_(("planned", "open", "finished")))).all()
    people = session.scalars(
        select(Enrolment.id).where(Enrolment.org_id == org_id, Enrolment.session_id.in_(waiting), Enrolment.state.in_(("present", "attended")))
    ).all()
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    external = session.scalars(select(External.id).where(External.org_id == org_id, External.starts_on.between(first, last), External.state == "submitted")).all()
    return {"sessions": len(sessions), "people": len(people), "external": len(external)}


def guard_close(record: YearBook, _data: Data, today: dt.date) -> None:
    """A year is closed when it is over."""
    if today <= dt.date(record.year, 12, 31):
        raise Refused(_("%(year)s 年尚未结束，不能归档。", year=record.year))


def close(session: Session, record: YearBook, data: Data, today: dt.date) -> None:
    """Lock the year and keep what it came to."""
    from plugins.training import queries

    record.closed_on, record.closed_by = today, "" if current_actor().account_id is None else current_actor().name
    record.reason, record.open_until = str(data.get("reason") or "").strip(), None
    record.figures = queries.summary(session, record.org_id, record.year, today).kept()


def reopen(_session: Session, record: YearBook, data: Data, today: dt.date) -> None:
    """By the supervisor, with a reason and until a day."""
    if data["open_until"] < today:
        raise Refused(_("截止日期不能早于今天。"), field="open_until")
    record.reason, record.open_until = str(data["reason"]).strip(), data["open_until"]


def is_due(record_state: str, open_until: dt.date | None, org_id: int, year: int, today: dt.date) -> bool:
    """Whether the job closes a year now."""
    if record_state == "closed":
        return False
    if record_state == "reopened":
        return open_until is not None and today > open_until
    return today > rules.closes_on(year, figures.figure(figures.CLOSES, org_id, today))
