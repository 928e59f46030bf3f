"""到期清理: the nightly sweep. Warn before the day, expire after it, cancel when the person is gone, have it recovered.

Each step asks for what is due and not yet done, so that running it twice doubles nothing and one run after a month does
all of it. Every chunk is one transaction with its events; a run that is killed is completed by the next.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from plugins.certificates import figures, operations, rules, workflow
from plugins.certificates.models import Certificate
from portal.contract import Job
from portal.database import db
from portal.directory.models import Person, PersonChange
from portal.directory.operations import apply_due_changes
from portal.inbox.service import NewNotice, notify_many
from portal.records.bulk import update_in_chunks
from portal.settings import get_setting
from portal.work import unit_of_work

COUNTS = ("seen", "warned", "expired", "cancelled", "failed")
DIGEST_FROM = 20
"""From so many at once on the clerk gets one notice for all instead of one each."""
LIVING = Certificate.state.in_(rules.VALID_STATES)
EXPIRE = workflow.CERTIFICATE.transition("expire")
CANCEL = workflow.CERTIFICATE.transition("cancel_for_person")


def sweep(context: Any) -> dict[str, Any]:
    """The job: the result holds the counts, over all and per town."""
    report = Report(context.orgs)
    today: dt.date = context.today
    for thresholds, recovery, orgs in _groups(context.orgs, today):
        count = select(Certificate.org_id, func.count()).where(Certificate.org_id.in_(orgs), LIVING).group_by(Certificate.org_id)
        for org_id, number in db.session.execute(count):
            report.add(org_id, "seen", number)
        total = sum(town["seen"] for town in report.towns.values())
        if context.dry_run:
            _rehearse(report, orgs, thresholds, today)
            continue
        with unit_of_work("certificates.person_changes", reason=_("到期清理")) as session:
            applied = apply_due_changes(session, today, orgs)
        if applied:
            context.log(f"{applied} person changes took effect")
        for step in (
            _cancel(report, orgs, recovery, today),
            _expire(report, orgs, recovery, today),
            _warn(report, orgs, thresholds, today),
            _escalate(orgs, today),
        ):
            for text in step:
                context.check()
                context.progress(report.changed(), total, text)
        for failure in report.failures:
            context.log(failure)
    return report.result()


class Report:
    """Counts per town; the towns keep their names in the result."""

    def __init__(self, orgs: Sequence[tuple[int, str, str]]) -> None:
        self.towns: dict[int, dict[str, Any]] = {org_id: {"code": code, "name": name, **dict.fromkeys(COUNTS, 0)} for org_id, code, name in orgs}
        self.failures: list[str] = []

    def add(self, org_id: int, what: str, number: int = 1) -> None:
        self.towns[org_id][what] += number

    def fail(self, keys: Sequence[tuple[int, str]], orgs: dict[int, int]) -> None:
        for key, why in keys:
            self.failures.append(f"certificate {key}: {why}")
            self.add(orgs[key], "failed")

    def changed(self) -> int:
        return sum(town["warned"] + town["expired"] + town["cancelled"] for town in self.towns.values())

    def result(self) -> dict[str, Any]:
        total: dict[str, Any] = {what: sum(town[what] for town in self.towns.values()) for what in COUNTS}
        total["towns"] = {town["name"]: {key: value for key, value in town.items() if key != "name"} for town in self.towns.values()}
        return total


def _groups(orgs: Sequence[tuple[int, str, str]], today: dt.date) -> Iterator[tuple[list[int], Any, list[int]]]:
    """Towns that set the same figures are swept together."""
    alike: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for org_id, _code, _name in orgs:
        due = operations.recovery_due(org_id, today)
        alike[(tuple(get_setting(figures.WARN_DAYS, org_id, today)), due)].append(org_id)
    for (thresholds, due), members in alike.items():
        yield list(thresholds), due, members


def _barred() -> list[tuple[str, ColumnElement[bool]]]:
    """Why a holder may hold no more, with the condition on the person; the first that fits counts."""
    left = [(status, Person.post_status == status) for status in rules.GONE]
    forbidden = [(f"用工性质变更为{kind}", Person.employment_type == kind) for kind in rules.FORBIDDEN_EMPLOYMENT]
    return [*left, *forbidden]


def _present(orgs: list[int]) -> set[str]:
    """The states of people and kinds of employment that bar somebody who holds a certificate at present: mostly none."""
    barred = or_(Person.post_status.in_(rules.GONE), Person.employment_type.in_(rules.FORBIDDEN_EMPLOYMENT))
    found = select(Person.post_status, Person.employment_type).distinct().where(Person.org_id.in_(orgs), barred)
    return {value for row in db.session.execute(found) for value in row}


def _while_good() -> ColumnElement[bool]:
    """The person's change came while the certificate was still good; later it had expired already."""
    return or_(Person.post_status.not_in(rules.GONE), Person.post_status_on.is_(None), Person.post_status_on <= Certificate.valid_until)


