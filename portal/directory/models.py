"""Organisations and people: the directory that every record refers to."""

from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.crypto import fingerprint, keyring, sealed
from portal.database import Base, OrgScoped, Versioned
from portal.directory.idnumber import check_id_number, mask_id_number

TOWN_KINDS = ("town", "subdistrict")
ORGANISATION_KINDS = ("district", *TOWN_KINDS, "department")

ESTABLISHED = ("公务员", "参公", "事业编")
"""Employment types on the establishment 在编."""
FORBIDDEN_EMPLOYMENT = ("合同工", "临时工", "工勤", "借用", "试用期")
"""Employment types that never hold a certificate (seed §5.1)."""
EMPLOYMENT_TYPES = (*ESTABLISHED, *FORBIDDEN_EMPLOYMENT)
POST_STATUSES = ("在岗", "离岗", "离职", "退休", "调离")
GENDERS = ("男", "女")
EDUCATIONS = ("高中及以下", "中专", "大专", "本科", "硕士", "博士")

ID_PURPOSE = "directory.person.id_number"


class Organisation(Base):
    """机构: the district, a town 镇, a subdistrict 街道, or a district department 区级部门."""

    __tablename__ = "directory_organisation"
    __record__ = "directory.organisation"
    __table_args__ = (CheckConstraint("kind IN ('district','town','subdistrict','department')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(20), unique=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    short_name: Mapped[str] = mapped_column(String(20))
    kind: Mapped[str] = mapped_column(String(16))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    active: Mapped[bool] = mapped_column(default=True)
    weight: Mapped[int] = mapped_column(default=0)

    @property
    def is_town(self) -> bool:
        """Whether it enforces in its own name: a town or a subdistrict."""
        return self.kind in TOWN_KINDS


class Person(OrgScoped, Versioned, Base):
    """人员: somebody who works for a town or department. The identity number is encrypted and bound to this row."""

    __tablename__ = "directory_person"
    __record__ = "directory.person"
    __table_args__ = (
        UniqueConstraint("org_id", "id_number_index"),
        Index(None, "org_id", "name", "id"),
        Index(None, "post_status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(32), unique=True, default=lambda: uuid.uuid4().hex)
    name: Mapped[str] = mapped_column(String(60))
    gender: Mapped[str] = mapped_column(String(4), default="")
    id_number_enc: Mapped[bytes | None] = mapped_column(LargeBinary, info=sealed(ID_PURPOSE))
    id_number_index: Mapped[bytes | None] = mapped_column(LargeBinary(32), info=fingerprint("id_number_enc", ID_PURPOSE))
    id_number_hint: Mapped[str] = mapped_column(String(20), default="")
    """The masked form, so that lists need no key."""
    position: Mapped[str] = mapped_column(String(60), default="")
    employment_type: Mapped[str] = mapped_column(String(12))
    post_status: Mapped[str] = mapped_column(String(8), default="在岗")
    post_status_on: Mapped[dt.date | None]
    category: Mapped[str] = mapped_column(String(60), default="")
    has_legal_qualification: Mapped[bool] = mapped_column(default=False)
    legal_qualification_no: Mapped[str] = mapped_column(String(40), default="")
    education: Mapped[str] = mapped_column(String(12), default="")
    probation_until: Mapped[dt.date | None]
    retired_on: Mapped[dt.date | None]
    left_on: Mapped[dt.date | None]
    account_id: Mapped[int | None] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(Text, default="")
    team: Mapped[str] = mapped_column(String(40), default="", server_default="")
    """所在中队（组）."""
    superior_id: Mapped[int | None] = mapped_column(ForeignKey("directory_person.id"))
    """直接上级."""

    organisation: Mapped[Organisation] = relationship(lazy="joined", innerjoin=True)

    def __init__(self, **values: object) -> None:
        values.setdefault("uid", uuid.uuid4().hex)
        super().__init__(**values)

    def set_id_number(self, value: str) -> None:
        """Check, encrypt and index an identity number 公民身份号码; raises IdNumberError."""
        number = check_id_number(value)
        self.id_number_enc, self.id_number_index = seal_id_number(number, self.uid)
        self.id_number_hint = mask_id_number(number)

    def id_number(self) -> str:
        """The whole identity number. The caller has checked the right and written the event."""
        if self.id_number_enc is None:
            return ""
        return keyring().decrypt(ID_PURPOSE, self.id_number_enc, self.uid)

    def masked_id_number(self) -> str:
        return self.id_number_hint

    @property
    def established(self) -> bool:
        """在编."""
        return self.employment_type in ESTABLISHED


def seal_id_number(number: str, uid: str) -> tuple[bytes, bytes]:
    """The encrypted form and the blind index of a checked identity number, for the person ``uid``."""
    ring = keyring()
    return ring.encrypt(ID_PURPOSE, number, uid), ring.blind_index(ID_PURPOSE, number)


def id_number_indexes(number: str) -> list[bytes]:
    """Every blind index under which a number may stand, also while keys are changed."""
    return keyring().blind_indexes(ID_PURPOSE, number)


class PersonChange(OrgScoped, Base):
    """人员变动: a change of post or employment with the day on which it takes effect."""

    __tablename__ = "directory_person_change"
    __record__ = "directory.person_change"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('retire','leave','transfer','move','employment','off_post','on_post')", name="kind"
        ),
        Index(None, "person_id", "effective_on"),
        Index(None, "applied_at", "effective_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("directory_person.id"))
    kind: Mapped[str] = mapped_column(String(16))
    effective_on: Mapped[dt.date]
    new_value: Mapped[str] = mapped_column(String(60), default="")
    to_org_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    reason: Mapped[str] = mapped_column(Text, default="")
    recorded_at: Mapped[dt.datetime]
    applied_at: Mapped[dt.datetime | None]

    person: Mapped[Person] = relationship()
