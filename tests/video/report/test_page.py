"""The page is self-contained, escapes all text, and works in a real browser."""

import base64
import json
import queue
import re
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest
from markupsafe import escape

from master_thesis.errors import UserError
from master_thesis.video.io.writer import write_video
from master_thesis.video.provenance import FrameOrigin
from master_thesis.video.report import page as page_module
from master_thesis.video.report.chart import HEIGHT, MAX_COLUMNS, origin_chart
from master_thesis.video.report.page import PREVIEW_MARKER, Page, render, write_page

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
NUM_FRAMES = 30
HOSTILE = '</script><img src=x onerror=alert(1)> {{ js }} <preview> & "quotes"'


def origins(count: int = NUM_FRAMES) -> list[FrameOrigin]:
    return [FrameOrigin(t, 2 + t / 10, 10.0 * (t % 5 > 0), 75.0, 25.0, 3.0) for t in range(count)]


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """Three panels: red, green, and blue that brightens with time."""
    frames = np.zeros((NUM_FRAMES, 96, 64, 3), np.uint8)
    frames[:, :32, :, 0] = frames[:, 32:64, :, 1] = 200
    frames[:, 64:, :, 2] = np.linspace(40, 250, NUM_FRAMES)[:, None, None]
    write_video(tmp_path / "preview.mp4", frames, 10)
    path = tmp_path / "page.html"
    write_page(path, Page(HOSTILE, HOSTILE, origins(), {HOSTILE: HOSTILE}), tmp_path / "preview.mp4")
    return path


def test_the_page_needs_nothing_else(page: Path) -> None:
    text = page.read_text()
    assert not re.search(r"{[{%]|[}%]}", text.replace("{{ js }}", ""))
    assert not re.search(r"(src|href)=[\"']?(https?:|//|\.|/)", text)
    assert "default-src 'none'" in text


def test_text_of_users_is_escaped(page: Path) -> None:
    text = page.read_text()
    assert "<img" not in text
    assert text.count("</script>") == 3
    assert "<preview>" not in text
    assert text.count(str(escape(HOSTILE))) == 5


def test_the_preview_is_joined_from_chunks(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = Page(HOSTILE, HOSTILE, origins(), {HOSTILE: HOSTILE})
    before, after = render(content).split(PREVIEW_MARKER)
    encoded = base64.b64encode((tmp_path / "preview.mp4").read_bytes()).decode()
    assert page.read_text() == before + encoded + after
    monkeypatch.setattr(page_module, "CHUNK", 30)
    write_page(tmp_path / "chunks.html", content, tmp_path / "preview.mp4")
    assert (tmp_path / "chunks.html").read_bytes() == page.read_bytes()


def test_a_page_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "preview.mp4").touch()
    (tmp_path / "page.html").mkdir()
    with pytest.raises(UserError, match=r"page\.html cannot be written: "):
        write_page(tmp_path / "page.html", Page("", "", origins(), {}), tmp_path / "preview.mp4")


def test_the_chart_shows_shares_of_the_hole() -> None:
    chart = origin_chart(origins(5))
    assert chart.count('class="copied"') == 4  # one frame has no hole
    assert set(re.findall(r'class="copied" [^>]*height="([\d.]+)"', chart)) == {f"{0.75 * HEIGHT:.2f}"}
    assert set(re.findall(r'class="invented" [^>]*height="([\d.]+)"', chart)) == {f"{0.25 * HEIGHT:.2f}"}


def test_the_chart_of_a_long_video_is_no_larger() -> None:
    assert origin_chart(origins(20 * MAX_COLUMNS)).count('class="copied"') <= MAX_COLUMNS


PROBE = """
<script>
const results = {errors: []};
window.addEventListener("error", (event) => results.errors.push(String(event.message)));
for (const name of ["error", "warn"]) console[name] = (...text) => results.errors.push(text.join(" "));
document.addEventListener("securitypolicyviolation", (event) => results.errors.push(event.violatedDirective));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const colour = (canvas, x) => [...canvas.getContext("2d").getImageData(x * canvas.width, 8, 1, 1).data.slice(0, 3)];
async function until(condition) { for (let i = 0; i < 4000 && !condition(); i++) await sleep(50); }
window.addEventListener("load", async () => {
  const video = document.getElementById("video"), compare = document.getElementById("compare");
  const divider = document.getElementById("divider"), panels = document.querySelectorAll("canvas[data-panel]");
  await until(() => video.readyState >= 2 && colour(compare, 0.1)[0] > 0);
  results.halves = [colour(compare, 0.1), colour(compare, 0.9)];
  divider.value = 1000;
  divider.dispatchEvent(new Event("input"));
  results.allBefore = colour(compare, 0.9);
  divider.value = 0;
  divider.dispatchEvent(new Event("input"));
  results.allAfter = colour(compare, 0.1);
  document.querySelector("input[name=right][value='2']").click();
  results.allOrigin = colour(compare, 0.5);
  results.panels = [...panels].map((canvas) => colour(canvas, 0.5));
  video.addEventListener("playing", () => { results.isPlaying = !video.paused; }, {once: true});
  document.getElementById("play").click();
  await until(() => video.currentTime > 0.5);
  results.played = video.currentTime;
  if (!video.paused) document.getElementById("play").click(); // on a busy machine it may have ended
  const seek = document.getElementById("seek");
  seek.value = 0.9;
  seek.dispatchEvent(new Event("input"));
  const head = () => Number(document.querySelector("#chart .head").getAttribute("x1"));
  await until(() => !video.seeking && colour(panels[2], 0.5)[2] > 150 && head() > 850);
  results.seekedTo = video.currentTime / video.duration;
  results.blueLater = colour(panels[2], 0.5)[2];
  results.time = document.getElementById("time").textContent;
  results.head = head();
  location.href = "/results?" + encodeURIComponent(JSON.stringify(results));
});
</script>
"""


def results_in_chromium(page: str, profile: Path) -> dict:
    """Serves a page to a headless browser and returns the results of its probe."""
    answers: queue.Queue[dict] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            path, _, query = self.path.partition("?")
            if path == "/results":
                answers.put(json.loads(unquote(query)))
            self.send_response(200 if path in ("/", "/results") else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page.encode() if path == "/" else b"")

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        address = f"http://127.0.0.1:{server.server_port}/"
        command = [str(CHROMIUM), *flags, f"--user-data-dir={profile}", address]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as browser:
            try:
                return answers.get(timeout=300)
            finally:
                browser.terminate()
                server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_the_page_plays_and_the_slider_moves_in_chromium(page: Path, tmp_path: Path) -> None:
    results = results_in_chromium(page.read_text().replace("<body>", "<body>" + PROBE), tmp_path / "profile")
    assert results["errors"] == []
    red, green = [200, 0, 0], [0, 200, 0]
    assert results["halves"] == [pytest.approx(red, abs=12), pytest.approx(green, abs=12)]
    assert results["allBefore"] == pytest.approx(red, abs=12)
    assert results["allAfter"] == pytest.approx(green, abs=12)
    assert results["allOrigin"][2] > 20 > results["allOrigin"][0]
    assert results["panels"][:2] == [pytest.approx(red, abs=12), pytest.approx(green, abs=12)]
    assert results["isPlaying"]
    assert results["played"] > 0.5
    assert results["seekedTo"] == pytest.approx(0.9, abs=0.05)
    assert results["blueLater"] > 150  # all panels move together
    assert results["time"].startswith("frame 2")
    assert results["head"] > 850
