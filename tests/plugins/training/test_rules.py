"""The arithmetic of domain rules §4 and reference S05: hours, overlap, pace, the year; line by line."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.training import rules, rules_exam, rules_sheet

D = dt.date


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"2026-{text}")


MORNING = (at("10-12 09:00"), at("10-12 12:00"))


@pytest.mark.parametrize(
    ("minutes", "per_hour", "step", "halves"),
    [
        (180, 45, 2, 8), (170, 45, 2, 6), (170, 45, 1, 7), (45, 45, 2, 2), (44, 45, 2, 0), (44, 45, 1, 1), (22, 45, 1, 0), (23, 45, 1, 1), (89, 45, 2, 2), (90, 45, 2, 4),
        (360, 45, 2, 16), (180, 50, 2, 6), (180, 60, 2, 6), (0, 45, 2, 0),
    ],
)  # fmt: skip
def test_minutes_come_to_complete_hours(minutes, per_hour, step, halves):
    """A18.4: 180 minutes are 4 hours, 170 are 3 (floor); a town may count halves."""
    assert rules.complete(minutes, per_hour, step) == halves


@pytest.mark.parametrize(("text", "halves"), [("4", 8), ("3.5", 7), ("0.5", 1), (4, 8), (3.5, 7), ("60", 120), ("4学时", 8), (" 2.0 ", 4), ("24", 48)])
def test_hours_are_whole_or_half(text, halves):
    assert rules.parse_halves(text) == halves and rules.parse_halves(rules.hours(halves)) == halves


@pytest.mark.parametrize("text", ["0", "0.3", "-1", "", "四", "1e9999", "nan", "inf", "3.25", "99999999999999999999", "4 5", "😀"])
def test_hours_that_are_none(text):
    with pytest.raises(rules.RuleError):
        rules.parse_halves(text)


@pytest.mark.parametrize(
    ("start", "end", "pause", "halves", "code"),
    [
        ("10-12 09:00", "10-12 12:00", 0, 8, ""), ("10-12 09:00", "10-12 12:00", 0, 9, "length"), ("10-12 09:00", "10-12 12:00", 15, 8, "length"),
        ("10-12 09:00", "10-12 12:00", 15, 7, ""), ("10-12 09:00", "10-12 17:30", 150, 16, ""), ("10-12 09:00", "10-12 09:00", 0, 2, "no_time"),
        ("10-12 12:00", "10-12 09:00", 0, 2, "no_time"), ("10-12 09:00", "10-12 10:00", 60, 1, "pause"), ("10-12 09:00", "10-13 10:00", 0, 50, "too_long"),
        ("10-12 22:00", "10-13 01:00", 0, 8, ""), ("10-12 09:00", "10-12 12:00", 0, 0, "hours"),
    ],
)  # fmt: skip
def test_no_session_credits_more_than_its_length(start, end, pause, halves, code):
    try:
        rules.check_session(at(start), at(end), pause, halves)
        assert code == ""
    except rules.RuleError as error:
        assert error.code == code


def test_twenty_five_hours_a_day_are_refused():
    with pytest.raises(rules.RuleError, match="day"):
        rules.check_external(D(2026, 5, 6), D(2026, 5, 6), 50, 24)
    rules.check_external(D(2026, 5, 6), D(2026, 5, 8), 72, 24)
    with pytest.raises(rules.RuleError, match="order"):
        rules.check_external(D(2026, 5, 6), D(2026, 5, 5), 2, 24)


@pytest.mark.parametrize(
    ("came", "left", "minutes", "halves"),
    [("09:00", "12:00", 180, 8), ("08:30", "12:30", 180, 8), ("09:10", "12:00", 170, 6), ("09:00", "10:30", 90, 4), ("11:30", "12:00", 30, 0), ("12:00", "12:30", 0, 0)],
)
def test_leaving_early_is_seen(came, left, minutes, halves):
    day = "10-12 "
    there = rules.presence(at(day + came), at(day + left), *MORNING)
    assert there == minutes and rules.credit(8, there, 180) == halves


def test_breaks_are_shared_out():
    """A whole day with two hours at noon: the morning alone is three quarters of its length net."""
    day = (at("10-12 09:00"), at("10-12 17:00"))
    assert rules.presence(*day, *day, 120) == 360
    assert rules.presence(at("10-12 09:00"), at("10-12 12:00"), *day, 120) == 135


def test_all_of_a_session_gives_what_it_was_declared_with():
    assert rules.credit(7, 170, 170) == 7 and rules.credit(7, 169, 170) == 6 and rules.credit(4, 180, 180) == 4


@pytest.mark.parametrize(
    ("first", "second", "both"),
    [(("09:00", "11:00"), ("10:00", "12:00"), True), (("09:00", "11:00"), ("11:00", "12:00"), False), (("09:00", "12:00"), ("10:00", "11:00"), True),
     (("09:00", "10:00"), ("14:00", "15:00"), False)],
)  # fmt: skip
def test_two_sessions_at_a_time(first, second, both):
    """A18.3."""
    one, two = ([at(f"10-12 {text}") for text in pair] for pair in (first, second))
    assert rules.overlap(*one, *two) is both and rules.overlap(*two, *one) is both


def test_political_and_party_hours_count_by_no_setting():
    everything = frozenset(rules.CATEGORIES)
    assert [code for code in rules.CATEGORIES if not rules.counts(code, everything)] == ["political", "party"]
    assert [code for code in rules.CATEGORIES if rules.counts(code, ())] == ["general", "professional", "update"]


@pytest.mark.parametrize(
    ("counted", "updates", "exempt", "verdict", "short"),
    [
        (116, 1, False, "short", 4),
        (124, 0, False, "no_update", 0),
        (120, 1, False, "met", 0),
        (119, 1, False, "short", 1),
        (240, 1, True, "exempt", 0),
        (0, 0, False, "short", 120),
    ],
)
def test_where_somebody_stands(counted, updates, exempt, verdict, short):
    """A18.1: 58 hours lack 2; A18.2: 62 hours without an own update training meet one rule of two. Exempt is never met."""
    standing = rules.Standing(rules.NEED, counted, 0, updates, exempt)
    assert (standing.verdict, standing.short) == (verdict, short)


@pytest.mark.parametrize(
    ("day", "guide"),
    [("2026-01-01", 0), ("2026-03-30", 0), ("2026-03-31", 30), ("2026-06-30", 60), ("2026-09-29", 60), ("2026-09-30", 90), ("2026-10-12", 90), ("2027-02-01", 90)],
)
def test_the_guide_of_each_quarter(day, guide):
    assert rules.guide(D.fromisoformat(day), 2026) == guide


@pytest.mark.parametrize(
    ("day", "counted", "planned", "light"),
    [
        ("2026-10-12", 82, 0, "amber"), ("2026-10-12", 90, 0, "green"), ("2026-03-30", 0, 0, "green"), ("2026-03-31", 29, 0, "amber"), ("2026-10-31", 82, 0, "amber"),
        ("2026-11-01", 82, 0, "red"), ("2026-11-01", 82, 38, "amber"), ("2026-11-01", 92, 28, "green"), ("2026-12-31", 120, 0, "green"), ("2027-01-05", 118, 0, "red"),
    ],
)  # fmt: skip
def test_the_light(day, counted, planned, light):
    """A18.5: on 2026-10-12 somebody with 41 hours is yellow; from 60 days before the year's end whoever will fall short is red."""
    assert rules.light(rules.Standing(rules.NEED, counted, planned), D.fromisoformat(day), 2026) == light


