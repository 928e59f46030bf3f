"""An instance with towns and many certificates, made as fast as the disk allows."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

from flask import Flask

from portal import create_app, migrate
from portal.config import Settings
from portal.context import system_actor, use_actor
from portal.database import db
from portal.demo import TOWNS
from portal.directory.models import Organisation, Person
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

TODAY = dt.date(2026, 11, 24)


def make(instance: Path, **changes: Any) -> Flask:
    """A fresh instance with the 19 towns, the plugin on in each, and one person a town."""
    app = create_app(Settings(instance=instance, **changes))
    house = app.extensions["portal"]
    migrate.upgrade(house.settings, house.plugins)
    with app.app_context(), use_actor(system_actor("bench")), use_scope(EVERYTHING), unit_of_work("bench") as session:
        district = Organisation(code="500115", name="长寿区", short_name="长寿", kind="district")
        session.add(district)
        session.flush()
        for code, name, _letters in TOWNS:
            town = Organisation(code=code, name=name, short_name=name[:2], kind="town", parent_id=district.id)
            session.add(town)
            session.flush()
            session.add(Person(org_id=town.id, name="众人", employment_type="公务员"))
            house.plugins.switch(session, "certificates", town.id, True)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return app


def fill(file: Path, count: int, expired: int) -> None:
    """``count`` certificates over the towns, of which ``expired`` are past their date; the others are good for long."""
    connection = sqlite3.connect(file)
    towns = [row[0] for row in connection.execute("SELECT id FROM directory_organisation WHERE kind = 'town' ORDER BY id")]
    people = dict(connection.execute("SELECT org_id, id FROM directory_person"))
    every = max(1, count // expired) if expired else count + 1
    good, past = (TODAY + dt.timedelta(days=900)).isoformat(), (TODAY - dt.timedelta(days=1)).isoformat()

    def rows() -> Any:
        for n in range(1, count + 1):
            town = towns[n % len(towns)]
            until = past if n % every == 0 and n // every <= expired else good
            yield n, town, f"B{n:09d}", people[town], "持证人", "某街道办事处", "综合执法", "", "区司法局", until

    connection.execute("DELETE FROM certificates_certificate")
    connection.executemany(
        "INSERT INTO certificates_certificate (id, org_id, number, person_id, holder_name, authority, category, area, issuer, valid_until, state, state_reason, clearing,"
        " clearing_provisional, handed_in_by, received_by, public_notice, version) VALUES (?,?,?,?,?,?,?,?,?,?,'active','','none',0,'','','',1)",
        rows(),
    )
    connection.commit()
    connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
