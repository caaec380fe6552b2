"""The command that makes masks: its words, its file, its messages, and a removal from a box."""

import sys
from pathlib import Path

import numpy as np
import pytest

from master_thesis.cli import build
from master_thesis.cli.config_file import config_text, read_config
from master_thesis.cli.flags import read_options
from master_thesis.cli.parsing import parse_command
from master_thesis.errors import UserError
from master_thesis.images.codec import read_mask, write_png
from master_thesis.video import mask_carrying, mask_folder, mask_making
from stress.videos import Clip, moving_frames
from tests.commands import run_command
from tests.factories import Copier, StillAligner
from tests.oracles.trackers import StillTracker


@pytest.fixture
def world(tmp_path, monkeypatch) -> Path:
    """A clip with a red square that stands still, without networks."""
    frames = [frame // 3 for frame in moving_frames(4)]
    for frame in frames:
        frame[16:32, 24:40] = (220, 30, 10)
    Clip(times=(0, 1, 2, 3)).write(tmp_path, frames)
    monkeypatch.setattr(mask_carrying, "make_carrier", StillTracker)
    monkeypatch.setattr(build, "load_networks", lambda *args: (StillAligner(), Copier()))
    return tmp_path


def test_an_option_given_again_adds_a_mark():
    options = parse_command(
        [
            "mask",
            "clip.mp4",
            "--box",
            "1",
            "2",
            "3",
            "4",
            "--box",
            "5",
            "6",
            "7",
            "8@9",
            "--points",
            "1",
            "2",
            "--gone",
            "@12",
        ]
    )
    assert [mark.frame for mark in options.marks.boxes] == [0, 9]
    assert options.marks.gone_frames == [12]


def test_the_file_of_a_run_repeats_it(tmp_path):
    options = parse_command(
        ["mask", "clip.mp4", "--box", "1", "2", "3", "4", "5", "6", "7", "8@9", "--draw", "a.png@3", "--overlay"]
    )
    (tmp_path / "config.yaml").write_text(config_text(options))
    again = read_options(type(options), read_config(str(tmp_path / "config.yaml"), type(options)))
    assert again == options


def test_masks_are_made_from_a_box(world, monkeypatch, capsys):
    result = run_command("mask clip.mp4 --box 20 12 24 24", world, monkeypatch, capsys)
    assert result.code == 0, result.err
    assert "clip_masks: 4 masks; none is doubtful" in result.err
    names = {f"clip_masks/{name}" for name in ("00000.png", "00001.png", "00002.png", "00003.png", "masks.json")}
    assert result.written == names | {"clip_masks", "clip_masks.config.yaml"}


def test_lightning_which_takes_seconds_to_import_is_not_needed(world, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pytorch_lightning", None)
    result = run_command("mask clip.mp4 --box 20 12 24 24", world, monkeypatch, capsys)
    assert result.code == 0, result.err


def test_an_object_is_removed_from_a_box(world, monkeypatch, capsys):
    result = run_command("remove clip.mp4 --box 20 12 24 24 --output out.mkv --lossless", world, monkeypatch, capsys)
    assert result.code == 0, result.err
    assert {"out.mkv", "out_masks/00003.png", "out_masks/masks.json"} <= result.written


def test_a_logo_is_removed_from_every_frame(world, monkeypatch, capsys):
    words = "remove clip.mp4 --fixed_box 2 2 12 8 --output out.mkv --lossless"
    result = run_command(words, world, monkeypatch, capsys)
    assert result.code == 0, result.err
    assert read_mask(world / "out_masks/00003.png")[2:10, 2:14].all()


def test_a_missing_package_for_text_is_named(world, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    result = run_command("mask clip.mp4 --text", world, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set())
    assert "--text needs the packages rapidocr and onnxruntime: pip install 'master_thesis[text]'" in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "mask clip.mp4",
            "nothing marks the object: add --box X Y W H, --points X Y or --draw FILE, with @FRAME for a frame "
            "other than the first; --fixed_box X Y W H masks a logo, --text subtitles",
        ),
        (
            "mask clip.mp4 --gone @2",
            "nothing marks the object: add --box X Y W H, --points X Y or --draw FILE, with @FRAME "
            "for a frame other than the first; --fixed_box X Y W H masks a logo, --text subtitles",
        ),
        ("mask clip.mp4 --fixed_box 64 1 5 5", "--fixed_box 64 1 5 5 lies outside the frame, which is 64 x 48"),
        (
            "mask clip.mp4 --box 1 1 5 5 --tracker sam2",
            "--tracker sam2 needs --tracker_weights: a folder, or a name like facebook/sam2.1-hiera-small",
        ),
        (
            "mask clip.mp4 --box 1 1 5 5 --tracker cutie --tracker_weights none.pth",
            "--tracker cutie needs the package of github.com/hkchengrex/Cutie, which is not the cutie of PyPI",
        ),
        (
            "mask clip.mp4 --box 1 1 5 5 --tracker xmem",
            "--tracker should be carrier, sam2, cutie or PACKAGE.MODULE:CLASS, got xmem",
        ),
        (
            "mask clip.mp4 --box 1 1 5 5 --tracker_weights w",
            "--tracker_weights belong to another tracker: add --tracker sam2, or leave them out",
        ),
        ("remove clip.mp4 --mask m.png --text", "--mask and --text both say what to remove: choose one"),
        (
            "remove clip.mp4",
            "remove needs --mask MASK, or the object marked on a frame: --box X Y W H, --points X Y or --draw FILE; "
            "--fixed_box X Y W H is for logos, --text for subtitles",
        ),
        (
            "mask clip.mp4 --box 1 1 5 5 --output masks.PNG",
            "--output should be a folder of masks, got the name of a file, masks.PNG",
        ),
        ("mask none.mp4 --box 1 1 5 5", "none.mp4: there is no such file or folder"),
        ("mask clip.mp4 --box 90 1 5 5", "--box 90 1 5 5 lies outside the frame, which is 64 x 48"),
        ("mask clip.mp4 --box 1 1 5", "--box should be X Y W H[@FRAME]: 4 whole numbers, got 1 1 5"),
        ("mask clip.mp4 --box 1 1 5 5@4", "frame 4 is marked, but the video ends at frame 3: frames count from 0"),
        ("mask clip.mp4 --draw none.png", "--draw none.png: there is no such file"),
        ("remove clip.mp4 --mask m.png --box 1 1 5 5", "--mask and --box both say what to remove: choose one"),
        (
            "remove clip.mp4 --points 1 1 --invert_mask",
            "--invert_mask and --object_ids belong to --mask: leave them out with --points",
        ),
        ("remove videos --box 1 1 5 5", "videos is a folder of videos: marks belong to one video, so give --mask"),
    ],
)
def test_mistakes_are_answered_in_one_line(world, monkeypatch, capsys, words, message):
    (world / "videos").mkdir()
    Clip(times=(0, 1)).write(world / "videos")
    result = run_command(words, world, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set())
    assert result.err.endswith(f"error: {message}\n")


