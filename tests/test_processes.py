"""More than one process: DDP over gloo on the CPU, and two runs at once."""

import os
import shutil
import subprocess
import sys

import pytest

from benchmarks.kills import ROOT
from tests.commands import TINY_DATA, TINY_DFPN
from tests.test_runs import VERSION, events

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
]

QUIET = "--enable_progress_bar false --enable_model_summary false"
TRAINING = (
    f"{TINY_DATA} {TINY_DFPN} --train_max_iterations 2 --validation_max_iterations 3 --max_epochs 1 --lr 1e-30 "
    f"--accelerator cpu {QUIET}"
)


def start(folder, sample_tree, more="", options=TRAINING):
    command = [sys.executable, "-W", "ignore", "-m", "master_thesis", "--data_path", str(sample_tree)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [*command, *options.split(), *more.split()], cwd=folder, env=env, stderr=subprocess.PIPE, text=True
    )


def finished(process, code=0):
    try:
        _, said = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == code, said
    return said


def test_two_processes_validate_as_one_and_two_runs_do_not_disturb_each_other(sample_tree, tmp_path):
    """The weights stand still (a tiny learning rate), so that only the clips of the validation count."""
    runs = [start(tmp_path / "alone", sample_tree) for _ in range(2)]
    for run in runs:
        finished(run)
    finished(start(tmp_path / "ddp", sample_tree, "--devices 2 --strategy ddp"))
    assert len(list((tmp_path / "ddp").glob("lightning_logs/version_*"))) == 1
    figures = [events(tmp_path / f, v) for f, v in (("alone", 0), ("alone", 1), ("ddp", 0))]
    names = [tag for tag in figures[0].Tags()["scalars"] if tag.startswith("validation/")]
    assert len(names) >= 3
    for name in names:
        alone, other, ddp = ([e.value for e in f.Scalars(name)] for f in figures)
        assert len(alone) == 1
        assert other == alone
        assert ddp == pytest.approx(alone, rel=1e-5)
    for version in (0, 1):
        kept = {path.name for path in (tmp_path / "alone" / f"{VERSION}{version}" / "checkpoints").iterdir()}
        assert kept == {"last.ckpt", "best.ckpt"}


def test_two_processes_test_every_sequence_once_and_tell_the_bad_files_of_each(sample_tree, tmp_path):
    """The bad file lies with the second process: the first one tells it, neither waits for the other."""
    davis = tmp_path / "data" / "DAVIS-2017"
    shutil.copytree(sample_tree / "DAVIS-2017", davis)
    names = ["walker-crossing", "bad", "blob-lingering", "last"]
    for kind in ("JPEGImages", "Annotations_Dense"):
        for copy in ("bad", "last"):
            shutil.copytree(davis / kind / "480p" / "walker-crossing", davis / kind / "480p" / copy)
    bad = davis / "JPEGImages/480p/bad/00003.jpg"
    bad.write_bytes(b"")
    (davis / "ImageSets/custom.txt").write_text("\n".join(names))
    options = "--chn --test --preset small --test_size 32 48 --algorithms ip --output_path made --accelerator cpu"
    said = finished(
        start(tmp_path / "ddp", tmp_path / "data", "--devices 2 --strategy ddp", f"{options} {QUIET}"), code=2
    )
    made = sorted(path.name for path in (tmp_path / "ddp" / "made").iterdir())
    assert made == ["blob-lingering_ip.mp4", "last_ip.mp4", "walker-crossing_ip.mp4"]
    for name in made:
        assert said.count(f"wrote made/{name}") == 1
    errors = [line for line in said.splitlines() if "error: " in line]
    assert len(errors) == 1
    assert errors[0].endswith(f"1 test files cannot be used, the rest is done: bad: {bad} is empty")
    assert "Traceback" not in said
