"""The main path in a real Chromium, at a desk and on a telephone: import, sweep, look at the trail. Axe finds nothing serious."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.browser.conftest import problems_of, serious, shown

pytestmark = pytest.mark.browser
SAMPLE = Path(__file__).parents[1] / "samples" / "roster.xlsx"
PAGES = {
    "fc_clerk": (
        "/", "/inbox", "/certificates", "/certificates/1", "/certificates/1/slip", "/certificates/recovery", "/certificates/destroy", "/certificates/public",
        "/certificates/applications", "/certificates/applications/1", "/certificates/applications/new", "/certificates/applications/new/1",
        "/import/certificates", "/people", "/people/1", "/people/new", "/people/1/change", "/do/certificates.certificate/3/lose", "/search?q=王", "/account",
        "/account/password", "/nowhere",
    ),
    "sysadmin": (
        "/", "/admin/plugins", "/admin/settings", "/admin/settings/certificates.warn_days", "/admin/calendar", "/admin/organisations", "/admin/health",
        "/admin/jobs",
    ),
    "secadmin": ("/admin/accounts", "/admin/accounts/new", "/admin/accounts/1"),
    "auditor": ("/audit", "/audit/0/1"),
    "sup": ("/", "/certificates", "/certificates/applications/5"),
}  # fmt: skip


@pytest.mark.parametrize("username", list(PAGES))
def test_every_page_fits_and_axe_finds_nothing_serious(looker, username):
    if username == "sup":
        assert problems_of(looker, ("/login",)) == []
    looker.log_in(username)
    assert problems_of(looker, PAGES[username]) == []


def test_dark_is_readable_too(reader):
    reader.log_in("fc_clerk")
    reader.page.locator("summary.tool").click()
    reader.page.get_by_role("button", name="深色界面").click()
    problems = []
    for path in ("/", "/certificates", "/certificates/1", "/certificates/recovery"):
        reader.open(path)
        assert reader.page.evaluate("document.documentElement.dataset.bsTheme") == "dark"
        problems += [f"{path} {words}" for words in serious(reader.page)]
    assert problems == []


def test_a_roster_comes_in_the_sweep_expires_and_the_trail_tells(reader, served):
    page = reader.page
    reader.log_in("jn_clerk")
    reader.open("/import/certificates")
    page.set_input_files("#file", SAMPLE)
    page.get_by_role("button", name="上传并核对").click()
    assert shown(page, re.compile("确认写入 45 行|同样内容的文件"))
    first = page.get_by_text("确认写入 45 行").count() == 1
    if first:
        page.get_by_role("button", name="确认写入 45 行").click()
        assert [page.locator(".stat .value").nth(n).inner_text() for n in range(4)] == ["45", "0", "0", "15"]
        with page.expect_download() as download:
            page.get_by_role("link", name="下载被拒绝的行").click()
        assert download.value.suggested_filename == "certificates-refused.xlsx"
    page.context.clear_cookies()
    reader.log_in("sysadmin")
    reader.open("/admin/jobs")
    form = page.locator("section", has_text="certificates.sweep").locator("form")
    form.locator("[name=day]").fill("2026-11-24")
    form.get_by_role("button", name="立即运行").click()
    page.wait_for_selector("#run b.green", timeout=30_000)
    row = page.locator("tr", has_text="江南街道")
    assert ("11" if first else "0") in row.inner_text()
    page.context.clear_cookies()
    reader.log_in("jn_clerk")
    reader.open("/certificates?state=expired")
    assert page.get_by_text("共 11 条").count() == 1
    page.context.clear_cookies()
    reader.log_in("auditor")
    reader.open("/audit?action=certificates.certificate.expire")
    page.locator("tbody a").first.click()
    assert shown(page, "有效期届满") >= 1
    reader.open("/audit")
    page.get_by_role("button", name="校验").click()
    assert shown(page, re.compile("全部 .* 条记录完整")) == 1


def test_a_dangerous_step_asks_first_and_the_keyboard_reaches_everything(reader):
    page = reader.page
    reader.log_in("sysadmin")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reader.open("/admin/plugins")
    switch = page.get_by_role("button", name="万顺镇 行政执法证件")
    switch.click()
    dialog = page.locator("#confirm")
    assert dialog.is_visible() and "数据保留" in dialog.inner_text()
    assert dialog.locator("button[data-yes]").inner_text() == "停用"
    dialog.get_by_role("button", name="取消").click()
    assert "已启用" in switch.inner_text()
    switch.press("Enter")
    dialog.locator("button[data-yes]").press("Enter")
    page.wait_for_selector(".alert-success")
    assert "已停用" in switch.inner_text()
    switch.click()
    page.wait_for_selector(".alert-success")
    assert "已启用" in switch.inner_text()


def test_filters_swap_the_list_and_stay_in_the_address(reader):
    page = reader.page
    reader.log_in("fc_clerk")
    reader.open("/certificates")
    page.select_option("select[name=state]", "lost")
    page.wait_for_url("**state=lost**")
    assert page.locator("#list tbody tr").count() == 1
    page.reload()
    assert page.locator("select[name=state]").input_value() == "lost"


def test_everything_works_without_scripts(chromium, served):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(served.address + "/login")
    page.fill("[name=username]", "fc_clerk")
    page.fill("[name=password]", served.password)
    page.click("main button.btn-primary")
    page.goto(served.address + "/certificates")
    page.select_option("select[name=state]", "lost")
    page.get_by_role("button", name="查找").click()
    page.wait_for_url(re.compile("state=lost"))
    assert page.locator("#list tbody tr").count() == 1
    context.close()
