"""What stands around every page: headers, host, CSRF, errors, login, language; and who may open which page."""

import importlib
import re
from pathlib import Path

import pytest

from portal import audit
from portal.auth import roles
from tests.conftest import csrf_of
from tests.worlds import PASSWORD

HERE = "http://localhost"
ROOT = Path(__file__).resolve().parents[2]


def test_headers_of_every_answer(app_sqlite):
    client = app_sqlite.test_client()
    for path in ("/login", "/nowhere", "/healthz"):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy and "*" not in policy and "script-src 'self'" in policy and "frame-ancestors 'none'" in policy and "object-src 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["X-Frame-Options"] == "DENY" and headers["Cache-Control"] == "no-store"
        assert re.fullmatch(r"[0-9a-f]{12}", headers["X-Request-ID"]) and "Server" not in headers
    cookie = app_sqlite.test_client().get("/login").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie


def test_head_answers_as_get_does_without_a_body(app_sqlite, login):
    """A monitor that asks with HEAD learns what a browser would get; forms are not taken for sent."""
    stranger, clerk = app_sqlite.test_client(), login("jn_intake")
    for client, path in ((stranger, "/login"), (stranger, "/complaints"), (stranger, "/nowhere"), (clerk, "/complaints/new"), (clerk, "/import/complaints")):
        whole, head = client.get(path), client.head(path)
        assert (head.status_code, head.headers["Content-Type"]) == (whole.status_code, whole.headers["Content-Type"]), path
        assert head.get_data() == b""
    assert stranger.head("/login").status_code == 200


def test_assets_are_kept_for_ever_and_come_from_here(app_sqlite):
    client = app_sqlite.test_client()
    page = client.get("/login").get_data(as_text=True)
    found = re.findall(r'(?:href|src)="([^"]+)"', page)
    assert found and not [address for address in found if "//" in address]
    css = next(address for address in found if address.endswith("portal.css"))
    answer = client.get(css, buffered=True)
    assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
    answer.close()
    assert client.get("/static/../instance/keys.json").status_code == 404


def test_a_page_with_icons_brings_them(app_sqlite, login):
    for client, path in ((app_sqlite.test_client(), "/login"), (app_sqlite.test_client(), "/static/nothing"), (login("jn_clerk"), "/"), (login("jn_clerk"), "/nowhere")):
        page = client.get(path).get_data(as_text=True)
        assert 'class="icon i-' in page and "/icons.css" in page, path


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example:80"])
def test_other_hosts_are_refused(app_sqlite, host):
    assert app_sqlite.test_client().get("/login", headers={"Host": host}).status_code == 400


def test_strangers_are_sent_to_the_login_and_come_back(app_sqlite, login):
    client = app_sqlite.test_client()
    answer = client.get("/certificates?state=expired")
    assert answer.status_code == 302 and answer.headers["Location"] == "/login?next=/certificates?state%3Dexpired"
    fragment = client.get("/certificates", headers={"HX-Request": "true"})
    assert fragment.status_code == 204 and fragment.headers["HX-Redirect"].startswith("/login")


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "\t//evil.example", "https:evil", "https://evil.example/", "javascript:alert(1)", ""])
def test_next_goes_to_own_paths_only(app_sqlite, target):
    client = app_sqlite.test_client()
    token = csrf_of(client.get("/login").get_data(as_text=True))
    answer = client.post("/login", data={"username": "jn_clerk", "password": PASSWORD, "next": target, "csrf_token": token})
    assert answer.status_code == 303 and answer.headers["Location"] == "/"