def test_sixty_days_before_the_end():
    assert (
        rules.warn_from(2026) == D(2026, 11, 1)
        and rules.quarter_due(D(2026, 4, 30)) == 1
        and rules.quarter_due(D(2026, 5, 2)) is None
        and rules.quarter_due(D(2026, 9, 30)) == 3
    )


@pytest.mark.parametrize(
    ("first", "last", "prorata", "need"),
    [
        (D(2026, 7, 15), None, False, 120), (D(2026, 7, 15), None, True, 60), (D(2026, 1, 1), None, True, 120), (D(2026, 12, 31), None, True, 10),
        (None, D(2026, 5, 31), True, 50),
        (D(2026, 3, 2), D(2026, 9, 30), True, 70), (D(2025, 3, 2), None, True, 120), (D(2027, 1, 1), None, True, 0), (None, None, True, 120),
    ],
)  # fmt: skip
def test_part_of_a_year(first, last, prorata, need):
    """The law gives no relief: the full 60, unless the policy is on; then months over 12, rounded up to an hour."""
    assert rules.required(rules.NEED, 2026, first, last, prorata) == need


def test_the_year_of_a_session_is_that_of_the_day_it_was_held():
    assert rules.year_of(dt.datetime(2026, 12, 31, 22)) == 2026 and rules.year_of(dt.datetime(2027, 1, 1, 0, 30)) == 2027


def test_closing_and_duties():
    assert rules.closes_on(2026) == D(2027, 1, 31) and rules.closes_on(2026, "02-30") == D(2027, 2, 28)
    assert rules.not_held([3, 1, 2], {1}) == [3, 2]


@given(st.integers(0, 2000), st.integers(30, 60), st.integers(1, 100), st.integers(1, 600))
def test_never_more_than_declared_nor_than_the_length(there, minutes, declared, net):
    halves = rules.credit(declared, there, net, minutes)
    assert 0 <= halves <= declared and halves * minutes <= 2 * net
    assert there >= net or halves * minutes <= 2 * there
    assert rules.credit(declared, there + 1, net, minutes) >= halves


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 90))
def test_presence_is_monotone_and_bounded(late, early, pause):
    start, end = at("10-12 08:00"), at("10-12 18:00")
    there = rules.presence(start + dt.timedelta(minutes=late), end - dt.timedelta(minutes=early), start, end, pause)
    assert 0 <= there <= max(0, 600 - late - early) and there <= rules.net_minutes(start, end, pause)


