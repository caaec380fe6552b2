"""The items that data sets pass to their loaders, and how they are made and joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from master_thesis.records import Clip


@dataclass(frozen=True)
class Item:
    """A clip with the faults met while it was made.

    Attributes:
        clip: the clip, a batch of one until items are collated; None if none could be made.
        num_drawn: number of frames and masks drawn.
        unreadable: a message for each of them that could not be read.
    """

    clip: Clip | None
    num_drawn: int = 0
    unreadable: tuple[str, ...] = ()

    def pin_memory(self) -> Item:
        """Moves the clip to page-locked memory; called by torch's loader."""
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
    """Makes a batch of one clip.

    Args:
        frames: uint8, ``(F, H, W, 3)``.
        masks: bool, ``(F, H, W)``.
        name: the background sequence.
        movement: the simulated movement, ``(F, 3, 3)``; None: the clip is not simulated.
    """
    matrices = np.tile(np.eye(3), (len(frames), 1, 1)) if movement is None else movement
    return Clip(
        torch.from_numpy(np.ascontiguousarray(frames.transpose(3, 0, 1, 2)))[None],
        torch.from_numpy(masks)[None, None],
        torch.from_numpy(matrices.astype(np.float32))[None],
        torch.tensor([movement is not None]),
        (name,),
    )
