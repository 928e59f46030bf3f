"""Papers of a meeting as docx and PDF, its archive, and the reports."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from plugins.meetings import archive, halfyears, layouts, minuting, papers, planning, queries, reports, rights, sitting, telling, words
from plugins.meetings.models_results import Archive
from portal import audit
from portal.auth.permissions import require
from portal.clock import today
from portal.database import db
from portal.documents import send
from portal.documents.papers import send_paper
from portal.errors import NotFound
from portal.records import attachments
from portal.records.views import send_table
from portal.text import whole
from portal.web import htmx

blueprint = Blueprint("meetings_papers", __name__, url_prefix="/meetings", template_folder="templates")


@blueprint.get("/<int:meeting_id>/papers/<name>.<kind>")
@require(rights.READ)
def paper(meeting_id: int, name: str, kind: str) -> Response:
    """Notice, agenda, materials, sign-in sheet or list of resolutions."""
    session = db.session()
    meeting = planning.find(session, meeting_id)
    items = planning.agenda(session, meeting.id)
    if name == "notice" and meeting.notified_on:
        values = papers.notice_values(session, meeting, today())
        return send_paper(layouts.NOTICE, values, kind, f"{meeting.title}-{_('会议通知')}", org_id=meeting.org_id, record=meeting)
    if name == "agenda":
        return send(papers.agenda(session, meeting), kind, f"{meeting.title}-{_('议程')}", record=meeting)
    if name == "materials":
        files = attachments.of_shared(session, "meetings.topic", [item.topic_id for item in items if item.topic_id])
        return send(papers.materials(session, meeting, files), kind, f"{meeting.title}-{_('议题材料汇编')}", record=meeting)
    if name == "resolutions":
        rows = sitting.resolutions(session, meeting.id)
        return send(papers.agreed(session, meeting, rows, today()), kind, f"{meeting.title}-{_('议定事项清单')}", record=meeting)
    raise NotFound(_("没有这份文件。"))


@blueprint.get("/<int:meeting_id>/sign-in-sheet.<kind>")
@require(rights.CONVENE)
def sheet(meeting_id: int, kind: str) -> Response:
    """签到表."""
    meeting = planning.find(db.session(), meeting_id)
    return send(papers.sign_in_sheet(db.session(), meeting), kind, f"{meeting.title}-{_('签到表')}", record=meeting)


@blueprint.get("/minutes/<int:minutes_id>/paper.<kind>")
@require(rights.READ)
def minutes(minutes_id: int, kind: str) -> Response:
    """会议纪要 in the official layout."""
    row = minuting.find(db.session(), minutes_id)
    values = papers.minutes_values(db.session(), row, today())
    return send_paper(layouts.MINUTES, values, kind, f"{row.number or row.title}-{_('会议纪要')}", org_id=row.org_id, record=row)


# -- archive ----------------------------------------------------------------------------------------------------------------


@blueprint.route("/<int:meeting_id>/archive", methods=["GET", "POST"])
@require(rights.ARCHIVE)
def archived(meeting_id: int) -> Any:
    """Ask for the archive, and see how far it is."""
    meeting = planning.find(db.session(), meeting_id)
    if request.method == "POST":
        archive.ask(meeting_id)
        return redirect(url_for("meetings_papers.archived", meeting_id=meeting_id), 303)
    row = archive.newest(db.session(), meeting.id)
    file = archive.file_of(db.session(), row) if row is not None else None
    shown = {"meeting": meeting, "row": row, "file": file, "local": telling.local, "span": telling.span}
    return render_template("meetings/_archive.html" if htmx else "meetings/archive.html", **shown)


@blueprint.get("/archives/<int:archive_id>")
@require(rights.ARCHIVE)
def archive_found(archive_id: int) -> Any:
    """The page of an archive's meeting."""
    row = _archive(archive_id)
    return redirect(url_for("meetings_papers.archived", meeting_id=row.meeting_id), 302)


def _archive(archive_id: int) -> Archive:
    row = db.session.scalars(select(Archive).where(Archive.id == archive_id)).one_or_none()
    if row is None:
        raise NotFound(_("没有找到这条记录。"))
    return row


@blueprint.get("/archives/<int:archive_id>.zip")
@require(rights.ARCHIVE)
def fetch(archive_id: int) -> Response:
    """The archive itself; that it was taken is an event."""
    row = _archive(archive_id)
    file = archive.file_of(db.session(), row)
    if file is None:
        raise NotFound(_("没有找到这条记录。"))
    attachments.content(file)
    audit.note("meetings.archive_fetched", record_type="meetings.meeting", record_id=row.meeting_id, chain_id=row.org_id, detail={"digest": row.digest})
    answer = send_file(attachments.path_of(file.digest), file.media_type, as_attachment=True, download_name=file.filename)
    answer.headers["Cache-Control"] = "no-store"
    return answer


# -- reports ----------------------------------------------------------------------------------------------------------------


def _chosen() -> tuple[int, str]:
    day = today()
    year = whole(request.args.get("year", "")) or day.year
    part = request.args.get("part", "")
    return (year if 2000 <= year <= 2100 else day.year), part if part in reports.PERIODS else ("1" if day.month <= 6 else "2")


@blueprint.get("/report")
@require(rights.STATISTICS)
def report() -> Any:
    """半年情况报告 and the yearly report, with charts; as docx, PDF and workbook."""
    session, day = db.session(), today()
    year, part = _chosen()
    first, last = reports.span(year, part)
    period = queries.period(session, first, last, day)
    kind = request.args.get("as", "")
    name = f"{reports.title(year, part)}-{_('联席会议情况报告')}"
    if kind in ("docx", "pdf"):
        return send(reports.document(session, year, part, period, day), kind, name, detail={"year": year, "part": part})
    if kind == "xlsx":
        audit.note("records.exported", record_type="meetings.report", chain_id=g.grant.org_id, detail={"year": year, "part": part, "format": "xlsx"})
        return send_table(reports.workbook(session, period, day), f"meetings-{year}-{part}.xlsx")
    return render_template(
        "meetings/report.html", period=period, charts_drawn=reports.drawn(period), year=year, part=part, years=reports.years(session, day),
        title=reports.title(year, part),
        verdicts=reports.verdicts(session, first, last, day), words=words, overdue=reports.overdue(session, period, day), span=telling.span, halves=halfyears,
    )  # fmt: skip


@blueprint.get("/resolutions.<kind>")
@require(rights.EXPORT)
def resolutions(kind: str) -> Response:
    """议定事项督办单: what is still to be done, of everything that the acting role sees."""
    from plugins.meetings import rules
    from plugins.meetings.models_results import Resolution

    found = select(Resolution).where(Resolution.state.in_(rules.RUNNING), Resolution.state != "recorded").order_by(Resolution.sort_due, Resolution.id).limit(1000)
    rows = list(db.session.scalars(found))
    return send(papers.outstanding(db.session(), rows, today()), kind, _("议定事项督办单"))
