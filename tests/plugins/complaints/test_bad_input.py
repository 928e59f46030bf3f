"""What bad input gets: a message at the field in plain words, nothing typed is lost, nothing half done, never a server error."""

import datetime as dt
import io
import json
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from plugins.complaints.models import Complaint, Entry
from portal.database import db
from portal.records.attachments import Attachment
from portal.tenancy import EVERYTHING, use_scope
from tests.conftest import csrf_of
from tests.plugins.complaints.helpers import FORM, TODAY, change, fetch, matter, person, step

D = dt.date
TOMORROW = str(TODAY + dt.timedelta(days=1))
DONE = {"facts": "经查，情况属实。", "measures": "责令改正。", "result": "属实"}


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


def register(post, client, **changes):
    files = changes.pop("files", None)
    data = {**FORM, **changes} | ({"files": files} if files else {})
    return post(client, "/complaints/new", data, page="/complaints/new", follow_redirects=True, content_type="multipart/form-data")


def count() -> int:
    db.session.rollback()
    with use_scope(EVERYTHING):
        return db.session.scalar(sa.select(sa.func.count()).select_from(Complaint))


def handled(world, **values) -> int:
    key = matter(world.jiangnan, **values)
    change(key, state="handling", handler_id=world.account("jn_officer").id, handler_name="李明杰")
    return key


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"received_on": TOMORROW}, "收到日期不能晚于今天"), ({"happened_on": TOMORROW}, "发生日期不能晚于收到日期"), ({"received_on": "2026-02-30"}, ""),
        ({"received_on": "1026-02-03"}, "请核对收到日期"),
        ({"content": ""}, "请填写此项"), ({"content": " \n "}, "请填写此项"), ({"kind": "nonsense"}, ""), ({"channel": "飞鸽"}, ""), ({"urgency": "x"}, ""),
        ({"phone": "12"}, "手机号码"),
        ({"id_number": "110105194912310021"}, ""), ({"kind": "hotline", "order_days": "99999999999"}, "1 至 90"), ({"kind": "hotline", "order_days": "²"}, ""),
        ({"kind": "accusation"}, "被检举控告"),
        ({"kind": "accusation", "officers": "999999"}, ""), ({"kind": "other"}, "请选择是哪一种"), ({"title": "字" * 101}, "最多 100 个字"),
        ({"content": "字" * 100_000}, "最多 20000 个字"),
    ],
)  # fmt: skip
def test_a_registration_that_cannot_be(app_sqlite, world, login, post, changes, words):
    answer = register(post, login("jn_intake"), demand="诉求要留着", **changes)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and words in text and "诉求要留着" in text and count() == 0
    assert "invalid-feedback" in text or "alert-danger" in text
    if changes.get("content", "").strip():
        assert changes["content"][:1000] in text, "nothing typed is lost"


def test_signs_that_nobody_types(app, world, login, post):
    """Control characters and halves of characters are left out, emoji and rare characters stay, on both databases."""
    strange = "夜市\x00噪声\x08扰民\x1b[31m😀👨‍👩‍👧𠮷野家\u202e反\ufeff"
    answer = register(post, login("jn_intake"), content=strange, place="桃花\x00新城😀", title="标题\x07😀")
    assert answer.status_code == 200
    made = db.session.scalars(sa.select(Complaint)).unique().one()
    assert "\x00" not in made.content and "\x1b" not in made.content and "😀" in made.content and "𠮷" in made.content and "\u202e" not in made.content
    assert made.place == "桃花新城😀" and made.title == "标题😀"
    head = login("jn_head")
    assert "😀" in head.get(f"/complaints/{made.id}").get_data(as_text=True) and head.get("/complaints?q=😀").status_code == 200
    assert head.get("/complaints?export=xlsx").status_code == 200
    raw = b"csrf_token=%s&text=%%ED%%A0%%80x%%00y" % csrf_of(head.get(f"/complaints/{made.id}").get_data(as_text=True)).encode()
    sent = head.post(f"/complaints/{made.id}/entries", data=raw, content_type="application/x-www-form-urlencoded")
    assert sent.status_code == 303


