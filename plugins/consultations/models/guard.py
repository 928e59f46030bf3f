"""To whom a file is open: the access list, and the convener once the town has sent it."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from flask import g, has_request_context
from sqlalchemy import ColumnElement, select

from plugins.consultations import rights, rules
from portal.auth.permissions import can
from portal.context import Actor
from portal.database import Base
from portal.tenancy import Guarded

SECRET = {"secret": True}
DRAFT_PURPOSE = "consultations.draft"
CASE_FILES = "consultations.file"
OPINION_FILES = "consultations.answer"
"""The kinds under which files are kept. They are no record types: the pages of the core that serve files do not know them."""


def one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


def convening() -> bool:
    """Whether the acting role takes and leads consultations."""
    return has_request_context() and g.get("grant") is not None and can(rights.CONVENE)


class OfCase(Guarded):
    """Open like the consultation it belongs to."""

    @classmethod
    def consultation_key(cls) -> Any:
        """The column with the consultation's id."""
        return cls.consultation_id  # type: ignore[attr-defined]

    @classmethod
    def open_key(cls, actor: Actor) -> Hashable:
        return convening()

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        return of_case(cls.consultation_key(), actor)


def listed(key: Any, actor: Actor) -> ColumnElement[bool]:
    """The consultations of the access list of whoever is acting."""
    table: Any = Base.metadata.tables["consultations_access"]
    return key.in_(select(table.c.consultation_id).where(table.c.account_id == actor.account_id, table.c.member_org_id == actor.org_id))  # type: ignore[no-any-return]


def of_panel(key: Any, actor: Actor) -> ColumnElement[bool]:
    """Panels that sit over a file of the access list which was joined with theirs. Of the other file nothing is opened by it."""
    cases: Any = Base.metadata.tables["consultations_case"]
    reading = select(cases.c.main_id).where(cases.c.main_id.is_not(None), cases.c.state != "joined", listed(cases.c.id, actor))
    return key.in_(reading)  # type: ignore[no-any-return]


def of_case(key: Any, actor: Actor) -> ColumnElement[bool]:
    """What belongs to a consultation that whoever is acting may see."""
    if not convening():
        return listed(key, actor)
    table: Any = Base.metadata.tables["consultations_case"]
    return key.not_in(select(table.c.id).where(table.c.state.in_(rules.TOWN_ONLY)))  # type: ignore[no-any-return]
