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
    return trail_words()[0].get(event.action) or event.action


def trail_words() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Words for actions, for fields and for their codes, from the core and every plugin; put together once a request."""
    found: tuple[dict[str, Any], dict[str, Any], dict[str, Any]] | None = g.get("trail_words")
    if found is None:
        found = ({}, {}, {})
        for words in current_app.extensions["portal"].plugins.collect("portal_trail_words"):
            found[0].update(words.actions)
            found[1].update(words.fields)
            found[2].update(words.values)
        g.trail_words = found
    return found


def actor_word(name: str) -> Any:
    """Who did it, where that was no person: a job by its title, a command as such."""
    kind, _colon, rest = name.partition(":")
    if kind == "job":
        jobs = {job.name: job.title for job in current_app.extensions["portal"].plugins.collect("portal_jobs")}
        return _("作业 %(name)s", name=jobs.get(rest, rest))
    return _("命令行 %(name)s", name=rest) if kind == "cli" else name


def changes(event: Event) -> list[tuple[str, Any, Any]]:
    """Changed fields that have a word, with their old and new values; protected ones only as changed; states in words."""
    if event.op != "update":
        return []
    before, after = json.loads(event.before or "{}"), json.loads(event.after or "{}")
    words, (_actions, fields, codes) = _state_words(), trail_words()
    shown = []
    for key in sorted(set(after) & set(fields)):
        old, new = before.get(key), after[key]
        if isinstance(new, dict) or isinstance(old, dict):
            old, new = "•••", "•••"
        if key in STATES:
            old, new = (words.get((event.record_type, key, value), value) for value in (old, new))
        spoken = codes.get(f"{event.record_type}.{key}")
        if spoken:
            old, new = (spoken.get(value, value) for value in (old, new))
        old, new = ((_("是") if value else _("否")) if isinstance(value, bool) else value for value in (old, new))
        shown.append((fields[key], old, new))
    return shown


def _state_words() -> dict[tuple[str, str, Any], Any]:
    found: dict[tuple[str, str, Any], Any] = g.get("state_words", {})
    if not found:
        for listed in current_app.extensions["portal"].plugins.hooks.portal_workflows():
            for workflow in listed:
                for state in workflow.states:
                    found[(workflow.record_type, "state", state.code)] = state.title
                for state in workflow.more_states:
                    found[(workflow.record_type, "clearing", state.code)] = state.title
        g.state_words = found
    return found
