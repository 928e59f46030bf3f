"""Events of the trail in the words of a record's page."""

from __future__ import annotations

import json
from typing import Any

from flask import current_app, g
from flask_babel import gettext as _

from portal.audit.models import Event

STATES = ("state", "clearing")


def title(event: Event) -> Any:
    """What was done, as its workflow names it, else in general words."""
    kind, _dot, action = event.action.rpartition(".")
    for workflow in current_app.extensions["portal"].plugins.hooks.portal_workflows():
        for item in workflow:
            if item.record_type == kind:
                step = next((step for step in item.transitions if step.action == action), None)
                if step is not None:
                    return step.title
    words = {
        "people.created": _("登记"), "people.edited": _("修改"), "people.changed": _("登记变动"), "people.revealed": _("查看完整身份号码"),
        "people.change_cancelled": _("取消变动"), "certificates.import": _("导入"), "certificates.certificate.warn": _("到期提醒"),
        "certificates.certificate.escalate": _("逾期未收回，转监督"), "certificates.destroy": _("销毁"), "certificates.person_changes": _("变动生效"),
        "certificates.application_opened": _("登记申请"), "certificates.application_edited": _("修改申请"), "demo.loaded": _("演示数据"),
    }  # fmt: skip
    return words.get(event.action) or {"insert": _("登记"), "update": _("修改"), "delete": _("删除")}.get(event.op, event.action)


def changes(event: Event) -> list[tuple[str, Any, Any]]:
    """Changed fields with their old and new values; protected ones only as changed; states in words."""
    if event.op != "update":
        return []
    before, after = json.loads(event.before or "{}"), json.loads(event.after or "{}")
    words = _state_words()
    shown = []
    for key in sorted(after):
        old, new = before.get(key), after[key]
        if isinstance(new, dict) or isinstance(old, dict):
            old, new = "•••", "•••"
        if key in STATES:
            old, new = words.get((key, old), old), words.get((key, new), new)
        shown.append((key, old, new))
    return shown


def _state_words() -> dict[tuple[str, Any], Any]:
    found: dict[tuple[str, Any], Any] = g.get("state_words", {})
    if not found:
        for listed in current_app.extensions["portal"].plugins.hooks.portal_workflows():
            for workflow in listed:
                for state in workflow.states:
                    found[("state", state.code)] = state.title
                for state in workflow.more_states:
                    found[("clearing", state.code)] = state.title
        g.state_words = found
    return found
