"""Demonstration data of the core: the towns of the district, departments, an account for every role. Loaded once."""

from __future__ import annotations

import datetime as dt
import json
import random
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from portal.auth import passwords, roles
from portal.auth.models import Account
from portal.auth.operations import create_account, grant_role
from portal.clock import today
from portal.crypto import write_private
from portal.database import db
from portal.directory.models import Organisation
from portal.work import unit_of_work

DISTRICT = ("500115", "长寿区", "长寿")
TOWNS = (
    ("500115001", "凤城街道", "fc"), ("500115002", "晏家街道", "yj"), ("500115003", "江南街道", "jn"), ("500115004", "渡舟街道", "dz"),
    ("500115005", "新市街道", "xs"), ("500115006", "八颗街道", "bk"), ("500115007", "菩提街道", "pt"), ("500115123", "邻封镇", "lf"),
    ("500115124", "但渡镇", "dd"), ("500115125", "云集镇", "yunji"), ("500115126", "长寿湖镇", "csh"), ("500115127", "双龙镇", "sl"),
    ("500115128", "龙河镇", "lh"), ("500115129", "石堰镇", "sy"), ("500115130", "云台镇", "yt"), ("500115131", "海棠镇", "ht"),
    ("500115132", "葛兰镇", "gl"), ("500115136", "洪湖镇", "hh"), ("500115137", "万顺镇", "ws"),
)  # fmt: skip
DEPARTMENTS = (
    ("sfj", "区司法局"), ("bwbb", "区委编办"), ("gaj", "区公安局"), ("fy", "区法院"), ("jcy", "区检察院"), ("cgj", "区城市管理局"),
    ("ghj", "区规划自然资源局"), ("scj", "区市场监管局"),
)  # fmt: skip
STAFF = (("clerk", "certificate_clerk"), ("officer", "handling_officer"), ("head", "office_head"), ("leader", "leader"), ("legal", "legal_reviewer"),
         ("intake", "intake_clerk"), ("disc", "discipline_officer"), ("train", "training_manager"))  # fmt: skip
STAFFED = ("500115001", "500115003", "500115132")
"""Towns with an account for every role; the others have a clerk and a head."""
OTHERS = (
    ("sup", "supervisor", "500115"), ("sysadmin", "system_admin", "500115"), ("secadmin", "security_admin", "500115"),
    ("auditor", "security_auditor", "500115"), ("expert", "expert", "500115"), ("ga_liaison", "department_liaison", "500115-gaj"),
    ("scj_liaison", "department_liaison", "500115-scj"), ("expert2", "expert", "500115"), ("expert3", "expert", "500115"), ("expert4", "expert", "500115"),
    ("expert5", "expert", "500115"), ("expert6", "expert", "500115"),
)  # fmt: skip
LATER = (("meet", "conference_officer", "500115"), ("chair", "conference_chair", "500115"), ("cg_liaison", "department_liaison", "500115-cgj"))
"""Accounts that came later: their names are drawn apart, so that everything else stays as it was."""
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)  # fmt: skip
GIVEN = (
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 建华 晓梅 志远 雪梅 国栋 海燕 文博 思雨 子涵 永康 立新 红梅 光荣 春花".split()  # noqa: SIM905
)


@dataclass
class DemoContext:
    """What a plugin gets to load its own demonstration data: the same on every machine but for the day and the passwords."""

    session: Session
    today: dt.date
    random: random.Random
    towns: Sequence[Organisation]

    def name(self) -> str:
        """An invented name."""
        return self.random.choice(SURNAMES) + self.random.choice(GIVEN)


def load(app: Flask) -> bool:
    """Load the demonstration where there is none yet; returns whether it did."""
    if db.session.scalar(select(func.count()).select_from(Organisation)):
        return False
    settings = app.extensions["portal"].settings
    plugins = app.extensions["portal"].plugins
    chance = random.Random(20261124)  # noqa: S311 - invented data, nothing secret
    password = _password()
    hashed = passwords.hash_password(settings, password)
    with unit_of_work("demo.loaded") as session:
        organisations = _organisations(session)
        accounts = _accounts(session, organisations, hashed, chance)
        towns = [organisations[code] for code, *_rest in TOWNS]
        for plugin in plugins.names():
            for town in towns:
                plugins.switch(session, plugin, town.id, True)
    with unit_of_work("demo.loaded") as session:
        plugins.hooks.portal_demo(context=DemoContext(session, today(), chance, [session.get(Organisation, town.id) for town in towns]))  # type: ignore[misc]
    _sweep(plugins)
    file = settings.instance / "demo-accounts.json"
    file.unlink(missing_ok=True)
    write_private(file, json.dumps({"password": password, "accounts": accounts}, ensure_ascii=False, indent=1))
    return True


def _password() -> str:
    """One password for all accounts of this instance; no two instances share it."""
    return "-".join("".join(secrets.choice("abcdefghjkmnpqrstuvwxyz") for _i in range(4)).capitalize() for _j in range(2)) + f"-{secrets.randbelow(9000) + 1000}"


def _organisations(session: Session) -> dict[str, Organisation]:
    code, name, short = DISTRICT
    district = Organisation(code=code, name=name, short_name=short, kind="district", weight=0)
    session.add(district)
    session.flush()
    found = {code: district}
    for weight, (code, name, _letters) in enumerate(TOWNS, 1):
        kind = "subdistrict" if name.endswith("街道") else "town"
        short = name.removesuffix("街道").removesuffix("镇")
        found[code] = Organisation(code=code, name=name, short_name=short, kind=kind, weight=weight, parent_id=district.id)
    for weight, (letters, name) in enumerate(DEPARTMENTS, 101):
        code = f"500115-{letters}"
        found[code] = Organisation(code=code, name=name, short_name=name.removeprefix("区"), kind="department", weight=weight, parent_id=district.id)
    session.add_all(found.values())
    session.flush()
    return found


def _accounts(session: Session, organisations: dict[str, Organisation], hashed: str, chance: random.Random) -> list[dict[str, str]]:
    known = roles.all_roles()
    listed: list[dict[str, str]] = []

    def add(username: str, role: str, code: str, chance: random.Random = chance) -> Account:
        name = chance.choice(SURNAMES) + chance.choice(GIVEN)
        account = create_account(session, username, name, password_hash=hashed, must_change=False)
        grant_role(session, account, role, organisations[code])
        listed.append({"username": username, "name": name, "role": f"{organisations[code].name} {known[role].title}"})
        return account

    for code, _name, letters in TOWNS:
        for word, role in STAFF if code in STAFFED else (STAFF[0], STAFF[2]):
            if role not in known:
                continue
            account = add(f"{letters}_{word}", role, code)
            if word == "clerk" and code not in STAFFED and "intake_clerk" in known:
                grant_role(session, account, "intake_clerk", organisations[code])
            if (letters, word) == ("fc", "head"):
                grant_role(session, account, "legal_reviewer", organisations["500115002"])
    for username, role, code in OTHERS:
        add(username, role, code)
    for username, role, code in LATER:
        if role in known:
            add(username, role, code, random.Random(username))  # noqa: S311 - invented data
    order = ["jn_clerk", "jn_head", "fc_clerk", "fc_head", "sup", "meet", "chair", "sysadmin", "secadmin", "auditor"]
    listed.sort(key=lambda item: (order.index(item["username"]) if item["username"] in order else len(order), item["username"]))
    return listed


def _sweep(plugins: Any) -> None:
    """A demonstration starts as on any morning: the nightly jobs have run."""
    from portal.jobs.runner import run_job

    for job in plugins.collect("portal_jobs"):
        run_job(job.name, requested_by="demo")
