"""Writes short real clips under the shapes of objects, laid out like DAVIS.

For choices that must not be made on the sequences of DAVIS. Every fourth background sequence that is long enough, each
under the masks of another mask sequence:

    python -m benchmarks.quality real_clips --data_path DATA --output clips
    python -m master_thesis evaluate --data_path clips --masks swapped still --protocols hole --algorithms ff

``--membrane FILE`` also writes a CHN of the small preset whose last layer is 0, as before training, so that it adds
nothing to the smooth fill. The gain of the shipped CHN is its score minus that of ``--test_checkpoint FILE``.
"""

from __future__ import annotations

import argparse
import shutil
from itertools import cycle
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from master_thesis.data.sequences import SequenceSet, find_backgrounds, find_masks
from master_thesis.images.codec import read_mask, write_png
from master_thesis.images.header import frame_size
from master_thesis.images.masks import resize_mask
from master_thesis.models.registry import WEIGHTS

NUM_FRAMES = 16
EVERY = 4
SHARES = (0.04, 0.15)
"""Smallest and largest share of the frame that masks cover, averaged over a clip."""


def long_backgrounds(data_path: str) -> list[tuple[SequenceSet, str]]:
    """Returns every fourth sequence with enough frames, of both parts because few are long."""
    parts = (find_backgrounds(data_path, part) for part in ("val", "train"))
    return [(part, name) for part in parts for name in part.names if len(part.files(name)) >= NUM_FRAMES][::EVERY]


def middling_masks(data_path: str) -> list[list[np.ndarray]]:
    """Returns the masks of all sequences that are long enough and cover a share within ``SHARES``."""
    found = find_masks(data_path)
    clips = ([read_mask(path) for path in found.files(name)[:NUM_FRAMES]] for name in found.names)
    is_fit = lambda clip: len(clip) == NUM_FRAMES and SHARES[0] < np.mean([m.mean() for m in clip]) < SHARES[1]  # noqa: E731
    return [clip for clip in clips if is_fit(clip)]


def write_tree(data_path: str, output: Path) -> list[str]:
    """Writes the data tree; returns the names of its sequences."""
    root, names = output / "DAVIS-2017", []
    for (part, name), masks in zip(long_backgrounds(data_path), cycle(middling_masks(data_path))):
        folders = [root / kind / "480p" / name for kind in ("JPEGImages", "Annotations_Dense")]
        for folder in folders:
            folder.mkdir(parents=True)
        for i, (frame, mask) in enumerate(zip(part.files(name), masks)):  # noqa: B905 - a clip may be longer
            shutil.copy(frame, folders[0] / f"{i:05d}.jpg")
            write_png(folders[1] / f"{i:05d}.png", resize_mask(mask, frame_size(frame)))
        names.append(name)
    (root / "ImageSets").mkdir()
    (root / "ImageSets" / "custom.txt").write_text("\n".join(names) + "\n")
    return names


def write_membrane(path: Path) -> None:
    """Writes the shipped CHN with a last layer of 0."""
    shipped = WEIGHTS / "small_chn.safetensors"
    with safe_open(shipped, "pt") as file:
        metadata = file.metadata()
    tensors = load_file(shipped)
    for name in tensors:
        if name.rpartition(".")[0].endswith("tail"):
            tensors[name].zero_()
    save_file(tensors, path, metadata)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data_path", required=True, help="tree as in docs/data.md")
    parser.add_argument("--output", type=Path, required=True, help="new folder")
    parser.add_argument(
        "--membrane", type=Path, help="also write a CHN that adds nothing to the smooth fill (.safetensors)"
    )
    options = parser.parse_args()
    print(f"{options.output}: {', '.join(write_tree(options.data_path, options.output))}")
    if options.membrane:
        write_membrane(options.membrane)


if __name__ == "__main__":
    main()
