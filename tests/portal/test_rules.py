"""Rules of the domain as examples: working days, identity numbers, settings, keys."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from portal.calendar.rules import Calendar
from portal.calendar.service import seeded
from portal.config import ConfigError, load_settings
from portal.crypto import Keyring, Unreadable
from portal.directory.idnumber import IdNumberError, check_id_number, mask_id_number
from portal.plugins import version_fits


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar(*seeded())


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-09-28", 7, "2026-10-13"),
        ("2026-09-28", 5, "2026-10-10"),
        ("2026-02-11", 7, "2026-02-27"),
        ("2026-04-30", 5, "2026-05-11"),
        ("2026-09-28", 3, "2026-10-08"),
        ("2026-09-28", 15, "2026-10-23"),
        ("2026-09-20", 7, "2026-09-30"),
        ("2026-02-13", 7, "2026-03-02"),
        ("2026-04-30", 3, "2026-05-08"),
        ("2026-09-29", 5, "2026-10-12"),
        ("2026-10-12", 15, "2026-11-02"),
    ],
)
def test_working_days(calendar: Calendar, start: str, days: int, due: str) -> None:
    found = calendar.add_working_days(dt.date.fromisoformat(start), days)
    assert (found.day.isoformat(), found.provisional) == (due, False)


def test_a_period_into_an_unpublished_year_is_provisional(calendar: Calendar) -> None:
    found = calendar.add_working_days(dt.date(2026, 12, 28), 7)
    assert (found.day, found.provisional) == (dt.date(2027, 1, 7), True)


def test_calendar_days_forward_for_a_party_back_for_the_office(calendar: Calendar) -> None:
    found = calendar.add_calendar_days(dt.date(2026, 8, 5), 60)
    assert (found.legal_end, found.for_party, found.for_office) == (dt.date(2026, 10, 4), dt.date(2026, 10, 8), dt.date(2026, 9, 30))


def test_working_days_of_2026(calendar: Calendar) -> None:
    assert calendar.working_days_between(dt.date(2025, 12, 31), dt.date(2026, 12, 31)) == 248
    assert calendar.is_working_day(dt.date(2026, 10, 10))
    assert not calendar.is_working_day(dt.date(2026, 10, 1))


@pytest.mark.parametrize("number", ["11010519491231002X", "500115199003070012", "510221197508153011", "50011520160229101X", " 11010519491231002x "])
def test_good_identity_numbers(number: str) -> None:
    assert check_id_number(number) == number.strip().upper()


@pytest.mark.parametrize(("number", "code"), [("500115199003070013", "id_check_digit"), ("5001151990030700", "id_form"), ("", "id_form")])
def test_bad_identity_numbers(number: str, code: str) -> None:
    with pytest.raises(IdNumberError) as error:
        check_id_number(number)
    assert error.value.code == code


def test_identity_numbers_are_masked() -> None:
    assert mask_id_number("11010519491231002X") == "110105********002X"


def test_unknown_and_bad_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="PORTAL_COLOUR"):
        load_settings(tmp_path, {"PORTAL_COLOUR": "red"})
    with pytest.raises(ConfigError, match="from 5 to 120"):
        load_settings(tmp_path, {"PORTAL_SESSION_IDLE_MINUTES": "1000"})
    (tmp_path / "portal.toml").write_text('port = "soon"\n')
    with pytest.raises(ConfigError, match="whole number"):
        load_settings(tmp_path, {})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text("threads = 3\nport = 8100\n")
    found = load_settings(tmp_path, {"PORTAL_THREADS": "5"})
    assert (found.threads, found.port) == (5, 8100)


@pytest.mark.parametrize("cipher", ["aes-256-gcm", "sm4-gcm"])
def test_a_protected_value_is_bound_to_its_record(tmp_path: Path, cipher: str) -> None:
    ring = Keyring.open(tmp_path, cipher)
    sealed = ring.encrypt("purpose", "11010519491231002X", "person-1")
    assert b"1101" not in sealed
    assert Keyring.open(tmp_path, cipher).decrypt("purpose", sealed, "person-1") == "11010519491231002X"
    with pytest.raises(Unreadable):
        ring.decrypt("purpose", sealed, "person-2")
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


def test_version_conditions() -> None:
    assert version_fits("0.1.0", ">=0.1")
    assert version_fits("0.10.0", ">=0.9,<1")
    assert not version_fits("0.1.0", ">=0.2")
    assert sqlite3.sqlite_version_info >= (3, 35)
