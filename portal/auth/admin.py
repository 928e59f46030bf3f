"""The security administrator's pages: accounts, their roles and their sessions."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from portal import audit
from portal.auth import login as login_steps
from portal.auth import operations, passwords, roles
from portal.auth.forms import AccountForm, GrantForm
from portal.auth.models import Account, AccountSession, RoleGrant, SecondFactor
from portal.auth.permissions import require, require_fresh
from portal.clock import today
from portal.contract import NavItem
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.errors import Refused
from portal.work import unit_of_work

blueprint = Blueprint("accounts", __name__, url_prefix="/admin/accounts", template_folder="templates")
SHOWN = 500
ENDING_DAYS = 30
UNUSED_DAYS = 90
GRANT_DAYS = 365
"""Roles are given for a year unless another day is named, so that they are looked at again."""


def navigation() -> list[NavItem]:
    return [NavItem(_("账号与角色"), "accounts.index", "accounts.manage", "users", 910, _("系统"))]


def views() -> list[tuple[str, Any, list[Any]]]:
    """What the security administrator looks through now and then: code, title, conditions."""
    now, day = utcnow(), today()
    ending = select(RoleGrant.account_id).where(RoleGrant.valid_to.between(day, day + dt.timedelta(days=ENDING_DAYS)))
    unused = now - dt.timedelta(days=UNUSED_DAYS)
    idle = func.coalesce(Account.last_login_at, Account.password_set_at) < unused
    return [
        ("ending", _("角色 %(n)s 天内到期", n=ENDING_DAYS), [Account.active, Account.id.in_(ending)]),
        ("unused", _("%(n)s 天未登录", n=UNUSED_DAYS), [Account.active, idle]),
        ("locked", _("锁定中"), [Account.locked_until > now]),
    ]


@blueprint.get("")
@require("accounts.manage")
def index() -> Any:
    """All accounts, or those that ask to be looked at."""
    query = request.args.get("q", "").replace("\0", "").strip()[:40]
    found = select(Account).options(selectinload(Account.grants)).order_by(Account.username).limit(SHOWN + 1)
    if query:
        found = found.where(Account.username.contains(query, autoescape=True) | Account.name.contains(query, autoescape=True))
    choices = views()
    show = next((code for code, _title, _conditions in choices if code == request.args.get("show")), "")
    for code, _title, conditions in choices:
        if code == show:
            found = found.where(*conditions)
    rows = db.session.scalars(found).all()
    shown = {"choices": choices, "show": show, "rows": rows[:SHOWN], "more": len(rows) > SHOWN, "query": query}
    return render_template("auth/accounts.html", **shown, roles=roles.all_roles(), now=utcnow())


@blueprint.route("/new", methods=["GET", "POST"])
@require("accounts.manage")
def new() -> Any:
    """A new account with a one-time password, shown once."""
    form = AccountForm()
    if form.validate_on_submit():
        password = operations.one_time_password()
        hashed = passwords.hash_password(operations.settings(), password)
        try:
            with unit_of_work("auth.account_created") as writer:
                made = operations.create_account(writer, form.username.data or "", (form.name.data or "").strip(), password_hash=hashed)
                account_id = made.id
        except Refused as error:
            form.username.errors = [error.message]
        else:
            return _shown_once(account_id, password)
    return render_template("auth/account_new.html", form=form), 422 if form.errors else 200


def _shown_once(account_id: int, password: str) -> str:
    return render_template("auth/shown_once.html", row=db.session.get(Account, account_id), password=password, hours=operations.ONE_TIME_HOURS)


def _account(account_id: int) -> Account:
    found = db.session.get(Account, account_id)
    if found is None:
        abort(404)
    return found


@blueprint.route("/<int:account_id>", methods=["GET", "POST"])
@require("accounts.manage")
def edit(account_id: int) -> Any:
    """One account: its roles and sessions, and giving another role."""
    found = _account(account_id)
    known = roles.all_roles()
    organisations = db.session.scalars(select(Organisation).where(Organisation.active).order_by(Organisation.weight, Organisation.id)).all()
    form = GrantForm()
    form.role.choices = [(role.code, str(role.title)) for role in known.values()]
    form.org_id.choices = [(org.id, org.name) for org in organisations]
    if request.method == "GET":
        form.valid_to.data = today() + dt.timedelta(days=GRANT_DAYS)
    if form.validate_on_submit():
        require_fresh()
        try:
            with unit_of_work("auth.role_granted") as writer:
                org = writer.get(Organisation, form.org_id.data)
                operations.grant_role(writer, _account(account_id), form.role.data, org, valid_to=form.valid_to.data)  # type: ignore[arg-type]
            flash(_("角色已授予。"), "success")
            return redirect(url_for("accounts.edit", account_id=account_id), 303)
        except Refused as error:
            form[error.field or "role"].errors = [error.message]
    living = select(AccountSession).where(AccountSession.account_id == account_id, *login_steps.alive(operations.settings(), utcnow()))  # type: ignore[arg-type]
    return render_template(
        "auth/account_edit.html",
        row=_account(account_id), form=form, day=today(), roles=known, now=utcnow(), own=found.id == g.account.id,
        sessions=db.session.scalars(living.order_by(AccountSession.seen_at.desc())).all(),
        factor=db.session.get(SecondFactor, account_id),
    ), 422 if form.errors else 200  # fmt: skip


@blueprint.post("/<int:account_id>/<action>")
@require("accounts.manage")
def act(account_id: int, action: str) -> Any:
    """Disable, enable, unlock, end sessions, reset the password, take a role or the second factor away."""
    found = _account(account_id)
    if action not in ("disable", "enable", "unlock", "sessions", "reset", "revoke", "factor"):
        abort(404)
    if found.id == g.account.id:
        raise Refused(_("不能对自己的账号执行此操作。"))
    require_fresh()
    password = operations.one_time_password() if action == "reset" else ""
    hashed = passwords.hash_password(operations.settings(), password) if password else ""
    with unit_of_work(f"auth.account_{action}") as writer:
        found = _account(account_id)
        if action in ("disable", "enable"):
            operations.set_active(writer, found, action == "enable")
        elif action == "unlock":
            operations.unlock(writer, found)
        elif action == "sessions":
            operations.end_sessions(writer, found.id)
            audit.note("auth.sessions_ended", record=found)
        elif action == "reset":
            operations.set_password(writer, found, hashed, one_time=True)
        elif action == "factor":
            operations.drop_second_factor(writer, found)
        else:
            grant = writer.get(RoleGrant, request.form.get("grant_id", 0, type=int))
            if grant is None or grant.account_id != account_id:
                abort(404)
            operations.revoke_role(writer, grant)
    if password:
        return _shown_once(account_id, password)
    flash(_("已完成。"), "success")
    return redirect(url_for("accounts.edit", account_id=account_id), 303)
