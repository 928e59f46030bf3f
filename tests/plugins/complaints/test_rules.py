"""The rules of complaints as examples of the domain: limits, suspension, masks, circles."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.complaints import identity, rules
from portal.calendar.rules import Calendar
from portal.calendar.service import seeded

CALENDAR = Calendar(*seeded())
D = dt.date


@pytest.mark.parametrize(
    ("kind", "received", "legal", "due", "provisional"),
    [
        ("report", D(2026, 9, 28), D(2026, 10, 23), D(2026, 10, 23), False),  # 15 working days over the holiday, with Saturday 10-10
        ("accusation", D(2026, 11, 24), D(2026, 12, 15), D(2026, 12, 15), False),
        ("question", D(2026, 9, 28), D(2026, 10, 10), D(2026, 10, 10), False),
        ("hotline", D(2026, 4, 30), D(2026, 5, 11), D(2026, 5, 11), False),
        ("petition", D(2026, 8, 5), D(2026, 10, 4), D(2026, 9, 30), False),  # a holiday: the office is due on the last working day before
        ("report", D(2026, 12, 28), D(2027, 1, 19), D(2027, 1, 19), True),
    ],
)
def test_limits_of_the_kinds(kind, received, legal, due, provisional):
    found = rules.deadline(CALENDAR, received, rules.PATHS[kind].limit)
    assert (found.legal, found.due, found.provisional) == (legal, due, provisional)


def test_first_answers():
    assert rules.deadline(CALENDAR, D(2026, 11, 24), rules.PATHS["petition"].first).legal == D(2026, 12, 9)
    assert rules.deadline(CALENDAR, D(2026, 11, 27), rules.PATHS["hotline"].first).due == D(2026, 11, 30)
    assert rules.deadline(CALENDAR, D(2026, 9, 28), rules.PATHS["consumer"].first).due == D(2026, 10, 13)


def test_suspended_days_do_not_count():
    since, until = D(2026, 11, 25), D(2026, 12, 2)
    assert rules.days_suspended(CALENDAR, since, until, "working") == 5
    assert rules.days_suspended(CALENDAR, since, until, "calendar") == 7
    whole = rules.deadline(CALENDAR, D(2026, 11, 24), rules.Limit(15))
    moved = rules.deadline(CALENDAR, D(2026, 11, 24), rules.Limit(15), 5)
    assert CALENDAR.working_days_between(whole.due, moved.due) == 5


@given(start=st.dates(D(2026, 1, 1), D(2026, 6, 30)), days=st.integers(1, 40), held=st.integers(0, 30))
def test_a_suspension_moves_the_end_by_what_it_lasted(start, days, held):
    plain = rules.deadline(CALENDAR, start, rules.Limit(days))
    moved = rules.deadline(CALENDAR, start, rules.Limit(days), held)
    assert CALENDAR.working_days_between(plain.due, moved.due) == held
    assert CALENDAR.is_working_day(moved.due)


def test_masks():
    assert rules.mask_name("张三丰") == "张**" and rules.mask_name("") == ""
    assert rules.mask_phone("138 1234 1234") == "138****1234" and rules.mask_phone("40251234") == "****34"
    assert rules.normal_phone("+86 138-1234-1234") == "13812341234"


@pytest.mark.parametrize("phone", ["13812341234", "+8613812341234", "023-40251234", "40251234", "12345", "400-123-4567"])
def test_telephones(phone):
    assert rules.phone_refusal(phone) == ""


@pytest.mark.parametrize("phone", ["1381234", "abc", "23812341234", "138123412345"])
def test_no_telephones(phone):
    assert rules.phone_refusal(phone)


def test_circles_of_merging():
    assert rules.merges_in_circle(1, 1, {})
    assert rules.merges_in_circle(1, 2, {2: 3, 3: 1})
    assert not rules.merges_in_circle(1, 2, {2: 3, 4: 1})


def test_codes_have_128_bits_and_are_read_as_people_write_them():
    code = identity.new_code()
    assert len(code.replace("-", "")) == 26 and identity.code_hash(code) == identity.code_hash(code.lower().replace("-", " "))
    assert identity.code_hash("x") is None and identity.code_hash("9" * 26) is None
    assert len({identity.new_code() for _ in range(1000)}) == 1000


def test_public_interest_is_not_withdrawn():
    assert rules.refuse_withdrawal("report") and rules.refuse_withdrawal("accusation") and not rules.refuse_withdrawal("question")
