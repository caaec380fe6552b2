"""The page in a real browser, used like a person would: draw, carry, correct, cancel, remove, compare, download."""

import re
import shutil

import av
import numpy as np
import pytest

from master_thesis.app import serving
from master_thesis.app.jobs import JobQueue
from master_thesis.app.keys import mask_of_png
from stress.videos import Clip
from tests.app import conftest
from tests.app.conftest import running, square

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
SIZE, OTHER_SIZE, NUM_FRAMES = (64, 96), (72, 80), 8
WAIT_MS = 120_000
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


def wait_for(condition):
    """Waits until something is true: a busy machine takes its time."""
    conftest.wait_for(condition, WAIT_MS / 1000)


class Person:
    """Someone with a mouse and a keyboard in front of the page.

    Attributes:
        page: the tab.
        client: asks the server about what the person did.
        size: height and width of the clip in this tab.
        complaints: errors in the console.
        addresses: everything that was asked for.
    """

    def __init__(self, page, client, size=SIZE):
        self.page, self.client, self.size, self.complaints, self.addresses = page, client, size, [], []
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
        (height, width), box = self.size, self.page.locator("figure[data-kind=input] canvas").bounding_box()
        scale = min((box["width"] - 24) / width, (box["height"] - 24) / height)
        left, top = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        return left + (x - width / 2) * scale, top + (y - height / 2) * scale

    def drag(self, *places):
        """Moves the pointer with its button down, when the frame is there: until then the page takes no strokes."""
        self.page.wait_for_selector("#stage[aria-busy=false]")
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
        return mask_of_png(self.client("GET", f"{self.session}/masks/{frame}").data, self.size)

    def wait_for_job(self, state="done"):
        """Waits until what is computed has ended, and the page knows."""
        wait_for(lambda: not (self.state["job"] or {"is_active": True})["is_active"])
        self.page.wait_for_selector("#job", state="hidden")
        assert self.state["job"]["state"] == state, self.state["job"]

    def wait_for_keys(self, *frames):
        wait_for(lambda: [key["frame"] for key in self.state["keys"]] == list(frames))

    def wait_for_area(self, frame, is_fine):
        """Waits until the server has a mask of some area for a frame; returns the area."""
        wait_for(lambda: is_fine(int(self.mask(frame).sum())))
        return int(self.mask(frame).sum())


