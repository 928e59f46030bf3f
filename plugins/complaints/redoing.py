"""退回 and 重办: a matter that goes on after it was concluded, answered or archived."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from plugins.complaints import figures, identity, limits, publicity
from plugins.complaints.models import Complaint
from plugins.complaints.operations import Data, candidates, enter, tell


def redo(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """重办: a new period from today, by whoever handled it; where they cannot any more, it waits to be assigned.

    What came in with last year's register was often handled by somebody who has no account here.
    """
    before, allowed = complaint.due_on, {account for account, _name, _load in candidates(session, complaint, today)}
    complaint.due_from, complaint.due_given, complaint.suspended_days = today, None, 0
    complaint.extension_state, complaint.extension_days, complaint.extension_reason = "", 0, ""
    if complaint.limit_days is None:
        limit = figures.path_of(complaint.kind, complaint.org_id, today).limit
        complaint.limit_days, complaint.limit_unit = (limit.days, limit.unit) if limit else (None, "")
    if complaint.reply_text:
        given = {"day": complaint.replied_on or "—", "how": complaint.reply_how, "text": complaint.reply_text}
        limits.note(session, complaint, "step", _("原答复（%(day)s，%(how)s）：%(text)s", **given))
        complaint.reply_text = complaint.reply_how = complaint.reply_by = ""
    reopen(session, complaint, data, today)
    limits.moved(session, complaint, before, _("重办，期限自今日重新计算"))
    if complaint.handler_id not in allowed:
        gone = complaint.handler_name or "—"
        complaint.handler_id, complaint.handler_name = None, ""
        complaint.state = "registered" if complaint.kind == "accusation" else "accepted"
        limits.note(session, complaint, "step", _("原承办人 %(name)s 不能继续承办，重新交办", name=gone))
        role = "discipline_officer" if complaint.kind == "accusation" else "office_head"
        tell(session, complaint, _("重办待交办：%(number)s", number=complaint.number), f"redo:{today}", role=role)
    else:
        tell(session, complaint, _("重办：%(number)s %(title)s", number=complaint.number, title=complaint.title), f"redo:{today}", account_id=complaint.handler_id)
    complaint.sort_due = limits.place_in_order(complaint)


def reopen(session: Session, complaint: Complaint, data: Data, today: dt.date) -> None:
    """退回: the limit goes on as it was, what was found is kept in the record of handling."""
    kept = _("原办结意见（%(result)s）：%(facts)s", result=complaint.result, facts=complaint.facts or "—")
    limits.note(session, complaint, "step", kept)
    enter(session, complaint, data, today)
    with session.no_autoflush:  # one step, one event
        complaint.state = "handling"
        complaint.result = complaint.closed_as = ""
        publicity.take_off(session, complaint)
        complaint.concluded_on = complaint.approved_on = complaint.approved_by = complaint.replied_on = complaint.archived_on = None
        complaint.review, complaint.reviewed_by, complaint.reviewed_on = "", None, None
        identity.keep_from_archive(session, complaint)
        complaint.late = complaint.days_taken = None
        limits.recompute(complaint)
