"""The web server asked to end: what is under way is finished and answered, nothing new is taken, nobody is left behind."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SLOW = '''
import os
import time
from flask import Blueprint, request
from portal.contract import Manifest
from portal.hookspecs import hookimpl

pages = Blueprint("slowly", __name__)


@pages.before_app_request
def wait():
    if request.path == "/login":
        print("begun", flush=True)
        while not os.path.exists(os.environ["GO_ON"]):
            time.sleep(0.02)


class Slowly:
    manifest = Manifest("slowly", "慢", "Slowly", "1.0")

    @hookimpl
    def portal_blueprints(self):
        return [pages]


plugin = Slowly()
'''


@pytest.fixture
def served(tmp_path):
    """``served(*words)``: `portal serve` on a new instance with a plugin that takes its time; the process and its address."""
    plugin = tmp_path / "plugins" / "slowly"
    plugin.mkdir(parents=True)
    (plugin / "__init__.py").write_text(SLOW)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    own = {"PORTAL_INSTANCE": str(tmp_path / "instance"), "PORTAL_PLUGIN_FOLDER": str(plugin.parent), "PORT": str(port), "GO_ON": str(tmp_path / "go-on")}
    environment = {**os.environ, **own}
    command = [sys.executable, "-m", "portal"]
    subprocess.run([*command, "init"], env=environment, cwd=ROOT, check=True, capture_output=True)
    processes = []

    def launch(*words):
        process = subprocess.Popen([*command, "serve", *words], env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    def start(*words):
        process = launch(*words)
        assert process.stdout.readline() == "\n" and f":{port}" in process.stdout.readline()
        return process, f"http://127.0.0.1:{port}"

    start.again, start.go_on = launch, (tmp_path / "go-on").touch
    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answers_at(address) -> bool:
    try:
        return urllib.request.urlopen(address, timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("words", [(), ("--with-scheduler",)])
def test_a_request_under_way_is_answered_and_nothing_new_is_taken(served, words):
    process, address = served(*words)
    answers = []
    asking = threading.Thread(target=lambda: answers.append(urllib.request.urlopen(f"{address}/login").read()))
    asking.start()
    assert process.stdout.readline() == "\n" and process.stdout.readline() == "begun\n"
    begun = time.monotonic()
    process.send_signal(signal.SIGTERM)
    while answers_at(f"{address}/healthz"):
        assert time.monotonic() - begun < 5, "it still takes what is new"
        time.sleep(0.05)
    assert not answers
    served.go_on()
    asking.join(10)
    _out, error = process.communicate(timeout=15)
    assert answers and b"<form" in answers[0]
    assert process.returncode == 0 and "Traceback" not in error and time.monotonic() - begun < 10


def test_an_idle_connection_keeps_nobody_waiting(served):
    process, address = served()
    with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))):
        begun = time.monotonic()
        process.send_signal(signal.SIGINT)
        _out, error = process.communicate(timeout=15)
    assert process.returncode == 0 and "Traceback" not in error and time.monotonic() - begun < 3


def test_a_port_in_use_is_said_and_no_scheduler_is_left(served):
    served()
    second = served.again("--with-scheduler")
    _out, error = second.communicate(timeout=20)  # a scheduler that is left would hold the pipe
    assert second.returncode == 2 and "set another port with PORT" in error


@pytest.mark.parametrize("size", [21 * 1024 * 1024 + 1, 40_000_000])
def test_what_is_too_large_is_heard_to_its_end_and_refused_with_the_portals_own_page(served, size):
    """The page, with its number, and not a connection that breaks off: a browser shows no answer that comes while it still sends."""
    _process, address = served()
    request = urllib.request.Request(f"{address}/login?large", data=bytes(size), method="POST")
    request.add_header("Content-Type", "application/x-www-form-urlencoded")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    page = refused.value.read().decode()
    assert refused.value.code == 413 and "内容过大" in page and refused.value.headers["X-Request-Id"] in page
    assert urllib.request.urlopen(f"{address}/healthz").status == 200
