"""Decides which values of a mask are hole: one rule for images and videos of every format.

Convention:
    Values above 127 are hole. Where compression may have moved them, values up to 143 still count as 127, so that a
    zone of that value is in as a zone or out as a zone. Three kinds of images hold numbers instead of brightness, in
    which everything but 0 is hole: indexed ones, lossless grey ones that are dark throughout (0 and 1), and lossless
    coloured ones, whose black is not exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from master_thesis.images.codec import MaskPicture, read_mask_pictures

Mask = Bool[np.ndarray, "H W"]

BRIGHT = 127
"""Larger values are hole."""
BRIGHT_LOSSY = 143
"""The same where compression may have moved 127."""
COLOURED = 31
"""Larger values of a colour are hole."""
FAINT = 16
"""Values up to it are noise."""
SAMPLES = 16
"""Images of a folder that are read ahead to see whether they hold numbers."""


@dataclass
class ValueTally:
    """What the values of masks were.

    Attributes:
        brightest: the largest value.
        num_hole: pixels that are hole.
        num_grey: pixels that are neither hole nor noise.
    """

    brightest: int = 0
    num_hole: int = 0
    num_grey: int = 0

    def add(self, brightness: np.ndarray, hole: Mask) -> None:
        """Counts the values of a mask."""
        self.brightest = max(self.brightest, int(brightness.max(initial=0)))
        self.num_hole += int(hole.sum())
        self.num_grey += int(((brightness > FAINT) & ~hole).sum())

    @property
    def grey_percent(self) -> float:
        """Grey pixels in percent of the hole."""
        return 100 * self.num_grey / max(self.num_hole, 1)


@dataclass(frozen=True)
class MaskRule:
    """Which values of images are hole.

    Attributes:
        object_ids: values of indexed or grey images; None: by the convention above.
        are_numbers: whether grey images hold numbers.
    """

    object_ids: tuple[int, ...] | None = None
    are_numbers: bool = False

    def hole(self, picture: MaskPicture, path: Path, tally: ValueTally) -> Mask:
        """The hole of a mask image."""
        if self.object_ids is not None:
            return picture.objects(self.object_ids, path)
        picture = _in_8_bits(picture)
        hole = picture.above(self._threshold(picture), BRIGHT)
        if not picture.is_indexed:
            tally.add(_brightness(picture), hole)
        return hole

    def _threshold(self, picture: MaskPicture) -> int:
        if picture.is_indexed or (self.are_numbers and not picture.is_lossy):
            return 0
        if picture.is_lossy:
            return BRIGHT_LOSSY
        return COLOURED if _is_coloured(picture) else BRIGHT


def rule_for(paths: Sequence[Path], object_ids: tuple[int, ...] | None) -> MaskRule:
    """Looks at some of the images to see which rule they follow."""
    if object_ids is not None:
        return MaskRule(object_ids)
    step = max(len(paths) // SAMPLES, 1)
    pictures = [picture for path in paths[::step] for picture in read_mask_pictures(path)]
    values = [_in_8_bits(picture).values for picture in pictures if not picture.is_indexed]
    return MaskRule(None, all(v.max(initial=0) <= BRIGHT for v in values))


def _in_8_bits(picture: MaskPicture) -> MaskPicture:
    """Values of 16 bits reduced to 8; numbers up to 255 stay."""
    values = picture.values
    is_deep = values.dtype.itemsize > 1 and values.max(initial=0) > 255
    reduced = (values // 257).astype(np.uint8) if is_deep else values
    return MaskPicture(reduced, picture.has_alpha, picture.is_lossy, picture.is_indexed)


def _colours(picture: MaskPicture) -> np.ndarray:
    return picture.values[..., :-1] if picture.has_alpha else picture.values


def _is_coloured(picture: MaskPicture) -> bool:
    if picture.values.ndim == 2 or _colours(picture).shape[-1] < 3:
        return False
    colours = _colours(picture)
    return bool((colours.max(axis=-1) != colours.min(axis=-1)).any())


def _brightness(picture: MaskPicture) -> np.ndarray:
    """One value per pixel: the brightest colour, dimmed to 0 where it is transparent; opacity if all is black."""
    if picture.values.ndim == 2:
        return picture.values
    brightest = _colours(picture).max(axis=-1)
    if not picture.has_alpha:
        return brightest
    opacity = picture.values[..., -1]
    return np.minimum(brightest, opacity) if brightest.any() else opacity


@dataclass(frozen=True)
class VideoRule:
    """Which values of a video are hole: bright and opaque ones; opaque ones where the picture is black."""

    tally: ValueTally = field(default_factory=ValueTally)

    def hole(self, image: np.ndarray, alpha: np.ndarray | None) -> Mask:
        """The hole of a frame."""
        brightness = image.max(axis=-1)
        if alpha is not None:
            brightness = alpha if brightness.max(initial=0) <= FAINT else np.minimum(brightness, alpha)
        hole = brightness > BRIGHT_LOSSY
        self.tally.add(brightness, hole)
        return hole
