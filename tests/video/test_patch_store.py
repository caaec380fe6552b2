"""Patches are loaded as they were saved, and never from another run."""

import logging
from pathlib import Path

import numpy as np
import pytest

from master_thesis.errors import UserError
from master_thesis.video.patch_store import Patch, PatchFolder


def make_patch(seed: int, size=(5, 11), is_fine: bool = False) -> Patch:
    rng = np.random.default_rng(seed)
    hole = rng.random(size) > 0.5
    count = int(hole.sum())
    colours = rng.integers(0, 256, (count, 3), dtype=np.uint8)
    fine = rng.integers(0, 2**16, (count, 3), dtype=np.uint16) if is_fine else None
    return Patch.of(hole, colours, rng.integers(-1, 1000, count, dtype=np.int32), fine)


@pytest.mark.parametrize("is_fine", [False, True])
def test_saved_patches_are_loaded_unchanged(tmp_path: Path, is_fine: bool) -> None:
    folder = PatchFolder(tmp_path / "parts", {"video": 1})
    patches = {n: make_patch(n, is_fine=is_fine) for n in (7, 8, 12)}
    assert not folder.has(3)
    folder.save(3, patches)
    assert folder.has(3)
    loaded = folder.load(3)
    assert list(loaded) == [7, 8, 12]
    for number, patch in patches.items():
        for name in ("hole", "colours", "source", "fine")[: 4 if is_fine else 3]:
            np.testing.assert_array_equal(getattr(loaded[number], name), getattr(patch, name))


def test_the_same_run_finds_its_windows_and_another_run_does_not(tmp_path: Path) -> None:
    PatchFolder(tmp_path / "parts", {"video": 1}).save(0, {0: make_patch(0)})
    assert PatchFolder(tmp_path / "parts", {"video": 1}).has(0)
    assert not PatchFolder(tmp_path / "parts", {"video": 2}).has(0)


@pytest.mark.parametrize("left", ["made_from.json.123.part", "window_00000.npz"], ids=["at the start", "at the end"])
def test_files_left_by_a_killed_run_are_removed(tmp_path: Path, left: str) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / left).touch()
    folder = PatchFolder(tmp_path / "parts", {"video": 1})
    assert not folder.has(0)
    assert [p.name for p in folder.path.iterdir()] == [PatchFolder.FINGERPRINT]


def test_an_incomplete_window_does_not_appear(tmp_path: Path, monkeypatch) -> None:
    folder = PatchFolder(tmp_path / "parts", {})

    def die(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr("os.fsync", die)
    with pytest.raises(UserError, match=r"window_00000\.npz cannot be written: no space left"):
        folder.save(0, {0: make_patch(0)})
    assert not folder.has(0)
    assert [p.name for p in (tmp_path / "parts").iterdir()] == [PatchFolder.FINGERPRINT]


@pytest.mark.parametrize(
    "how", ["cut", "flipped", "empty", "other frames", "other size", "too few colours", "no numbers"]
)
def test_a_damaged_window_is_dropped_with_a_warning(tmp_path: Path, caplog, how) -> None:
    folder = PatchFolder(tmp_path / "parts", {})
    for window in (0, 1):
        folder.save(window, {n: make_patch(n) for n in (4, 5)})
    file = tmp_path / "parts" / "window_00001.npz"
    data, numbers, size = file.read_bytes(), [4, 5], (5, 11)
    if how in ("cut", "flipped", "empty"):
        flipped = data[:200] + bytes([data[200] ^ 1]) + data[201:]
        file.write_bytes({"cut": data[:-50], "flipped": flipped, "empty": b""}[how])
    elif how == "too few colours":
        with np.load(file) as stored:
            np.savez(file, **{**stored, "sizes": stored["sizes"] + [1, -1]})
    elif how == "no numbers":
        np.savez(file, numbers=np.array(["a"]))
    else:
        numbers, size = ([4, 6], size) if how == "other frames" else (numbers, (5, 12))
    with caplog.at_level(logging.WARNING):
        folder.drop_damaged([([4, 5], (5, 11)), (numbers, size), ([8], (5, 11))])
    assert [folder.has(window) for window in (0, 1, 2)] == [True, False, False]
    assert caplog.messages == [f"{file} is damaged: its window is filled again"]


def test_a_folder_with_other_files_is_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "diary.txt").touch()
    with pytest.raises(UserError, match="parts: contains other files, but is needed for unfinished work: rename it"):
        PatchFolder(tmp_path / "parts", {})
    assert (tmp_path / "parts" / "diary.txt").exists()


def test_nothing_remains_after_removal(tmp_path: Path) -> None:
    folder = PatchFolder(tmp_path / "parts", {})
    folder.save(0, {0: make_patch(0)})
    folder.remove()
    assert list(tmp_path.iterdir()) == []
