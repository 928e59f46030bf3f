"""Tables of what comes out of a meeting: minutes, resolutions, reports, verdicts on half-years, archives, calendars."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, event, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from plugins.meetings import rules
from plugins.meetings.models import invited, one_of, open_item
from portal.database import Base, JSONValue, OrgScoped, Versioned
from portal.tenancy import Shared


class Minutes(Shared, OrgScoped, Versioned, Base):
    """会议纪要: one version. Once signed 签发 nothing of it changes; a correction is a new version with a reason."""

    __tablename__ = "meetings_minutes"
    __record__ = "meetings.minutes"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.MINUTES_STATES), name="state"),
        UniqueConstraint("meeting_id", "edition"),
        Index(None, "org_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    edition: Mapped[int] = mapped_column(default=1)
    title: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(String(12), default="draft")
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why there is a new version."""
    attendance: Mapped[Any] = mapped_column(JSONValue)
    """出席, 代理出席, 列席, 请假, 缺席 as lists of texts, and what is said of the quorum."""
    circulated_on: Mapped[dt.date | None]
    comment_by: Mapped[dt.date | None]
    drafted_by: Mapped[int | None] = mapped_column(ForeignKey("auth_account.id"))
    number: Mapped[str] = mapped_column(String(60), default="")
    number_year: Mapped[int] = mapped_column(default=0)
    number_seq: Mapped[int] = mapped_column(default=0)
    signer: Mapped[str] = mapped_column(String(60), default="")
    signed_on: Mapped[dt.date | None]
    due_on: Mapped[dt.date]
    digest: Mapped[str] = mapped_column(String(64), default="")
    """The hash of the signed text."""
    copy_digest: Mapped[str] = mapped_column(String(64), default="")
    """The hash of the scanned paper with the signature."""
    copy_of: Mapped[str] = mapped_column(String(64), default="")
    """The hash of the text that the paper was printed from."""

    def __str__(self) -> str:
        return self.number or self.title

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.meeting_id.in_(invited(orgs)) & (cls.state != "draft")


def circulated(orgs: frozenset[int]) -> Any:
    """Minutes that these organisations may read: of a meeting to which they were invited, once sent round."""
    row: Any = Minutes.__table__.alias("circulated")
    return select(row.c.id).where(row.c.state != "draft", row.c.meeting_id.in_(invited(orgs)))


