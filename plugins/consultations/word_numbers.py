"""The numbers that Word counts by itself (一、 1. ①): they stand nowhere in the text and are counted here again."""

from __future__ import annotations

import re
from typing import Any

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
DIGITS = "零一二三四五六七八九"
CHINESE = ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital", "chineseLegalSimplified", "taiwaneseCounting")
ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))


def _value(node: Any, path: str) -> str | None:
    found = node.find("/".join(f"{W}{name}" for name in path.split("/"))) if node is not None else None
    return found.get(f"{W}val") if found is not None else None


def chinese(number: int) -> str:
    """一 to 九十九; beyond that digits."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    return (("" if tens == 1 else DIGITS[tens]) + "十" if tens else "") + (DIGITS[ones] if ones else "")


def roman(number: int) -> str:
    written = ""
    for worth, letters in ROMAN:
        while number >= worth:
            written, number = written + letters, number - worth
    return written


def written(number: int, kind: str) -> str:
    """A number as its level writes it."""
    if kind in CHINESE:
        return chinese(number)
    if kind in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter if kind == "lowerLetter" else letter.upper()
    if kind in ("lowerRoman", "upperRoman"):
        return roman(number).lower() if kind == "lowerRoman" else roman(number)
    if kind.startswith("decimalEnclosedCircle") and 0 < number <= 20:
        return chr(0x2460 + number - 1)
    return "" if kind == "none" else str(number)


class Numbering:
    """Counts the numbered paragraphs of one document, in the order in which they are asked for."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._levels: dict[str, dict[int, tuple[str, str, int]]] = {}
        self._abstract: dict[str, str] = {}
        self._styles: dict[str, tuple[str | None, str | None]] = {}
        self._counts: dict[str, dict[int, int]] = {}
        for item in numbering.iterfind(f"{W}abstractNum") if numbering is not None else ():
            levels = {}
            for level in item.iterfind(f"{W}lvl"):
                start = _value(level, "start") or "1"
                levels[int(level.get(f"{W}ilvl", "0"))] = (_value(level, "numFmt") or "decimal", _value(level, "lvlText") or "", int(start))
            self._levels[item.get(f"{W}abstractNumId")] = levels
        for item in numbering.iterfind(f"{W}num") if numbering is not None else ():
            self._abstract[item.get(f"{W}numId")] = _value(item, "abstractNumId") or ""
        for style in styles.iterfind(f"{W}style") if styles is not None else ():
            self._styles[style.get(f"{W}styleId")] = (_value(style, "pPr/numPr/numId"), _value(style, "pPr/numPr/ilvl"))

    def label(self, paragraph: Any) -> str:
        """The number before a paragraph, or nothing."""
        styled = self._styles.get(_value(paragraph, "pPr/pStyle") or "", (None, None))
        key = _value(paragraph, "pPr/numPr/numId") or styled[0]
        levels = self._levels.get(self._abstract.get(key or "", ""), {})
        at = int(_value(paragraph, "pPr/numPr/ilvl") or styled[1] or "0")
        if key in (None, "0") or at not in levels:
            return ""
        counts = self._counts.setdefault(self._abstract[str(key)], {})
        counts[at] = counts.get(at, levels[at][2] - 1) + 1
        for deeper in [level for level in counts if level > at]:
            del counts[deeper]
        kind, pattern, _start = levels[at]
        if kind == "bullet":
            return "• "
        return re.sub(r"%(\d)", lambda found: self._part(levels, counts, int(found[1]) - 1), pattern) + " "

    @staticmethod
    def _part(levels: dict[int, tuple[str, str, int]], counts: dict[int, int], level: int) -> str:
        kind, _pattern, start = levels.get(level, ("decimal", "", 1))
        return written(counts.get(level, start), kind)
