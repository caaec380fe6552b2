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

from master_thesis.configs.video import AUTO, ORIGINAL, WorkingSize
from master_thesis.errors import require
from master_thesis.video.io.held import HeldMasks
from master_thesis.video.survey import Box, Survey

WORKING_MULTIPLE = 8
MIN_MARGIN = 32
"""Smallest margin of a crop around its hole, in pixels."""
AUTO_MARGIN = 96
"""The same for ``AUTO``: small holes get enough surroundings to estimate motion."""
AUTO_PIXELS = 2**19
"""Largest number of pixels of a crop that ``AUTO`` processes as they are: half a megapixel."""
SOFT_BELOW = 0.7
"""Scale of the working size at which a result is visibly softer than its surroundings."""
WINDOW_FRAMES = 100
WINDOW_PIXELS = 24 * 2**20
"""Pixels of all frames of a window, unless ``--window`` is given: less than 1 GiB of memory."""
STORED_PIXELS = 192 * 2**20
"""The same where frames are stored on disk: as much memory, and 0.6 GB of disk space."""


@dataclass(frozen=True)
class Scene:
    """The frames ``[start, stop)`` between two cuts, and how they are reduced for processing.

    Attributes:
        start: number of the first frame.
        stop: number after the last frame.
        crop: the part of every frame that is processed.
        working_size: height and width of the crop during processing.
        is_stored: whether frames wait on disk while a window is filled.
    """

    start: int
    stop: int
    crop: Box
    working_size: tuple[int, int]
    is_stored: bool = False

    @property
    def scale(self) -> float:
        """The working size as a share of the size in the video, in (0, 1]."""
        (height, width), (h, w) = self.crop.size, self.working_size
        return min(h / height, w / width)


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
    masks: HeldMasks
    survey: Survey
    scenes: list[Scene]
    windows: list[Window]

    def frames_to_fill(self, window: Window) -> list[int]:
        """Numbers of the frames with a hole in the core of a window."""
        return [n for n in window.core if self.survey.boxes[n] is not None]


def plan_scenes(
    boxes: Sequence[Box | None], cuts: Sequence[int], size: tuple[int, int], working_size: WorkingSize
) -> list[Scene]:
    """The scenes that have a hole.

    Args:
        boxes: the box around the hole of every frame; None: no hole.
        cuts: numbers of the frames that start a new scene.
        size: height and width of the video.
        working_size: the number of pixels to process, as height and width; None: the crop around the hole as it is;
            ``AUTO``: the same, reduced to ``AUTO_PIXELS``; ``ORIGINAL``: never reduced, frames stored on disk.
    """
    scenes = []
    for start, stop in itertools.pairwise([0, *cuts, len(boxes)]):
        holes = [box for box in boxes[start:stop] if box is not None]
        if not holes:
            continue
        hole = reduce(Box.union, holes)
        if working_size == AUTO:
            crop, num_pixels = with_margin(hole, size, AUTO_MARGIN), AUTO_PIXELS
        elif working_size == ORIGINAL:
            crop, num_pixels = with_margin(hole, size, AUTO_MARGIN), None
        elif working_size is None:
            crop, num_pixels = with_margin(hole, size), None
        else:
            crop, num_pixels = Box(0, 0, *size), working_size[0] * working_size[1]
        scenes.append(Scene(start, stop, crop, reduced_size(crop.size, num_pixels), working_size == ORIGINAL))
    return scenes


def with_margin(box: Box, size: tuple[int, int], least: int = MIN_MARGIN) -> Box:
    """A box with half its extent (at least ``least`` pixels) on each side, inside a frame of ``size``.

    Aligners need surroundings to estimate motion, and references show what is hidden beside the hole.
    """
    (height, width), (h, w) = size, box.size
    y, x = max(h // 2, least), max(w // 2, least)
    return Box(max(box.top - y, 0), max(box.left - x, 0), min(box.bottom + y, height), min(box.right + x, width))


def reduced_size(size: tuple[int, int], num_pixels: int | None) -> tuple[int, int]:
    """A size of about ``num_pixels`` (None: any number), in the shape of ``size`` and never larger.

    >>> reduced_size((1080, 1920), 240 * 480), reduced_size((1920, 1080), 240 * 480), reduced_size((99, 100), None)
    ((256, 456), (456, 256), (99, 100))
    """
    height, width = size
    scale = (num_pixels / (height * width)) ** 0.5 if num_pixels else 1.0
    if scale >= 1:
        return size

    def fit(side: int) -> int:
        return max(round(side * scale / WORKING_MULTIPLE), 1) * WORKING_MULTIPLE

    return min(fit(height), height), min(fit(width), width)


def frames_per_window(scene: Scene, reach: int) -> int:
    """How many frames of a scene are held at a time unless ``--window`` says so: fewer where they are large."""
    height, width = scene.working_size
    num_pixels = STORED_PIXELS if scene.is_stored else WINDOW_PIXELS
    return max(min(WINDOW_FRAMES, num_pixels // (height * width)), 2 * reach + 1)


def plan_windows(scenes: Sequence[Scene], has_hole: Sequence[bool], window: int | None, reach: int) -> list[Window]:
    """The windows in order, without those whose core has no hole.

    Args:
        scenes: the scenes.
        has_hole: whether each frame of the video has a hole.
        window: frames per window; None: as many as suit their size.
        reach: how many frames away a frame can be filled from.

    Raises:
        UserError: a scene is longer than a window that is too short for a core.
    """
    windows: list[Window] = []
    for scene in scenes:
        length = frames_per_window(scene, reach) if window is None else window
        fits = scene.stop - scene.start <= length
        least = 2 * reach + 1
        require(
            fits or length >= least,
            f"--window should be at least {least} (twice the reach of {reach} frames, plus one), got {window}",
        )
        core_start = scene.start
        while core_start < scene.stop:
            start = max(core_start - reach, scene.start)
            is_last = scene.stop - start <= length
            stop = scene.stop if is_last else start + length
            core_stop = scene.stop if is_last else stop - reach
            if any(has_hole[core_start:core_stop]):
                windows.append(Window(scene, start, core_start, core_stop, stop))
            core_start = core_stop
    return windows
