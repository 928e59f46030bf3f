"""Rosters, people and certificates for the tests."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import openpyxl

from plugins.certificates import roster
from plugins.certificates.models import Certificate
from portal.directory.idnumber import check_digit
from portal.directory.models import Person
from portal.jobs.runner import run_job
from portal.records.importing import run_import
from portal.work import unit_of_work

SAMPLE = Path(__file__).parents[2] / "samples" / "roster.xlsx"
TODAY = dt.date(2026, 11, 24)
HEADINGS = ["姓 名", "身份证号码", "人员性质", "证号", "有效期", "发证时间", "备用列"]


def id_number(serial: int) -> str:
    first = f"500221198{serial % 10}0101{serial % 1000:03d}"
    return first + check_digit(first)


def workbook(rows: list[list[Any]], headings: list[str] = HEADINGS, title: str = "某镇执法人员花名册") -> bytes:
    """A roster as another town writes it: a title, a remark, other headings, one column more."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "花名册"
    sheet.append([title])
    sheet.append([])
    sheet.append(headings)
    for row in rows:
        sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def line(serial: int, until: Any = "2029-05-06", **changes: Any) -> list[Any]:
    values = {
        "name": f"张{'一二三四五六七八九十'[serial % 10]}", "id": id_number(serial), "kind": "公务员", "number": f"TEST{serial:06d}", "until": until,
        "issued": "2024年5月7日", "more": "",
    } | changes  # fmt: skip
    return list(values.values())


def import_rows(org: Any, rows: list[list[Any]], **options: Any) -> dict[str, Any]:
    return run_import(roster.SPEC, workbook(rows), "roster.xlsx", org, options.pop("today", TODAY), **options)[0]


def certificate(org: Any, number: str, until: dt.date, *, employment: str = "公务员", **changes: Any) -> int:
    """Write a person and a certificate; returns the certificate's id."""
    person_values = {key: changes.pop(key) for key in ("post_status", "post_status_on", "account_id") if key in changes}
    with unit_of_work("test.certificate") as session:
        person = Person(org_id=org.id, name=changes.pop("name", "赵敏"), employment_type=employment, **person_values)
        session.add(person)
        session.flush()
        made = Certificate(org_id=org.id, number=number, person_id=person.id, holder_name=person.name, authority=org.name, valid_until=until, **changes)
        session.add(made)
        session.flush()
        return made.id


def sweep(today: dt.date = TODAY, **options: Any) -> dict[str, Any]:
    outcome = run_job("certificates.sweep", today=today, requested_by="test", **options)
    assert outcome.state == "done", outcome
    assert outcome.result is not None
    return outcome.result


def counts(result: dict[str, Any]) -> tuple[int, ...]:
    return tuple(result[key] for key in ("seen", "warned", "expired", "cancelled", "failed"))


