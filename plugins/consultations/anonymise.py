"""Texts without names, numbers, addresses and plates, replaced the same way throughout. Pure.

What is known by name (parties, handlers, members, units) is replaced wherever it stands; numbers, addresses and plates are
found by their form. The same original always becomes the same word, different ones become different words, and a text that
was treated once is not changed by being treated again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PLACE = "[\u4e00-\u9fff]"
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("身份证号", re.compile(r"(?<!\d)\d{17}[\dXx](?![0-9A-Za-z])|(?<!\d)\d{15}(?!\d)")),
    ("信用代码", re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}(?![0-9A-Za-z])")),
    ("邮箱", re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,60}(?:\.[A-Za-z0-9-]{1,30}){1,3}")),
    ("车牌", re.compile(r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼使领][A-Z][·•.\s]?[A-Z0-9]{4,5}[A-Z0-9挂学警港澳](?![A-Za-z0-9])")),
    ("电话", re.compile(r"(?<!\d)(?:\+?86[-\s]?)?1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}(?!\d)|(?<!\d)0\d{2,3}[-\s]?\d{7,8}(?!\d)|(?<!\d)[48]00[-\s]?\d{3}[-\s]?\d{4}(?!\d)")),
    ("文号", re.compile(r"[\u4e00-\u9fff]{1,12}[〔\[（(]\d{4}[〕\]）)]第?\d{1,6}号")),
    ("账号", re.compile(r"(?<!\d)\d{16,19}(?!\d)")),
    (
        "地址",
        re.compile(
            rf"(?:{PLACE}{{1,6}}(?:省|市|区|县))*(?:{PLACE}{{1,8}}?(?:街道|镇|乡))?{PLACE}{{1,10}}?(?:路|街|巷|大道|村|社区|小区|组|园区)\s?"
            rf"(?:[0-9０-９一二三四五六七八九十百]{{1,6}}\s?(?:号|组|栋|幢|单元|室|楼|层|弄|附|-|－|之)\s?){{1,6}}[0-9]{{0,5}}(?:号|室)?"
        ),
    ),
)  # fmt: skip
BEFORE = re.compile(r"^.*[住在于至到从距往](?=..)")
"""What stands before a place in a sentence and is no part of it."""
SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎"
    "贺顾毛郝龚邵万钱严覃武戴莫孔向汤温康施文牛樊葛邢安齐易乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴蒙鲍华喻祁"
)
NAMED = re.compile(
    r"(?:负责人|法定代表人|经营者|当事人|违法行为人|证人|被询问人|投诉人|举报人|店主|业主|房主|村民|居民|户主|姓名|司机|驾驶员|经办人|代理人)(?:[：:为是]|系)?\s?"
    rf"([{SURNAMES}]{PLACE}{{1,2}}?)(?=[^\u4e00-\u9fff]|$|[称说在于的与和及为系是将未已等到向对因以]|反映|陈述|投诉|举报|表示|承认|签字|拒)"
)
"""Somebody who is called by name where the text says what they are; the convener looks through what this misses."""
MARK = re.compile(r"〔[\u4e00-\u9fff]+\d+〕")
Names = str | tuple[str, ...]


def named(texts: Iterable[str]) -> list[str]:
    """People whom texts name beside what they are (负责人王大勇), in the order of their appearance."""
    return list(dict.fromkeys(match[1] for text in texts for match in NAMED.finditer(text)))


class Anonymiser:
    """Replaces names and numbers in many texts of one case, consistently; numbered in the order of their appearance.

    ``people``, ``units`` and ``offices`` are names; several names of one (凤城街道, 凤城) stand together in a tuple.
    """

    def __init__(self, people: Iterable[Names] = (), units: Iterable[Names] = (), offices: Iterable[Names] = ()) -> None:
        self._names: dict[str, tuple[str, str]] = {}
        self._found: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        for kind, listed in (("人", people), ("单位", units), ("机关", offices)):
            for names in listed:
                together = [names] if isinstance(names, str) else list(names)
                for name in together:
                    clean = name.strip()
                    if len(clean) >= 2 and not MARK.search(clean):
                        self._names.setdefault(clean, (kind, together[0].strip()))
        longest_first = sorted(self._names, key=lambda name: (-len(name), name))
        self._pattern = re.compile("|".join(re.escape(name) for name in longest_first)) if longest_first else None

    def _mark(self, kind: str, key: str) -> str:
        if (kind, key) not in self._found:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._found[(kind, key)] = f"〔{kind}{self._counts[kind]}〕"
        return self._found[(kind, key)]

    def text(self, text: str) -> str:
        """The text without what tells of whom and where it speaks. What was replaced before stays as it is."""
        parts: list[str] = []
        end = 0
        for mark in MARK.finditer(text):
            parts.append(self._part(text[end : mark.start()]))
            parts.append(mark[0])
            end = mark.end()
        parts.append(self._part(text[end:]))
        return "".join(parts)

    def _part(self, text: str) -> str:
        pieces = [(text, False)]
        if self._pattern is not None:
            pieces = self._split(pieces, self._pattern, lambda found: self._mark(*self._names[found]))
        for kind, pattern in PATTERNS:
            pieces = self._split(pieces, pattern, lambda found, kind=kind: self._of_form(kind, found))  # type: ignore[misc]
        return "".join(piece for piece, _done in pieces)

    @staticmethod
    def _split(pieces: list[tuple[str, bool]], pattern: re.Pattern[str], replace: object) -> list[tuple[str, bool]]:
        """Replace in what was not replaced yet; marks are never looked at again."""
        found: list[tuple[str, bool]] = []
        for piece, done in pieces:
            if done:
                found.append((piece, True))
                continue
            end = 0
            for match in pattern.finditer(piece):
                found.append((piece[end : match.start()], False))
                found.append((replace(match[0]), True))  # type: ignore[operator]
                end = match.end()
            found.append((piece[end:], False))
        return [item for item in found if item[0]]

    def _of_form(self, kind: str, found: str) -> str:
        before = BEFORE.match(found) if kind == "地址" else None
        if before is not None:
            return before[0] + self._of_form(kind, found[before.end() :])
        return self._mark(kind, re.sub(r"[\s·•.-]", "", found).upper())
