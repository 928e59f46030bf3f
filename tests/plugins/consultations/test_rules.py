"""The rules with the dates and figures of the domain: recusal, the draw, the panel, closing, counting."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.consultations import rules
from plugins.consultations.rules import Candidate, Case

TODAY = dt.date(2026, 11, 24)
DUE = dt.date(2026, 12, 1)
CASE = Case(frozenset({3}), ("江南街道",), frozenset({70}), ("长寿湖渔业公司", "王大勇"), ("长寿湖渔业公司",), frozenset({80}), frozenset({90}))


def who(**more):
    values = {
        "key": "E1", "kind": "expert", "name": "何明远", "unit": "西南政法大学", "account_id": 50, "org_id": 1, "term": (dt.date(2026, 1, 1), dt.date(2028, 12, 31)),
    }  # fmt: skip
    return Candidate(**(values | more))


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, []),
        ({"orgs": frozenset({3, 9})}, ["same_unit"]),
        ({"unit": "江南 街道"}, ["same_unit"]),
        ({"account_id": 70}, ["handler"]),
        ({"name": "王大勇"}, ["named"]),
        ({"unit": "长寿湖渔业公司"}, ["party_unit"]),
        ({"interests": (("长寿湖渔业公司", None),)}, ["interest"]),
        ({"interests": (("长寿湖渔业公司", dt.date(2024, 11, 24)),)}, ["interest"]),
        ({"interests": (("长寿湖渔业公司", dt.date(2024, 11, 23)),)}, []),
        ({"interests": (("江南街道", None),)}, ["interest"]),
        ({"account_id": 80}, ["stepped_back"]),
        ({"roles": frozenset({"expert", "supervisor"})}, ["convener"]),
        ({"term": (dt.date(2024, 1, 1), dt.date(2026, 11, 30))}, ["term"]),
        ({"term": (dt.date(2024, 1, 1), dt.date(2026, 12, 1))}, []),
        ({"term": (dt.date(2026, 11, 25), dt.date(2028, 1, 1))}, ["term"]),
        ({"suspended": True}, ["suspended"]),
        ({"account_id": None}, ["no_account"]),
        ({"account_id": 90}, ["seated"]),
        ({"adviser_of": frozenset({3})}, []),
    ],
)
def test_who_may_not_sit_and_why(more, why):
    assert rules.bars(who(**more), CASE, DUE, TODAY) == why


def test_brackets_and_blanks_make_no_other_unit():
    assert rules.bars(who(unit="某某（重庆）有限公司"), Case(frozenset(), (), frozenset(), ("某某(重庆) 有限公司",)), DUE, TODAY) == ["party_unit"]


def test_the_draw_of_the_reference():
    assert rules.draw("CS-2026-1012-001", [f"E{n:03}" for n in range(1, 11)], 2) == ["E010", "E008"]
    assert rules.draw("CS-2026-1012-001", ["P01", "P02", "P03", "P04", "P05", "P06"], 2) == ["P03", "P04"]
    assert rules.draw("CS-2026-1012-001", ["P01", "P02", "P04", "P05", "P06"], 2) == ["P04", "P02"]


@given(st.text(max_size=40), st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=20), st.integers(1, 20), st.randoms())
def test_the_draw_depends_on_seed_and_candidates_and_on_nothing_else(seed, keys, wanted, chance):
    shuffled = list(keys)
    chance.shuffle(shuffled)
    drawn = rules.draw(seed, keys, wanted)
    assert drawn == rules.draw(seed, shuffled, wanted) == rules.draw(seed, shuffled + shuffled, wanted)
    assert len(drawn) == min(wanted, len(keys)) == len(set(drawn)) and set(drawn) <= keys
    left = [key for key in keys if key != drawn[0]]
    assert rules.draw(seed, left, wanted)[: len(drawn) - 1] == drawn[1:]


def test_a_record_of_another_algorithm_is_not_drawn_again():
    record = {"algorithm": "dice/1", "seed": "x", "wanted": 1, "candidates": [{"key": "E1"}], "result": ["E1"]}
    with pytest.raises(ValueError, match="dice/1"):
        rules.redraw(record)
    assert rules.redraw(record | {"algorithm": rules.ALGORITHM}) == ["E1"]


@pytest.mark.parametrize(
    ("kinds", "problem"),
    [
        ([], "few"), (["expert"] * 2, "few"), (["expert"] * 4, "even"), (["town"] * 3, "no_expert"), (["expert", "town", "department"], ""), (["expert"] * 5, ""),
    ],
)  # fmt: skip
def test_a_panel_is_odd_large_enough_and_has_an_expert(kinds, problem):
    assert rules.panel_problem(kinds, 3) == problem


@pytest.mark.parametrize(
    ("given_", "owing", "today", "reason", "problem"),
    [
        (["expert"] * 3, 0, TODAY, "", ""),
        (["expert"] * 3, 1, DUE, "等不及", "missing"),
        (["expert"] * 3, 1, dt.date(2026, 12, 2), "", "reason"),
        (["expert"] * 3, 1, dt.date(2026, 12, 2), "催过三次", ""),
        (["expert"] * 2, 1, dt.date(2026, 12, 2), "催过三次", "few"),
        (["town"] * 3, 0, TODAY, "", "no_expert"),
    ],
)
def test_closing_waits_for_the_day_and_never_falls_below_the_minimum(given_, owing, today, reason, problem):
    assert rules.closing_problem(given_, owing, 3, DUE, today, reason) == problem


def test_a_split_is_recorded_as_a_split():
    assert rules.tally(["agree", "agree", "disagree", "disagree"]).majority == ""
    found = rules.tally(["agree", "disagree", "agree"])
    assert (found.majority, found.for_it, found.against) == ("agree", [0, 2], [1])
    assert rules.tally([]).majority == ""


@given(st.lists(st.sampled_from(rules.CONCLUSIONS), max_size=15))
def test_everybody_is_counted_once(conclusions):
    found = rules.tally(conclusions)
    assert sorted([*found.for_it, *found.against]) == list(range(len(conclusions))) and sum(found.counts.values()) == len(conclusions)
    assert not found.majority or len(found.for_it) * 2 > len(conclusions)


def test_the_limit_of_the_case_stays_where_it_was():
    assert rules.case_limit(dt.date(2026, 7, 6)) == dt.date(2026, 10, 4)
    assert rules.case_limit(None) is None


def test_two_years_after_the_last_of_february():
    assert rules.years_after(dt.date(2024, 2, 29), 2) == dt.date(2026, 2, 28)


def test_what_a_request_lacks():
    assert rules.missing_parts("案", "事实", "", " ", ["问"], [1], ["crime"], [], None) == ["law", "own_view", "evidence", "needed_by"]
