"""Resumes a training with ``--ckpt_path last`` in two processes, in each way to start them, and checks that all agree.

Each process sees a log folder of its own in which its newest checkpoint would be another one, as where folders of nodes
lag behind each other:

    python -m stress resume_together
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts import tiny

COUNTS = "--train_max_iterations 3 --validation_max_iterations 2"
START = f"train dfpn --data_path ../data {tiny.TINY} {COUNTS} --max_epochs"
RESUME = f"train dfpn --data_path ../data {tiny.TINY_CLIPS} {COUNTS} --max_epochs 3 --ckpt_path last --strategy ddp"
PORT = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29611"}
PYTHON = [sys.executable, "-W", "ignore"]


def run(command: list[str], folder: Path, more: dict[str, str]) -> subprocess.Popen[str]:
    """Starts a command in a folder."""
    env = os.environ | {"PYTHONPATH": str(tiny.ROOT), "OMP_NUM_THREADS": "1"} | more
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def resumed(processes: list[subprocess.Popen[str]]) -> list[str]:
    """Waits for processes; returns the checkpoints that they resumed from, and their exit codes."""
    outputs = [process.communicate(timeout=300)[0] for process in processes]
    lines = [line for output in outputs for line in output.splitlines()]
    found = [line.partition("resuming from ")[2] for line in lines if line.startswith("resuming from ")]
    codes = [process.returncode for process in processes]
    if any(codes):
        print("\n".join(lines[-20:]))
    return [*found, f"exit codes {codes}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.parse_args()
    words = ["-m", "master_thesis", *RESUME.split()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny.write_data(folder)
        (folder / "first").mkdir()
        for epochs in (1, 1):
            run([*PYTHON, "-m", "master_thesis", *START.split(), str(epochs)], folder / "first", {}).communicate()
        shutil.copytree(folder / "first", folder / "second")
        shutil.rmtree(folder / "second/lightning_logs/version_1")  # what the second node sees
        for node in ("first", "second"):
            shutil.copytree(folder / node, folder / f"{node}_backup")
        logs = folder / "first/lightning_logs"
        single = resumed([run([*PYTHON, *words, "--devices", "2"], folder / "first", {})])
        print("Lightning:", *single, sep="\n  ")
        shutil.rmtree(folder / "first")
        shutil.copytree(folder / "first_backup", folder / "first")
        absolute = [*words, "--devices", "1", "--num_nodes", "2", "--default_root_dir"]
        nodes = [
            run([*PYTHON, *absolute, str(folder / node)], folder / "first", PORT | {"NODE_RANK": str(rank)})
            for rank, node in enumerate(("first", "second"))
        ]
        print("two nodes:", *resumed(nodes), sep="\n  ")
        shutil.rmtree(folder / "first")
        shutil.copytree(folder / "first_backup", folder / "first")
        torchrun = [*PYTHON, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", "29612"]
        print("torchrun:", *resumed([run([*torchrun, *words, "--devices", "2"], folder / "first", {})]), sep="\n  ")
        shutil.rmtree(logs)
        print("none there:", *resumed([run([*torchrun, *words, "--devices", "2"], folder / "first", {})]), sep="\n  ")
