"""From a video to the video without its object: only the hole changes, and interruptions change nothing."""

import json
import logging
import re
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, write_png
from master_thesis.models.painter import SmoothPainter
from master_thesis.video import pipeline, sinks, windows
from master_thesis.video.io.decoding import open_source
from master_thesis.video.pipeline import inpaint_video
from stress.videos import CONTAINERS, Clip, box_mask, moving_frames, packets, shown
from tests.factories import Copier, CountingAligner, Painter, StillAligner


def fill(video: Path, mask: Path, output: Path | None = None, test_size=None, algorithm="ff", **changes):
    config = VideoConfig(
        video=str(video), mask=str(mask), output=str(output) if output else None, **{"mask_dilation": 1, **changes}
    )
    return inpaint_video(config, StillAligner(), Copier(), algorithm, test_size, max_distance=3)


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    write_png(tmp_path / "mask.png", box_mask())
    return tmp_path / "mask.png"


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} - {"mask.png", "clip.mp4"}


def dilated_box():
    hole = box_mask()
    hole[15:33, 24:40] = hole[16:32, 23:41] = True
    return hole


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
    hole = dilated_box()
    before = [frame.image for frame in open_source(video).frames()]
    for (_, after), frame in zip(shown(result.output), before, strict=True):
        assert (after[~hole] == frame[~hole]).all()
        assert (after[hole] != frame[hole]).mean() > 0.5


