"""动态口令: six digits from an authenticator (RFC 6238), each usable once, and recovery codes on paper."""

from __future__ import annotations

import datetime as dt
import hmac
import secrets

import pyotp
import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from portal.auth.models import FACTOR_PURPOSE, Account, RecoveryCode, SecondFactor
from portal.config import Settings
from portal.crypto import keyring
from portal.database import utcnow

RECOVERY_PURPOSE = "auth.recovery_code"
STEP_SECONDS = 30
WINDOW = 1
"""Steps before and after the present one that are accepted: clocks differ."""
RECOVERY_CODES = 10
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def start_enrolment(session: Session, account: Account) -> SecondFactor:
    """A new secret, not yet in force; an enrolment that was begun and not confirmed is used again."""
    factor = session.get(SecondFactor, account.id)
    if factor is None:
        factor = SecondFactor(account_id=account.id, secret_enc=b"", last_counter=0, confirmed_at=None)
        factor.secret_enc = keyring().encrypt(FACTOR_PURPOSE, pyotp.random_base32(), _bound(account.id))
        session.add(factor)
        session.flush()
    return factor


def _bound(account_id: int) -> str:
    return f"auth.account:{account_id}"


def secret_of(factor: SecondFactor) -> str:
    """The secret in base 32, for the authenticator to be set up with."""
    return keyring().decrypt(FACTOR_PURPOSE, factor.secret_enc, _bound(factor.account_id))


def enrolment_picture(factor: SecondFactor, account: Account, settings: Settings) -> bytes:
    """The QR code that authenticators scan, as an SVG file."""
    import io

    uri = pyotp.TOTP(secret_of(factor)).provisioning_uri(name=account.username, issuer_name=settings.product_name)
    stream = io.BytesIO()
    segno.make(uri, error="m").save(stream, kind="svg", scale=5, border=3, dark="#000", light="#fff")
    return stream.getvalue()


def accept_code(session: Session, factor: SecondFactor, code: str, now: dt.datetime) -> bool:
    """Whether the code is right and was not used before; then it is used up."""
    digits = "".join(sign for sign in code if sign.isascii() and sign.isdigit())
    if len(digits) != 6:
        return False
    generator = pyotp.TOTP(secret_of(factor))
    present = int(now.timestamp()) // STEP_SECONDS
    fitting = [
        counter
        for counter in range(present - WINDOW, present + WINDOW + 1)
        if counter > factor.last_counter and hmac.compare_digest(generator.generate_otp(counter), digits)
    ]
    if not fitting:
        return False
    result = session.execute(
        update(SecondFactor)
        .where(SecondFactor.account_id == factor.account_id, SecondFactor.last_counter < fitting[0])
        .values(last_counter=fitting[0]),
        execution_options={"synchronize_session": "fetch", "audited": True},
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def confirm(session: Session, factor: SecondFactor, code: str, now: dt.datetime) -> list[str] | None:
    """Put an enrolment in force with its first code; returns the recovery codes, None when the code is wrong."""
    if not accept_code(session, factor, code, now):
        return None
    factor.confirmed_at = now
    session.flush()
    return renew_recovery_codes(session, factor.account_id)


def _code_hashes(account_id: int, code: str) -> list[bytes]:
    """The fingerprints of a code, the current key's first: codes on paper outlive a change of keys."""
    plain = "".join(sign for sign in code.casefold() if sign in _ALPHABET)
    return keyring().blind_indexes(RECOVERY_PURPOSE, f"{account_id}:{plain}")


def renew_recovery_codes(session: Session, account_id: int) -> list[str]:
    """Ten new recovery codes; earlier ones are worth nothing."""
    codes = ["-".join("".join(secrets.choice(_ALPHABET) for _i in range(5)) for _j in range(2)) for _k in range(RECOVERY_CODES)]
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    session.add_all(RecoveryCode(account_id=account_id, code_hash=_code_hashes(account_id, code)[0]) for code in codes)
    session.flush()
    return codes


def accept_recovery_code(session: Session, account_id: int, code: str) -> bool:
    """Whether this is one of the account's unused recovery codes; then it is used up."""
    if len(code) > 40:
        return False
    result = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id, RecoveryCode.code_hash.in_(_code_hashes(account_id, code)), RecoveryCode.used_at.is_(None)
        )
        .values(used_at=utcnow()),
        execution_options={"synchronize_session": False},
    )
    return result.rowcount == 1  # type: ignore[attr-defined]


def recovery_codes_left(session: Session, account_id: int) -> int:
    """How many recovery codes are still unused."""
    left = select(func.count()).select_from(RecoveryCode)
    return session.scalar(left.where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))) or 0
