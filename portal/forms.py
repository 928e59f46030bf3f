"""The base of every form: one line stays one line, whatever was pasted or sent."""

from __future__ import annotations

from functools import cache
from typing import Any

from babel.support import Translations
from flask_babel import get_locale
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, TextAreaField
from wtforms.i18n import messages_path

from portal.text import one_line


def _single(value: Any) -> Any:
    return one_line(value) if isinstance(value, str) else value


@cache
def _words(locale: str) -> Any:
    return Translations.load(messages_path(), [locale], domain="wtforms")


class Form(FlaskForm):
    """A form with its token; texts of one line hold no line breaks."""

    class Meta(FlaskForm.Meta):
        def get_translations(self, form: Any) -> Any:
            """The library's own words, read once a language and not once a request."""
            return _words(str(get_locale()))

        def bind_field(self, form: Any, unbound_field: Any, options: Any) -> Any:
            """Fields of one line get a filter beside their own."""
            kind = unbound_field.field_class
            if issubclass(kind, StringField) and not issubclass(kind, TextAreaField | PasswordField):
                own = unbound_field.kwargs.get("filters", ())
                options = {**options, "filters": (*own, _single)} if not own else options
            return super().bind_field(form, unbound_field, options)
