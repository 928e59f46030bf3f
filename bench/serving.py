"""Two worker processes of a contestant, each with a port of its own, and a light client that keeps their connections busy.

The client shares the machine with the workers, as in every run, so that what is compared is compared under the same load.
"""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKERS = 2
THREADS = 8


def serve(application: Any, descriptor: int) -> None:
    """Serve a WSGI application on a socket that the parent has bound; the end of a worker."""
    import logging

    import waitress

    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    server = waitress.create_server(application, sockets=[socket.socket(fileno=descriptor)], threads=THREADS, ident="", backlog=128)
    server.run()


@contextlib.contextmanager
def workers(contestant: str, folder: Path) -> Iterator[list[int]]:
    """Run ``python -m bench.worker contestant folder`` twice; gives their ports once both answer."""
    sockets, running = [], []
    for _number in range(WORKERS):
        bound = socket.socket()
        bound.bind(("127.0.0.1", 0))
        bound.listen(128)
        sockets.append(bound)
        command = [sys.executable, "-m", "bench.worker", contestant, str(folder), str(bound.fileno())]
        running.append(subprocess.Popen(command, pass_fds=[bound.fileno()], env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, stderr=None))
    ports = [bound.getsockname()[1] for bound in sockets]
    try:
        for port in ports:
            _wait(port)
        yield ports
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait(timeout=30)
        for bound in sockets:
            bound.close()


def _wait(port: int) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20).read()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


class Browser:
    """Somebody with cookies, for logging in."""

    def __init__(self, port: int) -> None:
        self.base = f"http://127.0.0.1:{port}"
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str) -> str:
        return str(self._opener.open(self.base + path, timeout=60).read().decode())

    def post(self, path: str, data: dict[str, Any]) -> str:
        request = urllib.request.Request(self.base + path, urllib.parse.urlencode(data, doseq=True).encode(), {"Referer": self.base + path})
        return str(self._opener.open(request, timeout=60).read().decode())

    def cookie(self) -> str:
        return "; ".join(f"{item.name}={item.value}" for item in self.cookies)


def field_of(html: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}"[^>]*value="([^"]+)"', html)
    assert found, f"no field {name}"
    return found[1]


Send = Callable[[int], bytes]
"""The bytes of the request with this number."""


@dataclass
class Load:
    """What a run of load gave."""

    seconds: float
    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.times) / self.seconds

    def percentile(self, part: float) -> float:
        ordered = sorted(self.times)
        return ordered[min(int(len(ordered) * part), len(ordered) - 1)]


class Connection:
    """A kept connection that sends bytes and reads whole answers."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def ask(self, sent: bytes) -> tuple[int, bytes]:
        self._socket.sendall(sent)
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        body = data[end + 4 :]
        at = head.find(b"content-length:")
        if at >= 0:
            length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            parts, have = [body], len(body)
            while have < length:
                parts.append(self._more())
                have += len(parts[-1])
            whole = b"".join(parts)
        else:
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
            whole, length = body, len(body)
        self._rest = whole[length:]
        return int(head[9:12]), whole[:length]

    def _more(self) -> bytes:
        got = self._socket.recv(1 << 17)
        if not got:
            raise ConnectionError("the server closed the connection")
        return got

    def close(self) -> None:
        self._socket.close()


def load(ports: list[int], send: Send, *, clients: int, seconds: float = 0, requests: int = 0, expect: tuple[int, ...] = (200,), keep: bytes = b"") -> Load:
    """``clients`` at once, spread over the ports, for a time or until so many requests were answered."""
    result, lock, numbers = Load(0), threading.Lock(), iter(range(1 << 40))
    start = time.perf_counter()
    until = start + seconds if seconds else float("inf")

    def client(port: int) -> None:
        connection = Connection(port)
        times, wrong = [], []
        try:
            while time.perf_counter() < until:
                with lock:
                    number = next(numbers)
                if requests and number >= requests:
                    break
                sent = send(number)
                began = time.perf_counter()
                status, body = connection.ask(sent)
                times.append(time.perf_counter() - began)
                if status not in expect or (keep and keep not in body):
                    wrong.append(f"{status} {body[:300]!r}")
        finally:
            connection.close()
            with lock:
                result.times.extend(times)
                result.wrong.extend(wrong)

    threads = [threading.Thread(target=client, args=(ports[n % len(ports)],)) for n in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - start
    return result


def get(path: str, cookie: str = "") -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nAccept-Language: zh-CN\r\n\r\n".encode()


def post(path: str, data: dict[str, Any], cookie: str) -> bytes:
    """A POST of a form."""
    body = urllib.parse.urlencode(data, doseq=True).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\nReferer: http://127.0.0.1{path}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
