import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.evaluation.predictions import parse_predictions, read_predictions
from master_thesis.images.codec import write_numbers, write_png


@pytest.fixture
def folder(tmp_path, task):
    home = tmp_path / "filled" / task.sequence
    home.mkdir(parents=True)
    for t, frame in enumerate(task.frames):
        write_png(home / f"frame{t + 8}.png", frame)  # 8, 9, 10, 11: natural order differs from that of the letters
    return home.parent


def test_frames_are_read_in_natural_order(folder, task):
    filled = read_predictions(folder, task)
    assert (filled.frames == task.frames).all()
    assert filled.source is None


def write_own_numbers(folder, mask):
    """Says that the hole of every frame is copied from the frame itself."""
    (folder / "pan_origins").mkdir()
    for t, hole in enumerate(mask):
        write_numbers(folder / "pan_origins" / f"{t}.png", np.where(hole, 2 + t, 0).astype(np.uint16))


def test_origins_are_read_where_they_lie_beside_the_frames(folder, task):
    write_own_numbers(folder, task.mask)
    source = read_predictions(folder, task).source
    assert (source[task.mask] == np.nonzero(task.mask)[0]).all()


def test_a_wrong_number_of_origins_is_reported(folder, task):
    write_own_numbers(folder, task.mask[:-1])
    with pytest.raises(UserError, match="pan_origins should hold 4 images of 96 x 72, like the frames"):
        read_predictions(folder, task)


def test_a_wrong_number_of_frames_is_reported(folder, task):
    (folder / task.sequence / "frame9.png").unlink()
    with pytest.raises(UserError, match=r"pan should hold 4 frames \(.png or .jpg\), but holds 3"):
        read_predictions(folder, task)


def test_a_missing_sequence_is_reported(tmp_path, task):
    with pytest.raises(UserError, match=r"pan should hold 4 frames \(.png or .jpg\), but holds 0"):
        read_predictions(tmp_path, task)


def test_a_wrong_size_is_reported(folder, task):
    write_png(folder / task.sequence / "frame10.png", np.zeros((50, 60, 3), np.uint8))
    with pytest.raises(UserError, match=r"frame10.png should be 96 x 72 \(protocol hole\), but is 60 x 50"):
        read_predictions(folder, task)


def test_repeated_names_and_missing_folders_are_reported(folder):
    assert parse_predictions((f"theirs={folder}",)) == {"theirs": folder}
    with pytest.raises(UserError, match="should name each method once, got theirs twice"):
        parse_predictions((f"theirs={folder}", f"theirs={folder}"))
    with pytest.raises(UserError, match="should name an existing folder, got nowhere"):
        parse_predictions(("theirs=nowhere",))
