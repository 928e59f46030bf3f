"""Sessions: planning them, rooms and clashes, series, who is invited, who has a seat, who waits."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from plugins.training import figures, rules, words, years
from plugins.training.models import Enrolment, Room, TownInvitation, Training
from portal.config import current_settings
from portal.context import current_actor
from portal.database import utcnow
from portal.directory.models import TOWN_KINDS, Organisation, Person
from portal.errors import NotFound, Refused
from portal.inbox.service import NewNotice, notify_many
from portal.records.numbers import format_number, next_number

Data = Mapping[str, Any]
FIELDS = (
    "title", "course", "category", "mode", "delivery", "organiser", "organiser_org_id", "organiser_name", "lecturer", "room_id", "place", "pause", "halves", "capacity",
    "enrol_until", "audience", "content", "exam_needed", "self_enrol", "plan_item_id", "cost_fen",
)  # fmt: skip
ON_POST = ("在岗", "离岗")


def local(moment: dt.datetime) -> dt.datetime:
    """A moment in the office's zone, without its zone: as rules take it."""
    return moment.astimezone(current_settings().zone).replace(tzinfo=None)


def moment(value: dt.datetime) -> dt.datetime:
    """What was typed as local time, as a moment."""
    return value.replace(tzinfo=current_settings().zone).astimezone(dt.UTC)


def get(session: Session, key: int, *, lock: bool = False) -> Training:
    """A session that the acting role sees; NotFound alike for what is not there and what is not ours."""
    statement = select(Training).where(Training.id == key)
    found = session.scalars(statement.with_for_update(of=Training) if lock else statement).unique().one_or_none() if key < 2**31 else None
    if found is None:
        raise NotFound(_("没有找到这期培训。"))
    return found


def is_host(training: Training) -> bool:
    """Whether whoever acts belongs to the organisation that holds it; the supervisor holds the district's only."""
    return training.org_id == current_actor().org_id


def check_host(training: Training) -> None:
    if not is_host(training):
        raise NotFound(_("没有找到这期培训。"))


# -- making and changing ------------------------------------------------------------------------------------------------


def create(session: Session, org: Organisation, values: Data, today: dt.date, *, every_days: int = 0, count: int = 1) -> list[Training]:
    """Plan a session, or a series of them. Raises Refused at the field that is wrong."""
    start, end = values["starts_at"], values["ends_at"]
    try:
        starts = rules.weekly(start, every_days, count) if count > 1 else [start]
    except rules.RuleError as error:
        raise words.refused(error, "count") from None
    series = uuid.uuid4().hex if count > 1 else ""
    made = []
    for number, begin in enumerate(starts, 1):
        whole = {**values, "starts_at": begin, "ends_at": begin + (end - start)}
        if count > 1:
            whole["title"] = _("%(title)s（第 %(n)s 期）", title=str(values["title"])[:88], n=number)
        made.append(_create(session, org, whole, series, today))
    return made


def _create(session: Session, org: Organisation, values: Data, series: str, today: dt.date) -> Training:
    year = rules.year_of(values["starts_at"])
    training = Training(org_id=org.id, series=series, year=year, number="", seq=0, title="", category="other", mode="", organiser="own", organiser_name="", halves=1,
                        starts_at=utcnow(), ends_at=utcnow(), held_on=today)  # fmt: skip
    fill(session, training, org, values, today)
    training.seq = next_number(session, org.id, "training", year)
    training.number = format_number(figures.figure(figures.NUMBER, org.id, today), org.short_name, year, training.seq)
    session.add(training)
    session.flush()
    return training


