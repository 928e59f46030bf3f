"""The rules of the conference, with the dates and figures of the acceptance examples."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.meetings import rules
from portal.calendar.rules import Calendar
from portal.calendar.service import seeded

D = dt.date
CALENDAR = Calendar(*seeded())


def test_half_years_begin_and_end_where_they_should():
    assert rules.half_of(D(2026, 6, 30)) == (2026, 1) and rules.half_of(D(2026, 7, 1)) == (2026, 2)
    assert rules.half_begin((2026, 2)) == D(2026, 7, 1) and rules.half_end((2026, 1)) == D(2026, 6, 30)
    assert rules.half_before((2026, 1)) == (2025, 2) and rules.half_before((2026, 2)) == (2026, 1)
    assert rules.halves_between(D(2025, 8, 1), D(2026, 7, 1)) == [(2025, 2), (2026, 1), (2026, 2)]


def test_a_half_year_without_a_meeting_is_missed_from_the_day_after_and_stays_so():
    """A6.1"""
    first = (2026, 1)
    assert rules.half_state(first, D(2026, 5, 30), [], [], 30) == "open"
    assert rules.half_state(first, D(2026, 5, 31), [], [], 30) == "warned"
    assert rules.half_state(first, D(2026, 6, 30), [], [], 30) == "warned"
    assert rules.half_state(first, D(2026, 7, 1), [], [], 30) == "missed"
    late = [D(2026, 7, 2)]
    assert rules.half_state(first, D(2026, 7, 2), late, [], 30) == "missed"
    assert rules.half_state((2026, 2), D(2026, 7, 2), late, [], 30) == "met"
    assert rules.half_state(first, D(2026, 6, 10), [], [D(2026, 6, 29)], 30) == "planned"


def test_a_meeting_moved_over_the_half_year_no_longer_counts_for_the_first():
    assert rules.moved_across(D(2026, 6, 29), D(2026, 7, 2))
    assert not rules.moved_across(D(2026, 6, 3), D(2026, 6, 29))


def test_three_whole_working_days_lie_between_notice_and_meeting():
    """A6.4"""
    meeting = D(2026, 10, 12)
    assert rules.notice_in_time(CALENDAR, D(2026, 9, 30), meeting, 3)
    assert not rules.notice_in_time(CALENDAR, D(2026, 10, 8), meeting, 3)
    assert rules.latest_notice(CALENDAR, meeting, 3) == D(2026, 10, 7)
    assert not rules.notice_in_time(CALENDAR, D(2026, 11, 30), D(2026, 11, 30), 0)


@given(st.dates(D(2026, 1, 5), D(2026, 11, 30)), st.integers(0, 8))
def test_the_latest_notice_is_in_time_and_the_next_day_is_not(meeting, days):
    last = rules.latest_notice(CALENDAR, meeting, days)
    assert rules.notice_in_time(CALENDAR, last, meeting, days)
    assert not rules.notice_in_time(CALENDAR, last + dt.timedelta(days=1), meeting, days)


def test_a_quorum_is_more_than_half():
    """A6.3"""
    assert not rules.quorate(13, 6, 50) and rules.quorate(13, 7, 50)
    assert not rules.quorate(12, 6, 50) and rules.quorate(12, 7, 50)
    assert not rules.quorate(0, 0, 50)


@given(st.integers(1, 200), st.integers(1, 99))
def test_the_quorum_needed_is_the_smallest_number_above_the_share(members, percent):
    needed = rules.quorum_needed(members, percent)
    assert needed * 100 > members * percent and (needed - 1) * 100 <= members * percent


def test_minutes_are_due_five_working_days_after():
    """A6.2"""
    assert CALENDAR.add_working_days(D(2026, 9, 29), 5).day == D(2026, 10, 12)


def test_agenda_times_follow_one_another():
    start = dt.datetime(2026, 9, 29, 14, 30, tzinfo=dt.UTC)
    spans = rules.agenda_times(start, [10, 20, 30])
    assert [f"{a:%H:%M}-{b:%H:%M}" for a, b in spans] == ["14:30-14:40", "14:40-15:00", "15:00-15:30"]


@given(st.lists(st.integers(), unique=True, min_size=1, max_size=200), st.data())
def test_moving_an_item_loses_none_and_puts_it_where_it_was_asked(order, data):
    key, to = data.draw(st.sampled_from(order)), data.draw(st.integers(-5, 250))
    after = rules.moved(order, key, to)
    assert sorted(after) == sorted(order) and after.index(key) == min(max(to, 0), len(order) - 1)
    assert [item for item in after if item != key] == [item for item in order if item != key]


@pytest.mark.parametrize(
    "text",
    ["对张某处以罚款5000元", "决定对该店罚款人民币伍仟元整", "没收违法所得 3 万元", "对某公司给予吊销许可证的处罚", "责成镇政府对李某作出行政处罚决定"],
)
def test_a_resolution_that_fixes_a_penalty_is_known(text):
    assert rules.fixes_penalty(text)


@pytest.mark.parametrize(
    "text",
    ["研究制定罚款裁量标准", "由区公安局牵头建立联合巡查机制", "对违法建设依法作出行政处罚决定，程序由区司法局指导", "安排经费5万元购置执法记录仪",
     "规范罚款收缴分离办法"],
)
def test_a_resolution_on_how_penalties_are_handled_is_none(text):
    assert not rules.fixes_penalty(text)


def test_the_word_of_a_unit():
    today = D(2026, 11, 24)
    rows = [
        ("done", D(2026, 9, 30), D(2026, 9, 30)), ("done", D(2026, 9, 30), D(2026, 10, 8)), ("open", D(2026, 10, 20), None), ("in_progress", D(2026, 12, 1), None),
        ("replaced", D(2026, 1, 1), None), ("review", D(2026, 11, 24), None),
    ]  # fmt: skip
    word = rules.word_of(rows, today)
    assert (word.total, word.on_time, word.late, word.overdue, word.running, word.rate) == (5, 1, 1, 1, 2, 33)
    assert rules.word_of([], today).rate is None


def test_two_entries_of_one_person():
    assert rules.same_person("王 芳", "", "王芳", "13800000000") and rules.same_person("王芳", "1", "王芳", "1")
    assert not rules.same_person("王芳", "1", "王芳", "2") and not rules.same_person("", "", "", "")


def test_the_hash_of_a_text_changes_with_it():
    assert rules.digest({"a": ["长寿"]}) == rules.digest({"a": ["长寿"]}) != rules.digest({"a": ["长寿", ""]})