def test_no_answer_before_the_conclusion_no_day_before_another(app_sqlite, world, login, post):
    key, officer, head, leader = handled(world), login("jn_officer"), login("jn_head"), login("jn_leader")
    early = step(post, head, key, "reply", reply_how="电话", replied_on=str(TODAY), reply_text="已办")
    assert early.status_code == 409 and "当前状态为“办理”" in early.get_data(as_text=True) and "已办" in early.get_data(as_text=True)
    for day, words in ((TOMORROW, "不能晚于今天"), ("2026-11-01", "办结日期不能早于收到日期"), ("2026-02-30", "")):
        refused = step(post, officer, key, "conclude", concluded_on=day, **DONE)
        assert refused.status_code == 422 and words in refused.get_data(as_text=True) and DONE["facts"] in refused.get_data(as_text=True), day
    assert step(post, officer, key, "conclude", concluded_on=str(TODAY), **DONE).status_code == 303
    unapproved = step(post, head, key, "reply", reply_how="电话", replied_on=str(TODAY), reply_text="已办")
    assert unapproved.status_code == 409 and fetch(key).state == "concluded"
    assert step(post, leader, key, "approve", reason="").status_code == 303
    for day in (TOMORROW, "2026-11-20"):
        assert step(post, head, key, "reply", reply_how="电话", replied_on=day, reply_text="已办").status_code == 422
    assert fetch(key).replied_on is None
    assert step(post, head, key, "reply", reply_how="电话", replied_on=str(TODAY), reply_text="已办").status_code == 303


def test_no_extension_after_the_deadline(app_sqlite, world, login, post, time_machine):
    key = handled(world)
    time_machine.move_to(dt.datetime(2026, 12, 16, 2, 0, tzinfo=dt.UTC), tick=True)
    refused = step(post, login("jn_officer"), key, "ask_extension", days="5", reason="鉴定未出")
    assert refused.status_code == 422 and "已过，不能再申请延期" in refused.get_data(as_text=True) and "鉴定未出" in refused.get_data(as_text=True)
    time_machine.move_to(dt.datetime(2026, 12, 15, 2, 0, tzinfo=dt.UTC), tick=True)
    officer = login("jn_officer")
    for days in ("0", "-1", "16", "366", "99999999999", "x", ""):
        assert step(post, officer, key, "ask_extension", days=days, reason="鉴定未出").status_code == 422, days
    assert step(post, officer, key, "ask_extension", days="5", reason="鉴定未出").status_code == 303 and fetch(key).extension_state == "asked"


def test_nobody_off_post_or_unknown_is_assigned(app_sqlite, world, login, post):
    key, head = matter(world.jiangnan), login("jn_head")
    change(key, state="accepted")
    person(world.jiangnan, "李明杰", world.account("jn_officer"), post_status="离岗")
    away, theirs = world.account("jn_officer").id, world.account("gl_officer").id
    for handler, words in ((away, "不在岗"), (theirs, "请从列表中选择"), (2**40, "请从列表中选择"), ("x", ""), ("", "")):
        answer = step(post, head, key, "assign", handler=str(handler), reason="请尽快核查")
        assert answer.status_code == 422 and words in answer.get_data(as_text=True) and "请尽快核查" in answer.get_data(as_text=True), handler
    assert fetch(key).state == "accepted"
    for to in ("x", "-1", str(2**70), "²"):
        answer = step(post, head, key, "pass", to_org=to, to_name="", reason="不属于本单位")
        assert answer.status_code == 422 and "不属于本单位" in answer.get_data(as_text=True), to


