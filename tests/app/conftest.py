"""A page that is served on a port of its own, with a worker that does nothing but what tests ask for."""

import http.client
import json
import sys
import threading
import time
from dataclasses import dataclass, field

import numpy as np
import pytest

from master_thesis.app import serving
from master_thesis.app.jobs import JobQueue
from master_thesis.app.keys import alpha_png
from master_thesis.images.codec import write_png
from master_thesis.video.mask_folder import MaskRecord, SpanRecord
from stress.videos import Clip

WORKER = """
import json, os, sys, time
line = sys.stdin.readline()
if line:
    job = json.loads(line)
    sys.stderr = open(job["log"], "w")
    for number, words in enumerate(job["commands"]):
        print(json.dumps({"what": words[0], "done": 1, "total": 2, "seconds_left": 3.0}), flush=True)
        while words[0] == "wait" and not os.path.exists(words[1]):
            time.sleep(0.01)
        if words[0] == "fail":
            print("master_thesis: error: " + words[1], file=sys.stderr)
            sys.exit(2)
        print(json.dumps({"finished": number}), flush=True)
    print("all done", file=sys.stderr)
"""
"""A worker that knows the commands ``wait FILE`` and ``fail MESSAGE``; it succeeds in all others."""


@dataclass
class Answer:
    """What the server answered."""

    status: int
    headers: dict
    data: bytes

    @property
    def json(self):
        return json.loads(self.data)

    @property
    def error(self):
        assert self.status in (400, 403, 404, 500), self.status
        return self.json["error"]


@dataclass
class Client:
    """Asks a server as its own page does, with the cookie."""

    page: serving.Page
    headers: dict = field(default_factory=dict)

    def __call__(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.page.port, timeout=60)
        if isinstance(body, dict):
            body = json.dumps(body)
        cookie = {"Cookie": f"master_thesis_{self.page.port}={self.page.token}"}
        connection.request(method, path, body, cookie | self.headers | headers)
        response = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answer

    def open(self, path):
        """Opens a video and waits until it is read; the path of its session."""
        answer = self("POST", "/api/sessions", {"path": str(path)})
        assert answer.status == 200, answer.data
        name = answer.json["id"]
        self.page.store.get(name).frames.wait(20.0)
        return f"/api/sessions/{name}"


def running(page):
    """Serves a page in a thread until the block ends."""
    thread = threading.Thread(target=page.run, daemon=True)
    thread.start()
    while not page.server.started:
        time.sleep(0.005)
    yield Client(page)
    page.server.should_exit = True
    thread.join()


@pytest.fixture(scope="package")
def queue_of_tests():
    """A queue with the worker of the tests, in the place of the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serving, "JobQueue", lambda: JobQueue((sys.executable, "-S", "-c", WORKER)))
        yield


@pytest.fixture(scope="package")
def client(queue_of_tests, tmp_path_factory):
    """A client of a page that all tests share; each opens its own sessions."""
    yield from running(serving.Page(tmp_path_factory.mktemp("sessions"), 0))


@pytest.fixture(scope="package")
def clip(tmp_path_factory):
    """A clip of five frames, 64 x 48, with a red square."""
    from stress.videos import moving_frames

    frames = [frame // 3 for frame in moving_frames(5)]
    for frame in frames:
        frame[16:32, 24:40] = (220, 30, 10)
    return Clip(times=tuple(range(5))).write(tmp_path_factory.mktemp("clip"), frames)


@pytest.fixture
def session(client, clip):
    """The path of a new session of the clip."""
    return client.open(clip)


def square(size=(48, 64), top=16, left=24, side=16):
    """A mask of a square."""
    mask = np.zeros(size, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def drawn(mask):
    """The body of a request that hands over a mask."""
    return {"body": alpha_png(mask), "Content-Type": "image/png"}


def wait_for(condition, seconds=60):
    """Waits until something is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "nothing has happened"
        time.sleep(0.005)


def write_masks(folder, count=5, size=(48, 64), keys=(0,)):
    """A folder in the form of ``mask --output``: squares, empty from frame 3 on."""
    folder.mkdir()
    for frame in range(count):
        write_png(folder / f"{frame:05d}.png", square(size) if frame < 3 else np.zeros(size, bool))
    confidence = [1.0, 0.9, 0.4, 0.3, 0.8][:count]
    record = MaskRecord("clip.mp4", size, {}, keys, confidence, [2, 3], [SpanRecord(1, count, "x")])
    record.write(folder / "masks.json")
    return folder
