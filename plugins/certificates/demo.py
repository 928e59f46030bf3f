"""Demonstration data: people and certificates in every state, in most towns. One town is left empty for trying an import."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import select

from plugins.certificates import operations, rules
from plugins.certificates.models import Application, Certificate, Destruction
from portal.auth.models import RoleGrant
from portal.directory.idnumber import check_digit
from portal.directory.models import Organisation, Person
from portal.directory.operations import record_change
from portal.records.numbers import format_number, next_number

EMPTY = "500115003"
"""江南街道 gets accounts but no people: the sample roster is meant for it."""
RICH = "500115001"
CATEGORIES = ("综合行政执法", "市容环境卫生", "规划建设", "农业农村", "应急管理", "文化旅游")
POSITIONS = ("科员", "副主任", "执法队员", "执法队长", "四级主任科员", "一级科员")
LONG_NAME = "阿卜杜热西提·买买提艾力·吐尔逊江"


def load(context: Any) -> None:
    """People and certificates for every town but one, some hundred in all."""
    for number, town in enumerate(context.towns):
        if town.code == EMPTY:
            continue
        Town(context, town, number).load(24 if town.code == RICH else 5)


class Town:
    """The demonstration data of one town."""

    def __init__(self, context: Any, town: Organisation, number: int) -> None:
        self.context, self.town, self.number = context, town, number
        self.session, self.today, self.chance = context.session, context.today, context.random
        self.made = 0

    def load(self, count: int) -> None:
        people = [self.person() for _i in range(count)]
        if count > 20:
            people[0].name = LONG_NAME
        certificates = [self.certificate(person, self.expiry(index)) for index, person in enumerate(people)]
        self.session.flush()
        if count > 20:
            self.in_every_state(people, certificates)
            self.applications()

    def person(self) -> Person:
        """An invented person with an identity number that passes its check."""
        birth = dt.date(1970, 1, 1) + dt.timedelta(days=self.chance.randrange(11000))
        gender = self.chance.choice(("男", "女"))
        order = self.chance.randrange(100, 499) * 2 + (gender == "男")
        first = f"500221{birth:%Y%m%d}{order:03d}"
        person = Person(
            org_id=self.town.id, name=self.context.name(), gender=gender, position=self.chance.choice(POSITIONS), category=self.chance.choice(CATEGORIES),
            employment_type=self.chance.choices(("公务员", "参公", "事业编"), (5, 2, 4))[0], education=self.chance.choice(("大专", "本科", "本科", "硕士")),
            has_legal_qualification=self.chance.random() < 0.15,
        )  # fmt: skip
        person.set_id_number(first + check_digit(first))
        self.session.add(person)
        self.session.flush()
        return person

    def expiry(self, index: int) -> dt.date:
        """Some expire soon, some have just expired, most are good for years."""
        near = {1: -3, 2: 5, 3: 21, 4: 44, 5: 75, 6: -40}
        days = near.get(index) if self.town.code == RICH or self.number % 3 == 0 else None
        return self.today + dt.timedelta(days=days if days is not None else self.chance.randrange(120, 1700))

    def certificate(self, person: Person, until: dt.date) -> Certificate:
        self.made += 1
        certificate = Certificate(
            org_id=self.town.id, number=f"50{9 if self.number > 9 else 8}{self.number % 10}{until:%y}{self.made:04d}", person_id=person.id, holder_name=person.name,
            authority=self.town.name, category=person.category, area="本行政区域", issuer="长寿区司法局", issued_on=rules.add_years(until, -5) + dt.timedelta(days=2),
            valid_until=until, state_on=self.today,
        )  # fmt: skip
        self.session.add(certificate)
        return certificate

    def in_every_state(self, people: list[Person], certificates: list[Certificate]) -> None:
        """Suspended, lost, cancelled, overdue, recovered, destroyed; and changes that are to come."""
        today, session = self.today, self.session
        certificates[8].state, certificates[8].state_reason = "suspended", "接受纪律审查期间暂扣"
        certificates[9].state, certificates[9].state_reason = "lost", "外出执法途中遗失"
        certificates[9].clearing, certificates[9].public_notice = "unrecoverable", "长寿日报公告声明作废"
        overdue = today - dt.timedelta(days=20)
        for index, reason in ((10, "离职：交接中"), (11, "不符合条件：岗位调整")):
            operations.end(certificates[index], "cancelled", reason, overdue)
        for index in (12, 13, 14, 15):
            operations.end(certificates[index], "cancelled", "调离：岗位变动", today - dt.timedelta(days=60))
            certificates[index].clearing, certificates[index].handed_in_by = "recovered", certificates[index].holder_name
            certificates[index].received_by, certificates[index].cleared_on = "杨静", today - dt.timedelta(days=55)
        sequence = next_number(session, self.town.id, "certificates.destruction", today.year)
        number = format_number("{org}证销〔{year}〕{seq}号", self.town.short_name, today.year, sequence)
        batch = Destruction(
            org_id=self.town.id, number=number, destroyed_on=today - dt.timedelta(days=30), first_witness="周平", second_witness="孙丽",
            supervised_by="沈芳", place="区司法局档案室", method="粉碎", count=2,
        )  # fmt: skip
        session.add(batch)
        session.flush()
        for index in (14, 15):
            certificates[index].clearing, certificates[index].destruction_id = "destroyed", batch.id
        record_change(session, people[16], "retire", today - dt.timedelta(days=1), today, reason="到龄退休")
        record_change(session, people[17], "employment", today + dt.timedelta(days=14), today, new_value="借用", reason="借调区级机关")
        session.flush()

    def applications(self) -> None:
        """An application in every state that waits, and one that may not be submitted."""
        clerk = self.account("certificate_clerk")
        head = self.account("office_head")
        for state, exams, employment in (
            ("draft", False, "事业编"), ("draft", True, "合同工"), ("unit_review", True, "公务员"), ("unit_review", True, "参公"),
            ("district_review", True, "公务员"), ("refused", True, "事业编"),
        ):  # fmt: skip
            person = self.person()
            person.employment_type = employment
            passed = self.today - dt.timedelta(days=90)
            sequence = next_number(self.session, self.town.id, "certificates.application", self.today.year)
            self.session.add(
                Application(
                    org_id=self.town.id, number=format_number("{org}证申〔{year}〕{seq}号", self.town.short_name, self.today.year, sequence), kind="new",
                    person_id=person.id, category=person.category, area="本行政区域", general_passed_on=passed if exams else None,
                    professional_passed_on=passed if exams else None, state=state, state_reason="材料不全" if state == "refused" else "",
                    created_on=self.today - dt.timedelta(days=6), submitted_by=clerk, reviewed_by=head if state in ("district_review", "refused") else None,
                    submitted_on=self.today - dt.timedelta(days=5) if state != "draft" else None,
                )
            )  # fmt: skip
        self.session.flush()

    def account(self, role: str) -> int | None:
        found = select(RoleGrant.account_id).where(RoleGrant.role == role, RoleGrant.org_id == self.town.id).limit(1)
        return self.session.scalar(found)  # type: ignore[no-any-return]
