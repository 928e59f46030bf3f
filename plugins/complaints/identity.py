"""Whoever complained: sealed apart from the matter, shown masked, opened with right, reason and trace."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, func, select
from sqlalchemy.orm import Session

from plugins.complaints import figures, rules
from plugins.complaints.models import Complaint
from plugins.complaints.models_identity import CODE_BYTES, IDENTITY_PURPOSE, Draft, Identity, Opening
from portal import audit
from portal.context import current_actor
from portal.crypto import keyring
from portal.database import Ready, utcnow
from portal.directory.idnumber import IdNumberError, check_id_number
from portal.errors import NotFound, Refused

FIELDS = ("name", "phone", "address", "id_number")


def check_values(values: Mapping[str, str]) -> dict[str, str]:
    """The fields of an identity, stripped and checked; raises Refused at the field."""
    clean = {name: " ".join(str(values.get(name) or "").split()) for name in FIELDS}
    if clean["phone"] and rules.phone_refusal(clean["phone"]):
        raise Refused(rules.phone_refusal(clean["phone"]), field="phone")
    if clean["id_number"]:
        try:
            clean["id_number"] = check_id_number(clean["id_number"])
        except IdNumberError as error:
            raise Refused(error.message, field="id_number") from None
    return clean


def seal(session: Session, complaint: Complaint, values: Mapping[str, str]) -> Identity | None:
    """Keep who complained; nothing at all for an anonymous matter or where nothing was said."""
    clean = check_values(values)
    if complaint.anonymous or not any(clean.values()):
        return None
    identity = Identity(**sealed_row(complaint, clean, None))
    session.add(identity)
    session.flush()
    return identity


def sealed_row(complaint: Complaint, clean: Mapping[str, str], until: dt.date | None) -> dict[str, Any]:
    """The columns of an identity, sealed and bound to it."""
    return {"org_id": complaint.org_id, "complaint_id": complaint.id, "keep_until": until, **sealed_values(clean)}


def sealed_values(clean: Mapping[str, str]) -> dict[str, Any]:
    """Whoever complained, sealed under a new name; what takes its time, without any record."""
    uid = secrets.token_hex(16)
    return {"uid": uid, **_sealed(uid, clean)}


def sealed_now(values: Mapping[str, Any]) -> bool:
    """Whether sealed values are of the key that is current."""
    head = keyring().head()
    return all(value[: len(head)] == head for name in FIELDS if (value := values[f"{name}_sealed"]))


def _sealed(uid: str, clean: Mapping[str, str]) -> dict[str, Any]:
    ring = keyring()
    found: dict[str, Any] = {
        f"{name}_sealed": ring.encrypt(f"{IDENTITY_PURPOSE}.{name}", clean[name], uid) if clean[name] else None for name in FIELDS
    }
    found["phone_index"] = ring.blind_index(IDENTITY_PURPOSE, rules.normal_phone(clean["phone"])) if clean["phone"] else None
    found["name_hint"], found["phone_hint"] = rules.mask_name(clean["name"]), rules.mask_phone(clean["phone"])
    found["reachable"] = bool(clean["phone"] or clean["address"])
    return found


def opened(identity: Identity) -> dict[str, str]:
    """The fields in the clear. The caller has checked the right and writes the event."""
    ring = keyring()
    return {
        name: ring.decrypt(f"{IDENTITY_PURPOSE}.{name}", value, identity.uid) if (value := getattr(identity, f"{name}_sealed")) else "" for name in FIELDS
    }


def correct(session: Session, complaint: Complaint, values: Mapping[str, str], reason: str) -> list[str]:
    """更正 what is kept of a person (PIPL art. 46): empty fields stay as they are. Returns which changed; raises Refused."""
    identity = of(session, complaint.id)
    if identity is None:
        raise NotFound(_("没有登记投诉人身份。"))
    before, wanted = opened(identity), check_values(values)
    changed = [name for name in FIELDS if wanted[name] and wanted[name] != before[name]]
    if not changed:
        raise Refused(_("请至少填写一项与现有不同的内容。"))
    for name, value in _sealed(identity.uid, {name: wanted[name] or before[name] for name in FIELDS}).items():
        setattr(identity, name, value)
    audit.note("complaints.identity_corrected", record=complaint, reason=reason, detail={"fields": changed})
    session.flush()
    return changed


def keep_until(complaint: Complaint) -> dt.date | None:
    """The last day on which an identity is kept: so many years after archiving, by the figure of that day. None: not archived."""
    if complaint.archived_on is None:
        return None
    return rules.years_later(complaint.archived_on, figures.figure(figures.RETENTION, complaint.org_id, complaint.archived_on))


def keep_from_archive(session: Session, complaint: Complaint) -> None:
    """Set (or, where it goes on, take back) how long an identity is kept."""
    identity = of(session, complaint.id)
    if identity is not None:
        identity.keep_until = keep_until(complaint)


def of(session: Session, complaint_id: int) -> Identity | None:
    """The identity that is kept for a matter."""
    return session.scalars(select(Identity).where(Identity.complaint_id == complaint_id)).one_or_none()


def open_identity(session: Session, complaint: Complaint, reason: str) -> dict[str, str]:
    """Show who complained, once: the caller has checked the right and a fresh password. Leaves a record and an event."""
    identity = of(session, complaint.id)
    if identity is None:
        raise NotFound(_("没有登记投诉人身份。"))
    actor = current_actor()
    session.add(Opening(org_id=complaint.org_id, complaint_id=complaint.id, account_name=actor.name, role=actor.role, opened_at=utcnow(), reason=reason[:200]))
    audit.note("complaints.identity_opened", record=complaint, reason=reason)
    return opened(identity)


def known(session: Session, complaint: Complaint) -> dict[str, str]:
    """Whoever complained, in order to be left out of a text that goes to others; never to be shown."""
    found = of(session, complaint.id)
    return opened(found) if found is not None else {}


def phone_indexes(number: str) -> list[bytes]:
    """Every blind index under which a telephone may stand, also while keys are changed."""
    return keyring().blind_indexes(IDENTITY_PURPOSE, number)


def same_telephone(session: Session, org_id: int, phone: str) -> list[int]:
    """Matters of a town that came from the same telephone, newest first."""
    number = rules.normal_phone(phone)
    if len(number) < 5:
        return []
    found = select(Identity.complaint_id).where(Identity.org_id == org_id, Identity.phone_index.in_(phone_indexes(number)))
    return list(session.scalars(found.order_by(Identity.complaint_id.desc()).limit(10)))


# -- the query code of the receipt ------------------------------------------------------------------------------------


def new_code() -> str:
    """A random code of 128 bits in groups that can be read out over the telephone."""
    text = base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().rstrip("=")
    return "-".join(text[start : start + 5] for start in range(0, len(text), 5))


def code_hash(code: str) -> bytes | None:
    """The hash under which a code is kept; None for what is no code. O and 0, I and 1 are told apart by the alphabet."""
    text = "".join(code.upper().split()).replace("-", "").replace("0", "O").replace("1", "I").replace("8", "B")
    if len(text) != 26 or any(letter not in "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" for letter in text):
        return None
    return hashlib.sha256(f"complaints.code:{text}".encode()).digest()


# -- drafts -------------------------------------------------------------------------------------------------------------


def save_draft(session: Session, values: Mapping[str, Any]) -> None:
    """Keep what the acting account is typing, sealed."""
    draft = _draft(session)
    if draft is None:
        draft = Draft(org_id=g.grant.org_id, account_id=g.account.id, uid=secrets.token_hex(16), sealed=b"", saved_at=utcnow())
        session.add(draft)
    draft.sealed = keyring().encrypt(f"{IDENTITY_PURPOSE}.sealed", json.dumps(dict(values), ensure_ascii=False), draft.uid)
    draft.saved_at = utcnow()
    session.flush()


def load_draft(session: Session) -> tuple[dict[str, Any], Any] | None:
    """What was being typed, and when it was kept."""
    draft = _draft(session)
    return (json.loads(keyring().decrypt(f"{IDENTITY_PURPOSE}.sealed", draft.sealed, draft.uid)), draft.saved_at) if draft else None


def drop_draft(session: Session, draft_id: int | None) -> None:
    """What was being typed is registered, or not wanted any more."""
    if draft_id is not None:
        session.connection().execute(_DROP, {"draft": draft_id})


_DRAFTS: Any = Draft.__table__
_DROP = delete(_DRAFTS).where(_DRAFTS.c.id == bindparam("draft"))
_MINE = Ready(select(_DRAFTS.c.id).where(_DRAFTS.c.account_id == bindparam("account"), _DRAFTS.c.org_id == bindparam("org")))


def draft_of(session: Session, account_id: int, org_id: int) -> int | None:
    """The draft that an account has in a town."""
    found: int | None = _MINE.one(session.connection(), account=account_id, org=org_id)
    return found


def _draft(session: Session) -> Draft | None:
    return session.scalars(select(Draft).where(Draft.account_id == g.account.id, Draft.org_id == g.grant.org_id)).one_or_none()


def count_drafts(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Draft).where(Draft.account_id == g.account.id, Draft.org_id == g.grant.org_id)) or 0
