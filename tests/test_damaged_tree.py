"""A data tree with every fault: training skips and counts them, testing reports them, and nothing outside is read."""

import logging
import os
import shutil
import sys

import numpy as np
import pytest
from PIL import Image

from master_thesis.cli import build
from master_thesis.configs.data import DataConfig
from master_thesis.data.datamodule import DataModule
from master_thesis.errors import UserError
from tests.commands import run_command
from tests.factories import Copier, StillAligner, png_claiming
from tests.permissions import permissions_count

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning")

ODD = {
    "cmyk": lambda image: image.convert("CMYK"),
    "grey": lambda image: image.convert("L"),
    "rgba": lambda image: image.convert("RGBA"),
    "sixteen bit": lambda image: Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257),
    "Größe größer": lambda image: image.resize((image.width * 2, image.height + 7)),
    "ein Bild\u00a0mit 名前": lambda image: image,
}
"""Sequences of unusual but usable frames, with unusual names."""
BAD = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-60]),
    "empty": lambda path: path.write_bytes(b""),
    "text": lambda path: path.write_text("not an image"),
    "huge": lambda path: path.write_bytes(png_claiming(60_000, 60_000)),
    "folder": lambda path: (path.unlink(), path.mkdir()),
    "loop": lambda path: (path.unlink(), path.symlink_to(path.name)),
    "gone": lambda path: (path.unlink(), path.symlink_to(path.parent / "nowhere.jpg")),
    "locked": lambda path: path.chmod(0),
}
"""Damage to the second frame of a sequence."""


def frames_of(folder):
    return sorted(path for path in folder.iterdir() if path.suffix in (".jpg", ".png"))


def add_sequences(root, good):
    """Adds a sequence of every unusual kind and one of every kind of damage, all derived from a good one."""
    for name, change in ODD.items():
        (root / name).mkdir()
        for path in frames_of(root / good):
            # Most of them have the wrong extension; the format is read from the content.
            change(Image.open(path)).save(root / name / path.name, "JPEG" if name in ("cmyk", "grey") else "PNG")
    for name, damage in BAD.items():
        shutil.copytree(root / good, root / name)
        damage(frames_of(root / name)[1])
    (root / "hollow").mkdir()
    (root / "self").symlink_to("self")
    (root / "up").symlink_to("../..")


@pytest.fixture
def tree(tmp_path, sample_tree):
    """The damaged tree, beside a folder that it must never reach."""
    shutil.copytree(sample_tree, tmp_path / "data")
    outside = tmp_path / "outside"
    train, test = tmp_path / "data/GOT10k/train", tmp_path / "data/DAVIS-2017/JPEGImages/480p"
    shutil.copytree(train / "astronaut", outside)
    add_sequences(train, "astronaut")
    add_sequences(test, "walker-crossing")
    (train / "leak").symlink_to(outside)
    leaking = train / "coins" / "00000099.jpg"
    leaking.symlink_to(outside / "00000001.jpg")
    for i in range(12):  # so that the share of bad files is small
        shutil.copytree(train / "astronaut", train / f"good {i}")
    listed = [*ODD, *BAD, "hollow", "self", "up", "missing", "../../../outside", str(outside), "/etc", "a\0b"]
    lists = {
        train.parent / "train/list.txt": [f"good {i}" for i in range(12)] + ["leak"],
        tmp_path / "data/DAVIS-2017/ImageSets/custom.txt": [],
    }
    for path, more in lists.items():
        path.write_text("\n".join([*path.read_text().split(), *listed, *more]) + "\n")
    masks = tmp_path / "data/DAVIS-2017/Annotations_Dense/480p"
    for name in (*ODD, *BAD, "no mask", "bad mask"):
        shutil.copytree(masks / "walker-crossing", masks / name)
    for name in ("no mask", "bad mask"):
        shutil.copytree(test / "walker-crossing", test / name)
    frames_of(masks / "no mask")[2].unlink()
    frames_of(masks / "bad mask")[2].write_bytes(b"not an image")
    with (tmp_path / "data/DAVIS-2017/ImageSets/custom.txt").open("a") as file:
        file.write("no mask\nbad mask\n")
    with permissions_count():
        yield tmp_path / "data"