# -- sheets ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title", "day", "halves", "category"),
    [
        ("3月12日 行政处罚法（专业法律知识，4学时）", "行政处罚法", D(2026, 3, 12), 8, "professional"),
        ("2026.11.3 法律更新（法律知识更新 3.5学时）", "法律更新", D(2026, 11, 3), 7, "update"),
        ("2025年12月31日政治学习【政治理论】2学时", "政治学习", D(2025, 12, 31), 4, "political"),
        ("3.12执法文书（专业法律知识）", "执法文书", D(2026, 3, 12), None, "professional"),
        ("行政强制法", "行政强制法", None, None, ""), ("2月30日 课程（综合法律知识）", "2月30日 课程", None, None, "general"),
        ("4月8日 典型案例（第二期）（综合法律知识，4学时）", "典型案例（第二期）", D(2026, 4, 8), 8, "general"),
    ],
)  # fmt: skip
def test_headings(text, title, day, halves, category):
    assert rules_sheet.read_heading(text, 2026) == rules_sheet.Heading(title, day, halves, category)


@pytest.mark.parametrize(
    ("cell", "mark"), [("√", "all"), ("到", "all"), (4, 8), ("3.5", 7), ("4学时", 8), ("", None), ("×", None), ("请假", None), (None, None), (0, None), (True, "all")]
)
def test_marks(cell, mark):
    assert rules_sheet.read_mark(cell) == mark


@pytest.mark.parametrize("cell", ["0.3", "四", "abc", 0.25, -1, 9999])
def test_marks_that_cannot_be_read(cell):
    with pytest.raises(ValueError, match=r"."):
        rules_sheet.read_mark(cell)


def test_quick_entry():
    read = rules_sheet.read_quick("1-3 5\n6 9:40-11:00, 7 9:00-\n8 8：50至12：00", 10)
    end = dt.time.max
    assert read.unread == [] and read.times == {
        1: (None, end), 2: (None, end), 3: (None, end), 5: (None, end), 6: (dt.time(9, 40), dt.time(11)), 7: (dt.time(9), None), 8: (dt.time(8, 50), dt.time(12)),
    }  # fmt: skip
    assert rules_sheet.read_quick("11 0 5-2 张三 9:00", 10).unread == ["11", "0", "5-2", "张三", "9:00"]
    assert rules_sheet.read_quick("1 25:00-26:00", 10).unread == ["25:00-26:00"]


# -- examinations --------------------------------------------------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_paper():
    pool = {("法", "single"): list(range(1, 60)), ("法", "judge"): list(range(100, 130))}
    parts = [rules_exam.Part("法", "single", 10, 2), rules_exam.Part("法", "judge", 5, 1)]
    one, again, other = (rules_exam.draw(pool, parts, seed) for seed in ("a1", "a1", "a2"))
    assert one == again != other and len({key for key, _marks in one}) == 15 and sum(marks for _key, marks in one) == 25
    assert rules_exam.attempt_seed("s", 1, 1) == rules_exam.attempt_seed("s", 1, 1) != rules_exam.attempt_seed("s", 2, 1)
    with pytest.raises(rules_exam.QuestionError, match="too_few"):
        rules_exam.draw(pool, [rules_exam.Part("法", "judge", 31, 1)], "a")


@pytest.mark.parametrize(
    ("kind", "text", "options", "answer"),
    [
        ("single", "b", ["甲", "乙"], "B"),
        ("multiple", "D、A B", ["1", "2", "3", "4"], "ABD"),
        ("judge", "正确", [], "A"),
        ("judge", "×", [], "B"),
        ("multiple", "ACB", ["1", "2", "3"], "ABC"),
    ],
)
def test_answers(kind, text, options, answer):
    assert rules_exam.read_answer(kind, text, options) == answer


@pytest.mark.parametrize(
    ("kind", "text", "options", "code"),
    [("single", "", ["甲", "乙"], "no_answer"), ("single", "C", ["甲", "乙"], "answer"), ("single", "AB", ["甲", "乙"], "several"),
    ("multiple", "A", ["甲", "乙"], "one_only"),
     ("judge", "也许", [], "answer")],
)  # fmt: skip
def test_a_question_without_a_right_answer(kind, text, options, code):
    with pytest.raises(rules_exam.QuestionError, match=code):
        rules_exam.read_answer(kind, text, options)


def test_marking():
    paper = [{"marks": 40, "answer": "A"}, {"marks": 40, "answer": "AB"}, {"marks": 20, "answer": "B"}]
    assert rules_exam.mark(paper, {0: "A", 1: "A", 2: "B"}) == (60, 100) and rules_exam.score(60, 100) == 60
    assert rules_exam.score(1, 3) == 33 and rules_exam.score(5, 8) == 63 and rules_exam.score(0, 0) == 0


@given(st.integers(0, 500), st.integers(1, 500))
def test_scores_are_out_of_a_hundred(reached, total):
    if reached <= total:
        assert 0 <= rules_exam.score(reached, total) <= 100