class Paragraph(Shared, OrgScoped, Versioned, Base):
    """A paragraph of the minutes: heading, text, or a resolution."""

    __tablename__ = "meetings_paragraph"
    __record__ = "meetings.paragraph"
    __table_args__ = (CheckConstraint(one_of("kind", ("heading", "text", "resolution")), name="kind"), Index(None, "minutes_id", "position"))

    id: Mapped[int] = mapped_column(primary_key=True)
    minutes_id: Mapped[int] = mapped_column(ForeignKey("meetings_minutes.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(10))
    text: Mapped[str] = mapped_column(Text)
    resolution_id: Mapped[int | None]
    item_id: Mapped[int | None]
    """The agenda item that it tells of: whoever may not meet its topic reads the minutes without it (节录)."""

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.minutes_id.in_(circulated(orgs)) & open_item(cls.item_id, orgs)


class Comment(Shared, OrgScoped, Versioned, Base):
    """修改意见 on a paragraph, accepted or not with an answer. Seen by everybody to whom the draft went."""

    __tablename__ = "meetings_comment"
    __record__ = "meetings.comment"
    __table_args__ = (CheckConstraint(one_of("state", ("open", "accepted", "declined")), name="state"), Index(None, "minutes_id", "state"), Index(None, "paragraph_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    minutes_id: Mapped[int] = mapped_column(ForeignKey("meetings_minutes.id"))
    paragraph_id: Mapped[int] = mapped_column(ForeignKey("meetings_paragraph.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    unit_name: Mapped[str] = mapped_column(String(60))
    author: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    suggestion: Mapped[str] = mapped_column(Text, default="")
    """The paragraph as the unit would have it; taken over when accepted."""
    state: Mapped[str] = mapped_column(String(10), default="open")
    answer: Mapped[str] = mapped_column(Text, default="")
    made_at: Mapped[dt.datetime]
    late: Mapped[bool] = mapped_column(default=False)

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        row: Any = Paragraph.__table__.alias("commented")
        return cls.minutes_id.in_(circulated(orgs)) & cls.paragraph_id.in_(select(row.c.id).where(open_item(row.c.item_id, orgs)))

    def hands(self) -> frozenset[int]:
        return frozenset({self.unit_id})


SEALED = ("signed", "replaced")


@event.listens_for(Session, "before_flush")
def _signed_stays(session: Session, _context: Any, _instances: Any) -> None:
    """Whatever code asks for it: a paragraph of signed minutes does not change."""
    touched = [row for row in (*session.dirty, *session.deleted, *session.new) if isinstance(row, Paragraph) and (row not in session.dirty or session.is_modified(row))]
    if not touched:
        return
    with session.no_autoflush:
        for minutes_id in {row.minutes_id for row in touched}:
            row: Any = Minutes.__table__
            if session.execute(select(row.c.state).where(row.c.id == minutes_id)).scalar() in SEALED:
                raise PermissionError("the minutes are signed")


class Resolution(Shared, OrgScoped, Versioned, Base):
    """议定事项: exactly one lead unit 牵头, any co-units 配合, a due day."""

    __tablename__ = "meetings_resolution"
    __record__ = "meetings.resolution"
    __table_args__ = (
        CheckConstraint(one_of("state", rules.RESOLUTION_STATES), name="state"),
        CheckConstraint("(lead_id IS NULL) <> (outside = '')", name="one_lead"),
        Index(None, "org_id", "sort_due", "id"),
        Index(None, "org_id", "state", "sort_due", "id"),
        Index(None, "lead_id", "state", "sort_due"),
        Index(None, "meeting_id", "seq"),
        Index(None, "org_id", "agreed_on", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("meetings_item.id"))
    seq: Mapped[int]
    number: Mapped[str] = mapped_column(String(60), default="")
    text: Mapped[str] = mapped_column(Text)
    lead_id: Mapped[int | None] = mapped_column(ForeignKey("directory_organisation.id"))
    lead_name: Mapped[str] = mapped_column(String(80))
    outside: Mapped[str] = mapped_column(String(80), default="")
    """A lead unit outside the portal, to which a letter 函 goes."""
    letter: Mapped[str] = mapped_column(String(120), default="")
    """Number and day of that letter, and what came back."""
    due_on: Mapped[dt.date]
    first_due: Mapped[dt.date]
    """The due day as it was agreed; extensions leave it."""
    sort_due: Mapped[dt.date]
    """The due day, or the end of time when nothing is owed: lists are ordered by it."""
    agreed_on: Mapped[dt.date]
    state: Mapped[str] = mapped_column(String(12), default="recorded")
    state_reason: Mapped[str] = mapped_column(Text, default="")
    extensions: Mapped[int] = mapped_column(default=0)
    extension_asked: Mapped[dt.date | None]
    extension_reason: Mapped[str] = mapped_column(Text, default="")
    report_due: Mapped[dt.date | None]
    reported_on: Mapped[dt.date | None]
    claimed_on: Mapped[dt.date | None]
    claimed_by: Mapped[int | None]
    claim_text: Mapped[str] = mapped_column(Text, default="")
    done_on: Mapped[dt.date | None]
    """The day of the claim that was verified: keeping one's word is measured by it."""
    verified_on: Mapped[dt.date | None]
    verify_text: Mapped[str] = mapped_column(Text, default="")
    sent_back: Mapped[int] = mapped_column(default=0)
    replaced_by: Mapped[int | None]

    def __str__(self) -> str:
        return self.number or self.text[:30]

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        co: Any = CoUnit.__table__.alias("co")
        theirs = or_(cls.lead_id.in_(sorted(orgs)), cls.id.in_(select(co.c.resolution_id).where(co.c.unit_id.in_(sorted(orgs)))))
        return (cls.state != "recorded") & or_(theirs, cls.meeting_id.in_(invited(orgs)) & open_item(cls.item_id, orgs))

    def hands(self) -> frozenset[int]:
        return frozenset() if self.lead_id is None else frozenset({self.lead_id})


def known_resolutions(orgs: frozenset[int]) -> Any:
    """Resolutions that these organisations lead or help with."""
    row: Any = Resolution.__table__.alias("known")
    co: Any = CoUnit.__table__.alias("known_co")
    helps = select(co.c.resolution_id).where(co.c.unit_id.in_(sorted(orgs)))
    return select(row.c.id).where(row.c.state != "recorded", or_(row.c.lead_id.in_(sorted(orgs)), row.c.id.in_(helps)))


class CoUnit(Shared, OrgScoped, Base):
    """配合单位."""

    __tablename__ = "meetings_co_unit"
    __record__ = "meetings.co_unit"
    __table_args__ = (UniqueConstraint("resolution_id", "unit_id"), Index(None, "unit_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("meetings_resolution.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    unit_name: Mapped[str] = mapped_column(String(60))

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        row: Any = Resolution.__table__.alias("agreed")
        agreed = select(row.c.id).where(row.c.state != "recorded", row.c.meeting_id.in_(invited(orgs)), open_item(row.c.item_id, orgs))
        return or_(cls.resolution_id.in_(known_resolutions(orgs)), cls.resolution_id.in_(agreed))


class Report(Shared, OrgScoped, Base):
    """进展报告, and the other steps of a resolution, as its units and the convener see them."""

    __tablename__ = "meetings_report"
    __record__ = "meetings.report"
    __table_args__ = (
        CheckConstraint(one_of("kind", ("progress", "claim", "verified", "back", "extended", "refused", "asked", "letter")), name="kind"),
        Index(None, "resolution_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    resolution_id: Mapped[int] = mapped_column(ForeignKey("meetings_resolution.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("directory_organisation.id"))
    unit_name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10), default="progress")
    text: Mapped[str] = mapped_column(Text)
    percent: Mapped[int | None]
    author: Mapped[str] = mapped_column(String(60))
    on: Mapped[dt.date]
    at: Mapped[dt.datetime]

    @classmethod
    def let_in(cls, orgs: frozenset[int]) -> ColumnElement[bool]:
        return cls.resolution_id.in_(known_resolutions(orgs))

    def hands(self) -> frozenset[int]:
        return frozenset({self.unit_id})


class HalfYear(OrgScoped, Base):
    """半年例会: what became of a half-year. ``missed`` is written after its last day and stays."""

    __tablename__ = "meetings_half_year"
    __record__ = "meetings.half_year"
    __table_args__ = (
        CheckConstraint(one_of("state", ("warned", "met", "missed")), name="state"),
        CheckConstraint("half IN (1, 2)", name="half"),
        UniqueConstraint("org_id", "year", "half"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]
    half: Mapped[int]
    state: Mapped[str] = mapped_column(String(8))
    meeting_id: Mapped[int | None]
    warned_on: Mapped[dt.date | None]
    judged_on: Mapped[dt.date | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    """What the office says about a half-year without a regular meeting."""


class Archive(OrgScoped, Base):
    """会议归档包: one ZIP of a meeting with a manifest of hashes, made by a job."""

    __tablename__ = "meetings_archive"
    __record__ = "meetings.archive"
    __table_args__ = (CheckConstraint(one_of("state", ("waiting", "working", "done", "failed")), name="state"), Index(None, "meeting_id", "id"), Index(None, "state"))

    id: Mapped[int] = mapped_column(primary_key=True)
    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings_meeting.id"))
    state: Mapped[str] = mapped_column(String(8), default="waiting")
    asked_by: Mapped[str] = mapped_column(String(60))
    asked_at: Mapped[dt.datetime]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[str] = mapped_column(String(200), default="")
    digest: Mapped[str] = mapped_column(String(64), default="")
    size: Mapped[int] = mapped_column(default=0)
    finished_at: Mapped[dt.datetime | None]


class Busy(OrgScoped, Base):
    """成员单位其他会议: times at which a unit is taken, entered or read from a calendar file; shown as clashes when planning."""

    __tablename__ = "meetings_busy"
    __record__ = "meetings.busy"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="times"),
        UniqueConstraint("org_id", "uid"),
        Index(None, "org_id", "starts_at"),
        Index(None, "starts_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(String(120))
    starts_at: Mapped[dt.datetime]
    ends_at: Mapped[dt.datetime]
    zone: Mapped[str] = mapped_column(String(60), default="")
    """The time zone that the file named."""


class Feed(Base):
    """日历订阅: the private address of an account's calendar. Only the hash of its token is kept."""

    __tablename__ = "meetings_feed"
    __record__ = "meetings.feed"
    __table_args__ = (UniqueConstraint("account_id"), UniqueConstraint("token_hash"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("auth_account.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), info={"secret": True})
    made_at: Mapped[dt.datetime]