def test_no_merging_into_itself_or_in_a_circle(app_sqlite, world, login, post):
    one, two, three, theirs = matter(world.jiangnan), matter(world.jiangnan), matter(world.jiangnan), matter(world.gelan)
    head = login("jn_head")
    number = {key: fetch(key).number for key in (one, two, three, theirs)}
    for wrong, words in ((number[one], "不能并入本件自身"), (number[theirs], "没有找到"), ("江南投〔2026〕999号", "没有找到"), ("", "请填写此项"),
    ("字" * 61, "最多 60"), ("' OR 1=1", "没有找到")):
        answer = step(post, head, one, "merge", main_number=wrong)
        assert answer.status_code == 422 and words in answer.get_data(as_text=True), wrong
    assert step(post, head, one, "merge", main_number=number[two]).status_code == 303
    assert step(post, head, two, "merge", main_number=number[three]).status_code == 303
    circle = step(post, head, three, "merge", main_number=number[one])
    assert circle.status_code == 422 and ("循环" in circle.get_data(as_text=True) or "已不在办" in circle.get_data(as_text=True))
    assert [fetch(key).main_id for key in (one, two, three)] == [two, three, None]


def test_two_people_at_one_moment(app, world, login, post):
    """The second sees what changed and loses nothing that was typed."""
    key = handled(world)
    officer, leader = login("jn_officer"), login("jn_leader")
    address = f"/do/complaints.complaint/{key}/conclude"
    page = officer.get(address).get_data(as_text=True)
    version, token = re.search(r'name="version" value="(\d+)"', page)[1], csrf_of(page)
    assert step(post, leader, key, "suspend", reason="等待鉴定").status_code == 303
    assert step(post, leader, key, "resume").status_code == 303
    typed = {**DONE, "facts": "我写了很久的查明事实" * 20, "concluded_on": str(TODAY), "version": version, "csrf_token": token}
    second = officer.post(address, data=typed)
    text = second.get_data(as_text=True)
    assert second.status_code == 409 and typed["facts"] in text and "刚才发生的变化" in text and "陈伟霞" in text
    assert fetch(key).state == "handling" and fetch(key).facts == ""
    fresh = re.search(r'name="version" value="(\d+)"', text)[1]
    assert fresh != version and officer.post(address, data={**typed, "version": fresh}).status_code == 303, "sent again from that page it goes through"


def test_two_people_really_at_once(app, world, login):
    """Both press the button of the same step: one does it, the other is told; nothing is done twice."""
    key = matter(world.jiangnan)
    address, answers = f"/do/complaints.complaint/{key}/accept", []
    clients = [login("jn_head"), login("jn_head")]
    tokens = [csrf_of(client.get(address).get_data(as_text=True)) for client in clients]
    gate = threading.Barrier(2)

    def press(client, token):
        gate.wait()
        answers.append(client.post(address, data={"reason": "受理", "csrf_token": token, "version": "1"}).status_code)

    threads = [threading.Thread(target=press, args=pair) for pair in zip(clients, tokens, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [303, 409] and fetch(key).state == "accepted"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entry).where(Entry.complaint_id == key)) == 1


