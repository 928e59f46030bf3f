"""A topic that is limited to some of the invited: the others meet neither it, nor its materials, nor what came of it."""

from __future__ import annotations

import io
import re
import subprocess

import pytest
import sqlalchemy as sa
from docx import Document as read_docx

from plugins.meetings import following, minuting, planning, sitting, topics, workflow
from plugins.meetings.models import Circle, Topic
from plugins.meetings.models_results import Comment, Paragraph, Resolution
from portal.database import db
from portal.errors import NotFound, Refused
from portal.records import attachments
from portal.records.attachments import Attachment
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.plugins.meetings.helpers import D, acting, do, fetch, found, issued, meeting, only, resolve, sign_all, topic

TODAY, DAY = D(2026, 11, 24), D(2026, 12, 15)
SECRET, PLAIN = "蓝湾工地扬尘线索", "夜市占道经营联合整治"


def text_of(pdf: bytes) -> str:
    return "".join(subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode().split())


def words_of(docx: bytes) -> str:
    file = read_docx(io.BytesIO(docx))
    return "\n".join([paragraph.text for paragraph in file.paragraphs] + [cell.text for table in file.tables for row in table.rows for cell in row.cells])


class Story:
    """A meeting of three units: an open topic, one between 江南 and the police alone, an open end; with what came of it."""

    def __init__(self, app, world):
        found(app, world)
        self.plain = topic(app, world, TODAY, title=PLAIN)
        self.secret = topic(app, world, TODAY, title=SECRET)
        with acting(app, world, "jn_head"), unit_of_work("test.attach") as session:
            self.file = attachments.attach(session, (b"%PDF-1.4 secret", "蓝湾照片.pdf", "application/pdf"), "meetings.topic", self.secret, world.jiangnan.id, "file").id
        with acting(app, world, "meet"):
            topics.limit(self.secret, True, [world.police.id])
        self.key = meeting(app, world, DAY, TODAY, kind="adhoc", topic_ids=(self.plain, self.secret))
        with acting(app, world, "meet"):
            planning.add_item(self.key, "其他事项", 15)
        do(app, world, self.key, "notify", TODAY)
        self.app, self.world = app, world

    def hold(self):
        app, world = self.app, self.world
        sign_all(app, world, self.key)
        with acting(app, world, "meet"):
            items = planning.agenda(db.session(), self.key)
            for item in items:
                sitting.save_note(self.key, item.id, f"会议讨论了{item.title}。", 0)
                sitting.set_outcome(self.key, item.id, "decided")
        self.item = items[1].id
        self.open_one = resolve(app, world, self.key, D(2027, 1, 15), text="建立夜市联合巡查机制", lead="gelan", co=(), item=items[0].id)
        self.kept = resolve(app, world, self.key, D(2027, 1, 15), text="核查蓝湾工地并移送线索", lead="police", co=("jiangnan",), item=items[1].id)
        do(app, world, self.key, "hold", DAY)


def test_the_others_meet_the_time_of_a_limited_topic_and_nothing_else(app, world, login):
    story = Story(app, world)
    stranger, guest = login("gl_head"), login("jn_head")
    page = stranger.get(f"/meetings/{story.key}").get_data(as_text=True)
    assert PLAIN in page and "限定单位参加的议题，本单位不参加" in page and "蓝湾" not in page
    assert re.search(r"09:50<br>[^\n]*?10:10[^\n]*?限定单位参加的议题[^\n]*?10:10<br>[^\n]*?10:25[^\n]*?其他事项", page), "what comes after keeps its time"
    for address in (f"/meetings/topics/{story.secret}", f"/attachments/{story.file}"):
        assert stranger.get(address).status_code == 404, address
    for address in ("/meetings/topics", "/meetings/topics?export=csv", "/", "/search?q=扬尘", f"/meetings/{story.key}/event.ics"):
        text = stranger.get(address).get_data(as_text=True)
        assert "蓝湾" not in text, address
    for name in ("notice", "agenda", "materials"):
        said = words_of(stranger.get(f"/meetings/{story.key}/papers/{name}.docx").data)
        assert PLAIN in said and "蓝湾" not in said, name
        printed = text_of(stranger.get(f"/meetings/{story.key}/papers/{name}.pdf").data)
        assert PLAIN in printed and "蓝湾" not in printed, name
    notice = words_of(stranger.get(f"/meetings/{story.key}/papers/notice.docx").data)
    assert "（限定单位参加的议题）" in notice and "江南街道、葛兰镇、区公安局" in notice and "联系人：林海燕" in notice, "one and the same notice for all"
    assert SECRET in guest.get(f"/meetings/{story.key}").get_data(as_text=True) and guest.get(f"/attachments/{story.file}").status_code == 200
    assert SECRET in words_of(guest.get(f"/meetings/{story.key}/papers/materials.docx").data)
    with only(world.police):
        assert db.session.get(Topic, story.secret) is not None and [item.title for item in planning.agenda(db.session(), story.key)] == [PLAIN, SECRET, "其他事项"]
        assert attachments.of_shared(db.session(), "meetings.topic", [story.secret])[story.secret][0].id == story.file
    assert login("ga_liaison").get(f"/attachments/{story.file}").status_code == 200 and "扬尘" in login("sup").get(f"/meetings/{story.key}").get_data(as_text=True)