def fill(session: Session, training: Training, org: Organisation, values: Data, today: dt.date) -> bool:
    """Check and take over what was typed; returns whether time or place changed."""
    start, end = values["starts_at"], values["ends_at"]
    if not 2000 <= start.year <= today.year + 2:
        raise Refused(_("请核对培训日期。"), field="day")
    if org.is_town and start.year < today.year:
        try:
            years.check_open(session, org.id, start.year)
        except Refused as error:
            raise Refused(error.message, field="day") from None
    minutes = figures.figure(figures.MINUTES, org.id, start.date())
    try:
        rules.check_session(start, end, values.get("pause") or 0, values["halves"], minutes)
    except rules.RuleError as error:
        raise words.refused(error, {"length": "hours", "hours": "hours", "pause": "pause"}.get(error.code, "ends")) from None
    if values.get("enrol_until") and values["enrol_until"] > start.date():
        raise Refused(_("报名截止日期不能晚于培训当天。"), field="enrol_until")
    _check_organiser(session, org, values)
    _check_room(session, training, org, values, start, end)
    before = (training.starts_at, training.ends_at, training.place, training.room_id)
    for name in FIELDS:
        if name in values:
            setattr(training, name, values[name])
    if training.organiser == "own":
        training.organiser_name, training.organiser_org_id = org.name, org.id
    elif training.organiser_org_id and not training.organiser_name:
        training.organiser_name = session.scalars(select(Organisation.name).where(Organisation.id == training.organiser_org_id)).one()
    training.starts_at, training.ends_at, training.held_on, training.year = moment(start), moment(end), start.date(), rules.year_of(start)
    return before != (training.starts_at, training.ends_at, training.place, training.room_id)


def _check_organiser(session: Session, org: Organisation, values: Data) -> None:
    kind, chosen, name = values["organiser"], values.get("organiser_org_id"), str(values.get("organiser_name") or "").strip()
    if kind in ("department", "entrusting") and not chosen:
        raise Refused(_("请选择主办的区级部门。"), field="organiser_org_id")
    if kind in ("municipal", "other") and not name:
        raise Refused(_("请填写主办单位名称。"), field="organiser_name")
    if (
        chosen
        and session.scalar(select(Organisation.id).where(Organisation.id == chosen, Organisation.kind.in_(("department", "district")))) is None
        and chosen != org.id
    ):
        raise Refused(_("请选择主办的区级部门。"), field="organiser_org_id")


def _check_room(session: Session, training: Training, org: Organisation, values: Data, start: dt.datetime, end: dt.datetime) -> None:
    """Room and lecturer are in one place at a time; whoever knows better says so."""
    room_id = values.get("room_id")
    room = session.scalars(select(Room).where(Room.id == room_id, Room.org_id == org.id)).one_or_none() if room_id else None
    if room_id and room is None:
        raise Refused(_("请从列表中选择场地。"), field="room_id")
    if room is not None and room.seats and values.get("capacity") and values["capacity"] > room.seats:
        raise Refused(_("“%(room)s”只有 %(n)s 个座位。", room=room.name, n=room.seats), field="capacity")
    if values.get("allow_clash"):
        return
    same = [Training.room_id == room_id] if room_id else []
    if values.get("lecturer"):
        same.append(Training.lecturer == values["lecturer"])
    if not same:
        return
    found = select(Training).where(
        Training.org_id == org.id, Training.state.in_(rules.LIVING), Training.timed, Training.id != (training.id or 0), or_(*same),
        Training.starts_at < moment(end), Training.ends_at > moment(start),
    )  # fmt: skip
    other = session.scalars(found.order_by(Training.starts_at).limit(1)).unique().first()
    if other is not None:
        what = room.name if room is not None and other.room_id == room_id else values["lecturer"]
        where = "room_id" if room is not None and other.room_id == room_id else "lecturer"
        raise Refused(_("“%(what)s”在 %(at)s 已安排给 %(number)s《%(title)s》；确需安排的，请勾选“仍要安排”。", what=what, at=f"{local(other.starts_at):%m-%d %H:%M}",
                        number=other.number, title=other.title), field=where)  # fmt: skip


def edit(session: Session, training: Training, values: Data, today: dt.date) -> None:
    """Change a session that has not been held; everybody with a seat is told when time or place move."""
    if training.state not in ("planned", "open"):
        raise Refused(_("已经结束的培训不能修改。"))
    org = session.get(Organisation, training.org_id)
    assert org is not None
    moved = fill(session, training, org, values, today)
    promote(session, training, training.org_id)
    if moved and training.state == "open":
        training.sequence += 1
        tell_all(session, training, _("培训时间或地点有变：%(title)s，%(at)s，%(place)s", title=training.title, at=f"{local(training.starts_at):%m-%d %H:%M}",
                                      place=place_of(session, training)), f"moved:{training.sequence}", urgent=True)  # fmt: skip
    session.flush()


def place_of(session: Session, training: Training) -> str:
    """Where it is held, in words."""
    room = session.scalars(select(Room).where(Room.id == training.room_id)).one_or_none() if training.room_id else None
    return " ".join(part for part in ((room.place if room else ""), (room.name if room else ""), training.place) if part)


