"""Records that are open to exactly those whom they name; what plugins offer on one another's records; commands of plugins."""

import datetime as dt
import re

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from plugins.consultations.models import Access, Consultation
from portal.audit.models import Event
from portal.context import Actor, system_actor, use_actor
from portal.database import db
from portal.errors import OutsideScope
from portal.tenancy import EVERYTHING, NOTHING, Scope, crossing, reaches, use_scope
from portal.work import unit_of_work

TODAY = dt.date(2026, 11, 24)


@pytest.fixture
def kept(app, world):
    """A consultation of Jiangnan that is open to one of its officers and to the head of Gelan, and to nobody else."""
    town, officer, guest = world.jiangnan.id, world.account("jn_officer"), world.account("gl_head")
    members = [(officer.id, town, "handler"), (guest.id, world.gelan.id, "panel")]
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.kept") as session:
        made = Consultation(org_id=town, title="案", created_by=officer.id, created_on=TODAY, state_on=TODAY, sort_due=dt.date(9999, 12, 31), state="collecting")
        session.add(made)
        session.flush()
        for account, org, part in members:
            session.add(Access(org_id=town, consultation_id=made.id, account_id=account, member_org_id=org, part=part, name="x", since=TODAY))
        return made.id


def seen(world, username, org, scope):
    account = world.account(username)
    org_id = org.id
    with use_actor(Actor(account.id, account.name, "x", org_id)), use_scope(scope):
        whole = db.session.scalars(sa.select(Consultation.id)).all()
        counted = db.session.scalar(sa.select(sa.func.count()).select_from(Consultation))
        nested = db.session.scalars(sa.select(Access.id).where(Access.consultation_id.in_(sa.select(Consultation.id)))).all()
        aliased = db.session.scalars(sa.select(sa.orm.aliased(Consultation).id)).all()
    assert len(whole) == counted == len(aliased) and bool(nested) == bool(whole)
    return list(whole)


def test_the_list_takes_the_place_of_the_town(world, kept):
    town, other = Scope("town", frozenset({world.jiangnan.id})), Scope("town", frozenset({world.gelan.id}))
    assert seen(world, "jn_officer", world.jiangnan, town) == [kept]
    assert seen(world, "gl_head", world.gelan, other) == [kept]
    assert seen(world, "jn_officer", world.gelan, other) == [], "acting elsewhere it is closed"
    for username in ("jn_other", "jn_head", "gl_officer"):
        assert seen(world, username, world.jiangnan, town) == [] == seen(world, username, world.gelan, other)
    assert seen(world, "sup", world.district, EVERYTHING) == [], "a wide scope opens nothing"
    assert seen(world, "gl_head", world.gelan, NOTHING) == [kept], "nor does a narrow one close it"


def test_work_that_no_account_started_sees_by_its_scope(world, kept):
    with use_actor(system_actor("job:x")):
        assert db.session.scalars(sa.select(Consultation.id)).all() == [kept]
        with use_scope(Scope("town", frozenset({world.gelan.id}))):
            assert db.session.scalars(sa.select(Consultation.id)).all() == []


def test_past_the_list_leads_a_named_crossing_alone_and_it_is_an_event(world, kept):
    account = world.account("jn_other")
    with use_actor(Actor(account.id, account.name, "x", world.jiangnan.id)), use_scope(NOTHING):
        with crossing("test.plain", "why"):
            assert db.session.scalars(sa.select(Consultation.id)).all() == []
        with crossing("test.unguarded", "why", unguarded=True):
            assert db.session.scalars(sa.select(Consultation.id)).all() == [kept]
    db.session.rollback()
    crossed = db.session.scalars(sa.select(Event.after).where(Event.action == "scope.crossed", Event.actor_id == account.id)).all()
    assert crossed == ['{"scope":"test.plain"}', '{"scope":"test.unguarded"}']


def test_off_in_the_owning_town_it_is_closed_to_its_list(app, world, kept):
    with use_actor(system_actor("test")), unit_of_work("test.off") as session:
        app.extensions["portal"].plugins.switch(session, "consultations", world.jiangnan.id, False)
    assert seen(world, "gl_head", world.gelan, NOTHING) == [] == seen(world, "jn_officer", world.jiangnan, Scope("town", frozenset({world.jiangnan.id})))


def test_seeing_is_not_writing(world, kept):
    account = world.account("gl_head")
    with use_actor(Actor(account.id, account.name, "office_head", world.gelan.id)), use_scope(Scope("town", frozenset({world.gelan.id}))):
        found = db.session.scalars(sa.select(Consultation)).unique().one()
        assert not reaches(found)
        with pytest.raises(OutsideScope), unit_of_work("test.write") as session:
            session.scalars(sa.select(Consultation)).unique().one().title = "改"
    db.session.rollback()


def test_a_plugin_offers_on_records_that_it_does_not_know(app, world, login):
    from tests.plugins.complaints.helpers import matter

    plugins = app.extensions["portal"].plugins
    key = matter(world.jiangnan)
    client = login("jn_officer")
    with client:
        client.get(f"/complaints/{key}")
        found = plugins.collect_for(world.jiangnan.id, "portal_record_actions", record_type="complaints.complaint", record_id=key)
        assert [action.url for action in found] == [f"/consultations/new?from=complaints.complaint:{key}"]
        told = plugins.hooks_for(world.jiangnan.id, "portal_record_summary")(record_type="complaints.complaint", record_id=key)
        assert told.number.startswith("江南投〔2026〕") and "烧烤" in told.text
        assert plugins.hooks_for(world.jiangnan.id, "portal_record_summary")(record_type="nothing.here", record_id=1) is None
        assert plugins.hooks_for(world.jiangnan.id, "portal_schedule_meeting")(request=None) is None or "meetings" in plugins.names()
    assert client.get(f"/complaints/{key}").get_data(as_text=True).count("提请会商") >= 1


def test_commands_of_plugins_stand_beside_those_of_the_core(tmp_path, monkeypatch):
    from portal.cli import portal

    monkeypatch.setenv("PORTAL_INSTANCE", str(tmp_path))
    listed = CliRunner().invoke(portal, ["--help"]).output
    assert re.search(r"^  consultations ", listed, re.MULTILINE) and re.search(r"^  plugins ", listed, re.MULTILINE)
    assert "redraw" in CliRunner().invoke(portal, ["consultations", "--help"]).output
    assert CliRunner().invoke(portal, ["no-such-command"]).exit_code == 2
