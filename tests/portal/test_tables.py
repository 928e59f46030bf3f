"""The rows of lists: escaped, with words beside colours, and icons whose stylesheet fits their drawings."""

import subprocess
import sys
from types import SimpleNamespace

import pytest

from portal.records.lists import Column, per_page, ready
from portal.web import tables

EVIL = '<script>alert("x")</script>&'


def cells(column, *rows, query=""):
    write = tables._cell(column, query)
    return [write(row) for row in rows]


@pytest.mark.parametrize("text", [EVIL, "'", '"', "&amp;"])
def test_whatever_stands_in_a_row_is_text(text):
    row = SimpleNamespace(id=1, text=text)
    plain = Column("a", "A", lambda row: row.text)
    linked = Column("a", "A", lambda row: row.text, link=lambda row: f"/x?{row.text}")
    badged = Column("a", "A", lambda row: row.text, badge=lambda row: (row.text, "red", "x"))
    for column in (plain, linked, badged):
        for query in ("", "alert"):
            [html] = cells(column, row, query=query)
            assert ("<script" not in html and f"?{text}" not in html.replace("&amp;amp;", "")) or text == "&amp;"
            assert html.count("<") == html.count(">")


def test_what_was_searched_for_is_marked():
    [html] = cells(Column("a", "A", lambda row: row.text), SimpleNamespace(text="夜市<烧烤>占道"), query="烧烤")
    assert html == "<td>夜市&lt;<mark>烧烤</mark>&gt;占道"


def test_nothing_is_a_dash_and_nought_is_nought():
    column = Column("a", "A", lambda row: row)
    assert cells(column, None, "", 0, 12) == ["<td>—", "<td>—", "<td>0", "<td>12"]


def test_a_word_never_has_its_colour_alone():
    assert str(tables.badge("超期", "red", "alert-triangle")) == '<b class=red>超期</b>', "the triangle is the red's own"
    assert str(tables.badge("办理", "amber", "edit")) == '<b class="amber i-edit">办理</b>'
    assert str(tables.badge("3", "red")) == '<span class="tag tag-red">3</span>'
    assert str(tables.badge("归档", "grey")) == '<b class=grey>归档</b>'


def test_what_is_the_same_for_all_rows_is_asked_for_once():
    asked = []

    @per_page
    def texts():
        asked.append(1)
        return lambda row: f"{row}!"

    assert cells(Column("a", "A", texts), 1, 2, 3) == ["<td>1!", "<td>2!", "<td>3!"] and asked == [1]
    assert ready(str) is str


def test_the_stylesheet_of_icons_is_made_from_their_drawings():
    assert subprocess.run([sys.executable, "tools/icon_classes.py", "--check"], check=False).returncode == 0
