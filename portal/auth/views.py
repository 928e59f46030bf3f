"""Pages of the accounts: login, own account, and the security administrator's."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from portal import audit
from portal.auth import operations, passwords, roles, sessions
from portal.auth.forms import AccountForm, GrantForm, LoginForm, PasswordForm
from portal.auth.models import Account, AccountSession, RoleGrant
from portal.auth.permissions import logged_in, require
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.errors import DomainError, Refused
from portal.work import unit_of_work

blueprint = Blueprint("auth", __name__, template_folder="templates")
OPEN = {"auth.login", "auth.logout", "auth.password", "web.static", "web.healthz", "web.readyz", "web.csp_report", "web.language", "web.theme"}


def own_path(target: str | None) -> str:
    """``target`` when it is a path of this portal, else the first page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and not any(ord(c) < 33 or c == "\\" for c in target):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("web.dashboard")


@blueprint.before_app_request
def must_change_first() -> Any:
    """An initial or expired password is changed before anything else."""
    account = g.get("account")
    if account is None or request.endpoint in OPEN or request.endpoint is None:
        return None
    if account.must_change or passwords.expired(operations.settings(), account.password_set_at, utcnow()):
        return redirect(url_for("auth.password"))
    return None


def _enter(account: Account, token: str) -> None:
    session.clear()
    session[sessions.TOKEN] = token
    row = sessions.load(token)
    if row is not None and row.grant_id is not None:
        grant = db.session.get(RoleGrant, row.grant_id)
        if grant is not None:
            sessions.entered(grant)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Any:
    """Log in."""
    if g.account is not None and request.method == "GET":
        return redirect(url_for("web.dashboard"))
    form = LoginForm(data={"next": request.args.get("next", "")}) if request.method == "GET" else LoginForm()
    if request.method == "GET":
        return render_template("auth/login.html", form=form)
    if form.validate():
        try:
            account, token = operations.log_in(
                form.username.data or "", form.password.data or "", request.remote_addr or "", request.user_agent.string
            )
        except DomainError as error:
            form.form_errors.append(error.message)
            return render_template("auth/login.html", form=form), error.status
        _enter(account, token)
        return redirect(own_path(form.next.data), 303)
    return render_template("auth/login.html", form=form), 422


