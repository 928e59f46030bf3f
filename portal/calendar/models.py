"""Calendar days that the deployer loaded from the State Council's notice."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class CalendarYear(Base):
    """A year whose calendar was loaded."""

    __tablename__ = "calendar_year"
    __record__ = "calendar.year"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(String(200))
    loaded_at: Mapped[dt.datetime]


class CalendarDay(Base):
    """A day that is not what its weekday says: a day off, or a working day at a weekend 调休."""

    __tablename__ = "calendar_day"
    __record__ = "calendar.day"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(40), default="")
