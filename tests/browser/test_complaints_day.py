"""A day at the office in a real Chromium: from the call at the counter to the archive, each by whoever does it."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Reader, problems_of, serious, shown

pytestmark = pytest.mark.browser


def become(reader: Reader, username: str) -> None:
    reader.page.context.clear_cookies()
    reader.log_in(username)


def take(reader: Reader, matter: str, step: str, **fields: str) -> None:
    """Take a step from the matter's page, filling what it asks for."""
    page = reader.page
    reader.open(matter)
    page.get_by_role("link", name=step, exact=True).click()
    for name, value in fields.items():
        place = page.locator(f"[name={name}]")
        if place.first.get_attribute("type") == "radio":
            page.locator(f"[name={name}][value={value}]").check()
        elif place.first.evaluate("field => field.tagName") == "SELECT":
            place.select_option(label=value) if not value.isdigit() else place.select_option(value)
        else:
            place.fill(value)
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url(re.compile(re.escape(matter)))


def test_a_day_at_the_office(reader: Reader) -> None:
    page = reader.page
    become(reader, "fc_intake")
    reader.open("/complaints/new")
    page.locator("#content").focus()
    page.keyboard.type("小区门口每晚有人露天烧烤，油烟很大。")
    page.keyboard.press("Tab")
    page.keyboard.type("凤山公园东门")
    page.keyboard.press("Tab")
    page.keyboard.type("露天烧烤摊")
    page.keyboard.press("Tab")
    page.keyboard.type("请尽快制止。")
    page.fill("#name", "王大成")
    page.fill("#phone", "13900001111")
    assert serious(reader.page) == []
    page.locator("#phone").press("Enter")
    code = page.locator("#code").inner_text()
    assert re.fullmatch(r"[A-Z2-7-]{31}", code), code
    matter = page.get_by_role("link", name="打开这一件").get_attribute("href")
    assert matter and serious(reader.page) == []
    reader.open(matter)
    assert "王**" in page.content() and "王大成" not in page.content() and "139****1111" in page.content()

    become(reader, "fc_head")
    take(reader, matter, "受理", reason="属于本机关职权")
    reader.open(matter)
    page.get_by_role("link", name="交办", exact=True).click()
    officer = page.locator("[name=handler] option", has_text=re.compile("杨军")).get_attribute("value")
    page.locator("[name=handler]").select_option(officer)
    page.locator("main form button[type=submit]").last.click()
    assert page.get_by_text("承办人", exact=True).locator("xpath=following-sibling::dd[1]").inner_text() == "杨军"

    become(reader, "fc_officer")
    take(reader, matter, "开始办理")
    page.locator("#text").fill("到现场核查，已拍照。")
    page.get_by_role("button", name="添加记录").click()
    assert shown(page, "到现场核查，已拍照。") >= 1
    take(reader, matter, "办结", facts="经核查，露天烧烤属实。", measures="责令当场撤除。", result="属实")

    become(reader, "fc_legal")
    take(reader, matter, "法制审核", review="agree", reason="事实清楚，依据适当")

    become(reader, "fc_leader")
    take(reader, matter, "审核办结意见", reason="同意")

    become(reader, "fc_intake")
    take(reader, matter, "答复", reply_text="您反映的情况属实，已责令撤除。")
    take(reader, matter, "归档")
    reader.open("/complaints/code")
    page.fill("[name=code]", code.lower().replace("-", " "))
    page.locator("main form button[type=submit]").last.click()
    page.locator("main").get_by_text("归档").first.wait_for()
    assert "露天烧烤属实" not in page.content()
    reader.open(f"{matter}/papers")
    with page.expect_download() as download:
        page.locator("tr", has_text="答复书").get_by_text("PDF").click()
    assert download.value.suggested_filename.endswith(".pdf")

    become(reader, "sup")
    reader.open("/complaints?due=overdue")
    urged = page.locator("#list tbody a").first.get_attribute("href")
    assert urged
    take(reader, urged, "督办", reason="请尽快办理")

    become(reader, "auditor")
    reader.open("/audit?action=complaints.complaint.archive")
    assert page.locator("tbody a").count() >= 1
    reader.open("/audit?q=王大成")
    assert "13900001111" not in page.content()


@pytest.mark.parametrize(
    ("username", "paths"),
    [
        ("fc_head", ("/complaints", "/complaints/new", "/complaints/statistics", "/complaints/16", "/complaints/16/papers", "/complaints/publicity", 
                     "/complaints/contact", "/complaints/places", "/complaints/code", "/settings",
                     "/settings/papers", "/search?q=烧烤", "/organisations", "/do/complaints.complaint/16/refuse")),
        ("sup", ("/complaints", "/complaints/statistics", "/complaints/openings", "/organisations", "/search?q=烧")),
        ("fc_disc", ("/complaints",)),
        ("scj_liaison", ("/complaints/incoming",)),
    ],
)  # fmt: skip
def test_pages_of_the_intake_fit_and_axe_finds_nothing_serious(looker: Reader, username: str, paths: tuple[str, ...]) -> None:
    looker.log_in(username)
    assert problems_of(looker, paths) == []


def test_a_draft_survives_and_look_alikes_stand_beside_it(reader: Reader) -> None:
    page = reader.page
    become(reader, "jn_intake")
    reader.open("/complaints/new")
    page.locator("#content").fill("夜间施工噪声很大，影响休息。")
    with page.expect_response(lambda answer: answer.url.endswith("/similar")):
        page.locator("#object_name").press_sequentially("夜市烧烤摊", delay=20)
    with page.expect_response(lambda answer: answer.url.endswith("/draft"), timeout=15_000) as kept:
        page.locator("#place").fill("桃花新城")
        page.locator("#place").press("Tab")
    assert kept.value.status == 200
    reader.open("/")
    reader.open("/complaints/new")
    assert page.locator("#content").input_value() == "夜间施工噪声很大，影响休息。"
    page.get_by_role("button", name="丢弃草稿，重新登记").click()
    assert page.locator("#content").input_value() == ""


def test_what_is_pasted_is_compared_and_the_accused_are_picked_by_name(reader: Reader) -> None:
    """Text that comes without a key being pressed (pasted, dictated, chosen from the list) is compared and kept all the same."""
    page = reader.page
    become(reader, "fc_intake")
    reader.open("/complaints/new")
    page.locator("#content").focus()
    page.keyboard.insert_text("杨军执法时不出示证件，态度粗暴。")
    page.get_by_text("文字里有本单位人员：杨军").wait_for()
    page.get_by_text("草稿已保存").wait_for()
    assert serious(reader.page) == []
    page.locator("label", has_text=re.compile("^检举控告$")).click()
    page.get_by_text("文字里有本单位人员").wait_for(state="detached")
    page.locator("label[for^=officers]", has_text="杨军").click()
    page.wait_for_timeout(400)  # the button has changed its colour
    assert serious(reader.page) == []
    page.locator("main form button[type=submit]").last.click()
    page.locator("#code").wait_for()
    matter = page.get_by_role("link", name="打开这一件").get_attribute("href")
    assert matter
    become(reader, "fc_officer")
    reader.open("/complaints?kind=accusation")
    assert "不出示证件" not in page.content()
    answer = reader.open(matter)
    assert answer is not None and answer.status == 404
    become(reader, "fc_leader")
    reader.open(matter)
    assert page.get_by_text("被检举控告人").count() and "提请会商" not in page.content()