def png(width: int, height: int) -> bytes:
    """A picture that says it is so large, in a few bytes."""

    def part(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"\0" * (height * (1 + width // 8)), 9) if width * height < 10**9 else zlib.compress(b"\0" * 10**6, 9)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)) + part(b"IDAT", rows) + part(b"IEND", b"")


def packed(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"x")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"MZ\x90\0" + b"\0" * 100, "照片.jpg"), (b"MZ\x90\0", "工具.exe"), (b"\x7fELF" + b"\0" * 60, "现场.pdf"), (b"#!/bin/sh\nrm -rf /", "x.png"),
        (b"<html><script>", "页面.pdf"), (b"", "空.pdf"),
        (png(30_000, 30_000), "炸弹.png"), (png(100_000, 100_000), "炸弹2.png"), (b"\x89PNG\r\n\x1a\nbroken", "坏.png"), (packed("evil.exe"), "合同.docx"),
        (packed("payload.js"), "台账.xlsx"),
        (packed("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"), "带宏.docx"), (b"%PDF-1.7", "没有扩展名"), (b"GIF89a", "动图.gif"),
    ],
)  # fmt: skip
def test_files_that_are_not_what_they_say(app_sqlite, world, login, post, content, name):
    began = time.monotonic()
    answer = register(post, login("jn_intake"), files=[(io.BytesIO(content), name)])
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422 and name.rpartition("/")[2][-60:] in text and FORM["content"] in text and "附件需要重新选择" in text
    assert count() == 0 and db.session.scalar(sa.select(sa.func.count()).select_from(Attachment)) == 0
    assert time.monotonic() - began < 5, "refused before it is unpacked"
    key = matter(world.jiangnan)
    head = login("jn_head")
    again = {"files": [(io.BytesIO(content), name)]}
    later = post(head, f"/attachments/complaints.complaint/{key}", again, page=f"/complaints/{key}", content_type="multipart/form-data")
    assert later.status_code == 422


def test_a_long_text_in_every_step(app_sqlite, world, login, post):
    key, officer = handled(world), login("jn_officer")
    long = "字" * 100_000
    note = post(officer, f"/complaints/{key}/entries", {"text": long}, page=f"/complaints/{key}")
    assert note.status_code == 422 and "最多 5000 个字" in note.get_data(as_text=True) and long[:3000] in note.get_data(as_text=True)
    concluded = step(post, officer, key, "conclude", concluded_on=str(TODAY), **{**DONE, "facts": long})
    assert concluded.status_code == 422 and "最多 10000 个字" in concluded.get_data(as_text=True)
    assert step(post, officer, key, "give_back", reason=long).status_code == 422 and fetch(key).state == "handling"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A real server: what happens before the application reads anything."""
    instance = tmp_path_factory.mktemp("upload")
    (instance / "portal.toml").write_text("upload_max_mb = 5\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).resolve().parents[3]
    environment = {"PORTAL_INSTANCE": str(instance), "PORT": str(port), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, "-m", "portal", "db", "upgrade"], env=environment, cwd=root, check=True, capture_output=True)
    process = subprocess.Popen([sys.executable, "-m", "portal", "serve"], env=environment, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _attempt in range(200):
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as connection:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                if b'"ok"' in connection.recv(65536):
                    break
        except OSError:
            time.sleep(0.1)
    yield port, process.pid
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)


def memory(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) * 1024


@pytest.mark.parametrize("chunked", [False, True])
def test_two_gigabytes_are_refused_without_being_read(served, chunked):
    port, pid = served
    before, sent, began = memory(pid), 0, time.monotonic()
    how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (2 * 1024**3)
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall(b"POST /complaints/new HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=x\r\n" + how + b"\r\n\r\n")
        piece = b"x" * 65536
        line = (b"%x\r\n" % len(piece)) + piece + b"\r\n" if chunked else piece
        connection.setblocking(False)
        answer = waiting = b""
        while b"\r\n" not in answer and time.monotonic() - began < 20:
            try:
                answer += connection.recv(65536)
            except BlockingIOError:
                pass
            except OSError:
                break
            if not answer and sent < 64 * 1024 * 1024:
                try:
                    waiting = waiting or line
                    done = connection.send(waiting)
                    waiting, sent = waiting[done:], sent + done
                except BlockingIOError:
                    time.sleep(0.01)
                except OSError:
                    break
    assert answer.startswith((b"HTTP/1.1 413", b"HTTP/1.0 413")), answer[:200]
    assert sent < 30 * 1024 * 1024 and time.monotonic() - began < 15 and memory(pid) - before < 60 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        assert json.loads(connection.recv(65536).split(b"\r\n\r\n")[-1] or b"{}").get("ok", True) and os.path.exists(f"/proc/{pid}")