def test_a_missing_token_keeps_what_was_typed_but_no_password(app_sqlite, login):
    client = login("jn_head")
    answer = client.post("/people/new", data={"name": "<b>赵敏</b>", "position": "副主任", "password": "geheim"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 419
    assert "&lt;b&gt;赵敏" in page and "副主任" in page and "geheim" not in page and "<b>赵敏" not in page
    again = client.post("/people/new", data={"name": "赵敏", "employment_type": "公务员", "gender": "", "education": "", "csrf_token": csrf_of(page)})
    assert again.status_code == 303


def test_errors_are_plain_words_with_a_number(app_sqlite, login, monkeypatch, caplog):
    client = login("jn_clerk")
    page = client.get("/certificates/999999")
    assert page.status_code == 404 and "没有找到" in page.get_data(as_text=True)
    assert client.put("/certificates").status_code == 405
    from portal.people import views

    monkeypatch.setattr(views, "spec", lambda: 1 / 0)
    app_sqlite.testing = False
    app_sqlite.config["PROPAGATE_EXCEPTIONS"] = False
    try:
        broken = client.get("/people")
    finally:
        app_sqlite.testing = True
        app_sqlite.config["PROPAGATE_EXCEPTIONS"] = None
    text = broken.get_data(as_text=True)
    assert broken.status_code == 500 and "ZeroDivision" not in text and "Traceback" not in text
    assert broken.headers["X-Request-ID"] in text and broken.headers["X-Request-ID"] in caplog.text


def test_logout_ends_the_session_on_the_server(app_sqlite, login, post):
    client = login("jn_clerk")
    cookie = client.get_cookie("portal").value
    answer = post(client, "/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    thief = app_sqlite.test_client()
    thief.set_cookie("portal", cookie)
    assert thief.get("/certificates").status_code == 302


def test_the_session_gets_a_new_id_at_login_and_role_change(app_sqlite, world, login, post):
    from portal.auth.operations import grant_role
    from portal.work import unit_of_work

    with unit_of_work("test.grant") as session:
        grant_role(session, session.merge(world.account("jn_head")), "legal_reviewer", world.gelan)
    client = login("jn_head")

    def token():
        with client.session_transaction() as stored:
            return stored["token"]

    first = token()
    grant = world.account("jn_head").grants[1].id
    assert post(client, "/account/switch", {"grant_id": grant}).status_code == 303
    assert token() != first
    assert "葛兰" in client.get("/").get_data(as_text=True)
    assert post(client, "/account/switch", {"grant_id": 9999}).status_code == 404


def test_an_initial_password_is_changed_before_anything_else(app_sqlite, login, post):
    from portal.auth.operations import create_account
    from portal.work import unit_of_work

    with unit_of_work("test.account") as session:
        create_account(session, "fresh", "新人", PASSWORD)
    client = login("fresh")
    assert client.get("/").headers["Location"] == "/account/password"
    wrong = post(client, "/account/password", {"current": PASSWORD, "password": "weak", "again": "weak"}, page="/account/password")
    assert wrong.status_code == 422 and "密码至少需要" in wrong.get_data(as_text=True)
    good = {"current": PASSWORD, "password": "Kestrel-Morning-7", "again": "Kestrel-Morning-7"}
    assert post(client, "/account/password", good, page="/account/password").status_code == 303
    assert client.get("/").status_code == 200


def test_language_and_theme(app_sqlite, login, post):
    client = login("jn_clerk")
    post(client, "/language", {"lang": "en"})
    post(client, "/theme", {"theme": "dark"})
    page = client.get("/").get_data(as_text=True)
    assert '<html lang="en" data-bs-theme="dark"' in page


CORE_PAGES = {
    "/": None,
    "/inbox": None,
    "/account": None,
    "/search?q=赵": None,
    "/people": "people.read",
    "/people/new": "people.edit",
    "/organisations": "people.read",
    "/admin/plugins": "system.manage",
    "/admin/settings": "system.manage",
    "/admin/settings/certificates.warn_days": "system.manage",
    "/admin/calendar": "system.manage",
    "/admin/organisations": "system.manage",
    "/admin/health": "system.manage",
    "/admin/jobs": "system.manage",
    "/admin/accounts": "accounts.manage",
    "/admin/accounts/new": "accounts.manage",
    "/audit": "audit.read",
}
PLUGINS = sorted(path.parent.name for path in (ROOT / "plugins").glob("*/__init__.py"))
"""Each has ``tests/plugins/NAME/pages.py`` with PAGES, the right for each page, and ELSEWHERE, pages whose tests are of another kind."""


def pages_of(name):
    return importlib.import_module(f"tests.plugins.{name}.pages")


PAGES = CORE_PAGES | {path: permission for name in PLUGINS for path, permission in pages_of(name).PAGES.items()}
USERS = ("jn_clerk", "jn_officer", "jn_head", "jn_leader", "jn_legal", "jn_intake", "jn_disc", 
         "sup", "meet", "chair", "jn_train", "ga_liaison", "sysadmin", "secadmin", "auditor")


@pytest.mark.parametrize("username", USERS)
def test_the_permission_matrix_holds_for_every_page(app_sqlite, world, login, username):
    client = login(username)
    held = roles.matrix()[world.account(username).grants[0].role]
    for path, permission in PAGES.items():
        status = client.get(path, follow_redirects=True).status_code
        assert status == (200 if permission is None or permission in held else 403), (path, status)


def test_every_page_of_the_map_is_in_the_matrix(app_sqlite):
    """No page without arguments is left untested."""
    known = {path.partition("?")[0] for path in PAGES}
    own = {"/login", "/login/code", "/account/confirm", "/account/password", "/account/second-factor", "/healthz", "/readyz"}
    own |= {"/settings", "/settings/papers"}.union(*(pages_of(name).ELSEWHERE for name in PLUGINS))
    for rule in app_sqlite.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and not rule.arguments:
            assert rule.rule in known | own, rule.rule


def test_hostile_arguments_never_break_a_page(app_sqlite, login):
    client = login("jn_clerk")
    for value in ("%00", "'", "%25", "\\", "<script>", "9" * 40, "-1", "%F0%9F", "a" * 3000, "[]", "../../x", "%ED%A0%80"):
        for path in (
            "/certificates?q={}", "/certificates?after={}", "/certificates?sort={}", "/certificates?until_from={}", "/certificates?cols={}", "/search?q={}",
            "/people?q={}&status={}", "/inbox?before={}", "/import/certificates?x={}", "/certificates/{}", "/people/{}", "/do/certificates.certificate/1/{}",
        ):  # fmt: skip
            answer = client.get(path.replace("{}", value))
            assert answer.status_code < 500, (path, value)
            assert "<script>" not in re.sub(r"<script src=", "", answer.get_data(as_text=True))


def test_a_percent_sign_finds_a_percent_sign(app_sqlite, world, login):
    from tests.plugins.certificates.helpers import TODAY, certificate

    certificate(world.jiangnan, "PERCENT01", TODAY, name="百分%人")
    certificate(world.jiangnan, "PERCENT02", TODAY, name="普通人")
    page = login("jn_clerk").get("/certificates?q=%25").get_data(as_text=True)
    assert "PERCENT01" in page and "PERCENT02" not in page


def test_health_pages_need_no_login_and_tell_no_secret(app_sqlite):
    client = app_sqlite.test_client()
    assert client.get("/healthz").json == {"ok": True}
    told = client.get("/readyz").json
    wanted = {"ok", "database", "disk", "scheduler", "scheduler_silent_seconds", "trail", "trail_verified_at", "failed_plugins"}
    assert set(told) == wanted and told["database"] and told["trail"] is None
    assert audit.verify_instance(app_sqlite).ok
    told = client.get("/readyz").json
    assert told["trail"] is True and told["trail_verified_at"].startswith("20")


def test_a_locked_out_name_and_an_unknown_one_answer_alike(app_sqlite):
    client = app_sqlite.test_client()
    answers = {}
    for name in ("jn_clerk", "nobody-here"):
        for _attempt in range(6):
            token = csrf_of(client.get("/login").get_data(as_text=True))
            answer = client.post("/login", data={"username": name, "password": "wrong", "csrf_token": token})
        answers[name] = (answer.status_code, "尝试次数过多" in answer.get_data(as_text=True), answer.headers.get("Retry-After"))
    assert answers["jn_clerk"] == answers["nobody-here"] == (429, True, "900")


def test_exports_and_uploads_in_a_row_are_slowed_down(app_sqlite, login, post, monkeypatch):
    import dataclasses

    house = app_sqlite.extensions["portal"]
    settings = dataclasses.replace(house.settings, exports_per_minute=2, uploads_per_minute=1)
    monkeypatch.setitem(app_sqlite.extensions, "portal", dataclasses.replace(house, settings=settings))
    clerk, head = login("jn_clerk"), login("jn_head")
    assert [clerk.get("/people?export=csv").status_code for _n in range(3)] == [200, 200, 429]
    assert int(clerk.get("/people?export=xlsx").headers["Retry-After"]) > 0
    assert head.get("/people?export=csv").status_code == 200, "each account for itself"
    page = "/import/certificates"
    assert [post(clerk, page, {}, page=page).status_code for _n in range(2)] == [422, 429]


def test_while_nothing_can_be_written_reading_goes_on_and_what_was_typed_is_kept(app_sqlite, login, post, monkeypatch):
    import fcntl
    from pathlib import Path

    from portal import sqlite
    from portal.auth import sessions
    from portal.database import db

    clerk = login("jn_clerk")
    form = clerk.get("/people/new").get_data(as_text=True)
    db.session.rollback()
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.2)
    monkeypatch.setattr(sessions, "TOUCH_SECONDS", -1)
    typed = {"name": "赵敏", "gender": "女", "employment_type": "公务员", "education": "本科", "position": "二级主任科员", "csrf_token": csrf_of(form)}
    with (Path(app_sqlite.instance_path) / "portal.write.lock").open("r+b") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert clerk.get("/people").status_code == 200
        refused = clerk.post("/people/new", data=typed)
        page = refused.get_data(as_text=True)
        assert refused.status_code == 503 and refused.headers["Retry-After"] == "10"
        assert "数据库正忙" in page and "二级主任科员" in page and "重新提交" in page and 'action="/people/new"' in page
    again = clerk.post("/people/new", data={**typed, "csrf_token": csrf_of(page)})
    assert again.status_code == 303
    assert "赵敏" in clerk.get("/people").get_data(as_text=True)
