"""A run: claimed once, under a lease, recorded; failure, loss of the lease, and processes that die."""

import datetime as dt
import json
import os
import signal
import threading

import sqlalchemy as sa

from portal import audit
from portal.auth.models import RoleGrant
from portal.database import db, utcnow
from portal.errors import NotFound, Refused
from portal.inbox.models import Notice
from portal.jobs import leases, runner, scheduler
from portal.jobs.models import JobRun, Lease
from portal.work import unit_of_work
from tests.conftest import TODAY
from tests.portal.jobs.helpers import install, runs, states, until


def in_threads(app, count, work):
    outcomes, start = [], threading.Barrier(count)

    def one():
        with app.app_context():
            start.wait()
            outcomes.append(work())
            db.session.remove()

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def notes(action):
    db.session.rollback()
    return db.session.scalars(sa.select(audit.Event).where(audit.Event.action == action)).all()


def test_a_run_is_recorded_with_result_log_and_events(app, monkeypatch, world):
    def work(context):
        context.log("hello\0")
        assert [name for _id, _code, name in context.orgs] == ["江南街道", "葛兰镇"] and context.today == TODAY and not context.dry_run
        return {"seen": 3, "day": context.today}

    install(monkeypatch, work)
    outcome = runner.run_job("test.job", today=TODAY, requested_by="test")
    assert (outcome.state, outcome.result) == ("done", {"seen": 3, "day": "2026-11-24"})
    (run,) = runs()
    assert run.state == "done" and run.log.endswith("hello\ufffd") and run.started_at and run.finished_at and run.requested_by == "test"
    assert [event.actor for event in notes("jobs.done")] == ["job:test.job"] and len(notes("jobs.started")) == 1
    assert not leases.is_alive("job:test.job")


def test_one_slot_is_run_once_by_threads_at_once(app, monkeypatch):
    worked = []
    install(monkeypatch, lambda context: worked.append(1) or {})
    outcomes = in_threads(app, 4, lambda: runner.run_job("test.job", slot="2026-11-24T01:30Z"))
    assert sorted(outcome.state for outcome in outcomes) == ["already", "already", "already", "done"]
    assert worked == [1] and states() == ["done"] and len(notes("jobs.started")) == 1


def test_runs_asked_for_by_hand_follow_one_another(app, monkeypatch):
    inside, most = [], []

    def work(context):
        inside.append(1)
        most.append(len(inside))
        threading.Event().wait(0.1)
        inside.pop()
        return {}

    install(monkeypatch, work)
    outcomes = in_threads(app, 3, lambda: runner.run_job("test.job", wait_seconds=30))
    assert [outcome.state for outcome in outcomes] == ["done"] * 3 and max(most) == 1


def test_a_run_that_cannot_wait_leaves_nothing_behind(app, monkeypatch):
    install(monkeypatch, lambda context: {})
    token = leases.take("job:test.job")
    assert runner.run_job("test.job", wait_seconds=0).state == "busy"
    assert runner.run_job("test.job", slot="2026-11-24T01:30Z", wait_seconds=0).state == "busy"
    assert states() == []
    leases.give_back("job:test.job", token)
    assert runner.run_job("test.job", slot="2026-11-24T01:30Z", wait_seconds=0).state == "done"


def test_what_somebody_runs_is_never_taken_up_by_the_scheduler(app, monkeypatch):
    seen = []
    install(monkeypatch, lambda context: seen.append(scheduler.waiting_runs()) or {})
    runner.run_job("test.job")
    assert seen == [[]]


def test_a_failure_is_recorded_without_its_words_and_told_to_the_administrator(app, monkeypatch, world):
    def work(context):
        context.log("before")
        raise ValueError("张三 500221198001010011")

    install(monkeypatch, work)
    outcome = runner.run_job("test.job")
    (run,) = runs()
    assert outcome.state == run.state == "failed" and run.log.endswith("before")
    assert run.error.startswith("ValueError (test_runner.py:") and "张三" not in run.error
    (notice,) = db.session.scalars(sa.select(Notice)).all()
    assert notice.account_id == world.account("sysadmin").id and notice.url == f"/admin/jobs/{run.id}" and notice.deliver_after <= utcnow()
    assert "张三" not in notice.body + notice.title
    assert [event.result for event in notes("jobs.failed")] == ["failed"]
    assert runner.run_job("test.job").state == "failed", "and the next run is free to come"


def test_a_refusal_is_told_in_its_own_words_and_bad_rows_are_a_failure_too(app, monkeypatch, world):
    install(monkeypatch, lambda context: (_ for _ in ()).throw(Refused("没有日历。")))
    assert runner.run_job("test.job").error == "没有日历。"
    install(monkeypatch, lambda context: {"failed": 2})
    assert runner.run_job("test.job").state == "done"
    bodies = db.session.scalars(sa.select(Notice.body).order_by(Notice.id)).all()
    assert bodies == ["没有日历。", "2 条记录处理失败"]


def test_what_is_no_result_is_a_failure_not_a_crash(app, monkeypatch):
    install(monkeypatch, lambda context: 7)
    assert runner.run_job("test.job").state == "failed"
    assert states() == ["failed"]


def test_an_unknown_job_is_not_found(app):
    try:
        runner.run_job("no.such")
    except NotFound:
        return
    raise AssertionError


