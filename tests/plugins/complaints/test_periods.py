"""Periods of the statistics: their days, the one before, the year before, and their whole months."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.complaints import periods
from plugins.complaints.counting import median
from plugins.complaints.periods import Period

TODAY = dt.date(2026, 11, 24)
DAYS = st.dates(dt.date(2001, 1, 1), dt.date(2090, 12, 31))


@pytest.mark.parametrize(
    ("code", "first", "last", "before", "year_before"),
    [
        ("2026-11", "2026-11-01", "2026-11-30", "2026-10", "2025-11"),
        ("2026-01", "2026-01-01", "2026-01-31", "2025-12", "2025-01"),
        ("2024-02", "2024-02-01", "2024-02-29", "2024-01", "2023-02"),
        ("2026-Q1", "2026-01-01", "2026-03-31", "2025-Q4", "2025-Q1"),
        ("2026-H2", "2026-07-01", "2026-12-31", "2026-H1", "2025-H2"),
        ("2026", "2026-01-01", "2026-12-31", "2025", "2025"),
        ("2026-10-26..2026-11-25", "2026-10-26", "2026-11-25", "2026-09-25..2026-10-25", "2025-10-26..2025-11-25"),
        ("2024-02-29..2024-03-01", "2024-02-29", "2024-03-01", "2024-02-27..2024-02-28", "2023-02-28..2023-03-01"),
    ],
)
def test_days_and_what_they_are_compared_with(code, first, last, before, year_before):
    period = periods.read(code, TODAY)
    assert (str(period.first), str(period.last)) == (first, last) and period.code == code
    assert period.before().code == before and period.year_before().code == year_before


NONSENSE = ("", "2026-13", "2026-Q5", "1999-01", "2026-02-30..2026-03-01", "2026-03-01..2026-02-01", "2000-01-01..2099-01-01", "..", "<b>", "2026-１１")


@pytest.mark.parametrize("code", NONSENSE)
def test_what_is_no_period_is_this_month(code):
    assert periods.read(code, TODAY).code == "2026-11"


@given(DAYS, st.integers(0, 1200))
def test_whole_months_and_single_days_are_every_day_once(first, length):
    period = Period("free", first, first + dt.timedelta(days=length))
    days = []
    for code in period.whole_months():
        month = periods.month(code)
        days.extend(month.first + dt.timedelta(days=n) for n in range((month.last - month.first).days + 1))
    for start, end in period.ragged():
        days.extend(start + dt.timedelta(days=n) for n in range((end - start).days + 1))
    assert sorted(days) == [first + dt.timedelta(days=n) for n in range(length + 1)]


@given(DAYS, st.sampled_from(list(periods.KINDS)))
def test_periods_follow_one_another_without_a_gap(day, kind):
    period = periods.containing(kind, day)
    assert period.first <= day <= period.last and not period.ragged()
    assert period.before().last + dt.timedelta(days=1) == period.first and period.after().before() == period
    assert periods.read(period.code, TODAY) == period


def test_a_trend_is_twelve_months_at_least_and_thirty_six_at_most():
    assert periods.read("2026-11", TODAY).trend()[0] == "2025-12" and len(periods.read("2026-11", TODAY).trend()) == 12
    assert len(periods.read("2020-01-01..2026-12-31", TODAY).trend()) == 36


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_the_median_of_a_histogram_is_the_median(values):
    import statistics

    assert median({value: values.count(value) for value in values}) == statistics.median(values)


def test_of_nothing_there_is_no_median():
    assert median({}) is None
