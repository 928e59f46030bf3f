"""Examinations: candidates, papers drawn with a kept seed, answers saved one by one, marking at once, results by list."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from plugins.training import rules_exam, words
from plugins.training.models import Enrolment
from plugins.training.models_file import Answer, Attempt, Exam, Pass, Question
from plugins.training.sessions import check_person, local, moment, unit_of
from portal.context import current_actor
from portal.database import utcnow
from portal.directory.models import Organisation, Person
from portal.errors import Conflict, NotFound, Refused
from portal.inbox.service import NewNotice, notify_many
from portal.tenancy import crossing, current_scope

Data = Mapping[str, Any]
MOST_QUESTIONS = 200


def get(session: Session, key: int, *, lock: bool = False) -> Exam:
    statement = select(Exam).where(Exam.id == key)
    found = session.scalars(statement.with_for_update(of=Exam) if lock else statement).unique().one_or_none() if key < 2**31 else None
    if found is None:
        raise NotFound(_("没有找到这场考试。"))
    return found


def is_host(exam: Exam) -> bool:
    return exam.org_id == current_actor().org_id


def check_host(exam: Exam) -> None:
    if not is_host(exam):
        raise NotFound(_("没有找到这场考试。"))


def digest_of(subject: str, kind: str, text: str) -> str:
    """What makes a question the same one."""
    return hashlib.sha256("\0".join((subject, kind, "".join(text.split()))).encode()).hexdigest()[:32]


# -- the pool -------------------------------------------------------------------------------------------------------------


def pool_owner(session: Session, exam: Exam) -> int | None:
    """Beside its own pool a town may draw from the district's."""
    return session.scalar(select(Organisation.id).where(Organisation.kind == "district").order_by(Organisation.id).limit(1))


def pool(session: Session, exam: Exam) -> dict[tuple[str, str], list[int]]:
    """Usable questions by subject and kind: the host's own, and the district's of subjects that the host has none of."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    columns = (Question.subject, Question.kind, Question.id)
    for subject, kind, key in session.execute(select(*columns).where(Question.org_id == exam.org_id, Question.active).order_by(Question.id)):
        found[(subject, kind)].append(key)
    own = {subject for subject, _kind in found}
    district = pool_owner(session, exam)
    if district is not None and district != exam.org_id:
        with crossing("training.questions", exam.title):
            for subject, kind, key in session.execute(select(*columns).where(Question.org_id == district, Question.active).order_by(Question.id)):
                if subject not in own:
                    found[(subject, kind)].append(key)
    return dict(found)


def parts_of(exam: Exam) -> list[rules_exam.Part]:
    return [rules_exam.Part(part["subject"], part["kind"], part["count"], part["marks"]) for part in exam.parts]


def check_parts(session: Session, exam: Exam) -> None:
    """Raise Refused where the pool holds too few questions for the paper."""
    parts = parts_of(exam)
    if not parts:
        raise Refused(_("请设定试卷的组成：至少一个科目和题型。"))
    if sum(part.count for part in parts) > MOST_QUESTIONS:
        raise Refused(_("一份试卷最多 %(n)s 题。", n=MOST_QUESTIONS))
    there = pool(session, exam)
    for part in parts:
        have = len(there.get((part.subject, part.kind), ()))
        if have < part.count:
            raise Refused(
                _("题库“%(subject)s”的%(kind)s只有 %(have)s 题，不足 %(n)s 题。", subject=part.subject, kind=words.QUESTION_KINDS[part.kind], have=have, n=part.count)
            )


# -- making an examination -----------------------------------------------------------------------------------------------


def create(session: Session, org: Organisation, values: Data) -> Exam:
    exam = Exam(org_id=org.id, seed=secrets.token_hex(8), state="draft", title="", kind="other", way="online", opens_at=utcnow(), closes_at=utcnow(), parts=[])
    fill(exam, values)
    session.add(exam)
    session.flush()
    return exam


def fill(exam: Exam, values: Data) -> None:
    if values["closes_at"] <= values["opens_at"]:
        raise Refused(_("结束不能早于开始。"), field="closes_at")
    if not 2000 <= values["opens_at"].year <= 2100 or not 2000 <= values["closes_at"].year <= 2100:
        raise Refused(_("请核对考试日期。"), field="opens_at")
    for name in ("title", "kind", "way", "session_id", "minutes", "pass_mark", "attempts"):
        setattr(exam, name, values[name])
    exam.opens_at, exam.closes_at = moment(values["opens_at"]), moment(values["closes_at"])
    if "parts" in values:
        exam.parts = values["parts"]


def open_exam(session: Session, exam: Exam, _data: Data, _today: dt.date) -> None:
    """开放考试: from here on the paper's composition stands; candidates are told."""
    check_host(exam)
    if exam.way == "online":
        check_parts(session, exam)
    rows = session.scalars(select(Attempt).where(Attempt.exam_id == exam.id, Attempt.state == "registered")).all()
    if not rows:
        raise Refused(_("还没有考生。"))
    if exam.way == "online":
        title = _(
            "考试：%(title)s，%(from)s 至 %(to)s", **{"title": exam.title, "from": f"{local(exam.opens_at):%m-%d %H:%M}", "to": f"{local(exam.closes_at):%m-%d %H:%M}"}
        )
        people = [row.person_id for row in rows if row.org_id == exam.org_id]
        accounts = session.execute(select(Person.account_id, Person.org_id).where(Person.id.in_(people), Person.account_id.is_not(None))).all() if people else []
        notify_many(session, [NewNotice(title, f"training.exam:{exam.id}", url="/training/mine", account_id=row.account_id, org_id=row.org_id) for row in accounts])


