"""A demonstration served as `make run` serves it, and a real Chromium that looks at it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-quic",
]  # fmt: skip


@dataclass
class Served:
    """A running portal."""

    address: str
    instance: Path
    password: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """`portal init --demo` and `portal serve --with-scheduler`, on a port that is free."""
    instance = tmp_path_factory.mktemp("browser") / "instance"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PORTAL_INSTANCE": str(instance), "PORT": str(port), "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "portal", "init", "--demo"], env=environment, cwd=ROOT, check=True, capture_output=True)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-m", "portal", "serve", "--with-scheduler"], env=environment, cwd=ROOT, **quiet)
    address = f"http://127.0.0.1:{port}"
    for _attempt in range(200):
        try:
            if json.load(urllib.request.urlopen(f"{address}/readyz"))["scheduler"]:
                break
        except OSError:
            pass
        time.sleep(0.1)
    yield Served(address, instance, json.loads((instance / "demo-accounts.json").read_text())["password"])
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A missing browser is a failure, not a skip."""
    assert Path(CHROMIUM).exists(), "Chromium is needed: apt install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@dataclass
class Reader:
    """Somebody at a browser, and everything that went wrong meanwhile."""

    page: Page
    served: Served
    complaints: list[str] = field(default_factory=list)

    def log_in(self, username: str) -> None:
        self.open("/login")
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", self.served.password)
        self.page.click("main button.btn-primary")
        self.page.wait_for_url(f"{self.served.address}/")

    def open(self, path: str) -> Any:
        return self.page.goto(self.served.address + path)


def shown(page: Page, text: Any) -> int:
    """How often a text stands on a page, once it is there: after a click a page may still be coming in."""
    found = page.get_by_text(text)
    found.first.wait_for(state="attached", timeout=15_000)
    return found.count()


def serious(page: Page) -> list[str]:
    """What axe finds of weight on a page. Only that is brought out of the browser: all it looked at is megabytes."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("axe.run({resultTypes: ['violations']}).then(results => results.violations)")
    return [f"{item['id']}: {item['nodes'][0]['html'][:160]}" for item in found if item["impact"] in ("serious", "critical")]


SIZES = {"desk": {"width": 1366, "height": 768}, "phone": {"width": 390, "height": 844}}


def problems_of(reader: Reader, paths: Iterable[str]) -> list[str]:
    """What is wrong with pages at a desk and on a telephone: their status, their width, and what axe finds."""
    found = []
    for path in paths:
        status = reader.open(path).status
        found += [f"{path}: {status}"] if status != (404 if path == "/nowhere" else 200) else []
        for name, size in SIZES.items():
            reader.page.set_viewport_size(size)
            wide = reader.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            found += [f"{path} {name}: {wide} px too wide"] if wide > 0 else []
            found += [f"{path} {name}: {words}" for words in serious(reader.page)]
    return found


@contextmanager
def reading(chromium: Browser, served: Served, size: Any) -> Iterator[Reader]:
    """Somebody at a browser of a size; at the end nothing may have gone wrong in it."""
    context = chromium.new_context(viewport=size, locale="zh-CN")
    page = context.new_page()
    found = Reader(page, served)
    page.on("pageerror", lambda error: found.complaints.append(f"script: {error}"))
    page.on("console", lambda message: found.complaints.append(message.text) if message.type == "error" and "status of 4" not in message.text else None)
    page.on("request", lambda asked: found.complaints.append(f"off site: {asked.url}") if not asked.url.startswith((served.address, "data:")) else None)
    yield found
    context.close()
    assert found.complaints == []


@pytest.fixture(params=list(SIZES))
def reader(request: pytest.FixtureRequest, chromium: Browser, served: Served) -> Iterator[Reader]:
    with reading(chromium, served, SIZES[request.param]) as found:
        yield found


@pytest.fixture
def looker(chromium: Browser, served: Served) -> Iterator[Reader]:
    """Whoever looks at pages in both sizes, see :func:`problems_of`."""
    with reading(chromium, served, SIZES["desk"]) as found:
        yield found
