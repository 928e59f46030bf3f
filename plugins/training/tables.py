"""Workbooks: compliance on several sheets, and attendance in the two shapes in which it can be imported again."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import xlsxwriter
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import crediting, figures, queries, rules, words
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Credit
from plugins.training.sessions import local
from portal.directory.models import Person
from portal.documents import in_chinese
from portal.records.exporting import LONGEST_CELL, defuse, plain, write_xlsx

OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def _sheet(book: Any, name: str, titles: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    page = book.add_worksheet(name[:31])
    bold = book.add_format({"bold": True, "bg_color": "#E7EEF7", "bottom": 1})
    page.freeze_panes(1, 0)
    page.set_column(0, len(titles) - 1, 15)
    for column, title in enumerate(titles):
        page.write_string(0, column, title, bold)
    for number, row in enumerate(rows, 1):
        for column, value in enumerate(row):
            shown = plain(value)
            if isinstance(shown, str):
                page.write_string(number, column, defuse(shown)[:LONGEST_CELL])
            else:
                page.write_number(number, column, shown)


def _stands(one: queries.Summary) -> list[Any]:
    return [one.people, one.hours_met, one.rate, one.short, one.short_halves / 2, one.no_update, one.exempt, one.forecast, one.counted / 2, one.uncounted / 2]


@in_chinese
def compliance(members: Sequence[queries.Member], names: dict[int, str], year: int, departments: Sequence[queries.Held]) -> IO[bytes]:
    """Towns, units, people, departments: a sheet each."""
    stream = tempfile.SpooledTemporaryFile(max_size=1 << 22)  # noqa: SIM115 - the caller sends and closes it
    book = xlsxwriter.Workbook(stream, OPTIONS)
    stands = [_("应参训"), _("学时达标"), _("达标率%"), _("未达标"), _("差学时"), _("缺法律知识更新"), _("免训"), _("预计年末不达标"), _("计入学时"), _("不计入学时")]
    categories = [str(words.CATEGORIES[code]) for code in rules.CATEGORIES]
    by_town = queries.grouped(members, lambda one: one.org_id)
    rows = [[names.get(key, ""), *_stands(one), *(halves / 2 for halves in one.categories.values())] for key, one in by_town.items()]
    _sheet(book, _("按单位"), [_("单位"), *stands, *categories], rows)
    by_unit = queries.grouped(members, lambda one: (one.org_id, one.unit))
    _sheet(book, _("按中队"), [_("单位"), _("中队（组）"), *stands], [[names.get(key[0], ""), key[1], *_stands(one)] for key, one in by_unit.items()])
    people = [
        [one.name, names.get(one.org_id, ""), one.unit, one.position, one.standing.need / 2, one.standing.counted / 2, one.standing.planned / 2,
        one.standing.short / 2 if one.owes else "",
         one.standing.forecast / 2 if one.owes else "", one.uncounted / 2, one.standing.updates, one.points / 100, str(words.VERDICTS[one.status][0]),
         *(halves / 2 for halves in one.categories.values())]
        for one in members
    ]  # fmt: skip
    _sheet(book, _("按人员"), [_("姓名"), _("单位"), _("中队（组）"), _("职务"), _("应达"), _("计入学时"), _("已安排"), _("还差"), _("预计年末差"), _("不计入学时"),
        _("法律知识更新次数"),
                              _("学分"), _("状态"), *categories], people)  # fmt: skip
    held = [
        [row.name, str(words.DUTIES[row.kind]), row.sessions, row.last or "", _("已组织") if row.sessions else _("%(year)s 未组织", year=year)] for row in departments
    ]
    _sheet(book, _("区级部门"), [_("部门"), _("职责"), _("期数"), _("最近日期"), _("情况")], held)
    book.close()
    stream.seek(0)
    return stream


@dataclass(frozen=True)
class Attended:
    """One attendance as it goes out and comes back."""

    person_id: int
    name: str
    hint: str
    session_id: int
    title: str
    category: str
    day: dt.date
    starts: str
    ends: str
    halves: int
    organiser: str
    score: int | None


def attendances(session: Session, org_id: int, year: int) -> list[Attended]:
    """Everybody who was at a session of a town in a year, with the hours credited, or those of the sheet."""
    columns = (
        Enrolment.person_id, Person.name, Person.id_number_hint, Enrolment.in_at, Enrolment.out_at, Training.pause,
        Training.id, Training.title, Training.category, Training.held_on, Training.timed, Training.starts_at,
        Training.ends_at, Training.halves.label("declared"), Enrolment.halves, Credit.halves.label("credited"), Training.organiser_name, Enrolment.score,
    )  # fmt: skip
    found = (
        select(*columns)
        .join(Training, Training.id == Enrolment.session_id)
        .join(Person, Person.id == Enrolment.person_id)
        .outerjoin(Credit, (Credit.enrolment_id == Enrolment.id) & (Credit.state == "valid"))
        .where(Training.org_id == org_id, Enrolment.org_id == org_id, Training.year == year, Enrolment.state.in_(("attended", "credited")))
        .order_by(Training.starts_at, Training.id, Person.name, Person.id)
    )
    rows, measures = [], dict[dt.date, figures.Measure]()
    for row in session.execute(found):
        if row.held_on not in measures:
            measures[row.held_on] = figures.measure(org_id, row.held_on)
        halves = row.credited if row.credited is not None else crediting.worth(row, row.declared, row, measures[row.held_on])
        if not halves:
            continue
        starts, ends = (f"{local(row.starts_at):%H:%M}", f"{local(row.ends_at):%H:%M}") if row.timed else ("", "")
        rows.append(
            Attended(row.person_id, row.name, row.id_number_hint, row.id, row.title, row.category, row.held_on, starts, ends, halves, row.organiser_name, row.score)
        )
    return rows


@in_chinese
def lines(rows: Sequence[Attended]) -> IO[bytes]:
    """One row an attendance."""
    titles = ["序号", "姓名", "身份证号", "培训名称", "类别", "日期", "开始时间", "结束时间", "学时", "主办单位", "成绩"]
    listed = (
        [
            n,
            row.name,
            row.hint,
            row.title,
            str(words.CATEGORIES[row.category]),
            row.day,
            row.starts,
            row.ends,
            row.halves / 2,
            row.organiser,
            "" if row.score is None else row.score,
        ]
        for n, row in enumerate(rows, 1)
    )
    return write_xlsx(titles, listed, "签到记录")


@in_chinese
def matrix(rows: Sequence[Attended], year: int, org: str) -> IO[bytes]:
    """One row a person, one column a session. Only sessions without times: a column has no place for them."""
    sessions: dict[int, Attended] = {}
    people: dict[int, tuple[str, str, dict[int, float]]] = {}
    for row in rows:
        sessions.setdefault(row.session_id, row)
        people.setdefault(row.person_id, (row.name, row.hint, {}))[2][row.session_id] = row.halves / 2
    top = {key: max(row.halves for row in rows if row.session_id == key) for key in sessions}
    heads = [f"{one.day.month}月{one.day.day}日 {one.title}（{words.CATEGORIES[one.category]}，{rules.hours(top[key])}学时）" for key, one in sessions.items()]
    listed = (
        [n, name, hint, *(given.get(key, "") for key in sessions), sum(given.values())]
        for n, (name, hint, given) in enumerate(sorted(people.values(), key=lambda one: one[:2]), 1)
    )
    return write_xlsx(["序号", "姓名", "身份证号", *heads, "合计"], listed, f"{year}年培训签到表")
