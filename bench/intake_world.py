"""An instance with 19 towns, accounts in each, and very many complaints, made as fast as the disk allows."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

from flask import Flask

from portal import create_app, migrate
from portal.auth import passwords
from portal.auth.operations import create_account, grant_role
from portal.config import Settings
from portal.context import system_actor, use_actor
from portal.database import db
from portal.demo import TOWNS
from portal.directory.models import Organisation
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

PASSWORD = "Portal-Bench-2026!"
ROLES = (("head", "office_head"), ("officer", "handling_officer"), ("clerk", "intake_clerk"), ("leader", "leader"))
MONTHS = 36
STORIES = (
    ("夜市烧烤占道经营，油烟扰民", "每天傍晚七点以后，十余家烧烤摊占用人行道经营，油烟直排，行人只能走机动车道，凌晨两点还在喧哗。", "夜市烧烤摊", "市容环境"),
    ("楼顶违法搭建阳光房", "同单元顶楼住户在公共屋面搭建约三十平方米的阳光房，堵塞消防通道，下雨时楼道渗水。", "顶楼住户", "违法建设"),
    ("工地夜间施工噪声", "晚上十一点后仍有混凝土泵车作业，已连续四天，影响学生休息。", "滨江花园二期项目部", "油烟噪声"),
    ("向河道倾倒建筑垃圾", "清晨有货车向河边倾倒建筑垃圾，车牌后三位已记下，已拍到照片。", "不明货车", "市容环境"),
    ("餐馆后厨污水直排", "餐馆污水未经隔油直接排入雨水井，巷内异味严重。", "老灶火锅店", "市容环境"),
    ("农资店销售过期农药", "所购农药已过保质期两个月，使用后秧苗枯黄。", "惠农农资经营部", "农业农村"),
    ("物业擅自改变绿地用途", "小区集中绿地被硬化为收费停车位，未征求业主意见。", "安居物业公司", "违法建设"),
    ("烟花爆竹店占用消防通道", "店铺将货架摆到疏散通道内，有安全隐患，希望尽快检查。", "喜庆烟花店", "安全生产"),
)
PLACES = ("桃花新城", "古佛村", "永丰社区", "白庙社区", "关口社区", "三峡路", "凤山公园", "向阳路农贸市场", "协信广场", "文苑大道", "黄桷湾村")


def today() -> dt.date:
    """The real day: the pages that are measured look at it."""
    return dt.datetime.now(dt.UTC).date()


def make(instance: Path) -> Flask:
    """A fresh instance with the towns and, in each, ``t<number>_head``, ``_officer``, ``_clerk``, ``_leader``; and the supervisor ``sup``."""
    app = create_app(Settings(instance=instance, log_level="WARNING"))
    house = app.extensions["portal"]
    migrate.upgrade(house.settings, house.plugins)
    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING), unit_of_work("bench") as session:
        hashed = passwords.hash_password(house.settings, PASSWORD)

        def account(name: str, role: str, organisation: Organisation) -> None:
            made = create_account(session, name, name, password_hash=hashed, must_change=False)
            session.flush()
            grant_role(session, made, role, organisation)

        district = Organisation(code="500115", name="长寿区", short_name="长寿", kind="district")
        session.add(district)
        session.flush()
        account("sup", "supervisor", district)
        for number, (code, name, _letters) in enumerate(TOWNS):
            town = Organisation(code=code, name=name, short_name=name[:2], kind="town", parent_id=district.id, weight=number)
            session.add(town)
            session.flush()
            for suffix, role in ROLES:
                account(f"t{number}_{suffix}", role, town)
            for plugin in house.plugins.names():
                house.plugins.switch(session, plugin, town.id, True)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return app


def fill(file: Path, count: int) -> None:
    """``count`` complaints of three years over the towns; about one in twenty still open. The roll-up is counted afterwards."""
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA synchronous=off")
    connection.execute("PRAGMA temp_store=memory")
    connection.execute("PRAGMA cache_size=-400000")
    kept = connection.execute("SELECT name, sql FROM sqlite_master WHERE tbl_name = 'complaints_complaint' AND sql IS NOT NULL AND type IN ('index', 'trigger')").fetchall()
    for name, sql in kept:
        connection.execute(f"DROP {sql.split()[1] if sql.split()[1] != 'UNIQUE' else 'INDEX'} {name}")
    _pools(connection)
    connection.execute("INSERT INTO complaints_complaint (" + ", ".join(_columns()) + ") " + _rows(count))
    connection.execute("INSERT INTO records_counter (org_id, series, year, last) SELECT org_id, 'complaints.complaint', max(year), max(seq) FROM complaints_complaint GROUP BY org_id")
    for _name, sql in kept:
        connection.execute(sql)
    connection.commit()
    connection.execute("ANALYZE complaints_complaint")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def count_roll_up(app: Flask) -> None:
    """Count the roll-up over what was filled in past its triggers."""
    from plugins.complaints import tally

    with app.app_context(), db.engine.begin() as connection:
        tally.rebuild(connection)


def index_search(app: Flask) -> None:
    """Build the index of the search over everything."""
    from portal import search

    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING):
        search.rebuild()
        db.session.remove()
        db.engine.dispose()


def _pools(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TEMP TABLE story (k INTEGER PRIMARY KEY, title, content, object_name, category)")
    connection.executemany("INSERT INTO story VALUES (?, ?, ?, ?, ?)", [(k, *story) for k, story in enumerate(STORIES)])
    connection.execute("CREATE TEMP TABLE spot (k INTEGER PRIMARY KEY, name)")
    connection.executemany("INSERT INTO spot VALUES (?, ?)", list(enumerate(PLACES)))
    connection.execute("CREATE TEMP TABLE town (k INTEGER PRIMARY KEY, id, short, officer, officer_name)")
    towns = connection.execute("SELECT id, short_name FROM directory_organisation WHERE kind = 'town' ORDER BY id").fetchall()
    for number, (town, short) in enumerate(towns):
        officer = connection.execute("SELECT id, name FROM auth_account WHERE username = ?", (f"t{number}_officer",)).fetchone()
        connection.execute("INSERT INTO town VALUES (?, ?, ?, ?, ?)", (number, town, short, *officer))


def _columns() -> dict[str, str]:
    """The columns and what stands in each, from the number ``n``, the story ``s``, the spot ``p`` and the town ``t``."""
    state = "CASE WHEN n % 200 < 4 THEN 'handling' WHEN n % 200 < 6 THEN 'assigned' WHEN n % 200 < 8 THEN 'registered' WHEN n % 200 < 9 THEN 'accepted' WHEN n % 200 < 10 THEN 'suspended' WHEN n % 200 < 12 THEN 'concluded' WHEN n % 200 < 16 THEN 'replied' WHEN n % 200 < 18 THEN 'merged' WHEN n % 200 < 22 THEN 'refused' WHEN n % 200 < 26 THEN 'passed' ELSE 'archived' END"
    open_, done = "n % 200 < 10", "(n % 200 BETWEEN 10 AND 15 OR n % 200 >= 26)"
    age = f"CASE WHEN {open_} THEN n / 19 % 60 ELSE 60 + n / 19 % {MONTHS * 30 - 70} END"
    received = f"date('{today()}', '-' || ({age}) || ' days')"
    taken = "(n / 7 % 18)"
    kind = "CASE WHEN n % 100 < 50 THEN 'report' WHEN n % 100 < 72 THEN 'hotline' WHEN n % 100 < 82 THEN 'question' WHEN n % 100 < 90 THEN 'petition' WHEN n % 100 < 96 THEN 'consumer' WHEN n % 100 < 99 THEN 'report' ELSE 'accusation' END"
    empty = ("redirect_kind", "demand", "external_no", "state_reason", "refuse_code", "extension_state", "extension_reason", "first_title", "review", "reply_how", "reply_text", "reply_by")
    return {
        "id": "n", "uid": "lower(hex(randomblob(16)))", "number": f"t.short || '投〔{today().year}〕' || (n / 19 + 1) || '号'", "year": str(today().year), "series": "''", "seq": "n / 19 + 1",
        "channel": "CASE n / 3 % 7 WHEN 0 THEN '电话' WHEN 1 THEN '信函' WHEN 2 THEN '来访' WHEN 3 THEN '网络' WHEN 4 THEN '上级交办' WHEN 5 THEN '电话' ELSE '12345热线转办' END",
        "kind": kind, "category": "s.category", "urgency": "CASE WHEN n % 50 = 0 THEN 'urgent' ELSE 'normal' END", "title": "s.title", "content": "s.content || s.content || '编号' || n",
        "place": "p.name", "object_name": "s.object_name", "anonymous": "n % 5 = 0", "confidential": "n % 4 = 0", "protect": "0",
        "received_on": received, "month": f"substr({received}, 1, 7)", "registered_at": f"{received} || ' 02:00:00.000000'", "state": state, "state_on": received,
        "handler_id": "CASE WHEN n % 200 < 6 OR n % 200 >= 26 THEN t.officer END", "handler_name": "CASE WHEN n % 200 < 6 OR n % 200 >= 26 THEN t.officer_name ELSE '' END",
        "limit_days": "15", "limit_unit": "'working'", "legal_due": f"date({received}, '+21 days')", "due_on": f"date({received}, '+21 days')",
        "sort_due": f"CASE WHEN n % 200 < 9 THEN date({received}, '+21 days') ELSE '9999-12-31' END", "due_provisional": "0", "due_from": received, "suspended_days": "0",
        "extension_days": "0", "facts": f"CASE WHEN {done} THEN '经现场核查，' || s.object_name || '存在所反映的情形。' ELSE '' END",
        "measures": f"CASE WHEN {done} THEN '已责令当场改正，并列入日常巡查。' ELSE '' END",
        "result": f"CASE WHEN NOT {done} THEN '' WHEN n % 8 < 4 THEN '属实' WHEN n % 8 < 6 THEN '部分属实' WHEN n % 8 = 6 THEN '不属实' ELSE '无法核实' END",
        "concluded_on": f"CASE WHEN {done} THEN date({received}, '+' || {taken} || ' days') END", "days_taken": f"CASE WHEN {done} THEN {taken} END",
        "late": f"CASE WHEN {done} THEN {taken} > 15 END", "closed_as": "CASE WHEN n % 200 >= 26 THEN 'replied' ELSE '' END", "repeats": "n % 23 = 0", "publish": "0", "org_id": "t.id",
        "version": "1", **dict.fromkeys(empty, "''"),
    }  # fmt: skip


def _rows(count: int) -> str:
    joined = f"JOIN story s ON s.k = n % {len(STORIES)} JOIN spot p ON p.k = n / 5 % {len(PLACES)} JOIN town t ON t.k = n % {len(TOWNS)}"
    return f"WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count}) SELECT {', '.join(_columns().values())} FROM numbers {joined} ORDER BY n"


def town_of(file: Path, number: int = 0) -> int:
    """The key of the town with this number."""
    with sqlite3.connect(file) as connection:
        found: int = connection.execute("SELECT id FROM directory_organisation WHERE kind = 'town' ORDER BY id LIMIT 1 OFFSET ?", (number,)).fetchone()[0]
    connection.close()
    return found


