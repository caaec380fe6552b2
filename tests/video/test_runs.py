"""From options to results and pages."""

from pathlib import Path

import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video import runs as room
from master_thesis.video.io.decoding import open_source
from master_thesis.video.runs import run_video
from stress.videos import Clip, box_mask
from tests.factories import Copier, StillAligner


def run(folder: Path, clip: Clip | None = None, algorithms=("ip",), **changes):
    write_png(folder / "mask.png", box_mask())
    video = (clip or Clip(times=(0, 1, 2))).write(folder)
    config = VideoConfig(video=str(video), mask=str(folder / "mask.png"), **changes)
    return run_video(config, StillAligner(), Copier(), algorithms, max_distance=2, sweeps=2)


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} - {"mask.png", "clip.mp4"}


def test_the_page_tells_what_was_done(tmp_path: Path) -> None:
    (result,) = run(tmp_path, report=True, feather=2)
    assert names(tmp_path) == {"clip_inpainted.mp4", "clip_inpainted.json", "clip_inpainted.html"}
    page = (tmp_path / "clip_inpainted.html").read_text()
    for told in (result.sentence, "ip (inpaint and propagate)", "--feather", "3 frames, 64 x 48", "data:video/mp4"):
        assert told in page


def test_several_algorithms_make_several_results(tmp_path: Path) -> None:
    run(tmp_path, algorithms=("ff", "cp"))
    assert {n for n in names(tmp_path) if n.endswith(".mp4")} == {"clip_inpainted_ff.mp4", "clip_inpainted_cp.mp4"}


def test_panels_stand_upright(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    monkeypatch.setattr(room, "write_page", lambda *args: kept.append(open_source(args[-1]).info.size))
    run(tmp_path, Clip(rotation=90, times=(0, 1)), report=True)
    assert kept == [(3 * 64, 48)]


def test_with_a_page_that_cannot_be_written_no_video_appears_and_the_work_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args):
        raise UserError("no space")

    monkeypatch.setattr(room, "write_page", fail)
    with pytest.raises(UserError, match="no space"):
        run(tmp_path, report=True)
    assert names(tmp_path) == {"clip_inpainted.mp4.parts", "clip_inpainted.json"}
    monkeypatch.undo()
    run(tmp_path, report=True)
    assert names(tmp_path) == {"clip_inpainted.mp4", "clip_inpainted.json", "clip_inpainted.html"}


def test_none_of_several_is_begun_where_one_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "clip_inpainted_cp.mp4").touch()
    with pytest.raises(UserError, match=r"clip_inpainted_cp\.mp4 exists already"):
        run(tmp_path, algorithms=("ff", "cp"))
    assert names(tmp_path) == {"clip_inpainted_cp.mp4"}


def test_checking_makes_nothing(tmp_path: Path) -> None:
    run(tmp_path, report=True, check=True)
    assert names(tmp_path) == set()
