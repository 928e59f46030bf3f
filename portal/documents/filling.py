"""docxtpl as the portal uses it. Apart, because it takes long to load and is needed rarely."""

from __future__ import annotations

from typing import Any

from docxtpl import DocxTemplate


class Template(DocxTemplate):  # type: ignore[misc]
    """A template whose properties (title, author) take values as plain text of one line: they are no part of the page."""

    def render_properties(self, context: dict[str, Any], jinja_env: Any = None) -> None:
        flat = {name: value.replace("\a", " ") if isinstance(value, str) else value for name, value in context.items()}
        environment = jinja_env.overlay(autoescape=False)
        for name in ("author", "comments", "identifier", "language", "subject", "title"):
            filled = environment.from_string(getattr(self.docx.core_properties, name)).render(flat)
            setattr(self.docx.core_properties, name, " ".join(filled.split())[:255])
