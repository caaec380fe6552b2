"""Paints the open pixels of a picture: parts that lie apart one after the other, and narrow ones smoothly."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import torch
from jaxtyping import Float, Shaped

from master_thesis.inpainting.motions import Hole, Picture
from master_thesis.models.painter import Painter, SmoothPainter, surroundings
from master_thesis.ops.banding import without_bands
from master_thesis.ops.image import FINE
from master_thesis.ops.pixels import where_masked
from master_thesis.records import MaskedFrames

SLIVER_PX = 4
"""Open parts narrower than twice this are filled smoothly from their surroundings: a patch there shows as a speck."""
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
        painted, is_left = picture.copy(), is_open.copy()
        for part in _parts_of(is_open):
            place = surroundings(part)
            painted[place] = where_masked(part[place], self._paint_part(painted[place], is_left[place]), painted[place])
            is_left &= ~part
        return painted

    def _paint_part(self, picture: Picture, is_open: Hole) -> Picture:
        """Paints what is wide, and fills what is narrow smoothly."""
        is_wide = _wide_part(is_open)
        painted = self._painted_by(self.painter, picture, is_open) if is_wide.any() else picture
        is_narrow = is_open & ~is_wide
        if not is_narrow.any():
            return painted
        return where_masked(is_narrow, self._painted_by(SmoothPainter(), picture, is_open), painted)

    @torch.no_grad()
    def _painted_by(self, painter: Painter, picture: Picture, is_open: Hole) -> Picture:
        colours = torch.from_numpy(picture).float().div(255).permute(2, 0, 1).unsqueeze(0)
        visible = torch.from_numpy(~is_open).float()[None, None]
        painted = painter.paint(MaskedFrames(colours.to(self.device), visible.to(self.device)))
        result = 255 * painted[0].float().permute(1, 2, 0).cpu().numpy()
        if painter.is_rounded and picture.dtype != np.uint8:
            result = without_bands(result, is_open)
        return rounded(result, picture)


def rounded(colours: Float[np.ndarray, "*N 3"], like: Picture) -> Shaped[np.ndarray, "*N 3"]:
    """Colours in [0, 255], as fine as those of a picture."""
    steps, most = (1, 255) if like.dtype == np.uint8 else (FINE, 2**16 - 1)
    return (np.rint(colours * steps).clip(0, most) / steps).astype(like.dtype)


def _parts_of(is_open: Hole) -> Iterator[Hole]:
    """Yields the parts that lie apart, the largest first."""
    together = cv2.dilate(is_open.astype(np.uint8), np.ones((2 * APART_PX + 1,) * 2, np.uint8))
    _, label = cv2.connectedComponents(together)
    label[~is_open] = 0
    sizes = np.bincount(label.ravel())
    for number in np.argsort(-sizes[1:], kind="stable") + 1:
        yield label == number


def _wide_part(is_open: Hole) -> Hole:
    """The parts that are wider than slivers, with their corners."""
    side = 2 * SLIVER_PX + 1
    core = cv2.erode(is_open.astype(np.uint8), np.ones((side, side), np.uint8), borderValue=0)
    return is_open & (cv2.dilate(core, np.ones((side + SLIVER_PX,) * 2, np.uint8)) > 0)
