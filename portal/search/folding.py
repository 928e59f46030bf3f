"""Text as the search compares it, and the pairs of characters under which it is found.

Folding goes character by character, so that the folded form of a part is a part of the folded form of the whole:
whatever is copied out of a text finds that text.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Sequence

SCHEME = 1
"""Goes up when folding or :func:`grams` change in a way that makes an index anew necessary."""
LONGEST_TEXT = 30_000
"""Characters of one record that are indexed; PostgreSQL keeps at most a megabyte of grams a row."""
LONGEST_QUERY = 100
MOST_WORDS = 8
MOST_GRAMS = 8
"""Grams of a word that are looked up; the word as a whole is compared with the text afterwards."""


class _Fold(dict[int, str]):
    """What each character becomes, worked out when it is first met.

    Full width becomes half width, capitals small, accents fall away, what cannot be seen goes, and signs stand for
    themselves, each a word of its own.
    """

    def __missing__(self, point: int) -> str:
        folded = self[point] = _fold_character(chr(point))
        return folded


def _fold_character(character: str) -> str:
    if unicodedata.category(character) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(map(_place, plain))


def _place(part: str) -> str:
    """A letter or digit as it is, a sign apart from its neighbours, nothing for accents, a blank for all the rest."""
    if part.isalnum():
        return part
    if unicodedata.combining(part):
        return ""
    kind = unicodedata.category(part)
    return part if kind == "Mc" else f" {part} " if kind[0] in "PSM" else " "


def _is_sign(word: str) -> bool:
    return len(word) == 1 and not word.isalnum() and unicodedata.category(word) != "Mc"


FOLD = _Fold()
SIGNS = {sign: chr(0xF000 + ord(sign)) for sign in string.punctuation}
"""ASCII signs among the grams, as characters that mean nothing to any tokenizer or query."""


def fold(text: str) -> str:
    """The text in small letters and half width, with one blank between words and around each sign."""
    return " ".join(text.translate(FOLD).split())


def words(query: str) -> list[str]:
    """The words of what was typed: each must be found, in any order; of many the first eight count.

    Signs count only where nothing else was typed: 〔2026〕12 is found as 2026 12, and % finds a percent sign.
    """
    found = list(dict.fromkeys(query[:LONGEST_QUERY].translate(FOLD).split()))
    return ([word for word in found if not _is_sign(word)] or found)[:MOST_WORDS]


def too_much(query: str) -> bool:
    """Whether more was typed than is looked for."""
    return len(query) > LONGEST_QUERY or sum(not _is_sign(word) for word in set(query.translate(FOLD).split())) > MOST_WORDS


def grams(folded: str) -> set[str]:
    """Every character and every pair of neighbours of a folded text."""
    found = set(folded)
    found.difference_update((" ", "\n"))
    signs = found & SIGNS.keys()
    found -= signs
    found.update(map(SIGNS.__getitem__, signs))
    for run in folded.split():
        found.update(map(str.__add__, run, run[1:]))
    return found


def grams_of_word(word: str) -> list[str]:
    """Grams that a text must have if it has this word: the character alone, or pairs that cover the word."""
    if len(word) == 1:
        return [SIGNS.get(word, word)]
    starts = [*range(0, len(word) - 1, 2)]
    if starts[-1] != len(word) - 2:
        starts.append(len(word) - 2)
    return list(dict.fromkeys(word[at : at + 2] for at in starts))[:MOST_GRAMS]


def is_exact(search_words: Sequence[str]) -> bool:
    """Whether the grams alone say that the words are there, so that the text need not be compared."""
    return all(len(word) <= 2 for word in search_words)
