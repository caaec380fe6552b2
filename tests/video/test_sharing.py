"""Several processes share the videos of a folder. Threads stand for them: locks of files tell them apart as well."""

import logging
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import pytest

from master_thesis.configs.inpainting import InpaintOptions
from master_thesis.configs.video import VideoConfig
from master_thesis.errors import UserError
from master_thesis.images.codec import write_png
from master_thesis.inpainting.inpainter import Inpainter
from master_thesis.runtime.claims import claimed
from master_thesis.video import sharing
from master_thesis.video.jobs import run_jobs
from master_thesis.video.pipeline import VideoResult
from stress.videos import Clip, box_mask
from tests.factories import Copier, StillAligner

NAMES = ("a", "b", "c", "d")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "videos").mkdir()
    write_png(tmp_path / "mask.png", box_mask())
    for name in NAMES:
        Clip(f"{name}.mp4", times=(0, 1)).write(tmp_path / "videos")
    monkeypatch.setattr(sharing, "POLL_S", 0.01)
    for name in ("RANK", "SLURM_PROCID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


class Filled(list):
    """Who filled what; nobody goes on until ``workers`` have begun."""

    def expect(self, workers):
        self.clear()
        self.begun = threading.Barrier(workers)

    def note(self, name):
        worker = threading.get_ident()
        is_first = worker not in {other for _, other in self}
        self.append((name, worker))
        if is_first:
            self.begun.wait(timeout=60)


@pytest.fixture
def filled(monkeypatch):
    """Replaces the filling by one that writes a word; returns who filled what."""
    seen = Filled()
    seen.expect(1)

    def fill(config, inpainter, size):
        name = Path(config.video).stem
        seen.note(name)
        if name == "c":
            raise UserError("c has no end")
        Path(config.output).write_text("done")
        return Mock(spec=VideoResult, output=Path(config.output))

    monkeypatch.setattr(sharing, "fill_video", fill)
    return seen


def work(folder, **changes):
    config = VideoConfig(video=str(folder / "videos"), mask=str(folder / "mask.png"), output=str(folder / "out"))
    options = {**vars(config), **changes}
    inpainter = Inpainter(StillAligner(), Copier(), InpaintOptions("ip"))
    return [result.output.stem for result in run_jobs(VideoConfig(**options), [inpainter], None)]


def launched_as(rank, monkeypatch):
    monkeypatch.setenv("RANK", str(rank))
    monkeypatch.setenv("WORLD_SIZE", "2")


def test_each_video_is_filled_by_one_of_two_workers(folder, filled):
    (folder / "videos" / "c.mp4").unlink()
    filled.expect(2)
    with ThreadPoolExecutor(2) as pool:
        results = [future.result() for future in [pool.submit(work, folder) for _ in range(2)]]
    assert sorted(name for name, _ in filled) == ["a", "b", "d"]
    assert len({worker for _, worker in filled}) == 2
    assert sorted(results[0] + results[1]) == ["a", "b", "d"]
    assert {path.name for path in (folder / "out").iterdir()} == {"a.mp4", "b.mp4", "d.mp4"}


def test_a_video_whose_worker_was_killed_is_taken_up_by_one_that_waits(folder, filled, caplog):
    (folder / "videos" / "c.mp4").unlink()
    (folder / "out").mkdir()
    with ThreadPoolExecutor(1) as pool, caplog.at_level(logging.INFO):
        with claimed(folder / "out" / "b.claim"):
            future = pool.submit(work, folder)
            while "waiting for 1 video " not in caplog.text:
                time.sleep(0.01)
            assert [name for name, _ in filled] == ["a", "d"]
        assert future.result(timeout=60) == ["a", "d", "b"]


def test_a_worker_waits_until_the_last_video_is_there_and_does_not_fill_it(folder, filled):
    (folder / "videos" / "c.mp4").unlink()
    (folder / "out").mkdir()
    with ThreadPoolExecutor(1) as pool:
        with claimed(folder / "out" / "b.claim"):
            future = pool.submit(work, folder)
            time.sleep(0.3)
            assert not future.done()
            (folder / "out" / "b.mp4").write_text("by another one")
        assert future.result(timeout=60) == ["a", "d"]
    assert (folder / "out" / "b.mp4").read_text() == "by another one"


def test_a_failure_is_reported_by_the_first_process_alone(folder, filled, monkeypatch):
    launched_as(1, monkeypatch)
    assert work(folder) == ["a", "b", "d"], "the second one has nothing to say"
    note = folder / "out" / "c.claim"
    assert note.read_text() == "c has no end"
    later = time.time() + 10
    os.utime(note, (later, later))
    filled.clear()
    launched_as(0, monkeypatch)
    with pytest.raises(UserError, match=r"^1 of 4 videos failed, the others are done:\n- .*c\.mp4: c has no end$"):
        work(folder)
    assert filled == [], "it was not tried twice"


def test_a_failure_leaves_nothing_behind_where_nobody_shares(folder, filled):
    with pytest.raises(UserError, match=r"c\.mp4: c has no end"):
        work(folder)
    assert {path.name for path in (folder / "out").iterdir()} == {"a.mp4", "b.mp4", "d.mp4"}
    filled.clear()
    with pytest.raises(UserError, match=r"c\.mp4: c has no end"):
        work(folder)
    assert [name for name, _ in filled] == ["c"], "the next run tries again"


def test_with_overwrite_two_workers_replace_each_video_once(folder, filled):
    (folder / "videos" / "c.mp4").unlink()
    work(folder)
    old = time.time() - 100
    for path in (folder / "out").iterdir():
        os.utime(path, (old, old))
    filled.expect(2)
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(work, folder, overwrite=True) for _ in range(2)]:
            future.result()
    assert sorted(name for name, _ in filled) == ["a", "b", "d"]


def test_a_folder_that_could_not_be_used_is_not_left_behind(folder):
    (folder / "mask.png").write_bytes(b"")
    with pytest.raises(UserError, match="4 of 4 videos failed"):
        work(folder)
    assert not (folder / "out").exists()
