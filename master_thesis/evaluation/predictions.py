"""Reads frames that another method has filled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from jaxtyping import Int32

from master_thesis.data.sequences import image_files
from master_thesis.errors import UserError, require
from master_thesis.evaluation.methods import Filled
from master_thesis.evaluation.protocols import Task
from master_thesis.images.codec import read_frame, read_numbers
from master_thesis.video.outputs import ORIGINS
from master_thesis.video.provenance import source_of


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


def read_predictions(folder: Path, task: Task) -> Filled:
    """Reads the filled frames of one sequence, in natural order of their names, and their origins if they are there.

    Origins lie beside the frames in ``<sequence>_origins``, as ``remove --origins`` writes them.

    Raises:
        UserError: their number or size differs from that of the task's frames, or one cannot be read.
    """
    height, width = task.frames.shape[1:3]
    frames = []
    for file in prediction_files(folder, task.sequence, len(task.frames)):
        frame = read_frame(file)
        if frame.shape[:2] != (height, width):
            raise UserError(
                f"{file} should be {width} x {height} (protocol {task.protocol.name}), "
                f"but is {frame.shape[1]} x {frame.shape[0]}"
            )
        frames.append(frame)
    return Filled(np.stack(frames), _read_origins(folder / f"{task.sequence}{ORIGINS}", task))


def prediction_files(folder: Path, sequence: str, expected: int) -> tuple[str, ...]:
    """The filled frames of a sequence, in natural order of their names.

    Raises:
        UserError: there should be another number of them.
    """
    files = image_files(str(folder / sequence), follow_links=True)
    is_complete = len(files) == expected
    require(is_complete, f"{folder / sequence} should hold {expected} frames (.png or .jpg), but holds {len(files)}")
    return files


def _read_origins(folder: Path, task: Task) -> Int32[np.ndarray, "F H W"] | None:
    files = image_files(str(folder), follow_links=True)
    if not files:
        return None
    maps, expected = [source_of(read_numbers(file)) for file in files], task.mask.shape
    is_fitting = len(maps) == expected[0] and all(each.shape == expected[1:] for each in maps)
    require(is_fitting, f"{folder} should hold {expected[0]} images of {expected[2]} x {expected[1]}, like the frames")
    return np.stack(maps)
