"""Training at its size: a year of 2,000 people with 100,000 attendances, all their files as docx, every sum computed again.

``python -m bench.training`` runs this part alone.
"""

from __future__ import annotations

import datetime as dt
import resource
import sqlite3
import statistics
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from bench import world
from portal.context import system_actor, use_actor
from portal.database import db
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

PEOPLE, SESSIONS = 2_000, 50
PASSWORD = "Portal-Bench-2026!"
CATEGORIES = ("general", "professional", "update", "department", "political")
LIMIT_PAGE, LIMIT_FILES = 0.3, 20.0


def fill(file: Path) -> None:
    """People over the towns, fifty sessions a town, everybody at each, credited."""
    connection = sqlite3.connect(file)
    towns = [row[0] for row in connection.execute("SELECT id FROM directory_organisation WHERE kind = 'town' ORDER BY id")]
    connection.execute("DELETE FROM directory_person")
    people = [(n, f"{n:032x}", f"队员{n}", "公务员", "在岗", f"{n % 4}中队", towns[n % len(towns)]) for n in range(1, PEOPLE + 1)]
    connection.executemany(
        "INSERT INTO directory_person (id, uid, name, gender, id_number_hint, position, employment_type, post_status, category, has_legal_qualification, legal_qualification_no,"
        " education, note, team, org_id, version) VALUES (?,?,?,'','','',?,?,'',0,'','','',?,?,1)", people,
    )  # fmt: skip
    sessions, enrolments, credits_ = [], [], []
    for place, town in enumerate(towns):
        for n in range(SESSIONS):
            key = place * SESSIONS + n + 1
            start = dt.datetime(2026, 1, 5, 1) + dt.timedelta(days=6 * n)
            category = CATEGORIES[n % len(CATEGORIES)]
            sessions.append((key, f"{key:032x}", f"训{key}", 2026, n + 1, f"课程{n}", category, town, f"{start}.000000", f"{start + dt.timedelta(hours=3)}.000000", start.date().isoformat()))
            for person in (row for row in people if row[6] == town):
                number = len(enrolments) + 1
                enrolments.append((number, key, town, town, person[0], person[2], sessions[-1][8], sessions[-1][8], sessions[-1][9]))
                credits_.append((number, town, person[0], sessions[-1][10], key, number, f"课程{n}", category, town, sessions[-1][8], sessions[-1][9], 3 + n % 2, category != "political",
                                 category == "update"))  # fmt: skip
    connection.executemany(
        "INSERT INTO training_session (id, uid, number, year, seq, title, course, series, category, mode, delivery, organiser, organiser_name, lecturer, place, org_id, starts_at, ends_at,"
        " held_on, timed, pause, halves, audience, content, exam_needed, self_enrol, cost_fen, sequence, state, state_reason, version)"
        " VALUES (?,?,?,?,?,?,'','',?,'定制式','面授','own','本单位','','',?,?,?,?,1,0,8,'','',0,1,0,0,'certified','',1)", sessions,
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO training_enrolment (id, session_id, org_id, host_id, person_id, person_name, unit, source, lecturing, state, asked_at, in_at, out_at, refusal, version)"
        " VALUES (?,?,?,?,?,?,'','import',0,'credited',?,?,?,'',1)", enrolments,
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO training_credit (id, org_id, person_id, year, held_on, source, session_id, enrolment_id, title, course, category, organiser, organiser_org_id, organiser_name, starts_at,"
        " ends_at, halves, counted, own_update, points, state, reason, certified_by, certified_on)"
        " VALUES (?,?,?,2026,?,'session',?,?,?,'',?,'own',?,'本单位',?,?,?,?,?,400,'valid','','负责人','2026-11-20')", credits_,
    )  # fmt: skip
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()


def prepare(folder: Path) -> Flask:
    """An instance with the year in it, its sums kept, and a supervisor who can log in."""
    from plugins.training import totals
    from portal.auth.operations import create_account, grant_role
    from portal.directory.models import Organisation, Person

    app = world.make(folder / "training")
    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING), unit_of_work("bench") as session:
        for town in session.scalars(sa.select(Organisation).where(Organisation.kind == "town")):
            app.extensions["portal"].plugins.switch(session, "training", town.id, True)
        account = create_account(session, "sup", "监督员", PASSWORD, must_change=False)
        grant_role(session, account, "supervisor", session.scalars(sa.select(Organisation).where(Organisation.kind == "district")).one())
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    fill(folder / "training" / "portal.db")
    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING):
        by_town: dict[int, list[int]] = {}
        for key, town in db.session.execute(sa.select(Person.id, Person.org_id)):
            by_town.setdefault(town, []).append(key)
        with unit_of_work("bench") as session:
            for town_id, people in by_town.items():
                totals.refresh(session, town_id, 2026, people)
        db.session.remove()
    return app


