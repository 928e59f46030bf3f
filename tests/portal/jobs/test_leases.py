"""Who may work under a name: one at a time, and what becomes of a dead holder's lease."""

import datetime as dt
import os
import subprocess
import sys
import threading

import pytest

from portal.database import db, utcnow
from portal.jobs import leases
from portal.jobs.models import Lease
from portal.work import unit_of_work


def write(**values):
    defaults = {"name": "x", "token": "theirs", "host": leases.machine(), "pid": os.getpid(), "until": utcnow() + dt.timedelta(seconds=30)}
    with unit_of_work("test.lease") as session:
        session.merge(Lease(**(defaults | values)))


def ended_process() -> int:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_a_living_holder_keeps_it_and_what_is_given_back_is_free(app):
    token = leases.take("x")
    assert token and leases.take("x") is None and leases.is_alive("x") and leases.is_ours("x", token)
    db.session.rollback()
    leases.give_back("x", token)
    assert not leases.is_alive("x")
    second = leases.take("x")
    assert second and second != token and not leases.beat("x", token) and leases.beat("x", second)


def test_a_dead_holder_on_this_machine_is_taken_over_at_once(app):
    write(pid=ended_process())
    assert not leases.is_alive("x") and leases.take("x")


def test_a_reused_process_number_is_not_the_holder(app):
    write(process_start="1")
    assert leases.take("x")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
def test_a_killed_child_that_nobody_has_buried_is_gone_too(app):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    write(pid=child.pid, process_start=leases.process_start(child.pid))
    assert leases.take("x") is None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert leases.take("x")
    child.wait()


def test_another_machine_is_believed_until_its_time_is_over(app):
    write(host="elsewhere", pid=ended_process())
    assert leases.take("x") is None
    write(host="elsewhere", pid=ended_process(), until=utcnow() - dt.timedelta(seconds=1))
    assert leases.take("x")


def test_many_at_once_one_gets_it(app):
    """Also where no row is there yet."""
    for name in ("a", "b", "c"):
        got, start = [], threading.Barrier(6)

        def reach(name=name, got=got, start=start):
            with app.app_context():
                start.wait()
                got.append(leases.take(name))
                db.session.remove()

        threads = [threading.Thread(target=reach) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 6 and len([token for token in got if token]) == 1


def test_beats_prolong_it_and_tell_when_it_is_lost(app, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.05)
    token = leases.take("x")
    first = db.session.get(Lease, "x").until
    db.session.rollback()
    with leases.held("x", token) as lost:
        assert not lost.wait(0.5)
        db.session.rollback()
        assert db.session.get(Lease, "x", populate_existing=True).until > first
        write(token="somebody else")
        assert lost.wait(5)
    db.session.rollback()
    assert db.session.get(Lease, "x", populate_existing=True).token == "somebody else", "what is not ours is not given back"


def test_a_database_that_stays_away_means_the_lease_is_lost(app, monkeypatch):
    monkeypatch.setattr(leases, "BEAT_SECONDS", 0.02)
    monkeypatch.setattr(leases, "SECONDS", 0.2)
    token = leases.take("x")
    monkeypatch.setattr(leases, "beat", lambda *_: (_ for _ in ()).throw(OSError("gone")))
    with leases.held("x", token) as lost:
        assert lost.wait(5)
