"""What can be chosen before masks are carried: text, shadow and tracker become options of ``mask``."""

import pytest

from master_thesis.app import carrying
from master_thesis.app.carrying import CarryChoice, added, offers
from master_thesis.errors import UserError
from master_thesis.video.mask_folder import MaskRecord
from tests.app.conftest import drawn, square, write_masks

SIZE = (48, 64)


@pytest.fixture
def everything(monkeypatch):
    """An installation with all packages."""
    monkeypatch.setattr(carrying, "is_installed", lambda *modules: True)


@pytest.fixture
def nothing(monkeypatch):
    """An installation without any of them."""
    monkeypatch.setattr(carrying, "is_installed", lambda *modules: False)


def test_what_is_not_installed_is_offered_with_the_reason(nothing):
    found = offers()
    assert found["text"] == "needs the packages rapidocr and onnxruntime: pip install 'master_thesis[text]'"
    assert list(found["trackers"]) == ["carrier", "sam2", "cutie"]
    assert found["trackers"]["carrier"] == ""
    assert found["trackers"]["sam2"] == "needs the package transformers: pip install 'master_thesis[sam2]'"
    assert found["trackers"]["cutie"].startswith("needs the package of github.com/hkchengrex/Cutie")


def test_the_page_asks_what_is_installed(client, everything):
    assert client("GET", "/api/offers").json == {"text": "", "trackers": {"carrier": "", "sam2": "", "cutie": ""}}


@pytest.mark.parametrize(
    ("values", "is_drawn", "words"),
    [
        ({}, True, []),
        ({"text": True}, False, ["--text"]),
        ({"text": True, "region": [-4, 30, 80, 10], "lines": True}, False,
         ["--text", "--region", "0", "30", "64", "10", "--text_boxes"]),
        ({"region": [0, 30, 64, 10], "lines": True}, True, []),
        ({"shadow": True}, True, ["--grow", "shadow"]),
        ({"reflection": True}, True, ["--grow", "reflection"]),
        ({"shadow": True, "reflection": True}, True, ["--grow", "both"]),
        ({"shadow": True, "text": True, "tracker": "sam2", "weights": "/"}, False, ["--text"]),
        ({"logos": ["1 2  30 4", "0 0 9 9@2-5"]}, False,
         ["--fixed_box", "1", "2", "30", "4", "--fixed_box", "0", "0", "9", "9@2-5"]),
        ({"unsure": 0.02}, True, ["--unsure", "0.02"]),
        ({"unsure": 1}, True, ["--unsure", "1"]),
        ({"unsure": 0.02, "text": True}, False, ["--text"]),
        ({"tracker": "cutie", "weights": " / "}, True, ["--tracker", "cutie", "--tracker_weights", "/"]),
    ],
)  # fmt: skip
def test_choices_become_options(everything, values, is_drawn, words):
    assert CarryChoice.of(values, SIZE).words(is_drawn) == words


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"draw": "/etc/passwd"}, "there is no option draw"),
        ({"region": [1, 2, 3]}, "should be four whole numbers: left, top, width and height"),
        ({"region": [1, 2, 3, "x"]}, "should be four whole numbers: left, top, width and height"),
        ({"region": [64, 0, 5, 5]}, "the part to look for text in lies outside the frame, which is 64 x 48"),
        ({"logos": ["1 2 3"]}, "a logo should be four whole numbers: left, top, width and height; @FIRST-LAST"),
        ({"logos": ["1 2 3 4 5", "6 7 8"]}, "a logo should be four whole numbers"),
        ({"logos": ["1 2 3 0"]}, "a logo should be four whole numbers"),
        ({"logos": ["1 2 3 4@9-5"]}, "a logo should be four whole numbers"),
        ({"logos": "1 2 3 4"}, "a logo should be four whole numbers"),
        ({"logos": ["64 2 3 4"]}, "a logo lies outside the frame, which is 64 x 48"),
        ({"unsure": 0}, "of what is unsure should lie between 0.1 and 100 %"),
        ({"unsure": "all"}, "of what is unsure should lie between 0.1 and 100 %"),
        ({"tracker": "my.module:Class"}, "the tracker should be one of carrier, sam2, cutie, got my.module:Class"),
        ({"tracker": "sam2", "weights": "facebook/sam2"}, "facebook/sam2: should be the entire path of a file"),
        ({"tracker": "sam2", "weights": "/no/such"}, "/no/such: should be the entire path of a file or folder"),
    ],
)
def test_choices_are_checked(everything, values, message):
    with pytest.raises(UserError, match=message):
        CarryChoice.of(values, SIZE)


