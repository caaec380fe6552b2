"""Masks from whatever people have: one image, a folder, a video, the video's own transparency.

Convention:
    A mask is bool, ``(H, W)``, True = hole, in the stored size and orientation of the video. People draw on what they
    see, so masks of a video that players turn are taken to be upright, unless only the stored size fits.
    A mask video is lossy, so there values above 127 count (images: see :func:`master_thesis.images.codec.read_mask`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Bool

from master_thesis.errors import require
from master_thesis.images.codec import read_mask
from master_thesis.images.listing import IMAGE_SUFFIXES, images_in
from master_thesis.video.io.decoding import VideoFile
from master_thesis.video.io.orientation import swaps_axes, to_displayed, to_stored
from master_thesis.video.io.source import TimedFrame, VideoInfo, VideoSource

Mask = Bool[np.ndarray, "H W"]

ALPHA = "alpha"
"""``--mask alpha``: transparent pixels of the video are the hole."""

SAME_SHAPE = 0.02
"""Masks of another size are enlarged or reduced if their aspect differs by at most this share."""


@dataclass
class MaskTally:
    """What happened while frames were paired with masks.

    Attributes:
        used: masks that found their frame.
        held: frames that came after the last mask and kept it.
        absent: frames without a mask of their name: they have no hole.
        extra: masks that found no frame.
        resized_from: height and width of masks that had to be resized, if any.
    """

    used: int = 0
    held: int = 0
    absent: int = 0
    extra: int = 0
    resized_from: tuple[int, int] | None = None


@runtime_checkable
class RawMasks(Protocol):
    """Masks as they lie on disk."""

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Every frame with its mask, upright; None: it has no hole. The same object again means the same mask."""
        ...


@dataclass(frozen=True)
class Masks:
    """The masks of a video: read, brought to its size and orientation, inverted and widened as wanted.

    Attributes:
        raw: where they come from.
        video: the video they belong to.
        invert: hole and known are swapped.
        dilation: by how many pixels holes are widened (3 x 3 cross).
    """

    raw: RawMasks
    video: VideoSource
    invert: bool = False
    dilation: int = 0

    def pairs(self, tally: MaskTally | None = None) -> Iterator[tuple[TimedFrame, Mask]]:
        """Plays the video, every frame with its mask.

        Args:
            tally: counts what was held, left out or resized.

        Raises:
            UserError: a frame or a mask cannot be read, or a mask has another shape than the video.
        """
        tally = tally or MaskTally()
        no_hole = np.zeros(self.video.info.size, bool)
        last_raw, last = None, no_hole
        for frame, raw in self.raw.pairs(self.video.frames(), tally):
            if raw is not None and raw is not last_raw:
                fitted = fit_mask(raw, self.video.info, tally)
                last_raw, last = raw, dilate(~fitted if self.invert else fitted, self.dilation)
            yield frame, no_hole if raw is None else last


def open_masks(mask: str, video: VideoSource, object_ids: Sequence[int] | None, invert: bool, dilation: int) -> Masks:
    """Opens the masks of a video.

    Args:
        mask: an image for all frames, a folder of images, a video, or ``alpha``.
        video: the video they belong to.
        object_ids: which values of indexed or grey masks are holes; None: all above 0.
        invert: hole and known are swapped.
        dilation: by how many pixels holes are widened.

    Raises:
        UserError: there is nothing there, or nothing that can be a mask.
    """
    return Masks(_open_raw(mask, video, tuple(object_ids) if object_ids else None), video, invert, dilation)


