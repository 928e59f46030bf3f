"""督办: what was agreed is followed until it is verified."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.meetings import figures, rules, sitting, telling
from plugins.meetings.models import Meeting
from plugins.meetings.models_results import CoUnit, Report, Resolution
from portal.calendar.service import current_calendar
from portal.context import current_actor
from portal.database import db, utcnow
from portal.documents import in_chinese
from portal.errors import Conflict, NotFound, Refused
from portal.records import attachments
from portal.records import workflow as steps
from portal.work import unit_of_work

Data = Mapping[str, Any]


def find(session: Session, resolution_id: int) -> Resolution:
    found = session.scalars(select(Resolution).where(Resolution.id == resolution_id)).one_or_none()
    if found is None:
        raise NotFound(_("没有找到这条记录。"))
    return found


@in_chinese
def put_in_force(session: Session, meeting: Meeting, today: dt.date, year: int, seq: int) -> None:
    """With the signature of the minutes: numbers, the first report's day, and everybody concerned is told."""
    pattern = figures.figure(figures.RESOLUTION_NUMBER, None, today)
    days = figures.figure(figures.REPORT_DAYS, None, today)
    rows = sitting.resolutions(session, meeting.id)
    units = sitting.co_units(session, [row.id for row in rows])
    for row in rows:
        if row.state != "recorded":
            continue
        steps.move(row, "issue")
        row.number = pattern.format(year=year, seq=seq, item=row.seq)
        row.report_due = rules.report_due(current_calendar(), today, days)
        session.flush()
        told = [unit for unit in (row.lead_id, *(item.unit_id for item in units[row.id])) if unit is not None]
        telling.tell_units(session, told, _("议定事项：%(text)s", text=row.text[:80]), f"resolution:{row.id}", url=f"/meetings/resolutions/{row.id}",
                           body=_("牵头 %(lead)s，%(due)s 前完成。", lead=row.lead_name, due=row.due_on))  # fmt: skip


def entries(session: Session, resolution_id: int) -> list[Report]:
    return list(session.scalars(select(Report).where(Report.resolution_id == resolution_id).order_by(Report.id.desc())))


