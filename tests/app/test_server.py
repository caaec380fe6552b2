"""Every route of the server, with what it refuses."""

import io
import json
import re
import socket
import zipfile
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from master_thesis.app.keys import mask_of_png
from master_thesis.images.codec import read_mask
from master_thesis.images.masks import widen
from stress.videos import Clip
from tests.app.conftest import drawn, square, wait_for, write_masks

SIZE = (48, 64)


def picture(answer):
    assert answer.status == 200, answer.data
    return np.asarray(Image.open(io.BytesIO(answer.data)))


def test_the_page_is_whole_and_names_nothing_outside(client):
    for start in ("/", "/s/0123456789ab"):
        html = client("GET", start).data.decode()
        names = re.findall(r'(?:href|src)="(/page/[^"]+)"', html)
        assert len(names) >= 3
        assert all(client("GET", name).status == 200 for name in names)
    for path in files("master_thesis.app.page").iterdir():
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path.name
        imported = re.findall(r'from "\./([^"]+)"', text)
        assert all(
            client("GET", f"/page/{name}").headers["content-type"].startswith("text/javascript") for name in imported
        )


@pytest.mark.parametrize(
    "path", ["/page/server.py", "/page/..%2fserver.py", "/page/%2e%2e/guard.py", "/page/../../etc/passwd"]
)
def test_no_other_file_of_the_package_is_served(client, path):
    answer = client("GET", path)
    assert answer.status == 404
    assert b"import" not in answer.data


def test_a_video_is_opened_by_its_path(client, clip, session):
    state = client("GET", session).json
    assert (state["name"], state["size"], state["rate"]) == ("clip.mp4", [64, 48], 25)
    assert state["frames"] == {"count": 5, "total": 5, "is_complete": True, "error": ""}
    assert (state["keys"], state["masks"], state["result"], state["job"]) == ([], None, None, None)
    assert state["id"] in [each["id"] for each in client("GET", "/api/sessions").json]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "type the path of a video, or of a folder of frames"),
        ("clip.mp4", "clip.mp4: should be the full path, from the root folder"),
        ("/there/is/none.mp4", "/there/is/none.mp4: there is no such file or folder"),
        ("/proc/version", "/proc/version: cannot be read as a video"),
        ("a\0b", "type the path of a video, or of a folder of frames"),
    ],
)
def test_what_is_no_video_is_answered_in_one_line(client, path, message):
    assert client("POST", "/api/sessions", {"path": path}).error.startswith(message)


def test_requests_in_another_form_are_refused(client, session):
    assert client("POST", "/api/sessions", "[1]").error == "the request should be a JSON object"
    assert client("POST", f"{session}/carry", "{").error == "the request should be a JSON object"
    assert client("POST", f"{session}/explode", {}).error == "there is no action explode"
    assert client("PUT", f"{session}/carry", {}).status == 405


def test_a_video_is_handed_over_and_stays_in_its_session(client, clip):
    name = client("PUT", "/api/uploads?name=..%2F..%2Fmy%20clip.mp4", clip.read_bytes()).json["id"]
    folder = client.page.store.folder / name
    assert client("GET", f"/api/sessions/{name}").json["name"] == "my clip.mp4"
    assert (folder / "video" / "my clip.mp4").read_bytes() == clip.read_bytes()
    assert client("DELETE", f"/api/sessions/{name}").status == 200
    assert not folder.exists()
    assert client("DELETE", f"/api/sessions/{name}").error == f"there is no session {name}"


def test_a_file_that_is_no_video_leaves_nothing(client):
    before = sorted(client.page.store.folder.iterdir())
    assert "cannot be read as a video" in client("PUT", "/api/uploads?name=notes.mp4", b"hello").error
    assert sorted(client.page.store.folder.iterdir()) == before


def test_an_upload_that_is_broken_off_leaves_nothing(client):
    folder, page = client.page.store.folder, client.page
    before = sorted(folder.iterdir())
    with socket.create_connection(("127.0.0.1", page.port)) as connection:
        lines = ["PUT /api/uploads?name=a.mp4 HTTP/1.1", f"Host: 127.0.0.1:{page.port}", "Content-Length: 1000"]
        cookie = f"Cookie: master_thesis_{page.port}={page.token}"
        connection.sendall("\r\n".join([*lines, cookie, "", "only a part"]).encode())
        wait_for(lambda: len(list(folder.iterdir())) > len(before))
    wait_for(lambda: sorted(folder.iterdir()) == before)


def test_frames_come_one_by_one(client, clip, session):
    shown = picture(client("GET", f"{session}/pictures/input/3"))
    assert shown.shape == (48, 64, 3)
    red = shown[18:30, 26:38].reshape(-1, 3).mean(axis=0)
    assert red == pytest.approx((220, 30, 10), abs=12)
    no_frame = "frame 5 of the input does not exist or is not read yet"
    assert client("GET", f"{session}/pictures/input/5").error == no_frame
    assert client("GET", f"{session}/pictures/result/0").error.startswith("there are no pictures of the result")