def _open_raw(mask: str, video: VideoSource, object_ids: tuple[int, ...] | None) -> RawMasks:
    path = Path(mask)
    if mask == ALPHA and not path.exists():
        has_alpha = video.info.has_alpha
        require(has_alpha, f"--mask alpha needs a video with transparency, {video.info.path} has none")
        return AlphaMasks(video.info.display_matrix)
    require(path.exists(), f"--mask {mask}: there is no such file or folder")
    if path.is_dir():
        images = images_in(path)
        require(bool(images), f"--mask {mask}: holds no images")
        names = {Path(name).stem for name in video.info.names}
        return MaskFolder(images, object_ids, is_named=any(image.stem in names for image in images))
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return StillMask(path, object_ids)
    require(object_ids is None, f"--object_ids needs indexed images, --mask {mask} is a video")
    return MaskVideo(VideoFile(path))


@dataclass(frozen=True)
class StillMask:
    """One image for all frames."""

    path: Path
    object_ids: tuple[int, ...] | None

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """The same mask with every frame."""
        mask = read_mask(self.path, self.object_ids)
        tally.used = 1
        for frame in frames:
            yield frame, mask


@dataclass(frozen=True)
class MaskFolder:
    """A folder of images, matched by name where frames have such names, else by order."""

    paths: Sequence[Path]
    object_ids: tuple[int, ...] | None
    is_named: bool

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Every frame with the mask of its name or place."""
        by_name = {path.stem: path for path in self.paths}
        mask: Mask | None = None
        for index, frame in enumerate(frames):
            in_order = self.paths[index] if index < len(self.paths) else None
            path = by_name.get(Path(frame.name).stem) if self.is_named else in_order
            if path is not None:
                tally.used += 1
                mask = read_mask(path, self.object_ids)
            elif self.is_named:
                tally.absent += 1
                mask = None
            else:
                tally.held += 1
            yield frame, mask
        tally.extra = len(self.paths) - tally.used


@dataclass(frozen=True)
class MaskVideo:
    """A black and white video, matched by order."""

    source: VideoFile

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Every frame with the mask frame of its place."""
        drawn = self.source.frames()
        mask: Mask | None = None
        for frame in frames:
            picture = next(drawn, None)
            if picture is None:
                tally.held += 1
            else:
                tally.used += 1
                mask = to_displayed(picture.image.max(axis=-1) > 127, self.source.info.display_matrix)
            yield frame, mask
        tally.extra = sum(1 for _ in drawn)


@dataclass(frozen=True)
class AlphaMasks:
    """What the video itself shows through is the hole."""

    display_matrix: tuple[int, ...] | None

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Every frame with its transparent pixels."""
        for frame in frames:
            tally.used += 1
            assert frame.alpha is not None  # the video said that it has transparency
            yield frame, to_displayed(frame.alpha < 128, self.display_matrix)


def fit_mask(mask: Mask, info: VideoInfo, tally: MaskTally) -> Bool[np.ndarray, "h w"]:
    """A mask as drawn, in the stored orientation and size of a video.

    Raises:
        UserError: its shape is another than the video's.
    """
    upright = (info.size[1], info.size[0]) if swaps_axes(info.display_matrix) else info.size
    is_upright = _shape_differs(mask.shape, upright) <= SAME_SHAPE
    turned = to_stored(mask, info.display_matrix) if is_upright else mask
    height, width = info.size
    require(
        _shape_differs(turned.shape, info.size) <= SAME_SHAPE,
        f"masks should have the shape of the video, {upright[1]} x {upright[0]}, got {mask.shape[1]} x {mask.shape[0]}",
    )
    if turned.shape == info.size:
        return np.ascontiguousarray(turned)
    tally.resized_from = (mask.shape[0], mask.shape[1])
    return cv2.resize(turned.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST).astype(bool)


def dilate(mask: Mask, pixels: int) -> Mask:
    """A hole widened by a 3 x 3 cross, ``pixels`` times."""
    if not pixels or not mask.any():
        return mask
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return cv2.dilate(mask.astype(np.uint8), cross, iterations=pixels).astype(bool)


def _shape_differs(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """By which share two aspects differ."""
    return abs((a[0] * b[1]) / (a[1] * b[0]) - 1)
