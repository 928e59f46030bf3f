"""Whoever is asking is read once, and anew as soon as an account, a role or an organisation has changed, in whatever process."""

import pytest
import sqlalchemy as sa

from portal.auth import operations, sessions
from portal.auth.models import Account, AccountSession, RoleGrant
from portal.context import system_actor, use_actor
from portal.database import db
from portal.directory.models import Organisation
from portal.plugins import revision
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work


def change(what):
    """Something is changed by another process: what this one knows is not told."""
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.changed") as session:
        what(session)


def statements_of(client, path):
    heard = []

    def listen(_connection, _cursor, statement, *_more):
        heard.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", listen)
    try:
        assert client.get(path).status_code == 200
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", listen)
    return heard


def test_the_account_is_read_once_and_the_session_each_time(app, world, login):
    clerk = login("jn_clerk")
    clerk.get("/account")
    heard = statements_of(clerk, "/")
    assert sum("FROM auth_session" in text for text in heard) == 1
    assert not any("FROM auth_account" in text or "FROM auth_role_grant" in text for text in heard)


def test_an_account_that_is_stopped_is_out_at_its_next_request(app, world, login):
    clerk, account_id = login("jn_clerk"), world.account("jn_clerk").id
    assert clerk.get("/account").status_code == 200
    change(lambda session: setattr(session.get(Account, account_id), "active", False))
    assert "/login" in clerk.get("/account").location


def test_a_role_that_is_taken_opens_nothing_any_more_and_a_new_one_does(app, world, login):
    clerk, account_id = login("jn_clerk"), world.account("jn_clerk").id
    assert clerk.get("/certificates").status_code == 200
    change(lambda session: [session.delete(grant) for grant in session.scalars(sa.select(RoleGrant).where(RoleGrant.account_id == account_id))])
    assert clerk.get("/certificates").status_code == 403
    change(lambda session: operations.grant_role(session, session.get(Account, account_id), "certificate_clerk", session.get(Organisation, world.gelan.id)))
    page = clerk.get("/certificates").get_data(as_text=True)
    assert "葛兰镇" in page and "江南街道" not in page


def test_a_new_name_of_person_and_office_is_seen_at_once(app, world, login):
    clerk, account_id, org_id = login("jn_clerk"), world.account("jn_clerk").id, world.jiangnan.id
    assert "杨静" in clerk.get("/").get_data(as_text=True)
    change(lambda session: setattr(session.get(Account, account_id), "name", "杨静怡"))
    change(lambda session: setattr(session.get(Organisation, org_id), "short_name", "新江南"))
    page = clerk.get("/").get_data(as_text=True)
    assert "杨静怡" in page and "新江南" in page


def test_what_is_undone_moves_nothing(app, world):
    before = revision(sessions.ACTORS)
    with pytest.raises(RuntimeError), use_scope(EVERYTHING), unit_of_work("test.undone") as session:
        session.get(Account, world.account("jn_clerk").id).name = "某人"
        session.flush()
        raise RuntimeError
    db.session.rollback()
    with app.test_request_context():
        assert revision(sessions.ACTORS) == before


def test_the_account_that_threads_share_belongs_to_no_session(app, world):
    with app.test_request_context():
        account = sessions.known_account(world.account("jn_clerk").id)
        for record in (account, *account.grants, account.grants[0].organisation):
            state = sa.inspect(record)
            assert state.detached and not state.expired_attributes
        assert sessions.known_account(account.id) is account and sessions.known_account(10**6) is None


def test_an_ended_session_is_out_whatever_is_known(app, world, login):
    clerk = login("jn_clerk")
    assert clerk.get("/account").status_code == 200
    change(lambda session: [setattr(row, "ended_at", row.created_at) for row in session.scalars(sa.select(AccountSession))])
    assert "/login" in clerk.get("/account").location
