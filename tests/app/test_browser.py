"""The page in a real browser, used like a person would: draw, carry, correct, cancel, remove, compare, download."""

import shutil

import av
import numpy as np
import pytest

from master_thesis.app import serving
from master_thesis.app.jobs import JobQueue
from master_thesis.app.keys import mask_of_png
from stress.videos import Clip
from tests.app.conftest import running, square, wait_for

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
SIZE, NUM_FRAMES = (64, 96), 8
WAIT_MS = 60_000
TIMES = "\u00d7"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # of the browser's pipes
]


CANCEL_AT_ONCE = """() => new Promise((resolve) => {
  const job = document.getElementById("job");
  const observer = new MutationObserver(() => {
    if (job.hidden) return;
    observer.disconnect();
    document.getElementById("cancel").click();
    resolve();
  });
  observer.observe(job, { attributes: true });
  document.getElementById("carry").click();
})"""
"""Carries, and cancels when the button appears: a carrying as short as this one may be over before a hand is there."""


class Person:
    """Someone with a mouse and a keyboard in front of the page.

    Attributes:
        page: the tab.
        client: asks the server about what the person did.
        complaints: errors in the console.
        addresses: everything that was asked for.
    """

    def __init__(self, page, client):
        self.page, self.client, self.complaints, self.addresses = page, client, [], []
        page.set_default_timeout(WAIT_MS)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type != "log" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.addresses.append(request.url))

    @property
    def session(self):
        return f"/api/sessions/{self.page.url.rpartition('/')[2]}"

    @property
    def state(self):
        return self.client("GET", self.session).json

    def place(self, x, y):
        """Where a pixel of the video is in the window."""
        box = self.page.locator("figure[data-kind=input] canvas").bounding_box()
        scale = min((box["width"] - 24) / SIZE[1], (box["height"] - 24) / SIZE[0])
        left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return left + (x - SIZE[1] / 2) * scale, top + (y - SIZE[0] / 2) * scale

    def drag(self, *places):
        self.page.mouse.move(*self.place(*places[0]))
        self.page.mouse.down()
        for each in places[1:]:
            self.page.mouse.move(*self.place(*each), steps=4)
        self.page.mouse.up()

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, selector):
        return self.page.inner_text(selector)

    def mask(self, frame):
        """The mask that the server has for a frame."""
        return mask_of_png(self.client("GET", f"{self.session}/masks/{frame}").data, SIZE)

    def wait_for_keys(self, *frames):
        wait_for(lambda: [key["frame"] for key in self.state["keys"]] == list(frames))

    def wait_for_area(self, frame, is_fine):
        """Waits until the server has a mask of some area for a frame; returns the area."""
        wait_for(lambda: is_fine(int(self.mask(frame).sum())))
        return int(self.mask(frame).sum())


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A clip with sound; a red square moves to the right."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    still = np.stack([40 + x, 120 - y, 60 + (x // 8 + y // 8) % 2 * 30], axis=-1).astype(np.uint8)
    frames = [still.copy() for _ in range(NUM_FRAMES)]
    for t, frame in enumerate(frames):
        frame[square(SIZE, 20, 16 + 3 * t, 20)] = (230, 40, 20)
    clip = Clip(size=SIZE, times=tuple(range(NUM_FRAMES)), audio="aac")
    return clip.write(tmp_path_factory.mktemp("video"), frames)


@pytest.fixture
def person(tmp_path, monkeypatch):
    """A person in front of a page with real workers, also after tests that share others."""
    monkeypatch.setattr(serving, "JobQueue", JobQueue)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for client in running(serving.Page(tmp_path / "sessions", 0)):
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            person = Person(page, client)
            page.goto(client.page.address)
            yield person
        browser.close()


def test_a_person_removes_an_object(person, video):
    hand_over(person, video)
    draw(person)
    keys_do_what_the_page_says(person)
    carry_and_mend(person)
    remove_and_compare(person)
    download(person)
    come_back(person)
    assert person.complaints == []
    own = f"http://127.0.0.1:{person.client.page.port}/"
    assert [url for url in person.addresses if not url.startswith((own, f"blob:{own}"))] == []


def hand_over(person, video):
    person.page.set_input_files("#file", video)
    person.page.wait_for_url("**/s/*")
    playwright.expect(person.page.locator("#facts")).to_have_text(f"96 {TIMES} 64 \u00b7 8 frames \u00b7 with sound")
    assert person.page.is_disabled("#carry")
    assert person.page.is_disabled("#remove")


def draw(person):
    """Draws, erases, undoes and repeats on the first frame, and lets a box find the object."""
    person.press("]", "]")
    size = int(person.page.input_value("#size"))
    person.drag((20, 24), (32, 24), (32, 36), (20, 36))
    painted = person.wait_for_area(0, lambda area: area > 100)
    assert abs(painted - size * (12 + 12 + 12 + size * 0.785)) < 0.35 * painted
    person.press("e", "[", "[", "[", "[", "[", "[")
    person.drag((32, 20), (32, 40))
    erased = person.wait_for_area(0, lambda area: 0 < area < painted)
    person.press("Control+z")
    person.wait_for_area(0, lambda area: area == painted)
    person.press("Control+Shift+z")
    person.wait_for_area(0, lambda area: area == erased)
    person.press("Control+z", "Control+z")
    person.wait_for_keys()
    assert person.page.is_disabled("#undo")
    person.press("x")
    person.drag((10, 14), (42, 46))
    person.wait_for_area(0, lambda area: area > 0)
    assert (person.mask(0) == square(SIZE, 20, 16, 20)).mean() > 0.95


