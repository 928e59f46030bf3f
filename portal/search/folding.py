"""Text as the search compares it, and the pairs of characters under which it is found.

Folding goes character by character, so that the folded form of a part is a part of the folded form of the whole:
whatever is copied out of a text finds that text.
"""

from __future__ import annotations

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

    Full width becomes half width, capitals small, accents fall away, what cannot be seen goes, and everything that is
    neither letter nor digit becomes a blank.
    """

    def __missing__(self, point: int) -> str:
        folded = self[point] = _fold_character(chr(point))
        return folded


def _fold_character(character: str) -> str:
    if unicodedata.category(character) == "Cf":
        return ""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(part if part.isalnum() or unicodedata.category(part) == "Mc" else " " for part in plain if not unicodedata.combining(part))


FOLD = _Fold()


def fold(text: str) -> str:
    """The text in small letters and half width, with one blank for all that lies between words."""
    return " ".join(text.translate(FOLD).split())


def words(query: str) -> list[str]:
    """The words of what was typed: each must be found. Signs and operators are no words; of many words the first eight count."""
    return list(dict.fromkeys(query[:LONGEST_QUERY].translate(FOLD).split()))[:MOST_WORDS]


def too_much(query: str) -> bool:
    """Whether more was typed than is looked for."""
    return len(query) > LONGEST_QUERY or len(set(query.translate(FOLD).split())) > MOST_WORDS


def grams(folded: str) -> set[str]:
    """Every character and every pair of neighbours of a folded text."""
    found = set(folded)
    for run in folded.split():
        found.update(map(str.__add__, run, run[1:]))
    found.difference_update((" ", "\n"))
    return found


def grams_of_word(word: str) -> list[str]:
    """Grams that a text must have if it has this word: the character alone, or pairs that cover the word."""
    if len(word) == 1:
        return [word]
    starts = [*range(0, len(word) - 1, 2)]
    if starts[-1] != len(word) - 2:
        starts.append(len(word) - 2)
    return list(dict.fromkeys(word[at : at + 2] for at in starts))[:MOST_GRAMS]


def is_exact(search_words: Sequence[str]) -> bool:
    """Whether the grams alone say that the words are there, so that the text need not be compared."""
    return all(len(word) <= 2 for word in search_words)
