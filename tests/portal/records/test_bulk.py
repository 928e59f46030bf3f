"""How many rows a bulk change takes at once."""

from __future__ import annotations

from portal.records.bulk import CHUNK, Pace


def test_a_slow_transaction_makes_the_next_one_smaller_at_once() -> None:
    pace = Pace()
    pace.held(CHUNK, 4 * Pace.AIM)
    assert pace.size == CHUNK // 4


def test_a_quick_one_lets_it_grow_by_a_quarter_at_most() -> None:
    pace = Pace(400)
    pace.held(400, Pace.AIM / 100)
    assert pace.size == 500


def test_it_stays_within_its_bounds_whatever_happens() -> None:
    pace = Pace()
    for _ in range(20):
        pace.held(pace.size, 10.0)
    assert pace.size == Pace.LEAST
    for _ in range(40):
        pace.held(pace.size, 0.0)
    assert pace.size == Pace.MOST