def close_exam(session: Session, exam: Exam, _data: Data, _today: dt.date) -> None:
    """结束考试: what still runs is handed in as it stands, whoever did not come was absent."""
    check_host(exam)
    for row in session.scalars(select(Attempt).where(Attempt.exam_id == exam.id, Attempt.state.in_(("running", "registered")))):
        if row.state == "running":
            hand_in(session, exam, row, utcnow())
        else:
            row.state = "absent"


def add_people(session: Session, exam: Exam, people: Sequence[Person]) -> int:
    """Register candidates; those who are registered stay as they are. Returns how many are new."""
    check_host(exam)
    if exam.state == "closed":
        raise Refused(_("考试已经结束。"))
    known = set(session.scalars(select(Attempt.person_id).where(Attempt.exam_id == exam.id)))
    new = [person for person in people if person.id not in known]
    for person in new:
        check_person(person)
        _register(session, exam, person.org_id, person.id, person.name, unit_of(person), 1)
    session.flush()
    return len(new)


def add_enrolled(session: Session, exam: Exam) -> int:
    """Register everybody with a seat in the examination's session."""
    check_host(exam)
    known = set(session.scalars(select(Attempt.person_id).where(Attempt.exam_id == exam.id)))
    seated = select(Enrolment).where(Enrolment.session_id == exam.session_id, Enrolment.state.in_(("enrolled", "present", "attended", "refused")))
    new = [row for row in session.scalars(seated.order_by(Enrolment.id)) if row.person_id not in known]
    for row in new:
        _register(session, exam, row.org_id, row.person_id, row.person_name, row.unit, 1)
    session.flush()
    return len(new)


def _register(session: Session, exam: Exam, org_id: int, person_id: int, name: str, unit: str, number: int) -> Attempt:
    row = Attempt(org_id=org_id, exam_id=exam.id, host_id=exam.org_id, person_id=person_id, person_name=name, unit=unit[:100], number=number, state="registered")
    session.add(row)
    return row


# -- taking it ------------------------------------------------------------------------------------------------------------


def mine(session: Session, exam: Exam, person_id: int) -> Attempt | None:
    """The latest try of somebody."""
    found = select(Attempt).where(Attempt.exam_id == exam.id, Attempt.person_id == person_id, Attempt.state != "void").order_by(Attempt.number.desc())
    return session.scalars(found.limit(1)).first()


