"""会议归档包: everything of a meeting in one ZIP, with a manifest of hashes, made by a job."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from plugins.meetings import following, ics, minuting, papers, planning, sitting, telling, words, workflow
from plugins.meetings.models import AgendaItem, Attendance, Invitation, Meeting, Note, Topic
from plugins.meetings.models_results import Archive, Minutes, Report, Resolution
from portal.audit.chain import record_key
from portal.audit.models import Event
from portal.context import current_actor
from portal.contract import Job
from portal.database import db, utcnow
from portal.documents import to_docx, to_pdf
from portal.errors import Refused
from portal.jobs import runner
from portal.records import attachments
from portal.records.attachments import Attachment
from portal.records.exporting import defuse
from portal.work import separate_write, unit_of_work

PLACE = "archive"
EPOCH = (2026, 1, 1, 0, 0, 0)
"""One date for all entries: the same content makes the same file."""
Entry = tuple[str, bytes]


def ask(meeting_id: int) -> int:
    """Ask for the archive of a meeting; the job makes it. The same wish that waits is not entered twice."""
    with unit_of_work("meetings.archive_asked") as session:
        meeting = planning.find(session, meeting_id)
        if meeting.state not in ("held", "minuted", "issued", "closed", "cancelled"):
            raise Refused(_("会议结束后才能归档。"))
        waiting = session.scalars(select(Archive).where(Archive.meeting_id == meeting.id, Archive.state.in_(("waiting", "working")))).first()
        if waiting is None:
            waiting = Archive(org_id=meeting.org_id, meeting_id=meeting.id, asked_by=current_actor().name, asked_at=utcnow())
            session.add(waiting)
            session.flush()
        runner.queue("meetings.archive", day=None, dry_run=False, account_id=None, requested_by=current_actor().name)
        return waiting.id


def newest(session: Session, meeting_id: int) -> Archive | None:
    return session.scalars(select(Archive).where(Archive.meeting_id == meeting_id).order_by(Archive.id.desc()).limit(1)).first()


def file_of(session: Session, archive: Archive) -> Attachment | None:
    return attachments.newest(session, "meetings.archive", archive.id, PLACE)


# -- the content ------------------------------------------------------------------------------------------------------------


def entries(session: Session, meeting: Meeting, today: Any) -> Iterator[Entry]:
    """Name and content of each file, one after the other."""
    if meeting.notice_number:
        yield from _both(_("01 会议通知"), papers.notice(session, meeting, today))
        yield _("01 会议通知") + ".ics", ics.one(meeting)
    yield from _both(_("02 议程"), papers.agenda(session, meeting))
    items = planning.agenda(session, meeting.id)
    files = attachments.of_shared(session, "meetings.topic", [item.topic_id for item in items if item.topic_id])
    yield from _both(_("03 议题材料汇编"), papers.materials(session, meeting, files))
    for number, item in enumerate(items, 1):
        for place, file in enumerate(files.get(item.topic_id or 0, ()), 1):
            yield f"{_('03 议题材料')}/{number:03d}-{place:02d} {_safe(file.filename)}", attachments.content(file)
    yield from _both(_("04 签到表"), papers.sign_in_sheet(session, meeting))
    yield _("04 签到与回执") + ".csv", _attendance(session, meeting)
    yield _("05 会议记录") + ".txt", _notes(session, meeting, items)
    for row in minuting.editions(session, meeting.id):
        yield from _both(f"{_('06 会议纪要')}-{row.edition}", papers.minutes(session, row, today))
        copy = attachments.newest(session, "meetings.minutes", row.id, minuting.COPY)
        if copy is not None:
            yield f"{_('06 签字件')}-{row.edition} {_safe(copy.filename)}", attachments.content(copy)
    rows = sitting.resolutions(session, meeting.id)
    yield from _both(_("07 议定事项清单"), papers.agreed(session, meeting, rows, today))
    yield from _progress(session, rows)
    yield _("09 审计记录") + ".jsonl", _events(session, meeting)


def _both(name: str, document: Any) -> Iterator[Entry]:
    yield f"{name}.pdf", to_pdf(document)
    yield f"{name}.docx", to_docx(document)


def _safe(name: str) -> str:
    """A file's name as an entry of the ZIP: no path."""
    return "".join("_" if c in '\\/:*?"<>|' or not c.isprintable() else c for c in name).strip(" .")[-120:] or "file"


def _attendance(session: Session, meeting: Meeting) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    writer.writerow([_("单位"), _("身份"), _("回执"), _("回执人选"), _("说明"), _("签到"), _("代会"), _("方式"), _("时间")])
    there: dict[int, list[Attendance]] = {}
    for row in sitting.attendance(session, meeting.id):
        there.setdefault(row.invitation_id, []).append(row)
    for invitation in planning.invitations(session, meeting.id):
        start = [invitation.unit_name, words.CAPACITIES[invitation.capacity], workflow.INVITATION.state(invitation.state).title, invitation.name, invitation.reason]
        signatures: list[Attendance | None] = [*there.get(invitation.id, ())] or [None]
        for signed in signatures:
            end = [signed.name, _("是") if signed.substitute else "", words.HOW[signed.how], f"{telling.local(signed.at):%Y-%m-%d %H:%M}"] if signed else [""] * 4
            writer.writerow([defuse(str(value)) for value in (*start, *end)])
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def _notes(session: Session, meeting: Meeting, items: list[AgendaItem]) -> bytes:
    notes = sitting.notes(session, meeting.id)
    parts = [f"{item.title}（{words.OUTCOMES[item.outcome]}）\n{notes[item.id].text if item.id in notes else ''}" for item in items]
    return "\n\n".join(parts).encode("utf-8", "replace")


