"""The conference in a real Chromium: the agenda by dragging and by keys, notes that save themselves, a resolution caught, a unit that answers."""

from __future__ import annotations

import re

import pytest

from tests.browser.conftest import Reader, problems_of, shown

pytestmark = pytest.mark.browser
OFFICE = (
    "/", "/meetings", "/meetings/new", "/meetings/3", "/meetings/5", "/meetings/5/agenda", "/meetings/5/invitations", "/meetings/5/sign-in", "/meetings/5/code",
    "/meetings/4/live", "/meetings/minutes/2", "/meetings/minutes/5", "/meetings/topics", "/meetings/topics/1", "/meetings/topics/new", "/meetings/resolutions",
    "/meetings/resolutions/board", "/meetings/resolutions/word", "/meetings/resolutions/6", "/meetings/calendar", "/meetings/busy", "/meetings/members",
    "/meetings/members/1", "/meetings/members/conference", "/meetings/halves", "/meetings/report?part=year", "/meetings/3/archive", "/settings",
)  # fmt: skip
MEMBER = ("/", "/meetings", "/meetings/5", "/meetings/topics/new", "/meetings/resolutions/6", "/meetings/minutes/5", "/meetings/members", "/meetings/busy")


@pytest.mark.parametrize(("username", "paths"), [("meet", OFFICE), ("jn_head", MEMBER), ("chair", ("/", "/meetings/report", "/meetings/minutes/2"))])
def test_every_page_fits_and_axe_finds_nothing_serious(looker: Reader, username: str, paths: tuple[str, ...]) -> None:
    looker.log_in(username)
    assert problems_of(looker, paths) == []


def plan(reader: Reader) -> str:
    """An ad hoc meeting with three items; returns its address."""
    page = reader.page
    reader.open("/meetings/new")
    page.get_by_text("临时会议", exact=True).click()
    page.fill("#day", "2027-03-09")
    page.fill("#title", "浏览器中安排的会议")
    page.dispatch_event("#day", "change")
    page.locator("#clashes").get_by_text("通知最迟于").wait_for()
    page.get_by_role("button", name="保存").click()
    page.wait_for_url("**/agenda")
    while left := page.locator(".agenda > li").count():
        page.locator(".agenda > li").first.get_by_role("button", name="移出").click()
        page.wait_for_function("left => document.querySelectorAll('.agenda > li').length < left", arg=left)
    for name, minutes in (("开场", "10"), ("通报", "20"), ("讨论", "30")):
        page.fill("[name=title]", name)
        page.locator("form", has=page.locator("[name=title]")).locator("[name=minutes]").fill(minutes)
        page.get_by_role("button", name="添加").click()
        page.locator(".agenda > li", has_text=name).wait_for()
    return page.url.removesuffix("/agenda")


def order(reader: Reader) -> list[str]:
    return [re.sub(r"\s+", " ", text) for text in reader.page.locator(".agenda > li .grow > div").all_inner_texts()]


def test_the_agenda_by_dragging_and_by_keys(reader: Reader) -> None:
    page = reader.page
    reader.log_in("meet")
    plan(reader)
    assert order(reader) == ["1. 开场", "2. 通报", "3. 讨论"]
    page.locator(".agenda > li").nth(2).drag_to(page.locator(".agenda > li").nth(0), source_position={"x": 8, "y": 12}, target_position={"x": 8, "y": 4})
    page.locator(".agenda > li").first.get_by_text("1. 讨论").wait_for()
    assert order(reader) == ["1. 讨论", "2. 开场", "3. 通报"]
    assert page.locator(".agenda .clock").all_inner_texts()[1].startswith("10:00")
    page.locator(".agenda > li").nth(1).locator("[data-sort-down]").focus()
    page.keyboard.press("Alt+ArrowDown")
    page.locator(".agenda > li").nth(2).get_by_text("3. 开场").wait_for()
    assert "down-" in page.evaluate("document.activeElement.id") or page.evaluate("document.activeElement.tagName") == "BODY"
    page.locator(".agenda > li").nth(2).locator("[data-sort-up]").press("Enter")
    page.locator(".agenda > li").nth(1).get_by_text("2. 开场").wait_for()
    field = page.locator(".agenda > li").first.locator("[name=minutes]")
    field.fill("45")
    field.press("Tab")
    page.locator(".agenda > li").nth(1).get_by_text("10:15").wait_for()


def test_notes_save_themselves_and_a_second_recorder_is_told(reader: Reader) -> None:
    page = reader.page
    reader.log_in("meet")
    reader.open("/meetings/4/live")
    second = page.context.new_page()
    second.goto(page.url)
    before, version = page.input_value("#notes"), page.input_value("#note-state [name=version]")
    page.locator("#notes").press_sequentially("补记一句。")
    page.locator("#note-state", has_text="已保存").wait_for()
    page.wait_for_function("version => document.querySelector('#note-state [name=version]').value != version", arg=version)
    second.locator("#notes").press_sequentially("另一人的话。")
    second.locator("#note-state .alert-warning").wait_for()
    assert "您的文字没有覆盖它" in second.locator("#note-state").inner_text() and "另一人的话。" in second.input_value("#notes")
    second.locator("#notes").press_sequentially("接着说。")
    second.wait_for_timeout(2500)
    page.reload()
    assert "补记一句。" in page.input_value("#notes") and "另一人的话。" not in page.input_value("#notes"), "typing on does not overwrite"
    second.get_by_role("button", name="两份都保留").click()
    second.get_by_text("记录已保存").wait_for()
    page.reload()
    assert "补记一句。" in page.input_value("#notes") and "另一人的话。" in page.input_value("#notes") and "接着说。" in page.input_value("#notes")
    page.fill("#notes", before)
    page.locator("#notes").blur()
    page.locator("#note-state", has_text="已保存").wait_for()
    second.close()


def test_a_unit_answers_and_the_archive_is_made(reader: Reader) -> None:
    page = reader.page
    reader.log_in("jn_head")
    reader.open("/meetings/5")
    page.get_by_role("link", name="参会", exact=True).click()
    page.fill("#name", "周平")
    page.get_by_role("button", name="参会").click()
    page.locator(".panel", has_text="本单位回执").get_by_text("周平").wait_for()
    page.context.clear_cookies()
    reader.log_in("meet")
    reader.open("/meetings/3/archive")
    page.get_by_role("button", name=re.compile("生成")).click()
    page.get_by_role("link", name="下载归档包").wait_for(timeout=60_000)
    with page.expect_download() as download:
        page.get_by_role("link", name="下载归档包").click()
    assert download.value.suggested_filename.endswith(".zip")


def test_the_conference_works_without_scripts(chromium, served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.address + "/login")
    page.fill("[name=username]", "meet")
    page.fill("[name=password]", served.password)
    page.click("main button.btn-primary")
    page.goto(served.address + "/meetings/5/agenda")
    first = page.locator(".agenda > li").nth(0).inner_text()
    page.locator(".agenda > li").nth(0).locator("[data-sort-down]").click()
    assert page.locator(".agenda > li").nth(1).inner_text().split("\n")[2:3] != [] and page.locator(".agenda > li").nth(0).inner_text() != first
    page.locator(".agenda > li").nth(1).locator("[data-sort-up]").click()
    page.goto(served.address + "/meetings/4/live")
    page.fill("#notes", page.input_value("#notes") + "无脚本也能保存。")
    page.get_by_role("button", name="保存记录").click()
    assert shown(page, "记录已保存") == 1 and "无脚本也能保存。" in page.input_value("#notes")
    context.close()
