"""The data set of test clips, made from the sequences of DAVIS."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from master_thesis.configs.data import DataConfig
from master_thesis.data import warping
from master_thesis.data.items import Item, to_clip
from master_thesis.data.sampling import regular_clip
from master_thesis.data.sequences import DavisSequence
from master_thesis.images.codec import read_frame, read_mask
from master_thesis.images.header import UnreadableFrame
from master_thesis.images.masks import dilate, resize_mask


class DavisClips(Dataset[Item]):
    """Test sequences at ``test_size``: complete (``frames_n`` -1), or one clip at every ``frames_spacing``-th frame.

    The item of a sequence with an unreadable file has no clip, but a message.
    """

    def __init__(self, config: DataConfig, sequences: Sequence[DavisSequence]) -> None:
        self.config = config
        self.items = [(sequence, clip) for sequence in sequences for clip in self._clips(len(sequence.frames))]

    def _clips(self, length: int) -> list[list[int]]:
        c = self.config
        if c.frames_n == -1:
            return [list(range(length))]
        targets = range(0, length, c.frames_spacing)
        return [regular_clip(target, length, c.frames_n, c.frames_spacing) for target in targets]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Item:
        sequence, chosen = self.items[position]
        try:
            frames = np.stack([self._frame(sequence.frames[i]) for i in chosen])
            masks = np.stack([self._mask(sequence, i) for i in chosen])
        except UnreadableFrame as error:
            return Item(None, len(chosen), (f"{sequence.name}: {error}",))
        return Item(to_clip(frames, masks, sequence.name), len(chosen))

    def _frame(self, path: str) -> np.ndarray:
        size = self.config.test_size
        return warping.resize_frame(read_frame(path, size), size)

    def _mask(self, sequence: DavisSequence, i: int) -> np.ndarray:
        c, path = self.config, sequence.masks[i]
        if path is None:
            raise UnreadableFrame(f"{sequence.frames[i]} has no mask: every frame needs one of the same name")
        mask = resize_mask(read_mask(path), c.test_size)
        return dilate(mask, c.dilatation_filter_size, c.dilatation_iterations)
