"""Examinations as pure functions: what a question must be, drawing a paper that can be drawn again, marking, time."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KINDS = ("single", "multiple", "judge")
LETTERS = "ABCDEFGH"
RIGHT = ("对", "正确", "√", "是", "T", "TRUE", "Y", "A")
WRONG = ("错", "错误", "×", "X", "否", "F", "FALSE", "N", "B")
GRACE = dt.timedelta(seconds=20)
"""An answer that was on its way when time ran out is still taken."""
ATTEMPT_STATES = ("registered", "running", "marked", "absent", "void")


class QuestionError(ValueError):
    """A question cannot be used; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_answer(kind: str, text: str, options: Sequence[str]) -> str:
    """The right answer in letters (sorted, A is 对 for true/false); raises QuestionError without one or with one that is no option."""
    plain = re.sub(r"[\s,，、;；/]+", "", text).upper()
    if not plain:
        raise QuestionError("no_answer")
    if kind == "judge":
        if plain in RIGHT:
            return "A"
        if plain in WRONG:
            return "B"
        raise QuestionError("answer")
    chosen = sorted(set(plain))
    usable = LETTERS[: len(options)]
    if any(letter not in usable for letter in chosen):
        raise QuestionError("answer")
    if kind == "single" and len(chosen) != 1:
        raise QuestionError("several")
    if kind == "multiple" and len(chosen) < 2:
        raise QuestionError("one_only")
    return "".join(chosen)


def check_options(kind: str, options: Sequence[str]) -> None:
    """At least two different options where there is something to choose."""
    if kind == "judge":
        return
    if not 2 <= len(options) <= len(LETTERS):
        raise QuestionError("options")
    if len({option.strip() for option in options}) != len(options):
        raise QuestionError("same_options")


@dataclass(frozen=True)
class Part:
    """A part of a paper: how many questions of a kind from a subject, with how many marks each."""

    subject: str
    kind: str
    count: int
    marks: int


def attempt_seed(seed: str, person_id: int, number: int) -> str:
    """The seed of one paper, from the examination's kept seed: whoever has that can draw the paper again."""
    return hashlib.sha256(f"{seed}:{person_id}:{number}".encode()).hexdigest()[:16]


def draw(pool: Mapping[tuple[str, str], Sequence[int]], parts: Sequence[Part], seed: str) -> list[tuple[int, int]]:
    """Question ids with their marks. The same pool, parts and seed give the same paper. Raises QuestionError ``too_few``."""
    chance = random.Random(seed)  # noqa: S311 - to be repeatable, not secret
    paper: list[tuple[int, int]] = []
    for part in parts:
        ids = sorted(pool.get((part.subject, part.kind), ()))
        if len(ids) < part.count:
            raise QuestionError("too_few")
        paper.extend((key, part.marks) for key in chance.sample(ids, part.count))
    return paper


def shuffled(options: int, seed: str, question_id: int) -> list[int]:
    """The order in which the options of a question are shown on one paper."""
    order = list(range(options))
    random.Random(f"{seed}:{question_id}").shuffle(order)  # noqa: S311
    return order


def mark(paper: Sequence[Mapping[str, object]], answers: Mapping[int, str]) -> tuple[int, int]:
    """Marks reached and marks there are; a question is right wholly or not at all."""
    reached = total = 0
    for number, question in enumerate(paper):
        worth = int(str(question["marks"]))
        total += worth
        if answers.get(number, "") == question["answer"]:
            reached += worth
    return reached, total


def score(reached: int, total: int) -> int:
    """Out of a hundred, halves rounded up."""
    return (reached * 200 + total) // (2 * total) if total else 0


def in_time(now: dt.datetime, due: dt.datetime) -> bool:
    """Whether an answer is still taken."""
    return now <= due + GRACE


def clean_choice(text: str, kind: str, options: int) -> str:
    """What was chosen, in letters; nothing for what is no option. One letter but for multiple choice."""
    usable = LETTERS[: 2 if kind == "judge" else options]
    letters = sorted(set(text.upper()))
    if any(letter not in usable for letter in letters):
        return ""
    return "".join(letters if kind == "multiple" else letters[:1])
