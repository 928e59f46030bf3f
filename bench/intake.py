"""The intake among a million complaints: list, search, registering, statistics, each beside its yardstick in the same run."""

from __future__ import annotations

import datetime as dt
import random
import shutil
import sqlite3
import statistics as figures
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import django_yardstick, intake_world, serving
from bench.serving import Browser, Load, field_of, get, post, workers

STATE = "handling"
CLIENTS = 16
SECONDS = 4.0
ROUNDS = 3
GROUP_BY = "SELECT org_id, month, channel, kind, state, result, late, count(*) FROM complaints_complaint NOT INDEXED GROUP BY org_id, month, channel, kind, state, result, late"


def build(folder: Path, count: int) -> Path:
    """The instance ``portal`` and Django's copy of its rows; returns the instance."""
    instance = folder / "portal"
    start = time.perf_counter()
    app = intake_world.make(instance)
    intake_world.fill(instance / "portal.db", count)
    django_yardstick.copy(instance / "portal.db", folder)
    intake_world.count_roll_up(app)
    intake_world.index_search(app)
    print(f"{count:,} complaints in {len(intake_world.TOWNS)} towns, made in {time.perf_counter() - start:.0f} s", flush=True)
    return instance


def log_in(port: int, name: str) -> Browser:
    browser = Browser(port)
    token = field_of(browser.get("/login"), "csrf_token")
    browser.post("/login", {"username": name, "password": intake_world.PASSWORD, "csrf_token": token})
    return browser


def log_in_django(port: int) -> Browser:
    browser = Browser(port)
    token = field_of(browser.get("/admin/login/"), "csrfmiddlewaretoken")
    browser.post("/admin/login/", {"username": "bench", "password": django_yardstick.PASSWORD, "csrfmiddlewaretoken": token, "next": "/admin/"})
    return browser


def checked(load: Load, what: str) -> Load:
    """Raise where anything was answered otherwise than it should be."""
    if load.wrong:
        raise SystemExit(f"{what}: {len(load.wrong)} wrong answers, e.g. {load.wrong[0]}")
    return load


def interleaved(runs: dict[str, Callable[[], float]], rounds: int = ROUNDS) -> dict[str, float]:
    """The median of each, measured in turns."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _round in range(rounds):
        for name, run in runs.items():
            found[name].append(run())
    return {name: figures.median(values) for name, values in found.items()}


def say(name: str, text: str, good: bool) -> None:
    print(f"{name:<46} {text}   {'ok' if good else 'MISSED'}", flush=True)


def bench_pages(folder: Path, instance: Path, seconds: float = SECONDS) -> None:
    """The list against the bare route and Django's admin; its size; the search against the bare list query."""
    org_id = intake_world.town_of(instance / "portal.db")
    with workers("portal", instance) as ours, workers("bare", instance) as bare, workers("django", folder) as django:
        browser = log_in(ours[0], "t0_head")
        cookie, admin = browser.cookie(), log_in_django(django[0]).cookie()
        path = f"/complaints?state={STATE}&sort=due"
        page = browser.get(path)
        assert page.count("<tr>") == 51, "fifty rows and the head"
        started = random.getrandbits(40)
        asked: dict[str, tuple[list[int], Callable[[int], bytes], bytes]] = {
            "portal": (ours, lambda _n: get(path, cookie), b"</html>"),
            "anew": (ours, lambda n: get(f"{path}&anew={started}.{n}.{time.perf_counter_ns()}", cookie), b"</html>"),
            "bare": (bare, lambda _n: get(f"/list?org={org_id}&state={STATE}"), b"</html>"),
            "django": (django, lambda _n: get(f"/admin/bench/complaint/?org_id__exact={org_id}&state__exact={STATE}", admin), b"result_list"),
        }

        def rate(name: str) -> float:
            ports, send, keep = asked[name]
            return checked(serving.load(ports, send, clients=4, seconds=seconds, keep=keep), name).rate

        rates = interleaved({name: lambda name=name: rate(name) for name in asked})
        say("list, 50 rows, requests a second", f"portal {rates['portal']:6.0f}   bare {rates['bare']:6.0f}   Django admin {rates['django']:6.1f}", True)
        say("  where every page is new to the portal", f"{rates['anew']:6.0f}   {rates['anew'] / rates['bare']:.2f} of the bare route, {rates['anew'] / rates['django']:.1f} times Django's admin", True)
        say("  to Django's admin", f"{rates['portal'] / rates['django']:5.1f} times (limit 10)", rates["portal"] >= 10 * rates["django"])
        say("  to the bare route", f"{rates['portal'] / rates['bare']:5.2f} (limit 0.40)", rates["portal"] >= 0.4 * rates["bare"])
        size = len(page.encode())
        say("  size of the page", f"{size:,} bytes (limit 20,480)", size <= 20_480)