def write_clip(folder, size, **values):
    """A clip with a red square that moves to the right."""
    y, x = np.mgrid[: size[0], : size[1]]
    still = np.stack([40 + x, 120 - y, 60 + (x // 8 + y // 8) % 2 * 30], axis=-1).astype(np.uint8)
    frames = [still.copy() for _ in range(NUM_FRAMES)]
    for t, frame in enumerate(frames):
        frame[square(size, 20, 16 + 3 * t, 20)] = (230, 40, 20)
    return Clip(size=size, times=tuple(range(NUM_FRAMES)), **values).write(folder, frames)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    """A clip with sound."""
    return write_clip(tmp_path_factory.mktemp("video"), SIZE, audio="aac")


@pytest.fixture(scope="module")
def other_video(tmp_path_factory):
    """A clip of another size."""
    return write_clip(tmp_path_factory.mktemp("other"), OTHER_SIZE)


@pytest.fixture
def person(tmp_path, monkeypatch):
    """A person in front of a page with real workers, also after tests that share others."""
    monkeypatch.setattr(serving, "JobQueue", JobQueue)
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for client in running(serving.Page(tmp_path / "sessions", 0)):
            window = browser.new_context(viewport={"width": 1280, "height": 800})
            person = Person(window.new_page(), client)
            person.page.goto(client.page.address)
            yield person
        browser.close()


def test_a_person_removes_an_object(person, video, other_video):
    hand_over(person, video)
    draw(person)
    keys_do_what_the_page_says(person)
    choose(person)
    other = carry_in_two_tabs(person, other_video)
    mend(person)
    cancel_a_removal_and_go_on(person)
    compare(person)
    download(person)
    come_back(person)
    assert [state["frame"] for state in other.state["keys"]] == [0], "the other tab is as it was"
    assert person.complaints + other.complaints == []
    own = f"http://127.0.0.1:{person.client.page.port}/"
    asked = person.addresses + other.addresses
    assert [url for url in asked if not url.startswith((own, f"blob:{own}"))] == []


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


def choose(person):
    """Chooses text and shadow, draws where text is, and takes the text back."""
    page = person.page
    page.click("#choices summary")
    offered, choice = person.client("GET", "/api/offers").json, lambda name: person.state["choice"][name]
    for name, needed in offered["trackers"].items():
        assert page.locator(f"#tracker option[value={name}]").is_disabled() == bool(needed)
        assert not needed or needed in person.text("#tracker-reasons")
    assert page.is_disabled("#text") == bool(offered["text"])
    if not offered["text"]:
        page.check("#text")
        page.click("#region-draw")
        person.drag((10, 48), (106, 60))
        wait_for(lambda: choice("region"))
        assert np.abs(np.subtract(choice("region"), (10, 48, 86, 12))).max() <= 1
        drawn = page.input_value("#region")
        page.fill("#region", "0 40 9")
        page.press("#region", "Enter")
        playwright.expect(page.locator("#message.error")).to_contain_text("four whole numbers")
        playwright.expect(page.locator("#region")).to_have_value(drawn)
        page.uncheck("#text")
    page.check("#shadow")
    wait_for(lambda: (choice("text"), choice("shadow")) == (False, True))
    choose_logo_and_unsure(person, choice)
    page.click("#choices summary")


def choose_logo_and_unsure(person, choice):
    """Draws a box around a logo, limits it to some frames, and removes more of what is unsure."""
    page = person.page
    page.click("#logo-draw")
    person.drag((70, 40), (90, 60))
    wait_for(lambda: choice("logos"))
    (logo,) = choice("logos")
    assert np.abs(np.subtract([int(word) for word in logo.split()], (70, 40, 20, 20))).max() <= 1
    playwright.expect(page.locator("#logos")).to_have_value(logo)
    page.fill("#logos", f"{logo}; 1 2 3")
    page.press("#logos", "Enter")
    playwright.expect(page.locator("#message.error")).to_contain_text("A logo should be four whole numbers")
    playwright.expect(page.locator("#logos")).to_have_value(logo)
    page.fill("#logos", "72 2 16 8@0-5")
    page.press("#logos", "Enter")
    wait_for(lambda: choice("logos") == ["72 2 16 8@0-5"])
    page.fill("#unsure", "0")
    page.press("#unsure", "Enter")
    playwright.expect(page.locator("#message.error")).to_contain_text("Unsure should begin at 0.1 to 100 %")
    page.fill("#unsure", "2")
    page.press("#unsure", "Enter")
    wait_for(lambda: choice("unsure") == 0.02)


def carry_in_two_tabs(person, video):
    """Carries while another tab, with another clip, draws and waits for its turn; returns the person there."""
    other = Person(person.page.context.new_page(), person.client, OTHER_SIZE)
    other.page.goto(f"http://127.0.0.1:{person.client.page.port}/")
    other.page.fill("#path", str(video))
    other.page.press("#path", "Enter")
    other.page.wait_for_url("**/s/*")
    playwright.expect(other.page.locator("#facts")).to_have_text(f"80 {TIMES} 72 \u00b7 8 frames")
    assert other.page.url != person.page.url
    other.press("x")
    person.page.click("#carry")
    other.drag((10, 14), (42, 46))
    other.wait_for_keys(0)
    other.page.click("#carry")
    person.wait_for_job()
    other.wait_for_job()
    for each, size in ((person, SIZE), (other, OTHER_SIZE)):
        assert (each.state["is_carried"], each.state["masks"]["count"]) == (True, NUM_FRAMES)
        assert overlap(each.mask(4)[10:], square(size, 20, 28, 20)[10:]) > 0.7
    assert "No shadow of the object was found" in person.text("#carry-notes")
    assert "Logo: 1 rectangle." in person.text("#carry-notes")
    assert [person.mask(frame)[2:10, 72:88].all() for frame in (4, 6)] == [True, False]
    assert other.text("#carry-notes") == ""
    return other


def mend(person):
    """Corrects the last frame and cancels the next carrying."""
    person.page.bring_to_front()
    person.page.click("#strip", position={"x": person.page.locator("#strip").bounding_box()["width"] - 9, "y": 12})
    playwright.expect(person.page.locator("#number")).to_have_value("7")
    person.press("b", "]", "]", "]")
    before = int(person.mask(7).sum())
    person.drag((38, 21), (64, 46))
    person.wait_for_keys(0, 7)
    assert int(person.mask(7).sum()) != before
    person.page.evaluate(CANCEL_AT_ONCE)
    person.wait_for_job("cancelled")
    assert not person.state["is_carried"]
    assert overlap(person.mask(4)[10:], square(SIZE, 20, 28, 20)[10:]) > 0.7, "the masks from before are kept"
    person.page.check("#preview")


def cancel_a_removal_and_go_on(person):
    """Removes, which carries what is still to be carried; cancels when some frames are filled, and goes on."""
    page = person.page
    assert page.input_value("#widening") == "4", "the default at this size"
    page.fill("#widening", "2")
    page.select_option("#working-size", "240p")
    page.click("#remove")
    wait_for(lambda: is_filling(person.state["job"]["progress"]))
    page.click("#cancel")
    person.wait_for_job("cancelled")
    said = person.state["job"]["message"]
    kept = re.match(r"interrupted: (\d of 8 frames with a hole are|all holes are) filled and kept; starting it", said)
    assert kept, said
    assert (person.state["result"], person.state["is_carried"]) == (None, True), "the masks are kept as well"
    playwright.expect(page.locator("#remove")).to_have_text("Continue removing")
    page.click("#remove")
    page.wait_for_selector("body.comparing")


def is_filling(progress):
    """Whether at least one frame is filled."""
    return progress.get("what") == "filling" and progress["done"] > 0


def compare(person):
    """Looks at the result."""
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
    person.page.click("aside > details summary")
    with person.page.expect_download() as downloads:
        person.page.click("#get-masks")
    assert downloads.value.suggested_filename == "clip_masks.zip"


def come_back(person):
    """Finds the session on the start page, as it was."""
    session = person.session
    person.page.click("#home")
    person.page.click(f"#sessions a[href='/s/{session.rpartition('/')[2]}']")
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