@pytest.mark.parametrize("name", ["0123456789ab", "..", "../..", "%2e%2e", "session.json", "0123456789AB"])
def test_nothing_but_sessions_is_found(client, name):
    answer = client("GET", f"/api/sessions/{name}")
    assert answer.status in (404, 405) or answer.error.startswith("there is no session")


def test_drawn_masks_are_kept_and_forgotten(client, session):
    mask = square()
    assert client("PUT", f"{session}/keys/2", **drawn(mask)).status == 200
    assert client("PUT", f"{session}/keys/4", **drawn(np.zeros(SIZE, bool))).status == 200
    keys = client("GET", session).json["keys"]
    assert keys == [{"frame": 2, "is_gone": False}, {"frame": 4, "is_gone": True}]
    assert (mask_of_png(client("GET", f"{session}/masks/2").data, SIZE) == mask).all()
    widened = mask_of_png(client("GET", f"{session}/masks/2?widen=3").data, SIZE)
    assert (widened == widen(mask, 3)).all()
    assert not mask_of_png(client("GET", f"{session}/masks/1").data, SIZE).any()
    client("DELETE", f"{session}/keys/2")
    assert client("GET", session).json["keys"] == [{"frame": 4, "is_gone": True}]


def test_drawings_in_another_form_are_refused(client, session):
    small = drawn(np.ones((2, 3), bool))
    assert client("PUT", f"{session}/keys/0", **small).error == "the drawing should be 64 x 48, got 3 x 2"
    assert client("PUT", f"{session}/keys/0", b"x").error.startswith("the drawing should be a PNG picture")
    no_frame = "frame 9 does not exist or is not read yet: frames 0 to 4 are"
    assert client("PUT", f"{session}/keys/9", **drawn(square())).error == no_frame
    assert client("GET", f"{session}/masks/9").error == no_frame
    wide = "masks should be widened by 0 to 100 pixels, got 101"
    assert client("GET", f"{session}/masks/0?widen=101").error == wide


def test_a_box_and_strokes_become_an_outline(client, session):
    found = mask_of_png(client("POST", f"{session}/outlines/1", {"box": [18, 10, 46, 38]}).data, SIZE)
    assert (found == square()).mean() > 0.97
    stroke = square(top=20, left=28, side=6)
    found = mask_of_png(client("POST", f"{session}/outlines/1", **drawn(stroke)).data, SIZE)
    assert (found == square()).mean() > 0.97


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ([70, 0, 80, 9], "the box lies outside the frame, which is 64 x 48"),
        ([0, 0, 5], "the box should be four whole numbers: left, top, right and bottom"),
        ([0, 0, 5, "9"], "the box should be four whole numbers: left, top, right and bottom"),
        (None, "the box should be four whole numbers: left, top, right and bottom"),
    ],
)
def test_a_box_that_is_none_is_refused(client, session, box, message):
    assert client("POST", f"{session}/outlines/1", {"box": box}).error == message
    empty = drawn(np.zeros(SIZE, bool))
    assert client("POST", f"{session}/outlines/1", **empty).error.startswith("nothing is painted on this frame")


def test_carrying_needs_a_drawing(client, session):
    for action in ("carry", "remove"):
        message = client("POST", f"{session}/{action}", {}).error
        assert message == "nothing is drawn yet: draw the object on a frame first"
    client("PUT", f"{session}/keys/0", **drawn(np.zeros(SIZE, bool)))
    assert client("POST", f"{session}/carry", {}).error.startswith("nothing is drawn yet")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"algorithm": "magic"}, "the algorithm should be one of ff, ip, cp, pm, got magic"),
        ({"size": "8k"}, "the size should be one of auto, native, 480p, 240p, got 8k"),
        ({"widening": 101}, "masks should be widened by 0 to 100 pixels, got 101"),
        ({"widening": "--overwrite"}, "masks should be widened by 0 to 100 pixels, got --overwrite"),
        ({"output": "/etc/passwd"}, "there is no option output"),
    ],
)
def test_options_of_a_removal_are_checked(client, session, values, message):
    client("PUT", f"{session}/keys/0", **drawn(square()))
    assert client("POST", f"{session}/remove", values).error == message


