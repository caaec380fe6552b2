"""Tests of several processes: DDP over gloo on the CPU, and two runs at the same time."""

import multiprocessing
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
import pytorch_lightning as pl
import torch.distributed as distributed
from lightning_fabric.strategies.launchers.subprocess_script import _ChildProcessObserver

from master_thesis.checkpoints.reading import read_checkpoint
from master_thesis.cli.main import main
from master_thesis.data import dataset
from master_thesis.data.datamodule import DataModule
from master_thesis.runtime.distributed import (
    SharedError,
    all_gather,
    all_sum,
    launched_local_rank,
    launched_rank,
    launched_world,
    require_everywhere,
)
from master_thesis.training.signals import StopRanksOnError
from tests.commands import TINY_DATA, TINY_DFPN
from tests.run_folders import VERSION, events

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning", "ignore::DeprecationWarning"),
]

ROOT = Path(__file__).parents[2]
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
        _, err = process.communicate(timeout=240)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode == code, err
    return err


def test_two_processes_validate_as_one_and_simultaneous_runs_do_not_interfere(sample_tree, tmp_path, monkeypatch):
    """A tiny learning rate keeps the weights constant, so that only the validation clips matter."""
    run = start(tmp_path / "alone", sample_tree)
    monkeypatch.chdir(tmp_path / "alone")
    assert main(["--data_path", str(sample_tree), *TRAINING.split()]) == 0
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


def exchange(rank, store):
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    require_everywhere(None)
    try:
        require_everywhere("spoiled" if rank else None)
    except SharedError as error:
        return str(error), all_sum(rank, 5), all_gather("ab"[rank])
    finally:
        distributed.destroy_process_group()


def test_a_fault_of_one_process_ends_all(tmp_path):
    """Both continue while there is no fault; then both report the fault of the second one, and neither waits."""
    store = str(tmp_path / "store")
    with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as executor:
        results = [executor.submit(exchange, rank, store) for rank in (0, 1)]
        assert [result.result(timeout=120) for result in results] == [("spoiled", [1, 10], ["a", "b"])] * 2


@pytest.mark.parametrize(
    ("error", "is_ended"), [(OSError("full"), True), (SharedError("bad files"), False), (SystemExit(143), False)]
)
def test_a_first_process_that_fails_alone_ends_the_processes_it_started(error, is_ended):
    """It empties the list that it shares with Lightning's observer, which would otherwise kill the first one too."""
    process = subprocess.Popen(["sleep", "60"])
    launcher = SimpleNamespace(procs=[process])
    observer = _ChildProcessObserver(os.getpid(), launcher.procs)
    trainer = pl.Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
    trainer.strategy._launcher = launcher
    StopRanksOnError().on_exception(trainer, pl.LightningModule(), error)
    assert (process.poll() is not None) == is_ended
    assert observer._run() == is_ended, "the observer has no process left to watch"
    process.kill()
    process.wait()


def drawn_by_each_of_two(data):
    """The frames that each of two training processes reads if all of them are readable."""
    clips, drawn, read_frame = data.train_dataloader().dataset, (set(), set()), dataset.read_frame
    with pytest.MonkeyPatch.context() as patch:
        for number in range(len(clips)):
            own = drawn[number % 2]
            patch.setattr(dataset, "read_frame", lambda path, *size, own=own: own.add(path) or read_frame(path, *size))
            clips[number]
    return drawn


def test_bad_files_that_one_process_meets_end_both(sample_tree, tmp_path, data_config):
    """The second process meets them, the first one reports it, neither waits, and the last checkpoint remains."""
    tree = tmp_path / "data"
    shutil.copytree(sample_tree, tree)
    data = DataModule(data_config(data_path=str(tree), train_max_iterations=12))
    data.setup("fit")
    first, second = drawn_by_each_of_two(data)
    for path in second - first:
        Path(path).write_bytes(b"")
    more = "--devices 2 --strategy ddp --checkpoint_every 1 --train_max_iterations 12"
    run = start(tmp_path / "ddp", tree, more)
    err = finished(run, code=2)
    errors = [line for line in err.splitlines() if "error: " in line]
    assert len(errors) == 1
    assert "images drawn cannot be used, more than 5%; repair or remove them: " in errors[0]
    skipped = {line.removeprefix("skipped: ") for line in err.splitlines() if line.startswith("skipped: ")}
    assert len(skipped) >= 2
    assert all(message in errors[0] for message in skipped)
    assert "Traceback" not in err
    kept = read_checkpoint(tmp_path / "ddp" / f"{VERSION}0/checkpoints/last.ckpt")
    assert 1 <= kept["global_step"] < 6


def test_two_processes_test_every_sequence_once_and_report_all_bad_files(sample_tree, tmp_path):
    """The second process meets the bad file, the first one reports it, and neither waits for the other."""
    davis = tmp_path / "data" / "DAVIS-2017"
    shutil.copytree(sample_tree / "DAVIS-2017", davis, ignore=shutil.ignore_patterns("0000[2-9].*"))  # two frames each
    names = ["walker-crossing", "bad", "blob-lingering", "last"]
    for kind in ("JPEGImages", "Annotations_Dense"):
        for copy in ("bad", "last"):
            shutil.copytree(davis / kind / "480p" / "walker-crossing", davis / kind / "480p" / copy)
    bad = davis / "JPEGImages/480p/bad/00001.jpg"
    bad.write_bytes(b"")
    (davis / "ImageSets/custom.txt").write_text("\n".join(names))
    options = "--chn --test --preset small --test_size 32 48 --algorithms ip --output_path made --accelerator cpu"
    err = finished(
        start(tmp_path / "ddp", tmp_path / "data", "--devices 2 --strategy ddp", f"{options} {QUIET}"), code=2
    )
    made = sorted(path.name for path in (tmp_path / "ddp" / "made").iterdir())
    assert made == ["blob-lingering_ip.mp4", "last_ip.mp4", "walker-crossing_ip.mp4"]
    for name in made:
        assert err.count(f"wrote made/{name}") == 1
    errors = [line for line in err.splitlines() if "error: " in line]
    assert len(errors) == 1
    assert errors[0].endswith(f"1 test files cannot be used, the rest is done: bad: {bad} is empty")
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, (0, 0, 1)),
        ({"RANK": "3", "LOCAL_RANK": "1", "WORLD_SIZE": "4"}, (3, 1, 4)),
        ({"SLURM_PROCID": "5", "SLURM_LOCALID": "2", "SLURM_NTASKS": "8"}, (5, 2, 8)),
        ({"SLURM_PROCID": "0", "SLURM_NTASKS": "1", "LOCAL_RANK": "7"}, (0, 0, 1)),
        ({"WORLD_SIZE": "4"}, (0, 0, 1)),
        ({"RANK": "3", "LOCAL_RANK": "3"}, (0, 0, 1)),
        ({"RANK": "x", "WORLD_SIZE": "2"}, (0, 0, 2)),
    ],
)
def test_launchers_tell_a_process_its_number(monkeypatch, env, expected):
    for name in ("RANK", "LOCAL_RANK", "WORLD_SIZE", "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NTASKS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert (launched_rank(), launched_local_rank(), launched_world()) == expected
