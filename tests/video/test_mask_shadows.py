"""Shadows are added to masks on request, reported, and never added twice."""

import json
import logging

import numpy as np
import pytest

from master_thesis.cli.main import main
from master_thesis.configs.masking import Marks, MaskConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, write_png
from master_thesis.images.graded import read_graded
from master_thesis.masking.carrying import Carried
from master_thesis.video import mask_carrying, mask_making
from master_thesis.video.mask_making import make_masks
from stress.videos import panorama

NUM_FRAMES, SIZE = 18, (96, 160)


class Following:
    """A tracker that knows how the object moves."""

    def __init__(self, network, frame_at, size):
        self.size = size

    def carry(self, keys, route):
        for frame in route[1:]:
            yield Carried(frame, np.roll(keys[route[0]], 6 * frame, axis=1), 0.95)


@pytest.fixture
def video(tmp_path, monkeypatch):
    """A folder of frames: a block and its shadow below, which move right; and the first mask."""
    monkeypatch.setattr(mask_carrying, "make_carrier", Following)
    monkeypatch.setattr(mask_making, "working_size", lambda size, pixels: size)
    ground, folder = panorama(*SIZE) // 2 + 90, tmp_path / "clip"
    folder.mkdir()
    for t in range(NUM_FRAMES):
        frame, left = ground.copy(), 10 + 6 * t
        frame[50:60, left : left + 30] = frame[50:60, left : left + 30] * 0.6
        frame[30:50, left : left + 30] = (200, 20, 20)
        write_png(folder / f"{t:02d}.png", frame)
    mask = np.zeros(SIZE, bool)
    mask[30:50, 10:40] = True
    write_png(tmp_path / "mask.png", mask)
    return folder


def areas(folder):
    return [int(read_graded(path)[0].sum()) for path in sorted(folder.glob("*.png"))]


def test_shadows_are_added_and_reported_once(tmp_path, video, caplog):
    draw, config = (str(tmp_path / "mask.png"),), MaskConfig(str(video), overwrite=True)
    plain = areas(make_masks(config, Marks(draw=draw)).folder)
    with caplog.at_level(logging.INFO):
        result = make_masks(config, Marks(draw=draw, grow="shadow"))
    first = areas(result.folder)
    record = json.loads((result.folder / "masks.json").read_text())
    assert record["shadow_pixels"] == [b - a for a, b in zip(plain, first, strict=True)]
    assert 200 < np.median(record["shadow_pixels"]) < 400
    assert f"a shadow was added to {NUM_FRAMES} of {NUM_FRAMES} masks" in caplog.text
    assert areas(make_masks(config, Marks(draw=draw, grow="shadow")).folder) == first
    assert areas(make_masks(config, Marks(draw=draw)).folder) == plain


def test_reflections_are_added_beside_shadows(tmp_path, video, caplog):
    for path in video.iterdir():
        frame = read_frame(path)
        upside_down = frame[30:50][::-1].astype(np.float32)
        is_block = upside_down[..., 0] > 190
        below = frame[50:70].astype(np.float32)
        below[is_block] = 0.6 * below[is_block] + 0.4 * upside_down[is_block]
        frame[50:70] = below.round().astype(np.uint8)
        write_png(path, frame)
    draw, config = (str(tmp_path / "mask.png"),), MaskConfig(str(video), overwrite=True)
    plain = areas(make_masks(config, Marks(draw=draw)).folder)
    with caplog.at_level(logging.INFO):
        result = make_masks(config, Marks(draw=draw, grow="both"))
    found, grown = result.record, np.subtract(areas(result.folder), plain)
    assert (np.add(found.shadow_pixels, found.reflection_pixels) == grown).all()
    assert 400 < np.median(grown) < 900, "600 pixels are mirrored"
    assert f"a reflection was added to {NUM_FRAMES} of {NUM_FRAMES} masks" in caplog.text


def test_that_there_is_none_is_said(tmp_path, video, caplog):
    for path in video.iterdir():
        write_png(path, panorama(*SIZE))
    with caplog.at_level(logging.INFO):
        record = make_masks(MaskConfig(str(video)), Marks(draw=(str(tmp_path / "mask.png"),), grow="shadow")).record
    assert record.shadow_pixels == [0] * NUM_FRAMES
    assert "no shadow was found that moves with the object" in caplog.text


def test_nothing_else_grows():
    with pytest.raises(UserError, match="--grow should be shadow, reflection or both, got light"):
        Marks(box=("1", "1", "5", "5"), grow="light")


def test_finished_masks_do_not_grow(tmp_path, video, capsys):
    arguments = ["remove", str(video), "--mask", str(tmp_path / "mask.png"), "--grow", "shadow"]
    assert main(arguments) == 2
    assert "--grow needs an object that is marked here" in capsys.readouterr().err