def test_holes_of_10_bits_are_filled_with_10_bits(tmp_path: Path) -> None:
    """A panning camera over a slow gradient that 8 bits would break into bands; below it something to follow."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:96, :158]
    ground = 300 + 200 * cv2.GaussianBlur(rng.random(x.shape), (0, 0), 1.5)
    scene = np.rint(np.where(y < 56, 400 + x / 8, ground))
    lumas, size = [scene[:, 6 * t : 6 * t + 128] for t in range(6)], (96, 128)
    hole = box_mask(size, (20, 50, 36, 64))
    with av.open(str(tmp_path / "clip.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p10le"
        for luma in lumas:
            values = np.concatenate([np.where(hole, 900, luma).ravel(), np.full(96 * 64, 512)]).astype(np.uint16)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(values.reshape(-1, 128), format="yuv420p10le")))
        container.mux(stream.encode(None))
    write_png(tmp_path / "mask.png", hole)
    files = {
        "video": str(tmp_path / "clip.mkv"),
        "mask": str(tmp_path / "mask.png"),
        "output": str(tmp_path / "out.mkv"),
    }
    config = VideoConfig(**files, lossless=True, mask_dilation=0)
    result = inpaint_video(config, StillAligner(), SmoothPainter(), "pm", None)
    with av.open(str(result.output)) as container:
        for frame, luma in zip(container.decode(video=0), lumas, strict=True):
            error = frame.to_ndarray()[:96].astype(int) - luma
            assert not error[~hole].any()
            assert np.abs(error[hole]).mean() < 0.2  # 8 bits would be wrong by one level


def test_a_folder_of_frames_becomes_a_folder_of_frames(tmp_path: Path, mask: Path) -> None:
    (tmp_path / "frames").mkdir()
    frames = moving_frames(3)
    for name, frame in zip(("a2", "a10", "a1"), frames, strict=True):
        write_png(tmp_path / "frames" / f"{name}.png", frame)
    result = fill(tmp_path / "frames", mask, tmp_path / "out")
    assert sorted(p.name for p in result.output.iterdir()) == ["a1.png", "a10.png", "a2.png"]
    after = [frame.image for frame in open_source(result.output).frames()]
    hole = dilated_box()
    for got, expected in zip(after, (frames[2], frames[0], frames[1]), strict=True):
        assert (got[~hole] == expected[~hole]).all()


def test_only_the_files_asked_for_are_written(tmp_path: Path, mask: Path) -> None:
    result = fill(Clip().write(tmp_path), mask, overlay=True)
    assert names(tmp_path) == {"clip_inpainted.mp4", "clip_inpainted.json", "clip_inpainted_overlay.mp4"}
    figures = json.loads((tmp_path / "clip_inpainted.json").read_text())
    assert figures["sentence"] == result.sentence
    assert [f["frame"] for f in figures["frames"]] == list(range(8))
    for frame in figures["frames"]:
        assert frame["copied_percent"] + frame["hallucinated_percent"] == pytest.approx(100)


def test_the_page_describes_the_run(tmp_path: Path, mask: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        result = fill(Clip().write(tmp_path), mask, algorithm="ip", report=True, feather=1, object_ids=(1,))
    assert names(tmp_path) == {"clip_inpainted.mp4", "clip_inpainted.json", "clip_inpainted.html"}
    page = (tmp_path / "clip_inpainted.html").read_text()
    expected = {
        "algorithm": "ip (inpaint and propagate)",
        "result": str(result.output),
        "--feather": "1",
        "--object_ids": "1",
        "--leaps": "True",
    }
    for name, value in expected.items():
        assert f"<tr><th>{name}</th><td>{value}</td></tr>" in page
    assert "8 frames, 64 x 48" in page
    assert "--output" not in page
    assert f"page: {tmp_path / 'clip_inpainted.html'}" in caplog.text


def test_if_the_page_fails_no_video_appears_and_the_work_is_kept(tmp_path: Path, mask: Path, monkeypatch) -> None:
    def fail(*args):
        raise UserError("no space")

    video = Clip().write(tmp_path)
    monkeypatch.setattr(sinks, "write_page", fail)
    with pytest.raises(UserError, match="no space"):
        fill(video, mask, report=True)
    assert names(tmp_path) == {"clip_inpainted.mp4.parts", "clip_inpainted.json"}
    monkeypatch.undo()
    fill(video, mask, report=True)
    assert names(tmp_path) == {"clip_inpainted.mp4", "clip_inpainted.json", "clip_inpainted.html"}


def test_check_writes_only_a_sheet(tmp_path: Path, mask: Path, caplog: pytest.LogCaptureFixture) -> None:
    video = Clip().write(tmp_path)
    with caplog.at_level(logging.INFO):
        result = fill(video, mask, check=True, report=True)
    assert result.output is None
    assert names(tmp_path) == {"clip_inpainted_check.jpg"}
    assert read_frame(tmp_path / "clip_inpainted_check.jpg").shape[1] == 3 * 64 + 2 * 6
    assert "prediction: " in caplog.text
    caplog.clear()
    with caplog.at_level(logging.INFO):
        result = fill(video, mask, check=True, overwrite=True, leaps=False)
    assert "prediction: " not in caplog.text, "other references are asked then"
    assert "8 frames, 64 x 48, 25 frames per second" in caplog.text
    assert re.search("time: about .*, if the machine stays as busy as it is", caplog.text)


def test_everything_is_copied_unless_refused(tmp_path: Path, mask: Path) -> None:
    """``leaps`` of the options of the video is the default, the argument replaces it."""
    video, made_from = Clip().write(tmp_path), {}
    for name, changes, argument in (("a", {}, {}), ("b", {"leaps": False}, {}), ("c", {}, {"leaps": False})):
        config = VideoConfig(video=str(video), mask=str(mask), output=str(tmp_path / f"{name}.mp4"), **changes)
        inpaint_video(config, StillAligner(), Copier(), "ip", None, max_distance=3, **argument)
        options = json.loads((tmp_path / f"{name}.json").read_text())["made_from"]["algorithm_options"]
        assert options["max_distance"] == 3
        made_from[name] = options["exhaustive"]
    assert made_from == {"a": True, "b": False, "c": False}


def test_bad_options_are_refused_before_the_video_is_read() -> None:
    config = VideoConfig(video="nowhere.mp4", mask="nowhere.png")
    with pytest.raises(UserError, match="the algorithm should be one of ff, ip, cp, pm, got 'xp'"):
        inpaint_video(config, StillAligner(), Copier(), "xp")


def test_an_existing_result_is_kept_unless_overwritten(tmp_path: Path, mask: Path) -> None:
    video = Clip().write(tmp_path)
    output = fill(video, mask).output
    written = output.read_bytes()
    with pytest.raises(UserError, match=r"exists already: --overwrite replaces it"):
        fill(video, mask)
    assert output.read_bytes() == written
    assert fill(video, mask, overwrite=True).output == output


@pytest.mark.parametrize("algorithm", ["ff", "ip", "cp", "pm"])
def test_an_interrupted_run_continues_to_the_same_result(tmp_path, mask, monkeypatch, algorithm, caplog) -> None:
    video = Clip(times=tuple(range(20))).write(tmp_path)

    def run(name: str):
        return fill_long(video, mask, tmp_path / name, algorithm)

    uninterrupted = run("uninterrupted.mkv")
    save, saved = windows.PatchFolder.save, []

    def save_then_interrupt(self, *args):
        save(self, *args)
        saved.append(args[0])
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(windows.PatchFolder, "save", save_then_interrupt)
    with pytest.raises(KeyboardInterrupt):
        run("interrupted.mkv")
    assert not (tmp_path / "interrupted.mkv").exists()
    parts = tmp_path / "interrupted.mkv.parts"
    kept = f"interrupted: 9 of 20 frames with a hole are filled and kept in {parts}; the same command fills the other"
    assert f"{kept} 11" in caplog.text
    monkeypatch.setattr(windows.PatchFolder, "save", save)
    damaged = parts / "window_00000.npz"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with caplog.at_level(logging.INFO):
        run("interrupted.mkv")
    assert f"{damaged} is damaged: its window is filled again" in caplog.text
    assert "resuming: 1 of" in caplog.text
    assert (tmp_path / "interrupted.mkv").read_bytes() == uninterrupted.output.read_bytes()


def fill_long(video: Path, mask: Path, output: Path, algorithm: str):
    config = VideoConfig(video=str(video), mask=str(mask), output=str(output), lossless=True, window=9)
    options = {"sweeps": 3} if algorithm == "cp" else {"max_distance": 3}
    return inpaint_video(config, StillAligner(), Copier(), algorithm, None, **options)


@pytest.mark.parametrize(("num_closed", "is_damaged"), [(1, False), (4, True)])
def test_frames_that_were_filled_before_an_interruption_are_kept(
    tmp_path, mask, num_closed, is_damaged, caplog
) -> None:
    """In the middle of a window: the run continues after its last filled frame, to the same file."""
    video = Clip(times=tuple(range(9))).write(tmp_path)
    expected = fill_exhaustively(video, mask, tmp_path / "uninterrupted.mkv").read_bytes()
    aligner = InterruptedAligner(num_closed)
    with pytest.raises(KeyboardInterrupt):
        fill_exhaustively(video, mask, tmp_path / "out.mkv", aligner)
    parts = tmp_path / "out.mkv.parts"
    files = sorted(parts.glob("window_00000_frame_*.npz"))
    assert len(files) == num_closed
    kept = f"interrupted: {num_closed} of 9 frames with a hole are filled and kept in {parts}; the same command fills"
    assert kept in caplog.text
    if is_damaged:
        files[0].write_bytes(files[0].read_bytes()[:-9])
    again = InterruptedAligner(100)
    with caplog.at_level(logging.INFO):
        assert fill_exhaustively(video, mask, tmp_path / "out.mkv", again).read_bytes() == expected
    assert (f"{files[0]} is damaged: its frame is filled again" in caplog.text) == is_damaged
    assert not parts.exists()
    assert len(again.targets) == 9 - num_closed + is_damaged


def test_frame_by_frame_keeps_the_frames_that_are_closed_before_others(tmp_path, mask) -> None:
    """Every frame is filled from the original ones, so that the others take no notice."""
    video, counting = Clip(times=tuple(range(9))).write(tmp_path), InterruptedAligner(100)
    expected = fill_exhaustively(video, mask, tmp_path / "uninterrupted.mkv", counting, "ff").read_bytes()
    with pytest.raises(KeyboardInterrupt):
        fill_exhaustively(video, mask, tmp_path / "out.mkv", InterruptedAligner(100, counting.num_calls - 1), "ff")
    files = sorted((tmp_path / "out.mkv.parts").glob("window_00000_frame_*.npz"))
    assert 0 < len(files) < 9
    again = InterruptedAligner(100)
    assert fill_exhaustively(video, mask, tmp_path / "out.mkv", again, "ff").read_bytes() == expected
    assert len(again.targets) == 9 - len(files)


@pytest.mark.parametrize("name", ["examine", "estimate_filling"])
def test_an_interruption_before_the_work_says_so(tmp_path, mask, caplog, monkeypatch, name) -> None:
    def interrupt(*args):
        raise KeyboardInterrupt

    video = Clip().write(tmp_path)
    monkeypatch.setattr(pipeline, name, interrupt)
    with pytest.raises(KeyboardInterrupt):
        fill_exhaustively(video, mask, tmp_path / "out.mkv")
    assert caplog.messages[-1] == "interrupted: nothing has changed; the same command starts again"
    assert names(tmp_path) == set()


def test_an_interruption_before_the_first_frame_says_so(tmp_path, mask, caplog) -> None:
    video = Clip().write(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        fill_exhaustively(video, mask, tmp_path / "out.mkv", InterruptedAligner(0))
    assert "interrupted: none of the 8 frames with a hole is filled; the same command starts again" in caplog.text


@pytest.mark.parametrize("algorithm", ["ff", "ip", "pm"])
def test_an_interruption_while_a_window_is_stored_loses_none_of_its_frames(
    tmp_path, mask, monkeypatch, caplog, algorithm
) -> None:
    def interrupt(*args):
        raise KeyboardInterrupt

    video = Clip().write(tmp_path)
    expected = fill_long(video, mask, tmp_path / "uninterrupted.mkv", algorithm).output.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(windows.PatchFolder, "save", interrupt)
        with pytest.raises(KeyboardInterrupt):
            fill_long(video, mask, tmp_path / "out.mkv", algorithm)
    assert len(list((tmp_path / "out.mkv.parts").glob("window_00000_frame_*.npz"))) == 8
    assert "interrupted: all holes are filled and kept in " in caplog.text
    assert fill_long(video, mask, tmp_path / "out.mkv", algorithm).output.read_bytes() == expected


def test_an_interruption_while_the_result_is_written_says_so(tmp_path, mask, caplog, monkeypatch) -> None:
    def interrupt(*args):
        raise KeyboardInterrupt

    video = Clip().write(tmp_path)
    monkeypatch.setattr(pipeline, "_write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        fill_exhaustively(video, mask, tmp_path / "out.mkv")
    parts = tmp_path / "out.mkv.parts"
    assert f"interrupted: all holes are filled and kept in {parts}; the same command writes the result" in caplog.text


class InterruptedAligner(CountingAligner):
    """Is interrupted when it is asked for yet another target, or once too often, as by Ctrl-C."""

    def __init__(self, num_targets: int, max_calls: int = 1000) -> None:
        super().__init__()
        self.num_targets, self.max_calls, self.num_calls = num_targets, max_calls, 0
        self.targets: set[bytes] = set()
        self.num_trials = 2  # before the work

    def align(self, x_target, m_target, x_refs, m_refs):
        self.num_trials -= 1
        if self.num_trials < 0:
            key = x_target[:, :, 0].numpy().tobytes()  # the first row is never hidden
            if key not in self.targets and len(self.targets) == self.num_targets:
                raise KeyboardInterrupt
            self.targets.add(key)
            self.num_calls += 1
            if self.num_calls > self.max_calls:
                raise KeyboardInterrupt
        return super().align(x_target, m_target, x_refs, m_refs)


def fill_exhaustively(video: Path, mask: Path, output: Path, aligner=None, algorithm: str = "ip") -> Path:
    config = VideoConfig(video=str(video), mask=str(mask), output=str(output), lossless=True)
    result = inpaint_video(config, aligner or CountingAligner(), Painter(), algorithm, None, leaps=True, pair_batch=1)
    assert result.output is not None
    return result.output