def page_seconds(app: Flask) -> tuple[float, int]:
    """The compliance page of the whole district: seconds, and how many statements it asks."""
    import re

    client = app.test_client()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/login").get_data(as_text=True))
    assert token is not None
    client.post("/login", data={"username": "sup", "password": PASSWORD, "csrf_token": token[1]})
    asked: list[str] = []
    with app.app_context():
        sa.event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    times, statements = [], 0
    for _round in range(6):
        asked.clear()
        start = time.perf_counter()
        answer = client.get("/training/year?year=2026")
        times.append(time.perf_counter() - start)
        assert answer.status_code == 200 and "2000" in answer.get_data(as_text=True)
        statements = len(asked)
    return statistics.median(times[1:]), statements


def archive(app: Flask, folder: Path) -> tuple[float, float, int, float]:
    """All files as docx in archives, a town each: files a second, files a second of the processor, how many, MB by which memory grew after the first town."""
    from plugins.training import batches
    from plugins.training.models_file import Batch
    from portal.jobs.runner import run_job

    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING):
        towns = sorted(app.extensions["portal"].plugins.enabled_orgs("training"))
        count, seconds, first = 0, 0.0, 0.0
        began = time.process_time()
        for place, town in enumerate(towns):
            with unit_of_work("bench") as session:
                batches.ask(session, town, 2026, "docx")
            start = time.perf_counter()
            outcome = run_job(batches.JOB, today=world.TODAY)
            seconds += time.perf_counter() - start
            assert outcome.result is not None and outcome.result["failed"] == 0, outcome
            count += outcome.result["files"]
            if place == 0:
                first = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        for key in db.session.scalars(sa.select(Batch.id)):
            with zipfile.ZipFile(batches.path_of(key)) as found:
                assert found.testzip() is None
        db.session.remove()
        cpu = time.process_time() - began
    return count / seconds, count / cpu, count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - first


def wrong_sums(app: Flask) -> tuple[float, int]:
    """Seconds to compute every sum again from the attendances, and how many people's differ from what is shown."""
    from plugins.training import totals

    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING):
        start = time.perf_counter()
        wrong = totals.differences(db.session(), 2026)
        seconds = time.perf_counter() - start
        db.session.remove()
    return seconds, len(wrong)


def run(folder: Path, show: Any = print) -> None:
    app = prepare(folder)
    seconds, statements = page_seconds(app)
    show(f"{'training: compliance of 2,000, 100,000 attendances':<52} {seconds:6.3f} s   limit {LIMIT_PAGE} s   {statements} statements", flush=True)
    seconds, wrong = wrong_sums(app)
    show(f"{'training: every sum computed again':<52} {seconds:6.3f} s   {wrong} differ (limit 0)", flush=True)
    rate, busy, count, grown = archive(app, folder)
    show(f"{f'training: {count:,} files as docx':<52} {rate:6.1f} files/s   limit {LIMIT_FILES:.0f}   ({busy:.1f} a second of one processor)   memory grew {grown:.0f} MB after the first town", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        run(Path(name))
