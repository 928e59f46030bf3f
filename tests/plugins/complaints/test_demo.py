"""The demonstration shows each thing that a matter can be."""

import datetime as dt
import random

import pytest
import sqlalchemy as sa

from plugins.complaints import demo_cases, rules
from plugins.complaints.models import Complaint, Entry, Place, Transfer
from plugins.complaints.models_identity import Opening
from portal.context import system_actor, use_actor
from portal.database import db
from portal.demo import DemoContext
from portal.records.attachments import Attachment
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

TODAY = dt.date(2026, 11, 24)


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def test_matters_with_a_history(app, world):
    with use_actor(system_actor("test")), use_scope(EVERYTHING):
        with unit_of_work("test.demo") as session:
            session.add(Place(org_id=world.jiangnan.id, name="古佛村"))
            demo_cases.load(DemoContext(session, TODAY, random.Random(1), [world.jiangnan]), world.jiangnan)
        found = db.session.scalars(sa.select(Complaint).order_by(Complaint.id)).unique().all()
        states = {complaint.state for complaint in found}
        assert {"registered", "handling", "suspended", "merged", "passed", "concluded"} <= states
        assert [c.number for c in found if c.first_due_at and c.first_done_on is None] and all(c.sort_due < rules.FOREVER for c in found if c.state == "handling")
        granted = next(c for c in found if c.extension_state == "granted")
        moved = db.session.scalars(sa.select(Entry.text).where(Entry.complaint_id == granted.id, Entry.kind == "deadline")).one()
        assert str(granted.due_on) in moved and granted.limit_days == 15
        assert any(c.extension_state == "asked" for c in found) and sum(c.split_from_id is not None for c in found) == 2
        assert next(c for c in found if c.kind == "accusation").handler_id == world.account("jn_disc").id
        for model in (Opening, Transfer, Attachment):
            assert db.session.scalar(sa.select(sa.func.count()).select_from(model)), model
        assert not any(entry.at.date() > TODAY for entry in db.session.scalars(sa.select(Entry)))
