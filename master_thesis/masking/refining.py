"""Draws the outlines of carried masks again, on larger frames.

Masks are carried in views with wide margins, in which a large object is small and its outline right to a few pixels
only. Here the network sees the mask in a narrow window at a larger scale, compares it with the key frames and with the
frames before, and corrects it near its outline.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.masking.carrying import GetFrame
from master_thesis.masking.edges import fitted
from master_thesis.masking.finishing import THRESHOLD
from master_thesis.masking.generous import generosity, widened
from master_thesis.masking.lost import LostPart, with_lost
from master_thesis.masking.odds import log_odds, probability
from master_thesis.masking.spans import FrameMask
from master_thesis.masking.steadying import steady_masks
from master_thesis.masking.views import PIXELS, SoftMask, View, ViewFinder, Window, window_around
from master_thesis.models.carrier import MaskCarrier, Memory
from master_thesis.runtime.ahead import one_ahead, side_by_side

FRAME_PIXELS = 480 * 864
"""Number of pixels of the frames on which outlines are drawn."""
MAX_SCALE, STEP = 1.5, 1.25
"""Small objects are seen enlarged; scales are this ratio apart, so that key frames are looked at once for several."""
MARGIN_PX = 24
"""Width of the surroundings that are looked at."""
REACH_PX = 6
"""How far from its outline a mask is corrected."""
SHARE = 0.6
"""Weight of what is found here, in log-odds: together, both answers are better than either."""
NUM_RECENT = 2
"""Frames before the current one that are compared with, in addition to the key frames."""
SEEN = 0.3
"""Where the probability is less, there is no object to look at."""


def refine_masks(
    masks: Iterable[FrameMask], network: MaskCarrier, frame_at: GetFrame, keys: Mapping[int, SoftMask]
) -> Iterator[FrameMask]:
    """Corrects masks near their outlines, fits them to the frames, adds what key frames show beside them, and steadies.

    Args:
        masks: those of frames in a row, at any size.
        network: finds masks.
        frame_at: gives frames by number, at the size of the masks that are wanted.
        keys: masks of the key frames at that size.
    """
    refiner = Refiner(network, frame_at, keys)
    drawn = side_by_side(refiner.draw, one_ahead(map(refiner.look, masks)))
    return steady_masks(drawn, frame_at, keys)


@dataclass(frozen=True)
class Look:
    """A frame whose outline is to be drawn again.

    Attributes:
        carried: its mask, of any size.
        frame: RGB.
        mask: what was carried, at the size of the frame.
        find: finds the object again; None: there is nothing to look for.
    """

    carried: FrameMask
    frame: UInt8[np.ndarray, "H W 3"]
    mask: SoftMask
    find: Callable[[], SoftMask] | None = None


class Refiner:
    """Corrects the masks of frames in a row: looks at all in their order, and draws several at once.

    Args:
        network, frame_at, keys: as of :func:`refine_masks`.
    """

    def __init__(self, network: MaskCarrier, frame_at: GetFrame, keys: Mapping[int, SoftMask]) -> None:
        self.network, self.frame_at = network, frame_at
        self.keys = {key: mask for key, mask in keys.items() if (mask > SEEN).any()}
        self._known: dict[float, Memory] = {}
        self._recent: list[Memory] = []
        self._lost: list[LostPart] | None = None
        self._width_px = 0

    def look(self, each: FrameMask) -> Look:
        """Looks at the next frame."""
        frame = self.frame_at(each.frame)
        mask = cv2.resize(each.mask, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        if not self.keys or not (mask > SEEN).any():
            return Look(each, frame, mask)
        if self._lost is None:
            self._lost = self._compared(each.frame, mask)
        finder = ViewFinder(self.network, scale_for(_window(mask)))
        view = self._view(finder, each.frame, mask)
        memory = Memory.join([self._memory(finder), *self._recent])
        self._recent = [*self._recent, finder.remember(view, mask)][-NUM_RECENT:]
        return Look(each, frame, mask, partial(finder.find, view, memory, mask))

    def draw(self, look: Look) -> FrameMask:
        """The mask of a frame, at the size of the frames."""
        if look.find is None:
            return replace(look.carried, mask=fitted(look.frame, look.mask))
        drawn = widened(fitted(look.frame, corrected(look.mask, look.find())), self._width_px)
        return replace(look.carried, mask=with_lost(look.carried.frame, drawn, self._lost or []))

    def _compared(self, frame: int, mask: SoftMask) -> list[LostPart]:
        """What is lost in the key frames; notes how much wider their masks are than what is found there."""
        found = [self._found_in(key, frame, mask) for key in self.keys]
        self._width_px = generosity(list(self.keys.values()), found)
        wide = [widened(each, self._width_px) for each in found]
        return [LostPart.of(key, known, each) for (key, known), each in zip(self.keys.items(), wide, strict=True)]

    def _memory(self, finder: ViewFinder) -> Memory:
        """What the key frames leave in the memory at some scale."""
        if finder.scale not in self._known:
            parts = [finder.remember(self._view(finder, key, mask), mask) for key, mask in self.keys.items()]
            self._known[finder.scale] = Memory.join(parts)
        return self._known[finder.scale]

    def _found_in(self, key: int, frame: int, mask: SoftMask) -> SoftMask:
        """What is found in a key frame by the other ones; if there are none, by the frame beside it or by itself."""
        masks = {other: known for other, known in self.keys.items() if other != key}
        masks = masks or ({frame: mask} if abs(frame - key) == 1 else self.keys)
        finder = ViewFinder(self.network, scale_for(_window(self.keys[key])))
        memory = Memory.join([finder.remember(self._view(finder, k, known), known) for k, known in masks.items()])
        return finder.find(self._view(finder, key, self.keys[key]), memory, self.keys[key])

    def _view(self, finder: ViewFinder, frame: int, mask: SoftMask) -> View:
        return finder.view(self.frame_at(frame), _window(mask))


def scale_for(window: Window) -> float:
    """The scale at which a window is seen: as large as the effort allows.

    >>> scale_for((slice(0, 100), slice(0, 100))), round(scale_for((slice(0, 480), slice(0, 864))), 3)
    (1.5, 0.492)
    """
    rows, columns = window
    most = (PIXELS / ((rows.stop - rows.start) * (columns.stop - columns.start))) ** 0.5
    return MAX_SCALE / STEP ** max(math.ceil(math.log(MAX_SCALE / most, STEP)), 0)


def corrected(mask: SoftMask, found: SoftMask) -> SoftMask:
    """A mask that is corrected near its outline by what was found for it."""
    inside = (mask > THRESHOLD).astype(np.uint8)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 5) + cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    share = SHARE * ((REACH_PX + 1 - distance) / 2).clip(0, 1)
    fine = probability((1 - share) * log_odds(mask) + share * log_odds(found))
    return np.where(share > 0, fine, mask).astype(np.float32)


def _window(mask: SoftMask) -> Window:
    return window_around(mask > SEEN, 0.0, MARGIN_PX)
