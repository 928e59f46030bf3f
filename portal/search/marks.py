"""Where the words stand in a text, for showing them. Gives pieces of plain text; the template escapes and marks them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from portal.search.folding import FOLD, words

BEFORE, LENGTH = 24, 120


class Piece(NamedTuple):
    """A part of a text; ``hit``: it was searched for."""

    text: str
    hit: bool


def marked(text: str, query: str) -> list[Piece]:
    """The whole text in pieces."""
    text = str(text)
    return _pieces(text, spans(text, words(query))) if text else []


def snippet(text: str, search_words: Sequence[str]) -> list[Piece]:
    """The part of a text around the first word that stands in it; nothing where none does."""
    found = spans(text, search_words)
    if not found:
        return []
    start = max(0, found[0][0] - BEFORE)
    end = min(len(text), max(start + LENGTH, found[0][1]))
    part = text[start:end]
    inside = [(first - start, min(last, end) - start) for first, last in found if first < end]
    pieces = _pieces(part, inside)
    return [*([Piece("…", False)] if start else []), *pieces, *([Piece("…", False)] if end < len(text) else [])]


def spans(text: str, search_words: Sequence[str]) -> list[tuple[int, int]]:
    """Where any of the words stands, from first to beyond last, in order and without overlap."""
    folded, origin = _folded(text)
    found = []
    for word in search_words:
        at = folded.find(word)
        while at >= 0:
            found.append((origin[at], origin[at + len(word) - 1] + 1))
            at = folded.find(word, at + len(word))
    merged: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _folded(text: str) -> tuple[str, Sequence[int]]:
    """The folded text, and for each of its characters the one it comes from."""
    parts = [FOLD[ord(character)] for character in text]
    folded = "".join(parts)
    lengths = list(map(len, parts))
    if len(folded) == len(text) and max(lengths, default=1) == 1:
        return folded, range(len(text))
    return folded, [index for index, length in enumerate(lengths) for _part in range(length)]


def _pieces(text: str, found: Sequence[tuple[int, int]]) -> list[Piece]:
    pieces: list[Piece] = []
    at = 0
    for first, last in found:
        if first > at:
            pieces.append(Piece(text[at:first], False))
        pieces.append(Piece(text[first:last], True))
        at = last
    if at < len(text):
        pieces.append(Piece(text[at:], False))
    return pieces
