"""The core's daily job: changes of people whose day has come take effect, whatever modules are on."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from portal.contract import Job
from portal.database import db
from portal.directory.models import PersonChange
from portal.directory.operations import apply_change, due_changes
from portal.work import unit_of_work


def apply_changes(context: Any) -> dict[str, Any]:
    """Let every due change take effect, each in a transaction of its own."""
    due = [change.id for change in due_changes(db.session(), context.today)]
    if context.dry_run:
        return {"applied": len(due), "failed": 0}
    applied = 0
    for key in due:
        context.check()
        with unit_of_work("people.change_applied") as session:
            change = session.get(PersonChange, key, with_for_update=True)
            if change is not None and change.applied_at is None:
                apply_change(session, change, change.person)
                applied += 1
    return {"applied": applied, "failed": 0}


JOB = Job("core.people", _l("人员变动生效"), apply_changes, {"hour": 0, "minute": 10})
