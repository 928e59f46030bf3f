"""Limits that were provisional are computed anew when the calendar of their year is loaded."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import extract, or_, select

from plugins.consultations import figures
from plugins.consultations.models import Consultation
from portal.calendar.service import current_calendar
from portal.database import db
from portal.settings import get_setting
from portal.tenancy import crossing


def calendar_changed(years: list[int]) -> None:
    """The answer's limit, and the bureau's, of whatever is open. A day that somebody set by hand stays. In the caller's transaction."""
    dues = (Consultation.answer_due, Consultation.take_by, Consultation.opinion_due, Consultation.paper_on, Consultation.approved_on)
    touched = or_(*(extract("year", column).in_(years) for column in dues))
    with crossing("consultations.calendar", "calendar changed", unguarded=True):
        session = db.session()
        for consultation in session.scalars(select(Consultation).where(Consultation.state.in_(("submitted", "collecting", "issued")), touched)).unique():
            recompute(consultation)
        session.flush()


def recompute(consultation: Consultation) -> None:
    """The due date of the state that a consultation is in."""
    calendar = current_calendar()

    def counted(key: str, start: dt.date) -> tuple[dt.date, bool]:
        due = calendar.add_working_days(start, get_setting(key, None, start))
        return due.day, due.provisional

    if consultation.state == "issued" and consultation.paper_on is not None:
        consultation.answer_due, consultation.answer_provisional = counted(figures.ANSWER, consultation.paper_on)
        consultation.sort_due = consultation.answer_due
    elif consultation.state == "submitted" and consultation.approved_on is not None:
        consultation.take_by = consultation.sort_due = counted(figures.TAKE, consultation.approved_on)[0]
    elif consultation.state == "collecting" and consultation.opinion_due is not None:
        consultation.opinion_provisional = calendar.is_provisional(consultation.opinion_due)
