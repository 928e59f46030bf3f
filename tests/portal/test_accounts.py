"""Accounts: logging in, throttling, and the administrators that exclude one another."""

import pytest
import sqlalchemy as sa

from portal.auth import login, operations, roles
from portal.auth.models import Account, AccountSession
from portal.database import db
from portal.errors import Refused, TooMany
from portal.work import unit_of_work
from tests.worlds import PASSWORD

HERE = ("10.0.0.1", "browser")


def set_password(session, world, password):
    account = session.get(Account, world.account("jn_clerk").id)
    operations.set_password(session, account, operations.prepare_password(account, password))


def test_a_login_begins_a_session_whose_token_is_not_stored(app, world):
    account, token = login.log_in(" JN_Clerk ", PASSWORD, *HERE)
    assert account.username == "jn_clerk"
    row = db.session.get(AccountSession, login.token_hash(token))
    assert row.account_id == account.id and row.grant_id is not None
    assert token not in {row.token_hash}


@pytest.mark.parametrize("name", ["jn_clerk", "nobody", "jn\x00clerk", "\ud800", ""])
def test_what_was_wrong_is_not_told(app, name):
    with pytest.raises(Refused) as error:
        login.log_in(name, "wrong", *HERE)
    assert str(error.value) == "用户名或密码不正确。"


def test_after_five_failures_the_name_rests_whether_it_exists_or_not(app):
    for name in ("jn_clerk", "nobody"):
        for _ in range(5):
            with pytest.raises(Refused):
                login.log_in(name, "wrong", *HERE)
        with pytest.raises(TooMany):
            login.log_in(name, PASSWORD, *HERE)


def test_the_oldest_of_four_sessions_ends(app):
    tokens = [login.log_in("jn_clerk", PASSWORD, *HERE)[1] for _ in range(4)]
    open_ones = [db.session.get(AccountSession, login.token_hash(token)).ended_at is None for token in tokens]
    assert open_ones == [False, True, True, True]


def test_a_weak_or_used_password_is_refused(app, world):
    for password in ("short1!", "password123456", "changshou2026!A", PASSWORD):
        with pytest.raises(Refused), unit_of_work("password") as session:
            set_password(session, world, password)
    with unit_of_work("password") as session:
        set_password(session, world, "Kestrel-Morning-7")
    assert login.log_in("jn_clerk", "Kestrel-Morning-7", *HERE)


@pytest.mark.parametrize(("username", "role"), [("sysadmin", "security_admin"), ("auditor", "supervisor"), ("sup", "security_auditor")])
def test_administrators_exclude_one_another(app, world, username, role):
    with pytest.raises(Refused), unit_of_work("grant") as session:
        operations.grant_role(session, session.get(Account, world.account(username).id), role, world.district)


def test_only_the_auditor_reads_the_trail(app):
    found = roles.matrix()
    assert {role for role, rights in found.items() if "audit.read" in rights} == {"security_auditor"}
    assert found["system_admin"] == {"system.manage"}


def test_no_plugin_gives_an_administrator_rights(app):
    from portal.hookspecs import hookimpl

    class Greedy:
        @hookimpl
        def portal_role_grants(self):
            return {"system_admin": {"people.read"}, "leader": {"greedy.read"}}

    manager = app.extensions["portal"].plugins._manager
    manager.register(Greedy(), "greedy")
    try:
        found = roles.matrix()
    finally:
        manager.unregister(name="greedy")
    assert found["system_admin"] == {"system.manage"} and "greedy.read" in found["leader"]


def test_an_initial_password_dies_in_a_day(app):
    with unit_of_work("account") as session:
        made = operations.create_account(session, "newcomer", "新来", "Kestrel-Morning-7")
        assert made.must_change and made.one_time_until is not None


def test_no_password_in_the_trail(app):
    found = db.session.execute(sa.text("SELECT after FROM audit_event WHERE record_type = 'auth.account'")).scalars().all()
    assert found and all("argon2" not in text and PASSWORD not in text for text in found if text)
