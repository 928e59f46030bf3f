"""``portal serve``: the web server, with the scheduler beside it, and their end in good order."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import waitress
from flask import Flask
from waitress import wasyncore
from waitress.buffers import OverflowableBuffer
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.receiver import FixedStreamReceiver
from waitress.utilities import RequestEntityTooLarge

from portal import migrate, settle
from portal.cli.base import application
from portal.config import Settings
from portal.database import db

ACCOUNTS_FILE = "demo-accounts.json"
GRACE_SECONDS = 10
"""How long requests under way, and the scheduler, are waited for at the end."""
SWALLOWED = 2 << 30
"""Bytes of a request that is too large which are read all the same, and thrown away; of more the connection is cut."""


@click.command("serve")
@click.option("--with-scheduler", is_flag=True, help="run the scheduler beside the web server, in a process of its own")
def serve(with_scheduler: bool) -> None:
    """Serve the portal on the configured address."""
    ending = Ending()
    app = application()
    settings = app.extensions["portal"].settings
    _look_at_migrations(app)
    _look_at_keys(app)
    ending.child = _scheduler_process() if with_scheduler else None
    try:
        server = _listening(app, settings)
    except OSError as error:
        ending.end_child()
        raise click.UsageError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror}; set another port with PORT") from error
    address = settings.public_url or f"http://{settings.host}:{settings.port}"
    click.echo(f"\n  {settings.product_name}  {address}\n")
    if settings.demo:
        _print_accounts(settings.instance / ACCOUNTS_FILE)
    settle()
    run_until_asked(server, ending)
    sys.stdout.flush()
    os._exit(0)  # nothing is open any more; taking the interpreter apart takes seconds


class Swallowed(FixedStreamReceiver):
    """A body that is too large: read to its end, kept nowhere."""

    def __init__(self, length: int) -> None:
        super().__init__(length, OverflowableBuffer(0))

    def received(self, data: bytes) -> int:
        taken = min(len(data), self.remain)
        self.remain -= taken
        self.completed = self.remain < 1
        return taken


class PatientParser(HTTPRequestParser):
    """Hears a request that is too large to its end instead of cutting the connection, so that the portal's own page is seen."""

    body_rcv: Any = None
    error: Any = None

    def received(self, data: bytes) -> int:
        if isinstance(self.body_rcv, Swallowed):
            swallowed: int = self.body_rcv.received(data)
            self.completed = self.body_rcv.completed
            return swallowed
        taken: int = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge) and not self.chunked and self.content_length < SWALLOWED:
            self.error, self.completed, self.body_rcv = None, False, Swallowed(self.content_length)
        return taken


class Channel(HTTPChannel):
    parser_class = PatientParser


def _listening(app: Flask, settings: Settings) -> Any:
    """A server that takes what the application takes; of what is larger the application gets the head, and refuses it."""
    largest = app.config["MAX_CONTENT_LENGTH"] + 1
    server = waitress.create_server(
        app, host=settings.host, port=settings.port, threads=settings.threads, ident="", channel_timeout=60, max_request_body_size=largest
    )  # fmt: skip
    for listener in _listeners(server):
        listener.channel_class = Channel
    return server


def _sockets(server: Any) -> dict[int, Any]:
    """The sockets of a server; one with several addresses is made of several."""
    found: dict[int, Any] = getattr(server, "_map", None) or server.map
    return found


def _listeners(server: Any) -> list[Any]:
    return [item for item in _sockets(server).values() if getattr(item, "accepting", False)]


def _look_at_migrations(app: Flask) -> None:
    house = app.extensions["portal"]
    behind = [name for name, (at, newest) in migrate.current(house.settings, house.plugins).items() if at != newest]
    if behind:
        raise click.UsageError("the database is not up to date (" + ", ".join(behind) + "); run: portal db upgrade")


def _look_at_keys(app: Flask) -> None:
    """A lost key is named before anybody works; with the wrong key file nothing is started, or two keys would share a number."""
    from portal import rotation

    with app.app_context():
        lost = rotation.losses()
        db.session.remove()
    for loss in lost:
        click.echo(str(loss), err=True)
    if any(loss.wrong for loss in lost):
        raise click.UsageError("keys.json does not belong to this database; put the right one back, or, if it is lost for good: portal keys rotate --despite-loss")


def _scheduler_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "portal", "scheduler"], env={**os.environ}, stdin=subprocess.DEVNULL)


class Ending:
    """SIGTERM and Ctrl-C. Made first of all: whoever is asked to end while still starting leaves no scheduler behind."""

    def __init__(self) -> None:
        self.asked = False
        self.server: Any = None
        self.child: subprocess.Popen[bytes] | None = None
        signal.signal(signal.SIGTERM, self._end)
        signal.signal(signal.SIGINT, self._end)

    def _end(self, _signal: int, _frame: object) -> None:
        self.asked = True
        if self.child is not None and self.child.poll() is None:
            self.child.terminate()
        if self.server is None:
            os._exit(0)  # an exception would be lost if this is heard inside the collector
        self.server.pull_trigger()

    def end_child(self, until: float | None = None) -> None:
        """The scheduler hands its leases back and ends; one that does not within the time is killed."""
        if self.child is None:
            return
        self.child.terminate()
        try:
            self.child.wait(timeout=GRACE_SECONDS if until is None else max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.child.kill()


def run_until_asked(server: Any, ending: Ending) -> None:
    """Serve; asked to end, take nothing new, let requests under way finish and be answered, then return."""
    sockets, listeners = _sockets(server), _listeners(server)
    ending.server = listeners[0]

    def turn(seconds: float) -> None:
        wasyncore.loop(timeout=seconds, map=sockets, count=1)

    while not ending.asked:
        turn(1)
    until = time.monotonic() + GRACE_SECONDS
    for listener in listeners:
        wasyncore.dispatcher.close(listener)
    while time.monotonic() < until and any(map(_under_way, list(sockets.values()))):
        turn(0.1)
    ending.end_child(until)


def _under_way(item: Any) -> bool:
    """Whether a connection has a request that is still coming in, is worked on, or whose answer is not sent yet."""
    return isinstance(item, HTTPChannel) and bool(item.requests or item.request or item.total_outbufs_len)


def _print_accounts(file: Path) -> None:
    if not file.exists():
        return
    data = json.loads(file.read_text(encoding="utf-8"))
    click.echo(f"  demonstration accounts, all with the password  {data['password']}\n")
    for account in data["accounts"]:
        click.echo(f"    {account['username']:<16} {account['name']}  {account['role']}")
    click.echo("")
    sys.stdout.flush()
