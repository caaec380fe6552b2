"""Rectangles and text over a video become part of its masks, alone or together with an object."""

import json

import numpy as np
import pytest

from master_thesis.configs.graphics import Graphics
from master_thesis.configs.masking import Marks, MaskConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import read_mask, write_png
from master_thesis.masking.glyphs import Line
from master_thesis.video import graphics as graphics_module
from master_thesis.video import mask_carrying
from master_thesis.video.graphics import GraphicMasks
from master_thesis.video.mask_making import make_masks
from stress.videos import Clip
from tests.oracles.trackers import StillTracker

NUM_FRAMES = 12


class Reader:
    """Finds a line in the lower half of every picture, in all of its box."""

    version = "1"

    def __call__(self, image):
        left, top = image.shape[1] // 4, image.shape[0] // 2
        box = (left, top, 3 * left, top + top // 2)
        quad = np.array([[box[0], box[1]], [box[2], box[1]], [box[2], box[3]], [box[0], box[3]]], float)
        pattern = np.random.default_rng(0).integers(0, 255, (box[3] - box[1], box[2] - box[0]), dtype=np.uint8)
        return [Line(quad, box, np.ones((box[3] - box[1], box[2] - box[0]), bool), pattern)]


class Nothing(Reader):
    """Finds no text."""

    def __call__(self, image):
        return []


@pytest.fixture
def video(tmp_path):
    return Clip("clip.mp4", times=tuple(range(NUM_FRAMES))).write(tmp_path)


@pytest.fixture(autouse=True)
def reader(monkeypatch):
    monkeypatch.setattr(graphics_module, "TextDetector", Reader)


def masks_in(folder):
    return np.stack([read_mask(path) for path in sorted(folder.glob("*.png"))])


def test_a_rectangle_is_masked_in_every_frame_or_in_some(video):
    graphics = Graphics(fixed_box=("50", "2", "30", "6", "2", "3", "4", "5@3-4"))
    result = make_masks(MaskConfig(str(video)), Marks(), graphics)
    masks = masks_in(result.folder)
    expected = np.zeros((NUM_FRAMES, 48, 64), bool)
    expected[:, 2:8, 50:] = True
    expected[3:5, 3:8, 2:6] = True
    assert np.array_equal(masks, expected)
    record = json.loads((result.folder / "masks.json").read_text())
    assert record["confidence"] == [1] * NUM_FRAMES
    assert record["doubtful"] == record["key_frames"] == []
    assert record["options"]["fixed_box"] == ["50", "2", "30", "6", "2", "3", "4", "5@3-4"]


def test_text_is_looked_for_in_a_region_and_listed(video, caplog):
    caplog.set_level("INFO")
    graphics = Graphics(text=True, region=("32", "24", "32", "24"))
    result = make_masks(MaskConfig(str(video)), Marks(), graphics)
    masks = masks_in(result.folder)
    assert masks[:, 36:42, 40:56].all()
    assert not masks[:, :24].any()
    assert not masks[:, :, :32].any()
    assert result.record.text == [{"box": [40, 36, 16, 6], "first": 0, "last": 11}]
    assert "text: 1 line, in frames 0-11; masks.json lists them" in caplog.text


def test_an_object_and_a_rectangle_are_masked_together_and_kept_apart(tmp_path, video, monkeypatch):
    monkeypatch.setattr(mask_carrying, "make_carrier", StillTracker)
    drawn = np.zeros((48, 64), bool)
    drawn[20:30, 20:30] = True
    write_png(tmp_path / "a.png", drawn)
    marks, config = Marks(draw=(str(tmp_path / "a.png"),), gone=("@6",)), MaskConfig(str(video), overwrite=True)
    plain = masks_in(make_masks(config, marks).folder)
    both = masks_in(make_masks(config, marks, Graphics(fixed_box=("0", "0", "9", "9"))).folder)
    box = np.zeros((48, 64), bool)
    box[:9, :9] = True
    assert np.array_equal(both, plain | box)
    assert np.array_equal(masks_in(make_masks(config, marks).folder), plain)


def test_no_text_is_said(video, monkeypatch, caplog):
    monkeypatch.setattr(graphics_module, "TextDetector", Nothing)
    caplog.set_level("INFO")
    with pytest.raises(UserError, match="--text found no text: if there is some, mark it with --fixed_box or --box"):
        make_masks(MaskConfig(str(video)), Marks(), Graphics(text=True))
    assert not (video.parent / "clip_masks").exists()
    make_masks(MaskConfig(str(video)), Marks(), Graphics(text=True, fixed_box=("0", "0", "9", "9")))
    assert "--text found no text" in caplog.text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fixed_box": ("64", "0", "5", "5")}, "--fixed_box 64 0 5 5 lies outside the frame, which is 64 x 48"),
        ({"text": True, "region": ("0", "48", "5", "5")}, "--region 0 48 5 5 lies outside the frame, which is 64 x 48"),
    ],
)
def test_what_lies_outside_is_refused(options, message):
    with pytest.raises(UserError, match=message):
        GraphicMasks(Graphics(**options), (48, 64))


def test_a_rectangle_after_the_end_is_refused(video):
    message = "--fixed_box 0 0 5 5 begins at frame 12, but the video ends at frame 11: frames count from 0"
    with pytest.raises(UserError, match=message):
        make_masks(MaskConfig(str(video)), Marks(), Graphics(fixed_box=("0", "0", "5", "5@12-20")))


def test_masks_are_kept_only_while_what_lies_over_the_picture_is_the_same():
    digests = {GraphicMasks(Graphics(fixed_box=words), (48, 64)).digest for words in ((), ("0", "0", "5", "5"))}
    assert len(digests) == 2
