"""Pages of one's own account: login, second factor, password, sessions, switching the role."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from portal import audit
from portal.auth import login as login_steps
from portal.auth import operations, passwords, roles, sessions, totp
from portal.auth.forms import CodeForm, ConfirmForm, LoginForm, PasswordForm
from portal.auth.models import Account, AccountSession, RoleGrant, SecondFactor
from portal.auth.permissions import logged_in
from portal.context import use_actor
from portal.database import db, utcnow
from portal.errors import DomainError, Refused
from portal.work import unit_of_work

blueprint = Blueprint("auth", __name__, template_folder="templates")
OPEN = {
    "auth.login", "auth.code", "auth.logout", "auth.password", "auth.second_factor",
    "web.static", "web.healthz", "web.readyz", "web.csp_report", "web.language", "web.theme",
}  # fmt: skip


def own_path(target: str | None) -> str:
    """``target`` when it is a path of this portal, else the first page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and not any(ord(c) < 33 or c == "\\" for c in target):
        parts = urlsplit(target)
        if not parts.scheme and not parts.netloc:
            return target
    return url_for("web.dashboard")


@blueprint.before_app_request
def first_things_first() -> Any:
    """An initial or expired password is changed, and a second factor that the role demands is set up, before anything else."""
    account = g.get("account")
    if account is None or request.endpoint in OPEN or request.endpoint is None:
        return None
    if account.must_change or passwords.expired(operations.settings(), account.password_set_at, utcnow()):
        return redirect(url_for("auth.password"))
    needed = {grant.role for grant in g.grants} & set(operations.settings().second_factor_roles)
    if needed and not _has_factor(account):
        return redirect(url_for("auth.second_factor"))
    return None


def _has_factor(account: Account) -> bool:
    factor = db.session.get(SecondFactor, account.id)
    return factor is not None and factor.confirmed_at is not None


def _agent() -> tuple[str, str]:
    return request.remote_addr or "", request.user_agent.string


def _enter(token: str) -> None:
    """Put a new session into the cookie; a role that crosses towns leaves an event."""
    kept = {key: session[key] for key in ("lang", "theme") if key in session}
    session.clear()
    session.update(kept)
    session[sessions.TOKEN] = token
    row = sessions.load(token)
    if row is not None and row.grant_id is not None and not row.awaits_code:
        grant = db.session.get(RoleGrant, row.grant_id)
        if grant is not None:
            with use_actor(sessions.actor_of(row, grant)):
                sessions.entered(grant)


@blueprint.route("/login", methods=["GET", "POST"])
def login() -> Any:
    """Log in."""
    if request.method == "GET":
        if g.account is not None:
            return redirect(url_for("web.dashboard"))
        return render_template("auth/login.html", form=LoginForm(data={"next": request.args.get("next", "")}), expired="expired" in request.args)
    form = LoginForm()
    if not form.validate():
        return render_template("auth/login.html", form=form), 422
    try:
        _account, token = login_steps.log_in(form.username.data or "", form.password.data or "", *_agent())
    except DomainError as error:
        form.form_errors.append(error.message)
        return render_template("auth/login.html", form=form), error.status, _retry(error)
    _enter(token)
    row = sessions.load(token)
    if row is not None and row.awaits_code:
        return redirect(url_for("auth.code", next=own_path(form.next.data)), 303)
    return redirect(own_path(form.next.data), 303)


def _retry(error: DomainError) -> dict[str, str]:
    seconds = getattr(error, "retry_after", None)
    return {"Retry-After": str(seconds)} if seconds else {}


@blueprint.route("/login/code", methods=["GET", "POST"])
def code() -> Any:
    """The second step of a login."""
    row = g.half_session
    if row is None:
        return redirect(url_for("auth.login"))
    form = CodeForm()
    if form.validate_on_submit():
        try:
            token = login_steps.give_code(row, form.code.data or "", *_agent())
        except DomainError as error:
            form.code.errors = [error.message]
            return render_template("auth/code.html", form=form), error.status, _retry(error)
        _enter(token)
        return redirect(own_path(request.args.get("next")), 303)
    return render_template("auth/code.html", form=form), 422 if form.errors else 200


@blueprint.post("/logout")
def logout() -> Any:
    """End this session at once."""
    row = g.account_session or g.half_session
    if row is not None:
        with unit_of_work("auth.logout") as writer:
            found = writer.get(AccountSession, row.token_hash)
            if found is not None:
                found.ended_at = utcnow()
            if g.account is not None:
                audit.note("auth.logout", record=g.account)
    session.clear()
    answer = redirect(url_for("auth.login"), 303)
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


