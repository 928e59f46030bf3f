"""Double click, Back and Reload make one record: each form that makes something carries a key that is taken once.

The key is claimed at the beginning of the unit of work, so that of two requests at the same moment the second waits for
the first and then finds what was made.
"""

from __future__ import annotations

import datetime as dt
import re
import secrets
from functools import cache
from typing import Any

from flask import request
from sqlalchemy import Index, String, Table, bindparam, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from portal.database import Base, Ready, insert_into, utcnow
from portal.sqlite import straight

FIELD = "form_key"
KEPT = dt.timedelta(days=2)
SHAPE = re.compile(r"[0-9a-f]{32}")


class FormKey(Base):
    """The key of a form that was sent, with the address of what it made. No account and no time of day: it may have been anonymous."""

    __tablename__ = "records_form_key"
    __audited__ = False
    __table_args__ = (Index(None, "on"),)

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    url: Mapped[str] = mapped_column(String(200), default="")
    on: Mapped[dt.date]


TABLE: Table = FormKey.__table__  # type: ignore[assignment]
_URL = Ready(select(TABLE.c.url).where(TABLE.c.key == bindparam("of")))
_MADE = update(TABLE).where(TABLE.c.key == bindparam("of")).values(url=bindparam("url"))


def new_key() -> str:
    """A key for a form that is shown now."""
    return secrets.token_hex(16)


def sent_key() -> str:
    """The key that came with this request; empty where there is none."""
    found = request.form.get(FIELD, "")
    return found if SHAPE.fullmatch(found) else ""


def claim(session: Session, key: str) -> str | None:
    """Take a key in the open unit of work; returns the address of what was made with it before, None the first time."""
    if not key:
        return None
    connection = session.connection()
    if connection.scalar(_claimed(connection.dialect.name), {"key": key, "url": "", "on": utcnow().date()}) is not None:
        return None
    return made_with(session, key) or "/"


def made_with(session: Session, key: str) -> str:
    """The address of what was made with a key; empty for one that nothing was made with."""
    return (_URL.one(session.connection(), of=key) or "") if key else ""


@cache
def _claimed(dialect: str) -> Any:
    return insert_into(TABLE, dialect).on_conflict_do_nothing().returning(TABLE.c.key)


_TAKE = 'INSERT INTO records_form_key ("key", url, "on") VALUES (?, ?, ?) ON CONFLICT DO NOTHING'


class Made(Exception):
    """Something was made with this key before; what has been done since goes back."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def claim_made(session: Session, key: str, url: str) -> None:
    """Take a key together with the address of what was made, in one statement at the end; raises Made where somebody was faster."""
    if not key:
        return
    connection, day = session.connection(), utcnow().date()
    if connection.dialect.name == "sqlite":
        taken = straight(connection, _TAKE, (key, url, day.isoformat())).rowcount == 1
    else:
        taken = connection.scalar(_claimed(connection.dialect.name), {"key": key, "url": url, "on": day}) is not None
    if not taken:
        raise Made(made_with(session, key) or "/")


def made(session: Session, key: str, url: str) -> None:
    """Say what was made with a claimed key."""
    if key:
        session.connection().execute(_MADE, {"of": key, "url": url})


def purge(session: Session, now: dt.datetime) -> int:
    """Forget keys that no browser sends any more."""
    gone = session.execute(delete(FormKey).where(FormKey.on < (now - KEPT).date()), execution_options={"synchronize_session": False})
    return int(gone.rowcount)  # type: ignore[attr-defined]
