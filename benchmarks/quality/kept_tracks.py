"""Carried masks on disk, so that what is made of them can be measured again without carrying them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from master_thesis.masking.carrying import Carried, Tracker
from master_thesis.masking.views import SoftMask


class KeptTracks:
    """A tracker that carries what is not there yet, and keeps it.

    Args:
        tracker: carries masks.
        prefix: the beginning of the names of the files.

    Attributes:
        seconds: of the processor, for all that was carried, now or before.
    """

    def __init__(self, tracker: Tracker, prefix: Path) -> None:
        self.tracker, self.prefix = tracker, prefix
        self.size = tracker.size
        self.seconds = 0.0

    def carry(self, keys: Mapping[int, SoftMask], route: Sequence[int]) -> Iterator[Carried]:
        """Carries the mask of the first frame of a route along it (contract: `Tracker`)."""
        path = self.prefix.with_name(f"{self.prefix.name}-{route[0]}-{route[-1]}.npz")
        if not path.exists():
            start = time.process_time()
            carried = list(self.tracker.carry(keys, route))
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(
                path,
                masks=np.stack([each.mask for each in carried]).astype(np.float16),
                returned=[each.returned for each in carried],
                seconds=time.process_time() - start,
            )
        content = np.load(path)
        self.seconds += float(content["seconds"])
        for frame, mask, returned in zip(route[1:], content["masks"], content["returned"], strict=True):
            yield Carried(frame, mask.astype(np.float32), float(returned))
