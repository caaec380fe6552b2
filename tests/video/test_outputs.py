"""Outputs that cannot be written are refused before anything is written."""

from dataclasses import replace
from pathlib import Path

import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.video.io.decoding import open_source
from master_thesis.video.io.encoding import has_encoder
from master_thesis.video.outputs import chosen_output, output_notices, output_problems, unfinished, with_own_name
from stress.videos import Clip


@pytest.fixture
def info(tmp_path: Path):
    return open_source(Clip(audio="aac").write(tmp_path)).info


def config(**changes) -> VideoConfig:
    return VideoConfig(**{"video": "clip.mp4", "mask": "mask.png", **changes})


def test_a_path_may_be_named_by_dots_but_needs_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert with_own_name(Path(".")) == tmp_path
    assert with_own_name(Path("..")) == tmp_path.parent
    assert with_own_name(Path("a/b.mp4")) == Path("a/b.mp4")
    with pytest.raises(UserError, match="/: should be a file or a folder with a name"):
        with_own_name(Path("/"))


def test_the_default_output_lies_beside_the_video_and_holds_its_sound(info) -> None:
    video = info.path
    assert chosen_output(config(), info) == video.with_name("clip_inpainted.mp4")
    assert chosen_output(config(lossless=True), info) == video.with_name("clip_inpainted.mkv")
    folder = replace(info, path=video.parent)
    assert chosen_output(config(), folder).name == f"{video.parent.name}_inpainted.mp4"
    assert chosen_output(config(output="out/new.mov"), info) == Path("out/new.mov")


def test_a_folder_without_write_permission(info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *args: False)
    (problem,) = output_problems(tmp_path / "new" / "out.mp4", config(), info)
    assert f"{tmp_path} cannot be written to" in problem


def test_an_output_below_a_file(info, tmp_path: Path) -> None:
    (problem,) = output_problems(info.path / "out.mp4", config(), info)
    assert problem == f"--output {info.path / 'out.mp4'}: {info.path} is a file, not a folder"


@pytest.mark.parametrize(("codec", "hint"), [("h264", " (Chrome can)"), ("hevc", "")])
def test_only_h264_of_full_colours_is_said_to_play_in_chrome(tmp_path: Path, codec: str, hint: str) -> None:
    if not has_encoder(codec):
        pytest.skip(f"no encoder of {codec}")
    odd = open_source(Clip("odd.mp4", pix_fmt="yuv444p", size=(47, 63)).write(tmp_path)).info
    (notice,) = output_notices(tmp_path / "out.mp4", config(output="out.mp4", codec=codec), odd)
    assert notice.endswith(f"4:4:4, which some players cannot play{hint}")


def test_files_and_folders_do_not_replace_each_other(info, tmp_path: Path) -> None:
    (tmp_path / "out.mp4").mkdir()
    (tmp_path / "out").touch()
    for name, kind in (("out.mp4", "folder"), ("out", "file")):
        (problem,) = output_problems(tmp_path / name, config(overwrite=True), info)
        assert problem == f"--output {tmp_path / name} is a {kind}: choose another name"


def test_only_a_folder_of_frames_is_replaced(info, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    assert output_problems(tmp_path / "out", config(), info) == []  # it is empty
    (tmp_path / "out" / "0.png").touch()
    (problem,) = output_problems(tmp_path / "out", config(), info)
    assert "exists already" in problem
    assert output_problems(tmp_path / "out", config(overwrite=True), info) == []
    (tmp_path / "out" / "thesis.tex").touch()
    (problem,) = output_problems(tmp_path / "out", config(overwrite=True), info)
    assert problem.endswith("contains files other than frames (thesis.tex): choose another name")


def test_files_beside_the_output_are_not_replaced_either(info, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    (tmp_path / "out.json").touch()
    (problem,) = output_problems(output, config(), info)
    assert problem.endswith("out.json, which exists already: --overwrite replaces it")
    assert output_problems(output, config(overwrite=True), info) == []
    unfinished(output).mkdir()  # an interrupted run wrote the file
    assert output_problems(output, config(), info) == []
    overlay = replace(info, path=tmp_path / "out_overlay.mp4")
    (problem,) = output_problems(output, config(overlay=True, overwrite=True), overlay)
    assert problem.endswith("out_overlay.mp4, an input that is never overwritten")


def test_a_folder_of_origins_is_replaced_only_if_it_holds_nothing_else(info, tmp_path: Path) -> None:
    (tmp_path / "out_origins").mkdir()
    (tmp_path / "out_origins" / "00000.png").touch()
    replacing = config(origins=True, overwrite=True)
    assert output_problems(tmp_path / "out.mp4", replacing, info) == []
    (problem,) = output_problems(tmp_path / "out.mp4", config(origins=True), info)
    assert problem.endswith("out_origins, which exists already: --overwrite replaces it")
    (tmp_path / "out_origins" / "thesis.tex").touch()
    (problem,) = output_problems(tmp_path / "out.mp4", replacing, info)
    assert problem.endswith("out_origins, which contains other files: choose another name")
