"""What is done with accounts: made, changed, given roles, locked, unlocked. Each works in the caller's unit of work."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from portal import audit
from portal.auth import policy as policies
from portal.auth import throttle
from portal.auth.models import BUSINESS, Account, PasswordHistory, RecoveryCode, RoleGrant, SecondFactor
from portal.auth.passwords import hash_password, one_time_password, verify_password
from portal.auth.roles import fits, is_administrator, roles
from portal.auth.sessions import end_sessions
from portal.config import Settings, current_settings
from portal.context import current_actor
from portal.database import utcnow
from portal.directory.models import Organisation
from portal.errors import Conflict, NotAllowed, Refused

ONE_TIME_HOURS = 24
USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,38}[a-z0-9]")


def local_today(settings: Settings | None = None) -> dt.date:
    """Today in the office's time zone."""
    return utcnow().astimezone((settings or current_settings()).zone).date()


def normalise_username(text: str) -> str:
    """A user name as it is stored and compared: half-width, small letters, no blanks around it."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def find_account(session: Session, username: str) -> Account | None:
    """The account with this user name, however it is typed."""
    return session.scalars(select(Account).where(Account.username == normalise_username(username))).one_or_none()


def create_account(
    session: Session, username: str, name: str, password: str, *, must_change: bool, person_id: int | None = None, phone: str = ""
) -> Account:
    """Make an account without a role. With ``must_change`` the password is a one-time one and dies in 24 hours.

    The password is taken as it is: one-time passwords are generated (:func:`portal.auth.passwords.one_time_password`),
    chosen ones pass :func:`change_password`. Raises Refused for a bad or taken user name.
    """
    key = normalise_username(username)
    if not USERNAME.fullmatch(key):
        raise Refused(_l("用户名由 3 至 40 个小写字母、数字、点、横线组成，首尾为字母或数字。"), "username")
    if session.scalar(select(exists().where(Account.username == key))):
        raise Refused(_l("用户名“%(name)s”已被使用。", name=key), "username")
    now = utcnow()
    account = Account(
        username=key,
        name=name.strip(),
        phone=phone.strip(),
        password_hash=hash_password(password, current_settings()),
        password_set_at=now,
        must_change=must_change,
        one_time_until=now + dt.timedelta(hours=ONE_TIME_HOURS) if must_change else None,
        person_id=person_id,
    )
    session.add(account)
    session.flush()
    return account


def edit_account(session: Session, account: Account, *, name: str, phone: str, expected_version: int | None) -> None:
    """Change the name and telephone of an account; raises Conflict when somebody else was faster."""
    if expected_version is not None and account.version != expected_version:
        raise Conflict(_l("这个账号刚刚被别人修改过，请核对后重新提交。"))
    account.name, account.phone = name.strip(), phone.strip()
    session.flush()


# -- roles -----------------------------------------------------------------------------------------------------------


def grant_role(
    session: Session,
    account: Account,
    role: str,
    org: Organisation,
    *,
    valid_from: dt.date | None = None,
    valid_to: dt.date | None = None,
) -> RoleGrant:
    """Give an account a role in an organisation. Raises Refused where role, organisation and account do not go together."""
    _not_oneself(account)
    today = local_today()
    start = valid_from or today
    known = roles().get(role)
    if known is None:
        raise Refused(_l("没有这个角色。"), "role")
    if not fits(known, org):
        raise Refused(_l("角色“%(role)s”不能授予“%(org)s”的人员。", role=known.title, org=org.name), "org_id")
    if valid_to is not None and valid_to < max(start, today):
        raise Refused(_l("截止日期不能早于开始日期或今天。"), "valid_to")
    _keep_duties_apart(session, account, role)
    same = select(RoleGrant).where(
        RoleGrant.account_id == account.id, RoleGrant.role == role, RoleGrant.org_id == org.id, RoleGrant.ended_at.is_(None)
    )
    for other in session.scalars(same):
        if (other.valid_to is None or other.valid_to >= start) and (valid_to is None or valid_to >= other.valid_from):
            raise Refused(_l("该账号在这一时期已有此项授权。"), "role")
    grant = RoleGrant(
        account_id=account.id,
        duty=account.duty,
        role=role,
        org_id=org.id,
        valid_from=start,
        valid_to=valid_to,
        granted_by=current_actor().account_id,
    )
    session.add(grant)
    session.flush()
    return grant


def _keep_duties_apart(session: Session, account: Account, role: str) -> None:
    """三员: the first role decides for good whether an account is for business or for one kind of administration."""
    duty = role if is_administrator(role) else BUSINESS
    if account.duty == duty:
        return
    if session.scalar(select(exists().where(RoleGrant.account_id == account.id))):
        raise Refused(
            _l("系统、安全、审计管理员三者互斥，也不得兼任业务角色（含曾经担任的）。请为其另建账号。"), "role"
        )
    account.duty = duty
    session.flush()


def end_grant(session: Session, grant: RoleGrant) -> None:
    """Take a role away; it works at the next request of the account."""
    _not_oneself(grant.account)
    if grant.ended_at is None:
        grant.ended_at = utcnow()
        session.flush()


def grants_of(session: Session, account_id: int, today: dt.date) -> list[RoleGrant]:
    """The grants that hold today, towns in their order."""
    found = select(RoleGrant).join(RoleGrant.organisation).where(RoleGrant.account_id == account_id, *RoleGrant.holding(today))
    return list(session.scalars(found.order_by(Organisation.weight, Organisation.id, RoleGrant.id)))


def accounts_in_role(session: Session, role: str, org_id: int | None, today: dt.date) -> list[Account]:
    """Active accounts that hold a role today, in one organisation or (None) anywhere."""
    found = (
        select(Account)
        .join(RoleGrant, RoleGrant.account_id == Account.id)
        .where(Account.active, RoleGrant.role == role, *RoleGrant.holding(today))
    )
    if org_id is not None:
        found = found.where(RoleGrant.org_id == org_id)
    return list(session.scalars(found.distinct().order_by(Account.id)))


def _not_oneself(account: Account) -> None:
    actor = current_actor()
    if actor.account_id is not None and actor.account_id == account.id:
        raise NotAllowed(_l("不能变更自己的账号和权限，请由另一名安全管理员办理。"))


# -- passwords -------------------------------------------------------------------------------------------------------


def password_words(session: Session, account: Account) -> frozenset[str]:
    """What this account's password must not contain."""
    orgs = session.scalars(
        select(Organisation).join(RoleGrant, RoleGrant.org_id == Organisation.id).where(RoleGrant.account_id == account.id)
    ).unique()
    texts = [text for org in orgs for text in (org.name, org.short_name)]
    return policies.context_words(account.username, account.name, account.phone, *texts)


