"""One method on one task, in figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, UInt8

from master_thesis import metrics
from master_thesis.evaluation.motion import Motion
from master_thesis.evaluation.protocols import Task
from master_thesis.metrics import Lpips


class Unit(NamedTuple):
    """How a figure is shown."""

    name: str
    digits: int


UNITS = {
    "psnr": Unit("dB", 2),
    "ssim": Unit("", 4),
    "hole_psnr": Unit("dB", 2),
    "hole_ssim": Unit("", 4),
    "hole_lpips": Unit("", 4),
    "warp": Unit("1e-3", 3),
    "hole_warp": Unit("1e-3", 3),
    "seconds": Unit("per frame", 3),
}
"""Every figure there is."""


@dataclass(frozen=True)
class Score:
    """The figures of one method on one task.

    Attributes:
        protocol: id of the protocol.
        masks: where the masks came from.
        method: its name.
        sequence: its name.
        num_frames: frames of the sequence.
        values: for each figure one value per frame (temporal figures: per step), NaN where there is nothing to measure.
    """

    protocol: str
    masks: str
    method: str
    sequence: str
    num_frames: int
    values: dict[str, Float[np.ndarray, " N"]]

    def mean(self, metric: str) -> float | None:
        """Mean over the frames that have the figure, None if none has."""
        return mean_over_frames([self], metric)


def mean_over_frames(scores: list[Score], metric: str) -> float | None:
    """Mean over all frames of all sequences: a long sequence counts more than a short one."""
    columns = [score.values[metric] for score in scores if metric in score.values]
    values = np.concatenate(columns) if columns else np.zeros(0)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else None


def measure(
    task: Task, filled: UInt8[np.ndarray, "F H W 3"], motion: Motion, lpips: Lpips | None
) -> dict[str, Float[np.ndarray, " N"]]:
    """All figures of a protocol for a filled sequence; its known pixels do not count, they are the camera's.

    Args:
        task: what was to be filled.
        filled: what a method made of it.
        motion: the true motion.
        lpips: the distance, or None where it is left out.
    """
    composed, frames, mask = task.compose(filled), task.frames, task.mask
    values: dict[str, np.ndarray] = {}
    if task.has_truth:
        for metric in task.protocol.metrics:
            if metric == "psnr":
                # A frame without a hole would be infinitely good; it says nothing about a method.
                values[metric] = np.where(mask.any(axis=(1, 2)), metrics.frame_psnr(composed, frames), np.nan)
            elif metric == "ssim":
                values[metric] = metrics.frame_ssim(composed, frames)
            elif metric == "hole_psnr":
                values[metric] = metrics.hole_psnr(composed, frames, mask)
            elif metric == "hole_ssim":
                values[metric] = metrics.hole_ssim(composed, frames, mask)
            elif lpips is not None:
                values[metric] = metrics.hole_lpips(composed, frames, mask, lpips)
    return values | measure_flicker(task, composed, motion)


def measure_flicker(
    task: Task, video: UInt8[np.ndarray, "F H W 3"], motion: Motion
) -> dict[str, Float[np.ndarray, " N"]]:
    """Temporal warping error of a video, everywhere and in the hole, in thousandths."""
    in_hole = motion.seen & task.mask[:-1]
    return {
        "warp": 1e3 * metrics.warping_error(video, motion.flows, motion.seen),
        "hole_warp": 1e3 * metrics.warping_error(video, motion.flows, in_hole),
    }
