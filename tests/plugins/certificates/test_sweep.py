"""The sweep: domain.md §3, 1 to 7, on both databases; killed in the middle; twice at once."""

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import sqlalchemy as sa

from plugins.certificates import figures
from plugins.certificates.models import Certificate
from portal import audit
from portal.database import db
from portal.directory.models import Person
from portal.directory.operations import record_change
from portal.inbox.models import Notice
from portal.settings import set_setting
from portal.work import unit_of_work
from tests.plugins.certificates.helpers import TODAY, certificate, counts, sweep

DAY = dt.timedelta(days=1)


def get(key: int) -> Certificate:
    db.session.rollback()
    return db.session.get(Certificate, key)


def test_yesterdays_last_day_is_expired_todays_is_not(app, world):
    past = certificate(world.jiangnan, "PAST00001", dt.date(2026, 11, 23))
    last = certificate(world.jiangnan, "LAST00001", TODAY)
    suspended = certificate(world.jiangnan, "SUSP00001", dt.date(2026, 11, 1), state="suspended")
    assert counts(sweep()) == (3, 1, 2, 0, 0)
    assert (get(past).state, get(last).state, get(suspended).state) == ("expired", "active", "expired")
    assert get(past).clearing == "due" and get(past).clearing_due == dt.date(2026, 12, 1)
    assert counts(sweep()) == (1, 0, 0, 0, 0)
    assert audit.verify_instance(app).ok


def test_each_change_has_its_event_with_before_and_after(app, world):
    key = certificate(world.jiangnan, "PAST00001", TODAY - DAY)
    sweep()
    event = audit.history("certificates.certificate", key)[0]
    assert event.action == "certificates.certificate.expire" and event.actor == "job:certificates.sweep" and event.chain_id == world.jiangnan.id
    assert '"state":"active"' in event.before and '"state":"expired"' in event.after and event.reason == "有效期届满"


def test_warnings_once_each_to_the_clerk_and_the_holder_and_collapsed_when_missed(app, world):
    holder = world.account("jn_officer").id
    key = certificate(world.jiangnan, "WARN00001", TODAY + 80 * DAY, account_id=holder)
    assert sweep()["warned"] == 1 and sweep()["warned"] == 0
    assert sweep(TODAY + 1 * DAY)["warned"] == 0
    assert sweep(TODAY + 55 * DAY)["warned"] == 1, "60 and 30 days were missed and collapse into one"
    assert get(key).warned_days == 30
    owners = db.session.execute(sa.select(Notice.account_id, sa.func.count()).where(Notice.key.startswith("certificates.warn")).group_by(Notice.account_id)).all()
    assert dict(map(tuple, owners)) == {holder: 2, world.account("jn_clerk").id: 2}


def test_people_who_leave_lose_their_certificates_on_that_day(app, world):
    keys = {}
    for kind, details in (("retire", {}), ("leave", {}), ("transfer", {}), ("employment", {"new_value": "合同工"})):
        keys[kind] = certificate(world.jiangnan, f"GONE{kind.upper()[:6]}", TODAY + 400 * DAY)
        with unit_of_work("test.change") as session:
            record_change(session, session.get(Person, session.get(Certificate, keys[kind]).person_id), kind, TODAY + 10 * DAY, TODAY, **details)
    assert sweep()["cancelled"] == 0
    assert sweep(TODAY + 10 * DAY, dry_run=True)["cancelled"] == 4
    assert sweep(TODAY + 10 * DAY)["cancelled"] == 4 and sweep(TODAY + 10 * DAY)["cancelled"] == 0
    reasons = {kind: get(key).state_reason for kind, key in keys.items()}
    assert reasons == {"retire": "退休", "leave": "离职", "transfer": "调离", "employment": "用工性质变更为合同工"}


def test_who_retired_before_the_last_day_is_cancelled_else_expired(app, world):
    before = certificate(world.jiangnan, "BEFORE0001", TODAY - 5 * DAY, post_status="退休", post_status_on=TODAY - 10 * DAY)
    after = certificate(world.jiangnan, "AFTER00001", TODAY - 5 * DAY, post_status="退休", post_status_on=TODAY - 1 * DAY)
    sweep()
    assert (get(before).state, get(after).state) == ("cancelled", "expired")


