"""Encoded frames, kept until they change."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from master_thesis.inpainting.canvas import Canvas
from master_thesis.models.aligner import Aligner, Encoded


class FeatureCache:
    """Keeps what an aligner has encoded of the frames of a canvas.

    Args:
        aligner: encodes frames that are not in the cache.
        canvas: where the frames are read.
    """

    def __init__(self, aligner: Aligner, canvas: Canvas) -> None:
        self.aligner = aligner
        self.canvas = canvas
        self._codes: dict[int, tuple[Tensor, ...]] = {}

    def encoded(self, indices: Sequence[int]) -> Encoded:
        """Some frames, encoded; each is encoded once until it is dropped."""
        new = [i for i in dict.fromkeys(indices) if i not in self._codes]
        if new:
            codes = self.aligner.encode(self.canvas.rows(new)).codes
            for row, i in enumerate(new):
                self._codes[i] = tuple(code[row].clone() for code in codes)  # a view would keep the entire batch
        columns = zip(*(self._codes[i] for i in indices), strict=True)
        return Encoded(self.canvas.rows(indices), tuple(torch.stack(column) for column in columns))

    def drop(self, indices: Sequence[int]) -> None:
        """Forgets frames that have been written to."""
        for i in indices:
            self._codes.pop(i, None)
