"""Conferences, meetings and resolutions for the tests, past the pages, with the day passed in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from plugins.meetings import following, members, minuting, planning, sitting, topics, workflow
from plugins.meetings.models import AgendaItem, Conference, Invitation, Meeting, Topic
from plugins.meetings.models_results import Minutes, Resolution
from portal.context import Actor, use_actor
from portal.database import db
from portal.directory.models import Organisation
from portal.tenancy import EVERYTHING, Scope, use_scope
from portal.work import unit_of_work

D = dt.date
T = dt.time
TODAY = D(2026, 11, 24)
SINCE = D(2026, 1, 1)


@contextmanager
def acting(app: Any, world: Any, username: str) -> Iterator[Any]:
    """Act as an account in its first role, as a request does: with its rights and its scope."""
    from flask import g

    from portal.auth.sessions import scope_of

    account = world.account(username)
    grant = account.grants[0]
    with app.test_request_context("/"), use_actor(Actor(account.id, account.name, grant.role, grant.org_id)), use_scope(scope_of(grant)):
        g.grant, g.account = grant, account
        g.pop("rights", None)
        yield account


def found(app: Any, world: Any, units: Sequence[str] = ("jiangnan", "gelan", "police"), since: dt.date = SINCE) -> None:
    """A conference with member units."""
    with acting(app, world, "meet"):
        members.save_conference(
            {"name": "长寿区综合行政执法联席会议", "convener": "区政府分管负责人", "office": "区司法局", "contact": "林海燕", "phone": "023-40240001",
             "place": "区政府第一会议室"}
        )
        members.join([getattr(world, name).id for name in units], since)


def more_units(count: int) -> list[int]:
    """Departments beside those of the small world; returns their ids."""
    with use_scope(EVERYTHING), unit_of_work("test.units") as session:
        made = [Organisation(code=f"500115-t{n:02d}", name=f"第{n:02d}测试局", short_name=f"测{n:02d}", kind="department", weight=200 + n) for n in range(count)]
        session.add_all(made)
        session.flush()
        return [row.id for row in made]


def topic(app: Any, world: Any, today: dt.date, title: str = "夜市占道经营联合整治", who: str = "jn_head") -> int:
    """A topic that was proposed and accepted."""
    values = {"title": title, "category": "联合执法", "background": "夜市占道反映集中。", "request": "请明确牵头单位。", "minutes": 20, "reporter": "周平"}
    with acting(app, world, who):
        key = topics.save(None, values, today)
        workflow.TOPIC.perform(key, "submit", {}, today=today)
    with acting(app, world, "meet"):
        workflow.TOPIC.perform(key, "accept", {}, today=today)
    return key


def meeting(app: Any, world: Any, day: dt.date, today: dt.date, kind: str = "regular", topic_ids: Sequence[int] = (), **values: Any) -> int:
    """A meeting with an agenda, scheduled."""
    data = {"kind": kind, "day": day, "start": T(9, 30), "end": T(11, 30), "place": "区政府第一会议室", "chair": "区政府分管负责人", **values}
    with acting(app, world, "meet"):
        key = planning.save(None, data, today)
        if topic_ids:
            planning.add_topics(key, topic_ids)
        else:
            planning.add_item(key, "通报工作情况", 20)
        workflow.MEETING.perform(key, "schedule", {}, today=today)
    return key


def do(app: Any, world: Any, key: int, action: str, today: dt.date, who: str = "meet", flow: Any = workflow.MEETING, **data: Any) -> Any:
    """Take a step as an account; a meeting that is to end begins before."""
    if flow is workflow.MEETING and action.startswith("hold") and fetch(Meeting, key).state == "notified":
        do(app, world, key, "open", today, who)
    with acting(app, world, who):
        return flow.perform(key, action, data, today=today)


def notified(app: Any, world: Any, day: dt.date, today: dt.date, **more: Any) -> int:
    key = meeting(app, world, day, today, **more)
    do(app, world, key, "notify", today)
    return key


def sign_all(app: Any, world: Any, key: int, count: int | None = None) -> None:
    """Sign the first units in by hand, on the meeting's day."""
    with acting(app, world, "meet"):
        meeting_row = planning.find(db.session(), key)
        for number, invitation in enumerate(planning.invitations(db.session(), key)[:count]):
            sitting.sign_in(key, invitation.id, {"name": f"代表{number}"}, "hand", meeting_row.day)


def held(app: Any, world: Any, day: dt.date, today: dt.date, **more: Any) -> int:
    """A meeting that took place with everybody there."""
    key = notified(app, world, day, today, **more)
    sign_all(app, world, key)
    do(app, world, key, "hold", day)
    return key


def resolve(app: Any, world: Any, key: int, due: dt.date, text: str = "建立夜市联合巡查机制", lead: str = "jiangnan", co: Sequence[str] = ("police",),
 item: int | None = None) -> int:
    with acting(app, world, "meet"):
        data = {"text": text, "lead": [getattr(world, lead).id], "co_units": [getattr(world, name).id for name in co], "due_on": due}
        return sitting.record_resolution(key, item, data).id


def issued(app: Any, world: Any, key: int, today: dt.date) -> int:
    """Minutes drafted, sent round, settled and signed; returns their id."""
    do(app, world, key, "draft_minutes", today)
    with acting(app, world, "meet"):
        minutes_id = minuting.editions(db.session(), key)[0].id
    do(app, world, minutes_id, "circulate", today, flow=workflow.MINUTES, comment_by=today)
    do(app, world, minutes_id, "settle", today, flow=workflow.MINUTES, early=True)
    do(app, world, minutes_id, "sign", today, who="chair", flow=workflow.MINUTES)
    return minutes_id


def fetch(model: Any, key: int) -> Any:
    """A record as it is now, past every narrowing."""
    db.session.rollback()
    db.session.expire_all()
    with use_scope(EVERYTHING):
        return db.session.scalars(sa.select(model).where(model.id == key)).unique().one()


def only(*orgs: Any) -> Any:
    """The scope of these organisations."""
    return use_scope(Scope("town", frozenset(org.id for org in orgs)))


__all__ = [
    "TODAY", "AgendaItem", "Conference", "D", "Invitation", "Meeting", "Minutes", "Resolution", "T", "Topic", "acting", "do", "fetch", "following", "found", "held",
    "issued", "meeting", "more_units", "notified", "only", "resolve", "sign_all", "topic",
]  # fmt: skip
