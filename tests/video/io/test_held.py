"""A video that fits into memory is decoded once, and every pass gives what decoding gives."""

from pathlib import Path

import numpy as np
import pytest

from master_thesis.images.codec import write_png
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.held import HeldMasks, num_bytes
from master_thesis.video.io.masks import MaskTally, open_masks
from stress.videos import Clip, box_mask

NUM_FRAMES = 4


@pytest.fixture
def masks(tmp_path: Path, monkeypatch):
    video = open_source(Clip(times=tuple(range(NUM_FRAMES))).write(tmp_path))
    write_png(tmp_path / "mask.png", box_mask())
    masks, decode, passes = open_masks(str(tmp_path / "mask.png"), video, None, False, 0), video.frames, []
    monkeypatch.setattr(type(video), "frames", lambda _: passes.append(1) or decode())
    monkeypatch.setattr(type(masks), "num_passes", property(lambda _: len(passes)), raising=False)
    return masks


def are_equal(passes) -> bool:
    first, second = passes
    return all(
        (a.image == b.image).all() and a.pts == b.pts and (hole == other).all()
        for (a, hole), (b, other) in zip(first, second, strict=True)
    )


def test_frames_that_fit_are_decoded_once(masks) -> None:
    held, tally = HeldMasks(masks), MaskTally()
    first = list(held.pairs(tally))
    assert are_equal((first, list(held.pairs())))
    assert masks.num_passes == 1
    assert tally.used == 1
    assert len(first) == NUM_FRAMES
    assert np.shares_memory(first[0][0].image, next(held.pairs())[0].image)


@pytest.mark.parametrize("missing", [0, 1])
def test_one_frame_too_many_is_decoded_in_every_pass(masks, missing) -> None:
    held = HeldMasks(masks, NUM_FRAMES * num_bytes(next(masks.pairs())[0]) - missing)
    before = masks.num_passes
    assert are_equal((list(held.pairs()), list(held.pairs())))
    assert masks.num_passes - before == 1 + missing


def test_a_pass_that_ended_early_is_repeated(masks) -> None:
    held = HeldMasks(masks)
    next(held.pairs())
    assert len(list(held.pairs())) == len(list(held.pairs())) == NUM_FRAMES
    assert masks.num_passes == 2


def test_forgotten_frames_are_decoded_again(masks) -> None:
    held = HeldMasks(masks)
    first = list(held.pairs())
    held.forget()
    assert are_equal((first, list(held.pairs())))
    assert masks.num_passes == 2


def test_nothing_is_held_of_a_video_whose_headers_say_that_it_is_too_long(masks) -> None:
    held = HeldMasks(masks, NUM_FRAMES * num_bytes(next(masks.pairs())[0]) - 1)
    assert masks.video.info.estimated_frames == NUM_FRAMES
    next(held.pairs())
    assert held.limit == 0
