"""The command that serves the page: its address, its end, and what stands in its way."""

import builtins
import os
import signal
import socket
import stat
import sys
import threading
import time

import pytest

from master_thesis.app import serving
from master_thesis.app.jobs import JobQueue
from tests.commands import run_command


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(serving, "JobQueue", lambda: JobQueue((sys.executable, "-S", "-c", "input()")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_without_the_extra_the_answer_is_one_line(world, monkeypatch, capsys):
    real = builtins.__import__

    def no_starlette(name, *rest, **more):
        if name.startswith("starlette"):
            raise ModuleNotFoundError("No module named 'starlette'", name="starlette")
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_starlette)
    result = run_command("app", world, monkeypatch, capsys)
    assert result.code == 2
    assert result.err.endswith("error: app needs the package starlette: pip install 'master_thesis[app]'\n")
    assert result.written == set()


def test_a_port_in_use_is_answered_in_one_line(world, monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        result = run_command(f"app --port {port}", world, monkeypatch, capsys)
    assert result.code == 2
    assert result.err.endswith(f"error: --port {port} is in use: choose another one, or 0 for any that is free\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("app --port 70000", "--port should be at most 65535, got 70000"),
        ("app --sessions file", "--sessions file: File exists"),
        ("app --share", "app has no option --share (python -m master_thesis app --help all lists the options)"),
        ("app clip.mp4", "unexpected clip.mp4: python -m master_thesis app [options]"),
    ],
)
def test_mistakes_are_answered_in_one_line(world, monkeypatch, capsys, words, message):
    (world / "file").touch()
    result = run_command(words, world, monkeypatch, capsys)
    assert result.code == 2
    assert result.err.endswith(f"error: {message}\n")
    assert result.err.count("\n") == 1


def test_it_serves_this_machine_alone_until_it_is_interrupted(world, monkeypatch, capsys):
    addresses = []
    real = serving.Page.run

    def run(page):
        addresses.append(page.listener.getsockname()[0])
        threading.Thread(target=_interrupt_when_served, args=(page,), daemon=True).start()
        real(page)

    monkeypatch.setattr(serving.Page, "run", run)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which is missing in what a shell runs in the background
    result = run_command("app --port 0", world, monkeypatch, capsys)
    assert result.code == 130
    assert addresses == ["127.0.0.1"]
    folder = world / "cache" / "master_thesis" / "app"
    token = (folder / "token").read_text()
    assert result.out.startswith("open http://127.0.0.1:")
    assert result.out.endswith(f"/?token={token} (Ctrl-C ends; sessions are kept in {folder})\n")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def _interrupt_when_served(page):
    while not page.server.started:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGINT)