def test_a_dry_run_writes_nothing_and_says_the_same(app, world):
    for n in range(6):
        certificate(world.jiangnan, f"DRYRUN{n:03d}", TODAY + (n - 3) * 20 * DAY)
    events = audit.verify_instance(app).events
    rehearsed = sweep(dry_run=True)
    assert audit.verify_instance(app).events == events + 2, "only the run's own two"
    assert counts(sweep()) == counts(rehearsed)


def test_where_the_plugin_is_off_nothing_happens_and_later_it_catches_up(app, world):
    plugins = app.extensions["portal"].plugins
    off = certificate(world.gelan, "OFFTOWN01", TODAY - 30 * DAY)
    with unit_of_work("test.off") as session:
        plugins.switch(session, "certificates", world.gelan.id, False)
    result = sweep()
    assert result["expired"] == 0 and "葛兰镇" not in result["towns"]
    with unit_of_work("test.on") as session:
        plugins.switch(session, "certificates", world.gelan.id, True)
    assert get(off).state == "active"
    assert sweep()["towns"]["葛兰镇"] == {"code": "500115132", "seen": 1, "warned": 0, "expired": 1, "cancelled": 0, "failed": 0}


def test_a_town_sets_its_own_figures(app, world):
    with unit_of_work("test.settings") as session:
        set_setting(session, figures.WARN_DAYS, world.gelan.id, "10", dt.date(2026, 1, 1))
        set_setting(session, figures.RECOVERY_DAYS, world.gelan.id, "10", dt.date(2026, 1, 1))
    certificate(world.gelan, "FIGURE001", TODAY + 50 * DAY)
    certificate(world.jiangnan, "FIGURE002", TODAY + 50 * DAY)
    past = certificate(world.gelan, "FIGURE003", TODAY - DAY)
    towns = sweep()["towns"]
    assert (towns["葛兰镇"]["warned"], towns["江南街道"]["warned"]) == (0, 1)
    assert get(past).clearing_due == dt.date(2026, 12, 8)


def test_overdue_recovery_goes_to_the_supervisor_once(app, world):
    certificate(world.jiangnan, "OVERDUE01", TODAY - DAY)
    sweep()
    for day in (dt.date(2026, 12, 1), dt.date(2026, 12, 2), dt.date(2026, 12, 3)):
        sweep(day)
    found = db.session.scalars(sa.select(Notice).where(Notice.account_id == world.account("sup").id)).all()
    assert [notice.title for notice in found] == ["江南街道有 1 张执法证件逾期未收回"]


def test_one_bad_row_never_stops_the_rest(app_sqlite, world):
    keys = [certificate(world.jiangnan, f"BADROW{n:03d}", TODAY - DAY) for n in range(5)]
    with unit_of_work("test.trigger") as session:
        session.execute(sa.text(f"CREATE TRIGGER stubborn BEFORE UPDATE ON certificates_certificate WHEN OLD.id = {keys[2]} BEGIN SELECT RAISE(ABORT, 'stubborn'); END"))
    result = sweep()
    assert counts(result) == (5, 0, 4, 0, 1)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Notice).where(Notice.account_id == world.account("sysadmin").id)) == 1
    with unit_of_work("test.trigger") as session:
        session.execute(sa.text("DROP TRIGGER stubborn"))
    assert counts(sweep()) == (1, 0, 1, 0, 0)
    assert audit.verify_instance(app_sqlite).ok


def test_a_lost_lease_stops_the_run_and_the_next_completes_it(app, world, monkeypatch):
    from portal.jobs import runner

    for n in range(3):
        certificate(world.jiangnan, f"LEASE{n:04d}", TODAY - DAY)
    monkeypatch.setattr(runner.JobContext, "check", lambda self: (_ for _ in ()).throw(runner.LeaseLost("x")))
    outcome = runner.run_job("certificates.sweep", today=TODAY)
    assert outcome.state == "abandoned"
    monkeypatch.undo()
    sweep()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Certificate).where(Certificate.state == "expired")) == 3


ROOT = Path(__file__).parents[3]


