import datetime as dt

import pytest

from tests.plugins.consultations.helpers import Play, pool


@pytest.fixture(autouse=True)
def day(time_machine):
    time_machine.move_to(dt.datetime(2026, 11, 24, 2, 0, tzinfo=dt.UTC), tick=True)


@pytest.fixture
def play(app, login, post):
    pool()
    return Play(login, post)
