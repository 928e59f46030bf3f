"""In which language the reader is spoken to."""

from __future__ import annotations

from typing import Any

from flask import Flask, g, has_request_context, session
from flask_babel import Domain

LOCALES = {"zh": "zh_Hans_CN", "en": "en"}
SOURCE = "zh"
"""The language of the source: its words need no catalogue."""


def select() -> str:
    """Chinese unless the reader chose English."""
    return LOCALES.get(str(session.get("lang", SOURCE)), LOCALES[SOURCE]) if has_request_context() else LOCALES[SOURCE]


class Words(Domain):  # type: ignore[misc]
    """The catalogues, looked up once a request and not at all in the language of the source: a page has hundreds of words."""

    def gettext(self, string: str, **variables: Any) -> str:
        found = self.catalogue()
        text = string if found is None else found.ugettext(string)
        return text % variables if variables else text

    def catalogue(self) -> Any:
        """The translations of the language in force; None where the source needs none."""
        babel = g._flask_babel
        locale, kept = getattr(babel, "babel_locale", None), getattr(babel, "portal_words", None)
        if kept is None or kept[0] is not locale or locale is None:
            found = self.get_translations()
            kept = babel.portal_words = (babel.babel_locale, found if getattr(found, "_catalog", None) else None)
        return kept[1]


def init_app(app: Flask) -> None:
    """Have pages and code ask for words in the quick way. Called when Babel is there."""
    from flask_babel import gettext, ngettext, npgettext, pgettext

    words = Words()
    app.extensions["babel"].instance.domain_instance = words

    def said(string: str, **variables: Any) -> str:
        return words.gettext(string, **variables) if "_flask_babel" in g else gettext(string, **variables)
    app.jinja_env.install_gettext_callables(gettext=said, ngettext=ngettext, pgettext=pgettext, npgettext=npgettext, newstyle=True)  # type: ignore[attr-defined]