def keys_do_what_the_page_says(person):
    number = person.page.locator("#number")
    for key, frame in (
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("ArrowLeft", 1),
        ("End", 7),
        ("Shift+ArrowLeft", 0),
        ("k", 0),
    ):
        person.press(key)
        playwright.expect(number).to_have_value(str(frame))
    person.press("ArrowRight", "c")
    person.wait_for_keys(0, 1)
    assert (person.mask(1) == person.mask(0)).all()
    person.press("Delete")
    person.wait_for_keys(0)
    person.press("End", "g")
    person.wait_for_keys(0, 7)
    playwright.expect(person.page.locator("#keys")).to_have_text(f"0{TIMES}7 gone{TIMES}")
    person.page.click("#keys li:nth-child(2) button:nth-child(2)")
    person.wait_for_keys(0)
    person.press("Home", "+", "h")
    person.drag((48, 32), (40, 32))
    person.press("0", "b", "m", "m")


def carry_and_mend(person):
    """Carries, corrects the last frame, cancels the next carrying, and carries again."""
    carry = person.page.locator("#carry")
    carry.click()
    wait_for(lambda: (person.state["job"] or {}).get("state") == "done", 60)
    person.page.wait_for_selector("#job", state="hidden")
    state = person.state
    assert (state["job"]["state"], state["is_carried"], state["masks"]["count"]) == ("done", True, NUM_FRAMES)
    assert overlap(person.mask(4), square(SIZE, 20, 28, 20)) > 0.7
    person.page.click("#strip", position={"x": person.page.locator("#strip").bounding_box()["width"] - 9, "y": 12})
    playwright.expect(person.page.locator("#number")).to_have_value("7")
    person.press("b", "]", "]", "]")
    before = int(person.mask(7).sum())
    person.drag((38, 21), (56, 39))
    person.wait_for_keys(0, 7)
    assert int(person.mask(7).sum()) != before
    person.page.evaluate(CANCEL_AT_ONCE)
    wait_for(lambda: not person.state["job"]["is_active"], 60)
    person.page.wait_for_selector("#job", state="hidden")
    assert (person.state["job"]["state"], person.state["is_carried"]) == ("cancelled", False)
    assert overlap(person.mask(4), square(SIZE, 20, 28, 20)) > 0.7, "the masks from before are kept"
    person.page.check("#preview")


def remove_and_compare(person):
    """Removes, which carries what is still to be carried, and looks at the result."""
    person.page.fill("#widening", "2")
    person.page.click("#remove")
    person.page.wait_for_selector("body.comparing")
    state = person.state
    assert (state["job"]["state"], state["is_carried"], state["result"]["choice"]["widening"]) == ("done", True, 2)
    assert "of the hole" in person.text("#sentence")
    wait_for(lambda: all(each["is_complete"] for each in person.state["result"]["frames"].values()))
    person.page.check("#show-origin")
    person.press("ArrowLeft", "Home")
    playwright.expect(person.page.locator("figure[data-kind=origin]")).to_be_visible()
    hole = square(SIZE, 22, 18, 16)
    assert red_in(person, "input", hole) > 200
    assert red_in(person, "result", hole) < 150


def download(person):
    for name, ending in (("video", "_removed.mp4"), ("page", "_removed.html"), ("origin", "_removed_overlay.mp4")):
        with person.page.expect_download() as downloads:
            person.page.click(f"#get-{name}")
        file = downloads.value
        assert file.suggested_filename == f"clip{ending}"
        assert file.path().stat().st_size > 500
        if name == "video":
            with av.open(str(file.path())) as container:
                assert [stream.type for stream in container.streams] == ["video", "audio"]
                assert sum(1 for _ in container.decode(video=0)) == NUM_FRAMES
    person.page.click("summary")
    with person.page.expect_download() as downloads:
        person.page.click("#get-masks")
    assert downloads.value.suggested_filename == "clip_masks.zip"


def come_back(person):
    """Finds the session on the start page, as it was."""
    session = person.session
    person.page.click("#home")
    person.page.click("#sessions a")
    playwright.expect(person.page.locator("#keys li")).to_have_count(2)
    assert person.session == session
    assert person.page.is_enabled("#view-compare")


def overlap(a, b):
    return (a & b).sum() / (a | b).sum()


def red_in(person, kind, hole):
    """The mean red of some pixels of the first frame."""
    import io

    from PIL import Image

    data = person.client("GET", f"{person.session}/pictures/{kind}/0").data
    return np.asarray(Image.open(io.BytesIO(data)))[hole][:, 0].mean()
