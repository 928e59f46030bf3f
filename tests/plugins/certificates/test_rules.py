"""The rules of domain.md §3 as examples."""

import datetime as dt

import pytest
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from plugins.certificates import rules
from plugins.certificates.rules import Holder

TODAY = dt.date(2026, 11, 24)
PASSED = dt.date(2026, 5, 1)
FIT = Holder("公务员", general=PASSED, professional=PASSED)


def codes(holder: Holder, today: dt.date = TODAY) -> set[str]:
    return {reason.code for reason in rules.eligibility(holder, today)}


def changed(**values: object) -> Holder:
    return Holder(**{**FIT.__dict__, **values})


@pytest.mark.parametrize("kind", ["公务员", "参公", "事业编"])
def test_established_staff_on_post_with_both_examinations_may_apply(kind):
    assert codes(changed(employment_type=kind)) == set()


@pytest.mark.parametrize("kind", ["合同工", "临时工", "工勤", "借用", "试用期"])
def test_others_are_refused_whatever_else_they_have_and_the_rule_is_named(kind):
    found = rules.eligibility(changed(employment_type=kind, legally_qualified=True), TODAY)
    assert [reason.code for reason in found] == ["employment"]
    assert kind in found[0].message and "实施意见" in found[0].message


def test_the_legal_qualification_exempts_from_the_general_examination_only():
    assert codes(changed(general=None, legally_qualified=True)) == set()
    assert codes(changed(professional=None, legally_qualified=True)) == {"professional_exam"}
    assert codes(changed(general=None)) == {"general_exam"}


def test_probation_is_read_from_its_end_date():
    assert codes(changed(probation_until=TODAY)) == {"probation"}
    assert codes(changed(probation_until=TODAY - dt.timedelta(days=1))) == set()


def test_retirement_is_read_from_its_recorded_date():
    assert codes(changed(retired_on=TODAY)) == {"retired"}
    assert codes(changed(retired_on=TODAY + dt.timedelta(days=1))) == set()
    assert codes(changed(post_status="离岗")) == {"post"}


def test_education_below_junior_college_is_refused_where_it_is_stated():
    assert codes(changed(education="中专")) == {"education"}
    assert codes(changed(education="大专")) == set() == codes(changed(education=""))


def test_a_certificate_is_good_through_its_last_day():
    last = dt.date(2026, 11, 23)
    assert not rules.is_expired(last, dt.date(2026, 11, 23))
    assert rules.is_expired(last, dt.date(2026, 11, 24))


def test_warnings_come_once_each_and_those_missed_collapse():
    until, steps = dt.date(2027, 2, 22), (90, 60, 30, 7)
    assert rules.due_warning(until, TODAY - dt.timedelta(days=1), steps, None) is None
    assert rules.due_warning(until, TODAY, steps, None) == 90
    assert rules.due_warning(until, TODAY, steps, 90) is None
    assert rules.due_warning(until, until - dt.timedelta(days=20), steps, 90) == 30
    assert rules.due_warning(until, until, steps, 30) == 7
    assert rules.due_warning(until, until + dt.timedelta(days=1), steps, 30) is None


@given(st.dates(dt.date(2026, 1, 1), dt.date(2028, 1, 1)), st.sets(st.integers(1, 365), min_size=1, max_size=6))
def test_windows_and_single_warnings_agree(until, steps):
    wanted = rules.due_warning(until, TODAY, sorted(steps), None)
    found = [days for days, first, last in rules.warning_windows(TODAY, sorted(steps)) if first <= until <= last]
    assert found == ([wanted] if wanted is not None else [])


def test_validity_of_five_years_ends_the_day_before():
    assert rules.add_years(dt.date(2026, 11, 24), 5) == dt.date(2031, 11, 23)
    assert rules.add_years(dt.date(2024, 2, 29), 5) == dt.date(2029, 2, 28)


def test_numbers_are_kept_in_one_form():
    assert rules.normal_number(" ５００ 115a001 ") == "500115A001"
    assert rules.number_refusal("12345", "[A-Za-z0-9]{6,20}").code == "number_form"
    assert rules.number_refusal("500115001A", "[A-Za-z0-9]{6,20}") is None


@pytest.mark.parametrize(
    ("state", "state_on", "day", "good"),
    [
        ("active", None, dt.date(2026, 10, 31), True),
        ("active", None, dt.date(2026, 11, 1), False),
        ("expired", dt.date(2026, 11, 1), dt.date(2026, 10, 31), True),
        ("active", None, dt.date(2023, 12, 31), False),
        ("suspended", dt.date(2026, 10, 10), dt.date(2026, 10, 9), True),
        ("suspended", dt.date(2026, 10, 10), dt.date(2026, 10, 10), False),
        ("cancelled", dt.date(2026, 10, 10), dt.date(2026, 10, 12), False),
        ("lost", None, dt.date(2026, 10, 12), False),
    ],
)
def test_whether_somebody_may_act_on_a_day(state, state_on, day, good):
    assert rules.is_good(state, state_on, dt.date(2024, 1, 1), dt.date(2026, 10, 31), day) is good


def test_refusals_speak_the_language_of_the_reader(app_sqlite):
    with force_locale("en"):
        holder = changed(employment_type="借用", professional=None)
        words = [reason.message for reason in rules.eligibility(holder, TODAY)]
    assert words[0].startswith("Employed as “借用”") and words[1].startswith("The specialised examination is not passed")
