"""The administrator's pages of jobs."""

import datetime as dt

import pytest

from portal.audit import Event
from portal.database import db, utcnow
from portal.jobs import leases, runner, scheduler
from portal.jobs.models import JobRun
from portal.work import unit_of_work
from tests.portal.jobs.helpers import NIGHTLY, install, runs


@pytest.fixture
def admin(app, monkeypatch, world, login):
    install(monkeypatch, lambda context: {}, NIGHTLY)
    return login("sysadmin")


def page(client, address="/admin/jobs"):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def record(**values):
    defaults = {"job": "test.job", "slot": "now:1", "state": "done", "queued_at": utcnow(), "started_at": utcnow()}
    with unit_of_work("test.run") as session:
        run = JobRun(**(defaults | values))
        session.add(run)
        session.flush()
        return run.id


def test_the_list_says_when_and_whether_a_scheduler_is_there(admin):
    html = page(admin)
    assert "每天 01:30" in html and "调度程序没有运行" in html and "还没有运行过" in html
    db.session.rollback()
    token = leases.take(scheduler.LEASE)
    assert "调度程序没有运行" not in page(admin)
    leases.give_back(scheduler.LEASE, token)


def test_run_now_queues_once_and_leads_to_the_run(admin, post):
    form = {"day": "2026-11-24", "dry_run": "1"}
    first = post(admin, "/admin/jobs/test.job/run", form, page="/admin/jobs")
    second = post(admin, "/admin/jobs/test.job/run", form, page="/admin/jobs")
    assert first.status_code == 303 and first.headers["Location"] == second.headers["Location"]
    (run,) = runs()
    assert run.state == "queued" and run.dry_run and run.day.isoformat() == "2026-11-24" and run.requested_by == "系统管理员"
    html = page(admin, first.headers["Location"])
    assert "排队中" in html and "试运行" in html and "调度程序没有运行" in html and 'hx-trigger="every 2s"' in html and "HX-Polling" in html
    runner.run_queued(run.id)
    html = page(admin, first.headers["Location"])
    assert "完成" in html and "every 2s" not in html
    assert db.session.query(Event).filter_by(action="jobs.requested").count() >= 1


def test_what_cannot_be_is_refused_in_words(admin, post):
    assert post(admin, "/admin/jobs/no.such/run", {}, page="/admin/jobs").status_code == 404
    answer = post(admin, "/admin/jobs/test.job/run", {"day": "2026-02-30"}, page="/admin/jobs", follow_redirects=True)
    assert "不是日期" in answer.get_data(as_text=True) and runs() == []
    for address in ("/admin/jobs/999999", "/admin/jobs/99999999999999999999"):
        assert admin.get(address).status_code == 404


def test_the_fragment_shows_progress(admin):
    run_id = record(state="running", done=30, total=120, progress_text="第三批", log="10:00:00 step")
    html = admin.get(f"/admin/jobs/{run_id}", headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in html and 'value="30"' in html and 'max="120"' in html and "第三批" in html and "10:00:00 step" in html


def test_figures_by_town_and_nothing_else(admin):
    result = {
        "seen": 12, "holders": ["张三"], "note": "李四", "odd": True, "failed": 1,
        "towns": {"江南街道": {"code": "500115003", "seen": 7, "pages": 2}, "葛兰镇": {"code": "500115132", "seen": 5}, "broken": 3},
    }  # fmt: skip
    html = page(admin, f"/admin/jobs/{record(result=result)}")
    assert "江南街道" in html and "葛兰镇" in html and "检查" in html and "pages" in html
    assert "张三" not in html and "李四" not in html and "500115003" not in html
    for strange in ([1, 2], "text", {"towns": [1]}, {}):
        page(admin, f"/admin/jobs/{record(result=strange, slot=f'now:{strange}')}")


def test_polling_does_not_keep_the_session_alive(admin):
    from portal.auth.models import AccountSession

    run_id = record(state="running")
    with unit_of_work("test.old") as session:
        for row in session.query(AccountSession):
            row.seen_at -= dt.timedelta(minutes=5)
    seen = [row.seen_at for row in db.session.query(AccountSession)]
    admin.get(f"/admin/jobs/{run_id}", headers={"HX-Request": "true", "HX-Polling": "1"})
    db.session.rollback()
    assert [row.seen_at for row in db.session.query(AccountSession)] == seen


@pytest.mark.parametrize("username", ["jn_head", "sup", "secadmin", "auditor"])
def test_nobody_else_gets_in(app_sqlite, login, post, username):
    client = login(username)
    assert client.get("/admin/jobs").status_code == 403 and client.get("/admin/jobs/1").status_code == 403
    assert post(client, "/admin/jobs/core.housekeeping/run", {}).status_code == 403
