"""Measures on a GPU that is available for a few minutes, and trains the networks of the thesis there in stages.

Such a machine has Python, torch and Lightning but no network; it receives up to 64 MiB and returns files of up to
16 MiB. ``pack`` collects what it needs. There, ``run`` checks the load, runs the tests marked ``gpu`` and the
benchmarks, and trains in the remaining time. The parts that it writes are the load from which the next stage continues:

    python -m scripts gpu pack load --data_path ./data --vgg imagenet
    python -m scripts gpu run load --out out --minutes 9
    python -m scripts gpu run load --out out2 --minutes 9 --steps check train --parts out
    python -m scripts gpu run load --out out3 --minutes 9 --steps check train --network chn --aligner out2

The CHN that paints texture needs no aligner; what follows ``--`` are options of its training:

    python -m scripts gpu pack load --network texture --data_path ./data --vgg vgg.safetensors --without "davis-*"
    python -m scripts gpu run load --network texture --out out --minutes 8 --steps check train -- --lr 0.0002

The complete sequence with tiny networks on the CPU:

    python -m scripts gpu rehearse --out rehearsal --minutes 2
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

from master_thesis.checkpoints.reading import write_weights
from master_thesis.checkpoints.vgg import load_vgg_weights
from master_thesis.errors import UserError, require
from scripts.machine import describe_machine
from scripts.parts import join, split
from scripts.tiny import COMMAND, ROOT, TINY_CHN, TINY_CLIPS, TINY_DFPN, newest_checkpoint, write_data

MAX_LOAD = 64 * 2**20
NUM_FEATURES = {"dfpn": 23, "chn": 31, "texture": 31}
"""Layers of VGG16's ``features`` that a training needs: those of four blocks, or of all five."""
STEPS = ("check", "tests", "bench", "train")
TESTS = (
    *("pytest", "-q", "tests/test_gpu.py", "-o", "filterwarnings="),
    *("-o", "addopts=--import-mode=importlib --strict-markers -ra"),  # without beartype, which may be missing
)
ROWS = ("align", "share", "training", "dfpn_sequence", "sequence", "curves")
ENDING = 40.0
"""Seconds reserved to end a training and write its parts."""
COMMON = "--min_mask_size 0.03 --precision bf16-mixed --gpus 1 --max_epochs 100000 --validation_max_iterations 20"
THESIS = f"{COMMON} --batch_size 8 --num_workers 8 --frames_spacing 5 --train_max_iterations 500 --checkpoint_every 200"
RECIPES = {
    "dfpn": f"train dfpn {THESIS}",
    "chn": f"train chn {THESIS}",
    "texture": (
        f"train chn --preset texture --chn_aligner none {COMMON} --max_mask_size 0.4 --batch_size 64 --num_workers 14 "
        "--train_size 192 192 --zoom 0.75 1 --mirror 0.5 --p_simulator_bgs 0.6 --bgs_movement_params 1 0 0 "
        "--perceptual_weight 0.5 --pixel_weight 0.5 --style_weight 50 --adversarial_weight 1 --matching_weight 10 "
        "--ema_decay 0.999 --lr 0.0004 --train_max_iterations 250 --checkpoint_every 250"
    ),
}
"""The training of each network on a GPU, until the time is over."""
REHEARSED = f"{TINY_CLIPS} --validation_max_iterations 1 --train_max_iterations 20 --checkpoint_every 5"
REHEARSED_RECIPES = {
    "dfpn": f"train dfpn {REHEARSED} {TINY_DFPN}",
    "chn": f"train chn {REHEARSED} {TINY_CHN}",
    "texture": (
        f"train chn --preset texture --chn_aligner none {REHEARSED} --texture_width 4 --texture_num_blocks 1 "
        "--style_weight 50 --adversarial_weight 1 --ema_decay 0.9 --zoom 0.75 1 --mirror 0.5"
    ),
}
"""The same with tiny networks on the CPU."""


def pack(folder: Path, data: Path, vgg: str | None, network: str, without: Sequence[str] = ()) -> None:
    """Collects the data for training, and VGG16 in half precision, in a folder.

    Args:
        folder: the load to write.
        data: tree as in docs/data.md; its test sequences are left out.
        vgg: source of VGG16's weights; None leaves them out, so that they will be random.
        network: network that will be trained, a key of ``RECIPES``.
        without: patterns of sequences to leave out, e.g. because something will be measured on them.
    """
    folder.mkdir(exist_ok=True)
    for name in ("GOT10k", "YouTubeVOS"):
        ignored = shutil.ignore_patterns(*without)
        shutil.copytree(data / name, folder / "data" / name, ignore=ignored, dirs_exist_ok=True)
    weights = load_vgg_weights(vgg) if vgg else None
    if weights:
        wanted = {k: v.half() for k, v in weights.items() if int(k.split(".")[1]) < NUM_FEATURES[network]}
        write_weights(folder / "vgg.safetensors", {"kind": "vgg", "sizes": {}}, wanted)
    check(folder)


