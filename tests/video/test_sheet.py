"""The sheet shows the hole where it is, and replaces no file of others."""

from pathlib import Path

import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, write_jpeg
from master_thesis.video.samples import Sample
from master_thesis.video.sheet import GAP_PX, NUM_FRAMES, marked, sheet, write_sheet

SIZE = (60, 80)


def sample(number: int, has_hole: bool = True) -> Sample:
    hole = np.zeros(SIZE, bool)
    hole[30:50, 20:40] = has_hole
    return Sample(number, np.full((*SIZE, 3), 100, np.uint8), hole)


def test_the_hole_is_tinted_inside_its_outline_and_nothing_else_changes() -> None:
    hole = sample(0).hole
    picture = marked(sample(0).image, hole)
    assert (picture[~hole] == 100).all()
    assert (picture[31:49, 21:39] == np.rint(0.55 * 100 + 0.45 * np.array([255, 40, 40]))).all()
    assert (picture[30, 20:40] == (255, 255, 0)).all()
    assert (picture[30:50, 39] == (255, 255, 0)).all()


@pytest.mark.parametrize(("count", "rows", "columns"), [(1, 1, 1), (2, 1, 2), (5, 2, 3), (40, 3, 3)])
def test_frames_stand_in_rows(count: int, rows: int, columns: int) -> None:
    page = sheet([sample(n) for n in range(count)], None)
    assert page.shape == (rows * (60 + GAP_PX) - GAP_PX, columns * (80 + GAP_PX) - GAP_PX, 3)
    hole = page[rows * (60 + GAP_PX) - GAP_PX - 60 :, :80][35:45, 25:35]
    assert (hole[..., 0] > hole[..., 1]).all()
    assert rows * columns <= NUM_FRAMES


def test_frames_are_turned_as_players_turn_them() -> None:
    assert sheet([sample(0)], (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)).shape == (80, 60, 3)


def test_frames_with_a_hole_are_shown() -> None:
    page = sheet([sample(0, has_hole=False), sample(1), sample(2, has_hole=False)], None)
    assert page.shape == (*SIZE, 3)
    assert page[40, 30, 0] > page[40, 30, 1]


def test_sheets_are_replaced_and_other_files_kept(tmp_path: Path) -> None:
    path = tmp_path / "new" / "clip_check.jpg"
    write_sheet(path, [sample(0)], None, overwrite=False)
    assert read_frame(path).shape == (*SIZE, 3)
    write_sheet(path, [sample(0), sample(1)], None, overwrite=False)
    assert read_frame(path).shape == (60, 166, 3)
    write_jpeg(path, np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(UserError, match=r"clip_check\.jpg exists already and is not a sheet of --check: --overwrite"):
        write_sheet(path, [sample(0)], None, overwrite=False)
    assert read_frame(path).shape == (8, 8, 3)
    write_sheet(path, [sample(0)], None, overwrite=True)
    assert read_frame(path).shape == (*SIZE, 3)
    assert [p.name for p in path.parent.iterdir()] == ["clip_check.jpg"]
