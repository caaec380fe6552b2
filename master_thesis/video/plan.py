"""How a long video is cut into windows that fit into memory.

Convention:
    A window is ``[start, stop)``, its core ``[core_start, core_stop)``: the frames it fills. What lies before the core
    was filled by the windows before, what lies behind it is still to come; both serve as references. No window crosses
    a cut. A scene that fits into one window is one window: exactly the algorithm on the whole sequence.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from master_thesis.errors import require

WORKING_MULTIPLE = 8
MIN_MARGIN = 32
"""Smallest surrounding of a crop, in pixels."""


@dataclass(frozen=True)
class Box:
    """A rectangle of pixels, ``[top, bottom) x [left, right)``."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def union(self, other: Box | None) -> Box:
        """The smallest box around both."""
        if other is None:
            return self
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def widened(self, height: int, width: int) -> Box:
        """With half its size around it (at least ``MIN_MARGIN``), inside a frame of ``height`` x ``width``.

        The aligner needs a surrounding to find its way by, and references show what is hidden beside the hole.
        """
        h, w = self.size
        y, x = max(h // 2, MIN_MARGIN), max(w // 2, MIN_MARGIN)
        return Box(
            max(self.top - y, 0), max(self.left - x, 0), min(self.bottom + y, height), min(self.right + x, width)
        )


@dataclass(frozen=True)
class Scene:
    """Frames ``[start, stop)`` between two cuts, and the part of the picture that is worked on.

    Attributes:
        start: number of the first frame.
        stop: number after the last frame.
        crop: what is cut out of every frame.
        working_size: height and width of the crop while it is worked on.
    """

    start: int
    stop: int
    crop: Box
    working_size: tuple[int, int]


@dataclass(frozen=True)
class Window:
    """Frames that are worked on together."""

    scene: Scene
    start: int
    core_start: int
    core_stop: int
    stop: int

    @property
    def numbers(self) -> range:
        """The frames of the window."""
        return range(self.start, self.stop)

    @property
    def core(self) -> range:
        """The frames it fills."""
        return range(self.core_start, self.core_stop)


def plan_scenes(
    boxes: Sequence[Box | None], cuts: Sequence[int], size: tuple[int, int], test_size: tuple[int, int] | None
) -> list[Scene]:
    """The scenes that have a hole.

    Args:
        boxes: where the hole of every frame lies; None: it has none.
        cuts: numbers of the frames that start a new scene.
        size: height and width of the video.
        test_size: about how many pixels are worked on, as height and width; None: all (the crop's own size).
    """
    scenes = []
    bounds = [0, *cuts, len(boxes)]
    for start, stop in itertools.pairwise(bounds):
        hole: Box | None = None
        for box in boxes[start:stop]:
            hole = box.union(hole) if box else hole
        if hole is None:
            continue
        crop = hole.widened(*size) if test_size is None else Box(0, 0, *size)
        scenes.append(Scene(start, stop, crop, working_size(crop.size, test_size)))
    return scenes


def working_size(size: tuple[int, int], test_size: tuple[int, int] | None) -> tuple[int, int]:
    """The size a picture is worked on at: as many pixels as ``test_size``, in the picture's own shape, never enlarged.

    >>> working_size((1080, 1920), (240, 480)), working_size((1920, 1080), (240, 480)), working_size((99, 100), None)
    ((256, 456), (456, 256), (99, 100))
    """
    height, width = size
    scale = ((test_size[0] * test_size[1]) / (height * width)) ** 0.5 if test_size else 1.0
    if scale >= 1:
        return size

    def fit(side: int) -> int:
        return max(round(side * scale / WORKING_MULTIPLE), 1) * WORKING_MULTIPLE

    return min(fit(height), height), min(fit(width), width)


def plan_windows(scenes: Sequence[Scene], has_hole: Sequence[bool], window: int, reach: int) -> list[Window]:
    """The windows in order; those whose core has no hole are left out.

    Args:
        scenes: the scenes.
        has_hole: of every frame of the video.
        window: frames of a window.
        reach: how many frames around a frame it can be filled from.

    Raises:
        UserError: a scene is longer than the window, and the window too short for a core.
    """
    windows: list[Window] = []
    for scene in scenes:
        is_long = scene.stop - scene.start > window
        least = 2 * reach + 1
        require(
            not is_long or window >= least,
            f"--window should be at least {least}, twice the reach of a frame ({reach}) and one; got {window}",
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
