"""A pool of experts, and consultations played by eight accounts through their pages."""

from __future__ import annotations

import datetime as dt
import io
import re
from typing import Any

import sqlalchemy as sa

from plugins.consultations.models import Expert, Paper, Seat
from portal.auth.models import Account
from portal.auth.operations import create_account, grant_role
from portal.clock import today as clock
from portal.context import NOBODY, system_actor, use_actor
from portal.database import db
from portal.tenancy import EVERYTHING, use_scope
from portal.work import unit_of_work

TODAY = dt.date(2026, 11, 24)
FIELD = "违法建设"
FACTS = "当事人长寿湖渔业公司在古佛村 3 组 18 号建设养殖用房，负责人王大勇，电话 13812341234，车牌渝B12345。"
REQUEST = {
    "title": "某公司擅自建设养殖用房案", "field": FIELD, "case_no": "江南罚〔2026〕8号", "filed_on": "2026-07-06", "facts": FACTS,
    "triggers": ["relations", "jurisdiction"], "law": "《城乡规划法》第六十四条、《土地管理法》第七十七条",
    "questions-0": "是否属于设施农业用地", "questions-1": "由镇街还是自然资源部门处罚", "own_view": "倾向由本街道立案处罚。",
    "parties-0-name": "长寿湖渔业公司", "parties-0-role": "当事人", "parties-0-unit": "", "parties-1-name": "王大勇", "parties-1-role": "法定代表人",
    "parties-1-unit": "长寿湖渔业公司", "needed_by": "2026-12-31", "urgency": "normal", "secrecy": "internal",
}  # fmt: skip
EXPERTS = (
    ("ex1", "何明远", "西南政法大学"), ("ex2", "段雪松", "重庆大学法学院"), ("ex3", "汪立新", "中立律师事务所"), ("ex4", "石国栋", "区规划设计院"),
    ("ex5", "蒋海燕", "市律师协会"),
)  # fmt: skip


def pool() -> None:
    """Five experts with accounts, and a legal reviewer of the other town who may sit."""
    from tests.plugins.consultations.helpers import EXPERTS

    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.pool") as session:
        from portal.directory.models import Organisation

        orgs = {org.code: org for org in session.scalars(sa.select(Organisation))}
        hashed = session.scalars(sa.select(Account.password_hash).where(Account.username == "sup")).one()
        district = orgs["500115"]
        for username, name, unit in EXPERTS:
            account = create_account(session, username, name, password_hash=hashed, must_change=False)
            grant_role(session, account, "expert", district)
            session.add(
                Expert(
                    org_id=district.id, name=name, unit=unit, title="教授", fields=[FIELD, "自然资源"], term_from=dt.date(2026, 1, 1), term_to=dt.date(2028, 12, 31),
                    account_id=account.id,
                )
            )  # fmt: skip
        reviewer = create_account(session, "gl_legal", "邹建华", password_hash=hashed, must_change=False)
        grant_role(session, reviewer, "legal_reviewer", orgs["500115132"])


def fetch(model: Any, **where: Any) -> Any:
    """One row as it is now, past every narrowing."""
    db.session.rollback()
    db.session.expire_all()
    with use_actor(NOBODY), use_scope(EVERYTHING):
        return db.session.scalars(sa.select(model).filter_by(**where)).unique().one()


def every(model: Any, **where: Any) -> list[Any]:
    db.session.rollback()
    db.session.expire_all()
    with use_actor(NOBODY), use_scope(EVERYTHING):
        return list(db.session.scalars(sa.select(model).filter_by(**where).order_by(model.id)).unique())


def change(model: Any, key: int, **values: Any) -> None:
    """Bring a row into a state directly."""
    with use_actor(system_actor("test")), use_scope(EVERYTHING), unit_of_work("test.change") as session:
        row = session.scalars(sa.select(model).where(model.id == key)).unique().one()
        for name, value in values.items():
            setattr(row, name, value)