def _holder(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Person.id == Certificate.person_id, condition).correlate(Certificate)


def _ended(state: str, reason: str, recovery: Any, today: dt.date) -> dict[str, Any]:
    return {
        "state": state, "state_reason": reason, "state_on": today, "clearing": "due", "clearing_from": today,
        "clearing_due": recovery.day, "clearing_provisional": recovery.provisional,
    }  # fmt: skip


def _cancel(report: Report, orgs: list[int], recovery: Any, today: dt.date) -> Iterator[str]:
    present = _present(orgs)
    for reason, condition in _barred():
        if not any(reason.endswith(value) for value in present):
            continue
        holder = Certificate.person_id.in_(select(Person.id).where(condition))
        where = [Certificate.org_id.in_(orgs), Certificate.state.in_(CANCEL.sources), holder, _holder(and_(condition, _while_good())), _not_long_gone(today)]
        values = _ended(str(CANCEL.target), reason, recovery, today)
        yield from _run(report, "cancelled", where, values, CANCEL.action, recovery.day)


def _not_long_gone(today: dt.date) -> ColumnElement[bool]:
    """Without a recorded day of the change, what is past its own date counts as expired."""
    return or_(Certificate.valid_until >= today, _holder(Person.post_status_on.is_not(None)))


def _expire(report: Report, orgs: list[int], recovery: Any, today: dt.date) -> Iterator[str]:
    where = [Certificate.org_id.in_(orgs), Certificate.state.in_(EXPIRE.sources), Certificate.valid_until < today]
    values = _ended(str(EXPIRE.target), _("有效期届满"), recovery, today)
    yield from _run(report, "expired", where, values, EXPIRE.action, recovery.day)


def _run(report: Report, what: str, where: list[Any], values: dict[str, Any], action: str, due: dt.date) -> Iterator[str]:
    """Change what fits in chunks, and tell the clerks in the same transaction."""
    also = (Certificate.number, Certificate.holder_name, Certificate.valid_until)

    def tell(session: Session, rows: Sequence[Row[Any]]) -> None:
        notify_many(session, _ended_notices(rows, values, due))

    name, reason = f"certificates.certificate.{action}", str(values["state_reason"])
    for chunk in update_in_chunks(Certificate, where, values, action=name, reason=reason, also=also, after=tell):
        for row in chunk.rows:
            report.add(row.org_id, what)
        if chunk.failed:
            report.fail(chunk.failed, _orgs_of(chunk.failed))
        yield action


def _orgs_of(failed: Sequence[tuple[int, str]]) -> dict[int, int]:
    rows = db.session.execute(select(Certificate.id, Certificate.org_id).where(Certificate.id.in_([key for key, _why in failed])))
    return {row.id: row.org_id for row in rows}


def _by_town(rows: Sequence[Row[Any]]) -> dict[int, list[Row[Any]]]:
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.org_id].append(row)
    return found


def _ended_notices(rows: Sequence[Row[Any]], values: dict[str, Any], due: dt.date) -> Iterator[NewNotice]:
    word = str(workflow.CERTIFICATE.state(values["state"]).title)
    for org_id, mine in _by_town(rows).items():
        names = "、".join(f"{row.holder_name}（{row.number}）" for row in mine[:DIGEST_FROM])
        if len(mine) > DIGEST_FROM:
            names += _(" 等")
        yield NewNotice(
            role="certificate_clerk", org_id=org_id, title=_("%(n)s 张执法证件%(word)s，请在 %(day)s 前收回", n=len(mine), word=word, day=due.isoformat()),
            body=f"{values['state_reason']}：{names}", url="/certificates/recovery", key=f"certificates.ended:{values['state']}:{mine[0].id}:{mine[-1].id}",
        )  # fmt: skip


def _warn(report: Report, orgs: list[int], thresholds: list[int], today: dt.date) -> Iterator[str]:
    also = (Certificate.number, Certificate.holder_name, Certificate.valid_until, Certificate.person_id)
    for days, first, last in rules.warning_windows(today, thresholds):
        where = [
            Certificate.org_id.in_(orgs), LIVING, Certificate.valid_until.between(first, last),
            or_(Certificate.warned_days.is_(None), Certificate.warned_days > days),
        ]  # fmt: skip

        def tell(session: Session, rows: Sequence[Row[Any]], days: int = days) -> None:
            notify_many(session, _warnings(session, rows, days, today))

        chunks = update_in_chunks(Certificate, where, {"warned_days": days}, action="certificates.certificate.warn", reason=_("有效期将满"), also=also, after=tell)
        for chunk in chunks:
            for row in chunk.rows:
                report.add(row.org_id, "warned")
            if chunk.failed:
                report.fail(chunk.failed, _orgs_of(chunk.failed))
            yield f"warn {days}"


