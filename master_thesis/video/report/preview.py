"""The small video behind the page: before, after and origin on top of each other, hence always in step."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.video.finished import FinishedFrame
from master_thesis.video.io.orientation import swaps_axes, to_displayed
from master_thesis.video.io.writer import Timing, VideoWriter
from master_thesis.video.preflight import Preflight
from master_thesis.video.provenance import overlay_picture

MAX_SIDE = 640
CRF = 23


class Preview:
    """Writes the three panels of every finished frame, upright and small; a context manager.

    Args:
        path: where the preview goes.
        report: the video that is being filled.
    """

    def __init__(self, path: Path, report: Preflight) -> None:
        assert report.found, "there were no problems"
        info = report.found.info
        self._matrix = info.display_matrix
        height, width = reversed(info.size) if swaps_axes(info.display_matrix) else info.size
        scale = min(MAX_SIDE / max(height, width), 1.0)
        self._size = (_even(height * scale), _even(width * scale))
        self._first_pts: int | None = None
        timing = Timing(info.timing.rate, info.timing.time_base)
        self._writer = VideoWriter(path, (3 * self._size[0], self._size[1]), timing, crf=CRF)

    def __call__(self, frame: FinishedFrame) -> None:
        """Appends a frame; the preview begins at time 0."""
        if self._first_pts is None:
            self._first_pts = frame.pts
        origin = overlay_picture(frame.before, frame.source, frame.number)
        panels = [self._small(picture) for picture in (frame.before, frame.after, origin)]
        self._writer.write(np.concatenate(panels), frame.pts - self._first_pts)

    def _small(self, picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
        upright = np.ascontiguousarray(to_displayed(picture, self._matrix))
        return cv2.resize(upright, self._size[::-1], interpolation=cv2.INTER_AREA)

    def __enter__(self) -> Preview:
        self._writer.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.__exit__(kind, error, trace)


def _even(side: float) -> int:
    return max(round(side / 2), 1) * 2
