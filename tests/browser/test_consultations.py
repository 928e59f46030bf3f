"""Three consultations played by eight accounts in a real Chromium: written, by meeting, with recusal and replacement.

Each step is taken in the browser in one of them: asking, choosing and writing in the first, the meeting, signing and answering in
the second, drawing, stepping back and replacing in the third. The rest is sent as the forms send it, since drawing a page costs
ten times what the portal needs for it.
"""

from __future__ import annotations

import html
import re

import pytest

from tests.browser.conftest import serious, shown

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
OFFICER, LEADER, CONVENER = "fc_officer", "fc_leader", "sup"
PANEL = ("expert", "expert3", "ga_liaison")


ANSWER = {"reasons": "理由来自{}", "basis": "《行政处罚法》第三十二条"}


@pytest.fixture(scope="module")
def sessions():
    """Who has logged in already, as the browser keeps it: a login counts a password slowly, and is looked at elsewhere."""
    return {}


class Cast:
    """Everybody at a browser of their own, and what went wrong meanwhile.

    What a scenario is about is done in the browser. What another one looks at already is sent as the same forms would send it.
    """

    def __init__(self, chromium, served, sessions):
        self.chromium, self.served, self.sessions, self.pages, self.complaints, self.tokens = chromium, served, sessions, {}, [], {}

    def __getitem__(self, username):
        if username not in self.pages:
            context = self.chromium.new_context(
                viewport={"width": 1366, "height": 768}, locale="zh-CN", reduced_motion="reduce", storage_state=self.sessions.get(username)
            )  # fmt: skip
            page = context.new_page()
            page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
            page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" and "status of 4" not in message.text else None)
            self.pages[username] = page
            if username not in self.sessions:
                self._post(page, "/login", "/login", {"username": username, "password": self.served.password})
                self.sessions[username] = context.storage_state()
        return self.pages[username]

    def open(self, username, path):
        self[username].goto(self.served.address + path)
        return self[username]

    def text(self, username, path):
        """A page as text, without drawing it."""
        answer = self[username].request.get(self.served.address + path)
        assert answer.ok, f"{username} {path} {answer.status}"
        return answer.text()

    def _post(self, page, path, form_page, data):
        if (page, form_page) not in self.tokens:
            found = page.request.get(self.served.address + form_page).text()
            self.tokens[page, form_page] = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', found)[1]
        form = {**data, "csrf_token": self.tokens[page, form_page]}
        answer = page.request.post(self.served.address + path, form=form, headers={"Referer": self.served.address + form_page}, max_redirects=0)
        assert answer.status == 303, f"{path} {answer.status} {re.findall('alert-danger[^>]*>([^<]+)', answer.text())}"
        return answer.headers["location"]

    def send(self, username, path, **data):
        """What a form would send. Returns where it leads."""
        return self._post(self[username], path, "/account", data)

    def done(self, username, key, action, record="consultation", **data):
        return self.send(username, f"/do/consultations.{record}/{key}/{action}", **data)

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
def cast(chromium, served, sessions):
    found = Cast(chromium, served, sessions)
    yield found
    found.close()
    assert found.complaints == []


def key_of(address):
    return re.findall(r"\d+", address)[-1]


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
    assert shown(page, "提交前还要补齐") == 1
    page.fill("#evidence [name=name]", "现场照片")
    page.get_by_role("button", name="列入清单").click()
    path = re.search(r"/consultations/\d+", page.url)[0]
    cast.step(OFFICER, path, "提交审批", approver=None)
    cast.step(LEADER, path, "同意提请")
    cast.step(CONVENER, path, "受理", form=form)
    return path


