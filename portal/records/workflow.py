"""A record's workflow is data: states, transitions, who may, what is asked, what is refused. The core performs it.

Buttons, the permission matrix, documentation and tests are drawn from the same table, and nothing changes state by
another road: also the jobs ask it for sources and target of the transitions that the system makes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from portal.auth.permissions import can, check, check_reach
from portal.context import current_actor
from portal.errors import Conflict, NotFound, Refused
from portal.tenancy import reaches
from portal.work import unit_of_work

Guard = Callable[[Any, Mapping[str, Any], dt.date], None]
Effect = Callable[[Session, Any, Mapping[str, Any], dt.date], None]


@dataclass(frozen=True)
class State:
    """A state with the word that users read and its tone: green, amber, red, grey or blue."""

    code: str
    title: Any
    tone: str = "grey"
    icon: str = "circle-dot"


@dataclass(frozen=True)
class Transition:
    """A step from one of ``sources`` to ``target`` (None: the state stays).

    ``guard`` raises Refused; ``effect`` changes more than the state; ``form`` (a WTForms class) asks for what is needed;
    ``not_by`` names the columns with the accounts that may not take this step (four eyes); ``when`` hides it where it
    makes no sense; ``system``: made by jobs only; ``by``: the organisation whose people take the step where that is not the
    record's own, e.g. the unit that answers an invitation; ``reason_title``: how the reason is called where it is not one.
    """

    action: str
    title: Any
    sources: tuple[str, ...]
    target: str | None
    permission: str = ""
    form: Any = None
    guard: Guard | None = None
    effect: Effect | None = None
    when: Callable[[Any], bool] | None = None
    not_by: tuple[str, ...] = ()
    needs_reason: bool = False
    reason_title: Any = ""
    tone: str = "outline-primary"
    icon: str = "arrow-right"
    help: Any = ""
    system: bool = False
    by: Callable[[Any], int | None] | None = None

    def org_of(self, record: Any) -> int:
        """The organisation in which the right is asked for; 0 where there is none."""
        return (self.by(record) or 0) if self.by is not None else int(record.org_id)

    def check(self, record: Any) -> None:
        """Raise NotAllowed unless whoever is acting holds the right for this record, or for the unit whose step it is."""
        if self.by is not None:
            check(self.permission, self.org_of(record))
        else:
            check_reach(self.permission, record)

    def open_to_actor(self, record: Any) -> bool:
        """The same as a question."""
        return can(self.permission, self.org_of(record)) if self.by is not None else can(self.permission) and reaches(record)


@dataclass(frozen=True)
class Workflow:
    """The workflow of one kind of record."""

    record_type: str
    title: Any
    model: Any
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]
    column: str = "state"
    url: Callable[[int], str] | None = None
    more_states: tuple[State, ...] = ()
    """States of a second thing that the record has, e.g. where the paper is; for showing only."""

    def state(self, code: str) -> State:
        return next((state for state in self.states if state.code == code), State(code, code))

    def transition(self, action: str) -> Transition:
        """The transition of this name; raises NotFound."""
        found = next((step for step in self.transitions if step.action == action), None)
        if found is None:
            raise NotFound(_("没有这个操作。"))
        return found

    def _fits(self, step: Transition, record: Any) -> bool:
        return getattr(record, self.column) in step.sources and (step.when is None or step.when(record))

    def out_of_reach(self, step: Transition, record: Any) -> Any:
        """Why a step cannot be taken in the record's state, in words; empty: it can."""
        if self._fits(step, record):
            return ""
        return _("当前状态为“%(state)s”，不能执行“%(action)s”。", state=self.state(getattr(record, self.column)).title, action=step.title)

    def allowed(self, record: Any) -> list[Transition]:
        """The transitions that the acting role may make now."""
        return [
            step
            for step in self.transitions
            if not step.system and self._fits(step, record) and step.open_to_actor(record) and not self._same_eyes(step, record)
        ]

    def _same_eyes(self, step: Transition, record: Any) -> bool:
        account = current_actor().account_id
        return account is not None and any(getattr(record, column) == account for column in step.not_by)

    def find(self, session: Session, record_id: int, *, lock: bool = False) -> Any:
        """The record, or NotFound alike for what is not there and what is not ours."""
        found = select(self.model).where(self.model.id == record_id)
        record = session.scalars(found.with_for_update(of=self.model) if lock else found).unique().one_or_none()
        if record is None:
            raise NotFound(_("没有找到这条记录。"))
        return record

    def perform(self, record_id: int, action: str, data: Mapping[str, Any], *, today: dt.date, version: int | None = None) -> Any:
        """Take a step: right, town, state, version, guard, effect, new state, event, and whoever listens, in one transaction.

        Raises NotFound, NotAllowed, Conflict or Refused; then nothing has changed.
        """
        step = self.transition(action)
        reason = str(data.get("reason") or "").strip()
        with unit_of_work(f"{self.record_type}.{action}", reason=reason) as session:
            record = self.find(session, record_id, lock=True)
            self._check(step, record, reason, version)
            if step.guard is not None:
                step.guard(record, data, today)
            if step.effect is not None:
                step.effect(session, record, data, today)
            if step.target is not None:
                setattr(record, self.column, step.target)
            try:
                session.flush()
            except StaleDataError:
                raise Conflict(_("这条记录刚刚被别人修改，请重新打开后再试。")) from None
            plugins = current_app.extensions["portal"].plugins
            plugins.hooks.portal_record_changed(record_type=self.record_type, record_id=record.id, action=action, org_id=record.org_id)
        return record

    def _check(self, step: Transition, record: Any, reason: str, version: int | None) -> None:
        if step.system:
            raise NotFound(_("没有这个操作。"))
        step.check(record)
        if version is not None and record.version != version:
            raise Conflict(_("这条记录刚刚被别人修改，请重新打开后再试。"))
        if why := self.out_of_reach(step, record):
            raise Conflict(why)
        if self._same_eyes(step, record):
            raise Refused(_("经办与审核不能是同一人，请由其他人员办理。"))
        if step.needs_reason and not reason:
            raise Refused(_("请填写理由。"), field="reason")

    def move(self, record: Any, action: str) -> None:
        """Let the system take a step along with another one; its source and target stand in the table. Raises Conflict."""
        step = self.transition(action)
        if getattr(record, self.column) not in step.sources:
            raise Conflict(_("当前状态为“%(state)s”，不能执行“%(action)s”。", state=self.state(getattr(record, self.column)).title, action=step.title))
        if step.target is not None:
            setattr(record, self.column, step.target)

    def matrix(self) -> list[dict[str, Any]]:
        """The table of transitions, for documentation and tests."""
        return [
            {"action": step.action, "sources": step.sources, "target": step.target, "permission": step.permission, "system": step.system}
            for step in self.transitions
        ]


def move(record: Any, action: str) -> None:
    """Let the system take a step of a record whose workflow a plugin declares, along with another step. Raises Conflict."""
    declared: list[Workflow] = current_app.extensions["portal"].plugins.collect("portal_workflows")
    next(item for item in declared if isinstance(record, item.model)).move(record, action)
