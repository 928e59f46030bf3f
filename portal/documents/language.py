"""Official documents are Chinese, whatever language the screen of whoever draws them up has."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask_babel import force_locale

CHINESE = "zh_Hans_CN"
Given = ParamSpec("Given")
Made = TypeVar("Made")


def in_chinese(build: Callable[Given, Made]) -> Callable[Given, Made]:
    """Decorator of what gathers the words of a document."""

    @wraps(build)
    def built(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        with force_locale(CHINESE):
            return build(*args, **kwargs)

    return built
