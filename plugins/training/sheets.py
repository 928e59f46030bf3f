"""Import of attendance as offices keep it: one row an attendance. What a sheet says becomes sessions that the head then certifies.

A sheet is its own proof: whoever stands in it was there for the hours that it gives. Nothing is credited by an import.
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import crediting, figures, rights, rules, rules_sheet, words, years
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Credit
from plugins.training.sessions import local, moment
from portal.context import current_actor
from portal.crypto import keyring
from portal.database import utcnow
from portal.directory.idnumber import IdNumberError, check_id_number
from portal.directory.models import ID_PURPOSE, Organisation, Person
from portal.errors import Refused
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
CLOCK = re.compile(r"(\d{1,2})[:：](\d{2})(?::\d{2})?")


class Refusal(Exception):
    """Why a row is refused."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True)
class Meeting:
    """A session as a sheet names it."""

    title: str
    day: dt.date
    starts: dt.time | None
    ends: dt.time | None
    category: str
    organiser: str

    @property
    def key(self) -> tuple[str, dt.date]:
        return self.title, self.day


@dataclass
class Item:
    """One attendance: who, where, how long."""

    row: int
    person: Any
    meeting: Meeting
    halves: int
    score: int | None
    status: str = "create"
    known: Any = None


# -- reading ------------------------------------------------------------------------------------------------------------


