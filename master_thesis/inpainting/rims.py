"""What frames show at the rims of their own holes: the last resort before something is hallucinated.

Pixels close to a hole are not copied as long as another frame shows the same place further away from its hole, because
masks are seldom exact and objects have soft edges. Where no other frame does, they are better than a hallucination.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from master_thesis.inpainting.motions import Hole
from master_thesis.inpainting.sources import Chosen
from master_thesis.inpainting.trails import Side
from master_thesis.ops.pixels import sample_at, window_around
from master_thesis.ops.position_map import CORNERS, NOWHERE, Places, by_frame

MIN_DEPTH_PX = 4.0
"""Pixels closer to the border of their hole are not taken from rims: an error of the motion may make them visible."""
CUBIC_PX = 2
"""How far cubic sampling reaches."""
TOUCH = 1e-3
"""Weight of a hole in a sample from which the sample is left out."""


def in_rims(t: int, hole: Hole, chosen: Chosen, sides: tuple[Side, Side]) -> Places:
    """The places of a target in rims, where nothing else shows it.

    Args:
        t: the target.
        hole: of it.
        chosen: what was found before.
        sides: where the hole was followed to, backwards and forwards.
    """
    inside, is_settled = hole[chosen.wide], chosen.places.is_known | chosen.is_refused
    nothing = Places.nowhere(chosen.places.xy)
    if is_settled[inside].all():
        return nothing
    asked = np.flatnonzero(~is_settled[inside] & _is_deep(hole))
    behind, ahead = (side.rims.at(asked) for side in sides)
    found = ahead.where(_distances(t, ahead) < _distances(t, behind), behind)
    return nothing.replaced(np.flatnonzero(inside)[asked], found)


def is_outside(holes: Sequence[Hole], places: Places) -> Bool[np.ndarray, " N"]:
    """Whether any of the pixels that a place is read from is outside the hole of its frame: motions err.

    What lies in no frame, or in what was hallucinated, is in no hole.
    """
    result = np.ones(len(places.source), bool)
    for k, chosen in by_frame(places.source.clip(NOWHERE)):
        points = places.xy.take(chosen, axis=0)
        inside = np.flatnonzero(sample_at(holes[k].view(np.uint8), points, cv2.INTER_NEAREST))
        if len(inside):  # the others show at least the pixel that they are nearest to
            part, moved = _part_around(holes[k], points.take(inside, axis=0), 1)
            result[chosen[inside]] = sample_at((~part).astype(np.float32), moved) > TOUCH
    return result


def sample_outside(
    picture: Shaped[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], points: Float[np.ndarray, "N 2"]
) -> Float[np.ndarray, "N 3"]:
    """Samples a picture at positions (x, y) in px; near a hole, from its known pixels alone."""
    sampled = sample_at(picture, points, cv2.INTER_CUBIC).astype(np.float64)
    beside = _touching(hole, points)
    if not len(beside):
        return sampled
    x, y = points[beside].T
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    total, weights = np.zeros((len(beside), 3)), np.full(len(beside), 1e-9)
    for right, down in CORNERS:
        column, row = (left + right).clip(0, hole.shape[1] - 1), (top + down).clip(0, hole.shape[0] - 1)
        weight = (1 - np.abs(x - column)).clip(0) * (1 - np.abs(y - row)).clip(0) * ~hole[row, column]
        total += weight[:, None] * picture[row, column]
        weights += weight
    is_known = weights > TOUCH
    sampled[beside[is_known]] = (total / weights[:, None])[is_known]
    return sampled


def _touching(hole: Bool[np.ndarray, "H W"], points: Float[np.ndarray, "N 2"]) -> Int[np.ndarray, " M"]:
    """Which of some points are sampled from any pixel of a hole; most of them are far away from it."""
    part, moved = _part_around(hole, points, CUBIC_PX)
    if not part.any():
        return np.zeros(0, int)
    return np.flatnonzero(np.abs(sample_at(part.astype(np.float32), moved, cv2.INTER_CUBIC)) > TOUCH)


def _part_around(
    hole: Bool[np.ndarray, "H W"], points: Float[np.ndarray, "N 2"], margin: int
) -> tuple[Bool[np.ndarray, "h w"], Float[np.ndarray, "N 2"]]:
    """The part of a hole that holds points and a margin, and where they lie in it."""
    place = window_around(points, margin, hole.shape)
    return hole[place], points - np.array((place[1].start, place[0].start), np.float32)


def _is_deep(hole: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, " N"]:
    """Which pixels lie so deep in a hole that, seen beside another one, they have moved by more than motions err."""
    padded = np.pad(hole.astype(np.uint8), 1, mode="edge")
    return (cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1] > MIN_DEPTH_PX)[hole]


def _distances(t: int, places: Places) -> np.ndarray:
    return np.where(places.is_known, np.abs(places.source - t), np.iinfo(np.int32).max)
