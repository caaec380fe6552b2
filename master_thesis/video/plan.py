"""Plans the work on a video: the part of the picture that is processed, and windows of frames that fit into memory.

Convention:
    A window holds the frames ``[start, stop)`` and fills its core ``[core_start, core_stop)``. The frames before the
    core were filled by earlier windows, those after it are filled by later ones; both serve as references. No window
    crosses a cut. A scene that fits into one window is one window: exactly the algorithm on the complete sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from master_thesis.errors import require
from master_thesis.video.io.masks import Masks
from master_thesis.video.survey import Box, Survey

WORKING_MULTIPLE = 8
MIN_MARGIN = 32
"""Smallest margin of a crop around its hole, in pixels."""


@dataclass(frozen=True)
class Scene:
    """The frames ``[start, stop)`` between two cuts, and how they are reduced for processing.

    Attributes:
        start: number of the first frame.
        stop: number after the last frame.
        crop: the part of every frame that is processed.
        working_size: height and width of the crop during processing.
    """

    start: int
    stop: int
    crop: Box
    working_size: tuple[int, int]


@dataclass(frozen=True)
class Window:
    """Frames that are processed together; see the convention above."""

    scene: Scene
    start: int
    core_start: int
    core_stop: int
    stop: int

    @property
    def numbers(self) -> range:
        """Numbers of all its frames."""
        return range(self.start, self.stop)

    @property
    def core(self) -> range:
        """Numbers of the frames that it fills."""
        return range(self.core_start, self.core_stop)


@dataclass(frozen=True)
class VideoPlan:
    """Everything needed to fill a video that passed all checks.

    Attributes:
        output: path of the result.
        masks: the video with its masks.
        survey: what the pass over the frames found.
        scenes: the scenes that have a hole.
        windows: the windows that have a hole in their core, in order.
    """

    output: Path
    masks: Masks
    survey: Survey
    scenes: list[Scene]
    windows: list[Window]

    @property
    def largest_size(self) -> tuple[int, int]:
        """The largest height and width at which frames are processed."""
        return max((scene.working_size for scene in self.scenes), key=lambda size: size[0] * size[1])

    def frames_to_fill(self, window: Window) -> list[int]:
        """Numbers of the frames with a hole in the core of a window."""
        return [n for n in window.core if self.survey.boxes[n] is not None]


def plan_scenes(
    boxes: Sequence[Box | None], cuts: Sequence[int], size: tuple[int, int], working_size: tuple[int, int] | None
) -> list[Scene]:
    """The scenes that have a hole.

    Args:
        boxes: the box around the hole of every frame; None: no hole.
        cuts: numbers of the frames that start a new scene.
        size: height and width of the video.
        working_size: the number of pixels to process, as height and width; None: the crop around the hole as it is.
    """
    scenes = []
    for start, stop in itertools.pairwise([0, *cuts, len(boxes)]):
        holes = [box for box in boxes[start:stop] if box is not None]
        if not holes:
            continue
        crop = Box(0, 0, *size) if working_size else with_margin(reduce(Box.union, holes), size)
        scenes.append(Scene(start, stop, crop, reduced_size(crop.size, working_size)))
    return scenes


def with_margin(box: Box, size: tuple[int, int]) -> Box:
    """A box with half its extent (at least ``MIN_MARGIN``) on each side, inside a frame of ``size``.

    Aligners need surroundings to estimate motion, and references show what is hidden beside the hole.
    """
    (height, width), (h, w) = size, box.size
    y, x = max(h // 2, MIN_MARGIN), max(w // 2, MIN_MARGIN)
    return Box(max(box.top - y, 0), max(box.left - x, 0), min(box.bottom + y, height), min(box.right + x, width))


def reduced_size(size: tuple[int, int], working_size: tuple[int, int] | None) -> tuple[int, int]:
    """A size with as many pixels as ``working_size``, in the shape of ``size`` and never larger.

    >>> reduced_size((1080, 1920), (240, 480)), reduced_size((1920, 1080), (240, 480)), reduced_size((99, 100), None)
    ((256, 456), (456, 256), (99, 100))
    """
    height, width = size
    scale = ((working_size[0] * working_size[1]) / (height * width)) ** 0.5 if working_size else 1.0
    if scale >= 1:
        return size

    def fit(side: int) -> int:
        return max(round(side * scale / WORKING_MULTIPLE), 1) * WORKING_MULTIPLE

    return min(fit(height), height), min(fit(width), width)


def plan_windows(scenes: Sequence[Scene], has_hole: Sequence[bool], window: int, reach: int) -> list[Window]:
    """The windows in order, without those whose core has no hole.

    Args:
        scenes: the scenes.
        has_hole: whether each frame of the video has a hole.
        window: frames per window.
        reach: how many frames away a frame can be filled from.

    Raises:
        UserError: a scene is longer than a window that is too short for a core.
    """
    windows: list[Window] = []
    for scene in scenes:
        fits = scene.stop - scene.start <= window
        least = 2 * reach + 1
        require(
            fits or window >= least,
            f"--window should be at least {least} (twice the reach of {reach} frames, plus one), got {window}",
        )
        core_start = scene.start
        while core_start < scene.stop:
            start = max(core_start - reach, scene.start)
            is_last = scene.stop - start <= window
            stop = scene.stop if is_last else start + window
            core_stop = scene.stop if is_last else stop - reach
            if any(has_hole[core_start:core_stop]):
                windows.append(Window(scene, start, core_start, core_stop, stop))
            core_start = core_stop
    return windows
