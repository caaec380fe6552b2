"""Sessions are on disk: a restart finds them, with key frames, frames and results."""

import sys

import numpy as np
import pytest

from master_thesis.app.actions import mask_picture
from master_thesis.app.jobs import JobQueue
from master_thesis.app.keys import KeyFrames, mask_of_png
from master_thesis.app.pictures import LONGER_SIDE_PX, Pictures, Reading
from master_thesis.app.removal import Removal, RemovalChoice
from master_thesis.app.sessions import SessionStore
from master_thesis.errors import UserError
from master_thesis.images.codec import read_frame
from master_thesis.images.graded import write_graded
from master_thesis.video.io.writer import write_video
from stress.videos import Clip, moving_frames
from tests.app.conftest import WORKER, square


@pytest.fixture
def queue():
    queue = JobQueue((sys.executable, "-S", "-c", WORKER))
    yield queue
    queue.close()


def test_a_restart_finds_a_session_again(queue, clip, tmp_path):
    store = SessionStore(tmp_path, queue)
    session = store.open(clip)
    session.frames.wait(20.0)
    session.keys.set(1, square())
    session.keys.set(3, np.zeros((48, 64), bool))
    store.close()
    again = SessionStore(tmp_path, queue)
    assert [each["id"] for each in again.all()] == [session.folder.name]
    found = again.get(session.folder.name)
    assert found is not session
    assert (found.frames.is_complete, found.frames.count) == (True, 5)
    assert found.keys.frames() == {1: False, 3: True}
    assert (found.mask(1) == square()).all()
    again.close()


def test_unsure_pixels_are_removed_but_not_edited(queue, clip, tmp_path):
    store = SessionStore(tmp_path, queue)
    session, more = store.open(clip), np.zeros((48, 64), bool)
    more[:2] = True
    session.frames.wait(20.0)
    session.masks.mkdir()
    write_graded(session.masks / "00001.png", square(), more)
    assert (session.mask(1) == square()).all()
    assert (session.hole(1) == square() | more).all()
    whole = mask_of_png(mask_picture(session, 1, "0"), more.shape)
    assert (whole == square() | more).all()
    session.keys.set(1, more)
    assert (session.hole(1) == more).all()
    store.close()


def test_a_session_whose_video_is_gone_says_so(queue, tmp_path):
    store = SessionStore(tmp_path / "sessions", queue)
    path = Clip(times=(0, 1)).write(tmp_path)
    name = store.open(path).folder.name
    store.close()
    path.unlink()
    again = SessionStore(tmp_path / "sessions", queue)
    assert again.all() == []
    with pytest.raises(UserError, match=r"clip.mp4: there is no such file"):
        again.get(name)


def test_a_folder_outside_is_no_session(queue, clip, tmp_path):
    store = SessionStore(tmp_path / "sessions", queue)
    name = store.open(clip).folder.name
    note = (tmp_path / "sessions" / name / "session.json").read_text()
    for place in (tmp_path, tmp_path / "sessions" / "other"):
        place.mkdir(exist_ok=True)
        (place / "session.json").write_text(note)
    for wrong in ("..", "other", f"{name}/", f"../sessions/{name}"):
        for ask in (store.get, store.remove):
            with pytest.raises(UserError, match="there is no session"):
                ask(wrong)
    assert (tmp_path / "session.json").is_file()
    store.close()


def test_key_frames_become_options(tmp_path):
    keys = KeyFrames(tmp_path / "keys", (48, 64))
    assert (keys.is_drawn, keys.words()) == (False, [])
    digests = {keys.digest()}
    keys.set(12, square())
    digests.add(keys.digest())
    keys.set(12, square(side=3))
    digests.add(keys.digest())
    keys.set(40, np.zeros((48, 64), bool))
    digests.add(keys.digest())
    assert keys.words() == ["--draw", f"{tmp_path}/keys/00012.png@12", "--gone", "@40"]
    assert len(digests) == 4
    keys.set(40, square())
    assert keys.frames() == {12: False, 40: False}


def test_large_frames_are_reduced_and_turned_as_players_show_them(tmp_path):
    path = Clip(times=(0,), size=(48, LONGER_SIDE_PX * 2), rotation=90).write(tmp_path)
    pictures = Pictures(Reading(path), tmp_path / "frames")
    pictures.start()
    pictures.wait(20.0)
    assert read_frame(pictures.path(0)).shape == (LONGER_SIDE_PX, 24, 3)


def test_a_damaged_video_says_where_it_ends(tmp_path):
    path = tmp_path / "clip.mp4"
    write_video(path, moving_frames(60), 25)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    pictures = Pictures(Reading(path), tmp_path / "frames")
    pictures.start()
    pictures.wait(20.0)
    assert "damaged after" in pictures.error
    assert 0 < pictures.count < 60
    assert not pictures.is_complete


def test_reading_goes_on_where_it_was_stopped(clip, tmp_path):
    first = Pictures(Reading(clip), tmp_path / "frames")
    first.start()
    first.wait(20.0)
    (tmp_path / "frames" / "complete.json").unlink()
    (tmp_path / "frames" / "000003.jpg").unlink()
    before = (tmp_path / "frames" / "000002.jpg").stat().st_mtime_ns
    again = Pictures(Reading(clip), tmp_path / "frames")
    assert again.path(2) is None, "not known to be whole yet"
    again.start()
    again.wait(20.0)
    assert (again.count, again.is_complete) == (5, True)
    assert again.path(3) is not None
    assert again.path(2).stat().st_mtime_ns == before


def test_a_removal_is_the_command_that_one_would_type(clip, tmp_path):
    reading = Reading(clip, keep_going=True)
    removal = Removal(tmp_path / "result", reading, reading.open().info)
    words = removal.words(tmp_path / "masks", RemovalChoice("ip", "480p", 7))
    output = f"{tmp_path}/result/clip_removed.mp4"
    assert words == [
        *("remove", str(clip), "--mask", f"{tmp_path}/masks", "--output", output, "--algorithms", "ip"),
        *("--mask_dilation", "7", "--test_size", "480", "854", "--overlay", "--report", "--overwrite", "--keep_going"),
    ]


def test_a_result_is_shown_with_what_it_was_made_from(clip, tmp_path):
    reading = Reading(clip)
    removal = Removal(tmp_path / "result", reading, reading.open().info)
    assert removal.state("a") is None
    (tmp_path / "result").mkdir()
    for path in (removal.output, tmp_path / "result/clip_removed_overlay.mp4"):
        path.write_bytes(clip.read_bytes())
    removal.output.with_suffix(".json").write_text('{"sentence": "All was copied."}')
    removal.note("a", RemovalChoice(widening=6))
    for pictures in removal.pictures.values():
        pictures.wait(20.0)
    for each in (removal, Removal(tmp_path / "result", reading, reading.open().info)):
        state = each.state("a")
        assert (state["sentence"], state["is_current"], state["choice"]["widening"]) == ("All was copied.", True, 6)
        assert {name: frames["count"] for name, frames in state["frames"].items()} == {"result": 5, "origin": 5}
        assert state["files"] == {"video": "clip_removed.mp4", "origin": "clip_removed_overlay.mp4"}
        assert not each.state("b")["is_current"]
