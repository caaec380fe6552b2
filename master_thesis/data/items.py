"""What data sets hand to loaders: a clip, and what went wrong on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from master_thesis.records import Clip


@dataclass(frozen=True)
class Item:
    """What a data set hands to its loader: a clip, and what went wrong on the way.

    Attributes:
        clip: clips, a batch of one before they are collated; ``None`` if none could be made.
        num_drawn: frames and masks that were to be read.
        unreadable: a message for each that could not.
    """

    clip: Clip | None
    num_drawn: int = 0
    unreadable: tuple[str, ...] = ()

    def pin_memory(self) -> Item:
        """The same with the clip in page-locked memory (called by torch's loader)."""
        return self if self.clip is None else replace(self, clip=self.clip.pin_memory())


def collate(items: Sequence[Item]) -> Item:
    """Joins the clips of several items into one batch."""
    clips = [item.clip for item in items if item.clip is not None]
    clip = None
    if clips:
        clip = Clip(
            torch.cat([c.frames for c in clips]),
            torch.cat([c.mask for c in clips]),
            torch.cat([c.movement for c in clips]),
            torch.cat([c.is_simulated for c in clips]),
            tuple(name for c in clips for name in c.names),
        )
    unreadable = tuple(message for item in items for message in item.unreadable)
    return Item(clip, sum(item.num_drawn for item in items), unreadable)


def to_clip(frames: np.ndarray, masks: np.ndarray, name: str, movement: np.ndarray | None = None) -> Clip:
    """A batch of one clip from frames (F, H, W, 3) and masks (F, H, W); ``movement`` (F, 3, 3) if it is simulated."""
    matrices = np.tile(np.eye(3), (len(frames), 1, 1)) if movement is None else movement
    return Clip(
        torch.from_numpy(np.ascontiguousarray(frames.transpose(3, 0, 1, 2)))[None],
        torch.from_numpy(masks)[None, None],
        torch.from_numpy(matrices.astype(np.float32))[None],
        torch.tensor([movement is not None]),
        (name,),
    )
