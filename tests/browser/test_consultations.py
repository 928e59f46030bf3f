"""Three consultations played by eight accounts in a real Chromium: written, by meeting, with recusal and replacement."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.timeout(600)]
OFFICER, LEADER, CONVENER = "fc_officer", "fc_leader", "sup"
PANEL = ("expert", "expert3", "ga_liaison")


class Cast:
    """Everybody at a browser of their own, and what went wrong meanwhile."""

    def __init__(self, chromium, served):
        self.chromium, self.served, self.pages, self.complaints = chromium, served, {}, []

    def __getitem__(self, username):
        if username not in self.pages:
            page = self.chromium.new_context(viewport={"width": 1366, "height": 768}, locale="zh-CN").new_page()
            page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
            page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" and "status of 4" not in message.text else None)
            page.goto(f"{self.served.address}/login")
            page.fill("[name=username]", username)
            page.fill("[name=password]", self.served.password)
            page.click("main button.btn-primary")
            page.wait_for_url(f"{self.served.address}/")
            self.pages[username] = page
        return self.pages[username]

    def open(self, username, path):
        self[username].goto(self.served.address + path)
        return self[username]

    def step(self, username, path, name, **values):
        """Open a page, press a step, fill what it asks, and press it again."""
        page = self.open(username, path)
        page.locator(".page-head, .panel").get_by_role("link", name=name, exact=True).first.click()
        for field, value in values.items():
            control = page.locator(f"[name={field}]")
            if control.first.get_attribute("type") in ("checkbox", "radio"):
                page.locator(f"[name={field}]" + ("" if value is True else f"[value={value}]")).check()
            elif control.evaluate("item => item.tagName") == "SELECT":
                control.select_option(index=1) if value is None else control.select_option(value)
            else:
                control.fill(value)
        with page.expect_navigation():
            page.locator("main form button.btn-primary, main form button.btn-danger").first.click()
        return page

    def close(self):
        for page in self.pages.values():
            page.context.close()


@pytest.fixture
def cast(chromium, served):
    found = Cast(chromium, served)
    yield found
    found.close()
    assert found.complaints == []


def ask(cast, title, form):
    """The town drafts, lists its evidence, and the leader sends it; the convener takes it. Returns the address."""
    page = cast.open(OFFICER, "/consultations/new")
    page.fill("[name=title]", title)
    page.select_option("[name=field]", "行政处罚")
    page.fill("[name=facts]", "当事人在占道经营中屡次不改。")
    page.fill("[name=law]", "《行政处罚法》第三十二条")
    page.fill("[name=questions-0]", "能否从重处罚？")
    page.locator("button[name=more][value=questions]").click()
    page.wait_for_selector("[name=questions-1]")
    page.fill("[name=questions-1]", "是否需要听证？")
    page.fill("[name=own_view]", "倾向从重处罚。")
    page.fill("[name=parties-0-name]", "某某烧烤店")
    page.fill("[name=needed_by]", "2099-12-31")
    page.locator("[name=triggers]").first.check()
    page.get_by_role("button", name="保存草稿").click()
    page.wait_for_url(re.compile(r"/consultations/\d+$"))
    assert page.get_by_text("提交前还要补齐").count() == 1
    page.fill("#evidence [name=name]", "现场照片")
    page.get_by_role("button", name="列入清单").click()
    path = re.search(r"/consultations/\d+", page.url)[0]
    cast.step(OFFICER, path, "提交审批", approver=None)
    cast.step(LEADER, path, "同意提请")
    cast.step(CONVENER, path, "受理", form=form)
    return path


def choose(cast, path, *names):
    """Put people on the panel by their names."""
    for kind, name in names:
        page = cast.open(CONVENER, f"{path}/panel?kind={kind}&field=")
        page.locator("tr", has_text=name).get_by_role("button", name="选入").click()
        assert page.get_by_text(f"{name} 已列入会商组").count() == 1


def name_of(cast, username):
    return cast[username].locator(".menu-body .who strong").first.text_content()


def seat(cast, username):
    page = cast.open(username, "/consultations/seats")
    page.locator("tbody tr").first.get_by_role("link").first.click()
    return re.search(r"/consultations/seats/\d+", page.url)[0]


def declare(cast, username):
    path = seat(cast, username)
    cast.step(username, path, "签署保密承诺", promised=True)
    cast.step(username, path, "声明无利害关系并阅卷", declared=True)
    return path


def give(cast, username, said):
    path = declare(cast, username)
    page = cast.open(username, f"{path}/opinion")
    assert page.locator("img.watermark").count() == 1
    for number in range(2):
        page.locator(f"label[for=answers-{number}-conclusion-{said}]").click()
        page.fill(f"[name=answers-{number}-reasons]", f"理由来自{username}")
        page.fill(f"[name=answers-{number}-basis]", "《行政处罚法》第三十二条")
    page.get_by_role("button", name="提交意见").click()
    page.locator("#confirm").get_by_role("button", name="提交意见").click()
    page.wait_for_url(re.compile(path + "$"))
    assert page.get_by_text("意见已提交").count() >= 1


def finish(cast, path):
    """Close, sign, answer, confirm, archive."""
    cast.step(CONVENER, path, "结束征求意见")
    page = cast.open(CONVENER, f"{path}/paper")
    page.fill("[name=advice]", "建议依法从重，告知听证权利。")
    page.get_by_role("button", name="保存并签发").click()
    with page.expect_navigation():
        page.locator("main form button.btn-primary").click()
    assert page.get_by_text(re.compile("凤城商意〔")).count() >= 1
    cast.step(OFFICER, path, "答复采纳情况", answer="adopted", answer_reasons="理由充分。")
    cast.step(LEADER, path, "同意答复")
    page = cast.step(CONVENER, path, "归档")
    assert page.locator("main b", has_text="已归档").count() >= 1


def test_written(cast):
    path = ask(cast, "占道经营屡教不改案", "written")
    choose(cast, path, *(("department" if name == "ga_liaison" else "expert", name_of(cast, name)) for name in PANEL))
    cast.step(CONVENER, f"{path}/panel", "发出邀请")
    give(cast, "expert", 0)
    page = cast.open("expert3", path)
    assert page.get_by_text("占道经营屡教不改案").count() == 0, "before the declaration the file is not there"
    for username in PANEL[1:]:
        give(cast, username, 0)
        assert cast.open(username, path).get_by_text("理由来自expert", exact=True).count() == 0
    problems = []
    for username, where in ((OFFICER, path), ("expert", path), (CONVENER, f"{path}/panel"), (CONVENER, path), ("expert", "/consultations/seats")):
        found = Axe().run(cast.open(username, where)).response["violations"]
        problems += [f"{where} {item['id']}: {item['nodes'][0]['html'][:160]}" for item in found if item["impact"] in ("serious", "critical")]
    assert problems == []
    finish(cast, path)
    assert cast.open("expert", path).get_by_text("占道经营屡教不改案").count() == 0, "after the archive it is closed again"
    assert cast.open(OFFICER, path).get_by_text("理由来自expert3").count() == 2


def test_by_meeting(cast):
    path = ask(cast, "听证程序争议案", "meeting")
    choose(cast, path, *(("department" if name == "ga_liaison" else "expert", name_of(cast, name)) for name in PANEL))
    cast.step(CONVENER, f"{path}/panel", "发出邀请")
    cast.step(CONVENER, path, "安排会商会议", meeting_on="2099-01-05", meeting_time="09:30", meeting_place="三楼会议室")
    for username in PANEL:
        give(cast, username, 3)
    page = cast.open(CONVENER, path)
    page.locator("#meeting input[name=present]").first.check()
    page.get_by_role("button", name="登记到会").click()
    assert cast.open("expert", path).get_by_text("2099-01-05 09:30").count() == 1
    finish(cast, path)


def test_with_recusal_and_replacement(cast):
    path = ask(cast, "处罚裁量争议案", "written")
    page = cast.open(CONVENER, f"{path}/panel")
    page.fill("[name=wanted]", "2")
    page.get_by_role("button", name="抽取", exact=True).click()
    page.wait_for_selector("#draws")
    drawn = page.locator(".people strong").all_text_contents()[:2]
    choose(cast, path, ("department", name_of(cast, "ga_liaison")))
    cast.step(CONVENER, f"{path}/panel", "发出邀请")
    names = {name_of(cast, username): username for username in ("expert", "expert3", "expert6")}
    away, stays = names[drawn[0]], names[drawn[1]]
    where = seat(cast, away)
    cast.step(away, where, "签署保密承诺", promised=True)
    cast.step(away, where, "谢绝或申请回避", why="interest", statement="与店主有亲属关系")
    assert cast.open(OFFICER, path).get_by_text("亲属关系").count() == 0
    spare = next(username for name, username in names.items() if username not in (away, stays))
    choose(cast, path, ("expert", name_of(cast, spare)))
    for username in (stays, spare, "ga_liaison"):
        give(cast, username, 1)
    finish(cast, path)
