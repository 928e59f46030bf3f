"""Matters and people for the tests of complaints."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from plugins.complaints import intake
from plugins.complaints.models import Complaint
from portal.context import system_actor, use_actor
from portal.database import db
from portal.directory.models import Person
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

TODAY = dt.date(2026, 11, 24)
WHO = {"name": "张三丰", "phone": "13812341234", "address": "古佛村 3 组", "id_number": ""}
FORM = {
    "channel": "电话", "kind": "report", "redirect_kind": "", "content": "每天傍晚烧烤摊占道经营，油烟扰民。", "place": "桃花新城", "object_name": "夜市烧烤摊",
    "demand": "请尽快制止。", "category": "市容环境", "title": "", "received_on": str(TODAY), "urgency": "normal", "external_no": "", "order_days": "",
    "name": "张三丰", "phone": "13812341234", "address": "古佛村 3 组", "id_number": "",
}  # fmt: skip


def matter(town: Any, today: dt.date = TODAY, who: dict[str, str] | None = None, officers: tuple[int, ...] = (), **values: Any) -> int:
    """Register a matter past the pages; returns its id."""
    whole = {
        "channel": "电话", "kind": "report", "urgency": "normal", "content": "每天傍晚烧烤摊占道经营，油烟扰民。", "place": "桃花新城", "object_name": "夜市烧烤摊",
        "received_on": today, **values,
    }  # fmt: skip
    org_id = town.id
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.complaint") as session:
        return int(intake.register(session, org_id, whole, WHO if who is None else who, today, officers=officers).complaint.id)


def fetch(key: int) -> Complaint:
    """A matter as it is now, past every narrowing."""
    db.session.rollback()
    db.session.expire_all()
    with use_scope(EVERYTHING):
        return db.session.scalars(sa.select(Complaint).where(Complaint.id == key)).unique().one()


def change(key: int, **values: Any) -> None:
    """Bring a matter into a state directly."""
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.complaint") as session:
        found = session.scalars(sa.select(Complaint).where(Complaint.id == key)).unique().one()
        for name, value in values.items():
            setattr(found, name, value)


def archive(key: int, on: dt.date) -> None:
    """Put a matter away on a day, with what belongs to it."""
    from plugins.complaints import identity

    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.complaint") as session:
        found = session.scalars(sa.select(Complaint).where(Complaint.id == key)).unique().one()
        found.state, found.archived_on = "archived", on
        identity.keep_from_archive(session, found)


def person(town: Any, name: str, account: Any = None, **values: Any) -> int:
    """Somebody of our own staff."""
    org_id, account_id = town.id, account.id if account is not None else None
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.person") as session:
        made = Person(org_id=org_id, name=name, employment_type="公务员", account_id=account_id, **values)
        session.add(made)
        session.flush()
        return made.id


def step(post: Any, client: Any, key: int, action: str, **data: Any) -> Any:
    """Take a step through its page."""
    address = f"/do/complaints.complaint/{key}/{action}"
    return post(client, address, data, page=address)
