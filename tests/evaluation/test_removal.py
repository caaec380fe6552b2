"""Removals as a method: what the command is given, and what comes back of it."""

import sys

import cv2
import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.evaluation.removal import Removal
from master_thesis.images.codec import read_mask

STUB = """
import shutil, sys
from pathlib import Path
home, video, masks, output = Path(sys.argv[-1]), *(Path(sys.argv[i]) for i in (2, 4, 6))
assert sys.argv[3::2][:3] == ["--mask", "--output", "--mask_dilation"] and sys.argv[8] == "0", sys.argv
shutil.copy(video, output)
shutil.copytree(masks, home / "seen")
shutil.copytree(home / "origins", output.parent / "filled_origins")
"""
"""Stands for the program: it fills nothing."""


@pytest.fixture
def removal(tmp_path):
    (tmp_path / "stub.py").write_text(STUB)
    return Removal([str(tmp_path)], (sys.executable, str(tmp_path / "stub.py")))


def test_frames_masks_and_origins_pass_through_files_unchanged(task, removal, tmp_path):
    (tmp_path / "origins").mkdir()
    for t, mask in enumerate(task.mask):
        numbers = np.where(mask, 2 + t, 0).astype(np.uint16)
        numbers[30] = np.where(mask[30], 1, 0)
        cv2.imwrite(str(tmp_path / "origins" / f"{t:05d}.png"), numbers)
    filled = removal(task.masked, task.mask)
    assert np.array_equal(filled.frames, task.masked)
    seen = [read_mask(path) for path in sorted((tmp_path / "seen").iterdir())]
    assert np.array_equal(seen, task.mask)
    row = np.arange(task.mask.shape[1])[None, :, None] == 30
    expected = np.where(task.mask, np.where(row, -1, np.arange(len(task.mask))[:, None, None]), -3)
    assert np.array_equal(filled.source, expected)
    assert filled.costs["seconds"] > 0
    if sys.platform != "win32":
        assert 1 < filled.costs["peak_memory"] < 100, "less than this process takes, which starts it"


def test_a_failing_command_is_reported_with_its_last_line(task, removal, tmp_path):
    (tmp_path / "stub.py").write_text("import sys; print('first'); print('it is full', file=sys.stderr); sys.exit(2)")
    with pytest.raises(UserError, match=r"^it is full \(exit code 2 of .*stub\.py remove "):
        removal(task.masked, task.mask)
