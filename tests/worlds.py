"""The small world of the tests: a district, two towns, a department, and an account for every role."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

PASSWORD = "Portal-Test-2026!"
ORGANISATIONS = (
    ("500115", "长寿区", "长寿", "district"),
    ("500115003", "江南街道", "江南", "subdistrict"),
    ("500115132", "葛兰镇", "葛兰", "town"),
    ("500115-gaj", "区公安局", "公安", "department"),
)
ACCOUNTS = (
    ("jn_clerk", "杨静", (("certificate_clerk", "500115003"),)),
    ("jn_officer", "李明杰", (("handling_officer", "500115003"),)),
    ("jn_head", "周平", (("office_head", "500115003"),)),
    ("jn_leader", "陈伟霞", (("leader", "500115003"),)),
    ("jn_legal", "孙伟军", (("legal_reviewer", "500115003"),)),
    ("jn_intake", "何秀英", (("intake_clerk", "500115003"),)),
    ("jn_other", "罗建国", (("handling_officer", "500115003"),)),
    ("jn_train", "冯思雨", (("training_manager", "500115003"),)),
    ("gl_train", "董立新", (("training_manager", "500115132"),)),
    ("jn_disc", "唐文博", (("discipline_officer", "500115003"),)),
    ("gl_officer", "曹志远", (("handling_officer", "500115132"),)),
    ("gl_clerk", "吴丽丽", (("certificate_clerk", "500115132"),)),
    ("gl_head", "郑军杰", (("office_head", "500115132"),)),
    ("sup", "沈芳艳", (("supervisor", "500115"),)),
    ("ga_liaison", "韩军刚", (("department_liaison", "500115-gaj"),)),
    ("meet", "林海燕", (("conference_officer", "500115"),)),
    ("meet2", "向红梅", (("conference_officer", "500115"),)),
    ("chair", "钟国栋", (("conference_chair", "500115"),)),
    ("sysadmin", "系统管理员", (("system_admin", "500115"),)),
    ("secadmin", "安全管理员", (("security_admin", "500115"),)),
    ("auditor", "安全审计员", (("security_auditor", "500115"),)),
)


def build_world() -> None:
    """Write organisations, accounts and grants, and switch every plugin on in both towns."""
    from flask import current_app

    from portal.auth.operations import create_account, grant_role
    from portal.context import system_actor, use_actor
    from portal.directory.models import Organisation
    from portal.tenancy import EVERYTHING, use_scope
    from portal.work import unit_of_work

    plugins = current_app.extensions["portal"].plugins
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.world") as session:
        made: dict[str, Organisation] = {}
        for weight, (code, name, short, kind) in enumerate(ORGANISATIONS):
            parent = made.get("500115")
            made[code] = Organisation(
                code=code, name=name, short_name=short, kind=kind, weight=weight, parent_id=parent.id if parent else None
            )
            session.add(made[code])
            session.flush()
        for username, name, grants in ACCOUNTS:
            account = create_account(session, username, name, PASSWORD, must_change=False)
            session.flush()
            for role, code in grants:
                grant_role(session, account, role, made[code])
        for plugin in plugins.names():
            for code in ("500115003", "500115132"):
                plugins.switch(session, plugin, made[code].id, True)


class World:
    """Look-ups in the small world."""

    def __getattr__(self, name: str) -> Any:
        codes = {"district": "500115", "jiangnan": "500115003", "gelan": "500115132", "police": "500115-gaj"}
        if name not in codes:
            raise AttributeError(name)
        return self.organisation(codes[name])

    def organisation(self, code: str) -> Any:
        from portal.database import db
        from portal.directory.models import Organisation

        return db.session.scalars(select(Organisation).where(Organisation.code == code)).one()

    def account(self, username: str) -> Any:
        from portal.auth.models import Account
        from portal.database import db

        return db.session.scalars(select(Account).where(Account.username == username)).one()