def asked(cast, title, form):
    """The same as :func:`ask`, sent without drawing the pages."""
    request = {
        "title": title, "field": "行政处罚", "facts": "当事人在占道经营中屡次不改。", "law": "《行政处罚法》第三十二条", "questions-0": "能否从重处罚？",
        "questions-1": "是否需要听证？", "own_view": "倾向从重处罚。", "parties-0-name": "某某烧烤店", "parties-0-role": "当事人", "parties-0-unit": "",
        "needed_by": "2099-12-31", "triggers": "hearing", "urgency": "normal", "secrecy": "internal",
    }  # fmt: skip
    key = key_of(cast.send(OFFICER, "/consultations/new", **request))
    cast.send(OFFICER, f"/consultations/{key}/evidence", name="现场照片", proves="")
    leaders = re.findall(r'<option value="(\d+)"', cast.text(OFFICER, f"/do/consultations.consultation/{key}/submit"))
    cast.done(OFFICER, key, "submit", approver=leaders[0])
    cast.done(LEADER, key, "approve")
    cast.done(CONVENER, key, "accept", form=form)
    return f"/consultations/{key}"


def choose(cast, path, *names):
    """Put people on the panel by their names."""
    for kind, name in names:
        page = cast.open(CONVENER, f"{path}/panel?kind={kind}&field=")
        page.locator("tr", has_text=name).get_by_role("button", name="选入").click()
        assert shown(page, f"{name} 已列入会商组") == 1


def chosen(cast, path, *names):
    """The same without drawing the pages."""
    for kind, name in names:
        row = next(row for row in cast.text(CONVENER, f"{path}/panel?kind={kind}&field=").split("<tr") if f">{name}<" in row)
        cast.send(CONVENER, f"{path}/panel/choose", key=re.search(r'name="key" value="([^"]+)"', row)[1], kind=kind, field="")


def name_of(cast, username):
    return re.search(r'class="who">\s*<strong>([^<]+)', cast.text(username, "/account"))[1].strip()


def panel_of(cast):
    return [("department" if name == "ga_liaison" else "expert", name_of(cast, name)) for name in PANEL]


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
    assert shown(page, "意见已提交") >= 1


def given(cast, username, said):
    """The same as :func:`give` without drawing the pages."""
    key = re.search(r"/consultations/seats/(\d+)", cast.text(username, "/consultations/seats").split("<tbody")[1])[1]
    cast.done(username, key, "promise", "seat", promised="y")
    cast.done(username, key, "declare", "seat", declared="y")
    conclusion = ("agree", "disagree", "reserve", "suggest")[said]
    data = {f"answers-{n}-{part}": text.format(username) for n in range(2) for part, text in {**ANSWER, "conclusion": conclusion}.items()}
    cast.send(username, f"/consultations/seats/{key}/opinion", **data)
    assert "意见已提交" in cast.text(username, f"/consultations/seats/{key}")


def finish(cast, path):
    """Close, sign, answer, confirm, archive."""
    cast.step(CONVENER, path, "结束征求意见")
    page = cast.open(CONVENER, f"{path}/paper")
    page.fill("[name=advice]", "建议依法从重，告知听证权利。")
    page.get_by_role("button", name="保存并签发").click()
    with page.expect_navigation():
        page.locator("main form button.btn-primary").click()
    assert shown(page, re.compile("凤城商意〔")) >= 1
    cast.step(OFFICER, path, "答复采纳情况", answer="adopted", answer_reasons="理由充分。")
    cast.step(LEADER, path, "同意答复")
    page = cast.step(CONVENER, path, "归档")
    assert page.locator("main b", has_text="已归档").count() >= 1