@pytest.fixture
def opened():
    """Real paths of everything that is opened during a test."""
    paths, is_on = [], [True]

    def record(event, args):
        if is_on and event in ("open", "os.scandir", "os.listdir") and isinstance(args[0], str | os.PathLike):
            paths.append(os.path.realpath(args[0]))

    sys.addaudithook(record)  # it cannot be removed, only silenced
    yield paths
    is_on.clear()


def data_of(tree, **changes):
    sizes = {"train_size": (32, 32), "frames_spacing": 2, "batch_size": 4, "dilatation_iterations": 0}
    cache = str(tree.parent / "cache.json")
    return DataModule(DataConfig(data_path=str(tree), data_ckpt_path=cache, **(sizes | changes)))


def test_training_skips_bad_files_and_counts_them(tree, opened, caplog):
    data = data_of(tree, train_max_iterations=150, p_simulator_bgs=1.0)
    with caplog.at_level(logging.INFO):
        data.setup("fit")
        loader = data.train_dataloader()
        clips = list(loader)
    assert len(clips) == 150
    assert all(clip.frames.shape == (4, 3, 2, 32, 32) for clip in clips)
    assert "(skipped: 3 not on disk, 6 lead outside, which" in caplog.text
    bad = loader.bad_files
    assert 0 < bad.num_bad <= 0.05 * bad.num_drawn
    skipped = [message for message in bad.messages if "GOT10k" in message]
    met = {name for name in BAD if any(f"train/{name}/" in message for message in skipped)}
    assert len(met) >= 4, "frames are drawn at random, so that not every bad one is met"
    assert "locked" in met
    assert all(f"skipped: {message}" in caplog.text for message in skipped)
    drawn = {name for clip in clips for name in clip.names}
    assert set(ODD) <= drawn
    assert set(BAD) <= drawn, "the other frames of a damaged sequence should be used"
    assert [path for path in opened if path.startswith(str(tree.parent / "outside"))] == []


def test_training_stops_with_a_list_if_too_many_files_are_bad(tree):
    for name in ("camera", "rocket", "good 3", "good 4"):
        for path in frames_of(tree / "GOT10k/train" / name):
            path.write_bytes(b"")
    data = data_of(tree, train_max_iterations=150)
    data.setup("fit")
    loader = data.train_dataloader()
    with pytest.raises(
        UserError, match=r"\d+ of \d+ images drawn cannot be used, more than 5%; repair or remove"
    ) as error:
        list(loader)
    assert loader.bad_files.num_bad > 0.05 * loader.bad_files.num_drawn
    assert all(message in str(error.value) for message in list(loader.bad_files.messages)[:20])


def test_testing_reports_bad_files_and_finishes_the_rest(tree, opened, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(build, "load_networks", lambda *options: (StillAligner(), Copier()))
    options = f"--data_path {tree} --chn --test --preset small --test_size 32 48 --algorithms ip --accelerator cpu"
    (tmp_path / "here").mkdir()
    command = f"{options} --output_path made --enable_progress_bar false"
    result = run_command(command, tmp_path / "here", monkeypatch, capsys)
    assert result.code == 2
    assert "Traceback" not in result.err
    made = {path.stem.removesuffix("_ip") for path in (tmp_path / "here/made").iterdir()}
    bad = {*BAD, "no mask", "bad mask"}
    assert made == {"walker-crossing", "blob-lingering", *ODD, *BAD} - bad
    last = result.err.splitlines()[-1]
    assert f"error: {len(bad)} test files cannot be used, the rest is done: " in last
    assert all(f"{name}: {tree}" in last for name in bad)
    assert "(skipped: 3 not on disk, 5 lead outside, which" in result.err
    assert [path for path in opened if path.startswith(str(tree.parent / "outside"))] == []
