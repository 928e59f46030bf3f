"""The scheduler: once each however many there are, one catch-up after an absence, nothing twice when the clock goes back."""

import datetime as dt
import signal
import threading

import pytest
import sqlalchemy as sa

from portal.database import db, utcnow
from portal.jobs import leases, runner, scheduler
from portal.jobs.models import JobRun
from portal.work import unit_of_work
from tests.portal.jobs.helpers import NIGHTLY, install, runs, states, until


@pytest.fixture
def clock(monkeypatch):
    """``clock(moment)`` sets the scheduler's clock (UTC)."""

    def set_to(text):
        moment = dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)
        monkeypatch.setattr(scheduler, "utcnow", lambda: moment)

    return set_to


@pytest.fixture
def worked(monkeypatch):
    """Days for which the nightly job worked."""
    days = []
    install(monkeypatch, lambda context: days.append(1) or {}, NIGHTLY)
    return days


def night(app):
    outcome = scheduler.run_due(app, "test.job")
    return outcome.state if outcome else None


def test_after_a_month_one_run_makes_up_for_all(app, clock, worked):
    clock("2026-10-20T02:00:00")
    assert night(app) == "done" and night(app) is None
    clock("2026-11-24T09:00:00")
    assert night(app) == "done" and night(app) is None and len(worked) == 2
    assert [run.slot for run in runs()] == ["2026-10-19T17:30Z", "2026-11-23T17:30Z"]


def test_clock_back_a_day_nothing_twice(app, clock, worked):
    clock("2026-11-24T18:00:00")
    assert night(app) == "done"
    clock("2026-11-23T18:00:00")
    assert night(app) is None
    clock("2026-11-25T18:00:00")
    assert night(app) == "done" and len(worked) == 2


def test_a_new_portal_runs_what_is_due_once(app, clock, worked):
    clock("2026-11-24T09:00:00")
    assert night(app) == "done" and night(app) is None


def test_runs_by_hand_do_not_answer_a_due_time(app, clock, worked):
    clock("2026-11-24T09:00:00")
    runner.run_job("test.job")
    assert night(app) == "done"


def test_a_failure_has_answered_what_broke_off_has_not(app, clock, monkeypatch):
    clock("2026-11-24T09:00:00")
    install(monkeypatch, lambda context: (_ for _ in ()).throw(ValueError()), NIGHTLY)
    assert night(app) == "failed" and night(app) is None
    clock("2026-11-25T09:00:00")
    install(monkeypatch, lambda context: (_ for _ in ()).throw(runner.LeaseLost()), NIGHTLY)
    assert [night(app) for _ in range(scheduler.ATTEMPTS + 2)] == ["abandoned"] * scheduler.ATTEMPTS + [None, None]
    clock("2026-11-26T09:00:00")
    install(monkeypatch, lambda context: {}, NIGHTLY)
    assert night(app) == "done"


def test_what_a_dead_process_left_is_marked_and_done_again(app, clock, worked):
    clock("2026-11-24T09:00:00")
    with unit_of_work("test.left") as session:
        session.add(JobRun(job="test.job", slot="2026-11-23T17:30Z", state="running", queued_at=utcnow()))
    assert night(app) is None, "perhaps somebody works on it"
    assert scheduler.recover_abandoned() == 1 and scheduler.recover_abandoned() == 0
    assert night(app) == "done" and states() == ["abandoned", "done"]


def test_a_run_whose_holder_lives_is_left_alone(app):
    token = leases.take("job:test.job")
    with unit_of_work("test.left") as session:
        session.add(JobRun(job="test.job", slot="now:1", state="running", queued_at=utcnow()))
    assert scheduler.recover_abandoned() == 0
    leases.give_back("job:test.job", token)
    assert scheduler.recover_abandoned() == 1


def beginning(app, count=1):
    """Schedulers in threads; returns what ends them."""
    stop = threading.Event()
    threads = [threading.Thread(target=scheduler.main, args=(stop, app)) for _ in range(count)]
    for thread in threads:
        thread.start()

    def end():
        stop.set()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()

    return end


def test_it_catches_up_takes_up_what_is_asked_for_and_ends(app, worked, monkeypatch, world):
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.05)
    end = beginning(app)
    try:
        until(lambda: states() == ["done"])
        assert leases.is_alive(scheduler.LEASE)
        db.session.rollback()
        with unit_of_work("test.ask"):
            runner.queue("test.job", day=None, dry_run=False, account_id=world.account("sysadmin").id, requested_by="sysadmin")
        until(lambda: states() == ["done", "done"])
    finally:
        end()
    db.session.rollback()
    assert not leases.is_alive(scheduler.LEASE) and not runner.stopping.is_set() and len(worked) == 2