# -- inviting other towns -------------------------------------------------------------------------------------------------


def towns(session: Session) -> list[Organisation]:
    found = select(Organisation).where(Organisation.kind.in_(TOWN_KINDS), Organisation.active).order_by(Organisation.weight, Organisation.id)
    return list(session.scalars(found))


def invite(session: Session, training: Training, quotas: Mapping[int, int]) -> int:
    """Set which towns may send how many; nought takes an invitation back where nobody was nominated. Returns how many there are."""
    check_host(training)
    if training.state not in ("planned", "open"):
        raise Refused(_("已经结束的培训不能再邀请参训单位。"))
    known = {row.org_id: row for row in session.scalars(select(TownInvitation).where(TownInvitation.session_id == training.id)).unique()}
    names = {town.id: town for town in towns(session) if town.id != training.org_id}
    for org_id, quota in quotas.items():
        if org_id not in names or not 0 <= quota <= 1000:
            raise Refused(_("名额请填写 0 至 1000 之间的整数。"))
        row = known.get(org_id)
        if row is None and quota:
            row = known[org_id] = TownInvitation(org_id=org_id, session_id=training.id, host_id=training.org_id, quota=quota, state="invited")
            session.add(row)
        elif row is not None and quota != row.quota:
            if quota < taken(session, training.id, org_id):
                raise Refused(_("%(town)s 已推荐的人数多于 %(n)s 人，请先与该街镇联系。", town=names[org_id].name, n=quota))
            row.quota = quota
            row.state = "invited" if quota and row.state in ("declined", "cancelled") else row.state if quota else "cancelled"
            session.flush()
            promote(session, training, org_id)
    session.flush()
    if training.state == "open":
        tell_towns(session, training)
    return sum(row.quota > 0 for row in known.values())


def tell_towns(session: Session, training: Training) -> None:
    """Managers of the invited towns are told, once."""
    rows = session.scalars(select(TownInvitation).where(TownInvitation.session_id == training.id, TownInvitation.state == "invited")).unique().all()
    host = training.organisation.name
    notify_many(session, [
        NewNotice(
            _("%(host)s 请推荐 %(n)s 人参训：%(title)s", host=host, n=row.quota, title=training.title), f"training.invited:{training.id}:{row.org_id}",
            url=f"/training/{training.id}", role=role, org_id=row.org_id,
        )
        for row in rows for role in ("training_manager", "office_head")
    ])  # fmt: skip


def invitation(session: Session, training_id: int, org_id: int | None) -> TownInvitation | None:
    found = select(TownInvitation).where(TownInvitation.session_id == training_id, TownInvitation.org_id == (org_id or 0))
    return session.scalars(found).unique().one_or_none()


# -- seats --------------------------------------------------------------------------------------------------------------


def limit_of(session: Session, training: Training, org_id: int) -> int | None:
    """How many people of a town may come: the capacity for the host's own, the quota for others. Raises NotFound where none."""
    if org_id == training.org_id:
        return training.capacity
    found = invitation(session, training.id, org_id)
    if found is None or found.state in ("cancelled", "declined"):
        raise NotFound(_("没有找到这期培训。"))
    return found.quota


def taken(session: Session, training_id: int, org_id: int) -> int:
    counted = select(func.count()).select_from(Enrolment).where(Enrolment.session_id == training_id, Enrolment.org_id == org_id, Enrolment.state.in_(rules.SEATED))
    return session.scalar(counted) or 0


def unit_of(person: Person) -> str:
    return " ".join(part for part in (person.organisation.name, person.team) if part)


def check_person(person: Person) -> None:
    if person.post_status not in ON_POST:
        raise Refused(_("%(name)s 已%(status)s，不能报名。", name=person.name, status=person.post_status))


def clash(session: Session, training: Training, person_ids: Sequence[int]) -> dict[int, str]:
    """People who have a seat in another session at the same time, with its title."""
    if not training.timed:
        return {}
    found = (
        select(Enrolment.person_id, Training.title)
        .join(Training, Training.id == Enrolment.session_id)
        .where(
            Enrolment.person_id.in_(person_ids), Enrolment.state.in_(("enrolled", "present", "attended")), Training.id != training.id, Training.timed,
            Training.state.in_(rules.LIVING), Training.starts_at < training.ends_at, Training.ends_at > training.starts_at,
        )
    )  # fmt: skip
    return {row.person_id: row.title for row in session.execute(found)}


