"""The narrowing reaches every scoped model, in whatever shape a statement asks for it; shared records let in whom they name."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from portal.database import Base, OrgScoped, db
from portal.directory.models import Organisation, Person
from portal.errors import OutsideScope
from portal.tenancy import EVERYTHING, NOTHING, Scope, scoped_models, use_scope
from portal.work import unit_of_work


def person(org, name):
    with use_scope(EVERYTHING), unit_of_work("test.person") as session:
        made = Person(org_id=org.id, name=name, employment_type="公务员")
        session.add(made)
        session.flush()
        return made.id


def test_statements_of_every_shape_see_their_town_alone(app, world):
    mine, theirs = person(world.jiangnan, "甲"), person(world.gelan, "乙")
    other = aliased(Person)
    with use_scope(Scope("town", frozenset({world.jiangnan.id}))):
        session = db.session
        session.expire_all()
        assert session.scalars(sa.select(Person.id)).all() == [mine]
        assert session.scalars(sa.select(other.id)).all() == [mine]
        assert session.scalar(sa.select(sa.func.count()).select_from(Person)) == 1
        assert session.get(Person, theirs) is None
        named = sa.select(Organisation.id).where(Organisation.id.in_(sa.select(Person.org_id)))
        assert session.scalars(named).all() == [world.jiangnan.id]
        assert session.scalars(sa.union_all(sa.select(Person.id), sa.select(Person.id))).all() == [mine, mine]
        assert session.scalar(sa.select(sa.func.count()).select_from(sa.select(Person.id).subquery())) == 1
        assert session.scalar(sa.select(sa.select(sa.func.count(Person.id)).scalar_subquery())) == 1
    with use_scope(NOTHING):
        db.session.expire_all()
        assert db.session.scalars(sa.select(Person.id)).all() == []


def test_a_row_of_another_town_is_not_written(app, world):
    theirs = person(world.gelan, "乙")
    with use_scope(EVERYTHING):
        row = db.session.get(Person, theirs)
    with pytest.raises(OutsideScope), use_scope(Scope("town", frozenset({world.jiangnan.id}))):
        row.name = "丙"
        db.session.flush()
    db.session.rollback()


def test_every_model_of_an_organisation_is_known(app_sqlite):
    known = set(scoped_models())
    mapped = {mapper.class_ for mapper in Base.registry.mappers}
    assert known == {model for model in mapped if issubclass(model, OrgScoped)} and known
