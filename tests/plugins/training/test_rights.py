"""Who may open and do what: every address of the plugin against the table of rights, as each role."""

import pytest
from flask import current_app

from plugins.training import rights, workflow
from portal.auth import roles
from tests.plugins.training.helpers import person, session_of

ACCOUNTS = {
    "jn_train": "training_manager", "jn_head": "office_head", "jn_leader": "leader", "jn_officer": "handling_officer", "jn_legal": "legal_reviewer",
    "jn_clerk": "certificate_clerk",
    "jn_intake": "intake_clerk", "jn_disc": "discipline_officer", "sup": "supervisor", "ga_liaison": "department_liaison", "sysadmin": "system_admin",
    "auditor": "security_auditor",
    "secadmin": "security_admin",
}  # fmt: skip
OPEN = {"training_sign.screen"}
"""The screen in the room needs its key, and no login."""


def addresses():
    """Every address of the plugin, with its methods, its right, and a path with numbers that are not there."""
    for rule in current_app.url_map.iter_rules():
        if rule.endpoint.split(".")[0].startswith("training"):
            view = current_app.view_functions[rule.endpoint]
            path = rule.rule
            for name in rule.arguments:
                path = path.replace(f"<int:{name}>", "2147483646").replace(f"<{name}>", "docx")
            yield rule, getattr(view, "permission", None), path


def test_every_address_asks_for_a_right(app_sqlite):
    listed = list(addresses())
    assert len(listed) > 60
    for rule, permission, _path in listed:
        assert permission or rule.endpoint in OPEN, rule
    used = {permission for _rule, permission, _path in listed} | {step["permission"] for flow in workflow.ALL for step in flow.matrix()}
    declared = {permission.code for permission in rights.PERMISSIONS}
    granted = set().union(*rights.GRANTS.values())
    assert granted == declared and used - {None, ""} <= declared


@pytest.mark.parametrize("username", list(ACCOUNTS))
def test_whoever_lacks_the_right_is_refused(app_sqlite, world, login, post, username):
    client, held = login(username), roles.matrix()[ACCOUNTS[username]]
    for rule, permission, path in list(addresses()):
        if rule.endpoint in OPEN:
            continue
        method = "GET" if "GET" in rule.methods else "POST"
        answer = client.get(path) if method == "GET" else post(client, path, {}, page="/")
        if permission in held:
            assert answer.status_code != 403 or method == "POST", (username, path)
            assert answer.status_code < 500, (username, path)
        else:
            assert answer.status_code == 403, (username, path, answer.status_code)


def test_strangers_meet_the_login(app_sqlite):
    client = app_sqlite.test_client()
    for rule, _permission, path in addresses():
        if rule.endpoint in OPEN:
            assert client.get(path).status_code == 404
        elif "GET" in rule.methods:
            assert client.get(path).status_code == 302, path
        else:
            assert client.post(path).status_code in (302, 400, 401, 419), path


def test_nothing_typed_brings_it_down(app_sqlite, world, login, post):
    """Odd arguments everywhere: never a 5xx."""
    person(world.jiangnan, "李明")
    session_of(world.jiangnan, "2026-11-24 09:00")
    odd = ("", "-1", "99999999999999999999", "2026-02-30", "😀", "\x00", "\ud800".encode("utf-8", "replace").decode(), "长" * 3000, "' OR 1=1", "<script>", "%", "all")
    for client in (login("jn_head"), login("sup")):
        for path in ("/training", "/training/people", "/training/year", "/training/departments", "/training/external", "/training/exams", "/training/questions",
            "/training/check",
                     "/training/people/1", "/training/new", "/training/exams/new", "/training/certify", "/training/year/attendance.xlsx"):  # fmt: skip
            for value in odd:
                query = dict.fromkeys(
                    ("year", "town", "status", "light", "q", "code", "ids", "sort", "after", "like", "plan_item", "session", "shape", "size", "held_from"), value
                )
                assert client.get(path, query_string=query).status_code < 500, (path, value)
    manager = login("jn_train")
    for path in ("/training/1/enrol", "/training/1/invite", "/training/1/entry", "/training/1/walk-in", "/training/batches", "/training/plans", "/training/rooms",
        "/training/people/1/account",
                 "/training/external/new", "/training/exemptions/new", "/training/questions/new", "/training/exams/new", "/training/new",
                 "/training/1/edit"):  # fmt: skip
        for value in odd:
            names = ("people", "quota-2", "in-1", "out-1", "quick", "reason", "town", "year", "kind", "name", "seats", "account", "title", "hours", "day", "starts",
                "ends", "pause",
                     "capacity", "text", "options", "answer", "subject", "minutes", "opens", "closes", "last_day", "count-0", "person_id", "starts_on", "ends_on",
                     "on_day", "version")  # fmt: skip
            assert post(manager, path, dict.fromkeys(names, value)).status_code < 500, (path, value)