def enrol(session: Session, training: Training, people: Sequence[Person], source: str, today: dt.date, *, late: bool = False) -> list[Enrolment]:
    """Give people of one town a seat, or a place on the waiting list. Raises Refused naming whoever cannot come.

    ``late``: at the door, when enrolment is over; the session must not have been certified.
    """
    allowed = ("open", "finished") if late else ("open",)
    if training.state not in allowed:
        raise Refused(_("这期培训现在不能报名。"))
    if not late and training.enrol_until and today > training.enrol_until:
        raise Refused(_("报名已于 %(day)s 截止。", day=training.enrol_until))
    clashes = clash(session, training, [person.id for person in people])
    for person in people:
        check_person(person)
        if person.id in clashes:
            raise Refused(_("%(name)s 同一时间已报名“%(title)s”。", name=person.name, title=clashes[person.id]))
    org_ids = {person.org_id for person in people}
    limits = {org_id: limit_of(session, training, org_id) for org_id in org_ids}
    seats = {org_id: taken(session, training.id, org_id) for org_id in org_ids}
    known = {row.person_id: row for row in session.scalars(select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.person_id.in_([p.id for p in people])))}
    made = []
    for person in people:
        row = known.get(person.id)
        if row is not None and row.state != "cancelled":
            made.append(row)
            continue
        state = rules.seat(seats[person.org_id], limits[person.org_id])
        if row is None:
            row = Enrolment(org_id=person.org_id, session_id=training.id, host_id=training.org_id, person_id=person.id, person_name=person.name,
                unit=unit_of(person)[:100],
                            source=source, state=state, asked_at=utcnow())  # fmt: skip
            session.add(row)
        else:
            row.state, row.asked_at, row.source = state, utcnow(), source
        seats[person.org_id] += state == "enrolled"
        made.append(row)
    session.flush()
    return made


def unenrol(session: Session, training: Training, row: Enrolment) -> None:
    """Give a seat back; whoever waits longest gets it and is told."""
    if row.state not in ("enrolled", "waiting"):
        raise Refused(_("%(name)s 已签到，不能取消报名。", name=row.person_name))
    row.state = "cancelled"
    session.flush()
    promote(session, training, row.org_id)


def promote(session: Session, training: Training, org_id: int) -> int:
    """Seats that are free go to whoever waits, in the order of asking; returns how many."""
    try:
        limit = limit_of(session, training, org_id)
    except NotFound:
        return 0
    free = None if limit is None else limit - taken(session, training.id, org_id)
    if free is not None and free <= 0:
        return 0
    waiting = (
        select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.org_id == org_id, Enrolment.state == "waiting").order_by(Enrolment.asked_at, Enrolment.id)
    )
    rows = session.scalars(waiting.limit(free) if free is not None else waiting).all()
    for row in rows:
        row.state = "enrolled"
    session.flush()
    tell_people(session, training, rows, _("候补成功：%(title)s", title=training.title), "seat")
    return len(rows)


# -- telling ------------------------------------------------------------------------------------------------------------


def tell_people(session: Session, training: Training, rows: Iterable[Enrolment], title: str, key: str, *, urgent: bool = False) -> None:
    """A notice to those enrolled who have an account."""
    ids = [row.person_id for row in rows]
    accounts = session.execute(select(Person.account_id, Person.org_id).where(Person.id.in_(ids), Person.account_id.is_not(None))).all() if ids else []
    notify_many(session, [
        NewNotice(title, f"training.{key}:{training.id}", url="/training/mine", account_id=row.account_id, org_id=row.org_id, urgent=urgent) for row in accounts
    ])  # fmt: skip


def tell_all(session: Session, training: Training, title: str, key: str, *, urgent: bool = False) -> None:
    """Everybody with a seat or on the waiting list, and the managers of the invited towns."""
    rows = session.scalars(select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.state.in_(("enrolled", "waiting", "present")))).all()
    tell_people(session, training, [row for row in rows if row.org_id == training.org_id], title, key, urgent=urgent)
    invited = session.scalars(select(TownInvitation.org_id).where(TownInvitation.session_id == training.id, TownInvitation.state == "invited")).all()
    notify_many(session, [
        NewNotice(title, f"training.{key}:{training.id}", url=f"/training/{training.id}", role=role, org_id=org_id, urgent=urgent)
        for org_id in invited for role in ("training_manager", "office_head")
    ])  # fmt: skip