def start(session: Session, exam: Exam, person_id: int, now: dt.datetime) -> Attempt:
    """Draw the paper and start the clock; whoever has started already goes on where they were."""
    row = mine(session, exam, person_id)
    if row is None:
        raise NotFound(_("没有找到这场考试。"))
    if row.state == "running":
        return row
    if exam.state != "open" or exam.way != "online" or not exam.opens_at <= now <= exam.closes_at:
        raise Refused(_("现在不是考试时间。"))
    if row.state == "marked":
        if row.passed or row.number >= exam.attempts:
            raise Conflict(_("您已交卷，不能再次作答。"))
        row = _register(session, exam, row.org_id, row.person_id, row.person_name, row.unit, row.number + 1)
        session.flush()
    if session.scalar(select(Attempt.id).where(Attempt.person_id == person_id, Attempt.state == "running")) is not None:
        raise Refused(_("您正在参加另一场考试，请先交卷。"))
    row.seed = rules_exam.attempt_seed(exam.seed, person_id, row.number)
    row.paper = draw(session, exam, row.seed)
    row.started_at, row.state = now, "running"
    row.due_at = min(now + dt.timedelta(minutes=exam.minutes), exam.closes_at)
    session.flush()
    return row


def draw(session: Session, exam: Exam, seed: str) -> list[dict[str, Any]]:
    """A paper as it is shown: text, options in their order, the right answer in the letters of that order, marks."""
    try:
        drawn = rules_exam.draw(pool(session, exam), parts_of(exam), seed)
    except rules_exam.QuestionError:
        raise Refused(_("题库中的题目不足，请联系培训管理员。")) from None
    with crossing("training.questions", exam.title):
        rows = {row.id: row for row in session.scalars(select(Question).where(Question.id.in_([key for key, _marks in drawn])))}
    paper = []
    for key, marks in drawn:
        question = rows[key]
        options = ["对", "错"] if question.kind == "judge" else list(question.options)
        order = list(range(len(options))) if question.kind == "judge" else rules_exam.shuffled(len(options), seed, key)
        answer = "".join(sorted(rules_exam.LETTERS[order.index(rules_exam.LETTERS.index(letter))] for letter in question.answer))
        paper.append({
            "id": key, "kind": question.kind, "text": question.text, "options": [options[index] for index in order], "answer": answer, "marks": marks,
            "explanation": question.explanation,
        })  # fmt: skip
    return paper


def answers(session: Session, attempt_id: int) -> dict[int, str]:
    return {row.number: row.choice for row in session.execute(select(Answer.number, Answer.choice).where(Answer.attempt_id == attempt_id))}


def save(session: Session, attempt: Attempt, chosen: Mapping[int, str], now: dt.datetime) -> int:
    """Keep what was chosen; returns how many answers changed. Raises Conflict when time is up or it was handed in."""
    if attempt.state != "running":
        raise Conflict(_("已经交卷，答案不再变动。"))
    assert attempt.due_at is not None and attempt.paper is not None
    if not rules_exam.in_time(now, attempt.due_at):
        raise Conflict(_("考试时间已到。"))
    known = {row.number: row for row in session.scalars(select(Answer).where(Answer.attempt_id == attempt.id))}
    changed = 0
    for number, text in sorted(chosen.items()):
        if not 0 <= number < len(attempt.paper):
            continue
        question = attempt.paper[number]
        choice = rules_exam.clean_choice(text, question["kind"], len(question["options"]))
        row = known.get(number)
        if row is None and choice:
            session.add(Answer(org_id=attempt.org_id, attempt_id=attempt.id, host_id=attempt.host_id, number=number, choice=choice, at=now))
            changed += 1
        elif row is not None and row.choice != choice:
            row.choice, row.at = choice, now
            changed += 1
    session.flush()
    return changed


def hand_in(session: Session, exam: Exam, attempt: Attempt, now: dt.datetime) -> None:
    """交卷: marked at once. Raises Conflict the second time."""
    if attempt.state != "running":
        raise Conflict(_("已经交过卷。"))
    assert attempt.paper is not None and attempt.due_at is not None
    reached, total = rules_exam.mark(attempt.paper, answers(session, attempt.id))
    attempt.handed_in_at = min(now, attempt.due_at)
    settle(session, exam, attempt, rules_exam.score(reached, total))


def settle(session: Session, exam: Exam, attempt: Attempt, score: int) -> None:
    """Take a score over: passed or not, into the session's list, and for certificates."""
    attempt.score, attempt.passed, attempt.state = score, score >= exam.pass_mark, "marked"
    _keep_pass(session, exam, attempt)
    if exam.session_id is not None:
        row = session.scalars(select(Enrolment).where(Enrolment.session_id == exam.session_id, Enrolment.person_id == attempt.person_id)).one_or_none()
        if row is not None and (row.score is None or score >= row.score or attempt.by_list):
            row.score, row.passed = score, attempt.passed
            if attempt.passed and row.state == "refused":
                row.state, row.refusal = "attended", ""
    session.flush()


