"""Frames that another method has filled, read from a folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from master_thesis.data.sequences import image_files
from master_thesis.errors import UserError, require
from master_thesis.evaluation.protocols import Task
from master_thesis.images.codec import read_frame


def parse_predictions(texts: tuple[str, ...]) -> dict[str, Path]:
    """``NAME=FOLDER`` options as a dictionary.

    Raises:
        UserError: a folder is missing or a name stands twice.
    """
    folders: dict[str, Path] = {}
    for text in texts:
        name, _, folder = text.partition("=")
        require(name not in folders, f"--predictions should name each method once, got {name} twice")
        require(Path(folder).is_dir(), f"--predictions {text} should be an existing folder, but {folder} is none")
        folders[name] = Path(folder)
    return folders


def read_predictions(folder: Path, task: Task) -> UInt8[np.ndarray, "F H W 3"]:
    """The frames of one sequence, in natural order of their names.

    Raises:
        UserError: they are not as many or not as large as the protocol's frames.
    """
    files = image_files(str(folder / task.sequence))
    wanted, (height, width) = len(task.frames), task.frames.shape[1:3]
    if len(files) != wanted:
        raise UserError(f"{folder / task.sequence} should hold {wanted} frames (.png or .jpg), but holds {len(files)}")
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