def test_who_lost_the_lease_stops_and_overwrites_nothing(app, monkeypatch):
    def work(context):
        context.check()
        with unit_of_work("test.takeover") as session:
            session.get(Lease, "job:test.job").token = "another"
            for run in session.scalars(sa.select(JobRun)):
                run.state, run.error = "abandoned", "marked by the other"
        context.log("still here")
        context.check()
        raise AssertionError("went on")

    install(monkeypatch, work)
    assert runner.run_job("test.job").state == "abandoned"
    (run,) = runs()
    assert (run.state, run.error) == ("abandoned", "marked by the other") and run.log.endswith("still here")


def test_asked_to_stop_it_stops_and_hands_the_lease_back(app, monkeypatch):
    def work(context):
        runner.stopping.set()
        context.check()

    install(monkeypatch, work)
    try:
        assert runner.run_job("test.job").state == "abandoned"
        assert runner.run_job("test.job", wait_seconds=5).state == "busy", "nothing new is begun"
    finally:
        runner.stopping.clear()
    assert not leases.is_alive("job:test.job") and states() == ["abandoned"]


def test_what_a_dead_process_left_is_abandoned_with_its_log(app, monkeypatch):
    install(monkeypatch, lambda context: {})
    with unit_of_work("test.left") as session:
        session.add(JobRun(job="test.job", slot="now:1", state="running", queued_at=utcnow(), log="half way"))
    assert runner.run_job("test.job").state == "done"
    left, done = runs()
    assert (left.state, left.log, left.error) == ("abandoned", "half way", runner.ENDED_EARLY) and done.state == "done"
    assert [event.record_id for event in notes("jobs.abandoned")] == [left.id]


def test_progress_is_seen_from_outside_while_it_runs(app, monkeypatch):
    monkeypatch.setattr(runner, "PROGRESS_SECONDS", 0)
    seen = []

    def work(context):
        context.log("a line")
        context.progress(3, 10, "第三步")
        with db.engine.connect() as beside:
            seen.append(beside.execute(sa.select(JobRun.done, JobRun.total, JobRun.progress_text, JobRun.log)).one())
        return {}

    install(monkeypatch, work)
    runner.run_job("test.job")
    assert tuple(seen[0][:3]) == (3, 10, "第三步") and seen[0][3].endswith("a line")


def test_progress_is_written_once_a_second_and_its_failure_does_not_matter(app, monkeypatch):
    written = []

    def fail(*_args):
        written.append(1)
        raise Refused("busy")

    def work(context):
        for step in range(1000):
            context.progress(step, 1000)
        return {}

    monkeypatch.setattr(runner, "separate_write", fail)
    install(monkeypatch, work)
    assert runner.run_job("test.job").state == "done" and len(written) == 1


def ask(world, username="sysadmin", **changes):
    with unit_of_work("test.ask"):
        return runner.queue("test.job", account_id=world.account(username).id, requested_by=username, **({"day": None, "dry_run": False} | changes))


def test_what_is_asked_for_on_the_page_waits_once_and_is_run(app, monkeypatch, world):
    install(monkeypatch, lambda context: {"dry": context.dry_run})
    first = ask(world)
    assert ask(world) == first, "a double click"
    rehearsal = ask(world, dry_run=True, day=TODAY)
    assert scheduler.waiting_runs() == [first, rehearsal]
    assert runner.run_queued(rehearsal).result == {"dry": True}
    assert runner.run_queued(rehearsal).state == "already" and scheduler.waiting_runs() == [first]
    assert sorted(outcome.state for outcome in in_threads(app, 3, lambda: runner.run_queued(first, wait_seconds=10))) == ["already", "already", "done"]


def test_who_lost_the_right_gets_nothing_run(app, monkeypatch, world):
    worked = []
    install(monkeypatch, lambda context: worked.append(1) or {})
    run_id = ask(world)
    with unit_of_work("test.revoke") as session:
        grant = session.scalars(sa.select(RoleGrant).where(RoleGrant.account_id == world.account("sysadmin").id)).one()
        grant.valid_to = dt.date(2020, 1, 1)
    assert runner.run_queued(run_id).state == "failed" and states() == ["failed"] and not worked
    assert [event.result for event in notes("jobs.refused")] == ["denied"]
    assert runner.run_queued(ask(world, "jn_head")).state == "failed"


def test_a_queued_run_of_a_plugin_that_is_gone_ends(app, monkeypatch, world):
    install(monkeypatch, lambda context: {})
    run_id = ask(world)
    monkeypatch.undo()
    assert runner.run_queued(run_id).state == "failed" and scheduler.waiting_runs() == []


def test_killed_in_the_middle_the_next_process_goes_on_at_once(app, elsewhere):
    there = elsewhere(400)
    child = there.start("jobs", "run", "clockwork.tick")
    until(lambda: there.ticks() == ["begin"] and child.poll() is None)
    until(lambda: runs() and "step" in runs()[0].log)
    os.kill(child.pid, signal.SIGKILL)
    second = there.start("jobs", "run", "clockwork.tick", "--json", CLOCKWORK_STEPS="1")
    out, error = second.communicate(timeout=60)
    assert second.returncode == 0 and json.loads(out) == {"failed": 0}, error
    left, done = runs()
    assert (left.state, done.state) == ("abandoned", "done") and "step" in left.log and there.ticks() == ["begin", "begin", "end"]


def test_terminated_from_outside_the_command_ends_in_order(app, elsewhere):
    there = elsewhere(400)
    child = there.start("jobs", "run", "clockwork.tick")
    until(lambda: there.ticks() == ["begin"])
    child.terminate()
    child.communicate(timeout=10)
    assert child.returncode == 1 and states() == ["abandoned"] and not leases.is_alive("job:clockwork.tick")
