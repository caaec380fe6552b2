"""Scores: the figures of one method on one task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis import metrics
from master_thesis.errors import require
from master_thesis.evaluation.motion import Motion
from master_thesis.evaluation.protocols import METRICS, Task
from master_thesis.evaluation.surface import seam, sharpness
from master_thesis.evaluation.vfid import MIN_VIDEOS, frechet_distance
from master_thesis.metrics import Lpips

Measure: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""``(composed frames, true frames, mask) -> one value per frame``; NaN where there is nothing to measure."""


class Unit(NamedTuple):
    """The unit of a metric, and the number of decimals to print."""

    name: str
    digits: int


UNITS = {
    "psnr": Unit("dB", 2),
    "ssim": Unit("", 4),
    "hole_psnr": Unit("dB", 2),
    "hole_ssim": Unit("", 4),
    "hole_lpips": Unit("", 4),
    "sharpness": Unit("of the truth", 3),
    "seam": Unit("grey levels", 2),
    "warp": Unit("1e-3", 3),
    "hole_warp": Unit("1e-3", 3),
    "vfid": Unit("", 3),
    "share": Unit("% of the hole", 1),
    "seconds": Unit("per frame", 3),
    "peak_memory": Unit("MiB", 0),
}
"""All metrics, in the order of the tables."""
LPIPS = "hole_lpips"
"""The metric that is left out without its weights."""
OF_PARTS = ("hole_psnr", "hole_ssim", "sharpness", "seam")
"""The metrics that are also measured of parts of a hole."""
VFID = "vfid"
"""The metric of complete sets of videos, which only the mean row has."""
TRUTH = "true frames"
"""Name of the row of the true frames, whose flicker is the error of the motion estimate."""


@dataclass(frozen=True)
class Score:
    """The figures of one method on one task.

    Attributes:
        protocol: name of the protocol.
        masks: source of the masks.
        method: name of the method.
        sequence: name of the sequence.
        num_frames: number of frames in the sequence.
        values: one value per frame for each metric (per step for temporal metrics), NaN where there is nothing to
            measure.
        features: features of the video, from which VFID is computed; None if it is not.
    """

    protocol: str
    masks: str
    method: str
    sequence: str
    num_frames: int
    values: dict[str, Float[np.ndarray, " N"]]
    features: Float[np.ndarray, " C"] | None = None

    def mean(self, metric: str) -> float | None:
        """Mean over the measured frames; None if there are none."""
        return mean_over_frames([self], metric)


def mean_over_frames(scores: Sequence[Score], metric: str) -> float | None:
    """Mean over the measured frames of all scores, so that long sequences count more; None if there are none."""
    columns = [score.values[metric] for score in scores if metric in score.values]
    values = np.concatenate(columns) if columns else np.zeros(0)
    values = values[~np.isnan(values)]
    return float(values.mean()) if values.size else None


def vfid(scores: Sequence[Score], truth: Sequence[Score]) -> float | None:
    """VFID between the videos of a method and the true ones; None if there are too few, or no features."""
    first, second = ([s.features for s in each if s.features is not None] for each in (scores, truth))
    if min(len(first), len(second)) < MIN_VIDEOS:
        return None
    return frechet_distance(np.stack(first), np.stack(second))


def group(scores: Sequence[Score], *names: str) -> dict[tuple[str, ...], list[Score]]:
    """Groups scores by the values of the attributes ``names``, in order of appearance."""
    groups: dict[tuple[str, ...], list[Score]] = {}
    for score in scores:
        groups.setdefault(tuple(getattr(score, name) for name in names), []).append(score)
    return groups


def metric_title(metric: str) -> str:
    """Name of a metric with its unit.

    >>> metric_title("hole_psnr")
    'hole_psnr (dB)'
    """
    unit = UNITS[metric].name
    return f"{metric} ({unit})" if unit else metric