def _books(exam: Exam, attempt: Attempt) -> Any:
    """Passes stand in the books of the person's town, also when somebody else holds the examination."""
    here = current_scope()
    return nullcontext() if here.orgs is None or attempt.org_id in here.orgs else crossing("training.pass", exam.title, switched_off=True)


def _keep_pass(session: Session, exam: Exam, attempt: Attempt) -> None:
    """A pass of a general or professional examination; an earlier one of the same try goes."""
    session.flush()
    with _books(exam, attempt):
        for old in session.scalars(select(Pass).where(Pass.attempt_id == attempt.id, ~Pass.void)):
            old.void = True
        if attempt.state == "marked" and attempt.passed and exam.kind in ("general", "professional"):
            on = local(attempt.handed_in_at or utcnow()).date()
            session.add(
                Pass(org_id=attempt.org_id, person_id=attempt.person_id, kind=exam.kind, passed_on=on, score=attempt.score, title=exam.title, attempt_id=attempt.id)
            )
        session.flush()


def overdue(session: Session, now: dt.datetime) -> list[Attempt]:
    """Papers whose time is up and which nobody handed in."""
    return list(session.scalars(select(Attempt).where(Attempt.state == "running", Attempt.due_at < now - rules_exam.GRACE)))


# -- results by list ----------------------------------------------------------------------------------------------------


def enter_results(session: Session, exam: Exam, scores: Mapping[int, int | None], on: dt.date, today: dt.date) -> int:
    """Scores from a list by try; None: absent. A score that stands already is corrected, which the trail keeps. Returns how many changed."""
    check_host(exam)
    if exam.way != "list":
        raise Refused(_("网上考试的成绩由系统评定，不能录入。"))
    if on > today:
        raise Refused(_("日期不能晚于今天。"), field="on")
    rows = session.scalars(select(Attempt).where(Attempt.exam_id == exam.id, Attempt.id.in_(list(scores)))).all()
    changed = 0
    for row in rows:
        score = scores[row.id]
        if score is not None and not 0 <= score <= 100:
            raise Refused(_("%(name)s 的成绩应为 0 至 100。", name=row.person_name))
        if score == row.score or row.state == "void":
            continue
        row.by_list, row.handed_in_at = True, moment(dt.datetime.combine(on, dt.time(12)))
        if score is None:
            row.state, row.score, row.passed = "absent", None, None
            _keep_pass(session, exam, row)
        else:
            settle(session, exam, row, score)
        changed += 1
    session.flush()
    return changed


def void(session: Session, exam: Exam, attempt_id: int, reason: str) -> None:
    """作废: with a reason; the paper and its answers stay, the pass goes."""
    check_host(exam)
    row = session.scalars(select(Attempt).where(Attempt.id == attempt_id, Attempt.exam_id == exam.id)).one_or_none()
    if row is None:
        raise NotFound(_("没有找到这份答卷。"))
    if not reason.strip():
        raise Refused(_("请填写理由。"), field="reason")
    if row.state == "void":
        raise Conflict(_("这份答卷已经作废。"))
    row.state, row.remark = "void", reason.strip()[:200]
    _keep_pass(session, exam, row)


def passed(session: Session, person_id: int) -> dict[str, dt.date]:
    """General and professional examinations that somebody has passed, with the day of the latest; for certificates."""
    found = select(Pass.kind, func.max(Pass.passed_on)).where(Pass.person_id == person_id, ~Pass.void, Pass.kind.in_(("general", "professional"))).group_by(Pass.kind)
    return {row[0]: row[1] for row in session.execute(found)}


def shown_parts(parts: Iterable[Data]) -> str:
    """The composition of a paper in words."""
    return "；".join(
        _("%(subject)s %(kind)s %(n)s 题×%(marks)s 分", subject=part["subject"], kind=words.QUESTION_KINDS[part["kind"]], n=part["count"], marks=part["marks"])
        for part in parts
    )
