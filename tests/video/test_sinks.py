"""Every sink appears complete or not at all, and what sinks share is computed once per frame."""

import json
from pathlib import Path

import numpy as np
import pytest

from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame, read_numbers, write_png
from master_thesis.inpainting.canvas import HALLUCINATED
from master_thesis.video import finished, sinks
from master_thesis.video.compositing import KNOWN
from master_thesis.video.finished import FinishedFrame
from master_thesis.video.io.decoding import open_source
from master_thesis.video.provenance import source_of
from master_thesis.video.sinks import Figures, figures_sink, origins_sink, overlay_sink, page_sink, result_sink
from stress.videos import Clip, box_mask, moving_frames, packets, shown

HOLE = box_mask()


def config(**changes) -> VideoConfig:
    return VideoConfig(**{"video": "clip.mp4", "mask": "mask.png", **changes})


@pytest.fixture
def info(tmp_path: Path):
    return open_source(Clip(audio="aac", times=(0, 1, 2)).write(tmp_path)).info


def make_frames(info) -> list[FinishedFrame]:
    """Three frames with a hole that turns grey; half of it is copied from frame 1."""
    source = np.full(HOLE.shape, KNOWN, np.int32)
    source[HOLE] = HALLUCINATED
    source[:, :32][HOLE[:, :32]] = 1
    made = []
    for number, before in enumerate(moving_frames(3)):
        after = before.copy()
        after[HOLE] = 128
        pts = number * info.timing.ticks_per_frame
        made.append(FinishedFrame(number, pts, float(pts * info.timing.time_base), before, after, source))
    return made


def write_all(context, frames) -> None:
    with context as sink:
        for frame in frames:
            sink.write(frame)


