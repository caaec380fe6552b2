"""Masks as people store them: one image, many, a video, or the transparency of the video itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Protocol, runtime_checkable

from master_thesis.images.codec import read_mask_pictures
from master_thesis.video.io.decoding import VideoFile
from master_thesis.video.io.mask_pairing import Numbering
from master_thesis.video.io.mask_values import Mask, MaskRule, ValueTally, VideoRule
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.io.source import TimedFrame


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
class MaskImages:
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
