"""Reducing and enlarging change nothing outside the hole, and nothing of the object leaks into known pixels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.video.compositing import KNOWN, paste, seam, source_map, to_working
from master_thesis.video.patch_store import Patch
from master_thesis.video.plan import Scene
from master_thesis.video.survey import Box
from stress.videos import box_mask, panorama

SIZE = (48, 64)
IMAGE = panorama(*SIZE)
HOLE = box_mask(SIZE)
FRAME = Box(0, 0, *SIZE)


def scene_of(working_size=(24, 32), crop=FRAME) -> Scene:
    return Scene(0, 1, crop, working_size)


def patch_of(scene: Scene, colour=(200, 10, 30), source=5) -> Patch:
    hole = to_working(IMAGE, HOLE, scene).hole
    count = int(hole.sum())
    return Patch.of(hole, np.tile(np.array(colour, np.uint8), (count, 1)), np.full(count, source, np.int32))


SCENES = [scene_of(), scene_of((48, 64)), scene_of((17, 23)), scene_of((20, 24), Box(4, 8, 44, 56))]


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize("feather", [0, 3])
def test_only_the_hole_changes(scene: Scene, feather: int) -> None:
    before = IMAGE.copy()
    after = paste(IMAGE, HOLE, scene, patch_of(scene), feather)
    assert (before == IMAGE).all()
    assert (after[~HOLE] == IMAGE[~HOLE]).all()
    centre = after[22:26, 30:34].astype(int)
    assert np.abs(centre - [200, 10, 30]).max() <= 1


@pytest.mark.parametrize("scene", SCENES)
def test_nothing_of_the_object_leaks_into_known_pixels(scene: Scene) -> None:
    bright = IMAGE.copy()
    bright[HOLE] = (255, 0, 255)
    as_is, brightened = to_working(IMAGE, HOLE, scene), to_working(bright, HOLE, scene)
    assert (as_is.hole == brightened.hole).all()
    assert (as_is.image[~as_is.hole] == brightened.image[~as_is.hole]).all()


@given(st.integers(1, 48), st.integers(1, 64), st.integers(0, 2**32 - 1))
def test_every_hole_pixel_has_a_source(height: int, width: int, seed: int) -> None:
    mask = np.random.default_rng(seed).random(SIZE) > 0.97
    scene = scene_of((height, width))
    hole = to_working(IMAGE, mask, scene).hole
    patch = Patch.of(hole, np.zeros((int(hole.sum()), 3), np.uint8), np.full(int(hole.sum()), 5, np.int32))
    source = source_map(mask, scene, patch)
    assert (source[mask] == 5).all()
    assert (source[~mask] == KNOWN).all()


def test_sources_keep_their_position() -> None:
    scene = scene_of((24, 32))
    hole = to_working(IMAGE, HOLE, scene).hole
    columns = np.nonzero(hole)[1]
    source = np.where(columns < 16, 3, HALLUCINATED).astype(np.int32)
    found = source_map(HOLE, scene, Patch.of(hole, np.zeros((len(source), 3), np.uint8), source))
    assert (found[16:32, 24:32] == 3).all()
    assert (found[16:32, 32:40] == HALLUCINATED).all()


def test_the_seam_lies_inside_the_hole_but_not_at_the_border_of_the_frame() -> None:
    weight = seam(box_mask((20, 20), (0, 0, 20, 10)), feather=3)
    assert weight[10].tolist() == pytest.approx([1.0] * 7 + [0.75, 0.5, 0.25] + [0.0] * 10, abs=0.02)
    assert weight[0, 0] == 1
