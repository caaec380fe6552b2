"""Runs the command in the process of the test, in a folder of its own."""

from dataclasses import dataclass
from pathlib import Path

from master_thesis.cli.main import main

TINY_CLIPS = "--frames_spacing 2 --batch_size 2 --dilatation_iterations 1"
TINY_TRAIN, TINY_TEST = f"--train_size 32 32 {TINY_CLIPS}", f"--test_size 32 48 {TINY_CLIPS}"
TINY_DATA = f"--train_size 32 32 {TINY_TEST}"
"""For the flat form, which takes every option."""
TINY_RUN = "--train_max_iterations 3 --validation_max_iterations 1 --accelerator cpu --enable_progress_bar false"
TINY_DFPN = "--dfpn_size 32 --dfpn_corr_widths 4 4 --dfpn_width 4 --vgg_weights random --vgg_width 2"
TINY_CHN = "--chn_width 4 --chn_growth 2 --chn_num_blocks 1 --vgg_weights random --vgg_width 2"
NEEDED = {
    "remove": "clip.mp4 --mask mask.png",
    "mask": "clip.mp4 --box 1 1 2 2",
    "app": "",
    "evaluate": "",
    "test dfpn": "--test_checkpoint c",
    "test chn": "--test_checkpoint c --chn_aligner opencv",
    "train dfpn": "",
    "train chn": "--chn_aligner opencv",
    "export": "a.ckpt b.safetensors",
    "sample-data": "data",
}
"""The words that each sub-command requires."""


@dataclass(frozen=True)
class Result:
    """The result of a command: exit code, output, and the paths of new files."""

    code: int
    out: str
    err: str
    written: set[str]


def files_in(folder):
    return {str(path.relative_to(folder)) for path in Path(folder).rglob("*")}


def run_command(arguments, folder, monkeypatch, capsys):
    """Runs a command line in a folder.

    Args:
        arguments: the words of the command line, separated by spaces.
        folder: the current directory.
        monkeypatch: pytest's fixture.
        capsys: pytest's fixture.
    """
    monkeypatch.chdir(folder)
    before = files_in(folder)
    capsys.readouterr()
    code = main(arguments.split())
    output = capsys.readouterr()
    return Result(code, output.out, output.err, files_in(folder) - before)
