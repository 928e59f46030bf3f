"""Numbers, dates and titles in the Chinese way."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.documents import chinese_date, chinese_number
from portal.documents.model import TITLE_WIDTH, head_size, signature_indent, title_lines, width


def test_dates_have_arabic_digits_without_leading_zeros():
    assert chinese_date(dt.date(2026, 9, 28)) == "2026年9月28日"
    assert chinese_date(dt.date(2026, 11, 5)) == "2026年11月5日"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "零"), (7, "七"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一"), (100, "一百"), (105, "一百零五"), (110, "一百一十"), (1005, "一千零五"),
        (1050, "一千零五十"), (10_000, "一万"), (10_005, "一万零五"), (100_000, "十万"), (101_010, "十万一千零一十"), (10_000_000, "一千万"),
        (100_000_001, "一亿零一"), (120_034_005, "一亿二千零三万四千零五"),
    ],
)  # fmt: skip
def test_numbers_in_words(number, words):
    assert chinese_number(number) == words


@given(st.integers(0, 10**16 - 1))
def test_numbers_in_words_can_be_read_back(number):
    assert read(chinese_number(number)) == number


def read(words):
    total = part = digit = 0
    for sign in words.replace("万亿", "兆"):
        if sign in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(sign)
        elif sign in "十百千":
            part, digit = part + (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign], 0
        else:
            total, part, digit = total + (part + digit) * {"万": 10**4, "亿": 10**8, "兆": 10**12}[sign], 0, 0
    return total + part + digit


@pytest.mark.parametrize("number", [-1, 10**16])
def test_other_numbers_have_no_words(number):
    with pytest.raises(ValueError, match="expected"):
        chinese_number(number)


@given(st.text(st.sampled_from("关于江南街道的投诉、举报2026年第三次会议《办法》ab"), max_size=70))
def test_a_title_is_broken_without_losing_a_character_and_no_line_is_too_long(title):
    lines = title_lines(title)
    assert "".join(lines).replace(" ", "") == title.replace(" ", "")
    assert all(width(line) <= TITLE_WIDTH + 3 for line in lines)


def test_a_long_title_is_broken_evenly_and_where_it_hurts_least():
    assert title_lines("关于投诉举报事项的受理告知书") == ["关于投诉举报事项的受理告知书"]
    assert title_lines("江南街道综合行政执法联席会议关于集中整治占道经营问题的纪要") == ["江南街道综合行政执法联席会议", "关于集中整治占道经营问题的纪要"]
    assert title_lines("我自己\n分行") == ["我自己", "分行"]


def test_the_signature_is_centred_over_a_date_four_characters_from_the_edge():
    assert signature_indent("江南街道", "2026年9月28日") == (4 - (4 - 6.5) / 2, 4)
    assert signature_indent("", "2026年9月28日")[1] == 4
    over, date = signature_indent("长寿区江南街道综合行政执法办公室街道", "2026年9月28日")
    assert over == 0 and date == (18 - 6.5) / 2


def test_a_red_head_fits_on_its_line():
    assert head_size("江南街道", 442) == 42
    assert head_size("长寿区江南街道综合行政执法联席会议办公室纪要", 442) * width("长寿区江南街道综合行政执法联席会议办公室纪要") <= 442