@pytest.mark.parametrize("values", [{"text": True}, {"tracker": "sam2", "weights": "/"}])
def test_what_is_not_installed_cannot_be_chosen(nothing, values):
    with pytest.raises(UserError, match=r"needs the packages? (rapidocr|transformers)"):
        CarryChoice.of(values, SIZE)


def test_choices_are_kept(everything, tmp_path):
    assert CarryChoice.read(tmp_path) == CarryChoice()
    choice = CarryChoice(True, True, True, True, (1, 2, 3, 4), ("1 2 3 4", "5 6 7 8@0-2"), 0.02, "sam2", "/")
    choice.write(tmp_path)
    assert CarryChoice.read(tmp_path) == choice
    (tmp_path / carrying.CHOICE).write_text('{"region": 3}')
    assert CarryChoice.read(tmp_path) == CarryChoice()


def test_masks_belong_to_the_choices_they_were_made_with(client, everything, session, tmp_path):
    client("POST", f"{session}/choose", {"shadow": True})
    client("POST", f"{session}/load", {"path": str(write_masks(tmp_path / "masks"))})
    assert client("GET", session).json["choice"]["shadow"] is False, "loaded masks are as they are"
    for shadow, is_carried in ((True, False), (False, True)):
        client("POST", f"{session}/choose", {"shadow": shadow})
        assert client("GET", session).json["is_carried"] is is_carried
    client("POST", f"{session}/choose", {"region": [0, 0, 9, 9]})
    assert client("GET", session).json["is_carried"], "nobody looks for text"


def test_text_needs_no_drawing(client, everything, session):
    client("POST", f"{session}/choose", {"text": True, "shadow": True, "region": [0, 40, 64, 8]})
    assert client("POST", f"{session}/carry", {}).status == 200
    found = client.page.store.get(session.rpartition("/")[2])
    (words,) = found.job.commands
    assert words[2:-3] == ["--text", "--region", "0", "40", "64", "8"]
    assert words[:1] + words[-3:] == ["mask", "--output", str(found.masks), "--overwrite"]


def test_a_logo_needs_no_drawing(client, session):
    client("POST", f"{session}/choose", {"logos": ["4 6 20 10@0-1"], "unsure": 0.02})
    assert client("POST", f"{session}/carry", {}).status == 200
    found = client.page.store.get(session.rpartition("/")[2])
    (words,) = found.job.commands
    assert words[2:-3] == ["--fixed_box", "4", "6", "20", "10@0-1"]


def test_a_tracker_needs_weights(client, everything, session):
    client("PUT", f"{session}/keys/0", **drawn(square()))
    client("POST", f"{session}/choose", {"tracker": "sam2"})
    message = "the tracker sam2 needs weights: type the entire path of their file or folder"
    assert client("POST", f"{session}/carry", {}).error == message


def test_what_was_added_is_said():
    record = MaskRecord("clip.mp4", SIZE, {"text": True})
    assert added(record) == ["No text was found."]
    record.text = [{"box": [0, 0, 9, 9], "first": 4, "last": 9}, {"box": [0, 0, 9, 9], "first": 2, "last": 3}]
    record.shadow_pixels = [0, 4, 5]
    assert added(record) == ["Text: 2 lines in frames 2 to 9.", "Shadow: added to 2 of 3 masks."]
    record = MaskRecord("clip.mp4", SIZE, {"fixed_box": ("1", "2", "3", "4", "5", "6", "7", "8@0-1")})
    assert added(record) == ["Logo: 2 rectangles."]
    record = MaskRecord("clip.mp4", SIZE, {}, shadow_pixels=[0, 0], reflection_pixels=[3, 0])
    assert added(record) == ["No shadow of the object was found.", "Reflection: added to 1 of 2 masks."]