def check_new_password(session: Session, account: Account, password: str, settings: Settings) -> list[object]:
    """What is wrong with a new password. Hashes, so it is called before the unit of work begins."""
    rules = policies.policy_of(settings, second_factor=has_second_factor(session, account.id))
    found = policies.problems(password, rules, password_words(session, account))
    if found:
        return found
    earlier = [account.password_hash, *_earlier(session, account, rules.history)] if rules.history else [account.password_hash]
    if any(verify_password(stored, password, settings) for stored in earlier):
        found.append(
            _l("新密码不能与最近 %(number)s 次的密码相同。", number=rules.history)
            if rules.history
            else _l("新密码不能与现在的密码相同。")
        )
    return found


def _earlier(session: Session, account: Account, number: int) -> Iterable[str]:
    found = select(PasswordHistory.password_hash).where(PasswordHistory.account_id == account.id)
    newest = found.order_by(PasswordHistory.set_at.desc(), PasswordHistory.id.desc())
    return session.scalars(newest.limit(max(0, number - 1))).all()


def change_password(session: Session, account: Account, hashed: str, *, one_time: bool = False) -> None:
    """Put a new password hash in place, keep the old one for the history, and end every session of the account."""
    now = utcnow()
    session.add(PasswordHistory(account_id=account.id, password_hash=account.password_hash, set_at=account.password_set_at))
    session.flush()
    keep = (
        select(PasswordHistory.id)
        .where(PasswordHistory.account_id == account.id)
        .order_by(PasswordHistory.set_at.desc(), PasswordHistory.id.desc())
        .limit(policies.HISTORY)
    )
    kept = session.scalars(keep).all()
    session.execute(
        delete(PasswordHistory).where(PasswordHistory.account_id == account.id, PasswordHistory.id.not_in(kept)),
        execution_options={"synchronize_session": False},
    )
    account.password_hash = hashed
    account.password_set_at = now
    account.must_change = one_time
    account.one_time_until = now + dt.timedelta(hours=ONE_TIME_HOURS) if one_time else None
    session.flush()
    end_sessions(session, account.id, "password")


def make_one_time_password(settings: Settings) -> tuple[str, str]:
    """A one-time password and its hash. Called before the unit of work begins, because hashing takes a while."""
    code = one_time_password()
    return code, hash_password(code, settings)


def reset_password(session: Session, account: Account, hashed: str) -> None:
    """Put a one-time password in place of a forgotten one; the owner must change it within 24 hours."""
    _not_oneself(account)
    change_password(session, account, hashed, one_time=True)
    unlock(session, account)


# -- switching, locking, second factor -----------------------------------------------------------------------------------


def set_active(session: Session, account: Account, active: bool) -> None:
    """Disable an account (its sessions end at once) or enable it again."""
    _not_oneself(account)
    account.active = active
    session.flush()
    if not active:
        end_sessions(session, account.id, "disabled")


def unlock(session: Session, account: Account) -> None:
    """Let a locked account log in again before its time."""
    locked = account.resting(utcnow()) or throttle.resting_until(session, account.username) is not None
    account.locked_until = None
    throttle.forget_failures(session, account.username)
    session.flush()
    if locked:
        audit.note("auth.unlocked", record=account, detail={"by": "administrator"})


def has_second_factor(session: Session, account_id: int) -> bool:
    """Whether the account has a confirmed authenticator."""
    found = session.get(SecondFactor, account_id)
    return found is not None and found.confirmed_at is not None


def remove_second_factor(session: Session, account: Account) -> None:
    """Forget a lost authenticator and its recovery codes; sessions end."""
    factor = session.get(SecondFactor, account.id)
    if factor is not None:
        session.delete(factor)
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account.id))
    session.flush()
    end_sessions(session, account.id, "second_factor")
    audit.note("auth.second_factor_removed", record=account)
