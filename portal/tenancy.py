"""A query sees only what its account may see.

Every ORM SELECT, UPDATE and DELETE on an :class:`~portal.database.OrgScoped` model is narrowed to the towns of the current
scope and, for a plugin's model, to the towns where that plugin is on. Without a scope nothing is seen. Leaving the
scope takes :func:`crossing`, which has a name, a reason and an event in the trail.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import Flask, current_app, g, has_request_context
from sqlalchemy import BindParameter, ColumnElement, and_, event, false, not_, true
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import CriteriaOption
from sqlalchemy.orm.util import LoaderCriteriaOption
from sqlalchemy.sql.cache_key import anon_map

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


def scoped_models() -> tuple[type[Any], ...]:
    """Every mapped model that tenancy applies to."""
    if "scoped" not in _models:
        found: list[type[Any]] = []
        pending = list(OrgScoped.__subclasses__())
        while pending:
            model = pending.pop()
            pending.extend(model.__subclasses__())
            if issubclass(model, Base) and "__mapper__" in model.__dict__:
                found.append(model)
        _models.update(scoped=tuple(found), confidential=tuple(model for model in found if issubclass(model, Confidential)),
                       guarded=tuple(model for model in found if issubclass(model, Guarded)))  # fmt: skip
    return _models["scoped"]


def _confidential_models() -> tuple[type[Any], ...]:
    scoped_models()
    return _models["confidential"]


_models: dict[str, tuple[type[Any], ...]] = {}
"""The models that there are; forgotten when one is added."""


@event.listens_for(Mapper, "after_mapper_constructed")
def _model_added(_mapper: Any, _model: Any) -> None:
    _models.clear()


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


class Narrowing(CriteriaOption):
    """The narrowing of models as one option of a statement, e.g. of every model to its organisations.

    It does what ``with_loader_criteria`` of each model does; but what the key of SQLAlchemy's statement cache needs is
    worked out once and not with each statement, which is most of what the narrowing costs.
    """

    inherit_cache = False
    propagate_to_loaders = True
    _is_has_cache_key = True
    _shapes: ClassVar[dict[Any, int]] = {}

    def __init__(self, parts: Sequence[LoaderCriteriaOption]) -> None:
        self._parts = tuple(parts)
        self._values: list[BindParameter[Any]] = []
        anonymous = anon_map()
        shape = tuple(part._gen_cache_key(anonymous, self._values) for part in parts)  # type: ignore[no-untyped-call]
        self._key = (Narrowing, self._shapes.setdefault(shape, len(self._shapes)))

    def _gen_cache_key(self, anon_map: Any, bindparams: list[BindParameter[Any]]) -> tuple[Any, ...]:
        bindparams.extend(self._values)
        return self._key

    def process_compile_state(self, compile_state: Any) -> None:
        self.get_global_criteria(compile_state.global_attributes)

    def process_compile_state_replaced_entities(self, compile_state: Any, mapper_entities: Any) -> None:
        self.process_compile_state(compile_state)

    def get_global_criteria(self, attributes: dict[Any, Any]) -> None:
        for part in self._parts:
            part.get_global_criteria(attributes)


_ready: dict[tuple[Any, ...], tuple[Any, Any, Narrowing | None]] = {}
"""For each scope the switches and the models for which its narrowing was made, and the narrowing."""
_narrowings: dict[Any, Narrowing] = {}
_guards: dict[Any, Any] = {}
MOST_KEPT = 1000


def _criterion(model: type[Any], orgs: frozenset[int], reading: bool) -> Any:
    """The narrowing of one model."""
    if not orgs:
        condition: Any = false()
    elif len(orgs) == 1:
        condition = model.org_id == next(iter(orgs))
    else:
        condition = model.org_id.in_(sorted(orgs))
    if orgs and reading and issubclass(model, Shared):
        condition = condition | model.let_in(orgs)
    return with_loader_criteria(model, condition, include_aliases=True)


def _narrowing(scope: Scope, reading: bool, guarded: bool) -> Narrowing | None:
    """The narrowing of a scope; the same object until a switch changes or a model is added. ``guarded``: without those that are narrowed otherwise."""
    plugins, models = current_app.extensions["portal"].plugins, scoped_models()
    switches, key = plugins.switches(), (id(plugins), scope, reading, guarded)
    kept = _ready.get(key)
    if kept is None or kept[0] is not switches or kept[1] is not models:
        if len(_ready) > MOST_KEPT:
            _ready.clear()
        kept = _ready[key] = (switches, models, _made(scope, reading, guarded))
    return kept[2]


def _made(scope: Scope, reading: bool, guarded: bool) -> Narrowing | None:
    """The narrowing of a scope, built once for each set of organisations that its models are seen in."""
    seen: dict[str | None, frozenset[int] | None] = {}
    wanted = []
    for model in scoped_models():
        if guarded and issubclass(model, Guarded):
            continue
        plugin = model.__plugin__
        if plugin not in seen:
            seen[plugin] = visible_orgs(plugin, scope)
        orgs = seen[plugin]
        if orgs is not None:
            wanted.append((model, orgs))
    if not wanted:
        return None
    key = (reading, tuple(wanted))
    if key not in _narrowings:
        if len(_narrowings) > MOST_KEPT:
            _narrowings.clear()
        _narrowings[key] = Narrowing([_criterion(model, orgs, reading) for model, orgs in wanted])
    return _narrowings[key]


def _narrow(state: ORMExecuteState) -> None:
    if not (state.is_select or state.is_update or state.is_delete) or state.is_column_load or state.execution_options.get("unscoped"):
        return
    scope = current_scope()
    guarded = current_actor().account_id is not None and not scope.unguarded
    narrowing = _narrowing(scope, state.is_select, guarded)
    options = [*([narrowing] if narrowing is not None else []), *(_guard(model, scope) for model in _models["guarded"] if guarded), *_confidential()]
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
        if key not in _guards:
            if len(_guards) > MOST_KEPT:
                _guards.clear()
            conditions = [condition for condition in (model.opened_to(actor), None if orgs is None else model.org_id.in_(sorted(orgs))) if condition is not None]
            _guards[key] = Narrowing([with_loader_criteria(model, and_(true(), *conditions), include_aliases=True)])
        return _guards[key]
    finally:
        _looking.reset(token)


def _confidential() -> Sequence[Any]:
    """What is kept from whoever is acting, as options; worked out once a request and actor."""
    actor = current_actor()
    if actor.account_id is None or _looking.get():
        return ()
    if not has_request_context():
        return _kept(actor)
    known: dict[Actor, Sequence[Any]] = g.setdefault("kept", {})
    if actor not in known:
        known[actor] = _kept(actor)
    return known[actor]


def _kept(actor: Actor) -> Sequence[Any]:
    token = _looking.set(True)
    try:
        found = [(model, model.kept_from(actor)) for model in _confidential_models()]
    finally:
        _looking.reset(token)
    return tuple(with_loader_criteria(model, not_(kept), include_aliases=True) for model, kept in found if kept is not None)


def look_again() -> None:
    """What is kept from whom has changed in this request: it is worked out anew."""
    if has_request_context():
        g.pop("kept", None)


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
