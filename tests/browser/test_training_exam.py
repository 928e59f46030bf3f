"""An examination sat in a real Chromium, with the network cut in the middle: nothing that was answered is lost."""

from __future__ import annotations

import re
import sqlite3

import pytest

from tests.browser.conftest import problems_of, serious

pytestmark = pytest.mark.browser


def saved(served) -> dict[int, str]:
    """What the database holds of the answers."""
    connection = sqlite3.connect(served.instance / "portal.db")
    try:
        return dict(connection.execute("SELECT number, choice FROM training_answer WHERE choice <> '' ORDER BY number"))
    finally:
        connection.close()


def chosen(page, number: int) -> str:
    return "".join(page.locator(f'input[name="q{number}"]:checked').evaluate_all("boxes => boxes.map(box => box.value)"))


def choose(page, number: int, letter: str) -> None:
    page.check(f'input[name="q{number}"][value="{letter}"]')


def test_the_network_is_cut_in_the_middle(chromium, served):
    context = chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN")
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{served.address}/login")
    page.fill("[name=username]", "fc_officer")
    page.fill("[name=password]", served.password)
    page.click("main button.btn-primary")
    page.goto(f"{served.address}/training/mine")
    page.get_by_role("link", name="参加考试").click()
    page.get_by_role("button", name="开始考试").click()
    page.locator("fieldset.question").nth(5).wait_for()
    assert page.locator("fieldset.question").count() == 6
    box, words = page.locator("fieldset.question").first.bounding_box(), page.locator("fieldset.question legend").first.bounding_box()
    assert box["y"] <= words["y"] and words["y"] + words["height"] < box["y"] + box["height"], "a question stands inside its box"
    assert serious(page) == []

    choose(page, 0, "A")
    page.wait_for_selector("#saved >> text=已保存")
    assert saved(served) == {0: "A"}

    context.set_offline(True)
    choose(page, 1, "B")
    choose(page, 2, "C")
    page.wait_for_selector("#flash >> text=网络不通", timeout=45_000)
    assert saved(served) == {0: "A"} and chosen(page, 1) == "B" and chosen(page, 2) == "C"

    context.set_offline(False)
    page.wait_for_selector("#saved >> text=已答 3 / 6", timeout=45_000)
    assert saved(served) == {0: "A", 1: "B", 2: "C"} and "网络不通" not in page.inner_text("#flash")

    page.close()
    again = context.new_page()
    again.goto(f"{served.address}/training/mine")
    again.get_by_role("link", name="继续考试").click()
    assert [chosen(again, number) for number in range(3)] == ["A", "B", "C"]
    left = int(re.search(r"剩余 (\d+) 分", again.inner_text("#saved"))[1])
    assert left < 60

    choose(again, 4, "A")
    again.get_by_role("button", name="交卷").click()
    again.locator("dialog [data-yes]").click()
    again.wait_for_url(re.compile(r"/result$"))
    assert "成绩" in again.inner_text("main") and saved(served)[4] == "A"
    again.goto(again.url.replace("/result", "/take"))
    ways = again.get_by_role("button", name="再考一次").count() + again.get_by_role("link", name="查看成绩").count()
    assert again.locator("fieldset.question").count() == 0 and ways == 1
    assert errors == []
    context.close()


PAGES = {
    "fc_train": (
        "/training", "/training/new", "/training/1", "/training/1/entry", "/training/1/sheet", "/training/plans", "/training/plans/1", "/training/rooms",
        "/training/people", "/training/people/1", "/training/year", "/training/departments", "/training/external", "/training/external/new", "/training/external/1",
        "/training/exemptions", "/training/exemptions/new", "/training/exemptions/1", "/training/exams", "/training/exams/1", "/training/exams/new",
        "/training/questions", "/training/questions/1",
        "/training/batches", "/training/check", "/training/books", "/training/mine", "/import/training_matrix",
    ),
    "fc_head": ("/training?certify=1", "/training/39", "/training/246", "/training/certify?ids=39", "/training/39/entry", "/settings/papers/training.file"),
    "fc_officer": ("/", "/training/mine", "/training/exams/2/result"),
    "sup": ("/training/year", "/training/departments", "/training/duties", "/training/people"),
    "ga_liaison": ("/training", "/training/exams"),
}  # fmt: skip


@pytest.mark.parametrize("username", list(PAGES))
def test_every_page_fits_and_axe_finds_nothing_serious(looker, username):
    looker.log_in(username)
    assert problems_of(looker, PAGES[username]) == []
