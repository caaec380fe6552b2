"""Outputs are refused before anything is written, and appear whole."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.writer import VideoWriter
from master_thesis.video.outputs import (
    FrameFolderWriter,
    default_output,
    open_sink,
    output_problems,
    unfinished,
    with_own_name,
)
from stress.videos import Clip, moving_frames


@pytest.fixture
def info(tmp_path: Path):
    return open_source(Clip(audio="aac").write(tmp_path)).info


def test_a_place_may_be_named_by_dots_but_not_by_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert with_own_name(Path(".")) == tmp_path
    assert with_own_name(Path("..")) == tmp_path.parent
    assert with_own_name(Path("a/b.mp4")) == Path("a/b.mp4")
    with pytest.raises(UserError, match="/: should be a file or a folder with a name"):
        with_own_name(Path("/"))


def test_the_default_lies_beside_and_holds_the_sound(info) -> None:
    video = info.path
    assert default_output(video, info, lossless=False) == video.with_name("clip_inpainted.mp4")
    assert default_output(video, info, lossless=True) == video.with_name("clip_inpainted.mkv")
    assert default_output(video, replace(info, audio_codecs=("pcm_u8",)), lossless=False).suffix == ".mkv"
    assert default_output(video.parent, info, lossless=False).name == f"{video.parent.name}_inpainted.mp4"


def test_a_place_that_cannot_be_written_to(info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *args: False)
    (problem,) = output_problems(tmp_path / "new" / "out.mp4", VideoConfig(), info)
    assert f"{tmp_path} cannot be written to" in problem


def test_a_folder_is_not_replaced_by_a_file_nor_a_file_by_a_folder(info, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    (tmp_path / "out").touch()
    for name in ("out.mp4", "out"):
        (problem,) = output_problems(tmp_path / name, VideoConfig(overwrite=True), info)
        assert "choose another name" in problem


def test_only_a_folder_of_frames_is_replaced(info, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert output_problems(tmp_path / "out", VideoConfig(), info) == []  # it is empty
    (tmp_path / "out" / "0.png").touch()
    (problem,) = output_problems(tmp_path / "out", VideoConfig(), info)
    assert "exists already" in problem
    assert output_problems(tmp_path / "out", VideoConfig(overwrite=True), info) == []
    (tmp_path / "out" / "thesis.tex").touch()
    (problem,) = output_problems(tmp_path / "out", VideoConfig(overwrite=True), info)
    assert "holds other things than a result (thesis.tex)" in problem


def test_what_is_written_beside_replaces_nothing_either(info, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    (tmp_path / "out.json").touch()
    (problem,) = output_problems(output, VideoConfig(), info)
    assert "out.json, which exists already" in problem
    assert output_problems(output, VideoConfig(overwrite=True), info) == []
    unfinished(output).mkdir()  # then it is our own, from an interrupted run
    assert output_problems(output, VideoConfig(), info) == []
    overlay = replace(info, path=tmp_path / "out_overlay.mp4")
    (problem,) = output_problems(output, VideoConfig(overlay=True, overwrite=True), overlay)
    assert "out_overlay.mp4, an input that is never overwritten" in problem


def test_frames_appear_when_the_folder_is_whole(info, tmp_path: Path) -> None:
    with FrameFolderWriter(tmp_path / "out", info) as writer:
        for frame in moving_frames(2):
            writer.write(frame)
        assert not (tmp_path / "out").exists()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["00000.png", "00001.png"]


def interrupt(sink) -> None:
    with sink:
        sink.write(np.zeros((48, 64, 3), np.uint8))
        raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["out", "out.mp4", "out.mkv"])
def test_an_interrupted_output_leaves_nothing(info, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.iterdir())
    with pytest.raises(KeyboardInterrupt):
        interrupt(open_sink(tmp_path / name, info, lossless=False))
    assert set(tmp_path.iterdir()) == before


def test_suffixes_choose_the_kind(info, tmp_path: Path) -> None:
    for name, kind in (("out", FrameFolderWriter), ("out.mkv", VideoWriter)):
        with open_sink(tmp_path / name, info, lossless=True) as sink:
            assert isinstance(sink, kind)
            sink.write(np.zeros((48, 64, 3), np.uint8))
