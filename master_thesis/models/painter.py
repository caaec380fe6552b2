"""The contract between a painter and its users, and the painters there are.

A painter makes up what no frame of a video shows, from the surroundings of the hole in a single frame.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import partial
from types import ModuleType

import cv2
import numpy as np
import torch
from einops import rearrange
from jaxtyping import Bool, Float, UInt8
from torch import Tensor

from master_thesis.models.coarse import SIDE, CoarseColours, coarse_fill
from master_thesis.models.hallucinator import Hallucinator, plain_copies
from master_thesis.ops.contrast import limit_contrast
from master_thesis.ops.image import GREY, to_bytes
from master_thesis.ops.mask import Window, widen_window, window_of
from master_thesis.ops.membrane import membrane
from master_thesis.ops.pixels import where_masked
from master_thesis.ops.push_pull import push_pull
from master_thesis.ops.texture import enlarge_painted, reduce_known
from master_thesis.records import Alignment, Hallucination, MaskedFrames
from master_thesis.runtime.installs import require_patchmatch
from master_thesis.runtime.interruption import interruptible

RELAXATIONS = 4
"""Of the membrane (see :func:`~master_thesis.ops.push_pull.push_pull`)."""
PATCH_RADIUS = 2
"""Half a patch of the exemplar method, in pixels. On 18 frames, 3 is no closer to the truth, has more visible borders
and takes longer."""
TONE_WEIGHT, TONE_RANGE = 0.01, 2.0
"""Weight of coarse colours beside the colours of a patch, and how far black is from white in them: of patches that fit
equally well, that one is taken whose surroundings have the tone that is expected here."""
MAX_HOLE_PIXELS, MAX_PIXELS = 25_000, 2**20
"""Larger holes, or holes in larger parts of a frame, are painted in a reduced picture and enlarged with its texture.
Patches are larger there, so that what is composed of them is less regular, in half of the time."""
MIN_MARGIN_PX = 64
"""Surroundings of a hole that are painted from, at least; more where the hole is larger than that."""


class Painter(Hallucinator):
    """Paints open pixels from the rest of the same frame; copies stay as they are.

    Subclasses implement :meth:`paint_one`.
    """

    paints_copies = False
    is_rounded = False
    """Whether what it paints is rounded to 8 bits."""

    def paint(self, frames: MaskedFrames) -> Float[Tensor, "N 3 H W"]:
        """Fills everything that is not fully visible; known pixels are unchanged.

        Args:
            frames: rows of frames of any size; their colours inside the holes do not matter.
        """
        painted, masked = frames.colours.clone(), frames.masked
        for row, is_open in enumerate((frames.visible < 1)[:, 0]):
            hole, is_known = is_open.cpu().numpy(), bool((frames.visible[row] > 0).any())
            if not hole.any():
                continue
            place = surroundings(hole)
            crop = MaskedFrames(*(planes[row : row + 1, :, *place] for planes in (masked.colours, masked.visible)))
            # Where nothing is known there is nothing to paint from: the neutral colour of a hole stays.
            filled = self.paint_one(crop)[0] if is_known else crop.colours[0]
            part = painted[row, :, *place]
            part[:, is_open[place]] = filled[:, is_open[place]].to(part.dtype)
        return painted

    @abstractmethod
    def paint_one(self, frame: MaskedFrames) -> Float[Tensor, "1 3 H W"]:
        """Paints one masked frame that has a hole and something known; what it paints elsewhere is ignored."""

    def hallucinate(self, target: MaskedFrames, alignment: Alignment) -> Hallucination:
        """Copies what each reference shows, and paints the rest."""
        composed = rearrange(self.paint(plain_copies(target, alignment)), "(b f) c h w -> b c f h w", b=len(target))
        return Hallucination(composed, composed)


class SmoothPainter(Painter):
    """Stretches a membrane over each hole: without texture, and nothing stands out."""

    def paint_one(self, frame: MaskedFrames) -> Float[Tensor, "1 3 H W"]:
        """Solves for the membrane, from coarse to fine."""
        return push_pull(frame.colours, frame.visible, RELAXATIONS).clamp(0, 1)


class HallucinatorPainter(Painter):
    """Paints with a hallucinator that is given no reference, so that everything is hallucinated.

    Args:
        hallucinator: paints; its device is that of the frames.
    """

    def __init__(self, hallucinator: Hallucinator) -> None:
        self.hallucinator = hallucinator

    def paint_one(self, frame: MaskedFrames) -> Float[Tensor, "1 3 H W"]:
        """Hands the frame on with a reference that shows nothing."""
        nothing = torch.zeros_like(frame.visible).unsqueeze(2)
        alignment = Alignment(nothing.expand(-1, 3, -1, -1, -1), nothing, nothing)
        return self.hallucinator.hallucinate(frame, alignment).composed[:, :, 0]


class ExemplarPainter(Painter):
    """Composes each hole of patches of its surroundings, from coarse to fine; the same seed gives the same picture.

    Patches are preferred whose surroundings have the coarse colours that are guessed for their place, and what stands
    out from the surroundings of the hole is toned down. Textures continue sharply; objects are cut off or repeated. It
    takes seconds per frame, on a CPU: large holes are painted in a reduced picture, whose patches are then read at full
    size.

    Args:
        seed: of the search for patches.
        coarse: guesses the coarse colours; None: a membrane gives them.

    Source: Barnes et al., PatchMatch, 2009; Wexler et al., Space-Time Completion of Video, 2007.

    Raises:
        UserError: the package that it runs on is missing.
    """

    is_rounded = True

    def __init__(self, seed: int = 0, coarse: CoarseColours | None = None) -> None:
        self.seed, self.coarse = seed, coarse
        self._patchmatch: ModuleType = require_patchmatch()

    def paint_one(self, frame: MaskedFrames) -> Float[Tensor, "1 3 H W"]:
        """Searches in the known part of the frame."""
        picture = to_bytes(frame.colours[0]).permute(1, 2, 0).cpu().numpy()
        hole = (frame.visible[0, 0] < 1).cpu().numpy()
        step = painting_step(int(np.count_nonzero(hole)), hole.size)
        smooth = self._guessed(picture.astype(np.float32), hole)
        tones = coarse_tones(picture, hole, smooth)
        if step == 1:
            painted, place = picture.astype(np.float32), _searched(hole)
            painted[place] = self._composed(picture[place], hole[place], tones[place])
        else:
            small = self._composed(*reduce_known(picture, hole, step), tones)
            painted = enlarge_painted(small, picture, hole, step, self.seed)
        painted = limit_contrast(painted, hole, smooth).clip(0, 255)
        return torch.from_numpy(painted).permute(2, 0, 1).unsqueeze(0).to(frame.colours) / 255

    def _guessed(
        self, picture: Float[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"]
    ) -> Float[np.ndarray, "H W 3"]:
        return membrane(picture, ~hole) if self.coarse is None else coarse_fill(self.coarse, picture, hole)

    def _composed(
        self, picture: UInt8[np.ndarray, "h w 3"], hole: Bool[np.ndarray, "h w"], tones: Float[np.ndarray, "H W 3"]
    ) -> Float[np.ndarray, "h w 3"]:
        self._patchmatch.set_random_seed(self.seed)
        compose = partial(self._patchmatch.inpaint_regularity, patch_size=PATCH_RADIUS, guide_weight=TONE_WEIGHT)
        return interruptible(lambda: compose(picture, hole, tones)).astype(np.float32)


def _searched(hole: Bool[np.ndarray, "H W"]) -> Window:
    """The part of the surroundings in which patches are searched: as far as the hole would reach in one piece.

    Parts of a hole that lie apart have more beside them than a search needs, and all of that takes time.
    """
    window = window_of(hole)
    assert window is not None, "there is a hole"
    return widen_window(window, max(MIN_MARGIN_PX, math.isqrt(np.count_nonzero(hole))), (hole.shape[0], hole.shape[1]))


def painting_step(num_open: int, num_pixels: int) -> int:
    """By how much a part of a frame is reduced to be painted in a few seconds.

    Args:
        num_open: pixels that are painted.
        num_pixels: those of the part.
    """
    return math.ceil(math.sqrt(max(num_open / MAX_HOLE_PIXELS, num_pixels / MAX_PIXELS, 1)))


def coarse_tones(
    picture: UInt8[np.ndarray, "H W 3"], hole: Bool[np.ndarray, "H W"], guess: Float[np.ndarray, "H W 3"]
) -> Float[np.ndarray, "H W 3"]:
    """What the package compares besides patches, two planes and an unused one: coarse luma, and coarse red less blue.

    Args:
        picture: RGB; its colours in the hole do not matter.
        hole: where coarse colours are guessed; elsewhere they are the means of what is known.
        guess: of the coarse colours in [0, 255].
    """
    sigma, known = max(hole.shape) / SIDE, (~hole[..., None]).astype(np.float32)
    means = cv2.GaussianBlur(np.dstack((picture * known, known)), (0, 0), sigma)
    red, green, blue = cv2.split(where_masked(hole, guess, means[..., :3] / np.maximum(means[..., 3:], 1e-3)))
    luma = GREY[0] * red + GREY[1] * green + GREY[2] * blue
    return np.dstack((luma, red - blue, np.zeros_like(luma))) * np.float32(TONE_RANGE / 255)


def as_painter(hallucinator: Hallucinator) -> Painter:
    """A painter as it is; any other hallucinator, adapted."""
    return hallucinator if isinstance(hallucinator, Painter) else HallucinatorPainter(hallucinator)


def surroundings(hole: Bool[np.ndarray, "H W"]) -> tuple[slice, slice]:
    """Rows and columns around a hole, with as much on each side as the hole is large."""
    window = window_of(hole)
    assert window is not None, "there is a hole"
    height, width = hole.shape
    return widen_window(window, max(MIN_MARGIN_PX, *(side.stop - side.start for side in window)), (height, width))
