"""Frames of a short video with their masks, held in memory so that every pass but the first decodes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from master_thesis.ops.mask import PackedMask
from master_thesis.video.io.mask_values import Mask
from master_thesis.video.io.masks import Masks
from master_thesis.video.io.raw_masks import MaskTally
from master_thesis.video.io.source import TimedFrame, VideoSource

HELD_BYTES = 192 * 2**20
"""A video whose decoded frames take more is decoded in every pass: about 100 frames at 854 x 480."""


@dataclass
class HeldMasks:
    """The masks of a video, with the frames that were decoded if all of them fit into memory.

    Attributes:
        masks: the masks.
        limit: bytes that may be held.
    """

    masks: Masks
    limit: int = HELD_BYTES
    _held: list[tuple[TimedFrame, PackedMask]] | None = None

    @property
    def video(self) -> VideoSource:
        """The video they belong to."""
        return self.masks.video

    def pairs(self, tally: MaskTally | None = None) -> Iterator[tuple[TimedFrame, Mask]]:
        """Yields every frame with its mask; neither may be written to.

        Args:
            tally: receives the counts if the frames are decoded.

        Raises:
            UserError: see :meth:`~master_thesis.video.io.masks.Masks.pairs`.
        """
        if self._held is not None:
            yield from ((frame, packed.mask) for frame, packed in self._held)
            return
        held: list[tuple[TimedFrame, PackedMask]] = []
        for frame, mask in self.masks.pairs(tally):
            if self.limit:
                held.append((frame, PackedMask.of(mask)))
                if max(len(held), self.video.info.estimated_frames) * num_bytes(frame) > self.limit:
                    held.clear()
                    self.limit = 0
            yield frame, mask
        self._held = held if self.limit else None

    def forget(self) -> None:
        """Frees the memory; frames are decoded again from now on."""
        self._held, self.limit = None, 0


def num_bytes(frame: TimedFrame) -> int:
    """The memory of a decoded frame."""
    arrays = [array for array in (frame.image, frame.alpha) if array is not None]
    planes = [] if frame.native is None else frame.native.planes
    return sum(array.nbytes for array in arrays) + sum(plane.buffer_size for plane in planes)