def test_minutes_are_an_excerpt_for_the_others_and_stay_intact(app, world, login, post):
    story = Story(app, world)
    story.hold()
    do(app, world, story.key, "draft_minutes", DAY)
    with acting(app, world, "meet"):
        minutes = minuting.editions(db.session(), story.key)[0].id
        listed = minuting.paragraphs(db.session(), minutes)
        kept = [row.id for row in listed if "蓝湾" in row.text]
        assert len(kept) == 3 and all(row.item_id == story.item for row in listed if row.id in kept)
        minuting.add_paragraph(minutes, kept[1], "补充：两家当日会商。")
    do(app, world, minutes, "circulate", DAY, flow=workflow.MINUTES, comment_by=D(2026, 12, 18))
    with acting(app, world, "jn_head"):
        minuting.comment(minutes, kept[1], "蓝湾部分同意", "", DAY)
        assert len(minuting.paragraphs(db.session(), minutes)) == len(listed) + 1
    with acting(app, world, "gl_head"):
        assert minuting.heads(db.session(), minutes)[1] == 4 and minuting.comments(db.session(), minutes) == {}
        with pytest.raises(NotFound):
            minuting.comment(minutes, kept[1], "？", "", DAY)
        assert db.session.scalars(sa.select(Comment)).all() == [] and not {row.id for row in db.session.scalars(sa.select(Paragraph))} & set(kept)
    with acting(app, world, "meet"):
        comment = db.session.scalars(sa.select(Comment)).one().id
        minuting.settle_comment(minutes, comment, True, "")
    do(app, world, minutes, "settle", DAY, flow=workflow.MINUTES, early=True)
    do(app, world, minutes, "sign", DAY, who="chair", flow=workflow.MINUTES)
    page = login("gl_head").get(f"/meetings/minutes/{minutes}").get_data(as_text=True)
    assert "（4 段）从略" in page and "蓝湾" not in page and "两家当日会商" not in page
    assert "一、关于夜市占道经营联合整治" in page and "三、关于其他事项" in page, "the numbers are those of the whole"
    assert "与签发时一致" in page
    printed = text_of(login("gl_head").get(f"/meetings/minutes/{minutes}/paper.pdf").data)
    assert "节录：限定单位参加的议题从略" in printed and "三、关于其他事项" in printed and "蓝湾" not in printed
    whole = login("jn_head").get(f"/meetings/minutes/{minutes}").get_data(as_text=True)
    assert "从略" not in whole and "二、关于蓝湾工地扬尘线索" in whole
    assert "节录" not in text_of(login("meet").get(f"/meetings/minutes/{minutes}/paper.pdf").data)
    do(app, world, minutes, "revise", DAY, flow=workflow.MINUTES, reason="更正错字")
    with acting(app, world, "meet"):
        fresh = minuting.editions(db.session(), story.key)[0]
        assert fresh.edition == 2 and sum(row.item_id == story.item for row in minuting.paragraphs(db.session(), fresh.id)) == 4, "a correction keeps what is limited"