def command(instance: Path, *words: str, **options):
    environment = {"PORTAL_INSTANCE": str(instance), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    return subprocess.Popen([sys.executable, "-m", "portal", *words], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


def fill(app, org_id: int, count: int) -> None:
    from portal.records.bulk import insert_rows, reserve_ids

    with unit_of_work("test.fill") as session:
        person = Person(org_id=org_id, name="众人", employment_type="公务员")
        session.add(person)
        session.flush()
        common = {"org_id": org_id, "person_id": person.id, "holder_name": "众人", "authority": "某机关", "valid_until": TODAY - DAY}
        ids = reserve_ids(session, Certificate, count)
        insert_rows(session, Certificate, [{"id": key, "number": f"BULK{key:08d}", **common} for key in ids])
    db.session.remove()
    db.engine.dispose()


def events_of_expiry() -> int:
    db.session.rollback()
    return db.session.scalar(sa.text("SELECT count(*) FROM audit_event WHERE action = 'certificates.certificate.expire'"))


def test_kill_in_the_middle_loses_and_doubles_nothing(app_sqlite, world):
    fill(app_sqlite, world.jiangnan.id, 12_000)
    instance = Path(app_sqlite.instance_path)
    child = command(instance, "jobs", "run", "certificates.sweep", "--today", "2026-11-24")
    until = time.monotonic() + 60
    while events_of_expiry() == 0 and child.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    done = events_of_expiry()
    expired = db.session.scalar(sa.select(sa.func.count()).select_from(Certificate).where(Certificate.state == "expired"))
    assert done == expired and 0 < done < 12_000
    result = sweep()
    assert result["expired"] == 12_000 - done
    assert events_of_expiry() == 12_000
    assert audit.verify_instance(app_sqlite).ok
    states = db.session.execute(sa.text("SELECT state FROM jobs_run ORDER BY id")).scalars().all()
    assert states == ["abandoned", "done"]


def test_two_processes_at_once_do_it_once(app_sqlite, world):
    fill(app_sqlite, world.jiangnan.id, 3_000)
    instance = Path(app_sqlite.instance_path)
    both = [command(instance, "jobs", "run", "certificates.sweep", "--today", "2026-11-24", "--json") for _ in range(2)]
    outputs = [child.communicate(timeout=100) for child in both]
    import json

    assert sorted(json.loads(out)["expired"] for out, _error in outputs) == [0, 3_000], outputs
    assert events_of_expiry() == 3_000
    assert audit.verify_instance(app_sqlite).ok




def test_a_card_valid_to_the_end_of_october_as_the_acceptance_checks_say(app, world):
    """A16.3: first warned 180 days before, 19 days are left on 2026-10-12, acts are good through the last day."""
    until = dt.date(2026, 10, 31)
    key = certificate(world.jiangnan, "OCTOBER31", until)
    assert sweep(dt.date(2026, 5, 3))["warned"] == 0
    assert sweep(dt.date(2026, 5, 4))["warned"] == 1
    assert sweep(dt.date(2026, 10, 12))["warned"] == 1
    assert "还有 19 天" in db.session.scalars(sa.select(Notice).order_by(Notice.id.desc()).limit(1)).one().body
    person = get(key).person_id
    certified = app.extensions["portal"].plugins.hooks.portal_certified
    assert sweep(until)["expired"] == 0 and certified(person_id=person, day=until) is True
    assert sweep(until + DAY)["expired"] == 1 and certified(person_id=person, day=until + DAY) is False
    assert certified(person_id=person, day=until) is True, "what was done before the expiry stays good"
    assert certified(person_id=0, day=until) is False


def test_retired_at_the_end_of_september_is_to_be_recovered_by_mid_october(app, world):
    """A16.4: five working days over the National Day holidays."""
    key = certificate(world.jiangnan, "RETIRED30", dt.date(2028, 1, 1))
    with unit_of_work("test.change") as session:
        record_change(session, session.get(Person, session.get(Certificate, key).person_id), "retire", dt.date(2026, 9, 30), dt.date(2026, 9, 1))
    assert sweep(dt.date(2026, 9, 30))["cancelled"] == 1
    assert get(key).clearing_due == dt.date(2026, 10, 13)


def test_a_day_without_findings_leaves_a_dated_run(app, world):
    """A16.6."""
    from portal.jobs.models import JobRun

    assert counts(sweep(dt.date(2026, 3, 1))) == (0, 0, 0, 0, 0)
    run = db.session.scalars(sa.select(JobRun).where(JobRun.job == "certificates.sweep").order_by(JobRun.id.desc()).limit(1)).one()
    assert run.day == dt.date(2026, 3, 1) and run.state == "done" and run.result["expired"] == 0
