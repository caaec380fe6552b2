"""The commands that the experiments run: each reads good files and writes something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts.tiny import TINY, TINY_CHN

SMALL = f"{TINY} --train_max_iterations 1 --validation_max_iterations 1 --test_size 32 48"
BEGIN = f"{SMALL} {TINY_CHN}"
"""Precedes every command, so that a spoiled one that starts to train stays small."""
END = "--max_epochs 1 --max_steps 1 --limit_val_batches 1 --limit_test_batches 1 --enable_progress_bar false "
END += "--vgg_weights random"
"""Ends every command: however it was spoiled, it is short and downloads nothing."""
COMMANDS = {
    "train": "--data_path {good}/data",
    "resume": "--data_path {good}/data --ckpt_path {good}/dfpn.ckpt",
    "train chn": "--data_path {good}/data --chn --chn_aligner dfpn --chn_aligner_checkpoint {good}/dfpn.ckpt",
    "test": "--data_path {good}/data --test --test_checkpoint {good}/dfpn.ckpt --test_size 32 48",
    "test chn": "--data_path {good}/data --chn --test --test_checkpoint {good}/chn.safetensors --chn_aligner opencv "
    "--test_size 32 48 --algorithms ip --output_path made",
    "video": "--video {good}/clip.mp4 --mask {good}/masks/0.png --output made.mp4 --test_size 24 32 --report --overlay",
    "frames": "--video {good}/frames --mask {good}/masks --output made --algorithms ff",
    "evaluate": "--evaluate --data_path {good}/data --masks still --protocols hole --algorithms ip --baselines telea "
    "--max_frames 2 --sequences walker-crossing --output_path made",
    "export inputs": "--evaluate --data_path {good}/data --export_inputs made --max_frames 2",
    "export": "--test --test_checkpoint {good}/dfpn.ckpt --export made.safetensors",
}
"""By name; ``{good}`` stands for the folder of the good files."""


def framed(words: str, good: Path) -> list[str]:
    """Returns a complete command line, split into words."""
    return f"{BEGIN} {words.format(good=good)} {END}".split()


def run_here(words: list[str]) -> int:
    """Runs a command in this process; returns its exit code."""
    from master_thesis.cli.main import main

    try:
        code: Any = main(words)
    except SystemExit as end:
        code = end.code
    return int(code or 0)
