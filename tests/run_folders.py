"""Reads the folder of a run: checkpoints and logged figures."""

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from master_thesis.checkpoints.reading import read_checkpoint

VERSION = "lightning_logs/version_"


def last(folder, version=0):
    """Returns the path of the last checkpoint of a run."""
    return folder / f"{VERSION}{version}" / "checkpoints" / "last.ckpt"


def events(folder, version):
    """Returns the figures of a run, without images."""
    accumulator = EventAccumulator(str(folder / f"{VERSION}{version}"), size_guidance={"images": 0})
    accumulator.Reload()
    return accumulator


def same_weights(a, b):
    """Returns whether two checkpoints hold the same weights, bit by bit."""
    first, second = (read_checkpoint(path)["state_dict"] for path in (a, b))
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)