def _progress(session: Session, rows: list[Resolution]) -> Iterator[Entry]:
    """What was reported on each resolution, with what was attached."""
    for row in rows:
        listed = list(reversed(following.entries(session, row.id)))
        if not listed:
            continue
        lines = [f"{entry.on} {entry.unit_name} {words.REPORTS[entry.kind]}：{entry.text}" for entry in listed]
        yield f"{_('08 办理情况')}/{row.seq:02d}.txt", "\n".join([row.text, "", *lines]).encode("utf-8", "replace")
        files = attachments.of_shared(session, "meetings.report", [entry.id for entry in listed])
        for place, file in enumerate((file for found in files.values() for file in found), 1):
            yield f"{_('08 办理情况')}/{row.seq:02d}-{place:02d} {_safe(file.filename)}", attachments.content(file)


def _events(session: Session, meeting: Meeting) -> bytes:
    """The trail's events of the meeting and of everything that belongs to it, with their hashes, one a line."""
    keys = [record_key("meetings.meeting", meeting.id)]
    of_meeting = (Invitation, AgendaItem, Note, Attendance, Minutes, Resolution)
    for model in of_meeting:
        keys += [record_key(model.__record__, key) for key in session.scalars(select(model.id).where(model.meeting_id == meeting.id))]  # type: ignore[attr-defined]
    topics = select(Topic.id).where(Topic.id.in_(select(AgendaItem.topic_id).where(AgendaItem.meeting_id == meeting.id)))
    keys += [record_key("meetings.topic", key) for key in session.scalars(topics)]
    reports = select(Report.id).join(Resolution, Resolution.id == Report.resolution_id).where(Resolution.meeting_id == meeting.id)
    keys += [record_key("meetings.report", key) for key in session.scalars(reports)]
    lines: list[tuple[int, int, str]] = []
    for start in range(0, len(keys), 500):
        for event in session.scalars(select(Event).where(Event.record_key.in_(keys[start : start + 500]))):
            told = {
                name: getattr(event, name)
                for name in ("chain_id", "seq", "at", "actor", "role", "action", "reason", "op", "record_type", "record_id", "before", "after", "result")
            }
            lines.append((event.chain_id, event.seq, json.dumps({**told, "hash": bytes(event.hash).hex()}, ensure_ascii=False, sort_keys=True, default=str)))
    return "\n".join(line for _chain, _seq, line in sorted(lines)).encode("utf-8", "replace")


def packed(files: list[Entry], title: str) -> bytes:
    """The ZIP with its manifest: the hash and size of every file, checkable with ``sha256sum -c``."""
    listed = [(name, hashlib.sha256(data).hexdigest(), len(data)) for name, data in files]
    sums = "".join(f"{digest}  {name}\n" for name, digest, _size in listed)
    manifest = {"title": title, "algorithm": "sha256", "files": [{"name": name, "sha256": digest, "size": size} for name, digest, size in listed]}
    whole = [*files, ("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1).encode()), ("SHA256SUMS", sums.encode())]
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        for name, data in whole:
            info = zipfile.ZipInfo(name, EPOCH)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            book.writestr(info, data)
    return stream.getvalue()


# -- the job ----------------------------------------------------------------------------------------------------------------


def make(context: Any) -> dict[str, Any]:
    """Make every archive that waits; one that fails does not stop the others."""
    found = {"made": 0, "failed": 0}
    ids = list(db.session.scalars(select(Archive.id).where(Archive.state.in_(("waiting", "working"))).order_by(Archive.id)))
    db.session.rollback()
    for number, key in enumerate(ids):
        context.check()
        try:
            _make(context, key, number, len(ids))
            found["made"] += 1
        except Exception as error:
            if type(error).__name__ == "LeaseLost":
                raise
            db.session.rollback()
            found["failed"] += 1
            context.log(f"archive {key}: {type(error).__name__}")
            with unit_of_work("meetings.archived") as session:
                row = session.get(Archive, key)
                assert row is not None
                row.state, row.error, row.finished_at = "failed", str(error)[:200], utcnow()
    return found


def _make(context: Any, key: int, number: int, total: int) -> None:
    archive = db.session.get(Archive, key)
    assert archive is not None
    meeting = planning.find(db.session(), archive.meeting_id)
    expected = 12 + 2 * len(minuting.editions(db.session(), meeting.id))
    files: list[Entry] = []
    for entry in entries(db.session(), meeting, context.today):
        files.append(entry)
        context.check()
        context.progress(number, total, entry[0])
        _tell(key, len(files), max(expected, len(files) + 1))
    data = packed(files, meeting.title)
    with unit_of_work("meetings.archived") as session:
        row = session.get(Archive, key, populate_existing=True)
        assert row is not None
        prepared = (data, f"{_safe(meeting.title)}.zip", "application/zip")
        kept = attachments.attach(session, prepared, "meetings.archive", row.id, row.org_id, PLACE)
        row.state, row.digest, row.size, row.finished_at, row.done, row.total = "done", kept.digest, len(data), utcnow(), len(files), len(files)
        row.error = ""
        told = telling.tell_office(
            session, row.org_id, _("归档包已生成：%(t)s", t=meeting.title), f"archive:{row.id}", url=f"/meetings/{meeting.id}/archive", urgent=True
        )
        context.log(f"archive {key}: {len(files)} files, {told} told")


def _tell(key: int, done: int, total: int) -> None:
    """How far it is, for the page that waits. Not in the trail: the result is."""
    table: Any = Archive.__table__
    db.session.rollback()
    with separate_write("meetings.archive_progress") as session:
        session.execute(update(table).where(table.c.id == key).values(state="working", done=done, total=total))


ARCHIVES = Job("meetings.archive", _l("生成会议归档包"), make, plugin="meetings")
