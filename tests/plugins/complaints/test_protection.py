"""Whoever complained: no trace of the anonymous in database and logs, deletion, a copy and correction of what is kept, files that show them."""

import datetime as dt
import io
import json
import logging
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from plugins.complaints import identity
from plugins.complaints.models import Complaint, Entry
from plugins.complaints.models_identity import Draft, Identity, Opening
from portal.audit.models import Event
from portal.audit.verify import verify
from portal.database import Base, db
from portal.jobs.runner import run_job
from portal.records.attachments import Attachment, attach, path_of
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work
from tests.conftest import csrf_of
from tests.plugins.complaints.helpers import FORM, TODAY, WHO, archive, change, fetch, matter, person

D = dt.date
NOW = dt.datetime(2026, 11, 24, 6, 37, 41, 123456, tzinfo=dt.UTC)
ADDRESS, AGENT, ORIGIN = "203.0.113.77", "UniqueBrowser/97.1 (Elsewhere)", "http://localhost/complaints/new?came-from=nowhere-else"


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(NOW, tick=False)


def bytes_of(app) -> bytes:
    """Everything that an instance holds on disk but its keys: the database with its journal, heads, files."""
    if db.engine.dialect.name == "sqlite":
        return b"".join(path.read_bytes() for path in Path(app.instance_path).rglob("*") if path.is_file() and path.name != "template.db")
    parts = []
    for table in Base.metadata.sorted_tables:
        parts += [str(tuple(row)) for row in db.session.execute(sa.select(table), execution_options={"unscoped": True})]
    return "\n".join(parts).encode()


