"""More than one process: DDP over gloo on the CPU, and two runs at once."""

import os
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

TRAINING = (
    f"{TINY_DATA} {TINY_DFPN} --train_max_iterations 2 --validation_max_iterations 3 --max_epochs 1 --lr 1e-30 "
    "--accelerator cpu --enable_progress_bar false --enable_model_summary false"
)


def start(folder, sample_tree, more=""):
    command = [sys.executable, "-W", "ignore", "-m", "master_thesis", "--data_path", str(sample_tree)]
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    folder.mkdir(exist_ok=True)
    return subprocess.Popen(
        [*command, *TRAINING.split(), *more.split()], cwd=folder, env=env, stderr=subprocess.PIPE, text=True
    )


def finished(process):
    try:
        _, said = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == 0, said


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