def finished(cast, path):
    """The same as :func:`finish` without drawing the pages."""
    key = key_of(path)
    cast.done(CONVENER, key, "close")
    paper = cast.text(CONVENER, f"{path}/paper")
    written = {name: html.unescape(text).strip() for name, text in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>([^<]*)', paper)}
    cast.send(CONVENER, f"{path}/paper", **written | {"advice": "建议依法从重，告知听证权利。"})
    cast.done(CONVENER, key, "sign")
    assert "凤城商意〔" in cast.text(OFFICER, f"{path}/paper")
    cast.done(OFFICER, key, "propose_answer", answer="adopted", answer_reasons="理由充分。")
    cast.done(LEADER, key, "confirm_answer")
    cast.done(CONVENER, key, "archive")
    assert "已归档" in cast.text(CONVENER, path)


def test_written(cast):
    path = ask(cast, "占道经营屡教不改案", "written")
    people = panel_of(cast)
    choose(cast, path, people[0])
    chosen(cast, path, *people[1:])
    cast.step(CONVENER, f"{path}/panel", "发出邀请")
    give(cast, "expert", 0)
    page = cast.open("expert3", path)
    assert page.get_by_text("占道经营屡教不改案").count() == 0, "before the declaration the file is not there"
    for username in PANEL[1:]:
        given(cast, username, 0)
        assert cast.open(username, path).get_by_text("理由来自expert", exact=True).count() == 0
    finished(cast, path)
    assert cast.open("expert", path).get_by_text("占道经营屡教不改案").count() == 0, "after the archive it is closed again"
    assert cast.open(OFFICER, path).get_by_text("理由来自expert3").count() == 2


def test_nothing_stands_in_the_way_of_a_reader(cast):
    """The pages of a town, a member and the convener under axe: none of its serious findings."""
    path = asked(cast, "户外招牌争议案", "written")
    chosen(cast, path, *panel_of(cast))
    due = re.search(r'name="opinion_due"[^>]*value="([^"]+)"', cast.text(CONVENER, f"/do/consultations.consultation/{key_of(path)}/invite"))[1]
    cast.done(CONVENER, key_of(path), "invite", opinion_due=due)
    key = key_of(seat(cast, "expert"))
    cast.done("expert", key, "promise", "seat", promised="y")
    cast.done("expert", key, "declare", "seat", declared="y")
    pages = (
        (OFFICER, path), ("expert", path), ("expert", f"/consultations/seats/{key}/opinion"), (CONVENER, f"{path}/panel"), (CONVENER, path),
        ("expert", "/consultations/seats"),
    )  # fmt: skip
    problems = []
    for username, where in pages:
        problems += [f"{where} {words}" for words in serious(cast.open(username, where))]
    assert problems == []


def test_by_meeting(cast):
    path = asked(cast, "听证程序争议案", "meeting")
    chosen(cast, path, *panel_of(cast))
    cast.step(CONVENER, f"{path}/panel", "发出邀请")
    cast.step(CONVENER, path, "安排会商会议", meeting_on="2099-01-05", meeting_time="09:30", meeting_place="三楼会议室")
    give(cast, PANEL[0], 3)
    for username in PANEL[1:]:
        given(cast, username, 3)
    page = cast.open(CONVENER, path)
    page.locator("#meeting input[name=present]").first.check()
    page.get_by_role("button", name="登记到会").click()
    assert cast.open("expert", path).get_by_text("2099-01-05 09:30").count() == 1
    finish(cast, path)


def test_with_recusal_and_replacement(cast):
    path = asked(cast, "处罚裁量争议案", "written")
    page = cast.open(CONVENER, f"{path}/panel")
    page.fill("[name=wanted]", "2")
    page.get_by_role("button", name="抽取", exact=True).click()
    page.wait_for_selector("#draws")
    drawn = page.locator(".people strong").all_text_contents()[:2]
    chosen(cast, path, ("department", name_of(cast, "ga_liaison")))
    cast.step(CONVENER, f"{path}/panel", "发出邀请")
    names = {name_of(cast, username): username for username in ("expert", "expert3", "expert6")}
    away, stays = names[drawn[0]], names[drawn[1]]
    where = seat(cast, away)
    cast.step(away, where, "签署保密承诺", promised=True)
    cast.step(away, where, "谢绝或申请回避", why="interest", statement="与店主有亲属关系")
    assert cast.open(OFFICER, path).get_by_text("亲属关系").count() == 0
    spare = next(username for name, username in names.items() if username not in (away, stays))
    choose(cast, path, ("expert", name_of(cast, spare)))
    give(cast, spare, 1)
    for username in (stays, "ga_liaison"):
        given(cast, username, 1)
    finished(cast, path)
    assert "亲属关系" not in cast.text(OFFICER, f"{path}/paper")
