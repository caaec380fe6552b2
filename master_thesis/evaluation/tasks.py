"""Makes the tasks of an evaluation from the DAVIS data set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from master_thesis.configs.data import DataConfig
from master_thesis.configs.evaluation import EvaluationConfig
from master_thesis.data.sequences import DavisSequence, find_test_sequences
from master_thesis.errors import require
from master_thesis.evaluation.masks import make_masks, require_masks
from master_thesis.evaluation.predictions import parse_predictions, prediction_files
from master_thesis.evaluation.protocols import Protocol, Task, make_protocol
from master_thesis.images.codec import read_frame, write_png
from master_thesis.images.header import frame_size
from master_thesis.runtime.atomic import atomic_folder


def make_tasks(data: DataConfig, config: EvaluationConfig) -> Iterator[Task]:
    """Yields every sequence with all sources of masks under every protocol; tasks that share frames are consecutive.

    Raises:
        UserError: a chosen sequence does not exist, has only one frame, or lacks masks or predictions: before the first
            task.
    """
    sequences, _ = find_test_sequences(data.data_path, data.follow_links)
    chosen = [_shorten(sequence, config.max_frames) for sequence in _choose(sequences, config.sequences)]
    predictions = parse_predictions(config.predictions).values()
    for sequence in chosen:
        for source in config.masks:
            require_masks(source, sequence.name)
        for folder in predictions:
            prediction_files(folder, sequence.name, len(sequence.frames))
    for name in config.protocols:
        general = make_protocol(name, data, config.completion_resize)
        for sequence in chosen:
            protocol = general.of_size(frame_size(sequence.frames[0]))
            frames = _read_frames(sequence, protocol)
            for source in config.masks:
                mask = make_masks(source, sequence, sequences, protocol, data.seed)
                yield Task(protocol, source, sequence.name, frames, mask)


def export_task(task: Task, folder: Path) -> Path:
    """Writes the input of a method to ``<protocol>/<masks>/<sequence>/{frames,masks}/00000.png``.

    Raises:
        UserError: the folder cannot be written, or holds other files.
    """
    home = folder / task.protocol.name / Path(task.masks).name / task.sequence
    with atomic_folder(home, frozenset({"frames", "masks"})) as part:
        for kind, images in (("frames", task.masked), ("masks", task.mask)):
            (part / kind).mkdir()
            for i, image in enumerate(images):
                write_png(part / kind / f"{i:05d}.png", image)
    return home


def _choose(sequences: list[DavisSequence], names: tuple[str, ...]) -> list[DavisSequence]:
    known = {sequence.name: sequence for sequence in sequences}
    unknown = [name for name in names if name not in known]
    require(not unknown, f"--sequences should be among {' '.join(known)}, got {' '.join(unknown)}")
    return [known[name] for name in names or known]


def _shorten(sequence: DavisSequence, max_frames: int | None) -> DavisSequence:
    num_frames = len(sequence.frames)
    require(num_frames >= 2, f"{sequence.name} should have at least two frames, got {num_frames}")
    return replace(sequence, frames=sequence.frames[:max_frames], masks=sequence.masks[:max_frames])


def _read_frames(sequence: DavisSequence, protocol: Protocol) -> np.ndarray:
    # Decoded at full size, so that the truth does not depend on the decoder.
    return np.stack([protocol.prepare_frame(read_frame(path)) for path in sequence.frames])
