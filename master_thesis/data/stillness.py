"""Counts clips without movement, from which an aligner learns nothing and a hallucinator to copy in place."""

from __future__ import annotations

import logging

from master_thesis.records import Clip

log = logging.getLogger(__name__)

MAX_LISTED = 10
"""Sequences that a message names."""


class StillClips:
    """Counts the real clips whose frames are all the same, byte for byte, and remembers their sequences."""

    def __init__(self) -> None:
        self.num_real = 0
        self.num_still = 0
        self.names: dict[str, None] = {}
        self._reported: frozenset[str] = frozenset()

    def add(self, clip: Clip) -> None:
        """Counts the clips of a batch; simulated ones and single frames do not count."""
        frames = clip.frames
        if frames.shape[2] < 2:
            return
        is_still = (frames[:, :, 1:] == frames[:, :, :1]).flatten(1).all(dim=1)
        for name, still, simulated in zip(clip.names, is_still.tolist(), clip.is_simulated.tolist(), strict=True):
            self.num_real += not simulated
            if still and not simulated:
                self.num_still += 1
                self.names[name] = None

    def report(self) -> None:
        """Logs the counts so far, if there are still clips of other sequences than at the last report."""
        if self.names.keys() - self._reported:
            listed = ", ".join(list(self.names)[:MAX_LISTED]) + (", ..." if len(self.names) > MAX_LISTED else "")
            message = (
                "%d of %d real clips stand still, their frames are identical: %s (docs/data.md names such sequences)"
            )
            log.warning(message, self.num_still, self.num_real, listed)
            self._reported = frozenset(self.names)
