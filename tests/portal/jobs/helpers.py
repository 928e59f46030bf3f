"""Jobs for the tests, in this process and in others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Flask

from portal.contract import Job
from portal.database import db
from portal.jobs import runner
from portal.jobs.models import JobRun

ROOT = Path(__file__).parents[3]
NIGHTLY = {"hour": 1, "minute": 30}
CLOCKWORK = '''
import os, time
from pathlib import Path
from portal.contract import Job, Manifest
from portal.hookspecs import hookimpl

FILE = Path(os.environ["CLOCKWORK_FILE"])


def tick(context):
    """Works for a while in steps; a line at begin and end, written at once."""
    def tell(word):
        with FILE.open("a") as stream:
            stream.write(word + "\\n")
    tell("begin")
    for step in range(int(os.environ.get("CLOCKWORK_STEPS", "1"))):
        context.log(f"step {step}")
        context.check()
        context.progress(step, 100, "at work")
        time.sleep(0.05)
    tell("end")
    return {"failed": 0}


if os.environ.get("CLOCKWORK_SLOW_START"):
    FILE.write_text("loading\\n")
    time.sleep(1)


class Clockwork:
    manifest = Manifest("clockwork", "报时", "Clockwork", "1.0")

    @hookimpl
    def portal_jobs(self):
        return [Job("clockwork.tick", "报时", tick, {"hour": 1, "minute": 30})]


plugin = Clockwork()
'''


def install(monkeypatch: Any, function: Callable[[Any], Any], schedule: Any = None, name: str = "test.job", **more: Any) -> Job:
    """Make ``function`` the only job there is."""
    job = Job(name, "测试作业", function, schedule, **more)
    monkeypatch.setattr(runner, "all_jobs", lambda: {name: job})
    return job


def runs() -> list[JobRun]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(JobRun).order_by(JobRun.id)))


def states() -> list[str]:
    return [run.state for run in runs()]


def until(condition: Callable[[], Any], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)


class Elsewhere:
    """The portal's commands in processes of their own, on the instance and database of a test, with the plugin clockwork."""

    def __init__(self, app: Flask, folder: Path, steps: int) -> None:
        settings = app.extensions["portal"].settings
        plugin = folder / "plugins" / "clockwork"
        plugin.mkdir(parents=True)
        (plugin / "__init__.py").write_text(CLOCKWORK)
        self.file = folder / "ticks"
        self.environment = {
            "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": os.environ.get("HOME", "/"), "PORTAL_INSTANCE": str(settings.instance),
            "PORTAL_PLUGIN_FOLDER": str(plugin.parent), "CLOCKWORK_FILE": str(self.file), "CLOCKWORK_STEPS": str(steps),
        }  # fmt: skip
        if settings.database_url:
            self.environment["PORTAL_DATABASE_URL"] = settings.database_url
        self.children: list[subprocess.Popen[str]] = []
        db.session.rollback()

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        child = subprocess.Popen(
            [sys.executable, "-m", "portal", *words], env={**self.environment, **environment}, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.children.append(child)
        return child

    def ticks(self) -> list[str]:
        return self.file.read_text().split() if self.file.exists() else []

    def end(self) -> None:
        for child in self.children:
            if child.poll() is None:
                child.kill()
            child.communicate()