@pytest.mark.parametrize(
    ("name", "content"), [("words.png", b"no picture"), ("cut.png", b"\x89PNG\r\n\x1a\n" + bytes(20))]
)
def test_a_drawing_that_is_no_picture_is_refused(world, monkeypatch, capsys, name, content):
    (world / name).write_bytes(content)
    result = run_command(f"mask clip.mp4 --draw {name}", world, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set())
    assert name in result.err.splitlines()[-1]
    assert "Traceback" not in result.err


def test_a_place_that_cannot_be_written_to_is_named(world, monkeypatch, capsys):
    (world / "locked").mkdir()
    monkeypatch.setattr(mask_folder.os, "access", lambda path, mode: False)  # root may write anywhere
    result = run_command("mask clip.mp4 --box 1 1 5 5 --output locked/masks", world, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set())
    assert result.err.endswith(f"error: --output locked/masks: {world / 'locked'} cannot be written to\n")


@pytest.mark.parametrize("algorithms", ["pm", "pm ip"])
def test_no_mask_is_made_where_the_output_is_refused(world, monkeypatch, capsys, algorithms):
    taken = "out.mp4" if algorithms == "pm" else "out_ip.mp4"
    (world / taken).touch()
    monkeypatch.setattr(mask_making, "make_masks", lambda *args: pytest.fail("masks were made"))
    words = f"remove clip.mp4 --box 20 12 24 24 --output out.mp4 --algorithms {algorithms}"
    result = run_command(words, world, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set())
    assert result.err.endswith(f"error: --output {taken} exists already: --overwrite replaces it\n")


@pytest.mark.parametrize(
    ("flag", "message"),
    [
        ("--accelerator fast", "--accelerator should be one of cpu, auto, gpu, cuda, got fast"),
        ("--test_checkpoint none.ckpt --chn_aligner opencv", "there should be a checkpoint at none.ckpt, but there is"),
    ],
)
def test_no_mask_is_made_where_the_networks_are_refused(tmp_path, monkeypatch, capsys, flag, message):
    Clip(times=(0, 1, 2, 3)).write(tmp_path)
    monkeypatch.setattr(mask_making, "make_masks", lambda *args: pytest.fail("masks were made"))
    result = run_command(f"remove clip.mp4 --box 20 12 24 24 {flag}", tmp_path, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set())
    assert f"error: {message}" in result.err


def test_an_empty_drawing_is_refused(world, monkeypatch, capsys):
    write_png(world / "empty.png", np.zeros((48, 64), bool))
    result = run_command("mask clip.mp4 --draw empty.png", world, monkeypatch, capsys)
    assert "--draw empty.png is empty: draw the object in white" in result.err
    with pytest.raises(UserError, match="mask needs VIDEO"):
        parse_command(["mask", "--box", "1", "1", "2", "2"])
