"""What was decided for the hole of a frame, and how it is read in it or in a neighbour, at full size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt8

from master_thesis.inpainting.candidates import Candidate
from master_thesis.inpainting.comparison import Grid
from master_thesis.inpainting.motions import Picture
from master_thesis.models.classical.exposure import Exposure
from master_thesis.ops.consensus import Consensus
from master_thesis.ops.pixels import put_rows, sample_at
from master_thesis.ops.position_map import NOWHERE, Places, by_frame, frames_in

LEAST_WEIGHT = 0.02
"""Smaller shares of a pixel are left out."""


class Labels(NamedTuple):
    """What is copied into a hole.

    Attributes:
        places: of the pixels of the hole.
        colours: the mean of the candidates that agree, in the exposure of the frame; NaN: read from the place.
        is_refused: whether other frames show the pixel, but something that is not there in this one.
    """

    places: Places
    colours: Float[np.ndarray, "N 3"]
    is_refused: Bool[np.ndarray, " N"]

    def refusing(self, strange: Bool[np.ndarray, " N"]) -> Labels:
        """The same, but for pixels whose places show something that is not there in the frame."""
        places = self.places.where(~strange, Places.nowhere(self.places.xy))
        colours = np.where(strange[:, None], np.float32(np.nan), self.colours)
        return Labels(places, colours, self.is_refused | strange)


class Decision(NamedTuple):
    """What was chosen for the hole of a frame, to be read in it or along the motion in a neighbour of it.

    Attributes:
        candidates: where each of them shows the pixels of the hole.
        reached: the pixels of the hole that any of them showed before strangers were left out.
        grid: of what was chosen.
        consensus: what was chosen; None: there are no candidates.
    """

    candidates: Sequence[Places]
    reached: Bool[np.ndarray, " N"]
    grid: Grid | None = None
    consensus: Consensus | None = None

    def labels(self, points: Float[np.ndarray, "N 2"], colours: Colours) -> Labels:
        """Reads what is copied into the pixels of the hole.

        Args:
            points: the pixels, or where they lie in the frame that this was chosen for.
            colours: of all frames, as the frame of the pixels shows them.
        """
        if self.grid is None or self.consensus is None:
            unknown = np.full((len(points), 3), np.nan, np.float32)
            return Labels(Places.nowhere(points), unknown, np.zeros(len(points), bool))
        places, mean = _mixed(points, self.candidates, self.grid, self.consensus, colours)
        return Labels(places, mean, self.reached & ~places.is_known)

    def moved(self, index: Int[np.ndarray, " M"], away: Float[np.ndarray, "M 2"]) -> Decision:
        """The same for points beside pixels of the hole.

        Args:
            index: of these pixels.
            away: from each of them to its point.
        """
        candidates = [Places(each.source.take(index), each.xy.take(index, axis=0) + away) for each in self.candidates]
        return self._replace(candidates=candidates, reached=self.reached[index])


class Colours:
    """Colours of frames as the exposure of one of them shows them.

    Args:
        frames: RGB.
        exposures: of them.
        number: of the one.
    """

    def __init__(self, frames: Sequence[Picture], exposures: Sequence[Exposure], number: int) -> None:
        self.frames, self.exposures, self.number = frames, exposures, number
        self._levels: dict[int, np.ndarray] = {}

    def at(self, k: int, points: Float[np.ndarray, "N 2"]) -> Float32[np.ndarray, "N 3"]:
        """Those of frame k."""
        sampled = sample_at(self.frames[k], points, cv2.INTER_CUBIC)
        if sampled.dtype == np.uint8:
            return cv2.LUT(sampled[None], self._of_levels(k)[None])[0]
        return self.exposures[k].seen_as(self.exposures[self.number], sampled).astype(np.float32)

    def of(self, candidate: Candidate) -> UInt8[np.ndarray, "h w 3"]:
        """Those of the grid in a candidate; 0 where there is none."""
        result = np.zeros(candidate.colours.shape, np.uint8)
        for k in frames_in(candidate.origin):
            levels = np.rint(self._of_levels(k)).clip(0, 255).astype(np.uint8)
            is_shown = (candidate.origin == k).view(np.uint8)
            cv2.copyTo(cv2.LUT(candidate.colours, levels[None]), is_shown, result)
        return result

    def _of_levels(self, k: int) -> Float32[np.ndarray, "256 3"]:
        """What becomes of every level of 8 bits in frame k."""
        if k not in self._levels:
            levels = self.exposures[k].levels_seen_as(self.exposures[self.number])
            self._levels[k] = levels.astype(np.float32)
        return self._levels[k]


def _mixed(
    points: np.ndarray, candidates: Sequence[Places], grid: Grid, chosen: Consensus, colours: Colours
) -> tuple[Places, Float[np.ndarray, "N 3"]]:
    """Reads the pixels of a hole at full size, by the weights of the grid."""
    known, weights = np.array([each.is_known for each in candidates]), grid.read(chosen.weights, points)
    number_of = _best(points, known, weights, grid, chosen.label)
    return _taken(candidates, number_of, points), _averaged(candidates, weights, colours)


def _best(
    points: Float[np.ndarray, "N 2"],
    known: Bool[np.ndarray, "K N"],
    weights: Float[np.ndarray, "K N"],
    grid: Grid,
    label: Int[np.ndarray, "h w"],
) -> Int[np.ndarray, " N"]:
    """The known candidate whose label is nearest to each point; few points have several labels around them."""
    result = grid.read_uniform(label, points)
    is_open = (result < 0) | ~known[result, np.arange(len(points))]
    is_known = known.any(axis=0)
    rest = np.flatnonzero(is_open & is_known)
    share = grid.read(label == np.arange(len(known))[:, None, None], points.take(rest, axis=0))
    score = (1e-6 + weights.take(rest, axis=1) + 2 * share) * known.take(rest, axis=1)
    result[rest] = score.argmax(axis=0)
    return np.where(is_known, result, NOWHERE)


def _averaged(
    candidates: Sequence[Places], shares: Float[np.ndarray, "K N"], colours: Colours
) -> Float[np.ndarray, "N 3"]:
    """The mean of what candidates show, by their shares; NaN where these are less than half of everything."""
    total, weights = np.zeros((shares.shape[1], 3), np.float32), np.zeros(shares.shape[1], np.float32)
    for own, share in zip(candidates, shares, strict=True):
        used = np.flatnonzero((share > LEAST_WEIGHT) & own.is_known)
        weights[used] += share.take(used)
        for k, index in by_frame(own.source.take(used)):
            taken = used.take(index)
            seen = colours.at(k, own.xy.take(taken, axis=0))
            seen *= cv2.merge([share.take(taken)] * 3).reshape(-1, 3)
            put_rows(total, taken, total.take(taken, axis=0) + seen)
    divisor = np.where(weights > 0.5, weights, np.float32(np.nan))
    return total / divisor.repeat(3).reshape(-1, 3)


def _taken(candidates: Sequence[Places], number_of: Int[np.ndarray, " N"], points: Float[np.ndarray, "N 2"]) -> Places:
    """The place of each point in the candidate of some number; -1: nowhere."""
    source, xy = np.full(len(points), NOWHERE, np.int32), points.copy()
    for number, chosen in by_frame(number_of):
        candidate = candidates[number]
        source[chosen] = candidate.source[chosen]
        put_rows(xy, chosen, candidate.xy.take(chosen, axis=0))
    return Places(source, xy)
