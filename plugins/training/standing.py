"""How a session stands for whoever looks: the host, an invited town that has certified its own people or has not, the supervisor."""

from __future__ import annotations

import datetime as dt
from typing import Any

from flask import g
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, exists, func, select

from plugins.training import workflow
from plugins.training.models import TownInvitation, Training
from portal.directory.models import Organisation

OVER = ("finished", "certified", "archived")
Badge = tuple[Any, str, str]


def columns() -> tuple[Any, ...]:
    """What a list of sessions reads beside each: the acting organisation's own invitation, and how many towns were asked and have not certified."""
    own = select(TownInvitation.state).where(TownInvitation.session_id == Training.id, TownInvitation.org_id == g.grant.org_id)
    asked = select(func.count()).select_from(TownInvitation).where(TownInvitation.session_id == Training.id, TownInvitation.state.in_(("invited", "certified")))
    return (
        Organisation.kind.label("host_kind"), Training.org_id.label("host_id"), own.correlate(Training).scalar_subquery().label("own_answer"),
        asked.correlate(Training).scalar_subquery().label("asked"),
        asked.where(TownInvitation.state == "invited").correlate(Training).scalar_subquery().label("owing"),
    )  # fmt: skip


def to_certify() -> ColumnElement[bool]:
    """Sessions whose hours the acting town has still to certify: its own, and those that it was invited to."""
    own = (Training.org_id == g.grant.org_id) & (Training.state == "finished")
    invited = exists().where(TownInvitation.session_id == Training.id, TownInvitation.org_id == g.grant.org_id, TownInvitation.state == "invited")
    return own | (invited & Training.state.in_(OVER))


def in_state(value: str) -> ColumnElement[bool]:
    """The filter by state, in the words of whoever looks: what one's own town has certified is certified."""
    done = exists().where(TownInvitation.session_id == Training.id, TownInvitation.org_id == g.grant.org_id, TownInvitation.state == "certified")
    if value == "finished":
        return (Training.state == value) & ~done
    return (Training.state == value) | ((Training.state == "finished") & done) if value == "certified" else Training.state == value


def badge(state: str, held_on: dt.date, today: dt.date, *, town: bool, host: bool, answer: str | None, asked: int, owing: int) -> Badge:
    """The state in the words of whoever looks. ``town``: a town holds it; ``answer``: the state of one's own invitation."""
    if not host and answer in ("declined", "certified"):
        found = workflow.INVITATION.state(answer)
        return found.title, found.tone, found.icon
    if not host and answer == "invited" and state in OVER:
        return _("待本单位认定"), "amber", "clock"
    if not town and state == "finished":
        if owing:
            return _("待街镇认定（%(n)s）", n=owing), "amber", "clock"
        return (_("各街镇已认定"), "green", "circle-check") if asked else (_("已结束"), "blue", "check")
    if state == "open" and held_on < today:
        return _("待结束签到"), "amber", "clock"
    shown = workflow.SESSION.state(state)
    return shown.title, shown.tone, shown.icon
