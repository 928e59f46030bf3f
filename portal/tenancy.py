"""A query sees only what its account may see.

Every ORM SELECT, UPDATE and DELETE on an :class:`~portal.database.OrgScoped` model is narrowed to the towns of the current
scope and, for a plugin's model, to the towns where that plugin is on. Without a scope nothing is seen. Leaving the
scope takes :func:`crossing`, which has a name, a reason and an event in the trail.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Table, TextClause, and_, event, false, not_, true
from sqlalchemy.orm import FromStatement, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors

from portal.context import Actor, current_actor
from portal.database import Base, OrgScoped, db
from portal.errors import OutsideScope


@dataclass(frozen=True)
class Scope:
    """Which organisations' records are seen. ``orgs`` None means all of them.

    ``switched_off``: also the records of a plugin in towns where it is off (for uniqueness over the whole register).
    ``unguarded``: also :class:`Guarded` records of which the acting account is not one that they are open to.
    """

    name: str
    orgs: frozenset[int] | None
    switched_off: bool = False
    unguarded: bool = False

    def allows(self, org_id: int | None) -> bool:
        return self.orgs is None or org_id in self.orgs


NOTHING = Scope("nothing", frozenset())
EVERYTHING = Scope("everything", None)

_looking: ContextVar[bool] = ContextVar("portal_looking", default=False)
_scope: ContextVar[Scope] = ContextVar("portal_scope", default=NOTHING)

CrossingListener = Callable[[str, str], None]
_crossing_listeners: list[CrossingListener] = []


def current_scope() -> Scope:
    return _scope.get()


def set_scope(scope: Scope) -> None:
    """Set the scope for the rest of this context (a request); jobs and commands use :func:`use_scope`."""
    _scope.set(scope)


@contextmanager
def use_scope(scope: Scope) -> Iterator[Scope]:
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


def on_crossing(listener: CrossingListener) -> None:
    """Have ``listener(name, reason)`` told of each crossing; the audit trail registers itself here."""
    if listener not in _crossing_listeners:
        _crossing_listeners.append(listener)


@contextmanager
def crossing(name: str, reason: str, *, switched_off: bool = False, unguarded: bool = False) -> Iterator[Scope]:
    """See all towns, under a name and with an event in the trail."""
    for listener in _crossing_listeners:
        listener(name, reason)
    with use_scope(Scope(name, None, switched_off, unguarded)) as scope:
        yield scope


def visible_orgs(plugin: str | None, scope: Scope | None = None) -> frozenset[int] | None:
    """Organisations whose records of ``plugin`` (None: the core) the scope shows; None means all."""
    scope = scope or current_scope()
    if plugin is None or scope.switched_off:
        return scope.orgs
    enabled: frozenset[int] = current_app.extensions["portal"].plugins.enabled_orgs(plugin)
    return enabled if scope.orgs is None else enabled & scope.orgs


_models: tuple[list[type[Any]], list[type[Any]]] = ([], [])


def scoped_models() -> list[type[Any]]:
    """Every mapped model that tenancy applies to; looked for anew when a class was added or went."""
    global _models
    direct = OrgScoped.__subclasses__()
    if direct != _models[0]:
        _models = (direct, _find_models(direct))
    return _models[1]


def _find_models(direct: list[type[Any]]) -> list[type[Any]]:
    found: list[type[Any]] = []
    pending = list(direct)
    while pending:
        model = pending.pop()
        pending.extend(model.__subclasses__())
        if issubclass(model, Base) and "__mapper__" in model.__dict__:
            found.append(model)
    return found


_reached: dict[str, tuple[type[Any], ...]] = {}
_known = 0


def concerned(statement: Any) -> tuple[type[Any], ...]:
    """The scoped models of which a statement may read rows: those of its tables, wherever they stand in it, and those to
    which the relationships of these lead, since they may be loaded along. What cannot be looked through concerns all."""
    global _known
    if _known != len(Base.metadata.tables):
        _reached.clear()
        _known = len(Base.metadata.tables)
    found: dict[type[Any], None] = {}
    for element in visitors.iterate(statement):
        if isinstance(element, TextClause | FromStatement):
            return tuple(scoped_models())
        if isinstance(element, Table):
            found.update(dict.fromkeys(_reached_from(element.name)))
    return tuple(found)


def _reached_from(table: str) -> tuple[type[Any], ...]:
    if table not in _reached:
        pending = [mapper for mapper in Base.registry.mappers if table in {part.name for part in mapper.tables}]
        seen = set(pending)
        while pending:
            for relationship in pending.pop().relationships:
                if relationship.mapper not in seen:
                    seen.add(relationship.mapper)
                    pending.append(relationship.mapper)
        models = {mapper.class_ for mapper in seen}
        _reached[table] = tuple(model for model in scoped_models() if model in models)
    return _reached[table]


class Confidential:
    """Mixed into a model whose records some accounts must not meet, though they stand in their town.

    The narrowing applies to every ORM statement, as that to towns does: lists, counts, searches, look-ups.
    """

    @classmethod
    def kept_from(cls, actor: Actor) -> ColumnElement[bool] | None:
        """Which rows are kept from whoever is acting; None when there is nothing to keep from them."""
        raise NotImplementedError


class Shared:
    """Mixin beside ``OrgScoped``: records of one organisation that others are let in on, e.g. the units invited to a meeting.

    A SELECT finds them also where :meth:`let_in` holds: lists, counts, searches and look-ups alike. Bulk statements stay
    with the owner. A single record may be written by the organisations of :meth:`hands` too, for the steps that are theirs.
    """

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        """Which rows of others these organisations see. Built from tables (aliased in subqueries), not from narrowed models."""
        raise NotImplementedError

    def hands(self) -> frozenset[int]:
        """The organisations beside the owner that act on this very record."""
        return frozenset()


class Guarded:
    """Mixed into an :class:`OrgScoped` model whose records are open to exactly those whom they name, in whatever
    organisation they act: fewer than their town, and some beyond it.

    For an account this takes the place of the narrowing to towns, in every ORM statement: lists, counts, searches,
    look-ups. Jobs and commands, which no account started, see by their scope as ever.
    """

    @classmethod
    def open_key(cls, actor: Actor) -> Hashable:
        """What :meth:`opened_to` depends on beside the account and its organisation; asked with each statement."""
        return None

    @classmethod
    def opened_to(cls, actor: Actor) -> ColumnElement[bool] | None:
        """Which rows whoever is acting may meet; None when they may meet all of them. Tables, not models, in subqueries."""
        raise NotImplementedError

    def written_by(self, actor: Actor) -> bool:
        """Whether somebody whose scope does not hold the record's organisation may write this row all the same."""
        return False


