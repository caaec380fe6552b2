"""Examines the page in the browser with axe-core, light and dark, from the start to a result.

Needs ``pip install playwright``, a Chromium, and the file of axe-core (``npm install axe-core``):

    python -m stress accessibility --axe node_modules/axe-core/axe.min.js
    python -m stress accessibility --axe node_modules/axe-core/axe.min.js --pictures screens --clip DAVIS/blackswan
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from master_thesis.app.serving import Page
from stress.videos import Clip, moving_frames

SIZE = (96, 128)
WINDOWS_PX = ((1280, 800), (1920, 1080))
"""Sizes at which pictures are taken."""
SERIOUS = ("serious", "critical")
NUM_SHOWN = 3
"""Elements that are listed for each finding."""


def write_clip(folder: Path) -> Path:
    """A clip with a red square."""
    frames = [frame // 3 for frame in moving_frames(6, SIZE)]
    for frame in frames:
        frame[30:60, 40:70] = (220, 30, 10)
    return Clip(size=SIZE, times=tuple(range(len(frames)))).write(folder, frames)


@contextmanager
def served(folder: Path) -> Iterator[Page]:
    """The page on a port of its own."""
    page = Page(folder, 0)
    thread = threading.Thread(target=page.run, daemon=True)
    thread.start()
    yield page
    page.server.should_exit = True
    thread.join()


def visits(page: Any, clip: Path) -> Iterator[str]:
    """Uses the page, and names what is on the screen."""
    yield "start"
    page.fill("#path", str(clip))
    page.click("#open button")
    page.wait_for_url("**/s/*")
    page.wait_for_selector("#undo")
    page.wait_for_function("!document.getElementById('facts').textContent.includes('reading')")
    yield "drawing"
    page.click("#choices summary")
    if page.is_enabled("#text"):
        page.check("#text")
        yield "choices"
        page.uncheck("#text")
    page.fill("#logos", "0 0 9 9")
    page.press("#logos", "Enter")
    yield "logo"
    page.fill("#logos", "")
    page.press("#logos", "Enter")
    page.wait_for_function("document.getElementById('carry').disabled")
    page.click("#choices summary")
    box = page.locator("figure[data-kind=input] canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1] + 60, steps=5)
    page.mouse.up()
    page.wait_for_selector("#keys li")
    page.click("aside > details summary")
    page.click("#help-open")
    yield "list of keys"
    page.keyboard.press("Escape")
    page.click("#carry")
    page.wait_for_selector("#job", state="visible")
    page.wait_for_selector("#job", state="hidden")
    yield "carried"
    page.click("#remove")
    page.wait_for_selector("#job", state="visible")
    yield "removing"
    page.wait_for_selector("body.comparing")
    page.check("#show-origin")
    yield "comparing"


def examine(page: Any, name: str, axe: str) -> int:
    """Prints what axe-core finds; returns the number of serious findings."""
    page.wait_for_timeout(300)
    page.evaluate(axe)
    found = page.evaluate("() => axe.run(document)")
    print(f"{name}: {len(found['passes'])} rules passed, {len(found['violations'])} violated")
    for each in found["violations"]:
        where = ", ".join(" ".join(map(str, node["target"])) for node in each["nodes"][:NUM_SHOWN])
        print(f"  {each['impact']}: {each['help']} ({where})")
    return sum(each["impact"] in SERIOUS for each in found["violations"])


def photograph(page: Any, folder: Path, name: str) -> None:
    """Writes pictures of the page in windows of some sizes."""
    folder.mkdir(parents=True, exist_ok=True)
    before = page.viewport_size
    for width, height in WINDOWS_PX:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(300)
        page.screenshot(path=folder / f"{name.replace(', ', '_').replace(' ', '_')}_{width}.png")
    page.set_viewport_size(before)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--axe", type=Path, required=True, help="axe.min.js of axe-core")
    parser.add_argument("--clip", type=Path, help="video or folder of frames (default: a small one that is made here)")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="also write pictures of the page")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    axe, num_serious = options.axe.read_text(encoding="utf-8"), 0
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        clip = options.clip.absolute() if options.clip else write_clip(Path(name))
        browser = driver.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        with served(Path(name) / "sessions") as server:
            for scheme in ("light", "dark"):
                page = browser.new_page(color_scheme=scheme, bypass_csp=True)
                page.set_default_timeout(120_000)
                page.goto(server.address)
                for seen in visits(page, clip):
                    num_serious += examine(page, f"{scheme}, {seen}", axe)
                    if options.pictures:
                        photograph(page, options.pictures, f"{scheme}, {seen}")
        browser.close()
    sys.exit(f"{num_serious} serious findings" if num_serious else 0)
