"""Measures on a GPU that is at hand for a few minutes, and trains the thesis' networks there in stages.

Such a machine has Python, torch and Lightning, no network, takes 64 MiB and gives files of 16 MiB back. So what it
needs is packed here; there, one command checks it, runs the tests marked ``gpu`` and the benchmarks, and trains in the
time that is left; the next stage goes on from what it writes, a load of its own:

    python -m scripts.gpu pack carried --data_path ./data --vgg imagenet
    python -m scripts.gpu run carried --out out --minutes 9
    python -m scripts.gpu run carried --out out2 --minutes 9 --steps check train --parts out
    python -m scripts.gpu run carried --out out3 --minutes 9 --steps check train --network chn --aligner out2

On the CPU with tiny networks, from end to end:

    python -m scripts.gpu rehearse --out rehearsal --minutes 2
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.speed.timing import machine
from master_thesis.checkpoints.reading import write_weights
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.errors import UserError, require
from scripts.parts import join, split
from stress.kills import ROOT, TINY, newest, write_data

MOST_CARRIED = 64 * 2**20
NUM_FEATURES = {"dfpn": 23, "chn": 31}
"""Layers of VGG16's ``features`` that a training looks at: four of its blocks, or all five."""
STEPS = ("check", "tests", "bench", "train")
TESTS = (
    *("pytest", "-q", "tests/test_gpu.py", "-o", "filterwarnings="),
    *("-o", "addopts=--import-mode=importlib --strict-markers -ra"),  # without beartype, which may not be there
)
ROWS = ("align", "share", "training", "dfpn_sequence", "sequence", "curves")
ENDING = 40.0
"""Seconds that are kept for ending a training and writing its parts."""
THESIS = (
    "--batch_size 8 --num_workers 8 --frames_spacing 5 --min_mask_size 0.03 --precision bf16-mixed --gpus 1 "
    "--max_epochs 100000 --train_max_iterations 500 --validation_max_iterations 20 --checkpoint_every 200"
)
REHEARSED = (
    f"{TINY} --validation_max_iterations 1 --train_max_iterations 20 --checkpoint_every 5 "
    "--chn_width 4 --chn_growth 2 --chn_num_blocks 1"
)


def pack(folder: Path, data: Path, vgg: str | None, network: str) -> None:
    """Puts what a machine needs into a folder: the data for training, and VGG16 in half precision.

    Args:
        folder: what will be carried.
        data: a tree as in docs/data.md; its test sequences stay behind.
        vgg: where VGG16 comes from; None: it will be random.
        network: what will be trained, ``dfpn`` or ``chn``.
    """
    folder.mkdir(exist_ok=True)
    for name in ("GOT10k", "YouTubeVOS"):
        shutil.copytree(data / name, folder / "data" / name, dirs_exist_ok=True)
    weights = load_vgg_weights(vgg) if vgg else None
    if weights:
        wanted = {k: v.half() for k, v in weights.items() if int(k.split(".")[1]) < NUM_FEATURES[network]}
        write_weights(folder / "vgg.safetensors", {"kind": "vgg", "sizes": {}}, wanted)
    check(folder)


def check(*loads: Path) -> None:
    """Prints what is carried, load by load, each with this tree, and what it meets there.

    Raises:
        UserError: a load is too large.
    """
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    tree = sum(_bytes(ROOT / name) for name in tracked.split("\0") if name)
    print(", ".join(f"{k} {v}" for k, v in machine().items()))
    for load in loads:
        size = _bytes(load) + tree
        print(f"{load}: {size / 2**20:.1f} MiB of 64, {tree / 2**20:.1f} of them this tree", flush=True)
        require(size <= MOST_CARRIED, f"{load} and this tree should be at most 64 MiB, but are {size / 2**20:.1f}")


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


