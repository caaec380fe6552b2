"""Unreadable inputs and unwritable folders: one line says so, and no incomplete file is left."""

import os
import re
import shutil

import pytest

from tests.commands import TINY_CHN, TINY_DATA, TINY_DFPN, TINY_RUN, run_command
from tests.permissions import permissions_count

pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"
)

TRAIN = f"--data_path data --max_epochs 1 {TINY_DATA} {TINY_RUN} --enable_model_summary false"
DFPN, CHN = f"{TRAIN} {TINY_DFPN}", f"{TRAIN} {TINY_CHN} --chn --chn_aligner dfpn --chn_aligner_checkpoint dfpn.ckpt"
VIDEO = "--output made.mp4 --test_size 24 32"
LOCKED = {
    "dfpn.ckpt": (f"{DFPN} --ckpt_path dfpn.ckpt", CHN, "--test --test_checkpoint dfpn.ckpt --export made.safetensors"),
    "chn.safetensors": (
        "--data_path data --chn --test --test_checkpoint chn.safetensors --chn_aligner opencv --output_path made",
    ),
    "clip.mp4": (f"--video clip.mp4 --mask masks/0.png {VIDEO}", f"--video frames --mask clip.mp4 {VIDEO}"),
    "masks/0.png": (f"--video clip.mp4 --mask masks/0.png {VIDEO}",),
    "masks/2.png": (f"--video frames --mask masks {VIDEO}",),
    "masks": (f"--video frames --mask masks {VIDEO}",),
    "frames/1.png": (f"--video frames --mask masks {VIDEO}",),
    "frames": (f"--video frames --mask masks {VIDEO}",),
    "cache.json": (f"{DFPN} --data_ckpt_path cache.json",),
    "data": (DFPN, f"--evaluate {TRAIN.partition(' --max')[0]} --output_path made"),
    "data/GOT10k/train": (DFPN,),
    "data/GOT10k/train/list.txt": (DFPN,),
    "data/DAVIS-2017/JPEGImages/480p/walker-crossing/00003.jpg": (
        "--evaluate --data_path data --masks still --protocols hole --algorithms ip --output_path made",
    ),
}
"""Inputs that are locked, each with the commands that read it."""


@pytest.fixture
def here(world, tmp_path):
    """A copy of the good files whose permissions may be changed."""
    shutil.copytree(world.good, tmp_path / "here")
    yield tmp_path / "here"
    for path in (tmp_path / "here").rglob("*"):
        path.chmod(0o755)


@pytest.mark.parametrize(("name", "command"), [(name, one) for name, commands in LOCKED.items() for one in commands])
def test_unreadable_input_is_reported(here, monkeypatch, capsys, name, command):
    (here / name).chmod(0)
    with permissions_count():
        result = run_command(f"{command} --accelerator cpu --vgg_weights random", here, monkeypatch, capsys)
    assert result.code == 2, result.err
    assert "Traceback" not in result.err
    last = result.err.splitlines()[-1]
    assert "error: " in last
    assert "permission denied" in last.lower()
    assert name.removesuffix("/train") in last
    assert not {path for path in result.written if path.startswith("made")}


@pytest.mark.parametrize(
    ("place", "command"),
    [
        ("", f"--video clip.mp4 --mask masks/0.png {VIDEO}"),
        ("", DFPN),
        ("", "--test --test_checkpoint dfpn.ckpt --export made.safetensors"),
        ("out", f"--video clip.mp4 --mask masks/0.png {VIDEO} --output out/made.mp4"),
        ("out", f"{DFPN} --default_root_dir out --data_ckpt_path out/cache"),
    ],
)
def test_unwritable_folder_is_reported(here, monkeypatch, capsys, place, command):
    (here / "out").mkdir()
    (here / place).chmod(0o555)
    with permissions_count():
        result = run_command(f"{command} --accelerator cpu --vgg_weights random", here, monkeypatch, capsys)
    assert (result.code, result.written) == (2, set()), result.err
    assert "Traceback" not in result.err
    assert re.search(r"error: .*(Permission denied|cannot be written)", result.err.splitlines()[-1])


def test_permissions_stop_root_only_inside_the_context(tmp_path):
    """Shows that the tests above can fail."""
    locked = tmp_path / "locked"
    locked.write_text("content")
    locked.chmod(0)
    with permissions_count(), pytest.raises(PermissionError):
        locked.read_text()
    if os.geteuid() == 0:
        assert locked.read_text() == "content"