def check(*loads: Path) -> None:
    """Prints the machine, and the size of each load together with this tree, where git lists its files.

    Raises:
        UserError: If a load is too large.
    """
    tree = sum(_bytes(ROOT / name) for name in _tracked())
    share = (
        f"of which this tree takes {tree / 2**20:.1f}" if tree else "without this tree, whose files git does not list"
    )
    print(", ".join(f"{k} {v}" for k, v in describe_machine().items()))
    for load in loads:
        size = _bytes(load) + tree
        print(f"{load}: {size / 2**20:.1f} MiB of 64, {share}", flush=True)
        require(size <= MAX_LOAD, f"{load} and this tree should take at most 64 MiB, but take {size / 2**20:.1f}")


def _tracked() -> list[str]:
    """The files of this tree; none in an unpacked archive, and where git is not installed."""
    try:
        found = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return []
    return [name for name in found.stdout.split("\0") if name]


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


class Clock:
    """Counts down a number of minutes."""

    def __init__(self, minutes: float) -> None:
        self._end = time.monotonic() + 60 * minutes

    @property
    def left(self) -> float:
        """Remaining seconds."""
        return max(self._end - time.monotonic(), 0.0)


@dataclass(frozen=True)
class Stage:
    """The network that a stage trains and where it starts.

    Attributes:
        network: a key of ``RECIPES``.
        parts: output of an earlier stage to continue from; None starts a new training.
        aligner: output of the last stage of DFPN; for CHN.
        epochs: epochs of a rehearsal with tiny networks on the CPU; None trains the complete networks until the time is
            over.
        options: further options of the training.
    """

    network: str = "dfpn"
    parts: Path | None = None
    aligner: Path | None = None
    epochs: int | None = None
    options: tuple[str, ...] = ()

    @property
    def words(self) -> list[str]:
        """The sub-command with its options."""
        recipe = f"{REHEARSED_RECIPES[self.network]} --max_epochs {self.epochs}" if self.epochs else None
        return [*(recipe or RECIPES[self.network]).split(), *self.options]

    @property
    def listed(self) -> str:
        """The name of the list of its parts."""
        return f"{'texture_chn' if self.network == 'texture' else self.network}.json"


def run(folder: Path, out: Path, minutes: float, stage: Stage, steps: Sequence[str] = STEPS) -> list[str]:
    """Runs the steps within a number of minutes; returns those that failed.

    Args:
        folder: the load.
        out: folder for figures and parts.
        minutes: time for all steps together.
        stage: network to train, and its start.
        steps: some of ``STEPS``; a step that fails does not stop the following ones.
    """
    out.mkdir(exist_ok=True)
    clock, failed = Clock(minutes), []
    if "check" in steps:
        check(*(load for load in (folder, stage.parts, stage.aligner) if load))
    for step, arguments in (("tests", TESTS), ("bench", bench_arguments(out, stage.epochs is not None))):
        if step in steps and not _run_within([sys.executable, "-m", *arguments], clock.left / 3):
            failed.append(step)
    if "train" in steps and not train(folder, out, clock, stage):
        failed.append("train")
    return failed


def bench_arguments(out: Path, is_rehearsal: bool) -> list[str]:
    """Returns the benchmarks to run: those that need a GPU, or the quickest one for a rehearsal."""
    return ["benchmarks.speed.table", *(("start",) if is_rehearsal else ROWS), "--json", str(out / "speed.json")]


