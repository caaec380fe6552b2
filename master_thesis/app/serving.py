"""Serves the page on this machine until it is interrupted."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import uvicorn

from master_thesis.app.guard import Guard, read_token
from master_thesis.app.jobs import JobQueue
from master_thesis.app.server import make_application
from master_thesis.app.sessions import SessionStore
from master_thesis.errors import UserError, require

HERE = "127.0.0.1"


def default_folder() -> Path:
    """Where sessions are kept unless the user names a folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "master_thesis" / "app"


def bind(port: int) -> socket.socket:
    """Binds a port that other machines cannot reach.

    Args:
        port: the port; 0: any that is free.

    Raises:
        UserError: it is in use, or not allowed.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HERE, port))
        listener.listen()  # requests wait until the server runs
    except OSError as error:
        listener.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used ({error.strerror})"
        raise UserError(f"--port {port} {reason}: choose another one, or 0 for any that is free") from error
    return listener


def prepare(folder: Path) -> None:
    """Creates the folder of sessions, which only its owner can read.

    Raises:
        UserError: it cannot be written to.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--sessions {folder}: {error.strerror}") from error
    require(os.access(folder, os.W_OK), f"--sessions {folder} cannot be written to")


class Page:
    """A server that is ready to run.

    Args:
        folder: of the sessions.
        port: of the server; 0: any that is free.

    Raises:
        UserError: folder or port cannot be used.
    """

    def __init__(self, folder: Path, port: int) -> None:
        prepare(folder)
        self.token = read_token(folder)
        self.listener = bind(port)
        self.port = int(self.listener.getsockname()[1])
        self.jobs = JobQueue()
        self.store = SessionStore(folder, self.jobs)
        guarded = Guard(make_application(self.store), self.port, self.token)
        config = uvicorn.Config(guarded, log_level="warning", access_log=False, server_header=False, lifespan="off")
        self.server = uvicorn.Server(config)

    @property
    def address(self) -> str:
        """The address to open in a browser."""
        return f"http://{HERE}:{self.port}/?token={self.token}"

    def run(self) -> None:
        """Serves until Ctrl-C or SIGTERM."""
        try:
            self.server.run(sockets=[self.listener])
        finally:
            self.store.close()
            self.jobs.close()
            self.listener.close()