def reaches(record: Any) -> bool:
    """Whether whoever is acting may act on a record that they met: it is of their scope, or it is theirs to write."""
    return current_scope().allows(record.org_id) or (isinstance(record, Guarded) and record.written_by(current_actor()))


MOST_CRITERIA = 4000
_criteria: dict[Any, Any] = {}


def _criterion(model: type[Any], orgs: frozenset[int], reading: bool) -> Any:
    """The narrowing of one model, built once for each set of organisations."""
    key = (model, orgs, reading)
    if key not in _criteria:
        if not orgs:
            condition: Any = false()
        elif len(orgs) == 1:
            condition = model.org_id == next(iter(orgs))
        else:
            condition = model.org_id.in_(sorted(orgs))
        if orgs and reading and issubclass(model, Shared):
            condition = condition | model.let_in(orgs)
        _criteria[key] = with_loader_criteria(model, condition, include_aliases=True)
    return _criteria[key]


def _narrow(state: ORMExecuteState) -> None:
    if not (state.is_select or state.is_update or state.is_delete) or state.is_column_load or state.execution_options.get("unscoped"):
        return
    if len(_criteria) > MOST_CRITERIA:
        _criteria.clear()
    scope = current_scope()
    guarded = current_actor().account_id is not None and not scope.unguarded
    options = []
    models = concerned(state.statement)
    for model in models:
        if guarded and issubclass(model, Guarded):
            options.append(_guard(model, scope))
            continue
        orgs = visible_orgs(model.__plugin__, scope)
        if orgs is not None:
            options.append(_criterion(model, orgs, state.is_select))
    options.extend(_confidential(models))
    if options:
        state.statement = state.statement.options(*options)


def _guard(model: Any, scope: Scope) -> Any:
    """The narrowing of a guarded model for whoever is acting; while that is being found out, nothing of it is seen."""
    actor = current_actor()
    if _looking.get():
        return _criterion(model, frozenset(), True)
    token = _looking.set(True)
    try:
        orgs = visible_orgs(model.__plugin__, Scope(scope.name, None, scope.switched_off))
        key = (model, orgs, actor.account_id, actor.org_id, model.open_key(actor))
        if key not in _criteria:
            conditions = [condition for condition in (model.opened_to(actor), None if orgs is None else model.org_id.in_(sorted(orgs))) if condition is not None]
            _criteria[key] = with_loader_criteria(model, and_(true(), *conditions), include_aliases=True)
        return _criteria[key]
    finally:
        _looking.reset(token)


def _confidential(models: tuple[type[Any], ...]) -> Iterator[Any]:
    actor = current_actor()
    if actor.account_id is None or _looking.get():
        return
    token = _looking.set(True)
    try:
        for model in models:
            if issubclass(model, Confidential):
                kept = model.kept_from(actor)
                if kept is not None:
                    yield with_loader_criteria(model, not_(kept), include_aliases=True)
    finally:
        _looking.reset(token)


def _check_writes(session: Session, _context: Any, _instances: Any) -> None:
    scope = current_scope()
    if scope.orgs is None:
        return
    for record in (*session.new, *session.dirty, *session.deleted):
        if isinstance(record, OrgScoped) and not reaches(record) and not (isinstance(record, Shared) and record.hands() & scope.orgs):
            raise OutsideScope(f"{type(record).__name__} of organisation {record.org_id} in scope {scope.name!r}")


def init_app(app: Flask) -> None:
    """Install the narrowing on the session of ``db``. Once for all applications of the process."""
    maker = db.session.session_factory
    if not event.contains(maker, "do_orm_execute", _narrow):
        event.listen(maker, "do_orm_execute", _narrow)
        event.listen(maker, "before_flush", _check_writes)
