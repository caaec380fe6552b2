"""Reads the masks of a video: images, a video, or the transparency of the video itself.

Convention:
    A mask is bool, ``(H, W)``, True = hole, in the stored size and orientation of the video. People draw on what they
    see, so masks of a video that players rotate or widen are read as drawn on displayed frames, unless only the stored
    size fits. Which values are hole: :mod:`master_thesis.video.io.mask_values`.
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
from master_thesis.images.animation import count_pictures, refuse_animation
from master_thesis.images.listing import IMAGE_SUFFIXES, images_in
from master_thesis.images.masks import resize_mask, widen
from master_thesis.video.io.decoding import VideoFile
from master_thesis.video.io.mask_pairing import numbering
from master_thesis.video.io.mask_values import Mask, rule_for
from master_thesis.video.io.orientation import to_stored
from master_thesis.video.io.raw_masks import (
    AlphaMasks,
    AnimatedMask,
    MaskImages,
    MaskTally,
    MaskVideo,
    RawMasks,
    StillMask,
)
from master_thesis.video.io.source import TimedFrame, VideoInfo, VideoSource

ALPHA = "alpha"
"""Value of ``--mask``: transparent pixels of the video are the hole."""

SAME_RATE = 0.01
"""Rates are equal if they differ by at most this share."""

SAME_SHAPE = 0.02
"""Masks are resized if their aspect ratio differs from that of the video by at most this share."""


@runtime_checkable
class Pairs(Protocol):
    """A video with its masks, which can be read any number of times."""

    @property
    def video(self) -> VideoSource:
        """The video."""
        ...

    def pairs(self, tally: MaskTally | None = None) -> Iterator[tuple[TimedFrame, Mask]]:
        """Yields every frame with its mask (see :meth:`Masks.pairs`)."""
        ...


@dataclass(frozen=True)
class Masks:
    """The masks of a video: fitted to its size and orientation, inverted and widened.

    Attributes:
        raw: the masks as stored.
        video: the video they belong to.
        invert: swap hole and known.
        dilation: pixels by which holes are widened.
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
                last_raw, last = raw, widen(~fitted if self.invert else fitted, self.dilation)
            yield frame, no_hole if raw is None else last


def open_masks(
    mask: str,
    video: VideoSource,
    object_ids: Sequence[int] | None,
    invert: bool,
    dilation: int,
    hold: bool = False,
) -> Masks:
    """Opens the masks of a video.

    Args:
        mask: an image for all frames, an animated image, a folder of images, a video, or ``alpha``.
        video: the video they belong to.
        object_ids: values of indexed or grey masks that are holes; empty or None: see
            :mod:`master_thesis.video.io.mask_values`.
        invert: swap hole and known.
        dilation: pixels by which holes are widened.
        hold: frames without a mask repeat the one before.

    Raises:
        UserError: the path does not exist, or cannot serve as masks.
    """
    return Masks(_open_raw(mask, video, tuple(object_ids) if object_ids else None, hold), video, invert, dilation)


def _open_raw(mask: str, video: VideoSource, object_ids: tuple[int, ...] | None, hold: bool) -> RawMasks:
    path = Path(mask)
    if mask == ALPHA and not path.exists():
        has_alpha = video.info.has_alpha
        require(has_alpha, f"--mask alpha needs a video with transparency, {video.info.path} has none")
        return AlphaMasks(video.info.display_matrix)
    require(path.exists(), f"--mask {mask}: there is no such file or folder")
    if path.is_dir():
        return _open_folder(path, video, object_ids, hold)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        is_animated = count_pictures(path) > 1
        return (AnimatedMask if is_animated else StillMask)(path, rule_for([path], object_ids))
    require(object_ids is None, f"--object_ids needs indexed images, --mask {mask} is a video")
    drawn = VideoFile(path)
    return MaskVideo(drawn, video.info.timing.time_base if are_matched_by_time(drawn.info, video.info) else None)


def _open_folder(path: Path, video: VideoSource, object_ids: tuple[int, ...] | None, hold: bool) -> RawMasks:
    images = images_in(path)
    require(bool(images), f"--mask {path}: contains no images")
    for image in images:
        refuse_animation(image)
    order = numbering([Path(name).stem for name in video.info.names], [image.stem for image in images], hold)
    return MaskImages(images, rule_for(images, object_ids), order, hold)


def are_matched_by_time(masks: VideoInfo, video: VideoInfo) -> bool:
    """Whether a video of masks has another rate than its video and not as many frames, so that times pair them."""
    differs = abs(float(masks.timing.rate / video.timing.rate) - 1) > SAME_RATE
    counts = masks.estimated_frames, video.estimated_frames
    is_as_long = bool(all(counts)) and abs(counts[0] - counts[1]) <= 2
    return differs and not video.names and not is_as_long


def fit_mask(mask: Mask, info: VideoInfo, tally: MaskTally) -> Bool[np.ndarray, "h w"]:
    """Brings a mask as drawn to the stored orientation and size of a video.

    Raises:
        UserError: the aspect ratio differs from that of the video.
    """
    shown = (info.displayed_size, info.shown_size)
    is_upright = any(_aspect_difference(mask.shape, size) <= SAME_SHAPE for size in shown)
    oriented = to_stored(mask, info.display_matrix) if is_upright else mask
    sizes = " or ".join(dict.fromkeys(f"{width} x {height}" for height, width in shown))
    require(
        is_upright or _aspect_difference(mask.shape, info.size) <= SAME_SHAPE,
        f"masks should have the shape of the video, {sizes}, got {mask.shape[1]} x {mask.shape[0]}",
    )
    if oriented.shape != info.size:
        tally.resized_from = (mask.shape[0], mask.shape[1])
    return resize_mask(np.ascontiguousarray(oriented), info.size, cv2.INTER_NEAREST)


def _aspect_difference(a: tuple[int, ...], b: tuple[int, ...]) -> float:
    """By which share the aspect ratios of two sizes differ."""
    return abs((a[0] * b[1]) / (a[1] * b[0]) - 1)
