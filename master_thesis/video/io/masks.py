"""Reads the masks of a video: one image, a folder of images, a video, or the transparency of the video itself.

Convention:
    A mask is bool, ``(H, W)``, True = hole, in the stored size and orientation of the video. People draw on what they
    see, so masks of a video that players rotate are read as drawn on displayed frames, unless only the stored size
    fits. In a mask video, which is lossy, values above 127 are hole (images:
    :func:`master_thesis.images.codec.read_mask`).
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
from master_thesis.images.masks import dilate, resize_mask
from master_thesis.video.io.decoding import VideoFile
from master_thesis.video.io.orientation import to_displayed, to_stored
from master_thesis.video.io.source import TimedFrame, VideoInfo, VideoSource

Mask = Bool[np.ndarray, "H W"]

ALPHA = "alpha"
"""Value of ``--mask``: transparent pixels of the video are the hole."""

SAME_SHAPE = 0.02
"""Masks are resized if their aspect ratio differs from that of the video by at most this share."""

CROSS = (3, 3)
"""Filter that widens holes by one pixel."""


@dataclass
class MaskTally:
    """Counts of how frames were paired with masks.

    Attributes:
        used: masks with a frame.
        held: frames after the last mask, which repeat it.
        absent: frames without a mask of their name, which have no hole.
        extra: masks without a frame.
        resized_from: height and width of masks that were resized, if any.
    """

    used: int = 0
    held: int = 0
    absent: int = 0
    extra: int = 0
    resized_from: tuple[int, int] | None = None


@runtime_checkable
class RawMasks(Protocol):
    """Masks as stored on disk."""

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with its mask as drawn; None: no hole. Yielding an object again means an equal mask."""
        ...


@dataclass(frozen=True)
class Masks:
    """The masks of a video: fitted to its size and orientation, inverted and widened.

    Attributes:
        raw: the masks as stored.
        video: the video they belong to.
        invert: swap hole and known.
        dilation: pixels by which holes are widened (3 x 3 cross).
    """

    raw: RawMasks
    video: VideoSource
    invert: bool = False
    dilation: int = 0

    def pairs(self, tally: MaskTally | None = None) -> Iterator[tuple[TimedFrame, Mask]]:
        """Decodes the video once and yields every frame with its mask; equal masks in a row are fitted once.

        Args:
            tally: receives the counts.

        Raises:
            UserError: a frame or a mask cannot be read, or a mask has another aspect ratio than the video.
        """
        tally = tally or MaskTally()
        no_hole = np.zeros(self.video.info.size, bool)
        last_raw, last = None, no_hole
        for frame, raw in self.raw.pairs(self.video.frames(), tally):
            if raw is not None and raw is not last_raw:
                fitted = fit_mask(raw, self.video.info, tally)
                last_raw, last = raw, dilate(~fitted if self.invert else fitted, CROSS, self.dilation)
            yield frame, no_hole if raw is None else last


def open_masks(mask: str, video: VideoSource, object_ids: Sequence[int] | None, invert: bool, dilation: int) -> Masks:
    """Opens the masks of a video.

    Args:
        mask: an image for all frames, a folder of images, a video, or ``alpha``.
        video: the video they belong to.
        object_ids: values of indexed or grey masks that are holes; empty or None: all above 0.
        invert: swap hole and known.
        dilation: pixels by which holes are widened.

    Raises:
        UserError: the path does not exist, or cannot serve as masks.
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
        require(bool(images), f"--mask {mask}: contains no images")
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
        """Yields the same mask with every frame."""
        mask = read_mask(self.path, self.object_ids)
        tally.used = 1
        for frame in frames:
            yield frame, mask


@dataclass(frozen=True)
class MaskFolder:
    """A folder of images, matched by name or in order.

    Attributes:
        paths: the images, in natural order.
        object_ids: values that are holes; None: all above 0.
        is_named: match by file name without suffix; otherwise in order.
    """

    paths: Sequence[Path]
    object_ids: tuple[int, ...] | None
    is_named: bool

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with the mask of its name or position."""
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
    """A black and white video, matched in order."""

    source: VideoFile

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with the mask frame of its position."""
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
    """The transparency of the video itself."""

    display_matrix: tuple[int, ...] | None

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with its transparent pixels."""
        for frame in frames:
            tally.used += 1
            assert frame.alpha is not None, "VideoInfo.has_alpha"
            yield frame, to_displayed(frame.alpha < 128, self.display_matrix)


def fit_mask(mask: Mask, info: VideoInfo, tally: MaskTally) -> Bool[np.ndarray, "h w"]:
    """Brings a mask as drawn to the stored orientation and size of a video.

    Raises:
        UserError: the aspect ratio differs from that of the video.
    """
    is_upright = _aspect_difference(mask.shape, info.displayed_size) <= SAME_SHAPE
    oriented = to_stored(mask, info.display_matrix) if is_upright else mask
    height, width = info.displayed_size
    require(
        _aspect_difference(oriented.shape, info.size) <= SAME_SHAPE,
        f"masks should have the shape of the video, {width} x {height}, got {mask.shape[1]} x {mask.shape[0]}",
    )
    if oriented.shape != info.size:
        tally.resized_from = (mask.shape[0], mask.shape[1])
    return resize_mask(np.ascontiguousarray(oriented), info.size, cv2.INTER_NEAREST)


def _aspect_difference(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """By which share the aspect ratios of two sizes differ."""
    return abs((a[0] * b[1]) / (a[1] * b[0]) - 1)