def test_a_long_run_keeps_nobody_waiting(app, monkeypatch, world):
    """Nor does the page say meanwhile that no scheduler is there."""
    monkeypatch.setattr(scheduler, "POLL_SECONDS", 0.05)
    go = threading.Event()

    def long(context):
        while not go.wait(0.02):
            context.check()
        return {}

    job = install(monkeypatch, long)
    quick = type(job)("test.quick", "快", lambda context: {})
    monkeypatch.setattr(runner, "all_jobs", lambda: {"test.job": job, "test.quick": quick})
    end = beginning(app)
    try:
        for name in ("test.job", "test.quick"):
            db.session.rollback()
            with unit_of_work("test.ask"):
                runner.queue(name, day=None, dry_run=False, account_id=world.account("sysadmin").id, requested_by="sysadmin")
        until(lambda: states() == ["running", "done"])
        beaten = db.session.scalar(sa.select(leases.Lease.until).where(leases.Lease.name == scheduler.LEASE))
        assert beaten > utcnow()
    finally:
        end()
    assert states() == ["abandoned", "done"], "asked to end, the long one stopped and handed its lease back"
    assert not leases.is_alive("job:test.job")


def test_a_schedule_that_cannot_be_read_stops_no_other(app, monkeypatch, caplog):
    good = install(monkeypatch, lambda context: {}, NIGHTLY)
    bad = type(good)("test.bad", "坏", lambda context: {}, {"hour": 77})
    numbered = type(good)("test.numbered", "数", lambda context: {}, {"day_of_week": 1})
    monkeypatch.setattr(runner, "all_jobs", lambda: {job.name: job for job in (bad, numbered, good)})
    found = scheduler.Scheduler(app)
    found.set_alarms()
    assert [job.name for job in found.timed] == ["test.job"] and caplog.text.count("cannot be read") == 2


def test_it_outlives_a_database_that_stays_away(app, monkeypatch):
    found = scheduler.Scheduler(app)
    monkeypatch.setattr(scheduler, "waiting_runs", lambda: (_ for _ in ()).throw(sa.exc.OperationalError("x", {}, Exception())))
    found.step()
    monkeypatch.setattr(scheduler, "waiting_runs", lambda: (_ for _ in ()).throw(KeyError("x")))
    found.step()
    with app.app_context():
        leases.give_back(scheduler.LEASE, found._token)


def test_two_processes_run_it_once_and_hand_back_when_terminated(app, elsewhere):
    there = elsewhere(3)
    both = [there.start("scheduler"), there.start("scheduler")]
    for child in both:
        assert child.stderr.readline() == "scheduler: running\n"
    until(lambda: "clockwork.tick" in [run.job for run in runs() if run.state == "done"], 40)
    for child in both:
        child.send_signal(signal.SIGTERM)
    for child in both:
        _out, error = child.communicate(timeout=10)
        assert child.returncode == 0, error
    assert there.ticks() == ["begin", "end"]
    db.session.rollback()
    assert not leases.is_alive(scheduler.LEASE)
    assert [run.state for run in runs() if run.job == "clockwork.tick"] == ["done"]
    assert "running" not in states(), states()


@pytest.mark.parametrize("words", [("scheduler",), ("serve", "--with-scheduler")])
def test_asked_to_end_while_starting_it_ends_in_good_order(app, elsewhere, words):
    """Who is still loading when the stop comes neither breaks off nor begins to run anything."""
    there = elsewhere(3)
    child = there.start(*words, CLOCKWORK_SLOW_START="1")
    until(lambda: there.ticks() == ["loading"], 40)
    child.send_signal(signal.SIGTERM)
    _out, error = child.communicate(timeout=20)
    assert child.returncode == 0, error
    assert there.ticks() == ["loading"] and states() == []


def test_terminated_in_the_middle_the_next_one_completes_it(app, elsewhere):
    there = elsewhere(400)
    first = there.start("scheduler")
    until(lambda: there.ticks() == ["begin"], 40)
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=10)
    assert first.returncode == 0
    assert [run.state for run in runs() if run.job == "clockwork.tick"] == ["abandoned"]
    there.start("scheduler", CLOCKWORK_STEPS="1")
    until(lambda: [run.state for run in runs() if run.job == "clockwork.tick"] == ["abandoned", "done"], 40)


def test_killed_in_the_middle_the_next_one_completes_it(app, elsewhere):
    there = elsewhere(400)
    first = there.start("scheduler")
    until(lambda: there.ticks() == ["begin"], 40)
    first.kill()
    first.communicate()
    there.start("scheduler", CLOCKWORK_STEPS="1")
    until(lambda: [run.state for run in runs() if run.job == "clockwork.tick"] == ["abandoned", "done"], 40)
    assert there.ticks() == ["begin", "begin", "end"]
