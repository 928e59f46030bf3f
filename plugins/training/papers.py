"""The values of what goes on paper beside the personal file: notice, sign-in sheet, results, plan, who is short, the yearly report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from plugins.training import queries, rules, words
from plugins.training.models import Enrolment, Plan, PlanItem, Training
from plugins.training.models_file import Attempt, Exam
from plugins.training.sessions import local
from portal.documents import chinese_date, in_chinese

Values = dict[str, Any]
COVER = 8
"""More towns than this are not named one by one in the address of a notice."""
SPARE = 5
"""Empty lines at the end of a sign-in sheet."""


def when(training: Training) -> str:
    """Day and times in the Chinese way."""
    start, end = local(training.starts_at), local(training.ends_at)
    if not training.timed:
        return chinese_date(training.held_on)
    last = f"{end:%H:%M}" if end.date() == start.date() else f"{chinese_date(end.date())} {end:%H:%M}"
    return f"{chinese_date(start.date())} {start:%H:%M}—{last}"


def money(fen: int) -> str:
    return f"{fen // 100:,}.{fen % 100:02d}" if fen % 100 else f"{fen // 100:,}"


def _session(training: Training, place: str, today: dt.date) -> Values:
    return {
        "issuer": training.organisation.name, "date": chinese_date(today), "title": training.title, "number": training.number, "when": when(training), "place": place,
        "lecturer": training.lecturer, "hours": rules.hours(training.halves),
    }  # fmt: skip


@in_chinese
def notice(training: Training, place: str, seats: Sequence[tuple[str, int]], today: dt.date) -> Values:
    """培训通知."""
    until = _("请于 %(day)s 前报名。", day=chinese_date(training.enrol_until)) if training.enrol_until else ""
    exam = _("培训后进行考试，合格的认定学时。") if training.exam_needed else ""
    return {
        **_session(training, place, today), "category": str(words.CATEGORIES[training.category]), "mode": f"{training.mode} · {training.delivery}",
        "audience": training.audience, "organiser": training.organiser_name, "content": training.content,
        "addressee": "、".join(name for name, _quota in seats) if len(seats) <= COVER else _("各参训街镇"),
        "requirements": _("%(until)s参训人员签到、签退齐全的认定学时，请妥善安排工作。%(exam)s", until=until, exam=exam),
        "seats": [{"name": name, "quota": str(quota)} for name, quota in seats],
    }  # fmt: skip


@in_chinese
def sheet(training: Training, place: str, rows: Sequence[Enrolment], today: dt.date, spare: int = SPARE) -> Values:
    """签到表: everybody with a seat by number, and a few empty lines."""
    people = [{"number": str(number), "name": row.person_name, "unit": row.unit} for number, row in enumerate(rows, 1)]
    people += [{"number": str(len(rows) + n), "name": "", "unit": ""} for n in range(1, spare + 1)]
    return {**_session(training, place, today), "people": people}


@in_chinese
def results(exam: Exam, rows: Sequence[Attempt], today: dt.date) -> Values:
    """考核成绩表."""

    def said(row: Attempt) -> str:
        if row.passed is None:
            return str(words.ATTEMPTS[row.state][0])
        return _("合格") if row.passed else _("不合格")

    people = [
        {"number": str(n), "name": row.person_name, "unit": row.unit, "score": "" if row.score is None else str(row.score), "result": said(row)}
        for n, row in enumerate(rows, 1)
    ]
    scored = [row for row in rows if row.passed is not None]
    return {
        "issuer": exam.organisation.name, "date": chinese_date(today), "title": exam.title, "kind": str(words.EXAM_KINDS[exam.kind]), "pass_mark": str(exam.pass_mark),
        "summary": _("参考 %(n)s 人，合格 %(p)s 人", n=len(scored), p=sum(bool(row.passed) for row in scored)), "people": people,
    }  # fmt: skip


@in_chinese
def plan(found: Plan, items: Sequence[PlanItem], today: dt.date) -> Values:
    """年度培训计划."""
    return {
        "issuer": found.organisation.name, "date": chinese_date(found.approved_on or today), "title": found.title, "year": str(found.year), "note": found.note,
        "count": str(len(items)), "hours": rules.hours(sum(item.halves for item in items)), "cost": money(sum(item.cost_fen for item in items)),
        "items": [
            {"month": _("%(n)s月", n=item.month), "theme": item.theme, "category": str(words.CATEGORIES[item.category]), "hours": rules.hours(item.halves),
             "audience": item.audience, "lecturer": item.lecturer, "cost": money(item.cost_fen)}
            for item in items
        ],
    }  # fmt: skip


@in_chinese
def short_list(org: str, year: int, members: Sequence[queries.Member], names: Mapping[int, str], today: dt.date) -> Values:
    """未达标名单."""
    people = [
        {"number": str(n), "name": member.name, "unit": " ".join(part for part in (names.get(member.org_id, ""), member.unit) if part),
         "counted": rules.hours(member.standing.counted), "short": rules.hours(member.standing.short),
         "update": _("已参加") if member.standing.updates else _("未参加")}
        for n, member in enumerate(members, 1)
    ]  # fmt: skip
    return {"issuer": org, "date": chinese_date(today), "year": str(year), "count": str(len(people)), "people": people}


@in_chinese
def report(org: str, year: int, whole: queries.Summary, units: Sequence[tuple[str, queries.Summary]], departments: Sequence[queries.Held], figures: Mapping[str, int],
           today: dt.date, *, towns: bool) -> Values:  # fmt: skip
    """年度培训情况报告; ``towns``: the groups are towns, else the units of one."""
    idle = [row.name for row in departments if not row.sessions]
    held = _("尚未组织培训的部门：%(names)s。", names="、".join(idle)) if idle else _("有培训职责的部门均已组织培训。")
    return {
        "issuer": org, "date": chinese_date(today), "year": str(year), "people": str(whole.people), "met": str(whole.hours_met), "rate": f"{whole.rate}%",
        "short": str(whole.short), "short_hours": rules.hours(whole.short_halves), "exempt": str(whole.exempt), "no_update": str(whole.no_update),
        "sessions": str(figures["sessions"]), "attended": str(figures["attended"]), "counted": rules.hours(whole.counted), "uncounted": rules.hours(whole.uncounted),
        "cost": money(figures["cost"]), "grouping": _("分单位情况") if towns else _("分中队（组）情况"), "idle": held if departments else _("没有设定部门培训职责。"),
        "categories": [{"category": str(words.CATEGORIES[code]), "hours": rules.hours(halves)} for code, halves in whole.categories.items()],
        "units": [
            {"name": name, "people": str(one.people), "met": str(one.hours_met), "rate": f"{one.rate}%", "short": str(one.short), "hours": rules.hours(one.short_halves)}
            for name, one in units
        ],
        "departments": [
            {"name": row.name, "kind": str(words.DUTIES[row.kind]), "sessions": str(row.sessions), "last": row.last.isoformat() if row.last else "",
             "state": _("已组织") if row.sessions else _("未组织") if today.year > year else _("尚未组织")}
            for row in departments
        ],
    }  # fmt: skip
