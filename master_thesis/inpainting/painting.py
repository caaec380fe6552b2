"""Paints the open pixels of a picture: narrow parts smoothly, wide ones that lie apart one after the other."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from jaxtyping import Float, Shaped

from master_thesis.inpainting.motions import Hole, Picture
from master_thesis.models.painter import Painter, surroundings
from master_thesis.ops.banding import without_bands
from master_thesis.ops.image import FINE
from master_thesis.ops.mask import widen_window, widened_square, window_of
from master_thesis.ops.membrane import stretched
from master_thesis.ops.pixels import where_masked
from master_thesis.records import MaskedFrames

SLIVER_PX = 4
"""Open parts narrower than twice this are filled smoothly from their surroundings: a patch there shows as a speck."""
SMOOTH_MARGIN_PX = 4 * SLIVER_PX
"""Surroundings that they are filled from."""
APART_PX = 16
"""Open parts further apart than twice this are painted by themselves, in smaller boxes: these are what takes time."""


class PicturePainter:
    """Paints pictures as fine as they are.

    Args:
        painter: paints what is wide.
        device: where the painter is; None: the CPU.
    """

    def __init__(self, painter: Painter, device: torch.device | None = None) -> None:
        self.painter, self.device = painter, device

    def paint(self, picture: Picture, is_open: Hole) -> Picture:
        """Paints open pixels: parts that lie apart one after the other, each from what surrounds it alone."""
        is_wide = _wide_part(is_open)
        painted, is_left = smoothed(picture, is_open, is_open & ~is_wide), is_open.copy()
        for part in parts_of(is_open):
            place = surroundings(part)
            wide = (part & is_wide)[place]
            if wide.any():
                painted[place] = where_masked(wide, self._painted(painted[place], is_left[place]), painted[place])
            is_left &= ~part
        return painted

    @torch.no_grad()
    def _painted(self, picture: Picture, is_open: Hole) -> Picture:
        colours = torch.from_numpy(picture).float().div(255).permute(2, 0, 1).unsqueeze(0)
        visible = torch.from_numpy(~is_open).float()[None, None]
        painted = self.painter.paint(MaskedFrames(colours.to(self.device), visible.to(self.device)))
        result = 255 * painted[0].float().permute(1, 2, 0).cpu().numpy()
        if self.painter.is_rounded and picture.dtype != np.uint8:
            result = without_bands(result, is_open)
        return rounded(result, picture)


def smoothed(picture: Picture, is_open: Hole, is_narrow: Hole) -> Picture:
    """A picture in which the narrow ones of its open pixels are filled with what surrounds them, without texture."""
    window, result = window_of(is_narrow), picture.copy()
    if window is None:
        return result
    place = widen_window(window, SMOOTH_MARGIN_PX, (is_open.shape[0], is_open.shape[1]))
    known = cv2.merge([(~is_open[place]).astype(np.float32)] * 3)
    filled = rounded(stretched(picture[place].astype(np.float32), known), picture)
    result[place] = where_masked(is_narrow[place], filled, result[place])
    return result


def rounded(colours: Float[np.ndarray, "*N 3"], like: Picture) -> Shaped[np.ndarray, "*N 3"]:
    """Colours in [0, 255], as fine as those of a picture."""
    steps, most = (1, 255) if like.dtype == np.uint8 else (FINE, 2**16 - 1)
    return (np.rint(colours * steps).clip(0, most) / steps).astype(like.dtype)


def parts_of(is_open: Hole) -> Iterator[Hole]:
    """Yields the parts that lie apart, the largest first."""
    _, label = cv2.connectedComponents(widened_square(is_open, APART_PX).view(np.uint8))
    label[~is_open] = 0
    sizes = np.bincount(label.ravel())
    for number in np.argsort(-sizes[1:], kind="stable") + 1:
        yield label == number


def _wide_part(is_open: Hole) -> Hole:
    """The parts that are wider than slivers, with their corners."""
    side = 2 * SLIVER_PX + 1
    core = cv2.erode(is_open.astype(np.uint8), np.ones((side, side), np.uint8), borderValue=0)
    return is_open & (cv2.dilate(core, np.ones((side + SLIVER_PX,) * 2, np.uint8)) > 0)
