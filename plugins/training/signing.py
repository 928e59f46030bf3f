"""Sign-in: by a code that changes every half minute, from the paper sheet, and corrections that leave the original standing."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from plugins.training import figures, rules
from plugins.training.models import Enrolment, Sign, Training
from plugins.training.sessions import local, moment
from portal.context import current_actor
from portal.crypto import keyring
from portal.database import utcnow
from portal.errors import Conflict, NotFound, Refused
from portal.text import whole

PURPOSE = "training.sign"
SCREEN = "training.screen"
SECONDS = 30
CONFIRM_SECONDS = 300
Times = tuple[dt.datetime | None, dt.datetime | None]


# -- the changing code ---------------------------------------------------------------------------------------------------


def _mac(purpose: str, text: str, length: int = 10) -> str:
    return base64.b32encode(keyring().blind_index(purpose, text)[:length]).decode().rstrip("=")


def step_of(now: dt.datetime) -> int:
    return int(now.timestamp()) // SECONDS


def code(training: Training, now: dt.datetime) -> str:
    """The code shown now: signed, for this session and this half minute."""
    return _mac(PURPOSE, f"{training.uid}:{step_of(now)}")


def code_fits(training: Training, shown: str, now: dt.datetime) -> bool:
    """Whether a code is the present one or the one before it: a telephone needs a moment."""
    return any(hmac.compare_digest(shown.encode(), _mac(PURPOSE, f"{training.uid}:{step_of(now) - back}").encode()) for back in (0, 1))


def ticket(training: Training, account_id: int, now: dt.datetime) -> str:
    """What the page of a good code carries to its button: good for five minutes and for one account."""
    stamp = int(now.timestamp())
    return f"{stamp}.{_mac(PURPOSE, f'ticket:{training.uid}:{account_id}:{stamp}', 15)}"


def ticket_fits(training: Training, account_id: int, text: str, now: dt.datetime) -> bool:
    head, _dot, mac = text.partition(".")
    stamp = whole(head, 11)
    if stamp is None or not 0 <= now.timestamp() - stamp <= CONFIRM_SECONDS:
        return False
    return hmac.compare_digest(mac.encode(), _mac(PURPOSE, f"ticket:{training.uid}:{account_id}:{stamp}", 15).encode())


def screen_key(training: Training) -> str:
    """The key in the address of the screen in the room, which shows the code and nothing else and needs no login."""
    return _mac(SCREEN, f"{training.uid}:{training.held_on}", 20)


# -- signing -------------------------------------------------------------------------------------------------------------


def _write(session: Session, row: Enrolment, kind: str, at: dt.datetime | None, how: str, reason: str = "") -> None:
    session.add(
        Sign(org_id=row.org_id, enrolment_id=row.id, host_id=row.host_id, kind=kind, at=at, how=how, by=current_actor().name, noted_at=utcnow(), reason=reason[:200])
    )


def own_row(session: Session, training: Training, person_id: int) -> Enrolment | None:
    return session.scalars(select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.person_id == person_id)).one_or_none()


def scan(session: Session, training: Training, row: Enrolment, now: dt.datetime) -> str:
    """Sign in, or out, by the code; returns ``in`` or ``out``. Raises Refused outside the times or when signed in elsewhere."""
    before, after = (figures.figure(key, training.org_id, training.held_on) for key in (figures.SIGN_BEFORE, figures.SIGN_AFTER))
    if training.state != "open":
        raise Refused(_("这期培训现在不能签到。"))
    if now < training.starts_at - dt.timedelta(minutes=before):
        raise Refused(_("还不到签到时间：开始前 %(n)s 分钟可以签到。", n=before))
    if now > training.ends_at + dt.timedelta(minutes=after):
        raise Refused(_("签到时间已过，请联系培训管理员按纸质记录补登。"))
    if row.state == "waiting":
        raise Refused(_("您在候补名单中，尚未取得席位。"))
    if row.out_at is not None:
        raise Conflict(_("您已于 %(at)s 签退。", at=f"{local(row.out_at):%H:%M}"))
    if row.in_at is None:
        _refuse_elsewhere(session, training, row)
        if now > training.ends_at:
            raise Refused(_("培训已经结束，不能再签到。"))
        row.in_at, row.state = now, "present"
        _write(session, row, "in", now, "qr")
        session.flush()
        return "in"
    if now < training.starts_at:
        raise Conflict(_("您已于 %(at)s 签到；培训开始后再扫码签退。", at=f"{local(row.in_at):%H:%M}"))
    row.out_at, row.state = now, "attended"
    _write(session, row, "out", now, "qr")
    session.flush()
    return "out"


def _refuse_elsewhere(session: Session, training: Training, row: Enrolment) -> None:
    """Nobody is in two rooms at a time."""
    elsewhere = (
        select(Training.title)
        .join(Enrolment, Enrolment.session_id == Training.id)
        .where(
            Enrolment.person_id == row.person_id, Enrolment.state == "present", Training.id != training.id, Training.state == "open",
            Training.starts_at < training.ends_at, Training.ends_at > training.starts_at,
        )
    )  # fmt: skip
    title = session.scalar(elsewhere.limit(1))
    if title is not None:
        raise Refused(_("您已在同一时间的“%(title)s”签到，尚未签退。", title=title))


def enter(session: Session, training: Training, times: Mapping[int, Times], reason: str) -> int:
    """Times from the paper sheet, by enrolment; returns how many changed. What was there already is corrected, with a reason.

    A time of None clears what was there.
    """
    check_enterable(training)
    rows = session.scalars(select(Enrolment).where(Enrolment.session_id == training.id, Enrolment.id.in_(list(times)))).all()
    if len(rows) != len(times):
        raise NotFound(_("名单刚刚有变动，请重新打开后再录入。"))
    changed = 0
    for row in sorted(rows, key=lambda found: found.id):
        came, left = times[row.id]
        if (came, left) == (row.in_at, row.out_at):
            continue
        if row.state in ("credited", "waiting", "cancelled"):
            raise Refused(_("%(name)s 的学时已认定或没有席位，不能录入。", name=row.person_name))
        _check_times(training, row, came, left)
        corrects = row.in_at is not None
        if corrects and not reason.strip():
            raise Refused(_("更正 %(name)s 已有的签到须写明原因。", name=row.person_name), field="reason")
        how, why = ("correction", reason.strip()) if corrects else ("paper", "")
        _set(session, row, came, left, how, why)
        changed += 1
    session.flush()
    return changed


def _set(session: Session, row: Enrolment, came: dt.datetime | None, left: dt.datetime | None, how: str, why: str) -> None:
    if came is None:
        _write(session, row, "clear", None, how, why)
    elif came != row.in_at:
        _write(session, row, "in", came, how, why)
    if left is not None and left != row.out_at:
        _write(session, row, "out", left, how, why)
    elif left is None and came is not None and row.out_at is not None:
        _write(session, row, "clear", None, how, why)
        if came == row.in_at:
            _write(session, row, "in", came, how, why)
    row.in_at, row.out_at = came, left
    row.state = "attended" if left is not None else "present" if came is not None else "enrolled"
    row.refusal = ""


def _check_times(training: Training, row: Enrolment, came: dt.datetime | None, left: dt.datetime | None) -> None:
    if left is not None and came is None:
        raise Refused(_("%(name)s 有签退没有签到。", name=row.person_name))
    if came is not None and left is not None and left <= came:
        raise Refused(_("%(name)s 的签退不能早于签到。", name=row.person_name))
    span = (training.starts_at - dt.timedelta(hours=4), training.ends_at + dt.timedelta(hours=4))
    if any(at is not None and not span[0] <= at <= span[1] for at in (came, left)):
        raise Refused(_("%(name)s 的签到时间不在培训当天。", name=row.person_name))


def check_enterable(training: Training) -> None:
    if training.state not in ("open", "finished", "certified"):
        raise Refused(_("这期培训现在不能录入签到。"))


def at_time(training: Training, clock: dt.time | None) -> dt.datetime | None:
    """A time of day typed for a session, as a moment: after midnight where the session crosses it. ``time.max`` is its end."""
    if clock is None:
        return None
    if clock == dt.time.max:
        return training.ends_at
    start, end = local(training.starts_at), local(training.ends_at)
    found = dt.datetime.combine(start.date(), clock)
    if end.date() > start.date() and found < start - dt.timedelta(hours=4):
        found += dt.timedelta(days=1)
    return moment(found)


def from_quick(training: Training, rows: Sequence[Any], typed: Mapping[int, tuple[dt.time | None, dt.time | None]]) -> dict[int, Times]:
    """Quick entry by the numbers of the printed sheet, as times by enrolment; no time of coming is the start."""
    return {rows[number - 1].id: (training.starts_at if came is None else at_time(training, came), at_time(training, left)) for number, (came, left) in typed.items()}


def full_minutes(training: Training) -> int:
    return rules.net_minutes(local(training.starts_at), local(training.ends_at), training.pause)
