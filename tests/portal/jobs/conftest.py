from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask

from tests.portal.jobs.helpers import Elsewhere


@pytest.fixture
def elsewhere(app: Flask, tmp_path: Path) -> Iterator[Callable[[int], Elsewhere]]:
    """``elsewhere(steps)``: processes of their own whose job takes so many steps of 0.05 s."""
    made: list[Elsewhere] = []

    def make(steps: int) -> Elsewhere:
        made.append(Elsewhere(app, tmp_path, steps))
        return made[-1]

    yield make
    for each in made:
        each.end()
