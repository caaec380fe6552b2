"""Shadows are added to masks on request, reported, and never added twice."""

import json
import logging

import numpy as np
import pytest

from master_thesis.cli.main import main
from master_thesis.configs.masking import Marks, MaskConfig, TrackerChoice
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, write_png
from master_thesis.images.graded import read_graded
from master_thesis.masking.carrying import Carried
from master_thesis.video import mask_carrying, mask_growing, mask_making
from master_thesis.video.mask_growing import grow_masks
from master_thesis.video.mask_making import make_masks
from stress.videos import Clip, box_mask, panorama

NUM_FRAMES, SIZE = 18, (96, 160)
CERTAIN = TrackerChoice(unsure=1.0)
"""Masks without a grey part."""


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
    for module in (mask_making, mask_growing):
        monkeypatch.setattr(module, "working_size", lambda size, pixels=0: size)
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


def test_finished_masks_grow_like_those_made_here(tmp_path, video, caplog):
    draw, config = (str(tmp_path / "mask.png"),), MaskConfig(str(video), overwrite=True)
    made = make_masks(config, Marks(draw=draw, grow="shadow"), tracker=CERTAIN)
    wanted = [read_graded(path)[0] for path in sorted(made.folder.glob("*.png"))]
    given = make_masks(config, Marks(draw=draw), tracker=CERTAIN).folder
    before = {path.name: path.read_bytes() for path in given.iterdir()}
    with caplog.at_level(logging.INFO):
        record = grow_masks(VideoConfig(str(video), str(given)), ("shadow",), tmp_path / "grown")
    grown = [read_graded(path)[0] for path in sorted((tmp_path / "grown").glob("*.png"))]
    assert (np.array(grown) == wanted).all()
    assert record.grown_pixels == made.record.grown_pixels
    assert f"a shadow was added to {NUM_FRAMES} of {NUM_FRAMES} masks" in caplog.text
    assert {path.name: path.read_bytes() for path in given.iterdir()} == before


def test_inverted_masks_of_a_turned_video_grow_as_players_show_them(tmp_path, video):
    """What lies below the object as stored lies beside it as shown."""
    stored = [read_frame(path) for path in sorted(video.iterdir())]
    clip = Clip(rotation=90, times=tuple(range(NUM_FRAMES)), options={"crf": "10"}).write(tmp_path, stored)
    given = tmp_path / "masks"
    given.mkdir()
    for t in range(NUM_FRAMES):
        write_png(given / f"{t:02d}.png", ~np.rot90(box_mask(SIZE, (30, 10 + 6 * t, 50, 40 + 6 * t))))
    config = VideoConfig(str(clip), str(given), invert_mask=True)
    record = grow_masks(config, ("shadow",), tmp_path / "grown")
    first = read_graded(min((tmp_path / "grown").glob("*.png")))[0]
    assert first.shape == SIZE[::-1]
    assert 200 < np.median(record.shadow_pixels) < 400


def test_a_removal_takes_the_grown_masks_of_finished_ones(tmp_path, video, capfd):
    given = make_masks(MaskConfig(str(video), overwrite=True), Marks(draw=(str(tmp_path / "mask.png"),))).folder
    command = ["remove", str(video), "--grow", "shadow", "--check", "--mask"]
    assert main([*command, str(given)]) == 0
    grown = tmp_path / "clip_inpainted_grown_masks"
    assert np.subtract(areas(grown), areas(given)).min() > 100
    assert main([*command, str(grown)]) == 2
    assert "leave out --grow" in capfd.readouterr().err


def test_masks_that_do_not_fit_leave_nothing(tmp_path, video):
    (tmp_path / "few").mkdir()
    for t in range(5):
        write_png(tmp_path / "few" / f"x{t}.png", np.ones(SIZE, bool))
    config, folder = VideoConfig(str(video), str(tmp_path / "few")), tmp_path / "grown"
    with pytest.raises(UserError, match="5 masks for 18 frames"):
        grow_masks(config, ("shadow",), folder)
    assert not folder.exists()


def test_one_video_grows_at_a_time(tmp_path, video, capsys):
    (tmp_path / "clips").mkdir()
    Clip().write(tmp_path / "clips")
    arguments = ["remove", str(tmp_path / "clips"), "--mask", str(tmp_path / "mask.png"), "--grow", "shadow"]
    assert main(arguments) == 2
    assert "--grow belongs to one video" in capsys.readouterr().err


def test_text_and_logos_have_no_shadow(video, capsys):
    assert main(["remove", str(video), "--text", "--grow", "shadow"]) == 2
    assert "--grow needs an object that is marked here" in capsys.readouterr().err
