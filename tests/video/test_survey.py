"""One pass finds holes, cuts and counts, and knows how many frames to expect."""

from pathlib import Path

import numpy as np
import pytest

from master_thesis.images.codec import write_png
from master_thesis.video import survey as survey_module
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.masks import open_masks
from master_thesis.video.survey import Box, bounding_box, survey
from stress.videos import Clip, box_mask, moving_frames


def masks_of(video: Path):
    write_png(video.parent / "mask.png", box_mask())
    return open_masks(str(video.parent / "mask.png"), open_source(video), None, False, 0)


def test_holes_and_cuts(tmp_path: Path) -> None:
    video = Clip(times=tuple(range(16))).write(tmp_path, moving_frames(8) + moving_frames(8, seed=1))
    found = survey(masks_of(video))
    assert found.boxes == [Box(16, 24, 32, 40)] * 16
    assert found.hole_percent == pytest.approx([100 * 16 * 16 / (48 * 64)] * 16)
    assert found.cuts == [8]
    assert found.last_pts * found.info.timing.time_base == pytest.approx(15 / 25)
    assert found.error == ""


def test_damage_ends_the_pass_and_is_noted(tmp_path: Path) -> None:
    video = Clip("clip.mp4", times=tuple(range(60))).write(tmp_path)
    video.write_bytes(video.read_bytes())
    masks = masks_of(video)
    data = video.read_bytes()
    video.write_bytes(data[: len(data) // 2])
    found = survey(masks)
    assert "clip.mp4: cannot be read as a video" in found.error
    assert found.num_frames == 0


@pytest.mark.parametrize(("name", "total"), [("clip.mp4", 8), ("frames", 3), ("clip.mkv", None)])
def test_the_progress_knows_the_number_of_frames(tmp_path: Path, monkeypatch, name: str, total) -> None:
    """Matroska does not store it."""
    if name == "frames":
        (tmp_path / name).mkdir()
        for i, frame in enumerate(moving_frames(3)):
            write_png(tmp_path / name / f"{i}.png", frame)
    else:
        Clip(name).write(tmp_path)
    totals = []

    def progress(frames, what, total):
        totals.append(total)
        return frames

    monkeypatch.setattr(survey_module, "with_progress", progress)
    survey(masks_of(tmp_path / name))
    assert totals == [total]


def test_the_box_around_a_hole() -> None:
    mask = np.zeros((10, 12), bool)
    assert bounding_box(mask) is None
    mask[2, 5] = mask[7, 3] = True
    assert bounding_box(mask) == Box(2, 3, 8, 6)
    assert Box(2, 3, 8, 6).union(Box(0, 4, 5, 9)) == Box(0, 3, 8, 9)