def test_an_anonymous_matter_leaves_no_trace(app, world, login, caplog, capfd, time_machine):
    """Registered from a machine, an account, a browser, at a moment: none of it is found afterwards."""
    later = NOW + dt.timedelta(minutes=25)
    time_machine.move_to(NOW + dt.timedelta(minutes=5), tick=False)
    caplog.set_level(logging.DEBUG)
    clerk = login("jn_intake")
    token = csrf_of(clerk.get("/complaints/new").get_data(as_text=True))
    officer = person(world.jiangnan, "李明杰", world.account("jn_officer"))
    account = world.account("jn_intake")
    key_of = account.id
    from PIL import Image

    picture = io.BytesIO()
    Image.new("RGB", (30, 20), "red").save(picture, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0GPS-29.85N")
    sent = {**FORM, "kind": "accusation", "officers": str(officer), "anonymous": "y", "urgency": "danger", "csrf_token": token}
    request = {"environ_base": {"REMOTE_ADDR": ADDRESS}, "headers": {"User-Agent": AGENT, "Referer": ORIGIN}}
    clerk.post("/complaints/draft", data={**sent, "csrf_token": token}, **request)
    time_machine.move_to(later, tick=False)
    before = {(event.chain_id, event.seq) for event in db.session.scalars(sa.select(Event))}
    files = [(io.BytesIO(picture.getvalue()), "现场.jpg")]
    answer = clerk.post("/complaints/new", data={**sent, "files": files}, content_type="multipart/form-data", follow_redirects=True, **request)
    assert answer.status_code == 200 and "只有内部监督人员和负责人能看到" in answer.get_data(as_text=True)
    db.session.rollback()
    db.session.expire_all()
    made = db.session.scalars(sa.select(Complaint)).unique().one()
    with use_scope(EVERYTHING):
        assert made.registered_by is None and db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 0
        assert db.session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 0
        new = [event for event in db.session.scalars(sa.select(Event)) if (event.chain_id, event.seq) not in before]
        mine = [event for event in new if event.record_type.startswith("complaints.") or event.record_type == "records.attachment"]
        assert len(mine) >= 4
        for event in mine:
            assert (event.actor_id, event.session, event.address, event.request_id) == (None, "", "", "") and "何秀英" not in event.actor
            assert abs(event.at - int(later.timestamp() * 1_000_000)) > 60_000_000, f"not the moment: {event.action} {event.chain_id}"
            assert f'"registered_by":{key_of}' not in (event.after or "")
        file = db.session.scalars(sa.select(Attachment)).one()
        assert file.uploaded_by is None and file.uploaded_at.astimezone(dt.timezone(dt.timedelta(hours=8))).time() == dt.time(0)
        assert b"GPS" not in path_of(file.digest).read_bytes() and path_of(file.digest).stat().st_mtime % 3600 == 0
    assert clerk.get(f"/complaints/{made.id}").status_code == 404, "an anonymous accusation is out of sight of whoever registered it"
    db.session.rollback()
    everything = bytes_of(app)
    for trace in (ADDRESS, AGENT, "came-from", WHO["name"], WHO["phone"], WHO["address"]):
        assert trace.encode() not in everything, trace
    moment = f"{later:%H:%M:%S}.{later:%f}"
    rows = [tuple(row) for table in ("complaint", "entry", "shut_out", "named_officer") for row in db.session.execute(sa.text(f"SELECT * FROM complaints_{table}"))]
    rows += [tuple(row) for table in ("inbox_notice", "records_attachment") for row in db.session.execute(sa.text(f"SELECT * FROM {table}"))]
    assert rows and moment not in str(rows) and f"{later:%H:%M}" not in str(rows) and "7, 2, 41" not in str(rows)
    written = "".join(capfd.readouterr()) + caplog.text
    assert not any(trace in written for trace in (ADDRESS, AGENT, "came-from", made.number))
    heads = [json.loads(line) for line in (Path(app.instance_path) / "audit-heads.jsonl").read_text().splitlines()]
    assert all(head["at"] % 86400 == 0 for head in heads if head["chain"] == world.jiangnan.id and head["seq"] in {event.seq for event in mine})
    assert verify(db.engine, Path(app.instance_path) / "audit-heads.jsonl").ok


def test_a_named_matter_keeps_who_registered_it(app_sqlite, world, login, post):
    assert post(login("jn_intake"), "/complaints/new", FORM, page="/complaints/new", follow_redirects=True).status_code == 200
    made = db.session.scalars(sa.select(Complaint)).unique().one()
    assert made.registered_by == world.account("jn_intake").id


def run(name, on, **options):
    outcome = run_job(name, today=on, requested_by="test", **options)
    assert outcome.state == "done", outcome.error
    return outcome.result


def test_files_that_show_somebody_go_with_the_identity(app, world):
    old, young = matter(world.jiangnan), matter(world.jiangnan)
    org_id = world.jiangnan.id
    with unit_of_work("test") as session:
        card = attach(session, (b"%PDF-card", "身份证.pdf", "application/pdf"), "complaints.complaint", old, org_id, "identity").digest
        kept = attach(session, (b"%PDF-scene", "现场.pdf", "application/pdf"), "complaints.complaint", old, org_id, "file").digest
        shared = attach(session, (b"%PDF-both", "同一份.pdf", "application/pdf"), "complaints.complaint", old, org_id, "identity").digest
        attach(session, (b"%PDF-both", "同一份.pdf", "application/pdf"), "complaints.complaint", young, org_id, "identity")
    archive(old, D(2023, 11, 20))
    archive(young, D(2026, 11, 20))
    trial = run("complaints.forget", TODAY, dry_run=True)
    assert (trial["deleted"], trial["files"]) == (1, 2) and trial["towns"]["江南街道"]["deleted"] == 1
    assert path_of(card).exists() and db.session.scalar(sa.select(sa.func.count()).select_from(Identity)) == 2
    done = run("complaints.forget", TODAY)
    assert (done["deleted"], done["files"]) == (1, 2)
    assert not path_of(card).exists() and path_of(kept).exists() and path_of(shared).exists(), "what another matter still has stays"
    with use_scope(EVERYTHING):
        assert list(db.session.scalars(sa.select(Attachment.filename).order_by(Attachment.id))) == ["现场.pdf", "同一份.pdf"]
        texts = "".join(f"{event.before}{event.after}{event.reason}" for event in db.session.scalars(sa.select(Event)))
    assert not any(word in texts for word in (WHO["name"], WHO["phone"], "张**", "138****1234"))
    assert run("complaints.forget", TODAY)["deleted"] == 0


def test_a_matter_that_goes_on_is_not_forgotten(app_sqlite, world, login, post):
    from tests.plugins.complaints.helpers import step

    key = matter(world.jiangnan)
    change(key, handler_id=world.account("jn_officer").id, handler_name="李明杰", concluded_on=D(2023, 1, 5), approved_on=D(2023, 1, 5), result="属实", facts="经查")
    archive(key, D(2023, 1, 10))
    assert db.session.scalar(sa.select(Identity.keep_until)) == D(2026, 1, 10)
    assert step(post, login("jn_leader"), key, "redo", reason="有新的事实").status_code == 303
    db.session.rollback()
    assert fetch(key).state == "handling" and db.session.scalar(sa.select(Identity.keep_until)) is None
    assert run("complaints.forget", TODAY)["deleted"] == 0


def test_drafts_that_nobody_finished_go_after_a_month(app_sqlite, world, login, post, time_machine):
    clerk = login("jn_intake")
    post(clerk, "/complaints/draft", {**FORM}, page="/complaints/new")
    assert run("complaints.forget", TODAY)["drafts"] == 0
    time_machine.move_to(NOW + dt.timedelta(days=31), tick=False)
    assert run("complaints.forget", D(2026, 12, 25))["drafts"] == 1 and db.session.scalar(sa.select(sa.func.count()).select_from(Draft)) == 0


def fresh(client, post):
    from tests.worlds import PASSWORD

    post(client, "/account/confirm", {"password": PASSWORD}, page="/account/confirm")


def test_a_copy_of_what_is_kept_of_a_person(app, world, login, post):
    one, two, other = matter(world.jiangnan), matter(world.jiangnan, content="又一件"), matter(world.jiangnan, who={**WHO, "phone": "13900001111", "name": "王五"})
    matter(world.gelan)
    head = login("jn_head")
    page = f"/complaints/{one}/identity"
    assert post(head, f"/complaints/{one}/person.xlsx", {"reason": ""}, page=page).status_code == 422
    answer = post(head, f"/complaints/{one}/person.xlsx", {"reason": "本人持证件到窗口查阅"}, page=page)
    assert answer.status_code == 200
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.data)).active.iter_rows(values_only=True))
    assert [row[4] for row in rows[1:]] == [fetch(one).number, fetch(two).number] and rows[1][:3] == (WHO["name"], WHO["phone"], WHO["address"])
    assert fetch(other).number not in str(rows)
    with use_scope(EVERYTHING):
        assert {row.complaint_id for row in db.session.scalars(sa.select(Opening))} == {one, two}
        event = db.session.scalars(sa.select(Event).where(Event.action == "complaints.person_exported")).first()
    assert event is not None and event.reason == "本人持证件到窗口查阅"
    for name, status in (("jn_intake", 403), ("jn_officer", 403), ("gl_head", 404), ("sup", 403)):
        assert login(name).get(page).status_code == status, name