def bench_search(instance: Path) -> None:
    """A search of two characters within a town against the bare list query, both inside one process."""
    from portal import create_app
    from portal.config import Settings
    from portal.context import system_actor, use_actor
    from portal.database import db
    from portal.search import matching
    from portal.tenancy import Scope, use_scope

    org_id = intake_world.town_of(instance / "portal.db")
    app = create_app(Settings(instance=instance, log_level="WARNING"))
    connection = sqlite3.connect(instance / "portal.db")
    bare_query = "SELECT id, number, title, kind, channel, state, due_on, handler_name, received_on FROM complaints_complaint WHERE org_id = ? AND state = ? ORDER BY sort_due, id LIMIT 50"

    def bare() -> float:
        return clock(lambda: connection.execute(bare_query, (org_id, STATE)).fetchall(), 200)

    from flask import g
    from sqlalchemy import select

    from plugins.complaints.models import Complaint

    with app.app_context(), use_actor(system_actor("bench")), use_scope(Scope("town", frozenset({org_id}))):

        def ask(word: str) -> Callable[[], Any]:
            def run() -> Any:
                for name in list(g):
                    g.pop(name)
                found = matching(Complaint, word)
                columns = (Complaint.id, Complaint.number, Complaint.title, Complaint.kind, Complaint.state, Complaint.due_on)
                return db.session.execute(select(*columns).where(found.condition).order_by(Complaint.sort_due, Complaint.id).limit(51)).all()

            return run

        for word in ("占道", "农药", "编号", "龙虾"):
            times = interleaved({"bare": bare, "ours": lambda word=word: clock(ask(word), 20)})
            say(f"search for {word} in a town", f"bare list query {times['bare'] * 1000:6.2f} ms   search {times['ours'] * 1000:6.2f} ms   {times['ours'] / times['bare']:5.1f} times (limit 20)", times["ours"] <= 20 * times["bare"])
        db.session.remove()
        db.engine.dispose()
    connection.close()


def clock(work: Callable[[], Any], times: int) -> float:
    """Seconds of one call, the median of many."""
    found = []
    for _n in range(times):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return figures.median(found)


# -- registering -----------------------------------------------------------------------------------------------------------

TEXT = "每天傍晚烧烤摊占道经营，油烟扰民，请尽快制止。"


def matter(number: int) -> dict[str, Any]:
    """What a clerk types; the same for both."""
    chance = random.Random(number)
    return {
        "channel": "电话", "kind": "report", "content": f"{TEXT}第 {number} 次反映。", "place": chance.choice(intake_world.PLACES), "object_name": "夜市烧烤摊",
        "demand": "请尽快制止。", "category": "市容环境", "title": "", "received_on": intake_world.today().isoformat(), "urgency": "normal", "external_no": "",
    }  # fmt: skip


