"""Import of attendance as offices keep it: one row an attendance. What a sheet says becomes sessions that the head then certifies.

A sheet is its own proof: whoever stands in it was there for the hours that it gives. Nothing is credited by an import.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import figures, rights, rules, rules_sheet, words
from plugins.training.models import Enrolment, Training
from plugins.training.sessions import moment
from plugins.training.sheets_book import Book, span_of
from plugins.training.sheets_read import Item, Meeting, People, Refusal, clock, halves_of, key_of, score_of, title_of
from portal.context import current_actor
from portal.database import utcnow
from portal.directory.models import Organisation
from portal.records.bulk import insert_rows, reserve_ids, update_rows
from portal.records.importing import ImportColumn, ImportContext, ImportSpec, RawRow, RowResult
from portal.records.numbers import format_number, next_number
from portal.records.workbooks import CellError, normalise, parse_date
from portal.text import close_name

PEOPLE_COLUMNS = (
    ImportColumn("serial", _l("序号"), ("编号",)),
    ImportColumn("name", _l("姓名"), ("人员姓名", "参训人员", "学员姓名"), required=True),
    ImportColumn("id_number", _l("身份证号"), ("身份证号码", "公民身份号码", "身份号码", "证件号码")),
)
COLUMNS = (
    *PEOPLE_COLUMNS,
    ImportColumn("title", _l("培训名称"), ("培训班", "培训内容", "培训主题", "课程名称", "培训项目"), required=True),
    ImportColumn("category", _l("类别"), ("培训类别", "类型", "培训类型")),
    ImportColumn("day", _l("日期"), ("培训日期", "培训时间", "时间"), required=True),
    ImportColumn("starts", _l("开始时间"), ("开始", "签到时间")),
    ImportColumn("ends", _l("结束时间"), ("结束", "签退时间")),
    ImportColumn("hours", _l("学时"), ("课时", "培训学时", "认定学时"), required=True),
    ImportColumn("organiser", _l("主办单位"), ("组织单位", "举办单位", "承办单位")),
    ImportColumn("score", _l("成绩"), ("考试成绩", "得分")),
)


def check(rows: list[RawRow], context: ImportContext) -> list[RowResult]:
    """What is to be done with each row."""
    people, results, items = People(context), [], []
    for raw in rows:
        result = RowResult(raw.row, "create", cells=raw.cells)
        results.append(result)
        try:
            item = _read(raw, people, result, context)
            items.append((item, result))
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, refusal.message
    book = Book(context)
    book.load([item for item, _result in items])
    for item, result in items:
        try:
            book.decide(item)
            result.status, result.values = item.status, {"items": [item]}
            if item.status == "skip":
                result.code, result.message = "unchanged", _("与登记的内容相同")
        except Refusal as refusal:
            result.status, result.code, result.message = "refuse", refusal.code, refusal.message
    return results


def _read(raw: RawRow, people: People, result: RowResult, context: ImportContext) -> Item:
    cells = raw.values
    result.shown = {"name": close_name(normalise(cells.get("name")))[:20], "title": normalise(cells.get("title"))[:40], "hours": normalise(cells.get("hours"))[:10]}
    person = people.find(raw)
    title = title_of(cells.get("title"))
    if not title:
        raise Refusal("no_title", _("没有培训名称"))
    if len(title) > 100:
        raise Refusal("too_long", _("“%(title)s”超过 %(n)s 个字", title=_("培训名称"), n=100))
    try:
        day = parse_date(cells.get("day"))
    except CellError as error:
        raise Refusal("bad_date", f"{_('日期')}{error}") from None
    if day is None:
        raise Refusal("no_date", _("没有日期"))
    category = rules_sheet.category_of(normalise(cells.get("category")))
    if not category:
        raise Refusal("no_category", _("没有培训类别，应为：%(all)s", all="、".join(str(word) for word in words.CATEGORIES.values())))
    starts, ends = clock(cells.get("starts")), clock(cells.get("ends"))
    if (starts is None) != (ends is None):
        raise Refusal("bad_time", _("开始和结束时间须同时填写或同时不填"))
    organiser = normalise(cells.get("organiser"))[:80]
    result.shown.update(day=str(day), category=str(words.CATEGORIES[category]), organiser=organiser)
    return Item(raw.row, person, Meeting(title, day, starts, ends, category, organiser), halves_of(cells.get("hours")), score_of(cells.get("score")))


# -- writing --------------------------------------------------------------------------------------------------------------


def apply(session: Session, good: list[RowResult], context: ImportContext) -> None:
    """Sessions first, then who was there, each with its event."""
    items = [item for result in good for item in result.values["items"] if item.status in ("create", "update")]
    org = session.get(Organisation, context.org_id)
    assert org is not None
    trainings = _trainings(session, items, org, context)
    rows = []
    fresh = [item for item in items if item.known is None]
    for key, item in zip(reserve_ids(session, Enrolment, len(fresh)), fresh, strict=True):
        training = trainings[item.meeting.key]
        rows.append({
            "id": key, "org_id": org.id, "session_id": training.id, "host_id": org.id, "person_id": item.person.id, "person_name": item.person.name,
            "unit": " ".join(part for part in (org.name, item.person.team) if part)[:100], "source": "import", "asked_at": utcnow(), **_attended(training, item),
        })  # fmt: skip
    insert_rows(session, Enrolment, rows)
    update_rows(session, Enrolment, {item.known.id: {**_attended(trainings[item.meeting.key], item), "refusal": ""} for item in items if item.known is not None})


def _attended(training: Training, item: Item) -> dict[str, Any]:
    passed = None if item.score is None else item.score >= figures.figure(figures.PASS_MARK, training.org_id, training.held_on)
    return {"state": "attended", "in_at": training.starts_at, "out_at": training.ends_at, "halves": item.halves, "score": item.score, "passed": passed}


def _trainings(session: Session, items: Iterable[Item], org: Organisation, context: ImportContext) -> dict[tuple[str, dt.date], Training]:
    """The sessions of the sheet: those that are there, and new ones that have been held."""
    wanted: dict[tuple[str, dt.date], tuple[Meeting, int]] = {}
    for item in items:
        known = wanted.get(item.meeting.key)
        wanted[item.meeting.key] = (item.meeting, max(item.halves, known[1] if known else 0))
    days = {day for _title, day in wanted}
    found = select(Training).where(Training.org_id == org.id, Training.held_on.in_(days), Training.state != "cancelled")
    trainings = {key_of(row.title, row.held_on): row for row in session.scalars(found).unique()} if days else {}
    departments = {row.name: row.id for row in session.execute(select(Organisation.id, Organisation.name).where(Organisation.kind.in_(("department", "district"))))}
    for key, (meeting, halves) in sorted(wanted.items(), key=lambda pair: (pair[0][1], pair[0][0])):
        if key in trainings:
            trainings[key].halves = max(trainings[key].halves, halves)
            if trainings[key].state == "certified":
                trainings[key].state_on = context.today
            continue
        trainings[key] = _training(session, org, meeting, halves, departments, context)
    session.flush()
    return trainings


def _training(session: Session, org: Organisation, meeting: Meeting, halves: int, departments: dict[str, int], context: ImportContext) -> Training:
    timed = meeting.starts is not None and meeting.ends is not None
    if timed:
        start, end = span_of(meeting)
    else:
        start = dt.datetime.combine(meeting.day, dt.time(9))
        end = start + dt.timedelta(minutes=-(-halves * figures.figure(figures.MINUTES, org.id, meeting.day) // 2))
    kind, organiser_id, name = organiser_of(meeting.organiser, org, departments)
    year = start.year
    seq = next_number(session, org.id, "training", year)
    training = Training(
        org_id=org.id, uid=uuid.uuid4().hex, year=year, seq=seq, number=format_number(figures.figure(figures.NUMBER, org.id, context.today), org.short_name, year, seq),
        title=meeting.title, category=meeting.category, mode=rules.MODES[0], organiser=kind, organiser_org_id=organiser_id, organiser_name=name, starts_at=moment(start),
        ends_at=moment(end), timed=timed, held_on=meeting.day, halves=halves, state="finished", state_on=context.today, finished_by=current_actor().account_id,
        self_enrol=False,
    )  # fmt: skip
    session.add(training)
    return training


def organiser_of(text: str, org: Organisation, departments: dict[str, int]) -> tuple[str, int | None, str]:
    """Who held it, from what the sheet says: the own unit where it says nothing."""
    if not text or text in (org.name, org.short_name, "本单位") or text.lower() == "own unit":
        return "own", org.id, org.name
    if text in departments:
        return "department", departments[text], text
    return ("municipal" if text.startswith(("市", "重庆市")) else "other"), None, text


SPEC = ImportSpec(
    name="training_attendance",
    title=_l("培训签到记录（一行一人次）"),
    plugin="training",
    permission=rights.IMPORT,
    columns=COLUMNS,
    check=check,
    apply=apply,
    help=_l("一行是一个人参加一次培训。签到表就是凭证：导入后由负责人在培训班页面认定学时。没有身份证号时按姓名匹配，重名的须填身份证号。"),
    done_endpoint="training.index",
)
