"""From marks on one frame to the outline of an object.

In a box, and with neighbouring frames, place, colour, movement and looks give a first guess, GrabCut cuts along the
edges, and the network that carries masks corrects it; what GrabCut finds alone is added if it is similar. Without
neighbouring frames GrabCut does it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from master_thesis.images.reducing import reduce_image, size_within
from master_thesis.masking.carrying import load_carrier, overlap, working_size
from master_thesis.masking.evidence import Box, Scene, motion_apart
from master_thesis.masking.grab_cut import cut_alone, grab_cut, reduced_stroke, surroundings_of
from master_thesis.masking.likeness import looks_apart
from master_thesis.masking.views import SoftMask, ViewFinder, window_around

FLOW_SIDE_PX = 432
"""Longer side at which movement is measured."""
BOX_SIDE_PX = 320
"""Longer side at which a box and its surroundings are looked at where movement is known."""
BOX_ITERATIONS = 4
CERTAIN = 0.95
"""Probability from which on the first guess is final for GrabCut."""
CORRECTIONS = 3
"""Rounds of the network."""
AGREED = 0.5
"""Overlap from which on two outlines are taken to be of the same object."""
ESTIMATE = (0.71, 0.31, -0.96)
"""The overlap of an outline in a box with the true one: a constant, and the weights of agreement and of ambiguity."""
DISC = 0.008
"""Radius of a point, as a share of the longer side."""


@dataclass(frozen=True)
class FrameMarks:
    """What was marked on one frame, in its pixels.

    Attributes:
        box: left, top, right and bottom, of which the last two are outside; None: no box.
        points: x and y of points on the object.
        off_points: the same on the background.
        on: pixels of strokes on the object.
        off: pixels of strokes on the background.
        mask: a finished mask.
    """

    box: tuple[int, int, int, int] | None = None
    points: tuple[tuple[int, int], ...] = ()
    off_points: tuple[tuple[int, int], ...] = ()
    on: Bool[np.ndarray, "H W"] | None = None
    off: Bool[np.ndarray, "H W"] | None = None
    mask: Bool[np.ndarray, "H W"] | None = None


@dataclass(frozen=True)
class Outline:
    """What marks show.

    Attributes:
        mask: of the object.
        certainty: an estimate of the overlap with the true mask where nothing but a box says what the object is, or 1.
    """

    mask: Bool[np.ndarray, "H W"]
    certainty: float = 1.0


def outline(
    image: UInt8[np.ndarray, "H W 3"], marks: FrameMarks, neighbours: Sequence[UInt8[np.ndarray, "h w 3"]] = ()
) -> Outline:
    """Outlines the object that is marked.

    A finished mask is kept; strokes and points add to it and erase from it. Otherwise the object is separated from its
    surroundings: strokes and points are certain, and so is everything outside a box.

    Args:
        image: the frame, RGB.
        marks: at least a box, or something on the object.
        neighbours: nearby frames of the same scene, RGB at any size: in a box, what moves on its own stands out.
    """
    size = image.shape[:2]
    on, off = _strokes(size, marks.points, marks.on), _strokes(size, marks.off_points, marks.off)
    on &= ~off
    if marks.mask is not None:
        return Outline((marks.mask | on) & ~off)
    if marks.box is not None and neighbours:
        left, top, right, bottom = marks.box
        inside = np.zeros(size, bool)
        inside[top:bottom, left:right] = True
        guess = _guessed(image, marks.box, (on & inside, off), neighbours) * inside
        soft = _corrected(image, guess, inside & ~off)
        alone = cut_alone(image, marks.box, on, off)
        mask = (_with_what_agrees(soft > 0.5, alone) | on) & inside & ~off
        agreement = overlap(soft, alone.astype(np.float32))
        return Outline(mask, 1.0 if (on | off).any() else certainty(guess[inside], agreement))
    return Outline(cut_alone(image, marks.box, on, off))


def certainty(guess: Float[np.ndarray, "N"], agreement: float) -> float:
    """An estimate of the overlap of an outline in a box with the true one, fitted to boxes of nine sequences of DAVIS.

    Args:
        guess: the probability of being the object, of every pixel in the box.
        agreement: overlap of the outline with what GrabCut finds alone.
    """
    ambiguity = 2 * float(np.minimum(guess, 1 - guess).mean())
    return float(np.clip(ESTIMATE[0] + ESTIMATE[1] * agreement + ESTIMATE[2] * ambiguity, 0, 1))


def _with_what_agrees(found: Bool[np.ndarray, "H W"], alone: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Both outlines, unless they show different things: a missed part of an object shows, a little extra does not."""
    return found | alone if (found & alone).sum() > AGREED * (found | alone).sum() else found


