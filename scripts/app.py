"""Makes the picture and the clip of the page in the browser, by using it with a real pointer.

make demo
python -m scripts app demo --chromium /usr/bin/chromium
"""

from __future__ import annotations

import argparse
import io
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from master_thesis.app.serving import Page
from master_thesis.images.codec import write_jpeg

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
CLIP = "data/DAVIS-2017/JPEGImages/480p/walker-crossing"
VIDEO_PX, WINDOW_PX, SHOWN_PX = (640, 360), (1280, 800), (960, 600)
BOX = ((42, 2), (214, 350))
STROKES = (("]]]]", [(128, 33), (128, 52)]), ("[[", [(118, 222), (73, 320)]), ("", [(138, 222), (183, 320)]))
"""What is drawn on the first frame: a box, and what that misses: head and legs."""
RATE = 18
"""Pictures per second of the clip."""
MAX_WAITING = 18
"""Pictures of the clip for each thing that is waited for."""
POINTER = """() => {
  const pointer = document.createElement("div");
  pointer.style.cssText = "position:fixed; z-index:9; width:14px; height:14px; margin:-7px; border-radius:50%;"
    + "background:rgb(255 60 60 / .8); border:2px solid white; pointer-events:none; left:-50px; top:0";
  document.body.append(pointer);
  const follow = ({ x, y }) => { pointer.style.left = `${x}px`; pointer.style.top = `${y}px`; };
  addEventListener("pointermove", follow, true);
}"""
"""Shows where the pointer is, which pictures of a page leave out."""


class Camera:
    """Takes pictures of a page.

    Args:
        page: the page.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.pictures: list[np.ndarray] = []

    def take(self, count: int = 1) -> None:
        """Takes a picture, which is shown for some time."""
        self.pictures += [self.picture()] * count

    def picture(self) -> np.ndarray:
        return np.asarray(Image.open(io.BytesIO(self.page.screenshot())).convert("RGB"))

    def watch(self, selector: str, state: str) -> None:
        """Takes pictures until something appears or is gone, and keeps a few of them."""
        seen = []
        while self.page.locator(selector).is_visible() != (state == "visible"):
            seen.append(self.picture())
            error = self.page.locator("#message.error")
            assert not error.is_visible(), error.inner_text()
        self.pictures += [
            seen[i * len(seen) // min(len(seen), MAX_WAITING)] for i in range(min(len(seen), MAX_WAITING))
        ]

    def move(self, x: float, y: float, steps: int = 6) -> None:
        """Moves the pointer."""
        start = getattr(self, "place", (x, y))
        for i in range(1, steps + 1):
            self.place = tuple(a + (b - a) * i / steps for a, b in zip(start, (x, y), strict=True))
            self.page.mouse.move(*self.place)
            self.take()

    def click(self, selector: str) -> None:
        """Moves the pointer to something and presses it."""
        box = self.page.locator(selector).bounding_box()
        self.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=4)
        self.page.mouse.down()
        self.page.mouse.up()
        self.take(2)

    def drag(self, *places: tuple[float, float]) -> None:
        """Drags the pointer over pixels of the video."""
        self.move(*self.on_video(places[0]))
        self.page.mouse.down()
        for place in places[1:]:
            self.move(*self.on_video(place))
        self.page.mouse.up()
        self.take(2)

    def on_video(self, place: tuple[float, float]) -> tuple[float, float]:
        box = self.page.locator("figure[data-kind=input] canvas").bounding_box()
        scale = min((box["width"] - 24) / VIDEO_PX[0], (box["height"] - 24) / VIDEO_PX[1])
        left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return left + (place[0] - VIDEO_PX[0] / 2) * scale, top + (place[1] - VIDEO_PX[1] / 2) * scale


@contextmanager
def opened(video: Path, chromium: str, scheme: str) -> Iterator[Any]:
    """The page in a browser, with a video."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        served = Page(Path(folder), 0)
        thread = threading.Thread(target=served.run, daemon=True)
        thread.start()
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        size = {"width": WINDOW_PX[0], "height": WINDOW_PX[1]}
        page = browser.new_page(viewport=size, color_scheme=scheme, bypass_csp=True)
        page.set_default_timeout(300_000)
        page.goto(served.address)
        page.fill("#path", str(video.absolute()))
        page.click("#open button")
        page.wait_for_url("**/s/*")
        page.wait_for_selector("#undo")
        time.sleep(2)
        page.evaluate(POINTER)
        yield page
        browser.close()
        served.server.should_exit = True
        thread.join()


def use(camera: Camera, picture: Path) -> None:
    """Draws, carries, corrects a frame, removes and compares; also makes the picture."""
    page = camera.page
    camera.take(6)
    camera.click("[data-tool=box]")
    camera.drag(*BOX)
    page.wait_for_selector("#carry:enabled")
    camera.take(4)
    camera.click("[data-tool=brush]")
    for keys, stroke in STROKES:
        for key in keys:
            page.keyboard.press(key)
        camera.drag(*stroke)
    page.wait_for_timeout(500)
    camera.take(4)
    camera.click("#carry")
    page.wait_for_selector("#job", state="visible")
    camera.watch("#job", "hidden")
    camera.take(4)
    for _ in range(8):
        page.keyboard.press("ArrowRight")
        time.sleep(0.3)
        camera.take()
    camera.move(*camera.on_video((330, 60)))
    write_jpeg(picture, camera.picture(), 88)
    page.select_option("#working-size", "240p")
    camera.click("#remove")
    camera.watch("body.comparing", "visible")
    page.wait_for_function("!document.getElementById('facts').textContent.includes('reading')")
    time.sleep(2)
    camera.take(6)
    for _ in range(10):
        page.keyboard.press("ArrowRight")
        time.sleep(0.3)
        camera.take(2)
    camera.take(10)


def write_clip(path: Path, pictures: list[np.ndarray]) -> None:
    """Writes pictures as a small video."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"crf": "30", "preset": "slow", "g": "120"})
        stream.width, stream.height = SHOWN_PX
        stream.pix_fmt, stream.time_base = "yuv420p", Fraction(1, RATE)
        for number, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(
                cv2.resize(picture, SHOWN_PX, interpolation=cv2.INTER_AREA), format="rgb24"
            )
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demo", type=Path, help="the folder of the demo")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--scheme", choices=("light", "dark"), default="light")
    parser.add_argument("--output", type=Path, default=IMAGES, help="folder for app.jpg and app.mp4")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    with opened(options.demo / CLIP, options.chromium, options.scheme) as page:
        camera = Camera(page)
        use(camera, options.output / "app.jpg")
    write_clip(options.output / "app.mp4", camera.pictures)
    size_kb = (options.output / "app.mp4").stat().st_size / 1000
    print(f"{options.output}: app.jpg, app.mp4 ({len(camera.pictures) / RATE:.1f} s, {size_kb:.0f} kB)")
