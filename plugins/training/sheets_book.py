"""Attendances of a sheet beside the books and beside one another: what becomes of each, and why one is refused."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from plugins.training import crediting, figures, rules, words, years
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Credit
from plugins.training.sessions import local, moment
from plugins.training.sheets_read import Item, Meeting, Refusal, key_of
from portal.records.importing import ImportContext


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
        self.trainings = {key_of(row.title, row.held_on): row for row in found if row.state != "cancelled"}
        ids = [row.id for row in self.trainings.values()]
        self.enrolments: dict[tuple[int, int], Any] = {}
        self.credited: dict[int, int] = {}
        for start in range(0, len(ids), 500):
            part = ids[start : start + 500]
            columns = (Enrolment.id, Enrolment.session_id, Enrolment.person_id, Enrolment.state, Enrolment.halves, Enrolment.score, Enrolment.in_at, Enrolment.out_at)
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
        elif crediting.worth(training, training.halves, row, self.measures[item.meeting.day]) == item.halves and (item.score is None or row.score == item.score):
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
