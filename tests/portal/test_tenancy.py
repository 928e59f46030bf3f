"""The narrowing reaches every scoped model, in whatever shape a statement asks for it; shared records let in whom they name."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import aliased, joinedload, selectinload

from portal import tenancy
from portal.database import Base, OrgScoped, db
from portal.directory.models import Organisation, Person, PersonChange
from portal.errors import OutsideScope
from portal.tenancy import EVERYTHING, NOTHING, Scope, concerned, scoped_models, use_scope
from portal.work import unit_of_work


def person(org, name):
    with use_scope(EVERYTHING), unit_of_work("test.person") as session:
        made = Person(org_id=org.id, name=name, employment_type="公务员")
        session.add(made)
        session.flush()
        return made.id


def narrowed(statement, model):
    return model in concerned(statement)


def shapes_of(model):
    """Statements that read a model in every way that the portal uses, and some more."""
    other, key = aliased(model), sa.inspect(model).primary_key[0]
    cte = sa.select(model.org_id).cte()
    return (
        sa.select(model), sa.select(key), sa.select(sa.func.count()).select_from(model), sa.select(other), sa.select(other.org_id),
        sa.select(sa.exists().where(model.org_id == 1)),
        sa.select(Organisation).where(Organisation.id.in_(sa.select(model.org_id))), sa.select(Organisation).join(model, model.org_id == Organisation.id),
        sa.select(sa.func.count()).select_from(sa.select(key).where(model.org_id == 1).limit(5).subquery()), sa.select(cte), sa.select(sa.func.max(key)),
        sa.select(Organisation.id, sa.select(sa.func.count(key)).scalar_subquery()), sa.union_all(sa.select(model.org_id), sa.select(Organisation.id)),
        sa.update(model).values(org_id=1), sa.delete(model), sa.select(sa.literal(1)).where(sa.exists(sa.select(model.org_id))), sa.text("SELECT 1"),
        sa.select(Person).from_statement(sa.text("SELECT 1")), sa.select(sa.case((model.org_id == 1, 1), else_=0)), sa.select(sa.func.coalesce(key, 0).label("x")),
    )  # fmt: skip


def test_every_scoped_model_is_found_in_every_shape(app_sqlite):
    for model in scoped_models():
        for shape in shapes_of(model):
            assert narrowed(shape, model), f"{model.__name__}: {shape}"


def test_what_relationships_lead_to_is_narrowed_too(app_sqlite):
    assert narrowed(sa.select(PersonChange), Person)
    assert narrowed(sa.select(PersonChange).options(joinedload(PersonChange.person)), Person)
    assert narrowed(sa.select(PersonChange).options(selectinload(PersonChange.person)), Person)
    scoped_tables = {model.__table__.name for model in scoped_models()}
    for mapper in Base.registry.mappers:
        for relationship in mapper.relationships:
            if relationship.mapper.local_table.name in scoped_tables:
                assert narrowed(sa.select(mapper.class_), relationship.mapper.class_), f"{mapper.class_.__name__}.{relationship.key}"
    assert concerned(sa.select(Organisation)) == ()


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


def test_a_plugin_that_comes_later_is_known(app_sqlite):
    before = tenancy._known
    concerned(sa.select(Person))
    assert tenancy._known == len(Base.metadata.tables) and before in (0, tenancy._known)
    assert all(issubclass(model, OrgScoped) for model in scoped_models())