def bench_register(folder: Path, instance: Path, requests: int = 1200) -> None:
    """Sixteen clerks at once: CSRF, validation, audit, durable; against a Django ModelForm with auditlog."""
    database = instance / "portal.db"
    with workers("portal", instance) as ours, workers("django", folder) as django:
        clerks = [log_in(ours[0], f"t{number}_clerk") for number in range(CLIENTS)]
        tokens = [(browser.cookie(), field_of(browser.get("/complaints/new"), "csrf_token")) for browser in clerks]
        admin = log_in_django(django[0])
        token = field_of(admin.get("/register/2"), "csrfmiddlewaretoken")
        cookie = admin.cookie()
        before, events = _count(database, "complaints_complaint"), _count(database, "audit_event")
        sent = {"portal": 0, "django": 0}
        started = random.getrandbits(64)

        def ours_sent(number: int) -> bytes:
            who, csrf = tokens[number % CLIENTS]
            number += sent["portal"]
            data = {**matter(number), "redirect_kind": "", "order_days": "", "name": "张三丰", "phone": f"138{number % 10**8:08d}", "address": "古佛村 3 组", "id_number": "",
                    "csrf_token": csrf, "form_key": f"{started:016x}{number:016x}"}  # fmt: skip
            return post("/complaints/new", data, who)

        def theirs_sent(number: int) -> bytes:
            return post(f"/register/{2 + number % CLIENTS}", {**matter(number), "csrfmiddlewaretoken": token}, cookie)

        runs = {"portal": (ours, ours_sent, (200, 303)), "django": (django, theirs_sent, (302,))}
        found: dict[str, list[Load]] = {name: [] for name in runs}
        for turn in range(ROUNDS + 1):
            for name, (ports, send, expect) in runs.items():
                load = checked(serving.load(ports, send, clients=CLIENTS, requests=requests if turn else requests // 4, expect=expect), name)
                sent[name] += len(load.times)
                if turn:
                    found[name].append(load)
    rates = {name: figures.median(load.rate for load in loads) for name, loads in found.items()}
    slowest = {name: figures.median(load.percentile(0.99) for load in loads) for name, loads in found.items()}
    made = _count(database, "complaints_complaint") - before
    noted = _count(database, "audit_event") - events
    say("registering, 16 clients, a second", f"portal {rates['portal']:6.0f}   Django ModelForm with auditlog {rates['django']:6.0f}", True)
    say("  rate", f"{rates['portal'] / rates['django']:5.2f} times (limit 1.30)", rates["portal"] >= 1.3 * rates["django"])
    text = f"portal {slowest['portal'] * 1000:5.0f} ms   Django {slowest['django'] * 1000:5.0f} ms   {slowest['portal'] / slowest['django']:5.2f} (limit 0.25)"
    say("  slowest hundredth", text, slowest["portal"] <= 0.25 * slowest["django"])
    say("  nothing lost", f"{made:,} rows for {sent['portal']:,} requests, {noted:,} events", made == sent["portal"] and noted >= made)


def _count(file: Path, table: str) -> int:
    with sqlite3.connect(file) as connection:
        found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    connection.close()
    return found


# -- statistics ---------------------------------------------------------------------------------------------------------------


def bench_statistics(instance: Path) -> None:
    """Every figure of the page over all rows and towns against one bare GROUP BY."""
    from plugins.complaints import statistics, tally
    from plugins.complaints.periods import Period
    from portal import create_app
    from portal.config import Settings
    from portal.context import system_actor, use_actor
    from portal.database import db
    from portal.demo import TOWNS
    from portal.tenancy import EVERYTHING, use_scope

    app = create_app(Settings(instance=instance, log_level="WARNING"))
    connection = sqlite3.connect(instance / "portal.db")
    connection.execute("PRAGMA cache_size=-32768")
    day = intake_world.today()
    first = (day.replace(day=1) - dt.timedelta(days=intake_world.MONTHS * 30)).replace(day=1)
    period = Period("free", first, (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1))

    with app.test_request_context("/"), use_actor(system_actor("bench")), use_scope(EVERYTHING):
        towns = {intake_world.town_of(instance / "portal.db", number): name for number, (_code, name, _letters) in enumerate(TOWNS)}

        def whole() -> Any:
            report = statistics.report(period, period.before(), day, towns)
            statistics.summary(report), statistics.by_town(report), statistics.trend(report), statistics.tiles(report)
            return [statistics.table_of(report, part) for part in statistics.breakdowns(report).values()], report

        times = interleaved({"bare": lambda: clock(lambda: connection.execute(GROUP_BY).fetchall(), 1), "ours": lambda: clock(whole, 3)})
        _tables, report = whole()
        counted = report.now.view().received
        wrong = tally.differences(db.session.connection())
        text = f"bare GROUP BY {times['bare']:6.3f} s   every figure {times['ours']:6.3f} s   {times['ours'] / times['bare']:5.3f} (limit 0.150)"
        say(f"statistics over {counted:,} complaints", text, times["ours"] <= 0.15 * times["bare"] and counted >= 0.95 * _count(instance / "portal.db", "complaints_complaint"))
        say("  exact", f"{len(wrong)} cells differ from counting anew", not wrong)
        db.session.remove()
        db.engine.dispose()
    connection.close()


def run(folder: Path, count: int) -> None:
    """Everything, on a fresh instance."""
    instance = build(folder, count)
    try:
        bench_statistics(instance)
        bench_search(instance)
        bench_pages(folder, instance)
        bench_register(folder, instance)
    finally:
        shutil.rmtree(instance, ignore_errors=True)
