"""Reads frames that another method has filled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from master_thesis.data.sequences import image_files
from master_thesis.errors import UserError, require
from master_thesis.evaluation.protocols import Task
from master_thesis.images.codec import read_frame


def parse_predictions(texts: tuple[str, ...]) -> dict[str, Path]:
    """Parses ``NAME=FOLDER`` options.

    Raises:
        UserError: a folder does not exist, or a name occurs twice.
    """
    folders: dict[str, Path] = {}
    for text in texts:
        name, _, folder = text.partition("=")
        require(name not in folders, f"--predictions should name each method once, got {name} twice")
        require(Path(folder).is_dir(), f"--predictions {text} should name an existing folder, got {folder}")
        folders[name] = Path(folder)
    return folders


def read_predictions(folder: Path, task: Task) -> UInt8[np.ndarray, "F H W 3"]:
    """Reads the filled frames of one sequence, in natural order of their names.

    Raises:
        UserError: their number or size differs from that of the task's frames, or one cannot be read.
    """
    files = image_files(str(folder / task.sequence), follow_links=True)
    expected, (height, width) = len(task.frames), task.frames.shape[1:3]
    if len(files) != expected:
        raise UserError(
            f"{folder / task.sequence} should hold {expected} frames (.png or .jpg), but holds {len(files)}"
        )
    frames = []
    for file in files:
        frame = read_frame(file)
        if frame.shape[:2] != (height, width):
            raise UserError(
                f"{file} should be {width} x {height} (protocol {task.protocol.name}), "
                f"but is {frame.shape[1]} x {frame.shape[0]}"
            )
        frames.append(frame)
    return np.stack(frames)