def _warnings(session: Session, rows: Sequence[Row[Any]], days: int, today: dt.date) -> Iterator[NewNotice]:
    accounts = {
        row.id: row.account_id
        for row in session.execute(select(Person.id, Person.account_id).where(Person.id.in_({row.person_id for row in rows}), Person.account_id.is_not(None)))
    }
    for row in rows:
        if row.person_id in accounts:
            yield NewNotice(
                account_id=accounts[row.person_id], org_id=row.org_id, title=_("您的执法证件将于 %(day)s 到期", day=row.valid_until.isoformat()),
                body=_("证号 %(number)s，还有 %(n)s 天，请办理换证。", number=row.number, n=(row.valid_until - today).days),
                url=f"/certificates/{row.id}", key=f"certificates.warn:{row.id}:{days}",
            )  # fmt: skip
    for org_id, mine in _by_town(rows).items():
        if len(mine) > DIGEST_FROM:
            yield NewNotice(
                role="certificate_clerk", org_id=org_id, title=_("%(n)s 张执法证件在 %(days)s 天内到期", n=len(mine), days=days),
                body=_("请安排换证。"), url=f"/certificates?within={days}", key=f"certificates.warn:{days}:{mine[0].id}:{mine[-1].id}",
            )  # fmt: skip
            continue
        for row in mine:
            yield NewNotice(
                role="certificate_clerk", org_id=org_id, title=_("%(name)s 的执法证件将于 %(day)s 到期", name=row.holder_name, day=row.valid_until.isoformat()),
                body=_("证号 %(number)s，还有 %(n)s 天，请办理换证。", number=row.number, n=(row.valid_until - today).days),
                url=f"/certificates/{row.id}", key=f"certificates.warn:{row.id}:{days}",
            )  # fmt: skip


def _escalate(orgs: list[int], today: dt.date) -> Iterator[str]:
    """Recovery that is overdue goes to the supervisor, once a certificate."""
    where = [Certificate.org_id.in_(orgs), Certificate.clearing == "due", Certificate.clearing_due < today, Certificate.escalated_on.is_(None)]

    def tell(session: Session, rows: Sequence[Row[Any]]) -> None:
        names = {row.id: row.name for row in session.execute(select(operations.Organisation.id, operations.Organisation.name))}
        notify_many(
            session,
            [
                NewNotice(
                    role="supervisor", org_id=None, title=_("%(town)s有 %(n)s 张执法证件逾期未收回", town=names[org_id], n=len(mine)),
                    body=_("请督促收回。"), url="/certificates/recovery?overdue=1", key=f"certificates.overdue:{org_id}:{mine[0].id}:{mine[-1].id}",
                )
                for org_id, mine in _by_town(rows).items()
            ],
        )  # fmt: skip

    for _chunk in update_in_chunks(Certificate, where, {"escalated_on": today}, action="certificates.certificate.escalate", reason=_("逾期未收回"), after=tell):
        yield "escalate"


# -- the dry run ------------------------------------------------------------------------------------------------------


def _coming(condition: ColumnElement[bool], today: dt.date) -> ColumnElement[bool]:
    """A change of the holder whose day has come and that the run would let take effect."""
    change = PersonChange
    return exists().where(change.person_id == Certificate.person_id, change.applied_at.is_(None), change.effective_on <= today, condition).correlate(Certificate)


def _rehearse(report: Report, orgs: list[int], thresholds: list[int], today: dt.date) -> None:
    """Count what a run would do, without a single write."""
    town = Certificate.org_id.in_(orgs)
    barred = [and_(_holder(and_(condition, _while_good())), _not_long_gone(today)) for _reason, condition in _barred()]
    leaving = PersonChange.kind.in_(("retire", "leave", "transfer", "move")) & (PersonChange.effective_on <= Certificate.valid_until)
    forbidden = (PersonChange.kind == "employment") & PersonChange.new_value.in_(rules.FORBIDDEN_EMPLOYMENT)
    cancelled = or_(*barred, _coming(leaving, today), _coming(forbidden, today))
    ways: list[tuple[str, Any]] = [
        ("cancelled", cancelled),
        ("expired", and_(~cancelled, Certificate.valid_until < today)),
    ]
    for days, first, last in rules.warning_windows(today, thresholds):
        unwarned = or_(Certificate.warned_days.is_(None), Certificate.warned_days > days)
        ways.append(("warned", and_(~cancelled, Certificate.valid_until.between(first, last), unwarned)))
    for what, condition in ways:
        for org_id, number in db.session.execute(select(Certificate.org_id, func.count()).where(town, LIVING, condition).group_by(Certificate.org_id)):
            report.add(org_id, what, number)


JOB = Job(
    name="certificates.sweep",
    title=_l("执法证件到期清理"),
    function=sweep,
    schedule={"hour": 1, "minute": 30},
    plugin="certificates",
)
