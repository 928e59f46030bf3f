"""日历订阅: a private address for each account, without a session; renewed whenever its owner wants. And what else a unit has."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from plugins.meetings import ics, rights, telling
from plugins.meetings.models import Meeting
from plugins.meetings.models_results import Busy, Feed
from portal.auth import roles
from portal.auth.models import Account
from portal.auth.sessions import scope_of
from portal.context import Actor, current_actor, use_actor
from portal.database import db, utcnow
from portal.errors import NotFound, Refused
from portal.tenancy import use_scope
from portal.work import unit_of_work

BACK = dt.timedelta(days=400)
MOST = 500


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def renew(account_id: int) -> str:
    """A new address; the old one is dead at once. The token is shown this once."""
    token = secrets.token_urlsafe(32)
    with unit_of_work("meetings.feed_made") as session:
        feed = session.scalars(select(Feed).where(Feed.account_id == account_id)).one_or_none()
        if feed is None:
            session.add(Feed(account_id=account_id, token_hash=_hash(token), made_at=utcnow()))
        else:
            feed.token_hash, feed.made_at = _hash(token), utcnow()
    return token


def stop(account_id: int) -> None:
    with unit_of_work("meetings.feed_made") as session:
        feed = session.scalars(select(Feed).where(Feed.account_id == account_id)).one_or_none()
        if feed is not None:
            session.delete(feed)


def of(account_id: int) -> Feed | None:
    return db.session.scalars(select(Feed).where(Feed.account_id == account_id)).one_or_none()


def calendar_of(token: str, today: dt.date) -> bytes:
    """The calendar behind an address: what its account may see today, in every role that it holds. Raises NotFound."""
    feed = db.session.scalars(select(Feed).where(Feed.token_hash == _hash(token))).one_or_none() if 20 <= len(token) <= 100 else None
    account = db.session.get(Account, feed.account_id) if feed is not None else None
    if account is None or not account.active:
        raise NotFound(_("没有找到这个日历。"))
    plugins, found = current_app.extensions["portal"].plugins, {}
    for grant in account.grants:
        if not grant.holds_on(today) or not plugins.on_for("meetings", grant.org_id) or rights.READ not in roles.matrix(grant.org_id).get(grant.role, ()):
            continue
        with use_actor(Actor(account.id, account.name, grant.role, grant.org_id)), use_scope(scope_of(grant)):
            found.update({meeting.id: meeting for meeting in db.session.scalars(shown(today))})
    return ics.calendar(sorted(found.values(), key=lambda meeting: (meeting.starts_at, meeting.id)), name=_("联席会议"))


def shown(today: dt.date) -> Any:
    """The meetings of a subscription: planned, held or cancelled after they were known; drafts are nobody's calendar."""
    known = or_(Meeting.state.not_in(("draft", "cancelled")), Meeting.sequence > 0)
    return select(Meeting).where(known, Meeting.day >= today - BACK).order_by(Meeting.day, Meeting.id).limit(MOST)


# -- what else a unit has -------------------------------------------------------------------------------------------------------


def busy_of(session: Session, org_id: int, today: dt.date) -> list[Busy]:
    since = telling.at(today - dt.timedelta(days=30), dt.time())
    return list(session.scalars(select(Busy).where(Busy.org_id == org_id, Busy.ends_at >= since).order_by(Busy.starts_at, Busy.id).limit(MOST)))


def enter_busy(data: Mapping[str, Any]) -> None:
    """A meeting elsewhere, entered by hand."""
    start, end = telling.at(data["day"], data["start"]), telling.at(data["day"], data["end"])
    if end <= start:
        raise Refused(_("结束时间须晚于开始时间。"), field="end")
    with unit_of_work("meetings.busy_saved") as session:
        unit = telling.acting_unit(session)
        session.add(Busy(org_id=unit.id, uid=f"hand:{secrets.token_hex(12)}", title=telling.text_of(data, "title", 120), starts_at=start, ends_at=end))


def import_busy(data: bytes) -> tuple[int, tuple[str, ...]]:
    """A calendar file of the acting unit: known entries are changed, new ones added. Returns how many, and what is to be said."""
    reading = ics.read(data)
    with unit_of_work("meetings.busy_saved") as session:
        unit = telling.acting_unit(session)
        known = {row.uid: row for row in session.scalars(select(Busy).where(Busy.org_id == unit.id))}
        for item in reading.taken:
            row = known.get(item.uid)
            if row is None:
                row = Busy(org_id=unit.id, uid=item.uid)
                session.add(row)
            row.title, row.starts_at, row.ends_at, row.zone = item.title, item.start, item.end, item.zone[:60]
    return len(reading.taken), reading.remarks


def drop_busy(busy_id: int) -> None:
    with unit_of_work("meetings.busy_saved") as session:
        row = session.scalars(select(Busy).where(Busy.id == busy_id, Busy.org_id == current_actor().org_id)).one_or_none()
        if row is None:
            raise NotFound(_("没有找到这条记录。"))
        session.delete(row)


def month(session: Session, year: int, number: int) -> dict[dt.date, list[Meeting]]:
    """The meetings of a month by day, for the calendar's page."""
    first = dt.date(year, number, 1)
    last = (first + dt.timedelta(days=32)).replace(day=1)
    found: dict[dt.date, list[Meeting]] = {}
    for meeting in session.scalars(select(Meeting).where(Meeting.day >= first, Meeting.day < last).order_by(Meeting.starts_at, Meeting.id)):
        found.setdefault(meeting.day, []).append(meeting)
    return found


__all__ = ["busy_of", "calendar_of", "drop_busy", "enter_busy", "import_busy", "month", "of", "renew", "shown", "stop"]
