"""Lint the templates: nothing that the Content-Security-Policy would refuse, nothing unescaped, no form without its token."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TAG = re.compile(r"<(?!/|!)([a-z][\w-]*)((?:[^>{]|\{\{.*?\}\}|\{%.*?%\}|\{(?![{%]))*)>", re.DOTALL | re.IGNORECASE)
FORM = re.compile(r"<form\b[^>]*method=\"post\".*?</form>", re.DOTALL | re.IGNORECASE)
RULES = (
    (re.compile(r"\sstyle="), "inline style"),
    (re.compile(r"\son[a-z]+="), "inline script"),
    (re.compile(r"\shx-on"), "hx-on needs eval"),
    (re.compile(r"hx-vals=[\"']js:|hx-vars"), "js: needs eval"),
    (re.compile(r"(?:src|href)=\"https?://"), "loads from outside"),
)
TEXT_RULES = (
    (re.compile(r"\|\s*safe\b"), "unescaped output"),
    (re.compile(r"\{%-?\s*autoescape\s+false"), "unescaped output"),
    (re.compile(r"<style\b"), "inline style"),
    (re.compile(r"<script\b(?![^>]*\bsrc=)"), "inline script"),
    (re.compile(r"javascript:"), "inline script"),
)


def problems(text: str) -> list[tuple[int, str]]:
    """Line and words for everything that is wrong in a template."""
    found: list[tuple[int, str]] = []

    def note(position: int, words: str) -> None:
        found.append((text.count("\n", 0, position) + 1, words))

    for tag in TAG.finditer(text):
        name, attributes = tag[1].lower(), tag[2]
        for pattern, words in RULES:
            if pattern.search(attributes):
                note(tag.start(), words)
        if name == "button" and "type=" not in attributes:
            note(tag.start(), "button without type")
        if name == "img" and "alt=" not in attributes:
            note(tag.start(), "picture without text")
    for pattern, words in TEXT_RULES:
        for match in pattern.finditer(text):
            note(match.start(), words)
    for form in FORM.finditer(text):
        if "csrf" not in form[0]:
            note(form.start(), "form without CSRF token")
    return found


def main() -> int:
    count = 0
    for path in sorted([*ROOT.glob("portal/**/templates/**/*.html"), *ROOT.glob("plugins/**/templates/**/*.html")]):
        for line, words in problems(path.read_text(encoding="utf-8")):
            print(f"{path.relative_to(ROOT)}:{line}: {words}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