class Play:
    """Everybody at their pages."""

    def __init__(self, login: Any, post: Any) -> None:
        self._login, self._post, self._clients = login, post, {}

    def __getitem__(self, username: str) -> Any:
        if username not in self._clients:
            self._clients[username] = self._login(username)
        return self._clients[username]

    def send(self, username: str, address: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        return self._post(self[username], address, data or {}, page="/account", **more)

    def text(self, username: str, address: str, **more: Any) -> str:
        return str(self[username].get(address, **more).get_data(as_text=True))

    def step(self, username: str, key: int, action: str, record: str = "consultation", **data: Any) -> Any:
        return self.send(username, f"/do/consultations.{record}/{key}/{action}", data)

    def done(self, *arguments: Any, **data: Any) -> None:
        answer = self.step(*arguments, **data)
        assert answer.status_code == 303, words_of(answer)

    # -- the way of a consultation ---------------------------------------------------------------------------------------

    def draft(self, who: str = "jn_officer", evidence: bool = True, **changes: Any) -> int:
        answer = self.send(who, "/consultations/new", {**REQUEST, **changes})
        assert answer.status_code == 303, words_of(answer)
        key = int(re.search(r"/consultations/(\d+)", answer.headers["Location"])[1])
        if evidence:
            assert self.send(who, f"/consultations/{key}/evidence", {"name": "现场勘验笔录", "proves": "建设位置和面积"}).status_code == 303
        return key

    def sent(self, **changes: Any) -> int:
        key = self.draft(**changes)
        leader = account("jn_leader").id
        self.done("jn_officer", key, "submit", approver=str(leader))
        self.done("jn_leader", key, "approve")
        return key

    def accepted(self, form: str = "written", **changes: Any) -> int:
        key = self.sent(**changes)
        self.done("sup", key, "accept", form=form)
        return key

    def choose(self, key: int, *usernames: str) -> None:
        for username in usernames:
            answer = self.send("sup", f"/consultations/{key}/panel/choose", {"key": candidate(username)})
            assert answer.status_code == 303, words_of(answer)

    def collecting(self, *usernames: str, form: str = "written", **changes: Any) -> int:
        key = self.accepted(form, **changes)
        self.choose(key, *(usernames or ("ex1", "ex2", "ga_liaison")))
        self.done("sup", key, "invite", opinion_due=str(max(dt.date(2026, 12, 1), clock() + dt.timedelta(days=7))))
        return key

    def declare(self, key: int, username: str) -> int:
        seat = seat_of(key, username)
        self.done(username, seat, "promise", "seat", promised="y")
        self.done(username, seat, "declare", "seat", declared="y")
        return seat

    def give(self, key: int, username: str, conclusion: str = "agree", **more: Any) -> int:
        seat = self.declare(key, username) if fetch(Seat, id=seat_of(key, username)).state == "invited" else seat_of(key, username)
        answer = self.send(username, f"/consultations/seats/{seat}/opinion", {**opinion(conclusion, username), **more})
        assert answer.status_code == 303, words_of(answer)
        return seat

    def summing(self, *usernames: str, **changes: Any) -> int:
        usernames = usernames or ("ex1", "ex2", "ga_liaison")
        key = self.collecting(*usernames, **changes)
        for username in usernames:
            self.give(key, username)
        self.done("sup", key, "close")
        return key

    def issued(self, *usernames: str, **changes: Any) -> int:
        key = self.summing(*usernames, **changes)
        self.sign(key)
        return key

    def sign(self, key: int) -> None:
        paper = fetch(Paper, consultation_id=key)
        data = {"course": paper.course, "advice": "建议由街道立案，依法处理。"}
        for number, item in enumerate(paper.findings):
            data |= {f"findings-{number}-majority": item["majority"], f"findings-{number}-dissent": item["dissent"]}
        assert self.send("sup", f"/consultations/{key}/paper", data).status_code == 303
        self.done("sup", key, "sign")

    def archived(self, *usernames: str, **changes: Any) -> int:
        key = self.issued(*usernames, **changes)
        self.done("jn_officer", key, "propose_answer", answer="adopted", answer_reasons="会商意见理由充分。")
        self.done("jn_leader", key, "confirm_answer")
        self.done("sup", key, "archive")
        return key


SECRET = "只有我知道的理由"


def opinion(conclusion: str = "agree", who: str = "") -> dict[str, str]:
    found = {"remark": ""}
    for number in range(2):
        parts = {"conclusion": conclusion, "reasons": f"{SECRET}{who}{number}", "basis": "《城乡规划法》第六十四条"}
        found |= {f"answers-{number}-{name}": text for name, text in parts.items()}
    return found


def account(username: str) -> Account:
    return db.session.scalars(sa.select(Account).where(Account.username == username)).one()


def candidate(username: str) -> str:
    who = account(username)
    expert = db.session.execute(sa.select(Expert.__table__.c.id).where(Expert.__table__.c.account_id == who.id)).scalar()
    return f"E{expert}" if expert else f"A{who.id}-{who.grants[0].org_id}"


def seat_of(key: int, username: str) -> int:
    return int(fetch(Seat, consultation_id=key, account_id=account(username).id).id)


def words_of(answer: Any) -> str:
    text = answer.get_data(as_text=True)
    found = re.findall(r"(?:alert-danger|invalid-feedback)[^>]*>(.*?)</div>", text, re.S)
    return f"{answer.status_code} {' '.join(re.sub('<[^>]+>', '', part) for part in found)} {text[:300] if not found else ''}"


def pdf(text: str = "Evidence") -> bytes:
    """A small PDF of two pages."""
    import tempfile
    from pathlib import Path

    import typst

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "x.typ"
        source.write_text(f"#set page(width: 100mm, height: 100mm)\n{text}\n#pagebreak()\nsecond", encoding="utf-8")
        return bytes(typst.compile(str(source)))


def upload(content: bytes, name: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(content), name


def events(*actions: str, actor: str = "") -> list[Any]:
    """Events of the trail as they are now, by action and by who did it."""
    from portal.audit.models import Event

    db.session.rollback()
    found = sa.select(Event).where(Event.action.in_(actions)).order_by(Event.at, Event.seq)
    return list(db.session.scalars(found.where(Event.actor_id == account(actor).id) if actor else found))
