"""People, sessions and clocks for the tests of training."""

from __future__ import annotations

import datetime as dt
from typing import Any

import sqlalchemy as sa

from plugins.training import crediting, sessions
from plugins.training.models import Enrolment, Training
from plugins.training.models_file import Credit, PersonYear
from portal.context import system_actor, use_actor
from portal.database import db
from portal.directory.models import Organisation, Person
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

FORM = {
    "title": "行政处罚法专题", "category": "professional", "plan_item_id": "0", "organiser": "own", "organiser_org_id": "0", "organiser_name": "", "mode": "定制式",
    "delivery": "面授", "lecturer": "刘教授", "course": "", "day": "2026-11-23", "starts": "09:00", "ends": "12:00", "pause": "0", "hours": "4", "room_id": "0",
    "place": "三楼会议室", "capacity": "", "enrol_until": "", "audience": "全体执法人员", "content": "", "self_enrol": "y", "every_days": "7", "count": "1",
}  # fmt: skip


class Work:
    """A unit of work past the pages, seeing everything."""

    def __enter__(self) -> Any:
        self.contexts = [use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.training")]
        return [context.__enter__() for context in self.contexts][-1]

    def __exit__(self, *error: Any) -> None:
        for context in reversed(self.contexts):
            context.__exit__(*error)


def person(town: Any, name: str, account: Any = None, number: str = "", **values: Any) -> int:
    """Somebody of a town's staff; returns the id."""
    org_id, account_id = town.id, account.id if account is not None else None
    with Work() as session:
        made = Person(org_id=org_id, name=name, account_id=account_id, **({"employment_type": "公务员"} | values))
        if number:
            made.set_id_number(number)
        session.add(made)
        session.flush()
        return int(made.id)


def session_of(town: Any, start: str, title: str = "培训", category: str = "professional", hours: float = 4, length: float = 3, state: str = "open", **more: Any) -> int:
    """A session of a town, past the pages; returns the id."""
    org_id, begin = town.id, dt.datetime.fromisoformat(start)
    values = {
        "title": title, "category": category, "mode": "定制式", "organiser": "own", "starts_at": begin, "ends_at": begin + dt.timedelta(hours=length),
        "halves": int(hours * 2),
        "lecturer": "", **more,
    }  # fmt: skip
    with Work() as session:
        made = sessions.create(session, session.get(Organisation, org_id), values, begin.date())[0]
        made.state = state
        session.flush()
        return int(made.id)


def there(training_id: int, person_ids: list[int], came: str = "", left: str = "", **values: Any) -> list[int]:
    """Put people into a session: signed in and out (``HH:MM``), throughout where nothing is said; ``-`` for not at all."""
    with Work() as session:
        training = sessions.get(session, training_id)
        day = sessions.local(training.starts_at).date()
        times = [None if text == "-" else sessions.moment(dt.datetime.combine(day, dt.time.fromisoformat(text))) if text else whole
                 for text, whole in ((came, training.starts_at), (left, training.ends_at))]  # fmt: skip
        rows = []
        for key in person_ids:
            found = session.scalars(sa.select(Person).where(Person.id == key)).unique().one()
            state = "enrolled" if times[0] is None else "present" if times[1] is None else "attended"
            row = Enrolment(org_id=found.org_id, session_id=training_id, host_id=training.org_id, person_id=key, person_name=found.name, source="manager", state=state,
                            asked_at=training.starts_at, in_at=times[0], out_at=times[1], **values)  # fmt: skip
            session.add(row)
            session.flush()
            rows.append(int(row.id))
        return rows


def credited(town: Any, start: str, person_ids: list[int], **more: Any) -> int:
    """A session that was held, with everybody there, certified."""
    key = session_of(town, start, state="finished", **more)
    there(key, person_ids)
    certify(key, town)
    return key


def certify(training_id: int, town: Any) -> tuple[int, int]:
    org_id = town.id
    with Work() as session:
        training = sessions.get(session, training_id)
        found = crediting.certify(session, training, org_id, training.held_on)
        training.state = "certified"
        return found


def counted(person_id: int, year: int = 2026) -> float:
    """Hours that count, as they are kept."""
    db.session.rollback()
    with use_scope(EVERYTHING):
        row = db.session.scalars(sa.select(PersonYear).where(PersonYear.person_id == person_id, PersonYear.year == year)).one_or_none()
        return row.counted / 2 if row is not None else 0


def rows_of(model: Any, *where: Any) -> list[Any]:
    db.session.rollback()
    db.session.expire_all()
    with use_scope(EVERYTHING):
        return list(db.session.scalars(sa.select(model).where(*where).order_by(*sa.inspect(model).primary_key)).unique())


def only(model: Any, *where: Any) -> Any:
    found = rows_of(model, *where)
    assert len(found) == 1, found
    return found[0]


def step(post: Any, client: Any, kind: str, key: int, action: str, **data: Any) -> Any:
    """Take a step through its page."""
    address = f"/do/training.{kind}/{key}/{action}"
    return post(client, address, data, page=address)


__all__ = ["Credit", "Training"]