def test_masks_are_loaded_saved_and_packed(client, session, tmp_path):
    folder = write_masks(tmp_path / "masks", keys=(0, 3))
    assert client("POST", f"{session}/load", {"path": str(folder)}).status == 200
    state = client("GET", session).json
    assert state["keys"] == [{"frame": 0, "is_gone": False}, {"frame": 3, "is_gone": True}]
    assert (state["masks"]["doubtful"], state["is_carried"]) == ([2, 3], True)
    assert client("GET", f"{session}/confidence").json == [1.0, 0.9, 0.4, 0.3, 0.8]
    assert mask_of_png(client("GET", f"{session}/masks/1").data, SIZE).sum() == 256
    assert client("POST", f"{session}/save", {"path": str(tmp_path / "saved")}).json == {
        "folder": str(tmp_path / "saved")
    }
    names = sorted(path.name for path in folder.iterdir())
    assert sorted(path.name for path in (tmp_path / "saved").iterdir()) == names
    answer = client("GET", f"{session}/files/masks")
    assert 'filename="clip_masks.zip"' in answer.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert sorted(archive.namelist()) == [f"masks/{name}" for name in names]
        (tmp_path / "one.png").write_bytes(archive.read("masks/00001.png"))
    assert (read_mask(tmp_path / "one.png") == square()).all()


def test_masks_of_other_videos_are_not_loaded(client, session, tmp_path):
    def load(path):
        return client("POST", f"{session}/load", {"path": str(path)}).error

    assert load("") == "type the path of a folder"
    assert "should be the full path of a folder that mask has made" in load(tmp_path)
    assert "should be the full path of a folder that mask has made" in load("masks")
    assert "the masks should be 64 x 48, got 32 x 24" in load(write_masks(tmp_path / "small", size=(24, 32)))
    assert "should hold a mask for 5 frames, got 4" in load(write_masks(tmp_path / "short", count=4))
    (write_masks(tmp_path / "torn") / "00003.png").unlink()
    assert "the mask 00003.png is missing" in load(tmp_path / "torn")


def test_masks_are_not_saved_over_others_or_out_of_date(client, session, tmp_path):
    def save(path):
        return client("POST", f"{session}/save", {"path": str(path)}).error

    assert save(tmp_path / "new").startswith("there are no masks yet")
    assert client("GET", f"{session}/files/masks").error.startswith("there are no masks yet")
    folder = write_masks(tmp_path / "masks")
    client("POST", f"{session}/load", {"path": str(folder)})
    assert save(folder) == f"{folder} exists already: choose another folder"
    assert save("masks") == "masks: should be the full path of a new folder"
    client("PUT", f"{session}/keys/1", **drawn(square(side=4)))
    assert save(tmp_path / "new") == (
        "key frames or options were changed since the masks were carried: carry them again first"
    )
    assert not (tmp_path / "new").exists()


def test_downloads_need_a_result(client, session):
    assert client("GET", f"{session}/files/video").error == "there is no video to download: remove the object first"
    assert client("GET", f"{session}/files/job.log").error.startswith("there is no job.log to download")


def test_two_sessions_do_not_disturb_each_other(client, clip, session, tmp_path):
    other = client.open(Clip(size=(32, 48), times=(0, 1, 2)).write(tmp_path))
    client("PUT", f"{session}/keys/0", **drawn(square()))
    assert client("GET", other).json["keys"] == []
    assert client("PUT", f"{other}/keys/0", **drawn(square())).error == "the drawing should be 48 x 32, got 64 x 48"
    again = client.open(clip)
    assert again != session
    assert client("GET", again).json["keys"] == []


def test_a_job_locks_the_masks_of_its_session_alone(client, clip, session, tmp_path, monkeypatch):
    from master_thesis.app import actions

    monkeypatch.setattr(actions, "_carry_words", lambda s: ["wait", str(tmp_path / "go")])
    other = client.open(clip)
    for each in (session, other):
        client("PUT", f"{each}/keys/0", **drawn(square()))
        assert client("POST", f"{each}/carry", {}).status == 200
    wait_for(lambda: client("GET", session).json["job"]["progress"])
    assert client("GET", session).json["job"]["progress"] == {
        "what": "wait",
        "done": 1,
        "total": 2,
        "seconds_left": 3.0,
    }
    waiting = client("GET", other).json["job"]
    assert (waiting["state"], waiting["ahead"]) == ("queued", 1)
    locked = "the masks are in use: cancel what is being computed, or wait until it is done"
    assert client("PUT", f"{session}/keys/1", **drawn(square())).error == locked
    assert client("DELETE", f"{session}/keys/0").error == locked
    assert client("POST", f"{session}/carry", {}).error.startswith("something is being computed here already")
    client("POST", f"{other}/cancel", {})
    assert client("GET", other).json["job"]["state"] == "cancelled"
    (tmp_path / "go").touch()
    wait_for(lambda: not client("GET", session).json["job"]["is_active"])
    state = client("GET", session).json
    assert (state["job"]["state"], state["job"]["message"]) == ("done", "all done")
    assert not state["is_carried"], "this worker has made no masks"
    assert json.loads((client.page.store.folder / state["id"] / "job.json").read_text())["state"] == "done"