def train(folder: Path, out: Path, clock: Clock, stage: Stage) -> bool:
    """Trains until the time is nearly over and writes parts for the next stage; returns whether there is a checkpoint.

    Args:
        folder: the load.
        out: folder for the parts.
        clock: the remaining time.
        stage: network to train, and its start.
    """
    work, vgg = out / "work", folder / "vgg.safetensors"
    frozen = vgg if vgg.is_file() else None
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    command = [*COMMAND, *stage.words]
    command += ["--data_path", str(folder / "data"), "--data_ckpt_path", str(work / "data.ckpt")]
    command += ["--default_root_dir", str(work), "--enable_progress_bar", "false", "--logger", "csv"]
    command += ["--vgg_weights", str(vgg)] if frozen else []
    if stage.aligner:
        join(stage.aligner / "dfpn.json", work / "aligner.ckpt", frozen)
        command += ["--chn_aligner", "dfpn", "--chn_aligner_checkpoint", str(work / "aligner.ckpt")]
    if stage.parts:
        join(stage.parts / stage.listed, work / "joined.ckpt", frozen)
        command += ["--ckpt_path", str(work / "joined.ckpt")]
    _run_within(command, clock.left - min(ENDING, clock.left / 3))
    last = newest_checkpoint(work)
    if last is None:
        return False
    listed = split(last, out, frozen)
    keep_figures(work, out)
    shutil.rmtree(work)
    print(f"train: {listed.read_text()}", flush=True)
    return True


def keep_figures(work: Path, out: Path, most: int = 2) -> None:
    """Copies the logged losses and the newest pictures of a training."""
    for log in sorted(work.rglob("metrics.csv"))[-1:]:
        shutil.copyfile(log, out / "metrics.csv")
    for picture in sorted(work.rglob("pictures/**/*.*"), key=lambda path: path.stat().st_mtime_ns)[-most:]:
        shutil.copyfile(picture, out / picture.name.replace(" ", "-"))


def _run_within(command: list[str], seconds: float) -> bool:
    """Runs a command and terminates it when its time is over; returns whether it succeeded by itself."""
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)  # on which a training writes a checkpoint
        try:
            process.wait(timeout=ENDING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    print(f"{command[2]}: exit code {process.returncode} after {time.monotonic() - began:.0f} s", flush=True)
    return process.returncode == 0


def rehearse(out: Path, minutes: float, steps: Sequence[str] = STEPS) -> list[str]:
    """Runs five stages with tiny networks on the CPU; returns the steps that failed.

    Two of DFPN, one of CHN, and two of the CHN that paints texture.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    out = out.resolve()
    folder = out / "load"
    pack(folder, write_data(out), None, "dfpn")
    stages = (
        *(Stage(epochs=1), Stage(parts=out / "1", epochs=2), Stage("chn", aligner=out / "2", epochs=1)),
        *(Stage("texture", epochs=1), Stage("texture", parts=out / "4", epochs=2)),
    )
    failed = run(folder, out / "1", minutes, stages[0], steps)
    for number, stage in enumerate(stages[1:], start=2):
        failed += run(folder, out / str(number), minutes, stage, ("check", "train"))
    return failed


def _split_words(words: list[str]) -> tuple[list[str], list[str]]:
    """Splits arguments at ``--``: what follows are options of the training."""
    end = words.index("--") if "--" in words else len(words)
    return words[:end], words[end + 1 :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    packing, running, rehearsing = (commands.add_parser(name) for name in ("pack", "run", "rehearse"))
    for each in (packing, running):
        each.add_argument("folder", type=Path, help="the load")
        each.add_argument("--network", choices=tuple(RECIPES), default="dfpn")
    packing.add_argument("--data_path", type=Path, required=True, help="tree as in docs/data.md")
    packing.add_argument("--vgg", default="imagenet", help="source of VGG16: imagenet or a file")
    packing.add_argument("--without", nargs="+", default=[], help="patterns of sequences to leave out")
    running.add_argument("--parts", type=Path, help="output of an earlier stage to continue from")
    running.add_argument("--aligner", type=Path, help="output of the last stage of DFPN, for CHN")
    running.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS))
    for each in (running, rehearsing):
        each.add_argument("--out", type=Path, required=True, help="folder for figures and parts")
        each.add_argument("--minutes", type=float, required=True, help="time for all steps (rehearse: per stage)")
    words, further = _split_words(sys.argv[1:])
    o = parser.parse_args(words)
    failed: list[str] = []
    try:
        if o.command == "pack":
            pack(o.folder, o.data_path, o.vgg, o.network, o.without)
        elif o.command == "rehearse":
            failed = rehearse(o.out, o.minutes)
        else:
            require(torch.cuda.is_available(), "run needs a GPU, but torch finds none: rehearse works on the CPU")
            require((o.network == "chn") == bool(o.aligner), "--network chn and --aligner go together")
            parts, aligner = (path and path.resolve() for path in (o.parts, o.aligner))
            failed = run(
                o.folder.resolve(),
                o.out.resolve(),
                o.minutes,
                Stage(o.network, parts, aligner, options=tuple(further)),
                o.steps,
            )
    except UserError as error:
        parser.error(str(error))
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
