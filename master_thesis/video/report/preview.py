"""The small video inside the page: before, after and origin stacked in one picture, hence always in step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from master_thesis.video.finished import FinishedFrame
from master_thesis.video.io.encoding import Encoding
from master_thesis.video.io.orientation import to_displayed
from master_thesis.video.io.source import VideoInfo
from master_thesis.video.io.writer import Geometry, Timing, VideoWriter

MAX_SIDE = 640
CRF = 23


class Preview:
    """Writes the three panels of every frame, reduced and as displayed; starts at time 0.

    Args:
        writer: the video of the panels.
        panel_size: height and width of one panel.
        display_matrix: how players rotate the frames; None: not at all.
    """

    def __init__(self, writer: VideoWriter, panel_size: tuple[int, int], display_matrix: Sequence[int] | None) -> None:
        self._writer, self._panel_size, self._matrix = writer, panel_size, display_matrix
        self._first_pts: int | None = None

    def write(self, frame: FinishedFrame) -> None:
        """Appends a frame."""
        if self._first_pts is None:
            self._first_pts = frame.pts
        panels = [self._panel(picture) for picture in (frame.before, frame.after, frame.overlay)]
        self._writer.write(np.concatenate(panels), frame.pts - self._first_pts)

    def _panel(self, picture: UInt8[np.ndarray, "H W 3"]) -> UInt8[np.ndarray, "h w 3"]:
        displayed = np.ascontiguousarray(to_displayed(picture, self._matrix))
        return cv2.resize(displayed, self._panel_size[::-1], interpolation=cv2.INTER_AREA)


@contextmanager
def open_preview(path: Path, info: VideoInfo) -> Iterator[Preview]:
    """Opens a preview of a video; it appears complete when the block ends, or not at all."""
    height, width = info.displayed_size
    scale = min(MAX_SIDE / max(height, width), 1.0)
    height, width = _even(height * scale), _even(width * scale)
    timing = Timing(info.timing.rate, info.timing.time_base)
    with VideoWriter(path, Geometry((3 * height, width)), timing, Encoding(crf=CRF)) as writer:
        yield Preview(writer, (height, width), info.display_matrix)


def _even(side: float) -> int:
    return max(round(side / 2), 1) * 2