def add_metric(name: str, measure: Measure, unit: Unit, protocols: Sequence[str]) -> None:
    """Adds a metric that compares filled frames with the true ones.

    Args:
        name: its column in the tables.
        measure: the function.
        unit: its unit, and the decimals to print.
        protocols: those that measure it.
    """
    MEASURES[name], UNITS[name] = measure, unit
    for protocol in protocols:
        METRICS[protocol] += (name,)


def require_metrics(names: Sequence[str]) -> None:
    """Checks the metrics of a protocol, before anything is measured.

    Raises:
        UserError: one has no unit in :data:`UNITS`, or no function in :data:`MEASURES`.
    """
    for name in names:
        is_measured = name in MEASURES or name == LPIPS
        require(is_measured, f"the metric {name} should have a function in MEASURES, but nothing measures it")
        require(name in UNITS, f"the metric {name} should have a unit in UNITS, but has none")


def measure(
    task: Task, filled: UInt8[np.ndarray, "F H W 3"], motion: Motion, lpips: Lpips | None
) -> dict[str, Float[np.ndarray, " N"]]:
    """Measures a filled sequence by all metrics of its protocol, after its known pixels are replaced by the true ones.

    Args:
        task: the task that was filled.
        filled: the frames that a method returned.
        motion: the true motion.
        lpips: the function that measures LPIPS; None leaves it out.
    """
    composed = task.compose(filled)
    values: dict[str, np.ndarray] = {}
    if task.has_truth:
        measures = MEASURES | ({} if lpips is None else {LPIPS: partial(metrics.hole_lpips, lpips=lpips)})
        taken = [metric for metric in task.protocol.metrics if metric in measures]
        values = {metric: measures[metric](composed, task.frames, task.mask) for metric in taken}
    return values | measure_flicker(task, composed, motion)


def measure_part(
    task: Task, filled: UInt8[np.ndarray, "F H W 3"], motion: Motion, part: Bool[np.ndarray, "F H W"]
) -> dict[str, Float[np.ndarray, " N"]]:
    """Measures a part of the holes alone, by the metrics that have a value per pixel.

    Args:
        task: the task that was filled.
        filled: the frames that a method returned.
        motion: the true motion.
        part: the pixels to measure; only those in the holes count.
    """
    inside = part & task.mask
    size = task.mask.sum(axis=(1, 2)).astype(float)
    share = np.divide(100 * inside.sum(axis=(1, 2)), size, out=np.full(len(size), np.nan), where=size > 0)
    composed, names = task.compose(filled), [name for name in OF_PARTS if name in task.protocol.metrics]
    values = {name: MEASURES[name](composed, task.frames, inside) for name in names if task.has_truth}
    errors = metrics.warping_error(composed, motion.flows, motion.visible & inside[:-1])
    return {"share": share, **values, "hole_warp": 1e3 * errors}


def measure_flicker(
    task: Task, video: UInt8[np.ndarray, "F H W 3"], motion: Motion
) -> dict[str, Float[np.ndarray, " N"]]:
    """Temporal warping error of a video, everywhere and in the hole, in thousandths."""
    in_hole = motion.visible & task.mask[:-1]
    return {
        "warp": 1e3 * metrics.warping_error(video, motion.flows, motion.visible),
        "hole_warp": 1e3 * metrics.warping_error(video, motion.flows, in_hole),
    }


def _psnr(
    composed: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> Float[np.ndarray, " F"]:
    """PSNR of the frames with a hole; every method would be perfect on the others."""
    return np.where(mask.any(axis=(1, 2)), metrics.frame_psnr(composed, frames), np.nan)


def _ssim(
    composed: UInt8[np.ndarray, "F H W 3"], frames: UInt8[np.ndarray, "F H W 3"], mask: Bool[np.ndarray, "F H W"]
) -> Float[np.ndarray, " F"]:
    return metrics.frame_ssim(composed, frames)


MEASURES: dict[str, Measure] = {
    "psnr": _psnr,
    "ssim": _ssim,
    "hole_psnr": metrics.hole_psnr,
    "hole_ssim": metrics.hole_ssim,
    "sharpness": sharpness,
    "seam": seam,
}
"""How each metric is measured."""
