"""One rule says which values of a mask are hole, whatever the format."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from master_thesis.images.codec import read_mask_pictures
from master_thesis.video.io.mask_values import ValueTally, VideoRule, rule_for
from stress.videos import box_mask

BOX = box_mask()


def holes(folder: Path, *pictures: Image.Image, name: str = "{}.png", ids=None, tally=None, **options):
    paths = [folder / name.format(i) for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        picture.save(path, **options)
    rule = rule_for(paths, ids)
    return [rule.hole(next(read_mask_pictures(path)), path, tally or ValueTally()) for path in paths]


def grey(inside: int, outside: int = 0, dtype=np.uint8) -> Image.Image:
    return Image.fromarray(np.where(BOX, inside, outside).astype(dtype))


@pytest.mark.parametrize("name", ["{}.png", "{}.bmp", "{}.tiff", "{}.webp"])
@pytest.mark.parametrize(("inside", "outside"), [(255, 0), (255, 3), (128, 127), (1, 0), (90, 0)])
def test_grey_images(tmp_path: Path, name: str, inside: int, outside: int) -> None:
    options = {"lossless": True} if name.endswith("webp") else {}
    picture = grey(inside, outside)
    (hole,) = holes(tmp_path, picture.convert("RGB") if options else picture, name=name, **options)
    assert (hole == BOX).all()


@pytest.mark.parametrize(("inside", "outside", "is_hole"), [(255, 3, True), (127, 0, False), (1, 0, False)])
def test_jpeg(tmp_path: Path, inside: int, outside: int, is_hole: bool) -> None:
    (hole,) = holes(tmp_path, grey(inside, outside), name="{}.jpg", quality=95)
    assert (hole[18:30, 26:38] == is_hole).all()
    assert not hole[:12].any()


def test_a_frame_with_nothing_but_noise_has_no_hole_if_others_are_bright(tmp_path: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 4, (48, 64)).astype(np.uint8))
    first, second = holes(tmp_path, noise, grey(255, 2))
    assert not first.any()
    assert (second == BOX).all()


def test_indexed_coloured_and_deep_images(tmp_path: Path) -> None:
    indexed = grey(1).convert("P")
    dark_red = Image.fromarray(np.dstack((BOX * 64, BOX * 0, BOX * 0)).astype(np.uint8))
    deep, single = grey(65535, 700, np.uint16), Image.fromarray(BOX)
    for picture in (indexed, dark_red, deep, single):
        (hole,) = holes(tmp_path, picture)
        assert (hole == BOX).all()


def test_transparency(tmp_path: Path) -> None:
    alpha = np.where(BOX, 255, 60).astype(np.uint8)
    black = Image.fromarray(np.dstack((np.zeros((48, 64, 3), np.uint8), alpha)))
    white = Image.fromarray(np.dstack((np.full((48, 64, 3), 255, np.uint8), alpha)))
    for picture in (black, white):
        (hole,) = holes(tmp_path, picture)
        assert (hole == BOX).all()


def test_ids_are_exact(tmp_path: Path) -> None:
    picture = Image.fromarray((BOX * 3 + ~BOX * 2).astype(np.uint8))
    assert (holes(tmp_path, picture, ids=(3,))[0] == BOX).all()


def test_grey_pixels_are_counted(tmp_path: Path) -> None:
    tally = ValueTally()
    soft = np.where(BOX, 255, 0).astype(np.uint8)
    soft[16:32, 20:24] = 100
    holes(tmp_path, Image.fromarray(soft), tally=tally)
    assert (tally.brightest, tally.num_hole, tally.num_grey) == (255, 256, 64)
    assert tally.grey_percent == 25


def test_videos_are_bright_and_opaque_or_opaque_and_black() -> None:
    rule = VideoRule()
    white, black = np.full((48, 64, 3), 255, np.uint8), np.zeros((48, 64, 3), np.uint8)
    alpha = np.where(BOX, 255, 0).astype(np.uint8)
    assert (rule.hole(white, alpha) == BOX).all()
    assert (rule.hole(black, alpha) == BOX).all()
    assert not rule.hole(np.full((48, 64, 3), 140, np.uint8), None).any()  # 127, moved by compression
    assert not rule.hole(black, None).any()
