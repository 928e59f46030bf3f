"""Automatic capture: every insert, update and delete of an audited record becomes an event of the same transaction."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction

from portal.audit.chain import Draft, write_events
from portal.audit.models import PORTAL_CHAIN
from portal.context import current_action
from portal.database import Base, OrgScoped

SECRET = {"changed": True}
BYTES = {"bytes": True}


class NotAudited(Exception):
    """A statement would change audited records past the trail."""


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "replace").decode()
        return value
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (bytes, memoryview)):
        return BYTES
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return str(value)


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode


def encode_row(values: dict[str, Any]) -> str:
    """The JSON text of column values, with sorted keys."""
    return _encode({key: plain(value) for key, value in values.items()})


def secret_columns(model: type[Base]) -> frozenset[str]:
    """Attributes whose values never enter the trail."""
    mapper = inspect(model)
    return frozenset(prop.key for prop in mapper.column_attrs if any(column.info.get("secret") for column in prop.columns))


def chain_of(record: Any) -> int:
    """The chain to which events of a record belong: its organisation's, or the portal's."""
    if isinstance(record, OrgScoped):
        return record.org_id
    if type(record).record_name() == "directory.organisation":
        return record.id
    return PORTAL_CHAIN


def _audited(record: Any) -> bool:
    return isinstance(record, Base) and record.__audited__


def _whole(record: Any) -> dict[str, Any]:
    secrets = secret_columns(type(record))
    state = inspect(record)
    return {
        prop.key: SECRET if prop.key in secrets and state.dict.get(prop.key) is not None else plain(state.dict.get(prop.key))
        for prop in state.mapper.column_attrs
    }


def _changes(record: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    secrets = secret_columns(type(record))
    state = inspect(record)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for prop in state.mapper.column_attrs:
        history = state.attrs[prop.key].history
        if not history.has_changes():
            continue
        old = history.deleted[0] if history.deleted else None
        new = history.added[0] if history.added else None
        if old == new and history.deleted:
            continue
        if prop.key in secrets:
            before[prop.key], after[prop.key] = SECRET, SECRET
        else:
            before[prop.key], after[prop.key] = plain(old), plain(new)
    return before, after


def _identity(record: Any) -> int | None:
    key = inspect(record).mapper.primary_key_from_instance(record)
    return key[0] if len(key) == 1 and isinstance(key[0], int) else None


def collect(session: Session, _context: Any) -> None:
    """After a flush: note what it wrote, while the old values are still known."""
    pending: list[Draft] = []
    for record in session.new:
        if _audited(record):
            pending.append(Draft(chain_of(record), "insert", record.record_name(), _identity(record), None, _encode(_whole(record))))
    for record in session.dirty:
        if _audited(record) and session.is_modified(record):
            before, after = _changes(record)
            if after:
                pending.append(
                    Draft(chain_of(record), "update", record.record_name(), _identity(record), _encode(before), _encode(after))
                )
    for record in session.deleted:
        if _audited(record):
            pending.append(Draft(chain_of(record), "delete", record.record_name(), _identity(record), _encode(_whole(record)), None))
    keep(session, pending)


def keep(session: Session, drafts: Iterable[Draft]) -> None:
    """Have events written with this transaction's commit, under the action that is named now."""
    action = current_action()
    named = drafts if action is None else [draft._replace(action=action.name, reason=action.reason) for draft in drafts]
    session.info.setdefault("audit_pending", []).extend(named)


def write_pending(session: Session) -> None:
    """Before the commit: everything noted goes into the chains, in the same transaction."""
    session.flush()
    pending = session.info.pop("audit_pending", [])
    write_events(session, pending)


def mark_savepoint(session: Session, transaction: SessionTransaction) -> None:
    if transaction.nested:
        transaction._portal_mark = len(session.info.get("audit_pending", ()))  # type: ignore[attr-defined]


def forget_rolled_back(session: Session, transaction: SessionTransaction) -> None:
    """What was rolled back did not happen."""
    pending = session.info.get("audit_pending")
    if transaction.nested:
        if pending is not None:
            del pending[getattr(transaction, "_portal_mark", 0) :]
    else:
        session.info.pop("audit_pending", None)
        session.info.pop("audit_tips", None)
        session.info.pop("audit_coarse", None)


def refuse_bulk(state: ORMExecuteState) -> None:
    """Bulk statements on audited records go through ``portal.records.bulk``, which writes their events."""
    if not (state.is_update or state.is_delete or state.is_insert) or state.execution_options.get("audited"):
        return
    mapper = state.bind_mapper
    if mapper is not None and issubclass(mapper.class_, Base) and mapper.class_.__audited__:
        raise NotAudited(f"bulk statement on {mapper.class_.__name__}: use portal.records.bulk")