@blueprint.post("/logout")
@logged_in
def logout() -> Any:
    """End this session at once."""
    with unit_of_work("auth.logout") as writer:
        row = writer.get(AccountSession, g.account_session.token_hash)
        if row is not None:
            row.ended_at = utcnow()
        audit.note("auth.logout", record=g.account)
    session.clear()
    answer = redirect(url_for("auth.login"), 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.route("/account/password", methods=["GET", "POST"])
@logged_in
def password() -> Any:
    """Change the own password."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return render_template("auth/password.html", form=form), 422 if form.errors else 200
    account = g.account
    if not passwords.matches(operations.settings(), account.password_hash, form.current.data or ""):
        audit.note("auth.password_refused", record=account, result="denied")
        form.current.errors = [_("当前密码不正确。")]
        return render_template("auth/password.html", form=form), 422
    grant = g.grant
    try:
        with unit_of_work("auth.password_changed") as writer:
            operations.set_password(writer, account, form.password.data or "")
            token = operations.new_session(writer, account, grant, request.remote_addr or "", request.user_agent.string, utcnow())
    except Refused as error:
        form.password.errors = [error.message]
        return render_template("auth/password.html", form=form), 422
    session.clear()
    session[sessions.TOKEN] = token
    flash(_("密码已修改，其他登录已退出。"), "success")
    return redirect(url_for("web.dashboard"), 303)


@blueprint.get("/account")
@logged_in
def account() -> Any:
    """The own account: roles, sessions, last login."""
    rows = db.session.scalars(
        select(AccountSession)
        .where(AccountSession.account_id == g.account.id, AccountSession.ended_at.is_(None))
        .order_by(AccountSession.seen_at.desc())
    ).all()
    return render_template("auth/account.html", rows=rows, roles=roles.all_roles())


@blueprint.post("/account/sessions/<token_hash>/end")
@logged_in
def end_session(token_hash: str) -> Any:
    """End one of the own sessions."""
    with unit_of_work("auth.session_ended") as writer:
        row = writer.get(AccountSession, token_hash)
        if row is None or row.account_id != g.account.id:
            abort(404)
        row.ended_at = utcnow()
        audit.note("auth.session_ended", record=g.account)
    flash(_("该登录已退出。"), "success")
    return redirect(url_for("auth.account"), 303)


@blueprint.post("/account/switch")
@logged_in
def switch() -> Any:
    """Act in another role; the session gets a new id."""
    grant = sessions.grant_of(request.form.get("grant_id", 0, type=int))
    if grant is None or grant not in g.grants:
        abort(404)
    old = g.account_session
    with unit_of_work("auth.role_switched") as writer:
        row = writer.get(AccountSession, old.token_hash)
        fresh_at, created_at = row.fresh_at, row.created_at  # type: ignore[union-attr]
        row.ended_at = utcnow()  # type: ignore[union-attr]
        token = operations.new_session(
            writer, g.account, grant, request.remote_addr or "", request.user_agent.string, utcnow(), fresh_at=fresh_at
        )
        made = writer.get(AccountSession, operations.token_hash(token))
        made.created_at = created_at  # type: ignore[union-attr]
        audit.note("auth.role_switched", record=grant)
    _enter(g.account, token)
    return redirect(url_for("web.dashboard"), 303)


@blueprint.get("/admin/accounts")
@require("accounts.manage")
def accounts() -> Any:
    """All accounts."""
    query = request.args.get("q", "").strip()[:40]
    found = select(Account).options(selectinload(Account.grants)).order_by(Account.username).limit(501)
    if query:
        found = found.where(Account.username.contains(query, autoescape=True) | Account.name.contains(query, autoescape=True))
    rows = db.session.scalars(found).all()
    return render_template("auth/accounts.html", rows=rows[:500], more=len(rows) > 500, query=query, roles=roles.all_roles())


@blueprint.route("/admin/accounts/new", methods=["GET", "POST"])
@require("accounts.manage")
def new_account() -> Any:
    """A new account with a one-time password, shown once."""
    form = AccountForm()
    if form.validate_on_submit():
        code = operations.one_time_password()
        try:
            with unit_of_work("auth.account_created") as writer:
                made = operations.create_account(writer, form.username.data or "", form.name.data or "", code, one_time=True)
                account_id = made.id
        except Refused as error:
            form.username.errors = [error.message]
        else:
            return _shown_once(account_id, code)
    return render_template("auth/account_new.html", form=form), 422 if form.errors else 200


def _shown_once(account_id: int, code: str) -> str:
    return render_template("auth/code.html", account=db.session.get(Account, account_id), code=code)


def _account(account_id: int) -> Account:
    found = db.session.get(Account, account_id)
    if found is None:
        abort(404)
    return found


@blueprint.route("/admin/accounts/<int:account_id>", methods=["GET", "POST"])
@require("accounts.manage")
def edit_account(account_id: int) -> Any:
    """One account: its roles, and giving another."""
    found = _account(account_id)
    known = roles.all_roles()
    organisations = db.session.scalars(select(Organisation).order_by(Organisation.weight)).all()
    form = GrantForm()
    form.role.choices = [(role.code, role.title) for role in known.values()]
    form.org_id.choices = [(org.id, org.name) for org in organisations]
    if form.validate_on_submit():
        try:
            with unit_of_work("auth.role_granted") as writer:
                org = writer.get(Organisation, form.org_id.data)
                assert org is not None
                operations.grant_role(writer, found, form.role.data, org)
            flash(_("角色已授予。"), "success")
            return redirect(url_for("auth.edit_account", account_id=account_id), 303)
        except Refused as error:
            form.role.errors = [error.message]
    history = audit.history("auth.account", account_id, 20)
    return render_template("auth/account_edit.html", row=_account(account_id), form=form, roles=known, history=history), 422 if form.errors else 200


@blueprint.post("/admin/accounts/<int:account_id>/<action>")
@require("accounts.manage")
def act_on_account(account_id: int, action: str) -> Any:
    """Disable, enable, end sessions, reset the password, take a role away."""
    found = _account(account_id)
    if found.id == g.account.id:
        raise Refused(_("不能对自己的账号执行此操作。"))
    code = ""
    with unit_of_work(f"auth.account_{action}") as writer:
        if action == "disable":
            found.active = False
            operations.end_sessions(writer, found.id)
        elif action == "enable":
            found.active, found.locked_until = True, None
        elif action == "sessions":
            operations.end_sessions(writer, found.id)
            audit.note("auth.sessions_ended", record=found)
        elif action == "reset":
            code = operations.one_time_password()
            operations.set_password(writer, found, code, must_change=True, one_time=True)
        elif action == "revoke":
            grant = writer.get(RoleGrant, request.form.get("grant_id", 0, type=int))
            if grant is None or grant.account_id != account_id:
                abort(404)
            operations.revoke_role(writer, grant)
        else:
            abort(404)
    if code:
        return _shown_once(account_id, code)
    flash(_("已完成。"), "success")
    return redirect(url_for("auth.edit_account", account_id=account_id), 303)