def _enter(session: Session, row: Resolution, kind: str, text: str, today: dt.date, percent: int | None = None) -> Report:
    unit = telling.acting_unit(session)
    made = Report(
        org_id=row.org_id, resolution_id=row.id, unit_id=unit.id, unit_name=unit.name, kind=kind, text=text, percent=percent, author=current_actor().name, on=today,
        at=utcnow(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def may_report(session: Session, row: Resolution, unit_id: int | None) -> bool:
    """The lead unit, a co-unit, or the office for a lead outside the portal."""
    if unit_id is None or row.state not in ("open", "in_progress"):
        return False
    if unit_id == row.lead_id or (row.lead_id is None and unit_id == row.org_id):
        return True
    return session.scalars(select(CoUnit.id).where(CoUnit.resolution_id == row.id, CoUnit.unit_id == unit_id)).first() is not None


def report(resolution_id: int, text: str, percent: int | None, prepared: list[tuple[bytes, str, str]], today: dt.date) -> None:
    """进展报告 of the lead unit or of a co-unit; the lead's moves the day by which the next one is owed."""
    with unit_of_work("meetings.reported") as session:
        row = find(session, resolution_id)
        unit_id = current_actor().org_id
        if not may_report(session, row, unit_id):
            raise Conflict(_("这一项现在不需要本单位报告进展。"))
        if not text.strip():
            raise Refused(_("请填写进展情况。"), field="text")
        made = _enter(session, row, "progress", text.strip()[:5000], today, percent)
        _attach(session, made, prepared)
        if unit_id == (row.lead_id or row.org_id):
            if row.state == "open":
                steps.move(row, "report")
            row.reported_on = today
            row.report_due = rules.report_due(current_calendar(), today, figures.figure(figures.REPORT_DAYS, None, today))
        _tell_reported(session, row, made)


@in_chinese
def _tell_reported(session: Session, row: Resolution, made: Report) -> None:
    telling.tell_office(session, row.org_id, _("%(unit)s 报告进展：%(n)s", unit=made.unit_name, n=row.number), f"report:{made.id}", url=f"/meetings/resolutions/{row.id}")


def _attach(session: Session, entry: Report, prepared: list[tuple[bytes, str, str]]) -> None:
    for item in prepared:
        attachments.attach(session, item, "meetings.report", entry.id, current_actor().org_id or entry.org_id, "file")


@in_chinese
def claim(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    """申请办结 by the lead unit, with what it shows for it."""
    row.claimed_on, row.claimed_by, row.claim_text = today, current_actor().account_id, telling.text_of(data, "text")
    row.reported_on, row.report_due = today, None
    made = _enter(session, row, "claim", row.claim_text, today, 100)
    _attach(session, made, list(data.get("prepared") or ()))
    telling.tell_office(session, row.org_id, _("%(unit)s 申请办结：%(n)s", unit=row.lead_name, n=row.number), f"claim:{made.id}", url=f"/meetings/resolutions/{row.id}")


@in_chinese
def verify(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    """核实办结 by the convener: done since the day on which that was claimed."""
    row.verified_on, row.done_on, row.verify_text, row.sort_due = today, row.claimed_on, telling.text_of(data, "text"), rules.FOREVER
    row.report_due, row.extension_asked = None, None
    made = _enter(session, row, "verified", row.verify_text, today)
    _tell_lead(session, row, _("已核实办结：%(n)s", n=row.number), f"verified:{made.id}")


@in_chinese
def send_back(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    row.sent_back += 1
    row.state_reason = telling.text_of(data, "reason")
    row.claimed_on, row.claimed_by = None, None
    row.report_due = rules.report_due(current_calendar(), today, figures.figure(figures.REPORT_DAYS, None, today))
    made = _enter(session, row, "back", row.state_reason, today)
    _tell_lead(session, row, _("办结申请被退回：%(n)s", n=row.number), f"back:{made.id}", row.state_reason)


def _tell_lead(session: Session, row: Resolution, title: str, key: str, body: str = "") -> None:
    if row.lead_id is not None:
        telling.tell_units(session, [row.lead_id], title, f"resolution:{row.id}:{key}", body=body, url=f"/meetings/resolutions/{row.id}")


def guard_ask(row: Resolution, data: Data, today: dt.date) -> None:
    _check_later(row, data["new_due"], today)
    if row.extension_asked is not None:
        raise Refused(_("已有一份延期申请待批准。"))
    _check_count(row, today)


def _check_later(row: Resolution, new_due: dt.date, today: dt.date) -> None:
    if new_due <= row.due_on or new_due < today:
        raise Refused(_("须晚于现在的时限 %(day)s，且不早于今天。", day=row.due_on), field="new_due")


def _check_count(row: Resolution, today: dt.date) -> None:
    most = figures.figure(figures.EXTENSIONS, None, today)
    if row.extensions >= most:
        raise Refused(_("已延期 %(n)s 次，达到上限。", n=row.extensions))


@in_chinese
def ask_extension(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    row.extension_asked, row.extension_reason = data["new_due"], telling.text_of(data, "reason")
    made = _enter(session, row, "asked", _("申请延至 %(day)s：%(why)s", day=data["new_due"], why=row.extension_reason), today)
    telling.tell_office(session, row.org_id, _("%(unit)s 申请延期：%(n)s", unit=row.lead_name, n=row.number), f"asked:{made.id}", url=f"/meetings/resolutions/{row.id}")


def guard_extend(row: Resolution, data: Data, today: dt.date) -> None:
    _check_later(row, data["new_due"], today)
    _check_count(row, today)


@in_chinese
def extend(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    """延期 by the convener; the day as first agreed stays beside it."""
    before, row.due_on = row.due_on, data["new_due"]
    row.sort_due, row.extensions, row.extension_asked = row.due_on, row.extensions + 1, None
    made = _enter(session, row, "extended", _("由 %(a)s 延至 %(b)s：%(why)s", a=before, b=row.due_on, why=telling.text_of(data, "reason")), today)
    _tell_lead(session, row, _("已同意延期：%(n)s", n=row.number), f"extended:{made.id}", made.text)


@in_chinese
def refuse_extension(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    row.extension_asked = None
    made = _enter(session, row, "refused", telling.text_of(data, "reason"), today)
    _tell_lead(session, row, _("不同意延期：%(n)s", n=row.number), f"refused:{made.id}", made.text)


@in_chinese
def replace(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    """由新的议定事项取代: nothing is owed any more, the reason stays."""
    row.state_reason, row.sort_due, row.report_due = telling.text_of(data, "reason"), rules.FOREVER, None
    _tell_lead(session, row, _("议定事项被取代：%(n)s", n=row.number), f"replaced:{today}", row.state_reason)


def note_letter(session: Session, row: Resolution, data: Data, today: dt.date) -> None:
    """The letter 函 to a lead unit outside the portal, and what it answered."""
    row.letter = telling.text_of(data, "letter", 120)
    _enter(session, row, "letter", row.letter, today)


def guard_close(meeting: Meeting, _data: Data, _today: dt.date) -> None:
    left = select(Resolution.id).where(Resolution.meeting_id == meeting.id, Resolution.state.in_(rules.RUNNING))
    count = len(db.session.scalars(left).all())
    if count:
        raise Refused(_("还有 %(n)s 项议定事项没有核实办结。", n=count))
