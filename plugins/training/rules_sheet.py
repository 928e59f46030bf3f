"""What offices write into attendance sheets, read without guessing: headings of sessions, marks in cells, quick entry of numbers."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field

WORDS = {
    "综合法律知识": "general", "综合法律": "general", "公共法律知识": "general", "专业法律知识": "professional", "专业法律": "professional",
    "法律知识更新": "update", "知识更新": "update", "部门业务": "department", "业务培训": "department", "离岗": "off_post", "离岗培训": "off_post",
    "岗前": "induction", "岗前培训": "induction", "政治理论": "political", "党性教育": "party", "党性": "party", "其他": "other",
}  # fmt: skip
LATIN = {
    "general legal knowledge": "general", "professional legal knowledge": "professional", "legal update": "update", "legal knowledge update": "update",
    "department business": "department", "off-post training": "off_post", "off-post": "off_post", "pre-post training": "induction", "induction": "induction",
    "political theory": "political", "party education": "party",
}  # fmt: skip
"""What the English interface calls them; ``Other`` only where it stands alone."""
PRESENT = ("√", "✓", "✔", "v", "到", "是", "参加", "已参加", "合格", "全勤", "出勤", "yes", "y", "present", "attended", "full")
ABSENT = (
    "×", "x", "✗", "✘", "缺", "缺席", "缺勤", "否", "未参加", "请假", "病假", "事假", "公差", "-", "—", "/", "0", "无", "旷", "no", "n", "absent", "leave", "excused",
    "none",
)  # fmt: skip
UNIT = r"(?:(?:个)?(?:学时|课时)|class[ -]hours?|hours?)"
DATE = re.compile(r"(\d{4})\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?")
SHORT_DATE = re.compile(r"(?<![\d.])(\d{1,2})\s*[-./月]\s*(\d{1,2})\s*[日号]?(?!\s*学时|\s*课时|\s*class|\s*hour|\d)", re.IGNORECASE)
HOURS = re.compile(rf"(\d{{1,3}}(?:\.\d)?)\s*{UNIT}", re.IGNORECASE)
NUMBERS = re.compile(r"(\d{1,4})(?:\s*[-~～至]\s*(\d{1,4}))?")
TIMES = re.compile(r"(\d{1,2})[:：](\d{2})(?:\s*[-~～至]\s*(?:(\d{1,2})[:：](\d{2}))?)?")


@dataclass(frozen=True)
class Heading:
    """What a heading says of a session; ``halves`` and ``day`` are None where it is silent."""

    title: str
    day: dt.date | None
    halves: int | None
    category: str


def category_of(text: str) -> str:
    """The category that a text names in Chinese or in English, or nothing."""
    plain = re.sub(r"\s", "", text)
    chinese = next((code for word, code in sorted(WORDS.items(), key=lambda pair: -len(pair[0])) if word in plain), "")
    low = " ".join(text.lower().split())
    latin = next((code for word, code in sorted(LATIN.items(), key=lambda pair: -len(pair[0])) if re.search(rf"\b{word}\b", low)), "")
    return chinese or latin or ("other" if low == "other" else "")


def read_heading(text: str, year: int) -> Heading:
    """A heading such as ``3月12日 行政处罚法专题（专业法律知识，4学时）``."""
    found, rest, day = DATE.search(text), text, None
    try:
        if found:
            day = dt.date(int(found[1]), int(found[2]), int(found[3]))
        else:
            found = SHORT_DATE.search(text)
            day = dt.date(year, int(found[1]), int(found[2])) if found else None
    except ValueError:
        found = None
    if found:
        rest = text[: found.start()] + " " + text[found.end() :]
    counted, halves = HOURS.search(rest), None
    if counted:
        doubled = float(counted[1]) * 2
        halves = int(doubled) if doubled.is_integer() and doubled > 0 else None
        rest = rest[: counted.start()] + " " + rest[counted.end() :]
    bracketed = re.findall(r"[（(【\[]([^）)】\]]*)[）)】\]]", rest)
    category = next((code for part in bracketed if (code := category_of(part))), "") or category_of(rest)
    title = re.sub(r"[（(【\[]([^）)】\]]*)[）)】\]]", lambda m: "" if not m[1].strip(" ,，、;；") or category_of(m[1]) else m[0], rest)
    return Heading(re.sub(r"\s+", " ", title).strip(" ,，、;；:：·-—"), day, halves, category)


def read_mark(value: object) -> int | str | None:
    """A cell of such a column: halves for a number, ``all`` for a tick, None for absence or nothing. Raises ValueError."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "all" if value else None
    if isinstance(value, (int, float)):
        doubled = value * 2
        if doubled == 0:
            return None
        if doubled < 0 or doubled != int(doubled) or doubled > 2000:
            raise ValueError(f"{value:g}")
        return int(doubled)
    text = str(value).strip()
    low = text.lower()
    if low in PRESENT:
        return "all"
    if not low or low in ABSENT:
        return None
    number = re.fullmatch(rf"(\d{{1,4}}(?:\.\d+)?)\s*{UNIT}?", low)
    if number is None:
        raise ValueError(text[:20])
    return read_mark(float(number[1]))


@dataclass
class Quick:
    """What was typed at the sign-in sheet: times by the number on the sheet, and what could not be read."""

    times: dict[int, tuple[dt.time | None, dt.time | None]] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def read_quick(text: str, most: int) -> Quick:
    """``1-20 23 25`` were there throughout; ``21 9:40-11:00`` came and left then; ``22 9:00-`` has not signed out.

    Numbers are those printed on the sheet; a time belongs to the numbers before it on the same line.
    """
    found = Quick()
    for line in text.splitlines():
        rest, here = line.strip(), list[int]()
        while rest := rest.lstrip(" \t,，、;；"):
            time = TIMES.match(rest)
            number = NUMBERS.match(rest)
            if time and here:
                span = _times(time, "-" in time[0] or "至" in time[0] or "~" in time[0] or "～" in time[0])
                if span is None:
                    found.unread.append(time[0])
                else:
                    found.times.update(dict.fromkeys(here, span))
                here, rest = [], rest[time.end() :]
            elif number and not time:
                first, last = int(number[1]), int(number[2] or number[1])
                if not 1 <= first <= last <= most:
                    found.unread.append(number[0])
                else:
                    here = [*here, *range(first, last + 1)]
                    found.times.update(dict.fromkeys(range(first, last + 1), (None, dt.time.max)))
                rest = rest[number.end() :]
            else:
                word = re.split(r"[\s,，、;；]", rest, maxsplit=1)
                found.unread.append(word[0][:20])
                rest = word[1] if len(word) > 1 else ""
    return found


def _times(found: re.Match[str], ranged: bool) -> tuple[dt.time, dt.time | None] | None:
    try:
        came = dt.time(int(found[1]), int(found[2]))
        left = dt.time(int(found[3]), int(found[4])) if found[3] else None
    except ValueError:
        return None
    return came, left if ranged else dt.time.max
