"""What is hallucinated has the bits of the frames, and what is copied their detail."""

import cv2
import numpy as np
import pytest
import torch

from master_thesis.inpainting.finishing import Finisher
from master_thesis.inpainting.motions import Motions
from master_thesis.inpainting.painting import PicturePainter
from master_thesis.inpainting.sources import MARGIN_PX, Chosen, points_of
from master_thesis.models.painter import SmoothPainter
from master_thesis.ops.position_map import NOWHERE, Places

SIZE = (64, 96)


class RoundedPainter(SmoothPainter):
    """Paints as the exemplar method does: whole levels."""

    is_rounded = True

    def paint_one(self, frame):
        return torch.round(255 * super().paint_one(frame)) / 255


@pytest.mark.parametrize("is_fine", [False, True])
def test_gradients_that_are_hallucinated_are_as_fine_as_the_frames(is_fine) -> None:
    sky = np.repeat((100 + 0.05 * np.mgrid[: SIZE[0], : SIZE[1]][1])[..., None], 3, axis=2)
    frame = sky.astype(np.float32) if is_fine else np.rint(sky).astype(np.uint8)
    hole = np.zeros(SIZE, bool)
    hole[16:48, 20:76] = True
    nowhere = Places(np.full(hole.sum(), NOWHERE, np.int32), points_of(hole))
    finisher = Finisher([frame], [hole], Motions.of([frame], [hole]), PicturePainter(RoundedPainter()))
    unread, refused = np.full((hole.sum(), 3), np.nan, np.float32), np.zeros(hole.sum(), bool)
    colours = finisher.finish(0, Chosen(hole, nowhere, unread, refused))[0].colours
    assert colours.dtype == frame.dtype
    assert len(np.unique(colours)) > 100 if is_fine else len(np.unique(colours)) <= 4
    assert np.abs(colours - sky[hole]).max() < (0.5 if is_fine else 1.1)


def test_parts_that_lie_apart_are_painted_by_themselves() -> None:
    """Two holes at the ends of a long frame; each sees what surrounds it, not all that lies between."""
    seen = []

    class WatchedPainter(SmoothPainter):
        def paint_one(self, frame):
            seen.append((frame.size, int((frame.visible < 1).sum())))
            return super().paint_one(frame)

    size = (80, 600)
    frame = np.full((*size, 3), 90, np.uint8)
    hole = np.zeros(size, bool)
    hole[30:50, 20:40] = hole[20:60, 500:560] = True
    places = Places(np.full(hole.sum(), NOWHERE, np.int32), points_of(hole))
    finisher = Finisher([frame], [hole], Motions.of([frame], [hole]), PicturePainter(WatchedPainter()))
    unread, refused = np.full((hole.sum(), 3), np.nan, np.float32), np.zeros(hole.sum(), bool)
    filled = finisher.finish(0, Chosen(hole, places, unread, refused))[0]
    assert [count for _, count in seen] == [40 * 60, 20 * 20], "the largest first"
    assert [width < 200 for (_, width), _ in seen] == [True, True]
    assert (filled.colours == 90).all()


def test_copies_from_a_frame_out_of_focus_come_closer_to_the_frame_they_are_put_into() -> None:
    noise = np.random.default_rng(0).normal(0, 60, (*SIZE, 3)).astype(np.float32)
    sharp, soft = ((128 + cv2.GaussianBlur(noise, (0, 0), s)).clip(0, 255).astype(np.uint8) for s in (0.9, 1.1))
    hole = np.zeros(SIZE, bool)
    hole[20:44, 30:66] = True
    holes, inside = [hole, np.zeros(SIZE, bool)], np.s_[24:40, 34:62]
    places = Places(np.full(hole.sum(), 1, np.int32), points_of(hole))
    unread, refused = np.full((hole.sum(), 3), np.nan, np.float32), np.zeros(hole.sum(), bool)
    filled = []
    for frame in (sharp, soft):
        frames = [np.where(hole[..., None], 124, frame).astype(np.uint8), soft]
        finisher = Finisher(frames, holes, Motions.of([soft, soft], holes), PicturePainter(SmoothPainter()))
        filled.append(soft.copy())
        filled[-1][hole] = finisher.finish(0, Chosen(hole, places, unread, refused))[0].colours
    beside_sharp, beside_soft = (np.abs(each.astype(int) - sharp)[inside].mean() for each in filled)
    assert beside_sharp < 0.8 * beside_soft
    assert np.abs(filled[1].astype(int) - soft)[inside].mean() < 0.5, "beside what is as soft they stay as they are"


def test_the_ring_is_compared_where_nothing_of_another_hole_is_read() -> None:
    hole, random = np.zeros(SIZE, bool), np.random.default_rng(3)
    hole[20:30, 30:50] = True
    copied, ring = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    copied[24:28, 60:64], ring[10:50, 15:90:2] = True, True
    frames = [np.zeros((*SIZE, 3), np.uint8)] * 2
    finisher = Finisher(frames, [hole, hole], Motions.of(frames, [hole, hole]), PicturePainter(SmoothPainter()))
    nearest = random.integers(0, copied.sum(), ring.sum())
    moved = points_of(copied) + random.uniform(-30, 30, (copied.sum(), 2)).astype(np.float32)
    places = Places(random.integers(0, 2, copied.sum()).astype(np.int32), moved)
    found = finisher._beside(places, nearest, ring, copied)
    padded = np.pad(hole, MARGIN_PX, mode="constant")
    for number, (x, y), source in zip(nearest, np.rint(found.xy).astype(int), found.source, strict=True):
        is_inside = 0 <= x < SIZE[1] and 0 <= y < SIZE[0]
        is_read = is_inside and not padded[y : y + 2 * MARGIN_PX + 1, x : x + 2 * MARGIN_PX + 1].any()
        assert source == (places.source[number] if is_read else NOWHERE)
    assert 0.2 < found.is_known.mean() < 0.9
