"""Charts: where bars stand, what they say, where they lead, and that nothing in them breaks the policy of the pages."""

import re
import xml.etree.ElementTree as ET

import pytest
from flask import render_template_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.web import charts
from portal.web.charts import Label, Series

SHOW = '{% import "components/charts.html" as charts with context %}{{ charts.figure(chart, folded=folded) }}'
MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]


@pytest.fixture(autouse=True)
def request_context(app_sqlite):
    with app_sqlite.test_request_context("/"):
        yield


def drawn(chart, folded=False):
    return render_template_string(SHOW, chart=chart, folded=folded)


def svgs(html):
    return [ET.fromstring(part) for part in re.findall(r'<svg class="chart-area".*?</svg>(?=</div>)', html, re.DOTALL)]


def percent(text):
    return float(text.rstrip("%"))


def test_the_highest_bar_reaches_a_round_number_and_every_bar_its_share_of_it():
    chart = charts.bars("每月收件", charts.months(MONTHS), [Series("件数", [12, 30, 44, 8, 0, 91, 120, 77, 54, 33, 21, 9])], unit="件")
    assert [tick.text for tick in chart.ticks] == ["0", "50", "100", "150"]
    room = charts.HEIGHT - charts.ABOVE
    assert chart.marks[6].height == pytest.approx(room * 120 / 150, abs=0.01)
    assert chart.marks[4].height == 0 and chart.marks[6].y + chart.marks[6].height == pytest.approx(charts.HEIGHT)
    assert chart.marks[6].text == "2026年7月: 120 件"


SCALES = ((0, "0 0.5"), (0.4, "0 0.5"), (1, "0 1"), (7, "0 2 4 6 8"), (97, "0 25 50 75 100"), (18, "0 5 10 15 20"), (1234, "0 500 1,000 1,500"))


@pytest.mark.parametrize(("highest", "ticks"), SCALES)
def test_lines_across_stand_at_round_numbers(highest, ticks):
    chart = charts.bars("x", ["a"], [Series("n", [highest])])
    assert " ".join(tick.text for tick in chart.ticks) == ticks


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 2_000_000), min_size=1, max_size=40), st.integers(1, 4))
def test_no_bar_leaves_the_drawing(values, count):
    for stacked in (False, True):
        chart = charts.bars("x", [str(n) for n in range(len(values))], [Series(str(n), values) for n in range(count)], stacked=stacked)
        for mark in chart.marks:
            assert mark.y >= charts.ABOVE - 2 * count and mark.y + mark.height <= charts.HEIGHT + 0.1
            assert percent(mark.x) >= 0 and percent(mark.x) + percent(mark.width) <= 100.01
    lying = charts.rows("x", [str(n) for n in range(len(values))], [Series("n", values)])
    assert all(percent(mark.width) <= 100 for mark in lying.marks)


def test_bars_lead_to_their_lists_and_nought_leads_nowhere():
    chart = charts.bars("按渠道", ["电话", "信函"], [Series("件数", [3, 0], ["/complaints?channel=a&kind=b", "/complaints?channel=c"])], unit="件")
    html = drawn(chart)
    assert html.count('href="/complaints?channel=a&amp;kind=b"') == 2
    assert "channel=c" not in html
    [svg] = svgs(html)
    link = svg.find(".//a")
    assert link.get("aria-label") == "电话: 3 件" and svg.get("role") == "group"


def test_it_is_read_aloud_and_has_the_table_of_the_same_figures():
    chart = charts.lines("中位数", charts.months(MONTHS[:3]), [Series("天数", [4.5, None, 1200])], unit="天", heading="月份")
    html = drawn(chart)
    [svg] = svgs(html)
    assert svg.get("role") == "img"
    title, text = (svg.find(f".//*[@id='{name}']") for name in svg.get("aria-labelledby").split())
    assert title.text == "中位数" and "2026年3月 1,200天" in text.text
    assert re.findall(r'<td class="num">(.*?)</td>', html) == ["4.5", "—", "1,200"]
    assert re.findall(r'<th scope="row">(.*?)</th>', html) == ["2026年1月", "2026年2月", "2026年3月"]
    assert len(chart.lines[0][1]) == 0, "a gap on both sides of what is missing"


def test_colour_is_never_alone():
    series = [Series(str(n), [n + 1, n]) for n in range(6)]
    for chart in (charts.bars("a", ["x", "y"], series, stacked=True), charts.rows("b", ["x", "y"], series), charts.shares("c", [str(n) for n in range(6)], [1] * 6)):
        html = drawn(chart)
        patterns = re.findall(r'<pattern id="[^"]+" class="fill (s\d)".*?</pattern>', html)
        assert patterns == ["s1", "s2", "s3", "s4", "s5", "s6"]
        marks = re.findall(r"<pattern .*?</rect>(.*?)</pattern>", html)
        assert len(set(marks)) == 6, "six patterns that differ"
    html = drawn(charts.lines("d", ["x", "y"], series))
    assert len(set(re.findall(r'class="point".*?d="([^"]+)"', html))) == 6


def test_shares_add_up_and_a_whole_ring_is_drawn():
    chart = charts.shares("结论", ["属实", "部分属实", "不属实"], [3, 1, 0], unit="件")
    assert [mark.note for mark in chart.marks] == ["75.0%", "25.0%", "0.0%"]
    assert chart.marks[2].path == "" and chart.totals() == ["4"]
    alone = charts.shares("结论", ["属实"], [5])
    assert alone.marks[0].path.count("A76 76") == 2
    assert "100%" in drawn(alone, folded=True), "the table is the legend of a ring and is never folded"


def test_nothing_to_show_says_so():
    for chart in (charts.bars("a", [], []), charts.rows("b", ["x"], [Series("n", [0])]), charts.lines("c", ["x"], [Series("n", [None])]), charts.shares("d", [], [])):
        html = drawn(chart)
        assert chart.empty and "没有数据" in html and "chart-area" not in html


def test_strange_names_are_text_and_no_style_is_inline():
    evil = '</svg><script>alert(1)</script>"&'
    for chart in (charts.bars(evil, [evil], [Series(evil, [1], ["/x?a=1&b=2"])]), charts.rows(evil, [evil], [Series(evil, [1])]), charts.shares(evil, [evil], [1])):
        html = drawn(chart)
        assert "<script" not in html and "style=" not in html and len(svgs(html)) == 1


def test_many_labels_thin_out_on_a_telephone_and_the_table_keeps_them_all():
    chart = charts.bars("x", charts.months(MONTHS), [Series("n", [1] * 12)])
    assert [under.wide for under in chart.under].count(False) == 6 and len(chart.table()) == 12
    assert chart.under[0].label.below == "2026"


def test_long_names_are_cut_in_the_drawing_only():
    name = "长寿湖特色水产养殖示范基地综合管理办公室第三分部"
    chart = charts.rows("x", [name], [Series("n", [1])])
    html = drawn(chart)
    assert "…" in html and f'<th scope="row">{name}</th>' in html
    wrapped = charts.bars("x", ["12345热线转办", *map(str, range(6))], [Series("n", [1] * 7)]).under[0].label
    assert wrapped == Label("12345热", "线转办", "12345热线转办")


def test_the_same_chart_is_the_same_page():
    def make():
        return drawn(charts.bars("每月", ["a"], [Series("n", [1])]))

    assert make() == make()
