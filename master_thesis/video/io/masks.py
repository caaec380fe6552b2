"""Reads the masks of a video: images, a video, or the transparency of the video itself.

Convention:
    A mask is bool, ``(H, W)``, True = hole, in the stored size and orientation of the video. People draw on what they
    see, so masks of a video that players rotate or widen are read as drawn on displayed frames, unless only the stored
    size fits. Which values are hole: :mod:`master_thesis.video.io.mask_values`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

import cv2
import numpy as np
from jaxtyping import Bool

from master_thesis.errors import require
from master_thesis.images.animation import count_pictures, refuse_animation
from master_thesis.images.codec import read_mask_pictures
from master_thesis.images.listing import IMAGE_SUFFIXES, images_in
from master_thesis.images.masks import dilate, resize_mask
from master_thesis.video.io.decoding import VideoFile
from master_thesis.video.io.mask_pairing import Numbering, numbering
from master_thesis.video.io.mask_values import Mask, MaskRule, ValueTally, VideoRule, rule_for
from master_thesis.video.io.orientation import to_displayed, to_stored
from master_thesis.video.io.source import TimedFrame, VideoInfo, VideoSource

ALPHA = "alpha"
"""Value of ``--mask``: transparent pixels of the video are the hole."""

SAME_RATE = 0.01
"""Rates are equal if they differ by at most this share."""

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
        values: what the values of the masks were.
        notes: what else is to be said, one line each.
    """

    used: int = 0
    held: int = 0
    absent: int = 0
    extra: int = 0
    resized_from: tuple[int, int] | None = None
    values: ValueTally = field(default_factory=ValueTally)
    notes: list[str] = field(default_factory=list)


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
    return MaskFolder(images, rule_for(images, object_ids), order, hold)


def are_matched_by_time(masks: VideoInfo, video: VideoInfo) -> bool:
    """Whether a video of masks has another rate than its video and not as many frames, so that times pair them."""
    differs = abs(float(masks.timing.rate / video.timing.rate) - 1) > SAME_RATE
    counts = masks.estimated_frames, video.estimated_frames
    is_as_long = bool(all(counts)) and abs(counts[0] - counts[1]) <= 2
    return differs and not video.names and not is_as_long


@dataclass(frozen=True)
class StillMask:
    """One image for all frames."""

    path: Path
    rule: MaskRule

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields the same mask with every frame."""
        mask = self.rule.hole(next(read_mask_pictures(self.path)), self.path, tally.values)
        tally.used = 1
        for frame in frames:
            yield frame, mask


@dataclass(frozen=True)
class AnimatedMask:
    """An animated image, or one with pages, matched in order."""

    path: Path
    rule: MaskRule

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with the picture of its position."""
        drawn = (self.rule.hole(p, self.path, tally.values) for p in read_mask_pictures(self.path))
        yield from _in_order(frames, drawn, tally)


def _in_order(
    frames: Iterator[TimedFrame], drawn: Iterator[Mask], tally: MaskTally
) -> Iterator[tuple[TimedFrame, Mask | None]]:
    """Pairs frames and masks by position; the last mask is repeated."""
    mask: Mask | None = None
    for frame in frames:
        drawn_next = next(drawn, None)
        tally.used, tally.held = tally.used + (drawn_next is not None), tally.held + (drawn_next is None)
        mask = mask if drawn_next is None else drawn_next
        yield frame, mask
    tally.extra = sum(1 for _ in drawn)


@dataclass(frozen=True)
class MaskFolder:
    """A folder of images, matched by name or in order.

    Attributes:
        paths: the images, in natural order.
        rule: which values are hole.
        order: how they are matched.
        hold: frames without a mask repeat the one before.
    """

    paths: Sequence[Path]
    rule: MaskRule
    order: Numbering
    hold: bool = False

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with the mask of its name or position."""
        tally.notes += [self.order.note] if self.order.note else []
        drawn = {self.order.key(index, path.stem): path for index, path in enumerate(self.paths)}
        mask: Mask | None = None
        for index, frame in enumerate(frames):
            path = drawn.get(Path(frame.name).stem if self.order.by_name else index)
            if path is not None:
                tally.used += 1
                mask = self.rule.hole(next(read_mask_pictures(path)), path, tally.values)
            elif self.order.by_name or (self.order.by_number and not self.hold):
                tally.absent += not self.hold
                mask = mask if self.hold else None
            else:
                tally.held += not self.hold
            yield frame, mask
        tally.extra = len(self.paths) - tally.used


@dataclass(frozen=True)
class MaskVideo:
    """A black and white video, matched in order, or by time.

    Attributes:
        source: the video of masks.
        time_base: of the video that it belongs to, if times match them; None: in order.
    """

    source: VideoFile
    time_base: Fraction | None = None

    def pairs(self, frames: Iterator[TimedFrame], tally: MaskTally) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with the mask of its position or time."""
        if self.time_base is None:
            yield from _in_order(frames, (mask for mask, _ in self._drawn(tally)), tally)
        else:
            rate = float(self.source.info.timing.rate)
            tally.notes.append(f"masks of another rate ({rate:.4g} per second) are matched by time")
            yield from self._by_time(frames, self.time_base, tally)

    def _drawn(self, tally: MaskTally) -> Iterator[tuple[Mask, Fraction]]:
        rule, info = VideoRule(tally.values), self.source.info
        for frame in self.source.frames():
            mask = to_displayed(rule.hole(frame.image, frame.alpha), info.display_matrix)
            yield mask, frame.pts * info.timing.time_base

    def _by_time(
        self, frames: Iterator[TimedFrame], time_base: Fraction, tally: MaskTally
    ) -> Iterator[tuple[TimedFrame, Mask | None]]:
        """Yields every frame with the mask that is shown at its time, counted from the first frame and mask."""
        drawn, interval = self._drawn(tally), 1 / self.source.info.timing.rate
        mask, start = next(drawn)
        upcoming, time, tally.used = next(drawn, None), Fraction(0), 1
        first: int | None = None
        for frame in frames:
            first = frame.pts if first is None else first
            now = (frame.pts - first) * time_base
            while upcoming is not None and upcoming[1] - start <= now + interval / 100:
                (mask, shown_at), tally.used = upcoming, tally.used + 1
                time, upcoming = shown_at - start, next(drawn, None)
            tally.held += upcoming is None and now >= time + interval
            yield frame, mask
        tally.extra = sum(1 for _ in drawn) + (upcoming is not None)


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
