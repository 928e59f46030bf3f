"""Accounts: logging in, throttling, and the administrators that exclude one another."""

import pytest
import sqlalchemy as sa

from portal.auth import login as login_steps
from portal.auth import operations, roles
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
    account, token = login_steps.log_in(" JN_Clerk ", PASSWORD, *HERE)
    assert account.username == "jn_clerk"
    row = db.session.get(AccountSession, login_steps.token_hash(token))
    assert row.account_id == account.id and row.grant_id is not None
    assert token not in {row.token_hash}


@pytest.mark.parametrize("name", ["jn_clerk", "nobody", "jn\x00clerk", "\ud800", ""])
def test_what_was_wrong_is_not_told(app, name):
    with pytest.raises(Refused) as error:
        login_steps.log_in(name, "wrong", *HERE)
    assert str(error.value) == "用户名或密码不正确。"


def test_after_five_failures_the_name_rests_whether_it_exists_or_not(app):
    for name in ("jn_clerk", "nobody"):
        for _ in range(5):
            with pytest.raises(Refused):
                login_steps.log_in(name, "wrong", *HERE)
        with pytest.raises(TooMany):
            login_steps.log_in(name, PASSWORD, *HERE)


def test_the_oldest_of_four_sessions_ends(app):
    tokens = [login_steps.log_in("jn_clerk", PASSWORD, *HERE)[1] for _ in range(4)]
    open_ones = [db.session.get(AccountSession, login_steps.token_hash(token)).ended_at is None for token in tokens]
    assert open_ones == [False, True, True, True]


def test_a_weak_or_used_password_is_refused(app, world):
    for password in ("short1!", "password123456", "changshou2026!A", PASSWORD):
        with pytest.raises(Refused), unit_of_work("password") as session:
            set_password(session, world, password)
    with unit_of_work("password") as session:
        set_password(session, world, "Kestrel-Morning-7")
    assert login_steps.log_in("jn_clerk", "Kestrel-Morning-7", *HERE)


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


def test_the_database_itself_keeps_the_administrators_apart(app, world):
    account = world.account("sysadmin")
    for role, duty in (("security_auditor", "system_admin"), ("leader", "system_admin"), ("leader", "business"), ("security_auditor", "security_auditor")):
        with pytest.raises(sa.exc.IntegrityError), unit_of_work("sneak") as session:
            session.execute(
                sa.text("INSERT INTO auth_role_grant (account_id, duty, role, org_id) VALUES (:a, :d, :r, :o)"),
                {"a": account.id, "d": duty, "r": role, "o": world.district.id},
            )


def test_parallel_guesses_are_all_counted(app_sqlite):
    import threading

    results = []

    def guess():
        with app_sqlite.app_context():
            try:
                login_steps.log_in("jn_clerk", "wrong", *HERE)
            except (Refused, TooMany) as error:
                results.append(type(error))
            db.session.remove()

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results.count(Refused) == 5 and results.count(TooMany) == 7


def test_one_address_does_not_lock_somebody_out_elsewhere(app_sqlite):
    for _attempt in range(6):
        with pytest.raises((Refused, TooMany)):
            login_steps.log_in("jn_clerk", "wrong", "10.9.9.9", "browser")
    assert login_steps.log_in("jn_clerk", PASSWORD, *HERE)


def test_an_authenticator_code_is_good_once_and_recovery_codes_too(app, world):
    import pyotp

    from portal.auth import totp
    from portal.auth.models import SecondFactor
    from portal.database import utcnow

    with unit_of_work("factor") as session:
        factor = totp.start_enrolment(session, session.get(Account, world.account("jn_head").id))
        secret = totp.secret_of(factor)
        codes = totp.confirm(session, factor, pyotp.TOTP(secret).now(), utcnow())
    assert codes and len(codes) == 10
    _account, token = login_steps.log_in("jn_head", PASSWORD, *HERE)
    half = db.session.get(AccountSession, login_steps.token_hash(token))
    assert half.awaits_code
    with pytest.raises(Refused):
        login_steps.give_code(half, "000000", *HERE)
    half = db.session.get(AccountSession, login_steps.token_hash(token))
    full = login_steps.give_code(half, codes[0], *HERE)
    assert not db.session.get(AccountSession, login_steps.token_hash(full)).awaits_code
    _account, token = login_steps.log_in("jn_head", PASSWORD, *HERE)
    with pytest.raises(Refused):
        login_steps.give_code(db.session.get(AccountSession, login_steps.token_hash(token)), codes[0], *HERE)
    stored = db.session.get(SecondFactor, world.account("jn_head").id)
    assert secret.encode() not in stored.secret_enc


