"""Plays films in a browser, from a folder that is served on this machine."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PAGE = """<body style="margin:0"><video id="v" muted></video><canvas id="c"></canvas><script>
const load = async url => { const data = await (await fetch(url)).blob();  // a blob can be sought in
  return await new Promise((done, fail) => { v.onloadeddata = () => done(v.duration);
    v.onerror = () => fail(v.error.message); v.src = URL.createObjectURL(data); v.load(); }); };
const picture = time => new Promise(done => { v.onseeked = () => requestAnimationFrame(() => {
  c.width = v.videoWidth; c.height = v.videoHeight; c.getContext('2d').drawImage(v, 0, 0);
  done(c.toDataURL('image/png').split(',')[1]); }); v.currentTime = time; });
const onset = async url => { const data = await (await fetch(url)).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 48000, 48000).decodeAudioData(data);
  const samples = sound.getChannelData(0), first = samples.findIndex(s => Math.abs(s) > 0.1);
  return [first / sound.sampleRate, sound.duration]; };
</script>"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serves a folder on this machine, because browsers do not let pages read files."""
    (folder / "page.html").write_text(PAGE)
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Logs nothing."""

    def log_message(self, *args: Any) -> None:
        """Does nothing."""


def play(page: Any, url: str, times: list[float]) -> tuple[float, list[float], list[np.ndarray]]:
    """Plays a result; returns its length, its sound (start, length), and its picture in the middle of each frame."""
    length = page.evaluate("url => load(url)", url)
    pictures = play_loaded(page, times)
    return length, page.evaluate("url => onset(url)", url), pictures


def play_silently(page: Any, url: str, times: list[float]) -> list[np.ndarray]:
    """Plays a film without sound; returns its picture in the middle of each frame."""
    page.evaluate("url => load(url)", url)
    return play_loaded(page, times)


def play_loaded(page: Any, times: list[float]) -> list[np.ndarray]:
    """The picture in the middle of each frame of the film that is loaded."""
    pictures = []
    for time, after in zip(times, [*times[1:], times[-1] + 0.04], strict=True):
        data = page.evaluate("time => picture(time)", (time + after) / 2)
        pictures.append(np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB")))
    return pictures