def _guessed(
    image: UInt8[np.ndarray, "H W 3"],
    box: tuple[int, int, int, int],
    strokes: tuple[Bool[np.ndarray, "H W"], Bool[np.ndarray, "H W"]],
    neighbours: Sequence[UInt8[np.ndarray, "h w 3"]],
) -> SoftMask:
    """Where the object in a box is, by the evidence and by GrabCut in equal parts."""
    inside = np.zeros(image.shape[:2], bool)
    inside[box[1] : box[3], box[0] : box[2]] = True
    window = surroundings_of(inside)
    part = np.ascontiguousarray(image[window])
    small = size_within(part.shape[:2], BOX_SIDE_PX)
    scale = np.array((small[1] / part.shape[1], small[0] / part.shape[0]))
    motion = _motion(image, neighbours, box, window, small)
    on, off = (reduced_stroke(stroke[window], small) for stroke in strokes)
    picture = reduce_image(part, small)
    look = cv2.resize(looks_apart(load_carrier(), part, inside[window]), small[::-1], interpolation=cv2.INTER_LINEAR)
    probability = Scene(picture, _within(box, window, scale), motion, look, on, off).probabilities()
    labels = np.where(probability > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    labels = np.where(probability > CERTAIN, cv2.GC_FGD, np.where(probability < 1 - CERTAIN, cv2.GC_BGD, labels))
    cut = grab_cut(picture, labels.astype(np.uint8), BOX_ITERATIONS)
    found = np.zeros(image.shape[:2], np.float32)
    found[window] = cv2.resize((cut + probability) / 2, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return found


def _within(box: tuple[int, int, int, int], window: tuple[slice, slice], scale: np.ndarray) -> Box:
    """A box as seen in a reduced part of the frame."""
    corners = (np.reshape(box, (2, 2)) - (window[1].start, window[0].start)) * scale
    left, top, right, bottom = map(float, corners.ravel())
    return left, top, right, bottom


def _motion(
    image: UInt8[np.ndarray, "H W 3"],
    neighbours: Sequence[UInt8[np.ndarray, "h w 3"]],
    box: tuple[int, int, int, int],
    window: tuple[slice, slice],
    small: tuple[int, int],
) -> Float[np.ndarray, "a b"]:
    """How unlike its surroundings a part of the frame moves."""
    size = size_within(image.shape[:2], FLOW_SIDE_PX)
    frames = [reduce_image(picture, size) for picture in (image, *neighbours)]
    scale = np.array((size[1] / image.shape[1], size[0] / image.shape[0]))
    motion = motion_apart(frames[0], frames[1:], _within(box, (slice(0, None), slice(0, None)), scale))
    part = cv2.resize(motion, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)[window]
    return cv2.resize(part, small[::-1], interpolation=cv2.INTER_AREA)


def _corrected(image: UInt8[np.ndarray, "H W 3"], guess: SoftMask, allowed: Bool[np.ndarray, "H W"]) -> SoftMask:
    """Corrects a mask by the network, which compares the frame with itself."""
    size = working_size(guess.shape)
    frame, mask, inside = (
        cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
        for plane in (image, guess, allowed.astype(np.float32))
    )
    finder = ViewFinder.for_masks(load_carrier(), [mask])
    view = finder.view(frame, window_around(mask > 0.3))
    for _ in range(CORRECTIONS if (mask > 0.3).any() else 0):
        mask = finder.find(view, finder.remember(view, mask), mask) * inside
    return cv2.resize(mask, guess.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _strokes(
    size: tuple[int, int], points: tuple[tuple[int, int], ...], drawn: Bool[np.ndarray, "H W"] | None
) -> Bool[np.ndarray, "H W"]:
    """Strokes, and a disc around every point."""
    canvas = np.zeros(size, np.uint8) if drawn is None else drawn.astype(np.uint8)
    for point in points:
        cv2.circle(canvas, point, max(round(DISC * max(size)), 1), 1, cv2.FILLED)
    return canvas > 0