def test_what_sinks_share_is_computed_once(info, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(name: str, function):
        return lambda *args: (calls.append(name), function(*args))[1]

    for name in ("overlay_picture", "frame_origin"):
        monkeypatch.setattr(finished, name, counted(name, getattr(finished, name)))
    frame = make_frames(info)[0]
    assert calls == []
    for _ in range(2):
        _ = frame.overlay, frame.origin
    assert calls == ["overlay_picture", "frame_origin"]


def test_a_lossless_video_holds_the_filled_frames_and_the_sound(info, tmp_path: Path) -> None:
    frames = make_frames(info)
    write_all(result_sink(tmp_path / "out.mkv", info, config(lossless=True)), frames)
    assert all((got == frame.after).all() for (_, got), frame in zip(shown(tmp_path / "out.mkv"), frames, strict=True))
    assert packets(tmp_path / "out.mkv", "audio")[1] == packets(info.path, "audio")[1][1:], "without the priming of AAC"


def test_a_folder_holds_the_filled_frames_by_number(info, tmp_path: Path) -> None:
    frames = make_frames(info)
    with result_sink(tmp_path / "out", info, config()) as sink:
        for frame in frames:
            sink.write(frame)
        assert not (tmp_path / "out").exists()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["00000.png", "00001.png", "00002.png"]
    assert (read_frame(tmp_path / "out" / "00002.png") == frames[2].after).all()


def test_a_folder_replaces_an_older_one(info, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    write_png(tmp_path / "out" / "99999.png", moving_frames(1)[0])
    write_all(result_sink(tmp_path / "out", info, config()), make_frames(info)[:1])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["00000.png"]


def test_the_overlay_shows_the_origin_of_the_hole(info, tmp_path: Path) -> None:
    frames = make_frames(info)
    write_all(overlay_sink(tmp_path / "overlay.mp4", info), frames)
    for (_, got), frame in zip(shown(tmp_path / "overlay.mp4"), frames, strict=True):
        assert np.abs(got.astype(int) - frame.overlay).mean() < 20  # H.264
    blue, orange = got[20:28, 26:30].mean(axis=(0, 1)), got[20:28, 34:38].mean(axis=(0, 1))
    assert blue[2] > blue[0]
    assert orange[0] > orange[2]


def test_origins_are_written_as_numbers_that_lead_back_to_the_source(info, tmp_path: Path) -> None:
    (tmp_path / "out_origins").mkdir()
    (tmp_path / "out_origins" / "00099.png").touch()
    frames = make_frames(info)
    write_all(origins_sink(tmp_path / "out_origins"), frames)
    files = sorted((tmp_path / "out_origins").iterdir())
    assert [file.name for file in files] == ["00000.png", "00001.png", "00002.png"]
    for file, frame in zip(files, frames, strict=True):
        assert np.array_equal(source_of(read_numbers(file)), frame.source)


def test_figures_are_those_of_every_frame(info, tmp_path: Path) -> None:
    figures, frames = Figures(), make_frames(info)
    write_all(figures_sink(tmp_path / "out.json", figures, {"video": "x"}), frames)
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["made_from"] == {"video": "x"}
    assert written["sentence"] == figures.sentence
    assert [f["frame"] for f in written["frames"]] == [0, 1, 2]
    assert [f["copied_percent"] for f in written["frames"]] == [50, 50, 50]
    assert figures.origins == [frame.origin for frame in frames]


def test_the_page_takes_in_its_preview(info, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures, sizes = Figures(), []
    original = sinks.write_page

    def write_page(path, page, preview):
        sizes.append(open_source(preview).info.size)
        original(path, page, preview)

    monkeypatch.setattr(sinks, "write_page", write_page)
    before = set(tmp_path.iterdir())
    with (
        page_sink(tmp_path / "out.mp4", info, figures, "a title", {"algorithm": "ip"}) as page,
        figures_sink(tmp_path / "out.json", figures, {}) as sink,
    ):
        for frame in make_frames(info):
            page.write(frame)
            sink.write(frame)
    assert sizes == [(3 * 48, 64)]
    assert set(tmp_path.iterdir()) - before == {tmp_path / "out.html", tmp_path / "out.json"}
    text = (tmp_path / "out.html").read_text()
    for part in ("a title", figures.sentence, "algorithm", "data:video/mp4"):
        assert part in text


def test_the_panels_of_a_rotated_video_are_upright(tmp_path: Path) -> None:
    info = open_source(Clip(rotation=90, times=(0, 1, 2)).write(tmp_path)).info
    with sinks.open_preview(tmp_path / "preview.mp4", info) as preview:
        for frame in make_frames(info):
            preview.write(frame)
    assert open_source(tmp_path / "preview.mp4").info.size == (3 * 64, 48)


SINKS = {
    "video": lambda folder, info: result_sink(folder / "out.mp4", info, config()),
    "lossless video": lambda folder, info: result_sink(folder / "out.mkv", info, config(lossless=True)),
    "folder": lambda folder, info: result_sink(folder / "out", info, config()),
    "overlay": lambda folder, info: overlay_sink(folder / "out_overlay.mp4", info),
    "origins": lambda folder, info: origins_sink(folder / "out_origins"),
    "figures": lambda folder, info: figures_sink(folder / "out.json", Figures(), {}),
    "page": lambda folder, info: page_sink(folder / "out.mp4", info, Figures(), "title", {}),
}


@pytest.mark.parametrize("name", SINKS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("a bad frame")], ids=["interrupted", "failed"])
def test_an_interrupted_sink_leaves_nothing(info, tmp_path: Path, name: str, error) -> None:
    def failing():
        yield make_frames(info)[0]
        raise error

    before = set(tmp_path.iterdir())
    with pytest.raises((KeyboardInterrupt, UserError)):
        write_all(SINKS[name](tmp_path, info), failing())
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("name", SINKS)
def test_a_sink_writes_nothing_before_it_is_opened(info, tmp_path: Path, name: str) -> None:
    before = set(tmp_path.iterdir())
    SINKS[name](tmp_path, info)
    assert set(tmp_path.iterdir()) == before
