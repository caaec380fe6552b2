"""From a video to the video without its object: what must stay as it was stays, what must change changes."""

import json
import logging
from pathlib import Path

import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.video import windows
from master_thesis.video.io.decoding import open_source
from master_thesis.video.pipeline import inpaint_video
from stress.videos import CONTAINERS, Clip, box_mask, moving_frames, packets, shown
from tests.factories import Copier, StillAligner


def fill(video: Path, mask: Path, output: Path | None = None, test_size=None, algorithm="ff", **changes):
    config = VideoConfig(
        video=str(video), mask=str(mask), output=str(output) if output else None, **{"mask_dilation": 1, **changes}
    )
    return inpaint_video(config, StillAligner(), Copier(), algorithm, test_size, max_distance=3)


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    write_png(tmp_path / "mask.png", box_mask())
    return tmp_path / "mask.png"


@pytest.mark.parametrize("clip", CONTAINERS, ids=lambda clip: clip.name)
def test_count_times_size_rotation_and_sound_stay(tmp_path: Path, clip: Clip) -> None:
    write_png(tmp_path / "mask.png", box_mask(clip.size))
    video = clip.write(tmp_path)
    result = fill(video, tmp_path / "mask.png")
    before, after = open_source(video).info, open_source(result.output).info
    assert after.size == before.size
    assert after.display_matrix == before.display_matrix
    assert [time for time, _ in shown(result.output)] == [time for time, _ in shown(video)]
    if clip.audio:
        assert packets(result.output, "audio") == packets(video, "audio")


@pytest.mark.parametrize("test_size", [None, (24, 32)], ids=["native", "reduced"])
def test_only_hole_pixels_change_in_a_lossless_result(tmp_path: Path, mask: Path, test_size) -> None:
    video = Clip(audio="aac").write(tmp_path)
    result = fill(video, mask, tmp_path / "out.mkv", test_size, lossless=True)
    hole = box_mask()
    hole[15:33, 24:40] = hole[16:32, 23:41] = True  # widened by one pixel
    before = [frame.image for frame in open_source(video).frames()]
    for (_, after), frame in zip(shown(result.output), before, strict=True):
        assert (after[~hole] == frame[~hole]).all()
        assert (after[hole] != frame[hole]).mean() > 0.5


def test_a_folder_of_frames_becomes_a_folder_of_frames(tmp_path: Path, mask: Path) -> None:
    (tmp_path / "frames").mkdir()
    frames = moving_frames(3)
    for name, frame in zip(("a2", "a10", "a1"), frames, strict=True):
        write_png(tmp_path / "frames" / f"{name}.png", frame)
    result = fill(tmp_path / "frames", mask, tmp_path / "out")
    assert sorted(p.name for p in result.output.iterdir()) == ["a1.png", "a10.png", "a2.png"]
    after = [frame.image for frame in open_source(result.output).frames()]
    hole = box_mask()
    hole[15:33, 24:40] = hole[16:32, 23:41] = True
    for got, want in zip(after, (frames[2], frames[0], frames[1]), strict=True):
        assert (got[~hole] == want[~hole]).all()


def test_nothing_else_is_left_and_the_figures_are_kept(tmp_path: Path, mask: Path) -> None:
    video = Clip().write(tmp_path)
    result = fill(video, mask, overlay=True)
    names = {"clip.mp4", "mask.png", "clip_inpainted.mp4", "clip_inpainted.json", "clip_inpainted_overlay.mp4"}
    assert {p.name for p in tmp_path.iterdir()} == names
    kept = json.loads((tmp_path / "clip_inpainted.json").read_text())
    assert kept["sentence"] == result.sentence
    assert [f["frame"] for f in kept["frames"]] == list(range(8))
    for frame in kept["frames"]:
        assert frame["copied_percent"] + frame["hallucinated_percent"] == pytest.approx(100)


def test_check_only_looks(tmp_path: Path, mask: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = Clip().write(tmp_path)
    with caplog.at_level(logging.INFO):
        result = fill(video, mask, check=True)
    assert result.output is None
    assert {p.name for p in tmp_path.iterdir()} == {"clip.mp4", "mask.png"}
    assert "8 frames, 64 x 48, 25 frames per second" in caplog.text
    assert "time: about" in caplog.text


def test_an_existing_result_is_kept_unless_overwritten(tmp_path: Path, mask: Path) -> None:
    video = Clip().write(tmp_path)
    output = fill(video, mask).output
    made = output.read_bytes()
    with pytest.raises(UserError, match=r"exists already: --overwrite replaces it"):
        fill(video, mask)
    assert output.read_bytes() == made
    assert fill(video, mask, overwrite=True).output == output


@pytest.mark.parametrize("algorithm", ["ff", "ip", "cp"])
def test_a_run_that_is_killed_goes_on_and_gives_the_same(tmp_path, mask, monkeypatch, algorithm, caplog) -> None:
    video = Clip(times=tuple(range(20))).write(tmp_path)

    def run(name: str):
        return fill_long(video, mask, tmp_path / name, algorithm)

    whole = run("whole.mkv")
    save, saved = windows.PatchFolder.save, []

    def save_then_die(self, *args):
        save(self, *args)
        saved.append(args[0])
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(windows.PatchFolder, "save", save_then_die)
    with pytest.raises(KeyboardInterrupt):
        run("killed.mkv")
    assert not (tmp_path / "killed.mkv").exists()
    assert "the same command goes on from here" in caplog.text
    monkeypatch.setattr(windows.PatchFolder, "save", save)
    damaged = tmp_path / "killed.mkv.parts" / "window_00000.npz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with caplog.at_level(logging.INFO):
        run("killed.mkv")
    assert f"{damaged} is damaged and filled anew" in caplog.text
    assert "going on: 1 of" in caplog.text
    assert (tmp_path / "killed.mkv").read_bytes() == whole.output.read_bytes()


def fill_long(video: Path, mask: Path, output: Path, algorithm: str):
    config = VideoConfig(video=str(video), mask=str(mask), output=str(output), lossless=True, window=9)
    options = {"sweeps": 3} if algorithm == "cp" else {"max_distance": 3}
    return inpaint_video(config, StillAligner(), Copier(), algorithm, None, **options)
