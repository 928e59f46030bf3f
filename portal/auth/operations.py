"""What is done with accounts: making them, giving roles, changing passwords, ending sessions, locking."""

from __future__ import annotations

import datetime as dt
import secrets

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal import audit
from portal.auth import passwords, roles, throttle
from portal.auth.models import BUSINESS, Account, AccountSession, OldPassword, RecoveryCode, RoleGrant, SecondFactor
from portal.config import ADMINISTRATORS, Settings
from portal.context import current_actor
from portal.database import db, utcnow
from portal.directory.models import Organisation
from portal.errors import Refused

ONE_TIME_HOURS = 24


def settings() -> Settings:
    found: Settings = current_app.extensions["portal"].settings
    return found


def user_name(text: str) -> str:
    """A user name as it is kept: small letters, no blanks around it, nothing that a database refuses."""
    return "".join(c for c in text.strip().lower() if c.isprintable() and not "\ud800" <= c <= "\udfff")[:40]


def create_account(
    session: Session,
    username: str,
    name: str,
    password: str = "",
    *,
    password_hash: str = "",
    must_change: bool = True,
    person_id: int | None = None,
) -> Account:
    """Add an account; raises Refused when the name is taken.

    ``password_hash`` is for callers that hashed before they took the write lock. An initial password that must be
    changed dies after a day.
    """
    username = user_name(username)
    if session.scalar(select(func.count()).select_from(Account).where(Account.username == username)):
        raise Refused(_("用户名已被使用。"), field="username")
    now = utcnow()
    account = Account(
        username=username,
        name=name,
        password_hash=password_hash or passwords.hash_password(settings(), password),
        password_set_at=now,
        must_change=must_change,
        one_time_until=now + dt.timedelta(hours=ONE_TIME_HOURS) if must_change else None,
        person_id=person_id,
    )
    session.add(account)
    session.flush()
    return account


def grant_role(session: Session, account: Account, role: str, org: Organisation, *, valid_to: dt.date | None = None) -> RoleGrant:
    """Give a role in an organisation, for good or through a day. Raises Refused: unknown role, wrong kind of organisation, administrators mixed.

    A grant of this role that has ended is taken up again.
    """
    known = roles.all_roles()
    if role not in known:
        raise Refused(_("没有这个角色。"), field="role")
    if org.kind not in roles.KINDS[known[role].kind]:
        raise Refused(_("该角色不能授予此类机构。"), field="org_id")
    if current_actor().account_id is not None and current_actor().account_id == account.id:
        raise Refused(_("不能变更自己的角色。"))
    if not roles.may_join({grant.role for grant in account.grants}, role):
        raise Refused(_("系统管理员、安全管理员、安全审计员互斥，且不兼任业务角色。"), field="role")
    same = next((grant for grant in account.grants if grant.role == role and grant.org_id == org.id), None)
    today = utcnow().astimezone(settings().zone).date()
    if same is not None and (same.valid_to is None or same.valid_to >= today):
        raise Refused(_("该账号已有这个角色。"), field="role")
    if valid_to is not None and valid_to < today:
        raise Refused(_("截止日期不能早于今天。"), field="valid_to")
    if same is not None:
        same.valid_from, same.valid_to = today, valid_to
        session.flush()
        return same
    duty = role if role in ADMINISTRATORS else BUSINESS
    if account.duty != duty:
        account.duty = duty
        session.flush()
    grant = RoleGrant(account=account, account_id=account.id, duty=duty, role=role, org_id=org.id, valid_to=valid_to)
    session.add(grant)
    session.flush()
    return grant


def revoke_role(session: Session, grant: RoleGrant) -> None:
    """Take a role away; it ends with the next request."""
    if current_actor().account_id == grant.account_id:
        raise Refused(_("不能变更自己的角色。"))
    account = grant.account
    account.grants.remove(grant)
    session.delete(grant)
    session.flush()


def end_sessions(session: Session, account_id: int, *, but: str = "") -> int:
    """End an account's sessions at once, everywhere; returns how many."""
    ended = session.execute(
        update(AccountSession)
        .where(AccountSession.account_id == account_id, AccountSession.ended_at.is_(None), AccountSession.token_hash != but)
        .values(ended_at=utcnow()),
        execution_options={"synchronize_session": False},
    )
    return int(ended.rowcount)  # type: ignore[attr-defined]


def prepare_password(account: Account, password: str) -> str:
    """Check a new password and hash it, before the write lock is taken; raises Refused when it is weak or was used before."""
    config = settings()
    words = [account.username, account.name, *(grant.organisation.short_name for grant in account.grants)]
    factor = db.session.get(SecondFactor, account.id)
    wrong = passwords.problem(config, password, words, second_factor=factor is not None and factor.confirmed_at is not None)
    if wrong:
        raise Refused(wrong, field="password")
    old = select(OldPassword.password_hash).where(OldPassword.account_id == account.id).order_by(OldPassword.id.desc()).limit(passwords.HISTORY - 1)
    if any(passwords.matches(config, stored, password) for stored in (account.password_hash, *db.session.scalars(old))):
        raise Refused(_("不能使用最近用过的密码。"), field="password")
    return passwords.hash_password(config, password)


def set_password(session: Session, account: Account, prepared: str, *, one_time: bool = False) -> None:
    """Store a hashed password. All sessions of the account end. A one-time password must be changed and dies in a day."""
    now = utcnow()
    session.add(OldPassword(account_id=account.id, password_hash=account.password_hash))
    account.password_hash = prepared
    account.password_set_at = now
    account.must_change = one_time
    account.one_time_until = now + dt.timedelta(hours=ONE_TIME_HOURS) if one_time else None
    end_sessions(session, account.id)
    session.flush()


def close_access(session: Session, account_id: int, org_id: int, day: dt.date) -> None:
    """Whoever leaves an organisation holds no role there from ``day`` on, and without any other role no account. Sessions end at once."""
    account = session.get(Account, account_id)
    if account is None:
        return
    for grant in account.grants:
        if grant.org_id == org_id and grant.holds_on(day):
            grant.valid_to = day - dt.timedelta(days=1)
    if not any(grant.holds_on(day) or (grant.valid_from or day) > day for grant in account.grants):
        account.active = False
    end_sessions(session, account.id)
    audit.note("auth.access_closed", record=account, detail={"org_id": org_id, "from": day.isoformat(), "active": account.active})
    session.flush()


def one_time_password() -> str:
    """A password for one day and one login, easy to read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz"
    return "-".join("".join(secrets.choice(letters + "23456789") for _i in range(4)) for _j in range(4))


def set_active(session: Session, account: Account, active: bool) -> None:
    """Disable an account, which ends its sessions at once, or enable it again. Raises Refused for the own account."""
    if current_actor().account_id == account.id:
        raise Refused(_("不能对自己的账号执行此操作。"))
    account.active = active
    if not active:
        end_sessions(session, account.id)
    session.flush()


def lock(session: Session, account: Account, until: dt.datetime) -> None:
    """Let an account rest until then."""
    account.locked_until = until
    audit.note("auth.locked", record=account, detail={"until": until.isoformat()}, result="denied")
    session.flush()


def unlock(session: Session, account: Account) -> None:
    """End the rest after too many failures."""
    account.locked_until = None
    throttle.forgive(session, account.username)
    audit.note("auth.unlocked", record=account)
    session.flush()


def drop_second_factor(session: Session, account: Account) -> None:
    """Take the authenticator and its recovery codes away, e.g. because the telephone is lost."""
    factor = session.get(SecondFactor, account.id)
    if factor is not None:
        session.delete(factor)
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    end_sessions(session, account.id)
    session.flush()