def test_the_security_administrator_makes_and_stops_accounts(app_sqlite, world, login, post):
    admin = login("secadmin")
    made = post(admin, "/admin/accounts/new", {"username": "newbie", "name": "新人"}, page="/admin/accounts/new")
    import re

    password = re.search(r"<code>([a-z0-9-]{19})</code>", made.get_data(as_text=True))[1]
    key = world.account("newbie").id
    grant = {"role": "handling_officer", "org_id": world.jiangnan.id}
    assert post(admin, f"/admin/accounts/{key}", grant, page=f"/admin/accounts/{key}").status_code == 303
    mixed = post(admin, f"/admin/accounts/{key}", {"role": "system_admin", "org_id": world.district.id}, page=f"/admin/accounts/{key}")
    assert mixed.status_code == 422 and "互斥" in mixed.get_data(as_text=True)
    fresh = login("newbie", password)
    assert fresh.get("/certificates").headers["Location"] == "/account/password"
    victim = login("jn_clerk")
    target = world.account("jn_clerk").id
    assert post(admin, f"/admin/accounts/{target}/disable", page=f"/admin/accounts/{target}").status_code == 303
    assert victim.get("/certificates").status_code == 302
    own = world.account("secadmin").id
    assert post(admin, f"/admin/accounts/{own}/disable").status_code == 422
    assert post(admin, f"/admin/accounts/{own}", {"role": "leader", "org_id": world.jiangnan.id}).status_code == 422


def test_grave_things_ask_for_the_password_again(app_sqlite, world, login, post):
    import datetime as dt

    from portal.database import utcnow

    admin = login("secadmin")
    with unit_of_work("age") as session:
        for row in session.scalars(sa.select(AccountSession)):
            row.fresh_at = utcnow() - dt.timedelta(minutes=6)
    target = world.account("jn_clerk").id
    answer = post(admin, f"/admin/accounts/{target}/reset", page=f"/admin/accounts/{target}")
    assert answer.status_code == 303 and answer.headers["Location"].startswith("/account/confirm")
    wrong = post(admin, "/account/confirm", {"password": "wrong", "next": "/admin/accounts"}, page="/account/confirm")
    assert wrong.status_code == 422
    good = post(admin, "/account/confirm", {"password": PASSWORD, "next": "/admin/accounts"}, page="/account/confirm")
    assert good.status_code == 303 and good.headers["Location"] == "/admin/accounts"
    assert "一次性密码" in post(admin, f"/admin/accounts/{target}/reset", page=f"/admin/accounts/{target}").get_data(as_text=True)


def test_a_refusal_of_a_right_is_an_event_even_when_the_work_is_undone(app_sqlite, world, login, post, today):
    from tests.plugins.certificates.helpers import certificate

    key = certificate(world.jiangnan, "DENIED001", today)
    address = f"/do/certificates.certificate/{key}/suspend"
    assert post(login("jn_officer"), address, {"reason": "x"}).status_code == 403
    found = db.session.execute(sa.text("SELECT actor, result FROM audit_event WHERE action = 'access.denied'")).all()
    assert [tuple(row) for row in found] == [("李明杰", "denied")]


def test_revealing_an_identity_number_takes_a_reason_and_leaves_an_event(app, world, login, post):
    from portal.directory.models import Person
    from tests.plugins.certificates.helpers import id_number

    with unit_of_work("test.person") as session:
        person = Person(org_id=world.jiangnan.id, name="赵敏", employment_type="公务员")
        person.set_id_number(id_number(3))
        session.add(person)
        session.flush()
        key = person.id
    head = login("jn_head")
    page = f"/people/{key}"
    assert id_number(3) not in head.get(page).get_data(as_text=True)
    assert post(head, f"{page}/reveal", {"reason": ""}, page=page).status_code == 422
    shown = post(head, f"{page}/reveal", {"reason": "核对考试报名"}, page=page).get_data(as_text=True)
    assert id_number(3) in shown and id_number(3) not in head.get(page).get_data(as_text=True)
    assert post(login("jn_officer"), f"{page}/reveal", {"reason": "好奇好奇"}, page=page).status_code == 403
    found = db.session.execute(sa.text("SELECT actor, reason FROM audit_event WHERE action = 'people.revealed'")).all()
    assert [tuple(row) for row in found] == [("周平", "核对考试报名")]


def test_the_hash_of_the_chain_is_changed_by_an_event(app_sqlite):
    import dataclasses

    from portal import audit

    house = app_sqlite.extensions["portal"]
    app_sqlite.extensions["portal"] = dataclasses.replace(house, settings=dataclasses.replace(house.settings, audit_hash="sm3"))
    try:
        audit.note("test.sm3")
    finally:
        app_sqlite.extensions["portal"] = house
    audit.note("test.sha")
    rows = db.session.execute(sa.text("SELECT action, alg FROM audit_event WHERE chain_id = 0 ORDER BY seq DESC LIMIT 4")).all()
    assert [tuple(row) for row in rows] == [("test.sha", "sha256"), ("audit.algorithm", "sha256"), ("test.sm3", "sm3"), ("audit.algorithm", "sm3")]
    assert audit.verify_instance(app_sqlite).ok
