"""Import of rosters: the office's own sample to the row, other layouts, and what bad input gets."""

import datetime as dt

import pytest
import sqlalchemy as sa

from plugins.certificates import roster
from plugins.certificates.models import Certificate
from portal import audit
from portal.database import db
from portal.directory.models import Person
from portal.records.importing import run_import
from tests.plugins.certificates.helpers import SAMPLE, TODAY, certificate, id_number, import_rows, line, sweep, workbook

REFUSED = {
    "employment": [6, 26, 47],
    "id_check_digit": [8, 28, 49],
    "duplicate_number": [12, 33, 53],
    "id_as_number": [14, 35, 56],
    "no_expiry": [20, 41, 62],
}


def import_sample(org, **options):
    return run_import(roster.SPEC, SAMPLE.read_bytes(), SAMPLE.name, org, TODAY, **options)[0]


def test_the_sample_gives_exactly_its_table(app, world):
    report = import_sample(world.jiangnan)
    assert (report["created"], report["updated"], report["skipped"]) == (45, 0, 0)
    found: dict[str, list[int]] = {}
    for refused in report["refused"]:
        found.setdefault(refused["code"], []).append(refused["row"])
        assert refused["message"]
    assert found == REFUSED
    assert sweep()["expired"] == 11
    assert sweep()["expired"] == 0
    again = import_sample(world.jiangnan)
    assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 45)
    assert audit.verify_instance(app).ok


def test_a_dry_run_and_a_strict_one_write_nothing(app, world):
    assert import_sample(world.jiangnan, dry_run=True)["created"] == 45
    assert import_sample(world.jiangnan, strict=True)["created"] == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Certificate)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Person)) == 0


def test_another_layout_and_every_way_to_write_a_date(app, world):
    dates = ["2027.11.3", "2027年11月3日", "2027/11/3", "2027-11-03", 46694, dt.datetime(2027, 11, 3), "20271103", "２０２７．１１．３"]
    report = import_rows(world.gelan, [line(n, until) for n, until in enumerate(dates)])
    assert report["created"] == len(dates), report
    assert set(db.session.scalars(sa.select(Certificate.valid_until))) == {dt.date(2027, 11, 3)}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"until": "2026-02-30"}, "bad_date"),
        ({"until": "长期"}, "bad_date"),
        ({"until": "2020-01-01"}, "dates_order"),
        ({"issued": "2027-01-01"}, "issued_future"),
        ({"name": " "}, "no_name"),
        ({"kind": "志愿者"}, "employment_unknown"),
        ({"kind": "合同制"}, "employment"),
        ({"number": "12"}, "number_form"),
        ({"number": ""}, "no_number"),
        ({"id": ""}, "no_id_number"),
        ({"id": "123"}, "id_form"),
        ({"id": 500221198001010000}, "id_as_number"),
        ({"number": "=1+1"}, "formula"),
        ({"name": "长" * 61}, "too_long"),
    ],
)
def test_bad_rows_are_refused_with_row_and_code(app_sqlite, world, changes, code):
    report = import_rows(world.gelan, [line(1), line(2, **changes)])
    assert [(row["row"], row["code"]) for row in report["refused"]] == [(5, code)]
    assert report["created"] == 1


def test_an_existing_certificate_is_changed_and_the_change_stands_in_the_trail(app, world):
    import_rows(world.gelan, [line(1)])
    report = import_rows(world.gelan, [line(1, "2030-01-01", kind="事业编制")])
    assert (report["updated"], report["refused"]) == (1, [])
    found = db.session.scalars(sa.select(Certificate)).unique().one()
    assert found.valid_until == dt.date(2030, 1, 1) and found.version == 2
    assert '"valid_until":"2030-01-01"' in audit.history("certificates.certificate", found.id)[0].after
    assert db.session.scalar(sa.select(Person.employment_type)) == "事业编"


def test_a_number_of_another_town_is_refused_without_saying_whose(app, world):
    import_rows(world.jiangnan, [line(1)])
    report = import_rows(world.gelan, [line(1)])
    assert [row["code"] for row in report["refused"]] == ["number_taken"]
    assert "江南" not in report["refused"][0]["message"]


def test_a_number_in_another_persons_name_and_a_person_who_is_gone(app, world):
    import_rows(world.gelan, [line(1), line(2)])
    with_other = import_rows(world.gelan, [line(1, id=id_number(5), name="李四")])
    assert [row["code"] for row in with_other["refused"]] == ["number_other_person"]
    person = db.session.scalars(sa.select(Person).where(Person.name == "张二")).unique().all()
    from portal.work import unit_of_work

    with unit_of_work("test") as session:
        found = session.get(Person, (person or db.session.scalars(sa.select(Person)).unique().all())[0].id)
        found.post_status = "退休"
        gone = found.name
    report = import_rows(world.gelan, [line(n, number=f"NEWNUM{n:03d}") for n in (1, 2)])
    assert [row["code"] for row in report["refused"]] == ["person_gone"] and gone


def test_identity_numbers_are_encrypted_and_masked(app, world):
    import_rows(world.gelan, [line(1)])
    person = db.session.scalars(sa.select(Person)).unique().one()
    assert person.id_number() == id_number(1)
    assert id_number(1).encode() not in person.id_number_enc
    assert person.masked_id_number() == id_number(1)[:6] + "********" + id_number(1)[-4:]
    text = " ".join(filter(None, db.session.scalars(sa.text("SELECT after FROM audit_event"))))
    assert id_number(1) not in text


def test_the_workbook_of_refused_rows_can_be_mended_and_sent_again(app_sqlite, world):
    from portal.records import importing

    report, checked = run_import(roster.SPEC, workbook([line(1), line(2, "2026-02-30")]), "r.xlsx", world.gelan, TODAY)
    rows = [{"row": r.row, "message": r.message, "cells": r.cells} for r in checked.refused()]
    data = importing.refused_workbook(checked.header.titles, rows).read()
    import io

    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.active
    titles = [cell.value for cell in sheet[1]]
    assert titles[-2:] == ["原表行号", "拒绝原因"] and "2026-02-30" in sheet[2][len(titles) - 1].value
    sheet[2][4].value = "2029-02-28"
    stream = io.BytesIO()
    book.save(stream)
    again = run_import(roster.SPEC, stream.getvalue(), "mended.xlsx", world.gelan, TODAY)[0]
    assert again["created"] == 1 and again["refused"] == [] and report["created"] == 1


def test_a_roster_takes_expired_certificates_as_they_stand(app, world):
    certificate(world.gelan, "OTHER00001", TODAY)
    assert import_rows(world.gelan, [line(1, "2025-01-01", issued="2020-01-02")])["created"] == 1
    assert db.session.scalar(sa.select(Certificate.state).where(Certificate.number == "TEST000001")) == "active"