class Clock:
    """Knows how much of a number of minutes is left."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    @property
    def left(self) -> float:
        """Seconds."""
        return max(self._end - time.monotonic(), 0.0)


@dataclass(frozen=True)
class Stage:
    """What is trained, and from where.

    Attributes:
        network: ``dfpn`` or ``chn``.
        parts: what an earlier stage wrote, to go on from; None: from the start.
        aligner: what the last stage of DFPN wrote; for CHN.
        epochs: of a rehearsal, with tiny networks on the CPU; None: those of the thesis, until the time is over.
    """

    network: str = "dfpn"
    parts: Path | None = None
    aligner: Path | None = None
    epochs: int | None = None


def run(folder: Path, out: Path, minutes: float, stage: Stage, steps: Sequence[str] = STEPS) -> list[str]:
    """Does all that was asked for in the time that there is; returns the steps that failed.

    Args:
        folder: what was packed.
        out: where figures and parts go.
        minutes: how long it may take in all.
        stage: what is trained.
        steps: some of ``STEPS``; a step that fails does not stop those after it.
    """
    out.mkdir(exist_ok=True)
    clock, failed = Clock(minutes), []
    if "check" in steps:
        check(*(load for load in (folder, stage.parts, stage.aligner) if load))
    for step, arguments in (("tests", TESTS), ("bench", bench_arguments(out, stage.epochs is not None))):
        if step in steps and not _is_done([sys.executable, "-m", *arguments], clock.left / 3):
            failed.append(step)
    if "train" in steps and not train(folder, out, clock, stage):
        failed.append("train")
    return failed


def bench_arguments(out: Path, is_rehearsal: bool) -> list[str]:
    """The benchmarks that a GPU is for; of a rehearsal, the quickest one."""
    return ["benchmarks.speed.table", *(("start",) if is_rehearsal else ROWS), "--json", str(out / "speed.json")]


def train(folder: Path, out: Path, clock: Clock, stage: Stage) -> bool:
    """Trains until the time is nearly over and writes what the next stage goes on from; returns whether it could.

    Args:
        folder: what was packed.
        out: where the parts go.
        clock: how long.
        stage: what is trained.
    """
    work, vgg = out / "work", folder / "vgg.safetensors"
    frozen = vgg if vgg.is_file() else None
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    sizes = f"{REHEARSED} --max_epochs {stage.epochs}" if stage.epochs else THESIS
    command = [sys.executable, "-m", "master_thesis", *sizes.split()]
    command += ["--data_path", str(folder / "data"), "--data_ckpt_path", str(work / "data.ckpt")]
    command += ["--default_root_dir", str(work), "--enable_progress_bar", "false"]
    command += ["--vgg_weights", str(vgg)] if frozen else []
    if stage.aligner:
        join(stage.aligner / "dfpn.json", work / "aligner.ckpt", frozen)
        command += ["--chn", "--chn_aligner", "dfpn", "--chn_aligner_checkpoint", str(work / "aligner.ckpt")]
    if stage.parts:
        join(stage.parts / f"{stage.network}.json", work / "joined.ckpt", frozen)
        command += ["--ckpt_path", str(work / "joined.ckpt")]
    _is_done(command, clock.left - min(ENDING, clock.left / 3))
    last = newest(work)
    if last is None:
        return False
    listed = split(last, out, frozen)
    shutil.rmtree(work)
    print(f"train: {listed.read_text()}", flush=True)
    return True


def _is_done(command: list[str], seconds: float) -> bool:
    """Runs a command, asks it to end when its time is over, and tells how it ended; whether it did by itself."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)  # a training writes a checkpoint then
        try:
            process.wait(timeout=ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    print(f"{command[2]}: exit code {process.returncode} after {time.monotonic() - began:.0f} s", flush=True)
    return process.returncode == 0


def rehearse(out: Path, minutes: float, steps: Sequence[str] = STEPS) -> list[str]:
    """Everything once, tiny and on the CPU: two stages of DFPN, then CHN on it; returns the steps that failed."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    out = out.resolve()
    folder = out / "carried"
    pack(folder, write_data(out), None, "dfpn")
    stages = Stage(epochs=1), Stage(parts=out / "1", epochs=2), Stage("chn", aligner=out / "2", epochs=1)
    failed = run(folder, out / "1", minutes, stages[0], steps)
    for number, stage in enumerate(stages[1:], start=2):
        failed += run(folder, out / str(number), minutes, stage, ("check", "train"))
    return failed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packing, running, rehearsing = (commands.add_parser(name) for name in ("pack", "run", "rehearse"))
    for each in (packing, running):
        each.add_argument("folder", type=Path, help="what is carried")
        each.add_argument("--network", choices=("dfpn", "chn"), default="dfpn")
    packing.add_argument("--data_path", type=Path, required=True, help="a tree as in docs/data.md")
    packing.add_argument("--vgg", default="imagenet", help="imagenet or a file")
    running.add_argument("--parts", type=Path, help="what an earlier stage wrote, to go on from")
    running.add_argument("--aligner", type=Path, help="what the last stage of DFPN wrote, for CHN")
    running.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    for each in (running, rehearsing):
        each.add_argument("--out", type=Path, required=True, help="where figures and parts go")
        each.add_argument("--minutes", type=float, required=True, help="how long it may take in all (rehearse: each)")
    o = parser.parse_args()
    failed: list[str] = []
    try:
        if o.command == "pack":
            pack(o.folder, o.data_path, o.vgg, o.network)
        elif o.command == "rehearse":
            failed = rehearse(o.out, o.minutes)
        else:
            require(torch.cuda.is_available(), "there should be a GPU, but torch sees none: rehearse runs without")
            require((o.network == "chn") == bool(o.aligner), "--network chn and --aligner go together")
            parts, aligner = (path and path.resolve() for path in (o.parts, o.aligner))
            failed = run(o.folder.resolve(), o.out.resolve(), o.minutes, Stage(o.network, parts, aligner), o.steps)
    except UserError as error:
        parser.error(str(error))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