def clock(cell: Any) -> dt.time | None:
    """A time of day in a cell; None for an empty one."""
    if cell in (None, ""):
        return None
    if isinstance(cell, (int, float)) and not isinstance(cell, bool) and 0 <= cell < 1:
        minutes = round(float(cell) * 1440)
        return dt.time(minutes // 60 % 24, minutes % 60)
    text = str(next(iter(cell.values()))) if isinstance(cell, dict) else normalise(cell)
    found = CLOCK.search(text)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Refusal("bad_time", _("“%(text)s”不是时间，请写成 09:00", text=text[:20]))
    return dt.time(int(found[1]), int(found[2]))


def halves_of(cell: Any) -> int:
    """Hours of a cell in halves."""
    try:
        return rules.parse_halves(normalise(cell))
    except rules.RuleError as error:
        raise Refusal("bad_hours", str(words.refused(error).message)) from None


def score_of(cell: Any) -> int | None:
    text = normalise(cell).removesuffix("分")
    if not text:
        return None
    found = re.fullmatch(r"\d{1,3}(?:\.0+)?", text)
    if found is None or float(text) > 100:
        raise Refusal("bad_score", _("“%(text)s”不是成绩，应为 0 至 100", text=text[:20]))
    return int(float(text))


class People:
    """The town's people, found by identity number, by its masked form with the name, or by a name that only one has."""

    def __init__(self, context: ImportContext) -> None:
        columns = (Person.id, Person.name, Person.id_number_index, Person.id_number_hint, Person.post_status, Person.left_on, Person.team)
        rows = context.session.execute(select(*columns).where(Person.org_id == context.org_id)).all()
        self.by_index = {bytes(row.id_number_index): row for row in rows if row.id_number_index is not None}
        self.by_name: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            self.by_name[row.name].append(row)
        self.ring = keyring()
        self.seen: dict[int, tuple[str, int]] = {}

    def find(self, raw: RawRow) -> Any:
        """Whoever a row is about. Raises Refusal."""
        name = close_name(normalise(raw.values.get("name")))
        if not name:
            raise Refusal("no_name", _("没有姓名"))
        row = self._find(name, raw.values.get("id_number"))
        earlier = self.seen.setdefault(row.id, (name, raw.row))
        if earlier[0] != name:
            raise Refusal("id_other_name", _("身份号码与第 %(row)s 行相同，姓名不同", row=earlier[1]))
        if row.name != name:
            raise Refusal("id_other_name", _("身份号码登记在“%(name)s”名下，请核对姓名", name=row.name))
        return row

    def _find(self, name: str, cell: Any) -> Any:
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            raise Refusal("id_as_number", _("身份号码以数字存放，末几位已丢失，请将该列设为文本后重新填写"))
        text = normalise(cell).replace(" ", "").upper()
        if "*" in text:
            same = [row for row in self.by_name.get(name, ()) if row.id_number_hint == text]
            if len(same) == 1:
                return same[0]
            raise Refusal("unknown_person", _("没有找到人员“%(name)s”，请先在“人员”中登记", name=name[:20]))
        if text:
            try:
                found = self.by_index.get(self.ring.blind_index(ID_PURPOSE, check_id_number(text[:40])))
            except IdNumberError as error:
                raise Refusal(error.code, str(error.message)) from None
            if found is None:
                raise Refusal("unknown_person", _("没有找到人员“%(name)s”，请先在“人员”中登记", name=name[:20]))
            return found
        same = self.by_name.get(name, [])
        if not same:
            raise Refusal("unknown_person", _("没有找到人员“%(name)s”，请先在“人员”中登记", name=name[:20]))
        if len(same) > 1:
            raise Refusal("ambiguous", _("本单位有 %(n)s 个“%(name)s”，请填写身份证号", n=len(same), name=name[:20]))
        return same[0]


# -- deciding -----------------------------------------------------------------------------------------------------------


@dataclass
class Book:
    """Compares attendances with what is there and with one another."""

    context: ImportContext
    taken: dict[int, list[Item]] = field(default_factory=lambda: defaultdict(list))
    pairs: dict[tuple[int, tuple[str, dt.date]], int] = field(default_factory=dict)
    meetings: dict[tuple[str, dt.date], Meeting] = field(default_factory=dict)

    def load(self, items: Sequence[Item]) -> None:
        """What the database knows of these sessions and people, in a handful of statements."""
        session, org_id = self.context.session, self.context.org_id
        days = {item.meeting.day for item in items}
        span = (min(days), max(days)) if days else (self.context.today, self.context.today)
        found = session.scalars(select(Training).where(Training.org_id == org_id, Training.held_on.between(*span))).unique()
        self.trainings = {(row.title, row.held_on): row for row in found if row.state != "cancelled"}
        ids = [row.id for row in self.trainings.values()]
        self.enrolments: dict[tuple[int, int], Any] = {}
        self.credited: dict[int, int] = {}
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            columns = (Enrolment.id, Enrolment.session_id, Enrolment.person_id, Enrolment.state, Enrolment.halves, Enrolment.score)
            for row in session.execute(select(*columns).where(Enrolment.session_id.in_(part), Enrolment.org_id == org_id)):
                self.enrolments[(row.session_id, row.person_id)] = row
            for valid in session.execute(select(Credit.enrolment_id, Credit.halves).where(Credit.session_id.in_(part), Credit.state == "valid", Credit.org_id == org_id)):
                self.credited[valid.enrolment_id or 0] = valid.halves
        people = sorted({item.person.id for item in items})
        self.lines: dict[int, list[crediting.Line]] = defaultdict(list)
        for year in {day.year for day in days}:
            for person, lines in crediting.lines(session, org_id, year, people).items():
                self.lines[person].extend(lines)
        self.closed = {year for year in {day.year for day in days} if not years.is_open(session, org_id, year)}
        self.measures = {day: figures.measure(org_id, day) for day in days}

    def decide(self, item: Item) -> None:
        """What becomes of an attendance; raises Refusal."""
        meeting, person = item.meeting, item.person
        if meeting.day > self.context.today:
            raise Refusal("future", _("培训日期 %(day)s 在今天之后", day=meeting.day))
        if meeting.day.year in self.closed:
            raise Refusal("year_closed", _("%(year)s 年度已归档", year=meeting.day.year))
        if person.left_on is not None and person.left_on < meeting.day:
            raise Refusal("person_gone", _("%(name)s 在培训日期前已离开本单位", name=person.name))
        other = self.meetings.setdefault(meeting.key, meeting)
        if (other.category, other.starts, other.ends) != (meeting.category, meeting.starts, meeting.ends):
            raise Refusal("session_differs", _("同一培训“%(title)s”的类别或起止时间与前面的行不一致", title=meeting.title[:30]))
        earlier = self.pairs.setdefault((person.id, meeting.key), item.row)
        if earlier != item.row or any(found.meeting.key == meeting.key for found in self.taken[person.id]):
            raise Refusal("duplicate", _("与第 %(row)s 行重复", row=earlier))
        self._check_length(item)
        training = self.trainings.get(meeting.key)
        if training is not None:
            self._compare(item, training)
        if item.status in ("create", "update"):
            self._check_beside(item)
        self.taken[person.id].append(item)

    def _check_length(self, item: Item) -> None:
        meeting, measure = item.meeting, self.measures[item.meeting.day]
        if meeting.starts and meeting.ends:
            start, end = span_of(meeting)
            if end - start > dt.timedelta(hours=24):
                raise Refusal("bad_time", _("起止时间不对"))
            most = rules.longest(rules.net_minutes(start, end), measure.minutes)
            if item.halves > most:
                raise Refusal(
                    "length", _("%(from)s 至 %(to)s 最多 %(n)s 学时", **{"from": f"{meeting.starts:%H:%M}", "to": f"{meeting.ends:%H:%M}", "n": rules.hours(most)})
                )
        elif item.halves > measure.most_a_day:
            raise Refusal("day_hours", _("一天最多 %(n)s 学时", n=rules.hours(measure.most_a_day)))

    def _compare(self, item: Item, training: Training) -> None:
        if training.state in ("planned", "archived"):
            raise Refusal("session_state", _("培训“%(title)s”的状态不能导入签到", title=training.title[:30]))
        if training.category != item.meeting.category:
            raise Refusal("session_differs", _("“%(title)s”已登记为“%(category)s”", title=training.title[:30], category=words.CATEGORIES[training.category]))
        if item.halves > rules.longest(rules.net_minutes(local(training.starts_at), local(training.ends_at), training.pause), self.measures[item.meeting.day].minutes):
            raise Refusal("length", _("“%(title)s”的时间容不下 %(n)s 学时", title=training.title[:30], n=rules.hours(item.halves)))
        row = item.known = self.enrolments.get((training.id, item.person.id))
        if row is None:
            return
        credited = self.credited.get(row.id)
        if credited is not None:
            if credited != item.halves:
                raise Refusal("credited", _("已认定 %(n)s 学时，请用“更正”", n=rules.hours(credited)))
            item.status = "skip"
        elif row.halves == item.halves and (item.score is None or row.score == item.score):
            item.status = "skip"
        else:
            item.status = "update"

    def _check_beside(self, item: Item) -> None:
        meeting, measure = item.meeting, self.measures[item.meeting.day]
        times = tuple(moment(at) for at in span_of(meeting)) if meeting.starts and meeting.ends else (None, None)
        beside = [*self.lines[item.person.id], *(_line(found) for found in self.taken[item.person.id] if found.status != "skip")]
        why = crediting.clashes(beside, times[0], times[1], meeting.day, item.halves, "", measure.most_a_day)
        if why:
            raise Refusal("overlap", why)


def span_of(meeting: Meeting) -> tuple[dt.datetime, dt.datetime]:
    """Begin and end, local; an end before the begin is after midnight."""
    assert meeting.starts is not None and meeting.ends is not None
    start, end = dt.datetime.combine(meeting.day, meeting.starts), dt.datetime.combine(meeting.day, meeting.ends)
    return start, end if end > start else end + dt.timedelta(days=1)


def _line(item: Item) -> crediting.Line:
    meeting = item.meeting
    timed = meeting.starts is not None and meeting.ends is not None
    start, end = span_of(meeting) if timed else (None, None)
    return crediting.Line(moment(start) if start else None, moment(end) if end else None, meeting.day, item.halves, "", meeting.title)


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
    title = normalise(cells.get("title"))
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
    passed = None if item.score is None else item.score >= rules.PASS_MARK
    return {"state": "attended", "in_at": training.starts_at, "out_at": training.ends_at, "halves": item.halves, "score": item.score, "passed": passed}


def _trainings(session: Session, items: Iterable[Item], org: Organisation, context: ImportContext) -> dict[tuple[str, dt.date], Training]:
    """The sessions of the sheet: those that are there, and new ones that have been held."""
    wanted: dict[tuple[str, dt.date], tuple[Meeting, int]] = {}
    for item in items:
        known = wanted.get(item.meeting.key)
        wanted[item.meeting.key] = (item.meeting, max(item.halves, known[1] if known else 0))
    days = {day for _title, day in wanted}
    found = select(Training).where(Training.org_id == org.id, Training.held_on.in_(days), Training.state != "cancelled")
    trainings = {(row.title, row.held_on): row for row in session.scalars(found).unique()} if days else {}
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
    if not text or text in (org.name, org.short_name, "本单位"):
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

__all__ = ["SPEC", "Book", "Item", "Meeting", "People", "Refusal", "Refused", "apply"]
