"""The base of every form: one line stays one line, whatever was pasted or sent."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, TextAreaField

from portal.text import one_line


def _single(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


class Form(FlaskForm):
    """A form with its token; texts of one line hold no line breaks."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            """Fields of one line get a filter beside their own."""
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, TextAreaField | PasswordField):
                own = unbound_field.kwargs.get("filters", ())
                options = {**options, "filters": (*own, _single)} if not own else options
            return super().bind_field(form, unbound_field, options)
