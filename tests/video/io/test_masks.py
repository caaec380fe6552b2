"""Masks of every kind are paired with their frames and fitted to them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video.io import masks as masks_module
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import MaskTally, open_masks
from stress.videos import Clip, box_mask, moving_frames


def masks_of(video: Path, mask: str | Path, object_ids=None, invert=False, dilation=0, tally=None):
    opened = open_masks(str(mask), open_source(video), object_ids, invert, dilation)
    return [mask for _, mask in opened.pairs(tally)]


def write_masks(folder: Path, masks, names=None) -> Path:
    folder.mkdir()
    for i, mask in enumerate(masks):
        write_png(folder / f"{names[i] if names else i}.png", mask)
    return folder


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return Clip(times=(0, 1, 2)).write(tmp_path)


BOXES = [box_mask(box=(8, 8 * i, 24, 8 * i + 16)) for i in range(3)]


def test_one_image_serves_all_frames(video: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "mask.png", BOXES[1])
    assert (np.stack(masks_of(video, tmp_path / "mask.png")) == BOXES[1]).all()


def test_a_folder_is_matched_by_order_2_before_10(video: Path, tmp_path: Path) -> None:
    folder = write_masks(tmp_path / "masks", BOXES, names=("m1", "m2", "m10"))
    assert (np.stack(masks_of(video, folder)) == np.stack(BOXES)).all()


def test_a_folder_is_matched_by_name_where_frames_have_names(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for name, frame in zip("abc", moving_frames(3), strict=True):
        write_png(frames / f"{name}.png", frame)
    tally = MaskTally()
    found = masks_of(frames, write_masks(tmp_path / "masks", BOXES[:2], names=("c", "b")), tally=tally, invert=True)
    assert not found[0].any()  # without a mask of its name there is no hole, even if masks are inverted
    assert (found[1] == ~BOXES[1]).all()
    assert (found[2] == ~BOXES[0]).all()
    assert (tally.used, tally.absent, tally.extra) == (2, 1, 0)


def test_the_last_mask_is_repeated_and_extra_masks_are_counted(video: Path, tmp_path: Path) -> None:
    tally = MaskTally()
    found = masks_of(video, write_masks(tmp_path / "few", BOXES[:2]), tally=tally)
    assert (found[2] == BOXES[1]).all()
    assert (tally.used, tally.held) == (2, 1)
    tally = MaskTally()
    masks_of(video, write_masks(tmp_path / "many", [*BOXES, BOXES[0]]), tally=tally)
    assert (tally.used, tally.extra) == (3, 1)


def test_a_video_of_masks(video: Path, tmp_path: Path) -> None:
    white = [np.repeat(box[..., None], 3, axis=2).astype(np.uint8) * 255 for box in BOXES]
    masks = Clip("masks.mp4", times=(0, 1, 2), options={"crf": "1"}).write(tmp_path, white)
    found = np.stack(masks_of(video, masks))
    assert (found != np.stack(BOXES)).mean() < 0.002  # lossy


@pytest.mark.parametrize(
    "clip",
    [Clip("alpha.mov", "qtrle", "argb"), Clip("alpha.webm", "libvpx-vp9", "yuva420p", options={"lossless": "1"})],
    ids=lambda clip: clip.name,
)
def test_transparent_pixels_are_the_hole(tmp_path: Path, clip: Clip) -> None:
    clip.alpha = np.where(BOXES[0], 0, 255).astype(np.uint8)
    video = clip.write(tmp_path)
    assert (np.stack(masks_of(video, "alpha")) == BOXES[0]).all()
    assert (np.stack(masks_of(video, "alpha", invert=True)) == ~BOXES[0]).all()


def test_alpha_of_a_folder_of_frames(tmp_path: Path) -> None:
    rgba = np.dstack((moving_frames(1)[0], np.where(BOXES[2], 0, 255))).astype(np.uint8)
    (tmp_path / "frames").mkdir()
    Image.fromarray(rgba).save(tmp_path / "frames" / "0.png")
    assert (masks_of(tmp_path / "frames", "alpha")[0] == BOXES[2]).all()


def test_objects_are_chosen_by_their_ids(video: Path, tmp_path: Path) -> None:
    ids = BOXES[0].astype(np.uint8) * 1 + (BOXES[2] & ~BOXES[0]).astype(np.uint8) * 3
    indexed = Image.fromarray(ids, mode=None).convert("P")
    indexed.save(tmp_path / "ids.png")
    write_png(tmp_path / "plain.png", BOXES[0])
    assert (masks_of(video, tmp_path / "ids.png", object_ids=(3,))[0] == (ids == 3)).all()
    assert (masks_of(video, tmp_path / "ids.png", object_ids=(1, 3))[0] == (ids > 0)).all()


@pytest.mark.parametrize("rotation", [90, -90, 180])
def test_masks_of_a_rotated_video_are_drawn_on_displayed_frames(tmp_path: Path, rotation: int) -> None:
    video = Clip("turned.mp4", rotation=rotation, times=(0,)).write(tmp_path)
    drawn = np.rot90(BOXES[0], rotation // 90)  # rotation is counter-clockwise
    write_png(tmp_path / "mask.png", np.ascontiguousarray(drawn))
    assert (masks_of(video, tmp_path / "mask.png")[0] == BOXES[0]).all()


def test_masks_of_a_rotated_video_may_fit_stored_frames(tmp_path: Path) -> None:
    video = Clip("turned.mp4", rotation=90, times=(0,)).write(tmp_path)
    write_png(tmp_path / "mask.png", BOXES[0])
    assert (masks_of(video, tmp_path / "mask.png")[0] == BOXES[0]).all()


def test_masks_of_another_size_are_resized_and_those_of_another_shape_refused(video: Path, tmp_path: Path) -> None:
    tally = MaskTally()
    write_png(tmp_path / "large.png", BOXES[0].repeat(2, axis=0).repeat(2, axis=1))
    assert (masks_of(video, tmp_path / "large.png", tally=tally)[0] == BOXES[0]).all()
    assert tally.resized_from == (96, 128)
    write_png(tmp_path / "square.png", box_mask((48, 48)))
    with pytest.raises(UserError, match="masks should have the shape of the video, 64 x 48, got 48 x 48"):
        masks_of(video, tmp_path / "square.png")


def test_holes_are_widened_after_inversion_and_resizing(video: Path, tmp_path: Path) -> None:
    point = np.zeros((48, 64), bool)
    point[20, 30] = True
    write_png(tmp_path / "point.png", ~point)
    mask = masks_of(video, tmp_path / "point.png", invert=True, dilation=2)[0]
    y, x = np.mgrid[:48, :64]
    assert (mask == (np.abs(y - 20) + np.abs(x - 30) <= 2)).all()


def test_equal_masks_are_fitted_once_per_pass(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    fit_mask = masks_module.fit_mask
    monkeypatch.setattr(masks_module, "fit_mask", lambda *args: (calls.append(1), fit_mask(*args))[1])
    write_png(tmp_path / "mask.png", BOXES[1])
    masks_of(video, tmp_path / "mask.png")
    assert len(calls) == 1


def test_inputs_that_are_not_masks_are_refused(video: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--mask nowhere\.png: there is no such file or folder"):
        masks_of(video, "nowhere.png")
    with pytest.raises(UserError, match="--mask alpha needs a video with transparency"):
        masks_of(video, "alpha")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"--mask .*empty: contains no images"):
        masks_of(video, tmp_path / "empty")
    with pytest.raises(UserError, match="--object_ids needs indexed images"):
        masks_of(video, video, object_ids=(1,))