@blueprint.route("/account/confirm", methods=["GET", "POST"])
@logged_in
def confirm() -> Any:
    """Give the password again before something grave."""
    form = ConfirmForm(data={"next": request.args.get("next", "")}) if request.method == "GET" else ConfirmForm()
    if request.method == "POST" and form.validate():
        try:
            token = login_steps.confirm_password(g.account_session, form.password.data or "", *_agent())
        except DomainError as error:
            form.password.errors = [error.message]
            return render_template("auth/confirm.html", form=form), error.status, _retry(error)
        _enter(token)
        flash(_("已确认身份，请继续刚才的操作。"), "success")
        return redirect(own_path(form.next.data), 303)
    return render_template("auth/confirm.html", form=form), 422 if form.errors else 200


@blueprint.route("/account/password", methods=["GET", "POST"])
@logged_in
def password() -> Any:
    """Change the own password."""
    form = PasswordForm()
    if not form.validate_on_submit():
        return render_template("auth/password.html", form=form), 422 if form.errors else 200
    account = db.session.get_one(Account, g.account.id)
    if not passwords.matches(operations.settings(), account.password_hash, form.current.data or ""):
        audit.note("auth.password_refused", record=account, result="denied")
        form.current.errors = [_("当前密码不正确。")]
        return render_template("auth/password.html", form=form), 422
    try:
        prepared = operations.prepare_password(account, form.password.data or "")
    except Refused as error:
        form.password.errors = [error.message]
        return render_template("auth/password.html", form=form), 422
    with unit_of_work("auth.password_changed") as writer:
        operations.set_password(writer, account, prepared)
        token = login_steps.new_session(writer, account, g.grant, *_agent(), utcnow())
    _enter(token)
    flash(_("密码已修改，其他登录已退出。"), "success")
    return redirect(url_for("web.dashboard"), 303)


@blueprint.route("/account/second-factor", methods=["GET", "POST"])
@logged_in
def second_factor() -> Any:
    """Set up the authenticator: a picture to scan, a first code, recovery codes shown once."""
    if _has_factor(g.account):
        return render_template("auth/second_factor.html", codes=None, done=True, form=None)
    form = CodeForm()
    factor = db.session.get(SecondFactor, g.account.id)
    if request.method == "POST" and (factor is None or "start" in request.form):
        with unit_of_work("auth.second_factor_started") as writer:
            totp.start_enrolment(writer, g.account)
        return redirect(url_for("auth.second_factor"), 303)
    if factor is None:
        return render_template("auth/second_factor.html", form=None, codes=None, done=False)
    if form.validate_on_submit():
        with unit_of_work("auth.second_factor_confirmed") as writer:
            codes = totp.confirm(writer, writer.get(SecondFactor, g.account.id), form.code.data or "", utcnow())  # type: ignore[arg-type]
        if codes is not None:
            return render_template("auth/second_factor.html", codes=codes, done=True, form=None)
        form.code.errors = [_("验证码不正确，请核对设备时间后重试。")]
    picture = base64.b64encode(totp.enrolment_picture(factor, g.account, operations.settings())).decode()
    secret = totp.secret_of(factor)
    return render_template("auth/second_factor.html", form=form, codes=None, done=False, picture=picture, secret=secret), 422 if form.errors else 200


@blueprint.get("/account")
@logged_in
def account() -> Any:
    """The own account: roles, sessions, last login."""
    living = select(AccountSession).where(AccountSession.account_id == g.account.id, *login_steps.alive(operations.settings(), utcnow()))  # type: ignore[arg-type]
    rows = db.session.scalars(living.order_by(AccountSession.seen_at.desc())).all()
    logins = [event for event in audit.history("auth.account", g.account.id, 60) if event.action == "auth.login" and event.op == "note"]
    previous = logins[1] if len(logins) > 1 else None
    return render_template("auth/account.html", rows=rows, roles=roles.all_roles(), has_factor=_has_factor(g.account), previous=previous)


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
    grant = next((grant for grant in g.grants if grant.id == request.form.get("grant_id", 0, type=int)), None)
    if grant is None:
        abort(404)
    old_hash, grant_id = g.account_session.token_hash, grant.id
    with unit_of_work("auth.role_switched") as writer:
        old = writer.get(AccountSession, old_hash)
        if old is None:
            abort(404)
        old.ended_at = utcnow()
        chosen = writer.get(RoleGrant, grant_id)
        token = login_steps.new_session(writer, g.account, chosen, *_agent(), utcnow(), created_at=old.created_at, fresh_at=old.fresh_at)
        audit.note("auth.role_switched", record=chosen)
    _enter(token)
    return redirect(url_for("web.dashboard"), 303)