def test_correction_leaves_what_was_not_named(app, world, login, post):
    key, head = matter(world.jiangnan), login("jn_head")
    page = f"/complaints/{key}/identity"
    assert post(head, page, {"phone": "12", "reason": "本人提出"}, page=page).status_code == 422
    assert post(head, page, {"reason": "本人提出"}, page=page).status_code == 422
    assert post(head, page, {"phone": "13700002222", "reason": "本人提出"}, page=page).status_code == 303
    db.session.rollback()
    with use_scope(EVERYTHING):
        row = db.session.scalars(sa.select(Identity)).one()
        assert identity.opened(row) == {**WHO, "phone": "13700002222"} and (row.name_hint, row.phone_hint) == ("张**", "137****2222")
        assert identity.same_telephone(db.session, world.jiangnan.id, "13700002222") == [key]
        assert identity.same_telephone(db.session, world.jiangnan.id, WHO["phone"]) == []
        assert list(db.session.scalars(sa.select(Entry.text))) == ["投诉人信息已更正：电话"]
        texts = "".join(f"{event.before}{event.after}" for event in db.session.scalars(sa.select(Event)))
    assert "13700002222" not in texts and "137****2222" not in texts


def test_opening_needs_a_fresh_password_shows_once_and_has_a_limit(app_sqlite, world, login, post, time_machine):
    key, head = matter(world.jiangnan), login("jn_head")
    page = f"/complaints/{key}"
    shown = post(head, f"{page}/reveal", {"reason": "联系投诉人核实"}, page=page).get_data(as_text=True)
    assert WHO["name"] in shown and WHO["phone"] in shown
    assert WHO["name"] not in head.get(page).get_data(as_text=True)
    time_machine.move_to(NOW + dt.timedelta(minutes=6), tick=False)
    stale = post(head, f"{page}/reveal", {"reason": "联系投诉人核实"}, page=page)
    assert stale.status_code == 303 and "/account/confirm" in stale.location
    assert head.get(f"{page}/identity").status_code == 303
    time_machine.move_to(NOW, tick=False)
    for _time in range(29):
        assert post(head, f"{page}/reveal", {"reason": "联系投诉人核实"}, page=page).status_code == 200
    assert post(head, f"{page}/reveal", {"reason": "联系投诉人核实"}, page=page).status_code == 429


def test_files_that_show_somebody_are_opened_like_the_identity(app_sqlite, world, login, post):
    sent = {**FORM, "show_identity": "y", "files": [(io.BytesIO(b"%PDF-1.7 card"), "身份证.pdf")]}
    clerk, head = login("jn_intake"), login("jn_head")
    assert post(clerk, "/complaints/new", sent, page="/complaints/new", follow_redirects=True, content_type="multipart/form-data").status_code == 200
    made = db.session.scalars(sa.select(Complaint)).unique().one()
    file = db.session.scalars(sa.select(Attachment)).one()
    assert file.place == "identity" and clerk.get(f"/attachments/{file.id}").status_code == 404
    page = clerk.get(f"/complaints/{made.id}").get_data(as_text=True)
    assert "身份证.pdf" not in page and "有 1 份，须有权限才能打开" in page
    assert "身份证.pdf" in head.get(f"/complaints/{made.id}").get_data(as_text=True) and head.get(f"/attachments/{file.id}").data == b"%PDF-1.7 card"
    db.session.rollback()
    with use_scope(EVERYTHING):
        assert db.session.scalars(sa.select(Event).where(Event.action == "records.guarded_file_opened")).one().record_id == made.id