def test_resolutions_of_a_limited_topic_are_seen_by_it_and_by_who_carries_them_out(app, world, login):
    story = Story(app, world)
    story.hold()
    issued(app, world, story.key, D(2026, 12, 16))
    stranger = login("gl_head")
    assert stranger.get(f"/meetings/resolutions/{story.kept}").status_code == 404 and stranger.get(f"/meetings/resolutions/{story.open_one}").status_code == 200
    for address in ("/meetings/resolutions", "/meetings/resolutions/board", "/meetings/resolutions?export=csv", f"/meetings/{story.key}", "/"):
        assert "蓝湾" not in stranger.get(address).get_data(as_text=True), address
    for address in ("/meetings/resolutions.docx", f"/meetings/{story.key}/papers/resolutions.docx"):
        said = words_of(stranger.get(address).data)
        assert "夜市联合巡查" in said and "蓝湾" not in said
    assert login("jn_head").get(f"/meetings/resolutions/{story.kept}").status_code == 200
    with acting(app, world, "gl_head"):
        assert following.entries(db.session(), story.kept) == []
    late = D(2027, 2, 1)
    with use_scope(EVERYTHING), unit_of_work("test.overdue") as session:
        assert len(topics.propose_overdue(session, late)) == 2
    with use_scope(EVERYTHING):
        again = db.session.scalars(sa.select(Topic).where(Topic.resolution_id == story.kept)).one()
        about_open = db.session.scalars(sa.select(Topic).where(Topic.resolution_id == story.open_one)).one()
        assert again.limited and not about_open.limited
        assert set(db.session.scalars(sa.select(Circle.unit_id).where(Circle.topic_id == again.id))) == {world.jiangnan.id, world.police.id}
        assert fetch(Resolution, story.kept).state == "open"


def test_the_office_limits_a_topic_on_its_page_and_opens_it_again(app, world, login, post):
    found(app, world)
    key = topic(app, world, TODAY, title=SECRET)
    meet, head = login("meet"), login("jn_head")
    page, address = f"/meetings/topics/{key}", f"/meetings/topics/{key}/circle"
    assert "全部受邀单位都能看到" in meet.get(page).get_data(as_text=True) and "调整参加范围" not in head.get(page).get_data(as_text=True)
    assert post(head, address, {"limited": "1", "units": [world.police.id]}, page=page).status_code == 403
    empty = post(meet, address, {"limited": "1"}, page=page)
    assert empty.status_code == 422 and "请选择参加本议题的单位。" in empty.get_data(as_text=True)
    assert post(meet, address, {"limited": "1", "units": ["999999"]}, page=page).status_code == 422
    assert post(meet, address, {"limited": "1", "units": [world.police.id, world.police.id]}, page=page).status_code == 303
    shown = meet.get(page).get_data(as_text=True)
    assert "仅限：区公安局。" in shown and "限定参加单位" in head.get(page).get_data(as_text=True)
    assert re.search(r"限定参加单位</span> 否 → 是", shown) and "False" not in shown
    assert "仅限：" not in head.get(page).get_data(as_text=True), "who is let in is known to the office alone"
    scheduled = meeting(app, world, DAY, TODAY, kind="adhoc", topic_ids=(key,))
    with acting(app, world, "meet"):
        planning.invite(scheduled, {world.jiangnan.id: "member", world.police.id: "member"})
    assert "葛兰镇（未受邀）" in meet.get(page).get_data(as_text=True)
    assert "限定单位" in meet.get(f"/meetings/{scheduled}/agenda").get_data(as_text=True)
    assert post(meet, address, {"limited": "", "units": [world.police.id]}, page=page).status_code == 303
    with use_scope(EVERYTHING):
        assert not fetch(Topic, key).limited and db.session.scalars(sa.select(Circle)).all() == []
    with acting(app, world, "jn_head"):
        other = topics.save(None, {"title": "另一", "category": "其他", "background": "b", "request": "r", "minutes": 5}, TODAY)
        workflow.TOPIC.perform(other, "submit", {}, today=TODAY)
    do(app, world, scheduled, "notify", TODAY)
    sign_all(app, world, scheduled)
    with acting(app, world, "meet"):
        sitting.set_outcome(scheduled, planning.agenda(db.session(), scheduled)[0].id, "decided")
    do(app, world, scheduled, "hold", DAY)
    with acting(app, world, "meet"), pytest.raises(Refused, match="已有结果"):
        topics.limit(key, True, [world.police.id])
    assert db.session.scalars(sa.select(Attachment)).all() == []
